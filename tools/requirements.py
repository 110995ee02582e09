"""The requirements of the specification: where each is stated, and where it is enforced and tested.

A requirement is stated once, under a heading `### AREA-THING-N` of a page in `proto/spec`: one sentence
with one BCP 14 keyword, then a comment with actor and testability. Whatever enforces or tests it cites its
identifier.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.contract import Contract, messages
from tools.protoc import GenerateError

# `AREA-THING-N`; every part but the number begins with a letter, so that "ISO-3166-1" is none.
IDENTIFIER = re.compile(r"\b[A-Z][A-Z0-9]*(?:-[A-Z][A-Z0-9]*)+-[1-9][0-9]?\b")
_HEADING = re.compile(r"^### (\S+)$")
_FACTS = re.compile(r"^<!-- actor: ([a-z-]+); testability: (wire|vector|peer|none)(?:; reason: (.+))? -->$")
_KEYWORD = re.compile(r"\b(MUST NOT|MUST|SHOULD NOT|SHOULD|MAY)\b")

# Where requirements are enforced, and where they are tested.
CODE = ("sdk/src", "reference_broker/src", "conformance/src", "tools")
TESTS = (
    "sdk/tests",
    "reference_broker/tests",
    "conformance/tests",
    "tools/tests",
    "schemas/examples",
    "demo",
    "conformance/src/crex_conformance/vectors",
)
_SUFFIXES = {".py", ".json", ".sql", ".txtpb", ".yaml"}
_GENERATED = ("sdk/src/crex/v1/", "conformance/src/crex_conformance/requirements/")
# Lie in a folder of code without being code: other tests, and the vectors that the suite carries.
_NOT_CODE = {"tools": "tools/tests/", "conformance/src": "conformance/src/crex_conformance/vectors/"}
_INDEX = "requirements.md"


@dataclass(frozen=True)
class Requirement:
    """One stated requirement.

    Attributes:
        identifier: `AREA-THING-N`.
        sentence: What it demands.
        keyword: Its BCP 14 keyword.
        page: Path of the page under `proto/spec`.
        actor: Who must keep it.
        testability: wire, vector, peer or none.
    """

    identifier: str
    sentence: str
    keyword: str
    page: str
    actor: str
    testability: str


def load_requirements(spec: Path, *, leave_out: Iterable[str] = ()) -> dict[str, Requirement]:
    """Reads every requirement of the specification.

    Args:
        spec: Folder of the specification.
        leave_out: Pages that are not read.

    Raises:
        GenerateError: One is stated twice, or not in the shape that the module describes; all of them are
            listed.
    """
    found: dict[str, Requirement] = {}
    faults: list[str] = []
    for path in sorted(spec.rglob("*.md")):
        page = path.relative_to(spec).as_posix()
        if page in (_INDEX, *leave_out):
            continue
        for line, requirement in _stated(page, path.read_text("utf-8").split("\n")):
            if isinstance(requirement, str):
                faults.append(f"{page}:{line}: {requirement}")
            elif requirement.identifier in found:
                first = found[requirement.identifier].page
                faults.append(f"{page}:{line}: {requirement.identifier} is stated in {first} already")
            else:
                found[requirement.identifier] = requirement
    if faults:
        raise GenerateError("the specification contradicts itself:\n" + "\n".join(f"  {it}" for it in faults))
    return dict(sorted(found.items()))


def _stated(page: str, lines: list[str]) -> Iterator[tuple[int, Requirement | str]]:
    """Finds the requirements of a page; a text in place of one is what is wrong with it."""
    for index, line in enumerate(lines):
        heading = _HEADING.match(line)
        if heading is None or IDENTIFIER.fullmatch(heading[1]) is None:
            continue
        sentence = lines[index + 1] if index + 1 < len(lines) else ""
        facts = _FACTS.match(lines[index + 2]) if index + 2 < len(lines) else None
        keywords = _KEYWORD.findall(sentence)
        if len(keywords) != 1:
            yield index + 2, f"{heading[1]} wants one sentence with one BCP 14 keyword, found {len(keywords)}"
        elif facts is None:
            yield index + 3, f"{heading[1]} wants <!-- actor: …; testability: wire|vector|peer|none -->"
        elif facts[2] == "none" and not facts[3]:
            yield index + 3, f"{heading[1]} cannot be tested; say why: testability: none; reason: …"
        else:
            yield index + 1, Requirement(heading[1], sentence, keywords[0], page, facts[1], facts[2])


def cited_in_contract(contract: Contract) -> dict[str, list[str]]:
    """Maps each identifier to the fields whose constraints enforce it, as `Message.field`."""
    cited: dict[str, list[str]] = {}
    for file in contract.files:
        for name, _, message in messages(file):
            for field in message.field:
                constraint = contract.constraint(field)
                for identifier in constraint.requirements if constraint is not None else ():
                    cited.setdefault(identifier, []).append(f"{name}.{field.name}")
    return cited


def cited_in_files(repository: Path, folders: Iterable[str]) -> dict[str, list[str]]:
    """Maps each identifier to the files in some folders that cite it, by content or by path."""
    cited: dict[str, list[str]] = {}
    for folder in folders:
        for path in sorted((repository / folder).rglob("*")):
            name = path.relative_to(repository).as_posix()
            if path.suffix not in _SUFFIXES or not path.is_file() or name.startswith(_GENERATED):
                continue
            if folder in _NOT_CODE and name.startswith(_NOT_CODE[folder]):
                continue
            text = name + "\n" + path.read_text("utf-8", errors="replace")
            for identifier in sorted(set(IDENTIFIER.findall(text))):
                cited.setdefault(identifier, []).append(name)
    return cited


def unstated(repository: Path, contract: Contract, stated: Mapping[str, Requirement]) -> list[str]:
    """Lists what is cited and stated nowhere, with where it is cited.

    In code and tests only identifiers of a known area count (that of a stated requirement, or of one that the
    contract cites): other texts have the same shape.
    """
    in_contract = cited_in_contract(contract)
    areas = {identifier.partition("-")[0] for identifier in (*stated, *in_contract)}
    places = {identifier: fields[:3] for identifier, fields in in_contract.items()}
    for identifier, files in cited_in_files(repository, (*CODE, *TESTS)).items():
        if identifier.partition("-")[0] in areas and not files[0].startswith("tools/tests/"):
            places.setdefault(identifier, []).extend(files[:3])
    return [
        f"{identifier} (cited by {', '.join(places[identifier][:3])})"
        for identifier in sorted(places)
        if identifier not in stated
    ]


_INDEX_HEAD = """\
<!-- Generated by `make generate` from the other pages and whatever cites them. Do not edit. -->
# Requirements

