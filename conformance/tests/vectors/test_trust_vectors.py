"""The vectors of trust.md: complete, fresh, and each negative one change away from what is accepted."""

import json
from typing import Any

import pytest

from conformance.tests.vectors.trust_vectors import CASES, FOLDER

VECTORS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_bytes()) for path in sorted(FOLDER.glob("*.json"))
}
# Where one change shows on two sides: who signs and who is pinned, what is said and what is expected.
_TWO_SIDED = frozenset(
    {
        "another-issuer-than-expected",
        "key-unknown",
        "nine-signatures",
        "right-signature-of-another-authority",
        "type-not-bound",
    }
)


def test_files_are_what_the_cases_say() -> None:
    """The folder holds exactly the cases, byte for byte; keys and signatures are deterministic."""
    assert {path.name: path.read_bytes() for path in FOLDER.iterdir()} == {
        f"{case.id}.json": case.as_json() for case in CASES
    }


def test_identifiers_are_unique() -> None:
    """No two cases have one identifier."""
    assert len({case.id for case in CASES}) == len(CASES)


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_each_negative_is_one_change_away(vector: dict[str, Any]) -> None:
    """A refused vector names an accepted one and differs from it in one of what a verifier is given."""
    assert vector["requirements"]
    assert vector["why"]
    if vector["expect"]["outcome"] == "ok":
        assert (vector["base"], vector["change"], vector["expect"]["reasons"]) == ("", "", [])
        return
    base = VECTORS[vector["base"]]
    assert base["expect"]["outcome"] == "ok"
    assert vector["change"]
    assert len(vector["expect"]["reasons"]) == 1
    given, before = ({"now": it["now"], **it["input"]} for it in (vector, base))
    changed = [
        part for part in ("envelope", "roots", "type", "now", "options") if given[part] != before[part]
    ]
    assert len(changed) == (2 if vector["id"] in _TWO_SIDED else 1), changed
