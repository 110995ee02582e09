"""ListInvoices: the caller's invoices, newest first."""

from __future__ import annotations

from typing import Final

from crex import v1
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.lease_messages import invoice_message
from crex_broker.application.page_tokens import PageTokens
from crex_broker.application.paging import fitting_page, page_size

_METHOD: Final = "BillingService.ListInvoices"


class ListInvoices:
    """Lists invoices of which the caller is seller or buyer (BILLING-PARTY-1)."""

    def __init__(self, context: Context) -> None:
        self._store = context.store
        self._limits = context.limits
        self._tokens = PageTokens(context.store.secret("page-tokens"), _METHOD)

    async def __call__(self, caller: Caller, request: v1.ListInvoicesRequest) -> v1.ListInvoicesResponse:
        """Lists.

        Raises:
            CrexError: PAGE_TOKEN_MISMATCH.
        """
        state = v1.InvoiceState.Name(request.state).removeprefix("INVOICE_STATE_") if request.state else ""
        asked = (state, request.lease)
        place = self._tokens.read(request.page_token, caller=caller.authority, filter_=asked)
        page, invoices = await fitting_page(
            lambda limit: self._store.invoices.invoices(
                caller.authority,
                state=state,
                lease=request.lease,
                before_seq=int(place) if place else None,
                limit=limit,
            ),
            lambda page: [invoice_message(invoice) for invoice in page.invoices],
            page_size(request.page_size, self._limits),
        )
        more = ""
        if page.next_seq is not None:
            more = self._tokens.make(str(page.next_seq), caller=caller.authority, filter_=asked)
        return v1.ListInvoicesResponse(invoices=invoices, next_page_token=more)
