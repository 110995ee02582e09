"""Who is enrolled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from crex_broker.application.ports.documents import NewDocument
from crex_broker.application.ports.requests import Mutation, Remembered


@dataclass(frozen=True, slots=True)
class PartySnapshot:
    """A party at one instant; the fields are those of `crex.v1.Party`, times in milliseconds."""

    authority: str
    roles: tuple[str, ...]
    trust_revision: int
    trust_sha256: str
    create_ms: int
    update_ms: int
    jurisdictions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A party that is to be enrolled, its verified trust document, its roles, and its countries, sorted.

    The countries are those whose records it may read as auditor (SUPERVISE-SCOPE-1). The offers of those who
    are affected by a new trust document are judged again; nobody named: those of the party itself.
    """

    authority: str
    roles: tuple[str, ...]
    trust_document: NewDocument
    jurisdictions: tuple[str, ...] = ()
    affected: tuple[str, ...] = ()


class PartyStore(Protocol):
    """Enrolment records and the trust documents under them."""

    async def enrol(self, mutation: Mutation, enrolment: Enrolment) -> Remembered[PartySnapshot]:
        """Enrols a party, or changes its roles and its trust document.

        Raises:
            CrexError: REQUEST_ID_REUSED, NAME_EXISTS, TRUST_ROLLBACK (a higher revision is pinned).
        """
        ...

    async def parties(self) -> Sequence[PartySnapshot]:
        """Gives everyone who is enrolled, by ascending authority."""
        ...

    async def jurisdictions(self, authority: str) -> tuple[str, ...]:
        """Gives the countries whose records a party may read as auditor; none of one that is not enrolled."""
        ...

    async def trust_documents(self) -> Sequence[bytes]:
        """Gives the pinned trust document of everyone, all revisions ascending, as serialised envelopes."""
        ...
