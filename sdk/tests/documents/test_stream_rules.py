"""The place of a document in a stream of its issuer."""

import json
from typing import Any

import pytest

from crex.documents.reader import read
from crex.errors import DocumentError
from crex.v1 import Site

STREAM = "crex://p.example.cn/stream/site"
PREV = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def site(**members: str) -> bytes:
    """A site with further members of the header."""
    header = {
        "id": "crex://p.example.cn/site/a",
        "revision": "1",
        "issuer": "p.example.cn",
        "issuedAt": "2026-11-01T12:00:00Z",
    }
    return json.dumps({"header": {**header, **members}, "country": "CN"}).encode()


def broken(**members: str) -> list[tuple[str, str]]:
    """Place and rule of each violation."""
    try:
        read(site(**members), Site)
    except DocumentError as error:
        return [(one.path, one.requirement) for one in error.violations]
    return []


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"stream": STREAM, "sequence": "1"},
        {"stream": STREAM, "sequence": "2", "prev": PREV},
        {"stream": STREAM, "sequence": "9223372036854775807", "prev": PREV},
    ],
)
def test_a_place_in_a_stream_is_whole_or_absent(members: dict[str, str]) -> None:
    """No stream, the first of one, and a later one with the digest before it are accepted."""
    assert broken(**members) == []


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ({"stream": STREAM}, [("$.header.stream", "STREAM-SEQUENCE-1")]),
        ({"sequence": "1"}, [("$.header.sequence", "STREAM-SEQUENCE-1")]),
        ({"sequence": "2"}, [("$.header.sequence", "STREAM-SEQUENCE-1"), ("$.header", "STREAM-PREV-1")]),
        ({"prev": PREV}, [("$.header.prev", "STREAM-PREV-1")]),
        ({"stream": STREAM, "sequence": "1", "prev": PREV}, [("$.header.prev", "STREAM-PREV-1")]),
        ({"stream": STREAM, "sequence": "2"}, [("$.header", "STREAM-PREV-1")]),
        (
            {"stream": "crex://q.example.cn/stream/site", "sequence": "1"},
            [("$.header.stream", "STREAM-NAME-1")],
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(members: dict[str, Any], found: list[tuple[str, str]]) -> None:
    """STREAM-NAME-1, STREAM-SEQUENCE-1 and STREAM-PREV-1: each contradiction names its place and rule."""
    assert broken(**members) == found


@pytest.mark.parametrize("sequence", ["0", "-1", "01", "1.0"])
def test_numbers_begin_at_one(sequence: str) -> None:
    """A sequence is a canonical number from 1."""
    assert broken(stream=STREAM, sequence=sequence)[0][0] == "$.header.sequence"
