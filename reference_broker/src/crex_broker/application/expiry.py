"""What ends by itself in the market, holds and offers; each function may run at any moment."""

from __future__ import annotations

from typing import Final

from crex_broker.application.context import Context
from crex_broker.application.searchable import follow

# Objects that one transaction ends, so that no other waits long for the writer.
_AT_ONCE: Final = 200


async def expire_holds(context: Context) -> int:
    """Ends every hold whose time is over (timer hold-expiry); gives how many."""
    ended = 0
    while names := await context.store.orders.expire_holds(_AT_ONCE):
        ended += len(names)
        if len(names) < _AT_ONCE:
            break
    return ended


async def expire_offers(context: Context) -> int:
    """Ends every offer whose time is over and takes it out of search (timer offer-expiry); gives how many."""
    ended = 0
    while offers := await context.store.offers.expire_offers(_AT_ONCE):
        for offer in offers:
            await follow(context, offer)
        ended += len(offers)
        if len(offers) < _AT_ONCE:
            break
    return ended
