"""The DSSE envelope: exact bytes, their type, and signatures over the pre-authentication encoding of both.

What is signed is what travels: nothing is re-serialised to be verified. An envelope has two forms with the
same content, the wire message `crex.v1.Envelope` and the DSSE file form (strict JSON); `read_parts` reads
either and makes steps 1 to 3 of verification.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final, NamedTuple

import orjson
from google.protobuf.message import DecodeError, Message

from crex import v1
from crex.documents import convert, reader, strict
from crex.documents.types import DocumentType
from crex.errors import DocumentError, TrustError
from crex.trust import steps
from crex.trust.keys import SigningKey

# Bounds of step 1 (VERIFY-LIMIT-1). The file form's follows from the others: base64 of 1 MiB and of eight
# signatures of 8 KiB, with their names.
BODY_BYTES_MAX: Final = 1_048_576
FILE_BYTES_MAX: Final = 1_572_864
SIGNATURES_MAX: Final = 8

_SIGNATURE_BYTES = range(32, 8193)
_KEY_ID = re.compile("[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
_MEMBERS = frozenset({"payloadType", "payload", "signatures"})
_SIGNATURE_MEMBERS = frozenset({"keyid", "sig"})


class SignaturePart(NamedTuple):
    """One signature: the name of its key, and its raw bytes."""

    keyid: str
    sig: bytes


class Parts(NamedTuple):
    """The content of an envelope, whichever form it came in; well formed, and nothing about it verified."""

    payload_type: str
    body: bytes
    signatures: tuple[SignaturePart, ...]

    def to_message(self) -> v1.Envelope:
        """Returns the wire form."""
        return v1.Envelope(
            payload_type=self.payload_type,
            payload=self.body,
            signatures=[v1.Signature(keyid=keyid, sig=sig) for keyid, sig in self.signatures],
        )


def pae(payload_type: str, body: bytes) -> bytes:
    """Returns the bytes that are signed: the pre-authentication encoding of DSSE 1.0.2 (ENV-PAE-1)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body)


def digest(body: bytes) -> str:
    """Returns the digest by which a document is pinned: SHA-256 of its body, in hex (ENV-DIGEST-1)."""
    return sha256(body).hexdigest()


def record_id(envelope: v1.Envelope | Parts) -> str:
    """Returns the identifier of what was signed: SHA-256 of the PAE, lowercase hexadecimal (ENV-DIGEST-1).

    Never of a signature: some algorithms allow anyone to write a second valid one.
    """
    body = envelope.body if isinstance(envelope, Parts) else envelope.payload
    return sha256(pae(envelope.payload_type, body)).hexdigest()


def sign(document: Message | bytes, doctype: DocumentType, keys: Iterable[SigningKey]) -> v1.Envelope:
    """Signs a document, after checking that a strict reader will accept it.

    Args:
        document: The message, or the exact bytes of its strict JSON form.
        doctype: Its type.
        keys: The keys that sign, at least one.

    Raises:
        DocumentError: The document is not valid; nothing was signed.
    """
    body = document if isinstance(document, bytes) else convert.dump(document)
    reader.read(body, doctype)
    return sign_bytes(doctype.payload_type, body, keys)


def sign_bytes(payload_type: str, body: bytes, keys: Iterable[SigningKey]) -> v1.Envelope:
    """Signs bytes as they are, unchecked; `sign` is what documents go through."""
    signed = pae(payload_type, body)
    return v1.Envelope(
        payload_type=payload_type,
        payload=body,
        signatures=[v1.Signature(keyid=key.keyid, sig=key.sign(signed)) for key in keys],
    )


def to_json(envelope: v1.Envelope) -> bytes:
    """Returns the DSSE file form: strict JSON in one line, members in the order of the contract."""
    parts = _check_parts(_from_message(envelope))
    value = {
        "payloadType": parts.payload_type,
        "payload": b64encode(parts.body).decode("ascii"),
        "signatures": [
            {"keyid": keyid, "sig": b64encode(sig).decode("ascii")} for keyid, sig in parts.signatures
        ],
    }
    return orjson.dumps(value)


def from_json(text: bytes) -> v1.Envelope:
    """Reads the DSSE file form; nothing about it is verified yet.

    Raises:
        TrustError: Steps 1 to 3 refuse it.
    """
    return read_parts(text).to_message()


def read_parts(envelope: v1.Envelope | Parts | bytes) -> Parts:
    """Reads an envelope in either form: steps 1 to 3 of verification.

    Args:
        envelope: The wire message, or the bytes of the file form.

    Raises:
        TrustError: LIMIT, ENVELOPE or BASE64, with the violations where a place can be named.
    """
    if isinstance(envelope, bytes):
        return _check_parts(_from_file(envelope))
    return _check_parts(envelope if isinstance(envelope, Parts) else _from_message(envelope))


