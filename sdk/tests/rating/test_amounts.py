"""What bills come to: the cases by which the design explains the algorithm, expected values by hand."""

from datetime import timedelta
from fractions import Fraction

import pytest

from crex.documents.times import from_ms, parse_time
from crex.errors import RatingError
from crex.metering import Span
from crex.rating import LeaseTerms, period_at
from sdk.tests.rating.samples import (
    END,
    START,
    activated,
    amounts,
    at,
    bill,
    component,
    count,
    counted,
    lease,
    plan,
    record,
    terminated,
)

SECOND = timedelta(seconds=1)


def seconds(number: int, quantity: str = "1") -> list[tuple[str, int]]:
    """Quantities and numbers of one-second records."""
    return [(quantity, seq) for seq in range(1, number + 1)]


def test_an_hour_of_one_second_records() -> None:
    """3,600 records of a second at 2.99 an hour come to 2.99: nothing is rounded per record (RATE-SUM-1)."""
    records = [
        record(START + seq * SECOND, START + (seq + 1) * SECOND, quantity, seq=seq)
        for quantity, seq in seconds(3600)
    ]
    split = bill(plan(), records)
    assert str(split.total) == "2.99 EUR"
    whole = bill(plan(), [record(START + SECOND, START + 3601 * SECOND)])
    assert split.digest == whole.digest


def test_two_leases_of_six_seconds() -> None:
    """Six seconds at 2.99 an hour are 0.00 for each lease: 0.0049833… rounds down."""
    rating = bill(plan(), [record(START, START + 6 * SECOND)])
    assert rating.lines[0].exact_amount == Fraction(299 * 6, 360000)
    assert amounts(rating) == ["0.00"]


@pytest.mark.parametrize(
    ("zone", "day", "anchor", "hours", "total"),
    [
        # Eight units at 2.99 an hour, for every hour of the local month.
        ("Europe/Berlin", "2026-10-10T00:00:00Z", 1, Fraction(745), "17820.40"),
        ("Europe/Berlin", "2026-03-10T00:00:00Z", 1, Fraction(743), "17772.56"),
        ("Australia/Lord_Howe", "2026-04-10T00:00:00Z", 1, Fraction(1441, 2), "17234.36"),
        ("America/Santiago", "2026-09-10T00:00:00Z", 6, Fraction(719), "17198.48"),
        ("America/New_York", "2026-11-10T00:00:00Z", 1, Fraction(721), "17246.32"),
    ],
)
def test_a_local_month_of_eight_units(zone: str, day: str, anchor: int, hours: Fraction, total: str) -> None:
    """A month has the hours that local clocks gave it, and each is paid."""
    period, offsets = period_at(zone, parse_time(day), anchor)
    assert period.seconds == hours * 3600
    terms = LeaseTerms(lease().name, lease().order, 8, period)
    whole = record(from_ms(period.start_ms), from_ms(period.end_ms), "8")
    assert amounts(bill(plan(), [whole], of=terms, period=period, zone=offsets)) == [total]


def test_ties_are_rounded_away_from_zero() -> None:
    """3.685 becomes 3.69 and -3.685 becomes -3.69: a credit mirrors its charge (RATE-ROUND-1)."""
    used = [count(START, START, "1")]
    assert amounts(bill(plan(counted("3.685")), used)) == ["3.69"]
    assert amounts(bill(plan(counted("-3.685")), used)) == ["-3.69"]


@pytest.mark.parametrize(
    ("currency", "price", "amount"),
    [
        ("JPY", "1.5", "2"),
        ("KWD", "0.0015", "0.002"),
        ("EUR", "0.005", "0.01"),
        ("EUR", "0.00499999", "0.00"),
    ],
)
def test_the_currency_says_how_many_digits(currency: str, price: str, amount: str) -> None:
    """An amount has the digits of its currency's minor unit in ISO 4217 (RATE-ROUND-1)."""
    rating = bill(plan(counted(price), currency=currency), [count(START, START, "1")])
    assert amounts(rating) == [amount]


TIERS = [("100", "0.1"), ("1000", "0.08"), (None, "0.05")]


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("100", ["10.00"]),  # the bound belongs to the tier that it ends
        ("100.000001", ["10.00", "0.00"]),
        ("1000.5", ["10.00", "72.00", "0.03"]),  # 0.025 is a tie: 82.03 in all
    ],
)
def test_graduated_tiers(quantity: str, expected: list[str]) -> None:
    """Each part of the sum is priced by the tier in which it lies, bounds included above (RATE-TIER-1)."""
    rating = bill(plan(counted(TIERS)), [count(START, START, quantity)])
    assert amounts(rating) == expected
    assert [line.tier for line in rating.lines] == list(range(1, len(expected) + 1))


def test_tiers_apply_to_the_sum_of_the_period() -> None:
    """Ten records of 100 fill the tiers as one record of 1000 does (RATE-TIER-1)."""
    records = [count(START, START, "100", seq=seq) for seq in range(1, 11)]
    one = bill(plan(counted(TIERS)), [count(START, START, "1000")])
    assert bill(plan(counted(TIERS)), records).digest == one.digest


@pytest.mark.parametrize(
    ("step", "minimum", "quantity", "amount"),
    [
        ("0.1", None, "20.45", "5.13"),  # 20.5 × 0.25 = 5.125
        ("0.1", None, "20.5", "5.13"),
        ("1", "30", "20.45", "7.50"),
        ("1", "30", "30.01", "7.75"),
        ("0.1", None, "0.3", "0.08"),  # 0.1 + 0.2 is 0.3 here
    ],
)
def test_granularity(step: str, minimum: str | None, quantity: str, amount: str) -> None:
    """Steps and a minimum apply to the sum of the period (RATE-GRANULARITY-1)."""
    priced = plan(counted("0.25", step=step, minimum=minimum))
    assert amounts(bill(priced, [count(START, START, quantity)])) == [amount]


