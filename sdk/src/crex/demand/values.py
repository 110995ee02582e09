"""Values at paths and operands of constraints: types, how they are read, how they compare (REQ-VALUE-1).

Everything is exact: integers, fractions, texts byte for byte, truth values, instants. Values of documents
arrive in the strict JSON form (an int64 is a text); one that is not what its type says counts as missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from fractions import Fraction
from typing import Final, TypeAlias

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from crex import v1
from crex.decimals import INT64_MAX, INT64_MIN, format_decimal, is_decimal, parse_decimal
from crex.demand.truth import Truth
from crex.documents.patterns import FORMS
from crex.documents.times import format_time, parse_duration, parse_time
from crex.errors import InvalidScalar
from crex.metering.span import Span
from crex.v1.constraint_pb2 import constraint

Scalar: TypeAlias = int | Fraction | str | bool | datetime | Span


class ValueType(Enum):
    """Type of the values at a path."""

    TEXT = "text"
    DISPLAY = "display text"
    VERSION = "version"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DURATION = "duration"
    BOOLEAN = "truth value"
    TIME = "time"
    MESSAGE = "message"


NUMERIC: Final = frozenset({ValueType.INTEGER, ValueType.DECIMAL, ValueType.DURATION})
TEXTUAL: Final = frozenset({ValueType.TEXT, ValueType.DISPLAY, ValueType.VERSION})

# Texts for people (trap 5): no two makers write one product alike, so no comparison of them is right.
_DISPLAY: Final = frozenset(
    {
        "Accelerator.product",
        "Cpu.model",
        "Partition.profile",
        "Provenance.method",
        "Site.provider_region",
    }
)
_VERSION: Final = frozenset(
    {"AcceleratorRuntime.version", "Benchmark.version", "Service.version", "Software.version"}
)
_MESSAGES: Final = {"Timestamp": ValueType.TIME, "Duration": ValueType.DURATION}
_SCALARS: Final = {
    FieldDescriptor.CPPTYPE_INT32: ValueType.INTEGER,
    FieldDescriptor.CPPTYPE_INT64: ValueType.INTEGER,
    FieldDescriptor.CPPTYPE_BOOL: ValueType.BOOLEAN,
}
# Member of `Value` that carries operands of each type.
VALUE_KIND: Final = {
    ValueType.TEXT: "text",
    ValueType.DISPLAY: "text",
    ValueType.VERSION: "text",
    ValueType.INTEGER: "integer",
    ValueType.DECIMAL: "decimal",
    ValueType.DURATION: "decimal",
    ValueType.BOOLEAN: "boolean",
    ValueType.TIME: "time",
}

_NUMBERED = re.compile(r"(?P<numbers>[0-9]{1,18}(?:\.[0-9]{1,18}){0,15})(?P<rest>.*)", re.DOTALL)
# Longest operand text in characters (Value.text).
MAX_TEXT: Final = 512
_ANY_LENGTH: Final = 1 << 30
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def value_type(member: FieldDescriptor) -> ValueType:
    """Gives the type of a field's values.

    Raises:
        TypeError: The contract has a field of a kind that requirements cannot compare; extend this module
            with it.
    """
    message = member.message_type
    if message is not None:
        return _MESSAGES.get(message.name, ValueType.MESSAGE)
    if member.cpp_type == FieldDescriptor.CPPTYPE_STRING and member.type == FieldDescriptor.TYPE_STRING:
        name = f"{message_of(member).name}.{member.name}"
        if name in _DISPLAY:
            return ValueType.DISPLAY
        if name in _VERSION:
            return ValueType.VERSION
        is_number = _constraint(member).format == v1.StringFormat.STRING_FORMAT_DECIMAL
        return ValueType.DECIMAL if is_number else ValueType.TEXT
    try:
        return _SCALARS[member.cpp_type]
    except KeyError:
        raise TypeError(f"no value type for {member.full_name}") from None


@dataclass(frozen=True, slots=True)
class TextRule:
    """Which texts documents can state at a path.

    Attributes:
        pattern: Regular expression of the whole text.
        longest: Greatest length in characters.
        other: Second expression, of any length, that a text may match instead; empty where there is none.
        fix: How to write such a text.
    """

    pattern: str
    longest: int
    other: str
    fix: str

    def admits(self, text: str) -> bool:
        """Tells whether a document can state a text."""
        if len(text) <= self.longest and re.fullmatch(self.pattern, text) is not None:
            return True
        return bool(self.other) and re.fullmatch(self.other, text) is not None


def message_of(member: FieldDescriptor) -> Descriptor:
    """Gives the message that a field belongs to."""
    owner = member.containing_type
    if owner is None:  # an extension at the top of a file; documents have none
        raise TypeError(f"{member.full_name} belongs to no message")
    return owner


def text_rule(member: FieldDescriptor) -> TextRule | None:
    """Gives the rule for the texts of a field; None where any text may be."""
    stated = _constraint(member)
    longest = stated.max_length if stated.HasField("max_length") else _ANY_LENGTH
    if stated.pattern:
        return TextRule(stated.pattern, longest, "", f"write what matches {stated.pattern}")
    form = FORMS.get(stated.format)
    if form is None:
        return None
    return TextRule(form.pattern, form.max_length or longest, form.or_pattern or "", form.fix)


def _constraint(member: FieldDescriptor) -> v1.FieldConstraint:
    stated: v1.FieldConstraint = member.GetOptions().Extensions[constraint]
    return stated


def read_stated(raw: object, kind: ValueType) -> Scalar | None:
    """Reads a value of a document in strict JSON form.

    Returns:
        The value; None where it is not what its type says, which counts as missing (REQ-MISSING-1).
    """
    try:
        if kind is ValueType.INTEGER:
            return int(raw) if isinstance(raw, (str, int)) and not isinstance(raw, bool) else None
        if kind is ValueType.BOOLEAN:
            return raw if isinstance(raw, bool) else None
        if isinstance(raw, Fraction):  # the price, which no document states
            return raw
        return _read_text(raw, kind) if isinstance(raw, str) else None
    except (InvalidScalar, ValueError):
        return None


def _read_text(raw: str, kind: ValueType) -> Scalar | None:
    if kind is ValueType.DECIMAL:
        return parse_decimal(raw)
    if kind is ValueType.DURATION:
        return Fraction(parse_duration(raw) // timedelta(milliseconds=1), 1000)
    if kind is ValueType.TIME:
        return parse_time(raw)
    return raw if kind in TEXTUAL else None


def read_operand(value: v1.Value, kind: ValueType) -> Scalar:
    """Reads an operand of a constraint.

    Raises:
        ValueError: It is of another kind than the path's type takes, or not in its form; says what it should
            be.
    """
    stated = value.WhichOneof("kind")
    wanted = VALUE_KIND[kind]
    if stated != wanted:
        raise ValueError(f"the value is {_article(stated)}, and a {kind.value} path takes `{wanted}`")
    if wanted == "integer":
        return value.integer
    if wanted == "boolean":
        return value.boolean
    if wanted == "time":
        return _instant(value)
    if wanted == "text":
        if "\0" in value.text or len(value.text) > MAX_TEXT:
            raise ValueError(f"the text contains NUL, or more than {MAX_TEXT} characters")
        return value.text
    if not is_decimal(value.decimal):
        raise ValueError(f"{value.decimal[:40]!r} is not a decimal: write it like `0`, `-3.5` or `2.99`")
    return parse_decimal(value.decimal)


def _article(stated: str | None) -> str:
    return "empty" if stated is None else f"`{stated}`"


def _instant(value: v1.Value) -> datetime:
    seconds, nanos = value.time.seconds, value.time.nanos
    try:
        instant = _EPOCH + timedelta(seconds=seconds, milliseconds=nanos // 10**6)
    except OverflowError:
        instant = None
    if instant is None or nanos % 10**6 or not 0 <= nanos < 10**9:
        raise ValueError("the time is not a whole millisecond of the years 0001 to 9999")
    return instant


def write_operand(operand: Scalar, kind: ValueType) -> v1.Value:
    """Writes an operand as the message of the contract; the inverse of `read_operand`."""
    wanted = VALUE_KIND[kind]
    if wanted == "integer":
        return v1.Value(integer=int(operand) if isinstance(operand, (int, Fraction)) else 0)
    if wanted == "boolean":
        return v1.Value(boolean=operand is True)
    if isinstance(operand, Span):
        raise TypeError("an interval is no operand; its two ends are")
    if isinstance(operand, datetime):
        value = v1.Value()
        value.time.FromDatetime(operand)
        return value
    if isinstance(operand, (Fraction, int)):
        return v1.Value(decimal=format_decimal(operand))
    return v1.Value(text=operand)


def read_interval(message: Mapping[str, object], member: str) -> Span | None:
    """Reads the interval that a message is, or holds under a member.

    Args:
        message: The message in strict JSON form.
        member: Name of the member; empty where the message itself is an interval.

    Returns:
        The interval; None where it is not stated, or no interval.
    """
    stated = message.get(member) if member else message
    if not isinstance(stated, Mapping):
        return None
    start, end = (read_stated(stated.get(name), ValueType.TIME) for name in ("start", "end"))
    if not isinstance(start, datetime) or not isinstance(end, datetime) or end < start:
        return None
    return Span.between(start, end)


def fits_integer(value: Fraction) -> bool:
    """Tells whether a number is an integer of 64 bits, as integer paths hold."""
    return value.denominator == 1 and INT64_MIN <= value.numerator <= INT64_MAX


def show_scalar(value: Scalar) -> str:
    """Writes a value that has no unit, for people."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return format_time(value)
    return str(value)


def is_version(text: str) -> bool:
    """Tells whether a text can be the operand of VERSION_GE: numbers joined by points (REQ-VERSION-1)."""
    match = _NUMBERED.fullmatch(text)
    return match is not None and not match["rest"]


def version_at_least(stated: str, required: str) -> Truth:
    """Compares versions number by number; missing numbers are 0 (REQ-VERSION-1).

    A stated version may go on after its numbers (`5.15.0-91-generic`, `12.4-rc1`). What follows has no order
    of its own: where the numbers decide it does not matter, where they are equal nobody knows.

    Returns:
        UNKNOWN where the stated text does not begin with numbers, or where its rest would decide.
    """
    match = _NUMBERED.fullmatch(stated)
    if match is None or match["rest"][:1] == ".":
        return Truth.UNKNOWN
    have, need = _numbers(match["numbers"]), _numbers(required)
    if have == need:
        return Truth.UNKNOWN if match["rest"] else Truth.TRUE
    return Truth.of(have > need)


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(number) for number in version.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
