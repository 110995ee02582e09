"""When and to whom a component applies, and how its tiers do, in words (pricing.md)."""

from __future__ import annotations

from collections.abc import Iterator

from crex.decimals import counted
from crex.v1 import Granularity, GranularityScope, PriceComponent, Restrictions, TierModel

_DAYS = {"mon": "Mon", "tue": "Tue", "wed": "Wed", "thu": "Thu", "fri": "Fri", "sat": "Sat", "sun": "Sun"}
_SHOWN = 5


def conditions(component: PriceComponent, time_zone: str) -> str:
    """Returns the restrictions of a component in words; empty where it applies always and to all.

    Args:
        component: The component.
        time_zone: Time zone of its plan.
    """
    return "; ".join(_conditions(component.restrictions, time_zone))


def tier_words(component: PriceComponent, tier: int, unit: str) -> str:
    """Returns which part of the use a tier prices, in words; empty where there is one tier for all.

    Args:
        component: The component.
        tier: Number of the tier, from 1.
        unit: Unit of the billed quantity, for people.
    """
    if component.model == TierModel.TIER_MODEL_PACKAGE:
        return f"whole packages of {component.per_quantity} {unit}"
    if component.model == TierModel.TIER_MODEL_UNIT or not 0 < tier <= len(component.tiers):
        return ""
    low = component.tiers[tier - 2].up_to if tier > 1 else "0"
    last = component.tiers[tier - 1]
    part = f"above {low} {unit}, without end"
    if last.HasField("up_to"):
        part = f"above {low}, up to and including {last.up_to} {unit}"
    whole = "all of it, " if component.model == TierModel.TIER_MODEL_VOLUME else ""
    return f"tier {tier} ({whole}{part})"


def step_words(granularity: Granularity, unit: str) -> str:
    """Returns the granularity of billing in words."""
    least = f", at least {granularity.minimum}" if granularity.HasField("minimum") else ""
    each = "each stretch" if granularity.scope == GranularityScope.GRANULARITY_SCOPE_SEGMENT else "the period"
    return f"in steps of {granularity.step} {unit}{least}, once for {each}"


def _conditions(restrictions: Restrictions, time_zone: str) -> Iterator[str]:
    if restrictions.HasField("local_start") or restrictions.HasField("local_end"):
        start, end = restrictions.local_start or "00:00", restrictions.local_end or "24:00"
        over = ", over midnight" if end <= start else ""
        yield f"{start} until {end}{over}, local time of {time_zone}"
    if restrictions.days:
        yield "on " + ", ".join(_DAYS[day] for day in _DAYS if day in restrictions.days)
    if restrictions.local_dates:
        dates = sorted(restrictions.local_dates)
        more = f" and {counted(len(dates) - _SHOWN, 'more day')}" if len(dates) > _SHOWN else ""
        yield "on " + ", ".join(dates[:_SHOWN]) + more
    if restrictions.HasField("region"):
        yield f"in region {restrictions.region}"
    if restrictions.HasField("interruptible"):
        yield "interruptible offers only" if restrictions.interruptible else "no interruptible offers"
    if restrictions.HasField("commitment_id"):
        yield f"while commitment {restrictions.commitment_id} is in force"
