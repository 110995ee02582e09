"""The conformance vectors of requirements-language.md, run against the SDK."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import pytest

from crex import v1
from crex.demand import (
    OfferView,
    evaluate,
    format,  # noqa: A004 - the inverse of `parse`
    format_preference,
    match,
    parse,
    parse_preference,
    registry,
)
from crex.demand.paths import demand_registry
from crex.documents import convert, reader
from crex.documents.times import parse_time
from crex.errors import RequirementError

FOLDER = files("crex_conformance") / "vectors" / "matching"
VECTORS: dict[str, dict[str, Any]] = {
    entry.name.removesuffix(".json"): json.loads(entry.read_bytes())
    for entry in sorted(FOLDER.iterdir(), key=lambda entry: entry.name)
    if entry.name.endswith(".json")
}
DOCUMENTS = {
    "offer": v1.Offer,
    "resource": v1.ComputeResource,
    "unit": v1.ComputeResource,
    "site": v1.Site,
    "plan": v1.PricePlan,
}
REGISTRIES = {"offer": registry, "demand": demand_registry}


def view(given: Mapping[str, Any]) -> OfferView:
    """Gives one offer with its documents, each of which is valid."""
    read: dict[str, Any] = {
        name: reader.read(json.dumps(given[name]).encode(), message)
        for name, message in DOCUMENTS.items()
        if name in given
    }
    if "availability" in given:
        read["holdable"] = True
        read["availability"] = tuple(
            reader.read(json.dumps(entry).encode(), v1.Availability) for entry in given["availability"]
        )
    return OfferView(**read)


def read_text(given: Mapping[str, Any]) -> dict[str, Any]:
    """Reads a requirement or a preference."""
    if "preference" in given:
        return {"preference": convert.to_json(parse_preference(given["preference"]))}
    paths = REGISTRIES[given.get("root", "offer")]
    return {"requirement": convert.to_json(parse(given["text"], paths()))}


def answer(vector: dict[str, Any]) -> dict[str, Any]:
    """What the SDK answers, in the form of the vectors."""
    given, now = vector["input"], parse_time(vector["now"])
    if vector["op"] == "demand.parse":
        return read_text(given)
    if vector["op"] == "demand.evaluate":
        requirement = convert.to_message(given["requirement"], v1.Requirement)
        return {"truth": evaluate(requirement, view(given), now=now).name}
    result = match(convert.to_message(given["demand"], v1.Demand), map(view, given["offers"]), now=now)
    assert result.explanation is not None
    return {
        "candidates": [convert.to_json(candidate) for candidate in result.candidates],
        "explanation": convert.to_json(result.explanation),
    }


def holds(expected: Any, found: Any) -> bool:
    """Tells whether an answer has what a vector states; an empty text, 0 and false may be absent members."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            holds(value, found.get(name)) for name, value in expected.items()
        )
    if isinstance(expected, list):
        found = found or []
        return len(expected) == len(found) and all(map(holds, expected, found))
    return expected == found or (found is None and expected in ("", "0", False))


def writable(vector: Mapping[str, Any]) -> bool:
    """Tells whether a vector reads a text that `format` writes: not one whose paths begin at the demand."""
    read = vector["op"] == "demand.parse" and vector["expect"]["outcome"] == "ok"
    return read and "root" not in vector["input"]


def test_there_are_vectors() -> None:
    """The package carries its vectors, wherever it is installed."""
    assert len(VECTORS) > 400


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_vector(vector: dict[str, Any]) -> None:
    """The SDK gives the answer that the specification demands."""
    expect = vector["expect"]
    if expect["outcome"] == "rejected":
        with pytest.raises(RequirementError) as refused:
            answer(vector)
        assert [refused.value.reason] == expect["reasons"]
        assert refused.value.violations
        return
    found = answer(vector)
    assert holds(expect["output"], found), found


@pytest.mark.parametrize("name", [name for name, vector in VECTORS.items() if writable(vector)])
def test_texts_are_kept(name: str) -> None:
    """What is read is written so that reading gives the same message again (TEXT-ROUND-1)."""
    found = read_text(VECTORS[name]["input"])
    if "preference" in found:
        again = {"preference": format_preference(convert.to_message(found["preference"], v1.Preference))}
    else:
        again = {"text": format(convert.to_message(found["requirement"], v1.Requirement))}
    assert read_text(again) == found
