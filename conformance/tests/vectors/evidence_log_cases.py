"""Vectors of step 21 and of log time: what a proof shows, and what it changes for keys and delegations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from conformance.tests.vectors import trust_delegation_cases as delegation
from conformance.tests.vectors.case import one_away
from conformance.tests.vectors.log_building import checkpoint_text, leaf_data, log_line, note, proof, root
from conformance.tests.vectors.log_cases import (
    LOG,
    ORIGIN,
    OWN,
    W1,
    W2,
    W3,
    cosigned,
    witness_key,
    witness_name,
)
from conformance.tests.vectors.signing import Key, b64, pae, payload_type, text
from conformance.tests.vectors.trust_cases import PROVIDER, PROVIDER_TYPES, Case, Value, signed, site
from conformance.tests.vectors.trust_document_cases import LOG_KEY, WITNESS_KEY, vkey
from conformance.tests.vectors.trust_parties import trust_body, trust_file, trust_of

RECORD: Final = pae(payload_type("site"), text(site()))
AT1, AT2, LATE = "2026-11-01T12:10:00Z", "2026-11-01T12:12:00Z", "2026-11-01T12:25:00Z"
SALT: Final = bytes(range(32))
_OTHERS: Final = [leaf_data(f"another record {number}".encode()) for number in range(6)]
LOG_TRUST: Final = trust_of(
    OWN,
    ["receipt"],
    logs=[vkey(ORIGIN, LOG, LOG_KEY)],
    witnesses=[vkey(witness_name(OWN), witness_key(OWN), WITNESS_KEY)],
)


def witness_trust(authority: str) -> bytes:
    """The trust document of a witness."""
    key = vkey(witness_name(authority), witness_key(authority), WITNESS_KEY)
    return trust_of(authority, ["attestation"], witnesses=[key])


WATCHED: Final = [LOG_TRUST, witness_trust(W1), witness_trust(W2)]


def log_of(*records: bytes) -> list[bytes]:
    """Leaf data of a log: two others, the records, and others after them."""
    return [*_OTHERS[:2], *records, *_OTHERS[2:]]


def shown(leaves: Sequence[bytes], times: Mapping[str, str | Sequence[str]], origin: str = ORIGIN) -> str:
    """The checkpoint over leaves, with co-signatures by authority at these times."""
    of = checkpoint_text(origin, len(leaves), root(leaves))
    lines = [
        cosigned(authority, of, time)
        for authority, at in times.items()
        for time in ([at] if isinstance(at, str) else at)
    ]
    return note(of, log_line(origin, LOG if origin == ORIGIN else Key.of(origin), of), *lines)


LEAVES: Final = log_of(leaf_data(RECORD))
SHOWN: Final = shown(LEAVES, {W1: AT1, W2: AT2})
PROOF: Final = proof(2, LEAVES, SHOWN)
QUORUM: Final = {"required": True, "quorum": 2}


def _options(given: Value, **log: Any) -> Value:
    return {"log": QUORUM | log, "proof": given}


def provider(key: Mapping[str, Any] | None = None, **members: Any) -> bytes:
    """The provider's trust document, with further members of its signing key."""
    return trust_of(PROVIDER, PROVIDER_TYPES, key, **members)


LOGGED: Final = Case(
    "logged-accepted",
    ["LOG-PROOF-1", "LOG-PROOF-2", "VERIFY-LOG-1"],
    "A document in the log, under a checkpoint that two witnesses saw.",
    text(signed()),
    trust=[provider(), *WATCHED],
    options=_options(PROOF),
)


def refused(
    base: Case, id_: str, reason: str, requirement: str, change: str, why: str, **members: Any
) -> Case:
    """A case that is one change away from an accepted one."""
    return one_away(base, id_, [requirement], change, why, reason=reason, **members)


def accepted(base: Case, id_: str, requirement: str, why: str, **members: Any) -> Case:
    """A further accepted case."""
    return replace(base, id=id_, requirements=[requirement], why=why, **members)


