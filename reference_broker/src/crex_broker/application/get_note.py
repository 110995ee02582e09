"""GetNote: one note on an invoice with a page of its lines."""

from __future__ import annotations

from typing import Final

from crex import v1
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.lease_messages import note_message
from crex_broker.application.page_tokens import PageTokens
from crex_broker.application.paging import BESIDE_BYTES, MAX_PAGE_BYTES
from crex_broker.application.ports.notes import note_not_found

_METHOD: Final = "BillingService.GetNote"


class GetNote:
    """Reads one note; it is there for whoever may read its invoice (BILLING-PARTY-1, BILLING-DISPUTE-5)."""

    def __init__(self, context: Context) -> None:
        self._store = context.store
        self._limits = context.limits
        self._tokens = PageTokens(context.store.secret("page-tokens"), _METHOD)

    async def __call__(self, caller: Caller, request: v1.GetNoteRequest) -> v1.GetNoteResponse:
        """Reads.

        Raises:
            CrexError: NOT_FOUND, PAGE_TOKEN_MISMATCH.
        """
        asked = (request.note_id,)
        place = self._tokens.read(request.page_token, caller=caller.authority, filter_=asked)
        page = await self._store.notes.note(
            caller.authority,
            request.note_id,
            from_number=int(place) if place else 1,
            limit=min(request.page_size or self._limits.max_page_size, self._limits.max_page_size),
            max_bytes=MAX_PAGE_BYTES - BESIDE_BYTES,
        )
        if page is None:
            raise note_not_found(request.note_id)
        more = ""
        if page.next_number is not None:
            more = self._tokens.make(str(page.next_number), caller=caller.authority, filter_=asked)
        return v1.GetNoteResponse(
            record=note_message(page.note),
            note=v1.Envelope.FromString(page.document.envelope),
            lines=page.lines,
            next_page_token=more,
        )
