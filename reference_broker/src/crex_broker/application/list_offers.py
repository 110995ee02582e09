"""ListOffers: what is on sale, by name."""

from __future__ import annotations

from typing import Final

from crex import v1
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.messages import offer_message
from crex_broker.application.page_tokens import PageTokens
from crex_broker.application.paging import fitting_page, page_size

_METHOD: Final = "DiscoveryService.ListOffers"


class ListOffers:
    """Lists published offers of everyone, or of one provider, by ascending name."""

    def __init__(self, context: Context) -> None:
        self._store = context.store
        self._limits = context.limits
        self._tokens = PageTokens(context.store.secret("page-tokens"), _METHOD)

    async def __call__(self, caller: Caller, request: v1.ListOffersRequest) -> v1.ListOffersResponse:
        """Lists.

        Raises:
            CrexError: PAGE_TOKEN_MISMATCH.
        """
        asked = (request.provider,)
        after = self._tokens.read(request.page_token, caller=caller.authority, filter_=asked)
        page, offers = await fitting_page(
            lambda limit: self._store.offers.offers(provider=request.provider, after_id=after, limit=limit),
            lambda page: [offer_message(offer) for offer in page.offers],
            page_size(request.page_size, self._limits),
        )
        more = ""
        if page.next_id is not None:
            more = self._tokens.make(page.next_id, caller=caller.authority, filter_=asked)
        return v1.ListOffersResponse(offers=offers, next_page_token=more)
