"""GetOrder: one order with its documents, for its two parties."""

from __future__ import annotations

from crex import v1
from crex.errors import CrexError
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.messages import envelope_message, order_message


class GetOrder:
    """Reads one order; for everybody but its consumer and its provider it is not there (ORDER-PARTY-1)."""

    def __init__(self, context: Context) -> None:
        self._store = context.store

    async def __call__(self, caller: Caller, request: v1.GetOrderRequest) -> v1.GetOrderResponse:
        """Reads; two parties' documents of 1 MiB and a receipt of 16 lines fit into a response.

        Raises:
            CrexError: NOT_FOUND.
        """
        order = await self._store.orders.order(caller.authority, request.order)
        if order is None:
            raise CrexError(
                "NOT_FOUND",
                f"You have no order {request.order}. Check the name, and that you call as one of its "
                "parties.",
                details={"name": request.order},
            )
        return v1.GetOrderResponse(
            order=order_message(order),
            hold_receipt=await self._document(caller, order.hold_receipt_sha256),
            order_document=await self._document(caller, order.order_document_sha256),
            order_confirmation=await self._document(caller, order.order_confirmation_sha256),
        )

    async def _document(self, caller: Caller, sha256: str) -> v1.Envelope | None:
        if not sha256:
            return None
        return envelope_message(await self._store.documents.by_digest(caller.authority, sha256))
