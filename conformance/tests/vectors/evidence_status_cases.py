"""Vectors of step 18: what is revoked, and what cannot be shown not to be."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.evidence_log_cases import accepted, refused
from conformance.tests.vectors.signing import text
from conformance.tests.vectors.status_lists import LIST, SIZE, list_body, list_file
from conformance.tests.vectors.trust_cases import NOW, PROVIDER, Case, Value, signed, site
from conformance.tests.vectors.trust_parties import trust_of

TYPES: Final = ["offer", "site", "status-list"]
PLACE: Final = 70_001
EARLY: Final = "2026-11-01T12:05:00Z"
MOMENT: Final = "2026-11-01T12:30:00.001Z"


def provider(key: Value | None = None, **members: Any) -> bytes:
    """The provider's trust document with its status list."""
    return trust_of(PROVIDER, TYPES, key, **({"statusLists": [LIST]} | members))


def named(place: int = PLACE, name: str = LIST) -> bytes:
    """The site with a place in a list."""
    return text(signed(text(site(status={"list": name, "index": str(place)}))))


def lists(*bodies: Value) -> Value:
    """Lists that were taken up at 12:05."""
    return {"statusLists": [{"envelope": list_file(body), "at": EARLY} for body in bodies]}


GOOD: Final = Case(
    "not-revoked-accepted",
    ["VERIFY-STATUS-1", "STATUS-CLOSED-1"],
    "Its place in the issuer's list is not revoked.",
    named(),
    trust=[provider()],
    options=lists(list_body([PLACE - 1, PLACE + 1])),
)


def _no(id_: str, reason: str, requirement: str, change: str, why: str, **members: Any) -> Case:
    return refused(GOOD, id_, reason, requirement, change, why, **members)


def _since(id_: str, requirement: str, time: str, change: str, why: str) -> Case:
    return _no(id_, "REVOKED", requirement, change, why, options=lists(list_body(since={PLACE: time})))


_OTHER: Final = f"crex://{PROVIDER}/status-list/b"
CASES: Final[list[Case]] = [
    GOOD,
    _since(
        "revoked-by-list",
        "VERIFY-STATUS-1",
        EARLY,
        "Its place is revoked since 12:05.",
        "A revocation that is not looked up is none.",
    ),
    _since(
        "revoked-before-its-issue",
        "STATUS-TIME-1",
        "2026-10-01T00:00:00Z",
        "Its place is revoked since before the document's issue.",
        "What was signed with a stolen key is void from the theft on.",
    ),
    _since(
        "revoked-at-the-moment",
        "VERIFY-STATUS-1",
        NOW,
        "Its place is revoked since the time of verification.",
        "As of the time of verification is not after it.",
    ),
    _no(
        "revoked-for-all-time",
        "REVOKED",
        "STATUS-TIME-1",
        "Its place is revoked, and no entry says since when.",
        "Without an entry it is revoked from the beginning.",
        options=lists(list_body([PLACE])),
    ),
    accepted(
        GOOD,
        "revocation-announced-accepted",
        "STATUS-TIME-1",
        "Notice is given for a millisecond later; until then it holds.",
        options=lists(list_body(since={PLACE: MOMENT})),
    ),
    accepted(
        GOOD,
        "status-not-asked-accepted",
        "VERIFY-STATUS-1",
        "Its place is revoked, and the reader does not ask for status.",
        options={},
    ),
    accepted(
        GOOD,
        "document-without-a-place-accepted",
        "VERIFY-STATUS-1",
        "A document that names no place cannot be revoked.",
        input=text(signed()),
    ),
    _no(
        "status-of-an-unknown-list",
        "STATUS_STALE",
        "STATUS-CLOSED-1",
        "The reader has no list.",
        "No answer is never taken for a good one.",
        options={"statusLists": []},
    ),
    _no(
        "status-of-a-list-that-is-not-named",
        "STATUS_STALE",
        "STATUS-CLOSED-1",
        "The issuer's trust document names another list.",
        "A list counts where its authority's trust document names it.",
        trust=[provider(statusLists=[_OTHER])],
    ),
    _no(
        "status-of-another-list",
        "STATUS_STALE",
        "STATUS-CLOSED-1",
        "The reader has the issuer's other list only.",
        "Places of one list say nothing of another's.",
        options=lists(list_body(header={"id": _OTHER})),
    ),
    _no(
        "status-list-of-another-issuer",
        "SCHEMA",
        "STATUS-LIST-1",
        "The document names a list of another authority.",
        "Whoever keeps the list could revoke, or spare, what it never signed.",
        input=named(name="crex://m.example.com/status-list/a"),
    ),
    _no(
        "stale-status",
        "STATUS_STALE",
        "STATUS-TTL-1",
        "The list's time to live is 1799.999 s; it is over.",
        "A list that is kept for ever hides every later revocation.",
        options=lists(list_body([PLACE - 1, PLACE + 1], ttl="1799.999s")),
    ),
    accepted(
        GOOD,
        "status-at-the-end-of-its-time-accepted",
        "STATUS-TTL-1",
        "The time to live is over with the next moment.",
        options=lists(list_body([PLACE - 1, PLACE + 1], ttl="1800s")),
    ),
    _no(
        "status-of-an-ended-list",
        "STATUS_STALE",
        "STATUS-TTL-1",
        "The list ends at the time of verification.",
        "An end is exclusive and has no leeway.",
        options=lists(list_body([PLACE - 1, PLACE + 1], header={"validUntil": NOW})),
    ),
    accepted(
        GOOD,
        "status-in-the-last-moment-of-a-list-accepted",
        "STATUS-TTL-1",
        "The list ends a millisecond later.",
        options=lists(list_body([PLACE - 1, PLACE + 1], header={"validUntil": MOMENT})),
    ),
    _no(
        "status-index-out-of-range",
        "STATUS_STALE",
        "STATUS-CLOSED-1",
        "The place is the size of the list.",
        "A place that the list does not have is no good place.",
        input=named(SIZE),
    ),
    accepted(
        GOOD,
        "status-last-index-accepted",
        "STATUS-BITS-1",
        "The last place of the list is not revoked.",
        input=named(SIZE - 1),
    ),
    accepted(
        GOOD,
        "status-neighbours-in-a-byte-accepted",
        "STATUS-BITS-1",
        "All other places of its byte are revoked; place 0 is the least significant bit.",
        options=lists(list_body([it for it in range(70_000, 70_008) if it != PLACE])),
    ),
]
