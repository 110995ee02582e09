"""The bulk engine and the reference engine come to the same of every bill, good or bad."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from crex.bulk.bills import BillSet
from crex.bulk.columns import kinds_of
from crex.bulk.duck import DuckSession
from crex.bulk.engine import rate_bills
from crex.bulk.intake import RecordTable
from crex.bulk.pricing import Outcome
from crex.bulk.session import Limits, Session, Source
from crex.errors import CrexError
from crex.rating import Rating, rate_bill
from sdk.tests.bulk.strategies import Usage, jobs


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


def by_sql(session: Session, path: Path, job: Sequence[Usage], shuffle: random.Random) -> list[Outcome]:
    """What SQL comes to, the records in any order and some of them sent again."""
    rows = [(usage.bill.name, one.body) for usage in job for one in usage.records]
    rows += shuffle.sample(rows, len(rows) // 3)
    shuffle.shuffle(rows)
    with RecordTable(path) as table:
        for bill, body in rows:
            table.add(body, bill=bill)
    session.read([Source(kinds_of(path), [path])])
    return rate_bills(session, BillSet.of(usage.bill for usage in job))[0]


def same(expected: Rating | CrexError, outcome: Outcome) -> None:
    """Compares all that a bill states."""
    if isinstance(expected, CrexError):
        assert outcome.error is not None, expected
        event(f"refused: {expected.reason} {expected.details.get('requirement')}")
        found = (outcome.error.reason, outcome.error.details.get("requirement"))
        assert found == (expected.reason, expected.details.get("requirement")), (expected, outcome.error)
        return
    assert outcome.error is None, outcome.error
    event(f"rated: {len(expected.lines)} lines")
    assert outcome.rating == expected


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(jobs(), st.randoms(use_true_random=False))
def test_agrees(
    tmp_path_factory: pytest.TempPathFactory, session: DuckSession, job: list[Usage], shuffle: random.Random
) -> None:
    """Of random bills, each with its faults, both engines come to the same lines, digests and reasons."""
    path = tmp_path_factory.getbasetemp() / "agreement.parquet"
    for usage, outcome in zip(job, by_sql(session, path, job, shuffle), strict=True):
        same(reference(usage), outcome)
