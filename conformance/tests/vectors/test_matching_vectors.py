"""The vectors of requirements-language.md: complete, fresh, and each one change away from another answer."""

import json
from typing import Any

import pytest

from conformance.tests.vectors.matching_vectors import CASES, FOLDER

VECTORS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_bytes()) for path in sorted(FOLDER.glob("*.json"))
}


def test_files_are_what_the_cases_say() -> None:
    """The folder holds exactly the cases, byte for byte."""
    assert {path.name: path.read_bytes() for path in FOLDER.glob("*.json")} == {
        f"{case.id}.json": case.as_json() for case in CASES
    }


def test_identifiers_are_unique() -> None:
    """No two cases have one identifier."""
    assert len({case.id for case in CASES}) == len(CASES)


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_each_change_changes_the_answer(vector: dict[str, Any]) -> None:
    """A vector that names another differs from it in one place, and in its answer for that reason alone."""
    assert vector["requirements"]
    assert vector["why"]
    if not vector["base"]:
        assert vector["change"] == ""
        assert vector["expect"]["outcome"] == "ok"
        return
    base = VECTORS[vector["base"]]
    assert vector["change"]
    assert vector["op"] == base["op"]
    assert vector["input"] != base["input"]
    assert vector["expect"] != base["expect"]
