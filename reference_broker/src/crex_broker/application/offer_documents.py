"""Offer documents by digest, read once: what a digest names never changes."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from crex import v1
from crex.documents import convert
from crex.documents.strict import loads
from crex_broker.application.ports.documents import DocumentStore
from crex_broker.domain.terms import Sale

# About 2 KB each.
_KEPT: Final = 20_000


class OfferDocuments:
    """Gives the terms of published offers. They were verified when they were published."""

    def __init__(self, documents: DocumentStore, authority: str) -> None:
        self._documents = documents
        self._authority = authority
        self._sales: OrderedDict[str, Sale] = OrderedDict()

    async def by_digest(self, sha256: str) -> Sale | None:
        """Gives the terms of the offer with this digest; nothing if none was ever published here."""
        sale = self._sales.get(sha256)
        if sale is not None:
            self._sales.move_to_end(sha256)
            return sale
        document = await self._documents.by_digest(self._authority, sha256)
        if document is None or document.type != "offer":
            return None
        offer = offer_of(document.envelope)
        sale = Sale.of(offer, sha256)
        self.put(sale)
        return sale

    def put(self, sale: Sale) -> None:
        """Keeps the terms of an offer that was just published."""
        self._sales[sale.sha256] = sale
        if len(self._sales) > _KEPT:
            self._sales.popitem(last=False)


def offer_of(envelope: bytes) -> v1.Offer:
    """Gives the offer of a kept envelope, which was verified when it was published."""
    body = loads(v1.Envelope.FromString(envelope).payload)
    return convert.to_message(body, v1.Offer)
