"""The shape of a vector that is written by hand, and the one change that leads from one to another."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, TypeVar

from conformance.tests.vectors.matching_documents import Value
from conformance.tests.vectors.one_change import changed


@dataclass(frozen=True)
class Case:
    """A vector.

    Attributes:
        id: Stable name, and the name of its file.
        requirements: What it tests.
        why: The mistake that it catches, or what it proves.
        op: What is asked.
        input: What it is asked of.
        expect: The answer.
        base: The vector that it is one change away from; empty where it begins a row.
        change: The change.
        now: When it is asked; empty where that does not count.
    """

    id: str
    requirements: Sequence[str]
    why: str
    op: str
    input: Value
    expect: Value
    base: str = ""
    change: str = ""
    now: str = ""

    def as_json(self) -> bytes:
        """The vector's file."""
        value = {
            "id": self.id,
            "requirements": list(self.requirements),
            "op": self.op,
            "base": self.base,
            "change": self.change,
            "input": self.input,
            **({"now": self.now} if self.now else {}),
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
    ) -> Self:
        """Gives the vector that is one change away.

        Args:
            id: Its name.
            requirements: What it tests.
            where: JSON path of the change: in the document if the input holds one, in the input otherwise.
            value: The value there; GONE leaves the member out.
            expect: Its answer.
            why: The mistake that it catches.
        """
        place = f"document.{where}" if "document" in self.input else where
        given, change = changed(self.input, place, value)
        return one_away(self, id, requirements, change, why, input=apart(given), expect=expect)


def apart(value: Value) -> Value:
    """Gives a copy in which no two places are one object, so that a change of one changes no other."""
    copied: Value = json.loads(json.dumps(value))
    return copied


class Written(Protocol):
    """A vector that can be written: its name, and its file."""

    @property
    def id(self) -> str: ...  # noqa: D102 - see the class

    def as_json(self) -> bytes: ...  # noqa: D102 - see the class


class Based(Written, Protocol):
    """A vector that is a dataclass and can name the vector that it is one change away from."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


BasedT = TypeVar("BasedT", bound=Based)


def one_away(
    base: BasedT, id_: str, requirements: Sequence[str], change: str, why: str, **members: Any
) -> BasedT:
    """Gives the case that is one change away from its base.

    Args:
        base: The case that it differs from.
        id_: Its name.
        requirements: What it tests.
        change: The change.
        why: The mistake that it catches.
        members: Its members that differ from those of the base.
    """
    return replace(base, id=id_, requirements=requirements, why=why, base=base.id, change=change, **members)


def write(folder: Path, cases: Iterable[Written]) -> None:
    """Replaces the vectors of a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.json"):
        path.unlink()
    for case in cases:
        (folder / f"{case.id}.json").write_bytes(case.as_json())
