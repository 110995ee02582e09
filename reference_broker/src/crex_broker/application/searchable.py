"""Keeps the view that is searched equal to what is committed."""

from __future__ import annotations

from crex_broker.application.context import Context
from crex_broker.application.ports.offers import OfferSnapshot

_STANDING = "PUBLISHED"


async def refresh(context: Context, id_: str, *, offer: bool) -> None:
    """Reads anew what the index holds of an offer, or of every offer that a site or a pool stands behind.

    Called after the commit and before the caller is answered. Two calls may overlap: the index keeps the
    later state of each offer.

    Args:
        context: The broker.
        id_: Name of the document or pool that changed.
        offer: Whether it is an offer itself.
    """
    names = [id_] if offer else await context.store.offers.standing_on(id_)
    for name in names:
        for standing in await context.store.offers.standing(name):
            context.index.put(standing)


async def follow(context: Context, offer: OfferSnapshot) -> None:
    """Takes an offer into the index or out of it, as its state says."""
    if offer.state == _STANDING:
        await refresh(context, offer.id, offer=True)
    else:
        context.index.remove(offer.id, offer.version)
