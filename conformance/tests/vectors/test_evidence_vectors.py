"""The vectors of logs, status, policies, streams and evidence: fresh, and each refusal one change away."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.tests.vectors.evidence_vectors import AREAS, FOLDER
from crex_conformance import carried

VECTORS: dict[str, dict[str, Any]] = {it.id: it.value for it in carried.vectors() if it.area in AREAS}
REFUSED = {name: it for name, it in VECTORS.items() if it["expect"]["outcome"] == "rejected"}


@pytest.mark.parametrize("area", AREAS)
def test_files_are_what_the_cases_say(area: str) -> None:
    """The folder holds exactly the cases, byte for byte."""
    assert {path.name: path.read_bytes() for path in (FOLDER / area).glob("*.json")} == {
        f"{case.id}.json": case.as_json() for case in AREAS[area]
    }
    assert len({case.id for case in AREAS[area]}) == len(AREAS[area])


@pytest.mark.parametrize("vector", REFUSED.values(), ids=REFUSED)
def test_a_refusal_has_an_accepted_twin(vector: dict[str, Any]) -> None:
    """A refused vector names an accepted one, and differs from it."""
    base = VECTORS[vector["base"]]
    assert base["expect"]["outcome"] == "ok"
    assert base["op"] == vector["op"]
    assert (base["input"], base.get("now")) != (vector["input"], vector.get("now"))
    assert len(vector["expect"]["reasons"]) == 1
