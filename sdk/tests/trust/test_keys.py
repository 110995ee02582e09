"""Keys: their names, their algorithms, and the keys that must never be registered."""

import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given
from hypothesis import strategies as st

from crex.errors import TrustError
from crex.trust.algorithms import ED25519
from crex.trust.keys import (
    KNOWN_ALGORITHMS,
    SIGNING_ALGORITHMS,
    X25519,
    AccessKey,
    LocalSigningKey,
    PublicKey,
    key_id,
)

ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")
SPKIS = {alg: LocalSigningKey.generate(alg).public_key.spki for alg in SIGNING_ALGORITHMS}
SPKIS[X25519] = AccessKey.generate().public_key.spki
X25519_SPKI = bytes.fromhex("302a300506032b656e032100")


def test_key_id_by_hand() -> None:
    """A key's name is the unpadded base64url of SHA-256 over its SPKI (TRUST-KEYID-1)."""
    key = LocalSigningKey.from_seed(bytes(32))
    # RFC 8410 SPKI of the public key of the all-zero seed.
    raw = bytes.fromhex("3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29")
    spki = ED25519_SPKI + raw
    assert key.public_key.spki == spki
    assert key.keyid == urlsafe_b64encode(sha256(spki).digest()).decode().rstrip("=")
    assert len(key.keyid) == 43


def test_sign_and_verify() -> None:
    """A signature verifies over its own text under its own key, and nowhere else."""
    key, other = LocalSigningKey.generate(), LocalSigningKey.generate()
    signature = key.sign(b"text")
    assert key.public_key.verify(signature, b"text")
    assert not key.public_key.verify(signature, b"texT")
    assert not other.public_key.verify(signature, b"text")
    assert not key.public_key.verify(signature[:-1], b"text")
    assert not AccessKey.generate().public_key.verify(signature, b"text")


@pytest.mark.parametrize(
    "point",
    [
        "01" + "00" * 31,  # the identity: verifies anything in OpenSSL
        "ec" + "ff" * 30 + "7f",  # order 2
        "00" * 32,  # order 4
        "00" * 31 + "80",  # order 4
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",  # order 8
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",  # order 8
        "01" + "00" * 30 + "80",  # the identity with its sign bit set: not canonical
        "ee" + "ff" * 30 + "7f",  # p + 1: the identity, not canonical
        "f0" + "ff" * 30 + "7f",  # p + 3: a point above the field, not canonical
        "02" + "00" * 31,  # not on the curve
    ],
)
def test_degenerate_ed25519_keys_are_refused(point: str) -> None:
    """A key of small order, off the curve or not canonically encoded is never registered (KEY_WEAK)."""
    with pytest.raises(TrustError) as refused:
        PublicKey.from_spki(ED25519_SPKI + bytes.fromhex(point), ED25519)
    assert (refused.value.reason, refused.value.step) == ("KEY_WEAK", 10)


def test_what_openssl_would_accept() -> None:
    """The check is needed: under the identity point, one fixed signature verifies over every text."""
    identity = ed25519.Ed25519PublicKey.from_public_bytes(b"\x01" + bytes(31))
    forged = b"\x01" + bytes(63)
    identity.verify(forged, b"any text")
    identity.verify(forged, b"any other text")


def test_x25519_key_of_small_order_is_refused() -> None:
    """An access key with which every agreement yields zero is refused at registration."""
    with pytest.raises(TrustError) as refused:
        PublicKey.from_spki(X25519_SPKI + bytes(32), X25519)
    assert refused.value.reason == "KEY_WEAK"


@pytest.mark.parametrize(
    ("label", "spki"),
    [
        ("p-256", None),
        ("x25519", X25519_SPKI + b"\x09" + bytes(31)),
        ("truncated", ED25519_SPKI + bytes(31)),
        ("trailing byte", LocalSigningKey.from_seed(bytes(32)).public_key.spki + b"\0"),
        ("raw", LocalSigningKey.from_seed(bytes(32)).public_key.raw),
        ("empty", b""),
    ],
)
def test_key_labelled_ed25519_that_is_none(label: str, spki: bytes | None) -> None:
    """Whatever is not exactly an Ed25519 SPKI is refused under that label (ALG)."""
    if spki is None:
        public = ec.generate_private_key(ec.SECP256R1()).public_key()
        spki = public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    with pytest.raises(TrustError) as refused:
        PublicKey.from_spki(spki, ED25519)
    assert (refused.value.reason, refused.value.step) == ("ALG", 9)


@given(st.binary(max_size=100))
def test_any_bytes_as_a_key_are_refused_and_nothing_else(spki: bytes) -> None:
    """Arbitrary bytes as a key are refused with a reason, never anything worse."""
    for alg in KNOWN_ALGORITHMS:
        with pytest.raises(TrustError):
            PublicKey.from_spki(spki, alg)


@given(st.sampled_from(sorted(KNOWN_ALGORITHMS)), st.integers(0, 2000), st.integers(1, 255))
def test_a_changed_byte_of_a_key(alg: str, at: int, flip: int) -> None:
    """A key with one byte changed is refused, or is another key: none has two encodings."""
    spki = bytearray(SPKIS[alg])
    spki[at % len(spki)] ^= flip
    try:
        other = PublicKey.from_spki(bytes(spki), alg)
    except TrustError:
        return
    assert other.raw != PublicKey.from_spki(SPKIS[alg], alg).raw
    assert bytes(spki).endswith(other.raw)


def test_nothing_secret_is_shown() -> None:
    """The text of a key pair shows its name and no secret."""
    seed = bytes(range(32))
    key, access = LocalSigningKey.from_seed(seed), AccessKey.generate()
    assert repr(key) == f"LocalSigningKey(alg='ed25519', keyid='{key.keyid}')"
    assert seed.hex() not in repr(key)
    assert repr(access) == f"AccessKey(keyid='{access.keyid}')"


def test_wycheproof(real_data: Path) -> None:
    """Every public Ed25519 case, malleable and truncated signatures among them, gets its expected verdict."""
    path = real_data / "crypto-vectors" / "wycheproof" / "ed25519_test.json"
    count = 0
    for group in json.loads(path.read_text())["testGroups"]:
        spki = bytes.fromhex(group["publicKeyDer"])
        key = PublicKey.from_spki(spki, ED25519)
        assert key.keyid == key_id(spki)
        for case in group["tests"]:
            count += 1
            valid = key.verify(bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
            assert valid == (case["result"] == "valid"), (case["tcId"], case["comment"])
    assert count == 151
