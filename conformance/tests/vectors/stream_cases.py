"""Vectors of streams.md: what a keeper refuses, and what an auditor finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from conformance.tests.vectors.case import Case, one_away
from conformance.tests.vectors.log_cases import OK, rejected
from conformance.tests.vectors.signing import b64, text
from conformance.tests.vectors.trust_cases import PROVIDER, Value

STREAM: Final = f"crex://{PROVIDER}/stream/a"


def body(number: int, prev: bytes | None, label: str = "", issuer: str = PROVIDER, **header: Any) -> bytes:
    """The body of a site that is numbered."""
    head: Value = {
        "id": f"crex://{issuer}/site/s{number}{label}",
        "revision": "1",
        "issuer": issuer,
        "issuedAt": "2026-11-01T12:00:00Z",
        "stream": STREAM.replace(PROVIDER, issuer),
        "sequence": str(number),
    }
    head |= {} if prev is None else {"prev": sha256(prev).hexdigest()}
    head = {name: it for name, it in (head | header).items() if it is not None}
    return text({"header": head, "country": "CN", "providerRegion": "r"})


ONE: Final = body(1, None)
TWO: Final = body(2, ONE)
THREE: Final = body(3, TWO)
OTHER_TWO: Final = body(2, ONE, "-other")
_ISSUER: Final = "m.example.com"


def given(*bodies: bytes) -> Value:
    """Documents in the order in which they come."""
    return {"type": "site", "bodies": [b64(it) for it in bodies]}


BASE: Final = Case(
    "stream-accepted",
    ["STREAM-SEQUENCE-1", "STREAM-PREV-1", "STREAM-GAP-1"],
    "Three documents of one stream, each with the digest of the one before.",
    "stream.check",
    given(ONE, TWO, THREE),
    OK,
)


def _no(id_: str, reason: str, requirement: str, change: str, why: str, *bodies: bytes) -> Case:
    return one_away(BASE, id_, [requirement], change, why, input=given(*bodies), expect=rejected(reason))


def _yes(id_: str, requirement: str, why: str, *bodies: bytes) -> Case:
    return replace(BASE, id=id_, requirements=[requirement], why=why, input=given(*bodies))


def _found(id_: str, why: str, findings: Sequence[tuple[str, int]], *bodies: bytes) -> Case:
    """What an auditor finds."""
    stated = [
        {"kind": kind, "issuer": PROVIDER, "stream": STREAM, "sequence": str(place)}
        for kind, place in findings
    ]
    return Case(
        id_, ["AUDIT-STREAM-1"], why, "stream.audit", given(*bodies), OK | {"output": {"findings": stated}}
    )


CASES: Final[list[Case]] = [
    BASE,
    _yes(
        "stream-of-another-issuer-apart-accepted",
        "STREAM-GAP-1",
        "A stream belongs to its issuer; another's numbers are its own.",
        ONE,
        body(1, None, issuer=_ISSUER),
        TWO,
    ),
    _yes(
        "stream-document-again-accepted",
        "STREAM-GAP-1",
        "The same document once more is not another.",
        ONE,
        TWO,
        TWO,
    ),
    _yes(
        "document-of-no-stream-accepted",
        "STREAM-SEQUENCE-1",
        "A document that states neither stream nor sequence.",
        body(1, None, stream=None, sequence=None),
    ),
    _yes(
        "two-streams-of-one-issuer-accepted",
        "STREAM-NAME-1",
        "Each stream has numbers of its own.",
        ONE,
        body(1, None, "-b", stream=f"crex://{PROVIDER}/stream/b"),
        TWO,
    ),
    _no(
        "sequence-gap",
        "SEQUENCE_GAP",
        "STREAM-GAP-1",
        "Number 2 is left out.",
        "Who holds something back leaves a gap in its own hand.",
        ONE,
        THREE,
    ),
    _no(
        "sequence-that-begins-at-2",
        "SEQUENCE_GAP",
        "STREAM-SEQUENCE-1",
        "Number 1 is left out.",
        "A stream begins at 1.",
        TWO,
        THREE,
    ),
    _no(
        "sequence-fork",
        "CONFLICT",
        "STREAM-GAP-1",
        "Another document has number 2, too.",
        "Two documents with one number are two histories.",
        ONE,
        TWO,
        OTHER_TWO,
    ),
    _no(
        "sequence-number-used-later",
        "CONFLICT",
        "STREAM-GAP-1",
        "After number 3 another number 1 comes.",
        "A number that anybody keeps is never used again.",
        ONE,
        TWO,
        THREE,
        body(1, None, "-other"),
    ),
    _no(
        "sequence-without-stream",
        "SCHEMA",
        "STREAM-SEQUENCE-1",
        "The third document states no stream.",
        "Stream and sequence are stated together or neither.",
        ONE,
        TWO,
        body(3, TWO, stream=None),
    ),
    _no(
        "stream-without-sequence",
        "SCHEMA",
        "STREAM-SEQUENCE-1",
        "The third document states no sequence.",
        "Stream and sequence are stated together or neither.",
        ONE,
        TWO,
        body(3, TWO, sequence=None),
    ),
    _no(
        "sequence-of-0",
        "SCHEMA",
        "STREAM-SEQUENCE-1",
        "The first document has number 0.",
        "Numbers begin at 1.",
        body(1, None, sequence="0"),
        TWO,
    ),
    _no(
        "prev-missing",
        "SCHEMA",
        "STREAM-PREV-1",
        "The second document states no `prev`.",
        "Without it nobody knows which first document it follows.",
        ONE,
        body(2, None),
    ),
    _no(
        "prev-of-the-first",
        "SCHEMA",
        "STREAM-PREV-1",
        "The first document states a `prev`.",
        "Nothing is before the first.",
        body(1, TWO),
        TWO,
    ),
    _no(
        "stream-of-another-authority",
        "SCHEMA",
        "STREAM-NAME-1",
        "The first document is of a stream under another authority.",
        "A stream is its issuer's.",
        body(1, None, stream=f"crex://{_ISSUER}/stream/a"),
    ),
    _found("audit-of-a-whole-stream", "Nothing is missing, in whatever order it comes.", [], THREE, ONE, TWO),
    _found("audit-of-a-gap", "Number 2 is missing.", [("gap", 2)], ONE, THREE),
    _found("audit-of-a-missing-beginning", "Number 1 is missing.", [("gap", 1)], TWO, THREE),
    _found(
        "audit-of-a-fork",
        "Two documents have number 2; the third follows one of them.",
        [("double", 2)],
        ONE,
        TWO,
        OTHER_TWO,
        THREE,
    ),
    _found(
        "audit-of-a-broken-chain",
        "The third document follows another second one.",
        [("chain", 3)],
        ONE,
        TWO,
        body(3, OTHER_TWO),
    ),
]
