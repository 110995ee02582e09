"""The tree over the entries of the store, as tiles in a folder: it grows, is checked at start, is rebuilt.

The store is the truth, and the tiles are made of it. What was signed decides: a tree whose root at a signed
size is another than the signed one is never built upon, because that would be a fork.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from crex.errors import CrexError
from crex.transparency.store import TileFolder, TileWriter, tile_nodes
from crex.transparency.tiles import CHECKPOINT_PATH, HEIGHT, LEVELS, WIDTH, Tile, tiles_of
from crex.trust.merkle import (
    prove_consistency,
    prove_inclusion,
    root_of,
    verify_consistency,
    verify_hash_inclusion,
)
from crex_broker.log.batch import TileBatch

_log = logging.getLogger("crex_broker.log")

# Leaves that are read from the store and hashed at once: some megabytes.
_AT_ONCE: Final = 16_384

Leaves = Callable[[int, int], Awaitable[Sequence[bytes]]]


class Tree:
    """The tiles of one log, and proofs from them."""

    def __init__(self, folder: Path, leaves: Leaves) -> None:
        """Takes the folder of the tiles, and what gives the leaf data at [start, end)."""
        self._folder = folder
        self._tiles = TileFolder(folder)
        self._batch = TileBatch(folder)
        self._leaves = leaves
        self._writer = TileWriter(self._batch)

    @property
    def size(self) -> int:
        """Leaves that are in the tiles."""
        return self._writer.size

    def root(self) -> bytes:
        """Gives the root over the leaves that are in the tiles."""
        return self._writer.root()

    async def open(self, size: int, root: bytes) -> None:
        """Goes on with the tree of a signed checkpoint; builds it again where tiles are missing or damaged.

        Raises:
            CrexError: CHECKPOINT where the store's own leaves have another root; STORAGE_UNAVAILABLE where
                the folder cannot be used.
        """
        if await asyncio.to_thread(self._resume, size, root):
            return
        if size:
            _log.warning(
                "the tiles in %s are not those of the last checkpoint (size %d); they are built again from "
                "the store",
                self._folder,
                size,
            )
        await self.rebuild(size, root)

    async def rebuild(self, size: int, root: bytes) -> None:
        """Builds every tile again from the store, up to a signed checkpoint.

        Raises:
            CrexError: CHECKPOINT where the store's leaves do not have the signed root.
        """
        found = await self.root_at(size)
        if found != root:
            raise CrexError(
                "CHECKPOINT",
                f"The log's entries in the database have root {found.hex()} at size {size}, and the "
                f"checkpoint that was signed for that size has {root.hex()}: the database was altered, or is "
                "another one. Nothing is signed. Restore the newest backup of the database.",
                source=str(self._folder),
                details={"size": str(size)},
            )
        writer = TileWriter(self._batch)
        try:
            await self._grow(writer, size)
        except BaseException:
            self._batch.forget()  # what is cut off must not settle with what is written next
            raise
        self._writer = writer

    async def root_at(self, size: int) -> bytes:
        """Gives the root over the first `size` entries of the store, whatever the tiles say."""
        writer = TileWriter(_Nowhere())
        await self._feed(writer, size)
        return writer.root()

    async def grow(self, size: int) -> bytes:
        """Puts the entries up to `size` into the tiles, all on the disk when it returns; gives the root.

        Raises:
            OSError: A tile cannot be written; the tree then stands where it stood.
            CrexError: STORAGE_UNAVAILABLE where the tiles cannot be read.
        """
        before = self._writer.size
        try:
            await self._grow(self._writer, size)
        except BaseException:
            self._batch.forget()
            self._writer = await asyncio.to_thread(TileWriter, self._batch, before)
            raise
        await asyncio.to_thread(_drop_partial, self._folder, before, size)
        return self._writer.root()

    async def show(self, note: str) -> None:
        """Writes the checkpoint that a web server shows."""
        await asyncio.to_thread(self._tiles.write, CHECKPOINT_PATH, note.encode())

    async def shown(self) -> bytes | None:
        """Gives the checkpoint that is shown; nothing where there is none."""
        return await asyncio.to_thread(self._tiles.read, CHECKPOINT_PATH)

    async def inclusion(self, index: int, size: int, root: bytes | None, *, published: int) -> list[bytes]:
        """Gives a proof from some tiles of each level, verified before it is given.

        Args:
            index: Position of the leaf.
            size: Size of the tree.
            root: The signed root of that size, where it is known.
            published: Size of which the tiles are read. Every smaller tree is in them, also one of a size
                that was never published, for which there are no partial tiles.

        Raises:
            CrexError: CHECKPOINT where tiles are missing or damaged.
        """
        return await asyncio.to_thread(self._inclusion, index, size, root, published)

    async def consistency(self, first: int, second: int, *, published: int) -> list[bytes]:
        """Gives a proof, verified before it is given; `published` as for `inclusion`.

        Raises:
            CrexError: CHECKPOINT where tiles are missing or damaged.
        """
        return await asyncio.to_thread(self._consistency, first, second, published)

    def _inclusion(self, index: int, size: int, root: bytes | None, published: int) -> list[bytes]:
        node = tile_nodes(self._tiles, published)
        proof = prove_inclusion(index, size, node)
        expected = root_of(size, node) if root is None else root
        if not verify_hash_inclusion(node(0, index), index, size, proof, expected):
            raise _damaged(self._folder)
        return proof

    def _consistency(self, first: int, second: int, published: int) -> list[bytes]:
        node = tile_nodes(self._tiles, published)
        proof = prove_consistency(first, second, node)
        roots = root_of(first, node), root_of(second, node)
        if first and not verify_consistency(first, second, proof, *roots):
            raise _damaged(self._folder)
        return proof

    def _resume(self, size: int, root: bytes) -> bool:
        """Goes on where the tiles are those of a checkpoint: each is there, and the edge has its root."""
        try:
            if any(not self._is_there(tile) for tile in tiles_of(size)):
                return False
            writer = TileWriter(self._batch, size)
            if writer.root() != root or root_of(size, tile_nodes(self._tiles, size)) != root:
                return False
        except CrexError:
            return False
        self._writer = writer
        return True

    def _is_there(self, tile: Tile) -> bool:
        for candidate in (tile, tile.full):
            try:
                if (self._folder / candidate.path).stat().st_size == candidate.content_bytes:
                    return True
            except OSError:
                continue
        return False

    async def _grow(self, writer: TileWriter, size: int) -> None:
        await self._feed(writer, size)
        await asyncio.to_thread(self._flush, writer)

    def _flush(self, writer: TileWriter) -> None:
        writer.flush()
        self._batch.settle()

    async def _feed(self, writer: TileWriter, size: int) -> None:
        while writer.size < size:
            leaves = await self._leaves(writer.size, min(writer.size + _AT_ONCE, size))
            if not leaves:
                raise CrexError(
                    "CHECKPOINT",
                    f"The database has {writer.size} entries of the log, and {size} were signed for. Restore "
                    "the newest backup of the database.",
                    source=str(self._folder),
                )
            await asyncio.to_thread(writer.append, leaves)


class _Nowhere:
    """Tiles that nobody keeps: only their root is wanted."""

    place = "nowhere"

    def read(self, path: str) -> bytes | None:
        """Has nothing."""
        del path
        return None

    def write(self, path: str, data: bytes) -> None:
        """Keeps nothing."""
        del path, data


def _drop_partial(folder: Path, before: int, after: int) -> None:
    """Removes the partial tiles that full ones replaced; what they held, readers find in the full ones."""
    for level in (None, *range(LEVELS)):
        shift = HEIGHT * ((level or 0) + 1)
        for number in range(before >> shift, after >> shift):
            full = folder / Tile(level, number, WIDTH).path
            shutil.rmtree(full.with_name(full.name + ".p"), ignore_errors=True)


def _damaged(folder: Path) -> CrexError:
    return CrexError(
        "CHECKPOINT",
        "A tile of the log does not fit its neighbours: it was damaged on the disk.",
        source=str(folder),
    )
