"""From requirement to text; `crex.demand.parser` reads it back, equal to the last field (TEXT-ROUND-1)."""

from __future__ import annotations

from functools import lru_cache

from crex import v1
from crex.demand.checker import check
from crex.demand.literals import write_literal
from crex.demand.nodes import MANY_OPERANDS, And, Compare, ElementNode, Group, Node, Not, Op, Or
from crex.demand.values import Scalar
from crex.metering.span import Span, show_ms


def format(requirement: v1.Requirement) -> str:  # noqa: A001 - the inverse of `parse`, as `text.format`
    """Writes a requirement in the text form.

    Raises:
        RequirementError: The requirement cannot be used; see `crex.demand.checker`.
    """
    return format_node(check(requirement))


@lru_cache(maxsize=1024)
def format_node(node: Node) -> str:
    """Writes a checked requirement in the text form; an explanation writes each many times."""
    if isinstance(node, Compare):
        return _compare(node)
    if isinstance(node, ElementNode):
        return f"{node.path.name}{{{format_node(node.inner)}}}"
    if isinstance(node, Group):
        return _group(node)
    if isinstance(node, Not):
        return f"not ({format_node(node.inner)})"
    word = "and" if isinstance(node, And) else "or"
    if len(node.members) == 1:  # a list of one is not the one: it keeps its name
        return f"{'all' if word == 'and' else 'any'}({format_node(node.members[0])})"
    return f" {word} ".join(_member(member) for member in node.members)


def _member(node: Node) -> str:
    text = format_node(node)
    return f"({text})" if isinstance(node, (And, Or)) and len(node.members) > 1 else text


def _compare(node: Compare) -> str:
    if node.op is Op.COVERS_INTERVAL:
        text = f"{node.path.name} covers {_interval(node.operands)}"
        return text + _evidence(node)
    values = [write_literal(operand, node.path) for operand in node.operands]
    if node.op in MANY_OPERANDS:
        text = f"{node.path.name} {node.op.symbol} [{', '.join(values)}]"
    else:
        text = " ".join([node.path.name, node.op.symbol, *values])
    return text + _evidence(node)


def _interval(operands: tuple[Scalar, ...]) -> str:
    match operands:
        case (Span() as span,):
            return f"[{show_ms(span.start_ms)}, {show_ms(span.end_ms)}]"
    return "demand"


def _evidence(node: Compare) -> str:
    text = f" basis [{', '.join(node.bases)}]" if node.bases else ""
    return text + (f" assurance [{', '.join(node.assurances)}]" if node.assurances else "")


def _group(node: Group) -> str:
    text = f"{node.count} of {node.path.name}" if node.stated else f"{node.count} devices"
    if node.each is not None:
        text += f"{{{format_node(node.each)}}}"
    if node.same:
        text += f" same [{', '.join(path.name for path in node.same)}]"
    if node.distinct:
        text += f" distinct [{', '.join(path.name for path in node.distinct)}]"
    return text
