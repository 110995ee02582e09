"""What holds for every bill, whatever switches it uses: order, repetition, splitting, corrections, bounds."""

from __future__ import annotations

import random
from collections import defaultdict
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crex.decimals import Money
from crex.documents import convert, reader
from crex.documents.times import format_time, parse_time
from crex.metering.selection import latest
from crex.rating import (
    Bill,
    Layout,
    Line,
    Rating,
    Tax,
    differences,
    edges,
    measure,
    nothing_owed,
    rate_bill,
    timed_uses,
)
from crex.rating.corrections import Billed
from crex.v1 import CreditKind, InvoiceLine
from sdk.tests.rating.strategies import Json, bills, inputs
from sdk.tests.rating.vector_bills import bill_of

pytestmark = pytest.mark.slow

RELAXED = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def with_records(bill: Bill, chosen: list[list[int]]) -> Bill:
    """A bill whose leases have only some of their records, in the order of their numbers."""
    return replace(
        bill,
        leases=tuple(
            replace(use, records=tuple(use.records[index] for index in order))
            for use, order in zip(bill.leases, chosen, strict=True)
        ),
    )


@RELAXED
@given(bills(), st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(bill: Bill, chance: random.Random) -> None:
    """Records and leases in another order, and some records again, are the same bill to the last byte."""
    shuffled = []
    for use in bill.leases:
        order = [*range(len(use.records)), *range(0, len(use.records), 2)]
        chance.shuffle(order)
        shuffled.append(order)
    again = with_records(bill, shuffled)
    again = replace(again, leases=tuple(reversed(again.leases)), series=tuple(reversed(again.series)))
    assert rate_bill(again) == rate_bill(bill)


@RELAXED
@given(inputs(), st.data())
def test_splitting_held_time_changes_nothing(given_: Json, data: st.DataObject) -> None:
    """A record of what is held, cut in two at any millisecond, is the same bill by its digest."""
    whole, pieces = rate_bill(bill_of(given_)), deepcopy(given_)
    for lease in pieces["leases"]:
        lease["records"] = [
            part
            for record in lease["records"]
            for part in (split(record, data) if record["meterId"] in ("units", "disk") else [record])
        ]
        numbers: dict[str, int] = defaultdict(int)
        for record in lease["records"]:
            numbers[record["meterId"]] += 1
            record["seq"] = str(numbers[record["meterId"]])
    assert rate_bill(bill_of(pieces)).digest == whole.digest


def split(record: Json, data: st.DataObject) -> list[Json]:
    """A record as two that touch."""
    start, end = parse_time(record["start"]), parse_time(record["end"])
    length = (end - start) // timedelta(milliseconds=1)
    cut = format_time(start + timedelta(milliseconds=data.draw(st.integers(1, length - 1))))
    return [{**record, "end": cut}, {**record, "start": cut}]


@RELAXED
@given(bills(), st.data())
def test_an_invoice_and_its_notes_sum_to_what_is_owed(bill: Bill, data: st.DataObject) -> None:
    """Whatever comes late and in however many turns, lines, taxes and totals sum exactly; then to zero."""
    issued: list[Billed] = []
    counts = [len(use.records) for use in bill.leases]
    known = [data.draw(st.integers(0, count)) for count in counts]
    owed = rate_bill(with_records(bill, [list(range(end)) for end in known]))
    issued.append(owed)
    for _ in range(data.draw(st.integers(1, 3))):
        known = [data.draw(st.integers(end, count)) for end, count in zip(known, counts, strict=True)]
        owed = rate_bill(with_records(bill, [list(range(end)) for end in known]))
        note = differences(owed, issued)
        assert all(line.quantity or line.exact_amount or line.amount.minor for line in note.lines)
        issued.append(note)
        assert summed(issued) == summed([owed])
        assert note.digest == owed.digest
    assert differences(owed, issued).empty
    issued.append(differences(nothing_owed(owed.total.currency), issued))
    assert summed(issued) == ({}, {}, 0, 0)


Sum = tuple[dict[str, tuple[Fraction, Fraction, int]], dict[str, tuple[int, Fraction, int]], int, int]


def summed(issued: list[Billed]) -> Sum:
    """Sums lines, taxes and totals by key, without those that come to nothing."""
    lines: dict[str, tuple[Fraction, Fraction, int]] = {}
    taxes: dict[str, tuple[int, Fraction, int]] = {}
    for one in issued:
        for line in one.lines:
            quantity, exact, minor = lines.get(line.key, (Fraction(0), Fraction(0), 0))
            lines[line.key] = quantity + line.quantity, exact + line.exact_amount, minor + line.amount.minor
        for tax in one.taxes:
            base, due, amount = taxes.get(tax.key, (0, Fraction(0), 0))
            taxes[tax.key] = base + tax.base.minor, due + tax.exact_amount, amount + tax.amount.minor
    return (
        {key: value for key, value in lines.items() if any(value)},
        {key: value for key, value in taxes.items() if any(value)},
        sum(one.net_total.minor for one in issued),
        sum(one.total.minor for one in issued),
    )


@RELAXED
@given(bills())
def test_what_holds_of_every_rating(bill: Bill) -> None:
    """Keys are unique, lines ascend, amounts are rounded exact amounts, totals are sums, bounds are kept."""
    rating = rate_bill(bill)
    keys = [line.key.encode() for line in rating.lines]
    assert keys == sorted(set(keys))
    for line in rating.lines:
        assert line.quantity
        assert line.amount == Money.rounded(line.amount.currency, line.exact_amount)
        assert (line.lease is None) == (line.order is None) == (line.account is not None)
        assert line.key.count("|") == 6
    due = sum(tax.amount.minor for tax in rating.taxes)
    stated = sum(line.amount.minor for line in rating.lines)
    included = bill.governing.tax_included
    assert rating.net_total.minor == stated - (due if included else 0)
    assert rating.total.minor == rating.net_total.minor + due
    bounds_are_kept(bill, rating)


def bounds_are_kept(bill: Bill, rating: Rating) -> None:
    """Adjustments keep what they promise: maximum, minimum, what is left of credits, caps."""
    plan = bill.governing
    adjusted = ("minimum", "maximum")
    nets = sum(line.amount.minor for line in rating.lines if line.adjustment in (None, *adjusted))
    if plan.maximum is not None:
        assert nets <= plan.maximum.minor
    in_use = any(use.terms.active(use.events).overlaps(bill.period) for use in bill.leases)
    if plan.minimum is not None and in_use:
        assert nets >= min(plan.minimum.minor, plan.maximum.minor if plan.maximum else plan.minimum.minor)
    for credit in plan.credits:
        lowered = sum(line.amount.minor for line in rating.lines if line.adjustment == credit.id)
        assert lowered <= 0
        if credit.kind == CreditKind.CREDIT_KIND_FIXED and credit.amount is not None:
            closing = sum(one.value for one in rating.closings if one.credit == credit.id)
            opening = bill.openings.credit(credit.id)
            # What was used beyond the amount before stays used: nothing is given, nothing taken back.
            assert closing == opening - lowered <= max(credit.amount.minor, opening)
        if credit.cap is not None:
            assert -lowered <= credit.cap.minor


@RELAXED
@given(bills())
def test_documents_carry_a_rating_whole(bill: Bill) -> None:
    """Lines and taxes are in strict form as messages, and are read back as they were."""
    rating = rate_bill(bill)
    for line in rating.lines:
        body = convert.dump(line.message())
        read = convert.to_message(reader.read(body, InvoiceLine), InvoiceLine)
        assert Line.of(read) == line
    for tax in rating.taxes:
        assert Tax.of(tax.message()) == tax


@RELAXED
@given(bills())
def test_cells_hold_all_use_of_the_period(bill: Bill) -> None:
    """Cells reach from the period's start to its end, and their sums are the use within it, exactly."""
    counting = {use.terms.name: latest(use.records) for use in bill.leases}
    sums, timed = measure(bill, counting), timed_uses(bill)
    found: dict[tuple[str, tuple[str, str]], Fraction] = defaultdict(Fraction)
    for (lease, use, cell), value in sums.items():
        assert cell in edges(bill, use)[:-1]
        found[lease, use] += value
    wanted: dict[tuple[str, tuple[str, str]], Fraction] = defaultdict(Fraction)
    for lease, records in counting.items():
        for record in records:
            use = record.dimension, record.unit
            begin = max(record.span.start_ms, bill.period.start_ms)
            end = min(record.span.end_ms, bill.period.end_ms)
            if use in timed:
                wanted[lease, use] += record.quantity * Fraction(max(end - begin, 0), 1000)
            elif bill.period.holds(record.span):
                wanted[lease, use] += record.quantity
    assert found == {key: value for key, value in wanted.items() if value}
    layout = Layout(bill)
    for use in timed:
        bounds = layout.cells(use)
        assert (bounds[0], bounds[-1]) == (bill.period.start_ms, bill.period.end_ms)
        assert all(first < second for first, second in pairwise(bounds))
        assert set(layout.segments(use)) <= set(bounds)
