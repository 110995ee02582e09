"""Offline trust bundles: everything that is needed to verify documents where there is no network.

    bundle = read_bundle(data)                        well formed; nobody is trusted by it yet
    opened = bundle.open(pins, now=now)               what it adds to what is pinned here
    opened = bundle.open(now=now, fingerprints=[...]) where nothing is pinned: by an explicit decision
    verified = open_envelope(envelope, v1.Offer, opened.trust, now=now, status=opened.status,
                             log=opened.evidence(envelope), policy=opened.policy)

A bundle is not signed, for all in it is. It pins nobody new by itself (OFFLINE-TRUST-1): whom to trust is
decided by who opens it, by a fingerprint or by naming the authority. What is pinned already it can only carry
forward, one revision after the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from crex import v1
from crex.documents import convert, reader, strict
from crex.documents.types import DocumentType
from crex.errors import CrexError, DocumentError, TrustError, Violation, named
from crex.trust import ceremony
from crex.trust.checkpoint import Checkpoint
from crex.trust.checks import check_type
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import Parts, read_parts, record_id
from crex.trust.log_time import LogEvidence
from crex.trust.policies import check_policy
from crex.trust.signed_note import SignedNote
from crex.trust.status_lists import StatusLists
from crex.trust.trust_record import TrustRecord
from crex.trust.verified import Verified
from crex.trust.verify import open_envelope

# Greatest length of a bundle, in bytes: some two thousand parties with their lists.
BUNDLE_BYTES_MAX: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Refused:
    """A part of a bundle that is not used, and why.

    Attributes:
        what: Where it stands in the bundle, such as `$.statusLists[0]`.
        error: Why it was refused.
    """

    what: str
    error: CrexError


@dataclass(frozen=True, slots=True)
class OpenBundle:
    """What a bundle gives to a reader who decided whom to trust.

    Attributes:
        trust: What was pinned before, carried forward, and those that were decided on.
        taken: The latest versions that came from the bundle.
        untrusted: Authorities of the bundle that are not trusted here: their trust documents were left.
        status: Status lists that verified.
        attestations: Attestations that verified.
        policy: The policy of the bundle; nothing if it has none. Whether to judge by it, the reader decides.
        checkpoints: Latest checkpoints, as they came: verified when they are used.
        refused: Parts that are not used, each with its reason.
    """

    trust: TrustDirectory
    taken: tuple[TrustRecord, ...]
    untrusted: tuple[str, ...]
    status: StatusLists
    attestations: tuple[Verified[v1.Attestation], ...]
    policy: v1.TrustPolicy | None
    checkpoints: tuple[str, ...]
    refused: tuple[Refused, ...]
    _proofs: Mapping[str, v1.LogProof] = field(repr=False)

    def proof(self, record_sha256: str) -> v1.LogProof | None:
        """Returns the proof of a record, by its identifier; nothing if there is none (OFFLINE-PROOF-1)."""
        return self._proofs.get(record_sha256)

    def evidence(
        self, envelope: v1.Envelope | Parts | bytes, policy: v1.PolicyLog | None = None
    ) -> LogEvidence | None:
        """Returns what shows that a document was logged, for `open_envelope`; nothing if there is no proof.

        Args:
            envelope: The document.
            policy: What is demanded of the log; unset: what the policy of the verification says of it.
        """
        proof = self.proof(record_id(read_parts(envelope)))
        return None if proof is None else LogEvidence(proof, policy, self._proofs)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that is well formed. Nothing in it is verified.

    Attributes:
        message: All of it.
        chains: The trust documents of each authority, ascending without a gap.
        proofs: Proofs by the identifier of their record.
    """

    message: v1.TrustBundle = field(repr=False)
    chains: Mapping[str, tuple[TrustRecord, ...]] = field(repr=False)
    proofs: Mapping[str, v1.LogProof] = field(repr=False)

    @property
    def authorities(self) -> tuple[str, ...]:
        """Whose trust documents it holds, sorted."""
        return tuple(sorted(self.chains))

    def pin(
        self,
        directory: TrustDirectory,
        *,
        now: datetime,
        fingerprints: Collection[str] = (),
        authorities: Collection[str] = (),
    ) -> tuple[TrustRecord, ...]:
        """Takes the trust documents up into a directory (OFFLINE-TRUST-1).

        Those of pinned authorities are carried forward. A new authority is trusted where one of its versions
        has a fingerprint that the reader names, from that version on, or where the reader names it.

        Args:
            directory: What is pinned here; changed only if all of it holds.
            now: The time.
            fingerprints: SHA-256 of bodies that the reader has from their authorities by another way.
            authorities: Authorities that the reader trusts by this bundle itself, whoever wrote it.

        Returns:
            The versions that are pinned by now and were not before, the latest of each authority.

        Raises:
            TrustError: SUBJECT if a fingerprint is that of none of them; ISSUER if a named authority has
                none; TRUST_ROLLBACK or another reason of `TrustDirectory.pin` if one cannot follow what is
                pinned.
        """
        plan = self._plan(directory, set(fingerprints), set(authorities))
        _carry_out(plan, _copy(directory, plan), now)
        return _carry_out(plan, directory, now)

    def open(
        self,
        pins: TrustDirectory | None = None,
        *,
        now: datetime,
        fingerprints: Collection[str] = (),
        authorities: Collection[str] = (),
        status: StatusLists | None = None,
    ) -> OpenBundle:
        """Opens the bundle for a reader, without changing what is pinned or known.

        Args:
            pins: What is pinned here; unset: nobody.
            now: The time for which all of it is judged.
            fingerprints: As of `pin`.
            authorities: As of `pin`.
            status: Status lists that the reader has seen: no older ones are taken (OFFLINE-STATUS-1).

        Raises:
            TrustError: As `pin`.
        """
        trust = TrustDirectory() if pins is None else _copy(pins, pins.authorities())
        # No trial as in `pin`: where this fails, the copy is thrown away.
        taken = _carry_out(self._plan(trust, set(fingerprints), set(authorities)), trust, now)
        refused: list[Refused] = []
        lists = StatusLists()
        if status is not None:
            for known in filter(None, map(status.get, status.names())):
                lists.restore(known.parts.to_message(), trust, now)
        for at, envelope in enumerate(self.message.status_lists):
            try:
                lists.accept(envelope, trust, now)
            except CrexError as error:
                refused.append(Refused(f"$.statusLists[{at}]", error))
        attestations: list[Verified[v1.Attestation]] = []
        log = self.message.policy.log if self.message.policy.HasField("log") else None
        for at, envelope in enumerate(self.message.attestations):
            proof = self.proofs.get(record_id(envelope))
            shown = None if proof is None else LogEvidence(proof, log, self.proofs)
            try:
                attestations.append(
                    open_envelope(envelope, v1.Attestation, trust, now=now, status=lists, log=shown)
                )
            except CrexError as error:
                refused.append(Refused(f"$.attestations[{at}]", error))
        return OpenBundle(
            trust=trust,
            taken=taken,
            untrusted=tuple(name for name in self.authorities if trust.current(name) is None),
            status=lists,
            attestations=tuple(attestations),
            policy=self.message.policy if self.message.HasField("policy") else None,
            checkpoints=tuple(self.message.checkpoints),
            refused=tuple(refused),
            _proofs=self.proofs,
        )

    def _plan(
        self, directory: TrustDirectory, fingerprints: set[str], authorities: set[str]
    ) -> dict[str, tuple[TrustRecord, ...]]:
        """Gives what is to be taken up: of each authority the versions from the first that counts."""
        plan: dict[str, tuple[TrustRecord, ...]] = {}
        matched: set[str] = set()
        for authority, chain in self.chains.items():
            found = [at for at, record in enumerate(chain) if record.digest in fingerprints]
            matched |= {chain[at].digest for at in found}
            if directory.current(authority) is not None or authority in authorities:
                plan[authority] = chain
            elif found:
                plan[authority] = chain[found[0] :]
        if fingerprints - matched:
            raise TrustError(
                "SUBJECT",
                f"No trust document of the bundle has the fingerprint {min(fingerprints - matched)}. Compare "
                "it with what its authority told you; if it is right, this is not the authority's document.",
            )
        if authorities - set(self.chains):
            raise TrustError(
                "ISSUER",
                f"The bundle holds no trust document of {min(authorities - set(self.chains))}. It holds "
                f"those of {', '.join(self.authorities)}.",
            )
        return plan


