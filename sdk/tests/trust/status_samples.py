"""What the tests of status lists share: an issuer whose trust document names lists, and lists of its own."""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from crex import v1
from crex.documents.times import format_time
from crex.trust.directory import TrustDirectory
from crex.trust.identity import Identity
from sdk.tests.trust.samples import NOW, PROVIDER, header, root_of, sign_raw, sign_trust, trust_body

LIST = f"crex://{PROVIDER}/status-list/a"
SIZE = 131_072


def trusting(identity: Identity, *, lists: Iterable[str] = (LIST,), revision: int = 1) -> v1.Envelope:
    """A trust document of an identity that names lists and lets its signing key sign them."""
    body = trust_body(identity, revision=str(revision), issuedAt=format_time(NOW))
    body["statusLists"] = list(lists)
    for key in body["keys"]:
        if key["keyid"] == signing_key(identity).keyid:
            key["use"] = sorted({*key["use"], "status-list"})
    return sign_trust(body, root_of(identity))


def signing_key(identity: Identity) -> Any:
    """The one signing key of an identity."""
    return next(iter(identity.signing.values()))


def directory(identity: Identity, **members: Any) -> TrustDirectory:
    """A directory that trusts an identity whose trust document names the list."""
    trust = TrustDirectory()
    trust.pin(trusting(identity, **members), now=NOW)
    return trust


def list_body(
    revoked: Iterable[int] = (),
    *,
    dated: dict[int, datetime] | None = None,
    revision: int = 1,
    size: int = SIZE,
    issued: datetime = NOW,
    ttl: str = "86400s",
    valid_for: timedelta = timedelta(days=30),
    path: str = "status-list/a",
    issuer: str = PROVIDER,
) -> dict[str, Any]:
    """The body of a list."""
    bits = bytearray(size // 8)
    for index in {*revoked, *(dated or {})}:
        bits[index >> 3] |= 1 << (index & 7)
    times = {"issuedAt": format_time(issued), "validUntil": format_time(issued + valid_for)}
    body = {
        "header": header(issuer, path) | {"revision": str(revision)} | times,
        "size": str(size),
        "bits": b64encode(zlib.compress(bytes(bits), 9)).decode(),
        "ttl": ttl,
    }
    entries = [
        {"index": str(at), "revokedAt": format_time(when)} for at, when in sorted((dated or {}).items())
    ]
    return body | ({"entries": entries} if entries else {})


def signed_list(identity: Identity, *args: Any, **members: Any) -> v1.Envelope:
    """A list signed by an identity's key; arguments as `list_body`."""
    return sign_raw("status-list", list_body(*args, **members), signing_key(identity))
