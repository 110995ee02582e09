"""Price plans from a CSV in our own form: what it states, and what refuses a plan or the file."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crex.describe.assembly import Issue, assemble
from crex.describe.importing import Imported
from crex.describe.prices import IMPORTER
from crex.describe.sources import Source
from crex.documents import convert
from crex.v1 import ComponentKind, PricePlan, TierModel
from sdk.tests.describe import mutations
from sdk.tests.describe.sound import check_sound

ROOT = Path(__file__).resolve().parents[3]
HEAD = "plan,component,dimension,unit,kind,currency,price,per"
GPU = "gpu,gpu,compute-unit,unit,time,CNY,17.50,1h"
CPU = "cpu,cpu,cpu-time,s,count,EUR,0.0125,60"


def read(data: str | bytes) -> Imported:
    """Imports a file, checks the books and that every draft makes a sound document."""
    source = Source("prices.csv", data if isinstance(data, bytes) else data.encode())
    imported = IMPORTER.read([source])
    mutations.check_books(imported)
    for draft in imported.drafts:
        check_sound(draft)
    return imported


def table(*rows: str, more: str = "") -> str:
    """Writes a file; `more` are further columns."""
    return "\n".join([HEAD + more, *rows, ""])


def plans(imported: Imported) -> dict[str, PricePlan]:
    """Gives the plans by name."""
    return {draft.name: draft.body for draft in imported.drafts if isinstance(draft.body, PricePlan)}


def whys(imported: Imported) -> list[str]:
    """Gives the reason of every row left out."""
    return [one.why for one in imported.left_out]


def example(page: str, language: str) -> str:
    """Gives the first block of a language on a page of the specification."""
    text = (ROOT / "proto" / "spec" / page).read_text("utf-8")
    found = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert found
    return found[1]


def test_a_line_is_a_plan() -> None:
    """A line states a whole plan; what it leaves empty is absent."""
    imported = read(table(GPU))
    assert convert.to_json(plans(imported)["gpu"]) == {
        "currency": "CNY",
        "components": [
            {
                "id": "gpu",
                "dimension": "compute-unit",
                "unit": "unit",
                "kind": "COMPONENT_KIND_TIME",
                "perQuantity": "3600",
                "model": "TIER_MODEL_UNIT",
                "tiers": [{"unitPrice": "17.5"}],
            }
        ],
    }
    assert imported.drafts[0].rows == ("prices.csv: line 2",)


def test_the_example_says_what_the_example_of_pricing_says() -> None:
    """The table of the specification makes the plan of its page on pricing, member for member."""
    drafts = read(example("pricing-csv.md", "csv"))
    issue = Issue(authority="provider.example", site="x", issued_at=datetime(2026, 3, 1, tzinfo=UTC))
    cores, gpu = (made.document for made in assemble(drafts, issue).made)
    assert isinstance(cores, PricePlan)
    assert isinstance(gpu, PricePlan)
    cores.effective_start.FromJsonString("2026-01-01T00:00:00Z")
    assert convert.to_json(cores) == json.loads(example("pricing.md", "json"))
    assert (gpu.currency, gpu.time_zone) == ("CNY", "Asia/Shanghai")


def test_columns_come_in_any_order() -> None:
    """Columns are found by name; lines may end in CRLF, begin with a mark, and be empty in between."""
    head = "\ufeffper,price,currency,kind,unit,dimension,component,plan,sku,effective_start,effective_end\r\n"
    row = '1h,"2.99",EUR,time,unit,compute-unit,gpu,gpu,"A ""big"", one",2026-01-01T00:00:00Z,\r\n'
    found = plans(read(head + "\r\n" + row))["gpu"]
    assert found.components[0].sku_id == 'A "big", one'
    assert found.effective_start.ToJsonString() == "2026-01-01T00:00:00Z"
    assert not found.HasField("effective_end")


def test_a_file_of_another_form_is_refused() -> None:
    """PRICE-CSV-1: no other separator, encoding or quotation; the place is named."""
    cases: list[tuple[str | bytes, str]] = [
        (table(GPU).replace(",", ";"), "line 1, column 1: the column 'plan;component;"),
        (table(GPU).encode() + b"\xff\xfe", "line 3, byte 1: it is not UTF-8"),
        (table(GPU).encode("utf-16"), "line 1, byte 1: it is not UTF-8"),
        (
            table(GPU, 'gpu,"gp"u,x'),
            "line 3, column 2: a quotation mark or a carriage return is out of place",
        ),
        (table(GPU, 'gpu,g"pu,x'), "line 3, column 2: a quotation mark"),
        (table('"open'), "line 2, column 1: a quotation mark"),
        (table(GPU).replace("\n", "\r"), "line 1, column 8: a quotation mark or a carriage return"),
        (table('"a\nb",x', "c"), "line 2: it has 2 cells, and the first line has 8"),
    ]
    for data, why in cases:
        imported = read(data)
        assert not imported.drafts
        assert whys(imported)[0].startswith(f"the file is refused: {why}"), data


def test_a_header_is_whole_and_known() -> None:
    """PRICE-CSV-2: a missing, doubled or unknown column refuses the file."""
    cases = [
        (table(GPU).replace(",per", "", 1), "line 1: there is no column per"),
        (table(GPU + ",1h", more=",per"), "line 1, column 9: the column 'per' is there twice"),
        (table(GPU + ",1h", more=",upto"), "line 1, column 9: the column 'upto' is none of this form"),
        (table(GPU).replace("plan", "Plan", 1), "line 1, column 1: the column 'Plan' is none of this form"),
    ]
    for data, why in cases:
        imported = read(data)
        assert (imported.rows, len(imported.drafts)) == (1, 0)
        assert whys(imported) == [f"the file is refused: {why}"]
    assert whys(read(table())) == ["it has a header and no line"]


def test_a_line_is_whole() -> None:
    """PRICE-CSV-3: a line of other length, or a last one that nothing ends, refuses the file."""
    assert "line 3: it has 7 cells" in whys(read(table(GPU, CPU.rpartition(",")[0])))[0]
    assert "line 3: it has 9 cells" in whys(read(table(GPU, CPU + ",")))[0]
    cut = whys(read(table(GPU, CPU)[:-1]))
    assert cut == ["the file is refused: line 3: it ends without a line break, so it may be cut"]
    assert read(table(GPU, CPU)).rows == 2


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (GPU.replace("gpu,gpu", "GPU,gpu"), "column plan: 'GPU' is not the segment of a name"),
        (GPU.replace("gpu,gpu", ",gpu"), "column plan: '' is not the segment of a name"),
        (GPU.replace("gpu,gpu", "gpu,a b"), "column component: 'a b' is no identifier"),
        (GPU.replace("compute-unit", "Compute"), "column dimension: 'Compute' is no token"),
        (GPU.replace(",unit", ",GiB"), "column unit: 'GiB' is no token"),
        (GPU.replace("time", "month"), "column kind: it is none of time, count, gauge-time, flat, one-off"),
        (GPU.replace("CNY", "RMB"), "column currency: 'RMB' is not an active currency"),
        (GPU.replace("CNY", ""), "column currency: '' is not an active currency"),
        (GPU.replace("17.50", ""), "column price: '' is no number"),
        (GPU.replace("1h", "0"), "column per: 0 is not above zero"),
        (GPU.replace("1h", "-1"), "column per: '-1' is no number"),
    ],
)
def test_an_error_leaves_out_its_whole_plan_and_no_other(line: str, why: str) -> None:
    """PRICE-CSV-4: of lines with an error in one of them no plan is made; the others stand."""
    imported = read(table(CPU, line))
    assert list(plans(imported)) == ["cpu"]
    assert why in whys(imported)[0]
    assert "is refused: line 3, column" in whys(imported)[0]


def test_an_error_in_one_tier_leaves_out_all_of_them() -> None:
    """PRICE-CSV-4: every line of the plan is left out, for the one line that is in error."""
    lines = (GPU + ",graduated,24h", GPU.replace("17.50", "x") + ",graduated,")
    imported = read(table(*lines, more=",model,up_to"))
    assert [one.where for one in imported.left_out] == ["prices.csv: line 2", "prices.csv: line 3"]
    assert [why.partition("; ")[0] for why in whys(imported)] == [
        "the plan 'gpu' is refused: line 3, column price: 'x' is no number"
    ] * 2


@pytest.mark.parametrize(
    ("price", "stated"),
    [
        ("17.50", "17.5"),
        ("17", "17"),
        ("0", "0"),
        ("0.000000000001", "0.000000000001"),
        ("-0.5", "-0.5"),
        ("999999999999999999", "999999999999999999"),
        ("0.1000000000000", None),
        ("1e2", None),
        ("+1", None),
        ("01", None),
        (".5", None),
        ("5.", None),
        ("1_000", None),
        ("1 000", None),
        ('"1,000"', None),
        ('"0,5"', None),
        ("٥", None),
        ("1000000000000000000", None),
        ("Inf", None),
        ("€1", None),
    ],
)
def test_numbers_are_exact(price: str, stated: str | None) -> None:
    """PRICE-CSV-5: digits and at most one point, as many as a decimal has; zeros at the end are cut off."""
    imported = read(table(GPU.replace("17.50", price)))
    if stated is None:
        assert "column price: " in whys(imported)[0]
    else:
        assert plans(imported)["gpu"].components[0].tiers[0].unit_price == stated


@pytest.mark.parametrize(
    ("per", "stated"),
    [("1h", "3600"), ("1 h", "3600"), ("0.5d", "43200"), ("30min", "1800"), ("10s", "10"), ("3600", "3600")],
)
def test_units_of_time_count_in_seconds(per: str, stated: str) -> None:
    """PRICE-CSV-6: s, min, h and d of what is held are so many seconds."""
    assert plans(read(table(GPU.replace("1h", per))))["gpu"].components[0].per_quantity == stated


def test_no_other_unit_of_time_is_known() -> None:
    """PRICE-CSV-6: years, hours in words and units of counts are refused; so is what a plan cannot state."""
    for per, why in (
        ("1year", "'1year' is no number"),
        ("h", "'h' is no number"),
        ("1H", "'1H' is no number"),
        ("999999999999999999d", "is not a number of at most"),
    ):
        assert why in whys(read(table(GPU.replace("1h", per))))[0]
    why = "a unit of time goes only with the kinds time and gauge-time"
    assert why in whys(read(table(CPU.replace("60", "1min"))))[0]
    assert why in whys(read(table(CPU.replace("60", "1month"))))[0]


def test_a_month_is_a_calendar_month() -> None:
    """PRICE-CSV-6: amounts in months are unit-months, and never seconds."""
    line = "disk,disk,storage,gibibyte,gauge-time,EUR,{},1month,graduated,{}"
    imported = read(table(line.format("0", "10 month"), line.format("0.0255", ""), more=",model,up_to"))
    (component,) = plans(imported)["disk"].components
    assert (component.time_unit, component.per_quantity, component.tiers[0].up_to) == ("month", "1", "10")
    for bound in ("10h", "10d"):
        mixed = read(table(line.format("0", bound), line.format("1", ""), more=",model,up_to"))
        assert "another amount of the component is in months" in whys(mixed)[0]
    plain = line.replace("1month", "3600")
    mixed = read(table(plain.format("0", "1month"), plain.format("1", ""), more=",model,up_to"))
    assert "write for how many the price is" in whys(mixed)[0]


def test_fees_volumes_and_packages() -> None:
    """Every kind and model of a plan can be written, and a fixed price of a tier."""
    imported = read(
        table(
            "all,base,base,fee,flat,EUR,5,1,,,",
            "all,setup,setup,fee,one-off,EUR,20,1,,,",
            "all,calls,request,request,count,EUR,0.4,1000,package,,",
            "all,sent,egress,gibibyte,count,EUR,0.1,1,volume,100,",
            "all,sent,egress,gibibyte,count,EUR,0.08,1,volume,,2.5",
            more=",model,up_to,flat_price",
        )
    )
    made = {one.id: one for one in plans(imported)["all"].components}
    assert made["base"].kind == ComponentKind.COMPONENT_KIND_FLAT
    assert made["setup"].kind == ComponentKind.COMPONENT_KIND_ONE_OFF
    assert made["calls"].model == TierModel.TIER_MODEL_PACKAGE
    assert made["sent"].model == TierModel.TIER_MODEL_VOLUME
    assert made["sent"].tiers[1].flat_price == "2.5"
    refused = read(table("x,base,base,fee,flat,EUR,5,1,graduated,,", more=",model,up_to,flat_price"))
    assert "is refused: line 2, column" in whys(refused)[0]


def test_lines_of_one_component_are_its_tiers() -> None:
    """PRICE-CSV-7: tiers come in the order of their lines; whatever else differs refuses the plan."""
    more = ",model,up_to,step,minimum,sku"
    first = GPU + ",graduated,24h,1,60,G-1"
    second = GPU.replace("17.50", "15") + ",graduated,,1,60,G-1"
    (component,) = plans(read(table(first, second, more=more)))["gpu"].components
    assert [(one.up_to, one.unit_price) for one in component.tiers] == [("86400", "17.5"), ("", "15")]
    assert (component.granularity.step, component.granularity.minimum) == ("1", "60")
    assert component.sku_id == "G-1"
    differing = {
        "dimension": second.replace("compute-unit", "other"),
        "unit": second.replace(",unit,time", ",other,time"),
        "kind": second.replace("time", "count").replace("1h", "3600"),
        "per": second.replace("1h", "3600s"),
        "model": second.replace("graduated", "unit"),
        "sku": second.replace("G-1", "G-2"),
        "step": second.replace(",1,60,", ",2,60,"),
        "minimum": second.replace(",1,60,", ",1,61,"),
    }
    for column, line in differing.items():
        why = f"line 3, column {column}: it differs from line 2 of the same component"
        assert whys(read(table(first, line, more=more))) == [f"the plan 'gpu' is refused: {why}"] * 2


def test_lines_of_one_plan_agree() -> None:
    """PRICE-CSV-8: one currency, time zone and time of effect."""
    more = ",time_zone,effective_start,effective_end"
    line = GPU + ",Asia/Shanghai,2026-01-01T00:00:00Z,2027-01-01T00:00:00Z"
    other = line.replace("gpu,gpu", "gpu,cpu").replace(",unit,", ",core,")
    assert [one.id for one in plans(read(table(line, other, more=more)))["gpu"].components] == ["gpu", "cpu"]
    for column, old, new in (
        ("currency", "CNY", "EUR"),
        ("time_zone", "Asia/Shanghai", "UTC"),
        ("effective_start", "2026-01", "2026-02"),
        ("effective_end", "2027-01", ""),
    ):
        imported = read(table(line, other.replace(old, new), more=more))
        assert f"line 3, column {column}: it differs from line 2 of the same plan" in whys(imported)[0]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([GPU + ",,,,", GPU + ",,,,"], "line 2, column model: model UNIT with 2 tiers"),
        ([GPU + ",graduated,24h,,"], "line 2, column up_to: the last tier ends at 86400"),
        ([GPU + ",graduated,,,", GPU + ",graduated,,,"], "line 2, column up_to: a tier without end is not"),
        ([GPU + ",graduated,0,,", GPU + ",graduated,,,"], "line 2, column up_to: 0 is not above 0"),
        (
            [GPU + ",graduated,2h,,", GPU + ",graduated,1h,,", GPU + ",graduated,,,"],
            "line 3, column up_to: 3600 is not above 7200",
        ),
        ([GPU + ",tiered,,,"], "line 2, column model: it is none of unit, graduated, volume, package"),
        ([GPU + ",,,0,"], "line 2, column step: 0 is not above zero"),
        ([GPU + ",,,,60"], "line 2, column minimum: there is no step"),
        (
            [
                GPU + ",,,,",
                GPU.replace("gpu,gpu", "gpu,b").replace("time", "count").replace("1h", "1") + ",,,,",
            ],
            "line 3, column kind: an earlier component prices compute-unit in unit by another kind",
        ),
        ([f"{GPU},graduated,{at}h,," for at in range(1, 66)], "column up_to: the component has more than 64"),
        (
            [GPU.replace("gpu,gpu", f"gpu,c{at}") + ",,,," for at in range(257)],
            "column component: the plan has more than 256 components",
        ),
    ],
)
def test_a_plan_keeps_the_rules_of_pricing(rows: list[str], why: str) -> None:
    """PRICE-CSV-9: what breaks a rule of pricing is refused with the place of the line that breaks it."""
    imported = read(table(*rows, more=",model,up_to,step,minimum"))
    assert not imported.drafts
    assert len(imported.left_out) == len(rows)
    assert why in whys(imported)[0]


def test_times_and_zones_are_held_to_their_form() -> None:
    """PRICE-CSV-9: what is no time zone or time refuses the plan, and so does an end before the start."""
    more = ",time_zone,effective_start,effective_end"
    for cells, why in (
        ("8 o'clock,,", "column time_zone: it is no name"),
        (",yesterday,", "column effective_start: 'yesterday' is not a time"),
        (",2026-01-01T00:00:00Z,2025-01-01T00:00:00Z", "column effective_end: the plan ends no later"),
    ):
        assert why in whys(read(table(f"{GPU},{cells}", more=more)))[0]


def test_components_stand_in_the_order_of_their_first_lines() -> None:
    """PRICE-CSV-9: the first component for a dimension and unit wins, so their order is kept."""
    rows = [GPU.replace("gpu,gpu", f"gpu,{name}") for name in ("zulu", "alpha", "mike")]
    found = plans(read(table(*rows)))["gpu"].components
    assert [one.id for one in found] == ["zulu", "alpha", "mike"]


def test_an_identifier_that_a_plan_cannot_hold_is_refused() -> None:
    """PRICE-CSV-9: a text too long or with odd characters is not cut to fit."""
    for sku in ("x" * 129, "a\tb", " a"):
        assert "column sku: it is longer than 128" in whys(read(table(f"{GPU},{sku}", more=",sku")))[0]


def test_damaged_tables() -> None:
    """A table cut anywhere states nothing new, and an altered one sound plans or none."""
    rows = [GPU + ",graduated,24h", GPU.replace("17.50", "15") + ",graduated,", CPU + ",,"]
    sources = [Source("prices.csv", table(*rows, more=",model,up_to").encode())]
    mutations.check_damaged(IMPORTER, sources, check_sound, seed=21, pieces=200)
