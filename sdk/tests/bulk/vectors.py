"""The billing vectors of the conformance suite as one set of bills, one bill a vector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from crex.bulk.bills import NamedBill
from crex.bulk.intake import RecordTable
from crex.bulk.pricing import Outcome
from crex.errors import CrexError
from sdk.tests.rating.vector_bills import bill_of, written_out

VECTORS = Path(__file__).parents[3] / "conformance/src/crex_conformance/vectors/billing"


@dataclass(frozen=True)
class Case:
    """A vector: what it expects, its bill or why it has none, and its records."""

    name: str
    expect: Mapping[str, Any]
    why: str
    bill: NamedBill | None
    error: CrexError | None
    bodies: tuple[bytes, ...]


def load() -> list[Case]:
    """Returns all vectors of op billing.rate."""
    return [case_of(vector) for vector in _vectors() if vector["op"] == "billing.rate"]


def case_of(vector: Mapping[str, Any]) -> Case:
    """Returns the case of a vector; what is refused before records are rated becomes its error."""
    given = vector["input"]
    records = [one for lease in given.get("leases") or [given] for one in lease.get("records", ())]
    without = {**given, "records": []}
    if "leases" in given:
        without["leases"] = [{**lease, "records": []} for lease in given["leases"]]
    bill, error = None, None
    try:
        bill = NamedBill(vector["id"], bill_of(without))
    except CrexError as found:
        error = found
    bodies = tuple(map(orjson.dumps, _written_out(records)))
    return Case(vector["id"], vector["expect"], vector["why"], bill, error, bodies)


def write_records(path: Path, cases: Sequence[Case]) -> None:
    """Writes the records of all cases as one table; each is handed in for its own bill."""
    with RecordTable(path) as table:
        for case in cases:
            for body in case.bodies:
                table.add(body, bill=case.name, place=case.name)


def check(case: Case, outcomes: Mapping[str, Outcome]) -> None:
    """Compares a vector with what became of its bill."""
    outcome = outcomes.get(case.name)
    error = case.error if outcome is None else outcome.error
    if case.expect["outcome"] == "rejected":
        assert error is not None, case.why
        assert error.reason in case.expect["reasons"], (str(error), case.why)
        return
    assert error is None, (str(error), case.why)
    assert outcome is not None
    assert outcome.rating is not None
    rating = outcome.rating
    assert rating.digest == case.expect.get("rating_digest", rating.digest), case.why
    assert rating.net_total.amount == case.expect["net_total"], case.why
    assert rating.complete == case.expect["complete"], case.why
    amounts = sorted((line.dimension, line.unit, line.amount.amount) for line in rating.lines)
    expected = sorted((line["dimension"], line["unit"], line["amount"]) for line in case.expect["lines"])
    assert amounts == expected, case.why


def _vectors() -> Iterator[Mapping[str, Any]]:
    for path in sorted(VECTORS.rglob("*.json")):
        found = orjson.loads(path.read_bytes())
        yield from found if isinstance(found, list) else [found]


def _written_out(records: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for value in records:
        # Only what is repeated needs its times read; a record on its own may have none that can be.
        yield from written_out([value]) if "repeat" in value else (value,)