All {count} requirements of this edition. *Contract* names the fields whose constraints enforce it, *code* and
*tests* the files that cite it.

| requirement | keyword | page | actor | tested by | contract | code | tests |
|---|---|---|---|---|---|---|---|"""


def index_page(repository: Path, contract: Contract, stated: Mapping[str, Requirement]) -> str:
    """Writes the index of all requirements."""
    contract_places, code = cited_in_contract(contract), cited_in_files(repository, CODE)
    tests = cited_in_files(repository, TESTS)
    lines = [_INDEX_HEAD.format(count=len(stated))]
    for identifier, requirement in stated.items():
        link = f"[{identifier}]({requirement.page}#{identifier.lower()})"
        cells = [link, requirement.keyword, _page(requirement), requirement.actor, requirement.testability]
        cells += [_few(places.get(identifier, [])) for places in (contract_places, code, tests)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def data_file(stated: Mapping[str, Requirement]) -> str:
    """Writes all requirements as JSON, in order of their identifiers, for the conformance suite to carry."""
    entries = [asdict(requirement) | {"page": _page(requirement)} for requirement in stated.values()]
    return json.dumps({"requirements": entries}, ensure_ascii=False, indent=1) + "\n"


def _page(requirement: Requirement) -> str:
    return requirement.page.removesuffix(".md")


def _few(places: list[str]) -> str:
    """Names at most four places and counts the rest."""
    text = ", ".join(f"`{place}`" for place in places[:4])
    return f"{text} and {len(places) - 4} more" if len(places) > 4 else text
