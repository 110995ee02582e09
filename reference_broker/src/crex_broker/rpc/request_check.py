"""Checks a request against the constraints of its fields, before any use case sees it (RPC-REQUEST-1).

The checks of a message are compiled once from its descriptor. Documents inside envelopes are not looked into
here: they are bytes until their signature is verified.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from crex.documents.fields import Field, Kind, choices_of, fields_of
from crex.documents.patterns import FORMS
from crex.errors import CrexError, Violation

_SHOWN: Final = 16
_VALUE_SHOWN: Final = 60

Check = Callable[[Message, str], Iterator[Violation]]
ValueCheck = Callable[[Any, str], Iterator[Violation]]


def check_request(request: Message) -> None:
    """Refuses a request that breaks a constraint of the contract.

    Raises:
        CrexError: SCHEMA, with a violation for each place.
    """
    violations = []
    for violation in _message_check(request.DESCRIPTOR)(request, "$"):
        violations.append(violation)
        if len(violations) >= _SHOWN:
            break
    if violations:
        name = request.DESCRIPTOR.name
        raise CrexError(
            "SCHEMA",
            f"{name} breaks the contract at {violations[0].path}: {violations[0].message}",
            violations=violations,
        )


@cache
def _message_check(message: Descriptor) -> Check:
    checks = [_field_check(field) for field in fields_of(message)]
    choices = [choice for choice in choices_of(message) if choice.required]

    def check(value: Message, path: str) -> Iterator[Violation]:
        for one in checks:
            yield from one(value, path)
        for choice in choices:
            if value.WhichOneof(choice.name) is None:
                yield Violation(
                    path, f"one of {', '.join(choice.members)} must be set", fix="Set exactly one of them."
                )

    return check


def _field_check(field: Field) -> Check:
    constraint = field.constraint
    requirement = constraint.requirements[0] if constraint.requirements else ""
    check_value = _value_check(field, requirement)

    def check(message: Message, path: str) -> Iterator[Violation]:
        place = f"{path}.{field.json_name}"
        if field.repeated or field.is_map:
            values = getattr(message, field.name)
            if constraint.HasField("max_items") and len(values) > constraint.max_items:
                yield Violation(
                    place, f"{len(values)} elements; at most {constraint.max_items} are allowed", requirement
                )
                return
            if len(values) < max(constraint.min_items, 1 if constraint.required else 0):
                yield Violation(
                    place,
                    f"{len(values)} elements; at least {max(constraint.min_items, 1)} are needed",
                    requirement,
                )
            if field.is_map:
                return
            for index, value in enumerate(values):
                yield from check_value(value, f"{place}[{index}]")
            return
        value = getattr(message, field.name)
        if field.has_presence and not message.HasField(field.name):
            present = False
        else:
            present = field.has_presence or bool(value)
        if not present:
            if constraint.required:
                yield Violation(place, "it is required, and not set", requirement)
            return
        yield from check_value(value, place)

    return check


def _value_check(field: Field, requirement: str) -> ValueCheck:
    if field.kind is Kind.MESSAGE and field.message is not None:
        return _nested(field.message)
    if field.kind in (Kind.INT32, Kind.INT64):
        return _integer(field, requirement)
    if field.kind is Kind.STRING:
        return _text(field, requirement)
    if field.kind is Kind.BYTES:
        return _length(field, requirement, "bytes")
    return _nothing


def _nested(message: Descriptor) -> ValueCheck:
    # Compiled at first use: messages may contain themselves.
    def check(value: Message, path: str) -> Iterator[Violation]:
        yield from _message_check(message)(value, path)

    return check


def _nothing(_value: Any, _path: str) -> Iterator[Violation]:
    return iter(())


def _integer(field: Field, requirement: str) -> ValueCheck:
    low = field.constraint.min if field.constraint.HasField("min") else None
    high = field.constraint.max if field.constraint.HasField("max") else None

    def check(value: int, path: str) -> Iterator[Violation]:
        if low is not None and value < low:
            yield Violation(path, f"{value} is below {low}", requirement)
        elif high is not None and value > high:
            yield Violation(path, f"{value} is above {high}", requirement)

    return check


def _length(field: Field, requirement: str, what: str) -> ValueCheck:
    low = field.constraint.min_length if field.constraint.HasField("min_length") else 0
    high = field.constraint.max_length if field.constraint.HasField("max_length") else None

    def check(value: str | bytes, path: str) -> Iterator[Violation]:
        if len(value) < low or (high is not None and len(value) > high):
            bounds = f"{low} to {high}" if high is not None else f"at least {low}"
            yield Violation(path, f"{len(value)} {what}; {bounds} are allowed", requirement)

    return check


def _text(field: Field, requirement: str) -> ValueCheck:
    form = FORMS.get(field.constraint.format)
    pattern = re.compile(form.pattern) if form else None
    own = re.compile(field.constraint.pattern) if field.constraint.pattern else None
    check_length = _length(field, requirement, "characters")

    def check(value: str, path: str) -> Iterator[Violation]:
        if "\0" in value:
            yield Violation(path, "it contains NUL", "JSON-NUL-1")
        elif form is not None and pattern is not None and not pattern.fullmatch(value):
            yield Violation(
                path, f"{_shown(value)} is not {form.what}", requirement or form.requirement, form.fix
            )
        elif own is not None and not own.fullmatch(value):
            yield Violation(path, f"{_shown(value)} does not match {own.pattern}", requirement)
        else:
            yield from check_length(value, path)

    return check


def _shown(value: str) -> str:
    return repr(value if len(value) <= _VALUE_SHOWN else value[:_VALUE_SHOWN] + "…")
