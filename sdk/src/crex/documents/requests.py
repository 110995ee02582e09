"""Checks the request of an RPC against the constraints of its fields (RPC-REQUEST-1).

The checks of a message are compiled once from its descriptor. Envelopes are not looked into at all: the
numbered steps of verification judge what is inside, each by its own reason (VERIFY-ORDER-1), and the document
in it is bytes until its signature is verified.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

from google.protobuf.descriptor import Descriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from crex import v1
from crex.documents import convert
from crex.documents.fields import Field, Kind, choices_of, fields_of
from crex.documents.patterns import FORMS
from crex.errors import DocumentError, Violation

_SHOWN: Final = 16
_FIRST_S, _LAST_S = -62_135_596_800, 253_402_300_799  # years 0001 to 9999
_DURATION_MAX_S: Final = 315_576_000_000
_NANOS: Final = 10**9
_INTERVAL: Final = v1.Interval.DESCRIPTOR.full_name
_ENVELOPE: Final = v1.Envelope.DESCRIPTOR.full_name
_VALUE_SHOWN: Final = 60

Check = Callable[[Message, str], Iterator[Violation]]
ValueCheck = Callable[[Any, str], Iterator[Violation]]


def check_request(request: Message) -> None:
    """Refuses a request that breaks a constraint of the contract.

    Raises:
        DocumentError: SCHEMA, with a violation for each place.
    """
    violations = []
    for violation in _message_check(request.DESCRIPTOR)(request, "$"):
        violations.append(violation)
        if len(violations) >= _SHOWN:
            break
    if violations:
        name = request.DESCRIPTOR.name
        raise DocumentError(
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
            if constraint.unique_items and len(set(values)) < len(values):
                yield Violation(place, "an element stands in it twice", requirement, "Name each once.")
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
    check: ValueCheck
    match field.kind:
        case Kind.MESSAGE if field.message is not None and field.message.full_name == _ENVELOPE:
            check = _nothing
        case Kind.MESSAGE if field.message is not None:
            check = _nested(field.message)
        case Kind.INT32 | Kind.INT64:
            check = _integer(field, requirement)
        case Kind.STRING:
            check = _text(field, requirement)
        case Kind.BYTES:
            check = _length(field, requirement, "bytes")
        case Kind.TIMESTAMP:
            check = _time
        case Kind.DURATION:
            check = _duration
        case Kind.ENUM:
            check = _enum(field)
        case _:
            check = _nothing
    return check


def _nested(message: Descriptor) -> ValueCheck:
    # Compiled at first use: messages may contain themselves.
    def check(value: Message, path: str) -> Iterator[Violation]:
        yield from _message_check(message)(value, path)

    return _interval(check) if message.full_name == _INTERVAL else check


def _interval(check_members: ValueCheck) -> ValueCheck:
    def check(value: v1.Interval, path: str) -> Iterator[Violation]:
        broken = list(check_members(value, path))
        yield from broken
        if broken or not (value.HasField("start") and value.HasField("end")):
            return
        if convert.from_timestamp(value.end) <= convert.from_timestamp(value.start):
            yield Violation(
                f"{path}.end",
                "it is not after the start",
                "SCALAR-INTERVAL-1",
                "The end is exclusive: put it later.",
            )

    return check


def _time(value: Timestamp, path: str) -> Iterator[Violation]:
    if not (_FIRST_S <= value.seconds <= _LAST_S and 0 <= value.nanos < _NANOS):
        yield Violation(path, "it is no time of the years 0001 to 9999", "SCALAR-TIME-1")


def _duration(value: Duration, path: str) -> Iterator[Violation]:
    if not (
        abs(value.seconds) <= _DURATION_MAX_S
        and abs(value.nanos) < _NANOS
        and value.seconds * value.nanos >= 0
    ):
        yield Violation(path, "it is no length of time within 10,000 years", "SCALAR-DURATION-1")


def _enum(field: Field) -> ValueCheck:
    known = {value.number for value in field.enum.values} if field.enum is not None else set()

    def check(value: int, path: str) -> Iterator[Violation]:
        if value not in known:
            yield Violation(path, f"{value} is no value of {field.enum.name if field.enum else ''}")

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
