"""Every billing vector with SQL: all of them as the bills of one job, each with the outcome it expects."""

from __future__ import annotations

from pathlib import Path

import pytest

from crex.bulk.bills import BillSet
from crex.bulk.columns import kinds_of
from crex.bulk.duck import DuckSession
from crex.bulk.engine import rate_bills
from crex.bulk.pricing import Outcome
from crex.bulk.session import Limits, Session, Source
from sdk.tests.bulk.vectors import Case, check, load, write_records

CASES = load()


def outcomes_of(session: Session, path: Path) -> dict[str, Outcome]:
    """What became of each vector's bill."""
    write_records(path, CASES)
    session.read([Source(kinds_of(path), [path])])
    bills = BillSet.of(case.bill for case in CASES if case.bill is not None)
    found, _ = rate_bills(session, bills)
    return {one.bill.name: one for one in found}


@pytest.fixture(scope="module")
def by_duckdb(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """What became of each vector's bill, by DuckDB."""
    session = DuckSession(Limits(threads=1))
    found = outcomes_of(session, tmp_path_factory.mktemp("vectors") / "records.parquet")
    session.close()
    return found


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_a_vector(case: Case, by_duckdb: dict[str, Outcome]) -> None:
    """DuckDB comes to what the vector expects, or refuses for its reason."""
    check(case, by_duckdb)