def _no(id_: str, reason: str, requirement: str, given: Value, change: str, why: str, **log: Any) -> Case:
    """The accepted document with another proof."""
    return refused(LOGGED, id_, reason, requirement, change, why, options=_options(given, **log))


def _witnessed(id_: str, times: Mapping[str, str | Sequence[str]], change: str, why: str) -> Case:
    return _no(id_, "QUORUM", "LOG-QUORUM-1", proof(2, LEAVES, shown(LEAVES, times)), change, why)


_PRIVATE_LEAVES: Final = log_of(leaf_data(RECORD, SALT))
_PRIVATE: Final = proof(2, _PRIVATE_LEAVES, shown(_PRIVATE_LEAVES, {W1: AT1, W2: AT2}), SALT)
SALTED: Final = accepted(
    LOGGED,
    "logged-privately-accepted",
    "LOG-LEAF-2",
    "A private record, shown by its salt.",
    options=_options(_PRIVATE),
)
_FOREIGN: Final = "m.example.com/log"
_OTHER_LOG: Final = shown(LEAVES, {W1: AT1, W2: AT2}, _FOREIGN)
_FOREIGN_TRUST: Final = trust_of(
    "m.example.com", ["receipt"], logs=[vkey(_FOREIGN, Key.of(_FOREIGN), LOG_KEY)]
)
_ALTERED: Final = [*LEAVES[:4], leaf_data(b"altered"), *LEAVES[5:]]