def test_without_steps_the_sum_is_exact() -> None:
    """20.45 kWh at 0.25 come to 5.1125, which is 5.11 (RATE-AMOUNT-1)."""
    assert amounts(bill(plan(counted("0.25")), [count(START, START, "20.45")])) == ["5.11"]


def test_granularity_is_applied_once() -> None:
    """Two readings of 0.1 and 0.2 in steps of 0.1 are three; floats say four (RATE-GRANULARITY-1)."""
    priced = plan(counted("1", step="0.1"))
    rating = bill(priced, [count(START, START, "0.1"), count(START, START, "0.2", seq=2)])
    assert rating.lines[0].quantity == Fraction(3, 10)


def test_held_time_in_whole_hours_over_midnight() -> None:
    """An hour and a half over midnight is billed as two hours, not as one on each day."""
    priced = plan(component("1", step="3600"))
    records = [
        record(at("05T23:15:00"), at("06T00:00:00")),
        record(at("06T00:00:00"), at("06T00:45:00"), seq=2),
    ]
    assert amounts(bill(priced, records)) == ["2.00"]


def test_no_use_and_no_line() -> None:
    """Nothing used is no line, whatever the minimum says (RATE-ZERO-1)."""
    priced = plan(counted("1", step="1", minimum="10"))
    rating = bill(priced, [count(START, END, "0")])
    assert rating.lines == ()
    assert str(rating.total) == "0.00 EUR"


def test_use_that_nothing_prices() -> None:
    """Use without a component of its very unit is listed at 0 (PRICE-DIMENSION-1, RATE-UNPRICED-1)."""
    rating = bill(
        plan(counted("1", unit="token")), [count(START, START, "7"), count(START, START, "5", seq=2)]
    )
    (line,) = rating.lines
    assert (int(line.quantity), line.amount.amount) == (12, "0.00")
    assert (line.component, line.message().unpriced) == (None, True)


def test_the_first_component_wins() -> None:
    """Of two components for one dimension and unit the first in the list prices (RATE-COMPONENT-1)."""
    rating = bill(plan(counted("1"), counted("9", id="second")), [count(START, START, "3")])
    assert [(line.component, line.amount.amount) for line in rating.lines] == [("gpu", "3.00")]


def test_a_plan_that_ends_within_the_period() -> None:
    """Held time after the plan's end has no price; a count across the end must have been cut (RATE-CUT-1)."""
    ends = at("10T00:00:00")
    priced = plan(component("1", per="86400"), counted("1", id="tokens"), end=ends)
    rating = bill(priced, [record(at("09T00:00:00"), at("12T00:00:00"))])
    assert {line.component: line.quantity for line in rating.lines} == {"gpu": 86400, None: 2 * 86400}
    with pytest.raises(RatingError, match="across the cut") as refused:
        bill(priced, [count(at("09T00:00:00"), at("12T00:00:00"), "5")])
    assert (refused.value.reason, refused.value.details["step"]) == ("CUT_REQUIRED", "9")


def test_only_the_period_is_billed() -> None:
    """Held time is cut at the period's bounds; a count across them is refused (RATE-SPLIT-1, RATE-CUT-2)."""
    day = Span.between(at("05T00:00:00"), at("06T00:00:00"))
    held = record(at("04T00:00:00"), at("07T00:00:00"))
    assert amounts(bill(plan(component("1", per="86400")), [held], period=day)) == ["1.00"]
    with pytest.raises(RatingError) as refused:
        bill(plan(counted("1")), [count(at("05T23:00:00"), at("06T01:00:00"), "5")], period=day)
    assert refused.value.reason == "CUT_REQUIRED"


def test_numbers_beyond_any_machine_word() -> None:
    """Thirty digits times thirty, over eighteen, are exact to the last (RATE-EXACT-1, PRICE-PRICE-1)."""
    quantity, price, per = "99999999999999999.999999999999", "999999999999999999.999999999999", "9" * 18
    rating = bill(plan(counted(price, per=per)), [count(START, START, quantity)])
    exact = Fraction(10**29 - 1, 10**12) * Fraction(10**30 - 1, 10**12) / (10**18 - 1)
    assert rating.lines[0].exact_amount == exact
    assert len(str((10**29 - 1) * (10**30 - 1))) == 59
    assert amounts(rating) == ["100000000000000000.10"]


def test_an_amount_that_no_invoice_can_state() -> None:
    """An amount of more than eighteen integer digits is refused, never cut."""
    big = "999999999999999999"
    with pytest.raises(RatingError, match="18 integer digits") as refused:
        bill(plan(counted(big)), [count(START, START, big)])
    assert refused.value.reason == "LIMIT"


def test_termination_ends_the_bill() -> None:
    """Time is billed from activation to termination (RATE-ACTIVE-1)."""
    events = [activated(at("05T08:00:00")), terminated(at("05T09:00:00"))]
    held = record(at("05T08:00:00"), at("05T09:00:00"), "8")
    assert amounts(bill(plan(), [held], events=events)) == ["23.92"]
    with pytest.raises(RatingError) as refused:
        bill(plan(), [record(at("05T08:00:00"), at("05T09:00:00") + SECOND, "8")], events=events)
    assert refused.value.reason == "USAGE_OUT_OF_BOUNDS"
