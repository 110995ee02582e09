"""The publisher over a real store: it grows, survives, rebuilds, and refuses to show two histories."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from crex.errors import CrexError, TrustError
from crex.transparency.store import TileFolder, TileWriter
from crex.transparency.tiles import WIDTH, Tile, tiles_of
from crex.trust import merkle
from crex.trust.checkpoint import Checkpoint
from crex.trust.signed_note import NoteKey
from crex_broker.log.publisher import LogPublisher
from crex_broker.log.settings import LogSettings
from crex_broker.storage.sqlite import log_table
from crex_broker.storage.sqlite.store import SqliteStore
from reference_broker.tests.exchange import BROKER, CONSUMER, PROVIDER, ManualClock

KEY = NoteKey.from_seed(f"{BROKER}/log", bytes(range(32)))
NEVER_S = 3600.0


class Stage:
    """A store and the publisher of its log, as a broker has them.

    Attributes:
        folder: Where both are.
        key: The key of the log.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = ManualClock()
        self.key = KEY

    @property
    def database(self) -> Path:
        """The store's file."""
        return self.folder / "broker.db"

    @property
    def tiles(self) -> Path:
        """The published log."""
        return LogSettings.beside(self.database).folder

    @asynccontextmanager
    async def running(self, *, look_s: float = NEVER_S) -> AsyncIterator[tuple[SqliteStore, LogPublisher]]:
        """Opens both, and closes them as a broker does that is told to stop."""
        store = SqliteStore(self.database, authority=BROKER, clock=self.clock)
        try:
            publisher = LogPublisher(
                store.log, lambda: self.key, self.tiles, self.clock, earlier=[KEY.verifier], look_s=look_s
            )
            await publisher.start()
            try:
                yield store, publisher
            finally:
                await publisher.close()
        finally:
            store.close()

    def shown(self) -> Checkpoint:
        """The checkpoint that a web server shows."""
        return Checkpoint.open((self.tiles / "checkpoint").read_bytes(), [self.key.verifier])

    def leaves(self) -> list[bytes]:
        """The leaf data of the store."""
        with closing(sqlite3.connect(self.database)) as database:
            return [leaf for (leaf,) in database.execute("SELECT leaf FROM log_entries ORDER BY idx")]

    def back_up(self) -> None:
        """Makes a backup of the database, as an operator does."""
        with (
            closing(sqlite3.connect(self.database)) as database,
            closing(sqlite3.connect(self.folder / "backup")) as backup,
        ):
            database.backup(backup)

    def restore(self) -> None:
        """Puts the backup in the place of the database."""
        for leftover in ("-wal", "-shm"):
            self.database.with_name(self.database.name + leftover).unlink(missing_ok=True)
        shutil.copy(self.folder / "backup", self.database)

    def check(self) -> Checkpoint:
        """What is shown is the tree over the store's leaves, every tile of it; gives the checkpoint."""
        shown, leaves = self.shown(), self.leaves()
        assert shown.root == merkle.root(leaves[: shown.size])
        tiles = TileFolder(self.tiles)
        assert TileWriter(tiles, shown.size).root() == shown.root
        for tile in tiles_of(shown.size):
            assert tiles.read(tile.path) is not None, tile
        return shown


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """An empty stage."""
    return Stage(tmp_path)


def crash(publisher: LogPublisher) -> None:
    """Ends a publisher so that it publishes nothing any more."""
    assert publisher._task is not None
    publisher._task.cancel()
    publisher._task = None


async def until(true: Callable[[], bool]) -> None:
    """Waits until something is true, five seconds at most."""
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come true in time")


def step(store: SqliteStore, count: int = 1, order: str = "1") -> None:
    """Puts so many entries into the log, one transaction."""
    store.writer.run_blocking(
        lambda tx: [
            log_table.append_step(
                tx,
                f"crex://{BROKER}/order/{order}",
                "hold",
                before="",
                after="HELD",
                actor=CONSUMER,
                provider=PROVIDER,
                consumer=CONSUMER,
            )
            for _ in range(count)
        ]
    )


