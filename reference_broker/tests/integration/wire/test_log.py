"""The log over the wire: receipts, proofs, two witnesses, supervision, and what a stranger sees of it."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from base64 import b32encode
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from crex import v1
from crex.documents import convert, reader
from crex.documents.times import SystemClock
from crex.errors import RemoteError, TrustError
from crex.transparency.client import LogClient
from crex.transparency.source import BrokerSource, TileSource
from crex.transparency.store import TileFolder
from crex.transparency.witness import Witness
from crex.trust import merkle
from crex.trust.checkpoint import Checkpoint
from crex.trust.cosignature import cosign as signed_by
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import Parts, pae, read_parts, record_id
from crex.trust.log_proof import LogFact, check_proof, check_receipt_leaf, check_record
from crex.trust.signed_note import NoteKey, SignedNote
from crex.trust.verify import open_envelope
from reference_broker.tests import documents
from reference_broker.tests.documents import Goods
from reference_broker.tests.wire import BROKER, Operation, WireParty, publish, request_id

LOG = f"{BROKER}/log"
WITNESSES = ("w1.example", "w2.example")
PATIENCE_S = 10.0


@dataclass(frozen=True)
class Stage:
    """A broker with a log, its parties, its supervisors and its witnesses.

    Attributes:
        operation: The broker.
        provider: Sells `goods`, in Norway.
        consumer: Buys.
        other: A party that has no part in it.
        auditor: Supervises Norway.
        elsewhere: Supervises China.
        nowhere: An auditor that is enrolled for no country.
        witnesses: Two.
        goods: What is on sale.
    """

    operation: Operation
    provider: WireParty
    consumer: WireParty
    other: WireParty
    auditor: WireParty
    elsewhere: WireParty
    nowhere: WireParty
    witnesses: tuple[WireParty, ...]
    goods: Goods

    @property
    def trust(self) -> TrustDirectory:
        """Everyone's trust document, pinned."""
        now = SystemClock().now()
        pinned = TrustDirectory()
        for party in (self.operation.operator, self.provider, self.consumer, *self.witnesses):
            pinned.pin(party.identity.trust_document, now=now)
        return pinned

    @property
    def tiles(self) -> Path:
        """The folder of the published log."""
        return self.operation.folder / "tlog"

    def hold(self, quantity: int = 1) -> tuple[v1.CreateHoldRequest, v1.CreateHoldResponse]:
        """The consumer holds."""
        start = self.consumer.at(hours=1)
        request = self.consumer.hold_request(
            self.goods, quantity, start=start, end=start + timedelta(hours=1)
        )
        with self.consumer.client() as client:
            return request, client.create_hold(request)

    def covered(self, size: int) -> Checkpoint:
        """Waits until a checkpoint covers so many leaves."""
        with self.other.client() as client:
            until = time.monotonic() + PATIENCE_S
            while True:
                shown = client.get_checkpoint(v1.GetCheckpointRequest()).checkpoint
                checkpoint = Checkpoint.open(shown, self.operation.identity.trust.logs)
                if checkpoint.size >= size:
                    return checkpoint
                assert time.monotonic() < until, f"no checkpoint of {size} leaves; the latest: {checkpoint}"
                time.sleep(0.05)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A broker with a log that two witnesses co-sign."""
    named = ", ".join(f'"{one}"' for one in WITNESSES)
    operation = Operation.prepare(
        tmp_path_factory.mktemp("log"), more=f'[log]\nfolder = "tlog"\nwitnesses = [{named}]\n'
    )
    provider = operation.party("provider.example", ["provider"])
    consumer = operation.party("consumer.example", ["consumer"])
    other = operation.party("other.example", ["provider", "consumer"])
    auditor = operation.party("auditor.example", ["auditor"], jurisdictions=["NO", "SE"])
    elsewhere = operation.party("elsewhere.example", ["auditor"], jurisdictions=["CN"])
    nowhere = operation.party("nowhere.example", ["auditor"])
    witnesses = tuple(operation.party(one, ["witness"]) for one in WITNESSES)
    operation.start()
    try:
        goods = publish(provider, 1000)
        yield Stage(operation, provider, consumer, other, auditor, elsewhere, nowhere, witnesses, goods)
    finally:
        operation.close()


def receipt_of(stage: Stage, envelope: v1.Envelope) -> v1.Receipt:
    """A receipt, verified."""
    return open_envelope(envelope, v1.Receipt, stage.trust, now=SystemClock().now()).message


def proven(
    stage: Stage, party: WireParty, receipt: v1.Receipt, record: bytes, policy: v1.PolicyLog | None = None
) -> LogFact:
    """Proves over the wire that the record of a receipt stands in the log, as step 21 does."""
    check_receipt_leaf(receipt, record)
    stage.covered(receipt.index + 1)
    with party.client() as client:
        got = client.get_inclusion_proof(v1.GetInclusionProofRequest(index=receipt.index))
    if receipt.HasField("salt"):
        got.proof.salt = receipt.salt
    return check_record(record, got.proof, stage.trust, policy)


def of_envelope(envelope: v1.Envelope) -> bytes:
    """The record of a document."""
    return pae(envelope.payload_type, envelope.payload)


def test_every_accepted_document_and_step_is_promised_and_stands_in_the_log(stage: Stage) -> None:
    """RECEIPT-LOG-1, RECEIPT-RECORD-1, RECEIPT-STEP-1, RECEIPT-MERGE-1: from receipt to proof."""
    began = stage.consumer.at()
    _, held = stage.hold()
    _, given_back = stage.hold()
    commit = stage.consumer.commit_request(held)
    release = v1.ReleaseHoldRequest(request_id=request_id(), order=given_back.order.name)
    with stage.consumer.client() as client:
        committed = client.commit_order(commit)
        released = client.release_hold(release)
    for response, envelope in ((held, held.hold_receipt), (committed, commit.envelope)):
        (receipt,) = [receipt_of(stage, one) for one in response.receipts]
        assert receipt.document_sha256 == record_id(envelope) == sha256(of_envelope(envelope)).hexdigest()
        check_promise(stage, receipt, of_envelope(envelope), began)
    (receipt,) = [receipt_of(stage, one) for one in released.receipts]
    step = convert.to_message(reader.read(receipt.step, v1.OrderStep), v1.OrderStep)
    assert (step.order, step.event, step.to) == (given_back.order.name, "release", "RELEASED")
    assert step.actor == "consumer.example"
    check_promise(stage, receipt, receipt.step, began)
    assert SystemClock().now() < began + timedelta(seconds=60), "covered long before it is promised"


def check_promise(stage: Stage, receipt: v1.Receipt, record: bytes, began: datetime) -> None:
    """A receipt states its times as the rules have them, and is kept."""
    assert receipt.log == LOG
    issued = convert.from_timestamp(receipt.header.issued_at)
    assert timedelta() < convert.from_timestamp(receipt.merge_by) - issued <= timedelta(seconds=60)
    assert issued >= began - timedelta(seconds=1)
    fact = proven(stage, stage.consumer, receipt, record)
    assert (fact.log, fact.index) == (LOG, receipt.index)


def test_a_public_documents_receipt_has_no_salt_and_everyone_may_have_it(stage: Stage) -> None:
    """LOG-LEAF-1: the leaf of an offer is known to whoever has the offer."""
    with stage.other.client() as client:
        envelope = client.get_document(v1.GetDocumentRequest(ref=stage.goods.offer_id)).envelope
        (receipt,) = client.get_receipt(v1.GetReceiptRequest(document_sha256=record_id(envelope))).receipts
    opened = receipt_of(stage, receipt)
    assert not opened.HasField("salt")
    proven(stage, stage.other, opened, of_envelope(envelope))


def test_a_foreign_party_sees_neither_salt_nor_receipt_nor_record(stage: Stage) -> None:
    """CHANNEL-TENANT-1, LOG-LEAF-2: what it can ask for are 32 bytes that tell nothing."""
    _, held = stage.hold()
    release = v1.ReleaseHoldRequest(request_id=request_id(), order=held.order.name)
    with stage.consumer.client() as client:
        given = [*held.receipts, *client.release_hold(release).receipts]
    receipts = [receipt_of(stage, one) for one in given]
    stage.covered(receipts[-1].index + 1)
    asked: list[dict[str, Any]] = [
        {"document_sha256": record_id(held.hold_receipt)},
        {"step_sha256": sha256(receipts[1].step).hexdigest()},
        {"order": held.order.name},
    ]
    for party in (stage.other, stage.auditor, stage.witnesses[0]):
        with party.client() as client:
            for one in asked:
                with pytest.raises(RemoteError, match="NOT_FOUND"):
                    client.get_receipt(v1.GetReceiptRequest(**one))
            for one_receipt in receipts:
                wanted = v1.ListEntriesRequest(start=one_receipt.index, count=1)
                assert list(client.list_entries(wanted).leaves) == [one_receipt.leaf]
            proof = client.get_inclusion_proof(v1.GetInclusionProofRequest(index=receipts[0].index)).proof
            assert not proof.HasField("salt")
    for party in (stage.consumer, stage.provider):
        with party.client() as client:
            for one in asked:
                again = client.get_receipt(v1.GetReceiptRequest(**one)).receipts
                assert all(each in given for each in again)
                assert again


def test_a_repeated_request_gets_the_same_receipts_also_after_a_restart(stage: Stage) -> None:
    """IDEMPOTENCY-REPLAY-1: byte by byte, though none is kept."""
    request, held = stage.hold()
    assert len(held.receipts) == 1
    commit = stage.consumer.commit_request(held)
    with stage.consumer.client() as client:
        committed = client.commit_order(commit)
    stage.operation.kill()
    stage.operation.start()
    with stage.consumer.client() as client:
        again, once_more = client.create_hold(request), client.commit_order(commit)
    assert again.replayed
    assert list(again.receipts) == list(held.receipts)
    assert list(once_more.receipts) == list(committed.receipts)


def test_a_document_published_twice_is_logged_once(stage: Stage) -> None:
    """RECEIPT-ONCE-1: a new request puts nothing into the log, and the first receipt is to be had."""
    site = stage.provider.identity.sign_document(documents.site(stage.provider, "provider.example", "twice"))
    with stage.provider.client() as client:
        first = client.publish_document(v1.PublishDocumentRequest(request_id=request_id(), envelope=site))
        second = client.publish_document(v1.PublishDocumentRequest(request_id=request_id(), envelope=site))
        found = client.get_receipt(v1.GetReceiptRequest(document_sha256=record_id(site))).receipts
    assert len(first.receipts) == 1
    assert len(second.receipts) == 0
    assert list(found) == list(first.receipts)


def test_the_whole_log_can_be_followed_and_rebuilt_from_calls_and_from_tiles(
    stage: Stage, tmp_path: Path
) -> None:
    """LOG-TILE-1, LOG-CONSISTENT-1: both sources give one tree, and it only grows."""
    keys = stage.operation.identity.trust.logs
    follower = LogClient(tmp_path, LOG, keys)
    with stage.other.client() as client:
        source = BrokerSource(client, BROKER)
        first = follower.advance(source)
        _, held = stage.hold()
        stage.covered(receipt_of(stage, held.receipts[-1]).index + 1)
        second = follower.advance(source)
        assert second.view.size > first.view.size
        leaves = [leaf for page in source.leaves(0, second.view.size) for leaf in page]
    assert merkle.root(leaves) == second.view.root
    tiles = TileSource(TileFolder(stage.tiles))
    shown = Checkpoint.open(tiles.checkpoint(), keys)
    assert shown.size >= second.view.size
    from_tiles = [leaf for page in tiles.leaves(0, shown.size) for leaf in page]
    assert merkle.root(from_tiles) == shown.root
    assert from_tiles[: second.view.size] == leaves


def test_what_the_log_does_not_have_is_refused_and_pages_are_bounded(stage: Stage) -> None:
    """Positions beyond the end, sizes that never were, and counts that nobody needs."""
    size = stage.covered(1).size
    far = size + 10_000
    with stage.other.client() as client:
        for request in (
            v1.GetInclusionProofRequest(index=far),
            v1.GetInclusionProofRequest(index=0, size=far),
            v1.GetInclusionProofRequest(index=size - 1, size=1),
        ):
            with pytest.raises(RemoteError, match="NOT_FOUND"):
                client.get_inclusion_proof(request)
        with pytest.raises(RemoteError, match="NOT_FOUND"):
            client.get_consistency_proof(v1.GetConsistencyProofRequest(**{"from": 1, "to": far}))
        with pytest.raises(RemoteError, match="SCHEMA"):
            client.list_entries(v1.ListEntriesRequest(start=0, count=10_001))
        assert list(client.list_entries(v1.ListEntriesRequest(start=far)).leaves) == []


def cosign(stage: Stage, party: WireParty, folder: Path) -> str:
    """A witness looks, signs, and hands in its signature; gives the checkpoint as it then stands."""
    key = party.identity.witness
    assert key is not None
    state = folder / f"{party.authority}.json"
    if not state.exists():
        Witness.begin(key, state)
    with party.client() as client, Witness(key, state) as witness:
        signed = witness.cosign(
            BrokerSource(client, BROKER),
            stage.operation.identity.trust.logs,
            origin=LOG,
            now=SystemClock().now(),
        )
        return client.add_cosignature(
            v1.AddCosignatureRequest(request_id=request_id(), checkpoint=str(signed.note))
        ).checkpoint


def test_two_witnesses_make_a_quorum_and_a_log_time(stage: Stage, tmp_path: Path) -> None:
    """LOG-WITNESS-2, LOG-SHOW-1: a proof comes with the checkpoint that both co-signed, also later."""
    began = SystemClock().now() - timedelta(seconds=1)
    _, held = stage.hold()
    receipt = receipt_of(stage, held.receipts[0])
    stage.covered(receipt.index + 1)
    for number, party in enumerate(stage.witnesses, start=1):
        shown = cosign(stage, party, tmp_path)
        assert len(SignedNote.parse(shown).signatures) >= 1 + number
    _, more = stage.hold()  # the log grows on, and nobody co-signed that yet
    stage.covered(receipt_of(stage, more.receipts[-1]).index + 1)
    policy = v1.PolicyLog(required=True, quorum=2)
    fact = proven(stage, stage.consumer, receipt, of_envelope(held.hold_receipt), policy)
    assert fact.witnesses == frozenset(WITNESSES)
    assert fact.log_time is not None
    assert began <= fact.log_time <= SystemClock().now()
    latest = receipt_of(stage, more.receipts[0])
    with pytest.raises(TrustError) as lacking:
        proven(stage, stage.consumer, latest, of_envelope(more.hold_receipt), policy)
    assert lacking.value.reason == "QUORUM"
    # By its size the earlier checkpoint is found as well, and kept over a restart.
    stage.operation.kill()
    stage.operation.start()
    with stage.consumer.client() as client:
        got = client.get_inclusion_proof(v1.GetInclusionProofRequest(index=receipt.index, size=fact.size))
    got.proof.salt = receipt.salt
    parts: Parts = read_parts(held.hold_receipt)
    assert check_proof(parts, got.proof, stage.trust, policy).witnesses == frozenset(WITNESSES)


def test_only_a_configured_witness_is_taken_in_and_only_on_what_the_log_signed(stage: Stage) -> None:
    """LOG-WITNESS-2: a stranger's line, a forged line, another log's and an invented checkpoint."""
    checkpoint = stage.covered(1)
    own = stage.witnesses[0].identity.witness
    assert own is not None
    stranger = NoteKey.generate("stranger.example/witness", 4)
    posed = NoteKey.generate(own.name, 4)  # the name of a witness, and another key
    log_key = stage.operation.identity.log
    assert log_key is not None
    now = SystemClock().now()
    good = checkpoint.sign(log_key)
    line = signed_by(good, own, now=now)
    invented = replace(checkpoint, root=bytes(32)).sign(log_key)
    tries = {
        "stranger": str(good.with_signatures([signed_by(good, stranger, now=now)])),
        "posed": str(good.with_signatures([signed_by(good, posed, now=now)])),
        "none": str(good),
        "forged": str(
            good.with_signatures([line._replace(data=line.data[:-1] + bytes([line.data[-1] ^ 1]))])
        ),
        "future": str(good.with_signatures([signed_by(good, own, now=now + timedelta(minutes=5))])),
        "invented": str(invented.with_signatures([signed_by(invented, own, now=now)])),
        "garbage": "x",
        "other": str(SignedNote.parse(str(good).replace(LOG, "other.example/log")).with_signatures([line])),
    }
    with stage.witnesses[0].client() as client:
        for name, note in tries.items():
            with pytest.raises(RemoteError) as refused:
                client.add_cosignature(v1.AddCosignatureRequest(request_id=request_id(), checkpoint=note))
            assert refused.value.reason == "CHECKPOINT", name
    with stage.other.client() as client, pytest.raises(RemoteError, match="ROLE"):
        client.add_cosignature(
            v1.AddCosignatureRequest(request_id=request_id(), checkpoint=str(good.with_signatures([line])))
        )


def test_a_supervisor_sees_its_countries_with_consumers_as_pseudonyms(stage: Stage) -> None:
    """SUPERVISE-SCOPE-1, SUPERVISE-UNSEAL-1: all records of Norway, no consumer's name, no private byte."""
    _, held = stage.hold()
    records = everything(stage.auditor)
    indexes = [one.index for one in records]
    assert indexes == sorted(set(indexes))
    by_index = {one.index: one for one in records}
    for envelope in held.receipts:
        receipt = receipt_of(stage, envelope)
        record = by_index[receipt.index]
        assert record.leaf == receipt.leaf
        assert record.provider == "provider.example"
        assert list(record.countries) == ["NO"]
        assert record.consumer not in ("", "consumer.example")
        assert not record.HasField("envelope")
        assert not record.step
        assert not record.salt
    assert b"consumer.example" not in b"".join(one.SerializeToString() for one in records)
    assert len({one.consumer for one in records if one.consumer}) == 1, "one pseudonym for one consumer"
    types = {one.type for one in records}
    assert {"site", "compute-resource", "offer", "allotment", "hold-receipt"} <= types
    offers = [one for one in records if one.type == "offer"]
    assert all(one.HasField("envelope") for one in offers), "public documents are shown"


