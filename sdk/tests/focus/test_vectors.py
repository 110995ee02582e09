"""Every bill of the conformance vectors, rated and exported: whatever can be billed can be exported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from crex.focus import COLUMNS, Bill, csv_lines, rows
from crex.rating import differences, rate_bill
from crex.v1 import Correction, CreditNote, DebitNote, Header, Money, Pin
from sdk.tests.focus.vectors import bill_of_vector, invoiced, load
from sdk.tests.rating.vector_bills import bill_of, parsed


def check(bill: Bill) -> None:
    """What must hold of the rows of any bill."""
    found: list[dict[str, Any]] = list(rows(bill))
    assert sum(row["BilledCost"] for row in found) == Fraction(bill.body.total.amount)
    amounts = [row["x_CrexLineAmount"] for row in found if row["x_CrexLineKey"] is not None]
    assert amounts == [Fraction(line.amount.amount) for line in bill.lines]
    for row in found:
        for price, cost in (("ContractedUnitPrice", "ContractedCost"), ("ListUnitPrice", "ListCost")):
            if row[price] is not None and not bill.is_note:
                assert row[price] * row["PricingQuantity"] == row[cost]
        assert not [column.name for column in COLUMNS if row[column.name] is None and not column.nullable]
        assert (row["PricingUnit"] is None) == (row["PricingQuantity"] is None)
        assert (row["CommitmentDiscountUnit"] is None) == (row["CommitmentDiscountQuantity"] is None)
    lines = list(csv_lines(found))
    assert len(lines) == len(found) + 1


@pytest.mark.parametrize("vector", list(load("billing.rate")), ids=lambda vector: vector["id"])
def test_every_bill_can_be_exported(vector: Mapping[str, Any]) -> None:
    """The rows of a bill sum to its total, have each line's amount, and keep what columns promise."""
    check(bill_of_vector(vector))


@pytest.mark.parametrize("vector", list(load("billing.correct")), ids=lambda vector: vector["id"])
def test_every_note_can_be_exported(vector: Mapping[str, Any]) -> None:
    """The rows of a vector's first note sum to its total, and are corrections."""
    given = vector["input"]
    bill, first = bill_of(given), rate_bill(bill_of(given))
    one = len(bill.leases) == 1
    records = parsed(given["later"][0])
    later = replace(
        bill,
        leases=tuple(
            replace(
                use,
                records=(*use.records, *(each for each in records if one or each.lease == use.terms.name)),
            )
            for use in bill.leases
        ),
    )
    note = differences(rate_bill(later), [first])
    exported = invoiced(given, first)
    correction = Correction(
        invoice=Pin(id="crex://provider.example/invoice/i1", revision=1, sha256="2e" * 32),
        reason="usage",
        seller="provider.example",
        buyer="consumer.example",
        period=bill.period.message(),
        currency=note.total.currency,
        taxes=[tax.message() for tax in note.taxes],
        total=Money(currency=note.total.currency, amount=note.total.amount),
        rating_digest=note.digest,
    )
    header = Header(id="crex://provider.example/credit-note/n1", revision=1, issuer="provider.example")
    document = (
        DebitNote(header=header, correction=correction)
        if note.total.minor > 0
        else CreditNote(header=header, correction=correction)
    )
    made = replace(exported, document=document, lines=[line.message() for line in note.lines])
    check(made)
    assert {row["ChargeClass"] for row in rows(made)} <= {"Correction"}
