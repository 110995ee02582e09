"""Vectors of steps 1 to 4 and 11: the envelope and its signatures."""

from __future__ import annotations

from typing import Final

from conformance.tests.vectors.signing import Key, L, b64, pae, payload_type, record, text
from conformance.tests.vectors.trust_cases import (
    ACCEPTED,
    P_KEY,
    PROVIDER_TYPES,
    STRANGER,
    Case,
    Value,
    accepted,
    provider_trust,
    refused,
    signed,
    site,
)

BODY: Final = text(site())
EIGHT: Final = [P_KEY, *(Key.of(f"provider {number}") for number in range(2, 9))]
NINE: Final = [*EIGHT, Key.of("provider 9")]


def _trust_of(keys: list[Key]) -> bytes:
    """The provider's trust document with further signing keys."""
    return provider_trust(lambda body: body["keys"].extend(record(key, PROVIDER_TYPES) for key in keys[1:]))


def _with_sig(sig: bytes) -> Value:
    value = signed()
    value["signatures"][0]["sig"] = b64(sig)
    return value


def _sig() -> bytes:
    return P_KEY.sign(pae(payload_type("site"), BODY))


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _of_type(kind: str) -> Value:
    return signed() | {"payloadType": kind}


def _signed_over(what: bytes) -> Value:
    return _with_sig(P_KEY.sign(what))


def _replaced(old: bytes, new: bytes) -> bytes:
    assert ACCEPTED.input.count(old) == 1, "a change must hit one place"
    return ACCEPTED.input.replace(old, new)


def _s_plus_l() -> bytes:
    sig = _sig()
    return sig[:32] + (int.from_bytes(sig[32:], "little") + L).to_bytes(32, "little")


PAYLOAD: Final = b64(BODY)
# The base64 of the body ends in "==": its last letter carries four loose bits.
assert PAYLOAD.endswith("==")
LOOSE: Final = PAYLOAD[:-3] + chr(ord(PAYLOAD[-3]) + 1) + "=="
KIND: Final = payload_type("site")

