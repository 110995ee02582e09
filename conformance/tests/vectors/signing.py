"""Keys, signatures, envelopes and trust documents for vectors, made from primitives alone.

Nothing here imports the SDK: what the vectors expect must not come from what they judge. Keys come from fixed
seeds and Ed25519 is deterministic, so the same inputs come out each time.
"""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

# Order of the prime-order subgroup of edwards25519 (RFC 8032, 5.1).
L: Final = 2**252 + 27742317777372353535851937790883648493
# DER of an Ed25519 SubjectPublicKeyInfo up to the key (RFC 8410, 4).
ED25519_PREFIX: Final = bytes.fromhex("302a300506032b6570032100")
X25519_PREFIX: Final = bytes.fromhex("302a300506032b656e032100")

BEGIN: Final = "2026-11-01T12:00:00Z"
END: Final = "2027-11-01T12:00:00Z"


class Signer(Protocol):
    """Whatever signs an envelope."""

    @property
    def keyid(self) -> str:
        """Name of the key."""

    def sign(self, signed: bytes) -> bytes:
        """The raw signature."""


@dataclass(frozen=True)
class Key:
    """An Ed25519 key pair from a seed."""

    private: Ed25519PrivateKey

    @classmethod
    def of(cls, name: str) -> Key:
        """The key of a name: its seed is the name's SHA-256."""
        return cls(Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest()))

    @property
    def spki(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        return ED25519_PREFIX + self.private.public_key().public_bytes_raw()

    @property
    def keyid(self) -> str:
        """Name of the key."""
        return keyid_of(self.spki)

    def sign(self, signed: bytes) -> bytes:
        """The 64-byte signature."""
        return self.private.sign(signed)


def keyid_of(spki: bytes) -> str:
    """Unpadded base64url of SHA-256 over an SPKI."""
    return urlsafe_b64encode(sha256(spki).digest()).decode().rstrip("=")


def payload_type(token: str) -> str:
    """Payload type of a document type."""
    return f"application/vnd.crex.{token}.v1+json"


def pae(kind: str, body: bytes) -> bytes:
    """Pre-authentication encoding (DSSE 1.0.2)."""
    return b" ".join(
        [b"DSSEv1", str(len(kind.encode())).encode(), kind.encode(), str(len(body)).encode(), body]
    )


def text(value: Any) -> bytes:
    """Compact JSON, non-ASCII as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def b64(data: bytes) -> str:
    """Padded standard base64."""
    return b64encode(data).decode()


def envelope(token: str, body: bytes, *keys: Signer) -> dict[str, Any]:
    """The file form of an envelope as a value, free to change; signed rightly by the keys."""
    kind = payload_type(token)
    signatures = [{"keyid": key.keyid, "sig": b64(key.sign(pae(kind, body)))} for key in keys]
    return {"payloadType": kind, "payload": b64(body), "signatures": signatures}


def record(key: Key, use: Sequence[str], **members: Any) -> dict[str, Any]:
    """The record of a key in a trust document, free to change."""
    return spki_record(key.spki, use, **members)


def spki_record(spki: bytes, use: Sequence[str], **members: Any) -> dict[str, Any]:
    """The record of any SPKI, named rightly."""
    return {
        "keyid": keyid_of(spki),
        "alg": "ed25519",
        "spki": b64(spki),
        "use": list(use),
        "notBefore": BEGIN,
    } | members


def trust_document(
    authority: str,
    root: Key,
    records: Sequence[Mapping[str, Any]],
    **header: Any,
) -> dict[str, Any]:
    """The body of a trust document with one root, free to change."""
    return {
        "header": {
            "id": f"crex://{authority}/trust/main",
            "revision": "1",
            "issuer": authority,
            "issuedAt": BEGIN,
            "validUntil": END,
        }
        | header,
        "roots": {"threshold": 1, "keys": [root.keyid]},
        "keys": [record(root, ["trust-document"]), *records],
    }
