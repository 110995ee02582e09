"""What vectors of descriptions and names ask, and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from conformance.tests.vectors.case import Case, apart
from conformance.tests.vectors.matching_documents import Value

READ, PARSE, LOCATE = "document.read", "name.parse", "document.locate"
OK: Final[Value] = {"outcome": "ok", "reasons": []}


def document(
    id: str,  # noqa: A002 - the member's name
    requirements: Sequence[str],
    type: str,  # noqa: A002 - the member's name
    value: Value,
    why: str,
) -> Case:
    """Gives an accepted document with which a row begins."""
    return Case(id, requirements, why, READ, apart({"type": type, "document": value}), OK)


def refused(requirement: str = "", path: str = "") -> Value:
    """Gives the answer that a document is refused, with what the specification states of the violation.

    Args:
        requirement: The broken rule, where the pages name one for this place.
        path: The place, where the pages say which value is wrong.
    """
    violation = {"path": path} if path else {}
    if requirement:
        violation["requirement"] = requirement
    return refused_at(violation) if violation else {"outcome": "rejected", "reasons": ["SCHEMA"]}


def refused_at(*violations: Value) -> Value:
    """Gives the answer that a document is refused for these violations and no other."""
    return {"outcome": "rejected", "reasons": ["SCHEMA"], "violations": list(violations)}


def warned(requirement: str = "", path: str = "") -> Value:
    """Gives the answer that a document is accepted, and what a tool that checks it should warn of.

    Args:
        requirement: The rule; empty where there is nothing to warn of.
        path: The place.
    """
    return {**OK, "warnings": [{"path": path, "requirement": requirement}] if path else []}


def output(value: Value) -> Value:
    """Gives the answer of a name or an address."""
    return {**OK, "output": value}
