"""ListNotes: the notes on an invoice, first to last."""

from __future__ import annotations

from typing import Final

from crex import v1
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.lease_messages import note_message
from crex_broker.application.page_tokens import PageTokens
from crex_broker.application.paging import page_size
from crex_broker.application.ports.invoices import invoice_not_found

_METHOD: Final = "BillingService.ListNotes"


class ListNotes:
    """Lists notes; they are there for whoever may read the invoice (BILLING-PARTY-1, BILLING-DISPUTE-5)."""

    def __init__(self, context: Context) -> None:
        self._store = context.store
        self._limits = context.limits
        self._tokens = PageTokens(context.store.secret("page-tokens"), _METHOD)

    async def __call__(self, caller: Caller, request: v1.ListNotesRequest) -> v1.ListNotesResponse:
        """Lists; a thousand records are far below what a response may hold.

        Raises:
            CrexError: NOT_FOUND, PAGE_TOKEN_MISMATCH.
        """
        asked = (request.invoice_id,)
        place = self._tokens.read(request.page_token, caller=caller.authority, filter_=asked)
        page = await self._store.notes.notes(
            caller.authority,
            request.invoice_id,
            from_number=int(place) if place else 1,
            limit=page_size(request.page_size, self._limits),
        )
        if page is None:
            raise invoice_not_found(request.invoice_id)
        more = ""
        if page.next_number is not None:
            more = self._tokens.make(str(page.next_number), caller=caller.authority, filter_=asked)
        return v1.ListNotesResponse(notes=[note_message(note) for note in page.notes], next_page_token=more)
