"""Requests of RPCs are held to the constraints of their fields (RPC-REQUEST-1)."""

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from crex import v1
from crex.documents.fields import Field, Kind, fields_of
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


def request_messages() -> list[Descriptor]:
    """Every message that the request of any method of the contract holds, the requests among them."""
    pool, found = descriptor_pool.Default(), dict[str, Descriptor]()

    def reach(message: Descriptor) -> None:
        if message.full_name not in found and message.full_name.startswith("crex."):
            found[message.full_name] = message
            for field in fields_of(message):
                if field.message is not None:
                    reach(field.message)

    for path in Path(v1.__path__[0]).glob("*_service_pb2.py"):
        importlib.import_module(f"crex.v1.{path.stem}")
        file = pool.FindFileByName(f"crex/v1/{path.stem.removesuffix('_pb2')}.proto")
        for service in file.services_by_name.values():
            for method in service.methods:
                reach(method.input_type)
    return [found[name] for name in sorted(found)]


def breaking(field: Field) -> Iterator[Any]:
    """Values by which a field breaks each constraint that it states."""
    stated = field.constraint
    if field.kind is Kind.STRING:
        if stated.format or stated.pattern:
            yield "no such form \u00e9"
        if stated.HasField("max_length"):
            yield "x" * (stated.max_length + 1)
        yield "a\0b"
    if field.kind is Kind.BYTES and stated.HasField("max_length"):
        yield b"x" * (stated.max_length + 1)
    if field.kind in (Kind.INT32, Kind.INT64):
        if stated.HasField("max"):
            yield stated.max + 1
        # Without presence, 0 is the same as unset.
        if stated.HasField("min") and (stated.min != 1 or field.has_presence):
            yield stated.min - 1
    if field.kind is Kind.ENUM:
        yield 9999
    if field.kind is Kind.TIMESTAMP:
        yield Timestamp(nanos=-1)
    if field.kind is Kind.DURATION:
        yield Duration(seconds=2**62)


@pytest.mark.parametrize("message", request_messages(), ids=lambda message: message.name)
def test_every_constraint_of_every_request_is_kept(message: Descriptor) -> None:
    """RPC-REQUEST-1: each stated constraint refuses a value that breaks it, by the field's own path."""
    make = GetMessageClass(message)
    for field in fields_of(message):
        for value in () if field.is_map else breaking(field):
            given = make(**{field.name: [value] if field.repeated else value})
            paths = places(given)
            assert f"$.{field.json_name}" + ("[0]" if field.repeated else "") in paths, (field.name, value)
        if field.repeated and field.constraint.HasField("max_items") and field.constraint.max_items <= 1000:
            given = make()
            one = {Kind.STRING: "x", Kind.BYTES: b"x", Kind.ENUM: 1}.get(field.kind)
            many = getattr(given, field.name)
            for _ in range(field.constraint.max_items + 1):
                many.add() if field.message is not None else many.append(one if one is not None else 1)
            assert f"$.{field.json_name}" in places(given)
        if field.constraint.required and not field.is_map:
            expected = f"$.{field.json_name}"
            assert expected in places(make()), field.name
