"""Writes many tiles and makes them last together: one wait for the disk where the system can share it.

Each file is written beside its place, all are synced, then all are put in their places, then the folders are
synced. A crash before that leaves parts that nobody reads and the next growth overwrites; one within leaves
whole tiles that no checkpoint asks for yet.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from crex.transparency.store import TileFolder

_MODE = 0o644


class TileBatch:
    """A `TileStore` over a folder whose writes take effect at `settle`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tiles = TileFolder(folder)
        self._parts: dict[Path, Path] = {}
        self._made: set[Path] = set()

    @property
    def place(self) -> str:
        """The folder."""
        return self._tiles.place

    def read(self, path: str) -> bytes | None:
        """Reads a tile that has settled."""
        return self._tiles.read(path)

    def write(self, path: str, data: bytes) -> None:
        """Writes a tile beside its place.

        Raises:
            OSError: It cannot be written.
        """
        place = self._folder / path
        if place.parent not in self._made:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(place.parent)
        part = place.with_name(f"{place.name}.part")
        self._parts[place] = part
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)

    def settle(self) -> None:
        """Makes everything that was written last, and puts it in its place.

        Raises:
            OSError: A file cannot be synced or put in its place; nothing that was there before is lost.
        """
        for part in self._parts.values():
            _sync(part)
        folders: set[Path] = set()
        for place, part in self._parts.items():
            part.replace(place)
            folders.update(one for one in place.parents if one.is_relative_to(self._folder))
        for folder in folders:
            _sync(folder)
        self._parts.clear()

    def forget(self) -> None:
        """Removes what was written and has not settled."""
        for part in self._parts.values():
            with suppress(OSError):
                part.unlink()
        self._parts.clear()


def _sync(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
