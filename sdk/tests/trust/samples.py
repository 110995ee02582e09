"""What the trust tests share: small valid documents, and envelopes around any bytes, signed by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from crex import v1
from crex.documents.times import format_time
from crex.errors import TrustError
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import pae
from crex.trust.identity import Identity
from crex.trust.keys import SigningKey

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PROVIDER, CONSUMER = "p.example.cn", "c.example.org"
BROKER = "b.example.net"


def header(issuer: str, path: str, **members: Any) -> dict[str, Any]:
    """A document header, issued at NOW."""
    return {
        "id": f"crex://{issuer}/{path}",
        "revision": "1",
        "issuer": issuer,
        "issuedAt": format_time(NOW),
        **members,
    }


def site(**members: Any) -> dict[str, Any]:
    """A valid site of the provider."""
    return {"header": header(PROVIDER, "site/a", **members), "country": "CN"}


def order(**members: Any) -> dict[str, Any]:
    """A valid order of the consumer, addressed to the provider."""
    pin = {"id": f"crex://{BROKER}/hold-receipt/h1", "revision": "1", "sha256": "0" * 64}
    interval = {"start": format_time(NOW), "end": format_time(NOW + timedelta(hours=1))}
    offer = {"id": f"crex://{PROVIDER}/offer/o", "revision": "1", "sha256": "1" * 64}
    return {
        "header": header(CONSUMER, "order-document/d1"),
        "holdReceipt": pin,
        "audience": PROVIDER,
        "nonce": "request-0001",
        "items": [{"offer": offer, "quantity": "1", "interval": interval}],
        "accessKey": "CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "interface": "ssh",
        **members,
    }


def sign_raw(token: str, body: bytes | Mapping[str, Any], *keys: SigningKey) -> v1.Envelope:
    """An envelope around any body, signed as asked, nothing checked."""
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    payload_type = f"application/vnd.crex.{token}.v1+json"
    signed = pae(payload_type, data)
    return v1.Envelope(
        payload_type=payload_type,
        payload=data,
        signatures=[v1.Signature(keyid=key.keyid, sig=key.sign(signed)) for key in keys],
    )


def trust_body(identity: Identity, **header_members: Any) -> dict[str, Any]:
    """The parsed trust document of an identity, with other header members; free to change."""
    body: dict[str, Any] = orjson.loads(identity.trust.parts.body)
    body["header"] |= header_members
    return body


def sign_trust(body: Mapping[str, Any], *keys: SigningKey) -> v1.Envelope:
    """A trust document signed as asked."""
    return sign_raw("trust-document", body, *keys)


def root_of(identity: Identity) -> SigningKey:
    """The root key of an identity that has one."""
    assert identity.root is not None
    return identity.root


def pinned(*identities: Identity) -> TrustDirectory:
    """A directory in memory that trusts the given identities."""
    directory = TrustDirectory()
    for identity in identities:
        directory.pin(identity.trust_document, now=NOW)
    return directory


def outcome(error: TrustError) -> tuple[int, str]:
    """Step and reason of a refusal."""
    return error.step, error.reason


def paths(error: TrustError) -> Iterable[str]:
    """Paths of a refusal's violations."""
    return [violation.path for violation in error.violations]
