"""ListUsage: batches and exact records, so that either party can recompute."""

from __future__ import annotations

from typing import Final

from crex import v1
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.lease_messages import usage_message
from crex_broker.application.page_tokens import PageTokens
from crex_broker.application.paging import MAX_PAGE_BYTES, page_size
from crex_broker.application.ports.leases import lease_not_found
from crex_broker.application.ports.usage import KeptBatch

_METHOD: Final = "BillingService.ListUsage"


class ListUsage:
    """Lists the chain of a lease, for both its parties (BILLING-LIST-1)."""

    def __init__(self, context: Context) -> None:
        self._store = context.store
        self._limits = context.limits
        self._tokens = PageTokens(context.store.secret("page-tokens"), _METHOD)

    async def __call__(self, caller: Caller, request: v1.ListUsageRequest) -> v1.ListUsageResponse:
        """Lists.

        Raises:
            CrexError: NOT_FOUND, PAGE_TOKEN_MISMATCH.
        """
        asked = (request.lease,)
        place = self._tokens.read(request.page_token, caller=caller.authority, filter_=asked)
        page = await self._store.usage.batches(
            caller.authority,
            request.lease,
            after_seq=int(place) if place else 0,
            limit=page_size(request.page_size, self._limits),
            max_bytes=MAX_PAGE_BYTES,
        )
        if page is None:
            raise lease_not_found(request.lease)
        more = ""
        if page.next_seq is not None:
            more = self._tokens.make(str(page.next_seq), caller=caller.authority, filter_=asked)
        return v1.ListUsageResponse(
            batches=[_batch(batch) for batch in page.batches],
            next_page_token=more,
            periods=[usage_message(period) for period in page.periods],
        )


def _batch(kept: KeptBatch) -> v1.BatchWithRecords:
    batch = v1.BatchWithRecords.FromString(kept.records or b"")
    batch.batch.ParseFromString(kept.envelope)
    return batch
