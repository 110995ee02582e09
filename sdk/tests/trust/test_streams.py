"""Places in streams, and the names of streams (streams.md)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex import v1
from crex.errors import InvalidName
from crex.trust.streams import Position, stream_name

NAME = "crex://p.example/stream/invoice"


def test_the_first_has_no_digest_before_it() -> None:
    """STREAM-PREV-1: number 1 states no `prev`."""
    header = Position(NAME).place(v1.Header())
    assert (header.stream, header.sequence, header.HasField("prev")) == (NAME, 1, False)


@given(st.lists(st.binary(min_size=32, max_size=32).map(bytes.hex), max_size=20))
def test_places_follow_each_other(digests: list[str]) -> None:
    """STREAM-SEQUENCE-1: each place is one after the last, and cites the document that stands there."""
    position = Position(NAME)
    for count, digest in enumerate(digests, 1):
        position = position.after(digest)
        header = position.place(v1.Header())
        assert (header.sequence, header.prev) == (count + 1, digest)


def test_streams_differ_by_type_broker_and_counterparty() -> None:
    """STREAM-NAME-1: no two of them share a stream, and no name tells with whom one trades."""
    names = {
        stream_name("p.example", token, *parties)
        for token in ("invoice", "credit-note")
        for parties in ((), ("b.example",), ("b.example", "c.example"), ("c.example", "b.example"))
    }
    assert len(names) == 8
    assert all(name.startswith("crex://p.example/stream/") for name in names)
    assert not [name for name in names if "c.example" in name]


def test_a_party_that_is_none_has_no_stream() -> None:
    """A text that is no authority leads to no name."""
    with pytest.raises(InvalidName):
        stream_name("p.example", "invoice", "no authority")
