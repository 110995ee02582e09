"""Tokens that are bound to a certificate, and the proofs that go with them (TOKEN-PROOF-1)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from crex.client._proof import make_proof
from crex.errors import CrexError
from crex.trust.certificates import CertificateAuthority, TlsCredential
from crex_broker.application import access_tokens
from crex_broker.application.access_tokens import AccessTokens
from reference_broker.tests.exchange import ManualClock

NO_KEY: Any = None
BROKER, PARTY, METHOD = "broker.example", "a.example", "/crex.v1.MarketService/GetOrder"


class Surroundings:
    """A broker's issuer of tokens, and a party with its certificate."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.tokens = AccessTokens(b"s" * 32, BROKER, self.clock)
        self.root = CertificateAuthority.create(PARTY, now=self.clock.now())
        self.tls = self.leaf()
        self.token, self.until, _ = self.tokens.issue(self.tls.chain_pem, None)

    def leaf(self, valid_for: timedelta = timedelta(days=1)) -> TlsCredential:
        """A certificate of the party."""
        return self.root.issue("main", now=self.clock.now(), valid_for=valid_for)

    def proof(self, **changes: Any) -> str:
        """A proof for `METHOD`, with what is changed about it."""
        given: dict[str, Any] = {
            "broker": BROKER,
            "method": METHOD,
            "now": self.clock.now(),
            "token": self.token,
        }
        key = load_pem_private_key(changes.pop("key_pem", self.tls.key_pem), None)
        assert isinstance(key, EllipticCurvePrivateKey)
        return make_proof(key, **(given | changes))

    def refused(self, proof: str, token: str | None = None) -> str:
        """What the refusal says."""
        with pytest.raises(CrexError) as caught:
            self.tokens.by_token(token or self.token, proof, METHOD)
        assert caught.value.reason == "TOKEN"
        assert (token or self.token) not in str(caught.value)
        return caught.value.message


@pytest.fixture
def around() -> Surroundings:
    """A broker and a party."""
    return Surroundings()


def test_a_token_with_its_proof_shows_the_certificate(around: Surroundings) -> None:
    """TOKEN-PROOF-1: the call is that of the certificate, whole, to be judged as on any channel."""
    shown = around.tokens.by_token(around.token, around.proof(), METHOD)
    leaf = x509.load_pem_x509_certificate(around.tls.chain_pem)
    assert shown.certificate_pem == leaf.public_bytes(Encoding.PEM)
    assert around.token not in repr(shown)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (lambda a: {"method": "/crex.v1.MarketService/CommitOrder"}, "not for this method"),
        (lambda a: {"broker": "other.example"}, "not for this method of this broker"),
        (lambda a: {"token": None}, "made for something else"),
        (lambda a: {"token": a.token + "x"}, "made for something else"),
        (lambda a: {"now": a.clock.now() - timedelta(seconds=61)}, "more than 60 s"),
        (lambda a: {"now": a.clock.now() + timedelta(seconds=62)}, "more than 60 s"),
        (lambda a: {"key_pem": a.leaf().key_pem}, "not signed by the key"),
    ],
)
def test_a_proof_for_anything_else_is_refused(
    around: Surroundings, changed: Callable[[Surroundings], dict[str, Any]], said: str
) -> None:
    """TOKEN-PROOF-1: one change to an accepted proof, and it is refused for just that."""
    around.tokens.by_token(around.token, around.proof(), METHOD)
    assert said in around.refused(around.proof(**changed(around)))


def test_a_proof_is_good_once(around: Surroundings) -> None:
    """TOKEN-PROOF-1: a proof that was seen on its way is of no use to whoever saw it."""
    proof = around.proof()
    shown = around.tokens.by_token(around.token, proof, METHOD)
    around.tokens.use_once(PARTY, shown)
    with pytest.raises(CrexError, match="used before"):
        around.tokens.use_once(PARTY, around.tokens.by_token(around.token, proof, METHOD))


def test_proofs_of_before_a_restart_are_refused(around: Surroundings) -> None:
    """TOKEN-PROOF-1: a broker that was ended forgot which proofs were used; the token itself stays good."""
    proof = around.proof()
    around.clock.advance(seconds=2)
    again = AccessTokens(b"s" * 32, BROKER, around.clock)
    with pytest.raises(CrexError, match="before this broker began"):
        again.by_token(around.token, proof, METHOD)
    again.by_token(around.token, around.proof(), METHOD)


