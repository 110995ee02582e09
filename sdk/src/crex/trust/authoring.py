"""Writing trust documents: the first version of an authority's, and the next one."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from crex import v1
from crex.documents.times import format_time
from crex.documents.types import DocumentType, document_types
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import Parts, sign
from crex.trust.keys import AccessKey, PublicKey, SigningKey
from crex.trust.trust_record import USE_ACCESS, USE_TRUST, TrustRecord

# Roles whose documents a key signs; other roles (admin, auditor) need a certificate only.
SIGNING_ROLES: Final = ("provider", "consumer", "broker", "arbiter", "publisher")


def types_signed_by(role: str) -> tuple[str, ...]:
    """Returns the tokens of the document types that a role signs, sorted."""
    return tuple(sorted(doctype.token for doctype in document_types() if doctype.signer == role))


def first_trust_document(
    authority: str,
    *,
    root: SigningKey,
    signing: Mapping[str, SigningKey],
    access: AccessKey | None,
    tls_roots: Sequence[str],
    now: datetime,
    valid_until: datetime,
) -> TrustRecord:
    """Writes and signs revision 1 of a trust document.

    Args:
        authority: Whose it is.
        root: The one root key.
        signing: The signing key of each role.
        access: The key to which access is sealed, if any.
        tls_roots: PEM certificates under which its programs are known.
        now: When it is issued, in whole milliseconds; its keys begin then.
        valid_until: When it ends.
    """
    uses: list[tuple[PublicKey, tuple[str, ...]]] = [(root.public_key, (USE_TRUST,))]
    uses += [(key.public_key, types_signed_by(role)) for role, key in signing.items()]
    if access is not None:
        uses.append((access.public_key, (USE_ACCESS,)))
    body = {
        "header": {
            "id": f"crex://{authority}/trust/main",
            "revision": "1",
            "issuer": authority,
            "issuedAt": format_time(now),
            "validUntil": format_time(valid_until),
        },
        "roots": {"threshold": 1, "keys": [root.keyid]},
        "keys": [_record(key, use, now) for key, use in uses],
        "tlsRoots": list(tls_roots),
    }
    return own_record(_sign(body, root))


def next_trust_document(
    record: TrustRecord,
    *,
    root: SigningKey,
    signing: Mapping[str, SigningKey],
    now: datetime,
    valid_until: datetime,
) -> TrustRecord:
    """Writes and signs the next revision: the same keys, for all types that their roles sign by now."""
    body = orjson.loads(record.parts.body)
    body["header"] |= {
        "revision": str(record.revision + 1),
        "issuedAt": format_time(now),
        "validUntil": format_time(valid_until),
    }
    uses = {key.keyid: types_signed_by(role) for role, key in signing.items()}
    for key in body["keys"]:
        key["use"] = uses.get(key["keyid"], key["use"])
    return own_record(record.parts, _sign(body, root))


def own_record(*versions: v1.Envelope | Parts | bytes) -> TrustRecord:
    """Returns the record of one's own trust document, checked as everyone else will check it.

    Args:
        versions: Versions of it without a gap, at least one; the last is returned.

    Raises:
        TrustError: One of them does not verify.
    """
    directory = TrustDirectory()
    records = [directory.restore(version) for version in versions]
    return records[-1]


def _record(key: PublicKey, use: Sequence[str], now: datetime) -> dict[str, Any]:
    return {
        "keyid": key.keyid,
        "alg": key.alg,
        "spki": b64encode(key.spki).decode("ascii"),
        "use": list(use),
        "notBefore": format_time(now),
    }


def _sign(body: Mapping[str, Any], root: SigningKey) -> v1.Envelope:
    return sign(orjson.dumps(body), DocumentType.of(v1.TrustDocument), [root])
