"""ListDisputes: the caller's disputes, newest first."""

from __future__ import annotations

from typing import Final

from crex import v1
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.lease_messages import dispute_message
from crex_broker.application.page_tokens import PageTokens
from crex_broker.application.paging import fitting_page, page_size

_METHOD: Final = "BillingService.ListDisputes"


class ListDisputes:
    """Lists disputes that the caller may read (BILLING-PARTY-1, BILLING-DISPUTE-5)."""

    def __init__(self, context: Context) -> None:
        self._store = context.store
        self._limits = context.limits
        self._tokens = PageTokens(context.store.secret("page-tokens"), _METHOD)

    async def __call__(self, caller: Caller, request: v1.ListDisputesRequest) -> v1.ListDisputesResponse:
        """Lists.

        Raises:
            CrexError: PAGE_TOKEN_MISMATCH.
        """
        state = v1.DisputeState.Name(request.state).removeprefix("DISPUTE_STATE_") if request.state else ""
        asked = (state, request.invoice_id)
        place = self._tokens.read(request.page_token, caller=caller.authority, filter_=asked)
        page, disputes = await fitting_page(
            lambda limit: self._store.disputes.disputes(
                caller.authority,
                state=state,
                invoice=request.invoice_id,
                before_seq=int(place) if place else None,
                limit=limit,
            ),
            lambda page: [dispute_message(dispute) for dispute in page.disputes],
            page_size(request.page_size, self._limits),
        )
        more = ""
        if page.next_seq is not None:
            more = self._tokens.make(str(page.next_seq), caller=caller.authority, filter_=asked)
        return v1.ListDisputesResponse(disputes=disputes, next_page_token=more)
