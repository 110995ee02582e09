"""From JSON Lines to a table: one verdict, whichever way a line takes; and what a table may hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crex.bulk.columns import kinds_of
from crex.bulk.duck import DuckSession
from crex.bulk.intake import RecordTable, convert, rows_of
from crex.bulk.session import Limits, Source
from crex.errors import CrexError
from crex.metering import Record, parse_record
from sdk.tests.rating.samples import START, record

HOUR = timedelta(hours=1)
USUAL = record(START, START + HOUR, "2.5").body


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A record, or what was one before some of its bytes changed."""
    start = START + timedelta(milliseconds=draw(st.sampled_from((0, 1, 250, 1000, 86_400_000))))
    more: dict[str, Any] = {"estimated": True} if draw(st.integers(0, 4)) == 0 else {}
    length = timedelta(seconds=draw(st.integers(0, 9)))
    quantity = draw(st.sampled_from(("0", "1", "0.5", "999999999999999999.999999999999")))
    body = bytearray(record(start, start + length, quantity, seq=draw(st.integers(1, 2**62)), **more).body)
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(body) - 1))
        change = draw(
            st.sampled_from((b"", b"0", b"9", b"-", b".", b" ", b"\\", b'"', b"a", b"Z", b"\xff", b"\n"))
        )
        body[at : at + draw(st.integers(0, 1))] = change
    return bytes(body)


def strictly_read(body: bytes) -> Record | str:
    """The record of a body, or the reason why it is none."""
    try:
        return parse_record(body)
    except CrexError as error:
        return error.reason


@settings(max_examples=500, deadline=None)
@given(st.lists(spoilt(), min_size=1, max_size=4))
def test_one_verdict(bodies: list[bytes]) -> None:
    """Each line gives the record, or the reason, of the strict reader, also where the fast way is taken."""
    for body, row in zip([USUAL, *bodies], rows_of([USUAL, *bodies]), strict=True):
        expected = strictly_read(body)
        if isinstance(expected, str):
            assert row[-1] == expected
            continue
        lease, meter, seq, revision, resource, dimension, unit, start, end, quantity, estimated = row[:11]
        assert (lease, meter, seq, revision) == expected.key
        assert (resource, dimension, unit) == (expected.resource, expected.dimension, expected.unit)
        assert (start, end) == (expected.span.start_ms, expected.span.end_ms)
        assert Fraction(quantity) == expected.quantity
        assert estimated == expected.estimated
        assert row[-1] is None


def test_lines(tmp_path: Path) -> None:
    """Lines become rows in order; one that is far too long is refused without being read whole."""
    path = tmp_path / "usage.jsonl"
    path.write_bytes(USUAL + b"\n" + b"x" * 100_000 + b"\n" + USUAL.replace(b'"1"', b'"2"', 1))
    with RecordTable(tmp_path / "usage.parquet") as table:
        assert len(list(convert(path, table))) == 1
    rows = pq.read_table(tmp_path / "usage.parquet").to_pylist()
    assert [row["refused"] for row in rows] == [None, "LIMIT usage.jsonl, line 2", None]
    assert [row["seq"] for row in rows] == [1, None, 2]


def test_an_interrupted_table_leaves_no_file(tmp_path: Path) -> None:
    """A table that was not finished has no name yet."""
    table = RecordTable(tmp_path / "usage.parquet")
    table.add(USUAL)
    table.__exit__(RuntimeError, RuntimeError(), None)
    assert list(tmp_path.iterdir()) == []


def table_of(**columns: pa.Array) -> pa.Table:
    """A table of one record, with columns changed."""
    given = {
        "lease": pa.array(["crex://broker.example/lease/l1"]),
        "meter_id": pa.array(["units"]),
        "seq": pa.array([1], pa.int32()),
        "revision": pa.array([1], pa.int8()),
        "resource": pa.array(["crex://provider.example/compute-resource/r1"]).dictionary_encode(),
        "dimension": pa.array(["compute-unit"]),
        "unit": pa.array(["unit"]),
        "start": pa.array([START]),
        "end": pa.array([START + HOUR]),
        "quantity": pa.array(["2.5"]),
    }
    return pa.table({**given, **columns})


