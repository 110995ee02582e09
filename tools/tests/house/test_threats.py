"""The threat model names rules that are stated and tests that are there."""

from __future__ import annotations

import json
import re

import pytest

from tools.tests.house import tree

PAGE = tree.ROOT / "proto" / "spec" / "threats.md"
REQUIREMENTS = tree.ROOT / "conformance/src/crex_conformance/requirements/requirements.json"
_ROW = re.compile(r"\| (?P<attack>[^|]+) \| [^|]+ \| (?P<rules>[A-Z0-9, -]+) \| `(?P<test>[^`]+)` \|")


def rows() -> list[tuple[str, list[str], str]]:
    """Gives attack, rules and test of each row."""
    found = [_ROW.fullmatch(line) for line in PAGE.read_text("utf-8").splitlines()]
    return [(one["attack"], one["rules"].split(", "), one["test"]) for one in found if one]


ROWS = rows()


def test_the_page_has_its_rows() -> None:
    """Each table of attacks is read whole: as many rows as lines that end in a test."""
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.endswith(".py` |")]
    assert len(ROWS) == len(lines) >= 30


@pytest.mark.parametrize(("attack", "rules", "test"), ROWS, ids=[attack for attack, *_ in ROWS])
def test_a_defence_is_stated_and_tested(attack: str, rules: list[str], test: str) -> None:
    """A rule that is not stated, or a test that is not there, defends nothing."""
    stated = {one["identifier"] for one in json.loads(REQUIREMENTS.read_text("utf-8"))["requirements"]}
    assert set(rules) <= stated, attack
    assert (tree.ROOT / test).is_file(), attack
