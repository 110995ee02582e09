"""The shape of a vector of requirements-language.md, and the one change that leads from one to another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from conformance.tests.vectors.matching_documents import NOW, Value
from conformance.tests.vectors.one_change import changed

EVALUATE, PARSE, MATCH = "demand.evaluate", "demand.parse", "demand.match"


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
        base: The vector, with another answer, that it is one change away from; empty where it begins a row.
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
            "now": NOW,
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
            where: JSON path of the change in `input`, such as `resource.node.accelerators[0].count`.
            value: The value there; GONE leaves the member out.
            expect: Its answer.
            why: The mistake that it catches.
        """
        given, change = changed(self.input, where, value)
        return Case(id, requirements, why, self.op, given, expect, self.id, change)


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
