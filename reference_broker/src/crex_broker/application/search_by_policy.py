"""A search by a trust policy: what matches otherwise is judged, in order, until enough is found.

Only an explanation judges everything that matches otherwise (DEMAND-POLICY-1).
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

from crex import v1
from crex.demand.by_policy import Stopped, tell_policy
from crex.demand.matching import MAX_REJECTIONS
from crex.documents.convert import to_timestamp
from crex_broker.application.judge_policy import PolicyJudging
from crex_broker.application.ports.offer_index import OfferIndex, OfferMatches

# Matches that are judged at once, and how many times as many are looked for where too few meet the policy.
_AT_ONCE: Final = 64
_MORE: Final = 4


async def search_by_policy(
    index: OfferIndex,
    demand: v1.Demand,
    judging: PolicyJudging,
    *,
    limit: int,
    explain: bool,
    now: datetime,
) -> v1.SearchOffersResponse:
    """Finds the first offers that match a demand and meet its policy.

    Raises:
        RequirementError: The demand cannot be understood.
    """
    matches = await asyncio.to_thread(index.matches, demand, now=now)
    response = v1.SearchOffersResponse(
        candidates=await _candidates(matches, judging, limit), as_of=to_timestamp(now)
    )
    if explain:
        explanation = await asyncio.to_thread(matches.explain)
        every = await asyncio.to_thread(matches.every)
        verdicts = await judging.of(every)
        stopped = [
            Stopped(one.id, one.alternative, verdict)
            for one, verdict in zip(every, verdicts, strict=True)
            if not verdict.holds
        ]
        tell_policy(explanation, stopped, max_rejections=MAX_REJECTIONS)
        response.explanation.CopyFrom(explanation)
    return response


async def _candidates(matches: OfferMatches, judging: PolicyJudging, limit: int) -> list[v1.Candidate]:
    """Judges matches in their order, a few at a time, and looks for more of them while too few meet it."""
    found: list[v1.Candidate] = []
    asked, judged = max(2 * limit, _AT_ONCE), 0
    while True:
        best = await asyncio.to_thread(matches.best, asked)
        while judged < len(best) and len(found) < limit:
            some = best[judged : judged + _AT_ONCE]
            verdicts = await judging.of([matches.matched(one) for one in some])
            found += [one for one, verdict in zip(some, verdicts, strict=True) if verdict.holds]
            judged += len(some)
        if len(found) >= limit or len(best) < asked:
            return found[:limit]
        asked *= _MORE