def everything(auditor: WireParty, **asked: Any) -> list[v1.SupervisedRecord]:
    """Every record that an auditor may see, page by page."""
    found: list[v1.SupervisedRecord] = []
    start = 0
    with auditor.client() as client:
        while True:
            page = client.list_records(v1.ListRecordsRequest(start=start, page_size=7, **asked))
            found += page.records
            if not page.HasField("next"):
                return found
            assert page.next > start
            start = page.next


def test_a_supervisor_is_held_to_its_countries(stage: Stage) -> None:
    """SUPERVISE-SCOPE-1: another country's auditor sees nothing, and one of none is refused."""
    stage.hold()
    assert everything(stage.elsewhere) == []
    for party, reason in (
        (stage.nowhere, "JURISDICTION_BLOCKED"),
        (stage.consumer, "ROLE"),
        (stage.provider, "ROLE"),
        (stage.witnesses[0], "ROLE"),
    ):
        with party.client() as client, pytest.raises(RemoteError) as refused:
            client.list_records(v1.ListRecordsRequest())
        assert refused.value.reason == reason


def test_unsealing_needs_a_purpose_and_shows_what_is_private(stage: Stage) -> None:
    """SUPERVISE-UNSEAL-1: document, salt and consumer, from which the leaf follows."""
    _, held = stage.hold()
    with stage.auditor.client() as client:
        for purpose in ("", "  "):
            with pytest.raises(RemoteError) as refused:
                client.list_records(v1.ListRecordsRequest(unseal=True, purpose=purpose))
            assert refused.value.reason == "SCHEMA"
    release = v1.ReleaseHoldRequest(request_id=request_id(), order=held.order.name)
    with stage.consumer.client() as client:
        (given_back,) = client.release_hold(release).receipts
    first = receipt_of(stage, held.receipts[0])
    with stage.auditor.client() as client:
        page = client.list_records(
            v1.ListRecordsRequest(start=first.index, page_size=2, unseal=True, purpose="case 17/2026")
        )
    document, step = page.records
    assert document.consumer == step.consumer == step.issuer == "consumer.example"
    assert document.envelope == held.hold_receipt
    assert (document.salt, document.leaf) == (first.salt, first.leaf)
    assert step.step == receipt_of(stage, given_back).step


