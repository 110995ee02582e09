"""What the contract expects of a field's value, in words, and what to do where the value is another."""

from __future__ import annotations

import re
from typing import Any

from crex.decimals import INT64_MAX, INT64_MIN, range_pattern
from crex.documents.fields import Field, Kind, enum_names
from crex.documents.patterns import BASE64, DURATION, FORMS, TIMESTAMP, Form

_INT64 = re.compile(range_pattern(INT64_MIN, INT64_MAX))
_FORM_OF_KIND = {Kind.TIMESTAMP: TIMESTAMP, Kind.DURATION: DURATION, Kind.BYTES: BASE64}
_SPELLED_OUT = 8


def value_form(field: Field) -> Form | None:
    """Gives the lexical form of a field's values, if they have one."""
    if field.kind is Kind.STRING and not field.is_map:
        return FORMS.get(field.constraint.format)
    return _FORM_OF_KIND.get(field.kind)


def key_form(field: Field | None) -> Form | None:
    """Gives the lexical form of a map's keys, if they have one."""
    return FORMS.get(field.constraint.format) if field is not None and field.is_map else None


def of_field(field: Field) -> str:
    """Says what a field holds: a value, a list or a map."""
    value = of_value(field)
    if field.is_map:
        return f"an object whose values are each {value}"
    return f"a list, each element {value}" if field.repeated else value


def of_value(field: Field) -> str:  # noqa: PLR0911 - one return per kind
    """Says what one value of a field is, with its bounds."""
    form = value_form(field)
    if form is not None:
        return form.what + _length(field, "bytes" if field.kind is Kind.BYTES else "characters")
    match field.kind:
        case Kind.BOOL:
            return "true or false"
        case Kind.INT32:
            return "an integer" + _range(field)
        case Kind.INT64:
            return "an integer as text" + _range(field)
        case Kind.ENUM if field.enum is not None:
            names = enum_names(field.enum)
            return (
                f"one of {', '.join(names)}"
                if len(names) <= _SPELLED_OUT
                else f"a value of {field.enum.name}"
            )
        case Kind.MESSAGE if field.message is not None:
            return f"an object ({field.message.name})"
        case _:
            pattern = field.constraint.pattern
            return (f"text of the form {pattern}" if pattern else "text") + _length(field, "characters")


def names_of(field: Field) -> list[str]:
    """Lists the value names of an enum field."""
    return enum_names(field.enum) if field.enum is not None else []


def requirement_and_fix(field: Field, value: Any) -> tuple[str, str]:
    """Gives the requirement that a value breaks and what to do.

    Args:
        field: The field at the place.
        value: What was found.
    """
    stated = field.constraint.requirements
    own = stated[0] if stated else ""
    form = value_form(field)
    if field.kind is Kind.INT64:
        return _int64_fix(own, value)
    if form is not None and not (isinstance(value, str) and form.matches(value)):
        return form.requirement, form.fix
    if field.kind is Kind.ENUM:
        return "JSON-ENUM-1", "use the name of a value, exactly as the contract spells it"
    return (own if own and isinstance(value, str) else "JSON-TYPE-1"), ""


def _int64_fix(own: str, value: Any) -> tuple[str, str]:
    if isinstance(value, int) and not isinstance(value, bool):
        return "JSON-INT64-1", f'write it as text: "{value}"'
    if isinstance(value, str) and _INT64.fullmatch(value) is not None:
        return own or "JSON-TYPE-1", ""
    return "JSON-INT64-1", 'write it like "0", "5" or "-12": no plus, no leading zeros, no exponent'


def _range(field: Field) -> str:
    constraint = field.constraint
    if constraint.HasField("min") and constraint.HasField("max"):
        return f" from {constraint.min} to {constraint.max}"
    if constraint.HasField("min"):
        return f", at least {constraint.min}"
    return f", at most {constraint.max}" if constraint.HasField("max") else ""


def _length(field: Field, unit: str) -> str:
    constraint = field.constraint
    parts = []
    if constraint.HasField("min_length"):
        parts.append(f"at least {constraint.min_length}")
    if constraint.HasField("max_length"):
        parts.append(f"at most {constraint.max_length}")
    return f" of {' and '.join(parts)} {unit}" if parts else ""
