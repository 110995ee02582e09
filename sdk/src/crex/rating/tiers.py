"""From a quantity to priced parts: granularity and tiers (rate/1, steps 11 and 14)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil

from crex.rating.plan import Component, Steps, Tier


def billed(quantity: Fraction, steps: Steps | None) -> Fraction:
    """Returns what is billed of a quantity: max(minimum, ⌈quantity/step⌉·step) (step 11, RATE-GRANULARITY-1).

    It is applied once to the sum over a lease and billing period, never to a record. A sum of zero stays
    zero: a minimum is the least that is billed of a use, not a fee for none.
    """
    if steps is None or quantity == 0:
        return quantity
    return max(steps.minimum, ceil(quantity / steps.step) * steps.step)


def graduated(component: Component, total: Fraction) -> Iterator[tuple[int, Tier, Fraction]]:
    """Yields the part of a total that lies in each tier, from 1 (step 14, RATE-TIER-1).

    A tier holds the quantities in (previous `up_to`, `up_to`]. Tiers without a part are left out. A UNIT
    component has one tier without end, which holds everything.
    """
    previous = Fraction(0)
    for number, tier in enumerate(component.tiers, start=1):
        part = (total if tier.up_to is None else min(total, tier.up_to)) - previous
        if part <= 0:
            return
        yield number, tier, part
        previous += part
