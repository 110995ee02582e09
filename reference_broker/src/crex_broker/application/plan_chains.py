"""Plans of which each supersedes the one before it, as far as they are published (PRICE-SUPERSEDES-1)."""

from __future__ import annotations

from typing import Final

from crex import v1
from crex.documents.types import DocumentType
from crex.trust.verified import Verified
from crex_broker.application.context import Context
from crex_broker.application.sold_leases import reopen

_PLAN: Final = DocumentType.of(v1.PricePlan)
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
    store, found = context.store, list[Verified[v1.PricePlan]]()
    wanted: v1.Pin | None = pin
    while wanted is not None and len(found) < _MOST:
        public = await store.documents.by_digest(party, wanted.sha256)
        if public is None or public.type != _PLAN.token:
            break
        kept = await store.usage.kept(wanted.sha256)
        if kept is None:
            break
        found.insert(0, reopen(context, kept, v1.PricePlan))
        message = found[0].message
        wanted = message.supersedes if message.HasField("supersedes") else None
    return found
