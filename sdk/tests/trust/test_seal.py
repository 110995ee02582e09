"""Sealing against an HPKE that is composed here from primitives, itself held to the vectors of RFC 9180."""

from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from hypothesis import given
from hypothesis import strategies as st

from crex.errors import TrustError
from crex.trust.keys import AccessKey
from crex.trust.seal import access_info, open_sealed, seal

LEASE = "crex://broker.example.cn/order/o1/lease/l1"

AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305 = 1, 2, 3
KEY_BYTES = {AES_128_GCM: 16, AES_256_GCM: 32, CHACHA20_POLY1305: 32}


def extract(salt: bytes, key: bytes) -> bytes:
    """HKDF-Extract (RFC 5869)."""
    mac = HMAC(salt or bytes(32), SHA256())
    mac.update(key)
    return mac.finalize()


def expand(secret: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand (RFC 5869)."""
    out, block = b"", b""
    for counter in range(1, -(-length // 32) + 1):
        mac = HMAC(secret, SHA256())
        mac.update(block + info + bytes([counter]))
        block = mac.finalize()
        out += block
    return out[:length]


def labeled_extract(suite: bytes, salt: bytes, label: bytes, key: bytes) -> bytes:
    """LabeledExtract (RFC 9180, 4)."""
    return extract(salt, b"HPKE-v1" + suite + label + key)


def labeled_expand(suite: bytes, secret: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """LabeledExpand (RFC 9180, 4)."""
    return expand(secret, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


def composed_open(
    aead: int, private: X25519PrivateKey, enc: bytes, info: bytes, ciphertext: bytes, aad: bytes = b""
) -> bytes:
    """OpenBase (RFC 9180, 6.1) of DHKEM(X25519, HKDF-SHA256) and HKDF-SHA256, for the first message."""
    kem = b"KEM" + (0x20).to_bytes(2, "big")
    suite = b"HPKE" + (0x20).to_bytes(2, "big") + (1).to_bytes(2, "big") + aead.to_bytes(2, "big")
    agreed = private.exchange(X25519PublicKey.from_public_bytes(enc))
    context = enc + private.public_key().public_bytes_raw()
    secret = labeled_expand(kem, labeled_extract(kem, b"", b"eae_prk", agreed), b"shared_secret", context, 32)
    schedule = (
        b"\0"
        + labeled_extract(suite, b"", b"psk_id_hash", b"")
        + labeled_extract(suite, b"", b"info_hash", info)
    )
    base = labeled_extract(suite, secret, b"secret", b"")
    key = labeled_expand(suite, base, b"key", schedule, KEY_BYTES[aead])
    nonce = labeled_expand(suite, base, b"base_nonce", schedule, 12)
    cipher = ChaCha20Poly1305(key) if aead == CHACHA20_POLY1305 else AESGCM(key)
    return cipher.decrypt(nonce, ciphertext, aad)


@dataclass(frozen=True)
class Rfc9180:
    """One base-mode vector of RFC 9180, first message."""

    aead: int
    enc: str
    private: str
    ciphertext: str


# RFC 9180, A.1.1 and A.2.1; info, plaintext and additional data are the same in both.
VECTORS = (
    Rfc9180(
        AES_128_GCM,
        "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
        "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
        "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a",
    ),
    Rfc9180(
        CHACHA20_POLY1305,
        "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
        "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb",
        "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
    ),
)


@pytest.mark.parametrize("vector", VECTORS, ids=["aes-128-gcm", "chacha20-poly1305"])
def test_composed_hpke_opens_the_vectors_of_the_rfc(vector: Rfc9180) -> None:
    """The HPKE composed here is the one of RFC 9180, so that it can judge the library's."""
    opened = composed_open(
        vector.aead,
        X25519PrivateKey.from_private_bytes(bytes.fromhex(vector.private)),
        bytes.fromhex(vector.enc),
        b"Ode on a Grecian Urn",
        bytes.fromhex(vector.ciphertext),
        b"Count-0",
    )
    assert opened == b"Beauty is truth, truth beauty"


@given(st.binary(max_size=300), st.integers(1, 2**63 - 1))
def test_composed_hpke_opens_what_we_seal(plaintext: bytes, epoch: int) -> None:
    """What is sealed here opens under an independent HPKE of the stated suite (SEAL-SUITE-1, SEAL-INFO-1)."""
    key = AccessKey.generate()
    sealed = seal(key.raw, access_info(LEASE, epoch), plaintext)
    info = LEASE.encode() + epoch.to_bytes(8, "big")
    assert composed_open(AES_256_GCM, key.private, sealed.enc, info, sealed.ciphertext) == plaintext


def test_round_trip_and_sizes() -> None:
    """The holder reads what was sealed; the encapsulated key has 32 bytes and the tag 16."""
    key = AccessKey.generate()
    sealed = seal(key.raw, access_info(LEASE, 1), b"a token")
    assert (len(sealed.enc), len(sealed.ciphertext)) == (32, len(b"a token") + 16)
    assert open_sealed(key, access_info(LEASE, 1), sealed.enc, sealed.ciphertext) == b"a token"


def test_sealing_twice_gives_different_bytes() -> None:
    """Each sealing uses a fresh key, so equal texts cannot be recognised."""
    key = AccessKey.generate()
    assert seal(key.raw, b"", b"same") != seal(key.raw, b"", b"same")


@pytest.mark.parametrize("change", ["key", "lease", "epoch", "enc", "ciphertext", "short enc", "moved"])
def test_anything_else_does_not_open(change: str) -> None:
    """Another key, lease or epoch, and any altered byte, is refused with SEAL (ACCESS-SEAL-1)."""
    key, info = AccessKey.generate(), access_info(LEASE, 1)
    enc, ciphertext = seal(key.raw, info, b"a token")
    match change:
        case "key":
            key = AccessKey.generate()
        case "lease":
            info = access_info(LEASE + "2", 1)
        case "epoch":
            info = access_info(LEASE, 2)
        case "enc":
            enc = bytes([enc[0] ^ 1]) + enc[1:]
        case "ciphertext":
            ciphertext = ciphertext[:-1] + bytes([ciphertext[-1] ^ 1])
        case "short enc":
            enc = enc[:-1]
        case _:
            enc, ciphertext = enc + ciphertext[:1], ciphertext[1:]
    with pytest.raises(TrustError) as refused:
        open_sealed(key, info, enc, ciphertext)
    assert refused.value.reason == "SEAL"


@pytest.mark.parametrize(
    "u",
    [
        "00" * 32,  # zero
        "01" + "00" * 31,  # order 4
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",  # order 8
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # p - 1
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # p
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # p + 1
    ],
)
def test_key_of_small_order_is_refused(u: str) -> None:
    """Nothing is sealed to a key under which everyone could open it."""
    with pytest.raises(TrustError) as refused:
        seal(bytes.fromhex(u), b"", b"a token")
    assert refused.value.reason == "KEY_WEAK"


def test_key_of_wrong_length_is_refused() -> None:
    """An access key has 32 bytes; anything else is told so."""
    with pytest.raises(TrustError, match="32 bytes, this has 31"):
        seal(bytes(31), b"", b"a token")
