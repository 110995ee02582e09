"""Judging hardware evidence: step 22 of verification (predicates/hardware-evidence.md).

The vendor's quote stays opaque. What is judged is the result of the verifier that signed the attestation:
that it affirms every part, answers the challenge of whoever asks, binds the expected key, and is young.
"""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from crex import v1
from crex.documents.ear import AFFIRMING, Ear, Part, read_ear, tier_of
from crex.documents.times import format_time
from crex.errors import DocumentError, TrustError, Violation
from crex.trust import steps

MAX_AGE: Final = timedelta(hours=1)
LEEWAY: Final = timedelta(seconds=60)
_PREFIX: Final = b"CREX evidence v1\n"
_DIGEST_CHARACTERS: Final = 43
_NEW_EVIDENCE: Final = "Send a new challenge and get new evidence for it."


def binding(nonce: bytes, key_id: str) -> bytes:
    """Gives what the hardware must have quoted: challenge and key in one digest (EVIDENCE-BIND-1).

    Args:
        nonce: The challenge, 16 to 64 bytes.
        key_id: Identifier of the key, unpadded base64url of SHA-256 over its SPKI.

    Returns:
        SHA-256 of `CREX evidence v1`, a line feed, the challenge, and the 32 bytes that the identifier
        stands for. The key comes last and has one length, so no two pairs share a text.

    Raises:
        ValueError: The identifier does not stand for 32 bytes.
    """
    whole = len(key_id) == _DIGEST_CHARACTERS and key_id.isascii()
    digest = urlsafe_b64decode(f"{key_id}=") if whole else b""
    if len(digest) != sha256().digest_size:
        raise ValueError(f"{key_id[:64]!r} does not stand for a digest of 32 bytes")
    return sha256(_PREFIX + nonce + digest).digest()


def check_evidence(
    predicate: v1.HardwareEvidencePredicate, *, nonce: bytes, bound_key: str | None, now: datetime
) -> None:
    """Makes step 22 for hardware evidence whose signature and form were verified before.

    Args:
        predicate: The predicate.
        nonce: The challenge that the caller sent, 16 to 64 bytes. It is used once.
        bound_key: Identifier of the key that the caller expects the hardware to hold; None: any, and the
            caller reads it from the predicate.
        now: The time for which it is judged, aware.

    Raises:
        TrustError: EVIDENCE, with the requirement, what was found and what to do.
    """
    _check_nonce(predicate, nonce)
    _check_key(predicate, bound_key)
    _check_age(predicate, now)
    try:
        ear = read_ear(predicate.ear)
    except DocumentError as error:
        raise _refused(
            f"The verifier's result cannot be read: {error.message}. Ask the verifier for another.",
            "EVIDENCE-EAR-2",
            violations=error.violations,
        ) from error
    _check_times(ear, predicate, now)
    _check_affirmed(ear)
    _check_bound(ear, binding(nonce, predicate.bound_key))


def _check_nonce(predicate: v1.HardwareEvidencePredicate, nonce: bytes) -> None:
    if not 16 <= len(nonce) <= 64:
        raise _refused(
            f"The challenge has {len(nonce)} bytes. Take 16 to 64 random ones.", "EVIDENCE-NONCE-1"
        )
    if not compare_digest(predicate.nonce, nonce):
        raise _refused(
            f"The evidence answers another challenge than the one that was sent. {_NEW_EVIDENCE}",
            "EVIDENCE-NONCE-1",
        )


def _check_key(predicate: v1.HardwareEvidencePredicate, bound_key: str | None) -> None:
    try:
        binding(predicate.nonce, predicate.bound_key)
    except ValueError as error:
        raise _refused(f"The key that it names is none: {error}. {_NEW_EVIDENCE}", "EVIDENCE-KEY-1") from None
    if bound_key is not None and predicate.bound_key != bound_key:
        raise _refused(
            f"The evidence is for key {predicate.bound_key}, and key {bound_key} is to be shown. Get "
            "evidence for that key, or ask why the other is used.",
            "EVIDENCE-KEY-1",
        )


