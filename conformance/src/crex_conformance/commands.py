"""What each command of `crex-conformance` answers: a value for machines and a text for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from crex_conformance import carried
from crex_conformance.carried import CommandError, Requirement, Vector


@dataclass(frozen=True)
class Answer:
    """What a command found.

    Attributes:
        value: For `--json`.
        text: For people.
        code: The exit code.
    """

    value: Any
    text: str
    code: int = 0


def list_requirements(area: str | None) -> Answer:
    """Lists the requirements of an area, each with the number of vectors that test it.

    Args:
        area: A page of the specification, such as `rating`, or the first part of identifiers, such as `RATE`;
            None lists all.

    Raises:
        CommandError: There is no such area.
    """
    chosen = _of_area(area)
    counts = {
        identifier: sum(identifier in vector.requirements for vector in carried.vectors())
        for identifier in chosen
    }
    value = [asdict(it) | {"vectors": counts[it.identifier]} for it in chosen.values()]
    width = max(map(len, chosen))
    lines = [
        f"{name:{width}}  {it.keyword:10}  {it.page:21}  {it.testability:6}  {_many(counts[name], 'vector')}"
        for name, it in chosen.items()
    ]
    testable = [it.identifier for it in chosen.values() if it.testability == "vector"]
    with_vectors = sum(counts[identifier] > 0 for identifier in testable)
    lines.append(
        f"\n{_many(len(chosen), 'requirement')}; {len(testable)} can be tested by vectors, and "
        f"{with_vectors} of these have one. Nothing was run."
    )
    return Answer({"requirements": value}, "\n".join(lines))


def _of_area(area: str | None) -> Mapping[str, Requirement]:
    stated = carried.requirements()
    if area is None:
        return stated
    chosen = {
        identifier: it
        for identifier, it in stated.items()
        if area.lower() == it.page or area.upper() == identifier.partition("-")[0]
    }
    if not chosen:
        pages = sorted({it.page for it in stated.values()})
        raise CommandError(
            f"no page of the specification is called {area!r}, and no requirement begins so. Pages: "
            f"{', '.join(pages)}.",
            2,
        )
    return chosen


def explain(name: str) -> Answer:
    """Says what a requirement demands, or what a vector tests and why.

    Raises:
        CommandError: There is neither a requirement nor a vector of that name.
    """
    requirement = carried.requirements().get(name.upper())
    if requirement is not None:
        return _explain_requirement(requirement)
    vector = next((it for it in carried.vectors() if it.id == name.lower()), None)
    if vector is not None:
        return _explain_vector(vector)
    known = [*carried.requirements(), *(it.id for it in carried.vectors())]
    near = dict.fromkeys(
        get_close_matches(name.upper(), known, 3) + get_close_matches(name.lower(), known, 3)
    )
    hint = f"Did you mean {', '.join(near)}?" if near else "'crex-conformance list' lists the requirements."
    raise CommandError(f"no requirement and no vector is called {name!r}. {hint}", 2)


def _explain_requirement(requirement: Requirement) -> Answer:
    testing = [vector for vector in carried.vectors() if requirement.identifier in vector.requirements]
    value = asdict(requirement) | {"vectors": [vector.id for vector in testing]}
    lines = [
        f"{requirement.identifier}  {requirement.keyword}",
        f"  {requirement.sentence}",
        f"  Stated in proto/spec/{requirement.page}.md",
        f"  It binds the {requirement.actor}; testable by {requirement.testability}",
        f"  Vectors: {len(testing) or 'none in this edition'}",
        *(f"    {vector.id} ({vector.outcome}): {vector.value['why']}" for vector in testing),
    ]
    return Answer(value, "\n".join(lines))


def _explain_vector(vector: Vector) -> Answer:
    value = vector.value
    sentences = [carried.requirements()[identifier] for identifier in vector.requirements]
    lines = [
        f"{vector.id}  {value['op']}  ({vector.area})",
        *(f"  tests     {it.identifier}: {it.sentence}" for it in sentences),
        *([f"  base      {value['base']}", f"  change    {value['change']}"] if value["base"] else []),
        f"  outcome   {vector.outcome}",
        f"  why       {value['why']}",
        "  expect    "
        + json.dumps(value["expect"], ensure_ascii=False, indent=2).replace("\n", "\n            "),
        "  input     with --json, or in the file that 'crex-conformance vectors -o DIR' writes",
    ]
    return Answer({"area": vector.area, **value}, "\n".join(lines))


def list_vectors(area: str | None) -> Answer:
    """Lists the vectors of an area, or of all.

    Raises:
        CommandError: There is no such area.
    """
    chosen = _vectors_of(area)
    value = [_entry(vector) for vector in chosen]
    width = max(len(vector.id) for vector in chosen)
    lines = [f"{it.area:11} {it.id:{width}}  {it.outcome:22}  {' '.join(it.requirements)}" for it in chosen]
    lines.append(f"\n{_many(len(chosen), 'vector')}. -o DIR writes them as files. Nothing was run.")
    return Answer({"vectors": value}, "\n".join(lines))


def export_vectors(area: str | None, folder: Path) -> Answer:
    """Writes the vectors as files, with an index of them, their format and the requirements.

    Args:
        area: The area to write; None writes all.
        folder: A folder that is empty or does not exist yet.

    Raises:
        CommandError: There is no such area, or the folder cannot be written or holds something.
    """
    chosen = _vectors_of(area)
    package = files("crex_conformance")
    contents = {f"{vector.area}/{vector.id}.json": vector.content for vector in chosen}
    contents |= _pages(sorted({vector.area for vector in chosen}))
    contents["requirements.json"] = (package / "requirements" / "requirements.json").read_bytes()
    index = json.dumps({"vectors": [_entry(vector) for vector in chosen]}, ensure_ascii=False, indent=1)
    contents["index.json"] = f"{index}\n".encode()
    try:
        if folder.is_dir() and any(folder.iterdir()):
            raise CommandError(
                f"{folder} is not empty, and files of another edition would be mistaken for these. "
                "Name a folder that is empty or does not exist yet.",
                3,
            )
        for name, content in contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        raise CommandError(
            f"the vectors could not be written to {folder}: {error.strerror}. Some of them may be there "
            "already; make room, or name another folder.",
            3,
        ) from error
    text = f"wrote {_many(len(chosen), 'vector')} to {folder}; README.md there explains their format"
    return Answer({"folder": str(folder), "vectors": len(chosen)}, text)


def _pages(areas: Sequence[str]) -> dict[str, bytes]:
    """The pages that explain the format of the vectors of some areas."""
    carrying = files("crex_conformance") / "vectors"
    pages = {name: carrying / name for name in ("README.md", *(f"{area}/README.md" for area in areas))}
    return {name: page.read_bytes() for name, page in pages.items() if page.is_file()}


def check_vectors(folder: Path | None) -> Answer:
    """Checks that vectors are well-formed; runs nothing against an implementation.

    Args:
        folder: Vectors that lie elsewhere; None checks those that the package carries.

    Raises:
        CommandError: There is nothing to check.
    """
    from crex_conformance import vector_check

    checked = carried.vectors() if folder is None else tuple(carried.read_vectors(folder))
    found = vector_check.faults(checked, carried.requirements())
    altered = [] if folder is None else _altered(checked)
    value = {"vectors": len(checked), "faults": found, "altered": altered, "implementations_checked": 0}
    lines = [*found, *(f"{name}: not the file that this package carries" for name in altered)]
    verdict = "are well-formed" if not found else f"hold {_many(len(found), 'fault')}"
    differing = f"; {len(altered)} differ from what this package carries" if altered else ""
    lines.append(
        f"{_many(len(checked), 'vector')} {verdict}{differing}. Only vectors were checked, no implementation."
    )
    return Answer(value, "\n".join(lines), 1 if found or altered else 0)


def _altered(checked: Sequence[Vector]) -> list[str]:
    own = {(vector.area, vector.id): vector.content for vector in carried.vectors()}
    return [f"{it.area}/{it.id}.json" for it in checked if own.get((it.area, it.id)) != it.content]


def _vectors_of(area: str | None) -> Sequence[Vector]:
    every = carried.vectors()
    chosen = [vector for vector in every if area in (None, vector.area)]
    if not chosen:
        areas = ", ".join(sorted({vector.area for vector in every}))
        raise CommandError(f"there are no vectors of {area!r}. Areas of vectors: {areas}.", 2)
    return chosen


def _entry(vector: Vector) -> dict[str, Any]:
    return {
        "id": vector.id,
        "area": vector.area,
        "file": f"{vector.area}/{vector.id}.json",
        "op": vector.value["op"],
        "requirements": vector.requirements,
        "outcome": vector.value["expect"]["outcome"],
        "sha256": sha256(vector.content).hexdigest(),
    }


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