def _proofs() -> list[Case]:
    hashes = PROOF["hashes"]
    unsigned = shown(LEAVES, {W1: AT1, W2: AT2}).replace(b64(root(LEAVES)), b64(root(_ALTERED)))
    by_two_logs = accepted(
        LOGGED,
        "logged-in-another-log-accepted",
        "LOG-PROOF-1",
        "Any log whose authority is pinned, where none is named.",
        trust=[*LOGGED.trust, _FOREIGN_TRUST],
        options=_options(proof(2, LEAVES, _OTHER_LOG)),
    )
    return [
        LOGGED,
        SALTED,
        by_two_logs,
        _no(
            "proof-of-another-entry",
            "INCLUSION",
            "LOG-PROOF-2",
            proof(3, LEAVES, SHOWN),
            "The proof is of the next entry.",
            "A proof that is not held against the document proves another's.",
        ),
        _no(
            "proof-at-another-index",
            "INCLUSION",
            "LOG-PROOF-2",
            PROOF | {"index": "3"},
            "The index is the next.",
            "A path is of one place.",
        ),
        _no(
            "proof-one-hash-missing",
            "INCLUSION",
            "LOG-PROOF-2",
            PROOF | {"hashes": hashes[:-1]},
            "The last hash is left out.",
            "A short path ends at a node.",
        ),
        _no(
            "proof-one-hash-more",
            "INCLUSION",
            "LOG-PROOF-2",
            PROOF | {"hashes": [*hashes, b64(bytes(32))]},
            "A further hash follows.",
            "What is not used must not be there.",
        ),
        _no(
            "proof-of-a-salted-leaf-without-salt",
            "INCLUSION",
            "LOG-PROOF-2",
            PROOF | {"salt": b64(SALT)},
            "A salt is given for a public record.",
            "A salt makes another leaf.",
        ),
        refused(
            SALTED,
            "wrong-salt",
            "INCLUSION",
            "LOG-PROOF-2",
            "One bit of the salt is flipped.",
            "A wrong salt makes another leaf.",
            options=_options(_PRIVATE | {"salt": b64(b"\1" + SALT[1:])}),
        ),
        refused(
            SALTED,
            "salt-left-out",
            "INCLUSION",
            "LOG-LEAF-2",
            "The salt is left out.",
            "Without its salt a private record has no leaf.",
            options=_options({name: it for name, it in _PRIVATE.items() if name != "salt"}),
        ),
        _no(
            "checkpoint-altered-after-signing",
            "CHECKPOINT",
            "LOG-PROOF-1",
            PROOF | {"checkpoint": unsigned},
            "The root is that of other leaves, the signatures as they were.",
            "A checkpoint is what was signed.",
        ),
        refused(
            LOGGED,
            "log-not-pinned",
            "CHECKPOINT",
            "LOG-PROOF-1",
            "The trust document of the log's authority is not pinned.",
            "A log that nobody knows proves nothing.",
            trust=[LOGGED.trust[0], *WATCHED[1:]],
        ),
        refused(
            by_two_logs,
            "log-that-the-reader-does-not-accept",
            "CHECKPOINT",
            "LOG-PROOF-1",
            "The reader names the logs of another authority.",
            "A reader may trust some logs only.",
            options=_options(proof(2, LEAVES, _OTHER_LOG), logs=[OWN]),
        ),
        accepted(
            LOGGED,
            "log-that-the-reader-accepts-accepted",
            "LOG-PROOF-1",
            "The reader names this log's authority.",
            options=_options(PROOF, logs=[OWN]),
        ),
        _witnessed(
            "missing-quorum",
            {W1: AT1},
            "The second witness did not sign.",
            "A quorum that is not counted is none.",
        ),
        _witnessed(
            "quorum-by-the-log-itself",
            {W1: AT1, OWN: AT2},
            "The second line is by the witness of the log's own authority.",
            "Nobody is a witness of itself.",
        ),
        _witnessed(
            "quorum-by-one-witness-twice",
            {W1: [AT1, AT2]},
            "The first witness signed twice, the second not.",
            "Lines are not witnesses.",
        ),
        _witnessed(
            "quorum-by-a-stranger",
            {W1: AT1, W3: AT2},
            "The second line is by a witness that is not pinned.",
            "Whoever may invent witnesses meets any quorum.",
        ),
        _witnessed(
            "quorum-by-a-witness-ahead-of-time",
            {W1: AT1, W2: "2026-11-01T12:31:01Z"},
            "The second witness states a time 61 s ahead.",
            "Who signs for the future did not see it.",
        ),
        _no(
            "quorum-by-a-witness-that-is-not-named",
            "QUORUM",
            "POLICY-QUORUM-1",
            PROOF,
            "The reader names the first witness and a third one.",
            "A reader may trust some witnesses only.",
            witnesses=[W1, W3],
        ),
    ]