def is_bundle(data: bytes) -> bool:
    """Tells whether a file is a bundle rather than one trust document or proof; it may be damaged still."""
    return "trustDocuments" in strict.members(data)


def read_bundle(data: bytes) -> Bundle:
    """Reads a bundle; nothing in it is verified.

    Raises:
        DocumentError: LIMIT, PAYLOAD or SCHEMA, with every violation found.
        TrustError: A trust document, a proof or a checkpoint in it is none; `source` says which.
    """
    value = reader.read(data, v1.TrustBundle, max_bytes=BUNDLE_BYTES_MAX)
    return _bundle(convert.to_message(value, v1.TrustBundle))


def write_bundle(
    trust_documents: Iterable[v1.Envelope | Parts | bytes],
    *,
    status_lists: Iterable[v1.Envelope | bytes] = (),
    attestations: Iterable[v1.Envelope | bytes] = (),
    proofs: Mapping[str, v1.LogProof] | None = None,
    checkpoints: Sequence[str] = (),
    policy: v1.TrustPolicy | None = None,
) -> bytes:
    """Writes a bundle, and checks that `read_bundle` takes it.

    Args:
        trust_documents: Every version of each authority that the writer has; in any order.
        status_lists: Status lists.
        attestations: Attestations.
        proofs: Proofs by the identifier of their record (`envelope.record_id`).
        checkpoints: The latest checkpoint known of each log.
        policy: The policy to judge by.

    Raises:
        DocumentError: There is too much, or something is not valid.
        TrustError: As `read_bundle`.
    """
    records = [_record(read_parts(envelope)) for envelope in trust_documents]
    distinct = {record.digest: record for record in records}.values()
    ordered = sorted(distinct, key=lambda record: (record.authority, record.revision))
    message = v1.TrustBundle(
        trust_documents=[record.parts.to_message() for record in ordered],
        status_lists=[_message(envelope, v1.StatusList) for envelope in status_lists],
        attestations=[_message(envelope, v1.Attestation) for envelope in attestations],
        proofs=[
            v1.RecordProof(record_sha256=record, proof=proof)
            for record, proof in sorted((proofs or {}).items())
        ],
        checkpoints=checkpoints,
        policy=policy,
    )
    data = convert.dump(message)
    read_bundle(data)
    return data


