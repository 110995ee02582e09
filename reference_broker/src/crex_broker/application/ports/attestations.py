"""What parties say of each other, and what of it stands: attestations, status lists, trust documents."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from crex_broker.application.ports.documents import NewDocument, StoredDocument
from crex_broker.application.ports.offers import Published
from crex_broker.application.ports.requests import Mutation, Remembered


@dataclass(frozen=True, slots=True)
class AttestationFacts:
    """What an attestation says that the store must know.

    Attributes:
        subjects: What it is about: names, and SHA-256 where a subject has no name.
        predicate: Token of its predicate.
        end_ms: End of its validity, in milliseconds; nothing where it has none.
    """

    subjects: tuple[str, ...]
    predicate: str
    end_ms: int | None


@dataclass(frozen=True, slots=True)
class Attested:
    """An attestation that is kept: the document, and when it was accepted, in milliseconds."""

    document: StoredDocument
    create_ms: int


@dataclass(frozen=True, slots=True)
class AttestationPage:
    """A part of a list by ascending name; `next_id` is the last name given, nothing at the end."""

    attestations: tuple[Attested, ...]
    next_id: str | None


class AttestationStore(Protocol):
    """Documents of trust that parties publish, each kept in one transaction with what follows from it."""

    async def publish(
        self, mutation: Mutation, document: NewDocument, facts: AttestationFacts
    ) -> Remembered[Published]:
        """Keeps an attestation, in place of its lower revisions; the same bytes again change nothing.

        Raises:
            CrexError: REQUEST_ID_REUSED, NAME_EXISTS, REVISION_CONFLICT.
        """
        ...

    async def publish_status(self, mutation: Mutation, document: NewDocument) -> Remembered[Published]:
        """Keeps a status list, and marks its issuer's offers to be judged again.

        Raises:
            CrexError: REQUEST_ID_REUSED, NAME_EXISTS, REVISION_CONFLICT.
        """
        ...

    async def publish_trust(
        self, mutation: Mutation, document: NewDocument, affected: Collection[str]
    ) -> Remembered[Published]:
        """Keeps the next revision of an enrolled party's trust document, and marks offers to be judged again.

        Args:
            mutation: The request.
            document: The trust document.
            affected: Providers whose offers are to be judged again.

        Raises:
            CrexError: REQUEST_ID_REUSED, NAME_EXISTS, TRUST_ROLLBACK.
        """
        ...

    async def about(self, subjects: Collection[str]) -> Sequence[StoredDocument]:
        """Gives the attestations about any of some subjects, each once, by ascending name.

        Those that have ended are among them, for whoever judges says what was found and why it does not
        count.

        Args:
            subjects: Names, and SHA-256 in lowercase hexadecimal.
        """
        ...

    async def page(
        self, subject: str, *, predicate: str, after_id: str, limit: int, now_ms: int
    ) -> AttestationPage:
        """Gives a part of the attestations about a subject that have not ended, by ascending name.

        Args:
            subject: The name.
            predicate: Only those with this predicate; empty: all.
            after_id: `next_id` of the part before; empty for the first.
            limit: Most to give.
            now_ms: The time at which they have not ended, in milliseconds.
        """
        ...

    async def status_lists(self) -> Sequence[bytes]:
        """Gives the highest revision of every status list, as serialised envelopes."""
        ...
