"""PublishDocument: what providers sell, price series, and documents of trust of everybody."""

from __future__ import annotations

from google.protobuf.message import Message

from crex import v1
from crex.documents import strict
from crex.documents.explain import unknown_members
from crex.documents.types import DocumentType
from crex.errors import CrexError
from crex.trust import steps
from crex.trust.envelope import read_parts
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.idempotency import answered, mutation_of
from crex_broker.application.judgement import first_judgement, judge_offers
from crex_broker.application.messages import offer_message
from crex_broker.application.opening import open_own
from crex_broker.application.ports.offers import Published
from crex_broker.application.ports.requests import Remembered
from crex_broker.application.publications import PUBLISHED, check_goods, judge_series, publication_of
from crex_broker.application.rejudging import judged_anew
from crex_broker.application.searchable import refresh
from crex_broker.application.times import ms_of
from crex_broker.application.trust_intake import TRUST_MATTERS, TrustIntake


class PublishDocument:
    """Takes in a document; an offer is searchable before the call returns (OFFER-SEARCHABLE-1)."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._trust = TrustIntake(context)
        self._types = {kind.payload_type: kind for kind in map(DocumentType.of, (*PUBLISHED, *TRUST_MATTERS))}

    async def __call__(
        self, caller: Caller, request: v1.PublishDocumentRequest
    ) -> v1.PublishDocumentResponse:
        """Publishes one document.

        Raises:
            CrexError: TYPE, ROLE, the reasons of verification, NOT_A_PARTY, TERMS, CONFLICT, and those of
            `OfferStore.publish`.
        """
        context = self._context
        mutation = mutation_of(caller, "MarketService.PublishDocument", request)

        async def publish() -> Remembered[Published]:
            read_parts(request.envelope)  # steps 1 to 3 come before the type (VERIFY-ORDER-1)
            kind = self._type_of(request.envelope)
            if self._trust.takes(request.envelope):
                return await self._trust.publish(caller, mutation, request.envelope)
            _check_role(caller, kind)
            opened = open_own(context, caller, request.envelope, kind.message)
            publication = publication_of(
                opened, context.limits, context.roles, judge_ms=self._judge_ms(opened.message)
            )
            publication = await judge_series(publication, opened, context.store.documents)
            await check_goods(publication, context.store.documents)
            done = await context.store.offers.publish(mutation, publication)
            if publication.offer is not None and publication.offer.judge_ms == 0:
                await judge_offers(context)
            await refresh(context, opened.id, offer=publication.offer is not None)
            return done

        remembered = await answered(context.store.requests, mutation, Published, lambda: judged_anew(publish))
        outcome = remembered.outcome
        return v1.PublishDocumentResponse(
            sha256=outcome.sha256,
            offer=None if outcome.offer is None else offer_message(outcome.offer),
            warnings=self._warnings(request.envelope),
            replayed=remembered.replayed,
        )

    def _judge_ms(self, message: Message) -> int | None:
        if not isinstance(message, v1.Offer):
            return None
        header = message.header
        return first_judgement(self._context, header, ms_of(header.valid_until, "$.header.validUntil"))

    def _type_of(self, envelope: v1.Envelope) -> DocumentType:
        kind = self._types.get(envelope.payload_type)
        if kind is None:
            raise steps.refusal(
                steps.TYPE,
                "TYPE",
                f"{envelope.payload_type!r} is not published: a provider publishes sites, resources, links, "
                "price plans and offers, a publisher price series, everybody trust documents, status lists "
                "and attestations. An allotment goes to GrantAllotment, an order to CommitOrder.",
                found=envelope.payload_type,
            )
        return kind

    def _warnings(self, envelope: v1.Envelope) -> list[str]:
        kind = self._type_of(envelope)
        if not kind.descriptive:
            return []
        return [str(warning) for warning in unknown_members(strict.loads(envelope.payload), kind.message)]


def _check_role(caller: Caller, kind: DocumentType) -> None:
    """Refuses a document of a type that the caller is not enrolled to publish (BILLING-SERIES-1)."""
    wanted = "publisher" if kind.signer == "publisher" else "provider"
    if wanted not in caller.roles:
        held = ", ".join(sorted(caller.roles)) or "nothing"
        raise CrexError(
            "ROLE",
            f"A {kind.token} is published by a {wanted}; {caller.authority} is enrolled here as {held}. Ask "
            "the broker's operator to enrol the party with that role (BILLING-SERIES-1).",
            details={"requirement": "BILLING-SERIES-1", "type": kind.token},
        )
