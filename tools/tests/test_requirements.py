"""Requirements: how they are stated, found and cited."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools import requirements
from tools.contract import load_contract
from tools.protoc import GenerateError
from tools.tests.contracts import PACKAGE, ROOT, write_contract

GOOD = """\
# Things

### THING-NAME-1
A reader MUST refuse a thing without a name.
<!-- actor: reader; testability: vector -->

### Not a requirement

### THING-SOUL-1
A maker SHOULD give a thing a soul.
<!-- actor: maker; testability: none; reason: souls do not show -->
"""


def _spec(folder: Path, **pages: str) -> Path:
    spec = folder / "proto" / "spec"
    spec.mkdir(parents=True)
    for name, text in pages.items():
        (spec / f"{name}.md").write_text(text, "utf-8")
    return spec


def test_requirements_are_read_from_the_pages(tmp_path: Path) -> None:
    """A heading that is an identifier states a requirement; other headings do not."""
    found = requirements.load_requirements(_spec(tmp_path, things=GOOD))
    assert list(found) == ["THING-NAME-1", "THING-SOUL-1"]
    name = found["THING-NAME-1"]
    assert (name.keyword, name.page, name.actor, name.testability) == (
        "MUST",
        "things.md",
        "reader",
        "vector",
    )


@pytest.mark.parametrize(
    ("found", "put", "fault"),
    [
        ("MUST refuse", "refuses", "one BCP 14 keyword, found 0"),
        ("MUST refuse", "MUST refuse and SHOULD burn", "one BCP 14 keyword, found 2"),
        ("testability: vector", "testability: maybe", "wants <!-- actor"),
        ("; reason: souls do not show", "", "cannot be tested; say why"),
        ("THING-SOUL-1", "THING-NAME-1", "THING-NAME-1 is stated in things.md already"),
    ],
)
def test_a_requirement_in_another_shape_is_refused(tmp_path: Path, found: str, put: str, fault: str) -> None:
    """Each fault is refused with page and line."""
    with pytest.raises(GenerateError, match=fault) as refused:
        requirements.load_requirements(_spec(tmp_path, things=GOOD.replace(found, put)))
    assert "things.md:" in str(refused.value)


@pytest.mark.parametrize(
    "text", ["ISO-3166-1", "SHA-256", "UTF-8", "AREA-THING-N", "X86-64", "AES-GCM-256", "a-b-1"]
)
def test_other_texts_are_no_identifiers(text: str) -> None:
    """Names of standards and algorithms are not taken for requirements."""
    assert requirements.IDENTIFIER.findall(f"({text})") == []


def test_citations_are_found_and_missing_statements_listed(tmp_path: Path) -> None:
    """Contract, code and tests are searched; what is cited and stated nowhere is listed with its place."""
    contract = load_contract(write_contract(tmp_path), PACKAGE)
    stated = requirements.load_requirements(
        _spec(tmp_path, things=GOOD.replace("THING-NAME-1", "THING-BODY-1"))
    )
    for name, text in (
        ("sdk/src/a.py", "# THING-BODY-1, THING-LOST-1, OTHER-LOST-1"),
        ("sdk/tests/test_a.py", '"""THING-SOUL-1"""'),
        ("schemas/examples/invalid/THING-BODY-1/x.json", "{}"),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(text, "utf-8")
    assert requirements.unstated(tmp_path, contract, stated) == [
        "THING-LOST-1 (cited by sdk/src/a.py)",
        "THING-NAME-1 (cited by Thing.thing_name)",
    ]
    page = requirements.index_page(tmp_path, contract, stated)
    assert (
        "| [THING-BODY-1](things.md#thing-body-1) | MUST | things | reader | vector |  | `sdk/src/a.py` |"
        in page
    )
    assert "`schemas/examples/invalid/THING-BODY-1/x.json` |" in page


def test_the_specification_states_each_requirement_once() -> None:
    """The specification of this repository is in shape: every identifier once, with keyword and actor."""
    assert requirements.load_requirements(ROOT / "proto" / "spec")


def test_every_cited_requirement_is_stated() -> None:
    """What the contract, the code or a test cites is stated on a page of the specification."""
    stated = requirements.load_requirements(ROOT / "proto" / "spec")
    assert requirements.unstated(ROOT, load_contract(ROOT / "proto", PACKAGE), stated) == []


def test_everything_demanded_is_tested() -> None:
    """A MUST that can be tested is cited by a test or a vector; one of a peer by its code at least."""
    stated = requirements.load_requirements(ROOT / "proto" / "spec")
    tested = requirements.cited_in_files(ROOT, requirements.TESTS)
    contract = requirements.cited_in_contract(load_contract(ROOT / "proto", PACKAGE))
    built = requirements.cited_in_files(ROOT, requirements.CODE) | contract | tested
    where = {"vector": tested, "wire": tested, "peer": built}
    assert [
        f"{each.identifier} ({each.page}) has no test"
        for each in stated.values()
        if each.keyword in ("MUST", "MUST NOT")
        if each.testability in where and each.identifier not in where[each.testability]
    ] == []


def test_requirements_are_written_as_data(tmp_path: Path) -> None:
    """The file that the suite carries has every requirement with its sentence, in order."""
    stated = requirements.load_requirements(_spec(tmp_path, things=GOOD))
    first, second = json.loads(requirements.data_file(stated))["requirements"]
    assert first == {
        "identifier": "THING-NAME-1",
        "sentence": "A reader MUST refuse a thing without a name.",
        "keyword": "MUST",
        "page": "things",
        "actor": "reader",
        "testability": "vector",
    }
    assert second["identifier"] == "THING-SOUL-1"


def test_vectors_are_tests_and_no_code(tmp_path: Path) -> None:
    """A vector that the suite carries tests what it cites; the data of all requirements cites nothing."""
    package = tmp_path / "conformance" / "src" / "crex_conformance"
    for name in ("vectors", "requirements"):
        (package / name).mkdir(parents=True)
        (package / name / "a.json").write_text('"THING-NAME-1"', "utf-8")
    assert requirements.cited_in_files(tmp_path, requirements.CODE) == {}
    assert list(requirements.cited_in_files(tmp_path, requirements.TESTS)) == ["THING-NAME-1"]