def _check_age(predicate: v1.HardwareEvidencePredicate, now: datetime) -> None:
    try:
        quoted = predicate.quoted_at.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise _refused(f"The time of the quote is none. {_NEW_EVIDENCE}", "EVIDENCE-AGE-1") from None
    if now - quoted >= MAX_AGE:
        raise _refused(
            f"The quote was made at {_show(quoted)}, and an hour or more has passed by {_show(now)}. "
            f"{_NEW_EVIDENCE}",
            "EVIDENCE-AGE-1",
        )
    if quoted - now > LEEWAY:
        raise _refused(
            f"The quote was made at {_show(quoted)}, later than the time of this check, {_show(now)}. "
            "Compare both clocks.",
            "EVIDENCE-AGE-1",
        )


def _check_times(ear: Ear, predicate: v1.HardwareEvidencePredicate, now: datetime) -> None:
    """A result is no older than the quote it judges, is issued by now and has not ended."""
    leeway, second = int(LEEWAY.total_seconds()), int(now.timestamp())
    if ear.issued_at < predicate.quoted_at.seconds - leeway:
        raise _refused(
            "The verifier issued its result before the quote was made, so it judged another. "
            f"{_NEW_EVIDENCE}",
            "EVIDENCE-EAR-3",
        )
    if ear.issued_at > second + leeway:
        raise _refused(
            "The verifier issued its result later than the time of this check. Compare both clocks.",
            "EVIDENCE-EAR-3",
        )
    if ear.expires_at is not None and second >= ear.expires_at:
        raise _refused(
            f"The verifier's result has expired by its own word. {_NEW_EVIDENCE}", "EVIDENCE-EAR-3"
        )


def _check_affirmed(ear: Ear) -> None:
    for path, status in ear.status.items():
        if status != AFFIRMING:
            raise _not_affirmed(f"{path} is {status}")
    for part in ear.parts:
        if part.status != AFFIRMING:
            raise _not_affirmed(f"{part.path} is {part.status}")
        for name, claim in part.vector.items():
            # Zero makes no claim; 1 and -1 say that the verifier failed or met what it does not know.
            if claim != 0 and tier_of(claim) != AFFIRMING:
                raise _not_affirmed(f'{part.path} is affirmed, although its "{name[:64]}" is {claim}')


def _check_bound(ear: Ear, wanted: bytes) -> None:
    spellings = _spellings(wanted)
    for part in ear.parts:
        if not spellings & set(part.nonces):
            raise _not_bound(part)


def _spellings(value: bytes) -> frozenset[str]:
    """Gives the texts by which verifiers write bytes: base64 and base64url, padded or not."""
    padded = [b64encode(value).decode("ascii"), urlsafe_b64encode(value).decode("ascii")]
    return frozenset([*padded, *(text.rstrip("=") for text in padded)])


def _not_affirmed(found: str) -> TrustError:
    return _refused(
        f"The verifier does not affirm all of the hardware: {found}. Do not use it; its operator must mend "
        "it and get new evidence.",
        "EVIDENCE-EAR-1",
    )


def _not_bound(part: Part) -> TrustError:
    found = "carries another eat_nonce" if part.nonces else "carries no eat_nonce"
    return _refused(
        f"{part.path} {found} than the digest of challenge and key, so the quote may be of another machine. "
        "Have the hardware quote that digest, and the verifier repeat it.",
        "EVIDENCE-BIND-1",
    )


def _refused(message: str, requirement: str, *, violations: tuple[Violation, ...] = ()) -> TrustError:
    return steps.refusal(steps.EVIDENCE, "EVIDENCE", message, violations=violations, requirement=requirement)


def _show(value: datetime) -> str:
    return format_time(value.replace(microsecond=value.microsecond // 1000 * 1000))
