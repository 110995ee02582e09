"""The importer `top500`: tables and XML of several years, odd and damaged."""

from __future__ import annotations

import pytest

from crex.describe.importing import Imported
from crex.describe.sources import Source
from crex.describe.top500 import IMPORTER
from crex.v1 import ComputeResource
from sdk.tests.describe import mutations
from sdk.tests.describe.sound import check_sound

HEAD = (
    "Rank,Name,Computer,Country,Year,Total Cores,Rmax [TFlop/s],Rpeak [TFlop/s],HPCG [TFlop/s],Power (kW),"
    "Energy Efficiency [GFlops/Watts],OS Family,Interconnect Family,Interconnect,System ID"
)
ROW = '1,First,"Example 900, 64C 2GHz",CN,2022,800000,"1,194,000",1679820,14054,22703,52.592,Linux,{},100001'
FIRST = ROW.format("Gigabit Ethernet,Slingshot-11")
NAME = "TOP500_202311.csv"
XML = """<?xml version="1.0" encoding="utf-8"?>
<top500:list xmlns:top500="http://www.top500.org/xml/top500/1.0" date="2019/11/18">
 <top500:site>
  <top500:rank>1</top500:rank><top500:system-id>200001</top500:system-id>
  <top500:system-name>Example</top500:system-name><top500:computer>Example 22</top500:computer>
  <top500:r-max>148600000.0</top500:r-max><top500:power>10096.0</top500:power>
  <top500:r-peak>200794880.0</top500:r-peak><top500:country>Norway</top500:country>
 </top500:site>
</top500:list>
"""


def read(text: str, name: str = NAME) -> Imported:
    """Imports a list and checks the books."""
    imported = IMPORTER.read([Source(name, text.encode())])
    mutations.check_books(imported)
    for draft in imported.drafts:
        check_sound(draft)
    return imported


def table(*rows: str, head: str = HEAD) -> str:
    """Writes a table."""
    return "\n".join([head, *rows, ""])


def system(imported: Imported, at: int = 0) -> ComputeResource:
    """Gives the system of a draft."""
    body = imported.drafts[at].body
    assert isinstance(body, ComputeResource)
    return body


def results(imported: Imported) -> dict[str, tuple[str, str]]:
    """Gives the results of the first system: value and unit by metric."""
    return {one.metric: (one.value, one.unit) for one in system(imported).benchmarks}


def whys(imported: Imported) -> str:
    """Gives every reason and remark."""
    return " | ".join([*(one.why for one in imported.left_out), *(one.why for one in imported.findings)])


def test_a_system_is_a_cluster_with_its_results() -> None:
    """Results are in the registered unit, of the list's edition, on the day it was published."""
    imported = read(table(FIRST))
    cluster = system(imported)
    assert (cluster.kind, len(cluster.cluster.members)) == ("cluster", 0)
    assert cluster.display_names["en"] == "First"
    assert cluster.cluster.fabric.technology == "slingshot"
    assert (cluster.external_ids[0].scheme, cluster.external_ids[0].value) == ("top500-system", "100001")
    assert results(imported) == {
        "rmax": ("1194000000", "gflops"),  # 1,194,000 TFlop/s
        "hpcg-rate": ("14054000", "gflops"),
        "energy-efficiency": ("52.592", "gflops-per-w"),
    }
    first = cluster.benchmarks[0]
    assert (first.suite, first.version) == ("top500", "2023-11")
    assert first.published_at.ToJsonString() == "2023-11-13T00:00:00Z"
    assert not first.HasField("run_at")


def test_the_xml_is_in_gflops() -> None:
    """What stands without a unit, in the XML and in old tables, is in GFLOPS; the XML states its day."""
    imported = read(XML, "TOP500_201911_all.xml")
    assert results(imported) == {"rmax": ("148600000", "gflops")}
    assert system(imported).benchmarks[0].published_at.ToJsonString() == "2019-11-18T00:00:00Z"
    head = "Rank,Computer,Rmax,RPeak,Power,Mflops/Watt"
    old = read(table("1,Example,148600000,200794880,10096,14719", head=head), "TOP500_201811.csv")
    assert results(old) == {"rmax": ("148600000", "gflops"), "energy-efficiency": ("14.719", "gflops-per-w")}


