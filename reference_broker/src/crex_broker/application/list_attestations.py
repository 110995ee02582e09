"""ListAttestations: what is attested about a document or a party, and still stands."""

from __future__ import annotations

from typing import Final

from crex import v1
from crex.documents.times import to_ms
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.judgement import Judge
from crex_broker.application.page_tokens import PageTokens
from crex_broker.application.paging import fitting_page, page_size
from crex_broker.application.ports.attestations import AttestationPage, Attested
from crex_broker.application.ports.usage import KeptDocument

_METHOD: Final = "DiscoveryService.ListAttestations"


class ListAttestations:
    """Lists the attestations that name a subject, by ascending name (LIST-ATTEST-1).

    Attestations are public: who reads them verifies them by its own trust, and its policy says what counts.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._tokens = PageTokens(context.store.secret("page-tokens"), _METHOD)

    async def __call__(
        self, caller: Caller, request: v1.ListAttestationsRequest
    ) -> v1.ListAttestationsResponse:
        """Lists.

        Raises:
            CrexError: PAGE_TOKEN_MISMATCH.
        """
        context = self._context
        asked = (request.subject, request.predicate_type)
        after = self._tokens.read(request.page_token, caller=caller.authority, filter_=asked)
        now = context.clock.now()
        judge = Judge(context.trust, context.status, now)

        async def read(limit: int) -> AttestationPage:
            return await context.store.attestations.page(
                request.subject,
                predicate=request.predicate_type,
                after_id=after,
                limit=limit,
                now_ms=to_ms(now),
            )

        # What does not stand is left out after the page is cut, so that the token is the store's own word.
        page, envelopes = await fitting_page(
            read,
            lambda found: [v1.Envelope.FromString(one.document.envelope) for one in found.attestations],
            page_size(request.page_size, context.limits),
        )
        more = ""
        if page.next_id is not None:
            more = self._tokens.make(page.next_id, caller=caller.authority, filter_=asked)
        return v1.ListAttestationsResponse(
            attestations=[
                envelope
                for one, envelope in zip(page.attestations, envelopes, strict=True)
                if _stands(judge, one)
            ],
            next_page_token=more,
        )


def _stands(judge: Judge, one: Attested) -> bool:
    document = one.document
    kept = KeptDocument(document.id, document.revision, document.sha256, document.envelope, one.create_ms)
    error, _ = judge.document(kept, document.issuer, sells=False)
    return error is None
