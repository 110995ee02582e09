"""Names and contents of tiles (C2SP tlog-tiles, height 8): a log's tree as files that any web server serves.

A tile of level L holds up to 256 hashes side by side, each over 256^L leaves: `tile/<L>/<N>`, where N is
written in groups of three digits. What is not full ends in `.p/<width>`. Beside the hashes the leaves
themselves stand in bundles, `tile/entries/<N>`: each with two bytes of length before it, as generic tools
read them; every leaf of a CREX log has 32 bytes (LOG-TILE-1, LOG-BUNDLE-1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from crex.errors import TrustError

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
HASH_BYTES: Final = 32
LEAF_BYTES: Final = 32
# A size is below 2^63, so eight levels of 256 hold every tree.
LEVELS: Final = 8
CHECKPOINT_PATH: Final = "checkpoint"

_LENGTH: Final = LEAF_BYTES.to_bytes(2, "big")
_ENTRY_BYTES: Final = len(_LENGTH) + LEAF_BYTES
_PATH: Final = re.compile(
    r"tile/(?P<level>entries|[0-9]|[1-5][0-9]|6[0-3])/(?P<groups>(?:x[0-9]{3}/){0,6}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


class Tile(NamedTuple):
    """One tile or bundle.

    Attributes:
        level: Its level, from 0; nothing for a bundle of leaves.
        number: Its position in the level, from 0.
        width: How many hashes or leaves it holds, 1 to 256.
    """

    level: int | None
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Its path below the log's prefix."""
        groups = f"{self.number:03d}"
        groups = groups.zfill(-(-len(groups) // 3) * 3)
        parts = [groups[at : at + 3] for at in range(0, len(groups), 3)]
        name = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
        level = "entries" if self.level is None else str(self.level)
        return f"tile/{level}/{name}" + ("" if self.width == WIDTH else f".p/{self.width}")

    @property
    def full(self) -> Tile:
        """The full tile at the same place, by which a partial one may have been replaced."""
        return Tile(self.level, self.number)

    @classmethod
    def parse(cls, path: str) -> Tile | None:
        """Reads a path in its one spelling; nothing if it is none."""
        match = _PATH.fullmatch(path)
        if match is None:
            return None
        level = None if match["level"] == "entries" else int(match["level"])
        number = int(match["groups"].replace("x", "").replace("/", ""))
        width = WIDTH if match["width"] is None else int(match["width"])
        tile = cls(level, number, width)
        # A group of zeros in front and the width of a full tile are other spellings of the same tile.
        return tile if width <= WIDTH and tile.path == path else None

    @property
    def content_bytes(self) -> int:
        """How many bytes it has."""
        return self.width * (_ENTRY_BYTES if self.level is None else HASH_BYTES)


def tile_at(level: int | None, number: int, size: int) -> Tile:
    """Returns a tile as it stands in a tree of some size.

    Raises:
        IndexError: The tree has no hash there.
    """
    width = min(WIDTH, (size >> HEIGHT * (level or 0)) - number * WIDTH)
    if width <= 0:
        raise IndexError(f"A tree of {size} leaves has no tile {number} at level {level}.")
    return Tile(level, number, width)


def tiles_of(size: int) -> Iterator[Tile]:
    """Yields every tile and bundle of a tree of some size, those of the leaves first."""
    for level in (None, *range(LEVELS)):
        hashes = size >> HEIGHT * (level or 0)
        for number in range(-(-hashes // WIDTH)):
            yield tile_at(level, number, size)


def read_hashes(data: bytes, tile: Tile) -> list[bytes]:
    """Returns the hashes of a tile.

    Raises:
        TrustError: CHECKPOINT if the content has not the length that its width demands.
    """
    _check_length(data, tile)
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def read_leaves(data: bytes, tile: Tile) -> list[bytes]:
    """Returns the leaves of a bundle, 32 bytes each.

    Raises:
        TrustError: CHECKPOINT if the content or a leaf has not the length that it must have.
    """
    _check_length(data, tile)
    # Two strides over the whole bundle, instead of a look at each entry.
    if any(data[at::_ENTRY_BYTES] != _LENGTH[at : at + 1] * tile.width for at in range(len(_LENGTH))):
        raise TrustError(
            "CHECKPOINT",
            f"{tile.path} holds an entry that has not 32 bytes; it is no log of this kind, or was altered. "
            "Read it from another mirror.",
            details={"finding": "tile", "path": tile.path},
        )
    return [data[at + 2 : at + _ENTRY_BYTES] for at in range(0, len(data), _ENTRY_BYTES)]


def write_leaves(leaves: Iterable[bytes]) -> bytes:
    """Returns the content of a bundle.

    Raises:
        ValueError: A leaf has not 32 bytes.
    """
    parts = list(leaves)
    if not set(map(len, parts)) <= {LEAF_BYTES}:
        raise ValueError(f"A leaf of a log has {LEAF_BYTES} bytes.")
    return _LENGTH + _LENGTH.join(parts) if parts else b""


def write_hashes(hashes: Sequence[bytes]) -> bytes:
    """Returns the content of a tile."""
    return b"".join(hashes)


def _check_length(data: bytes, tile: Tile) -> None:
    if len(data) != tile.content_bytes:
        raise TrustError(
            "CHECKPOINT",
            f"{tile.path} has {len(data)} bytes and must have {tile.content_bytes}: it is cut off, or is not "
            "this tile. Read it from another mirror.",
            details={"finding": "tile", "path": tile.path},
        )
