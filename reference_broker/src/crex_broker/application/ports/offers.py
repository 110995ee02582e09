"""Publishing, and the offers that stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from crex_broker.application.ports.documents import NewDocument, StoredDocument
from crex_broker.application.ports.requests import Mutation, Remembered
from crex_broker.application.ports.usage import KeptDocument
from crex_broker.domain.capacity import Window


@dataclass(frozen=True, slots=True)
class OfferSnapshot:
    """An offer at one instant; the fields are those of `crex.v1.OfferRecord`, times in milliseconds."""

    id: str
    provider: str
    state: str
    version: int
    revision: int
    sha256: str
    pool: str | None
    create_ms: int
    update_ms: int
    expire_ms: int
    void_reason: str = ""


@dataclass(frozen=True, slots=True)
class DocumentPin:
    """A document that another cites; `revision` and `sha256` are empty where it is cited by name alone.

    Attributes:
        type: Token of the type that it must have.
        id: Its name.
        revision: Its revision, or 0.
        sha256: Its digest, or empty.
        field: Where it is cited, for messages.
    """

    type: str
    id: str
    field: str
    revision: int = 0
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class PoolFacts:
    """What a pool document says: the class of one unit, and the base pools that one unit draws on."""

    unit: str
    draws: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """What an offer document says that the store must know.

    Attributes:
        pool: Its pool.
        unit: Class of one unit.
        expire_ms: Its end.
        judged_by: Revision of its provider's trust document by which it was judged; 0: not told.
        judge_ms: From when on it must be judged again; nothing: not before it ends.
    """

    pool: str | None
    unit: str
    expire_ms: int
    judged_by: int = 0
    judge_ms: int | None = None


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """What a revision of a price series says that the store must know.

    Attributes:
        start_ms: Start of the time that its points cover.
        end_ms: End of it.
        standing: Highest revision against which it was judged; 0 where there was none.
    """

    start_ms: int
    end_ms: int
    standing: int


@dataclass(frozen=True, slots=True)
class Publication:
    """A verified document that its issuer publishes.

    Attributes:
        document: The document.
        cites: Documents that must be there already.
        pool: Set where it is a pool.
        offer: Set where it is an offer.
        series: Set where it is a revision of a price series.
    """

    document: NewDocument
    cites: tuple[DocumentPin, ...] = ()
    pool: PoolFacts | None = None
    offer: OfferFacts | None = None
    series: SeriesFacts | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication came to: the digest, and the offer's state where it is an offer."""

    sha256: str
    offer: OfferSnapshot | None


@dataclass(frozen=True, slots=True)
class OfferPage:
    """A part of a list by ascending name.

    Attributes:
        offers: The offers.
        next_id: The last name given; nothing at the end.
        granted: Windows of the allotments of their pools, by pool, ascending; a pool without an allotment is
            not there.
    """

    offers: tuple[OfferSnapshot, ...]
    next_id: str | None
    granted: Mapping[str, tuple[Window, ...]]


@dataclass(frozen=True, slots=True)
class StandingOffer:
    """An offer with the documents that it stands on.

    Attributes:
        record: The offer.
        offer: The offer document.
        resource: The resource document that it pins.
        unit: The newest document of what one unit is, where the resource is a pool.
        site: The newest document of the site of that unit, or of the resource.
        price_plan: The price plan document that it pins.
        granted: Windows of its pool's allotment, ascending; nothing where it has none.
    """

    record: OfferSnapshot
    offer: StoredDocument
    resource: StoredDocument
    unit: StoredDocument | None
    site: StoredDocument | None
    price_plan: StoredDocument
    granted: tuple[Window, ...] | None

    @property
    def holdable(self) -> bool:
        """Whether units of it can be held here: its pool has an allotment."""
        return self.granted is not None


@dataclass(frozen=True, slots=True)
class OfferToJudge:
    """An offer that must be judged again.

    Attributes:
        record: The offer.
        mark: How often that was asked for; to be given back with the verdict.
        documents: The offer document and those that it stands on, each with the time of its acceptance.
    """

    record: OfferSnapshot
    mark: int
    documents: tuple[KeptDocument, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an offer that was judged.

    Attributes:
        offer: Its name.
        mark: Of the `OfferToJudge`.
        reason: Why it is void; empty: it stands.
        next_ms: From when on it must be judged again; nothing: not before it ends.
    """

    offer: str
    mark: int
    reason: str
    next_ms: int | None


class OfferStore(Protocol):
    """Documents that are published, and the state of offers."""

    async def publish(self, mutation: Mutation, publication: Publication) -> Remembered[Published]:
        """Keeps a document; registers a pool; steps the offer's state machine.

        The same bytes again change nothing. `mutation.party` is the issuer.

        Raises:
            CrexError: REQUEST_ID_REUSED, NAME_EXISTS (other bytes at this name and revision, or another type
            at
                this name), REVISION_CONFLICT (a higher revision stands), REFERENCE_MISSING, SUBJECT (a cited
                document has another digest), NOT_A_PARTY (a cited document or pool is another provider's),
                TERMS (the offer's resource is not the pool's unit; a pool changes what it draws on while
                claimed), ILLEGAL_TRANSITION (the offer was withdrawn), ETAG_MISMATCH (another revision of a
                price series came since it was judged).
        """
        ...

    async def change_state(
        self, mutation: Mutation, offer: str, event: str, etag: str
    ) -> Remembered[OfferSnapshot]:
        """Pauses, resumes or withdraws an offer of `mutation.party`.

        Raises:
            CrexError: REQUEST_ID_REUSED, NOT_FOUND, ETAG_MISMATCH, ILLEGAL_TRANSITION.
        """
        ...

    async def offer(self, id_: str) -> OfferSnapshot | None:
        """Gives the state of an offer."""
        ...

    async def offers(self, *, provider: str, after_id: str, limit: int) -> OfferPage:
        """Gives a part of the published offers by ascending name.

        Args:
            provider: Only offers of this provider; empty: of all.
            after_id: `next_id` of the part before; empty for the first.
            limit: Most offers to give.
        """
        ...

    async def standing(self, id_: str | None) -> Sequence[StandingOffer]:
        """Gives the published offer of a name, or all of them, with their documents, for the index."""
        ...

    async def standing_on(self, id_: str) -> Sequence[str]:
        """Gives the names of published offers that a document or a pool stands behind, for the index."""
        ...

    async def to_judge(self, now_ms: int, limit: int) -> Sequence[OfferToJudge]:
        """Gives up to `limit` offers that must be judged again by now (timer offer-judgement)."""
        ...

    async def judged(self, verdicts: Sequence[Verdict]) -> Sequence[OfferSnapshot]:
        """Writes verdicts; gives the offers that are void by them (event void).

        A verdict whose mark is no longer the offer's changes nothing: the offer is to be judged once more.
        """
        ...

    async def void(self, provider: str, *, after_id: str, now_ms: int, limit: int) -> Sequence[OfferSnapshot]:
        """Gives a part of a provider's offers that are void and have not ended, with the reason.

        Args:
            provider: The provider.
            after_id: The last name of the part before; empty for the first. They ascend by name.
            now_ms: The time at which they have not ended, in milliseconds.
            limit: Most offers to give.
        """
        ...

    async def expire_offers(self, limit: int) -> Sequence[OfferSnapshot]:
        """Ends up to `limit` offers whose time is over (timer offer-expiry)."""
        ...
