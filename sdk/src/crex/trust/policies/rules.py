"""Rules of a policy that its schema cannot state: what could never be met is refused before it is used.

A slip of the pen in a policy shows nowhere otherwise: nothing meets it, and every offer is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, Final

from google.protobuf.descriptor import Descriptor

from crex.documents.fields import Field, Kind, field_by_member
from crex.documents.paths import json_path, shown
from crex.errors import Violation
from crex.trust.algorithms import Family
from crex.trust.policies.conditions import descriptor_of_predicate, is_number, registered_types

Path = tuple[str | int, ...]

FAMILIES: Final = tuple(str(family) for family in Family)
_PREDICATE: Final = "POLICY-PREDICATE-1"
_WHERE: Final = "POLICY-WHERE-1"


def violations(policy: dict[str, Any]) -> list[Violation]:
    """Lists what is wrong with a policy, in strict JSON form, that its schema accepts; in document order."""
    found: list[Violation] = []
    for at, clause in enumerate(policy.get("require", ())):
        found.extend(_clause(clause, ("require", at)))
    if "log" in policy:
        found.extend(_log(policy["log"], ("log",)))
    found.extend(_families(policy.get("signatureFamilies", ())))
    return found


def _clause(clause: dict[str, Any], path: Path) -> Iterator[Violation]:
    token = clause["predicateType"]
    message = descriptor_of_predicate(token)
    if message is None and "/" not in token:
        near = get_close_matches(token, registered_types(), n=1)
        fix = (
            f'did you mean "{near[0]}"?'
            if near
            else f"write one of {', '.join(registered_types())}, or a private one as authority/token"
        )
        yield Violation(
            json_path((*path, "predicateType")), f"there is no predicate {shown(token)}", _PREDICATE, fix
        )
        return
    conditions = clause.get("where", ())
    for at, condition in enumerate(conditions):
        yield from _condition(condition, message, (*path, "where", at))
    yield from _contradictions(conditions, message, (*path, "where"))
    issuers, threshold = clause.get("issuers", ()), clause.get("threshold", 1)
    if issuers and threshold > len(issuers):
        text = f"{threshold} different issuers are demanded, and {len(issuers)} named: nothing meets it"
        fix = "name more issuers, or lower the threshold"
        yield Violation(json_path((*path, "threshold")), text, "POLICY-THRESHOLD-1", fix)


def _condition(condition: dict[str, Any], message: Descriptor | None, path: Path) -> Iterator[Violation]:
    test = next(name for name in ("equals", "gte", "lte", "in") if name in condition)
    if message is None:
        return
    where = json_path((*path, "path"))
    here = message
    parts = condition["path"].split(".")
    for at, part in enumerate(parts):
        field = field_by_member(here).get(part)
        if field is None:
            yield _no_member(where, here, parts[:at], part)
            return
        if at + 1 == len(parts):
            yield from _test(condition, test, field, path)
            return
        if field.message is None:
            text = f'"{".".join(parts[: at + 1])}" of {message.name} has no members'
            yield Violation(where, text, _WHERE, f'write "{".".join(parts[: at + 1])}"')
            return
        here = field.message


def _no_member(where: str, message: Descriptor, before: list[str], part: str) -> Violation:
    known = field_by_member(message)
    near = get_close_matches(part[:64], known, n=1)
    prefix = "".join(f"{one}." for one in before)
    text = f"{message.name} has no member {shown(part)}: nothing meets the condition"
    fix = (
        f'did you mean "{prefix}{near[0]}"?'
        if near
        else f"write one of {', '.join(prefix + one for one in known)}"
    )
    return Violation(where, text, _WHERE, fix)


def _test(condition: dict[str, Any], test: str, field: Field, path: Path) -> Iterator[Violation]:
    where = json_path((*path, test))
    if field.kind is Kind.MESSAGE:
        names = ", ".join(f"{condition['path']}.{name}" for name in field_by_member(_message(field)))
        text = f'"{condition["path"]}" is no single value: nothing meets the condition'
        yield Violation(json_path((*path, "path")), text, _WHERE, f"write one of {names}")
    elif test in ("gte", "lte") and not is_number(field):
        text = f'"{condition["path"]}" is no number, so it is neither more nor less than one'
        yield Violation(where, text, _WHERE, "compare it by equals or in")
    elif field.kind is Kind.BOOL and test in ("equals", "in"):
        values = [condition["equals"]] if test == "equals" else condition["in"]["values"]
        if not any(value in ("true", "false") for value in values):
            text = f'"{condition["path"]}" is true or false, and never {shown(values[0])}'
            yield Violation(where, text, _WHERE, 'write "true" or "false"')


def _message(field: Field) -> Descriptor:
    if field.message is None:
        raise AssertionError(f"{field.name} is no message")
    return field.message


def _contradictions(conditions: Any, message: Descriptor | None, path: Path) -> Iterator[Violation]:
    """Two texts for one single value, or bounds that leave nothing between them."""
    seen: dict[str, tuple[int, str]] = {}
    for at, condition in enumerate(conditions):
        name = condition["path"]
        if "equals" not in condition or message is None or _through_list(message, name):
            continue
        first = seen.setdefault(name, (at, condition["equals"]))
        if first[1] != condition["equals"]:
            text = f"{json_path((*path, first[0], 'equals'))} demands {shown(first[1])} of the same member"
            fix = 'write both texts into one "in", or drop one of them'
            yield Violation(json_path((*path, at, "equals")), text, _WHERE, fix)


def _through_list(message: Descriptor, name: str) -> bool:
    here: Descriptor | None = message
    for part in name.split("."):
        field = field_by_member(here).get(part) if here is not None else None
        if field is None or field.repeated or field.is_map:
            return True
        here = field.message
    return False


def _log(log: dict[str, Any], path: Path) -> Iterator[Violation]:
    quorum, witnesses = log.get("quorum", 0), log.get("witnesses", ())
    if quorum and log.get("required") is False:
        text = f"a quorum of {quorum} demands the log, and it is said not to be required"
        yield Violation(
            json_path((*path, "required")), text, "POLICY-LOG-1", "write true, or drop the quorum"
        )
    if witnesses and quorum > len(witnesses):
        text = f"{quorum} authorities are demanded, and {len(witnesses)} named: nothing meets it"
        fix = "name more witnesses, or lower the quorum"
        yield Violation(json_path((*path, "quorum")), text, "POLICY-QUORUM-1", fix)
    if len(witnesses) == 1 == quorum and log.get("logs") == list(witnesses):
        text = f"the only log accepted is of {witnesses[0]}, whose own witness does not count"
        yield Violation(
            json_path((*path, "witnesses", 0)), text, "POLICY-QUORUM-1", "name a witness of another authority"
        )


def _families(families: Any) -> Iterator[Violation]:
    for at, family in enumerate(families):
        if family not in FAMILIES:
            near = get_close_matches(family[:64], FAMILIES, n=1)
            fix = f'did you mean "{near[0]}"?' if near else f"write one of {', '.join(FAMILIES)}"
            text = f"there is no family {shown(family)}: no signature meets it"
            yield Violation(json_path(("signatureFamilies", at)), text, "POLICY-FAMILY-1", fix)
