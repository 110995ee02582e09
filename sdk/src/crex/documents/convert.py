"""The way between the strict form and messages, compiled from the descriptors.

google.protobuf.json_format does the same ten times slower and more loosely; tests compare the two.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any, NoReturn, TypeVar

import orjson
from google.protobuf.descriptor import Descriptor, EnumDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from crex.documents.fields import Field, Kind, descriptor_of, fields_of
from crex.documents.times import (
    format_duration,
    format_time,
    from_ms,
    parse_duration,
    parse_time,
    to_ms,
)
from crex.errors import DocumentError, InvalidScalar

M = TypeVar("M", bound=Message)
Json = dict[str, Any]
_Convert = Callable[[Any], Any]
_MS_IN_NANOS = 1_000_000


@dataclass(slots=True)
class _Parser:
    """How the members of a message become the arguments of its class."""

    same: dict[str, str] = field(default_factory=dict)
    converted: dict[str, tuple[str, _Convert]] = field(default_factory=dict)

    def __call__(self, value: Json) -> Json:
        same, converted = self.same, self.converted
        arguments: Json = {}
        for member, here in value.items():
            if member in same:
                arguments[same[member]] = here
            elif member in converted:
                name, convert = converted[member]
                arguments[name] = convert(here)
        return arguments


@dataclass(slots=True)
class _Writer:
    """How the fields of a message become members."""

    fields: dict[int, tuple[str, _Convert | None]] = field(default_factory=dict)

    def __call__(self, message: Message) -> Json:
        fields = self.fields
        members: Json = {}
        for descriptor, value in message.ListFields():
            member, convert = fields[descriptor.number]
            members[member] = value if convert is None else convert(value)
        return members


def to_message(value: Json, message: type[M]) -> M:
    """Builds a message from the strict form.

    Args:
        value: A value that the reader accepted (`reader.read`). Members that the message does not have are
            left out, as a reader of a descriptive document does.
        message: Class of the message.

    Raises:
        DocumentError: `SCHEMA`: the value does not have the form that the reader would have required.
    """
    try:
        return message(**_parser_of(descriptor_of(message))(value))
    except (AttributeError, TypeError, ValueError, InvalidScalar) as error:
        text = f"a {message.DESCRIPTOR.name} cannot be built from a value that was not read in strict form"
        raise DocumentError("SCHEMA", f"{text}: {error}") from error


def to_json(message: Message) -> Json:
    """Writes a message in the strict form.

    Fields without presence that have their default are absent, like unset ones; so are empty lists and maps.

    Returns:
        Members in the order of field numbers, keys of maps sorted.

    Raises:
        DocumentError: `SCHEMA`: the message holds what the strict form cannot say: a number that is no
            value of its enum, a time with parts of a millisecond, a negative duration.
    """
    try:
        return _writer_of(descriptor_of(type(message)))(message)
    except InvalidScalar as error:
        raise DocumentError("SCHEMA", error.message, violations=error.violations) from error


def dump(message: Message) -> bytes:
    """Writes a message as a JSON text in strict form: compact UTF-8, the same bytes for equal messages.

    Raises:
        DocumentError: `SCHEMA`, as `to_json`. Whether required members are there is for `reader.check` to
            say.
    """
    # What orjson gives keeps 4 KiB however short it is; a copy has the size of the text.
    return bytes(memoryview(orjson.dumps(to_json(message))))


def to_timestamp(value: datetime) -> Timestamp:
    """Makes the message of a time; parts of a millisecond are refused by the writer, not here."""
    stamp = Timestamp()
    stamp.FromDatetime(value)
    return stamp


def from_timestamp(stamp: Timestamp) -> datetime:
    """Gives the time of a message, UTC, cut to whole milliseconds."""
    return from_ms(stamp.seconds * 1000 + stamp.nanos // _MS_IN_NANOS)


def to_duration(value: timedelta) -> Duration:
    """Makes the message of a duration."""
    duration = Duration()
    duration.FromTimedelta(value)
    return duration


def from_duration(duration: Duration) -> timedelta:
    """Gives the duration of a message, cut to whole milliseconds."""
    return timedelta(milliseconds=duration.seconds * 1000 + duration.nanos // _MS_IN_NANOS)


@cache
def _parser_of(message: Descriptor) -> _Parser:
    parser = _Parser()
    _fill_parser(parser, message, {message: parser})
    return parser


def _fill_parser(parser: _Parser, message: Descriptor, begun: dict[Descriptor, _Parser]) -> None:
    """Compiles a parser; `begun` holds those under way, because messages can contain themselves."""
    for field_ in fields_of(message):
        convert = _PARSE.get(field_.kind)
        if field_.message is not None:
            if field_.message not in begun:
                begun[field_.message] = _Parser()
                _fill_parser(begun[field_.message], field_.message, begun)
            convert = begun[field_.message]
            if field_.is_map:
                convert = _then(convert, field_.message)
        if convert is None:
            parser.same[field_.json_name] = field_.name
        else:
            parser.converted[field_.json_name] = (field_.name, _over(field_, convert))


@cache
def _writer_of(message: Descriptor) -> _Writer:
    writer = _Writer()
    _fill_writer(writer, message, {message: writer})
    return writer


def _fill_writer(writer: _Writer, message: Descriptor, begun: dict[Descriptor, _Writer]) -> None:
    for field_ in fields_of(message):
        convert = _WRITE.get(field_.kind)
        if field_.message is not None:
            if field_.message not in begun:
                begun[field_.message] = _Writer()
                _fill_writer(begun[field_.message], field_.message, begun)
            convert = begun[field_.message]
        elif field_.enum is not None:
            convert = _enum_writer(field_.enum)
        if field_.is_map:
            writer.fields[field_.number] = (field_.json_name, _map_writer(convert))
        elif field_.repeated:
            writer.fields[field_.number] = (
                field_.json_name,
                list if convert is None else _over(field_, convert),
            )
        else:
            writer.fields[field_.number] = (field_.json_name, convert)


def _over(field_: Field, convert: _Convert) -> _Convert:
    """Makes a conversion of one value work over the whole of a repeated or map field."""
    if field_.is_map:
        return lambda values: {key: convert(value) for key, value in values.items()}
    if field_.repeated:
        return lambda values: [convert(value) for value in values]
    return convert


def _then(parse: _Convert, message: Descriptor) -> _Convert:
    """Makes messages of the values of a map, whose constructor takes no dictionaries."""
    make = GetMessageClass(message)
    return lambda value: make(**parse(value))


def _map_writer(convert: _Convert | None) -> _Convert:
    if convert is None:
        return lambda values: {key: values[key] for key in sorted(values)}
    return lambda values: {key: convert(values[key]) for key in sorted(values)}


def _enum_writer(enum: EnumDescriptor) -> _Convert:
    names = {value.number: value.name for value in enum.values}

    def write(number: int) -> str:
        name = names.get(number)
        return name if name is not None else _no_spelling(f"{number} is no value of {enum.name}")

    return write


def _no_spelling(message: str) -> NoReturn:
    raise DocumentError("SCHEMA", f"the strict form has no spelling for this: {message}")


def _parse_timestamp(text: str) -> Json:
    seconds, milliseconds = divmod(to_ms(parse_time(text)), 1000)
    return {"seconds": seconds, "nanos": milliseconds * _MS_IN_NANOS}


def _write_timestamp(stamp: Timestamp) -> str:
    milliseconds, rest = divmod(stamp.nanos, _MS_IN_NANOS)
    if rest:
        _no_spelling(f"a time with {stamp.nanos} ns, which is no whole number of milliseconds")
    try:
        return format_time(from_ms(stamp.seconds * 1000 + milliseconds))
    except OverflowError:
        _no_spelling(f"{stamp.seconds} s since 1970 lies outside the years 0001 to 9999")


def _parse_duration(text: str) -> Json:
    duration = parse_duration(text)
    seconds = duration.days * 86_400 + duration.seconds
    return {"seconds": seconds, "nanos": duration.microseconds * 1000}


def _write_duration(duration: Duration) -> str:
    milliseconds, rest = divmod(duration.nanos, _MS_IN_NANOS)
    if rest:
        _no_spelling(f"a duration with {duration.nanos} ns, which is no whole number of milliseconds")
    return format_duration(timedelta(milliseconds=duration.seconds * 1000 + milliseconds))


def _write_bytes(value: bytes) -> str:
    return b64encode(value).decode("ascii")


_PARSE: dict[Kind, _Convert] = {
    Kind.INT64: int,
    Kind.BYTES: partial(b64decode, validate=True),
    Kind.TIMESTAMP: _parse_timestamp,
    Kind.DURATION: _parse_duration,
}
_WRITE: dict[Kind, _Convert] = {
    Kind.INT64: str,
    Kind.BYTES: _write_bytes,
    Kind.TIMESTAMP: _write_timestamp,
    Kind.DURATION: _write_duration,
}
