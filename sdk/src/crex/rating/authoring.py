"""What is asked of a price plan as it is written, and of no reader: registered tokens, a zone that exists.

Registries grow, and so do time zones: whoever reads a plan takes any token and any name. Whoever writes one
has probably misspelt what nobody knows (PRICE-UNIT-1, PRICE-ZONE-1).
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from crex import registry
from crex.errors import RatingError, Violation
from crex.rating.tzdata import require_zone
from crex.v1 import PricePlan

# What stands before the slash is whose token it is; no registry lists those.
_PRIVATE = "/"


def authoring_violations(plan: PricePlan) -> Iterator[Violation]:
    """Yields what a provider must not publish, by path, requirement and fix.

    Args:
        plan: A price plan in strict form.
    """
    try:
        require_zone(plan.time_zone)
    except RatingError as error:
        yield Violation("$.timeZone", error.message, "PRICE-ZONE-1", "use an IANA name such as Europe/Berlin")
    for index, component in enumerate(plan.components):
        path = f"$.components[{index}]"
        yield from _token(component.dimension, "PriceComponent.dimension", f"{path}.dimension")
        yield from _token(component.unit, "PriceComponent.unit", f"{path}.unit")


def _token(token: str, field: str, path: str) -> Iterator[Violation]:
    listed = registry.for_field(field)
    if listed is None or token in listed or _PRIVATE in token:
        return
    near = get_close_matches(token, listed.entries, n=1)
    meant = f"perhaps {near[0]} is meant" if near else f"see `crex registry show {listed.name}`"
    yield Violation(
        path,
        f'the registry "{listed.name}" does not list "{token}"',
        "PRICE-UNIT-1",
        f"{meant}; a token of your own begins with your authority, as in p.example.cn/{token[:40]}",
    )
