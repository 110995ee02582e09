"""Schemas: well-formed, portable, and open exactly where the type says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from crex import v1
from crex.documents.schema import json_schema
from crex.documents.types import DocumentType, document_type, document_type_of_payload, document_types
from crex.errors import DocumentError

TYPES = list(document_types())
types = pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.token)
PUBLISHED = Path(__file__).parents[3] / "schemas" / "crex" / "v1"


@types
def test_a_schema_is_valid_and_refers_to_itself_only(kind: DocumentType) -> None:
    """Each schema is valid Draft 2020-12, and every reference leads to one of its own definitions."""
    schema = json_schema(kind.message)
    jsonschema.Draft202012Validator.check_schema(schema)
    references = [value for key, value in _keywords(schema) if key == "$ref"]
    assert references
    assert all(reference.removeprefix("#/$defs/") in schema["$defs"] for reference in references)


@types
def test_a_schema_needs_no_format_assertions(kind: DocumentType) -> None:
    """A schema states everything by keywords whose meaning every validator shares."""
    keywords = {key for key, _ in _keywords(json_schema(kind.message))}
    assert keywords.isdisjoint({"format", "contentEncoding", "default"})


@types
def test_unknown_members_are_open_where_the_type_describes(kind: DocumentType) -> None:
    """Objects are closed in a type that refuses unknown members, and open in one that ignores them."""
    schema = json_schema(kind.message)
    objects = [value for value in [schema, *schema["$defs"].values()] if "properties" in value]
    assert {value.get("additionalProperties", True) for value in objects} == {kind.descriptive}


@types
def test_the_published_schema_is_the_one_in_use(kind: DocumentType) -> None:
    """The file in `schemas/` is what the reader uses."""
    assert json.loads((PUBLISHED / f"{kind.token}.schema.json").read_text("utf-8")) == json_schema(
        kind.message
    )


def test_validity_must_end_where_the_type_says_so() -> None:
    """The header's end of validity is required in an offer and optional in an order."""
    assert "validUntil" in json_schema(v1.Offer)["$defs"]["Header"]["required"]
    assert "validUntil" not in json_schema(v1.OrderDocument)["$defs"]["Header"]["required"]


@types
def test_a_type_is_found_by_each_of_its_names(kind: DocumentType) -> None:
    """Token, payload type and message class lead to the same type."""
    assert (
        document_type(kind.token)
        == document_type_of_payload(kind.payload_type)
        == DocumentType.of(kind.message)
    )
    assert kind.payload_type == f"application/vnd.crex.{kind.token}.v1+json"


@pytest.mark.parametrize(
    "payload_type",
    [
        "",
        "offer",
        "application/json",
        "application/vnd.crex.offers.v1+json",
        "application/vnd.crex.offer.v2+json",
    ],
)
def test_another_payload_type_is_refused(payload_type: str) -> None:
    """A payload type that is none of ours is refused with TYPE (DOC-TYPE-1)."""
    with pytest.raises(DocumentError) as refused:
        document_type_of_payload(payload_type)
    assert refused.value.reason == "TYPE"


def test_a_misspelt_type_is_guessed() -> None:
    """An unknown token is refused with the nearest one; a part of documents is no type."""
    with pytest.raises(DocumentError, match='did you mean "offer"'):
        document_type("ofer")
    with pytest.raises(DocumentError, match="part of documents"):
        DocumentType.of(v1.Pin)


def _keywords(schema: Any) -> list[tuple[str, Any]]:
    """Lists the keywords of a schema with their values, members' names left out."""
    if isinstance(schema, list):
        return [pair for inner in schema for pair in _keywords(inner)]
    if not isinstance(schema, dict):
        return []
    found: list[tuple[str, Any]] = []
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            found += [pair for inner in value.values() for pair in _keywords(inner)]
        else:
            found += [(key, value), *_keywords(value)]
    return found
