"""Matching: which offers meet a demand, in which order, and why the others do not (MATCH-ORDER-1).

This is the reference: one offer after the other, each by every condition. Whatever answers faster must answer
the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Final, TypeAlias

from crex import v1
from crex.demand.by_policy import Judge, Stopped, tell_policy
from crex.demand.explain import Condition, finding, text_of, truth_of
from crex.demand.preferences import score
from crex.demand.price import DemandPrice, PlanPricer, Pricer
from crex.demand.query import Query, compile_demand
from crex.demand.relax import Miss, smallest
from crex.demand.terms import Wanted
from crex.demand.truth import Truth
from crex.demand.view import Json, OfferView, Surroundings
from crex.errors import RequirementError
from crex.metering.span import ms_timestamp

# Rejections that an explanation lists, unless asked otherwise.
MAX_REJECTIONS: Final = 20


@dataclass(frozen=True, slots=True)
class Match:
    """An offer that meets a demand.

    Attributes:
        view: The offer.
        price: Price of the demand there.
        alternative: Which requirement it meets: 0 the demand's own, n its n-th alternative.
        score: Points from the preferences; None: there are none.
        start_ms: Where the demand leaves the start open, the earliest in milliseconds; else None.
    """

    view: OfferView
    price: DemandPrice
    alternative: int = 0
    score: int | None = None
    start_ms: int | None = None

    @property
    def candidate(self) -> v1.Candidate:
        """The message of the contract."""
        candidate = v1.Candidate(
            offer_id=self.view.offer_id,
            revision=revision_of(self.view.offer),
            sha256=self.view.sha256,
            holdable=self.view.holdable,
            alternative=self.alternative,
            score=self.score,
            start=None if self.start_ms is None else ms_timestamp(self.start_ms),
        )
        self.price.into(candidate)
        return candidate

    @property
    def order(self) -> Order:
        """Sorts matches."""
        return order_of(self.alternative, self.score, self.price, self.view.offer_id.encode())


def revision_of(offer: Json) -> int:
    """Gives the revision that an offer's body states; 0 where it states none."""
    header = offer.get("header")
    return int(header.get("revision", "0")) if isinstance(header, Mapping) else 0


Order: TypeAlias = tuple[int, int, bool, str, Fraction | int, bytes]


def order_of(alternative: int, score: int | None, price: DemandPrice, name: bytes) -> Order:
    """Gives what sorts matches: alternative, score, known prices by currency, name (MATCH-ORDER-1)."""
    if price.exact is None:
        return alternative, -(score or 0), True, "", 0, name
    return alternative, -(score or 0), False, price.currency, price.exact, name


@dataclass(frozen=True, slots=True)
class MatchResult:
    """The answer to a demand.

    Attributes:
        matches: The offers that meet it, in order.
        explanation: Why the others do not; None: not asked for.
    """

    matches: tuple[Match, ...]
    explanation: v1.MatchExplanation | None

    @property
    def candidates(self) -> list[v1.Candidate]:
        """The offers that meet the demand, in order, as messages of the contract."""
        return [match.candidate for match in self.matches]


def match(
    demand: v1.Demand,
    offers: Iterable[OfferView],
    *,
    now: datetime,
    price_of: Pricer | None = None,
    explain: bool = True,
    max_rejections: int = MAX_REJECTIONS,
    judge: Judge | None = None,
) -> MatchResult:
    """Finds the offers that meet a demand.

    Args:
        demand: What is to be bought.
        offers: The offers to look at.
        now: Instant of the search.
        price_of: Computes prices. None: by the rules of rating; who searches often keeps one `PlanPricer`.
        explain: Whether to explain the offers that do not match.
        max_rejections: Most rejections that the explanation lists.
        judge: Judges an offer by the demand's policy, with evidence of the caller's; asked only about offers
            that match otherwise. None: the demand has no policy.

    Raises:
        RequirementError: The demand cannot be used; see `crex.demand.query.compile_demand`. It has a policy,
            and nobody judges by it (DEMAND-POLICY-1).
    """
    query = compile_demand(demand, now=now)
    if demand.HasField("policy") and judge is None:
        raise RequirementError(
            "POLICY",
            "The demand has a policy, and there is no evidence here by which to judge it. Give `judge`, or "
            "search at a broker.",
        )
    search = _Search(query, price_of or PlanPricer(), tuple(offers), judge)
    return search.run(explain=explain, max_rejections=max_rejections)


@dataclass(frozen=True, slots=True)
class _Judged:
    """One offer, what it costs, and the truth of each condition of each alternative."""

    around: Surroundings
    price: DemandPrice
    truths: tuple[tuple[Truth, ...], ...]

    @property
    def alternative(self) -> int | None:
        """The first requirement that it meets; None where it meets none (DEMAND-ALTERNATIVE-1)."""
        met = (at for at, truths in enumerate(self.truths) if all(one is Truth.TRUE for one in truths))
        return next(met, None)

    def failing(self, alternative: int) -> list[int]:
        """The conditions of an alternative that it fails."""
        return [at for at, one in enumerate(self.truths[alternative]) if one is not Truth.TRUE]

    @property
    def nearest(self) -> int:
        """The alternative of which it fails the fewest conditions, the first of equals."""
        return min(range(len(self.truths)), key=lambda at: len(self.failing(at)))


