"""The log: append, audit, prove and verify, against the hashes and signatures that they cannot do without.

Floor of append and audit: one SHA-256 of each leaf. A tree of n leaves is 2n - 1 hashes, so no implementation
that hashes one by one comes below 2.0; the second figure is the ratio to all hashes of the tree. Floor of
verifying a proof with two witnesses: three raw Ed25519 verifications, of log and witnesses. A proof is made
from tiles in a folder. Memory of an audit is the peak above that of the leaves' source, measured with
tracemalloc on a smaller log, since tracing slows everything down.
"""

import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from statistics import median
from time import perf_counter

from pytest_benchmark.fixture import BenchmarkFixture

from crex import v1
from crex.transparency.audit import Evidence
from crex.transparency.auditor import audit_log
from crex.transparency.store import MemoryTiles, TileFolder, TileWriter, tile_nodes
from crex.transparency.views import View
from crex.trust.checkpoint import Checkpoint
from crex.trust.cosignature import cosign, signed_message
from crex.trust.log_proof import check_record, leaf_data
from crex.trust.merkle import prove_consistency, prove_inclusion
from crex.trust.signed_note import KIND_COSIGNATURE, NoteKey, NoteVerifier

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
LEAVES, COMPARED, ROUNDS = 1_000_000, 200_000, 5
TRACED = 100_000
PROOFS = 200
LOG = NoteKey.from_seed("b.example.net/log", b"\x01" * 32)
WITNESSES = [
    NoteKey.from_seed(f"w{at}.example.org/witness", bytes([at + 2]) * 32, KIND_COSIGNATURE) for at in range(2)
]
RECORD = b"x" * 5_000


def some_leaves(count: int) -> list[bytes]:
    """Leaves that are all different."""
    return [sha256(at.to_bytes(8, "big")).digest() for at in range(count)]


class Nowhere(MemoryTiles):
    """A store that forgets: what append costs by itself."""

    def write(self, path: str, data: bytes) -> None:
        """Forgets it."""