def read(path: Path, table: pa.Table) -> dict[str, Any]:
    """The row of a table in its one form."""
    pq.write_table(table, path)
    session = DuckSession(Limits(threads=1))
    session.read([Source(kinds_of(path), [path])])
    names = ("seq", "start_ms", "end_ms", "quantity", "estimated", "mark", "refused")
    (row,) = session.rows(f"SELECT {', '.join(names)} FROM records")
    session.close()
    return dict(zip(names, row, strict=True))


START_MS = int(START.timestamp()) * 1000


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"quantity": pa.array([Decimal("2.5")], pa.decimal128(30, 12))},
        {"quantity": pa.array([Decimal("2.5")], pa.decimal128(5, 2))},
        {"start": pa.array([START_MS]), "end": pa.array([START_MS + 3_600_000])},
        {"start": pa.array([START.replace(tzinfo=None)], pa.timestamp("ms"))},
        {"estimated": pa.array([None], pa.bool_())},
    ],
)
def test_forms_of_a_table(tmp_path: Path, columns: dict[str, pa.Array]) -> None:
    """Times as timestamps or milliseconds, quantities as text or decimals: the same record."""
    row = read(tmp_path / "usage.parquet", table_of(**columns))
    assert (row["start_ms"], row["end_ms"]) == (START_MS, START_MS + 3_600_000)
    assert (row["quantity"], row["estimated"], row["refused"]) == (Decimal("2.5"), False, None)


@pytest.mark.parametrize(
    "columns",
    [
        {"quantity": pa.array(["1e2"])},
        {"quantity": pa.array(["-0"])},
        {"quantity": pa.array(["1.50"])},
        {"quantity": pa.array(["1\n"])},
        {"quantity": pa.array(["-1"])},
        {"quantity": pa.array([Decimal("-1")], pa.decimal128(30, 12))},
        {"quantity": pa.array([None], pa.string())},
        {"seq": pa.array([0])},
        {"revision": pa.array([0])},
        {"lease": pa.array([None], pa.string())},
        {"end": pa.array([START - HOUR])},
        {"start": pa.array([START + timedelta(microseconds=1)])},
        {"start": pa.array([-(10**17)]), "end": pa.array([0])},
    ],
)
def test_rows_that_are_no_records(tmp_path: Path, columns: dict[str, pa.Array]) -> None:
    """What breaks a constraint of a record is refused for it, and stops no other."""
    assert read(tmp_path / "usage.parquet", table_of(**columns))["refused"] == "SCHEMA"


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"quantity": pa.array([2.5])}, "column quantity of double"),
        ({"seq": pa.array(["1"])}, "column seq of string"),
        ({"quantity": pa.array([Decimal(1)], pa.decimal128(38, 15))}, "column quantity of decimal"),
        ({"start": pa.array([datetime.now(UTC)], pa.timestamp("ns", "UTC"))}, "column start of timestamp"),
        ({"start": pa.array([START], pa.timestamp("ms", "Asia/Shanghai"))}, "column start of timestamp"),
    ],
)
def test_columns_that_are_refused(tmp_path: Path, columns: dict[str, pa.Array], said: str) -> None:
    """A column of another type, floating-point numbers above all, is refused before anything is rated."""
    path = tmp_path / "usage.parquet"
    pq.write_table(table_of(**columns), path)
    with pytest.raises(CrexError, match=said) as refused:
        kinds_of(path)
    assert (refused.value.reason, refused.value.source) == ("SCHEMA", str(path))


def test_a_table_without_a_column(tmp_path: Path) -> None:
    """A table that lacks a column is told which."""
    path = tmp_path / "usage.parquet"
    pq.write_table(table_of().drop_columns(["unit"]), path)
    with pytest.raises(CrexError, match="no column unit"):
        kinds_of(path)


def test_no_parquet(tmp_path: Path) -> None:
    """A file that is no table is told so."""
    path = tmp_path / "usage.parquet"
    path.write_bytes(b"PAR1 and nothing else")
    with pytest.raises(CrexError, match="no Parquet file") as refused:
        kinds_of(path)
    assert refused.value.reason == "PAYLOAD"
