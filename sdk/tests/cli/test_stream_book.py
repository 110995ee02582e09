"""The streams of what a person signs by command, over crashes and lost answers."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any, cast

import pytest

from crex import v1
from crex.cli.party import Customer
from crex.cli.stream_book import stream_of
from crex.errors import CrexError, RemoteError
from crex.trust.envelope import digest

SELLER, BROKER, BUYER = "p.example", "b.example", "c.example"


class Broker:
    """A broker that keeps what it is told to."""

    def __init__(self) -> None:
        self.kept: set[str] = set()
        self.reachable = True

    def get_document(self, request: v1.GetDocumentRequest) -> v1.GetDocumentResponse:
        """Gives a document that was kept."""
        if not self.reachable:
            raise RemoteError("STORAGE_UNAVAILABLE", "down", code="UNAVAILABLE")
        if request.sha256 not in self.kept:
            raise RemoteError("NOT_FOUND", "no such document", code="NOT_FOUND")
        return v1.GetDocumentResponse()


class Seller:
    """Has what a stream asks of a party."""

    authority, broker = SELLER, BROKER

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client = Broker()

    def sign(self, *, then: Exception | None = None, arrives: bool = True, named: str = "one") -> v1.Header:
        """Signs a note into the stream and sends it; `then` is the answer that is heard."""
        with stream_of(cast("Customer", self), "credit-note", BUYER) as stream:
            header = stream.place(v1.Header(id=f"crex://{SELLER}/note/{named}"))
            envelope = v1.Envelope(payload=header.SerializeToString())
            with stream.sending(envelope):
                if arrives:
                    self.client.kept.add(digest(envelope.payload))
                if then is not None:
                    raise then
        return header

    def state(self) -> dict[str, Any]:
        """What the file of the stream says."""
        (path,) = (self.folder / "streams").glob("*.json")
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return found


@pytest.fixture
def seller(tmp_path: Path) -> Seller:
    """A seller that signed nothing yet."""
    return Seller(tmp_path)


def test_numbers_go_up_one_by_one(seller: Seller) -> None:
    """STREAM-SEQUENCE-1, STREAM-PREV-1: each document cites the one before."""
    first, second = seller.sign(named="one"), seller.sign(named="two")
    assert (first.sequence, second.sequence) == (1, 2)
    assert second.prev == digest(first.SerializeToString())
    assert seller.state()["sequence"] == 3


def test_a_refused_document_frees_its_number(seller: Seller) -> None:
    """STREAM-SEQUENCE-1: nobody keeps what was refused, so the next document takes its place."""
    refused = RemoteError("RATING_DIFFERS", "no", code="FAILED_PRECONDITION")
    with pytest.raises(RemoteError):
        seller.sign(then=refused, arrives=False)
    assert seller.sign(named="two").sequence == 1


@pytest.mark.parametrize(("arrives", "number"), [(True, 2), (False, 1)])
def test_where_no_answer_was_heard_the_broker_is_asked(seller: Seller, arrives: bool, number: int) -> None:
    """STREAM-SEQUENCE-1: the place is taken if the document arrived, and free if it did not."""
    lost = RemoteError("STORAGE_UNAVAILABLE", "gone", code="UNAVAILABLE")
    with pytest.raises(RemoteError):
        seller.sign(then=lost, arrives=arrives)
    assert seller.sign(named="two").sequence == number


def test_a_killed_command_is_settled_by_the_next(seller: Seller) -> None:
    """A command that ended while it sent leaves a document about which the next one asks."""
    with pytest.raises(KeyboardInterrupt):
        seller.sign(then=cast("Exception", KeyboardInterrupt()))
    assert seller.state()["pending"]
    assert seller.sign(named="two").sequence == 2


def test_nothing_is_signed_while_the_broker_cannot_be_asked(seller: Seller) -> None:
    """Where it is not known whether a number is taken, no document is signed with it."""
    with pytest.raises(RemoteError):
        seller.sign(then=RemoteError("STORAGE_UNAVAILABLE", "gone", code="UNAVAILABLE"))
    seller.client.reachable = False
    before = seller.state()
    with pytest.raises(RemoteError):
        seller.sign(named="two")
    assert seller.state() == before


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"stream": "x", "sequence": 0, "prev": "", "pending": ""}']
)
def test_a_damaged_file_is_named(seller: Seller, text: str) -> None:
    """A file that does not tell where the stream stands is refused, and not begun anew."""
    seller.sign()
    (path,) = (seller.folder / "streams").glob("*.json")
    path.write_text(text, "utf-8")
    with pytest.raises(CrexError) as caught:
        seller.sign(named="two")
    assert caught.value.source == str(path)
    assert path.read_text("utf-8") == text


def test_two_commands_at_once_take_different_numbers(seller: Seller) -> None:
    """A stream is one command's at a time."""
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda at=at: found.append(seller.sign(named=f"n{at}").sequence))
        for at in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(1, 9))
