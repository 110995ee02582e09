"""Why offers do not match, over columns: counts are sums of truths, words come from the SDK.

The SDK explains single offers; here it is asked for the few that an explanation lists, and once for all
offers that stand on the same documents where a change of the demand is looked for.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Final

import numpy as np

from crex import v1
from crex.demand.explain import Condition, finding, text_of
from crex.demand.matching import MAX_REJECTIONS, rejection
from crex.demand.nodes import Compare, ElementNode, Group, Node, Not, Or, descend
from crex.demand.paths import Root
from crex.demand.relax import Miss, smallest
from crex.demand.terms import Term, Wanted
from crex_broker.index.batch import Judge
from crex_broker.index.columns import Ints
from crex_broker.index.corpus import Entry
from crex_broker.index.search import Search
from crex_broker.index.segment import Segment
from crex_broker.index.truths import TRUE, UNKNOWN, Truths

_OF_OFFER: Final = frozenset({Root.OFFER, Root.PLAN, Root.PRICE, Root.AVAILABILITY})


@dataclass(frozen=True, slots=True)
class _Rejected:
    """Offers of one segment that match under no alternative.

    Attributes:
        judge: Judges them.
        truths: For each alternative, the truths of its conditions, one row each.
        failing: For each alternative, how many conditions each offer fails.
    """

    judge: Judge
    truths: tuple[Truths, ...]
    failing: tuple[Ints, ...]


def explain(search: Search) -> v1.MatchExplanation:
    """Explains a search."""
    considered, rejected = 0, []
    for segment, rows in search.everything():
        considered += len(rows)
        rejected.append(_judge(search, segment, rows))
    count = sum(len(one.judge.rows) for one in rejected)
    explanation = v1.MatchExplanation(considered=considered, matched=considered - count)
    explanation.rejections.extend(_nearest(search, rejected))
    explanation.rejections_capped = count > MAX_REJECTIONS
    for alternative, conditions in enumerate(search.query.alternatives):
        explanation.constraints.extend(_counts(search, rejected, alternative, conditions))
    if count == considered:
        relaxation = smallest(search.query, _misses(search, rejected), lambda want: _matches(search, want))
        if relaxation is not None:
            explanation.relaxation.CopyFrom(relaxation)
    return explanation


def _judge(search: Search, segment: Segment, rows: Ints) -> _Rejected:
    """Judges offers by every condition; gives those that match under no alternative."""
    judge = Judge(segment, rows, search.query, search.prices)
    truths = [
        np.stack([judge.truths(condition) for condition in conditions])
        for conditions in search.query.alternatives
    ]
    failing = [(one != TRUE).sum(axis=0) for one in truths]
    out = np.all([one > 0 for one in failing], axis=0)
    return _Rejected(
        Judge(segment, rows[out], search.query, search.prices),
        tuple(one[:, out] for one in truths),
        tuple(one[out] for one in failing),
    )


def _nearest(search: Search, rejected: Sequence[_Rejected]) -> list[v1.Rejection]:
    """Gives the offers that fail the fewest conditions, then by name, with the first that they fail."""
    nearest: list[tuple[int, bytes, int, int]] = []
    for place, one in enumerate(rejected):
        if not len(one.judge.rows):
            continue
        fewest = np.min(one.failing, axis=0)
        # Who is beyond the last number of failures that is listed needs no name.
        last = np.partition(fewest, min(MAX_REJECTIONS, len(fewest)) - 1)[
            min(MAX_REJECTIONS, len(fewest)) - 1
        ]
        near = np.flatnonzero(fewest <= last)
        names = one.judge.segment.ids(one.judge.rows[near])
        nearest += zip(fewest[near].tolist(), names, repeat(place), near.tolist(), strict=False)
    first = heapq.nsmallest(MAX_REJECTIONS, nearest)
    return [_rejection(search, rejected[place], at) for _, _, place, at in first]


def _rejection(search: Search, one: _Rejected, number: int) -> v1.Rejection:
    alternative = int(np.argmin([failing[number] for failing in one.failing]))
    index = int(np.flatnonzero(one.truths[alternative][:, number] != TRUE)[0])
    return rejection(search.query, one.judge.around(number), alternative, index)


def _counts(
    search: Search, rejected: Sequence[_Rejected], alternative: int, conditions: Sequence[Condition]
) -> list[v1.ConstraintCount]:
    """Counts, for each condition that stops any offer, the offers that fail it (EXPLAIN-COUNT-1)."""
    counts: list[v1.ConstraintCount] = []
    for index, condition in enumerate(conditions):
        fails = alone = unstated = 0
        for one in rejected:
            truths = one.truths[alternative][index]
            failing = truths != TRUE
            fails += int(failing.sum())
            alone += int((failing & (one.failing[alternative] == 1)).sum())
            unknown = np.flatnonzero(truths == UNKNOWN)
            if len(unknown):
                unstated += _unstated(search, one.judge, unknown, condition)
        if fails:
            text = text_of(condition, search.query.want)
            counts.append(
                v1.ConstraintCount(
                    constraint=text,
                    fails_alone=alone,
                    fails=fails,
                    unstated=unstated,
                    alternative=alternative,
                )
            )
    return counts


def _unstated(search: Search, judge: Judge, unknown: Ints, condition: Condition) -> int:
    """Counts the offers that state nothing of a condition which is UNKNOWN of them."""
    if isinstance(condition, (Compare, Not, Or)) and _is_plain(condition):
        # What is found is any value at any of its paths.
        stated = np.zeros(len(judge.rows), np.bool_)
        for compare in _compares(condition):
            stated |= judge.states(compare)
        return int((~stated[unknown]).sum())
    known: dict[object, bool] = {}
    count = 0
    for number in unknown:
        key = _behind(judge.entry(int(number)), condition)
        if key not in known:
            known[key] = finding(condition, judge.around(int(number)), search.query.want).unstated
        count += known[key]
    return count


def _behind(entry: Entry, condition: Condition) -> tuple[object, ...]:
    """Gives what offers have in common of which a condition says the same: the documents it asks about."""
    common = (entry.unit, entry.resource, entry.site, entry.names)
    if isinstance(condition, Term) or _asks_offer(condition):
        return *common, entry.offer, entry.plan, entry.available
    return common


def _asks_offer(node: Node) -> bool:
    """Tells whether a condition asks about what differs from one offer of a resource to another."""
    return any(
        part.path.root in _OF_OFFER
        for part in descend(node)
        if isinstance(part, (Compare, ElementNode, Group))
    )


def _is_plain(node: Node) -> bool:
    """Tells whether a condition is made of comparisons that begin at the offer, without `and`."""
    if isinstance(node, Compare):
        return True
    if isinstance(node, Not):
        return _is_plain(node.inner)
    return isinstance(node, Or) and all(_is_plain(member) for member in node.members)


def _compares(node: Node) -> list[Compare]:
    if isinstance(node, Compare):
        return [node]
    if isinstance(node, Not):
        return _compares(node.inner)
    return [one for member in node.members for one in _compares(member)] if isinstance(node, Or) else []


def _misses(search: Search, rejected: Sequence[_Rejected]) -> list[Miss]:
    """Gives the offers that fail exactly one condition of an alternative; those that are alike together."""
    misses: list[Miss] = []
    for alternative in range(len(search.query.alternatives)):
        alike: dict[object, int] = {}
        for one in rejected:
            for number in np.flatnonzero(one.failing[alternative] == 1):
                at = int(number)
                condition = int(np.flatnonzero(one.truths[alternative][:, at] != TRUE)[0])
                asked = search.query.alternatives[alternative][condition]
                entry = one.judge.entry(at)
                key = (condition, *_behind(entry, asked), one.judge.time(at))
                if key in alike:
                    earlier = misses[alike[key]]
                    misses[alike[key]] = replace(earlier, offers=earlier.offers + 1)
                else:
                    alike[key] = len(misses)
                    misses.append(Miss(alternative, condition, one.judge.around(at)))
    return misses


def _matches(search: Search, want: Wanted) -> int:
    """Counts the offers that match a changed demand."""
    return Search(search.view, search.query.wanting(want), search.now_ms, search.pricer).count()
