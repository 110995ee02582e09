"""The evaluator: one requirement on one offer, in three-valued logic. Source: requirements-language.md.

This is the reference: plain, one rule after the other, each citing its requirement. Whatever answers faster
must answer the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from fractions import Fraction
from typing import Final

from crex import v1
from crex.demand.checker import DEVICE_LISTS, check
from crex.demand.device_group import Devices, Member, truth_of_groups
from crex.demand.nodes import And, Compare, ElementNode, Group, Node, Not, Op, conjuncts
from crex.demand.paths import Path
from crex.demand.truth import Truth, all_of, any_of, negate
from crex.demand.values import Scalar, ValueType, read_interval, read_stated, version_at_least
from crex.demand.view import Cursor, OfferView, Reached, Surroundings
from crex.metering.span import Span


def evaluate(
    requirement: v1.Requirement | Node,
    view: OfferView,
    *,
    now: datetime,
    price: Fraction | None = None,
    time: Span | None = None,
) -> Truth:
    """Evaluates a requirement on one offer.

    Args:
        requirement: The requirement; a checked one saves checking it for every offer.
        view: The offer with its documents.
        now: Instant of the evaluation (REQ-CLAIM-1).
        price: Exact price of the demand in the demand's currency; None: unknown (DEMAND-PRICE-2).
        time: When the demand wants the units; None: no demand is given (REQ-COVERS-2).

    Raises:
        RequirementError: The requirement cannot be used; see `crex.demand.checker`.
    """
    node = check(requirement) if isinstance(requirement, v1.Requirement) else requirement
    return truth(node, Surroundings(view, now, price, time), None)


def truth(node: Node, around: Surroundings, start: Cursor | None) -> Truth:
    """Gives the truth of a checked requirement.

    Args:
        node: The requirement.
        around: The offer, the instant, the price.
        start: The element at which its paths begin; None: they begin at the offer.
    """
    if isinstance(node, Compare):
        return _compare(node, around, start)
    if isinstance(node, ElementNode):  # REQ-ELEMENT-1: one and the same element
        found = around.follow(node.path, start, dense=node.dense)
        return any_of(
            Truth.UNKNOWN if one is None else truth(node.inner, around, one.cursor) for one in found
        )
    if isinstance(node, Not):  # REQ-KLEENE-1
        return negate(truth(node.inner, around, start))
    if isinstance(node, And):
        return all_of(_together(node, around, start))
    if isinstance(node, Group):
        return groups_truth((node,), around, start)
    return any_of(truth(member, around, start) for member in node.members)


def _together(node: And, around: Surroundings, start: Cursor | None) -> Iterator[Truth]:
    """Gives the truths of what stands together; device groups of one list count as one (REQ-GROUP-4)."""
    groups: dict[str, list[Group]] = {}
    for member in conjuncts(node):
        if isinstance(member, Group):
            groups.setdefault(member.path.name, []).append(member)
        else:
            yield truth(member, around, start)
    for members in groups.values():
        yield groups_truth(tuple(members), around, start)


def stated_values(node: Compare, around: Surroundings, start: Cursor | None) -> Iterator[Scalar | None]:
    """Gives the values that a comparison sees; None for each that may be but is not stated (REQ-MISSING-1).

    A value whose basis or assurance is not accepted counts as missing (REQ-BASIS-1). Where the path ends at a
    message, True stands for it, or the interval that it states where that is compared (REQ-COVERS-1).
    """
    for one in around.follow(node.path, start, dense=node.dense):
        yield None if one is None or not _accepted(node, one.cursor) else _read(one, node)


def _read(one: Reached, node: Compare) -> Scalar | None:
    if node.path.type is not ValueType.MESSAGE:
        return read_stated(one.raw, node.path.type)
    if node.op is Op.COVERS_INTERVAL:
        return read_interval(one.cursor.message, node.path.interval or "")
    return True


def _accepted(node: Compare, cursor: Cursor) -> bool:
    if node.bases and cursor.basis not in node.bases:
        return False
    return not node.assurances or cursor.assurance in node.assurances


def _compare(node: Compare, around: Surroundings, start: Cursor | None) -> Truth:
    values = list(stated_values(node, around, start))
    if node.op is Op.HAS_ALL:  # REQ-HAS-1: each operand is the value of some element
        return all_of(_any_value(values, Op.EQ, (operand,)) for operand in node.operands)
    if node.op is Op.VERSION_GE:
        required = str(node.operands[0])
        return any_of(
            Truth.UNKNOWN if value is None else version_at_least(str(value), required) for value in values
        )
    if node.op is Op.COVERS_INTERVAL and not node.operands:
        if around.time is None:  # REQ-COVERS-2
            return Truth.UNKNOWN
        return _any_value(values, node.op, (around.time,))
    return _any_value(values, node.op, node.operands)


def _any_value(values: list[Scalar | None], op: Op, operands: tuple[Scalar, ...]) -> Truth:
    """Gives the disjunction of a test over values; a missing one is UNKNOWN (REQ-LIST-1, REQ-OPEN-1)."""
    test = _TESTS[op]
    return any_of(Truth.of(None if value is None else test(value, operands)) for value in values)


def _covers(value: Scalar, operand: Scalar) -> bool:
    """Tells whether one interval holds another (REQ-COVERS-1)."""
    if not isinstance(value, Span) or not isinstance(operand, Span):
        return False
    return value.start_ms <= operand.start_ms and operand.end_ms <= value.end_ms


def _less(value: Scalar, operand: Scalar, *, or_equal: bool) -> bool:
    """Compares ordered values; check has made sure that both are numbers, or both instants."""
    if isinstance(value, Span) or isinstance(operand, Span):
        return False
    if isinstance(value, datetime) or isinstance(operand, datetime):
        before = isinstance(value, datetime) and isinstance(operand, datetime) and value < operand
    else:
        before = Fraction(value) < Fraction(operand)
    return before or (or_equal and value == operand)


_TESTS: Final[dict[Op, Callable[[Scalar, tuple[Scalar, ...]], bool]]] = {
    Op.EQ: lambda value, operands: value == operands[0],
    Op.NE: lambda value, operands: value != operands[0],
    Op.LT: lambda value, operands: _less(value, operands[0], or_equal=False),
    Op.LE: lambda value, operands: _less(value, operands[0], or_equal=True),
    Op.GT: lambda value, operands: _less(operands[0], value, or_equal=False),
    Op.GE: lambda value, operands: _less(operands[0], value, or_equal=True),
    Op.IN: lambda value, operands: value in operands,
    Op.NOT_IN: lambda value, operands: value not in operands,
    Op.HAS_ANY: lambda value, operands: value in operands,
    Op.EXISTS: lambda _value, _operands: True,
    Op.COVERS_INTERVAL: lambda value, operands: _covers(value, operands[0]),
}


def groups_truth(groups: tuple[Group, ...], around: Surroundings, start: Cursor | None) -> Truth:
    """Gives the truth of device groups of one list that stand together: they take disjoint devices."""
    return truth_of_groups([group.count for group in groups], devices(groups, around, start))


def devices(groups: tuple[Group, ...], around: Surroundings, start: Cursor | None) -> Devices:
    """Gives what a device list holds for each of some groups that ask about it."""
    path = groups[0].path
    found = list(around.follow(path, start, dense=True))
    cursors = [one.cursor for one in found if one is not None]
    counts = [_count(path, cursor) for cursor in cursors]
    members = [[_member(group, around, cursor) for cursor in cursors] for group in groups]
    return Devices(counts, members, closed=len(cursors) == len(found))


def _count(path: Path, cursor: Cursor) -> int | None:
    """Gives the devices of an element; one where its list says so of an unstated count, else None."""
    stated = read_stated(cursor.message.get("count"), ValueType.INTEGER)
    if isinstance(stated, int):
        return max(stated, 0)
    return 1 if DEVICE_LISTS[path.name] else None


def _member(group: Group, around: Surroundings, cursor: Cursor) -> Member:
    eligible = Truth.TRUE if group.each is None else truth(group.each, around, cursor)
    same = _key(group.same, around, cursor)
    return Member(
        eligible, same, _key(group.distinct, around, cursor) if group.distinct else None, bool(group.distinct)
    )


def _key(paths: tuple[Path, ...], around: Surroundings, cursor: Cursor) -> tuple[Scalar, ...] | None:
    """Gives the values of an element at some paths; None where it does not state all of them."""
    values: list[Scalar] = []
    for path in paths:
        for one in around.follow(path, cursor, dense=True):
            value = None if one is None else read_stated(one.raw, path.type)
            if value is None:
                return None
            values.append(value)
    return tuple(values)
