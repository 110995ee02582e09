"""Attestations for vectors, each of its issuer's hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from conformance.tests.vectors.signing import b64, envelope, text
from conformance.tests.vectors.trust_cases import PROVIDER, Value
from conformance.tests.vectors.trust_parties import key_of, trust_of

ISSUED: Final = "2026-11-01T12:00:00Z"
OFFER: Final = f"crex://{PROVIDER}/offer/o"
SITE: Final = f"crex://{PROVIDER}/site/a"
_MEMBERS: Final = {"hardware-evidence": "hardwareEvidence", "conformance-report": "conformanceReport"}
_REGISTERED: Final = frozenset({"capacity", "benchmark", "compliance", "accreditation", *_MEMBERS})


def attestation(
    issuer: str,
    kind: str,
    predicate: Any,
    subjects: list[Value] | None = None,
    name: str = "1",
    **header: Any,
) -> Value:
    """The body of an attestation, free to change; about the site unless subjects are given."""
    member = _MEMBERS.get(kind, kind if kind in _REGISTERED else "other")
    return {
        "header": {
            "id": f"crex://{issuer}/attestation/{kind.rsplit('/', maxsplit=1)[-1]}-{name}",
            "revision": "1",
            "issuer": issuer,
            "issuedAt": ISSUED,
        }
        | header,
        "subjects": subjects or [{"id": SITE}],
        "predicateType": kind,
        member: predicate,
    }


def attested(body: Mapping[str, Any], signer: str = "") -> str:
    """The file of an attestation, base64, signed by its issuer or another."""
    return b64(text(envelope("attestation", text(body), key_of(signer or body["header"]["issuer"]))))


def attester(authority: str, **members: Any) -> bytes:
    """The trust document of who attests."""
    return trust_of(authority, ["attestation", "status-list", "site"], **members)


def benchmark(*results: Value, suite: str = "mlperf-inference") -> Value:
    """A benchmark."""
    return {
        "suite": suite,
        "suiteVersion": "5.1",
        "harness": "loadgen 5.1",
        "ran": {"start": "2026-10-31T08:00:00Z", "end": "2026-10-31T09:00:00Z"},
        "results": list(results) or [result("tokens", "1200.5")],
    }


def result(metric: str, value: str, **members: Any) -> Value:
    """One figure."""
    return {"metric": metric, "value": value, "unit": "per-s", "samples": 5} | members


def compliance(level: int | None = 3, scheme: str = "mlps", **members: Any) -> Value:
    """A certificate."""
    stated = {} if level is None else {"level": level}
    return {
        "scheme": scheme,
        **stated,
        "scope": ["hall A"],
        "certificate": "64050-26001",
        "validFrom": "2026-01-15",
        "validTo": "2027-01-14",
    } | members


def without(value: Value, name: str) -> Value:
    """A copy that lacks a member."""
    return {member: it for member, it in value.items() if member != name}
