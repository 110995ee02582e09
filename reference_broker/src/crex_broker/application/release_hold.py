"""ReleaseHold: a consumer gives a hold back."""

from __future__ import annotations

from crex import v1
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.idempotency import answered, mutation_of
from crex_broker.application.messages import order_message
from crex_broker.application.ports.orders import OrderSnapshot


class ReleaseHold:
    """Gives the units of a hold back before it lapses."""

    def __init__(self, context: Context) -> None:
        self._store = context.store

    async def __call__(self, caller: Caller, request: v1.ReleaseHoldRequest) -> v1.ReleaseHoldResponse:
        """Releases; see `OrderStore.release_hold` for what it may raise."""
        mutation = mutation_of(caller, "MarketService.ReleaseHold", request)
        remembered = await answered(
            self._store.requests,
            mutation,
            OrderSnapshot,
            lambda: self._store.orders.release_hold(mutation, request.order, request.etag),
        )
        return v1.ReleaseHoldResponse(order=order_message(remembered.outcome), replayed=remembered.replayed)
