"""Matching: which offers meet a demand, in which order, and why the others do not (MATCH-ORDER-1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from crex import v1
from crex.demand.checker import check
from crex.demand.explain import Condition, conditions, finding, text_of, truth_of
from crex.demand.nodes import Compare, Node, descend
from crex.demand.paths import Root
from crex.demand.price import DemandPrice, PlanPricer, Pricer, in_currency
from crex.demand.relax import Miss, smallest
from crex.demand.terms import Wanted, wanted
from crex.demand.truth import Truth
from crex.demand.view import OfferView, Surroundings
from crex.errors import RequirementError, Violation

# Rejections that an explanation lists, unless asked otherwise.
MAX_REJECTIONS: Final = 20


@dataclass(frozen=True, slots=True)
class Match:
    """An offer that meets a demand, and the price of the demand there."""

    view: OfferView
    price: DemandPrice

    @property
    def candidate(self) -> v1.Candidate:
        """The message of the contract."""
        header = self.view.offer.get("header")
        revision = header.get("revision", "0") if isinstance(header, dict) else "0"
        candidate = v1.Candidate(
            offer_id=self.view.offer_id,
            revision=int(revision),
            sha256=self.view.sha256,
            holdable=self.view.holdable,
        )
        self.price.into(candidate)
        return candidate


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
) -> MatchResult:
    """Finds the offers that meet a demand.

    Args:
        demand: What is to be bought.
        offers: The offers to look at.
        now: Instant of the search.
        price_of: Computes prices. None: by the rules of rating; who searches often keeps one `PlanPricer`.
        explain: Whether to explain the offers that do not match.
        max_rejections: Most rejections that the explanation lists.

    Raises:
        RequirementError: The demand cannot be used; see `crex.demand.checker` and `crex.demand.terms.wanted`.
    """
    want = wanted(demand, now=now)
    requirement = check(demand.requirement) if demand.HasField("requirement") else None
    _refuse_price_without_currency(demand, requirement)
    search = _Search(conditions(requirement), price_of or PlanPricer(), tuple(offers))
    return search.run(want, explain=explain, max_rejections=max_rejections)


def _refuse_price_without_currency(demand: v1.Demand, requirement: Node | None) -> None:
    """Refuses a bound on the price where nobody says in which currency (DEMAND-CURRENCY-2)."""
    nodes = () if requirement is None else descend(requirement)
    if demand.currency or not any(
        isinstance(node, Compare) and node.path.root is Root.PRICE for node in nodes
    ):
        return
    message = "the requirement compares `price`, and the demand states no currency"
    fix = "state the currency of the demand, such as CNY"
    raise RequirementError(
        "SCHEMA",
        f"The demand cannot be used: {message}.",
        violations=[Violation("$.currency", message, "DEMAND-CURRENCY-2", fix)],
    )


@dataclass(frozen=True, slots=True)
class _Judged:
    """One offer, what it costs, and the truth of each condition."""

    around: Surroundings
    price: DemandPrice
    truths: tuple[Truth, ...]

    @property
    def failing(self) -> list[int]:
        return [index for index, truth in enumerate(self.truths) if truth is not Truth.TRUE]


class _Search:
    def __init__(
        self, conditions: Sequence[Condition], price_of: Pricer, offers: Sequence[OfferView]
    ) -> None:
        self._conditions = conditions
        self._price_of = price_of
        self._offers = offers

    def run(self, want: Wanted, *, explain: bool, max_rejections: int) -> MatchResult:
        judged = [self._judge(view, want, every=explain) for view in self._offers]
        matches = [Match(one.around.view, one.price) for one in judged if not one.failing]
        matches.sort(key=_order)
        explanation = self._explain(judged, want, len(matches), max_rejections) if explain else None
        return MatchResult(tuple(matches), explanation)

    def _judge(self, view: OfferView, want: Wanted, *, every: bool) -> _Judged:
        """Judges one offer by every condition, or only until the first that fails."""
        price = DemandPrice.unknown("the offer's price plan is not at hand")
        if view.plan:
            price = in_currency(
                self._price_of(want.demand, view.plan, view.offer, now=want.now), want.demand.currency
            )
        around = Surroundings(view, want.now, price.exact)
        truths: list[Truth] = []
        for condition in self._conditions:
            truths.append(truth_of(condition, around, want))
            if not every and truths[-1] is not Truth.TRUE:
                break
        return _Judged(around, price, tuple(truths))

    def _matches(self, want: Wanted) -> int:
        return sum(not self._judge(view, want, every=False).failing for view in self._offers)

    def _explain(
        self, judged: Sequence[_Judged], want: Wanted, matched: int, max_rejections: int
    ) -> v1.MatchExplanation:
        explanation = v1.MatchExplanation(considered=len(judged), matched=matched)
        rejected = [one for one in judged if one.failing]
        # Near misses first: they are what can be acted on.
        rejected.sort(key=lambda one: (len(one.failing), one.around.view.offer_id.encode()))
        for one in rejected[:max_rejections]:
            explanation.rejections.append(self._rejection(one, want))
        explanation.rejections_capped = len(rejected) > max_rejections
        explanation.constraints.extend(self._counts(rejected, want))
        if not matched:
            misses = [Miss(one.failing[0], one.around) for one in rejected if len(one.failing) == 1]
            relaxation = smallest(self._conditions, misses, want, self._matches)
            if relaxation is not None:
                explanation.relaxation.CopyFrom(relaxation)
        return explanation

    def _rejection(self, one: _Judged, want: Wanted) -> v1.Rejection:
        condition = self._conditions[one.failing[0]]
        found = finding(condition, one.around, want)
        return v1.Rejection(
            offer_id=one.around.view.offer_id,
            constraint=text_of(condition, want),
            required=found.required,
            found=found.found,
            gap=found.gap,
            unstated=found.unstated,
        )

    def _counts(self, rejected: Sequence[_Judged], want: Wanted) -> list[v1.ConstraintCount]:
        """Counts, for each condition that stops any offer, the offers that fail it (EXPLAIN-COUNT-1)."""
        counts: list[v1.ConstraintCount] = []
        for index, condition in enumerate(self._conditions):
            failing = [one for one in rejected if one.truths[index] is not Truth.TRUE]
            if not failing:
                continue
            unknown = [one for one in failing if one.truths[index] is Truth.UNKNOWN]
            counts.append(
                v1.ConstraintCount(
                    constraint=text_of(condition, want),
                    fails_alone=sum(len(one.failing) == 1 for one in failing),
                    fails=len(failing),
                    unstated=sum(finding(condition, one.around, want).unstated for one in unknown),
                )
            )
        return counts


def _order(match: Match) -> tuple[bool, str, object, bytes]:
    """Orders matches: known prices first, by currency, price and name; then by name (MATCH-ORDER-1)."""
    price = match.price
    known = price.exact is not None
    return not known, price.currency if known else "", price.exact or 0, match.view.offer_id.encode()
