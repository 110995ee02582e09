"""Publishes the log: integrates new entries, writes their tiles, then signs and shows a checkpoint.

The order is the rule, and a crash between any two steps is harmless (LOG-TILE-1, RECEIPT-MERGE-1):

1. tiles of the new size are on the disk;
2. the checkpoint is signed and kept in the store, which refuses another root at a size or a smaller size;
3. the checkpoint file is replaced.

At start the last checkpoint that anybody may have seen decides. The store must contain it, root and all; a
store that does not is an old backup or another database, and the broker refuses to start, for going on would
show two histories. Where the disk is full, the broker goes on accepting as long as its store can: receipts
promise a time, and once that is missed, it says so in its own log at every attempt.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from crex.documents.times import Clock, to_ms
from crex.errors import CrexError, TrustError
from crex.trust.checkpoint import Checkpoint
from crex.trust.signed_note import NoteKey, NoteVerifier, SignedNote
from crex_broker.application.log_reads import note_of
from crex_broker.application.ports.log import KeptCheckpoint, LogStore
from crex_broker.application.receipts import MERGE_MS
from crex_broker.log.tree import Tree

_log = logging.getLogger("crex_broker.log")

# How often new entries are looked for. Together with the work it stays under a second, of 60 promised.
LOOK_S: Final = 0.5
# How long a checkpoint that nobody co-signed is kept: the round of the slowest witness.
_FORGET_MS: Final = 3_600_000
_PATIENCE_S: Final = 5.0


class LogPublisher:
    """The published log of one broker."""

    def __init__(
        self,
        store: LogStore,
        key: Callable[[], NoteKey],
        folder: Path,
        clock: Clock,
        *,
        earlier: Sequence[NoteVerifier] = (),
        look_s: float = LOOK_S,
    ) -> None:
        """Names the parts; `start` begins.

        Args:
            store: The entries.
            key: Gives the key that signs checkpoints; another one after a rotation, of the same name.
            folder: Folder of the tiles.
            clock: The host's clock.
            earlier: Keys that the log had before, by which it may have signed what is shown.
            look_s: Seconds between two looks for new entries.
        """
        self._store = store
        self._key = key
        self._name = key().name
        self._earlier = tuple(earlier)
        self._folder = folder
        self._clock = clock
        self._look_s = look_s
        self._tree = Tree(folder, store.leaves)
        self._latest: KeptCheckpoint | None = None
        self._task: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()
        self._lock = asyncio.Lock()
        self._failing_ms: int | None = None
        self._written: str | None = None

    @property
    def name(self) -> str:
        """Name of the log, the first line of its checkpoints."""
        return self._name

    @property
    def latest(self) -> KeptCheckpoint:
        """The latest checkpoint that is shown."""
        if self._latest is None:
            raise CrexError("STORAGE_UNAVAILABLE", "The log is not published yet. Ask again in a moment.")
        return self._latest

    async def start(self) -> None:
        """Goes on from the last checkpoint, shows one that covers everything, and keeps publishing.

        Raises:
            CrexError: CHECKPOINT where the store does not contain what was signed; STORAGE_UNAVAILABLE where
                the folder cannot be used. Nothing was signed then.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            last = await self._last_signed()
            if last is not None:
                await self._tree.open(last.size, last.root)
                self._latest = last
            await self.publish()
        except OSError as error:
            raise _unwritable(error, self._folder) from error
        self._task = asyncio.create_task(self._run(), name="crex-log")

    async def close(self) -> None:
        """Lets what is being published end, publishes what came last, and ends."""
        if self._task is None:
            return
        self._ending.set()  # not cancelled: a thread may be writing tiles
        await self._task
        self._task = None
        with contextlib.suppress(CrexError, OSError):
            await self.publish()

    async def publish(self) -> bool:
        """Shows a checkpoint that covers every entry; tells whether there was something new.

        Raises:
            CrexError: The store cannot be used, or CHECKPOINT.
            OSError: A tile or the checkpoint cannot be written; nothing was signed that is not on the disk.
        """
        async with self._lock:
            size = await self._store.size()
            key = self._key()
            if self._latest is not None and size <= self._latest.size:
                if self._latest.size and not SignedNote.parse(self._latest.note).by(key.verifier):
                    await self._sign_again(self._latest, key)
                await self._show(self._latest)
                return False
            root = await self._tree.grow(size)
            note = str(Checkpoint(self.name, size, root).sign(key))
            await self._store.keep_checkpoint(size, root, note, forget_ms=_FORGET_MS)
            self._latest = KeptCheckpoint(size, root, note, (), to_ms(self._clock.now()))
            await self._show(self._latest)
            return True

    async def _sign_again(self, kept: KeptCheckpoint, key: NoteKey) -> None:
        """Signs the latest checkpoint by the key that the log has now, for whoever knows no other."""
        note = str(Checkpoint(self.name, kept.size, kept.root).sign(key))
        await self._store.keep_checkpoint(kept.size, kept.root, note, forget_ms=_FORGET_MS)
        self._latest = replace(kept, note=note)

    async def _show(self, kept: KeptCheckpoint) -> None:
        """Writes the file of a checkpoint, unless it stands there; after a full disk it may not."""
        note = note_of(kept)
        if note != self._written:
            await self._tree.show(note)
            self._written = note

    async def inclusion(self, index: int, size: int) -> Sequence[bytes]:
        """Gives the hashes that prove the leaf at `index` in the tree of `size` leaves."""
        latest = self.latest.size
        if not index < size <= latest:
            raise CrexError(
                "NOT_FOUND",
                f"The log has no leaf {index} at size {size}; {latest} leaves are published. A receipt says "
                "by when its leaf is.",
                details={"index": str(index), "size": str(size), "published": str(latest)},
            )
        kept = self.latest if size == latest else await self._store.checkpoint(size)
        root = None if kept is None else kept.root
        return await self._proved(lambda: self._tree.inclusion(index, size, root, published=latest))

    async def consistency(self, first: int, second: int) -> Sequence[bytes]:
        """Gives the hashes that prove that the tree of `second` leaves begins with that of `first`."""
        latest = self.latest.size
        if not first <= second <= latest:
            raise CrexError(
                "NOT_FOUND",
                f"The log did not grow from {first} to {second} leaves; {latest} are published. Ask for an "
                "earlier size first and a later one that is published.",
                details={"from": str(first), "to": str(second), "published": str(latest)},
            )
        if first in (0, second):
            return ()
        return await self._proved(lambda: self._tree.consistency(first, second, published=latest))

    async def cosigned(self, size: int) -> KeptCheckpoint:
        """Takes notice of a co-signature; shows it where it is on the latest checkpoint."""
        async with self._lock:
            kept = await self._store.checkpoint(size)
            if kept is None:
                raise CrexError("NOT_FOUND", f"There is no checkpoint of size {size} any more.")
            if kept.size == self.latest.size:
                self._latest = kept
                try:
                    await self._show(kept)
                except OSError as error:  # it is kept; the file follows with the next look
                    _log.error("the checkpoint cannot be written: %s", error.strerror)
        return kept

    async def _last_signed(self) -> KeptCheckpoint | None:
        """Gives the last checkpoint that anybody may have seen, of the store and of the folder.

        Raises:
            CrexError: CHECKPOINT where the two contradict each other.
        """
        entries = await self._store.size()
        kept = await self._store.latest_checkpoint()
        shown = await self._shown()
        if kept is not None and kept.size > entries:
            raise _behind(kept.size, entries, str(self._folder))
        if shown is None:
            return kept
        if shown.size > entries:
            raise _behind(shown.size, entries, str(self._folder))
        if kept is not None and kept.size >= shown.size:
            same = await self._store.checkpoint(shown.size)
            root = await self._tree.root_at(shown.size) if same is None else same.root
        else:
            root = await self._tree.root_at(shown.size)
        if root != shown.root:
            raise CrexError(
                "CHECKPOINT",
                f"The log was shown with root {shown.root.hex()} at size {shown.size}, and the database "
                f"makes it {root.hex()}: it is another database, or was altered. The broker does not "
                "start, since going on would show two histories. Restore the newest backup of the database.",
                source=str(self._folder),
                details={"size": str(shown.size)},
            )
        if kept is None or kept.size < shown.size:  # the database lost its note of it, but no entry
            note = str(shown.sign(self._key()))
            await self._store.keep_checkpoint(shown.size, shown.root, note, forget_ms=_FORGET_MS)
            kept = await self._store.latest_checkpoint()
        return kept

    async def _shown(self) -> Checkpoint | None:
        """Gives the checkpoint of the folder; nothing where there is none of this log in one piece."""
        data = await self._tree.shown()
        if data is None:
            return None
        try:
            return Checkpoint.open(data, [self._key().verifier, *self._earlier])
        except TrustError as error:
            _log.warning(
                "the checkpoint in %s is not this log's; it is written anew: %s", self._folder, error
            )
            return None

    async def _proved(self, prove: Callable[[], Awaitable[list[bytes]]]) -> list[bytes]:
        """Gives a proof; where tiles turn out to be damaged, they are built again from the store, once."""
        with contextlib.suppress(CrexError):
            return await prove()
        async with self._lock:
            with contextlib.suppress(CrexError):
                return await prove()  # whoever found it first has built them again
            _log.error("tiles in %s are damaged; they are built again from the store", self._folder)
            try:
                await self._tree.rebuild(self.latest.size, self.latest.root)
            except OSError as error:
                raise _unwritable(error, self._folder) from error
            return await prove()

    async def _run(self) -> None:
        failed = False
        while not await self._ended(_PATIENCE_S if failed else self._look_s):
            failed = True
            try:
                await self.publish()
                failed, self._failing_ms = False, None
            except CrexError as error:
                self._alert(f"{error.reason} {error.message}")
            except OSError as error:
                self._alert(f"{error.filename or self._folder}: {error.strerror}")
            except Exception:
                _log.exception("defect in the publisher of the log")

    async def _ended(self, wait_s: float) -> bool:
        """Waits; tells whether the end came meanwhile."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ending.wait(), wait_s)
        return self._ending.is_set()

    def _alert(self, why: str) -> None:
        """Says that the log does not grow, and whether a promise is broken by it (RECEIPT-MERGE-1)."""
        now_ms = to_ms(self._clock.now())
        if self._failing_ms is None:
            self._failing_ms = now_ms
        late_s = (now_ms - self._failing_ms - MERGE_MS) / 1000
        if late_s > 0:
            _log.error("the log is %.0f s behind what receipts promised: %s", late_s, why)
        else:
            _log.warning("the log cannot be published yet: %s", why)


def _unwritable(error: OSError, folder: Path) -> CrexError:
    return CrexError(
        "STORAGE_UNAVAILABLE",
        f"The log cannot be written ({error.strerror}). Let the broker's user write to the folder, and see "
        "that its disk has room.",
        source=str(folder),
    )


def _behind(signed: int, entries: int, folder: str) -> CrexError:
    return CrexError(
        "CHECKPOINT",
        f"A checkpoint of {signed} entries was signed, and the database has {entries}: it was restored from "
        "an older backup. The broker does not start, since other entries at the same places would show two "
        "histories. Restore the newest backup; what is lost for good must go under the name of a new log.",
        source=folder,
        details={"signed": str(signed), "entries": str(entries)},
    )
