"""CancelOrder: a consumer leaves a confirmed order by the offers' terms."""

from __future__ import annotations

from crex import v1
from crex.errors import CrexError
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.idempotency import answered, mutation_of
from crex_broker.application.messages import order_message
from crex_broker.application.ports.orders import OrderSnapshot
from crex_broker.application.ports.requests import Remembered
from crex_broker.domain.terms import check_cancellable


class CancelOrder:
    """Cancels an order whose leases never started, where every offer in it allows that (ORDER-CANCEL-1)."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, caller: Caller, request: v1.CancelOrderRequest) -> v1.CancelOrderResponse:
        """Cancels.

        Raises:
            CrexError: NOT_FOUND, TERMS, and those of `OrderStore.cancel_order`.
        """
        store = self._context.store
        mutation = mutation_of(caller, "MarketService.CancelOrder", request)

        async def cancel() -> Remembered[OrderSnapshot]:
            order = await store.orders.order(caller.authority, request.order)
            if order is not None and order.state == "CONFIRMED":
                await self._check_terms(order)
            return await store.orders.cancel_order(mutation, request.order, request.etag)

        remembered = await answered(store.requests, mutation, OrderSnapshot, cancel)
        return v1.CancelOrderResponse(order=order_message(remembered.outcome), replayed=remembered.replayed)

    async def _check_terms(self, order: OrderSnapshot) -> None:
        sales = [await self._context.offers.by_digest(line.offer_sha256) for line in order.lines]
        if not all(sales):
            raise CrexError("INTERNAL", f"An offer that {order.name} was made under is not in the store.")
        check_cancellable([sale for sale in sales if sale is not None])
