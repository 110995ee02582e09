"""What is wrong inside an envelope: told by its own reason, and no document hurts the broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NamedTuple

import pytest
from google.protobuf.message import Message

from crex import v1
from crex.client import Client
from crex.documents import convert
from crex.documents.types import DocumentType
from crex.errors import RemoteError
from crex.trust.envelope import sign_bytes
from reference_broker.tests import documents
from reference_broker.tests.integration.wire.conftest import Market
from reference_broker.tests.wire import WireParty, request_id

MIB = 1_048_576
SITE = DocumentType.of(v1.Site)
ORDER = DocumentType.of(v1.OrderDocument)


@pytest.fixture(scope="module")
def selling(market: Market) -> Iterator[Client]:
    """The provider's connection."""
    with market.provider.client() as client:
        yield client


def signed(party: WireParty, doctype: DocumentType, body: bytes, times: int = 1) -> v1.Envelope:
    """Bytes as they are, signed by a party's key for a type."""
    uses = party.identity.trust.keys
    key = next(key for key in party.identity.signing.values() if doctype.token in uses[key.keyid].use)
    return sign_bytes(doctype.payload_type, body, [key] * times)


def refused(client: Client, envelope: v1.Envelope) -> RemoteError:
    """How the broker refuses to publish this."""
    with pytest.raises(RemoteError) as no:
        client.publish_document(v1.PublishDocumentRequest(request_id=request_id(), envelope=envelope))
    return no.value


def site(market: Market, name: str = "hostile") -> bytes:
    """The bytes of a site that is right."""
    return convert.dump(documents.site(market.provider, market.provider.authority, name))


def padded(body: bytes, size: int) -> bytes:
    """The same document with so much white space that it has this many bytes."""
    return body[:-1] + b" " * (size - len(body)) + b"}"


def _bare(envelope: v1.Envelope) -> None:
    del envelope.signatures[:]


def _typed(text: str) -> Callable[[v1.Envelope], None]:
    def change(envelope: v1.Envelope) -> None:
        envelope.payload_type = text

    return change


def _keyed(text: str) -> Callable[[v1.Envelope], None]:
    def change(envelope: v1.Envelope) -> None:
        envelope.signatures[0].keyid = text

    return change


def _short(envelope: v1.Envelope) -> None:
    envelope.signatures[0].sig = b"x" * 31


def _nine(envelope: v1.Envelope) -> None:
    envelope.signatures.extend([envelope.signatures[0]] * 8)


def _twice(envelope: v1.Envelope) -> None:
    envelope.signatures.append(envelope.signatures[0])


def _large(envelope: v1.Envelope) -> None:
    envelope.payload = padded(envelope.payload, MIB + 1)


def _empty(envelope: v1.Envelope) -> None:
    envelope.ClearField("payload")


_ENVELOPES: dict[str, tuple[Callable[[v1.Envelope], object], str, str]] = {
    "body-over-1-mib": (_large, "LIMIT", "1"),
    "nine-signatures": (_nine, "LIMIT", "1"),
    "no-signature": (_bare, "LIMIT", "1"),
    "nothing-in-it": (v1.Envelope.Clear, "LIMIT", "1"),
    "keyid-empty": (_keyed(""), "ENVELOPE", "2"),
    "keyid-too-long": (_keyed("A" * 5000), "ENVELOPE", "2"),
    "keyid-nul": (_keyed("\0" * 43), "ENVELOPE", "2"),
    "signature-short": (_short, "ENVELOPE", "2"),
    "same-key-twice": (_twice, "ENVELOPE", "2"),
    "no-payload": (_empty, "ENVELOPE", "2"),
    "type-of-nobody": (_typed("text/plain"), "TYPE", "4"),
    "type-empty": (_typed(""), "TYPE", "4"),
    "type-with-parameter": (_typed(SITE.payload_type + ";charset=utf-8"), "TYPE", "4"),
    "type-endless": (_typed("application/vnd.crex." + "x" * 100_000), "TYPE", "4"),
    "type-of-another-method": (_typed(ORDER.payload_type), "TYPE", "4"),
    "key-of-nobody": (_keyed("A" * 43), "ISSUER", "5"),
}


@pytest.mark.parametrize("case", _ENVELOPES)
def test_an_envelope_is_refused_by_the_first_step_that_fails(
    market: Market, selling: Client, case: str
) -> None:
    """VERIFY-ORDER-1 holds over gRPC, and so does VERIFY-LIMIT-1: the request check takes no step away."""
    change, reason, step = _ENVELOPES[case]
    envelope = signed(market.provider, SITE, site(market))
    change(envelope)
    refusal = refused(selling, envelope)
    assert (refusal.reason, refusal.details["step"]) == (reason, step)


