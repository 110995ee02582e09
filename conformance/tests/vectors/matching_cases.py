"""What vectors of requirements-language.md ask, and their answers."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.tests.vectors import case
from conformance.tests.vectors.matching_documents import NOW, Value

EVALUATE, PARSE, MATCH = "demand.evaluate", "demand.parse", "demand.match"


@dataclass(frozen=True)
class Case(case.Case):
    """A vector that is asked at a known time."""

    now: str = NOW


def truth(value: str) -> Value:
    """Gives the answer of `demand.evaluate`."""
    return {"outcome": "ok", "reasons": [], "output": {"truth": value}}


TRUE, FALSE, UNKNOWN = truth("TRUE"), truth("FALSE"), truth("UNKNOWN")


def output(value: Value) -> Value:
    """Gives an answer of which the stated members count."""
    return {"outcome": "ok", "reasons": [], "output": value}


def rejected(reason: str = "SCHEMA") -> Value:
    """Gives the answer that the requirement or demand cannot be used."""
    return {"outcome": "rejected", "reasons": [reason]}
