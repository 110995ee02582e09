"""Status lists for vectors."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any, Final

from conformance.tests.vectors.signing import b64, envelope, text
from conformance.tests.vectors.trust_cases import PROVIDER, Value
from conformance.tests.vectors.trust_parties import key_of

SIZE: Final = 131_072
LIST: Final = f"crex://{PROVIDER}/status-list/a"


def bits(revoked: Iterable[int], size: int = SIZE) -> bytes:
    """The bits, before they are compressed: place 0 is the least significant bit of the first byte."""
    field = bytearray(size // 8)
    for place in revoked:
        field[place // 8] |= 1 << place % 8
    return bytes(field)


def list_body(
    revoked: Iterable[int] = (),
    since: dict[int, str] | None = None,
    header: Value | None = None,
    **members: Any,
) -> Value:
    """The body of a list, free to change.

    Args:
        revoked: Places that are revoked for all time.
        since: Places that are revoked since a time.
        header: Further members of the header.
        members: Further members.
    """
    since = since or {}
    body: Value = {
        "header": {
            "id": LIST,
            "revision": "1",
            "issuer": PROVIDER,
            "issuedAt": "2026-11-01T12:00:00Z",
            "validUntil": "2026-12-01T12:00:00Z",
        }
        | (header or {}),
        "size": str(SIZE),
        "bits": b64(zlib.compress(bits([*revoked, *since]), 9)),
        "ttl": "86400s",
    }
    body["header"] = {name: it for name, it in body["header"].items() if it is not None}
    if since:
        body["entries"] = [{"index": str(place), "revokedAt": time} for place, time in sorted(since.items())]
    return body | members


def list_file(body: Value, signer: str = PROVIDER) -> str:
    """The file of a list, base64."""
    return b64(text(envelope("status-list", text(body), key_of(signer))))
