"""The bulk engine and the reference engine come to the same of every bill, good or bad."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from crex.bulk.bills import BillSet, NamedBill
from crex.bulk.columns import kinds_of
from crex.bulk.duck import DuckSession
from crex.bulk.engine import rate_bills
from crex.bulk.intake import RecordTable
from crex.bulk.pricing import Outcome
from crex.bulk.session import Limits, Session, Source
from crex.documents.times import format_time, from_ms
from crex.errors import CrexError
from crex.metering import Record, parse_record
from crex.rating import Bill, Rating, rate_bill
from crex.rating.measure import timed_uses
from sdk.tests.bulk.strategies import Usage, good_bills, jobs

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def session() -> Iterator[DuckSession]:
    """One DuckDB for all examples."""
    found = DuckSession(Limits(threads=1))
    yield found
    found.close()


def reference(usage: Usage) -> Rating | CrexError:
    """What the reference engine comes to."""
    try:
        return rate_bill(usage.with_records())
    except CrexError as error:
        return error


def by_sql(
    session: Session, path: Path, job: Sequence[Usage], shuffle: random.Random, *, wide: bool = False
) -> list[Outcome]:
    """What SQL comes to, the records in any order and some of them sent again."""
    rows = [(usage.bill.name, one.body) for usage in job for one in usage.records]
    rows += shuffle.sample(rows, len(rows) // 3)
    shuffle.shuffle(rows)
    with RecordTable(path) as table:
        for bill, body in rows:
            table.add(body, bill=bill)
    session.read([Source(kinds_of(path), [path])])
    return rate_bills(session, BillSet.of(usage.bill for usage in job), wide=wide)[0]


def same(expected: Rating | CrexError, outcome: Outcome, *, note: bool = True) -> None:
    """Compares all that a bill states; notes, for the statistics of Hypothesis, what it was."""
    if isinstance(expected, CrexError):
        assert outcome.error is not None, expected
        if note:
            event(f"refused: {expected.reason} {expected.details.get('requirement')}")
        found = (outcome.error.reason, outcome.error.details.get("requirement"))
        assert found == (expected.reason, expected.details.get("requirement")), (expected, outcome.error)
        return
    assert outcome.error is None, outcome.error
    if note:
        event(f"rated: {len(expected.lines)} lines")
    assert outcome.rating == expected


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(jobs(), st.randoms(use_true_random=False))
def test_agrees(
    tmp_path_factory: pytest.TempPathFactory, session: DuckSession, job: list[Usage], shuffle: random.Random
) -> None:
    """Of random bills, each with its faults, both engines come to the same lines, digests and reasons."""
    path = tmp_path_factory.getbasetemp() / "agreement.parquet"
    for usage, outcome in zip(job, by_sql(session, path, job, shuffle), strict=True):
        same(reference(usage), outcome)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(st.lists(good_bills(), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_agrees_on_every_switch(
    tmp_path_factory: pytest.TempPathFactory, session: DuckSession, given_: list[Bill], shuffle: random.Random
) -> None:
    """Of bills that use every switch, both engines come to the same, records split and sent again."""
    job = [usage_of(f"bill-{number}", bill, shuffle) for number, bill in enumerate(given_)]
    path = tmp_path_factory.getbasetemp() / "switches.parquet"
    for bill, outcome in zip(given_, by_sql(session, path, job, shuffle), strict=True):
        same(rate_bill(bill), outcome)


def usage_of(name: str, bill: Bill, shuffle: random.Random | None) -> Usage:
    """A bill, and beside it its records, some of those of held use cut in two where that is asked for."""
    held = timed_uses(bill)
    records: list[Record] = []
    for use in bill.leases:
        last: dict[str, int] = {}
        for one in use.records:
            last[one.meter_id] = max(last.get(one.meter_id, 0), one.seq)
        for one in use.records:
            if shuffle is None or (one.dimension, one.unit) not in held or shuffle.random() < 0.7:
                records.append(one)
                continue
            last[one.meter_id] += 1
            records += cut_in_two(one, last[one.meter_id], shuffle)
    leases = tuple(replace(use, records=()) for use in bill.leases)
    return Usage(NamedBill(name, replace(bill, leases=leases)), tuple(records))


def cut_in_two(record: Record, seq: int, shuffle: random.Random) -> list[Record]:
    """A record of held use as two: the second, from some instant on, under another number."""
    span = record.span
    middle = format_time(from_ms(shuffle.randint(span.start_ms, span.end_ms)))
    value = orjson.loads(record.body)
    first, second = {**value, "end": middle}, {**value, "start": middle, "seq": str(seq)}
    return [parse_record(orjson.dumps(one)) for one in (first, second)]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(jobs(most=3), st.randoms(use_true_random=False))
def test_divided_quantities(
    tmp_path_factory: pytest.TempPathFactory, session: DuckSession, job: list[Usage], shuffle: random.Random
) -> None:
    """Where sums of undivided quantities could be too long, divided ones come to the same."""
    path = tmp_path_factory.getbasetemp() / "wide.parquet"
    narrow = by_sql(session, path, job, shuffle)
    wide = by_sql(session, path, job, shuffle, wide=True)
    assert [one.rating for one in narrow] == [one.rating for one in wide]
