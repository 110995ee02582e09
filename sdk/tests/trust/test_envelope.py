"""The envelope: what is signed, its two forms, and the protocol vector of DSSE."""

import re
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from crex import v1
from crex.documents.types import DocumentType
from crex.errors import DocumentError, TrustError
from crex.trust.envelope import (
    BODY_BYTES_MAX,
    digest,
    from_json,
    pae,
    parse_wire,
    record_id,
    sign,
    to_json,
)
from crex.trust.keys import LocalSigningKey
from sdk.tests.trust.samples import sign_raw, site

KEY = LocalSigningKey.from_seed(bytes(32))


def test_pae_by_hand() -> None:
    """The lengths count bytes, in ASCII decimal without leading zeros (ENV-PAE-1)."""
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("", b"") == b"DSSEv1 0  0 "
    assert pae("é", b"\xff") == b"DSSEv1 2 \xc3\xa9 1 \xff"


def test_dsse_protocol_vector(real_data: Path) -> None:
    """The signature of the protocol's own vector verifies over our encoding of its type and body."""
    text = (real_data / "crypto-vectors" / "dsse" / "protocol.md").read_text()
    x, y = (int(re.search(rf"^{axis}: (\d+)$", text, re.M)[1]) for axis in "XY")  # type: ignore[index]
    found = re.search(r"```json\n(\{.*?\})\n```", text, re.S)
    assert found is not None
    envelope = orjson.loads(found[1])
    sig = b64decode(envelope["signatures"][0]["sig"])
    der = encode_dss_signature(int.from_bytes(sig[:32], "big"), int.from_bytes(sig[32:], "big"))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    signed = pae(envelope["payloadType"], b64decode(envelope["payload"]))
    public.verify(der, signed, ec.ECDSA(hashes.SHA256()))


@given(st.text(max_size=40), st.binary(max_size=40), st.text(max_size=40), st.binary(max_size=40))
def test_pae_tells_everything_apart(type_a: str, body_a: bytes, type_b: str, body_b: bytes) -> None:
    """Two pairs of type and body are encoded alike only if they are alike."""
    assert (pae(type_a, body_a) == pae(type_b, body_b)) == ((type_a, body_a) == (type_b, body_b))


def test_digests_by_hand() -> None:
    """The document's digest is over its body alone, the record's identifier over the PAE (ENV-DIGEST-1)."""
    envelope = sign_raw("site", b"{}", KEY)
    assert digest(envelope.payload) == sha256(b"{}").hexdigest()
    assert record_id(envelope) == sha256(b"DSSEv1 33 application/vnd.crex.site.v1+json 2 {}").hexdigest()


@given(st.binary(min_size=1, max_size=200), st.integers(1, 8))
def test_file_form_round_trip(body: bytes, signers: int) -> None:
    """Any body and up to eight signatures survive the file form byte for byte."""
    keys = [LocalSigningKey.from_seed(bytes([seed]) * 32) for seed in range(signers)]
    envelope = sign_raw("site", body, *keys)
    text = to_json(envelope)
    assert from_json(text) == envelope
    assert orjson.loads(text).keys() == {"payloadType", "payload", "signatures"}


def test_file_form_escapes_its_type() -> None:
    """A payload type with quotes or other marks is written as JSON, not pasted in."""
    envelope = sign_raw("site", b"{}", KEY)
    envelope.payload_type = 'x","payload":"é\\'
    assert from_json(to_json(envelope)) == envelope


def test_sign_checks_before_it_signs() -> None:
    """What a strict reader would refuse is never signed; the bytes that are signed travel (ENV-PAYLOAD-1)."""
    doctype = DocumentType.of(v1.Site)
    with pytest.raises(DocumentError):
        sign(b'{"country":"cn"}', doctype, [KEY])
    body = orjson.dumps(site())
    envelope = sign(body, doctype, [KEY])
    assert envelope.payload == body
    assert KEY.public_key.verify(envelope.signatures[0].sig, pae(doctype.payload_type, body))
    for blanks, accepted in ((BODY_BYTES_MAX - len(body), True), (BODY_BYTES_MAX - len(body) + 1, False)):
        padded = b" " * blanks + body
        if accepted:
            assert sign(padded, doctype, [KEY]).payload == padded
            continue
        with pytest.raises(DocumentError) as refused:
            sign(padded, doctype, [KEY])
        assert refused.value.reason == "LIMIT"


def test_wire_bytes_that_are_no_envelope() -> None:
    """Stored bytes of another kind are refused with a sentence, not with the decoder's error."""
    envelope = sign_raw("site", b"{}", KEY)
    assert parse_wire(envelope.SerializeToString()) == envelope
    with pytest.raises(TrustError) as refused:
        parse_wire(b"\xff\xff\xff")
    assert refused.value.reason == "ENVELOPE"
