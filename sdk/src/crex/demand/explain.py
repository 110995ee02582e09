"""Why an offer does not meet a condition: what was required, what found, what between (EXPLAIN-FOUND-1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import TypeAlias

from crex.demand.device_group import most
from crex.demand.evaluator import devices, groups_truth, stated_values, truth
from crex.demand.formatter import format_node
from crex.demand.nodes import ORDERING, And, Compare, ElementNode, Group, Node, Not, Op, conjuncts
from crex.demand.offer_constraints import UNUSABLE, constraints_of
from crex.demand.terms import Term, Wanted, nearest_seconds, quantities, term_found, term_text, truth_of_term
from crex.demand.truth import Truth
from crex.demand.units import MICRO, SECONDS, describe_amount
from crex.demand.values import NUMERIC, Scalar, ValueType, show_scalar
from crex.demand.view import Cursor, Surroundings
from crex.metering.span import Span

# Values that an explanation names before it only counts the rest.
_SHOWN = 4

# One condition that an offer has to meet, beside others: a part of the requirement, device groups that count
# together, or a term of the offer.
Condition: TypeAlias = Node | Term


@dataclass(frozen=True, slots=True)
class Finding:
    """What an offer states about a condition that it does not meet; every text is for people.

    Attributes:
        required: What was required.
        found: What was found; empty: nothing is stated.
        gap: What lies between, where values are ordered; else empty.
        unstated: Whether the offer does not state what was asked, so that the condition is UNKNOWN.
    """

    required: str
    found: str
    gap: str
    unstated: bool


def conditions(requirement: Node | None) -> tuple[Condition, ...]:
    """Gives what an offer has to meet: the parts of the requirement that stand together, then the terms.

    Device groups of one list become one condition, in the place of the first.
    """
    found: list[Node] = []
    groups: dict[str, int] = {}
    for node in () if requirement is None else conjuncts(requirement):
        if isinstance(node, Group):
            name = node.path.name
            if name in groups:
                earlier = found[groups[name]]
                found[groups[name]] = And((*conjuncts(earlier), node))
                continue
            groups[name] = len(found)
        found.append(node)
    return (*found, *Term)


def truth_of(condition: Condition, around: Surroundings, want: Wanted) -> Truth:
    """Gives the truth of one condition."""
    if isinstance(condition, Term):
        return truth_of_term(condition, around, want)
    return truth(condition, around, None)


def text_of(condition: Condition, want: Wanted) -> str:
    """Writes a condition in the text form; terms as their page says."""
    return term_text(condition, want) if isinstance(condition, Term) else format_node(condition)


def finding(condition: Condition, around: Surroundings, want: Wanted) -> Finding:
    """Explains why an offer does not meet a condition.

    Args:
        condition: A condition that is not TRUE of the offer.
        around: The offer, the instant, the price.
        want: What is demanded.
    """
    if isinstance(condition, Term):
        return _term_finding(condition, around, want)
    return _node_finding(condition, around, None)


def _term_finding(term: Term, around: Surroundings, want: Wanted) -> Finding:
    if term is Term.CONSTRAINTS:
        return _constraints_finding(around)
    found, gap = term_found(term, around.view), ""
    if term is Term.QUANTITY:
        near = quantities(around.view).nearest(want.count)
        gap = "" if near is None else str(abs(near - want.count))
    elif term is Term.DURATION:
        seconds = nearest_seconds(around.view, want)
        gap = "" if seconds is None else describe_amount(abs(seconds - want.seconds), SECONDS)
    return Finding(term_text(term, want), found, gap, unstated=not found)


def _constraints_finding(around: Surroundings) -> Finding:
    """Explains which of its constraints on the demand an offer does not find met, by the first of them."""
    node = constraints_of(around.view.offer)
    if node is None or node is UNUSABLE:
        required = "constraints of the offer on the demand that can be used"
        return Finding(required, "what nobody can evaluate", "", unstated=False)
    return _node_finding(node, around, None)


def _node_finding(node: Node, around: Surroundings, start: Cursor | None) -> Finding:
    if isinstance(node, Compare):
        return _compare_finding(node, around, start)
    if isinstance(node, ElementNode):
        return _element_finding(node, around, start)
    if isinstance(node, Group):
        return _group_finding((node,), around, start)
    if isinstance(node, And):
        return _and_finding(node, around, start)
    return _joined_finding(node, (node.inner,) if isinstance(node, Not) else node.members, around, start)


def _joined_finding(
    node: Node, parts: tuple[Node, ...], around: Surroundings, start: Cursor | None
) -> Finding:
    """Explains by what is found for any of several parts."""
    inner = [_node_finding(part, around, start) for part in parts]
    found = "; ".join(dict.fromkeys(one.found for one in inner if one.found))
    unknown = truth(node, around, start) is Truth.UNKNOWN
    return Finding(format_node(node), found, "", unstated=unknown and not found)


def _compare_finding(node: Compare, around: Surroundings, start: Cursor | None) -> Finding:
    values = [value for value in stated_values(node, around, start) if value is not None]
    shown = _show_all(node, values)
    unknown = truth(node, around, start) is Truth.UNKNOWN
    return Finding(format_node(node), shown, _gap(node, values), unstated=unknown and not shown)


def _and_finding(node: And, around: Surroundings, start: Cursor | None) -> Finding:
    """Explains by the first part that fails; by all device groups where they fail only together."""
    parts = conjuncts(node)
    failing = next((part for part in parts if truth(part, around, start) is not Truth.TRUE), None)
    groups = tuple(part for part in parts if isinstance(part, Group))
    if groups and (failing is None or isinstance(failing, Group)):
        return _group_finding(groups, around, start)
    if failing is None:  # it stands under a `not`, which fails because all of it is true
        return _joined_finding(node, parts, around, start)
    return _node_finding(failing, around, start)


def _element_finding(node: ElementNode, around: Surroundings, start: Cursor | None) -> Finding:
    """Explains by the element that meets most of the condition, the first of equals."""
    parts = conjuncts(node.inner)
    best: tuple[int, Cursor] | None = None
    for one in around.follow(node.path, start, dense=node.dense):
        if one is not None:
            met = sum(truth(part, around, one.cursor) is Truth.TRUE for part in parts)
            if best is None or met > best[0]:
                best = (met, one.cursor)
    if best is None:
        unknown = truth(node, around, start) is Truth.UNKNOWN
        return Finding(format_node(node), "" if unknown else f"no {node.path.name}", "", unstated=unknown)
    inner = _node_finding(node.inner, around, best[1])
    return replace(inner, required=f"{node.path.name}: {inner.required}")


def _group_finding(groups: tuple[Group, ...], around: Surroundings, start: Cursor | None) -> Finding:
    required = " and ".join(format_node(group) for group in groups)
    counts = [most(devices((group,), around, start)) for group in groups]
    gaps = [group.count - count for group, count in zip(groups, counts, strict=True)]
    unknown = groups_truth(groups, around, start) is Truth.UNKNOWN
    if unknown and not any(counts):
        return Finding(required, "", "", unstated=True)
    found = " and ".join(str(count) for count in counts)
    if all(gap <= 0 for gap in gaps):
        return Finding(required, f"{found}, of the same devices", "", unstated=False)
    return Finding(required, found, " and ".join(str(max(gap, 0)) for gap in gaps), unstated=False)


def _show_all(node: Compare, values: list[Scalar]) -> str:
    shown = list(dict.fromkeys(show(value, node) for value in values))
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more


def show(value: Scalar, node: Compare) -> str:
    """Writes a value at a comparison's path for people."""
    if node.path.type is ValueType.MESSAGE and not isinstance(value, Span):
        return "stated"
    if isinstance(value, (bool, str, datetime, Span)):
        return show_scalar(value)
    return _amount(Fraction(value), node)


def _amount(value: Fraction, node: Compare) -> str:
    if node.path.unit is MICRO and node.path.canonical:
        value /= 10**6
    return describe_amount(value, node.path.unit)


def _gap(node: Compare, found: list[Scalar]) -> str:
    """Gives the least difference between what is stated and what is required (EXPLAIN-GAP-1)."""
    if node.path.type not in NUMERIC or node.op not in ORDERING | {Op.EQ} or not found:
        return ""
    required = node.operands[0]
    numbers = [Fraction(value) for value in found if isinstance(value, (int, Fraction))]
    if not numbers or not isinstance(required, (int, Fraction)):
        return ""
    return _amount(min(abs(number - required) for number in numbers), node)
