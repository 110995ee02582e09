"""The view of offers that is searched; it can always be built again from the store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from crex import v1
from crex_broker.application.ports.offers import StandingOffer


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
