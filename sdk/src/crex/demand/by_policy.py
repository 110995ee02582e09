"""What a demand's trust policy says in the explanation of a search (DEMAND-POLICY-1).

Offers that only the policy stops are the nearest to matching, so they are the first rejections; clauses stand
among the constraints, under their place and what they demand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from crex import v1
from crex.demand.view import OfferView

if TYPE_CHECKING:
    from crex.trust.policies import ClauseVerdict, PolicyVerdict

Judge: TypeAlias = "Callable[[OfferView], PolicyVerdict]"


@dataclass(frozen=True, slots=True)
class Stopped:
    """An offer that matches otherwise, and does not meet the policy.

    Attributes:
        offer_id: Its name.
        alternative: Which requirement it meets.
        verdict: What the policy says of it.
    """

    offer_id: str
    alternative: int
    verdict: PolicyVerdict


def tell_policy(explanation: v1.MatchExplanation, stopped: Sequence[Stopped], *, max_rejections: int) -> None:
    """Takes what a policy stops into the explanation of what matches otherwise.

    Args:
        explanation: The explanation; its `matched` counts the offers that match otherwise.
        stopped: Those of them that do not meet the policy.
        max_rejections: Most rejections that it lists.
    """
    explanation.matched -= len(stopped)
    if not stopped:
        return
    nearest = sorted(stopped, key=lambda one: (len(one.verdict.failing), one.offer_id.encode()))
    others = list(explanation.rejections)
    del explanation.rejections[:]
    explanation.rejections.extend(map(_rejection, nearest[:max_rejections]))
    room = max_rejections - len(explanation.rejections)
    explanation.rejections.extend(others[:room])
    explanation.rejections_capped |= len(stopped) > max_rejections or len(others) > room
    _count(explanation, [one.verdict for one in stopped])


def _rejection(one: Stopped) -> v1.Rejection:
    """Tells of the first clause that fails; what was found tells of every clause that does."""
    first, *further = one.verdict.failing
    return v1.Rejection(
        offer_id=one.offer_id,
        constraint=_text(first),
        required=first.demanded,
        found=first.found + "".join(f"; and {clause.told}" for clause in further),
        unstated=first.unstated,
        alternative=one.alternative,
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
