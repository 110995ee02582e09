"""What strangers wrote does not steer the terminal of who reads it."""

import json
from pathlib import Path
from typing import Any

import pytest

from crex.cli.terminal import harmless
from sdk.tests.cli.conftest import Shell

# Sets the title of the window, turns the direction of writing, begins a sequence in one byte, ends a line.
EVIL = "\x1b]0;owned\x07\u202e\x9b31m\x85\u2028\r"


def site(**members: Any) -> bytes:
    """A site whose members are a stranger's."""
    header = {
        "id": "crex://stranger.example/site/a",
        "revision": "1",
        "issuer": "stranger.example",
        "issuedAt": "2026-03-01T08:00:00Z",
    }
    return json.dumps({"header": header, "country": "NO", **members}, ensure_ascii=False).encode()


def steering(text: str) -> set[str]:
    """The characters of a text that a terminal obeys, or that hide what stands beside them."""
    return {each for each in text if each != "\n" and not each.isprintable()}


@pytest.mark.parametrize("members", [{EVIL: 1}, {"country": EVIL}, {"displayNames": {"en": EVIL}}])
@pytest.mark.parametrize(
    "command", [["inspect"], ["inspect", "--json"], ["validate"], ["validate", "--json"]]
)
def test_a_document_does_not_steer_the_terminal(
    crex: Shell, tmp_path: Path, command: list[str], members: dict[str, Any]
) -> None:
    """Whatever a document holds, in names, values or what is complained about, is shown as text."""
    file = tmp_path / "site.json"
    file.write_bytes(site(**members))
    crex(*command, str(file))
    assert crex.out + crex.err
    assert not steering(crex.out + crex.err)


def test_json_means_the_same(crex: Shell, tmp_path: Path) -> None:
    """An escape is another spelling of the same JSON: programs read the very characters."""
    file = tmp_path / "site.json"
    file.write_bytes(site(displayNames={"en": EVIL}))
    crex("inspect", "--json", str(file))
    assert EVIL in json.dumps(json.loads(crex.out), ensure_ascii=False).replace("\\r", "\r").replace(
        "\\u001b", "\x1b"
    ).replace("\\u0007", "\x07")


def test_a_complaint_does_not_steer_the_terminal(crex: Shell) -> None:
    """Neither does what a person, or a server, said."""
    assert crex("trust", "show", EVIL) != 0
    assert not steering(crex.err)


def test_words_stay_words() -> None:
    """Scripts of every language, lines and tabs stay as they are."""
    text = "算力\tмощность\nقدرة é 😀"
    assert harmless(text) == text
