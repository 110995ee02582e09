"""Status lists as a reader keeps them: what is accepted, and what is answered."""

from __future__ import annotations

import json
import os
import zlib
from base64 import b64encode
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crex.documents.status_rules import is_set, read_bits
from crex.errors import TrustError
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import to_json
from crex.trust.identity import Identity
from crex.trust.status_lists import FROM_THE_BEGINNING, StatusLists
from sdk.tests.trust.samples import (
    CONSUMER,
    NOW,
    PROVIDER,
    SECOND,
    outcome,
    root_of,
    sign_raw,
    sign_trust,
    trust_body,
)
from sdk.tests.trust.status_samples import (
    LIST,
    SIZE,
    directory,
    list_body,
    signed_list,
    signing_key,
    trusting,
)

DAY = timedelta(days=1)


@pytest.fixture
def trust(provider: Identity) -> TrustDirectory:
    """A directory that trusts the provider, whose trust document names the list."""
    return directory(provider)


@pytest.fixture
def lists(provider: Identity, trust: TrustDirectory) -> StatusLists:
    """Lists with one in which places 7 (for all time) and 9 (since a week ago) are revoked."""
    lists = StatusLists()
    lists.accept(signed_list(provider, [7], dated={9: NOW - 7 * DAY}), trust, NOW)
    return lists


def _stale(lists: StatusLists, **changes: object) -> TrustError:
    asked = {"issuer": PROVIDER, "list_id": LIST, "index": 8, "now": NOW} | changes
    with pytest.raises(TrustError) as refused:
        lists.revoked_since(**asked)  # type: ignore[arg-type]
    assert outcome(refused.value) == (18, "STATUS_STALE")
    return refused.value


def test_a_place_is_revoked_since_its_time_or_from_the_beginning(lists: StatusLists) -> None:
    """STATUS-TIME-1: a place answers with its time, the beginning where none is stated, or nothing."""
    assert lists.revoked_since(PROVIDER, LIST, 7, now=NOW) == FROM_THE_BEGINNING
    assert lists.revoked_since(PROVIDER, LIST, 9, now=NOW) == NOW - 7 * DAY
    assert lists.revoked_since(PROVIDER, LIST, 8, now=NOW) is None
    record = lists.get(LIST)
    assert record is not None
    assert (record.revoked, list(record.indices())) == (2, [7, 9])


def test_no_answer_is_no_good_answer(lists: StatusLists) -> None:
    """STATUS-CLOSED-1: an unknown list, another authority's, and a place that is not there: STATUS_STALE."""
    assert "not known" in _stale(lists, list_id=f"crex://{PROVIDER}/status-list/b").message
    assert "no list of" in _stale(lists, issuer=CONSUMER).message
    assert str(SIZE) in _stale(lists, index=SIZE).message
    assert str(SIZE) in _stale(lists, index=-1).message


@pytest.mark.parametrize(
    ("ttl", "valid_for", "last"),
    [("3600s", DAY, 0), ("864000s", timedelta(hours=1), -1)],
    ids=["ttl", "valid-until"],
)
def test_an_old_list_answers_nothing(
    provider: Identity, trust: TrustDirectory, ttl: str, valid_for: timedelta, last: int
) -> None:
    """STATUS-TTL-1: after the time to live, and at the end of validity already, there is no answer."""
    lists = StatusLists()
    lists.accept(signed_list(provider, ttl=ttl, valid_for=valid_for), trust, NOW)
    moment = timedelta(milliseconds=1)
    last_good = NOW + timedelta(hours=1) + last * moment
    assert lists.revoked_since(PROVIDER, LIST, 8, now=last_good) is None
    _stale(lists, now=last_good + moment)


def test_a_list_past_its_ttl_is_not_taken_in(provider: Identity, trust: TrustDirectory) -> None:
    """STATUS-TTL-1: a list that nobody may rely on any more replaces none."""
    with pytest.raises(TrustError) as refused:
        StatusLists().accept(signed_list(provider, ttl="60s"), trust, NOW + 61 * SECOND)
    assert outcome(refused.value) == (18, "STATUS_STALE")


