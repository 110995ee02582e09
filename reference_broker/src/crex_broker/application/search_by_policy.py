"""A search by a trust policy: what matches otherwise is judged, in order, until enough is found.

The explanation says of an offer that only the policy stops which clause does: rejections of such offers come
first, for they are the nearest, and the counts and the relaxation name clauses as they name conditions
(DEMAND-POLICY-1).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from crex import v1
from crex.demand.matching import MAX_REJECTIONS
from crex.documents.convert import to_timestamp
from crex.trust.policies import ClauseVerdict, PolicyVerdict
from crex_broker.application.judge_policy import PolicyJudging
from crex_broker.application.ports.offer_index import MatchedOffer, OfferIndex, OfferMatches

# Matches that are judged at first; each further step takes so many times as many.
_FIRST: Final = 64
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
        tell(explanation, every, await judging.of(every))
        response.explanation.CopyFrom(explanation)
    return response


async def _candidates(matches: OfferMatches, judging: PolicyJudging, limit: int) -> list[v1.Candidate]:
    found: list[v1.Candidate] = []
    asked, judged = max(limit, _FIRST), 0
    while True:
        best = await asyncio.to_thread(matches.best, asked)
        new = best[judged:]
        verdicts = await judging.of([matches.matched(one) for one in new])
        found += [one for one, verdict in zip(new, verdicts, strict=True) if verdict.holds]
        if len(found) >= limit or len(best) < asked:
            return found[:limit]
        asked, judged = asked * _MORE, asked


def tell(
    explanation: v1.MatchExplanation, matched: Sequence[MatchedOffer], verdicts: Sequence[PolicyVerdict]
) -> None:
    """Takes what a policy says into the explanation of a search.

    Args:
        explanation: The explanation of what does not match otherwise.
        matched: The offers that match otherwise.
        verdicts: What the policy says of each.
    """
    stopped = [(one, verdict) for one, verdict in zip(matched, verdicts, strict=True) if not verdict.holds]
    explanation.matched = len(matched) - len(stopped)
    if not stopped:
        return
    stopped.sort(key=lambda one: (len(one[1].failing), one[0].id))
    others = list(explanation.rejections)
    del explanation.rejections[:]
    explanation.rejections.extend(_rejection(*one) for one in stopped[:MAX_REJECTIONS])
    room = MAX_REJECTIONS - len(explanation.rejections)
    explanation.rejections.extend(others[:room])
    explanation.rejections_capped |= len(stopped) > MAX_REJECTIONS or len(others) > room
    _count(explanation, [verdict for _, verdict in stopped])


def _rejection(offer: MatchedOffer, verdict: PolicyVerdict) -> v1.Rejection:
    """Tells of the first clause that fails; what was found tells of every clause that does."""
    first, *further = verdict.failing
    found = first.found + "".join(f"; and {clause.told}" for clause in further)
    return v1.Rejection(
        offer_id=offer.id,
        constraint=_text(first),
        required=first.demanded,
        found=found,
        unstated=first.unstated,
        alternative=offer.alternative,
    )


def _text(clause: ClauseVerdict) -> str:
    return f"policy{clause.path.removeprefix('$')}: {clause.demanded}"


def _count(explanation: v1.MatchExplanation, verdicts: Sequence[PolicyVerdict]) -> None:
    """Counts, for each clause, the offers that it stops of those that match otherwise (EXPLAIN-COUNT-1)."""
    fails, alone, unstated = Counter[str](), Counter[str](), Counter[str]()
    for verdict in verdicts:
        for clause in verdict.failing:
            text = _text(clause)
            fails[text] += 1
            alone[text] += len(verdict.failing) == 1
            unstated[text] += clause.unstated
    for text in sorted(fails):
        explanation.constraints.append(
            v1.ConstraintCount(
                constraint=text, fails=fails[text], fails_alone=alone[text], unstated=unstated[text]
            )
        )
    if not explanation.matched and any(alone.values()):
        text, count = min(alone.items(), key=lambda one: (-one[1], one[0]))
        explanation.relaxation.CopyFrom(v1.Relaxation(constraint=text, would_match=count))
