"""`crex usage import`: records in a file, the report, and importers that other packages bring."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from crex.metering import missing, parse_record
from sdk.tests.cli.conftest import Shell

NAMES = ("--lease", "crex://b.example/lease/l1", "--resource", "crex://p.example/compute-resource/r1")
TRACE = (
    "TIMESTAMP,ContextTokens,GeneratedTokens\n"
    "2026-03-05 08:00:00.5,4808,10\n"
    "2026-03-05 09:00:00,-,8\n"
    "2026-03-05 10:00:00,7,9\n"
)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """A trace of three requests, one of which says nothing."""
    place = tmp_path / "trace.csv"
    place.write_text(TRACE, "utf-8")
    return place


def test_records_are_written_and_every_row_is_told(crex: Shell, trace: Path, tmp_path: Path) -> None:
    """One exact record a line, gapless by meter (USAGE-SEQ-1); beside them every row with its reason."""
    place = tmp_path / "out.jsonl"
    arguments = ("usage", "import", "llm-trace", str(trace), *NAMES, "--time-zone", "Asia/Shanghai")
    assert crex("-o", str(place), *arguments) == 0
    assert crex.out.startswith("3 rows: 4 records, 1 row left out, 0 remarks.")
    records = [parse_record(line) for line in place.read_bytes().splitlines()]
    assert [(record.meter_id, record.seq, str(record.quantity)) for record in records] == [
        ("input-token", 1, "4808"),
        ("input-token", 2, "7"),
        ("output-token", 1, "10"),
        ("output-token", 2, "9"),
    ]
    assert missing(records) == []
    assert "trace.csv: line 3: its ContextTokens is '-'" in (tmp_path / "out.report.txt").read_text("utf-8")


def test_a_report_without_writing(crex: Shell, trace: Path) -> None:
    """Without -o nothing is written; the JSON has the figures and every row."""
    answer = crex.json("usage", "import", "llm-trace", str(trace), *NAMES, "--time-zone", "UTC")
    assert (crex.code, answer["rows"], answer["records"]) == (0, 3, 4)
    assert answer["meters"][0] == {
        "meterId": "input-token", "dimension": "input-token", "unit": "token", "firstSeq": "1",
        "lastSeq": "2", "total": "4815",
    }  # fmt: skip
    assert answer["leftOut"][0]["where"] == "trace.csv: line 3"


def test_an_import_goes_on_after_another(crex: Shell, trace: Path, tmp_path: Path) -> None:
    """What was imported is not imported again; what is new has the next numbers; nothing new is no fault."""
    first, second, third = (tmp_path / name for name in ("a.jsonl", "b.jsonl", "c.jsonl"))
    arguments = ("usage", "import", "llm-trace", str(trace), *NAMES, "--time-zone", "UTC")
    assert crex("-o", str(first), *arguments, "--dimension", "output-token", "--meter", "out") == 0
    trace.write_text(TRACE + "2026-03-05 11:00:00,1,2\n", "utf-8")
    more = (*arguments, "--dimension", "output-token", "--after")
    assert crex("-o", str(second), *more, str(first)) == 0
    (record,) = (parse_record(line) for line in second.read_bytes().splitlines())
    assert (record.meter_id, record.seq, str(record.quantity)) == ("out", 3, "2")
    first.write_bytes(first.read_bytes() + second.read_bytes())
    assert crex("-o", str(third), *more, str(first)) == 0
    assert not third.exists()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--time-zone", "Mars/Olympus"), "is no zone"),
        (("--time-zone", "../etc/passwd"), "is no zone"),
        (("--from", "2026-03-05T09:00:00Z", "--until", "2026-03-05T08:00:00Z"), "Swap the two"),
        (("--after", "/nowhere"), "cannot be read"),
    ],
)
def test_options_that_say_nothing(crex: Shell, trace: Path, arguments: tuple[str, ...], text: str) -> None:
    """Each mistake is told before anything is written."""
    assert crex("usage", "import", "llm-trace", str(trace), *NAMES, *arguments) == 1
    assert text in crex.err


def test_a_selection_by_time(crex: Shell, trace: Path) -> None:
    """What lies outside is left out, and told."""
    zone = ("--time-zone", "UTC", "--from", "2026-03-05T09:00:00Z", "--until", "2026-03-05T23:00:00Z")
    answer = crex.json("usage", "import", "llm-trace", str(trace), *NAMES, *zone)
    assert [one["total"] for one in answer["meters"]] == ["7", "9"]


def test_nothing_to_import(crex: Shell, trace: Path, tmp_path: Path) -> None:
    """Without a zone no row can be used: exit code 1, the reason, and no file."""
    place = tmp_path / "out.jsonl"
    assert crex("-o", str(place), "usage", "import", "llm-trace", str(trace), *NAMES) == 1
    assert "name that with --time-zone" in crex.out
    assert not place.exists()


def test_importers_of_other_packages(
    crex: Shell, trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry point of `crex.usage_importers` is found, run, and told by its package where it fails."""
    info = tmp_path / "installed" / "acme_usage-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-usage\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text(
        "[crex.usage_importers]\nacme = acme_usage:Importer\nslurm = acme_usage:Importer\n", "utf-8"
    )
    (info.parent / "acme_usage.py").write_text(
        """
from fractions import Fraction

from crex.metering.importing.uses import Use, UsageImport
from crex.metering.span import Span


class Importer:
    name, about, commands = "acme", "meters of Acme", ()

    def read(self, sources, zone):
        books = UsageImport()
        for source in sources:
            row = books.row(source.name)
            quantity = Fraction(source.text.splitlines()[0])
            books.add(
                Use(dimension="cpu-time", unit="s", span=Span(0, 1000), quantity=quantity, method="Acme",
                    rows=(row,))
            )
        return books.done()
""",
        "utf-8",
    )
    monkeypatch.syspath_prepend(str(info.parent))
    monkeypatch.delitem(sys.modules, "acme_usage", raising=False)
    listed = {one["name"]: one["package"] for one in crex.json("usage", "importers")}
    assert (listed["acme"], listed["slurm"]) == ("acme-usage", "crex")
    good = tmp_path / "good.txt"
    good.write_text("1.5\n", "utf-8")
    answer = crex.json("usage", "import", "acme", str(good), *NAMES)
    assert answer["meters"][0]["total"] == "1.5"
    assert crex("usage", "import", "acme", str(trace), *NAMES) == 1
    assert "The usage importer acme failed" in crex.err
    error = crex.json("usage", "import", "none", str(trace), *NAMES)
    assert error["reason"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("option", "wrong", "said"),
    [
        ("--lease", "l1", "'l1' is no name; write it like crex://broker.example/lease/l1"),
        ("--resource", "crex://P/x/y", "is no name"),
        ("--meter", "CPU", "'CPU' is no name of a meter"),
    ],
)
def test_names_are_judged_before_anything_is_read(
    crex: Shell, trace: Path, option: str, wrong: str, said: str
) -> None:
    """A name that no record may have is told by its option, not by the record that would have had it."""
    assert crex("usage", "import", "llm-trace", str(trace), *NAMES, option, wrong) == 2
    assert said in crex.err


def test_one_reason_is_told_once(crex: Shell, trace: Path) -> None:
    """What is said of many rows stands in one line, with how many they are."""
    assert crex("usage", "import", "llm-trace", str(trace), *NAMES) == 1
    told = "  trace.csv: line 2 and 2 more: the time does not say in which time zone it is; name that with"
    assert told in crex.out
    where = ("usage", "import", "llm-trace", str(trace), *NAMES, "--time-zone", "UTC")
    assert crex(*where, "--from", "2030-01-01T00:00:00Z") == 1
    assert "trace.csv: line 2 and 1 more: input-token: it does not lie within [2030-01-01" in crex.out
    assert crex(*where, "--only", "a=b") == 1
    assert "a is not stated, and 'b' is wanted" in crex.out
    assert crex(*where, "--time-zone", "") == 1
    assert "--time-zone '' is no zone" in crex.err
