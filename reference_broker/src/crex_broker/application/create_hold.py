"""CreateHold: units are taken for a time, and the broker signs that they are."""

from __future__ import annotations

from typing import Final

from crex import v1
from crex.demand.offer_constraints import check_properties
from crex.documents.convert import to_json
from crex.documents.times import to_ms
from crex.errors import CrexError
from crex.metering.span import Span
from crex.trust.envelope import digest
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.hold_by_policy import check_hold
from crex_broker.application.hold_receipt import RECEIPT, receipt_body
from crex_broker.application.idempotency import answered, mutation_of
from crex_broker.application.judge_policy import PolicyJudge
from crex_broker.application.judgement import check_holdable
from crex_broker.application.messages import envelope_message, order_message
from crex_broker.application.naming import new_id
from crex_broker.application.ports.documents import NewDocument
from crex_broker.application.ports.orders import NewHold, OrderLine, OrderSnapshot
from crex_broker.application.ports.requests import Remembered
from crex_broker.application.signing import sign
from crex_broker.application.times import duration_ms, interval_ms
from crex_broker.domain.terms import Sale, check_buyer, check_duration, check_quantity

_METHOD: Final = "MarketService.CreateHold"


class CreateHold:
    """Holds units.

    Names, expiry and the signed receipt are made before the transaction, so that the one writer neither signs
    nor waits; the transaction checks again, in the store's time, that what the receipt says is still true.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._judge = PolicyJudge(context)

    async def __call__(self, caller: Caller, request: v1.CreateHoldRequest) -> v1.CreateHoldResponse:
        """Holds.

        Raises:
            CrexError: SCHEMA, NOT_FOUND, OFFER_CHANGED, TERMS, POLICY, QUORUM, and those of
                `OrderStore.create_hold`.
        """
        store = self._context.store
        mutation = mutation_of(caller, _METHOD, request)
        receipts: list[v1.Envelope] = []

        async def hold() -> Remembered[OrderSnapshot]:
            new, receipt = await self._prepare(caller, request)
            receipts.append(receipt)
            return await store.orders.create_hold(mutation, new)

        remembered = await answered(store.requests, mutation, OrderSnapshot, hold)
        order = remembered.outcome
        if remembered.replayed:
            # The stored bytes, not a receipt that says the same (HOLD-REPLAY-1).
            kept = await store.documents.by_digest(caller.authority, order.hold_receipt_sha256)
            receipts = [receipt for receipt in (envelope_message(kept),) if receipt is not None]
        return v1.CreateHoldResponse(
            order=order_message(order), hold_receipt=receipts[-1], replayed=remembered.replayed
        )

    async def _prepare(self, caller: Caller, request: v1.CreateHoldRequest) -> tuple[NewHold, v1.Envelope]:
        """Gives the hold as it is to be written, and its signed receipt."""
        limits = self._context.limits
        start_ms, end_ms = interval_ms(request.interval, "$.interval")
        sales = [await self._sale(item) for item in request.items]
        check_holdable(self._context, sales)
        self._check(sales, request, end_ms - start_ms)
        check_properties(request.properties)
        quantities = [item.quantity for item in request.items]
        check_buyer(sales, quantities, Span(start_ms, end_ms), request.properties)
        if request.HasField("policy"):
            asked = [(sale.id, sale.sha256) for sale in sales]
            now = self._context.clock.now()
            await check_hold(self._judge, self._context.store.documents, request.policy, asked, now=now)
        now_ms = to_ms(self._context.clock.now())
        expire_ms = now_ms + self._ttl(request)
        id_ = new_id(now_ms)
        order = f"crex://{self._context.authority}/order/{id_}"
        lines = tuple(
            [
                OrderLine(
                    sale.id,
                    sale.sha256,
                    sale.revision,
                    item.quantity,
                    f"crex://{self._context.authority}/lease/{id_}-{at}",
                    sale.pool or "",
                )
                for at, (sale, item) in enumerate(zip(sales, request.items, strict=True), start=1)
            ]
        )
        receipt_id = f"crex://{self._context.authority}/hold-receipt/{id_}"
        body = receipt_body(
            receipt_id,
            issuer=self._context.authority,
            order=order,
            consumer=caller.authority,
            provider=sales[0].provider,
            lines=lines,
            start_ms=start_ms,
            end_ms=end_ms,
            issued_ms=now_ms,
            expire_ms=expire_ms,
            properties=[to_json(one) for one in request.properties],
        )
        envelope = await sign(self._context.signer, body, RECEIPT)
        new = NewHold(
            order=order,
            consumer=caller.authority,
            provider=sales[0].provider,
            lines=lines,
            start_ms=start_ms,
            end_ms=end_ms,
            expire_ms=expire_ms,
            receipt=NewDocument(
                type=RECEIPT.token,
                id=receipt_id,
                revision=1,
                sha256=digest(body),
                issuer=self._context.authority,
                envelope=envelope.SerializeToString(deterministic=True),
                provider=sales[0].provider,
                consumer=caller.authority,
                concerns=tuple([sale.sha256 for sale in sales]),
            ),
            max_live_holds=limits.max_live_holds,
            late_start_ms=limits.late_start_ms,
        )
        return new, envelope

    async def _sale(self, item: v1.HoldRequestItem) -> Sale:
        sale = await self._context.offers.by_digest(item.offer_sha256)
        if sale is not None and sale.id == item.offer_id:
            return sale
        standing = await self._context.store.offers.offer(item.offer_id)
        if standing is None:
            raise CrexError(
                "NOT_FOUND",
                f"There is no offer {item.offer_id} here. Search again.",
                details={"offer": item.offer_id},
            )
        raise CrexError(
            "OFFER_CHANGED",
            f"The offer {item.offer_id} is not the one that was read: its digest is {standing.sha256}. Read "
            "it again and decide.",
            details={"offer": item.offer_id, "sha256": standing.sha256},
        )

    def _check(self, sales: list[Sale], request: v1.CreateHoldRequest, length_ms: int) -> None:
        for sale, item in zip(sales, request.items, strict=True):
            if sale.provider != sales[0].provider:
                raise CrexError(
                    "TERMS",
                    f"{sale.id} is {sale.provider}'s and {sales[0].id} is {sales[0].provider}'s; one hold "
                    "is of one provider. Hold them apart.",
                    details={"offer": sale.id},
                )
            if sale.pool is None:
                raise CrexError(
                    "TERMS",
                    f"The offer {sale.id} informs only: it names no pool, so nothing of it can be held "
                    "here. Choose an offer that search marks as holdable.",
                    details={"offer": sale.id, "requirement": "OFFER-POOL-2"},
                )
            check_quantity(sale, item.quantity)
            check_duration(sale, length_ms)

    def _ttl(self, request: v1.CreateHoldRequest) -> int:
        limits = self._context.limits
        if not request.HasField("ttl"):
            return limits.default_hold_ms
        ttl_ms = duration_ms(request.ttl, "$.ttl")
        if not 0 < ttl_ms <= limits.max_hold_ms:
            raise CrexError(
                "LIMIT",
                f"A hold of {ttl_ms / 1000:g} s is not possible here: it lasts more than 0 and at most "
                f"{limits.max_hold_ms // 1000} s. Ask for less, and hold again if need be.",
                details={"max_hold_seconds": str(limits.max_hold_ms // 1000)},
            )
        return ttl_ms
