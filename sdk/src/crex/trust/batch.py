"""Verifying many envelopes on all cores, in processes of their own.

A `Verified` document is never carried from one process to another: what says that it was verified would then
be said by the carrier. So a batch answers with facts: what was verified, by whom it was signed, where it
stands in a log; or with the refusal. Whoever needs the document itself opens its envelope again.

Workers are new processes, which share nothing with this one: a copy of a process with threads, as a server
is, could stand still for ever. Each is handed what is pinned and known here, as the envelopes that it was
taken from, and verifies it before it judges anything by it. So a program that calls `open_many` must be
importable (`if __name__ == "__main__":` around what it runs), as `multiprocessing` demands.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing import get_context
from typing import Any, Final

from google.protobuf.message import Message

from crex import v1
from crex.documents.types import document_type
from crex.errors import TrustError
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import Parts, read_parts, record_id
from crex.trust.log_proof import LogFact
from crex.trust.log_time import LogEvidence
from crex.trust.policies import Evidence, RefusedEvidence
from crex.trust.policies.gathering import open_attestation
from crex.trust.status_lists import StatusLists
from crex.trust.steps import StepResult
from crex.trust.verified import Verified
from crex.trust.verify import open_any, open_envelope

# To begin a worker takes as long as to verify more than a thousand documents.
ENVELOPES_PER_WORKER: Final = 2000
_CHUNK: Final = 64


@dataclass(frozen=True, slots=True)
class Found:
    """What a document that verified is.

    Attributes:
        token: Token of its document type.
        id: Its name.
        revision: Its revision, from 1.
        issuer: Authority that issued it.
        signer: Authority whose keys signed it.
        sha256: SHA-256 of its body.
        record_id: SHA-256 of what was signed.
        keyids: Names of the keys that signed it.
        families: Families of their algorithms.
        trust_revision: Revision of the trust document by which it was judged.
        log: Where it stands in a log; nothing where that was not shown.
        steps: What became of each step; empty unless it was asked for.
    """

    token: str
    id: str
    revision: int
    issuer: str
    signer: str
    sha256: str
    record_id: str
    keyids: tuple[str, ...]
    families: frozenset[str]
    trust_revision: int
    log: LogFact | None
    steps: tuple[StepResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What each envelope of a batch is asked; the same as of `open_envelope`.

    Attributes:
        now: The time for which all are judged, aware.
        document: Token of the type that is expected; nothing: whatever it says it is.
        expected_issuer: Authority that must have issued it.
        audience: Authority that it must be addressed to.
        nonce: Challenge that it must answer.
        challenge: Challenge that its hardware must answer.
        understood: Names of extensions that the caller handles.
        policy: What the reader demands.
        log: What is demanded of the log; nothing: what the policy says of it.
        steps: Whether the answer lists what became of each step.
    """

    now: datetime
    document: str | None = None
    expected_issuer: str | None = None
    audience: str | None = None
    nonce: str | None = None
    challenge: bytes | None = None
    understood: frozenset[str] = frozenset()
    policy: v1.TrustPolicy | None = None
    log: v1.PolicyLog | None = None
    steps: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What is known to whoever judges.

    Attributes:
        trust: The pinned trust documents.
        status: What issuers have revoked; nothing: not asked for.
        evidence: What speaks for documents under a policy.
        proofs: Proofs of records, by their identifiers; those of the attestations in the evidence, too, or
            a worker cannot verify again what stands by its log time alone.
    """

    trust: TrustDirectory
    status: StatusLists | None = None
    evidence: Evidence = field(default_factory=Evidence)
    proofs: Mapping[str, v1.LogProof] = field(default_factory=dict)

    def open(self, envelope: v1.Envelope | Parts | bytes, asked: Asked) -> Verified[Message]:
        """Verifies one envelope.

        Raises:
            TrustError: As `open_envelope`.
        """
        parts = read_parts(envelope)
        proof = self.proofs.get(record_id(parts)) if self.proofs else None
        options: dict[str, Any] = {
            "now": asked.now,
            "expected_issuer": asked.expected_issuer,
            "audience": asked.audience,
            "nonce": asked.nonce,
            "challenge": asked.challenge,
            "understood": asked.understood,
            "policy": asked.policy,
            "status": self.status,
            "attestations": self.evidence,
            "log": None if proof is None else LogEvidence(proof, asked.log, self.proofs),
        }
        if asked.document is None:
            return open_any(parts, self.trust, **options)
        return open_envelope(parts, document_type(asked.document).message, self.trust, **options)


def open_many(
    envelopes: Sequence[v1.Envelope | bytes],
    known: Known | TrustDirectory,
    asked: Asked,
    *,
    workers: int | None = None,
) -> list[Found | TrustError]:
    """Verifies envelopes, on all cores where there are enough of them to be worth it.

    Args:
        envelopes: Wire messages, or the bytes of the DSSE file form.
        known: What is pinned and known here, or only the pinned trust documents.
        asked: What each is asked.
        workers: How many processes judge; 1: this one. Unset: one for each core that this process may use,
            and no more than the batch is worth.

    Returns:
        What was found of each, or its refusal, in the order in which they were given.

    Raises:
        ValueError: The time has no zone, or there are fewer workers than one.
        DocumentError: TYPE if this edition knows no such document.
        BrokenProcessPool: A worker was ended from outside.
    """
    if asked.now.tzinfo is None:
        raise ValueError("`now` has no zone; give the time of the check in UTC.")
    if workers is not None and workers < 1:
        raise ValueError(f"{workers} workers judge nothing; give 1 or more.")
    if asked.document is not None:
        document_type(asked.document)
    known = known if isinstance(known, Known) else Known(known)
    count = worth(len(envelopes)) if workers is None else min(workers, len(envelopes))
    if count <= 1:
        return [_judge(known, asked, envelope) for envelope in envelopes]
    luggage = _Luggage.of(known, asked)
    with ProcessPoolExecutor(count, get_context("spawn"), _begin, (luggage,)) as pool:
        chunk = max(1, min(_CHUNK, len(envelopes) // (4 * count)))
        return list(pool.map(_judge_here, envelopes, chunksize=chunk))


def worth(envelopes: int) -> int:
    """Returns how many workers a batch is worth on this machine; 1: none besides this process."""
    return max(1, min(len(os.sched_getaffinity(0)), envelopes // ENVELOPES_PER_WORKER))


def _judge(known: Known, asked: Asked, envelope: v1.Envelope | bytes) -> Found | TrustError:
    try:
        opened = known.open(envelope, asked)
    except TrustError as error:
        # Without its frames, which would keep everything alive that they saw.
        return error.with_traceback(None)
    return Found(
        token=opened.doctype.token,
        id=opened.id,
        revision=opened.revision,
        issuer=opened.issuer,
        signer=opened.signer,
        sha256=opened.digest,
        record_id=opened.record_id,
        keyids=opened.keyids,
        families=opened.families,
        trust_revision=opened.trust_revision,
        log=opened.log,
        steps=opened.steps if asked.steps else (),
    )


@dataclass(frozen=True, slots=True)
class _Carried:
    """An attestation that was verified here, and how: at which time, and by its place in a log or not."""

    parts: Parts
    opened_at: datetime
    logged: bool
    demanded: v1.PolicyLog | None

    @classmethod
    def of(cls, one: Verified[v1.Attestation]) -> _Carried:
        """Packs an attestation."""
        demanded = None if one.log is None else one.log.demanded
        return cls(read_parts(one.envelope), one.opened_at, one.log is not None, demanded)

    def open(
        self, trust: TrustDirectory, proofs: Mapping[str, v1.LogProof]
    ) -> Verified[v1.Attestation] | RefusedEvidence:
        """Verifies it again, by the same demands on the log."""
        shown = proofs if self.logged else None
        return open_attestation(self.parts, trust, now=self.opened_at, proofs=shown, demanded=self.demanded)


@dataclass(frozen=True, slots=True)
class _Luggage:
    """What a worker is handed: envelopes, proofs and what is asked; it verifies them again."""

    trust: tuple[Parts, ...]
    status: tuple[Parts, ...] | None
    attestations: tuple[_Carried, ...]
    refused: tuple[RefusedEvidence, ...]
    proofs: Mapping[str, v1.LogProof]
    asked: Asked

    @classmethod
    def of(cls, known: Known, asked: Asked) -> _Luggage:
        """Packs what is known here."""
        trust, status = known.trust, known.status
        records = () if status is None else tuple(filter(None, map(status.get, status.names())))
        return cls(
            trust=tuple(record.parts for name in trust.authorities() for record in trust.versions(name)),
            status=None if status is None else tuple(record.parts for record in records),
            attestations=tuple(map(_Carried.of, known.evidence.attestations)),
            refused=known.evidence.refused,
            proofs=dict(known.proofs),
            asked=asked,
        )

    def unpack(self) -> Known:
        """Verifies what was handed over."""
        trust = TrustDirectory()
        for parts in self.trust:
            trust.restore(parts)
        status = None if self.status is None else StatusLists()
        for parts in self.status or ():
            if status is not None:
                status.restore(parts.to_message(), trust, self.asked.now)
        opened = [one.open(trust, self.proofs) for one in self.attestations]
        refused = tuple(one for one in opened if isinstance(one, RefusedEvidence))
        attestations = tuple(one for one in opened if not isinstance(one, RefusedEvidence))
        evidence = Evidence(attestations, refused=(*self.refused, *refused))
        return Known(trust, status, evidence, self.proofs)


# What a worker judges by; nothing in the process that asks.
_HERE: list[tuple[Known, Asked]] = []


def _begin(luggage: _Luggage) -> None:
    _HERE[:] = [(luggage.unpack(), luggage.asked)]


def _judge_here(envelope: v1.Envelope | bytes) -> Found | TrustError:
    ((known, asked),) = _HERE
    return _judge(known, asked, envelope)
