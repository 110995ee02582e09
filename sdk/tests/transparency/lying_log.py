"""A log in memory that answers whatever it is made to, and what its operator signs: receipts and documents.

`Log` is honest by construction: it signs the root of its leaves and proves from them. A lie is a log made of
other parts: other leaves, another key, a checkpoint of another tree. Each source protocol is there: `Log`
itself, `tiles()` for a folder or web server, `Calls` for a broker.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from crex import v1
from crex.documents.convert import to_timestamp
from crex.transparency.papers import Paper, Promise, read_signed
from crex.transparency.store import MemoryTiles, TileFolder, TileStore, TileWriter
from crex.transparency.tiles import CHECKPOINT_PATH
from crex.transparency.views import View, open_view
from crex.trust import merkle
from crex.trust.checkpoint import Checkpoint
from crex.trust.cosignature import cosign
from crex.trust.directory import TrustDirectory
from crex.trust.identity import Identity
from crex.trust.log_proof import leaf_data
from crex.trust.signed_note import KIND_COSIGNATURE, NoteKey, NoteSignature

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
BROKER, PROVIDER = "b.example.net", "p.example.cn"
ORIGIN = f"{BROKER}/log"
LOG_KEY = NoteKey.from_seed(ORIGIN, b"\x01" * 32)
WITNESS_KEY = NoteKey.from_seed("w.example.org/witness", b"\x02" * 32, KIND_COSIGNATURE)

Cosigner = tuple[NoteKey, datetime]


def some_leaves(count: int, first: int = 0) -> tuple[bytes, ...]:
    """Leaves that are all different."""
    return tuple(sha256(at.to_bytes(8, "big")).digest() for at in range(first, first + count))


@dataclass(frozen=True)
class Log:
    """One state of a log; as a source it shows exactly that.

    Attributes:
        leaves_: Its leaves, from which it proves.
        key: The key that signs its checkpoints.
        origin: The name that they state.
        signed: Leaves over which the checkpoint is signed; nothing: its own.
        shown: Leaves that it shows; nothing: its own.
        cosigners: Who co-signed, and when.
        lines: Further signature lines.
        place: Where it is, for people.
    """

    leaves_: tuple[bytes, ...]
    key: NoteKey = LOG_KEY
    origin: str = ORIGIN
    signed: tuple[bytes, ...] | None = None
    shown: tuple[bytes, ...] | None = None
    cosigners: tuple[Cosigner, ...] = ()
    lines: tuple[NoteSignature, ...] = ()
    place: str = "the log"

    def checkpoint(self) -> str:
        """The signed checkpoint."""
        leaves = self.leaves_ if self.signed is None else self.signed
        checkpoint = Checkpoint(self.origin, len(leaves), merkle.root(leaves))
        note = replace(checkpoint, origin=self.key.name).sign(self.key)
        if self.origin != self.key.name:
            note = replace(note, text=checkpoint.text, signatures=(self.key.sign(checkpoint.text),))
        signed = [cosign(note, key, now=at) for key, at in self.cosigners]
        return str(note.with_signatures([*signed, *self.lines]))

    def consistency(self, first: int, second: int) -> list[bytes]:
        """The proof from its leaves; nothing where it has none."""
        if second > len(self.leaves_):
            return []
        return merkle.consistency_proof([merkle.leaf_hash(leaf) for leaf in self.leaves_[:second]], first)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The proof from its leaves."""
        return merkle.inclusion_proof(self.leaves_[:size], index)

    def leaves(self, start: int, end: int) -> Iterator[list[bytes]]:
        """Its leaves, in pieces of uneven length."""
        shown = self.leaves_ if self.shown is None else self.shown
        for at in range(start, end, 97):
            yield list(shown[at : min(at + 97, end)])

    def view(self) -> View:
        """Its checkpoint, opened."""
        return open_view(self.checkpoint(), [LOG_KEY.verifier], origin=ORIGIN, place=self.place)

    def write(self, store: TileStore) -> None:
        """Writes its tiles, then its checkpoint."""
        writer = TileWriter(store)
        writer.append(self.leaves_)
        writer.flush()
        store.write(CHECKPOINT_PATH, self.checkpoint().encode())

    def tiles(self) -> MemoryTiles:
        """Its files in memory, free to damage."""
        store = MemoryTiles()
        self.write(store)
        return store

    def folder(self, folder: Path) -> TileFolder:
        """Its files in a folder."""
        store = TileFolder(folder)
        self.write(store)
        return store


