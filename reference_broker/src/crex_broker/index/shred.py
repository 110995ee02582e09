"""Takes documents apart into tables, each once, as the path registry sees them.

What a document states in a form that its field does not have is missing, as the evaluator has it
(REQ-MISSING-1). A document whose shape differs from the contract, or that states a number which stands for
"missing" here, is *odd*: its offers are judged by the evaluator itself, so the answer is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from functools import cache
from typing import Any, Final

from google.protobuf.descriptor import Descriptor

from crex import v1
from crex.decimals import INT64_MAX, INT64_MIN
from crex.demand.values import ValueType, read_stated, value_type
from crex.documents.times import to_ms
from crex_broker.index.tables import RootTable, Table

Json = Mapping[str, Any]

# Members that no path leads into; what lies in them is reached from another root, or is not asked about.
_LEFT_OUT: Final = {
    "ComputeResource": {"node", "pool", "displayNames", "closedLists"},
    "Partition": {"contents"},
    "Site": {"displayNames", "closedLists"},
    "Offer": {"offerConstraints", "resource", "pricePlan"},
}
_INTEGERS: Final = frozenset({ValueType.INTEGER, ValueType.BOOLEAN, ValueType.TIME, ValueType.DURATION})


@dataclass(slots=True)
class _Member:
    """How one member of a message is kept."""

    kind: ValueType
    repeated: bool
    inner: _Plan | None = None


@dataclass(slots=True)
class _Plan:
    """How the members of a message are kept, by their JSON name."""

    members: dict[str, _Member] = field(default_factory=dict)


@cache
def _plan_of(message: str) -> _Plan:
    descriptor: Descriptor = getattr(v1, message).DESCRIPTOR
    left_out = _LEFT_OUT.get(message, set())
    plan = _Plan()
    for member in descriptor.fields:
        inner = member.message_type
        is_map = inner is not None and bool(inner.GetOptions().map_entry)
        if member.json_name in left_out or is_map or member.type == member.TYPE_ENUM:
            continue
        kind = value_type(member)
        below = _plan_of(inner.name) if kind is ValueType.MESSAGE and inner is not None else None
        plan.members[member.json_name] = _Member(kind, member.is_repeated, below)
    return plan


class Shredder:
    """Takes documents of one root apart into its tables."""

    def __init__(self, message: str, *, all_closed: bool = False) -> None:
        self.table = RootTable(all_closed=all_closed)
        self._plan = _plan_of(message)
        self.odd: set[int] = set()
        self._odd = False

    def add(self, value: Json, closed: frozenset[str] = frozenset()) -> int:
        """Takes in what a document states at this root.

        Args:
            value: The message there, in strict JSON form.
            closed: Paths of complete lists below it.

        Returns:
            The row.
        """
        row = self.table.add()
        self._odd = False
        self._message(self.table, row, "", value, self._plan)
        for path in closed:
            self.table.close(row, path)
        if self._odd:
            self.odd.add(row)
        return row

    def _message(self, table: Table, row: int, prefix: str, value: Json, plan: _Plan) -> None:
        for name, stated in value.items():
            member = plan.members.get(name)
            if member is None:
                continue
            path = prefix + name
            if member.repeated:
                self._list(table, row, path, stated, member)
            elif member.inner is None:
                self._scalar(table, row, path, stated, member.kind)
            elif isinstance(stated, Mapping):
                table.flag(path).set(row, 1)
                self._message(table, row, path + ".", stated, member.inner)
            elif stated is not None:
                self._odd = True

    def _list(self, table: Table, row: int, path: str, stated: Any, member: _Member) -> None:
        if not isinstance(stated, list):
            self._odd = self._odd or stated is not None
            return
        child = table.child(path)
        table.first[path].set(row, child.rows)
        table.count[path].set(row, len(stated))
        # Its rows are one run: the lists of its elements go to tables further down.
        rows = [child.add() for _ in stated]
        for at, element in zip(rows, stated, strict=True):
            if member.inner is None:
                self._scalar(child, at, "", element, member.kind)
            elif isinstance(element, Mapping):
                self._message(child, at, "", element, member.inner)
            else:
                self._odd = True

    def _scalar(self, table: Table, row: int, path: str, stated: Any, kind: ValueType) -> None:
        value = read_stated(stated, kind)
        if value is None:
            # Stated, and not what its type says: missing, but a path that ends here leads to something.
            return
        if kind in _INTEGERS:
            number = _number(value)
            if INT64_MIN < number <= INT64_MAX:
                table.integers(path).values.set(row, number)
            else:
                self._odd = True
        elif isinstance(value, (str, Fraction)):
            column = table.codes(path)
            column.values.set(row, column.code_of(value))


def _number(value: object) -> int:
    """Gives the integer by which a value is kept: times and lengths of time in milliseconds."""
    if isinstance(value, datetime):
        return to_ms(value)
    if isinstance(value, Fraction):
        return int(value * 1000)
    return int(value) if isinstance(value, int) else INT64_MIN


Closed = Callable[[Json], frozenset[str]]


def closed_below(document: Json, place: str) -> frozenset[str]:
    """Gives the complete lists of a document below a place, as paths from there.

    Args:
        document: The document.
        place: JSON path of the place without its end, such as `node.`; empty for the document itself.
    """
    stated = document.get("closedLists")
    if not isinstance(stated, list):
        return frozenset()
    return frozenset(str(path)[len(place) :] for path in stated if str(path).startswith(place))
