"""From a quantity to priced parts: the four models of tiers (rate/1, step 14)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from crex.rating.component import Component, Tier
from crex.v1 import TierModel


@dataclass(frozen=True, slots=True)
class Part:
    """A quantity that one tier, numbered from 1, prices."""

    number: int
    tier: Tier
    quantity: Fraction


def parts(component: Component, quantity: Fraction, opening: Fraction = Fraction(0)) -> list[Part]:
    """Returns what each tier prices of a quantity, where its accumulator stood at `opening` before.

    Tiers without a part are left out (RATE-ZERO-1).
    """
    if quantity <= 0:
        return []
    if component.model == TierModel.TIER_MODEL_VOLUME:
        return [_volume(component, quantity, opening)]
    if component.model == TierModel.TIER_MODEL_PACKAGE:
        bought = _packages(component, quantity, opening)
        return [Part(1, component.tiers[0], bought)] if bought else []
    return list(_graduated(component, quantity, opening))


def amount_of(component: Component, part: Part) -> Fraction:
    """Returns quantity × price ÷ divisor, and the tier's flat price (step 15; RATE-AMOUNT-1, RATE-FLAT-1)."""
    exact = part.quantity * part.tier.unit_price / component.per_quantity
    return exact if part.tier.flat_price is None else exact + part.tier.flat_price


def _graduated(component: Component, quantity: Fraction, opening: Fraction) -> Iterator[Part]:
    """Yields the part of a quantity that lies in each tier (RATE-TIER-1).

    A tier holds the quantities in (previous `up_to`, `up_to`]. A UNIT component has one tier without end,
    which holds everything.
    """
    done, total = opening, opening + quantity
    for number, tier in enumerate(component.tiers, start=1):
        end = total if tier.up_to is None else min(total, tier.up_to)
        if end > done:
            yield Part(number, tier, end - done)
            done = end


def _volume(component: Component, quantity: Fraction, opening: Fraction) -> Part:
    """Returns the whole quantity in the tier in which the total lies (RATE-VOLUME-1)."""
    total = opening + quantity
    for number, tier in enumerate(component.tiers, start=1):
        if tier.up_to is None or total <= tier.up_to:
            return Part(number, tier, quantity)
    raise AssertionError("the last tier has no end")


def _packages(component: Component, quantity: Fraction, opening: Fraction) -> Fraction:
    """Returns the quantity of the packages that are begun (RATE-PACKAGE-1)."""
    size = component.per_quantity
    return (ceil((opening + quantity) / size) - ceil(opening / size)) * size
