"""What a demand would cost: the same steps as a bill, exact, or unknown with the reason."""

from fractions import Fraction
from typing import Any

import pytest

from crex.documents import convert
from crex.metering import Span
from crex.rating import Plan, UnknownPrice, price_of_demand
from crex.v1 import (
    Commitment,
    CommitmentKind,
    ComponentKind,
    Credit,
    CreditKind,
    DemandQuantity,
    Exchange,
    GranularityScope,
    PriceComponent,
    PricePlan,
    PriceSeriesRef,
    Restrictions,
    TaxRule,
)
from sdk.tests.rating.samples import (
    END,
    GAUGE,
    START,
    at,
    bill,
    component,
    count,
    counted,
    euros,
    lease,
    plan,
    plan_message,
    record,
)

HOUR = 3600
SERIES = PriceSeriesRef(
    id="crex://index.example/price-series/spot", publisher="index.example", max_unit_price="9"
)


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


def reason(price: Fraction | UnknownPrice) -> str:
    """Why a price is unknown."""
    assert isinstance(price, UnknownPrice)
    return price.reason


def fee(kind: ComponentKind.ValueType, price: str = "5", **more: Any) -> PriceComponent:
    """A component that is charged once."""
    return component(
        price, **{"id": "fee", "kind": kind, "per": "1", "dimension": "base", "unit": "fee", **more}
    )


def first_for(price: str, **restrictions: Any) -> PriceComponent:
    """A restricted component that comes before the one that always applies."""
    found = component(price, id="first")
    found.restrictions.CopyFrom(Restrictions(**restrictions))
    return found


@pytest.mark.parametrize("kind", [ComponentKind.COMPONENT_KIND_FLAT, ComponentKind.COMPONENT_KIND_ONE_OFF])
def test_what_is_charged_once_counts_once(kind: ComponentKind.ValueType) -> None:
    """A fee is added once, however many units and hours are demanded; it prices no quantity."""
    priced = plan(component(), fee(kind))
    assert price_of_demand(priced, 8, 10 * HOUR) == Fraction("239.2") + 5
    demanded = DemandQuantity(dimension="base", quantity="1", unit="fee")
    assert "no price for base" in reason(price_of_demand(priced, 8, HOUR, [demanded]))


def test_a_level_costs_like_time() -> None:
    """A level that is held is priced over the demanded time (GAUGE_TIME)."""
    storage = component("0.36", id="disk", kind=GAUGE, dimension="storage", unit="gibibyte")
    demanded = DemandQuantity(dimension="storage", quantity="100", unit="gibibyte")
    assert price_of_demand(plan(storage), 1, 2 * HOUR, [demanded]) == 72


def test_a_month_has_2628000_seconds() -> None:
    """A price by the month is ranked by a twelfth of 365 days; a price by the hour beside it is exact."""
    monthly = component("2628", per="1")
    monthly.time_unit = "month"
    assert price_of_demand(plan(monthly), 2, HOUR) == Fraction(2 * 2628 * HOUR, 2_628_000)


@pytest.mark.parametrize(
    ("restrictions", "known", "why"),
    [
        ({"local_start": "22:00"}, {}, "local time"),
        ({"days": ["sun"]}, {"region": "north", "interruptible": True}, "local time"),
        ({"region": "north"}, {}, "region"),
        ({"interruptible": True}, {"region": "north"}, "mode"),
    ],
)
def test_a_price_that_depends_on_what_is_not_told(
    restrictions: dict[str, Any], known: dict[str, Any], why: str
) -> None:
    """Where only local time, region or mode say which component applies, the price is unknown."""
    assert why in reason(price_of_demand(plan(first_for("1", **restrictions), component()), 1, HOUR, **known))


def test_a_restriction_that_makes_no_difference() -> None:
    """Where all components that may apply have one price, it is known; a lone window leaves time unpriced."""
    night = first_for("5.98", local_start="22:00", local_end="06:00")
    night.per_quantity = "7200"
    assert price_of_demand(plan(night, component()), 1, HOUR) == Fraction("2.99")
    assert "local time" in reason(price_of_demand(plan(night), 1, HOUR))
    tiered = component([("10", "2.99"), (None, "2.99")])
    assert "local time" in reason(price_of_demand(plan(night, tiered), 1, HOUR))


def test_region_and_mode_that_are_told() -> None:
    """An offer's region and mode decide where they are given."""
    priced = plan(first_for("1", region="north", interruptible=True), component())
    assert price_of_demand(priced, 1, HOUR, region="north", interruptible=True) == 1
    assert price_of_demand(priced, 1, HOUR, region="south") == Fraction("2.99")
    assert price_of_demand(priced, 1, HOUR, interruptible=False) == Fraction("2.99")
    assert price_of_demand(priced, 1, HOUR, region="") == Fraction("2.99")
    only = plan(first_for("1", region="north"))
    assert "of such an offer" in reason(price_of_demand(only, 1, HOUR, region="south"))


