"""Signing algorithms: one form of key and of signature each, and all that is refused."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from crex import registry, v1
from crex.documents.types import document_type
from crex.errors import CrexError, TrustError
from crex.trust import algorithms
from crex.trust.algorithms import BUILT_IN, ECDSA_P256, ED25519, ML_DSA_65, Family
from crex.trust.algorithms.ecdsa_p256 import SIGNING_ALGORITHM as ECDSA
from crex.trust.algorithms.ml_dsa_65 import SIGNING_ALGORITHM as ML_DSA
from crex.trust.identity import Identity
from crex.trust.key_files import Passphrase, parse_public_pem, public_pem, read_signing_key, write_key
from crex.trust.keys import KNOWN_ALGORITHMS, LocalSigningKey, PublicKey
from crex.trust.verify import open_envelope
from sdk.tests.trust.samples import NOW, PROVIDER, outcome, pinned, sign_raw, site

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
P256_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
# Made once: generating is not what these tests are about.
KEYS = {token: LocalSigningKey.generate(token) for token in BUILT_IN}


def spki(public: Any) -> bytes:
    """DER of a public key, whatever its kind."""
    encoded: bytes = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded


def private_of(token: str) -> Any:
    """The key as `cryptography` has it, by way of its key file."""
    return load_pem_private_key(KEYS[token].pem(), None)


def refusal(der: bytes, token: str) -> tuple[int, str]:
    """Step and reason by which a key is refused."""
    with pytest.raises(TrustError) as refused:
        PublicKey.from_spki(der, token)
    return outcome(refused.value)


@pytest.mark.parametrize("token", BUILT_IN)
def test_the_registry_says_what_the_code_does(token: str) -> None:
    """ALG-FAMILY-1, ALG-LENGTH-1: family and lengths of the registry are those of the code, and of a key."""
    entry = registry.load("algorithms")[token]
    algorithm = algorithms.find(token)
    assert algorithm is not None
    key = KEYS[token]
    signature = key.sign(b"text")
    assert entry.members["family"] == algorithm.family == key.public_key.family
    assert entry.whole("signatureBytes") == algorithm.signature_bytes == len(signature)
    assert entry.whole("spkiBytes") == len(key.public_key.spki)
    assert (algorithm.token, entry.members["status"]) == (token, "stable")


def test_the_registry_lists_every_known_token() -> None:
    """Whatever the code knows stands in the registry, and X25519 has no family: it signs nothing."""
    listed = registry.load("algorithms")
    assert {entry.token for entry in listed} == KNOWN_ALGORITHMS | {"sm2-sm3"}
    assert "family" not in listed["x25519"].members
    assert listed["sm2-sm3"].members["status"] == "trial"


def test_every_verifier_has_both() -> None:
    """ALG-SUPPORT-1: Ed25519 and P-256 work everywhere; ML-DSA-65 is of the other family."""
    families = {one.token: one.family for one in algorithms.supported()}
    assert families[ED25519] == families[ECDSA_P256] == Family.CLASSICAL
    assert families[ML_DSA_65] == Family.POST_QUANTUM


@pytest.mark.parametrize("token", BUILT_IN)
def test_a_signature_holds_for_its_text_and_key_only(token: str) -> None:
    """VERIFY-SIGNATURE-1: another text, another key, another length, or a changed byte is refused."""
    key, other = KEYS[token], LocalSigningKey.generate(token)
    signature = key.sign(b"text")
    assert key.public_key.verify(signature, b"text")
    assert not key.public_key.verify(signature, b"texT")
    assert not other.public_key.verify(signature, b"text")
    for wrong in (b"", signature[:-1], signature + b"\0", b"\0" + signature, bytes(len(signature))):
        assert not key.public_key.verify(wrong, b"text")
    for at in (0, len(signature) // 2, len(signature) - 1):
        changed = bytearray(signature)
        changed[at] ^= 1
        assert not key.public_key.verify(bytes(changed), b"text")


@given(st.sampled_from(sorted(BUILT_IN)), st.binary(max_size=80), st.binary(max_size=40))
def test_any_bytes_as_a_signature(token: str, signature: bytes, text: bytes) -> None:
    """No bytes do worse than to be refused, whatever the algorithm (ALG-LENGTH-1)."""
    assert not KEYS[token].public_key.verify(signature, text)


@pytest.mark.parametrize("token", BUILT_IN)
@pytest.mark.parametrize("label", sorted(KNOWN_ALGORITHMS))
def test_a_key_under_another_label(token: str, label: str) -> None:
    """TRUST-ALG-1: a key counts under its own token and no other."""
    if token != label:
        assert refusal(KEYS[token].public_key.spki, label) == (9, "ALG")


@pytest.mark.parametrize("token", BUILT_IN)
@pytest.mark.parametrize("secret", [None, b"correct horse"])
def test_a_key_file(token: str, secret: bytes | None, tmp_path: Path) -> None:
    """A private key of every algorithm goes into a file and comes back, encrypted where asked."""
    key, path = KEYS[token], tmp_path / "key.pem"
    write_key(path, key, Passphrase(secret))
    assert path.stat().st_mode & 0o777 == 0o600
    assert (b"ENCRYPTED" in path.read_bytes()) == (secret is not None)
    back = read_signing_key(path, Passphrase(secret))
    assert back.public_key == key.public_key
    assert back.public_key.verify(back.sign(b"text"), b"text")
    if secret is not None:
        with pytest.raises(CrexError) as refused:
            read_signing_key(path, Passphrase(b"wrong"))
        assert refused.value.message.startswith("The key file does not open with the passphrase given")
        assert refused.value.source == str(path)


@pytest.mark.parametrize("token", BUILT_IN)
def test_a_public_key_as_pem(token: str) -> None:
    """The public half goes into PEM as others write it, and comes back with its algorithm."""
    public = KEYS[token].public_key
    pem = public_pem(public)
    assert pem == private_of(token).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert parse_public_pem(pem) == public
    assert parse_public_pem(pem.replace(b"\n", b"\r\n") + b"\n") == public


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
        b"-----BEGIN PUBLIC KEY-----\nYR==\n-----END PUBLIC KEY-----\n",
        b"-----BEGIN PUBLIC KEY-----\nYQ==\n-----END PUBLIC KEY-----\n",
        b"-----BEGIN PRIVATE KEY-----\nYQ==\n-----END PRIVATE KEY-----\n",
        public_pem(KEYS[ED25519].public_key) * 2,
        public_pem(KEYS[ED25519].public_key).replace(b"-----END", b"-----ENDE"),
    ],
)
def test_what_is_no_public_key(pem: bytes) -> None:
    """Anything else than one public key that signs is refused (ALG)."""
    with pytest.raises(CrexError) as refused:
        parse_public_pem(pem)
    assert refused.value.reason == "ALG"


def test_a_weak_public_key_as_pem() -> None:
    """VERIFY-WEAK-1: a key under which anybody can forge is refused for what it is, in PEM too."""
    spki = bytes.fromhex("302a300506032b6570032100") + b"\x01" + bytes(31)
    pem = b"-----BEGIN PUBLIC KEY-----\n" + b64encode(spki) + b"\n-----END PUBLIC KEY-----\n"
    with pytest.raises(TrustError) as refused:
        parse_public_pem(pem)
    assert refused.value.reason == "KEY_WEAK"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda: ec.generate_private_key(ec.SECP384R1()), id="p-384"),
        pytest.param(lambda: ec.generate_private_key(ec.SECP256K1()), id="secp256k1"),
        pytest.param(ed448.Ed448PrivateKey.generate, id="ed448"),
        pytest.param(mldsa.MLDSA44PrivateKey.generate, id="ml-dsa-44"),
        pytest.param(mldsa.MLDSA87PrivateKey.generate, id="ml-dsa-87"),
        pytest.param(lambda: rsa.generate_private_key(65537, 2048), id="rsa"),
    ],
)
def test_keys_of_other_kinds(other: Any, tmp_path: Path) -> None:
    """A key of an algorithm that is none of ours is refused, public and private, under every label."""
    private = other()
    for token in BUILT_IN:
        assert refusal(spki(private.public_key()), token) == (9, "ALG")
    path = tmp_path / "key.pem"
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    with pytest.raises(CrexError) as refused:
        read_signing_key(path)
    assert "of another kind than ed25519, ecdsa-p256, ml-dsa-65" in refused.value.message


@given(st.sampled_from(sorted(BUILT_IN)), st.integers(0, 4000), st.binary(max_size=3))
def test_damaged_key_files(
    tmp_path_factory: pytest.TempPathFactory, token: str, at: int, instead: bytes
) -> None:
    """A key file with any bytes changed gives a key that signs, or a refusal; nothing else happens."""
    pem = KEYS[token].pem()
    at %= len(pem)
    path = tmp_path_factory.mktemp("damaged") / "key.pem"
    path.write_bytes(pem[:at] + instead + pem[at + len(instead) + 1 :])
    path.chmod(0o600)
    with suppress(CrexError):
        key = read_signing_key(path)
        assert key.public_key.verify(key.sign(b"text"), b"text")


@pytest.mark.parametrize("token", BUILT_IN)
def test_nothing_secret_is_shown(token: str) -> None:
    """Neither key pair nor private half nor algorithm shows the private key in its text or attributes."""
    key = KEYS[token]
    secret = private_of(token).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    shown = f"{key!r}{key._half!r}{key.public_key!r}{algorithms.find(token)!r}"
    assert re.fullmatch(r"LocalSigningKey\(alg='[a-z0-9-]+', keyid='[\w-]{43}'\)", repr(key))
    assert all(secret[at : at + 8].hex() not in shown for at in range(0, len(secret) - 8, 4))


# --- P-256 ---


def raw(r: int, s: int) -> bytes:
    """A signature as r‖s."""
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def test_p256_is_raw() -> None:
    """ALG-P256-1: what is signed is r‖s over SHA-256, and the same in DER is refused."""
    key, private = KEYS[ECDSA_P256], private_of(ECDSA_P256)
    signature = key.sign(b"text")
    assert len(signature) == 64
    der = private.sign(b"text", ec.ECDSA(hashes.SHA256()))
    assert not key.public_key.verify(der, b"text")
    r, s = decode_dss_signature(der)
    assert key.public_key.verify(raw(r, s), b"text")
    digest = hashes.Hash(hashes.SHA256())
    digest.update(b"text")
    prehashed = private.sign(digest.finalize(), ec.ECDSA(Prehashed(hashes.SHA256())))
    assert key.public_key.verify(raw(*decode_dss_signature(prehashed)), b"text")
    sha384 = private.sign(b"text", ec.ECDSA(hashes.SHA384()))
    assert not key.public_key.verify(raw(*decode_dss_signature(sha384)), b"text")


def test_p256_der_that_has_sixty_four_bytes() -> None:
    """ALG-P256-1: even DER that happens to be as long as r‖s is read as r‖s, and refused."""
    der = b"\x30\x3e\x02\x1d" + b"\x01" * 29 + b"\x02\x1d" + b"\x01" * 29
    assert len(der) == 64
    assert not KEYS[ECDSA_P256].public_key.verify(der, b"text")


def test_p256_bounds_of_r_and_s() -> None:
    """ALG-P256-1: zero, the order, and what is above it are refused for r and for s, as r + n is."""
    key = KEYS[ECDSA_P256].public_key
    signature = KEYS[ECDSA_P256].sign(b"text")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    top = 2**256 - 1
    for wrong in ((0, s), (r, 0), (0, 0), (P256_ORDER, s), (r, P256_ORDER), (top, s), (r, top), (1, 1)):
        assert not key.verify(raw(*wrong), b"text")
    if s + P256_ORDER <= top:
        assert not key.verify(raw(r, s + P256_ORDER), b"text")
    # The other of the two valid signatures: nothing is identified by a signature (ENV-DIGEST-1).
    assert key.verify(raw(r, P256_ORDER - s), b"text")


@pytest.mark.parametrize(
    ("label", "point"),
    [
        ("compressed", b"\x02" + b"\x01" * 32),
        ("not on the curve", b"\x04" + b"\x01" * 64),
        ("all zero", b"\x04" + bytes(64)),
        ("above the field", b"\x04" + b"\xff" * 64),
        ("infinity", b"\0"),
        ("short", b"\x04" + b"\x01" * 63),
    ],
)
def test_p256_points_that_are_refused(label: str, point: bytes) -> None:
    """ALG-POINT-1: only an uncompressed point of the curve is a key."""
    bits = b"\x03" + bytes([len(point) + 1]) + b"\0" + point
    body = P256_PREFIX[2:-3] + bits
    assert refusal(b"\x30" + bytes([len(body)]) + body, ECDSA_P256) == (9, "ALG")


def test_p256_other_encodings_of_one_key() -> None:
    """ALG-POINT-1: the same key compressed, hybrid, on another curve or in long-form DER is refused."""
    key = KEYS[ECDSA_P256].public_key
    point = key.spki[len(P256_PREFIX) :]
    assert key.spki == P256_PREFIX + point
    odd = point[-1] & 1
    compressed = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + bytes([2 + odd])
    assert refusal(compressed + point[1:33], ECDSA_P256) == (9, "ALG")
    assert refusal(P256_PREFIX + bytes([6 + odd]) + point[1:], ECDSA_P256) == (9, "ALG")
    long_form = b"\x30\x81\x59" + key.spki[2:]
    assert refusal(long_form, ECDSA_P256) == (9, "ALG")
    assert refusal(key.spki + b"\0", ECDSA_P256) == (9, "ALG")
    assert refusal(P256_PREFIX.replace(b"\x07\x03\x42", b"\x06\x03\x42") + point, ECDSA_P256) == (9, "ALG")
    # id-ecDH instead of id-ecPublicKey: restricted to key agreement by RFC 5480.
    ecdh = bytes.fromhex("3057301106052b8104010c06082a8648ce3d030107034200") + point
    assert refusal(ecdh, ECDSA_P256) == (9, "ALG")


def test_p256_explicit_parameters(openssl: Callable[..., bytes], tmp_path: Path) -> None:
    """ALG-POINT-1: a key whose curve is spelled out is refused: others could be spelled out so, too."""
    path = tmp_path / "key.pem"
    path.write_bytes(KEYS[ECDSA_P256].pem())
    der = openssl("ec", "-in", path, "-pubout", "-outform", "DER", "-param_enc", "explicit")
    assert KEYS[ECDSA_P256].public_key.raw in der
    assert refusal(der, ECDSA_P256) == (9, "ALG")


# --- Ed25519 ---


def test_ed25519_plus_the_order() -> None:
    """ALG-ED25519-1: S plus the order of the group satisfies the same equation, and is refused."""
    key = KEYS[ED25519]
    signature = key.sign(b"text")
    s = int.from_bytes(signature[32:], "little")
    for times in range(1, 8):
        forged = signature[:32] + (s + times * ED25519_ORDER).to_bytes(32, "little")
        assert not key.public_key.verify(forged, b"text")


# --- ML-DSA-65 ---


def test_ml_dsa_with_a_context() -> None:
    """ALG-MLDSA-1: a signature under a context that is not empty is one over something else."""
    key, private = KEYS[ML_DSA_65], private_of(ML_DSA_65)
    assert key.public_key.verify(private.sign(b"text"), b"text")
    assert key.public_key.verify(private.sign(b"text", b""), b"text")
    for context in (b"\0", b"CREX", b"x" * 255):
        assert not key.public_key.verify(private.sign(b"text", context), b"text")


def test_ml_dsa_signs_anew_each_time() -> None:
    """Signatures are hedged: two over one text differ, and both verify."""
    key = KEYS[ML_DSA_65]
    first, second = key.sign(b"text"), key.sign(b"text")
    assert first != second
    assert key.public_key.verify(first, b"text")
    assert key.public_key.verify(second, b"text")


def test_ml_dsa_where_the_build_lacks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """VERIFY-ALG-1: without it in the OpenSSL below, its keys break nothing until they sign, and say why."""

    class Lacking:
        @staticmethod
        def from_seed_bytes(seed: bytes) -> None:
            raise UnsupportedAlgorithm("ML-DSA-65 is not supported by this version of OpenSSL")

    signer = Identity.create(PROVIDER, roles=["provider"], now=NOW, algorithms=[ED25519, ML_DSA_65])
    envelope = signer.sign_body(orjson.dumps(site()), document_type("site"))
    monkeypatch.setattr("crex.trust.algorithms.ml_dsa_65.MLDSA65PrivateKey", Lacking)
    assert "not supported here" in ML_DSA.lacks()
    algorithms._load.cache_clear()
    try:
        trust = pinned(signer)
        with pytest.raises(TrustError) as refused:
            open_envelope(envelope, v1.Site, trust, now=NOW)
        assert outcome(refused.value) == (9, "ALG")
        assert "ml-dsa-65 is not supported here" in refused.value.message
        with pytest.raises(TrustError, match="No key was made: ml-dsa-65 is not supported here"):
            LocalSigningKey.generate(ML_DSA_65)
    finally:
        algorithms._load.cache_clear()


# --- Together ---


def test_a_document_of_both_families() -> None:
    """ALG-FAMILY-1: a role with two keys signs with both, in one envelope; each counts to its own family."""
    signer = Identity.create(PROVIDER, roles=["provider"], now=NOW, algorithms=[ED25519, ML_DSA_65])
    envelope = signer.sign_body(orjson.dumps(site()), document_type("site"))
    assert sorted(len(one.sig) for one in envelope.signatures) == [64, 3309]
    trust = pinned(signer)
    verified = open_envelope(envelope, v1.Site, trust, now=NOW)
    record = trust.current(PROVIDER)
    assert record is not None
    publics = [record.keys[keyid].public for keyid in verified.keyids]
    assert {key.family for key in publics if key is not None} == set(Family)


@pytest.mark.parametrize("broken", [0, 1])
def test_one_of_two_signatures_is_forged(broken: int) -> None:
    """VERIFY-SIGNATURE-1: a good signature of one family does not excuse a bad one of the other."""
    signer = Identity.create(PROVIDER, roles=["provider"], now=NOW, algorithms=[ECDSA_P256, ML_DSA_65])
    envelope = signer.sign_body(orjson.dumps(site()), document_type("site"))
    envelope.signatures[broken].sig = envelope.signatures[broken].sig[:-1] + b"\0"
    with pytest.raises(TrustError) as refused:
        open_envelope(envelope, v1.Site, pinned(signer), now=NOW)
    assert outcome(refused.value) == (11, "SIGNATURE")


def test_p256_signs_documents() -> None:
    """ALG-SUPPORT-1: an authority all of whose keys are P-256 is pinned and verified like any other."""
    signer = Identity.create(PROVIDER, roles=["provider"], now=NOW, algorithms=[ECDSA_P256])
    (key,) = signer.role_keys["provider"]
    verified = open_envelope(sign_raw("site", site(), key), v1.Site, pinned(signer), now=NOW)
    assert verified.keyids == (key.keyid,)
    assert key.public_key.alg == ECDSA_P256
    assert ECDSA.load(key.public_key.spki).raw == key.public_key.raw
