"""Whether an attestation stands at a time: by its header, its certificate's dates and its status."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from crex import v1
from crex.documents.inline import inline
from crex.documents.times import format_time, parse_time
from crex.errors import TrustError
from crex.trust import steps
from crex.trust.checks import LEEWAY, StatusSource
from crex.trust.hardware_evidence import check_evidence
from crex.trust.policies.verdict import Shortcoming
from crex.trust.policies.wording import cut
from crex.trust.verified import Verified

_RULE: Final = "POLICY-VALID-1"


def shortcoming(
    attestation: Verified[v1.Attestation], now: datetime, status: StatusSource | None
) -> Shortcoming | None:
    """Tells why an attestation does not stand at a time, or nothing if it does (POLICY-VALID-1).

    Args:
        attestation: The attestation.
        now: The time, aware, UTC.
        status: Tells what is revoked; nothing: only what was shown when the attestation was verified.
    """
    body = attestation.json
    return (
        _by_header(body["header"], now)
        or _by_certificate(body.get("compliance"), now)
        or _by_evidence(attestation, now)
        or _by_status(attestation, now, status)
    )


def _by_header(header: Mapping[str, Any], now: datetime) -> Shortcoming | None:
    if parse_time(header["issuedAt"]) - now > LEEWAY:
        return Shortcoming(_RULE, f"issued only at {header['issuedAt']}")
    until = header.get("validUntil")
    if until is not None and now >= parse_time(until):
        return Shortcoming(_RULE, f"expired at {until}")
    return None


def _by_certificate(compliance: Mapping[str, Any] | None, now: datetime) -> Shortcoming | None:
    """A certificate holds from the beginning of its first day to the end of its last, UTC."""
    if compliance is None:
        return None
    today, first, last = now.date(), compliance["validFrom"], compliance["validTo"]
    if today < date.fromisoformat(first):
        return Shortcoming(_RULE, f"holds only from {first}")
    if today > date.fromisoformat(last):
        return Shortcoming(_RULE, f"held until {last}")
    return None


def _by_evidence(attestation: Verified[v1.Attestation], now: datetime) -> Shortcoming | None:
    """Judges hardware evidence by its own challenge: whose it is, only who sent it can tell."""
    if "hardwareEvidence" not in attestation.json:
        return None
    predicate = attestation.message.hardware_evidence
    try:
        check_evidence(predicate, nonce=predicate.nonce, bound_key=None, now=now)
    except TrustError as error:
        return Shortcoming("POLICY-EVIDENCE-1", f"its evidence does not hold: {inline(error.message)}")
    return None


def _by_status(
    attestation: Verified[v1.Attestation], now: datetime, status: StatusSource | None
) -> Shortcoming | None:
    place = attestation.json["header"].get("status")
    if place is None:
        return None
    if status is None:
        shown = any(
            one.step == steps.STATUS and one.outcome is steps.Outcome.PASSED for one in attestation.steps
        )
        return None if shown else Shortcoming(_RULE, "not shown not to be revoked: no status list was asked")
    try:
        since = status.revoked_since(attestation.issuer, place["list"], int(place["index"]), now=now)
    except TrustError as error:
        return Shortcoming(_RULE, f"not shown not to be revoked ({error.reason}): {cut(error.message)}")
    if since is None or since > now:
        return None
    told = "from the beginning" if since.year == 1 else f"as of {format_time(since)}"
    return Shortcoming(_RULE, f"revoked {told}")
