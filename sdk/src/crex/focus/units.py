"""Units in FOCUS's style: `2.99 per 3600 unit-seconds` is 2.99 a `Unit-Hour` (UnitFormat).

A price is per `per_quantity` of a unit. Its pricing unit is the largest named one that divides
`per_quantity`: days, hours or minutes of 86400, 3600 or 60 seconds; GB of 10^9 bytes, GiB of 2^30. What is
left over stands before a unit that is counted (`1000 Tokens`), and divides the price of one that is held over
time, since FOCUS knows no `2 GPU-Hours`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from crex.focus.catalogue import MEASURES, SECONDS_OF, Measure, spelled
from crex.v1 import ComponentKind

_DAY, _HOUR, _MINUTE = 86400, 3600, 60
_TIMES: Final = ((_DAY, "Days"), (_HOUR, "Hours"), (_MINUTE, "Minutes"), (1, "Seconds"))
_LEASED: Final = ("compute-unit", "unit")
_HELD: Final = (ComponentKind.COMPONENT_KIND_TIME, ComponentKind.COMPONENT_KIND_GAUGE_TIME)


@dataclass(frozen=True, slots=True)
class PricingUnit:
    """A pricing unit.

    Attributes:
        name: FOCUS's name, such as `GPU-Hours`.
        size: How much of a line's billed quantity one is; above zero.
    """

    name: str
    size: Fraction


@dataclass(frozen=True, slots=True)
class Units:
    """How a component's quantity is named.

    Attributes:
        pricing: What it is priced in.
        consumed: What it is metered in.
    """

    pricing: PricingUnit
    consumed: str


def units_of(
    dimension: str,
    unit: str,
    kind: ComponentKind.ValueType,
    per: Fraction,
    *,
    time_unit: str = "s",
    held: str = "",
) -> Units:
    """Returns the names of a quantity's units.

    Args:
        dimension: Dimension token.
        unit: Unit token.
        kind: Kind of the component.
        per: The divisor of its prices; above zero.
        time_unit: `s` or `month`, of kinds that are held.
        held: What one unit is, such as `GPU`, where that is known better than from the token.
    """
    measure = (
        Measure(held, f"{held}s") if held and (dimension, unit) == _LEASED else _measure(dimension, unit)
    )
    if kind in _HELD and time_unit == "month":
        return Units(_held(measure, per, ((1, "Months"),)), f"{measure.singular}-Months")
    if kind in _HELD and not measure.singular:  # seconds, held over seconds
        return Units(PricingUnit("Second-Seconds", Fraction(1)), "Second-Seconds")
    if kind in _HELD or (measure.seconds and measure.singular):
        return Units(_held(measure, per, _TIMES), f"{measure.singular}-Seconds")
    if measure.seconds:
        return Units(_counted(Measure("", "Seconds"), per, _TIMES[:-1]), "Seconds")
    return Units(_counted(measure, per, ()), measure.plural)


def _measure(dimension: str, unit: str) -> Measure:
    if unit == "s":
        return Measure(SECONDS_OF.get(dimension, ""), "", seconds=True)
    known = MEASURES.get(unit)
    if known is not None:
        return known
    name = spelled(unit) or "Unit"
    return Measure(name, name if name.endswith("s") or name.isupper() else f"{name}s")


def _held(measure: Measure, per: Fraction, times: tuple[tuple[int, str], ...]) -> PricingUnit:
    """Something for a time: the longest time, then the largest multiple, that divide `per`."""
    time, name = next((each for each in times if _whole(per / each[0])), times[-1])
    size = Fraction(time)
    singular = measure.singular
    for larger, many in measure.larger:
        if _whole(per / (size * many)):
            singular, size = larger, size * many
            break
    return PricingUnit(f"{singular}-{name}", size)


def _counted(measure: Measure, per: Fraction, times: tuple[tuple[int, str], ...]) -> PricingUnit:
    """Something by itself: the largest multiple that divides `per`, and how many of it are priced at once."""
    multiples = (*measure.larger, *((name, Fraction(time)) for time, name in times))
    plural, size = next((each for each in multiples if _whole(per / each[1])), (measure.plural, Fraction(1)))
    many = per / size
    if not _whole(many) or many == 1:
        return PricingUnit(plural, size)
    return PricingUnit(f"{many.numerator} {plural}", per)


def _whole(value: Fraction) -> bool:
    return value.denominator == 1
