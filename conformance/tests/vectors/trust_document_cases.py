"""Vectors of what a trust document may hold and what a later revision may not take back."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from conformance.tests.vectors.case import one_away
from conformance.tests.vectors.signing import Key, envelope, record, spki_record, text, trust_document
from conformance.tests.vectors.trust_cases import (
    ACCEPTED,
    P_KEY,
    P_ROOT,
    P_SECOND,
    PROVIDER,
    PROVIDER_TYPES,
    STRANGER,
    Case,
    Value,
    accepted,
    provider_trust,
    refused,
)

LOG_KEY, WITNESS_KEY = 1, 4


def vkey(name: str, key: Key, kind: int, named: str = "") -> str:
    """A C2SP verifier key.

    Args:
        name: Name that is written.
        key: The Ed25519 key.
        kind: Type byte.
        named: Name that is hashed, where it is another.
    """
    data = bytes([kind]) + key.spki[-32:]
    digest = sha256((named or name).encode() + b"\n" + data).hexdigest()[:8]
    return f"{name}+{digest}+{b64encode(data).decode()}"


def revision(number: int, change: Callable[[Value], object] = lambda _: None, **header: Any) -> bytes:
    """A revision of the provider's trust document, changed and signed by its root."""
    body = trust_document(PROVIDER, P_ROOT, [record(P_KEY, PROVIDER_TYPES)], revision=str(number), **header)
    change(body)
    return text(envelope("trust-document", text(body), P_ROOT))


def _with(**members: Any) -> bytes:
    """The provider's trust document with further members."""
    return provider_trust(lambda body: body.update(members))


def _spare(**members: Any) -> Callable[[Value], object]:
    """Adds a spare key that is not the one that signs."""
    return lambda body: body["keys"].append(record(STRANGER, PROVIDER_TYPES, **members))


def _members(**members: Any) -> Callable[[Value], object]:
    return lambda body: body.update(members)


def _after(
    base: Case, id_: str, requirement: str, change: Callable[[Value], object], changed: str, why: str
) -> Case:
    """A case in which revision 2 does something else than in its base."""
    trust = [base.trust[0], revision(2, change)]
    return one_away(base, id_, [requirement], changed, why, trust=trust, reason="SCHEMA")


def _followed(id_: str, requirement: str, change: Callable[[Value], object], why: str) -> Case:
    """An accepted case in which revision 2 has what revision 1 has."""
    return accepted(id_, [requirement], why, ACCEPTED.input, trust=[revision(1, change), revision(2, change)])


def _long_key() -> str:
    data = bytes([LOG_KEY]) + LOG.spki[-32:] + b"\0"
    digest = sha256(NAME.encode() + b"\n" + data).hexdigest()[:8]
    return f"{NAME}+{digest}+{b64encode(data).decode()}"


LOG: Final = Key.of("provider log")
LOG_2: Final = Key.of("provider log, second key")
NAME: Final = f"{PROVIDER}/log"
WITNESS: Final = f"{PROVIDER}/witness"
LIST: Final = f"crex://{PROVIDER}/status-list/a"
T5, T10, T15 = "2026-11-01T12:05:00Z", "2026-11-01T12:10:00Z", "2026-11-01T12:15:00Z"
_LOGS: Final = _members(logs=[vkey(NAME, LOG, LOG_KEY)])
_REVOKED: Final = _followed(
    "revocation-kept-accepted",
    "TRUST-REVOKED-1",
    _spare(revokedAt=T10),
    "A revocation stands in every later revision.",
)
_LOGGED: Final = _followed(
    "log-kept-accepted", "TRUST-LOGS-1", _LOGS, "A log is listed in every later revision."
)
_LISTED: Final = _followed(
    "status-list-kept-accepted",
    "TRUST-LISTS-1",
    _members(statusLists=[LIST]),
    "A status list is listed in every later revision.",
)
_LOG_KEYS: Final = accepted(
    "log-and-witness-keys-accepted",
    ["LOG-KEY-1", "LOG-WITNESS-1"],
    "A trust document with a log key and a witness key.",
    ACCEPTED.input,
    trust=[_with(logs=[vkey(NAME, LOG, LOG_KEY)], witnesses=[vkey(WITNESS, LOG, WITNESS_KEY)])],
)


def _keys(
    id_: str,
    requirement: str,
    change: str,
    why: str,
    logs: Sequence[str] = (vkey(NAME, LOG, LOG_KEY),),
    witnesses: Sequence[str] = (vkey(WITNESS, LOG, WITNESS_KEY),),
) -> Case:
    trust = [_with(logs=list(logs), witnesses=list(witnesses))]
    return one_away(_LOG_KEYS, id_, [requirement], change, why, trust=trust, reason="SCHEMA")


def _one_key_two_names(body: Value) -> None:
    """The root key a second time, under a name that is not its own; both must sign."""
    other = "A" * 43
    body["keys"].append(spki_record(P_ROOT.spki, ["trust-document"], keyid=other))
    body["roots"] = {"threshold": 2, "keys": [P_ROOT.keyid, other]}


def _two_roots(threshold: int) -> bytes:
    def change(body: Value) -> None:
        body["keys"].append(record(P_SECOND, ["trust-document"]))
        body["roots"] = {"threshold": threshold, "keys": [P_ROOT.keyid, P_SECOND.keyid]}

    return provider_trust(change, P_ROOT, P_SECOND)


