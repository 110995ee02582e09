"""The folder in which every document of the sale is kept, as the files that `crex verify` takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from crex import v1
from crex.documents import convert
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import Parts, digest, to_json
from demo.story import DemoFailed


class Papers:
    """Documents by type and name, records and lines by the document that states them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, envelope: v1.Envelope) -> Path:
        """Keeps a signed document; the same one twice is one file."""
        kind = envelope.payload_type.removeprefix("application/vnd.crex.").removesuffix(".v1+json")
        header = json.loads(envelope.payload)["header"]
        name = "_".join(header["id"].removeprefix("crex://").split("/"))
        place = self.folder / kind
        place.mkdir(exist_ok=True)
        path = place / f"{name}@{header['revision']}.json"
        path.write_bytes(to_json(envelope))
        return path

    def keep_trust(self, authority: str, trust: TrustDirectory) -> Path:
        """Keeps the pinned trust document of an authority, beside the documents."""
        record = trust.current(authority)
        if record is None:
            raise DemoFailed(f"the trust document of {authority} is not pinned")
        place = self.folder.parent / "trust"
        place.mkdir(exist_ok=True)
        path = place / f"{authority}.json"
        path.write_bytes(to_json(record.parts.to_message()))
        return path

    def keep_bodies(self, envelope: v1.Envelope, what: str, bodies: Sequence[bytes]) -> Path:
        """Keeps the exact bytes that a document signs for by their root, one file each."""
        place = self.folder / what / digest(envelope.payload)[:16]
        place.mkdir(parents=True, exist_ok=True)
        for number, body in enumerate(bodies):
            (place / f"{number:06d}.json").write_bytes(body)
        return place

    def keep_proof(self, parts: Parts, receipt: v1.Envelope, proof: v1.LogProof) -> Path:
        """Keeps what proves that a document stands in the log: its receipt, and its proof."""
        for what, text in (("receipts", to_json(receipt)), ("proofs", convert.dump(proof))):
            place = self.folder.parent / what
            place.mkdir(exist_ok=True)
            (place / f"{digest(parts.body)[:16]}.json").write_bytes(text)
        return self.folder.parent / "proofs"

    def documents(self) -> list[Path]:
        """Lists the documents that are kept."""
        return sorted(self.folder.glob("*/*.json"))
