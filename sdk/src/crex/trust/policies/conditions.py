"""Conditions on a predicate: what its members are, by the contract, and whether they meet a clause.

Conditions of one clause whose paths lead on through the same list are met by one and the same element of it
(POLICY-ELEMENT-1): a figure of one measurement must not lend its name to the figure of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from google.protobuf.descriptor import Descriptor

from crex import v1
from crex.decimals import is_decimal, parse_decimal
from crex.documents import strict
from crex.documents.fields import Field, Kind, field_by_member
from crex.documents.predicates import OTHER, registered_predicates
from crex.errors import DocumentError
from crex.v1.constraint_pb2 import StringFormat

_WHOLE: Final = frozenset({Kind.INT32, Kind.INT64})
_REGISTERED: Final = registered_predicates()


def predicate_of(body: Mapping[str, Any], predicate_type: str) -> Any:
    """Gives the predicate of an attestation in strict JSON form, or nothing where it is of another type."""
    if body.get("predicateType") != predicate_type:
        return None
    registered = _REGISTERED.get(predicate_type)
    if registered is not None:
        return body.get(registered.json_name)
    text = body.get(OTHER)
    if not isinstance(text, str):
        return None
    try:
        value = strict.loads(text.encode())
    except DocumentError:
        return None
    return value if isinstance(value, dict) else None


def descriptor_of_predicate(predicate_type: str) -> Descriptor | None:
    """Gives the message that a registered predicate is; nothing for a private one."""
    registered = _REGISTERED.get(predicate_type)
    return None if registered is None else registered.message


@dataclass(slots=True)
class _Node:
    """Conditions below one place: those on it, and those on its members."""

    here: list[v1.PolicyCondition] = field(default_factory=list)
    below: dict[str, _Node] = field(default_factory=dict)


def meets(predicate: Any, predicate_type: str, conditions: Iterable[v1.PolicyCondition]) -> bool:
    """Tells whether a predicate, in strict JSON form, meets all conditions (POLICY-WHERE-1)."""
    root = _Node()
    for condition in conditions:
        node = root
        for part in condition.path.split("."):
            node = node.below.setdefault(part, _Node())
        node.here.append(condition)
    registered = _REGISTERED.get(predicate_type)
    return _members_meet(predicate, None if registered is None else registered.message, root)


def _members_meet(value: Any, message: Descriptor | None, node: _Node) -> bool:
    """Judges the members of an object; of a private predicate there is no descriptor."""
    known = None if message is None else field_by_member(message)
    for name, inner in node.below.items():
        here = None if known is None else known.get(name)
        if not isinstance(value, dict) or name not in value or (known is not None and here is None):
            return False
        if not _meets(value[name], here, inner, known is not None):
            return False
    return True


def _meets(value: Any, here: Field | None, node: _Node, registered: bool) -> bool:
    elements = value if isinstance(value, list) else [value]
    for condition in node.here:
        if not any(_test(one, here, condition) for one in elements):
            return False
    if not node.below:
        return True
    if registered and (here is None or here.message is None):
        return False
    message = None if here is None else here.message
    return any(_members_meet(one, message, node) for one in elements)


def _test(value: Any, here: Field | None, condition: v1.PolicyCondition) -> bool:
    text = text_of(value)
    if text is None:
        return False
    match condition.WhichOneof("test"):
        case "equals":
            return text == condition.equals
        case "in":
            return text in getattr(condition, "in").values
        case "gte":
            number = _number(value, here)
            return number is not None and is_decimal(condition.gte) and number >= parse_decimal(condition.gte)
        case "lte":
            number = _number(value, here)
            return number is not None and is_decimal(condition.lte) and number <= parse_decimal(condition.lte)
        case _:
            return False


def text_of(value: Any) -> str | None:
    """Gives the text that a member in strict form compares as; nothing for objects and lists."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return value if isinstance(value, str) else None


def _number(value: Any, here: Field | None) -> Fraction | None:
    """Gives a member as a number, where it is one by its field; in a private predicate by its form."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Fraction(value)
    if not isinstance(value, str) or (here is not None and not is_number(here)):
        return None
    if here is not None and here.kind is Kind.INT64:
        return Fraction(int(value))
    return parse_decimal(value) if is_decimal(value) else None


def is_number(here: Field) -> bool:
    """Tells whether a field holds numbers: whole ones, or decimals as text."""
    return here.kind in _WHOLE or (
        here.kind is Kind.STRING and here.constraint.format == StringFormat.STRING_FORMAT_DECIMAL
    )


def values_at(value: Any, path: str) -> list[str]:
    """Gives the texts at a path of a predicate, for explanations; of a list every element's."""
    found = [value]
    for part in path.split("."):
        stepped = [one[part] for one in found if isinstance(one, dict) and part in one]
        found = [item for one in stepped for item in (one if isinstance(one, list) else [one])]
    return [text for text in map(text_of, found) if text is not None]


def registered_types() -> tuple[str, ...]:
    """Lists the tokens of registered predicates."""
    return tuple(_REGISTERED)
