"""The smallest single change to a demand that would yield a match (EXPLAIN-RELAX-1).

Considered where nothing matches, over the offers that fail exactly one condition. A change is, from smallest
to largest:

1. another bound in an ordered comparison, a smaller device group, another count or duration of the demand: to
what the
   nearest such offer states, by the change relative to what was asked;
2. another bound where no such ratio exists: of a time, of a version, of a bound that is 0;
3. one more value in an `=` or `in`;
4. the condition left out.

Among equals, the one with more matches, then the alternative and the condition that come first, then the
text's bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from math import ceil, floor
from typing import Final

from crex import v1
from crex.decimals import format_decimal
from crex.decimals.currencies import EXPONENTS
from crex.demand.device_group import most
from crex.demand.evaluator import devices, stated_values, truth
from crex.demand.explain import Condition, text_of
from crex.demand.formatter import format_node
from crex.demand.nodes import ORDERING, And, Compare, ElementNode, Group, Node, Op, Or
from crex.demand.paths import Root
from crex.demand.query import Query
from crex.demand.terms import Term, Wanted, nearest_seconds, quantities
from crex.demand.truth import Truth
from crex.demand.values import Scalar, ValueType, version_at_least
from crex.demand.view import Cursor, Surroundings
from crex.errors import InvalidScalar

BOUND, UNMEASURED, VALUE, DROPPED = 1, 2, 3, 4

# Changed demands that are tried over all offers; each costs a whole search.
_MAX_SEARCHES: Final = 4
# Changes of one kind and size whose matches are counted.
_MAX_COUNTED: Final = 16


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a part of a requirement.

    Attributes:
        kind: BOUND, UNMEASURED, VALUE or DROPPED.
        size: For BOUND the change relative to what was asked; else 0.
        node: The part as it would have to be.
    """

    kind: int
    size: Fraction
    node: Node


@dataclass(frozen=True, slots=True)
class Miss:
    """An offer that fails exactly one condition of an alternative, by the numbers of both.

    Attributes:
        alternative: Number of the alternative.
        condition: Number of the condition.
        around: The offer.
        offers: How many offers there are that a change wins or does not win alike.
    """

    alternative: int
    condition: int
    around: Surroundings
    offers: int = 1


def smallest(query: Query, misses: Sequence[Miss], matches: Callable[[Wanted], int]) -> v1.Relaxation | None:
    """Finds the smallest single change that would yield a match.

    Args:
        query: What is demanded.
        misses: The offers that fail exactly one condition of an alternative.
        matches: Gives how many offers match a changed demand.
    """
    want = query.want
    found: list[tuple[tuple[int, Fraction, int, int, int, str], v1.Relaxation]] = []
    for at, conditions in enumerate(query.alternatives):
        for index, condition in enumerate(conditions):
            alone = [one for one in misses if (one.alternative, one.condition) == (at, index)]
            if not alone:
                continue
            for kind, size, text, would_match in _changes(condition, alone, want, matches):
                relaxation = v1.Relaxation(
                    constraint=text_of(condition, want),
                    relaxed=text,
                    would_match=would_match,
                    alternative=at,
                )
                found.append(((kind, size, -would_match, at, index, text), relaxation))
    return min(found, key=lambda one: one[0])[1] if found else None


def _changes(
    condition: Condition,
    alone: Sequence[Miss],
    want: Wanted,
    matches: Callable[[Wanted], int],
) -> Iterator[_Found]:
    if isinstance(condition, Term):
        yield from _of_term(condition, alone, want, matches)
    else:
        yield from _of_node(condition, alone)


_Found = tuple[int, Fraction, str, int]


def _of_node(node: Node, alone: Sequence[Miss]) -> Iterator[_Found]:
    """Gives the smallest changes of a part of the requirement, and how many offers would then match."""
    changes = [change for one in alone for change in widen(node, one.around, None)]
    first = min(((change.kind, change.size) for change in changes), default=None)
    texts = {format_node(one.node): one for one in changes if (one.kind, one.size) == first}
    for text, change in sorted(texts.items(), key=lambda item: item[0].encode())[:_MAX_COUNTED]:
        won = (one.offers for one in alone if truth(change.node, one.around, None) is Truth.TRUE)
        would_match = sum(won)
        yield change.kind, change.size, text, would_match
    if first is None:
        yield DROPPED, Fraction(0), "", sum(one.offers for one in alone)


