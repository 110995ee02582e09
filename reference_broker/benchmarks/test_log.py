"""Growing the published log and proving from it, against SHA-256.

The floor of growth is hashing: one SHA-256 for each leaf and one for each inner node, which are as many, in a
plain loop over memory. The tree does the same and makes every tile and bundle (goal: 1.5). What the disk
adds, with a file for each 256 leaves and as many hashes, all synced, is noted beside it: that is the price of
one large growth, as after a loss of the tiles; the growth of half a second is a few files. All sides are
interleaved, and only ratios of medians count. The entries come from memory.

A proof reads tiles, a number of the order of log n; it is timed at sizes a hundred times apart, and its tile
reads are counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from statistics import median
from time import perf_counter

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from crex.transparency.store import MemoryTiles, TileWriter, tile_nodes
from crex.trust.merkle import prove_consistency, prove_inclusion
from crex_broker.log.tree import Tree

ROUNDS, LEAVES, PROOFS = 5, 100_000, 200


def leaves_of(count: int) -> list[bytes]:
    """So many leaves of 32 bytes."""
    return [sha256(b"%d" % number).digest() for number in range(count)]


def hashing(leaves: Sequence[bytes]) -> tuple[float, float]:
    """Hashes the leaves, then as many inner nodes; gives the seconds of both."""
    begin = perf_counter()
    hashes = [sha256(b"\x00" + leaf).digest() for leaf in leaves]
    middle = perf_counter()
    while len(hashes) > 1:
        hashes = [
            sha256(b"\x01" + hashes[at] + hashes[at + 1]).digest() for at in range(0, len(hashes) - 1, 2)
        ]
    return middle - begin, perf_counter() - middle


def test_growth(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """A hundred thousand entries become tiles and a root, in memory and on the disk."""
    leaves = leaves_of(LEAVES)
    memory: list[float] = []
    disk: list[float] = []
    floor: list[tuple[float, float]] = []

    async def read(start: int, end: int) -> Sequence[bytes]:
        return leaves[start:end]

    def turn() -> None:
        floor.append(hashing(leaves))
        begin = perf_counter()
        writer = TileWriter(MemoryTiles())
        writer.append(leaves)
        writer.flush()
        root = writer.root()
        memory.append(perf_counter() - begin)
        tree = Tree(tmp_path / str(len(floor)), read)
        begin = perf_counter()
        assert asyncio.run(tree.grow(LEAVES)) == root
        disk.append(perf_counter() - begin)

    benchmark.pedantic(turn, rounds=ROUNDS, iterations=1)  # type: ignore[no-untyped-call]
    alone, inner = median(one for one, _ in floor), median(two for _, two in floor)
    benchmark.extra_info |= {
        "over_hashing": round(median(memory) / (alone + inner), 2),
        "over_leaves_alone": round(median(memory) / alone, 2),
        "over_hashing_on_disk": round(median(disk) / (alone + inner), 2),
        "leaves_per_s_on_disk": round(LEAVES / median(disk)),
        "goal": "over_hashing ≤ 1.5",
    }
    print(f"\nlog growth: {benchmark.extra_info}")


class Counting(MemoryTiles):
    """Tiles in memory that count how often they are read."""

    reads = 0

    def read(self, path: str) -> bytes | None:
        """Reads one."""
        self.reads += 1
        return super().read(path)


@pytest.mark.parametrize("size", [10_000, 1_000_000])
def test_proof(benchmark: BenchmarkFixture, size: int) -> None:
    """An inclusion and a consistency proof, each with a cold cache, against hashing one leaf."""
    tiles = Counting()
    writer = TileWriter(tiles)
    writer.append(leaves_of(size))
    writer.flush()
    leaf = bytes(32)
    times: list[float] = []
    hashes: list[float] = []
    tiles.reads = 0

    def turn() -> None:
        begin = perf_counter()
        for number in range(PROOFS):
            at = number * 7919 % size
            prove_inclusion(at, size, tile_nodes(tiles, size))
            prove_consistency(max(1, at), size, tile_nodes(tiles, size))
        times.append((perf_counter() - begin) / PROOFS / 2)
        begin = perf_counter()
        for _ in range(10_000):
            sha256(b"\x00" + leaf).digest()
        hashes.append((perf_counter() - begin) / 10_000)

    benchmark.pedantic(turn, rounds=ROUNDS, iterations=1)  # type: ignore[no-untyped-call]
    reads = tiles.reads / (ROUNDS * PROOFS * 2)
    benchmark.extra_info |= {
        "size": size,
        "proof_us": round(median(times) * 1e6),
        "tiles_read": round(reads, 1),
        "over_one_hash": round(median(times) / median(hashes)),
        "over_all_leaves": round(median(times) / (median(hashes) * size), 5),
        "goal": "tile reads of the order of log n",
    }
    print(f"\nlog proof: {benchmark.extra_info}")
