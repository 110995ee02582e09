"""Rules that a schema cannot state: they compare members with each other or with a table of facts.

Which rules apply where is found once per document type from its descriptors; a walk then visits only the
parts of a document that have a rule. Every rule names its requirement.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from crex import names
from crex.decimals import Money, exponent, parse_rational
from crex.documents import (
    attestation_rules,
    description_rules,
    link_rules,
    status_rules,
    stream_rules,
    strict,
)
from crex.documents.fields import Field, Kind, descriptor_of, field_by_member, fields_of
from crex.documents.paths import json_path
from crex.documents.rules import Path, Rule
from crex.errors import CrexError, DocumentError, Violation
from crex.v1.constraint_pb2 import StringFormat


@dataclass(slots=True)
class _Plan:
    """What to check in a message: its rules, and the members to go on into, single ones and lists or maps."""

    rules: tuple[Rule, ...]
    single: tuple[tuple[str, _Plan], ...] = ()
    many: tuple[tuple[str, _Plan], ...] = ()


def violations(value: dict[str, Any], message: type[Message]) -> list[Violation]:
    """Lists the rules that a value, valid against its schema, breaks; in document order."""
    plan = _plan_of(descriptor_of(message))
    found: list[Violation] = []
    if plan is not None and not _holds(value, plan):
        _walk(value, plan, (), found)
    return found


def not_understood(value: dict[str, Any], message: type[Message], understood: frozenset[str]) -> list[str]:
    """Lists what a document calls critical and this reader does not understand (DOC-CRITICAL-1).

    Args:
        value: The document.
        message: Its class.
        understood: Names of extensions that the caller handles. Members of this contract, written as paths
            from the document (`terms.mode`), are understood.
    """
    critical: list[str] = value.get("header", {}).get("critical", [])
    root = descriptor_of(message)
    return [name for name in critical if name not in understood and not _is_member(name, root)]


def _is_member(path: str, message: Descriptor | None) -> bool:
    for part in path.split("."):
        field = field_by_member(message).get(part) if message is not None else None
        if field is None:
            return False
        message = field.message
    return True


def _holds(value: dict[str, Any], plan: _Plan) -> bool:
    """Tells whether every rule holds; says nothing about where one does not, which is what makes it fast."""
    for rule in plan.rules:
        for _ in rule(value, ()):
            return False
    below = value.get
    for name, inner in plan.single:
        here = below(name)
        if here is not None and not _holds(here, inner):
            return False
    for name, inner in plan.many:
        here = below(name)
        if here is not None:
            for item in here if isinstance(here, list) else here.values():
                if not _holds(item, inner):
                    return False
    return True


def _walk(value: dict[str, Any], plan: _Plan, path: Path, found: list[Violation]) -> None:
    for rule in plan.rules:
        found.extend(rule(value, path))
    for name, inner in plan.single:
        if name in value:
            _walk(value[name], inner, (*path, name), found)
    for name, inner in plan.many:
        if name in value:
            here = value[name]
            for at, item in enumerate(here) if isinstance(here, list) else here.items():
                _walk(item, inner, (*path, name, at), found)


@cache
def _plan_of(root: Descriptor) -> _Plan | None:
    """Finds the rules below a message; nothing where there are none."""
    reached = _reached(root)
    relevant = {message for message in reached if _rules_of(message)}
    while True:
        more = {
            message
            for message in reached - relevant
            if any(field.message in relevant for field in fields_of(message))
        }
        if not more:
            break
        relevant |= more
    plans = {message: _Plan(_rules_of(message)) for message in relevant}
    for message, plan in plans.items():
        below = [
            (field, plans[field.message])
            for field in fields_of(message)
            if field.message is not None and field.message in plans
        ]
        plan.single = tuple((field.json_name, inner) for field, inner in below if not _is_many(field))
        plan.many = tuple((field.json_name, inner) for field, inner in below if _is_many(field))
    return plans.get(root)


def _is_many(field: Field) -> bool:
    return field.repeated or field.is_map


def _reached(root: Descriptor) -> set[Descriptor]:
    reached, waiting = {root}, [root]
    while waiting:
        for field in fields_of(waiting.pop()):
            if field.message is not None and field.message not in reached:
                reached.add(field.message)
                waiting.append(field.message)
    return reached


@cache
def _rules_of(message: Descriptor) -> tuple[Rule, ...]:
    known = _BY_MESSAGE.get(message.full_name)
    if known is not None:
        return (known,)
    currencies = [
        field.json_name
        for field in fields_of(message)
        if field.kind is Kind.STRING and field.constraint.format == StringFormat.STRING_FORMAT_CURRENCY
    ]
    return (_currency_rule(tuple(currencies)),) if currencies else ()


def _header(header: dict[str, Any], path: Path) -> Iterator[Violation]:
    authority = names.authority_of(header["id"])
    if header["issuer"] != authority:
        message = f'the issuer is "{header["issuer"]}", but the name belongs to "{authority}"'
        fix = "issue documents under your own authority only"
        yield Violation(json_path((*path, "issuer")), message, "DOC-ISSUER-1", fix)
    until = header.get("validUntil")
    if until is not None and not _before(header["issuedAt"], until):
        message = f'valid until "{until}", which is not after it was issued ("{header["issuedAt"]}")'
        yield Violation(json_path((*path, "validUntil")), message, "DOC-VALIDITY-1", "let it end later")
    yield from status_rules.reference(header, path)
    yield from stream_rules.place_in_stream(header, path)
    for name, text in header.get("extensions", {}).items():
        try:
            strict.loads(text.encode())
        except DocumentError as error:
            message = f"the value is not JSON text in strict form: {error.violations[0].message}"
            where = json_path((*path, "extensions", name))
            yield Violation(where, message, "DOC-EXTENSION-1", error.violations[0].fix)


def _interval(value: dict[str, Any], path: Path) -> Iterator[Violation]:
    start, end = value["start"], value["end"]
    if not _before(start, end):
        message = f'it ends at "{end}", not after its start "{start}"'
        yield Violation(
            json_path((*path, "end")), message, "SCALAR-INTERVAL-1", "the end is exclusive: put it later"
        )


def _allotment(value: dict[str, Any], path: Path) -> Iterator[Violation]:
    """Windows follow each other: what is granted is a function of time (CAP-WINDOW-1)."""
    for index, (before, after) in enumerate(pairwise(value["windows"]), start=1):
        if _before(after["start"], before["end"]):
            place = json_path((*path, "windows", index, "start"))
            earlier = json_path((*path, "windows", index - 1, "end"))
            message = f'it starts at "{after["start"]}", before {earlier}, "{before["end"]}"'
            yield Violation(place, message, "CAP-WINDOW-1", "order the windows by start, apart or touching")


def _record(value: dict[str, Any], path: Path) -> Iterator[Violation]:
    """A usage record may be of one instant, but does not run backwards."""
    start, end = value["start"], value["end"]
    if _before(end, start):
        message = f'it ends at "{end}", before its start "{start}"'
        yield Violation(json_path((*path, "end")), message, "USAGE-INTERVAL-1", "swap the two")


def _money(value: dict[str, Any], path: Path) -> Iterator[Violation]:
    try:
        Money.parse(value["currency"], value["amount"])
    except CrexError as error:
        member = "currency" if error.violations[0].requirement == "SCALAR-CURRENCY-1" else "amount"
        yield _moved(error, (*path, member))


def _rational(value: dict[str, Any], path: Path) -> Iterator[Violation]:
    try:
        parse_rational(value["num"], value["den"])
    except CrexError as error:
        yield _moved(error, path)


def _currency_rule(members: tuple[str, ...]) -> Rule:
    def rule(value: dict[str, Any], path: Path) -> Iterator[Violation]:
        for member in members:
            if member in value:
                try:
                    exponent(value[member])
                except CrexError as error:
                    yield _moved(error, (*path, member))

    return rule


def _moved(error: CrexError, path: Path) -> Violation:
    """Gives the violation of a scalar the place at which the scalar stands."""
    found = error.violations[0]
    return Violation(json_path(path), found.message, found.requirement, found.fix)


def _before(first: str, second: str) -> bool:
    """Compares two times of the strict form: without their Z, text order is time order."""
    return first[:-1] < second[:-1]


_BY_MESSAGE: dict[str, Rule] = {
    "crex.v1.AllotmentWindow": _interval,
    "crex.v1.Header": _header,
    "crex.v1.Interval": _interval,
    "crex.v1.Money": _money,
    "crex.v1.Rational": _rational,
    "crex.v1.UsageRecord": _record,
    "crex.v1.Allotment": _allotment,
    **attestation_rules.RULES,
    **description_rules.RULES,
    **link_rules.RULES,
    **status_rules.RULES,
}
