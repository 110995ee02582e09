"""Vectors of steps 13, 16, 19 and 20: what the body says, when, and to whom."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from conformance.tests.vectors.signing import text
from conformance.tests.vectors.trust_cases import (
    ACCEPTED,
    CONSUMER,
    ORDER_ACCEPTED,
    PROVIDER,
    Case,
    accepted,
    order,
    refused,
    refused_order,
    signed,
    site,
)

BODY: Final = text(site())
ORDER: Final = text(order())
PIN: Final = {"id": f"crex://{PROVIDER}/site/a", "revision": "1", "sha256": sha256(BODY).hexdigest()}


def _order(old: bytes, new: bytes) -> bytes:
    """The order's body with one place changed, to be signed as it is."""
    assert ORDER.count(old) == 1, "a change must hit one place"
    return ORDER.replace(old, new)


def _site(old: bytes, new: bytes) -> bytes:
    assert BODY.count(old) == 1, "a change must hit one place"
    return BODY.replace(old, new)


def _bomb(depth: int) -> bytes:
    """A site with an unknown member (descriptive documents ignore them) of nested lists below the root."""
    return BODY[:-1] + b',"unknown":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


def _long(size: int) -> bytes:
    """A body of exactly `size` bytes: the site, and white space that is part of it."""
    return BODY + b" " * (size - len(BODY))


_AMOUNT = b'"amount":"10.00"'