class _Search:
    def __init__(
        self, query: Query, price_of: Pricer, offers: Sequence[OfferView], judge: Judge | None
    ) -> None:
        self._query = query
        self._judge_policy = judge
        self._price_of = price_of
        self._offers = offers

    def run(self, *, explain: bool, max_rejections: int) -> MatchResult:
        judged = [self._judge(self._query, view) for view in self._offers]
        matches = sorted((self._match(one) for one in judged if one.alternative is not None), key=_order)
        rejected = [one for one in judged if one.alternative is None]
        explanation = self._explain(rejected, len(matches), max_rejections) if explain else None
        if self._judge_policy is not None:
            verdicts = [(one, self._judge_policy(one.view)) for one in matches]
            matches = [one for one, verdict in verdicts if verdict.holds]
            if explanation is not None:
                stopped = [
                    Stopped(one.view.offer_id, one.alternative, verdict)
                    for one, verdict in verdicts
                    if not verdict.holds
                ]
                tell_policy(explanation, stopped, max_rejections=max_rejections)
        return MatchResult(tuple(matches), explanation)

    def _judge(self, query: Query, view: OfferView) -> _Judged:
        around, price = query.around(view, self._price_of)
        truths = [
            tuple(truth_of(condition, around, query.want) for condition in conditions)
            for conditions in query.alternatives
        ]
        return _Judged(around, price, tuple(truths))

    def _match(self, one: _Judged) -> Match:
        wishes, time = self._query.preferences, one.around.time
        return Match(
            one.around.view,
            one.price,
            one.alternative or 0,
            score(wishes, one.around) if wishes else None,
            time.start_ms if self._query.want.window is not None and time is not None else None,
        )

    def _matches(self, want: Wanted) -> int:
        query = self._query.wanting(want)
        return sum(self._judge(query, view).alternative is not None for view in self._offers)

    def _explain(self, rejected: Sequence[_Judged], matched: int, max_rejections: int) -> v1.MatchExplanation:
        explanation = v1.MatchExplanation(considered=len(self._offers), matched=matched)
        # Near misses first: they are what can be acted on.
        nearest = sorted(
            rejected, key=lambda one: (len(one.failing(one.nearest)), one.around.view.offer_id.encode())
        )
        for one in nearest[:max_rejections]:
            explanation.rejections.append(
                rejection(self._query, one.around, one.nearest, one.failing(one.nearest)[0])
            )
        explanation.rejections_capped = len(rejected) > max_rejections
        for alternative, conditions in enumerate(self._query.alternatives):
            explanation.constraints.extend(self._counts(rejected, alternative, conditions))
        if not matched:
            relaxation = smallest(self._query, self._misses(rejected), self._matches)
            if relaxation is not None:
                explanation.relaxation.CopyFrom(relaxation)
        return explanation

    def _misses(self, rejected: Sequence[_Judged]) -> list[Miss]:
        """Gives the offers that fail exactly one condition, for each alternative of which they do."""
        return [
            Miss(alternative, failing[0], one.around)
            for alternative in range(len(self._query.alternatives))
            for one in rejected
            if len(failing := one.failing(alternative)) == 1
        ]

    def _counts(
        self, rejected: Sequence[_Judged], alternative: int, conditions: Sequence[Condition]
    ) -> list[v1.ConstraintCount]:
        """Counts, for each condition that stops any offer, the offers that fail it (EXPLAIN-COUNT-1)."""
        counts: list[v1.ConstraintCount] = []
        want = self._query.want
        for index, condition in enumerate(conditions):
            failing = [one for one in rejected if one.truths[alternative][index] is not Truth.TRUE]
            if not failing:
                continue
            unknown = [one for one in failing if one.truths[alternative][index] is Truth.UNKNOWN]
            counts.append(
                v1.ConstraintCount(
                    constraint=text_of(condition, want),
                    fails_alone=sum(len(one.failing(alternative)) == 1 for one in failing),
                    fails=len(failing),
                    unstated=sum(finding(condition, one.around, want).unstated for one in unknown),
                    alternative=alternative,
                )
            )
        return counts


def rejection(query: Query, around: Surroundings, alternative: int, index: int) -> v1.Rejection:
    """Tells why an offer does not match: the condition of an alternative that it fails (EXPLAIN-FOUND-1)."""
    condition = query.alternatives[alternative][index]
    found = finding(condition, around, query.want)
    return v1.Rejection(
        offer_id=around.view.offer_id,
        constraint=text_of(condition, query.want),
        required=found.required,
        found=found.found,
        gap=found.gap,
        unstated=found.unstated,
        alternative=alternative,
    )


def _order(match: Match) -> Order:
    return match.order
