"""What notes state: differences of rounded lines and of cumulative taxes, and until when usage may come."""

from __future__ import annotations

from fractions import Fraction

import pytest

from crex.errors import RatingError
from crex.rating import Differences, Plan, Rating, check_horizon, differences, nothing_owed
from crex.rating.corrections import Billed
from crex.v1 import PricePlan, TaxRule
from sdk.tests.rating.samples import START, bill, count, counted, plan_message

VAT = TaxRule(category="vat", rate="0.05", jurisdiction="ca")


def taxed() -> Plan:
    """Three tokens of one price, each in a component of its own, at a tax of 5 %."""
    message = plan_message(
        *(
            counted("0.1", id=f"t{number}", dimension=f"output-{number}", tax_category="vat")
            for number in range(3)
        )
    )
    message.MergeFrom(PricePlan(taxes=[VAT]))
    return Plan.of(message)


def used(*numbers: int) -> Rating:
    """One token of some of the components."""
    records = [
        count(START, START, "1", meter=f"m{number}", dimension=f"output-{number}") for number in numbers
    ]
    return bill(taxed(), records)


def test_three_notes_refund_what_was_paid() -> None:
    """Three notes that each take back 0.10 at 5 % refund 0.01, 0.00 and 0.01 (RATE-CORRECT-2)."""
    issued: list[Billed] = [used(0, 1, 2)]
    assert issued[0].total.amount == "0.32"
    notes: list[Differences] = []
    for left in ((0, 1), (0,), ()):
        notes.append(differences(used(*left), [*issued, *notes]))
    assert [note.net_total.amount for note in notes] == ["-0.10"] * 3
    assert [[tax.amount.amount for tax in note.taxes] for note in notes] == [["-0.01"], ["0.00"], ["-0.01"]]
    assert [note.total.amount for note in notes] == ["-0.11", "-0.10", "-0.11"]
    assert all(note.credit and not note.empty for note in notes)


def test_a_line_that_is_owed_no_more() -> None:
    """Of a line that is not owed, the note takes back all, with its price and factors as they were billed."""
    [line] = differences(used(0), [used(0, 1)]).lines
    assert (line.component, line.quantity, line.exact_amount) == ("t1", Fraction(-1), Fraction(-1, 10))
    assert (line.amount.amount, line.unit_price, line.tax_category) == ("-0.10", "0.1", "vat")


def test_a_line_that_comes_later() -> None:
    """What is owed in addition is a debit note of the new line alone."""
    note = differences(used(0, 1), [used(0)])
    assert [line.component for line in note.lines] == ["t1"]
    assert not note.credit
    assert note.digest == used(0, 1).digest


def test_a_full_credit_nets_to_zero() -> None:
    """A cancellation takes back every line, tax and total, also after notes (RATE-CORRECT-1)."""
    first, note = used(0, 1), differences(used(0, 1, 2), [used(0, 1)])
    cancelled = differences(nothing_owed("EUR"), [first, note])
    assert cancelled.total.minor == -(first.total.minor + note.total.minor)
    assert differences(nothing_owed("EUR"), [first, note, cancelled]).empty
    assert cancelled.digest == nothing_owed("EUR").digest


def test_nothing_to_correct() -> None:
    """Where everything is as it was billed, there is no note to make."""
    assert differences(used(0, 1), [used(0, 1)]).empty


def test_the_horizon() -> None:
    """Usage may come until the horizon after the period's end, inclusive, and not a millisecond later."""
    check_horizon(1000, 1500, 500)
    check_horizon(1000, 1000, 0)
    with pytest.raises(RatingError) as refused:
        check_horizon(1000, 1501, 500)
    assert (refused.value.reason, refused.value.details["requirement"]) == ("TERMS", "RATE-CORRECT-3")
