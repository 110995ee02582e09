"""Explains why a value does not match its schema: where, what was found, what was expected, what to do.

jsonschema lists the failures; the contract's own words come from the field at each place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from crex.documents import expectations
from crex.documents.fields import Field, Kind, choices_of, descriptor_of, field_by_member
from crex.documents.paths import json_path, shown
from crex.documents.validator import explainer, first_repeated
from crex.errors import Violation

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

# Violations that are told, and failures that are looked at for them; a hostile text can hold a hundred
# thousand.
_MOST = 50
_LOOKED_AT = 500

Path = Sequence[str | int]


@dataclass(frozen=True, slots=True)
class _Place:
    """What the contract says about a place: the message it is, or the field whose value stands there."""

    message: Descriptor | None
    field: Field | None
    whole: bool  # the whole list or map of a repeated or map field, not one element


def violations(value: Any, message: type[Message]) -> tuple[Violation, ...]:
    """Lists why a value does not match the schema of a message, in document order, at most fifty."""
    root = descriptor_of(message)
    found: dict[tuple[str, str], Violation] = {}
    errors = explainer(root).iter_errors(value)
    explained = (violation for error in errors for violation in _explained(error, root))
    for violation in islice(explained, _LOOKED_AT):
        found.setdefault((violation.path, violation.message), violation)
        if len(found) == _MOST:
            break
    return tuple(found.values())


def unknown_members(value: Any, message: type[Message]) -> tuple[Violation, ...]:
    """Lists members that a descriptive document holds and this contract does not know, at most fifty."""
    return tuple(islice(_unknown_members(value, message), _MOST))


def _unknown_members(value: Any, message: type[Message]) -> Iterator[Violation]:
    stack: list[tuple[Any, Descriptor, tuple[str | int, ...]]] = [(value, descriptor_of(message), ())]
    while stack:
        here, descriptor, path = stack.pop()
        known = field_by_member(descriptor)
        for name, inner in here.items():
            field = known.get(name)
            if field is None:
                yield _unknown(name, descriptor, path)
            elif field.message is not None:
                stack += [(item, field.message, (*path, name, *at)) for at, item in _items(field, inner)]


def _items(field: Field, value: Any) -> Iterable[tuple[tuple[str | int, ...], Any]]:
    if field.repeated:
        return [((index,), item) for index, item in enumerate(value)]
    if field.is_map:
        return [((key,), item) for key, item in value.items()]
    return [((), value)]


def _place(root: Descriptor, path: Path) -> _Place:
    """Follows a path through the descriptors; unknown members lead nowhere."""
    message: Descriptor | None = root
    field: Field | None = None
    inside = False  # inside a list or map: the next part is an index or key
    for part in path:
        if inside and field is not None:
            message, inside = field.message, False
            continue
        field = field_by_member(message).get(str(part)) if message is not None else None
        if field is None:
            return _Place(None, None, whole=False)
        inside = field.repeated or field.is_map
        message = None if inside else field.message
    return _Place(message, field, whole=inside)


def _explained(error: ValidationError, root: Descriptor) -> Iterator[Violation]:
    path = list(error.absolute_path)
    place = _place(root, path)
    keyword, stated, value = (
        str(error.validator),
        cast("Any", error.validator_value),
        cast("Any", error.instance),
    )
    if "propertyNames" in error.absolute_schema_path:
        yield _map_key(value, path, place)
    elif keyword == "not" and path and isinstance(path[-1], str):
        parent = _place(root, path[:-1]).message
        if parent is not None:
            yield _unknown(path[-1], parent, path[:-1])
    elif keyword == "additionalProperties" and place.message is not None:
        known = field_by_member(place.message)
        for name in value:
            if name not in known:
                yield _unknown(name, place.message, path)
    elif keyword == "required" and place.message is not None:
        for name in stated:
            if name not in value:
                yield _missing(name, place.message, path)
    elif keyword == "oneOf" and place.message is not None:
        yield _choice(error, place.message, path)
    else:
        yield _wrong(error, keyword, path, place)


def _unknown(name: str, message: Descriptor, path: Path) -> Violation:
    known = field_by_member(message)
    by_proto_name = {field.name: member for member, field in known.items()}
    where = json_path([*path, name])
    if name in by_proto_name:
        fix = f'write it as "{by_proto_name[name]}"'
        return Violation(where, "member names are lowerCamelCase", "JSON-CASE-1", fix)
    near = get_close_matches(name[:64], known, n=1)
    fix = (
        f'did you mean "{near[0]}"?' if near else "remove it, or read it with a newer edition of the contract"
    )
    return Violation(where, f"{message.name} has no such member", "DOC-UNKNOWN-1", fix)


def _missing(name: str, message: Descriptor, path: Path) -> Violation:
    field = field_by_member(message)[name]
    stated = field.constraint.requirements
    requirement = stated[0] if stated else "DOC-REQUIRED-1"
    if not field.constraint.required:
        requirement = "DOC-EXPIRY-1"
    fix = f"add it: {expectations.of_field(field)}"
    return Violation(json_path(path), f'the member "{name}" is missing', requirement, fix)


def _choice(error: ValidationError, message: Descriptor, path: Path) -> Violation:
    options = cast("Any", error.validator_value)
    members = {member for option in options for member in option.get("required", ())}
    choice = next(choice for choice in choices_of(message) if set(choice.members) == members)
    if not isinstance(error.instance, dict):
        return Violation(json_path(path), f"found {shown(error.instance)}, expected an object", "JSON-TYPE-1")
    present = [member for member in choice.members if member in error.instance]
    names = ", ".join(choice.members)
    if present:
        text = f"{' and '.join(present)} exclude each other"
        return Violation(json_path(path), text, "DOC-CHOICE-1", f"keep one of {names}")
    return Violation(json_path(path), f"none of {names} is present", "DOC-CHOICE-1", "add one of them")


def _map_key(key: Any, path: Path, place: _Place) -> Violation:
    form = expectations.key_form(place.field)
    if form is None:
        return Violation(json_path([*path, str(key)]), "the key is not allowed here")
    return Violation(json_path([*path, str(key)]), f"the key is not {form.what}", form.requirement, form.fix)


def _wrong(error: ValidationError, keyword: str, path: Path, place: _Place) -> Violation:
    """Explains a value of the wrong type, spelling or size."""
    where, value = json_path(path), error.instance
    if place.field is None:
        return Violation(where, f"found {shown(value)}, expected an object", "JSON-TYPE-1")
    if place.whole:
        return _wrong_whole(error, keyword, where, place.field)
    expected = expectations.of_value(place.field)
    message = f"found {shown(value)}, expected {expected}"
    requirement, fix = expectations.requirement_and_fix(place.field, value)
    if place.field.kind is Kind.ENUM and isinstance(value, str):
        near = get_close_matches(value[:64], expectations.names_of(place.field), n=1)
        fix = f'did you mean "{near[0]}"?' if near else fix
    return Violation(where, message, requirement, fix)


def _wrong_whole(error: ValidationError, keyword: str, where: str, field: Field) -> Violation:
    """Explains a list or map of the wrong type or size."""
    constraint = field.constraint
    value: Any = error.instance
    requirement = constraint.requirements[0] if constraint.requirements else "JSON-TYPE-1"
    if keyword == "type":
        expected = "an object" if field.is_map else "a list"
        return Violation(where, f"found {shown(value)}, expected {expected}", "JSON-TYPE-1")
    if keyword == "uniqueItems":
        return Violation(where, f"{shown(first_repeated(value))} occurs twice", requirement, "keep it once")
    least, most = constraint.min_items, constraint.max_items
    bounds = f"at least {least}" if len(value) < least else f"at most {most}"
    return Violation(where, f"found {len(value)} elements, expected {bounds}", requirement)
