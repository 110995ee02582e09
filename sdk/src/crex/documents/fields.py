"""The fields of a message as the strict form sees them, read once from its descriptor.

Schema, reader, converter and generator all start from this view, so that they cannot disagree on what a
field is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import cast

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, OneofDescriptor
from google.protobuf.message import Message

from crex.v1 import constraint_pb2
from crex.v1.constraint_pb2 import DocumentConstraint, FieldConstraint


class Kind(Enum):
    """What a value is in the strict form."""

    BOOL = auto()
    INT32 = auto()
    INT64 = auto()
    STRING = auto()
    BYTES = auto()
    ENUM = auto()
    TIMESTAMP = auto()
    DURATION = auto()
    MESSAGE = auto()


_SCALARS: dict[int, Kind] = {
    FieldDescriptor.TYPE_BOOL: Kind.BOOL,
    FieldDescriptor.TYPE_INT32: Kind.INT32,
    FieldDescriptor.TYPE_INT64: Kind.INT64,
    FieldDescriptor.TYPE_STRING: Kind.STRING,
    FieldDescriptor.TYPE_BYTES: Kind.BYTES,
    FieldDescriptor.TYPE_ENUM: Kind.ENUM,
}
_WELL_KNOWN = {"google.protobuf.Timestamp": Kind.TIMESTAMP, "google.protobuf.Duration": Kind.DURATION}
_NO_CONSTRAINT = FieldConstraint()


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message.

    Attributes:
        name: Name in the proto file.
        json_name: Name of the member, lowerCamelCase.
        number: Field number.
        kind: Kind of the value; of each element of a list; of each value of a map.
        repeated: Whether it is a list.
        is_map: Whether it is a map; its keys are strings.
        has_presence: Whether the type's default is told from absence.
        message: Descriptor where the kind is MESSAGE.
        enum: Descriptor where the kind is ENUM.
        constraint: Its constraint; empty where none is stated.
        oneof: Name of the group of alternatives it belongs to, if any.
    """

    name: str
    json_name: str
    number: int
    kind: Kind
    repeated: bool
    is_map: bool
    has_presence: bool
    message: Descriptor | None
    enum: EnumDescriptor | None
    constraint: FieldConstraint
    oneof: str | None


@dataclass(frozen=True, slots=True)
class Choice:
    """A group of alternatives of which at most one is present.

    Attributes:
        name: Name of the oneof.
        members: Member names.
        required: Whether exactly one must be present.
    """

    name: str
    members: tuple[str, ...]
    required: bool


@cache
def fields_of(message: Descriptor) -> tuple[Field, ...]:
    """Gives the fields of a message in the order of their numbers.

    Raises:
        ValueError: A field has a type that the strict form does not know (unsigned, floating point, other map
            keys); the contract does not use them.
    """
    return tuple(_field(field) for field in sorted(message.fields, key=lambda field: field.number))


@cache
def field_by_member(message: Descriptor) -> dict[str, Field]:
    """Maps member names to fields."""
    return {field.json_name: field for field in fields_of(message)}


@cache
def choices_of(message: Descriptor) -> tuple[Choice, ...]:
    """Gives the groups of alternatives of a message, in order of declaration."""
    return tuple(
        Choice(
            oneof.name,
            tuple(field.json_name for field in oneof.fields),
            oneof.GetOptions().Extensions[constraint_pb2.choice].required,
        )
        for oneof in message.oneofs
        if not _is_synthetic(oneof)
    )


def descriptor_of(message: type[Message]) -> Descriptor:
    """Gives the descriptor of a message class."""
    return cast("Descriptor", message.DESCRIPTOR)


def document_constraint(message: Descriptor) -> DocumentConstraint | None:
    """Gives what a message states as a document, or nothing where it is none."""
    options = message.GetOptions()
    return (
        options.Extensions[constraint_pb2.document] if options.HasExtension(constraint_pb2.document) else None
    )


def enum_names(enum: EnumDescriptor) -> list[str]:
    """Lists the value names that a document may use: all but the one numbered zero."""
    return [value.name for value in enum.values if value.number != 0]


def _field(field: FieldDescriptor) -> Field:
    value, is_map = field, False
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        is_map = True
        value = field.message_type.fields_by_name["value"]
        if field.message_type.fields_by_name["key"].type != FieldDescriptor.TYPE_STRING:
            raise ValueError(f"{field.full_name}: the strict form knows no map keys but strings")
    options = field.GetOptions()
    stated = options.HasExtension(constraint_pb2.constraint)
    oneof = field.containing_oneof
    return Field(
        name=field.name,
        json_name=field.json_name,
        number=field.number,
        kind=_kind(value),
        repeated=field.is_repeated and not is_map,
        is_map=is_map,
        has_presence=field.has_presence,
        message=value.message_type if _kind(value) is Kind.MESSAGE else None,
        enum=value.enum_type,
        constraint=options.Extensions[constraint_pb2.constraint] if stated else _NO_CONSTRAINT,
        oneof=oneof.name if oneof is not None and not _is_synthetic(oneof) else None,
    )


def _kind(field: FieldDescriptor) -> Kind:
    if field.message_type is not None:
        return _WELL_KNOWN.get(field.message_type.full_name, Kind.MESSAGE)
    if field.type not in _SCALARS:
        raise ValueError(f"{field.full_name}: the strict form has no spelling for this field's type")
    return _SCALARS[field.type]


def _is_synthetic(oneof: OneofDescriptor) -> bool:
    """Tells whether a oneof only marks the presence of one `optional` field."""
    return len(oneof.fields) == 1 and oneof.name == f"_{oneof.fields[0].name}"