def test_the_trust_document_names_the_list(provider: Identity) -> None:
    """STATUS-LIST-1: a list that its issuer's trust document does not name is none."""
    with pytest.raises(TrustError) as refused:
        StatusLists().accept(signed_list(provider), directory(provider, lists=[LIST + "9"]), NOW)
    assert "does not name it" in refused.value.message


def test_an_unknown_or_unentitled_signer_is_refused(provider: Identity, consumer: Identity) -> None:
    """A list goes through every step of verification: a foreign key, and a key outside its use."""
    trust = directory(provider)
    forged = sign_raw("status-list", list_body(), signing_key(consumer))
    with pytest.raises(TrustError) as refused:
        StatusLists().accept(forged, trust, NOW)
    assert refused.value.reason == "ISSUER"
    body = trust_body(provider)
    body["statusLists"] = [LIST]
    for key in body["keys"]:
        key["use"] = [use for use in key["use"] if use != "status-list"]
    unentitled = TrustDirectory()
    unentitled.pin(sign_trust(body, root_of(provider)), now=NOW)
    with pytest.raises(TrustError) as refused:
        StatusLists().accept(signed_list(provider), unentitled, NOW)
    assert refused.value.reason == "KEY_USE"


def test_revisions_go_up(provider: Identity, trust: TrustDirectory) -> None:
    """STATUS-MONOTONIC-1: a lower revision, and other bytes under the same one, are TRUST_ROLLBACK."""
    lists = StatusLists()
    second = signed_list(provider, [3], revision=2)
    lists.accept(second, trust, NOW)
    assert lists.accept(second, trust, NOW).revision == 2
    for other in (signed_list(provider, [3]), signed_list(provider, [3, 4], revision=2)):
        with pytest.raises(TrustError) as refused:
            lists.accept(other, trust, NOW)
        assert outcome(refused.value) == (18, "TRUST_ROLLBACK")
    lists.accept(signed_list(provider, [3, 4], revision=7), trust, NOW)
    assert lists.revoked_since(PROVIDER, LIST, 4, now=NOW) == FROM_THE_BEGINNING


def test_a_revocation_is_for_good(provider: Identity, trust: TrustDirectory) -> None:
    """STATUS-KEEP-1: a revision that clears a place, moves its time later or has fewer places is refused."""
    for before, after in [
        (signed_list(provider, [3, 70_000]), signed_list(provider, [3], revision=2)),
        (signed_list(provider, dated={3: NOW - DAY}), signed_list(provider, dated={3: NOW}, revision=2)),
        (signed_list(provider, [3]), signed_list(provider, dated={3: NOW}, revision=2)),
        (signed_list(provider, size=2 * SIZE), signed_list(provider, revision=2)),
    ]:
        lists = StatusLists()
        lists.accept(before, trust, NOW)
        with pytest.raises(TrustError) as refused:
            lists.accept(after, trust, NOW)
        assert outcome(refused.value) == (18, "TRUST_ROLLBACK")
        known = lists.get(LIST)
        assert known is not None
        assert known.revision == 1
    lists = StatusLists()
    lists.accept(signed_list(provider, dated={3: NOW}), trust, NOW)
    grown = signed_list(provider, dated={3: NOW - DAY, 200_000: NOW}, size=2 * SIZE, revision=2)
    assert lists.accept(grown, trust, NOW).since(3) == NOW - DAY


def test_a_revoked_key_takes_its_lists_with_it(provider: Identity) -> None:
    """STATUS-CLOSED-1: once the key that signed a list is revoked or has ended, the list answers nothing."""
    for member in ("revokedAt", "notAfter"):
        trust, lists = directory(provider), StatusLists()
        lists.accept(signed_list(provider), trust, NOW)
        body = json.loads(trusting(provider, revision=2).payload)
        for key in body["keys"]:
            if key["keyid"] == signing_key(provider).keyid:
                key[member] = "2026-11-01T12:00:01Z"
        trust.pin(sign_trust(body, root_of(provider)), now=NOW)
        assert lists.revoked_since(PROVIDER, LIST, 8, now=NOW) is None
        assert "in use no more" in _stale(lists, now=NOW + SECOND).message