def _copy(directory: TrustDirectory, authorities: Iterable[str]) -> TrustDirectory:
    """Gives a directory in memory with what is pinned of some authorities."""
    copy = TrustDirectory()
    for authority in authorities:
        for record in directory.versions(authority):
            copy.restore(record.parts)
    return copy


def _carry_out(
    plan: Mapping[str, tuple[TrustRecord, ...]], directory: TrustDirectory, now: datetime
) -> tuple[TrustRecord, ...]:
    """Takes up what is planned; gives what is pinned by now and was not before, the latest of each."""
    before = {record.digest for authority in plan for record in directory.versions(authority)}
    for authority, chain in plan.items():
        envelopes = [record.parts.to_message() for record in chain]
        if directory.current(authority) is None:
            if len(envelopes) == 1:
                directory.pin(envelopes[0], now=now)
                continue
            directory.restore(envelopes[0])  # its end does not matter: it has a successor
        directory.advance(envelopes, now=now)
    after = [directory.current(authority) for authority in sorted(plan)]
    return tuple(one for one in after if one is not None and one.digest not in before)


def _bundle(message: v1.TrustBundle) -> Bundle:
    chains: dict[str, list[TrustRecord]] = {}
    for at, envelope in enumerate(message.trust_documents):
        path = f"$.trustDocuments[{at}]"
        with named(path):
            record = _record(read_parts(envelope))
        chain = chains.setdefault(record.authority, [])
        if chain and record.revision != chain[-1].revision + 1:
            raise _invalid(
                path,
                f"revision {record.revision} of {record.authority} does not follow on {chain[-1].revision}",
                "OFFLINE-TRUST-1",
                "put in every version of an authority, each after the one before",
            )
        chain.append(record)
    for member, envelopes, kind in (
        ("statusLists", message.status_lists, v1.StatusList),
        ("attestations", message.attestations, v1.Attestation),
    ):
        for at, envelope in enumerate(envelopes):
            with named(f"$.{member}[{at}]"):
                check_type(read_parts(envelope), DocumentType.of(kind))
    proofs: dict[str, v1.LogProof] = {}
    for at, entry in enumerate(message.proofs):
        if entry.record_sha256 in proofs:
            raise _invalid(
                f"$.proofs[{at}]",
                f"record {entry.record_sha256} has a proof already",
                "OFFLINE-PROOF-1",
                "keep the one with the latest checkpoint",
            )
        proofs[entry.record_sha256] = entry.proof
    for at, text in enumerate(message.checkpoints):
        with named(f"$.checkpoints[{at}]"):
            Checkpoint.parse(SignedNote.parse(text).text)
    if message.HasField("policy"):
        check_policy(message.policy)
    return Bundle(message, {name: tuple(chain) for name, chain in chains.items()}, proofs)


def _record(parts: Parts) -> TrustRecord:
    return ceremony.read_draft(parts.body, parts)


def _message(envelope: v1.Envelope | bytes, kind: type[v1.StatusList | v1.Attestation]) -> v1.Envelope:
    parts = read_parts(envelope)
    check_type(parts, DocumentType.of(kind))
    return parts.to_message()


def _invalid(path: str, message: str, requirement: str, fix: str) -> DocumentError:
    return DocumentError(
        "SCHEMA", "this is not a valid TrustBundle", violations=[Violation(path, message, requirement, fix)]
    )
