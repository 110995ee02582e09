"""Hardware evidence: one challenge, one key, a young result that affirms everything; all else is refused."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex import v1
from crex.documents import convert
from crex.errors import TrustError
from crex.trust.hardware_evidence import binding, check_evidence

EXAMPLE = Path(__file__).parents[3] / "schemas/examples/valid/attestation.hardware-evidence.json"
NONCE = hashlib.sha256(b"a challenge").digest()
KEY = urlsafe_b64encode(hashlib.sha256(b"the key of the enclave").digest()).decode().rstrip("=")
OTHER_KEY = urlsafe_b64encode(hashlib.sha256(b"another key").digest()).decode().rstrip("=")
QUOTED = datetime(2026, 3, 1, 8, 0, 5, tzinfo=UTC)
NOW = QUOTED + timedelta(minutes=1)
Change = Callable[[dict[str, Any]], object]


def evidence(change: Change = lambda _: None) -> v1.HardwareEvidencePredicate:
    """Gives the predicate of the example, with its claims set changed."""
    document = convert.to_message(json.loads(EXAMPLE.read_text("utf-8")), v1.Attestation)
    predicate = document.hardware_evidence
    claims = json.loads(predicate.ear)
    change(claims)
    predicate.ear = json.dumps(claims)
    return predicate


def refused(
    predicate: v1.HardwareEvidencePredicate,
    *,
    nonce: bytes = NONCE,
    bound_key: str | None = KEY,
    now: datetime = NOW,
) -> str:
    """Judges evidence that must be refused; gives the requirement."""
    with pytest.raises(TrustError) as caught:
        check_evidence(predicate, nonce=nonce, bound_key=bound_key, now=now)
    assert caught.value.reason == "EVIDENCE"
    assert caught.value.step == 22
    assert not nonce or b64encode(nonce).decode() not in str(caught.value)
    return caught.value.details["requirement"]


def part(claims: dict[str, Any]) -> dict[str, Any]:
    """Gives the one part of the example's result."""
    inner: dict[str, Any] = claims["submods"]["sev-snp"]
    return inner


def test_the_example_is_accepted() -> None:
    """Evidence as the page shows it holds for its challenge, with its key or with whichever it names."""
    check_evidence(evidence(), nonce=NONCE, bound_key=KEY, now=NOW)
    check_evidence(evidence(), nonce=NONCE, bound_key=None, now=NOW)


def test_the_digest_joins_challenge_and_key() -> None:
    """The hardware quotes SHA-256 of a fixed text, the challenge and the key's digest (EVIDENCE-BIND-1)."""
    key = hashlib.sha256(b"the key of the enclave").digest()
    assert binding(NONCE, KEY) == hashlib.sha256(b"CREX evidence v1\n" + NONCE + key).digest()
    assert len({binding(NONCE, KEY), binding(NONCE, OTHER_KEY), binding(NONCE[:16], KEY)}) == 3


@pytest.mark.parametrize("key", ["", "x", "é" * 43, "!" * 43, "A" * 42, "A" * 44, "A" * 42 + "="])
def test_a_key_that_is_none(key: str) -> None:
    """A text that stands for no 32 bytes is no key (EVIDENCE-KEY-1)."""
    predicate = evidence()
    predicate.bound_key = key
    assert refused(predicate, bound_key=None) == "EVIDENCE-KEY-1"
    with pytest.raises(ValueError, match="32 bytes"):
        binding(NONCE, key)


def test_another_challenge() -> None:
    """Evidence for an older challenge is refused, also where it was copied whole (EVIDENCE-NONCE-1)."""
    assert refused(evidence(), nonce=hashlib.sha256(b"a newer challenge").digest()) == "EVIDENCE-NONCE-1"
    assert refused(evidence(), nonce=NONCE[:-1]) == "EVIDENCE-NONCE-1"


@pytest.mark.parametrize("length", [0, 15, 65])
def test_a_challenge_has_a_length(length: int) -> None:
    """A challenge that could be guessed, or is none, is the caller's fault and refused (EVIDENCE-NONCE-1)."""
    predicate = evidence()
    predicate.nonce = bytes(length)
    assert refused(predicate, nonce=bytes(length)) == "EVIDENCE-NONCE-1"


def test_a_predicate_that_only_claims_the_challenge() -> None:
    """A nonce written beside an old quote does not bind it: the quoted digest decides (EVIDENCE-BIND-1)."""
    nonce = hashlib.sha256(b"a newer challenge").digest()
    predicate = evidence()
    predicate.nonce = nonce
    assert refused(predicate, nonce=nonce) == "EVIDENCE-BIND-1"


def test_another_key() -> None:
    """Evidence for another key than the one expected is refused (EVIDENCE-KEY-1)."""
    assert refused(evidence(), bound_key=OTHER_KEY) == "EVIDENCE-KEY-1"


def test_a_predicate_that_only_claims_the_key() -> None:
    """A key written beside a quote for another does not bind it (EVIDENCE-BIND-1)."""
    predicate = evidence()
    predicate.bound_key = OTHER_KEY
    assert refused(predicate, bound_key=OTHER_KEY) == "EVIDENCE-BIND-1"


@pytest.mark.parametrize(
    ("after", "accepted"),
    [
        (timedelta(seconds=-60), True),
        (timedelta(seconds=-60, milliseconds=-1), False),
        (timedelta(minutes=60, milliseconds=-1), True),
        (timedelta(minutes=60), False),
        (timedelta(days=400), False),
    ],
)
def test_a_quote_holds_for_less_than_an_hour(after: timedelta, accepted: bool) -> None:
    """Evidence ends an hour after its quote, without leeway, and begins with 60 s of it (EVIDENCE-AGE-1)."""
    predicate, now = evidence(lambda claims: claims.update(iat=int(QUOTED.timestamp()))), QUOTED + after
    if accepted:
        check_evidence(predicate, nonce=NONCE, bound_key=KEY, now=now)
    else:
        assert refused(predicate, now=now) == "EVIDENCE-AGE-1"


