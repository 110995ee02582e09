"""The examples of `schemas/examples` and of the specification hold what they promise."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from crex.documents import convert, reader
from crex.documents.types import document_type, document_types
from crex.errors import DocumentError

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "schemas" / "examples"
VALID = sorted((EXAMPLES / "valid").glob("*.json"))
INVALID = sorted((EXAMPLES / "invalid").glob("*/*.json"))


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.name)
def test_valid_examples_are_accepted(path: Path) -> None:
    """A valid example is read, becomes a message, and is written again without loss of what we know."""
    kind = document_type(path.name.partition(".")[0])
    result = reader.read_with_warnings(path.read_bytes(), kind)
    written = convert.to_json(convert.to_message(result.value, kind.message))
    assert (written == result.value) == (not result.warnings)


@pytest.mark.parametrize("path", INVALID, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_invalid_examples_are_refused_for_their_reason(path: Path) -> None:
    """An invalid example is refused, with the requirement after which its folder is named and no other."""
    with pytest.raises(DocumentError) as refused:
        reader.read(path.read_bytes(), document_type(path.name.partition(".")[0]))
    assert {found.requirement for found in refused.value.violations} == {path.parent.name}


def test_every_type_has_a_valid_example() -> None:
    """Each document type is shown by one example at least."""
    assert {path.name.partition(".")[0] for path in VALID} == {kind.token for kind in document_types()}


def test_the_allotment_of_the_specification_is_valid() -> None:
    """The example on the page of documents is read; its faulty twin is refused in the page's own words."""
    page = (ROOT / "proto" / "spec" / "documents.md").read_text("utf-8")
    blocks = re.findall(r"```(?:json|text)\n(.*?)```", page, re.DOTALL)
    body, refusal = blocks[-2:]
    kind = document_type("allotment")
    reader.read(body.encode(), kind)
    faulty = body.replace('"quantity": "64"', '"quantity": 64')
    with pytest.raises(DocumentError) as refused:
        reader.read(faulty.encode(), kind)
    assert str(refused.value) == refusal.strip()


@pytest.mark.parametrize("page", ["documents.md", "scalars.md", "names.md"])
def test_the_json_of_the_specification_is_strict(page: str) -> None:
    """Every JSON block of these pages is JSON."""
    text = (ROOT / "proto" / "spec" / page).read_text("utf-8")
    for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL):
        assert json.loads(block)
