"""Enrol: an operator lets a party in."""

from __future__ import annotations

from datetime import datetime

from crex import v1
from crex.errors import CrexError, Violation
from crex.trust.directory import TrustDirectory
from crex.trust.trust_record import TrustRecord
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.idempotency import answered, mutation_of
from crex_broker.application.judgement import affected_by, judge_offers
from crex_broker.application.messages import party_message
from crex_broker.application.ports.documents import NewDocument
from crex_broker.application.ports.parties import Enrolment, PartySnapshot
from crex_broker.application.ports.requests import Remembered
from crex_broker.application.roles import ROLES


class Enrol:
    """Pins a party's trust document and grants it roles (CHANNEL-ROLE-1)."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, caller: Caller, request: v1.EnrolRequest) -> v1.EnrolResponse:
        """Enrols.

        Raises:
            CrexError: SCHEMA (an unknown role), CONFLICT, the reasons of verification, and those of
            `PartyStore.enrol`.
        """
        mutation = mutation_of(caller, "AdminService.Enrol", request)

        async def enrol() -> Remembered[PartySnapshot]:
            check_roles(request)
            envelope = request.trust_document
            context = self._context
            now = context.clock.now()
            check_root_names(context.trust, envelope, now)
            # Pinned before it is written: what a party signed by its own roots harms nobody if the write then
            # fails.
            record = context.trust.pin(envelope, now=now)
            return await context.store.parties.enrol(
                mutation,
                Enrolment(
                    record.authority,
                    tuple(sorted(request.roles)),
                    trust_document_of(record),
                    tuple(sorted(set(request.jurisdictions))),
                    affected_by(context.trust, record.authority),
                ),
            )

        remembered = await answered(self._context.store.requests, mutation, PartySnapshot, enrol)
        if not remembered.replayed:
            self._context.roles.put(remembered.outcome)
            await judge_offers(self._context)
        return v1.EnrolResponse(party=party_message(remembered.outcome), replayed=remembered.replayed)


def check_root_names(trust: TrustDirectory, envelope: v1.Envelope, now: datetime) -> None:
    """Refuses a trust document with a TLS root of the name of another party's root (CHANNEL-ROOTS-2).

    The handshake tries all roots together and finds the one that issued a certificate by its name: under two
    of one name, one of the two parties is locked out.

    Raises:
        CrexError: CONFLICT, or the reasons of verification.
    """
    new = TrustDirectory().pin(envelope, now=now)
    others = [trust.current(name) for name in trust.authorities() if name != new.authority]
    known = {root.subject: (other.authority, root) for other in others if other for root in other.tls_roots}
    for at, root in enumerate(new.tls_roots):
        owner, standing = known.get(root.subject, ("", root))
        if standing.public_key() != root.public_key():
            raise CrexError(
                "CONFLICT",
                f"The TLS root {root.subject.rfc4514_string()} of {new.authority} has the name of a root "
                f"of {owner}, and another key: one of the two could no longer connect. Have "
                f"{new.authority} issue a root under a name of its own (CHANNEL-ROOTS-2).",
                details={"requirement": "CHANNEL-ROOTS-2", "path": f"$.tlsRoots[{at}]", "owner": owner},
            )


def trust_document_of(record: TrustRecord) -> NewDocument:
    """Gives a trust document that was accepted as the store keeps it."""
    return NewDocument(
        type="trust-document",
        id=record.name,
        revision=record.revision,
        sha256=record.digest,
        issuer=record.authority,
        envelope=record.parts.to_message().SerializeToString(deterministic=True),
    )


def check_roles(request: v1.EnrolRequest) -> None:
    """Refuses a role that no party has (CHANNEL-ROLE-1).

    Raises:
        CrexError: SCHEMA.
    """
    for at, role in enumerate(request.roles):
        if role not in ROLES:
            known = ", ".join(sorted(ROLES))
            violation = Violation(
                f"$.roles[{at}]", f"{role!r} is no role here", "CHANNEL-ROLE-1", f"Choose among {known}."
            )
            raise CrexError("SCHEMA", f"{role!r} is no role of this broker", violations=[violation])