def test_types_and_time_narrow_what_a_supervisor_reads(stage: Stage) -> None:
    """A supervisor asks for one kind of record, or one stretch of time."""
    before = stage.consumer.at()
    _, held = stage.hold()
    assert {one.type for one in everything(stage.auditor, types=["hold-receipt"])} == {"hold-receipt"}
    interval = stage.consumer.interval(before, stage.consumer.at(seconds=30))
    found = everything(stage.auditor, accepted=interval)
    assert {one.index for one in found} >= {receipt_of(stage, one).index for one in held.receipts}
    assert all(convert.from_timestamp(one.time) >= before for one in found)


def test_every_read_of_a_supervisor_is_itself_in_the_log(stage: Stage) -> None:
    """SUPERVISE-LOGGED-1: a receipt comes with each answer, and the read is kept with its purpose."""
    with stage.auditor.client() as client:
        page = client.list_records(v1.ListRecordsRequest(page_size=1, unseal=True, purpose="case 18/2026"))
    receipt = receipt_of(stage, page.receipt)
    step = convert.to_message(reader.read(receipt.step, v1.OrderStep), v1.OrderStep)
    assert (step.event, step.actor) == ("list-records", "auditor.example")
    proven(stage, stage.auditor, receipt, receipt.step)
    with closing(sqlite3.connect(stage.operation.database)) as database:
        row = database.execute(
            "SELECT auditor, purpose, unsealed, count, asked FROM supervisor_reads WHERE idx = ?",
            (receipt.index,),
        ).fetchone()
    assert row[:4] == ("auditor.example", "case 18/2026", 1, 1)
    digest = b32encode(sha256(row[4].encode()).digest()).decode().rstrip("=").lower()
    assert step.order.endswith(f"/{digest}"), "the entry commits to what was asked"
    assert receipt.index not in {one.index for one in everything(stage.auditor)}