def test_the_memory_of_proofs_empties_and_is_bounded(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proofs that no clock makes good again are forgotten; a party with too many waits, and nobody else."""
    monkeypatch.setattr(access_tokens, "_REMEMBERED", 3)
    shown = [around.tokens.by_token(around.token, around.proof(), METHOD) for _ in range(4)]
    for one in shown[:3]:
        around.tokens.use_once(PARTY, one)
    with pytest.raises(CrexError) as caught:
        around.tokens.use_once(PARTY, shown[3])
    assert caught.value.reason == "RATE_LIMITED"
    around.tokens.use_once("b.example", shown[3])
    around.clock.advance(seconds=119)
    with pytest.raises(CrexError, match="used before"):
        around.tokens.use_once(PARTY, shown[0])
    around.clock.advance(seconds=1)
    around.tokens.use_once(PARTY, shown[3])


def test_a_token_ends(around: Surroundings) -> None:
    """TOKEN-LIFETIME-1: after 15 minutes, to the second."""
    around.clock.advance(minutes=15, seconds=-1)
    around.tokens.by_token(around.token, around.proof(), METHOD)
    around.clock.advance(seconds=1)
    assert "ended" in around.refused(around.proof())


def test_a_token_never_outlives_its_certificate(around: Surroundings) -> None:
    """TOKEN-LIFETIME-1: it ends with the certificate where that ends earlier."""
    leaf = around.leaf(valid_for=timedelta(minutes=2))
    _, until, _ = around.tokens.issue(leaf.chain_pem, None)
    assert until == x509.load_pem_x509_certificate(leaf.chain_pem).not_valid_after_utc


@pytest.mark.parametrize("seconds", [-1, 0, 901])
def test_a_lifetime_out_of_bounds_is_refused(around: Surroundings, seconds: int) -> None:
    """TOKEN-LIFETIME-1: nobody gets a token for longer than 15 minutes, or for no time."""
    with pytest.raises(CrexError) as caught:
        around.tokens.issue(around.tls.chain_pem, timedelta(seconds=seconds))
    assert caught.value.reason == "SCHEMA"


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "x",
        "a.b.c",
        "é" * 100,
        "A" * 10_000,
        jwt.encode({"iss": BROKER, "aud": BROKER, "exp": 2**40, "iat": 0}, "o" * 32, algorithm="HS256"),
        jwt.encode({"iss": BROKER, "aud": BROKER, "exp": 2**40, "iat": 0}, "s" * 32, algorithm="HS256"),
        jwt.encode({"iss": BROKER, "aud": BROKER, "exp": 2**40, "iat": 0}, NO_KEY, algorithm="none"),
    ],
)
def test_a_forged_token_is_refused(around: Surroundings, forged: str) -> None:
    """What is none of this broker's tokens, or none at all, is refused and never crashes."""
    for proof in (around.proof(), forged):
        with pytest.raises(CrexError) as caught:
            around.tokens.by_token(forged, proof, METHOD)
        assert caught.value.reason == "TOKEN"


def test_a_proof_under_another_algorithm_is_refused(around: Surroundings) -> None:
    """A proof that a shared secret signs, the certificate's text among them, proves nothing."""
    claims = jwt.decode(around.proof(), options={"verify_signature": False})
    for algorithm, key in (("none", NO_KEY), ("HS256", b"k" * 32)):
        forged = jwt.encode(claims, key, algorithm=algorithm, headers={"typ": "crex-proof+jwt"})
        assert "not signed by the key" in around.refused(forged)


def test_a_token_is_no_proof_and_a_proof_no_token(around: Surroundings) -> None:
    """Neither passes for the other."""
    around.refused(around.token)
    around.refused(around.proof(), token=around.proof())


@pytest.mark.parametrize("iat", [float("inf"), float("nan"), 1e308, 1 << 2000, None, [], "x"], ids=range(7))
def test_a_time_that_is_none_is_refused(around: Surroundings, iat: Any) -> None:
    """TOKEN-PROOF-1: whatever a stranger signs as the time of a proof, the broker answers with TOKEN."""
    claims = jwt.decode(around.proof(), options={"verify_signature": False}) | {"iat": iat}
    key = load_pem_private_key(around.tls.key_pem, None)
    assert isinstance(key, EllipticCurvePrivateKey)
    around.refused(jwt.encode(claims, key, algorithm="ES256", headers={"typ": "crex-proof+jwt"}))


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        ("06072a8648ce3d0201", "06072a8648ce3d027f"),  # an algorithm that nobody knows
        ("06082a8648ce3d030107", "06082a8648ce3d03017f"),  # a curve that nobody knows
        ("06082a8648ce3d03010703420004", "06082a8648ce3d03010703420005"),  # a point of no form
    ],
)
def test_a_certificate_with_an_odd_key_is_refused(around: Surroundings, there: str, instead: str) -> None:
    """TOKEN-PROOF-1: a key that cannot be read makes a refusal of the stranger's call, no defect."""
    der = x509.load_pem_x509_certificate(around.tls.chain_pem).public_bytes(Encoding.DER)
    odd = der.replace(bytes.fromhex(there), bytes.fromhex(instead))
    assert odd != der
    with pytest.raises(CrexError) as caught:
        around.tokens.by_certificate(b64encode(odd).decode(), around.proof(token=None), METHOD)
    assert caught.value.reason == "TOKEN"


def test_a_first_token_is_asked_for_by_the_certificate(around: Surroundings) -> None:
    """Who has no token yet shows its certificate with a proof that names none."""
    leaf = x509.load_pem_x509_certificate(around.tls.chain_pem)
    text = b64encode(leaf.public_bytes(Encoding.DER)).decode()
    shown = around.tokens.by_certificate(text, around.proof(token=None), METHOD)
    assert shown.certificate_pem == leaf.public_bytes(Encoding.PEM)
    for bad in ("", "!", "AAAA", "A" * 5000):
        with pytest.raises(CrexError) as caught:
            around.tokens.by_certificate(bad, around.proof(token=None), METHOD)
        assert caught.value.reason == "TOKEN"


def test_another_brokers_token_is_refused(around: Surroundings) -> None:
    """A token is good at the broker that issued it, even where two share a secret by mistake."""
    other = AccessTokens(b"s" * 32, "other.example", around.clock)
    with pytest.raises(CrexError, match="not one of this broker's"):
        other.by_token(around.token, around.proof(broker="other.example"), METHOD)
