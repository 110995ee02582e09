"""Disputes of invoices in the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from crex.errors import CrexError
from crex_broker.application.ports.documents import NewDocument
from crex_broker.application.ports.invoices import InvoiceSnapshot
from crex_broker.application.ports.orders import LastTransition
from crex_broker.application.ports.requests import Mutation, Remembered
from crex_broker.application.ports.usage import KeptDocument


@dataclass(frozen=True, slots=True)
class DisputeSnapshot:
    """A dispute at one instant; fields as in `crex.v1.DisputeRecord`, times in milliseconds.

    Attributes:
        escalated: 1 where it is or was before the arbiter, who may then read it; else 0.
        currency: Currency of what is disputed.
        disputed: What is disputed, with its taxes.
        settled_id: Name of the answer or the ruling that a note is to settle; empty: it is not resolved.
        settled_revision: Its revision.
        settled_sha256: Its digest.
    """

    id: str
    state: str
    version: int
    sha256: str
    invoice: str
    seller: str
    buyer: str
    arbiter: str
    escalated: int
    currency: str
    disputed: str
    answer_by_ms: int
    settled_id: str
    settled_revision: int
    settled_sha256: str
    create_ms: int
    update_ms: int
    last: LastTransition


@dataclass(frozen=True, slots=True)
class NewDispute:
    """A dispute that was judged by the invoice and everything on it.

    Attributes:
        document: The dispute.
        invoice: Name of the invoice.
        invoice_version: Version of the invoice against which it was judged.
        arbiter: Authority that rules.
        currency: Currency of what is disputed.
        disputed: What is disputed, with its taxes.
        withheld: What all disputes of the invoice then keep from being payable.
        answer_by_ms: When it goes to the arbiter unless it is answered.
    """

    document: NewDocument
    invoice: str
    invoice_version: int
    arbiter: str
    currency: str
    disputed: str
    withheld: str
    answer_by_ms: int


@dataclass(frozen=True, slots=True)
class DisputeStep:
    """A document that takes a dispute a step further, judged by everything before it.

    Attributes:
        document: The document.
        dispute: Name of the dispute.
        dispute_version: Version of the dispute against which it was judged.
        invoice_version: Version of the invoice against which it was judged.
        event: Event of the dispute's table.
        actor: Who takes the step, as the table writes it.
        arbiter: Authority that rules, after the step.
        settled: Name, revision and digest of what a note is to settle; nothing: it is not resolved.
        withheld: What all disputes of the invoice then keep from being payable.
        granted: Whether it ends in the buyer's favour, wholly or in part.
    """

    document: NewDocument
    dispute: str
    dispute_version: int
    invoice_version: int
    event: str
    actor: str
    arbiter: str
    settled: tuple[str, int, str] | None
    withheld: str
    granted: bool


@dataclass(frozen=True, slots=True)
class Disputed:
    """A dispute, and its invoice, after a step."""

    dispute: DisputeSnapshot
    invoice: InvoiceSnapshot


@dataclass(frozen=True, slots=True)
class DisputePapers:
    """A dispute with all its documents: the dispute itself, then answer, replies and ruling as they came."""

    dispute: DisputeSnapshot
    document: KeptDocument
    papers: tuple[KeptDocument, ...]


@dataclass(frozen=True, slots=True)
class DisputePage:
    """A part of a list, newest first; `next_seq` is where the next part begins, nothing at the end."""

    disputes: tuple[DisputeSnapshot, ...]
    next_seq: int | None


class DisputeStore(Protocol):
    """Disputes. Only seller, buyer and, once it was escalated, its arbiter find one (BILLING-DISPUTE-5)."""

    async def open(self, mutation: Mutation, dispute: NewDispute) -> Remembered[Disputed]:
        """Keeps a dispute of `mutation.party`, the buyer. The same bytes again change nothing.

        Raises:
            CrexError: REQUEST_ID_REUSED, NOT_FOUND, NAME_EXISTS, ILLEGAL_TRANSITION; ETAG_MISMATCH where the
                invoice changed since it was judged.
        """
        ...

    async def advance(self, mutation: Mutation, step: DisputeStep) -> Remembered[Disputed]:
        """Takes a step of a dispute, and of its invoice where it ends; a repeated one changes nothing.

        Raises:
            CrexError: REQUEST_ID_REUSED, NOT_FOUND, NAME_EXISTS, ILLEGAL_TRANSITION, NOT_A_PARTY;
                ETAG_MISMATCH where dispute or invoice changed since it was judged.
        """
        ...

    async def dispute(self, party: str, id_: str) -> DisputePapers | None:
        """Gives a dispute that `party` may read, with all its documents."""
        ...

    async def by_digest(self, party: str, sha256: str) -> DisputeSnapshot | None:
        """Gives the dispute whose document has this digest, if `party` may read it."""
        ...

    async def disputes(
        self, party: str, *, state: str, invoice: str, before_seq: int | None, limit: int
    ) -> DisputePage:
        """Gives a part of the disputes that `party` may read, newest first.

        Args:
            party: Who asks.
            state: Only disputes in this state; empty: in any.
            invoice: Only disputes of this invoice; empty: of any.
            before_seq: `next_seq` of the part before; nothing for the first.
            limit: Most disputes to give.
        """
        ...


def dispute_not_found(id_: str) -> CrexError:
    """Gives the error for a dispute that is not there, or not the caller's (BILLING-PARTY-1)."""
    return CrexError(
        "NOT_FOUND",
        f"You have no dispute {id_}. Check the name, and that you call as seller or buyer of its invoice, or "
        "as the arbiter that it is before.",
        details={"name": id_},
    )