@pytest.mark.parametrize("separator", ["\t", ";"])
def test_other_separators(separator: str) -> None:
    """Tables are read by their own separator, with a byte order mark and CRLF."""
    head, row = "Rank;Name;Rmax [TFlop/s];System ID", "1;Example;1000.5;7"
    text = "\ufeff" + f"{head}\r\n{row}\r\n".replace(";", separator)
    assert results(read(text)) == {"rmax": ("1000500", "gflops")}


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ('"1,194,000"', "N/A", "is no number"),
        ('"1,194,000"', '"1.194.000"', "is no number"),
        ('"1,194,000"', "-5", "is no number"),
        ('"1,194,000"', "1e9", "is no number"),
        ('"1,194,000"', "1194000000", "more than Rpeak"),  # GFLOPS in the column of TFLOPS
        ('"1,194,000"', "", "no result that can be believed"),
    ],
)
def test_a_performance_that_cannot_be_is_not_stated(before: str, after: str, why: str) -> None:
    """No figure is taken that is none, or more than the machine could reach."""
    imported = read(table(FIRST.replace(before, after).replace("14054", "")))
    assert not imported.drafts
    assert why in whys(imported)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("52.592", "52592", "another run"),  # MFLOPS/W in the column of GFLOPS/W
        ("52.592", "60", "another run"),
        ("22703", "", "nothing to check it against"),
        ("22703", "22.703", "another run"),  # MW in the column of kW
    ],
)
def test_an_efficiency_is_checked_against_power(before: str, after: str, why: str) -> None:
    """An efficiency that Rmax and power do not give is left out, and the rest stays."""
    imported = read(table(FIRST.replace(before, after)))
    assert set(results(imported)) == {"rmax", "hpcg-rate"}
    assert why in whys(imported)


def test_hpcg_is_never_more_than_hpl() -> None:
    """A second benchmark in another unit is noticed."""
    imported = read(table(FIRST.replace("14054", "14054000")))
    assert "hpcg-rate" not in results(imported)
    assert "more than Rmax" in whys(imported)


@pytest.mark.parametrize("name", ["list.csv", "TOP500_199306.csv", "TOP500_202309.csv"])
def test_an_edition_that_nobody_knows(name: str) -> None:
    """Without a known edition there is no day, and no result without one."""
    imported = read(table(FIRST), name)
    assert not imported.drafts
    assert "which edition of the list" in whys(imported)


@pytest.mark.parametrize(
    ("interconnect", "technology"),
    [
        ("Infiniband,HDR", "infiniband"),
        ("Gigabit Ethernet,100G", "ethernet"),
        ("Omnipath,Intel", "omni-path"),
        ("Infiniband,Intel Omni-Path", "omni-path"),
        ("10G,10G Ethernet", "ethernet"),
        ("Custom Interconnect,Tofu D", "tofu"),
        ("Proprietary Network,TH Express-2", None),
        (",", None),
    ],
)
def test_interconnects(interconnect: str, technology: str | None) -> None:
    """Families and products that are registered are stated; others are reported and not guessed."""
    fabric = system(read(table(ROW.format(interconnect)))).cluster.fabric
    assert (fabric.technology or None) == technology


def test_a_system_is_told_once_in_an_edition() -> None:
    """The same system twice in one edition is one; of two editions it is told twice."""
    twice = [Source(NAME, table(FIRST).encode()), Source("other/" + NAME, table(FIRST).encode())]
    imported = IMPORTER.read(twice)
    assert [one.why for one in imported.left_out] == ["system 100001 of edition 2023-11 is told already"]
    later = [twice[0], Source("TOP500_202406.csv", table(FIRST).encode())]
    assert len(IMPORTER.read(later).drafts) == 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04 xlsx",
        b"<html><body>TOP500</body></html>",
        b"<top500:list",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b"a,b\n1,2\n",
        b"Rank,Name\n1,Example\n",
    ],
)
def test_what_is_no_list_is_left_out(data: bytes) -> None:
    """Workbooks, pages and other tables are one row each, with the reason."""
    imported = IMPORTER.read([Source(NAME, data)])
    mutations.check_books(imported)
    assert (imported.rows, len(imported.drafts)) == (1, 0)


def test_rows_of_another_length_are_left_out() -> None:
    """A row with more or fewer cells than the first line is not read by position."""
    imported = read(table(FIRST, FIRST + ",x", "3,Short"))
    assert (len(imported.drafts), len(imported.left_out)) == (1, 2)
    assert "cells" in whys(imported)


def test_columns_of_one_name_are_not_believed() -> None:
    """Where two columns have one name, neither figure stands; where both say the same, it does."""
    head, row = HEAD.replace("HPCG [TFlop/s]", "Rmax [TFlop/s]"), FIRST.replace("14054", '"1,194,000"')
    assert results(read(table(row, head=head))) == results(read(table(FIRST.replace("14054", ""))))
    imported = read(table(FIRST, head=head))
    assert imported.drafts == ()
    assert "several columns have this name, and differ" in whys(imported)


def test_damaged_lists_end_in_a_report() -> None:
    """Cut anywhere a list gives no figure that the whole does not; changed anywhere it stays sound."""
    rows = [
        FIRST.replace("First", f"System {number}").replace("100001", str(number)) for number in range(1, 6)
    ]
    sources = [Source(NAME, table(*rows).encode()), Source("TOP500_201911_all.xml", XML.encode())]
    mutations.check_damaged(IMPORTER, sources, check_sound, seed=3, pieces=400)
