"""`crex rate`: files in, lines and digests out, by any engine; and what is told of what is wrong."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crex.cli.main import main
from crex.cli.rate_commands import bar, size
from crex.documents import convert
from sdk.tests.rating.samples import END, START, component, count, counted, plan_message, record

HALF = timedelta(minutes=30)
MONTH = {"start": "2026-03-01T00:00:00Z", "end": "2026-04-01T00:00:00Z"}
ACTIVATED = {"kind": "SERVICE_EVENT_KIND_ACTIVATED", "at": "2026-03-01T00:00:00Z"}
RECORDS = 48


def lease(number: int) -> str:
    """The name of a lease."""
    return f"crex://broker.example/lease/l{number}"


def terms(number: int, **more: Any) -> dict[str, Any]:
    """A lease as a file of bills states it."""
    order = f"crex://broker.example/order/o{number}"
    return {
        "name": lease(number),
        "order": order,
        "quantity": "8",
        "interval": MONTH,
        "serviceEvents": [ACTIVATED],
        **more,
    }


def usage(number: int) -> list[bytes]:
    """A day of a lease."""
    found = []
    for seq in range(1, RECORDS + 1):
        start = START + (seq - 1) * HALF
        found.append(record(start, start + HALF, "8", seq=seq, lease=lease(number)).body)
        found.append(count(start, start + HALF, "1.25", seq=seq, lease=lease(number)).body)
    return found


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plan, three bills and their usage, in the present folder."""
    monkeypatch.chdir(tmp_path)
    plan = plan_message(component([("86400", "2.99"), (None, "1.995")]), counted("0.01", id="tokens"))
    Path("plan.json").write_bytes(convert.dump(plan))
    Path("usage.jsonl").write_bytes(b"\n".join(body for number in range(3) for body in usage(number)))
    bills = {"period": MONTH, "bills": [{"leases": [terms(number)]} for number in range(3)]}
    Path("bills.json").write_text(json.dumps(bills))
    return tmp_path


def rate(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any, str]:
    """Exit code, answer as JSON, and what was told on standard error."""
    code = main(["rate", "plan.json", "usage.jsonl", "--bills", "bills.json", "--json", *arguments])
    out, told = capsys.readouterr()
    return code, json.loads(out) if out else None, told


@pytest.mark.parametrize("engine", ["reference", "duckdb"])
def test_rates(files: Path, capsys: pytest.CaptureFixture[str], engine: str) -> None:
    """Three bills of a day of eight units and 60 tokens each: 71.76 × … as any engine computes it."""
    code, answer, _ = rate(capsys, "--engine", engine)
    assert code == 0
    assert answer["report"]["records"] == 3 * 2 * RECORDS
    assert [one["total"] for one in answer["bills"]] == ["407.52"] * 3
    lines = [(one["component"], one["tier"], one["amount"]) for one in answer["bills"][0]["lines"]]
    assert lines == [("gpu", 1, "71.76"), ("gpu", 2, "335.16"), ("tokens", 1, "0.60")]


