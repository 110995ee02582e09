"""The view of offers that is searched; it can always be built again from the store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from crex import v1
from crex.trust.policies.subject import PolicySubject
from crex_broker.application.ports.offers import StandingOffer


@dataclass(frozen=True, slots=True)
class MatchedOffer:
    """An offer that meets a demand, as a policy of the demand goes on from it.

    Attributes:
        id: Its name.
        sha256: Its digest.
        alternative: Which requirement it meets.
        subject: Under what it may be attested: itself, its resource, the unit of its pool, their site, its
            provider.
    """

    id: str
    sha256: str
    alternative: int
    subject: PolicySubject


class OfferMatches(Protocol):
    """What meets a demand, all at one instant; may be used from any thread, by one at a time."""

    def best(self, limit: int) -> list[v1.Candidate]:
        """Gives the first matches; more of them begin with the same."""
        ...

    def matched(self, candidate: v1.Candidate) -> MatchedOffer:
        """Gives what an offer of `best` is attested by."""
        ...

    def every(self) -> Sequence[MatchedOffer]:
        """Gives every match, in no order."""
        ...

    def explain(self) -> v1.MatchExplanation:
        """Explains the offers that do not match, whatever the policy says of the others."""
        ...


class OfferIndex(Protocol):
    """Offers in memory, ready to be matched."""

    def put(self, offer: StandingOffer) -> None:
        """Takes in an offer that stands; an older state than the one it has changes nothing."""
        ...

    def remove(self, id_: str, version: int) -> None:
        """Takes an offer out, unless it has a later state than `version`."""
        ...

    def load(self, offers: Iterable[StandingOffer]) -> None:
        """Takes in all offers that stand, at start."""
        ...

    def search(
        self, demand: v1.Demand, *, limit: int, explain: bool, now: datetime
    ) -> v1.SearchOffersResponse:
        """Matches a demand against every offer; may be called from any thread.

        Raises:
            RequirementError: The demand cannot be understood.
        """
        ...

    def matches(self, demand: v1.Demand, *, now: datetime) -> OfferMatches:
        """Begins a search that a policy goes on from; may be called from any thread.

        Raises:
            RequirementError: The demand cannot be understood.
        """
        ...
