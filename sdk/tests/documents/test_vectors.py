"""The conformance vectors of descriptions and names, run against the SDK."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import pytest

from crex import names
from crex.documents import reader, registered
from crex.documents.types import document_type
from crex.errors import DocumentError, InvalidName, Violation
from crex.resolve import well_known

FOLDER = files("crex_conformance") / "vectors" / "description"
VECTORS: dict[str, dict[str, Any]] = {
    entry.name.removesuffix(".json"): json.loads(entry.read_bytes())
    for entry in sorted(FOLDER.iterdir(), key=lambda entry: entry.name)
    if entry.name.endswith(".json")
}


def parts(form: str, text: str) -> dict[str, Any]:
    """What the SDK finds in a text, in the form of the vectors."""
    if form == "authority":
        return {"authority": names.parse_authority(text)}
    if form == "token":
        authority, _, token = names.parse_token(text).rpartition("/")
        return {"authority": authority, "token": token} if authority else {"token": token}
    ref = names.Ref.parse(text) if form == "ref" else names.Ref(names.Name.parse(text))
    found = {"authority": ref.name.authority, "segments": [list(pair) for pair in ref.name.segments]}
    if ref.revision is not None:
        found["revision"] = str(ref.revision)
    if ref.sha256 is not None:
        found["sha256"] = ref.sha256
    return found


def answer(vector: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the SDK answers; nothing where it accepts a document."""
    given = vector["input"]
    if vector["op"] == "name.parse":
        return parts(given["form"], given["text"])
    if vector["op"] == "document.locate":
        return {"url": well_known.url_of(names.Ref.parse(given["ref"]))}
    reader.read(json.dumps(given["document"]).encode(), document_type(given["type"]))
    return None


def fits(stated: Mapping[str, str], found: Violation) -> bool:
    """Tells whether a violation is the one that a vector states, as far as it does."""
    return all(getattr(found, name) == value for name, value in stated.items())


def test_there_are_vectors() -> None:
    """The package carries its vectors, wherever it is installed."""
    assert len(VECTORS) > 450


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_vector(vector: dict[str, Any]) -> None:
    """The SDK gives the answer that the specification demands."""
    expect = vector["expect"]
    if expect["outcome"] == "ok":
        assert answer(vector) == expect.get("output")
        if "warnings" in expect:
            given = vector["input"]
            said = registered.remarks(given["document"], document_type(given["type"]).message)
            assert [{"path": it.path, "requirement": it.requirement} for it in said] == expect["warnings"]
        return
    with pytest.raises((DocumentError, InvalidName)) as refused:
        answer(vector)
    assert [refused.value.reason] == expect["reasons"]
    found, stated = refused.value.violations, expect.get("violations", [{}])
    assert found
    assert all(any(fits(one, it) for it in found) for one in stated), found
    assert all(any(fits(one, it) for one in stated) for it in found), found