def _of_term(
    term: Term, alone: Sequence[Miss], want: Wanted, matches: Callable[[Wanted], int]
) -> Iterator[_Found]:
    """Gives the smallest change of count or duration; the validity of an offer cannot be relaxed."""
    changed: dict[Fraction, Wanted] = {}
    for around in (one.around for one in alone):
        if term is Term.QUANTITY:
            count = quantities(around.view).nearest(want.count)
            if count is not None:
                changed[Fraction(count)] = want.with_count(count)
        elif term is Term.DURATION:
            seconds = nearest_seconds(around.view, want)
            if (
                seconds is not None
                and seconds > 0
                and (want.window is None or seconds <= want.window.seconds)
            ):
                changed[seconds] = want.with_seconds(seconds)
    asked = Fraction(want.count) if term is Term.QUANTITY else want.seconds
    for amount in sorted(changed, key=lambda value: (abs(value - asked), value))[:_MAX_SEARCHES]:
        would_match = matches(changed[amount])
        if would_match:
            yield BOUND, abs(amount - asked) / asked, text_of(term, changed[amount]), would_match
            return


def widen(node: Node, around: Surroundings, start: Cursor | None) -> Iterator[Change]:
    """Gives the single changes of a part of a requirement that make it TRUE of one offer.

    Args:
        node: A part that is not TRUE of the offer.
        around: The offer, the instant, the price.
        start: The element at which its paths begin; None: the offer.
    """
    if isinstance(node, Compare):
        yield from _widen_compare(node, around, start)
    elif isinstance(node, Group):
        count = most(devices((node,), around, start))
        if 0 < count < node.count:
            size = Fraction(node.count - count, node.count)
            yield Change(BOUND, size, replace(node, count=count))
    elif isinstance(node, ElementNode):
        found = around.follow(node.path, start, dense=node.dense)
        for cursor in (one.cursor for one in found if one is not None):
            for change in widen(node.inner, around, cursor):
                yield replace(change, node=replace(node, inner=change.node))
    elif isinstance(node, Or):
        for index in range(len(node.members)):
            yield from _widen_member(node, index, around, start)
    elif isinstance(node, And):
        truths = [truth(member, around, start) for member in node.members]
        failing = [index for index, one in enumerate(truths) if one is not Truth.TRUE]
        if len(failing) == 1:
            yield from _widen_member(node, failing[0], around, start)


def _widen_member(node: And | Or, index: int, around: Surroundings, start: Cursor | None) -> Iterator[Change]:
    for change in widen(node.members[index], around, start):
        changed = replace(node, members=_with(node.members, index, change.node))
        if truth(changed, around, start) is Truth.TRUE:  # device groups beside it may take the same devices
            yield replace(change, node=changed)


def _with(members: tuple[Node, ...], index: int, member: Node) -> tuple[Node, ...]:
    return (*members[:index], member, *members[index + 1 :])


def _widen_compare(node: Compare, around: Surroundings, start: Cursor | None) -> Iterator[Change]:
    stated = [value for value in stated_values(node, around, start) if value is not None]
    if not stated:
        return
    if node.op in ORDERING:
        yield from _new_bound(node, around, stated)
    elif node.op is Op.VERSION_GE:
        versions = [str(value) for value in stated if version_at_least(str(value), "0") is Truth.TRUE]
        for version in versions:
            if all(version_at_least(version, other) is Truth.TRUE for other in versions):
                yield Change(UNMEASURED, Fraction(0), replace(node, operands=(version,)))
                return
    elif node.op in (Op.EQ, Op.IN) and node.path.type is not ValueType.BOOLEAN:
        for value in dict.fromkeys(stated):
            yield Change(VALUE, Fraction(0), replace(node, op=Op.IN, operands=(*node.operands, value)))


def _new_bound(node: Compare, around: Surroundings, stated: list[Scalar]) -> Iterator[Change]:
    """Moves the bound of an ordered comparison to the nearest stated value, which then satisfies it."""
    upper = node.op in (Op.LT, Op.LE)
    op, asked = (Op.LE if upper else Op.GE), node.operands[0]
    times = [value for value in stated if isinstance(value, datetime)]
    if times:
        nearest_time = min(times) if upper else max(times)
        yield Change(UNMEASURED, Fraction(0), replace(node, op=op, operands=(nearest_time,)))
        return
    numbers = [Fraction(value) for value in stated if isinstance(value, (int, Fraction))]
    if not numbers or not isinstance(asked, (int, Fraction)):
        return
    bound = _expressible(min(numbers) if upper else max(numbers), node, around, upper=upper)
    if bound is None:
        return
    operand: Scalar = int(bound) if node.path.type is ValueType.INTEGER else bound
    kind, size = (BOUND, abs(bound / asked - 1)) if asked else (UNMEASURED, Fraction(0))
    yield Change(kind, size, replace(node, op=op, operands=(operand,)))


def _expressible(bound: Fraction, node: Compare, around: Surroundings, *, upper: bool) -> Fraction | None:
    """Rounds a bound outwards to what an operand can state: of a price, whole minor units."""
    if node.path.root is Root.PRICE:
        currency = str(around.demand.get("currency", ""))
        scale: int = 10 ** EXPONENTS.get(currency, 2)
        bound = Fraction(ceil(bound * scale) if upper else floor(bound * scale), scale)
    try:
        format_decimal(bound)
    except InvalidScalar:
        return None
    return bound