def _timed() -> list[Case]:
    ended = [provider({"notAfter": "2026-11-01T12:20:00Z"}), *WATCHED]
    base = accepted(
        LOGGED,
        "log-time-before-the-key-ended-accepted",
        "LOG-TIME-2",
        "By 12:12 two witnesses had seen it, and the key ended at 12:20.",
        trust=ended,
    )
    later = proof(2, LEAVES, shown(LEAVES, {W1: AT1, W2: LATE}))
    wrong = proof(3, LEAVES, SHOWN)
    twice = proof(2, LEAVES, shown(LEAVES, {W2: [LATE, AT2], W1: AT1}))
    ahead = proof(2, LEAVES, shown(LEAVES, {W1: AT1, W2: "2026-11-01T12:30:50Z"}))

    def no(id_: str, requirement: str, change: str, why: str, options: Value) -> Case:
        return refused(base, id_, "KEY_TIME", requirement, change, why, options=options)

    direct = replace(delegation.DIRECT, options=LOGGED.options)
    lent = accepted(
        direct,
        "log-time-before-the-delegation-ended-accepted",
        "LOG-TIME-2",
        "By 12:12 two witnesses had seen it, and the delegation ended at 12:20.",
        trust=[
            delegation.provider(delegation.to(delegation.DELEGATE, expires="2026-11-01T12:20:00Z")),
            delegation.delegate(),
            *WATCHED,
        ],
    )
    taken = accepted(
        direct,
        "log-time-before-the-delegation-was-left-out-accepted",
        "DELEGATION-CHAIN-1",
        "The revision without the delegation was issued at 12:15; at 12:12 the one before was in force.",
        trust=[
            delegation.provider(delegation.to(delegation.DELEGATE)),
            delegation.provider(revision="2", issuedAt="2026-11-01T12:15:00Z"),
            delegation.delegate(),
            *WATCHED,
        ],
    )
    return [
        base,
        no(
            "log-time-without-a-proof",
            "VERIFY-KEYTIME-1",
            "No proof is given.",
            "The document's own time is not believed.",
            {},
        ),
        no(
            "log-time-after-the-key-ended",
            "LOG-TIME-1",
            "The second witness signed at 12:25.",
            "The log time is that of the last witness of the quorum, not of the first.",
            _options(later),
        ),
        no(
            "log-time-of-no-quorum",
            "LOG-TIME-1",
            "No quorum is demanded.",
            "Without witnesses the log's operator alone would set the time.",
            _options(PROOF, quorum=0),
        ),
        no(
            "log-time-of-a-wrong-proof",
            "VERIFY-LOG-1",
            "The proof is of the next entry.",
            "Until step 21 it is judged as if no proof had been given.",
            _options(wrong),
        ),
        accepted(
            base,
            "log-time-of-one-witness-accepted",
            "LOG-TIME-1",
            "One witness is demanded, and it signed before the key ended.",
            options=_options(later, quorum=1),
        ),
        accepted(
            base,
            "log-time-of-the-earlier-line-accepted",
            "LOG-COSIGNATURE-1",
            "Of two lines by one witness the earlier time counts.",
            options=_options(twice),
        ),
        accepted(
            base,
            "log-time-after-the-verification-accepted",
            "VERIFY-KEYTIME-1",
            "A witness's clock is ahead; the time of verification is the earlier, and counts.",
            trust=[provider({"notAfter": "2026-11-01T12:30:20Z"}), *WATCHED],
            options=_options(ahead),
        ),
        lent,
        refused(
            lent,
            "delegation-ended-without-a-proof",
            "DELEGATION",
            "DELEGATION-TIME-1",
            "No proof is given.",
            "What witnesses saw in time stays signed; what nobody saw does not.",
            options={},
        ),
        refused(
            lent,
            "delegation-ended-before-the-log-time",
            "DELEGATION",
            "LOG-TIME-2",
            "The second witness signed at 12:25.",
            "A delegate whose right has ended can write any date.",
            options=_options(later),
        ),
        taken,
        *_expired(),
    ]


def _expired() -> list[Case]:
    body = site(validUntil="2026-11-01T12:30:00.001Z")
    over = site(validUntil="2026-11-01T12:20:00Z")

    def of(value: Value) -> Value:
        leaves = log_of(leaf_data(pae(payload_type("site"), text(value))))
        return _options(proof(2, leaves, shown(leaves, {W1: AT1, W2: AT2})))

    base = accepted(
        LOGGED,
        "logged-and-about-to-end-accepted",
        "VERIFY-TIME-1",
        "Valid for one millisecond more.",
        input=text(signed(text(body))),
        options=of(body),
    )
    return [
        base,
        refused(
            base,
            "logged-and-ended-since",
            "EXPIRED",
            "VERIFY-TIME-1",
            "The document ended at 12:20, after its log time; it is logged likewise.",
            "A log time helps keys and delegations; nothing is valid a moment longer than it says.",
            input=text(signed(text(over))),
            options=of(over),
        ),
    ]


def _revision(number: str, issued: str, **key: Any) -> tuple[bytes, bytes]:
    """A revision of the provider's trust document, and its record in a log."""
    body = trust_body(PROVIDER, PROVIDER_TYPES, key, header={"revision": number, "issuedAt": issued})
    return trust_file(body), pae(payload_type("trust-document"), text(body))


