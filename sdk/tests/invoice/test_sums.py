"""The bill of a sum and the sum of bills: equal within half a minor unit a line, and where all is whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from crex.decimals import exponent, format_decimal
from crex.metering import Span
from crex.rating import LeaseTerms, Rating
from crex.rating.bill import Bill, LeaseUse
from crex.rating.engine import rate_bill
from crex.rating.plan import Plan
from crex.v1 import Accumulator, AccumulatorReset, AccumulatorScope, PriceComponent
from sdk.tests.rating.samples import (
    END,
    ORDER,
    PERIOD,
    PLAN_PIN,
    START,
    activated,
    component,
    count,
    counted,
    plan_message,
    record,
)

HELD, COUNTED = "gpu", "tokens"


def lease_use(index: int, held: int, used: int) -> LeaseUse:
    """A lease that held units for so many milliseconds and used so many thousandths of a token."""
    name = f"crex://broker.example/lease/l{index}"
    terms = LeaseTerms(name, ORDER, 8, Span.between(START, END))
    until = START + timedelta(milliseconds=held)
    records = [
        record(START, until, "8", lease=name),
        count(START, START, format_decimal(Fraction(used, 1000)), lease=name),
    ]
    return LeaseUse(terms=terms, records=records, events=[activated()])


def plan(price: str, *, currency: str, over_account: bool) -> Plan:
    """Two components of one price each, summed over a lease or over the account."""
    components: list[PriceComponent] = [component(price, id=HELD), counted(price, id=COUNTED, per="7")]
    if over_account:
        for each in components:
            each.accumulator.CopyFrom(
                Accumulator(
                    scope=AccumulatorScope.ACCUMULATOR_SCOPE_ACCOUNT,
                    reset=AccumulatorReset.ACCUMULATOR_RESET_PERIOD,
                )
            )
    return Plan.of(plan_message(*components, currency=currency), PLAN_PIN)


def rated(priced: Plan, uses: Sequence[LeaseUse]) -> Rating:
    """The bill of leases: of the account where the plan sums over it."""
    account = "consumer.example" if priced.of_account else None
    return rate_bill(Bill(plans=(priced,), leases=tuple(uses), period=PERIOD, whole=PERIOD, account=account))


@settings(max_examples=60, deadline=None)
@given(
    use=st.lists(st.tuples(st.integers(1, 10**9), st.integers(1, 10**9)), min_size=1, max_size=6),
    price=st.integers(-(10**6), 10**6).map(lambda units: format_decimal(Fraction(units, 10**4))),
    currency=st.sampled_from(["EUR", "JPY", "KWD"]),
)
def test_a_bill_of_the_sum_and_the_sum_of_bills(
    use: list[tuple[int, int]], price: str, currency: str
) -> None:
    """They differ by at most half a minor unit a line of both (RATE-ROUND-1)."""
    uses = [lease_use(index, held, used) for index, (held, used) in enumerate(use)]
    apart = [rated(plan(price, currency=currency, over_account=False), [each]) for each in uses]
    together = rated(plan(price, currency=currency, over_account=True), uses)
    exact_apart = sum((line.exact_amount for one in apart for line in one.lines), Fraction(0))
    assert exact_apart == sum((line.exact_amount for line in together.lines), Fraction(0))
    lines = sum(len(one.lines) for one in apart) + len(together.lines)
    difference = abs(sum(one.total.minor for one in apart) - together.total.minor)
    assert difference <= Fraction(lines, 2)
    unit = 10 ** exponent(currency)
    every = [line for one in (*apart, together) for line in one.lines]
    if all((line.exact_amount * unit).denominator == 1 for line in every):
        assert difference == 0


@settings(max_examples=30, deadline=None)
@given(hours=st.lists(st.integers(1, 90), min_size=1, max_size=6), cents=st.integers(1, 10**5))
def test_whole_amounts_sum_without_a_difference(hours: list[int], cents: int) -> None:
    """Whole hours at a price of whole cents: nothing is rounded, so both are one."""
    price = format_decimal(Fraction(cents, 100))
    uses = [lease_use(index, each * 3_600_000, each * 7000) for index, each in enumerate(hours)]
    apart = [rated(plan(price, currency="EUR", over_account=False), [each]) for each in uses]
    together = rated(plan(price, currency="EUR", over_account=True), uses)
    assert sum(one.total.minor for one in apart) == together.total.minor


def test_two_leases_of_six_seconds() -> None:
    """Each rounds to nothing by itself, and both together to a cent: the greatest difference there is."""
    # 6 s × 8 units × 0.3 ÷ 3600 = 0.004: each 0.00, together 0.008 → 0.01.
    uses = [lease_use(index, 6000, 1) for index in (1, 2)]
    apart = [rated(plan("0.3", currency="EUR", over_account=False), [each]) for each in uses]
    assert [one.total.amount for one in apart] == ["0.00", "0.00"]
    assert rated(plan("0.3", currency="EUR", over_account=True), uses).total.amount == "0.01"