def parse_wire(encoded: bytes) -> v1.Envelope:
    """Reads the protobuf encoding of an envelope, as a store keeps it.

    Raises:
        TrustError: ENVELOPE if the bytes are none.
    """
    try:
        return v1.Envelope.FromString(encoded)
    except DecodeError as error:
        raise steps.refusal(
            steps.ENVELOPE,
            "ENVELOPE",
            "The bytes are no crex.v1.Envelope; was another kind of record stored here?",
        ) from error


def _from_message(envelope: v1.Envelope) -> Parts:
    return Parts(
        envelope.payload_type,
        envelope.payload,
        tuple([SignaturePart(signature.keyid, signature.sig) for signature in envelope.signatures]),
    )


def _check_parts(parts: Parts) -> Parts:
    """Makes what steps 1 and 2 ask of the content, the same for both forms."""
    _check_limits(len(parts.body), len(parts.signatures))
    _check_form(parts)
    return parts


def _check_limits(size: int, count: int) -> None:
    """Makes step 1 for a body of `size` bytes and `count` signatures."""
    if size > BODY_BYTES_MAX:
        raise _over(f"The body has {size} bytes; at most {BODY_BYTES_MAX} are read")
    if not 0 < count <= SIGNATURES_MAX:
        raise _over(f"The envelope has {count} signatures; one to {SIGNATURES_MAX} are read")


def _check_form(parts: Parts) -> None:
    """Makes step 2 of what both forms have in common."""
    count = len(parts.signatures)
    for keyid, sig in parts.signatures:
        if _KEY_ID.fullmatch(keyid) is None:
            raise _malformed("a `keyid` is not the unpadded base64url of 32 bytes (ENV-KEYID-1)")
        if len(sig) not in _SIGNATURE_BYTES:
            raise _malformed(f"a signature has {len(sig)} bytes, no algorithm makes such")
    if count > 1 and len({keyid for keyid, _ in parts.signatures}) < count:
        raise _malformed("two signatures name the same key; each key signs once (ENV-SIGNATURES-1)")
    if not parts.body:
        raise _malformed("there is no payload (ENV-PAYLOAD-1)")


def _from_file(text: bytes) -> Parts:
    if len(text) > FILE_BYTES_MAX:
        raise _over(f"The envelope has {len(text)} bytes; at most {FILE_BYTES_MAX} are read")
    try:
        value = strict.loads(text, max_bytes=FILE_BYTES_MAX)
    except DocumentError as error:
        limit = error.reason == "LIMIT"
        raise steps.refusal(
            steps.LIMIT if limit else steps.ENVELOPE,
            "LIMIT" if limit else "ENVELOPE",
            f"The file is no envelope: {error.message}.",
            violations=error.violations,
        ) from error
    payload_type, payload, signatures = _members(value)
    _check_limits(0, len(signatures))  # before any of them is decoded
    return Parts(
        payload_type,
        _decode(payload, "$.payload"),
        tuple(
            SignaturePart(keyid, _decode(sig, f"$.signatures[{at}].sig"))
            for at, (keyid, sig) in enumerate(signatures)
        ),
    )


def _members(value: Any) -> tuple[str, str, list[tuple[str, str]]]:
    """Returns type, payload and (keyid, sig) texts of a parsed file; refuses any other shape."""
    if not isinstance(value, dict) or value.keys() != _MEMBERS:
        raise _malformed("it must have exactly the members `payloadType`, `payload` and `signatures`")
    payload_type, payload, signatures = value["payloadType"], value["payload"], value["signatures"]
    if not isinstance(payload_type, str) or not isinstance(payload, str) or not isinstance(signatures, list):
        raise _malformed("`payloadType` and `payload` must be text and `signatures` a list")
    found: list[tuple[str, str]] = []
    for signature in signatures:
        if not isinstance(signature, dict) or signature.keys() != _SIGNATURE_MEMBERS:
            raise _malformed("each signature must have exactly the members `keyid` and `sig`")
        keyid, sig = signature["keyid"], signature["sig"]
        if not isinstance(keyid, str) or not isinstance(sig, str):
            raise _malformed("`keyid` and `sig` must be text")
        found.append((keyid, sig))
    return payload_type, payload, found


def _decode(text: str, path: str) -> bytes:
    raw = strict.base64_bytes(text)
    if raw is None:
        raise _not_base64(path)
    return raw


def _over(what: str) -> TrustError:
    return steps.refusal(steps.LIMIT, "LIMIT", f"{what}. Send a smaller document, or split it.")


def _malformed(what: str) -> TrustError:
    return steps.refusal(
        steps.ENVELOPE,
        "ENVELOPE",
        f"This is no DSSE envelope in strict form: {what}. Ask its sender for the file again.",
    )


def _not_base64(path: str) -> TrustError:
    return steps.refusal(
        steps.BASE64,
        "BASE64",
        f"The text at {path} is not padded standard base64 that re-encodes to itself. Encode it again, "
        "without line breaks, URL-safe letters or loose bits at the end.",
        path=path,
    )
