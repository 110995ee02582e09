"""Plans of which each supersedes the one before it, as far as they are published (PRICE-SUPERSEDES-1)."""

from __future__ import annotations

from typing import Final

from crex import v1
from crex.trust.verified import Verified
from crex_broker.application.context import Context
from crex_broker.application.sold_leases import published

# Plans that may supersede one another, at most.
_MOST: Final = 1000


async def plans_back_from(context: Context, party: str, pin: v1.Pin) -> list[Verified[v1.PricePlan]]:
    """Gives a plan and those that it supersedes, first to last, as far back as they are published here.

    Args:
        context: The broker.
        party: Who asks.
        pin: The last plan.

    Raises:
        CrexError: The reasons of verification, where a key was revoked as of a time before its document came.
    """
    found: list[Verified[v1.PricePlan]] = []
    wanted: v1.Pin | None = pin
    while wanted is not None and len(found) < _MOST:
        plan = await published(context, party, wanted, v1.PricePlan)
        if plan is None:
            break
        found.append(plan)
        wanted = plan.message.supersedes if plan.message.HasField("supersedes") else None
    return found[::-1]
