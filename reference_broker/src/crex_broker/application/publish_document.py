"""PublishDocument: a provider's site, resource, link, price plan or offer."""

from __future__ import annotations

from crex import v1
from crex.documents import strict
from crex.documents.explain import unknown_members
from crex.documents.types import DocumentType
from crex.trust import steps
from crex.trust.envelope import read_parts
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.idempotency import answered, mutation_of
from crex_broker.application.messages import offer_message
from crex_broker.application.opening import open_own
from crex_broker.application.ports.offers import Published
from crex_broker.application.ports.requests import Remembered
from crex_broker.application.publications import PUBLISHED, check_goods, publication_of
from crex_broker.application.searchable import refresh


class PublishDocument:
    """Takes in a document; an offer is searchable before the call returns (OFFER-SEARCHABLE-1)."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._types = {kind.payload_type: kind for kind in map(DocumentType.of, PUBLISHED)}

    async def __call__(
        self, caller: Caller, request: v1.PublishDocumentRequest
    ) -> v1.PublishDocumentResponse:
        """Publishes one document.

        Raises:
            CrexError: TYPE, the reasons of verification, NOT_A_PARTY, TERMS, and those of
            `OfferStore.publish`.
        """
        mutation = mutation_of(caller, "MarketService.PublishDocument", request)

        async def publish() -> Remembered[Published]:
            read_parts(request.envelope)  # steps 1 to 3 come before the type (VERIFY-ORDER-1)
            kind = self._type_of(request.envelope)
            opened = open_own(self._context, caller, request.envelope, kind.message)
            publication = publication_of(opened, self._context.limits)
            await check_goods(publication, self._context.store.documents)
            done = await self._context.store.offers.publish(mutation, publication)
            await refresh(self._context, opened.id, offer=publication.offer is not None)
            return done

        remembered = await answered(self._context.store.requests, mutation, Published, publish)
        outcome = remembered.outcome
        return v1.PublishDocumentResponse(
            sha256=outcome.sha256,
            offer=None if outcome.offer is None else offer_message(outcome.offer),
            warnings=self._warnings(request.envelope),
            replayed=remembered.replayed,
        )

    def _type_of(self, envelope: v1.Envelope) -> DocumentType:
        kind = self._types.get(envelope.payload_type)
        if kind is None:
            raise steps.refusal(
                steps.TYPE,
                "TYPE",
                f"{envelope.payload_type!r} is not published: a provider publishes sites, resources, links, "
                "price plans and offers. An allotment goes to GrantAllotment, an order to CommitOrder.",
                found=envelope.payload_type,
            )
        return kind

    def _warnings(self, envelope: v1.Envelope) -> list[str]:
        kind = self._type_of(envelope)
        if not kind.descriptive:
            return []
        return [str(warning) for warning in unknown_members(strict.loads(envelope.payload), kind.message)]
