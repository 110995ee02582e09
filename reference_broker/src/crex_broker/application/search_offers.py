"""SearchOffers: what matches a demand, and why the rest does not."""

from __future__ import annotations

import asyncio
from typing import Final

from crex import v1
from crex.trust.policies import check_policy
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.judge_policy import PolicyJudge
from crex_broker.application.paging import MAX_PAGE_BYTES, fitting
from crex_broker.application.search_by_policy import search_by_policy

# What the parts of the explanation may take of a response that would be too long.
_REJECTIONS_BYTES: Final = MAX_PAGE_BYTES // 4
_CONSTRAINTS_BYTES: Final = MAX_PAGE_BYTES // 8


class SearchOffers:
    """Searches the view in memory, which holds every offer that stands (OFFER-SEARCHABLE-1)."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._judge = PolicyJudge(context)

    async def __call__(self, caller: Caller, request: v1.SearchOffersRequest) -> v1.SearchOffersResponse:
        """Searches.

        Raises:
            RequirementError: The demand names a path, operator, value or unit that does not exist, or is too
            complex.
            DocumentError: SCHEMA where the demand's policy could never be met.
        """
        del caller  # offers are public
        limits = self._context.limits
        if request.demand.HasField("policy"):
            return await self._by_policy(request)
        # Thousands of offers take a while: a thread of its own keeps everybody else's calls going.
        response = await asyncio.to_thread(
            self._context.index.search,
            request.demand,
            limit=min(request.max_candidates or limits.default_candidates, limits.max_candidates),
            explain=request.explain,
            now=self._context.clock.now(),
        )
        cut(response)
        return response

    async def _by_policy(self, request: v1.SearchOffersRequest) -> v1.SearchOffersResponse:
        limits, now = self._context.limits, self._context.clock.now()
        check_policy(request.demand.policy)
        response = await search_by_policy(
            self._context.index,
            request.demand,
            self._judge.judging(request.demand.policy, now=now),
            limit=min(request.max_candidates or limits.default_candidates, limits.max_candidates),
            explain=request.explain,
            now=now,
        )
        cut(response)
        return response


def cut(response: v1.SearchOffersResponse) -> None:
    """Leaves out what a client would not take in one message (DISCOVERY-SIZE-1)."""
    if response.ByteSize() <= MAX_PAGE_BYTES:
        return
    explanation = response.explanation
    shown = fitting(explanation.rejections, _REJECTIONS_BYTES, least=0)
    if shown < len(explanation.rejections):
        del explanation.rejections[shown:]
        explanation.rejections_capped = True
    # A demand's own text, many times over: its author knows it.
    del explanation.constraints[fitting(explanation.constraints, _CONSTRAINTS_BYTES, least=0) :]
    if explanation.relaxation.ByteSize() > _CONSTRAINTS_BYTES:
        explanation.ClearField("relaxation")
    room = MAX_PAGE_BYTES - explanation.ByteSize()
    del response.candidates[fitting(response.candidates, room) :]
