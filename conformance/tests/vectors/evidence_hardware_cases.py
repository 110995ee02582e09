"""Vectors of steps 22 and 23: hardware that answers a challenge, and a reader's policy."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any, Final

from conformance.tests.vectors.attestations import (
    attestation,
    attested,
    attester,
    benchmark,
    compliance,
    without,
)
from conformance.tests.vectors.evidence_log_cases import LOGGED, PROOF, accepted, refused
from conformance.tests.vectors.log_building import seconds
from conformance.tests.vectors.signing import Key, b64, text
from conformance.tests.vectors.trust_algorithm_cases import HYBRID_ACCEPTED
from conformance.tests.vectors.trust_cases import ACCEPTED, PROVIDER, Case, Value

VERIFIER: Final = "verifier.example.org"
CHALLENGE: Final = bytes(range(32))
BOUND: Final = Key.of("machine").keyid
QUOTED: Final = "2026-11-01T12:00:05Z"
ISSUED: Final = "2026-11-01T12:00:12Z"


def digest(challenge: bytes = CHALLENGE, bound: str = BOUND) -> bytes:
    """What the hardware quotes."""
    return sha256(b"CREX evidence v1\n" + challenge + urlsafe_b64decode(bound + "=")).digest()


def nonce(data: bytes) -> str:
    """Unpadded base64url."""
    return urlsafe_b64encode(data).decode().rstrip("=")


def part(status: str = "affirming", **members: Any) -> Value:
    """What a verifier says of one part."""
    return {"ear_status": status, "ear_trustworthiness_vector": {"hardware": 2, "executables": 2}} | members


def ear(submods: Value | None = None, **members: Any) -> Value:
    """A claims set."""
    value: Value = {
        "eat_profile": "tag:ietf.org,2026:rats/ear#04",
        "iat": seconds("2026-11-01T12:00:10Z"),
        "ear_verifier_id": {"developer": "https://verifier.example.org", "build": "verifier 2.3.1"},
        "eat_nonce": nonce(digest()),
        "submods": submods or {"sev-snp": part()},
    }
    return {name: it for name, it in (value | members).items() if it is not None}


def evidence(claims: Value | None = None, **members: Any) -> bytes:
    """The file of the attestation."""
    predicate = {
        "technology": "amd-sev-snp",
        "quote": b64(b"opaque"),
        "quoteType": "application/octet-stream",
        "ear": text(ear() if claims is None else claims).decode(),
        "nonce": b64(CHALLENGE),
        "boundKey": BOUND,
        "quotedAt": QUOTED,
    } | members
    return _file(attestation(VERIFIER, "hardware-evidence", predicate, issuedAt=ISSUED))


def _file(body: Value) -> bytes:
    return b64decode(attested(body))


ASKED: Final[Value] = {"challenge": b64(CHALLENGE), "boundKey": BOUND}
GOOD: Final = Case(
    "hardware-evidence-accepted",
    ["VERIFY-EVIDENCE-1", "EVIDENCE-BIND-1"],
    "It answers the reader's challenge, is bound to the key, and every part of it is affirmed.",
    evidence(),
    type="attestation",
    trust=[attester(VERIFIER)],
    options=ASKED,
)


def _no(id_: str, requirement: str, change: str, why: str, **members: Any) -> Case:
    return refused(GOOD, id_, "EVIDENCE", requirement, change, why, **members)


def _part(id_: str, change: str, why: str, **members: Any) -> Case:
    return _no(id_, "EVIDENCE-EAR-1", change, why, input=evidence(ear({"sev-snp": part(**members)})))


def _hardware() -> list[Case]:
    other = bytes(range(1, 33))
    other_key = Key.of("another machine").keyid
    two = {"cpu": part(), "gpu": part()}
    return [
        GOOD,
        _no(
            "hardware-nonce-of-another-challenge",
            "EVIDENCE-NONCE-1",
            "The reader's challenge is another.",
            "An answer to an old challenge proves nothing now.",
            options={**ASKED, "challenge": b64(other)},
        ),
        _no(
            "hardware-nonce-renamed",
            "EVIDENCE-BIND-1",
            "The evidence states the reader's challenge, and its digest is of another.",
            "What is stated beside the quote is not quoted.",
            input=evidence(ear(eat_nonce=nonce(digest(other)))),
        ),
        _no(
            "hardware-bound-to-another-key",
            "EVIDENCE-KEY-1",
            "The reader expects another key.",
            "A channel to another machine is no channel to this one.",
            options={**ASKED, "boundKey": other_key},
        ),
        _no(
            "hardware-key-renamed",
            "EVIDENCE-BIND-1",
            "The evidence states the expected key, and its digest is of another.",
            "What is stated beside the quote is not quoted.",
            input=evidence(ear(eat_nonce=nonce(digest(bound=other_key)))),
        ),
        accepted(
            GOOD,
            "hardware-nonce-of-the-part-accepted",
            "EVIDENCE-BIND-1",
            "The part's own nonce counts before the result's.",
            input=evidence(ear({"sev-snp": part(eat_nonce=nonce(digest()))}, eat_nonce=nonce(digest(other)))),
        ),
        _no(
            "hardware-nonce-of-the-result-only",
            "EVIDENCE-BIND-1",
            "The part's own nonce is of another challenge.",
            "The result is fresh, and its evidence is not.",
            input=evidence(ear({"sev-snp": part(eat_nonce=nonce(digest(other)))})),
        ),
        accepted(
            GOOD,
            "hardware-one-nonce-of-several-accepted",
            "EVIDENCE-BIND-1",
            "One of its nonces is the digest, in padded base64.",
            input=evidence(ear(eat_nonce=[nonce(other), b64(digest())])),
        ),
        _no(
            "hardware-without-nonce",
            "EVIDENCE-BIND-1",
            "The result has no nonce.",
            "A result that is bound to nothing is anybody's.",
            input=evidence(ear(eat_nonce=None)),
        ),
        _no(
            "hardware-an-hour-old",
            "EVIDENCE-AGE-1",
            "It is one hour after the quote.",
            "The hour is exclusive.",
            now="2026-11-01T13:00:05Z",
        ),
        accepted(
            GOOD,
            "hardware-almost-an-hour-old-accepted",
            "EVIDENCE-AGE-1",
            "A millisecond less than an hour.",
            now="2026-11-01T13:00:04.999Z",
        ),
        _no(
            "hardware-quoted-in-the-future",
            "EVIDENCE-AGE-1",
            "The quote is 61 s ahead of the verification.",
            "A quote of the future lives longer than an hour.",
            input=evidence(ear(iat=seconds("2026-11-01T12:31:00Z")), quotedAt="2026-11-01T12:31:01Z"),
        ),
        _part(
            "hardware-warned",
            "The part's status is `warning`.",
            "A warning is no affirmation.",
            status="warning",
        ),
        _part(
            "hardware-contraindicated",
            "The part's status is `contraindicated`.",
            "The verifier says no.",
            status="contraindicated",
        ),
        _part(
            "hardware-without-judgement",
            "The part's status is `none`.",
            "No judgement is no affirmation.",
            status="none",
        ),
        _part(
            "hardware-claim-against-its-status",
            "The status is affirming, and one claim of its vector is 96.",
            "A status that its own claims contradict is not believed.",
            ear_trustworthiness_vector={"hardware": 96},
        ),
        _part(
            "hardware-claim-of-a-verifier-failure",
            "One claim of its vector is -1.",
            "The verifier could not judge it.",
            ear_trustworthiness_vector={"hardware": -1},
        ),
        _part(
            "hardware-claim-of-32",
            "One claim of its vector is 32.",
            "From 32 on a claim warns.",
            ear_trustworthiness_vector={"hardware": 32},
        ),
        accepted(
            GOOD,
            "hardware-claim-of-31-accepted",
            "EVIDENCE-EAR-1",
            "0 claims nothing, 2 to 31 and -32 to -2 affirm.",
            input=evidence(
                ear(
                    {
                        "sev-snp": part(
                            ear_trustworthiness_vector={
                                "hardware": 31,
                                "executables": -32,
                                "configuration": 0,
                            }
                        )
                    }
                )
            ),
        ),
        accepted(
            GOOD,
            "hardware-of-two-parts-accepted",
            "EVIDENCE-EAR-1",
            "Both parts are affirmed.",
            input=evidence(ear(two)),
        ),
        _no(
            "hardware-one-part-of-two",
            "EVIDENCE-EAR-1",
            "A second part is contraindicated.",
            "Every part must be affirmed, not one.",
            input=evidence(ear({"cpu": part(), "gpu": part("contraindicated")})),
        ),
        _no(
            "hardware-result-issued-before-the-quote",
            "EVIDENCE-EAR-3",
            "The result was issued 61 s before the quote.",
            "A result cannot be of a later quote.",
            input=evidence(ear(iat=seconds("2026-11-01T11:59:04Z"))),
        ),
        _no(
            "hardware-result-expired",
            "EVIDENCE-EAR-3",
            "The result expired a minute ago.",
            "The verifier says for how long it stands by it.",
            input=evidence(ear(exp=seconds("2026-11-01T12:29:00Z"))),
        ),
        _no(
            "hardware-challenge-to-a-benchmark",
            "VERIFY-EVIDENCE-1",
            "It is an attestation of a benchmark.",
            "What is no hardware evidence answers no challenge.",
            input=_file(attestation(VERIFIER, "benchmark", benchmark())),
        ),
        accepted(
            GOOD,
            "hardware-without-challenge-accepted",
            "VERIFY-EVIDENCE-1",
            "Who asks for no challenge reads a statement, an hour later, too.",
            options={},
            now="2026-11-01T14:00:00Z",
        ),
    ]


BENCH, ASSESSOR, ACCREDITOR = "bench.example.org", "assessor.example.cn", "root.example.cn"
_UNTIL: Final[Value] = {"validUntil": "2027-01-15T00:00:00Z"}


def _policies() -> list[Case]:
    trust = [*ACCEPTED.trust, *(attester(it) for it in (BENCH, ASSESSOR, ACCREDITOR))]
    own = [attester(PROVIDER), *trust[1:]]
    third: Value = {"require": [{"predicateType": "benchmark", "distinctFromSubject": True}]}
    certified: Value = {"require": [{"predicateType": "compliance", "issuersAccreditedBy": ACCREDITOR}]}
    figure = attested(attestation(BENCH, "benchmark", benchmark()))
    certificate = attested(attestation(ASSESSOR, "compliance", compliance(), **_UNTIL))
    accreditation = attested(
        attestation(
            ACCREDITOR, "accreditation", {"schemes": ["mlps"]}, [{"id": f"crex://{ASSESSOR}/trust/main"}]
        )
    )
    measured = accepted(
        ACCEPTED,
        "third-party-benchmark-of-the-document-accepted",
        "VERIFY-POLICY-1",
        "The policy asks for a measurement by somebody else, and there is one.",
        trust=own,
        options={"policy": third, "attestations": [figure]},
    )
    by_body = accepted(
        ACCEPTED,
        "accredited-certificate-of-the-document-accepted",
        "VERIFY-POLICY-1",
        "The certificate is of an accredited body.",
        trust=trust,
        options={"policy": certified, "attestations": [certificate, accreditation]},
    )
    hybrid = accepted(
        HYBRID_ACCEPTED,
        "both-families-of-the-document-accepted",
        "VERIFY-POLICY-1",
        "A classical and a post-quantum key signed.",
        options={"policy": {"signatureFamilies": ["classical", "post-quantum"]}},
    )
    logged = accepted(
        LOGGED,
        "policy-of-the-log-accepted",
        "VERIFY-POLICY-1",
        "The policy demands the log and a quorum, and both are shown.",
        options={"policy": {"log": {"required": True, "quorum": 2}}, "proof": PROOF},
    )
    return [
        measured,
        by_body,
        hybrid,
        logged,
        refused(
            measured,
            "document-with-a-self-issued-benchmark",
            "POLICY",
            "POLICY-DISTINCT-1",
            "The provider measured itself.",
            "A declaration with a method is a declaration.",
            options={
                "policy": third,
                "attestations": [attested(attestation(PROVIDER, "benchmark", benchmark()))],
            },
        ),
        refused(
            measured,
            "document-without-evidence",
            "POLICY",
            "VERIFY-POLICY-1",
            "There is no attestation.",
            "Missing evidence never helps.",
            options={"policy": third, "attestations": []},
        ),
        refused(
            by_body,
            "document-of-an-unaccredited-issuer",
            "POLICY",
            "POLICY-ACCREDITED-1",
            "The accreditation is left out.",
            "Anybody can print a certificate.",
            options={"policy": certified, "attestations": [certificate]},
        ),
        refused(
            by_body,
            "document-with-a-self-declaration",
            "POLICY",
            "POLICY-SELF-1",
            "No certificate was issued.",
            "An accredited body's word without a certificate is a word.",
            options={
                "policy": certified,
                "attestations": [
                    attested(
                        attestation(ASSESSOR, "compliance", without(compliance(), "certificate"), **_UNTIL)
                    ),
                    accreditation,
                ],
            },
        ),
        refused(
            hybrid,
            "document-of-one-family",
            "POLICY",
            "POLICY-FAMILY-1",
            "The signature of ML-DSA-65 is left out.",
            "What was asked for is not there.",
            input=ACCEPTED.input,
        ),
        refused(
            logged,
            "document-that-is-not-logged",
            "POLICY",
            "POLICY-LOG-1",
            "No proof is given.",
            "What is not shown is not so.",
            options={"policy": {"log": {"required": True, "quorum": 2}}},
        ),
    ]


CASES: Final[list[Case]] = [*_hardware(), *_policies()]