def test_a_gap_in_a_stream_is_refused_over_the_wire(stage: Stage) -> None:
    """STREAM-GAP-1: the reason and what is expected travel in the status."""
    stream = "crex://provider.example/stream/sites"

    def site(name: str, sequence: int, prev: str = "") -> v1.PublishDocumentRequest:
        document = documents.site(stage.provider, "provider.example", name)
        document.header.stream, document.header.sequence = stream, sequence
        if prev:
            document.header.prev = prev
        envelope = stage.provider.identity.sign_document(document)
        return v1.PublishDocumentRequest(request_id=request_id(), envelope=envelope)

    first = site("s1", 1)
    digest = sha256(first.envelope.payload).hexdigest()
    with stage.provider.client() as client:
        with pytest.raises(RemoteError) as gap:
            client.publish_document(site("s2", 2, digest))
        assert (gap.value.code, gap.value.reason) == ("OUT_OF_RANGE", "SEQUENCE_GAP")
        assert gap.value.details["stream"] == stream
        assert gap.value.details["expected_sequence"] == "1"
        client.publish_document(first)
        client.publish_document(first)
        with pytest.raises(RemoteError, match="CONFLICT"):
            client.publish_document(site("s3", 1))
        with pytest.raises(RemoteError, match="CONFLICT"):
            client.publish_document(site("s4", 2, "0" * 64))
        client.publish_document(site("s2", 2, digest))


