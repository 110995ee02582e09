"""What the suite carries: the requirements of the specification, and the vectors that test them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

# Every vector has exactly these; `now` where its operation depends on the time.
MEMBERS = ("id", "requirements", "op", "base", "change", "input", "expect", "why")


class CommandError(Exception):
    """The command cannot do what it was asked for.

    Attributes:
        code: The exit code: 2 where the command line is wrong, 3 where something that it needs is missing.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Requirement:
    """One requirement, as the specification states it.

    Attributes:
        identifier: `AREA-THING-N`.
        sentence: What it demands.
        keyword: Its BCP 14 keyword.
        page: Page of the specification, such as `rating`.
        actor: Who must keep it.
        testability: vector, wire, peer or none.
    """

    identifier: str
    sentence: str
    keyword: str
    page: str
    actor: str
    testability: str


@dataclass(frozen=True)
class Vector:
    """One vector: an input and the answer to it.

    Attributes:
        area: Folder that it lies in.
        id: Stable name, the file's name without its ending.
        value: The file's content.
        content: The file's bytes.
    """

    area: str
    id: str
    value: dict[str, Any]
    content: bytes

    @property
    def requirements(self) -> tuple[str, ...]:
        """Identifiers of what it tests."""
        return tuple(self.value.get("requirements", ()))

    @property
    def outcome(self) -> str:
        """`ok`, or `rejected` with its reasons."""
        expect = self.value.get("expect", {})
        return " ".join([str(expect.get("outcome", "?")), *map(str, expect.get("reasons", ()))])


@cache
def requirements() -> dict[str, Requirement]:
    """Every requirement of this edition by its identifier, in order."""
    source = files("crex_conformance") / "requirements" / "requirements.json"
    stated = json.loads(source.read_bytes())["requirements"]
    return {entry["identifier"]: Requirement(**entry) for entry in stated}


@cache
def vectors() -> tuple[Vector, ...]:
    """Every vector that the package carries, by area and name."""
    with as_file(files("crex_conformance") / "vectors") as folder:
        return tuple(read_vectors(folder))


def read_vectors(folder: Path) -> list[Vector]:
    """Reads the vectors of a folder that has one folder for each area.

    Args:
        folder: What `crex-conformance vectors -o` wrote, or the package's own.

    Raises:
        CommandError: There is no vector, or a file is not a JSON object.
    """
    paths = sorted(folder.glob("*/*.json"))
    if not paths:
        raise CommandError(
            f"{folder} holds no vectors. A folder of vectors has one folder for each area, and in it one "
            "JSON file for each vector; 'crex-conformance vectors -o DIR' writes one.",
            3,
        )
    return [_read(path) for path in paths]


def _read(path: Path) -> Vector:
    try:
        content = path.read_bytes()
        value = json.loads(content)
    except OSError as error:
        raise CommandError(
            f"{path} cannot be read ({error.strerror}); name files that you may read.", 3
        ) from None
    except ValueError as error:
        raise CommandError(f"{path} is not JSON ({error}); take the file anew from the package.", 3) from None
    if not isinstance(value, dict):
        raise CommandError(f"{path} is not a JSON object; take the file anew from the package.", 3)
    return Vector(path.parent.name, path.stem, value, content)
