"""Enrol: an operator lets a party in."""

from __future__ import annotations

from typing import Final

from crex import v1
from crex.errors import CrexError, Violation
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.idempotency import answered, mutation_of
from crex_broker.application.messages import party_message
from crex_broker.application.ports.documents import NewDocument
from crex_broker.application.ports.parties import Enrolment, PartySnapshot
from crex_broker.application.ports.requests import Remembered

_ROLES: Final = ("admin", "consumer", "provider")


class Enrol:
    """Pins a party's trust document and grants it roles (CHANNEL-ROLE-1)."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, caller: Caller, request: v1.EnrolRequest) -> v1.EnrolResponse:
        """Enrols.

        Raises:
            CrexError: SCHEMA (an unknown role), the reasons of verification, and those of `PartyStore.enrol`.
        """
        mutation = mutation_of(caller, "AdminService.Enrol", request)

        async def enrol() -> Remembered[PartySnapshot]:
            _check_roles(request)
            envelope = request.trust_document
            # Pinned before it is written: what a party signed by its own roots harms nobody if the write then
            # fails.
            record = self._context.trust.pin(envelope, now=self._context.clock.now())
            document = NewDocument(
                type="trust-document",
                id=record.name,
                revision=record.revision,
                sha256=record.digest,
                issuer=record.authority,
                envelope=record.parts.to_message().SerializeToString(deterministic=True),
            )
            return await self._context.store.parties.enrol(
                mutation, Enrolment(record.authority, tuple(sorted(request.roles)), document)
            )

        remembered = await answered(self._context.store.requests, mutation, PartySnapshot, enrol)
        if not remembered.replayed:
            self._context.roles.put(remembered.outcome)
        return v1.EnrolResponse(party=party_message(remembered.outcome), replayed=remembered.replayed)


def _check_roles(request: v1.EnrolRequest) -> None:
    for at, role in enumerate(request.roles):
        if role not in _ROLES:
            known = ", ".join(_ROLES)
            violation = Violation(
                f"$.roles[{at}]", f"{role!r} is no role here", "CHANNEL-ROLE-1", f"Choose among {known}."
            )
            raise CrexError("SCHEMA", f"{role!r} is no role of this broker", violations=[violation])
