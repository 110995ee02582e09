"""What the tests of delegation, status, log and policies share: changed trust documents, and a small log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from crex import v1
from crex.documents.times import format_time
from crex.trust import cosignature, merkle
from crex.trust.checkpoint import Checkpoint
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import pae
from crex.trust.identity import Identity
from crex.trust.keys import SigningKey
from crex.trust.log_proof import leaf_data
from crex.trust.signed_note import KIND_COSIGNATURE, NoteKey
from sdk.tests.trust.samples import NOW, root_of, sign_trust, trust_body

HOUR = timedelta(hours=1)
LOG, WITNESS, SECOND_WITNESS = "l.example.net", "w.example.org", "x.example.org"


def key_of(identity: Identity) -> SigningKey:
    """The one signing key of an identity."""
    (key,) = identity.signing.values()
    return key


def pin(directory: TrustDirectory, identity: Identity, **members: Any) -> None:
    """Pins a first trust document of an identity with other members."""
    directory.pin(revision(identity, 1, **members), now=NOW)


def revision(
    identity: Identity, number: int, *, issued_at: datetime = NOW, key: Mapping[str, str] = {}, **members: Any
) -> v1.Envelope:
    """A revision of an identity's trust document, with other members and other times of its signing key."""
    body = trust_body(identity, revision=str(number), issuedAt=format_time(issued_at))
    for record in body["keys"]:
        if record["keyid"] == key_of(identity).keyid:
            record.update(key)
    return sign_trust({**body, **members}, root_of(identity))


def delegation(
    to: str, *types: str, depth: int = 0, expires_at: datetime = NOW + 24 * HOUR
) -> dict[str, Any]:
    """A delegation as a trust document states it."""
    return {
        "to": to,
        "types": list(types) or ["site"],
        "maxDepth": depth,
        "expiresAt": format_time(expires_at),
    }


class SmallLog:
    """A log with its witnesses, in memory."""

    def __init__(self) -> None:
        self.key = NoteKey.generate(f"{LOG}/log")
        self.witnesses = {
            name: NoteKey.generate(f"{name}/witness", KIND_COSIGNATURE) for name in (WITNESS, SECOND_WITNESS)
        }
        self.leaves: list[bytes] = []

    def pin(self, directory: TrustDirectory) -> None:
        """Makes a directory trust the log and its witnesses."""
        pin(directory, Identity.create(LOG, roles=["broker"], now=NOW), logs=[self.key.vkey])
        for name, key in self.witnesses.items():
            pin(directory, Identity.create(name, roles=["provider"], now=NOW), witnesses=[key.vkey])

    def append(self, envelope: v1.Envelope, salt: bytes | None = None) -> int:
        """Puts a document into the log and returns its place."""
        self.leaves.append(leaf_data(pae(envelope.payload_type, envelope.payload), salt))
        return len(self.leaves) - 1

    def fill(self, count: int) -> None:
        """Puts in further leaves, of anything."""
        self.leaves += [leaf_data(b"%d" % (len(self.leaves) + at), None) for at in range(count)]

    def proof(
        self,
        index: int,
        at: datetime | None = None,
        *,
        by: tuple[str, ...] = (WITNESS,),
        salt: bytes | None = None,
        log: str = f"{LOG}/log",
    ) -> v1.LogProof:
        """The proof of a place, with a checkpoint that witnesses co-signed at a time."""
        checkpoint = Checkpoint(log, len(self.leaves), merkle.root(self.leaves))
        note = checkpoint.sign(self.key)
        if at is not None:
            note = note.with_signatures([cosignature.cosign(note, self.witnesses[one], now=at) for one in by])
        return v1.LogProof(
            index=index,
            hashes=merkle.inclusion_proof(self.leaves, index),
            checkpoint=str(note),
            salt=salt,
        )
