"""The vectors of descriptions and names: complete, fresh, and agreed on by schemas and grammar."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest

from conformance.tests.vectors.description_vectors import CASES, FOLDER

ROOT: Final = Path(__file__).parents[3]
PAGES: Final = ROOT / "proto" / "spec"
VECTORS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_bytes()) for path in sorted(FOLDER.glob("*.json"))
}
READ, PARSED, LOCATED = (
    {name: vector for name, vector in VECTORS.items() if vector["op"] == op}
    for op in ("document.read", "name.parse", "document.locate")
)
SCHEMAS: Final = {
    name: jsonschema_rs.validator_for(
        json.loads((ROOT / "schemas" / "crex" / "v1" / f"{name}.schema.json").read_bytes())
    )
    for name in {vector["input"]["type"] for vector in READ.values()}
}
# The grammar of names.md, written once more; lengths of authorities are asked separately.
LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
AUTHORITY = rf"(?:{LABEL}\.)+[a-z]([a-z0-9-]{{0,61}}[a-z0-9])?"
PAIR = "/[a-z][a-z0-9-]{0,30}/[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?"
ID = rf"crex://(?P<authority>{AUTHORITY})(?P<pairs>(?:{PAIR}){{1,6}})"
KEBAB = r"(?P<token>(?=[a-z0-9-]{1,63}\Z)[a-z0-9]+(?:-[a-z0-9]+)*)"
FORMS: Final = {
    "id": ID,
    "ref": rf"{ID}(?:@(?:(?P<revision>[1-9][0-9]{{0,18}})|sha256:(?P<sha256>[0-9a-f]{{64}})))?",
    "authority": rf"(?P<authority>{AUTHORITY})",
    "token": rf"(?:(?P<authority>{AUTHORITY})/)?{KEBAB}",
}


def test_files_are_what_the_cases_say() -> None:
    """The folder holds exactly the cases, byte for byte."""
    assert {path.name: path.read_bytes() for path in FOLDER.glob("*.json")} == {
        f"{case.id}.json": case.as_json() for case in CASES
    }
    assert len({case.id for case in CASES}) == len(CASES)


def test_what_a_reader_must_refuse_is_refused_by_a_vector() -> None:
    """Every rule of a reader on these pages has a vector that is accepted and one that is refused."""
    stated = {
        identifier
        for page in ("description", "links", "names")
        for identifier in re.findall(
            r"### (\S+)\nA reader MUST refuse [^\n]*\n<!-- actor: reader; testability: vector -->",
            (PAGES / f"{page}.md").read_text("utf-8"),
        )
    } | {"CAP-WINDOW-1"}
    for outcome in ("ok", "rejected"):
        cited = {
            identifier
            for vector in VECTORS.values()
            if vector["expect"]["outcome"] == outcome
            for identifier in vector["requirements"]
        }
        assert stated - cited == set(), outcome


def differing(one: Any, other: Any, at: str = "") -> Iterator[str]:
    """Paths of the places where two values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() | other.keys():
            yield from differing(one.get(name), other.get(name), f"{at}.{name}" if at else name)
    elif isinstance(one, list) and isinstance(other, list):
        for number, (left, right) in enumerate(zip_longest(one, other)):
            yield from differing(left, right, f"{at}[{number}]")
    elif one != other:
        yield at


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_nothing_else_changes(vector: dict[str, Any]) -> None:
    """A vector differs from its base at the place that its change names, and nowhere else."""
    if not vector["base"]:
        assert vector["expect"]["outcome"] == "ok"
        return
    place = vector["change"].split(" is ")[0]
    found = list(differing(VECTORS[vector["base"]]["input"], vector["input"]))
    assert found
    assert all(re.match(rf"{re.escape(place)}(?![\w])", path) for path in found), found


@pytest.mark.parametrize("vector", READ.values(), ids=READ)
def test_schemas_agree(vector: dict[str, Any]) -> None:
    """What is accepted keeps the published schema."""
    validator = SCHEMAS[vector["input"]["type"]]
    if vector["expect"]["outcome"] == "ok":
        validator.validate(vector["input"]["document"])


@pytest.mark.parametrize("vector", READ.values(), ids=READ)
def test_a_path_leads_to_a_value(vector: dict[str, Any]) -> None:
    """The place of a violation is one of the document."""
    for violation in vector["expect"].get("violations", ()):
        value = vector["input"]["document"]
        for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", violation.get("path", "$")):
            value = value[name] if name else value[int(index)]


def read(form: str, text: str) -> dict[str, Any] | None:
    """The parts of a text by the grammar above; nothing if it does not match."""
    found = re.fullmatch(FORMS[form], text, re.ASCII)
    if found is None or len((found["authority"] if "authority" in found.re.groupindex else "") or "") > 253:
        return None
    parts = {name: part for name, part in found.groupdict().items() if part is not None}
    if int(parts.get("revision", "1")) > (1 << 63) - 1:
        return None
    if "pairs" in parts:
        segments = parts.pop("pairs")[1:].split("/")
        return {**parts, "segments": list(map(list, zip(segments[::2], segments[1::2], strict=True)))}
    return parts


@pytest.mark.parametrize("vector", PARSED.values(), ids=PARSED)
def test_the_grammar_agrees(vector: dict[str, Any]) -> None:
    """What was derived by hand is what the grammar of the page gives as regular expressions."""
    assert read(vector["input"]["form"], vector["input"]["text"]) == vector["expect"].get("output")


@pytest.mark.parametrize("vector", LOCATED.values(), ids=LOCATED)
def test_only_references_have_an_address(vector: dict[str, Any]) -> None:
    """An address is at the authority, over TLS, below the one path."""
    parts = read("ref", vector["input"]["ref"])
    assert (parts is None) == (vector["expect"]["outcome"] == "rejected")
    if parts is not None:
        begin = f"https://{parts['authority']}/.well-known/crex/"
        assert vector["expect"]["output"]["url"].startswith(begin)
