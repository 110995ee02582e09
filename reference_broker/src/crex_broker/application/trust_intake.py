"""What PublishDocument takes from everybody: trust documents, status lists, attestations.

A party's own word about itself needs no role: whoever is enrolled may rotate its keys, take back what it
signed, and show what others say of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from crex import v1
from crex.documents.types import DocumentType
from crex.errors import CrexError
from crex.names import authority_of
from crex.trust.verified import Verified
from crex.trust.verify import open_envelope
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.enrol import check_root_names, trust_document_of
from crex_broker.application.judgement import affected_by, judge_offers
from crex_broker.application.opening import check_size, new_document
from crex_broker.application.ports.attestations import AttestationFacts
from crex_broker.application.ports.offers import Published
from crex_broker.application.ports.requests import Mutation, Remembered
from crex_broker.application.times import ms_of

TRUST_MATTERS: Final = (v1.TrustDocument, v1.StatusList, v1.Attestation)


class TrustIntake:
    """Takes in one document of trust; what it changes for stored offers is done before the call returns."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._takes: Mapping[str, Any] = {
            DocumentType.of(v1.TrustDocument).payload_type: self._trust_document,
            DocumentType.of(v1.StatusList).payload_type: self._status_list,
            DocumentType.of(v1.Attestation).payload_type: self._attestation,
        }

    def takes(self, envelope: v1.Envelope) -> bool:
        """Tells whether an envelope is of a type that is taken in here."""
        return envelope.payload_type in self._takes

    async def publish(
        self, caller: Caller, mutation: Mutation, envelope: v1.Envelope
    ) -> Remembered[Published]:
        """Takes a document in.

        Raises:
            CrexError: The reasons of verification, NOT_A_PARTY, CONFLICT, and those of `AttestationStore`.
        """
        check_size(self._context, envelope)
        done: Remembered[Published] = await self._takes[envelope.payload_type](caller, mutation, envelope)
        return done

    async def _trust_document(
        self, caller: Caller, mutation: Mutation, envelope: v1.Envelope
    ) -> Remembered[Published]:
        context = self._context
        now = context.clock.now()
        if not context.roles.of(caller.authority) or caller.authority == context.authority:
            raise CrexError(
                "NOT_A_PARTY",
                f"{caller.authority} is no party of this broker, whose trust document it could take. The "
                "first one is for the broker's operator to enrol; the broker's own comes with its identity "
                "(PUBLISH-TRUST-1).",
                details={"requirement": "PUBLISH-TRUST-1"},
            )
        check_root_names(context.trust, envelope, now)
        before = affected_by(context.trust, caller.authority)
        # Taken before it is written, as by Enrol: what a party signed by its own roots harms nobody if the
        # write then fails, and whoever calls from now on is judged by it (CHANNEL-RECHECK-1).
        record = context.trust.pin(envelope, now=now, authority=caller.authority)
        affected = {*before, *affected_by(context.trust, caller.authority)}
        done = await context.store.attestations.publish_trust(
            mutation, trust_document_of(record), tuple(sorted(affected))
        )
        await judge_offers(context)
        return done

    async def _status_list(
        self, _caller: Caller, mutation: Mutation, envelope: v1.Envelope
    ) -> Remembered[Published]:
        # Nobody but its issuer makes a list, so it does not matter who brings it (PUBLISH-STATUS-1).
        context = self._context
        now = context.clock.now()

        def taken() -> Verified[v1.StatusList]:
            opened = open_envelope(envelope, v1.StatusList, context.trust, now=now)
            context.status.take(opened, context.trust, now)
            return opened

        # A list of the greatest size takes ten milliseconds and more: nobody else waits for it.
        opened = await asyncio.to_thread(taken)
        done = await context.store.attestations.publish_status(mutation, new_document(opened))
        await judge_offers(context)
        return done

    async def _attestation(
        self, caller: Caller, mutation: Mutation, envelope: v1.Envelope
    ) -> Remembered[Published]:
        context = self._context
        opened = open_envelope(
            envelope, v1.Attestation, context.trust, now=context.clock.now(), status=context.status
        )
        _check_concerned(caller, opened)
        header = opened.message.header
        facts = AttestationFacts(
            subjects=tuple(subject.id or subject.sha256 for subject in opened.message.subjects),
            predicate=opened.message.predicate_type,
            end_ms=ms_of(header.valid_until, "$.header.validUntil")
            if header.HasField("valid_until")
            else None,
        )
        return await context.store.attestations.publish(mutation, new_document(opened), facts)


def _check_concerned(caller: Caller, opened: Verified[v1.Attestation]) -> None:
    """Lets an issuer publish its attestations, and whom they are about (PUBLISH-ATTEST-1)."""
    about = {authority_of(subject.id) for subject in opened.message.subjects if subject.id}
    if caller.authority not in {opened.issuer, *about}:
        raise CrexError(
            "NOT_A_PARTY",
            f"{opened.id} is by {opened.issuer} about {', '.join(sorted(about)) or 'bytes with no name'}, "
            f"and {caller.authority} sent it; its issuer publishes it, or one whom it names "
            "(PUBLISH-ATTEST-1).",
            details={"issuer": opened.issuer, "caller": caller.authority, "requirement": "PUBLISH-ATTEST-1"},
        )
