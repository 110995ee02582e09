"""The broker is killed at random moments while its log grows: no leaf is lost or doubled, and nothing forks.

Every checkpoint that anybody was shown, in the folder or by a call, is kept aside; every receipt too. After
the last kill one tree must contain them all: each checkpoint is a beginning of it, each receipt's leaf stands
at its place.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeVar

import pytest
from google.protobuf.message import Message

from crex import v1
from crex.documents import convert, reader
from crex.errors import RemoteError
from crex.transparency.store import TileFolder, TileWriter
from crex.transparency.tiles import tiles_of
from crex.trust import merkle
from crex.trust.checkpoint import Checkpoint
from crex.trust.log_proof import leaf_data
from reference_broker.tests.documents import Goods
from reference_broker.tests.wire import Operation, WireParty, publish, request_id

SEED: Final = 20261128
KILLS: Final = 8
BUYERS: Final = 16
PLENTY: Final = 10**6
_TIMEOUT_S: Final = 10.0
ResponseT = TypeVar("ResponseT")
_NO_ANSWER: Final = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "UNKNOWN")


@dataclass
class Seen:
    """What was shown to anybody.

    Attributes:
        checkpoints: Root by size.
        receipts: By their position.
    """

    checkpoints: dict[int, bytes] = field(default_factory=dict)
    receipts: dict[int, bytes] = field(default_factory=dict)

    def checkpoint(self, operation: Operation, note: str | bytes) -> None:
        """Keeps a checkpoint; another root at a size that was shown is a fork."""
        shown = Checkpoint.open(note, operation.identity.trust.logs)
        assert self.checkpoints.setdefault(shown.size, shown.root) == shown.root, f"a fork at {shown.size}"

    def receipt(self, envelope: v1.Envelope) -> None:
        """Keeps a receipt; another leaf at a position that was promised is a fork."""
        receipt = convert.to_message(reader.read(envelope.payload, v1.Receipt), v1.Receipt)
        assert self.receipts.setdefault(receipt.index, receipt.leaf) == receipt.leaf


async def buy(operation: Operation, party: WireParty, goods: Goods, seen: Seen, over: asyncio.Event) -> None:
    """Holds, gives back, repeats what got no answer, and looks at the log in between."""
    async with party.async_client() as client:
        while not over.is_set():
            start = party.at(hours=1)
            request = party.hold_request(goods, start=start, end=start + timedelta(hours=1))
            held = await answered(client.create_hold, request)
            release = v1.ReleaseHoldRequest(request_id=request_id(), order=held.order.name)
            freed = await answered(client.release_hold, release)
            assert len(held.receipts) == len(freed.receipts) == 1
            for envelope in (*held.receipts, *freed.receipts):
                seen.receipt(envelope)
            note = await answered(client.get_checkpoint, v1.GetCheckpointRequest())
            seen.checkpoint(operation, note.checkpoint)


async def answered(send: Callable[..., Awaitable[ResponseT]], request: Message) -> ResponseT:
    """Sends the same request until there is an answer."""
    while True:
        try:
            return await send(request, timeout_s=_TIMEOUT_S)
        except RemoteError as error:
            if error.code not in _NO_ANSWER:
                raise
        await asyncio.sleep(0.05)


async def kill_and_start(operation: Operation, seen: Seen, over: asyncio.Event) -> None:
    """Kills at seeded moments; what the folder shows then is what the world may have copied."""
    moments = random.Random(SEED)
    file = operation.folder / "broker-log" / "checkpoint"
    try:
        for _ in range(KILLS):
            await asyncio.sleep(0.1 + moments.random())
            operation.kill()
            seen.checkpoint(operation, file.read_bytes())
            await asyncio.to_thread(operation.start)
        await asyncio.sleep(1.5)
    finally:
        over.set()


@pytest.mark.slow
def test_the_log_is_one_history_over_any_number_of_kills(tmp_path: Path) -> None:
    """LOG-TILE-1, LOG-CONSISTENT-1, RECEIPT-LOG-1: one tree contains all that was ever shown or promised."""
    operation = Operation.prepare(tmp_path)
    provider = operation.party("provider.example", ["provider"])
    consumers = [operation.party(f"consumer{number}.example", ["consumer"]) for number in range(4)]
    operation.start()
    seen = Seen()

    async def run(goods: Goods) -> None:
        over = asyncio.Event()
        await asyncio.gather(
            kill_and_start(operation, seen, over),
            *(buy(operation, consumers[number % 4], goods, seen, over) for number in range(BUYERS)),
        )

    try:
        asyncio.run(run(publish(provider, PLENTY)))
        assert operation.terminate() == 0
    finally:
        operation.close()
    _check(operation, seen)
    assert len(seen.checkpoints) > KILLS / 2
    assert len(seen.receipts) > 100


def _check(operation: Operation, seen: Seen) -> None:
    """One row each from 0, one tile tree over them, and in it everything that was shown."""
    with closing(sqlite3.connect(operation.database)) as database:
        rows = database.execute(
            "SELECT idx, leaf, salt, step, record FROM log_entries ORDER BY idx"
        ).fetchall()
        documents = database.execute("SELECT count(*) FROM documents").fetchone()[0]
        steps = database.execute(
            "SELECT count(*) FROM transitions WHERE object = 'order' AND event NOT IN ('hold', 'commit')"
        ).fetchone()[0]
    leaves = [leaf for _, leaf, *_ in rows]
    assert [index for index, *_ in rows] == list(range(len(rows)))
    assert len(rows) == documents + steps, "one entry for each document and step, none twice"
    assert len({salt for _, _, salt, *_ in rows if salt}) == sum(1 for _, _, salt, *_ in rows if salt)
    assert all(leaf == leaf_data(step, salt) for _, leaf, salt, step, _ in rows if step is not None)
    tiles = TileFolder(operation.folder / "broker-log")
    shown = tiles.read("checkpoint")
    assert shown is not None
    last = Checkpoint.open(shown, operation.identity.trust.logs)
    assert last.size == len(rows), "a broker that is told to stop shows all that it accepted"
    seen.checkpoint(operation, shown)
    for tile in tiles_of(last.size):
        assert tiles.read(tile.path) is not None
    assert TileWriter(tiles, last.size).root() == last.root
    builder = merkle.TreeBuilder()
    roots = {0: builder.root()}
    for size, leaf in enumerate(leaves, start=1):
        builder.append(leaf)
        if size in seen.checkpoints:
            roots[size] = builder.root()
    assert {size: roots[size] for size in seen.checkpoints} == seen.checkpoints
    assert {index: leaves[index] for index in seen.receipts} == seen.receipts
