"""The shape of a vector of descriptions and names, and the one change that leads from one to another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from conformance.tests.vectors.matching_documents import Value
from conformance.tests.vectors.one_change import changed

READ, PARSE, LOCATE = "document.read", "name.parse", "document.locate"
OK: Final[Value] = {"outcome": "ok", "reasons": []}


@dataclass(frozen=True)
class Case:
    """One vector.

    Attributes:
        id: Stable name, and the name of its file.
        requirements: What it tests.
        why: The mistake that it catches, or what it proves.
        op: What is asked.
        input: What it is asked of.
        expect: The answer.
        base: The vector that it is one change away from; empty where it begins a row.
        change: The change.
    """

    id: str
    requirements: Sequence[str]
    why: str
    op: str
    input: Value
    expect: Value
    base: str = ""
    change: str = ""

    def as_json(self) -> bytes:
        """The vector's file."""
        value = {
            "id": self.id,
            "requirements": list(self.requirements),
            "op": self.op,
            "base": self.base,
            "change": self.change,
            "input": self.input,
            "expect": self.expect,
            "why": self.why,
        }
        return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()

    def but(
        self,
        id: str,  # noqa: A002 - the member's name
        requirements: Sequence[str],
        where: str,
        value: Any,
        expect: Value,
        why: str,
    ) -> Case:
        """Gives the vector that is one change away.

        Args:
            id: Its name.
            requirements: What it tests.
            where: JSON path of the change: in the document if one is read, in `input` otherwise.
            value: The value there; GONE leaves the member out.
            expect: Its answer.
            why: The mistake that it catches.
        """
        place = f"document.{where}" if self.op == READ else where
        given, change = changed(self.input, place, value)
        return Case(id, requirements, why, self.op, _apart(given), expect, self.id, change)


def _apart(value: Value) -> Value:
    """Gives a copy in which no two places are one object, so that a change of one changes no other."""
    copied: Value = json.loads(json.dumps(value))
    return copied


def document(
    id: str,  # noqa: A002 - the member's name
    requirements: Sequence[str],
    type: str,  # noqa: A002 - the member's name
    value: Value,
    why: str,
) -> Case:
    """Gives an accepted document with which a row begins."""
    return Case(id, requirements, why, READ, _apart({"type": type, "document": value}), OK)


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
