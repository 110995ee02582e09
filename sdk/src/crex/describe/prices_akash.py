"""Akash: deployment manifests (SDL), whose `pricing` says what a tenant would pay at most.

It is no price list: a price there is a tenant's bound on the bids of providers, for a block of the chain, in
a coin. It is read so that every price in it is told with the reason why it makes no plan.
"""

from __future__ import annotations

import re
from typing import Final

from crex.describe.members import Members
from crex.describe.price_plans import Plans, UnpricedError, currency_of
from crex.describe.sources import Source, read_yaml
from crex.describe.values import clean

_MANIFEST: Final = re.compile(r"(?m)^services:")
_PROFILES: Final = re.compile(r"(?m)^profiles:")
_BOUND: Final = "it is what a tenant would pay at most for a block of the chain, and no provider asks it"


def recognises(source: Source) -> bool:
    """Tells whether an input is a manifest."""
    return _MANIFEST.search(source.text) is not None and _PROFILES.search(source.text) is not None


def read(source: Source, plans: Plans) -> None:
    """Reads a manifest; a row is a price of a placement."""
    report = plans.books.report
    for parsed in read_yaml(source):
        if parsed.problem:
            plans.leave_out(plans.row(source.name), parsed.problem)
            continue
        manifest = Members.of(parsed.value, f"{source.name}: $", report)
        profiles = manifest.mapping("profiles") if manifest is not None else None
        placements = profiles.mapping("placement") if profiles is not None else None
        for _, placement in placements.mappings_by_name() if placements is not None else ():
            pricing = placement.mapping("pricing")
            if pricing is not None:
                for service in pricing.names():
                    _price(pricing, service, plans)


def _price(pricing: Members, service: str, plans: Plans) -> None:
    row = plans.row(pricing.place(clean(service, 60) or "?"))
    price = pricing.mapping(service)
    denomination = price.raw("denom") if price is not None else None
    try:
        currency_of(denomination)
    except UnpricedError as why:
        plans.leave_out(row, f"{_BOUND}; and {why}")
        return
    plans.leave_out(row, _BOUND)
