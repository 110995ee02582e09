"""What a demand would cost: the same steps as a bill, exact, or unknown with the reason."""

from fractions import Fraction

import pytest

from crex.metering import Span
from crex.rating import UnknownPrice, price_of_demand
from crex.v1 import DemandQuantity
from sdk.tests.rating.samples import (
    END,
    START,
    at,
    bill,
    component,
    count,
    counted,
    lease,
    plan,
    plan_message,
    record,
)

HOUR = 3600


def tokens(quantity: str, unit: str = "tokens") -> DemandQuantity:
    """A demanded quantity of output."""
    return DemandQuantity(dimension="output", quantity=quantity, unit=unit)


def test_units_and_time() -> None:
    """Eight units for a day at 2.99 an hour are 574.08."""
    assert price_of_demand(plan(), 8, 24 * HOUR) == Fraction(57408, 100)


def test_a_message_serves_as_well() -> None:
    """A plan may be given as the message that it is."""
    assert price_of_demand(plan_message(), 1, HOUR) == Fraction(299, 100)


def test_nothing_is_rounded() -> None:
    """Six seconds at 2.99 an hour have a price, if a small one."""
    assert price_of_demand(plan(), 1, 6) == Fraction(299, 60000)


def test_quantities() -> None:
    """A counted dimension costs what is demanded of it, and nothing if nothing is."""
    priced = plan(component(), counted([("10", "0.1"), (None, "0.05")], id="tokens"))
    assert price_of_demand(priced, 1, HOUR) == Fraction("2.99")
    # Twelve tokens: ten at 0.1, two at 0.05.
    assert price_of_demand(priced, 1, HOUR, [tokens("5"), tokens("7")]) == Fraction("4.09")


def test_a_held_dimension_may_be_demanded_by_quantity() -> None:
    """Of what is held besides units, the demand states how much: 64 GiB for an hour."""
    memory = component("0.01", id="memory", dimension="memory", unit="gibibyte")
    demanded = DemandQuantity(dimension="memory", quantity="64", unit="gibibyte")
    price = price_of_demand(plan(component(), memory), 2, HOUR, [demanded])
    assert price == Fraction("5.98") + Fraction("0.64")


@pytest.mark.parametrize(
    ("demanded", "reason"),
    [
        (tokens("5", "token"), "no price for output in token"),
        (DemandQuantity(dimension="egress", quantity="1", unit="byte"), "no price for egress in byte"),
    ],
)
def test_a_dimension_without_price(demanded: DemandQuantity, reason: str) -> None:
    """What the plan does not price makes the price unknown; units are compared byte for byte."""
    price = price_of_demand(plan(component(), counted("1", id="tokens")), 1, HOUR, [demanded])
    assert isinstance(price, UnknownPrice)
    assert reason in price.reason


def test_an_interval_outside_the_plan() -> None:
    """Where the plan does not apply throughout, the price is unknown."""
    priced = plan(end=at("10T00:00:00"))
    inside, beyond = Span.between(START, at("10T00:00:00")), Span.between(START, at("10T00:00:01"))
    assert price_of_demand(priced, 1, inside.seconds, interval=inside) == Fraction("2.99") * 9 * 24
    assert isinstance(price_of_demand(priced, 1, beyond.seconds, interval=beyond), UnknownPrice)


def test_a_demand_costs_what_its_use_is_billed() -> None:
    """The price of a demand is the exact amount of a bill of exactly that use."""
    priced = plan(
        component([("3600000", "3"), (None, "2")], step="60"),
        counted("0.07", id="tokens", minimum="10", step="1"),
    )
    used = [record(START, END, "8"), count(START, END, "3.5")]
    exact = sum(line.exact_amount for line in bill(priced, used, of=lease(8)).lines)
    assert price_of_demand(priced, 8, Span.between(START, END).seconds, [tokens("3.5")]) == exact
