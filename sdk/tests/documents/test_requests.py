"""Requests of RPCs are held to the constraints of their fields (RPC-REQUEST-1)."""

from collections.abc import Callable

import pytest
from google.protobuf.message import Message

from crex import v1
from crex.documents.requests import check_request
from crex.errors import DocumentError


def hold() -> v1.CreateHoldRequest:
    """A request that is right."""
    request = v1.CreateHoldRequest(request_id="request-0001")
    request.items.add(offer_id="crex://a.b/offer/x", offer_sha256="0" * 64, quantity=1)
    request.interval.start.seconds, request.interval.end.seconds = 1, 2
    return request


def places(request: Message) -> set[str]:
    """The places that are refused."""
    with pytest.raises(DocumentError) as refused:
        check_request(request)
    assert refused.value.reason == "SCHEMA"
    return {found.path for found in refused.value.violations}


def test_a_right_request_passes() -> None:
    """A request within its constraints is not refused."""
    check_request(hold())
    check_request(v1.GetServerInfoRequest())


def test_every_place_is_named_at_once() -> None:
    """All broken constraints are told together, each by its JSON path; a default counts as unset."""
    request = hold()
    request.items[0].quantity = 0
    request.interval.end.seconds = 1
    request.request_id = "no"
    assert places(request) == {"$.requestId", "$.items[0].quantity", "$.interval.end"}


def _set(path: str, value: object) -> Callable[[v1.CreateHoldRequest], None]:
    def change(request: v1.CreateHoldRequest) -> None:
        *parts, last = path.split(".")
        target: object = request
        for part in parts:
            target = target[int(part)] if part.isdecimal() else getattr(target, part)  # type: ignore[index]
        setattr(target, last, value)

    return change


def _clear(name: str) -> Callable[[v1.CreateHoldRequest], None]:
    return lambda request: request.ClearField(name)  # type: ignore[arg-type]


def _many(request: v1.CreateHoldRequest) -> None:
    request.items.extend([request.items[0]] * 16)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (_clear("request_id"), "$.requestId"),
        (_clear("items"), "$.items"),
        (_clear("interval"), "$.interval"),
        (_many, "$.items"),
        (_set("request_id", "x" * 65), "$.requestId"),
        (_set("request_id", "request-\0001"), "$.requestId"),
        (_set("request_id", "request 0001"), "$.requestId"),
        (_set("items.0.offer_id", "crex://A.b/offer/x"), "$.items[0].offerId"),
        (_set("items.0.offer_id", "crex://a.b/offer/%78"), "$.items[0].offerId"),
        (_set("items.0.offer_sha256", "G" * 64), "$.items[0].offerSha256"),
        (_set("items.0.quantity", -1), "$.items[0].quantity"),
        (_set("items.0.quantity", 10**12 + 1), "$.items[0].quantity"),
        (_set("interval.start.seconds", 2**62), "$.interval.start"),
        (_set("interval.start.nanos", -1), "$.interval.start"),
        (_set("interval.end.seconds", -(2**62)), "$.interval.end"),
        (_set("ttl.seconds", 2**62), "$.ttl"),
    ],
)
def test_each_broken_constraint_is_refused_at_its_place(
    change: Callable[[v1.CreateHoldRequest], None], place: str
) -> None:
    """One field that breaks its constraint is refused, and nothing else is."""
    request = hold()
    change(request)
    assert places(request) == {place}


def test_an_unknown_value_of_an_enum_is_refused() -> None:
    """Protobuf keeps enum numbers that it does not know; a request may not use them."""
    request = v1.ListOrdersRequest()
    request.state = 99  # type: ignore[assignment]
    assert places(request) == {"$.state"}


def test_alternatives_of_which_one_is_needed() -> None:
    """A request without any of its alternatives is refused; what stands in the one that is set is checked."""
    assert places(v1.GetDocumentRequest()) == {"$"}
    assert places(v1.GetDocumentRequest(sha256="0" * 63)) == {"$.sha256"}
    check_request(v1.GetDocumentRequest(sha256="0" * 64))


def test_envelopes_are_left_to_their_verification() -> None:
    """An envelope must be there; what is wrong inside it is for the steps of verification to say."""
    assert places(v1.PublishDocumentRequest(request_id="request-0001")) == {"$.envelope"}
    envelope = v1.Envelope(payload_type="text/plain", payload=b"x" * 1_048_577)
    envelope.signatures.extend([v1.Signature(keyid="no key", sig=b"")] * 9)
    for inside in (v1.Envelope(), envelope):
        check_request(v1.PublishDocumentRequest(request_id="request-0001", envelope=inside))


def test_many_violations_are_capped() -> None:
    """A request that is wrong everywhere is refused with a bounded number of places."""
    request = v1.AppendUsageRequest(request_id="request-0001", records=[b""] * 10_000)
    with pytest.raises(DocumentError) as refused:
        check_request(request)
    assert 1 <= len(refused.value.violations) <= 16
