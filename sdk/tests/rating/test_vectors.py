"""The billing vectors of the conformance suite, whose expected values were worked out without this engine.

A vector gives all that a bill reads; it expects lines, taxes, sums and closings, or a refusal with its
reason. `billing.correct` gives usage that comes later, in several turns, and expects the notes. Values are
compared exactly: quantities and exact amounts as fractions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from crex.documents.times import parse_time, to_ms
from crex.errors import CrexError
from crex.metering import Record
from crex.rating import (
    Bill,
    Differences,
    Line,
    Rating,
    Standing,
    Tax,
    check_horizon,
    differences,
    rate_bill,
)
from crex.rating.corrections import Billed
from sdk.tests.rating.vector_bills import bill_of, parsed

VECTORS = Path(__file__).parents[3] / "conformance/src/crex_conformance/vectors/billing"


def load(op: str) -> Iterator[Any]:
    """Yields the vectors of an operation as test parameters; a file holds one vector or a list of them."""
    for path in sorted(VECTORS.glob("*.json")):
        found = orjson.loads(path.read_bytes())
        for vector in found if isinstance(found, list) else [found]:
            if vector["op"] == op:
                yield pytest.param(vector, id=vector["id"])


def noted(given: Mapping[str, Any]) -> list[Differences]:
    """Carries a correction out: each turn of later usage is one note, where it makes a difference."""
    bill = bill_of(given)
    issued: list[Billed] = [rate_bill(bill)]
    notes: list[Differences] = []
    for later in given["later"]:
        if "received_at" in given:
            horizon_ms = int(given.get("correction_horizon_s", 0)) * 1000
            check_horizon(bill.period.end_ms, to_ms(parse_time(given["received_at"])), horizon_ms)
        bill = with_records(bill, parsed(later))
        note = differences(rate_bill(bill), issued)
        if not note.empty:
            notes.append(note)
            issued.append(note)
    return notes


def with_records(bill: Bill, records: Sequence[Record]) -> Bill:
    """Returns a bill with more records, each of the lease that it names."""
    one = len(bill.leases) == 1
    return replace(
        bill,
        leases=tuple(
            replace(
                use,
                records=(*use.records, *(each for each in records if one or each.lease == use.terms.name)),
            )
            for use in bill.leases
        ),
    )


def line_shown(line: Line, *, several: bool) -> dict[str, Any]:
    """A line as vectors state it."""
    return {
        "component": line.component or "",
        "tier": str(line.tier or ""),
        "dimension": line.dimension,
        "unit": line.unit,
        "quantity": str(line.quantity),
        "exact_amount": str(line.exact_amount),
        "amount": line.amount.amount,
        "lease": (line.lease or "") if several else "",
        "account": line.account or "",
        "commitment": line.commitment or "",
        "adjustment": line.adjustment or "",
    }


def line_expected(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line that a vector expects."""
    texts = ("component", "dimension", "unit", "amount", "lease", "account", "commitment", "adjustment")
    return {
        **{name: line.get(name) or "" for name in texts},
        "tier": str(line.get("tier") or ""),
        "quantity": fraction(line["quantity"]),
        "exact_amount": fraction(line["exact_amount"]),
    }


def fraction(value: Mapping[str, Any]) -> str:
    """A rational of a vector, as fractions are written."""
    return f"{value['num']}/{value['den']}" if str(value["den"]) != "1" else str(value["num"])


def tax_shown(tax: Tax) -> dict[str, Any]:
    """A tax as vectors state it."""
    return {
        "category": tax.category,
        "jurisdiction": tax.jurisdiction,
        "rate": tax.rate,
        "exemption_code": tax.exemption_code or "",
        "base": tax.base.amount,
        "exact_amount": str(tax.exact_amount),
        "amount": tax.amount.amount,
    }


def tax_expected(tax: Mapping[str, Any]) -> dict[str, Any]:
    """A tax that a vector expects."""
    return {
        **tax,
        "exemption_code": tax.get("exemption_code") or "",
        "exact_amount": fraction(tax["exact_amount"]),
    }


def standing_expected(value: Mapping[str, Any]) -> tuple[Any, ...]:
    """A closing that a vector expects."""
    return value.get("component"), value.get("credit"), value.get("lease"), fraction(value["value"])


def standing_shown(one: Standing) -> tuple[Any, ...]:
    """A closing as vectors state it."""
    return one.component, one.credit, one.lease, str(one.value)


def compare(found: Rating | Differences, expect: Mapping[str, Any], why: str, *, several: bool) -> None:
    """Compares lines, taxes and sums."""

    def ordered(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return sorted(values, key=lambda value: sorted(value.items()))

    expected = [line_expected(line) for line in expect["lines"]]
    named = several or any(line["lease"] for line in expected)
    shown = [line_shown(line, several=named) for line in found.lines]
    assert ordered(shown) == ordered(expected), why
    if "taxes" in expect:
        assert ordered([tax_shown(one) for one in found.taxes]) == ordered(
            [tax_expected(one) for one in expect["taxes"]]
        ), why
    assert found.net_total.amount == expect["net_total"], why
    assert found.total.amount == expect.get("total", found.total.amount), why
    assert found.digest == expect.get("rating_digest", found.digest), why


@pytest.mark.parametrize("vector", list(load("billing.rate")))
def test_a_vector(vector: Mapping[str, Any]) -> None:
    """The engine comes to what the vector expects, or refuses for its reason."""
    expect, why = vector["expect"], vector["why"]
    if expect["outcome"] == "rejected":
        with pytest.raises(CrexError) as refused:
            rate_bill(bill_of(vector["input"]))
        assert refused.value.reason in expect["reasons"], why
        return
    rating = rate_bill(bill_of(vector["input"]))
    compare(rating, expect, why, several="leases" in vector["input"])
    assert rating.complete == expect["complete"], why
    if "closings" in expect:
        closings = sorted(map(standing_shown, rating.closings), key=repr)
        assert closings == sorted(map(standing_expected, expect["closings"]), key=repr), why


@pytest.mark.parametrize("vector", list(load("billing.correct")))
def test_a_vector_of_corrections(vector: Mapping[str, Any]) -> None:
    """Notes state what the vector expects, or the late usage is refused for its reason."""
    expect, why = vector["expect"], vector["why"]
    if expect["outcome"] == "rejected":
        with pytest.raises(CrexError) as refused:
            noted(vector["input"])
        assert refused.value.reason in expect["reasons"], why
        return
    notes = noted(vector["input"])
    assert len(notes) == len(expect["notes"]), why
    for note, wanted in zip(notes, expect["notes"], strict=True):
        assert ("credit-note" if note.credit else "debit-note") == wanted["kind"], why
        compare(note, wanted, why, several="leases" in vector["input"])