class Calls:
    """The calls to a broker that has a log; `short` of its leaves are missing from every list."""

    def __init__(self, log: Log, *, short: int = 0) -> None:
        self.log = log
        self.short = short

    def get_checkpoint(self, request: v1.GetCheckpointRequest, /) -> v1.GetCheckpointResponse:
        """The latest checkpoint."""
        del request
        return v1.GetCheckpointResponse(checkpoint=self.log.checkpoint())

    def get_consistency_proof(
        self, request: v1.GetConsistencyProofRequest, /
    ) -> v1.GetConsistencyProofResponse:
        """The proof from its leaves."""
        hashes = self.log.consistency(getattr(request, "from"), request.to)
        return v1.GetConsistencyProofResponse(hashes=hashes, to=request.to, checkpoint=self.log.checkpoint())

    def get_inclusion_proof(self, request: v1.GetInclusionProofRequest, /) -> v1.GetInclusionProofResponse:
        """The proof from its leaves."""
        hashes = self.log.inclusion(request.index, request.size)
        proof = v1.LogProof(index=request.index, hashes=hashes, checkpoint=self.log.checkpoint())
        return v1.GetInclusionProofResponse(proof=proof, size=request.size)

    def list_entries(self, request: v1.ListEntriesRequest, /) -> v1.ListEntriesResponse:
        """A page of leaves, smaller than asked for."""
        end = min(request.start + min(request.count, 100), len(self.log.leaves_) - self.short)
        leaves = self.log.leaves_[request.start : end]
        return v1.ListEntriesResponse(leaves=leaves, size=len(self.log.leaves_))


class Operator:
    """The broker as a signer: its identity, a provider's, and what they sign."""

    def __init__(self) -> None:
        self.broker = Identity.create(BROKER, roles=["broker"], now=NOW)
        self.provider = Identity.create(PROVIDER, roles=["provider"], now=NOW)
        self.trust = TrustDirectory()
        for identity in (self.broker, self.provider):
            self.trust.pin(identity.trust_document, now=NOW)

    def site(self, name: str = "a", **header: object) -> Paper:
        """A signed site of the provider, with whatever its header is to state."""
        document = v1.Site(
            header=v1.Header(
                id=f"crex://{PROVIDER}/site/{name}",
                revision=1,
                issuer=PROVIDER,
                issued_at=to_timestamp(NOW),
                **header,  # type: ignore[arg-type]  # as the test says
            ),
            country="CN",
        )
        return self.paper(self.provider.sign_document(document), name)

    def receipt(
        self,
        index: int,
        leaf: bytes,
        *,
        paper: Paper | None = None,
        step: bytes | None = None,
        salt: bytes | None = None,
        issued: datetime = NOW,
        promised: timedelta = timedelta(seconds=60),
        log: str = ORIGIN,
    ) -> Promise:
        """A signed receipt."""
        document = v1.Receipt(
            header=v1.Header(
                id=f"crex://{BROKER}/receipt/r{index}",
                revision=1,
                issuer=BROKER,
                issued_at=to_timestamp(issued),
            ),
            log=log,
            leaf=leaf,
            index=index,
            merge_by=to_timestamp(issued + promised),
            salt=salt,
        )
        if step is not None:
            document.step = step
        else:
            document.document_sha256 = paper.record if paper is not None else "0" * 64
        return Promise.of(self.paper(self.broker.sign_document(document), f"receipt {index}"))

    def receipt_of(self, paper: Paper, index: int, salt: bytes | None = None) -> Promise:
        """The receipt of a document, as it should be."""
        return self.receipt(index, leaf_data(paper.record_bytes, salt), paper=paper, salt=salt)

    def paper(self, envelope: v1.Envelope, source: str) -> Paper:
        """A signed document as evidence."""
        return read_signed(envelope, self.trust, now=NOW, source=source)


def with_leaf(leaves: Sequence[bytes], index: int, leaf: bytes) -> tuple[bytes, ...]:
    """The leaves with another one at an index."""
    return (*leaves[:index], leaf, *leaves[index + 1 :])
