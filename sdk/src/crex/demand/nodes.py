"""A checked requirement: the tree that is evaluated, explained and written as text.

`crex.demand.checker` builds it from the message; nothing else does, so whoever holds a node holds one whose
paths exist and whose operators and operands suit them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from crex import v1
from crex.demand.paths import Path
from crex.demand.values import NUMERIC, Scalar, ValueType


class Op(Enum):
    """Comparison of a constraint; each value is the end of its name in the contract."""

    EQ = "EQ"
    NE = "NE"
    LT = "LT"
    LE = "LE"
    GT = "GT"
    GE = "GE"
    IN = "IN"
    NOT_IN = "NOT_IN"
    HAS_ALL = "HAS_ALL"
    HAS_ANY = "HAS_ANY"
    EXISTS = "EXISTS"
    VERSION_GE = "VERSION_GE"
    COVERS_INTERVAL = "COVERS_INTERVAL"

    @property
    def number(self) -> v1.ConstraintOperator.ValueType:
        """Value of the contract's enum."""
        return v1.ConstraintOperator.Value(f"CONSTRAINT_OPERATOR_{self.value}")

    @property
    def symbol(self) -> str:
        """How the text form writes it; `>=` between versions is VERSION_GE."""
        return _SYMBOLS[self]


_SYMBOLS = {
    Op.EQ: "=",
    Op.NE: "!=",
    Op.LT: "<",
    Op.LE: "<=",
    Op.GT: ">",
    Op.GE: ">=",
    Op.IN: "in",
    Op.NOT_IN: "not in",
    Op.HAS_ALL: "has all",
    Op.HAS_ANY: "has any",
    Op.EXISTS: "exists",
    Op.VERSION_GE: ">=",
    Op.COVERS_INTERVAL: "covers",
}
ORDERING = frozenset({Op.LT, Op.LE, Op.GT, Op.GE})
MEMBERSHIP = frozenset({Op.IN, Op.NOT_IN})
ON_LISTS = frozenset({Op.HAS_ALL, Op.HAS_ANY})
MANY_OPERANDS = MEMBERSHIP | ON_LISTS
_EQUALITY = frozenset({Op.EQ, Op.NE})

# Operators by type of the path (REQ-OP-1). Display text is for people: only whether it is there can be asked.
# A message can be asked whether it covers an interval where it states one.
SUITABLE: dict[ValueType, frozenset[Op]] = {
    ValueType.MESSAGE: frozenset({Op.EXISTS, Op.COVERS_INTERVAL}),
    ValueType.DISPLAY: frozenset({Op.EXISTS}),
    ValueType.BOOLEAN: _EQUALITY | {Op.EXISTS},
    ValueType.TEXT: _EQUALITY | MEMBERSHIP | ON_LISTS | {Op.EXISTS},
    ValueType.VERSION: _EQUALITY | MEMBERSHIP | ON_LISTS | {Op.EXISTS, Op.VERSION_GE},
    ValueType.TIME: _EQUALITY | ORDERING | MEMBERSHIP | ON_LISTS | {Op.EXISTS},
    **dict.fromkeys(NUMERIC, _EQUALITY | ORDERING | MEMBERSHIP | ON_LISTS | {Op.EXISTS}),
}


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison of the values at a path.

    Attributes:
        path: The path.
        op: The comparison.
        operands: What it compares with, in the path's unit; of COVERS_INTERVAL one interval, or none for
            that of the demand.
        bases: Accepted bases; empty: any.
        assurances: Accepted assurances; empty: any.
        dense: Whether rates other than dense ones are passed over (REQ-DENSE-1).
    """

    path: Path
    op: Op
    operands: tuple[Scalar, ...]
    bases: tuple[str, ...] = ()
    assurances: tuple[str, ...] = ()
    dense: bool = True


@dataclass(frozen=True, slots=True)
class ElementNode:
    """A requirement on one element of the list at a path; `dense` as in Compare."""

    path: Path
    inner: Node
    dense: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """A number of devices that satisfy a condition together.

    Attributes:
        path: The device list.
        stated: Whether the requirement states the path, rather than leaving it to be `accelerators`.
        count: Devices needed.
        each: Condition on each element that counts; None: every element counts.
        same: Paths, from the element, whose values are equal over the group.
        distinct: Paths, from the element, whose values differ pairwise over the group.
    """

    path: Path
    stated: bool
    count: int
    each: Node | None = None
    same: tuple[Path, ...] = ()
    distinct: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    """The negation of a requirement."""

    inner: Node


@dataclass(frozen=True, slots=True)
class And:
    """All of several requirements."""

    members: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of several requirements."""

    members: tuple[Node, ...]


Node: TypeAlias = Compare | ElementNode | Group | Not | And | Or


def descend(node: Node) -> Iterator[Node]:
    """Gives a node and everything below it, parents first, in the order of the requirement."""
    yield node
    if isinstance(node, (And, Or)):
        for member in node.members:
            yield from descend(member)
    elif isinstance(node, (Not, ElementNode)):
        yield from descend(node.inner)
    elif isinstance(node, Group) and node.each is not None:
        yield from descend(node.each)


def conjuncts(node: Node) -> tuple[Node, ...]:
    """Gives what must be true together: the members of an And, of the Ands among them, and so on."""
    if not isinstance(node, And):
        return (node,)
    return tuple(inner for member in node.members for inner in conjuncts(member))