async def confirmed(stage: Stage, order: str) -> v1.Envelope:
    """The provider's agent accepts an order; gives its confirmation, once the broker has it."""
    answers: asyncio.Queue[v1.ConnectRequest] = asyncio.Queue()
    answers.put_nowait(
        v1.ConnectRequest(seq=1, hello=v1.AgentHello(instance="rack-4", pools=[stage.goods.pool]))
    )

    async def requests() -> AsyncIterator[v1.ConnectRequest]:
        while True:
            yield await answers.get()

    async with stage.provider.async_client() as client:
        async for response in client.connect_agent(requests()):
            command = response.command
            if command.confirm.order != order:
                continue
            envelope = confirmation(stage, command.confirm)
            result = v1.CommandResult(
                command_id=command.id, command_epoch=command.command_epoch, order_confirmation=envelope
            )
            answers.put_nowait(v1.ConnectRequest(seq=2, result=result))
            wanted = v1.GetOrderRequest(order=order)
            for _ in range(500):
                if (await client.get_order(wanted)).HasField("order_confirmation"):
                    return envelope
                await asyncio.sleep(0.02)
    raise AssertionError("the stream ended before the order came")


def confirmation(stage: Stage, action: v1.ConfirmAction) -> v1.Envelope:
    """The provider's signed acceptance."""
    receipt = convert.to_message(reader.read(action.hold_receipt.payload, v1.HoldReceipt), v1.HoldReceipt)
    order = convert.to_message(reader.read(action.order_document.payload, v1.OrderDocument), v1.OrderDocument)
    document = v1.OrderConfirmation(
        header=stage.provider.header("provider.example", "confirmation", request_id().lower().strip("-_")),
        order=v1.Pin(
            id=order.header.id, revision=1, sha256=sha256(action.order_document.payload).hexdigest()
        ),
        outcome=v1.ConfirmationOutcome.CONFIRMATION_OUTCOME_ACCEPTED,
        leases=[item.lease for item in receipt.items],
    )
    return stage.provider.identity.sign_document(document)


