"""Step 21: a record stands in a log, by a proof that needs no network, and the time by which it stood there.

A leaf is 32 bytes: SHA-256(0x00 ‖ record) of a public record, SHA-256(0x01 ‖ salt ‖ record) of a private one,
where the record of a document is its pre-authentication encoding. The proof leads from the leaf to the root
of a checkpoint that the log signed and witnesses co-signed (LOG-LEAF-1, LOG-LEAF-2, LOG-PROOF-1,
LOG-PROOF-2, LOG-COSIGNATURE-1, LOG-COSIGNATURE-2, LOG-QUORUM-1, LOG-TIME-1, POLICY-QUORUM-1).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Protocol

from crex import v1
from crex.errors import TrustError
from crex.trust import steps
from crex.trust.checkpoint import Checkpoint
from crex.trust.cosignature import check_cosignature
from crex.trust.envelope import Parts, pae
from crex.trust.merkle import verify_inclusion
from crex.trust.signed_note import KIND_COSIGNATURE, NoteVerifier, SignedNote

SALT_BYTES: Final = 32
# Allowed difference between the clocks of witness and verifier.
LEEWAY: Final = timedelta(seconds=60)


class LogKeys(Protocol):
    """What is read of a trust document here; `TrustRecord` is one."""

    @property
    def logs(self) -> tuple[NoteVerifier, ...]:
        """Keys of the authority's logs."""
        ...

    @property
    def witnesses(self) -> tuple[NoteVerifier, ...]:
        """Keys of the authority's witnesses."""
        ...


class LogTrust(Protocol):
    """Where the keys of logs and witnesses come from; every `PinnedTrust` is one."""

    def current(self, authority: str) -> LogKeys | None:
        """Returns the latest pinned version of an authority's trust document; nothing if none is pinned."""
        ...


@dataclass(frozen=True, slots=True)
class LogFact:
    """What a proof shows.

    Attributes:
        log: Name of the log.
        authority: Authority that runs it.
        index: Position of the leaf, from 0.
        size: Size of the tree that the proof leads to.
        witnesses: Authorities, other than the log's, that co-signed.
        log_time: When the demanded quorum had co-signed; nothing where none was demanded.
        demanded: What was demanded of the log; nothing: nothing was. It is no part of what was shown.
    """

    log: str
    authority: str
    index: int
    size: int
    witnesses: frozenset[str]
    log_time: datetime | None
    demanded: v1.PolicyLog | None = field(default=None, compare=False, repr=False)


def leaf_data(record: bytes, salt: bytes | None) -> bytes:
    """Returns the 32 bytes that stand in the log for a record (LOG-LEAF-1, LOG-LEAF-2).

    Args:
        record: Of a document its pre-authentication encoding; of an order step its strict form.
        salt: Of a private record 32 random bytes; nothing for a public one.

    Raises:
        ValueError: The salt is not 32 bytes.
    """
    if salt is None:
        return sha256(b"\x00" + record).digest()
    if len(salt) != SALT_BYTES:
        raise ValueError(f"A salt has {SALT_BYTES} bytes, not {len(salt)}.")
    return sha256(b"\x01" + salt + record).digest()


def check_proof(
    parts: Parts,
    proof: v1.LogProof,
    trust: LogTrust,
    policy: v1.PolicyLog | None,
    *,
    now: datetime | None = None,
) -> LogFact:
    """Makes step 21 for a document; otherwise as `check_record`."""
    return check_record(pae(parts.payload_type, parts.body), proof, trust, policy, now=now)


def check_record(
    record: bytes,
    proof: v1.LogProof,
    trust: LogTrust,
    policy: v1.PolicyLog | None,
    *,
    now: datetime | None = None,
) -> LogFact:
    """Makes step 21 for a record of any kind.

    Args:
        record: The exact bytes that were logged.
        proof: The proof.
        trust: The pinned trust documents, of the log's authority and of witnesses.
        policy: What is demanded of the log; nothing: any log that is trusted here, and no witness.
        now: The time of the verification; co-signatures from later than that, with 60 s leeway, do not count.
            Unset: all count.

    Raises:
        TrustError: CHECKPOINT, LEAF, INCLUSION or QUORUM.
    """
    try:
        note = SignedNote.parse(proof.checkpoint)
        checkpoint = _log_checkpoint(note, trust, policy)
        witnesses = _witnesses(note, checkpoint, trust, policy)
    except TrustError as error:
        raise steps.refusal(steps.LOG, error.reason, error.message) from error
    salt = proof.salt if proof.HasField("salt") else None
    if salt is not None and len(salt) != SALT_BYTES:
        raise steps.refusal(
            steps.LOG,
            "LEAF",
            f"The salt of the proof has {len(salt)} bytes; a private record has one of {SALT_BYTES}. Take "
            "that of the receipt.",
        )
    data = leaf_data(record, salt)
    if not verify_inclusion(data, proof.index, checkpoint.size, proof.hashes, checkpoint.root):
        raise _not_included(proof, checkpoint, salted=salt is not None)
    counted = {who: at for who, at in witnesses.items() if now is None or at - now <= LEEWAY}
    return LogFact(
        log=checkpoint.origin,
        authority=checkpoint.authority,
        index=proof.index,
        size=checkpoint.size,
        witnesses=frozenset(counted),
        log_time=_log_time(counted, checkpoint, policy.quorum if policy is not None else 0),
        demanded=policy,
    )