def test_engines_write_the_same(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file of one engine is that of the other, byte for byte."""
    for engine in ("reference", "duckdb"):
        assert rate(capsys, "--engine", engine, "-o", engine)[0] == 0
    assert (files / "reference/bills.jsonl").read_bytes() == (files / "duckdb/bills.jsonl").read_bytes()


@pytest.mark.parametrize("engine", ["reference", "duckdb"])
def test_one_bad_bill(files: Path, capsys: pytest.CaptureFixture[str], engine: str) -> None:
    """A contradiction makes its own bill unratable and no other; the answer names the record."""
    with Path("usage.jsonl").open("ab") as file:
        file.write(b"\n" + record(START, START + HALF, "7", lease=lease(1)).body)
    code, answer, _ = rate(capsys, "--engine", engine)
    assert code == 1
    assert [one["state"] for one in answer["bills"]] == ["rated", "refused", "rated"]
    refused = answer["bills"][1]
    assert refused["reason"] == "CONFLICT"
    assert "meter units, number 1, revision 1" in refused["message"]
    assert refused["details"]["seq"] == "1"


@pytest.mark.parametrize("engine", ["reference", "duckdb"])
def test_a_line_that_is_no_record(files: Path, capsys: pytest.CaptureFixture[str], engine: str) -> None:
    """A line that names a lease makes that lease's bill unratable, and is told by its place."""
    with Path("usage.jsonl").open("ab") as file:
        file.write(b'\n{"meterId":"units","lease":"' + lease(2).encode() + b'","quantity":1e2}')
    code, answer, _ = rate(capsys, "--engine", engine)
    assert code == 1
    assert [one["state"] for one in answer["bills"]] == ["rated", "rated", "refused"]
    assert answer["bills"][2]["reason"] == "PAYLOAD"
    assert f"usage.jsonl, line {3 * 2 * RECORDS + 1}" in answer["bills"][2]["message"]


def test_a_line_that_names_no_lease(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of garbage nobody can tell which bill lacks it: nothing is rated."""
    with Path("usage.jsonl").open("ab") as file:
        file.write(b"\ngarbage")
    code, answer, told = rate(capsys, "--engine", "duckdb")
    assert (code, answer) == (1, None)
    assert "name no lease" in told


@pytest.mark.parametrize("engine", ["reference", "duckdb"])
def test_usage_that_no_bill_names(files: Path, capsys: pytest.CaptureFixture[str], engine: str) -> None:
    """Records of a lease without a bill are told, and not forgotten silently."""
    bills = {"period": MONTH, "bills": [{"leases": [terms(number)]} for number in (0, 2)]}
    Path("bills.json").write_text(json.dumps(bills))
    code, answer, _ = rate(capsys, "--engine", engine)
    assert code == 1
    assert answer["report"]["strays"] == [{"lease": lease(1), "records": 2 * RECORDS}]
    assert [one["state"] for one in answer["bills"]] == ["rated", "rated"]


def test_a_table_of_leases(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Leases as a table: rows of one account are one bill, others are bills of their own."""
    rows = [
        {
            "lease": lease(number),
            "order": f"crex://broker.example/order/o{number}",
            "quantity": 8,
            "start": START,
            "end": END,
            "period_start": START,
            "period_end": END,
            "account": "research" if number else None,
            "activated": START,
            "gaps": [{"meter_id": "units", "first_seq": 100, "last_seq": 101, "reason": "lost"}],
            "first_seq": [("tokens", 1)],
        }
        for number in range(3)
    ]
    table = pa.Table.from_pylist([{**row, "first_seq": None} for row in rows])
    seqs = pa.array([row["first_seq"] for row in rows], pa.map_(pa.string(), pa.int64()))
    table = table.set_column(table.schema.get_field_index("first_seq"), "first_seq", seqs)
    pq.write_table(table, "bills.parquet")
    code = main(
        ["rate", "plan.json", "usage.jsonl", "--bills", "bills.parquet", "--json", "--engine", "duckdb"]
    )
    answer = json.loads(capsys.readouterr().out)
    assert code == 0
    assert [(one["bill"], one["leases"], one["total"]) for one in answer["bills"]] == [
        (lease(0), 1, "407.52"),
        ("research", 2, "815.04"),
    ]
    assert answer["bills"][0]["missing"] == ["49 to 99 of meter units"]


@pytest.mark.parametrize(
    ("bills", "said"),
    [
        ({"period": MONTH, "bills": [{"leases": []}]}, "$.bills[0].leases: a list of leases"),
        ({"period": MONTH, "bills": [{"leases": [{**terms(0), "Order": "x"}]}]}, "'Order' is unknown here"),
        ({"bills": [{"leases": [terms(0)]}]}, "$.bills[0].period: an interval"),
        (
            {"period": MONTH, "bills": [{"leases": [{**terms(0), "quantity": "-1"}]}]},
            "quantity: a whole number",
        ),
        ({"period": MONTH, "bills": [{"leases": [{**terms(0), "name": "l0"}]}]}, "is not a name"),
        ({"period": MONTH, "bills": [{"leases": [terms(0)]}] * 2}, "Two bills are named"),
        (
            {"period": MONTH, "plans": ["crex://p.example/price-plan/x"], "bills": [{"leases": [terms(0)]}]},
            "none of the files given is that",
        ),
        ([], "$: an object is expected"),
    ],
)
def test_files_of_bills_that_are_refused(
    files: Path, capsys: pytest.CaptureFixture[str], bills: Any, said: str
) -> None:
    """A file of bills that is not what it should be is refused, with its name and the place."""
    Path("bills.json").write_text(json.dumps(bills))
    code = main(["rate", "plan.json", "usage.jsonl", "--bills", "bills.json"])
    told = capsys.readouterr().err
    assert code == 1
    assert said in told
    assert "bills.json" in told


def test_a_document_of_another_type(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is neither plan, series nor usage is told so."""
    header = {"id": "crex://provider.example/site/s1", "revision": "1"}
    Path("site.json").write_text(json.dumps({"header": header}))
    assert main(["rate", "site.json", "usage.jsonl", "--bills", "bills.json"]) == 1
    assert "site.json: The file is a site" in capsys.readouterr().err


def test_sizes() -> None:
    """Sizes have a unit of 1024, or are bytes."""
    assert (size("3GiB"), size("512MiB"), size("7")) == (3 << 30, 512 << 20, 7)


@pytest.mark.parametrize("text", ["3GB", "-1", "", "GiB", "1.5GiB"])
def test_no_sizes(text: str) -> None:
    """What is no size is refused with an example."""
    with pytest.raises(Exception, match="3GiB"):
        size(text)


def test_the_bar(capsys: pytest.CaptureFixture[str]) -> None:
    """A progress bar is drawn on standard error, each state once."""
    draw = bar()
    draw("rating", 1, 2)
    draw("rating", 1, 2)
    told = capsys.readouterr().err
    assert told.count("\r") == 1
    assert "50 %" in told