@dataclass(frozen=True)
class Source:
    """A log whose leaves are at hand."""

    held: list[bytes]
    place: str = "memory"

    def checkpoint(self) -> str:
        """Not asked for."""
        raise NotImplementedError

    def consistency(self, first: int, second: int) -> list[bytes]:
        """Not asked for."""
        raise NotImplementedError

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Not asked for."""
        raise NotImplementedError

    def leaves(self, start: int, end: int) -> Iterator[list[bytes]]:
        """A bundle at a time."""
        for at in range(start, end, 256):
            yield self.held[at : min(at + 256, end)]


def timed(act: Callable[[], object]) -> float:
    """Seconds that it takes."""
    began = perf_counter()
    act()
    return perf_counter() - began


def grow(leaves: list[bytes]) -> TileWriter:
    """A log of these leaves, written nowhere."""
    writer = TileWriter(Nowhere())
    writer.append(leaves)
    writer.flush()
    return writer


def view_of(leaves: list[bytes]) -> View:
    """The signed checkpoint over these leaves."""
    checkpoint = Checkpoint(LOG.name, len(leaves), grow(leaves).root())
    return View(checkpoint, checkpoint.sign(LOG), "memory")


def test_append_and_audit(benchmark: BenchmarkFixture) -> None:
    """Appending and auditing 200,000 leaves, against SHA-256 of each leaf and node; and 1,000,000 once."""
    leaves = some_leaves(COMPARED)
    view, source = view_of(leaves), Source(leaves)
    node = b"\x01" + b"\0" * 64

    def hash_leaves() -> None:
        for leaf in leaves:
            sha256(b"\0" + leaf).digest()

    def hash_nodes() -> None:
        for _ in range(COMPARED - 1):
            sha256(node).digest()

    sides: dict[str, Callable[[], object]] = {
        "leaves": hash_leaves,
        "nodes": hash_nodes,
        "append": lambda: grow(leaves),
        "audit": lambda: audit_log(view, source, Evidence(), now=NOW),
    }
    samples: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, side in sides.items():
            samples[name].append(timed(side))
    medians = {name: median(values) for name, values in samples.items()}
    whole = medians["leaves"] + medians["nodes"]
    many = some_leaves(LEAVES)
    at_once, held = view_of(many), Source(many)
    benchmark.extra_info |= {
        "compared": "SHA-256 of each leaf, one by one",
        "append_ratio": round(medians["append"] / medians["leaves"], 2),
        "audit_ratio": round(medians["audit"] / medians["leaves"], 2),
        "append_ratio_all_hashes": round(medians["append"] / whole, 2),
        "audit_ratio_all_hashes": round(medians["audit"] / whole, 2),
        "audit_of_a_million_s": round(timed(lambda: audit_log(at_once, held, Evidence(), now=NOW)), 2),
        "goal": "1.5 of SHA-256 of the leaves; all hashes of the tree alone are 2",
    }
    found = benchmark.pedantic(audit_log, (view, source, Evidence()), {"now": NOW}, rounds=1)  # type: ignore[no-untyped-call]
    assert (found.rebuilt, found.findings) == (True, [])
    print(f"\nlog: {benchmark.extra_info}")


def test_memory_of_an_audit(benchmark: BenchmarkFixture) -> None:
    """The peak of an audit above what its source holds: the same for 1,000 leaves as for 100,000."""
    peaks = {}
    for count in (1_000, TRACED):
        leaves = some_leaves(count)
        view, source = view_of(leaves), Source(leaves)
        tracemalloc.start()
        audit_log(view, source, Evidence(), now=NOW)
        peaks[count] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        benchmark.extra_info[f"peak_kib_of_{count}"] = round(peaks[count] / 1024)
    assert peaks[TRACED] < 4 * peaks[1_000]
    leaves = some_leaves(1_000)
    benchmark(audit_log, view_of(leaves), Source(leaves), Evidence(), now=NOW)
    print(f"\nmemory of an audit: {benchmark.extra_info}")


@dataclass(frozen=True)
class Keys:
    """The keys of one authority."""

    logs: tuple[NoteVerifier, ...] = ()
    witnesses: tuple[NoteVerifier, ...] = ()


class Trust:
    """The log and its witnesses."""

    def current(self, authority: str) -> Keys | None:
        """The keys of an authority."""
        if authority == LOG.verifier.authority:
            return Keys((LOG.verifier,))
        return Keys((), tuple(one.verifier for one in WITNESSES if one.verifier.authority == authority))


def test_proofs_from_tiles(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Proving from a folder of tiles, and verifying step 21 with two witnesses, of 100,000 leaves."""
    leaves = some_leaves(TRACED)
    leaves[TRACED // 2] = leaf_data(RECORD, None)
    folder = TileFolder(tmp_path)
    writer = TileWriter(folder)
    writer.append(leaves)
    writer.flush()
    note = Checkpoint(LOG.name, TRACED, writer.root()).sign(LOG)
    note = note.with_signatures([cosign(note, witness, now=NOW) for witness in WITNESSES])
    proof = v1.LogProof(
        index=TRACED // 2,
        hashes=prove_inclusion(TRACED // 2, TRACED, tile_nodes(folder, TRACED)),
        checkpoint=str(note),
    )
    policy, trust = v1.PolicyLog(quorum=2), Trust()
    lines = list(note.signatures)
    text = note.text.encode()
    messages = [signed_message(note.text, int(NOW.timestamp()))] * 2

    def raw() -> None:
        assert LOG.verifier.verify(lines[0].data, text)
        for witness, line, message in zip(WITNESSES, lines[1:], messages, strict=True):
            assert witness.verifier.verify(line.data[8:], message)

    def verify() -> None:
        assert check_record(RECORD, proof, trust, policy).log_time == NOW

    cold: list[float] = []
    warm: list[float] = []
    grown: list[float] = []
    ratios: list[tuple[float, float]] = []
    node = tile_nodes(folder, TRACED)
    for at in range(PROOFS):
        index = at * 499 % TRACED
        fresh = tile_nodes(folder, TRACED)
        cold.append(timed(partial(prove_inclusion, index, TRACED, fresh)))
        warm.append(timed(partial(prove_inclusion, index, TRACED, node)))
        fresh = tile_nodes(folder, TRACED)
        grown.append(timed(partial(prove_consistency, index, TRACED, fresh)))
        ratios.append((timed(raw), timed(verify)))
    floor, spent = (median(side) for side in zip(*ratios, strict=True))
    benchmark.extra_info |= {
        "compared": "raw Ed25519 verification of the three signatures",
        "inclusion_from_folder_us": round(median(cold) * 1e6),
        "inclusion_from_kept_tiles_us": round(median(warm) * 1e6),
        "consistency_from_folder_us": round(median(grown) * 1e6),
        "verify_us": round(spent * 1e6),
        "verify_ratio": round(spent / floor, 2),
    }
    benchmark(verify)
    print(f"\nproofs: {benchmark.extra_info}")
