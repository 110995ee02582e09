"""Holds the broker to its log: receipts and proofs of every document, and the tree as a whole."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from crex import v1
from crex.errors import CrexError
from crex.transparency.audit import Evidence
from crex.transparency.auditor import audit_log
from crex.transparency.papers import Promise, read_signed
from crex.transparency.source import BrokerSource
from crex.transparency.views import read_view
from crex.trust.checkpoint import Checkpoint
from crex.trust.envelope import Parts, from_json, read_parts, record_id
from crex.trust.log_proof import check_proof
from crex.trust.signed_note import SignedNote
from crex.trust.verify import open_envelope
from demo.papers import Papers
from demo.party import Party
from demo.story import DemoFailed, Story

_PATIENCE_S: Final = 60.0
_PAUSE_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Logged:
    """A document, and what proves that it stands in the log.

    Attributes:
        parts: The document.
        receipt: The broker's promise.
        proof: The proof that followed.
    """

    parts: Parts
    receipt: v1.Envelope
    proof: v1.LogProof


def check_log(story: Story, papers: Papers, parties: Sequence[Party], broker: str) -> list[Logged]:
    """Asks for the receipt and the proof of every document of the folder, and audits the log from its leaves.

    Args:
        story: Where it is told.
        papers: The documents.
        parties: Who may ask: each is shown its own documents and the public ones.
        broker: The broker's authority.

    Raises:
        DemoFailed: A document was accepted and does not stand in the log, or the log is not what it says.
    """
    with story.step("every document stands in the broker's log") as step:
        documents = [read_parts(from_json(path.read_bytes())) for path in papers.documents()]
        promised = [(parts, _receipt(parties, parts)) for parts in documents]
        _wait_for(parties[0], 1 + max(_promise(parties[0], envelope).index for _, envelope in promised))
        logged = [_prove(parties[0], parts, envelope) for parts, envelope in promised]
        for one in logged:
            papers.keep_proof(one.parts, one.receipt, one.proof)
        step.say(f"{len(logged)} receipts, each with the proof that it was kept")
    with story.step("the whole log is rebuilt from its leaves") as step:
        step.say(_audit(parties[0], logged, broker))
    return logged


def _receipt(parties: Sequence[Party], parts: Parts) -> v1.Envelope:
    for party in parties:
        try:
            answer = party.client.get_receipt(v1.GetReceiptRequest(document_sha256=record_id(parts)))
        except CrexError as error:
            if error.reason != "NOT_FOUND":
                raise
            continue
        return answer.receipts[0]
    raise DemoFailed(f"the broker accepted {parts.payload_type} {record_id(parts)} and has no receipt for it")


def _promise(party: Party, envelope: v1.Envelope) -> v1.Receipt:
    return open_envelope(envelope, v1.Receipt, party.trust, now=party.now()).message


def _wait_for(party: Party, size: int) -> None:
    """Waits until a checkpoint covers so many leaves; a receipt promises it within a minute."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        note = party.client.get_checkpoint(v1.GetCheckpointRequest()).checkpoint
        if Checkpoint.parse(SignedNote.parse(note).text).size >= size:
            return
        time.sleep(_PAUSE_S)
    raise DemoFailed(f"no checkpoint covers {size} leaves after {_PATIENCE_S:g} s")


def _prove(party: Party, parts: Parts, envelope: v1.Envelope) -> Logged:
    receipt = _promise(party, envelope)
    proof = party.client.get_inclusion_proof(v1.GetInclusionProofRequest(index=receipt.index)).proof
    if receipt.HasField("salt"):
        proof.salt = receipt.salt
    check_proof(parts, proof, party.trust, None)
    return Logged(parts, envelope, proof)


def _audit(party: Party, logged: Sequence[Logged], broker: str) -> str:
    record = party.trust.current(broker)
    if record is None:
        raise DemoFailed(f"the trust document of {broker} is not pinned")
    source = BrokerSource(party.client, broker)
    view = read_view(source, record.logs, origin=f"{broker}/log")
    now = party.now()
    papers = [read_signed(one.receipt, party.trust, now=now, source=broker) for one in logged]
    promises = [Promise.of(paper) for paper in papers]
    audit = audit_log(view, source, Evidence(promises=promises), now=party.now())
    if audit.findings or not audit.rebuilt or audit.kept != len(logged):
        raise DemoFailed("; ".join(map(str, audit.findings)) or "the leaves do not come to the signed root")
    return f"{audit.leaves} leaves come to the root that was signed; {audit.kept} promises are kept"
