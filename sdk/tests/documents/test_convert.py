"""Conversion: what the property test of agreement does not reach."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from crex import v1
from crex.documents import convert, reader
from crex.errors import DocumentError
from sdk.tests.documents.samples import body, offer, order


def test_a_message_writes_the_bytes_that_it_was_read_from() -> None:
    """Members come in the order of field numbers, compact, so that a document survives to the byte."""
    message = convert.to_message(order(), v1.OrderDocument)
    assert convert.dump(message) == body(order())


def test_members_come_in_field_order_whatever_the_order_read() -> None:
    """Two texts of the same members in another order write the same bytes."""
    backwards = dict(reversed(offer().items()))
    first, second = (convert.to_message(value, v1.Offer) for value in (offer(), backwards))
    assert convert.dump(first) == convert.dump(second)


def test_maps_are_written_with_their_keys_sorted() -> None:
    """The order in which a map was filled leaves no trace."""
    site = v1.Site()
    for language in ("zh", "en", "de"):
        site.display_names[language] = language
    assert list(convert.to_json(site)["displayNames"]) == ["de", "en", "zh"]


def test_absent_and_zero_differ_where_it_matters() -> None:
    """A field with presence keeps its zero; one without presence is absent at zero."""
    memory = v1.Memory(capacity_bytes=0, ecc=False)
    assert convert.to_json(memory) == {"capacityBytes": "0", "ecc": False}
    assert convert.to_json(v1.ListOrdersRequest(page_size=0)) == {}


def test_empty_lists_are_left_out() -> None:
    """An empty list reads as an absent one and is not written."""
    value = offer(interfaces=[])
    assert reader.read(body(value), v1.Offer) == value
    assert "interfaces" not in convert.to_json(convert.to_message(value, v1.Offer))


def test_unknown_members_are_left_out() -> None:
    """Members that the contract does not have leave no trace in the message."""
    message = convert.to_message(offer(zzz={"a": 1}), v1.Offer)
    assert convert.to_json(message) == offer()


@pytest.mark.parametrize(
    "value",
    [
        [],
        {"header": []},
        {"header": {"revision": "x"}},
        {"header": {"revision": "99999999999999999999"}},
        {"header": {"issuedAt": "yesterday"}},
        {"terms": {"minDuration": "1"}},
        {"interfaces": 1},
        {"interfaces": [1]},
    ],
)
def test_what_was_never_read_gives_one_error(value: Any) -> None:
    """A value that no reader accepted is refused with SCHEMA, whatever is wrong with it."""
    with pytest.raises(DocumentError) as refused:
        convert.to_message(value, v1.Offer)
    assert refused.value.reason == "SCHEMA"


def _terms(**members: Any) -> v1.OfferTerms:
    return v1.OfferTerms(mode="spot", **members)


@pytest.mark.parametrize(
    "message",
    [
        v1.Header(issued_at=Timestamp(seconds=1, nanos=1)),
        v1.Header(issued_at=Timestamp(seconds=253402300800)),
        v1.Header(issued_at=Timestamp(seconds=10**15)),
        _terms(min_duration=Duration(seconds=-1)),
        _terms(min_duration=Duration(seconds=1, nanos=999)),
        v1.OrderConfirmation(outcome=99),  # type: ignore[arg-type]
    ],
    ids=lambda message: str(message).replace("\n", " "),
)
def test_what_the_strict_form_cannot_say_is_not_written(message: Any) -> None:
    """A message with finer times, negative durations or unknown enum numbers is refused, not rounded."""
    with pytest.raises(DocumentError) as refused:
        convert.dump(message)
    assert refused.value.reason == "SCHEMA"


def test_times_and_durations_of_messages() -> None:
    """Times and durations go into messages and come back."""
    moment = datetime(2026, 3, 1, 8, 0, 0, 250_000, tzinfo=UTC)
    assert convert.from_timestamp(convert.to_timestamp(moment)) == moment
    before = datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
    assert convert.from_timestamp(convert.to_timestamp(before)) == before
    span = timedelta(days=400, milliseconds=1)
    assert convert.from_duration(convert.to_duration(span)) == span


def test_a_short_text_takes_little_memory() -> None:
    """Millions of records are kept as their bytes; each takes about what it has, not a page."""
    records = [v1.UsageRecord(meter_id=f"m{number}") for number in range(1000)]
    convert.dump(records[0])  # what is made once is made
    tracemalloc.start()
    kept = [convert.dump(record) for record in records]
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 1000 * (len(kept[0]) + 200)
