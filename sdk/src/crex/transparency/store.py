"""Where tiles are kept, and how a log that grows writes them: what a checkpoint needs, before it is shown.

A full tile or bundle never changes. A partial one is written anew under its own width at every growth, so
whoever reads by a checkpoint finds what that checkpoint was made of, also while the log grows on. Everything
is written whole; a crash leaves tiles that no checkpoint asks for, and the next growth writes the same again
(LOG-TILE-1).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

from crex.errors import CrexError, TrustError
from crex.transparency.tiles import (
    CHECKPOINT_PATH,
    HEIGHT,
    LEAF_BYTES,
    LEVELS,
    WIDTH,
    Tile,
    read_hashes,
    read_leaves,
    tile_at,
    write_hashes,
    write_leaves,
)
from crex.trust.files import write_whole
from crex.trust.merkle import EMPTY_ROOT, Node, TreeBuilder, leaf_hashes, perfect_root

# More than a checkpoint may have, and a full bundle, the largest file, has 8,704 bytes.
FILE_BYTES_MAX: Final = 65_536


class TileReader(Protocol):
    """Where the files of a log are read."""

    @property
    def place(self) -> str:
        """Where that is, for people."""
        ...

    def read(self, path: str) -> bytes | None:
        """Returns a file by its path below the log's prefix; nothing if there is none.

        Raises:
            CrexError: It cannot be read, or is larger than any file of a log.
        """
        ...


class TileStore(TileReader, Protocol):
    """Where the files of a log are kept by the log itself."""

    def write(self, path: str, data: bytes) -> None:
        """Writes a file so that a reader, even after a crash, finds the old content or the new, whole."""
        ...


class TileFolder:
    """The files of a log in a folder that a web server may serve as it is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: set[Path] = set()

    @property
    def place(self) -> str:
        """The folder."""
        return str(self._folder)

    def read(self, path: str) -> bytes | None:
        """Returns a file by its path below the folder; nothing if there is none.

        Raises:
            CrexError: TYPE: the path is none of a log's; LIMIT: it is larger than any file of a log;
                STORAGE_UNAVAILABLE: it cannot be read.
        """
        place = self._place(path)
        try:
            with place.open("rb") as file:
                data = file.read(FILE_BYTES_MAX + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise CrexError(
                "STORAGE_UNAVAILABLE",
                f"The file cannot be read ({error.strerror}). Check the folder and its rights.",
                source=str(place),
            ) from error
        return bounded(data, str(place))

    def write(self, path: str, data: bytes) -> None:
        """Writes a file whole.

        Raises:
            OSError: It cannot be written.
        """
        place = self._place(path)
        if place.parent not in self._made:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(place.parent)
        write_whole(place, data)

    def _place(self, path: str) -> Path:
        if path != CHECKPOINT_PATH and Tile.parse(path) is None:
            raise CrexError("TYPE", f"{path!r} is no file of a log.", source=str(self._folder))
        return self._folder / path


class MemoryTiles:
    """The files of a log in memory."""

    def __init__(self, files: dict[str, bytes] | None = None) -> None:
        self.files = {} if files is None else files

    @property
    def place(self) -> str:
        """Where that is, for people."""
        return "memory"

    def read(self, path: str) -> bytes | None:
        """Returns a file; nothing if there is none."""
        return self.files.get(path)

    def write(self, path: str, data: bytes) -> None:
        """Keeps a file."""
        self.files[path] = data


class TileWriter:
    """Grows a log: takes leaves, writes full tiles as they fill, and partial ones when asked.

    It keeps the right edge of the tree, at most 255 hashes a level, and the leaves of the last bundle. Call
    `flush` before a checkpoint of that size is shown; `root` is its root.
    """

    def __init__(self, store: TileStore, size: int = 0) -> None:
        """Goes on with a log of some size, from the tiles that are there.

        Args:
            store: Where the tiles are.
            size: A size for which everything was flushed.

        Raises:
            TrustError: CHECKPOINT: a tile is missing or cut off.
        """
        self._store = store
        self._filled = size // WIDTH * WIDTH
        self._flushed = size
        self._leaves: list[bytes] = []
        self._edges: list[list[bytes]] = [[] for _ in range(LEVELS)]
        if size % WIDTH:
            bundle = tile_at(None, size // WIDTH, size)
            self._leaves = read_leaves(read_tile(store, bundle), bundle)
        for level in range(LEVELS):
            hashes = size >> HEIGHT * level
            if hashes % WIDTH:
                tile = tile_at(level, hashes // WIDTH, size)
                self._edges[level] = read_hashes(read_tile(store, tile), tile)

    @property
    def size(self) -> int:
        """Number of leaves so far."""
        return self._filled + len(self._leaves)

    def append(self, leaves: Iterable[bytes]) -> None:
        """Adds leaves of 32 bytes; writes each tile that is full by them.

        Raises:
            ValueError: A leaf has not 32 bytes.
        """
        rest = iter(leaves)
        while taken := list(islice(rest, WIDTH - len(self._leaves))):
            if not set(map(len, taken)) <= {LEAF_BYTES}:
                raise ValueError(f"A leaf of a log has {LEAF_BYTES} bytes.")
            self._leaves += taken
            self._edges[0] += leaf_hashes(taken)
            if len(self._leaves) == WIDTH:
                self._fill()

    def flush(self) -> None:
        """Writes the partial tiles of the size so far, which its checkpoint needs (LOG-TILE-1)."""
        size = self.size
        if self._leaves and size != self._flushed:
            self._store.write(tile_at(None, size // WIDTH, size).path, write_leaves(self._leaves))
        for level, edge in enumerate(self._edges):
            hashes = size >> HEIGHT * level
            if edge and hashes != self._flushed >> HEIGHT * level:
                self._store.write(tile_at(level, hashes // WIDTH, size).path, write_hashes(edge))
        self._flushed = size

    def root(self) -> bytes:
        """Returns the 32-byte root of the leaves so far."""
        rest: list[bytes] = []
        for edge in self._edges:
            builder = TreeBuilder()
            # What stands right of the full tiles is, seen from this level, one more hash at the end.
            for hashed in (*edge, *rest):
                builder.append_hash(hashed)
            if len(builder):
                rest = [builder.root()]
        return rest[0] if rest else EMPTY_ROOT

    def _fill(self) -> None:
        """Writes the bundle that is full, its tile, and those above that are full by it."""
        self._filled += WIDTH
        self._store.write(Tile(None, self._filled // WIDTH - 1).path, write_leaves(self._leaves))
        self._leaves = []
        for level, edge in enumerate(self._edges):
            if len(edge) < WIDTH:
                return
            index = (self._filled >> HEIGHT * (level + 1)) - 1
            self._store.write(Tile(level, index).path, write_hashes(edge))
            self._edges[level] = []
            self._edges[level + 1].append(perfect_root(edge))


def read_tile(reader: TileReader, tile: Tile) -> bytes:
    """Returns the content of a tile or bundle; of a partial one also from the full one that replaced it.

    Raises:
        TrustError: CHECKPOINT: it is missing or cut off.
    """
    data = reader.read(tile.path)
    if data is None and tile.width < WIDTH:
        data = reader.read(tile.full.path)
        if data is not None and len(data) == tile.full.content_bytes:
            data = data[: tile.content_bytes]
    if data is None or len(data) != tile.content_bytes:
        found = "is missing" if data is None else f"has {len(data)} bytes instead of {tile.content_bytes}"
        raise TrustError(
            "CHECKPOINT",
            f"{tile.path} {found}, though the checkpoint needs it: the log was published incompletely, or "
            "cut off. Read it from another mirror, or tell the log's operator.",
            source=reader.place,
            details={"finding": "tile", "path": tile.path, "requirement": "LOG-TILE-1"},
        )
    return data


def tile_nodes(reader: TileReader, size: int, *, kept: int = 1024) -> Node:
    """Returns the function that gives the hashes of perfect subtrees of a log, read from its tiles.

    A proof reads a number of tiles of the order of the height, each once while it is kept.

    Args:
        reader: Where the tiles are.
        size: Size of the tree; decides which tiles are partial.
        kept: Number of tiles that are kept in memory, at most 8 KiB each.
    """

    @lru_cache(maxsize=kept)
    def hashes(level: int, index: int) -> list[bytes]:
        tile = tile_at(level, index, size)
        return read_hashes(read_tile(reader, tile), tile)

    def node(level: int, index: int) -> bytes:
        tile_level, height = divmod(level, HEIGHT)
        first = index << height
        at = first % WIDTH
        return perfect_root(hashes(tile_level, first // WIDTH)[at : at + (1 << height)])

    return node


def bounded(data: bytes, place: str) -> bytes:
    """Returns a file's content if it is no larger than any file of a log.

    Raises:
        CrexError: LIMIT.
    """
    if len(data) > FILE_BYTES_MAX:
        raise CrexError(
            "LIMIT",
            f"The file is larger than {FILE_BYTES_MAX:,} bytes, and none of a log is. It is something else.",
            source=place,
        )
    return data
