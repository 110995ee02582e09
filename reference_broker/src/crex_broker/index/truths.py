"""The truth of a requirement for many offers at once: the evaluator of the SDK, written over columns.

Truths are small integers: 0 FALSE, 1 UNKNOWN, 2 TRUE, so that conjunction is the minimum, disjunction the
maximum and negation 2 − t (REQ-KLEENE-1). What is rarely asked, several device groups at once or groups with
`distinct`, is left to the evaluator itself, offer by offer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from math import ceil, floor
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from crex.demand.checker import DEVICE_LISTS
from crex.demand.nodes import And, Compare, ElementNode, Group, Node, Not, Op, conjuncts
from crex.demand.paths import Path, Root
from crex.demand.values import Scalar, ValueType, version_at_least
from crex.documents.times import to_ms
from crex.metering.span import Span
from crex_broker.index.columns import MISSING, NO_CODE, CodeColumn, Flags, IntColumn, Ints
from crex_broker.index.follow import Claims, Follower, Reached, Rows

Truths: TypeAlias = npt.NDArray[np.int8]

FALSE: Final = 0
UNKNOWN: Final = 1
TRUE: Final = 2

_MILLIS: Final = frozenset({ValueType.DURATION})


@dataclass(frozen=True, slots=True)
class Batch:
    """Offers that are judged together.

    Attributes:
        count: How many.
        claims: What decides whether compliance claims hold.
        root: Gives the rows at which paths of a root begin, and which offers do not state that root.
        time: When the demand wants the units of each offer: start and end in milliseconds.
        price: Judges a comparison of the price, which no table has.
        singly: Judges a node offer by offer, by the evaluator itself.
    """

    count: int
    claims: Claims
    root: Callable[[Root], tuple[Rows, Flags]]
    time: Callable[[], tuple[Ints, Ints]]
    price: Callable[[Compare], Truths]
    singly: Callable[[Node], Truths]


def truths(node: Node, batch: Batch) -> Truths:
    """Gives the truth of a checked requirement for every offer of a batch."""
    return _truths(node, batch, None)


def _truths(node: Node, batch: Batch, start: Rows | None) -> Truths:
    if isinstance(node, Compare):
        return _compare(node, batch, start)
    if isinstance(node, ElementNode):
        reached = reach(node.path, batch, start, dense=node.dense)
        return joined(_truths(node.inner, batch, reached.rows), reached)
    if isinstance(node, Not):
        negated: Truths = TRUE - _truths(node.inner, batch, start)
        return negated
    if isinstance(node, Group):
        return _groups((node,), node, batch)
    if isinstance(node, And):
        return _all(node, batch, start)
    found = np.zeros(_count(batch, start), np.int8)
    for member in node.members:
        np.maximum(found, _truths(member, batch, start), out=found)
    return found


def _all(node: And, batch: Batch, start: Rows | None) -> Truths:
    found = np.full(_count(batch, start), TRUE, np.int8)
    groups: dict[str, list[Group]] = {}
    for member in conjuncts(node):
        if isinstance(member, Group):
            groups.setdefault(member.path.name, []).append(member)
        else:
            np.minimum(found, _truths(member, batch, start), out=found)
    for several in groups.values():
        together: Node = several[0] if len(several) == 1 else And(tuple(several))
        np.minimum(found, _groups(tuple(several), together, batch), out=found)
    return found


def _count(batch: Batch, start: Rows | None) -> int:
    return batch.count if start is None else len(start.rows)


def reach(path: Path, batch: Batch, start: Rows | None, *, dense: bool) -> Reached:
    """Follows a path from some elements, or from the offers."""
    if path.root is Root.ELEMENT and start is not None:
        begin, unknown = replace(start), np.zeros(len(start.rows), np.bool_)
        return Follower(begin, unknown, dense=dense, claims=batch.claims).run(path.steps)
    begin, stated = batch.root(path.root)
    reached = Follower(begin, np.zeros(len(begin.rows), np.bool_), dense=dense, claims=batch.claims).run(
        path.steps
    )
    # From rows of documents to offers: those whose document is not at hand are unknown.
    unknown = ~stated
    unknown[begin.offer[reached.unknown]] = True
    return Reached(reached.rows, reached.scalar, begin.offer[reached.owner], unknown)


def joined(inner: Truths, reached: Reached) -> Truths:
    """Gives the disjunction over what was reached, UNKNOWN where something is unknown (REQ-LIST-1)."""
    found: Truths = reached.unknown.astype(np.int8)
    found[reached.owner[inner == UNKNOWN]] = UNKNOWN
    found[reached.owner[inner == TRUE]] = TRUE
    return found


def accepted(node: Compare, rows: Rows) -> Flags:
    """Tells which rows have an accepted basis and an accepted assurance (REQ-BASIS-1)."""
    found = np.ones(len(rows.rows), np.bool_)
    for words, governing in ((node.bases, rows.basis), (node.assurances, rows.assurance)):
        if words:
            found &= np.zeros(len(found), np.bool_) if governing is None else governing.among(words)
    return found


def stated(node: Compare, batch: Batch) -> Flags:
    """Tells for which offers a value is stated, and accepted, at the path of a comparison."""
    reached = reach(node.path, batch, None, dense=node.dense)
    rows = reached.rows
    there = accepted(node, rows)
    if reached.scalar is not None:
        column = rows.column(reached.scalar)
        there &= np.zeros(len(there), np.bool_) if column is None else column.stated(rows.rows)
    elif node.op is Op.COVERS_INTERVAL:
        there &= _interval(node, rows)[2]
    found = np.zeros(batch.count, np.bool_)
    found[reached.owner[there]] = True
    return found


def _compare(node: Compare, batch: Batch, start: Rows | None) -> Truths:
    if node.path.root is Root.PRICE:
        return batch.price(node)
    reached = reach(node.path, batch, start, dense=node.dense)
    if node.op is Op.HAS_ALL:  # REQ-HAS-1: each operand is the value of some element
        found = np.full(len(reached.unknown), TRUE, np.int8)
        for operand in node.operands:
            np.minimum(found, joined(_tested(node, Op.EQ, (operand,), reached, batch), reached), out=found)
        return found
    return joined(_tested(node, node.op, node.operands, reached, batch), reached)


def _tested(node: Compare, op: Op, operands: tuple[Scalar, ...], reached: Reached, batch: Batch) -> Truths:
    """Tests each value that was reached; UNKNOWN where it is missing or not accepted."""
    rows = reached.rows
    if reached.scalar is None:
        found = _covered(node, operands, reached, batch) if op is Op.COVERS_INTERVAL else _there(rows)
    else:
        found = _values(node, op, operands, rows, reached.scalar)
    if node.bases or node.assurances:
        found[~accepted(node, rows)] = UNKNOWN
    return found


def _there(rows: Rows) -> Truths:
    return np.full(len(rows.rows), TRUE, np.int8)


def _values(node: Compare, op: Op, operands: tuple[Scalar, ...], rows: Rows, scalar: str) -> Truths:
    column = rows.column(scalar)
    if column is None:
        return np.full(len(rows.rows), UNKNOWN, np.int8)
    if isinstance(column, CodeColumn):
        return _coded(op, operands, column, column.values.data[rows.rows])
    numbers = column.values.data[rows.rows]
    holds = _number_test(op, [_exact(one, node.path.type) for one in operands], numbers)
    return _decided(holds, numbers != MISSING)


def _decided(holds: Flags, stated: Flags) -> Truths:
    found: Truths = holds.astype(np.int8) * np.int8(TRUE)
    found[~stated] = UNKNOWN
    return found


def _exact(operand: Scalar, kind: ValueType) -> Fraction:
    """Gives an operand in the numbers of its column: instants and lengths of time are in milliseconds."""
    if isinstance(operand, datetime):
        return Fraction(to_ms(operand))
    if isinstance(operand, (str, Span)):
        raise TypeError("a text is no operand of numbers")
    return Fraction(operand) * (1000 if kind in _MILLIS else 1)


def _number_test(op: Op, operands: list[Fraction], numbers: Ints) -> Flags:
    """Compares integers with exact numbers that need not be whole."""
    if op is Op.EXISTS:
        return np.ones(len(numbers), np.bool_)
    if op in (Op.EQ, Op.NE, Op.IN, Op.NOT_IN, Op.HAS_ANY):
        whole = np.array([one.numerator for one in operands if one.denominator == 1], object)
        within = [int(one) for one in whole if MISSING < one < -MISSING]
        among = np.isin(numbers, np.array(within, np.int64))
        return ~among if op in (Op.NE, Op.NOT_IN) else among
    operand = operands[0]
    if op in (Op.LT, Op.GE):  # v < x means v < ⌈x⌉ for whole v
        below = numbers < _bounded(ceil(operand))
        return below if op is Op.LT else ~below
    below_or_equal = numbers <= _bounded(floor(operand))
    return below_or_equal if op is Op.LE else ~below_or_equal


def _bounded(number: int) -> np.int64 | float:
    if number > -MISSING - 1:
        return float("inf")
    return float("-inf") if number <= MISSING else np.int64(number)


def _coded(op: Op, operands: tuple[Scalar, ...], column: CodeColumn, codes: Ints) -> Truths:
    stated = codes != NO_CODE
    if op is Op.EXISTS:
        return _decided(np.ones(len(codes), np.bool_), stated)
    if op in (Op.EQ, Op.NE, Op.IN, Op.NOT_IN, Op.HAS_ANY):
        known = [column.known(one) for one in operands]
        among = codes == known[0] if len(known) == 1 else np.isin(codes, np.array(known, np.int64))
        return _decided(~among if op in (Op.NE, Op.NOT_IN) else among, stated)
    judged = column.judged((op, operands), lambda word: _word_test(op, operands[0], word))
    found = np.full(len(codes), UNKNOWN, np.int8)
    found[stated] = judged[codes[stated]]
    return found


def _word_test(op: Op, operand: Scalar, word: str | Fraction) -> int:
    """Judges one text by its version, or one decimal by its size."""
    if op is Op.VERSION_GE:
        return version_at_least(str(word), str(operand)).value
    number = Fraction(word)
    bound = Fraction(operand) if isinstance(operand, (int, Fraction)) else Fraction(0)
    holds = {
        Op.LT: number < bound,
        Op.LE: number <= bound,
        Op.GT: number > bound,
        Op.GE: number >= bound,
    }[op]
    return TRUE if holds else FALSE


def _covered(node: Compare, operands: tuple[Scalar, ...], reached: Reached, batch: Batch) -> Truths:
    """Tells whether the interval that a message states covers another (REQ-COVERS-1)."""
    rows = reached.rows
    start, end, there = _interval(node, rows)
    match operands:
        case (Span() as span,):
            return _decided((start <= span.start_ms) & (span.end_ms <= end), there)
    asked_start, asked_end = batch.time()
    offer = rows.offer
    return _decided((start <= asked_start[offer]) & (asked_end[offer] <= end), there)


def _interval(node: Compare, rows: Rows) -> tuple[Ints, Ints, Flags]:
    """Gives the interval that each message states, and whether it states one."""
    member = f"{node.path.interval}." if node.path.interval else ""
    columns = [rows.column(f"{member}{name}") for name in ("start", "end")]
    ends = [one.values.data[rows.rows] for one in columns if isinstance(one, IntColumn)]
    if len(ends) < len(columns):
        nothing = np.full(len(rows.rows), MISSING, np.int64)
        return nothing, nothing, np.zeros(len(rows.rows), np.bool_)
    start, end = ends
    return start, end, (start != MISSING) & (end != MISSING) & (start <= end)


def _groups(groups: tuple[Group, ...], together: Node, batch: Batch) -> Truths:
    """Counts the devices of one group; several at once, and `distinct`, are judged singly (REQ-GROUP-5)."""
    group = groups[0]
    if len(groups) > 1 or group.distinct:
        return batch.singly(together)
    reached = reach(group.path, batch, None, dense=True)
    rows, owner = reached.rows, reached.owner
    eligible = _there(rows) if group.each is None else _truths(group.each, batch, rows)
    counts, known = _device_counts(group, rows)
    classes, stated = _classes(group, rows, batch)
    certain = (eligible == TRUE) & known & stated
    may = eligible != FALSE
    enough = _most(owner, classes, stated, certain, counts, batch.count, group.count) >= group.count
    plenty = np.where(known, counts, group.count)
    possible = _most(owner, classes, stated, may, plenty, batch.count, group.count) >= group.count
    found = np.full(batch.count, UNKNOWN, np.int8)
    found[~reached.unknown & ~possible] = FALSE
    found[enough] = TRUE
    return found


def _device_counts(group: Group, rows: Rows) -> tuple[Ints, Flags]:
    """Gives the devices of each element, and whether their number is known."""
    column = rows.column("count")
    one = DEVICE_LISTS[group.path.name]
    if not isinstance(column, IntColumn):
        return np.ones(len(rows.rows), np.int64), np.full(len(rows.rows), one, np.bool_)
    counts = column.values.data[rows.rows]
    stated = counts != MISSING
    known = stated | one
    return np.where(stated, np.maximum(counts, 0), 1), known


def _classes(group: Group, rows: Rows, batch: Batch) -> tuple[Ints, Flags]:
    """Gives a number for the values of each element at the `same` paths, and whether all are stated."""
    classes, stated = np.zeros(len(rows.rows), np.int64), np.ones(len(rows.rows), np.bool_)
    for path in group.same:
        reached = reach(path, batch, rows, dense=True)
        codes = np.full(len(rows.rows), -1, np.int64)
        column = None if reached.scalar is None else reached.rows.column(reached.scalar)
        if column is not None:
            _, numbers = np.unique(column.values.data[reached.rows.rows], return_inverse=True)
            there = column.stated(reached.rows.rows)
            codes[reached.owner[there]] = numbers[there]
        stated &= codes >= 0
        _, classes = np.unique(classes * (len(rows.rows) + 1) + codes, return_inverse=True)
    return classes.astype(np.int64), stated


def _most(
    owner: Ints, classes: Ints, stated: Flags, chosen: Flags, counts: Ints, offers: int, enough: int
) -> Ints:
    """Gives, for each offer, the devices of its largest class; those of no stated class are in every one.

    Sums stop mattering at `enough`, so that numbers beyond it cannot overflow.
    """
    capped = np.minimum(counts, enough)
    anywhere = np.zeros(offers, np.int64)
    loose = chosen & ~stated
    np.add.at(anywhere, owner[loose], capped[loose])
    largest = np.zeros(offers, np.int64)
    bound = chosen & stated
    if bound.any():
        keys = owner[bound] * (int(classes.max()) + 1) + classes[bound]
        unique, position = np.unique(keys, return_inverse=True)
        sums = np.zeros(len(unique), np.int64)
        np.add.at(sums, position, capped[bound])
        np.maximum.at(largest, unique // (int(classes.max()) + 1), sums)
    most: Ints = largest + anywhere
    return most
