"""Validators compiled from the schemas: a fast one that decides, and an explaining one for what it refuses.

Both work from the same schema and reach the same verdict; `sdk/tests/documents` compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import jsonschema_rs
import orjson
from google.protobuf.descriptor import Descriptor

from crex.documents.patterns import without_lookahead
from crex.documents.schema import schema_of

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

# Keywords that look at every element, and the one that bounds their number.
_COUNTED = {
    "items": "maxItems",
    "additionalProperties": "maxProperties",
    "propertyNames": "maxProperties",
}


@cache
def decider(message: Descriptor) -> Callable[[Any], bool]:
    """Gives the function that tells, fast, whether a strict value matches the schema of a message."""
    schema = for_rust(schema_of(message))
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=False).is_valid


@cache
def explainer(message: Descriptor) -> Draft202012Validator:
    """Gives the validator that lists everything by which a value does not match; a hundred times slower."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    # jsonschema compares every pair of elements that do not sort; a hostile list would keep it busy for
    # hours. And it goes on into what is refused for its length already, at 100 µs an element.
    keywords = {"uniqueItems": _unique_items} | {
        keyword: _unless_too_many(Draft202012Validator.VALIDATORS[keyword], limit)
        for keyword, limit in _COUNTED.items()
    }
    extended: Any = extend(Draft202012Validator, keywords)  # type: ignore[no-untyped-call]
    return cast("Draft202012Validator", extended(schema_of(message)))


def first_repeated(values: list[Any]) -> Any | None:
    """Gives the first element of a list that occurred before, or nothing."""
    seen: set[bytes] = set()
    for value in values:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        if text in seen:
            return value
        seen.add(text)
    return None


def _unless_too_many(keyword: Any, limit: str) -> Any:
    """Makes of a keyword one that leaves out what has too many elements anyway."""

    def check(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
        if not _too_many(value, schema, limit):
            yield from keyword(validator, wanted, value, schema)

    return check


def _too_many(value: Any, schema: Any, limit: str) -> bool:
    return isinstance(value, dict | list) and limit in schema and len(value) > schema[limit]


def _unique_items(_validator: object, wanted: bool, value: Any, schema: Any) -> Iterator[ValidationError]:
    from jsonschema.exceptions import ValidationError

    if not wanted or not isinstance(value, list) or _too_many(value, schema, "maxItems"):
        return
    if first_repeated(value) is not None:
        yield ValidationError("an element occurs twice")


def for_rust(schema: Any) -> Any:
    """Gives a schema whose patterns mean the same and are fast in jsonschema-rs."""
    if isinstance(schema, dict):
        return {
            key: without_lookahead(value) if key == "pattern" else for_rust(value)
            for key, value in schema.items()
        }
    return [for_rust(item) for item in schema] if isinstance(schema, list) else schema
