"""JSON Schema 2020-12 of the strict form, built from the descriptors at run time.

A schema is of one document type, because unknown members are allowed or not by the document in which a
message stands. It states everything by patterns: no `format` keyword, whose meaning differs between
validators. `$comment` carries the requirement identifiers.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from crex.decimals import INT64_MAX, INT64_MIN, range_pattern
from crex.documents.fields import (
    Choice,
    Field,
    Kind,
    choices_of,
    descriptor_of,
    document_constraint,
    enum_names,
    fields_of,
)
from crex.documents.patterns import BASE64, DURATION, FORMS, TIMESTAMP, Form, anchored
from crex.v1.constraint_pb2 import DocumentConstraint, FieldConstraint

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_INT32_MIN, _INT32_MAX = -(2**31), 2**31 - 1
_HEADER = "crex.v1.Header"

Schema = dict[str, Any]


def json_schema(message: type[Message]) -> Schema:
    """Builds the JSON Schema of a message.

    Args:
        message: Class of a document, or of any other message; the latter takes no unknown members.

    Returns:
        The schema, with one definition per message and per lexical form. Shared: do not change it.
    """
    return schema_of(descriptor_of(message))


@cache
def schema_of(message: Descriptor) -> Schema:
    """Builds the JSON Schema of a message by its descriptor; see `json_schema`."""
    return _Builder(message).build()


def form_schema(form: Form) -> Schema:
    """Builds the JSON Schema of a lexical form."""
    shape: Schema = {"pattern": anchored(form.pattern)}
    if form.max_length is not None:
        shape["maxLength"] = form.max_length
    if form.or_pattern is not None:
        shape = {"anyOf": [shape, {"pattern": anchored(form.or_pattern)}]}
    return {"type": "string", **shape, "$comment": form.requirement}


class _Builder:
    """Collects the definitions of one schema."""

    def __init__(self, root: Descriptor) -> None:
        self._root = root
        self._document = document_constraint(root) or DocumentConstraint()
        self._definitions: dict[str, Schema] = {}

    def build(self) -> Schema:
        name = _short_name(self._root)
        body = self._message(self._root)
        definitions = {key: self._definitions[key] for key in sorted(self._definitions)}
        return {
            "$schema": DIALECT,
            "$id": f"urn:crex:v1:{self._document.type or name}",
            "title": name,
            **body,
            "$defs": definitions,
        }

    def _message(self, message: Descriptor) -> Schema:
        """Builds the object schema of a message, and the definitions it needs."""
        fields = fields_of(message)
        required = [field.json_name for field in fields if field.constraint.required]
        if message.full_name == _HEADER and self._document.expires:
            required.append("validUntil")
        schema: Schema = {"type": "object"}
        schema["properties"] = {field.json_name: self._field(field) for field in fields}
        if required:
            schema["required"] = sorted(required)
        if self._document.descriptive:
            # Unknown members are ignored; the proto file's spelling of a known one is refused all the same.
            # ({"not": {}} and not false: jsonschema forgets the path of the latter.)
            aliases = [field.name for field in fields if field.name != field.json_name]
            schema["properties"].update({alias: {"not": {}} for alias in aliases})
        else:
            schema["additionalProperties"] = False
        choices = [_choice(choice) for choice in choices_of(message)]
        if len(choices) == 1:
            schema.update(choices[0])
        elif choices:
            schema["allOf"] = choices
        return schema

    def _field(self, field: Field) -> Schema:
        constraint = field.constraint
        if field.is_map:
            schema = self._map(field)
        elif field.repeated:
            schema = {"type": "array", "items": self._element(field)}
            _bounds(schema, "Items", constraint)
            if constraint.unique_items:
                schema["uniqueItems"] = True
        else:
            schema = self._element(field)
        if constraint.requirements:
            schema["$comment"] = " ".join(constraint.requirements)
        return schema

    def _map(self, field: Field) -> Schema:
        form = FORMS.get(field.constraint.format)
        schema: Schema = {"type": "object"}
        if form is not None:
            schema["propertyNames"] = self._form(form)
        schema["additionalProperties"] = self._value(field, None)
        _bounds(schema, "Properties", field.constraint)
        return schema

    def _element(self, field: Field) -> Schema:
        return self._value(field, FORMS.get(field.constraint.format))

    def _value(self, field: Field, form: Form | None) -> Schema:  # noqa: PLR0911 - one return per kind
        """Builds the schema of one value; `form` is that of a text."""
        constraint = field.constraint
        match field.kind:
            case Kind.BOOL:
                return {"type": "boolean"}
            case Kind.INT32:
                low, high = _limits(constraint, _INT32_MIN, _INT32_MAX)
                return {"type": "integer", "minimum": low, "maximum": high}
            case Kind.INT64:
                return self._int64(*_limits(constraint, INT64_MIN, INT64_MAX))
            case Kind.STRING:
                return self._text(constraint, form)
            case Kind.BYTES:
                return self._bytes(constraint)
            case Kind.TIMESTAMP:
                return self._form(TIMESTAMP)
            case Kind.DURATION:
                return self._form(DURATION)
            case Kind.ENUM:
                assert field.enum is not None  # noqa: S101 - a field of this kind has one
                return self._define(field.enum.name, {"type": "string", "enum": enum_names(field.enum)})
            case Kind.MESSAGE:
                assert field.message is not None  # noqa: S101 - a field of this kind has one
                return self._reference(field.message)

    def _text(self, constraint: FieldConstraint, form: Form | None) -> Schema:
        schema: Schema = {"type": "string"} if form is None else self._form(form)
        if constraint.pattern:
            schema["pattern"] = anchored(constraint.pattern)
        _bounds(schema, "Length", constraint)
        return schema

    def _bytes(self, constraint: FieldConstraint) -> Schema:
        """Builds the schema of bytes: lengths count decoded bytes, three of which are four characters."""
        schema = self._form(BASE64)
        limits: list[Schema] = []
        if constraint.HasField("min_length") and constraint.min_length > 0:
            schema["minLength"] = least = -(-constraint.min_length // 3) * 4
            padding = _AT_LEAST[constraint.min_length % 3]
            if padding:
                limits.append({"anyOf": [{"minLength": least + 1}, {"pattern": padding}]})
        if constraint.HasField("max_length"):
            schema["maxLength"] = most = -(-constraint.max_length // 3) * 4
            padding = _AT_MOST[constraint.max_length % 3]
            if padding:
                limits.append({"anyOf": [{"maxLength": most - 1}, {"pattern": padding}]})
        if limits:
            schema["allOf"] = limits
        return schema

    def _int64(self, low: int, high: int) -> Schema:
        key = "int64"
        if low != INT64_MIN:
            key += f"From{low}".replace("-", "Minus")
        if high != INT64_MAX:
            key += f"To{high}".replace("-", "Minus")
        return self._define(key, {"type": "string", "pattern": anchored(range_pattern(low, high))})

    def _form(self, form: Form) -> Schema:
        return self._define(form.key, form_schema(form))

    def _reference(self, message: Descriptor) -> Schema:
        key = _short_name(message)
        if key not in self._definitions:
            self._definitions[key] = {}
            self._definitions[key] = self._message(message)
        return {"$ref": f"#/$defs/{key}"}

    def _define(self, key: str, schema: Schema) -> Schema:
        self._definitions[key] = schema
        return {"$ref": f"#/$defs/{key}"}


# By length modulo 3: what the end of the text must look like where it has exactly the least, or the most,
# groups.
_AT_LEAST = {0: "[^=]$(?!\\n)", 1: "", 2: "[^=]=?$(?!\\n)"}
_AT_MOST = {0: "", 1: "==$(?!\\n)", 2: "=$(?!\\n)"}


def _choice(choice: Choice) -> Schema:
    """Builds the schema of a group of alternatives: at most one present, or exactly one."""
    alternatives: list[Schema] = [{"required": [member]} for member in choice.members]
    if not choice.required:
        alternatives.append({"not": {"anyOf": list(alternatives)}})
    return {"oneOf": alternatives}


def _bounds(schema: Schema, what: str, constraint: FieldConstraint) -> None:
    """Writes minLength and maxLength, minItems and maxItems, or minProperties and maxProperties."""
    if what == "Length":
        least = constraint.min_length if constraint.HasField("min_length") else None
        most = constraint.max_length if constraint.HasField("max_length") else None
    else:
        least = constraint.min_items if constraint.HasField("min_items") else None
        most = constraint.max_items if constraint.HasField("max_items") else None
    if least is not None:
        schema[f"min{what}"] = least
    if most is not None:
        schema[f"max{what}"] = most


def _limits(constraint: FieldConstraint, low: int, high: int) -> tuple[int, int]:
    return (
        constraint.min if constraint.HasField("min") else low,
        constraint.max if constraint.HasField("max") else high,
    )


def _short_name(message: Descriptor) -> str:
    """Names a message inside its package: `Offer`, `Outer.Inner`."""
    package = message.file.package
    return message.full_name.removeprefix(f"{package}.") if package else message.full_name
