"""SM2 with SM3, on trial, against OpenSSL and the standard's own example."""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crex import v1
from crex.errors import CrexError, TrustError
from crex.trust import algorithms
from crex.trust.algorithms import ECDSA_P256, TRIALS_VARIABLE
from crex.trust.identity import Identity
from crex.trust.key_files import Passphrase, parse_public_pem, public_pem, read_signing_key, write_key
from crex.trust.keys import LocalSigningKey, PublicKey
from crex.trust.verify import open_envelope
from sdk.tests.trust.samples import NOW, PROVIDER, outcome, pinned, sign_raw, site

pytest.importorskip("tongsuopy", reason="tongsuopy is not installed (pip install 'crex-protocol[sm2]')")

SM2 = "sm2-sm3"
PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
# GB/T 32918.5, the example of signing on the recommended curve: identifier 1234567812345678.
EXAMPLE_POINT = bytes.fromhex(
    "04"
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
EXAMPLE_SIGNATURE = bytes.fromhex(
    "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
)
IDENTIFIER = ("-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678")


@pytest.fixture(autouse=True)
def taking_part(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """These tests take part in the trial."""
    monkeypatch.setenv(TRIALS_VARIABLE, SM2)
    algorithms._load.cache_clear()
    yield
    algorithms._load.cache_clear()


@pytest.fixture(scope="module")
def key() -> LocalSigningKey:
    """A key of our own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(TRIALS_VARIABLE, SM2)
        return LocalSigningKey.generate(SM2)


def raw(der: bytes) -> bytes:
    """r‖s of a signature in DER."""
    r, s = decode_dss_signature(der)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def der(signature: bytes) -> bytes:
    """DER of a signature as r‖s."""
    return encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))


def test_the_example_of_the_standard() -> None:
    """ALG-SM2-1: the published signature over `message digest` verifies, and no other text does."""
    public = PublicKey.from_spki(PREFIX + EXAMPLE_POINT, SM2)
    assert public.verify(EXAMPLE_SIGNATURE, b"message digest")
    assert not public.verify(EXAMPLE_SIGNATURE, b"message digesT")
    assert not public.verify(EXAMPLE_SIGNATURE[::-1], b"message digest")
    assert public.raw == EXAMPLE_POINT


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.binary(max_size=300))
def test_openssl_verifies_ours(
    text: bytes, key: LocalSigningKey, openssl: Callable[..., bytes], tmp_path: Path
) -> None:
    """ALG-SM2-1, ALG-P256-1: OpenSSL verifies what we sign, under the default identifier."""
    files = {"text": text, "key": key.public_key.spki, "sig": der(key.sign(text))}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    command = ("pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", tmp_path / "key")
    said = openssl(*command, "-in", tmp_path / "text", "-sigfile", tmp_path / "sig", *IDENTIFIER)
    assert said.strip() == b"Signature Verified Successfully"


def test_we_verify_openssl(openssl: Callable[..., bytes], tmp_path: Path) -> None:
    """ALG-SM2-1: we verify what OpenSSL signs under that identifier, and nothing under another or none."""
    openssl("genpkey", "-algorithm", "SM2", "-out", tmp_path / "key")
    public = PublicKey.from_spki(openssl("pkey", "-in", tmp_path / "key", "-pubout", "-outform", "DER"), SM2)
    for text in (b"", b"text", bytes(range(256)) * 40):
        (tmp_path / "text").write_bytes(text)
        command = ("pkeyutl", "-sign", "-inkey", tmp_path / "key", "-in", tmp_path / "text")
        signature = raw(openssl(*command, *IDENTIFIER))
        assert public.verify(signature, text)
        assert not public.verify(signature, text + b"\0")
        assert not public.verify(der(signature), text)
        for other in (("-rawin", "-digest", "sm3"), (*IDENTIFIER[:-1], "distid:1234567812345679")):
            assert not public.verify(raw(openssl(*command, *other)), text)


def test_openssl_keys_and_ours(openssl: Callable[..., bytes], tmp_path: Path, key: LocalSigningKey) -> None:
    """A private key that OpenSSL made, and encrypted, signs here; OpenSSL reads ours."""
    path = tmp_path / "provider.pem"
    secret = ("-aes-256-cbc", "-pass", "pass:correct horse")
    openssl("genpkey", "-algorithm", "SM2", "-out", path, *secret)
    path.chmod(0o600)
    theirs = read_signing_key(path, Passphrase(b"correct horse"))
    assert (theirs.public_key.alg, theirs.public_key.verify(theirs.sign(b"text"), b"text")) == (SM2, True)
    write_key(tmp_path / "ours.pem", key)
    pem = (tmp_path / "ours.pem").read_bytes()
    assert openssl("pkey", "-in", tmp_path / "ours.pem", "-pubout", "-outform", "DER") == key.public_key.spki
    assert b"ENCRYPTED" not in pem
    write_key(tmp_path / "secret.pem", key, Passphrase(b"s"))
    assert read_signing_key(tmp_path / "secret.pem", Passphrase(b"s")).public_key == key.public_key
    with pytest.raises(CrexError) as refused:
        read_signing_key(tmp_path / "secret.pem", Passphrase(b"wrong"))
    assert "does not open with the passphrase given" in refused.value.message


def test_bounds_of_r_and_s(key: LocalSigningKey) -> None:
    """ALG-P256-1, ALG-LENGTH-1: zero, the order and more are refused, as are other lengths and DER."""
    signature = key.sign(b"text")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    top = 2**256 - 1
    # (n - s, s) and the like: t = r + s mod n must not be zero, by the standard.
    for wrong in ((0, s), (r, 0), (0, 0), (ORDER, s), (r, ORDER), (top, s), (r, top), (ORDER - s, s), (1, 1)):
        assert not key.public_key.verify(wrong[0].to_bytes(32, "big") + wrong[1].to_bytes(32, "big"), b"text")
    # Unlike ECDSA's, the signature has no second form.
    assert not key.public_key.verify(r.to_bytes(32, "big") + (ORDER - s).to_bytes(32, "big"), b"text")
    for other in (b"", signature[:-1], signature + b"\0", der(signature)):
        assert not key.public_key.verify(other, b"text")
    assert key.public_key.verify(signature, b"text")


@given(st.binary(min_size=64, max_size=64), st.binary(max_size=20))
def test_any_bytes_as_a_signature(signature: bytes, text: bytes) -> None:
    """Arbitrary signatures are refused, and nothing else happens (VERIFY-SIGNATURE-1)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(TRIALS_VARIABLE, SM2)
        assert not PublicKey.from_spki(PREFIX + EXAMPLE_POINT, SM2).verify(signature, text)


@pytest.mark.parametrize(
    ("label", "spki"),
    [
        ("off the curve", PREFIX + b"\x04" + b"\x01" * 64),
        ("all zero", PREFIX + b"\x04" + bytes(64)),
        ("above the field", PREFIX + b"\x04" + b"\xff" * 64),
        ("hybrid", PREFIX + b"\x07" + EXAMPLE_POINT[1:]),
        ("short", PREFIX + EXAMPLE_POINT[:-1]),
        ("trailing byte", PREFIX + EXAMPLE_POINT + b"\0"),
        ("long form of a length", b"\x30\x81\x59" + PREFIX[2:] + EXAMPLE_POINT),
        ("bare point", EXAMPLE_POINT),
        ("empty", b""),
    ],
)
def test_keys_that_are_refused(label: str, spki: bytes) -> None:
    """ALG-POINT-1: only an uncompressed point of the curve, in DER, is a key."""
    with pytest.raises(TrustError) as refused:
        PublicKey.from_spki(spki, SM2)
    assert outcome(refused.value) == (9, "ALG")


def test_p256_and_sm2_are_not_each_other(key: LocalSigningKey) -> None:
    """TRUST-ALG-1: both are 91 bytes of a point; neither counts under the other's label."""
    p256 = LocalSigningKey.generate(ECDSA_P256)
    for spki, label in ((p256.public_key.spki, SM2), (key.public_key.spki, ECDSA_P256)):
        with pytest.raises(TrustError) as refused:
            PublicKey.from_spki(spki, label)
        assert outcome(refused.value) == (9, "ALG")


def test_a_document(key: LocalSigningKey) -> None:
    """A role with an Ed25519 and an SM2 key signs with both, and a reader who takes part verifies both."""
    signer = Identity.create(PROVIDER, roles=["provider"], now=NOW, algorithms=["ed25519", SM2])
    keys = signer.role_keys["provider"]
    verified = open_envelope(sign_raw("site", site(), *keys), v1.Site, pinned(signer), now=NOW)
    assert verified.keyids == tuple(one.keyid for one in keys)


def test_a_reader_who_does_not_take_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """ALG-TRIAL-1: with the library installed, an SM2 signature is refused all the same (ALG)."""
    signer = Identity.create(PROVIDER, roles=["provider"], now=NOW, algorithms=["ed25519", SM2])
    envelope = sign_raw("site", site(), signer.role_keys["provider"][1])
    monkeypatch.delenv(TRIALS_VARIABLE)
    with pytest.raises(TrustError) as refused:
        open_envelope(envelope, v1.Site, pinned(signer), now=NOW)
    assert outcome(refused.value) == (9, "ALG")
    assert "sm2-sm3 is in trial status" in refused.value.message


def test_a_key_file_of_one_who_does_not_take_part(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: LocalSigningKey, openssl: Callable[..., bytes]
) -> None:
    """A private SM2 key without the variable says which variable; its public half is as OpenSSL writes it."""
    write_key(tmp_path / "key.pem", key)
    assert public_pem(key.public_key) == openssl("pkey", "-in", tmp_path / "key.pem", "-pubout")
    assert parse_public_pem(public_pem(key.public_key)) == key.public_key
    monkeypatch.delenv(TRIALS_VARIABLE)
    with pytest.raises(CrexError) as refused:
        read_signing_key(tmp_path / "key.pem")
    assert f"Set {TRIALS_VARIABLE}=sm2-sm3 if it is one of those on trial" in refused.value.message
    with pytest.raises(CrexError) as refused:
        parse_public_pem(public_pem(key.public_key))
    assert refused.value.reason == "ALG"


def _sign(key: LocalSigningKey, answers: Any) -> None:
    answers.put(key.sign(b"text"))


def test_nonces(key: LocalSigningKey) -> None:
    """ALG-P256-2: no two signatures over one text share a nonce, not even those of a forked process."""
    seen = {key.sign(b"text")[:32] for _ in range(200)}
    assert len(seen) == 200
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    children = [context.Process(target=_sign, args=[key, answers]) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(30)
        assert child.exitcode == 0
    seen |= {answers.get()[:32] for _ in children} | {key.sign(b"text")[:32]}
    assert len(seen) == 204


def test_no_weak_library_is_asked_for() -> None:
    """ALG-P256-2: what has been seen to draw nonces that can be predicted is pinned nowhere here."""
    pins = (Path(__file__).parents[3] / "constraints.txt").read_text("utf-8")
    assert re.findall(r"^(?:gmssl|snowland-smx|gmalg)\b.*", pins, re.MULTILINE) == []


def test_nothing_secret_is_shown(key: LocalSigningKey) -> None:
    """No text of the key pair shows the private key."""
    pem = key.pem().decode().split("\n")
    assert repr(key) == f"LocalSigningKey(alg='sm2-sm3', keyid='{key.keyid}')"
    assert repr(key._half) == "Sm2Half(…)"
    assert all(line not in f"{key!r}{key._half!r}{key.public_key!r}" for line in pem[1:-2])