def test_a_series_matters_only_where_it_is_used() -> None:
    """What a series prices is unknown; as long as nothing of it is demanded, the rest is known."""
    power = counted("0", id="power", dimension="energy", unit="j")
    power.price_series.CopyFrom(SERIES)
    priced = plan(component(), power)
    assert price_of_demand(priced, 1, HOUR) == Fraction("2.99")
    demanded = DemandQuantity(dimension="energy", quantity="1", unit="j")
    assert "price series" in reason(price_of_demand(priced, 1, HOUR, [demanded]))


def test_steps_of_each_segment() -> None:
    """Steps of each stretch of time cannot be told where a window of another component cuts it."""
    stepped = component(step="60")
    stepped.granularity.scope = GranularityScope.GRANULARITY_SCOPE_SEGMENT
    assert price_of_demand(plan(stepped), 1, HOUR) == Fraction("2.99")
    later = first_for("9", days=["sun"])
    assert "stretch" in reason(price_of_demand(plan(stepped, later), 1, HOUR))


def changed(**members: Any) -> Plan:
    """The plan of one component and one of tokens, with further members."""
    message = plan_message(component("3.6"), counted("1", id="tokens", tax_category="vat"))
    message.MergeFrom(PricePlan(**members))
    return Plan.of(message)


def test_commitments_and_exchange() -> None:
    """A commitment and an exchange make every price unknown."""
    commitment = Commitment(
        id="c", kind=CommitmentKind.COMMITMENT_KIND_PERIOD_SPEND, amount="9", price="8", eligible=["gpu"]
    )
    assert "commitments" in reason(price_of_demand(changed(commitments=[commitment]), 1, HOUR))
    exchange = Exchange(currency="JPY", series=SERIES.id, publisher=SERIES.publisher)
    assert "JPY" in reason(price_of_demand(changed(exchange=exchange), 1, HOUR))


def test_discounts_in_percent_are_exact() -> None:
    """Discounts multiply what is in their basis, as long as they have not expired."""
    expires = convert.to_timestamp(at("02T00:00:00"))
    less = Credit(id="less", kind=CreditKind.CREDIT_KIND_PERCENT, percent="12.5", basis=["gpu"])
    priced = changed(credits=[less])
    assert price_of_demand(priced, 1, HOUR, [tokens("2")]) == Fraction("3.15") + 2
    less.expires.CopyFrom(expires)
    priced = changed(credits=[less])
    assert "expires" in reason(price_of_demand(priced, 1, HOUR))
    before, after = Span.between(START, at("01T01:00:00")), Span.between(at("02T00:00:00"), at("02T01:00:00"))
    assert price_of_demand(priced, 1, HOUR, interval=before) == Fraction("3.15")
    assert price_of_demand(priced, 1, HOUR, interval=after) == Fraction("3.6")


def test_what_would_change_the_amount() -> None:
    """Fixed credits and bounds make a price unknown where they would change it, and only there."""
    fixed = Credit(id="f", kind=CreditKind.CREDIT_KIND_FIXED, amount=euros("5.00"), basis=["tokens"])
    for members, why in (
        ({"credits": [fixed]}, "credit f"),
        ({"minimum": euros("3.61")}, ""),
        ({"maximum": euros("4.00")}, "maximum"),
    ):
        priced = changed(**members)
        if why:
            assert price_of_demand(priced, 1, HOUR) == Fraction("3.6")
            assert why in reason(price_of_demand(priced, 1, HOUR, [tokens("2")]))
        else:
            assert "minimum" in reason(price_of_demand(priced, 1, HOUR))
            assert price_of_demand(priced, 1, HOUR, [tokens("2")]) == Fraction("5.6")


def test_taxes_change_no_price() -> None:
    """Taxes on top are no part of a price, and those that it includes are: it is as the plan writes it."""
    rule = TaxRule(category="vat", rate="0.19", jurisdiction="de")
    for included in (False, True):
        taxed = changed(taxes=[rule], tax_included=included)
        assert price_of_demand(taxed, 1, HOUR, [tokens("2")]) == Fraction("5.6")


def test_a_demand_costs_what_its_use_is_billed() -> None:
    """The price of a demand is the exact amount of a bill of exactly that use."""
    priced = plan(
        component([("3600000", "3"), (None, "2")], step="60"),
        counted("0.07", id="tokens", minimum="10", step="1"),
    )
    used = [record(START, END, "8"), count(START, END, "3.5")]
    exact = sum(line.exact_amount for line in bill(priced, used, of=lease(8)).lines)
    assert price_of_demand(priced, 8, Span.between(START, END).seconds, [tokens("3.5")]) == exact
