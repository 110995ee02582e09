"""The issuer's book of a status list."""

from __future__ import annotations

import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crex import v1
from crex.documents import convert, reader
from crex.errors import CrexError
from crex.trust.identity import Identity
from crex.trust.status_book import ENTRIES_MAX, StatusListBuilder
from crex.trust.status_lists import FROM_THE_BEGINNING, StatusLists
from sdk.tests.trust.samples import NOW, PROVIDER, sign_raw
from sdk.tests.trust.status_samples import LIST, SIZE, directory, signing_key

DAY = timedelta(days=1)


def _allotted(*indices: int) -> StatusListBuilder:
    """A book in which these places are given out."""
    book, given = StatusListBuilder(LIST), iter(indices)
    for _ in indices:
        book.allot(draw=lambda _: next(given))
    return book


def test_places_are_drawn_at_random_and_once() -> None:
    """STATUS-ALLOT-1: no place twice, and of a thousand hardly any two are neighbours."""
    book = StatusListBuilder(LIST)
    places = [book.allot().index for _ in range(1000)]
    assert len(set(places)) == book.allotted == 1000
    in_order = sum(after > before for before, after in pairwise(places))
    assert 400 < in_order < 600
    halves = sum(place < SIZE // 2 for place in places)
    assert 400 < halves < 600
    near = sum(abs(after - before) < 16 for before, after in pairwise(places))
    assert near < 20


def test_a_place_that_is_taken_is_drawn_anew() -> None:
    """STATUS-ALLOT-1: a draw that hits a taken place is made again."""
    draws = iter([5, 5, 5, 6])
    book = StatusListBuilder(LIST)
    assert [book.allot(draw=lambda _: next(draws)).index for _ in range(2)] == [5, 6]


def test_half_of_a_list_is_never_given_out() -> None:
    """STATUS-ALLOT-1: a list that is half given out gives no more."""
    book = StatusListBuilder(LIST, _allotted=bytearray(b"\xff" * (SIZE // 16) + bytes(SIZE // 16)))
    with pytest.raises(CrexError) as refused:
        book.allot()
    assert refused.value.reason == "LIMIT"


def test_what_is_built_is_read_back(provider: Identity) -> None:
    """A list that a book built says of every place what the book says."""
    book = _allotted(0, 7, 8, SIZE - 1)
    book.revoke(7, reason="compromise")
    book.revoke(SIZE - 1, since=NOW - DAY, reason="withdrawn")
    envelope = sign_raw("status-list", convert.dump(book.build(now=NOW)), signing_key(provider))
    lists = StatusLists()
    record = lists.accept(envelope, directory(provider), NOW)
    assert [record.since(index) for index in (0, 7, 8, SIZE - 1)] == [
        None,
        FROM_THE_BEGINNING,
        None,
        NOW - DAY,
    ]
    book.revoke(0, since=NOW)
    second = sign_raw("status-list", convert.dump(book.build(now=NOW)), signing_key(provider))
    assert lists.accept(second, directory(provider), NOW).revision == 2


def test_a_revocation_is_never_moved_later() -> None:
    """STATUS-KEEP-1: again from an earlier time is allowed, from a later one not, nor at a free place."""
    book = _allotted(3)
    book.revoke(3, since=NOW)
    book.revoke(3, since=NOW - DAY)
    for since in (NOW, NOW - DAY + timedelta(hours=1)):
        with pytest.raises(CrexError) as refused:
            book.revoke(3, since=since)
        assert refused.value.reason == "CONFLICT"
    book.revoke(3)
    with pytest.raises(CrexError) as refused:
        book.revoke(3, since=NOW - 100 * DAY)
    assert refused.value.reason == "CONFLICT"
    for index in (4, -1, SIZE):
        with pytest.raises(CrexError) as refused:
            book.revoke(index)
        assert refused.value.reason == "NOT_FOUND"


def test_more_dates_than_a_list_holds_are_dropped_towards_caution() -> None:
    """Beyond 4,096 dated places, those revoked longest ago become revoked for all time."""
    count = ENTRIES_MAX + 2
    book = _allotted(*range(count))
    for index in range(count):
        book.revoke(index, since=NOW - timedelta(seconds=index))
    built = book.build(now=NOW)
    reader.check(convert.to_json(built), v1.StatusList)
    assert len(built.entries) == ENTRIES_MAX
    assert {entry.index for entry in built.entries} == set(range(ENTRIES_MAX))
    assert built.entries[0].revoked_at.ToDatetime(tzinfo=NOW.tzinfo) == NOW
    bits = zlib.decompress(built.bits)
    assert int.from_bytes(bits, "little").bit_count() == count


def test_sizes_times_and_reasons_have_bounds() -> None:
    """STATUS-SIZE-1, STATUS-TTL-1: what a reader would refuse is refused when the book is begun."""
    for members in ({"size": SIZE - 8}, {"size": SIZE + 4}, {"size": 2**24}, {"ttl": timedelta()}):
        with pytest.raises(CrexError):
            StatusListBuilder(LIST, **members)
    with pytest.raises(CrexError):
        StatusListBuilder("crex://nobody")
    with pytest.raises(CrexError):
        _allotted(3).revoke(3, reason="Not A Token")


def test_a_book_is_a_secret_file(tmp_path: Path) -> None:
    """A book is 0600, is refused when others can read it, and says what was written."""
    path = tmp_path / "books" / "a.json"
    book = _allotted(3, 9)
    book.revoke(9, since=NOW, reason="withdrawn")
    book.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert StatusListBuilder.open(path) == book
    path.chmod(0o644)
    with pytest.raises(CrexError) as refused:
        StatusListBuilder.open(path)
    assert refused.value.source == str(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"revision":"0"', b'"revision":"-1"'),
        (b'"size":"131072"', b'"size":"131080"'),
        (b'"index":"9"', b'"index":"10"'),
        (b'"allotted":"', b'"allotted":"AAAA'),
        (b'{"name"', b'{"nome"'),
        (b"}", b""),
    ],
)
def test_a_damaged_book_is_refused(tmp_path: Path, old: bytes, new: bytes) -> None:
    """A book that contradicts itself is refused, for a wrong one gives out places twice."""
    book = _allotted(3, 9)
    book.revoke(9)
    text = book.dump()
    assert old in text
    with pytest.raises(CrexError) as refused:
        StatusListBuilder.load(text.replace(old, new, 1))
    assert refused.value.reason == "SCHEMA"


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_noise_is_no_book(noise: bytes) -> None:
    """Whatever a file holds, it is a book or a clear refusal."""
    with pytest.raises(CrexError):
        StatusListBuilder.load(noise)


def test_two_at_once_never_get_one_place(tmp_path: Path) -> None:
    """STATUS-ALLOT-1: whoever edits a book keeps the others out until it is saved."""
    path = tmp_path / "a.json"
    StatusListBuilder(LIST).save(path)

    def allot(_: int) -> int:
        with StatusListBuilder.editing(path) as book:
            return int(book.allot().index)

    with ThreadPoolExecutor(8) as threads:
        places = list(threads.map(allot, range(40)))
    assert len(set(places)) == StatusListBuilder.open(path).allotted == 40


def test_what_fails_changes_no_book(tmp_path: Path) -> None:
    """An edit that raises leaves the book as it was."""
    path = tmp_path / "a.json"
    StatusListBuilder(LIST).save(path)

    def fail() -> None:
        with StatusListBuilder.editing(path) as book:
            book.allot(draw=lambda _: 0)
            book.revoke(1)

    with pytest.raises(CrexError):
        fail()
    assert StatusListBuilder.open(path).allotted == 0
    assert StatusListBuilder.open(path).issuer == PROVIDER