CASES: Final[list[Case]] = [
    ACCEPTED,
    accepted(
        "eight-signatures-accepted",
        ["VERIFY-LIMIT-1"],
        "Eight signatures are within the limit; all are verified.",
        signed(BODY, *EIGHT),
        trust=[_trust_of(EIGHT)],
    ),
    accepted(
        "file-with-white-space-accepted",
        ["VERIFY-ENVELOPE-1"],
        "White space and member order of the file are free; only the body's bytes are signed.",
        b'{ "signatures" : '
        + text(signed()["signatures"])
        + b',\n  "payload": '
        + text(PAYLOAD)
        + b',\n  "payloadType": '
        + text(KIND)
        + b"\n}\n",
    ),
    refused(
        "no-signature",
        "LIMIT",
        ["VERIFY-LIMIT-1"],
        "The list of signatures is empty.",
        "A verifier that loops over signatures accepts what nobody signed.",
        signed() | {"signatures": []},
    ),
    Case(
        "nine-signatures",
        ["VERIFY-LIMIT-1"],
        "Unbounded signatures make verification arbitrarily dear.",
        text(signed(BODY, *NINE)),
        "eight-signatures-accepted",
        "A ninth valid signature.",
        "LIMIT",
        trust=[_trust_of(NINE)],
    ),
    refused(
        "envelope-not-json",
        "ENVELOPE",
        ["VERIFY-ENVELOPE-1"],
        "The closing brace is missing.",
        "A truncated file is refused as such, not as a wrong signature.",
        ACCEPTED.input[:-1],
    ),
    refused(
        "envelope-byte-order-mark",
        "ENVELOPE",
        ["VERIFY-ENVELOPE-1"],
        "A byte order mark before the file.",
        "Strict JSON begins with its value.",
        b"\xef\xbb\xbf" + ACCEPTED.input,
    ),
    refused(
        "envelope-trailing-bytes",
        "ENVELOPE",
        ["VERIFY-ENVELOPE-1"],
        "A second value after the envelope.",
        "What follows the value is not covered by any signature.",
        ACCEPTED.input + b"{}",
    ),
    refused(
        "envelope-duplicate-member",
        "ENVELOPE",
        ["VERIFY-ENVELOPE-1"],
        "The member `payload` stands there twice, with the same value.",
        "Readers differ in which of two members they take.",
        _replaced(b'"signatures":', b'"payload":' + text(PAYLOAD) + b',"signatures":'),
    ),
    refused(
        "envelope-escaped-duplicate-member",
        "ENVELOPE",
        ["VERIFY-ENVELOPE-1"],
        "The member `payload` stands there a second time, its name escaped.",
        "Names are compared after unescaping.",
        _replaced(b'"signatures":', b'"p\\u0061yload":' + text(PAYLOAD) + b',"signatures":'),
    ),
    refused(
        "envelope-camel-and-snake",
        "ENVELOPE",
        ["VERIFY-ENVELOPE-1"],
        "A member `payload_type` beside `payloadType`.",
        "A lenient protobuf reader takes both spellings, and the last wins.",
        signed() | {"payload_type": KIND},
    ),
    refused(
        "envelope-further-member",
        "ENVELOPE",
        ["VERIFY-ENVELOPE-1"],
        "A member that envelopes do not have.",
        "Unsigned members invite readers to act on them.",
        signed() | {"audience": "p.example.cn"},
    ),
    refused(
        "envelope-keyid-form",
        "ENVELOPE",
        ["ENV-KEYID-1"],
        "The `keyid` is in padded base64url.",
        "A key has one name.",
        _replaced(P_KEY.keyid.encode(), P_KEY.keyid.encode() + b"="),
    ),
    refused(
        "envelope-same-key-twice",
        "ENVELOPE",
        ["ENV-SIGNATURES-1"],
        "The same signature stands there twice.",
        "Counting signatures instead of keys meets any threshold with one key.",
        signed() | {"signatures": signed()["signatures"] * 2},
    ),
    refused(
        "base64-loose-bits",
        "BASE64",
        ["VERIFY-BASE64-1"],
        "The last letter of the payload carries bits that decode to nothing.",
        "`YQ==` and `YR==` decode alike: two files, one meaning.",
        signed() | {"payload": LOOSE},
    ),
    refused(
        "base64-without-padding",
        "BASE64",
        ["VERIFY-BASE64-1"],
        "The padding of the payload is left out.",
        "One spelling of base64, not four.",
        signed() | {"payload": PAYLOAD.rstrip("=")},
    ),
    refused(
        "base64-after-padding",
        "BASE64",
        ["VERIFY-BASE64-1"],
        "Further base64 after the padding.",
        "Some decoders stop at padding and ignore the rest, others join it.",
        signed() | {"payload": PAYLOAD + "e30="},
    ),
    refused(
        "base64-line-break",
        "BASE64",
        ["VERIFY-BASE64-1"],
        "A line break inside the payload's text.",
        "Decoders that skip unknown letters accept many files for one document.",
        signed() | {"payload": PAYLOAD[:76] + "\n" + PAYLOAD[76:]},
    ),
    refused(
        "type-of-another-document",
        "TYPE",
        ["VERIFY-TYPE-1", "DOC-TYPE-1"],
        "The payload type says offer where a site is expected.",
        "A reader that takes any type lets one document pass for another.",
        _of_type(payload_type("offer")),
    ),
    refused(
        "type-generic",
        "TYPE",
        ["VERIFY-TYPE-1", "ENV-TYPE-1"],
        "The payload type is application/json.",
        "Under a generic type every body has the same right to be any document.",
        _of_type("application/json"),
    ),
    refused(
        "type-with-parameter",
        "TYPE",
        ["VERIFY-TYPE-1"],
        "The payload type has a charset parameter.",
        "Types are compared byte for byte.",
        _of_type(KIND + "; charset=utf-8"),
    ),
    refused(
        "type-not-bound",
        "SIGNATURE",
        ["ENV-PAE-1", "VERIFY-SIGNATURE-1"],
        "The payload type was changed to offer after signing, and an offer is expected.",
        "A signature over the body alone does not bind its type.",
        _of_type(payload_type("offer")),
        type="offer",
    ),
    refused(
        "flipped-payload-bit",
        "SIGNATURE",
        ["VERIFY-SIGNATURE-1"],
        "One bit of the payload is flipped.",
        "The signature covers every bit of the body.",
        signed() | {"payload": b64(_flipped(BODY, 20))},
    ),
    refused(
        "flipped-signature-bit",
        "SIGNATURE",
        ["VERIFY-SIGNATURE-1"],
        "One bit of the signature is flipped.",
        "A signature is checked, not merely present.",
        _with_sig(_flipped(_sig(), 40)),
    ),
    refused(
        "signature-of-another-key",
        "SIGNATURE",
        ["VERIFY-SIGNATURE-1"],
        "The signature was made by another key under this key's name.",
        "A `keyid` is a hint, not a proof.",
        _with_sig(STRANGER.sign(pae(KIND, BODY))),
    ),
    refused(
        "signature-without-type",
        "SIGNATURE",
        ["ENV-PAE-1"],
        "The signature is over the body alone.",
        "What is signed is the pre-authentication encoding.",
        _signed_over(BODY),
    ),
    refused(
        "pae-length-in-characters",
        "SIGNATURE",
        ["ENV-PAE-1"],
        "The signed encoding counts the body's characters, not its bytes.",
        "The body has Chinese text: characters and bytes differ.",
        _signed_over(b"DSSEv1 %d %b %d %b" % (len(KIND), KIND.encode(), len(BODY.decode()), BODY)),
    ),
    refused(
        "pae-length-off-by-one",
        "SIGNATURE",
        ["ENV-PAE-1"],
        "The signed encoding counts one byte too many.",
        "A length that is not checked does not separate type and body.",
        _signed_over(b"DSSEv1 %d %b %d %b" % (len(KIND), KIND.encode(), len(BODY) + 1, BODY)),
    ),
    refused(
        "signature-s-plus-l",
        "SIGNATURE",
        ["VERIFY-SIGNATURE-1"],
        "The group order was added to the second half of the signature.",
        "Without the range check anyone writes a second valid signature.",
        _with_sig(_s_plus_l()),
    ),
    refused(
        "signature-one-byte-longer",
        "SIGNATURE",
        ["VERIFY-SIGNATURE-1"],
        "A zero byte after the signature.",
        "An Ed25519 signature has 64 bytes.",
        _with_sig(_sig() + b"\0"),
    ),
    refused(
        "signature-too-short",
        "ENVELOPE",
        ["VERIFY-ENVELOPE-1"],
        "The signature is cut to 31 bytes.",
        "No algorithm makes such a signature.",
        _with_sig(_sig()[:31]),
    ),
]