async def test_a_checkpoint_covers_what_was_accepted_and_none_follows_without_reason(stage: Stage) -> None:
    """LOG-TILE-1: each growth is shown with all its tiles; where nothing came, no checkpoint is signed."""
    async with stage.running() as (store, publisher):
        assert publisher.latest.size == 0
        assert stage.check().size == 0
        for count in (1, 1, 254, 1, 300, 40_000):
            await asyncio.to_thread(step, store, count)
            assert await publisher.publish()
            shown = stage.check()
            assert shown.size == await store.log.size() == publisher.latest.size
            before = (stage.tiles / "checkpoint").stat().st_mtime_ns
            assert not await publisher.publish()
            assert (stage.tiles / "checkpoint").stat().st_mtime_ns == before
        partial = {path.parent.name for path in stage.tiles.rglob("*.p/*")}
        assert len(partial) <= 6, f"partial tiles that full ones replaced are removed: {partial}"


async def test_proofs_are_right_at_every_size_that_was_published(stage: Stage) -> None:
    """LOG-PROOF-2, LOG-CONSISTENT-1: inclusion and consistency verify against the tree of the leaves."""
    sizes = [1, 2, 3, 255, 256, 257, 700]
    async with stage.running() as (store, publisher):
        for size in sizes:
            step(store, size - await store.log.size())
            await publisher.publish()
        leaves = stage.leaves()
        for size in sizes:
            root = merkle.root(leaves[:size])
            for index in {0, size // 2, size - 1}:
                proof = await publisher.inclusion(index, size)
                assert merkle.verify_inclusion(leaves[index], index, size, proof, root)
            for first in (one for one in sizes if one <= size):
                hashes = await publisher.consistency(first, size)
                assert merkle.verify_consistency(first, size, hashes, merkle.root(leaves[:first]), root)
        for index, size in ((700, 700), (0, 701), (5, 3)):
            with pytest.raises(CrexError, match="NOT_FOUND"):
                await publisher.inclusion(index, size)
        for first, second in ((3, 2), (1, 701)):
            with pytest.raises(CrexError, match="NOT_FOUND"):
                await publisher.consistency(first, second)
        assert list(await publisher.consistency(0, 700)) == []


async def test_a_size_that_was_never_published_is_proven_and_damages_nothing(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """LOG-PROOF-2: such a size has no partial tiles; nobody makes the broker build its tiles again by it."""
    async with stage.running() as (store, publisher):
        for count in (300, 417):
            step(store, count)
            await publisher.publish()
        leaves = stage.leaves()
        for size in (1, 2, 255, 256, 299, 301, 600, 716):
            root = merkle.root(leaves[:size])
            proof = await publisher.inclusion(size - 1, size)
            assert merkle.verify_inclusion(leaves[size - 1], size - 1, size, proof, root)
            for first in (1, size // 2, size - 1):
                hashes = await publisher.consistency(first, size)
                assert merkle.verify_consistency(first, size, hashes, merkle.root(leaves[:first]), root)
    assert "damaged" not in caplog.text


async def test_readers_who_all_meet_damage_have_the_tiles_built_again_once(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Work that anyone can ask for is bounded: the second one finds what the first had built again."""
    async with stage.running() as (store, publisher):
        step(store, 700)
        await publisher.publish()
        (stage.tiles / Tile(0, 1, WIDTH).path).unlink()
        proofs = await asyncio.gather(*(publisher.inclusion(300, 700) for _ in range(8)))
        assert len({tuple(proof) for proof in proofs}) == 1
    assert caplog.text.count("are built again") == 1


async def test_the_task_publishes_by_itself_within_a_second(stage: Stage) -> None:
    """RECEIPT-MERGE-1: a checkpoint covers an entry long before the promised minute is over."""
    async with stage.running(look_s=0.05) as (store, _):
        step(store, 3)
        await until(lambda: stage.shown().size == 3)
        assert stage.check().size == 3


async def test_what_came_last_is_published_at_the_end_and_goes_on_after_a_restart(stage: Stage) -> None:
    """A stopped broker has shown all that it accepted; the next one continues the same tree."""
    async with stage.running() as (store, _):
        step(store, 300)
    first = stage.check()
    assert first.size == 300
    async with stage.running() as (store, publisher):
        assert publisher.latest.root == first.root
        step(store, 5)
        await publisher.publish()
        hashes = await publisher.consistency(300, 305)
        assert merkle.verify_consistency(300, 305, hashes, first.root, stage.check().root)


async def test_a_new_key_signs_what_the_old_one_signed_also_while_nothing_comes(stage: Stage) -> None:
    """LOG-HISTORY-1: a rotation goes on with the same tree, and nobody needs the old key for the latest."""
    async with stage.running() as (store, publisher):
        step(store, 10)
        await publisher.publish()
        before = stage.shown()
        stage.key = NoteKey.from_seed(KEY.name, bytes(range(1, 33)))
        assert not await publisher.publish()
        assert stage.check() == before
    stage.key = KEY
    with pytest.raises(TrustError):
        stage.shown()
    stage.key = NoteKey.from_seed(KEY.name, bytes(range(2, 34)))
    async with stage.running() as (store, publisher):
        assert stage.check() == before, "signed anew at the start"
        step(store, 1)
        await publisher.publish()
        assert stage.check().size == 11


async def test_deleted_tiles_are_built_again_from_the_store(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Tiles are made of the store; where they are gone, they come back as they were."""
    async with stage.running() as (store, _):
        step(store, 700)
    before = {path: path.read_bytes() for path in stage.tiles.rglob("*") if path.is_file()}
    shutil.rmtree(stage.tiles)
    with caplog.at_level(logging.WARNING, "crex_broker.log"):
        async with stage.running():
            pass
    assert "built again" in caplog.text
    stage.check()
    assert (stage.tiles / "checkpoint").read_bytes() == before[stage.tiles / "checkpoint"]


@pytest.mark.parametrize("path", ["tile/0/001", "tile/entries/002.p/188", "tile/1/000.p/2"])
async def test_a_tile_that_is_missing_or_cut_off_at_start_is_built_again(stage: Stage, path: str) -> None:
    """Whatever is damaged is found before the next checkpoint builds upon it."""
    async with stage.running() as (store, _):
        step(store, 700)
    tile = stage.tiles / path
    whole = tile.read_bytes()
    tile.write_bytes(whole[:-1])
    async with stage.running():
        assert tile.read_bytes() == whole
    tile.unlink()
    async with stage.running():
        assert tile.read_bytes() == whole


async def test_a_tile_that_is_damaged_while_the_broker_runs_is_found_by_the_proof(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """No wrong proof is given: it is verified first, and the tiles are built again."""
    async with stage.running() as (store, publisher):
        step(store, 700)
        await publisher.publish()
        tile = stage.tiles / Tile(0, 1, WIDTH).path
        whole = tile.read_bytes()
        for damaged in (bytes(len(whole)), whole[:-32], b""):
            tile.write_bytes(damaged)
            proof = await publisher.inclusion(300, 700)
            leaves = stage.leaves()
            assert merkle.verify_inclusion(leaves[300], 300, 700, proof, merkle.root(leaves))
            assert tile.read_bytes() == whole
    assert "damaged" in caplog.text


async def test_a_store_from_an_older_backup_does_not_start(stage: Stage) -> None:
    """LOG-HISTORY-1: other entries at places that were shown would be a fork."""
    async with stage.running() as (store, _):
        step(store, 10)
    stage.back_up()
    async with stage.running() as (store, _):
        step(store, 10)
    shown = stage.shown()
    stage.restore()
    with pytest.raises(CrexError, match="older backup") as refused:
        async with stage.running():
            pass
    assert refused.value.reason == "CHECKPOINT"
    assert refused.value.details == {"signed": "20", "entries": "10"}
    assert stage.shown() == shown, "nothing was signed"


async def test_a_store_from_an_older_backup_that_grew_otherwise_does_not_start(stage: Stage) -> None:
    """LOG-HISTORY-1: more entries than were shown, but others: the root tells."""
    async with stage.running() as (store, _):
        step(store, 10)
    stage.back_up()
    async with stage.running() as (store, _):
        step(store, 10)
    stage.restore()
    lone = SqliteStore(stage.database, authority=BROKER, clock=stage.clock)
    step(lone, 25, order="2")
    lone.close()
    with pytest.raises(CrexError, match="two histories") as refused:
        async with stage.running():
            pass
    assert refused.value.reason == "CHECKPOINT"


async def test_an_altered_entry_stops_the_next_start(stage: Stage) -> None:
    """LOG-HISTORY-1: whoever alters a leaf in the database is found out where tiles are built again."""
    async with stage.running() as (store, _):
        step(store, 10)
    with closing(sqlite3.connect(stage.database)) as database, database:
        database.execute("UPDATE log_entries SET leaf = zeroblob(32) WHERE idx = 4")
    shutil.rmtree(stage.tiles)
    with pytest.raises(CrexError, match="altered") as refused:
        async with stage.running():
            pass
    assert refused.value.reason == "CHECKPOINT"


async def test_a_crash_between_any_two_steps_of_publishing_is_harmless(stage: Stage) -> None:
    """Tiles without a checkpoint, and a checkpoint without its file, are made good at the next start."""
    async with stage.running() as (store, publisher):
        step(store, 200)
        await publisher.publish()
        step(store, 100)
        # The tiles of 300 are on the disk, and the process ends.
        await publisher._tree.grow(300)
        crash(publisher)
    async with stage.running() as (store, publisher):
        assert stage.check().size == 300
        step(store, 100)
        # The checkpoint of 400 is kept, and the process ends before its file is written.
        shown = (stage.tiles / "checkpoint").read_bytes()
        await publisher.publish()
        kept = publisher.latest
        (stage.tiles / "checkpoint").write_bytes(shown)
        crash(publisher)
        step(store, 1)
    async with stage.running() as (store, publisher):
        again = await store.log.checkpoint(400)
        assert again is not None
        assert (again.root, again.note) == (kept.root, kept.note)
        assert stage.check().size == 401


async def test_a_damaged_checkpoint_file_is_written_anew(stage: Stage) -> None:
    """What is not this log's own note is no evidence of anything."""
    async with stage.running() as (store, _):
        step(store, 10)
    whole = (stage.tiles / "checkpoint").read_bytes()
    for damage in (b"", b"\xff" * 100, whole[:-20], whole.replace(b"10", b"11")):
        (stage.tiles / "checkpoint").write_bytes(damage)
        async with stage.running():
            assert (stage.tiles / "checkpoint").read_bytes() == whole


async def test_a_full_disk_keeps_the_log_back_and_says_so_and_nothing_else(
    stage: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RECEIPT-MERGE-1: the store goes on accepting; a promise that is broken is told at every attempt."""
    monkeypatch.setattr("crex_broker.log.publisher._PATIENCE_S", 0.02)
    async with stage.running(look_s=0.02) as (store, publisher):
        step(store, 10)
        await until(lambda: stage.shown().size == 10)
        room = stage.tiles / "tile"
        shutil.move(room, stage.folder / "aside")
        room.write_bytes(b"in the way")  # as a full disk: no tile can be written
        step(store, 5)
        await until(lambda: "cannot be published yet" in caplog.text)
        stage.clock.advance(seconds=61)
        await until(lambda: "behind what receipts promised" in caplog.text)
        step(store, 5)
        assert await store.log.size() == 20
        assert stage.shown().size == 10
        room.unlink()
        shutil.move(stage.folder / "aside", room)
        await until(lambda: publisher.latest.size == 20)
    assert stage.check().size == 20


async def test_a_checkpoint_that_could_not_be_written_follows_when_there_is_room(stage: Stage) -> None:
    """RECEIPT-MERGE-1: readers of the tiles see it, too, though nothing came after it."""
    async with stage.running() as (store, publisher):
        file = stage.tiles / "checkpoint"
        file.unlink()
        file.mkdir()  # as a full disk: the tiles still had room, the checkpoint has not
        step(store, 3)
        with pytest.raises(OSError, match=r"checkpoint"):
            await publisher.publish()
        with pytest.raises(OSError, match=r"checkpoint"):
            await publisher.publish()
        file.rmdir()
        assert not await publisher.publish()
        assert stage.check().size == 3


async def test_a_folder_that_cannot_be_used_is_told_at_the_start(stage: Stage) -> None:
    """The operator is told which folder, and what to do."""
    stage.tiles.write_bytes(b"in the way")
    with pytest.raises(CrexError, match="Let the broker's user write") as refused:
        async with stage.running():
            pass
    assert refused.value.reason == "STORAGE_UNAVAILABLE"