def check_receipt_leaf(receipt: v1.Receipt, record: bytes) -> None:
    """Checks that the leaf of a receipt follows from the record and the receipt's salt (RECEIPT-LEAF-1).

    Raises:
        TrustError: LEAF.
    """
    salt = receipt.salt if receipt.HasField("salt") else None
    if (salt is None or len(salt) == SALT_BYTES) and leaf_data(record, salt) == receipt.leaf:
        return
    raise TrustError(
        "LEAF",
        f"The leaf of receipt {receipt.header.id} does not follow from the record and its salt: the broker "
        "promised to log something else. Keep the receipt as evidence, and ask the broker.",
    )


def _log_checkpoint(note: SignedNote, trust: LogTrust, policy: v1.PolicyLog | None) -> Checkpoint:
    claimed = Checkpoint.parse(note.text)
    accepted = frozenset(policy.logs) if policy is not None else frozenset()
    if accepted and claimed.authority not in accepted:
        raise TrustError(
            "CHECKPOINT",
            f"The proof is of the log {claimed.origin}, and the policy accepts only those of "
            f"{', '.join(sorted(accepted))}. Get a proof of such a log.",
        )
    keys = trust.current(claimed.authority)
    if keys is None:
        raise TrustError(
            "CHECKPOINT",
            f"No trust document of {claimed.authority} is pinned here, so nobody vouches for the log "
            f"{claimed.origin}. Get it from a source you trust, and pin it.",
        )
    return Checkpoint.open(note, keys.logs)


def _witnesses(
    note: SignedNote, checkpoint: Checkpoint, trust: LogTrust, policy: v1.PolicyLog | None
) -> dict[str, datetime]:
    """Returns the authorities that co-signed, each with its earliest time; the log's own does not count."""
    accepted = frozenset(policy.witnesses) if policy is not None else frozenset()
    times: dict[str, datetime] = {}
    for line in note.signatures:
        authority = line.name.partition("/")[0]
        if authority == checkpoint.authority or (accepted and authority not in accepted):
            continue
        keys = trust.current(authority)
        for verifier in _named(keys.witnesses if keys is not None else (), line.name, line.key_hash):
            at = check_cosignature(note, line, verifier)
            times[authority] = min(at, times.get(authority, at))
    return times


def _named(verifiers: Iterable[NoteVerifier], name: str, key_hash: bytes) -> list[NoteVerifier]:
    return [
        verifier
        for verifier in verifiers
        if verifier.kind == KIND_COSIGNATURE and verifier.name == name and verifier.key_hash == key_hash
    ]


def _log_time(times: dict[str, datetime], checkpoint: Checkpoint, quorum: int) -> datetime | None:
    if len(times) < quorum:
        found = ", ".join(sorted(times)) or "nobody"
        raise steps.refusal(
            steps.LOG,
            "QUORUM",
            f"{len(times)} witness(es) that are trusted here co-signed the checkpoint of {checkpoint.origin} "
            f"at size {checkpoint.size} ({found}); {quorum} must. Get the proof again once more have "
            "co-signed, or pin the trust documents of the witnesses.",
            found=str(len(times)),
            demanded=str(quorum),
        )
    # By then the last of the first `quorum` had seen it (LOG-TIME-1).
    return sorted(times.values())[quorum - 1] if quorum else None


def _not_included(proof: v1.LogProof, checkpoint: Checkpoint, *, salted: bool) -> TrustError:
    what = "with this salt " if salted else ""
    return steps.refusal(
        steps.LOG,
        "INCLUSION",
        f"The proof does not lead from this record {what}at position {proof.index} to the root of "
        f"{checkpoint.origin} at size {checkpoint.size}: it belongs to another record, position, salt or "
        "size. Get the proof of this very record.",
        index=str(proof.index),
        size=str(checkpoint.size),
    )
