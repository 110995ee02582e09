"""ListOffers: what is on sale, by name."""

from __future__ import annotations

from typing import Final

from crex import v1
from crex.documents.convert import to_message
from crex.documents.times import to_ms
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.messages import offer_message
from crex_broker.application.page_tokens import PageTokens
from crex_broker.application.paging import fitting_page, page_size
from crex_broker.application.ports.offers import OfferPage, OfferSnapshot
from crex_broker.domain.availability import availability

_METHOD: Final = "DiscoveryService.ListOffers"
# Before the place of a page of void offers, which come before those on sale; no name begins so.
_VOID: Final = "void "


class ListOffers:
    """Lists published offers of everyone, or of one provider, by ascending name."""

    def __init__(self, context: Context) -> None:
        self._store = context.store
        self._offers = context.offers
        self._clock = context.clock
        self._limits = context.limits
        self._tokens = PageTokens(context.store.secret("page-tokens"), _METHOD)

    async def __call__(self, caller: Caller, request: v1.ListOffersRequest) -> v1.ListOffersResponse:
        """Lists.

        Raises:
            CrexError: PAGE_TOKEN_MISMATCH.
        """
        asked = (request.provider,)
        after = self._tokens.read(request.page_token, caller=caller.authority, filter_=asked)
        size = page_size(request.page_size, self._limits)
        if request.provider == caller.authority and (not after or after.startswith(_VOID)):
            void = await self._void(caller.authority, after.removeprefix(_VOID), size)
            if void:
                more = self._tokens.make(_VOID + void[-1].id, caller=caller.authority, filter_=asked)
                return v1.ListOffersResponse(offers=void, next_page_token=more)
            after = ""

        async def read(limit: int) -> tuple[OfferPage, list[v1.OfferRecord]]:
            page = await self._store.offers.offers(provider=request.provider, after_id=after, limit=limit)
            return page, [offer_message(offer, await self._available(offer, page)) for offer in page.offers]

        (page, _), offers = await fitting_page(read, lambda found: found[1], size)
        more = ""
        if page.next_id is not None:
            more = self._tokens.make(page.next_id, caller=caller.authority, filter_=asked)
        return v1.ListOffersResponse(offers=offers, next_page_token=more)

    async def _void(self, provider: str, after_id: str, limit: int) -> list[v1.OfferRecord]:
        """Gives a part of a provider's own offers that were taken from sale, and why (OFFER-VOID-2)."""
        now_ms = to_ms(self._clock.now())
        void = await self._store.offers.void(provider, after_id=after_id, now_ms=now_ms, limit=limit)
        return [offer_message(offer) for offer in void]

    async def _available(self, offer: OfferSnapshot, page: OfferPage) -> list[v1.Availability]:
        """Gives what of an offer may be sold here, and when (AVAIL-LIST-1)."""
        windows = page.granted.get(offer.pool or "")
        sale = None if windows is None else await self._offers.by_digest(offer.sha256)
        if windows is None or sale is None:
            return []
        stated = availability(windows, mode=sale.mode, max_duration=sale.max_duration_text)
        return [to_message(one, v1.Availability) for one in stated]
