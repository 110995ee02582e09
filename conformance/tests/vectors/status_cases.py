"""Vectors of status.md: what a list must be, and which revisions of it follow each other."""

from __future__ import annotations

import zlib
from typing import Any, Final

from conformance.tests.vectors.case import Case, apart, one_away
from conformance.tests.vectors.evidence_status_cases import EARLY, PLACE, provider
from conformance.tests.vectors.log_cases import OK, rejected
from conformance.tests.vectors.signing import b64
from conformance.tests.vectors.status_lists import LIST, SIZE, bits, list_body, list_file
from conformance.tests.vectors.trust_cases import NOW, PROVIDER, Value
from conformance.tests.vectors.trust_parties import trust_of

SINCE: Final = "2026-10-20T00:00:00Z"


def taken(body: Value, at: str = EARLY, signer: str = PROVIDER) -> Value:
    """A list that is taken up."""
    return {"envelope": list_file(body, signer), "at": at}


def asked(*lists: Value, place: int = PLACE, **members: Any) -> Value:
    """What is asked."""
    return {
        "roots": [b64(provider())],
        "pinnedAt": EARLY,
        "lists": list(lists),
        "issuer": PROVIDER,
        "list": LIST,
        "index": str(place),
    } | members


def answer(revoked: str | None) -> Value:
    """Since when the place is revoked: a time, `always`, or nothing where it is not."""
    return OK | {"output": {} if revoked is None else {"revokedSince": revoked}}


def case(id_: str, requirement: str, revoked: str | None, why: str, given: Value) -> Case:
    """A list that answers."""
    return Case(id_, [requirement], why, "status.read", apart(given), answer(revoked), now=NOW)


def no(base: Case, id_: str, reason: str, requirement: str, change: str, why: str, given: Value) -> Case:
    """A refusal."""
    return one_away(base, id_, [requirement], change, why, input=apart(given), expect=rejected(reason))


def _second(**members: Any) -> Value:
    stated: dict[str, Any] = {"since": {PLACE: SINCE}, "header": {"revision": "2", "issuedAt": EARLY}}
    return list_body(**(stated | members))


BASE: Final = case(
    "list-read-accepted",
    "STATUS-TIME-1",
    SINCE,
    "The place is revoked since a day.",
    asked(taken(list_body(since={PLACE: SINCE}))),
)
FOLLOWED: Final = case(
    "list-followed-accepted",
    "STATUS-KEEP-1",
    SINCE,
    "The next revision keeps the revocation.",
    asked(taken(list_body(since={PLACE: SINCE})), taken(_second())),
)


def _form(id_: str, requirement: str, change: str, why: str, **members: Any) -> Case:
    """A list of another form."""
    return no(
        BASE,
        id_,
        "SCHEMA",
        requirement,
        change,
        why,
        asked(taken(list_body(**({"since": {PLACE: SINCE}} | members)))),
    )


def _next(id_: str, requirement: str, change: str, why: str, body: Value) -> Case:
    """Another second revision."""
    return no(
        FOLLOWED,
        id_,
        "TRUST_ROLLBACK",
        requirement,
        change,
        why,
        asked(taken(list_body(since={PLACE: SINCE})), taken(body)),
    )


def _gzip(data: bytes) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return packer.compress(data) + packer.flush()


_RAW: Final = bits([PLACE])


def _of_size(times: int, revision: str = "1") -> Value:
    """A list of some times the least number of places."""
    packed = b64(zlib.compress(bits([PLACE], SIZE * times)))
    return list_body(since={PLACE: SINCE}, header={"revision": revision}, size=str(SIZE * times), bits=packed)