@pytest.mark.parametrize(
    "bits",
    [
        zlib.compress(bytes(SIZE // 8 + 1)),
        zlib.compress(bytes(SIZE // 8 - 1)),
        zlib.compress(bytes(1 << 28), 9),
        zlib.compress(bytes(SIZE // 8)) + b"\0",
        zlib.compress(bytes(SIZE // 8))[:-1],
        zlib.compress(bytes(SIZE // 8))[:-4] + b"\0\0\0\1",
        zlib.compress(bytes(SIZE // 8), wbits=-15),
        zlib.compress(bytes(SIZE // 8), wbits=31),
        zlib.compress(bytes(SIZE // 8)) * 2,
        b"\0" * 64,
    ],
    ids=["more", "less", "bomb", "after", "cut", "checksum", "raw", "gzip", "twice", "noise"],
)
def test_bits_have_the_size_that_is_stated(provider: Identity, trust: TrustDirectory, bits: bytes) -> None:
    """STATUS-BITS-1: more, fewer, broken, cut off, in another wrapping or with something after: refused."""
    assert read_bits(bits, SIZE) is None
    body = list_body() | {"bits": b64encode(bits).decode()}
    with pytest.raises(TrustError) as refused:
        StatusLists().accept(sign_raw("status-list", body, signing_key(provider)), trust, NOW)
    assert outcome(refused.value) == (13, "SCHEMA")
    assert [each.requirement for each in refused.value.violations] == ["STATUS-BITS-1"]


@pytest.mark.parametrize("size", ["131064", "8388616", "131073"])
def test_sizes_have_bounds(provider: Identity, trust: TrustDirectory, size: str) -> None:
    """STATUS-SIZE-1: too few places, too many, and no whole bytes are refused."""
    body = list_body() | {"size": size}
    with pytest.raises(TrustError) as refused:
        StatusLists().accept(sign_raw("status-list", body, signing_key(provider)), trust, NOW)
    assert "STATUS-SIZE-1" in {each.requirement for each in refused.value.violations}


def test_entries_ascend_and_are_revoked(provider: Identity, trust: TrustDirectory) -> None:
    """STATUS-TIME-1: an entry out of order, twice, of a place that is not revoked or not there is refused."""
    day = {"revokedAt": "2026-10-01T00:00:00Z"}
    for indices in (["9", "7"], ["7", "7"], ["8"], ["131072"], ["7", "8388607"]):
        body = list_body([7, 9]) | {"entries": [{"index": index, **day} for index in indices]}
        with pytest.raises(TrustError) as refused:
            StatusLists().accept(sign_raw("status-list", body, signing_key(provider)), trust, NOW)
        assert {each.requirement for each in refused.value.violations} == {"STATUS-TIME-1"}


@given(st.binary(max_size=200), st.integers(0, 200))
@settings(max_examples=200, deadline=None)
def test_hostile_bits_never_exceed_their_bound(noise: bytes, cut: int) -> None:
    """STATUS-BITS-1: whatever the stream is, there are exactly the bytes that were asked for, or none."""
    whole = zlib.compress(bytes(SIZE // 8))
    for stream in (noise, whole[:cut] + noise, noise + whole):
        bits = read_bits(stream, SIZE)
        assert bits is None or len(bits) == SIZE // 8


@given(st.sets(st.integers(0, 1023), max_size=40))
@settings(max_examples=50, deadline=None)
def test_place_zero_is_the_least_significant_bit(revoked: set[int]) -> None:
    """Bit order agrees with the definition, place by place."""
    value = sum(1 << index for index in revoked)
    bits = value.to_bytes(SIZE // 8, "little")
    assert {index for index in range(1024) if is_set(bits, index)} == revoked


# --- in a folder ---


def test_a_folder_keeps_lists_over_restarts(
    provider: Identity, trust: TrustDirectory, tmp_path: Path
) -> None:
    """STATUS-MONOTONIC-1: what was accepted is there after a restart, and keeps older revisions out."""
    folder = tmp_path / "status"
    StatusLists.open(folder, trust, now=NOW).accept(signed_list(provider, [7], revision=3), trust, NOW)
    lists = StatusLists.open(folder, trust, now=NOW)
    assert lists.names() == (LIST,)
    assert lists.revoked_since(PROVIDER, LIST, 7, now=NOW) == FROM_THE_BEGINNING
    with pytest.raises(TrustError) as refused:
        lists.accept(signed_list(provider, [7], revision=2), trust, NOW)
    assert refused.value.reason == "TRUST_ROLLBACK"
    modes = {path.suffix: path.stat().st_mode & 0o777 for path in folder.glob("*/*")}
    assert modes == {".json": 0o644}


def test_an_ended_list_in_a_folder_still_keeps_older_ones_out(
    provider: Identity, trust: TrustDirectory, tmp_path: Path
) -> None:
    """STATUS-MONOTONIC-1: a list that has ended answers nothing, and its revision is not forgotten."""
    StatusLists.open(tmp_path, trust, now=NOW).accept(signed_list(provider, revision=3), trust, NOW)
    later = NOW + timedelta(days=31)
    lists = StatusLists.open(tmp_path, trust, now=later)
    _stale(lists, now=later)
    with pytest.raises(TrustError) as refused:
        lists.accept(signed_list(provider, revision=2, issued=later), trust, later)
    assert refused.value.reason == "TRUST_ROLLBACK"
    assert lists.accept(signed_list(provider, revision=4, issued=later), trust, later).revision == 4


def test_two_processes_share_a_folder(provider: Identity, trust: TrustDirectory, tmp_path: Path) -> None:
    """STATUS-MONOTONIC-1: what another process wrote meanwhile is seen before it is overwritten."""
    first, second = (StatusLists.open(tmp_path, trust, now=NOW) for _ in range(2))
    first.accept(signed_list(provider, revision=5), trust, NOW)
    with pytest.raises(TrustError) as refused:
        second.accept(signed_list(provider, revision=4), trust, NOW)
    assert refused.value.reason == "TRUST_ROLLBACK"


def test_a_folder_that_was_changed_is_refused(
    provider: Identity, trust: TrustDirectory, tmp_path: Path
) -> None:
    """A file that was altered, moved to another name or is no list is refused, with its path."""
    StatusLists.open(tmp_path, trust, now=NOW).accept(signed_list(provider), trust, NOW)
    (path,) = tmp_path.glob("*/*.json")
    whole = path.read_bytes()
    forged = signed_list(provider)
    forged.payload = forged.payload.replace(b"86400s", b"96400s")
    for data, name in [(to_json(forged), path.name), (b"{}", path.name), (whole, "status-list~b.json")]:
        path.write_bytes(whole)
        other = path.with_name(name)
        other.write_bytes(data)
        with pytest.raises(TrustError) as refused:
            StatusLists.open(tmp_path, trust, now=NOW)
        assert refused.value.source == str(other)
        if other != path:
            other.unlink()


def test_a_crash_leaves_the_old_list_or_the_new(
    provider: Identity, trust: TrustDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that fails midway leaves what was there, and nothing half written is read."""
    lists = StatusLists.open(tmp_path, trust, now=NOW)
    lists.accept(signed_list(provider), trust, NOW)

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        lists.accept(signed_list(provider, [7], revision=2), trust, NOW)
    monkeypatch.undo()
    again = StatusLists.open(tmp_path, trust, now=NOW)
    assert again.revoked_since(PROVIDER, LIST, 7, now=NOW) is None
    assert lists.revoked_since(PROVIDER, LIST, 7, now=NOW) is None


def test_memory_has_a_bound(provider: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    """One issuer's lists take no more than their share: LIMIT."""
    monkeypatch.setattr("crex.trust.status_lists.MAX_ISSUER_BYTES", SIZE // 8)
    trust, lists = directory(provider, lists=[LIST, LIST + "2"]), StatusLists()
    lists.accept(signed_list(provider), trust, NOW)
    with pytest.raises(TrustError) as refused:
        lists.accept(signed_list(provider, path="status-list/a2"), trust, NOW)
    assert refused.value.reason == "LIMIT"