def _first_listed() -> bytes:
    """Another authority's trust document that lists the provider's key for sites."""
    body = trust_document("m.example.com", Key.of("other root"), [record(P_KEY, PROVIDER_TYPES)])
    return text(envelope("trust-document", text(body), Key.of("other root")))


CASES: Final[list[Case]] = [
    refused(
        "one-key-under-two-names",
        "SCHEMA",
        ["TRUST-THRESHOLD-1", "TRUST-KEYID-1"],
        "The root key stands there a second time under another `keyid`, and two root keys must sign.",
        "A count of key names lets one key meet a threshold of two.",
        trust=[provider_trust(_one_key_two_names)],
    ),
    replace(
        ACCEPTED,
        id="threshold-above-the-roots",
        requirements=["TRUST-THRESHOLD-1"],
        why="A threshold that can never be met locks everybody out, or is not counted.",
        trust=[_two_roots(3)],
        base="two-roots-accepted",
        change="Three root keys must sign, and there are two.",
        reason="SCHEMA",
    ),
    accepted(
        "key-that-two-authorities-list-accepted",
        ["VERIFY-ISSUER-1"],
        "Another authority lists the provider's key first; the body names whose document it is.",
        ACCEPTED.input,
        trust=[_first_listed(), provider_trust()],
    ),
    Case(
        "key-listed-by-another-only",
        ["VERIFY-MISMATCH-1"],
        "Whoever lists a stranger's key does not get to sign for the stranger.",
        ACCEPTED.input,
        "key-that-two-authorities-list-accepted",
        "The provider's trust document is not pinned.",
        "ISSUER_MISMATCH",
        trust=[_first_listed()],
    ),
    _REVOKED,
    _after(
        _REVOKED,
        "revocation-withdrawn",
        "TRUST-REVOKED-1",
        _spare(),
        "Revision 2 lists the key without its revocation.",
        "Whoever has a revoked key, and a root key once, could bring it back.",
    ),
    _after(
        _REVOKED,
        "revocation-moved-later",
        "TRUST-REVOKED-1",
        _spare(revokedAt=T15),
        "Revision 2 lists the key as revoked five minutes later.",
        "What was void becomes valid again.",
    ),
    replace(
        _REVOKED,
        id="revocation-moved-earlier-accepted",
        why="It was found out that the key was stolen earlier.",
        trust=[_REVOKED.trust[0], revision(2, _spare(revokedAt=T5))],
    ),
    _LOGGED,
    _after(
        _LOGGED,
        "log-left-out",
        "TRUST-LOGS-1",
        lambda _: None,
        "Revision 2 lists no log.",
        "What stood in the log could no longer be proven.",
    ),
    replace(
        _LOGGED,
        id="log-key-exchanged-accepted",
        why="The name stays and the key changes: so a compromised key is ended.",
        trust=[_LOGGED.trust[0], revision(2, _members(logs=[vkey(NAME, LOG_2, LOG_KEY)]))],
    ),
    _LISTED,
    _after(
        _LISTED,
        "status-list-left-out",
        "TRUST-LISTS-1",
        lambda _: None,
        "Revision 2 lists no status list.",
        "Documents that name a place in it could no longer be shown to stand.",
    ),
    _LOG_KEYS,
    _keys(
        "log-key-of-another-authority",
        "LOG-KEY-1",
        "The log's name begins with another authority.",
        "Whoever may name a key after somebody else's log can show a second tree under its name.",
        logs=[vkey("m.example.com/log", LOG, LOG_KEY)],
    ),
    _keys(
        "log-key-of-a-longer-authority",
        "LOG-KEY-1",
        f"The log's name is under {PROVIDER}.example.com, which begins alike.",
        "A name that begins alike is another's; the authority ends at the slash.",
        logs=[vkey(f"{PROVIDER}.example.com/log", LOG, LOG_KEY)],
    ),
    _keys(
        "log-key-of-a-witness",
        "LOG-KEY-1",
        "The log's key has type 4.",
        "A signature of one type is none of the other.",
        logs=[vkey(NAME, LOG, WITNESS_KEY)],
    ),
    _keys(
        "log-key-of-another-hash",
        "LOG-KEY-1",
        "The digits are those of another name.",
        "The digits are the beginning of a digest that every reader recomputes.",
        logs=[vkey(NAME, LOG, LOG_KEY, named="m.example.com/log")],
    ),
    _keys(
        "log-key-one-byte-longer",
        "LOG-KEY-1",
        "The key has a zero byte too many, and the digits are right.",
        "An Ed25519 key has 32 bytes.",
        logs=[_long_key()],
    ),
    _keys(
        "witness-key-of-another-authority",
        "LOG-WITNESS-1",
        "The witness's name begins with another authority.",
        "Whoever may name its key after another witness meets any quorum alone.",
        witnesses=[vkey("m.example.com/witness", LOG, WITNESS_KEY)],
    ),
    _keys(
        "witness-key-of-a-log",
        "LOG-WITNESS-1",
        "The witness's key has type 1.",
        "A plain signature states no time.",
        witnesses=[vkey(WITNESS, LOG, LOG_KEY)],
    ),
]
