"""Rules of one component of a price plan: kinds, tiers, steps, windows, accumulators, series (pricing.md)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from crex.decimals import parse_decimal
from crex.errors import CrexError, Violation
from crex.metering.span import timestamp_ms
from crex.names import Name
from crex.rating.windows import DAYS, day_number, weekday, window_of
from crex.rating.zone import DAY_MS
from crex.v1 import (
    AccumulatorReset,
    AccumulatorScope,
    ComponentKind,
    PriceComponent,
    PricePlan,
    Restrictions,
    TierModel,
)

_HELD = (ComponentKind.COMPONENT_KIND_TIME, ComponentKind.COMPONENT_KIND_GAUGE_TIME)
ONCE = (ComponentKind.COMPONENT_KIND_FLAT, ComponentKind.COMPONENT_KIND_ONE_OFF)
_ONE_TIER = (TierModel.TIER_MODEL_UNIT, TierModel.TIER_MODEL_PACKAGE)


def component_violations(component: PriceComponent, plan: PricePlan, path: str) -> Iterator[Violation]:
    """Yields every rule that a component breaks by itself.

    Args:
        component: A component in strict form.
        plan: The plan of which it is a part.
        path: JSON path of the component.
    """
    yield from above_zero(component.per_quantity, f"{path}.perQuantity", "PRICE-PER-1")
    yield from _granularity(component, path)
    yield from _tiers(component, path)
    yield from _flat_prices(component, path)
    yield from _once(component, path)
    if component.HasField("time_unit") and component.kind not in _HELD:
        yield Violation(
            f"{path}.timeUnit",
            "only what is held over time has a unit of time",
            "PRICE-MONTH-1",
            "leave timeUnit out, or use COMPONENT_KIND_TIME or COMPONENT_KIND_GAUGE_TIME",
        )
    yield from _accumulator(component, path)
    yield from _series(component, path)
    if component.HasField("restrictions"):
        yield from _window(component.restrictions, plan, f"{path}.restrictions")


def above_zero(text: str, path: str, requirement: str) -> Iterator[Violation]:
    """Yields a violation where a decimal is not above zero."""
    if parse_decimal(text) <= 0:
        yield Violation(path, f"{text} is not above zero", requirement, "state a number above zero")


def under_authority(name: str, publisher: str) -> bool:
    """Tells whether the name of a series is under its publisher's authority."""
    try:
        return Name.parse(name).authority == publisher
    except CrexError:
        return False


def _granularity(component: PriceComponent, path: str) -> Iterator[Violation]:
    if not component.HasField("granularity"):
        return
    granularity = component.granularity
    yield from above_zero(granularity.step, f"{path}.granularity.step", "PRICE-GRANULARITY-1")
    if granularity.HasField("minimum") and parse_decimal(granularity.minimum) < 0:
        yield Violation(
            f"{path}.granularity.minimum",
            f"{granularity.minimum} is below zero",
            "PRICE-GRANULARITY-1",
            "state a minimum of 0 or more, or none",
        )


def _tiers(component: PriceComponent, path: str) -> Iterator[Violation]:
    if component.model in _ONE_TIER and len(component.tiers) != 1:
        name = TierModel.Name(component.model).removeprefix("TIER_MODEL_")
        yield Violation(
            f"{path}.tiers",
            f"model {name} with {len(component.tiers)} tiers",
            "PRICE-TIER-1",
            "state one tier, or model TIER_MODEL_GRADUATED or TIER_MODEL_VOLUME",
        )
    previous = Fraction(0)
    for index, tier in enumerate(component.tiers):
        place, last = f"{path}.tiers[{index}].upTo", index == len(component.tiers) - 1
        if last and tier.HasField("up_to"):
            yield Violation(
                place,
                f"the last tier ends at {tier.up_to}, and more than that would have no price",
                "PRICE-TIER-2",
                "leave upTo out of the last tier",
            )
        elif not last and not tier.HasField("up_to"):
            yield Violation(
                place, "a tier without end is not the last", "PRICE-TIER-2", "state where it ends, in upTo"
            )
        elif not last and parse_decimal(tier.up_to) <= previous:
            yield Violation(
                place,
                f"{tier.up_to} is not above {previous}, where the tier begins",
                "PRICE-TIER-2",
                "list tiers by ascending upTo, each above zero",
            )
        else:
            previous = parse_decimal(tier.up_to) if tier.HasField("up_to") else previous


