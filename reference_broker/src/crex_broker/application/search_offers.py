"""SearchOffers: what matches a demand, and why the rest does not."""

from __future__ import annotations

import asyncio

from crex import v1
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context


class SearchOffers:
    """Searches the view in memory, which holds every offer that stands (OFFER-SEARCHABLE-1)."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, caller: Caller, request: v1.SearchOffersRequest) -> v1.SearchOffersResponse:
        """Searches.

        Raises:
            RequirementError: The demand names a path, operator, value or unit that does not exist, or is too
            complex.
        """
        del caller  # offers are public
        limits = self._context.limits
        # Thousands of offers take a while: a thread of its own keeps everybody else's calls going.
        return await asyncio.to_thread(
            self._context.index.search,
            request.demand,
            limit=min(request.max_candidates or limits.default_candidates, limits.max_candidates),
            explain=request.explain,
            now=self._context.clock.now(),
        )
