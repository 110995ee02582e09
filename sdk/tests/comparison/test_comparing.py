"""Several plans side by side: break-even points, currencies, and what is told of each."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

import pytest

from crex.comparison import Comparison, Crossing, compare, crossings
from crex.comparison.report import lines, to_json
from crex.comparison.table import lengths_up_to
from crex.errors import CrexError
from crex.rating import Plan
from sdk.tests.comparison.samples import (
    COUNT,
    DAY,
    HOUR,
    always,
    begin,
    component,
    demanded,
    plan,
    ready,
    reserved,
)


def compared(*plans: Plan, last: int = 1096 * DAY, points: int = 40, **more: object) -> Comparison:
    """Compares plans over three years, one unit for a year."""
    what = demanded(365 * DAY)
    return compare(plans, what, always(begin()), lengths_up_to(last, points), **more)  # type: ignore[arg-type]


def linear(price: int, fee: int = 0) -> Callable[[int], Fraction | None]:
    """A cost that grows by the hour."""
    return lambda length: Fraction(fee) + Fraction(price * length, HOUR)


def test_a_break_even_point_is_exact() -> None:
    """A fee of 100 and 1 an hour is cheaper than 2 an hour from 100 hours on."""
    (found,) = crossings(linear(2), linear(1, 100), [HOUR, 60 * HOUR, 200 * HOUR])
    assert found == Crossing(100 * HOUR, first_cheaper=False)


def test_plans_that_cost_the_same_do_not_cross() -> None:
    """Equal costs change no side; two that meet and part again do not either."""
    lengths = [HOUR, 100 * HOUR, 200 * HOUR]
    assert crossings(linear(2), linear(2), lengths) == []
    assert crossings(linear(1, 100), linear(2), [100 * HOUR, 200 * HOUR]) == []
    meeting = {HOUR: 5, 2 * HOUR: 3, 3 * HOUR: 5}
    assert crossings(lambda at: Fraction(meeting[at]), lambda _: Fraction(3), list(meeting)) == []


def test_an_equal_stretch_is_crossed_where_it_begins() -> None:
    """Where costs are equal for a while, the first is no longer dearer from its beginning on."""

    def first(length: int) -> Fraction:
        return Fraction(max(10, 20 - length // HOUR) - max(0, length // HOUR - 20))

    (found,) = crossings(first, lambda _: Fraction(10), [HOUR, 15 * HOUR, 40 * HOUR])
    assert found == Crossing(10 * HOUR, first_cheaper=True)


def test_where_a_plan_has_no_price_nothing_crosses() -> None:
    """Sides before and after a stretch without a price are not compared with each other."""

    def gap(length: int) -> Fraction | None:
        return None if length == 2 * HOUR else Fraction(length, HOUR)

    assert crossings(gap, lambda _: Fraction(2), [HOUR, 2 * HOUR, 3 * HOUR]) == []


def test_a_reservation_breaks_even() -> None:
    """27304.00 for three years are reached at 2.99 an hour after 9131 hours and some minutes."""
    found = compared(plan(component("2.99")), ready(reserved()))
    (change,) = found.changes
    assert (change.cheaper, change.dearer) == ("B", "A")
    assert change.length_ms == -(-27304 * HOUR * 100 // 299)
    text = "\n".join(lines(found))
    assert "Break-even: from 9131 h 46 min" in text
    told = [re.split(r" {2,}", line) for line in text.splitlines() if "price-plan" in line]
    assert told == [
        ["A", "crex://provider.example/price-plan/p1", "26192.40", "26192.4", "26192.40 EUR in 12 bills"],
        ["B", "crex://provider.example/price-plan/reserved", "27304.00", "27304", "27304.00 EUR in 36 bills"],
    ]


def test_currencies_stand_side_by_side() -> None:
    """Plans of two currencies are two tables, and nothing breaks even between them."""
    found = compared(plan(name="a"), plan(name="b", currency="USD"), plan(component("2"), name="c"))
    assert {currency: [one.letter for one in plans] for currency, plans in found.by_currency.items()} == {
        "EUR": ["A", "C"],
        "USD": ["B"],
    }
    assert found.changes == ()
    assert "are not compared; --currency with --rate converts them" in "\n".join(lines(found))


def test_a_rate_converts_exactly() -> None:
    """At 1.08 a euro, 100 euros are 108 dollars, exactly; the rate is told."""
    found = compare(
        [plan(name="a"), plan(component("1.1"), name="b", currency="USD")],
        demanded(100 * HOUR),
        always(begin()),
        lengths_up_to(100 * HOUR, 20),
        rates={"EUR": Fraction("1.08")},
        currency="USD",
    )
    (plans,) = found.by_currency.values()
    assert [(one.letter, one.worth(one.cost)) for one in plans] == [
        ("A", Fraction(108)),
        ("B", Fraction(110)),
    ]
    text = "\n".join(lines(found))
    assert "1 EUR is taken for 1.08 USD, as stated" in text
    assert "100.00 EUR in 1 bill" in text


def test_a_currency_that_is_none_is_refused() -> None:
    """A rate of a currency that does not exist converts nothing."""
    with pytest.raises(CrexError, match="not an active currency"):
        compared(plan(), rates={"ECU": Fraction(1)}, currency="EUR")


def test_what_cannot_be_compared_is_told() -> None:
    """A plan without a price, and one that does not apply, are told with the reason; the others stand."""
    sent = component("1", id="egress", dimension="egress", unit="gibibyte", kind=COUNT, per_quantity="1")
    late = plan(name="late")
    found = compare(
        [plan(sent, name="egress"), late, plan(component("1"), sent, name="both")],
        demanded(HOUR),
        always(begin("2025-12-31T23:00:00Z")),
        lengths_up_to(2 * HOUR, 20),
    )
    told = {one.letter: one.problem for one in found.plans}
    assert told["A"] == "it has no price for compute-unit in unit"
    assert "not for all of the time" in told["B"]
    assert "it applies from 2026-01-01T00:00:00Z" in told["B"]
    both = compared(plan(component("1"), sent))
    assert "A also prices egress in gibibyte, of which nothing is demanded." in "\n".join(lines(both))


@pytest.mark.parametrize("number", [0, 17])
def test_too_many_plans_are_no_comparison(number: int) -> None:
    """No plan, or more than letters and people can tell apart, are refused."""
    with pytest.raises(CrexError, match="name 1 to 16"):
        compared(*[plan()] * number)


def test_a_comparison_as_json_is_exact() -> None:
    """Costs are rationals in text, lengths whole milliseconds in text."""
    value = to_json(compared(plan(component("0.01", per_quantity=str(3 * 3600))), last=2 * HOUR, points=16))
    (found,) = value["plans"]
    assert found["exact"] == {"num": "146", "den": "5"}
    assert found["points"][0] == {"lengthMs": "450000", "exact": {"num": "1", "den": "2400"}}
    assert value["demand"]["quantities"] == [{"dimension": "compute-unit", "unit": "unit", "quantity": "1"}]


def test_lengths_end_where_they_should() -> None:
    """The last length is the whole, the first is above zero, none comes twice."""
    assert lengths_up_to(90, 3) == (30, 60, 90)
    assert lengths_up_to(2, 16) == (1, 2)
