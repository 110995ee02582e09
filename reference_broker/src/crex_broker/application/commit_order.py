"""CommitOrder: the consumer's signed order turns a hold into a commitment."""

from __future__ import annotations

from typing import Final

from crex import v1
from crex.documents.times import to_ms
from crex.errors import CrexError
from crex.metering.span import Span
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.idempotency import answered, mutation_of
from crex_broker.application.messages import order_message
from crex_broker.application.naming import new_id
from crex_broker.application.opening import new_document, open_own
from crex_broker.application.ports.orders import OrderCommit, OrderSnapshot
from crex_broker.application.ports.requests import Remembered
from crex_broker.application.price_plans import PricePlans
from crex_broker.application.spending import check_spend_limit
from crex_broker.application.times import interval_ms
from crex_broker.domain.terms import Sale, check_interface

_METHOD: Final = "MarketService.CommitOrder"


class CommitOrder:
    """Commits a hold, and tells the provider to answer."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._plans = PricePlans(context.store.documents, context.authority)

    async def __call__(self, caller: Caller, request: v1.CommitOrderRequest) -> v1.CommitOrderResponse:
        """Commits.

        Raises:
            CrexError: NOT_FOUND, the reasons of verification (AUDIENCE, REPLAY among them), SUBJECT, TERMS,
                BUDGET_EXCEEDED, and those of `OrderStore.commit_order`.
        """
        context = self._context
        mutation = mutation_of(caller, _METHOD, request)

        async def commit() -> Remembered[OrderSnapshot]:
            prepared = await self._prepare(caller, request)
            done = await context.store.orders.commit_order(mutation, prepared)
            context.commands.ring(done.outcome.provider)
            return done

        remembered = await answered(context.store.requests, mutation, OrderSnapshot, commit)
        return v1.CommitOrderResponse(order=order_message(remembered.outcome), replayed=remembered.replayed)

    async def _prepare(self, caller: Caller, request: v1.CommitOrderRequest) -> OrderCommit:
        order = await self._context.store.orders.order(caller.authority, request.order)
        if order is None:
            raise CrexError(
                "NOT_FOUND",
                f"You have no hold {request.order}. Check the name, and that you call as its consumer.",
                details={"name": request.order},
            )
        opened = open_own(
            self._context,
            caller,
            request.envelope,
            v1.OrderDocument,
            audience=order.provider,
            request_id=request.request_id,
        )
        document = opened.message
        _check_hold(order, document)
        sales = [await self._sale(line.offer_sha256) for line in order.lines]
        check_interface(sales, document.interface)
        if document.HasField("spend_limit"):
            bought = [(sale, line.quantity) for sale, line in zip(sales, order.lines, strict=True)]
            span = Span(order.start_ms, order.end_ms)
            await check_spend_limit(self._plans, bought, span, document.spend_limit)
        stated = [sale.acceptance_ms for sale in sales if sale.acceptance_ms is not None]
        return OrderCommit(
            order=order.name,
            document=new_document(opened, provider=order.provider, consumer=order.consumer),
            command_id=new_id(to_ms(self._context.clock.now())),
            acceptance_ms=min(stated, default=self._context.limits.acceptance_ms),
        )

    async def _sale(self, sha256: str) -> Sale:
        sale = await self._context.offers.by_digest(sha256)
        if sale is None:
            raise CrexError("INTERNAL", "An offer that was held is not in the store.")
        return sale


def _check_hold(order: OrderSnapshot, document: v1.OrderDocument) -> None:
    """Requires that the document commits exactly this hold (ORDER-HOLD-1, ORDER-ITEM-1)."""
    if document.hold_receipt.sha256 != order.hold_receipt_sha256:
        raise CrexError(
            "SUBJECT",
            f"The order pins a hold receipt with digest {document.hold_receipt.sha256}, and that of "
            f"{order.name} is {order.hold_receipt_sha256}. Pin the receipt that CreateHold returned.",
            details={"field": "holdReceipt", "sha256": order.hold_receipt_sha256},
        )
    held = [
        (line.offer, line.offer_revision, line.offer_sha256, line.quantity, order.start_ms, order.end_ms)
        for line in order.lines
    ]
    bought = [
        (
            item.offer.id,
            item.offer.revision,
            item.offer.sha256,
            item.quantity,
            *interval_ms(item.interval, f"$.items[{at}].interval"),
        )
        for at, item in enumerate(document.items)
    ]
    if held != bought:
        raise CrexError(
            "TERMS",
            f"The items of the order are not those of the hold {order.name}: same offers, quantities and "
            "interval, in the same order. Copy them from the hold receipt.",
            details={"order": order.name, "requirement": "ORDER-ITEM-1"},
        )
