"""AppendUsage and SealUsage: signed batches with their exact records."""

from __future__ import annotations

import asyncio

from crex import v1
from crex.errors import CrexError
from crex.trust.verified import Verified
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.idempotency import answered, mutation_of
from crex_broker.application.lease_messages import usage_message
from crex_broker.application.opening import open_own
from crex_broker.application.ports.requests import Remembered
from crex_broker.application.ports.usage import NewBatch, UsageSnapshot, UsageView
from crex_broker.application.rejudging import judged_anew
from crex_broker.application.sold_leases import SoldLease, SoldLeases, reopen
from crex_broker.application.usage_intake import check_same_records, new_batch, view_for
from crex_broker.application.usage_judgement import Judged, check_final_readings, judge_bounds, judge_chain


class AppendUsage:
    """Accepts a batch of an open period."""

    def __init__(self, context: Context, sold: SoldLeases) -> None:
        self._intake = _Intake(context, sold)

    async def __call__(self, caller: Caller, request: v1.AppendUsageRequest) -> v1.AppendUsageResponse:
        """Appends.

        Raises:
            CrexError: NOT_FOUND, the reasons of verification, SUBJECT, TERMS, USAGE_GAP, CONFLICT,
                USAGE_OUT_OF_BOUNDS, and those of `UsageStore.append`.
        """
        taken = await self._intake.take(caller, request, "AppendUsage", "append")
        return v1.AppendUsageResponse(usage=usage_message(taken.outcome), replayed=taken.replayed)


class SealUsage:
    """Accepts the final batch of a period."""

    def __init__(self, context: Context, sold: SoldLeases) -> None:
        self._intake = _Intake(context, sold)

    async def __call__(self, caller: Caller, request: v1.SealUsageRequest) -> v1.SealUsageResponse:
        """Seals; raises what AppendUsage raises."""
        taken = await self._intake.take(caller, request, "SealUsage", "seal")
        return v1.SealUsageResponse(usage=usage_message(taken.outcome), replayed=taken.replayed)


class _Intake:
    """Takes a batch in: verified and judged outside the transaction, held to the same state inside."""

    def __init__(self, context: Context, sold: SoldLeases) -> None:
        self._context = context
        self._sold = sold

    async def take(
        self,
        caller: Caller,
        request: v1.AppendUsageRequest | v1.SealUsageRequest,
        method: str,
        event: str,
    ) -> Remembered[UsageSnapshot]:
        store = self._context.store
        mutation = mutation_of(caller, f"BillingService.{method}", request)

        async def attempt() -> Remembered[UsageSnapshot]:
            batch = await self._judged(caller, request, event)
            return await store.usage.append(mutation, batch)

        return await answered(store.requests, mutation, UsageSnapshot, lambda: judged_anew(attempt))

    async def _judged(
        self, caller: Caller, request: v1.AppendUsageRequest | v1.SealUsageRequest, event: str
    ) -> NewBatch:
        opened = open_own(self._context, caller, request.batch, v1.UsageBatch)
        message = opened.message
        _check_final(opened, event)
        view = await view_for(self._context.store.usage, caller, opened)
        default_ms = self._context.limits.usage_grace_ms
        if view.known:
            check_same_records(opened, request.records)
            return new_batch(opened, request.records, view, None, event, grace_ms=default_ms)
        sold = await self._sold.of(view.sale)
        sold.sale.check_batch(opened)  # BILLING-SIGNER-1, BILLING-ORDER-1
        judged = await asyncio.to_thread(judge_chain, view, opened, request.records)
        await self._check_bounds(view, sold, message, judged)
        if event == "seal":
            await self._check_receipt(view, judged)
        grace_ms = sold.usage_grace_ms(default_ms)
        return new_batch(opened, request.records, view, judged, event, grace_ms=grace_ms)

    async def _check_bounds(
        self, view: UsageView, sold: SoldLease, message: v1.UsageBatch, judged: Judged
    ) -> None:
        span = judged.span
        earlier: tuple[bytes, ...] = ()
        if span is not None:
            lease = view.sale.lease.name
            earlier = tuple(await self._context.store.usage.reaching_into(lease, span.start_ms, span.end_ms))
        await asyncio.to_thread(judge_bounds, view, sold.sale, message, judged, earlier)

    async def _check_receipt(self, view: UsageView, judged: Judged) -> None:
        lease = view.sale.lease
        if lease.ended_ms is None or judged.head.end_ms < lease.ended_ms:
            return  # not released, or a period before the release
        receipt = await self._context.store.usage.kept(lease.release_receipt_sha256)
        if receipt is not None:
            check_final_readings(judged, reopen(self._context, receipt, v1.ReleaseReceipt).message)


def _check_final(opened: Verified[v1.UsageBatch], event: str) -> None:
    final = opened.message.final
    if final != (event == "seal"):
        wanted = "SealUsage takes final batches" if not final else "a final batch goes to SealUsage"
        raise CrexError(
            "TERMS",
            f"{opened.id} is {'' if final else 'not '}final, and {wanted}. Call the other method "
            "(BILLING-SEAL-1).",
            details={"requirement": "BILLING-SEAL-1"},
        )