def test_what_an_agent_brings_is_logged_too(stage: Stage) -> None:
    """RECEIPT-LOG-1: a confirmation on the agent's stream has a receipt that its parties may ask for."""
    _, held = stage.hold()
    with stage.consumer.client() as client:
        client.commit_order(stage.consumer.commit_request(held))
        order = held.order.name
        before = client.get_receipt(v1.GetReceiptRequest(order=order)).receipts

    confirmation = asyncio.run(confirmed(stage, order))
    with stage.consumer.client() as client:
        (receipt,) = client.get_receipt(
            v1.GetReceiptRequest(document_sha256=record_id(confirmation))
        ).receipts
        steps = client.get_receipt(v1.GetReceiptRequest(order=order)).receipts
    proven(stage, stage.consumer, receipt_of(stage, receipt), of_envelope(confirmation))
    assert list(steps[: len(before)]) == list(before)
    assert receipt == steps[-1], "the confirmation states the step"
    assert len(steps) == len(before) + 1 == 3


def test_the_methods_are_listed(stage: Stage) -> None:
    """DISCOVERY-INFO-1: a broker that publishes a log says so."""
    with stage.other.client() as client:
        info = client.get_server_info(v1.GetServerInfoRequest())
    listed = {one for one in info.methods if ".TransparencyService." in one}
    service = v1.GetCheckpointRequest.DESCRIPTOR.file.services_by_name["TransparencyService"]
    assert listed == {f"crex.v1.TransparencyService.{method.name}" for method in service.methods}