CASES: Final[list[Case]] = [
    ORDER_ACCEPTED,
    refused(
        "body-duplicate-member",
        "PAYLOAD",
        ["JSON-DUPLICATE-1"],
        "The member `country` stands there twice.",
        "Readers differ in which of two members they take.",
        signed(_site(b'"country":"CN"', b'"country":"CN","country":"CN"')),
    ),
    refused(
        "body-escaped-duplicate-member",
        "PAYLOAD",
        ["JSON-DUPLICATE-1"],
        "The member `country` stands there a second time, its name escaped.",
        "Names are compared after unescaping.",
        signed(_site(b'"country":"CN"', b'"country":"CN","c\\u006funtry":"CN"')),
    ),
    refused_order(
        "body-camel-and-snake",
        "SCHEMA",
        ["DOC-UNKNOWN-1"],
        "A member `access_key` beside `accessKey`.",
        "A lenient protobuf reader takes both spellings, and the last wins.",
        _order(b'"interface":', b'"access_key":"CQ==","interface":'),
    ),
    refused(
        "body-lone-surrogate",
        "PAYLOAD",
        ["JSON-SURROGATE-1"],
        "A text holds a lone surrogate, escaped.",
        "It cannot be written in UTF-8, and readers make different things of it.",
        signed(_site("一号机房".encode(), b"\\ud800")),
    ),
    refused(
        "body-byte-order-mark",
        "PAYLOAD",
        ["JSON-UTF8-1"],
        "A byte order mark before the body.",
        "Strict JSON begins with its value.",
        signed(b"\xef\xbb\xbf" + BODY),
    ),
    refused(
        "body-null",
        "PAYLOAD",
        ["JSON-NULL-1"],
        "The value of `country` is null.",
        "Unknown is absent.",
        signed(_site(b'"CN"', b"null")),
    ),
    refused(
        "body-trailing-bytes",
        "PAYLOAD",
        ["JSON-GRAMMAR-1"],
        "A second value after the body.",
        "A reader that stops early signs for what it did not read.",
        signed(BODY + b"{}"),
    ),
    accepted(
        "body-depth-64-accepted",
        ["JSON-DEPTH-1"],
        "Sixty-four levels are within the limit.",
        signed(_bomb(64)),
    ),
    Case(
        "body-depth-65",
        ["JSON-DEPTH-1"],
        "Deep nesting exhausts the stack of careless readers.",
        text(signed(_bomb(65))),
        "body-depth-64-accepted",
        "One level more.",
        "LIMIT",
        trust=ACCEPTED.trust,
    ),
    refused_order(
        "body-nan",
        "PAYLOAD",
        ["JSON-GRAMMAR-1"],
        "The amount is NaN.",
        "NaN is not JSON, and equals nothing.",
        _order(_AMOUNT, b'"amount":NaN'),
    ),
    refused_order(
        "body-float-money",
        "PAYLOAD",
        ["JSON-NUMBER-1"],
        "The amount is a number with a fraction.",
        "Binary fractions do not hold amounts of money.",
        _order(_AMOUNT, b'"amount":10.00'),
    ),
    refused_order(
        "body-integer-as-number",
        "SCHEMA",
        ["JSON-INT64-1"],
        "The quantity is the number 1.",
        "Readers that hold numbers as floats lose integers above 2^53.",
        _order(b'"quantity":"1"', b'"quantity":1'),
    ),
    refused_order(
        "body-integer-leading-zero",
        "SCHEMA",
        ["JSON-INT64-1"],
        'The quantity is "01".',
        "A number has one spelling.",
        _order(b'"quantity":"1"', b'"quantity":"01"'),
    ),
    refused_order(
        "body-money-digits",
        "SCHEMA",
        ["SCALAR-MONEY-1"],
        "The amount has one digit too few.",
        "An amount has exactly its currency's digits.",
        _order(_AMOUNT, b'"amount":"10.0"'),
    ),
    refused_order(
        "body-unknown-member",
        "SCHEMA",
        ["DOC-UNKNOWN-1"],
        "An order with an unknown member.",
        "Where money moves, nothing is ignored.",
        _order(b'"interface":', b'"discount":"1","interface":'),
    ),
    accepted(
        "body-unknown-member-accepted",
        ["DOC-UNKNOWN-1"],
        "Descriptions grow: a site may say more.",
        signed(_site(b'"country":', b'"colour":"red","country":')),
    ),
    refused(
        "body-critical",
        "CRITICAL",
        ["DOC-CRITICAL-1"],
        "The header calls an unknown extension critical.",
        "What must be understood is not skipped.",
        signed(text(site(critical=["x.example/y"], extensions={"x.example/y": "true"}))),
    ),
    refused(
        "body-required-member",
        "SCHEMA",
        ["DOC-REQUIRED-1"],
        "The header has no `issuedAt`.",
        "A document without its time cannot be judged.",
        signed(_site(b',"issuedAt":"2026-11-01T12:00:00Z"', b"")),
    ),
    refused(
        "not-yet",
        "NOT_YET",
        ["VERIFY-TIME-1"],
        "The document was issued 60.001 s after the verification.",
        "A date in the future outlives what it should not.",
        signed(text(site(issuedAt="2026-11-01T12:31:00.001Z"))),
    ),
    accepted(
        "issued-within-leeway-accepted",
        ["VERIFY-TIME-1"],
        "Sixty seconds ahead: clocks differ.",
        signed(text(site(issuedAt="2026-11-01T12:31:00Z"))),
    ),
    refused(
        "expired",
        "EXPIRED",
        ["VERIFY-TIME-1"],
        "The document ends at the time of verification.",
        "An end is exclusive and has no leeway.",
        signed(text(site(validUntil="2026-11-01T12:30:00Z"))),
    ),
    accepted(
        "last-moment-accepted",
        ["VERIFY-TIME-1"],
        "A millisecond before its end a document is valid.",
        signed(text(site(validUntil="2026-11-01T12:30:00.001Z"))),
    ),
    accepted(
        "pin-accepted",
        ["VERIFY-SUBJECT-1", "ENV-DIGEST-1"],
        "The very document that was cited.",
        ACCEPTED.input,
        options={"pin": PIN},
    ),
    *(
        Case(
            f"pin-other-{member}",
            ["VERIFY-SUBJECT-1"],
            "A citation is of one version of one document.",
            ACCEPTED.input,
            "pin-accepted",
            f"The pin has another {member}.",
            "SUBJECT",
            trust=ACCEPTED.trust,
            options={"pin": PIN | {member: value}},
        )
        for member, value in (("id", PIN["id"] + "b"), ("revision", "2"), ("sha256", "0" * 64))
    ),
    refused_order(
        "wrong-audience",
        "AUDIENCE",
        ["VERIFY-ADDRESS-1"],
        "Another authority reads the order.",
        "An order for one provider is not an order for another.",
        options={"audience": CONSUMER, "requestId": "request-0001"},
    ),
    refused_order(
        "replayed-order",
        "REPLAY",
        ["VERIFY-ADDRESS-1"],
        "The order comes with another request.",
        "A signed order sent twice must not buy twice.",
        options={"audience": PROVIDER, "requestId": "request-0002"},
    ),
    accepted(
        "nonce-accepted",
        ["VERIFY-ADDRESS-1"],
        "The document answers the challenge.",
        ORDER_ACCEPTED.input,
        type="order-document",
        trust=ORDER_ACCEPTED.trust,
        options={"nonce": "request-0001"},
    ),
    Case(
        "wrong-nonce",
        ["VERIFY-ADDRESS-1"],
        "An answer to an old challenge proves nothing now.",
        ORDER_ACCEPTED.input,
        "nonce-accepted",
        "The reader's challenge is another.",
        "NONCE",
        "order-document",
        ORDER_ACCEPTED.trust,
        options={"nonce": "request-0002"},
    ),
    refused(
        "audience-of-a-site",
        "AUDIENCE",
        ["VERIFY-ADDRESS-1"],
        "The reader asks for an audience, and the site has none.",
        "Addressed to nobody is not addressed to me.",
        options={"audience": PROVIDER},
    ),
]