def _flat_prices(component: PriceComponent, path: str) -> Iterator[Violation]:
    reasons = (
        (component.model == TierModel.TIER_MODEL_PACKAGE, "on a tier of model PACKAGE"),
        (component.kind in ONCE, "of a component that is charged once"),
        (component.HasField("price_series"), "beside a price series"),
        (
            component.accumulator.reset == AccumulatorReset.ACCUMULATOR_RESET_TERM,
            "with a sum that goes on from bill to bill",
        ),
    )
    why = next((text for found, text in reasons if found), None)
    for index, tier in enumerate(component.tiers):
        if tier.HasField("flat_price") and why is not None:
            yield Violation(
                f"{path}.tiers[{index}].flatPrice",
                f"a fixed amount {why}",
                "PRICE-TIER-3",
                "leave flatPrice out, or state it as a component of COMPONENT_KIND_FLAT",
            )


def _once(component: PriceComponent, path: str) -> Iterator[Violation]:
    """Refuses what means nothing for a charge without a quantity (PRICE-FLAT-1)."""
    if component.kind not in ONCE:
        return
    rules = component.restrictions
    local = rules.HasField("local_start") or rules.HasField("local_end") or rules.days or rules.local_dates
    one_off = component.kind == ComponentKind.COMPONENT_KIND_ONE_OFF
    for member, found in (
        ("granularity", component.HasField("granularity")),
        ("timeUnit", component.HasField("time_unit")),
        ("priceSeries", component.HasField("price_series")),
        ("restrictions", bool(local)),
        ("model", component.model != TierModel.TIER_MODEL_UNIT),
        ("accumulator", one_off and component.HasField("accumulator")),
    ):
        if found:
            kind = "ONE_OFF" if one_off else "FLAT"
            what = {"model": "a model other than UNIT", "restrictions": "a window of local time"}
            yield Violation(
                f"{path}.{member}",
                f"a component of kind {kind} has {what.get(member, f'a member {member}')}",
                "PRICE-FLAT-1",
                "it is charged once whatever is used and when: leave this out",
            )


def _accumulator(component: PriceComponent, path: str) -> Iterator[Violation]:
    if not component.HasField("accumulator") or component.kind == ComponentKind.COMPONENT_KIND_ONE_OFF:
        return  # of ONE_OFF none is allowed at all
    flat = any(tier.HasField("flat_price") for tier in component.tiers)
    account = component.accumulator.scope == AccumulatorScope.ACCUMULATOR_SCOPE_ACCOUNT
    if component.model == TierModel.TIER_MODEL_UNIT and not flat and not account:
        yield Violation(
            f"{path}.accumulator",
            "one price for all needs no sum over a term",
            "PRICE-ACCUMULATOR-1",
            "state tiers, or scope ACCUMULATOR_SCOPE_ACCOUNT, or leave the accumulator out",
        )


def _series(component: PriceComponent, path: str) -> Iterator[Violation]:
    if not component.HasField("price_series"):
        return
    ref = component.price_series
    if component.model != TierModel.TIER_MODEL_UNIT:
        yield Violation(
            f"{path}.priceSeries",
            "a price series on a component of another model than UNIT",
            "PRICE-SERIES-1",
            "state model TIER_MODEL_UNIT with one tier, whose unitPrice is added to the series",
        )
    if not under_authority(ref.id, ref.publisher):
        yield Violation(
            f"{path}.priceSeries.id",
            f"{ref.id} is not a name under {ref.publisher}",
            "PRICE-SERIES-1",
            "name a series under its publisher's authority",
        )


def _window(rules: Restrictions, plan: PricePlan, path: str) -> Iterator[Violation]:
    """Refuses restrictions that never hold (PRICE-WINDOW-1)."""
    window = window_of(rules)
    if window.start_ms == window.end_ms:
        yield Violation(
            f"{path}.localEnd",
            f"the window ends where it begins, at {rules.local_start or '00:00'}",
            "PRICE-WINDOW-1",
            "state another end; 24:00 is the end of the day",
        )
    if not rules.local_dates:
        return
    days = {DAYS.index(day) for day in rules.days} or set(range(len(DAYS)))
    first = timestamp_ms(plan.effective_start) // DAY_MS - 1
    last = timestamp_ms(plan.effective_end) // DAY_MS + 1 if plan.HasField("effective_end") else None
    dates = [day_number(text) for text in rules.local_dates]
    # No reader needs a time zone database: dates are compared as they are, with a day to spare on both sides.
    if not any(weekday(day) in days and first <= day and (last is None or day <= last) for day in dates):
        yield Violation(
            f"{path}.localDates",
            "none of the dates falls on one of the days while the plan is effective",
            "PRICE-WINDOW-1",
            "correct dates or days, or leave the component out",
        )