def _revoked() -> list[Case]:
    """A key that is revoked as of 12:05, by a document of which it matters where it stands in the log."""
    first, _ = _revision("1", "2026-11-01T12:00:00Z")
    second, record = _revision("2", "2026-11-01T12:26:00Z", revokedAt="2026-11-01T12:05:00Z")

    def options(leaves: Sequence[bytes], place: int, revocation: int | None, of: bytes = record) -> Value:
        checkpoint = shown(leaves, {W1: AT1, W2: AT2})
        value = _options(proof(place, leaves, checkpoint))
        if revocation is None:
            return value
        entry = {"recordSha256": sha256(of).hexdigest(), "proof": proof(revocation, leaves, checkpoint)}
        return value | {"proofs": [entry]}

    above = log_of(leaf_data(RECORD), leaf_data(record))
    below = log_of(leaf_data(record), leaf_data(RECORD))
    trust = [first, second, *WATCHED]
    base = accepted(
        LOGGED,
        "revocation-logged-later-accepted",
        "LOG-TIME-3",
        "The revocation of 12:05 was logged after the document: an old date takes nothing back.",
        trust=trust,
        options=options(above, 2, 3),
    )
    ahead, ahead_record = _revision("2", "2026-11-01T12:15:00Z", revokedAt="2026-11-01T12:20:00Z")
    third, third_record = _revision("3", "2026-11-01T12:26:00Z", revokedAt="2026-11-01T12:05:00Z")
    three = log_of(leaf_data(ahead_record), leaf_data(RECORD), leaf_data(third_record))

    def no(id_: str, change: str, why: str, requirement: str = "LOG-TIME-3", **members: Any) -> Case:
        return refused(base, id_, "KEY_REVOKED", requirement, change, why, **members)

    moved = accepted(
        base,
        "revocation-moved-back-and-logged-later-accepted",
        "LOG-TIME-3",
        "Revision 2, logged before, revokes as of 12:20; revision 3, logged after it, as of 12:05.",
        trust=[first, ahead, third, *WATCHED],
        options=options(three, 3, 4, third_record),
    )
    return [
        base,
        no(
            "revocation-without-a-proof",
            "No proof of the revocation is given.",
            "What is not shown to be later is not.",
            options=options(above, 2, None),
        ),
        no(
            "revocation-logged-earlier",
            "The revocation stands below the document in the log, both with their proofs.",
            "The document came when the revocation was public.",
            options=options(below, 3, 2),
        ),
        no(
            "revocation-proof-of-another-entry",
            "The proof of the revocation is of another entry.",
            "A proof is held against the revision that it is of.",
            options=options(above, 2, 3) | {"proofs": [options(above, 2, 4)["proofs"][0]]},
        ),
        no(
            "revocation-without-the-revision-before",
            "Revision 1 is not pinned.",
            "Whether an earlier revision stated the revocation is then not shown.",
            trust=[second, *WATCHED],
        ),
        no(
            "revocation-without-log-time",
            "No quorum is demanded.",
            "Without witnesses there is no log time, and the revocation counts as it stands.",
            "LOG-TIME-1",
            options=options(above, 2, 3) | {"log": QUORUM | {"quorum": 0}},
        ),
        accepted(
            LOGGED,
            "revocation-after-the-log-time-accepted",
            "LOG-TIME-2",
            "Revoked as of 12:20, logged by 12:12: nothing is to be shown of the revocation.",
            trust=[provider({"revokedAt": "2026-11-01T12:20:00Z"}), *WATCHED],
        ),
        moved,
        refused(
            moved,
            "revocation-moved-back-without-its-own-proof",
            "KEY_REVOKED",
            "LOG-TIME-3",
            "The proof is of revision 2, which revokes later.",
            "It is the first revision by which the key is revoked as of the log time that counts.",
            options=options(three, 3, 2, ahead_record),
        ),
    ]


CASES: Final[list[Case]] = [*_proofs(), *_timed(), *_revoked()]
