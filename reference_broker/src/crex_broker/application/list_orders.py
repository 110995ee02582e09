"""ListOrders: the caller's orders, newest first."""

from __future__ import annotations

from typing import Final

from crex import v1
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.messages import order_message
from crex_broker.application.page_tokens import PageTokens
from crex_broker.application.paging import fitting_page, page_size

_METHOD: Final = "MarketService.ListOrders"


class ListOrders:
    """Lists orders of which the caller is the consumer or the provider (ORDER-PARTY-1)."""

    def __init__(self, context: Context) -> None:
        self._store = context.store
        self._limits = context.limits
        self._tokens = PageTokens(context.store.secret("page-tokens"), _METHOD)

    async def __call__(self, caller: Caller, request: v1.ListOrdersRequest) -> v1.ListOrdersResponse:
        """Lists.

        Raises:
            CrexError: PAGE_TOKEN_MISMATCH.
        """
        state = v1.OrderState.Name(request.state).removeprefix("ORDER_STATE_") if request.state else ""
        asked = (state,)
        place = self._tokens.read(request.page_token, caller=caller.authority, filter_=asked)
        page, orders = await fitting_page(
            lambda limit: self._store.orders.orders(caller.authority, state=state, before=place, limit=limit),
            lambda page: [order_message(order) for order in page.orders],
            page_size(request.page_size, self._limits),
        )
        more = ""
        if page.before is not None:
            more = self._tokens.make(page.before, caller=caller.authority, filter_=asked)
        return v1.ListOrdersResponse(orders=orders, next_page_token=more)
