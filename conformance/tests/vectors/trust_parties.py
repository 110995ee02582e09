"""Authorities of vectors with their keys and trust documents; each key comes from its authority's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from conformance.tests.vectors.signing import Key, envelope, record, text, trust_document
from conformance.tests.vectors.trust_cases import P_KEY, P_ROOT, PROVIDER, Value

_NAMED: Final = {PROVIDER: (P_ROOT, P_KEY)}


def root_of(authority: str) -> Key:
    """The root key of an authority."""
    return _NAMED[authority][0] if authority in _NAMED else Key.of(f"{authority} root")


def key_of(authority: str) -> Key:
    """The key with which an authority signs documents."""
    return _NAMED[authority][1] if authority in _NAMED else Key.of(authority)


def trust_body(
    authority: str, types: Sequence[str], key: Mapping[str, Any] | None = None, **members: Any
) -> Value:
    """The body of an authority's trust document, free to change.

    Args:
        authority: Who.
        types: What its key may sign.
        key: Further members of the key's record.
        members: Members of the document; `header` adds to the header.
    """
    header = members.pop("header", {})
    body = trust_document(
        authority, root_of(authority), [record(key_of(authority), types, **(key or {}))], **header
    )
    return body | members


def trust_file(body: Value) -> bytes:
    """The file of a trust document, signed by its authority's root."""
    return text(envelope("trust-document", text(body), root_of(body["header"]["issuer"])))


def trust_of(
    authority: str, types: Sequence[str], key: Mapping[str, Any] | None = None, **members: Any
) -> bytes:
    """The file of an authority's trust document."""
    return trust_file(trust_body(authority, types, key, **members))
