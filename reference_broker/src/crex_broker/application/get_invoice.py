"""GetInvoice: one invoice with a page of its lines, for seller and buyer."""

from __future__ import annotations

from typing import Final

from crex import v1
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.lease_messages import invoice_message
from crex_broker.application.page_tokens import PageTokens
from crex_broker.application.paging import BESIDE_BYTES, MAX_PAGE_BYTES
from crex_broker.application.ports.invoices import invoice_not_found

_METHOD: Final = "BillingService.GetInvoice"


class GetInvoice:
    """Reads one invoice; for everybody but its seller and its buyer it is not there (BILLING-PARTY-1)."""

    def __init__(self, context: Context) -> None:
        self._store = context.store
        self._limits = context.limits
        self._tokens = PageTokens(context.store.secret("page-tokens"), _METHOD)

    async def __call__(self, caller: Caller, request: v1.GetInvoiceRequest) -> v1.GetInvoiceResponse:
        """Reads.

        Raises:
            CrexError: NOT_FOUND, PAGE_TOKEN_MISMATCH.
        """
        asked = (request.invoice_id,)
        place = self._tokens.read(request.page_token, caller=caller.authority, filter_=asked)
        page = await self._store.invoices.invoice(
            caller.authority,
            request.invoice_id,
            from_number=int(place) if place else 1,
            limit=min(request.page_size or self._limits.max_page_size, self._limits.max_page_size),
            max_bytes=MAX_PAGE_BYTES - BESIDE_BYTES,
        )
        if page is None:
            raise invoice_not_found(request.invoice_id)
        more = ""
        if page.next_number is not None:
            more = self._tokens.make(str(page.next_number), caller=caller.authority, filter_=asked)
        response = v1.GetInvoiceResponse(
            record=invoice_message(page.invoice),
            invoice=v1.Envelope.FromString(page.document.envelope),
            lines=page.lines,
            next_page_token=more,
        )
        if page.acceptance is not None:
            response.acceptance.ParseFromString(page.acceptance)
        return response