def test_every_method_with_an_envelope_leaves_it_to_its_verification(market: Market) -> None:
    """RPC-REQUEST-1: nine signatures are LIMIT wherever an envelope stands."""
    nine = signed(market.provider, SITE, site(market), times=9)
    id_ = request_id()
    grant = v1.GrantAllotmentRequest(request_id=id_, envelope=nine)
    enrol = v1.EnrolRequest(request_id=id_, trust_document=nine, roles=["provider"])
    append = v1.AppendUsageRequest(request_id=id_, batch=nine)
    seal = v1.SealUsageRequest(request_id=id_, batch=nine)
    with market.provider.client() as client, market.operator.client() as operator:
        calls: list[Callable[[], Message]] = [
            lambda: client.grant_allotment(grant),
            lambda: client.append_usage(append),
            lambda: client.seal_usage(seal),
            lambda: operator.enrol(enrol),
        ]
        for call in calls:
            with pytest.raises(RemoteError) as no:
                call()
            assert (no.value.reason, no.value.code) == ("LIMIT", "INVALID_ARGUMENT")


class Body(NamedTuple):
    """What is done to the bytes of a right document, and what the broker says to it."""

    old: bytes
    new: bytes
    reason: str
    place: str = "$"


_SITES = {
    "duplicate": Body(b'"country":', b'"country":"SE","country":', "PAYLOAD", "$.country"),
    "escaped-duplicate": Body(b'"country":', b'"countr\\u0079":"SE","country":', "PAYLOAD", "$.country"),
    "snake-case": Body(b'"issuedAt":', b'"issued_at":', "SCHEMA", "$.header.issued_at"),
    "camel-and-snake": Body(
        b'"issuedAt":', b'"issued_at":"2026-01-01T00:00:00Z","issuedAt":', "SCHEMA", "$.header.issued_at"
    ),
    "nan": Body(b'"NO"', b'"NO","latitudeMicrodegrees":NaN', "PAYLOAD", "$.latitudeMicrodegrees"),
    "exponent": Body(b'"NO"', b'"NO","latitudeMicrodegrees":1e3', "PAYLOAD", "$.latitudeMicrodegrees"),
    "quoted-exponent": Body(b'"NO"', b'"NO","accuracyM":"1e3"', "SCHEMA", "$.accuracyM"),
    "leading-zero": Body(b'"revision":"1"', b'"revision":"05"', "SCHEMA", "$.header.revision"),
    "other-digits": Body(b'"revision":"1"', '"revision":"٥"'.encode(), "SCHEMA", "$.header.revision"),
    "beyond-int64": Body(
        b'"revision":"1"', b'"revision":"9223372036854775808"', "SCHEMA", "$.header.revision"
    ),
    "endless-number": Body(b'"revision":"1"', b'"revision":' + b"9" * 10_000, "PAYLOAD", "$.header.revision"),
    "lone-surrogate": Body(b'"NO"', b'"NO","providerRegion":"\\ud800"', "PAYLOAD", "$.providerRegion"),
    "no-utf8": Body(b'"NO"', b'"NO","providerRegion":"\xff"', "PAYLOAD", "$"),
    "nul": Body(b'"NO"', b'"NO","providerRegion":"\\u0000"', "PAYLOAD", "$.providerRegion"),
    "null": Body(b'"NO"', b"null", "PAYLOAD", "$.country"),
    "other-type": Body(b'"NO"', b'{"a":[]}', "SCHEMA", "$.country"),
    "null-header": Body(b'{"header":{', b'{"header":[{', "PAYLOAD"),
    "depth-bomb": Body(b'"NO"', b'"NO","x":' + b"[" * 100_000, "LIMIT"),
    "depth-bomb-closed": Body(b'"NO"', b'"NO","x":' + b'{"a":' * 500 + b"1" + b"}" * 500, "LIMIT"),
    "uppercase-id": Body(b"/site/hostile", b"/site/Hostile", "SCHEMA", "$.header.id"),
    "percent-id": Body(b"/site/hostile", b"/site/h%6fstile", "SCHEMA", "$.header.id"),
    "dotted-id": Body(b"/site/hostile", b"/site/../hostile", "SCHEMA", "$.header.id"),
    "not-a-country": Body(b'"NO"', b'"no"', "SCHEMA", "$.country"),
    "not-a-list-name": Body(b'"NO"', b'"NO","closedLists":["a b"]', "SCHEMA", "$.closedLists"),
    "unknown-critical": Body(
        b'"revision":', b'"critical":["x.y"],"revision":', "CRITICAL", "$.header.critical"
    ),
    "another-issuer": Body(b'"issuer":"provider', b'"issuer":"stranger', "SCHEMA", "$.header.issuer"),
}
_WHOLE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "bom": (lambda body: b"\xef\xbb\xbf" + body, "PAYLOAD"),
    "truncated": (lambda body: body[:-2], "PAYLOAD"),
    "trailing": (lambda body: body + b"{}", "PAYLOAD"),
    "utf-16": (lambda body: body.decode().encode("utf-16"), "PAYLOAD"),
    "one-byte": (lambda _: b"1", "SCHEMA"),
    "a-list": (lambda body: b"[" + body + b"]", "SCHEMA"),
    "null": (lambda _: b"null", "PAYLOAD"),
    "nothing-but-space": (lambda _: b"  ", "PAYLOAD"),
    "brackets-to-the-limit": (lambda _: b"[" * MIB, "LIMIT"),
    "quotes-to-the-limit": (lambda _: b'"' * MIB, "PAYLOAD"),
    "backslashes-to-the-limit": (lambda _: b'"' + b"\\" * (MIB - 1), "PAYLOAD"),
    "members-to-the-limit": (
        lambda body: padded(body[:-1] + b',"x":1' * ((MIB - len(body)) // 6) + b"}", MIB),
        "PAYLOAD",
    ),
}


@pytest.mark.parametrize("case", _SITES)
def test_a_hostile_member_is_refused_at_its_place(market: Market, selling: Client, case: str) -> None:
    """ERROR-PLACE-1, ERROR-REASON-1: a signed document that is wrong gets its reason and the JSON path."""
    right = site(market)
    assert _SITES[case].old in right
    body = right.replace(_SITES[case].old, _SITES[case].new, 1)
    refusal = refused(selling, signed(market.provider, SITE, body))
    assert refusal.reason == _SITES[case].reason
    assert refusal.violations[0].path.startswith(_SITES[case].place)
    assert refusal.violations[0].message


@pytest.mark.parametrize("case", _WHOLE)
def test_a_hostile_body_is_refused(market: Market, selling: Client, case: str) -> None:
    """ERROR-PLACE-1: bytes that are no strict document are refused, up to the greatest length, at a place."""
    change, reason = _WHOLE[case]
    refusal = refused(selling, signed(market.provider, SITE, change(site(market))))
    assert refusal.reason == reason
    assert refusal.violations[0].path.startswith("$")


def test_an_unknown_member_of_a_descriptive_document_is_a_warning(market: Market, selling: Client) -> None:
    """DOC-UNKNOWN-1: a site may say more than this edition knows; its publisher is told."""
    body = site(market, "more").replace(b'"country":', b'"colour":"red","country":')
    envelope = signed(market.provider, SITE, padded(body, MIB))
    published = selling.publish_document(
        v1.PublishDocumentRequest(request_id=request_id(), envelope=envelope)
    )
    assert "colour" in published.warnings[0]


_ORDERS = {
    "float-money": Body(b'"amount":"100.00"', b'"amount":100.00', "PAYLOAD", "$.spendLimit.amount"),
    "money-in-words": Body(b'"100.00"', b'"1e2"', "SCHEMA", "$.spendLimit.amount"),
    "too-many-digits": Body(b'"100.00"', b'"100.000"', "SCHEMA", "$.spendLimit.amount"),
    "unknown-field": Body(b'"audience":', b'"colour":"red","audience":', "SCHEMA", "$.colour"),
    "snake-case": Body(b'"accessKey":', b'"access_key":', "SCHEMA", "$"),
    "loose-base64": Body(b'="', b'"', "SCHEMA", "$.accessKey"),
    "quantity-of-zero": Body(b'"quantity":"1"', b'"quantity":"0"', "SCHEMA", "$.items[0].quantity"),
    "quantity-as-number": Body(b'"quantity":"1"', b'"quantity":1', "SCHEMA", "$.items[0].quantity"),
    "digest-in-capitals": Body(b'"sha256":"', b'"sha256":"A', "SCHEMA", "$.holdReceipt.sha256"),
}


def test_hostile_orders_are_refused_and_the_right_one_still_commits(market: Market) -> None:
    """DOC-UNKNOWN-1: a closed document takes nothing unknown; after all refusals the hold still commits."""
    start = market.consumer.at(hours=1)
    with market.consumer.client() as client:
        hold = client.create_hold(
            market.consumer.hold_request(market.goods, start=start, end=start + timedelta(hours=1))
        )
        nonce = request_id()
        limit = v1.Money(currency="EUR", amount="100.00")
        right = convert.dump(
            documents.order_document(
                market.consumer, hold, nonce, consumer=market.consumer.authority, spend_limit=limit
            )
        )

        def commit(body: bytes) -> v1.CommitOrderResponse:
            envelope = signed(market.consumer, ORDER, body)
            return client.commit_order(
                v1.CommitOrderRequest(request_id=nonce, order=hold.order.name, envelope=envelope)
            )

        for case, told in _ORDERS.items():
            assert told.old in right, case
            with pytest.raises(RemoteError) as no:
                commit(right.replace(told.old, told.new, 1))
            assert no.value.reason == told.reason, (case, no.value)
            assert no.value.violations[0].path.startswith(told.place), (case, no.value.violations)
        assert commit(right).order.state == v1.OrderState.ORDER_STATE_COMMITTING


def test_the_broker_lives_and_its_log_knows_no_defect(market: Market, selling: Client) -> None:
    """After all of it the broker answers, and nothing that came was a defect of its own."""
    assert selling.get_server_info(v1.GetServerInfoRequest()).authority == "broker.example"
    assert "Traceback" not in market.operation.log.read_text("utf-8")
