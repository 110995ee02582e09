"""Names, contents and growth of tiles, and proofs from them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex.errors import CrexError, TrustError
from crex.transparency.source import TileSource, WebTiles
from crex.transparency.store import (
    FILE_BYTES_MAX,
    MemoryTiles,
    TileFolder,
    TileWriter,
    read_tile,
    tile_nodes,
)
from crex.transparency.tiles import Tile, read_hashes, read_leaves, tile_at, tiles_of, write_leaves
from crex.trust import merkle
from sdk.tests.transparency.lying_log import Log, some_leaves

LEAVES = some_leaves(70_000)
SIZES = (1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 70_000)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (Tile(5, 999, 7), "tile/5/999.p/7"),
        (Tile(1, 1000, 255), "tile/1/x001/000.p/255"),
        (Tile(None, 273, 112), "tile/entries/273.p/112"),
    ],
)
def test_paths_of_tiles(tile: Tile, path: str) -> None:
    """Tiles have the paths of the specification, and are read from them (LOG-TILE-1).

    Source: C2SP tlog-tiles.md (CC BY 4.0), as facts.
    """
    assert tile.path == path
    assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "checkpoint",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/001/000",
        "tile/0/x000/001",
        "tile/0/x001/x234",
        "tile/0/000.p/0",
        "tile/0/000.p/05",
        "tile/0/000.p/256",
        "tile/0/000.p/257",
        "tile/0/000.p",
        "tile/Entries/000",
        "/tile/0/000",
        "tile/0/000\n",
        "tile/0/٠٠٠",
        "tile/0/../../../etc/passwd",
    ],
)
def test_a_path_has_one_spelling(path: str) -> None:
    """What is not a tile in its one spelling is none."""
    assert Tile.parse(path) is None


@given(st.integers(0, 63), st.integers(0, 10**18), st.integers(1, 256))
def test_any_tile_is_read_from_its_path(level: int, number: int, width: int) -> None:
    """Every tile is read from its own path."""
    tile = Tile(level, number, width)
    assert Tile.parse(tile.path) == tile


@given(st.text(alphabet="tile/entris0123456789x.p\n", max_size=30))
def test_any_path_is_refused_or_its_own(path: str) -> None:
    """Any text is no path, or the path of what it is read as."""
    tile = Tile.parse(path)
    assert tile is None or tile.path == path


def test_tiles_of_the_example() -> None:
    """A tree of 70,000 leaves has the tiles that the specification counts.

    Source: C2SP tlog-tiles.md (CC BY 4.0), as facts.
    """
    tiles = [tile for tile in tiles_of(70_000) if tile.level is not None]
    assert sum(tile.level == 0 and tile.width == 256 for tile in tiles) == 273
    assert [tile for tile in tiles if tile.level == 0 and tile.width < 256] == [Tile(0, 273, 112)]
    assert [tile for tile in tiles if tile.level == 1] == [Tile(1, 0), Tile(1, 1, 17)]
    assert [tile for tile in tiles if tile.level == 2] == [Tile(2, 0, 1)]
    assert [tile for tile in tiles_of(256) if tile.level is not None] == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(tiles_of(0)) == []
    with pytest.raises(IndexError, match="no tile 1 at level 0"):
        tile_at(0, 1, 256)


def test_growth_writes_all_that_each_size_needs() -> None:
    """At every size that was flushed, all tiles are there, and proofs from them hold, also taken up anew."""
    store = MemoryTiles()
    writer, at = TileWriter(store), 0
    for size in SIZES:
        writer.append(iter(LEAVES[at:size]))
        writer.flush()
        at = size
        root = merkle.root(LEAVES[:size])
        assert (writer.size, writer.root()) == (size, root)
        writer = TileWriter(store, size)  # as after a restart
        assert (writer.size, writer.root()) == (size, root)
        node = tile_nodes(store, size, kept=4)
        for tile in tiles_of(size):
            assert len(read_tile(store, tile)) == tile.content_bytes
        for index in {0, size // 2, size - 1}:
            proof = merkle.prove_inclusion(index, size, node)
            assert merkle.verify_inclusion(LEAVES[index], index, size, proof, root)
            proof = merkle.prove_consistency(index, size, node)
            assert merkle.verify_consistency(index, size, proof, merkle.root(LEAVES[:index]), root)


def test_growth_after_a_crash_writes_the_same() -> None:
    """Tiles that no checkpoint asks for do no harm: the next growth from the last size writes over them."""
    store = MemoryTiles()
    writer = TileWriter(store)
    writer.append(LEAVES[:300])
    writer.flush()
    doomed = TileWriter(store, 300)
    doomed.append(LEAVES[300:600])
    doomed.flush()
    again = TileWriter(store, 300)
    again.append(LEAVES[300:700])
    again.flush()
    assert again.root() == merkle.root(LEAVES[:700])
    assert merkle.root_of(700, tile_nodes(store, 700)) == again.root()


def test_a_proof_reads_few_tiles() -> None:
    """A proof in a tree of 70,000 leaves reads a tile or two of each level."""
    store = Log(LEAVES).tiles()
    read: list[str] = []

    class Counted(MemoryTiles):
        def read(self, path: str) -> bytes | None:
            read.append(path)
            return super().read(path)

    counted = Counted(store.files)
    merkle.prove_inclusion(12_345, 70_000, tile_nodes(counted, 70_000))
    assert len(read) <= 6


def test_a_partial_tile_is_found_in_the_full_one() -> None:
    """A partial tile that was deleted since is read from the full tile that replaced it."""
    files = Log(LEAVES[:300]).tiles().files
    files |= Log(LEAVES[:512]).tiles().files
    del files["tile/0/001.p/44"]
    assert merkle.root_of(300, tile_nodes(MemoryTiles(files), 300)) == merkle.root(LEAVES[:300])


@pytest.mark.parametrize("leaf", [b"", b"\0" * 31, b"\0" * 33])
def test_leaves_have_32_bytes(leaf: bytes) -> None:
    """A leaf of another length is neither written nor appended (LOG-BUNDLE-1)."""
    with pytest.raises(ValueError, match="32 bytes"):
        write_leaves([leaf])
    with pytest.raises(ValueError, match="32 bytes"):
        TileWriter(MemoryTiles()).append([leaf])


@given(st.binary(max_size=140), st.integers(1, 4))
def test_any_content_is_refused_or_what_it_says(data: bytes, width: int) -> None:
    """Any bytes are refused as a tile or bundle, or are exactly what is written of what was read."""
    for tile, read, write in (
        (Tile(0, 0, width), read_hashes, b"".join),
        (Tile(None, 0, width), read_leaves, write_leaves),
    ):
        try:
            found = read(data, tile)
        except TrustError:
            continue
        assert len(found) == width
        assert write(found) == data


def test_a_folder_keeps_what_a_web_server_serves(tmp_path: Path) -> None:
    """The files of a folder are those of the log, and nothing outside it is touched."""
    folder = Log(LEAVES[:600]).folder(tmp_path / "log")
    assert {
        str(path.relative_to(tmp_path / "log")) for path in (tmp_path / "log").rglob("*") if path.is_file()
    } == set(Log(LEAVES[:600]).tiles().files)
    for path in ("../secret", "/etc/passwd", "tile/0/../../../../etc/passwd", ".", ""):
        with pytest.raises(CrexError, match="no file of a log"):
            folder.read(path)
        with pytest.raises(CrexError, match="no file of a log"):
            folder.write(path, b"")
    assert folder.read("tile/7/000") is None
    source = TileSource(folder)
    assert b"".join(b"".join(part) for part in source.leaves(0, 600)) == b"".join(LEAVES[:600])
    assert b"".join(b"".join(part) for part in source.leaves(250, 300)) == b"".join(LEAVES[250:300])


def test_a_file_of_any_size_is_bounded(tmp_path: Path) -> None:
    """A file larger than any of a log is refused, in a folder and from a web server."""
    (tmp_path / "checkpoint").write_bytes(b"\0" * (FILE_BYTES_MAX + 1))
    for reader in (TileFolder(tmp_path), WebTiles("web", lambda _: b"\0" * (FILE_BYTES_MAX + 1))):
        with pytest.raises(CrexError, match="larger than 65,536 bytes"):
            TileSource(reader).checkpoint()


def test_a_place_that_is_no_log(tmp_path: Path) -> None:
    """A folder without checkpoint, and one that is not text, say so."""
    with pytest.raises(CrexError, match="this is no log"):
        TileSource(TileFolder(tmp_path)).checkpoint()
    with pytest.raises(TrustError, match="not valid UTF-8"):
        TileSource(MemoryTiles({"checkpoint": b"\xff"})).checkpoint()