@pytest.mark.parametrize("seconds", [1 << 62, -(1 << 62)])
def test_a_time_out_of_the_calendar(seconds: int) -> None:
    """A quote at a time that no calendar has is refused, not a crash (EVIDENCE-AGE-1)."""
    predicate = evidence()
    predicate.quoted_at.seconds = seconds
    assert refused(predicate) == "EVIDENCE-AGE-1"


@pytest.mark.parametrize("status", ["none", "warning", "contraindicated", 0, 32, 96])
def test_a_part_that_is_not_affirmed(status: object) -> None:
    """Every tier but affirming is refused, by name and by number (EVIDENCE-EAR-1)."""
    assert refused(evidence(lambda claims: part(claims).update(ear_status=status))) == "EVIDENCE-EAR-1"


def test_affirming_may_be_a_number() -> None:
    """2 is affirming."""
    predicate = evidence(lambda claims: part(claims).update(ear_status=2))
    check_evidence(predicate, nonce=NONCE, bound_key=KEY, now=NOW)


@pytest.mark.parametrize("claim", [1, -1, 32, 96, -33, 127, -128])
def test_a_vector_that_denies_what_the_status_affirms(claim: int) -> None:
    """A verifier that affirms a part of which a claim says otherwise is not followed (EVIDENCE-EAR-1)."""
    change = {"ear_trustworthiness_vector": {"hardware": 2, "executables": claim}}
    assert refused(evidence(lambda claims: part(claims).update(change))) == "EVIDENCE-EAR-1"


def test_one_part_of_several() -> None:
    """One part that is not affirmed is enough to refuse all (EVIDENCE-EAR-1)."""
    change = {"gpu": {"ear_status": "warning"}}
    assert refused(evidence(lambda claims: claims["submods"].update(change))) == "EVIDENCE-EAR-1"


def test_the_result_as_a_whole() -> None:
    """A whole that is not affirmed is refused whatever its parts say (EVIDENCE-EAR-1)."""
    assert refused(evidence(lambda claims: claims.update(ear_status="warning"))) == "EVIDENCE-EAR-1"


@pytest.mark.parametrize(
    "spell", [b64encode, urlsafe_b64encode, lambda raw: urlsafe_b64encode(raw).rstrip(b"=")]
)
def test_spellings_of_the_digest(spell: Callable[[bytes], bytes]) -> None:
    """A verifier may write the digest in base64 or base64url, padded or not, alone or in a list."""
    text = spell(binding(NONCE, KEY)).decode()
    for nonces in (text, ["another-nonce", text]):
        predicate = evidence(lambda claims, nonces=nonces: claims.update(eat_nonce=nonces))  # type: ignore[misc]
        check_evidence(predicate, nonce=NONCE, bound_key=KEY, now=NOW)


@pytest.mark.parametrize("nonces", [b64encode(NONCE).decode(), "no digest at all", ["a" * 43, "b" * 43]])
def test_a_result_that_carries_something_else(nonces: object) -> None:
    """The challenge alone binds no key, and any other text nothing (EVIDENCE-BIND-1)."""
    assert refused(evidence(lambda claims: claims.update(eat_nonce=nonces))) == "EVIDENCE-BIND-1"


def test_a_result_without_a_nonce() -> None:
    """A result that repeats no nonce may be of any machine (EVIDENCE-BIND-1)."""
    assert refused(evidence(lambda claims: claims.pop("eat_nonce"))) == "EVIDENCE-BIND-1"


def test_the_nonce_of_a_part_counts_before_that_of_the_result() -> None:
    """A part whose evidence carries another nonce is refused, fresh as the result is (EVIDENCE-BIND-1)."""
    assert refused(evidence(lambda claims: part(claims).update(eat_nonce="c" * 43))) == "EVIDENCE-BIND-1"

    def moved(claims: dict[str, Any]) -> None:
        part(claims)["eat_nonce"], claims["eat_nonce"] = claims["eat_nonce"], "a-nonce-for-the-result"

    check_evidence(evidence(moved), nonce=NONCE, bound_key=KEY, now=NOW)


@pytest.mark.parametrize(
    ("claim", "second"),
    [("iat", QUOTED - timedelta(seconds=61)), ("iat", NOW + timedelta(seconds=61)), ("exp", NOW)],
)
def test_times_of_the_result(claim: str, second: datetime) -> None:
    """A result is of this quote, of the past, and has not expired (EVIDENCE-EAR-3)."""
    stamp = int(second.timestamp())
    assert refused(evidence(lambda claims: claims.update({claim: stamp}))) == "EVIDENCE-EAR-3"


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "{}", '{"iat":1}{}', "\x00", "{" * 1000, "x" * 70_000])
def test_a_result_that_is_none(text: str) -> None:
    """A text that is no claims set is refused with what is wrong in it (EVIDENCE-EAR-2)."""
    predicate = evidence()
    predicate.ear = text
    assert refused(predicate) == "EVIDENCE-EAR-2"


@given(st.integers(0, 2000), st.characters())
def test_one_changed_character_never_helps(at: int, character: str) -> None:
    """A claims set with one other character is accepted only where nothing that counts has changed."""
    predicate = evidence(lambda claims: part(claims).update(ear_status="warning"))
    text = predicate.ear
    at %= len(text)
    predicate.ear = (text[:at] + character + text[at + 1 :]).encode("utf-8", "replace").decode()
    with pytest.raises(TrustError):
        check_evidence(predicate, nonce=NONCE, bound_key=KEY, now=NOW)