_LARGE: Final = case(
    "list-of-as-many-places-accepted",
    "STATUS-KEEP-1",
    SINCE,
    "Both revisions have twice the least number of places.",
    asked(taken(_of_size(2)), taken(_of_size(2, "2"))),
)
_ENTRY: Final[Value] = {"index": str(PLACE), "revokedAt": SINCE}
_STRANGER: Final = trust_of("m.example.com", ["status-list"])
CASES: Final[list[Case]] = [
    BASE,
    FOLLOWED,
    case(
        "list-place-not-revoked-accepted",
        "STATUS-BITS-1",
        None,
        "Its neighbour is revoked.",
        asked(taken(list_body([PLACE + 1]))),
    ),
    case(
        "list-place-revoked-for-all-time-accepted",
        "STATUS-TIME-1",
        "always",
        "It is revoked, and no entry says since when.",
        asked(taken(list_body([PLACE]))),
    ),
    case(
        "list-place-0-accepted",
        "STATUS-BITS-1",
        "always",
        "Place 0 is the least significant bit of the first byte.",
        asked(taken(list_body([0])), place=0),
    ),
    case(
        "list-place-8-accepted",
        "STATUS-BITS-1",
        "always",
        "Place 8 is the least significant bit of the second byte.",
        asked(taken(list_body([8])), place=8),
    ),
    case(
        "list-last-place-accepted",
        "STATUS-BITS-1",
        "always",
        "Place 131,071 is the most significant bit of the last byte.",
        asked(taken(list_body([SIZE - 1])), place=SIZE - 1),
    ),
    case(
        "list-revision-again-accepted",
        "STATUS-MONOTONIC-1",
        SINCE,
        "The same bytes under the same revision are no news.",
        asked(taken(list_body(since={PLACE: SINCE})), taken(list_body(since={PLACE: SINCE}))),
    ),
    case(
        "list-of-more-places-accepted",
        "STATUS-KEEP-1",
        SINCE,
        "A later revision may have more places.",
        asked(
            taken(list_body(since={PLACE: SINCE})),
            taken(_second(size=str(SIZE * 2), bits=b64(zlib.compress(bits([PLACE], SIZE * 2))))),
        ),
    ),
    case(
        "list-revoked-since-an-earlier-time-accepted",
        "STATUS-KEEP-1",
        "2026-10-10T00:00:00Z",
        "The theft was found to be older.",
        asked(taken(list_body(since={PLACE: SINCE})), taken(_second(since={PLACE: "2026-10-10T00:00:00Z"}))),
    ),
    _form(
        "list-of-fewer-places",
        "STATUS-SIZE-1",
        "It has 65,536 places.",
        "A small list tells which document was asked about.",
        size="65536",
        bits=b64(zlib.compress(bits([], 65536))),
    ),
    _form(
        "list-of-a-size-that-is-no-multiple-of-8",
        "STATUS-SIZE-1",
        "It has 131,073 places, and a byte for the last.",
        "A byte is of eight places.",
        size="131073",
        bits=b64(zlib.compress(_RAW + b"\0")),
    ),
    _form(
        "list-one-byte-short",
        "STATUS-BITS-1",
        "The bits lack a byte.",
        "What is not there is not good.",
        bits=b64(zlib.compress(_RAW[:-1])),
    ),
    _form(
        "list-one-byte-more",
        "STATUS-BITS-1",
        "The bits have a byte more.",
        "Whoever decompresses on and on is decompressed to death.",
        bits=b64(zlib.compress(_RAW + b"\0")),
    ),
    _form(
        "list-bits-followed-by-bytes",
        "STATUS-BITS-1",
        "A byte follows the compressed bits.",
        "One stream and nothing after it.",
        bits=b64(zlib.compress(_RAW) + b"\0"),
    ),
    _form(
        "list-bits-cut",
        "STATUS-BITS-1",
        "The last byte of the compressed bits is missing.",
        "The checksum is part of the stream.",
        bits=b64(zlib.compress(_RAW)[:-1]),
    ),
    _form(
        "list-bits-as-gzip",
        "STATUS-BITS-1",
        "The bits are compressed as gzip.",
        "Libraries that guess take both.",
        bits=b64(_gzip(_RAW)),
    ),
    _form(
        "list-without-time-to-live",
        "STATUS-TTL-1",
        "Its time to live is 0.",
        "A list that may never be relied on says nothing.",
        ttl="0s",
    ),
    _form(
        "list-entries-descending",
        "STATUS-TIME-1",
        "Two entries stand in the other order.",
        "Entries ascend by place.",
        since=None,
        revoked=[PLACE, PLACE + 1],
        entries=[{**_ENTRY, "index": str(PLACE + 1)}, _ENTRY],
    ),
    _form(
        "list-entry-twice",
        "STATUS-TIME-1",
        "A place has two entries.",
        "Readers differ in which of two they take.",
        entries=[_ENTRY, {**_ENTRY, "revokedAt": EARLY}],
    ),
    _form(
        "list-entry-of-a-good-place",
        "STATUS-TIME-1",
        "The entry's bit is not set.",
        "A place is revoked or it is not.",
        bits=b64(zlib.compress(bits([]))),
    ),
    _form(
        "list-that-does-not-end",
        "DOC-EXPIRY-1",
        "It has no `validUntil`.",
        "Lists end.",
        header={"validUntil": None},
    ),
    no(
        BASE,
        "list-signed-by-another",
        "ISSUER_MISMATCH",
        "VERIFY-MISMATCH-1",
        "It is signed by another authority.",
        "Only its issuer revokes.",
        asked(
            taken(list_body(since={PLACE: SINCE}), signer="m.example.com"),
            roots=[b64(provider()), b64(_STRANGER)],
        ),
    ),
    no(
        BASE,
        "list-asked-about-another-issuer",
        "STATUS_STALE",
        "STATUS-CLOSED-1",
        "The document's issuer is another authority.",
        "A list speaks for its own authority.",
        asked(
            taken(list_body(since={PLACE: SINCE})),
            issuer="m.example.com",
            roots=[b64(provider()), b64(_STRANGER)],
        ),
    ),
    no(
        BASE,
        "list-that-is-not-known",
        "STATUS_STALE",
        "STATUS-CLOSED-1",
        "No list was taken up.",
        "No answer is never taken for a good one.",
        asked(),
    ),
    no(
        BASE,
        "list-without-such-a-place",
        "STATUS_STALE",
        "STATUS-CLOSED-1",
        "The place is the size of the list.",
        "A place that the list does not have is no good place.",
        asked(taken(list_body(since={PLACE: SINCE})), place=SIZE),
    ),
    no(
        FOLLOWED,
        "list-rolled-back",
        "TRUST_ROLLBACK",
        "STATUS-MONOTONIC-1",
        "Revision 1 comes after revision 2.",
        "An old list takes revocations back.",
        asked(taken(_second()), taken(list_body(since={PLACE: SINCE}))),
    ),
    _next(
        "list-of-other-bytes",
        "STATUS-MONOTONIC-1",
        "Other bytes come under revision 1.",
        "Two lists under one revision are never both believed.",
        list_body(since={PLACE: SINCE}, ttl="3600s"),
    ),
    _next(
        "list-that-takes-a-revocation-back",
        "STATUS-KEEP-1",
        "Revision 2 does not revoke the place.",
        "A revocation is for good.",
        _second(since=None),
    ),
    _next(
        "list-that-revokes-later",
        "STATUS-KEEP-1",
        "Revision 2 revokes the place from a later time.",
        "What was void becomes valid again.",
        _second(since={PLACE: EARLY}),
    ),
    _LARGE,
    no(
        _LARGE,
        "list-that-shrinks",
        "TRUST_ROLLBACK",
        "STATUS-KEEP-1",
        "Revision 2 has half the places.",
        "Places that are gone answer nobody.",
        asked(taken(_of_size(2)), taken(_second())),
    ),
]
