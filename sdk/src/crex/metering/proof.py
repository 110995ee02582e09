"""The proof that one record stands under a signed batch, without the others (metering.md).

Whoever doubts one record need not show all of a month: the record's exact bytes, the signed batch and the
hashes beside the path from the record to the root are enough, and are all that the file of a proof holds.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson

from crex.documents import strict
from crex.errors import DocumentError, Violation
from crex.metering.batch import check_record
from crex.metering.errors import refused
from crex.metering.record import MAX_RECORD_BYTES, Record, parse_record
from crex.metering.span import Span
from crex.trust import envelope as dsse
from crex.trust import merkle
from crex.trust.checks import PinnedTrust
from crex.trust.verified import Verified
from crex.trust.verify import open_envelope
from crex.v1 import Envelope, SeqRange, UsageBatch

# Longest file: the envelope, a record in base64, and a path as long as that of the largest batch.
FILE_BYTES_MAX: Final = dsse.FILE_BYTES_MAX + 16_384

_MEMBERS: Final = ("record", "leafIndex", "treeSize", "path", "batch")
# Hashes of the longest path: a batch has at most a million records.
_LONGEST_PATH: Final = 20
_WHOLE: Final = re.compile("0|[1-9][0-9]{0,6}")
_HASH: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class RecordProof:
    """What shows that a record stands under a batch; nothing about it is verified.

    Attributes:
        record: Exact bytes of the record.
        leaf_index: Its position among the records of the batch, from 0.
        tree_size: Number of records of the batch.
        path: Hashes of 32 bytes, from the bottom up (RFC 9162, 2.1.3).
        batch: The signed batch.
    """

    record: bytes = field(repr=False)
    leaf_index: int
    tree_size: int
    path: tuple[bytes, ...] = field(repr=False)
    batch: Envelope = field(repr=False)


@dataclass(frozen=True, slots=True)
class Proven:
    """A record that its provider signed for.

    Attributes:
        record: The record.
        batch: The batch under which it stands.
    """

    record: Record
    batch: Verified[UsageBatch]


def prove(
    batches: Iterable[tuple[Verified[UsageBatch], Sequence[bytes]]],
    meter_id: str,
    seq: int,
    revision: int | None = None,
) -> RecordProof:
    """Makes the proof of one record.

    Args:
        batches: Batches of one lease with the exact bytes of their records, in the order of their trees.
        meter_id: Meter of the record.
        seq: Its number.
        revision: Its revision; unset: the highest there is.

    Raises:
        UsageError: NOT_FOUND: no batch has it, or a marker says that it will never come; SUBJECT: the bytes
            are not those that the batch signs for (BATCH-ROOT-1).
        DocumentError: A record is not in strict form.
    """
    best: tuple[int, int, Verified[UsageBatch], Sequence[bytes]] | None = None
    marked = False
    for batch, bodies in batches:
        numbers = [each for each in batch.message.ranges if each.meter_id == meter_id]
        marked |= any(
            each.meter_id == meter_id and each.first_seq <= seq <= each.last_seq
            for each in batch.message.gaps
        )
        if not any(each.first_seq <= seq <= each.last_seq for each in numbers):
            continue
        for index, record in enumerate(map(parse_record, bodies)):
            if (record.meter_id, record.seq) != (meter_id, seq) or revision not in (None, record.revision):
                continue
            if best is None or record.revision > best[1]:
                best = index, record.revision, batch, bodies
    if best is None:
        raise _not_found(meter_id, seq, revision, marked=marked)
    index, _, batch, bodies = best
    if merkle.root(bodies).hex() != batch.message.records_root:
        raise refused(
            "SUBJECT",
            "BATCH-ROOT-1",
            f"The records at hand are not those that batch {batch.id} was signed for, so no proof of one of "
            "them can be made. Fetch its exact bytes again.",
        )
    return RecordProof(
        record=bodies[index],
        leaf_index=index,
        tree_size=len(bodies),
        path=tuple(merkle.inclusion_proof(bodies, index)),
        batch=batch.envelope,
    )


def verify_proof(
    proof: RecordProof, trust: PinnedTrust, *, now: datetime, expected_issuer: str | None = None
) -> Proven:
    """Checks a proof; needs no network.

    Args:
        proof: The proof.
        trust: The pinned trust documents.
        now: The time for which the batch is judged.
        expected_issuer: Provider that must have signed; unset: any that is pinned.

    Raises:
        TrustError: The batch does not verify (PROOF-BATCH-1).
        UsageError: SUBJECT: the proof is of another tree (PROOF-SIZE-1), does not lead to its root
            (PROOF-ROOT-1) or the record cannot stand at that position (PROOF-PLACE-1); or the record is not
            one that the batch may hold (BATCH-LEASE-1, BATCH-PERIOD-1).
        DocumentError: The record is not in strict form or breaks the contract.
    """
    batch = open_envelope(proof.batch, UsageBatch, trust, now=now, expected_issuer=expected_issuer)
    message = batch.message
    if proof.tree_size != message.record_count:
        raise refused(
            "SUBJECT",
            "PROOF-SIZE-1",
            f"The proof is of a tree of {proof.tree_size} records, but batch {batch.id} was signed for "
            f"{message.record_count}. Ask for the proof under this batch.",
        )
    root = bytes.fromhex(message.records_root)
    if not merkle.verify_inclusion(proof.record, proof.leaf_index, proof.tree_size, proof.path, root):
        raise refused(
            "SUBJECT",
            "PROOF-ROOT-1",
            f"The path does not lead from the record's bytes at position {proof.leaf_index} to the root that "
            f"batch {batch.id} was signed for. A byte of the record or of the path was changed, or it is the "
            "proof of another record. Do not rely on it.",
        )
    record = parse_record(proof.record)
    check_record(record, message.lease, Span.of(message.period))
    _check_place(record, proof.leaf_index, message)
    return Proven(record, batch)


def _check_place(record: Record, index: int, batch: UsageBatch) -> None:
    """Checks that a record can stand where it is said to (PROOF-PLACE-1).

    Each number has one leaf or, with its revisions, more; so at least as many leaves lie before a record as
    numbers do. A provider that signed two records for one number shows each of them at another place.
    """
    before = after = 0
    found = False
    for each in batch.ranges:
        first, last = _seen_from(each, record.meter_id, record.seq)
        before, after = before + first, after + last
        found |= each.meter_id == record.meter_id and each.first_seq <= record.seq <= each.last_seq
    if not found or not before <= index < batch.record_count - after:
        what = (
            f"its ranges do not have number {record.seq} of meter {record.meter_id}"
            if not found
            else f"{before} numbers come before it and {after} after it; it cannot be at position {index}"
        )
        raise refused(
            "SUBJECT",
            "PROOF-PLACE-1",
            f"The record of {record.place} does not belong into batch {batch.header.id}: {what}. The batch "
            "is not sound; ask for all of its records.",
            meter_id=record.meter_id,
            seq=str(record.seq),
        )


def _seen_from(numbers: SeqRange, meter_id: str, seq: int) -> tuple[int, int]:
    """Counts the numbers of a range that come before and after one, in the order of the tree."""
    count = numbers.last_seq - numbers.first_seq + 1
    if numbers.meter_id != meter_id:
        return (count, 0) if numbers.meter_id < meter_id else (0, count)
    before = min(max(seq - numbers.first_seq, 0), count)
    after = min(max(numbers.last_seq - seq, 0), count)
    return before, after


def to_json(proof: RecordProof) -> bytes:
    """Returns the file of a proof: strict JSON in one line (PROOF-FORM-1)."""
    value = {
        "record": b64encode(proof.record).decode("ascii"),
        "leafIndex": str(proof.leaf_index),
        "treeSize": str(proof.tree_size),
        "path": [part.hex() for part in proof.path],
        "batch": orjson.loads(dsse.to_json(proof.batch)),
    }
    return orjson.dumps(value) + b"\n"


def from_json(text: bytes) -> RecordProof:
    """Reads the file of a proof; nothing about it is verified yet.

    Raises:
        DocumentError: LIMIT or PAYLOAD where it is not strict JSON, SCHEMA where a member is not of its form
            (PROOF-FORM-1), with the place.
        TrustError: The batch is no envelope.
    """
    value = strict.loads(text, max_bytes=FILE_BYTES_MAX)
    if not isinstance(value, dict):
        raise _malformed("$", "the file is no JSON object", "give the file that `crex usage prove` wrote")
    wrong = sorted(set(_MEMBERS) ^ set(value))
    if wrong:
        what = "is missing" if wrong[0] in _MEMBERS else "is no member of a proof"
        raise _malformed(f"$.{wrong[0]}", what, f"a proof has exactly {', '.join(_MEMBERS)}")
    path = value["path"]
    if not isinstance(path, list) or len(path) > _LONGEST_PATH:
        raise _malformed(
            "$.path", f"is no list of at most {_LONGEST_PATH} hashes", "a batch has at most a million records"
        )
    for index, part in enumerate(path):
        if not isinstance(part, str) or _HASH.fullmatch(part) is None:
            raise _malformed(f"$.path[{index}]", "is no SHA-256", "64 lowercase hexadecimal digits")
    if not isinstance(value["batch"], dict):
        raise _malformed("$.batch", "is no envelope", "the DSSE file form of the signed batch")
    return RecordProof(
        record=_bytes(value["record"]),
        leaf_index=_number(value["leafIndex"], "leafIndex"),
        tree_size=_number(value["treeSize"], "treeSize"),
        path=tuple(map(bytes.fromhex, path)),
        batch=dsse.from_json(orjson.dumps(value["batch"])),
    )


def _number(value: Any, member: str) -> int:
    if not isinstance(value, str) or _WHOLE.fullmatch(value) is None:
        raise _malformed(f"$.{member}", "is no whole number", "digits in a text, without leading zeros")
    return int(value)


def _bytes(value: Any) -> bytes:
    raw = strict.base64_bytes(value)
    if raw is None or len(raw) > MAX_RECORD_BYTES:
        raise _malformed(
            "$.record",
            f"is not the padded standard base64 of at most {MAX_RECORD_BYTES} bytes",
            "encode the record's exact bytes again",
        )
    return raw


def _malformed(path: str, what: str, fix: str) -> DocumentError:
    violation = Violation(path, what, "PROOF-FORM-1", fix)
    return DocumentError("SCHEMA", "This is no proof of a usage record.", violations=[violation])


def _not_found(meter_id: str, seq: int, revision: int | None, *, marked: bool) -> Exception:
    which = "" if revision is None else f", revision {revision},"
    why = (
        "a gap marker says that it is lost for good"
        if marked
        else "no batch states it; `crex usage list` shows what there is"
    )
    return refused(
        "NOT_FOUND",
        "BATCH-RANGE-1",
        f"There is no record of number {seq} of meter {meter_id}{which} to prove: {why}.",
        meter_id=meter_id,
        seq=str(seq),
    )
