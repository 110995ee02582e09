"""Properties: no byte of a signed document can change unnoticed, and no input does more than be refused."""

from datetime import timedelta

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from crex import v1
from crex.errors import TrustError
from crex.trust.envelope import to_json
from crex.trust.identity import Identity
from crex.trust.verify import open_envelope
from sdk.tests.trust.samples import CONSUMER, NOW, PROVIDER, pinned, sign_raw, site

IDENTITY = Identity.create(PROVIDER, roles=["provider"], now=NOW)
OTHER = Identity.create(CONSUMER, roles=["provider"], now=NOW)
TRUST = pinned(IDENTITY, OTHER)
SIGNED = sign_raw("site", site(), IDENTITY.signing["provider"])
FILE = to_json(SIGNED)


def refused(envelope: v1.Envelope | bytes) -> TrustError | None:
    """The refusal of an envelope; nothing if it opens."""
    try:
        verified = open_envelope(envelope, v1.Site, TRUST, now=NOW)
    except TrustError as error:
        return error
    assert verified.body == SIGNED.payload
    return None


@given(st.integers(0, len(SIGNED.payload) - 1), st.integers(1, 255))
def test_any_byte_of_the_body(at: int, mask: int) -> None:
    """A body with any byte changed is refused for its signature."""
    changed = v1.Envelope.FromString(SIGNED.SerializeToString())
    body = bytearray(SIGNED.payload)
    body[at] ^= mask
    changed.payload = bytes(body)
    error = refused(changed)
    assert error is not None
    assert error.reason == "SIGNATURE"


@given(st.integers(0, 63), st.integers(1, 255))
def test_any_byte_of_the_signature(at: int, mask: int) -> None:
    """A signature with any byte changed is refused."""
    changed = v1.Envelope.FromString(SIGNED.SerializeToString())
    sig = bytearray(SIGNED.signatures[0].sig)
    sig[at] ^= mask
    changed.signatures[0].sig = bytes(sig)
    error = refused(changed)
    assert error is not None
    assert error.reason == "SIGNATURE"


@given(st.integers(0, len(SIGNED.payload_type) - 1), st.integers(1, 127))
def test_any_letter_of_the_type(at: int, mask: int) -> None:
    """A type with any letter changed is refused as another type."""
    changed = v1.Envelope.FromString(SIGNED.SerializeToString())
    kind = SIGNED.payload_type
    changed.payload_type = kind[:at] + chr(ord(kind[at]) ^ mask) + kind[at + 1 :]
    error = refused(changed)
    assert error is not None
    assert error.reason == "TYPE"


@settings(max_examples=300)
@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
def test_any_byte_of_the_file(at: int, mask: int) -> None:
    """A file with any byte changed is refused by one of the steps, with its reason."""
    changed = bytearray(FILE)
    changed[at] ^= mask
    error = refused(bytes(changed))
    assert error is not None
    assert 1 <= error.step <= 11


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_and_nothing_else(data: bytes) -> None:
    """Arbitrary bytes as a file are refused, never anything worse."""
    assert refused(data) is not None


@given(st.binary(min_size=1, max_size=200))
def test_any_signed_body_is_refused_and_nothing_else(body: bytes) -> None:
    """Arbitrary bytes as a signed body are refused at the step that parses them, never anything worse."""
    error = refused(sign_raw("site", body, IDENTITY.signing["provider"]))
    assert error is not None
    assert error.step == 13


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=8))
def test_any_json_as_header_is_refused_and_nothing_else(value: object) -> None:
    """A header of any other shape, rightly signed, is refused at the step that parses it."""
    body = orjson.dumps({"header": value}, option=orjson.OPT_PASSTHROUGH_DATETIME) if _fits(value) else b"{}"
    error = refused(sign_raw("site", body, IDENTITY.signing["provider"]))
    assert error is not None
    assert error.step == 13


@given(st.integers(-86_400_000, 86_400_000), st.integers(1, 86_400_000))
def test_time_decides_alone(issued_ms: int, lasts_ms: int) -> None:
    """Whatever the times, a document opens exactly within them: 60 s early at most, never late."""
    issued = NOW + timedelta(milliseconds=issued_ms)
    until = issued + timedelta(milliseconds=lasts_ms)
    envelope = sign_raw("site", site(issuedAt=_text(issued_ms), validUntil=_text(issued_ms + lasts_ms)), KEY)
    early, late = issued > NOW + timedelta(seconds=60), until <= NOW
    before_key = issued < NOW - timedelta(seconds=60)
    try:
        open_envelope(envelope, v1.Site, TRUST, now=NOW)
        reason = ""
    except TrustError as error:
        reason = error.reason
    expected = "NOT_YET" if early else "EXPIRED" if late else "KEY_TIME" if before_key else ""
    assert reason == expected


KEY = IDENTITY.signing["provider"]


def _text(offset_ms: int) -> str:
    moment = NOW + timedelta(milliseconds=offset_ms)
    fraction = f".{moment.microsecond // 1000:03d}" if moment.microsecond else ""
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"


def _fits(value: object) -> bool:
    if isinstance(value, list):
        return all(map(_fits, value))
    return not isinstance(value, int) or abs(value) < 2**53
