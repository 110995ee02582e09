"""Capacity that providers grant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from crex_broker.application.ports.documents import NewDocument
from crex_broker.application.ports.requests import Mutation, Remembered
from crex_broker.domain.capacity import Window


@dataclass(frozen=True, slots=True)
class Grant:
    """A verified allotment: the document, the pool, and the windows, ascending and apart."""

    document: NewDocument
    pool: str
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Allotted:
    """The allotment that stands after a grant, and the generation of its pool."""

    sha256: str
    pool_gen: int
    windows: tuple[Window, ...]


class AllotmentStore(Protocol):
    """What may be sold of each pool."""

    async def grant(self, mutation: Mutation, grant: Grant) -> Remembered[Allotted]:
        """Lets an allotment of `mutation.party` stand. The same bytes again change nothing.

        Raises:
            CrexError: REQUEST_ID_REUSED, REFERENCE_MISSING (no such pool), NOT_A_PARTY (another provider's
            pool),
                NAME_EXISTS, REVISION_CONFLICT, CAPACITY_EXHAUSTED (a cut below what is claimed; `free`,
                `at`).
        """
        ...
