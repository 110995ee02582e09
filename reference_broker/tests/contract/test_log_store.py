"""The contract of `LogStore`: what is accepted is appended, gapless, salted, and seen by its parties only."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from crex import v1
from crex.documents import convert, reader
from crex.errors import CrexError
from crex.trust.envelope import pae
from crex.trust.log_proof import leaf_data
from crex_broker.application.ports.documents import NewDocument
from crex_broker.application.ports.log import Cosignature, LogEntry, Supervision
from crex_broker.application.ports.offers import DocumentPin
from crex_broker.application.ports.orders import OrderSnapshot
from crex_broker.application.ports.requests import Mutation
from crex_broker.application.ports.store import Store
from reference_broker.tests.contract.market import NODE, OFFER, SITE, Market, document, refusal
from reference_broker.tests.exchange import BROKER, CONSUMER, OTHER, PROVIDER, ManualClock

STRANGER = "stranger.example"
AUDITOR = "auditor.example"


def record_of(new: NewDocument) -> bytes:
    """The bytes that stand for a document in the log."""
    envelope = v1.Envelope.FromString(new.envelope)
    return pae(envelope.payload_type, envelope.payload)


def step_of(entry: LogEntry) -> v1.OrderStep:
    """The step of an entry, read strictly."""
    assert entry.step is not None
    return convert.to_message(reader.read(entry.step, v1.OrderStep), v1.OrderStep)


async def entries_of(store: Store, mutation: Mutation, party: str = "") -> list[LogEntry]:
    """What a request put into the log, as a party sees it."""
    return list(await store.log.of_request(party or mutation.party, mutation.method, mutation.request_id))


async def held(market: Market, *, ttl: int = 60_000) -> tuple[Mutation, OrderSnapshot]:
    """Holds under a known request."""
    new = market.hold(ttl=ttl)
    mutation = market.mutation(new.consumer)
    return mutation, (await market.store.orders.create_hold(mutation, new)).outcome


async def test_entries_are_without_gaps_and_their_leaves_are_those_of_their_records(market: Market) -> None:
    """RECEIPT-LOG-1, LOG-LEAF-1: everything that opening a market accepts stands in the log, from 0."""
    size = await market.store.log.size()
    leaves = await market.store.log.leaves(0, size + 10)
    assert len(leaves) == size == 9  # three trust documents, six documents of the goods
    site = document("site", SITE)
    (entry,) = await market.store.log.by_record(STRANGER, sha256(record_of(site)).digest(), document=True)
    assert entry.salt is None
    assert entry.leaf == leaf_data(record_of(site), None) == leaves[entry.index]
    assert entry.type == "site"


async def test_a_private_document_is_salted_and_seen_by_its_parties_only(market: Market) -> None:
    """LOG-LEAF-2: a hold appends its receipt, which states the step, for its two parties."""
    new = market.hold()
    mutation = market.mutation(CONSUMER)
    await market.store.orders.create_hold(mutation, new)
    (receipt,) = await entries_of(market.store, mutation)
    assert (receipt.kind, receipt.type, receipt.object) == ("document", "hold-receipt", new.order)
    assert receipt.salt is not None
    assert receipt.leaf == leaf_data(record_of(new.receipt), receipt.salt)
    for party, count in ((PROVIDER, 1), (CONSUMER, 1), (OTHER, 0), (STRANGER, 0)):
        assert len(await market.store.log.by_record(party, receipt.record, document=True)) == count
        assert len(await market.store.log.by_order(party, new.order)) == count


async def test_a_step_that_no_document_states_is_an_entry_of_its_own(market: Market) -> None:
    """RECEIPT-STEP-1: a hold that is given back; the step in strict form, salted, for its two parties."""
    _, order = await held(market)
    mutation = market.mutation(CONSUMER)
    await market.store.orders.release_hold(mutation, order.name, "")
    (step,) = await entries_of(market.store, mutation)
    assert (step.kind, step.type, step.object) == ("step", "order-step", order.name)
    assert step.salt is not None
    assert step.step is not None
    assert step.leaf == leaf_data(step.step, step.salt)
    assert step.record == sha256(step.step).digest()
    message = step_of(step)
    assert (message.order, message.event, message.to, message.actor) == (
        order.name,
        "release",
        "RELEASED",
        CONSUMER,
    )
    assert getattr(message, "from") == "HELD"
    for party, count in ((PROVIDER, 1), (CONSUMER, 1), (OTHER, 0), (STRANGER, 0)):
        assert len(await market.store.log.by_record(party, step.record, document=False)) == count
        assert len(await market.store.log.by_order(party, order.name)) == 2 * count


async def test_every_step_of_an_order_is_logged_once(market: Market) -> None:
    """RECEIPT-LOG-1: by the document that states it, or by itself."""
    order = await market.committed()
    steps = await market.store.log.by_order(PROVIDER, order.name)
    assert [step.type for step in steps] == ["hold-receipt", "order-document"]
    leaves = await market.store.log.leaves(0, 100)
    assert len(set(leaves)) == len(leaves)


async def test_a_repeated_request_has_the_entries_of_its_first_time(market: Market) -> None:
    """IDEMPOTENCY-REPLAY-1: repeating a request appends nothing, and gives what it appended."""
    new = market.hold()
    mutation = market.mutation(CONSUMER)
    await market.store.orders.create_hold(mutation, new)
    first, size = await entries_of(market.store, mutation), await market.store.log.size()
    again = await market.store.orders.create_hold(mutation, new)
    assert again.replayed
    assert await entries_of(market.store, mutation) == first
    assert await market.store.log.size() == size


async def test_a_document_is_logged_once_whoever_signed_it_anew(market: Market) -> None:
    """RECEIPT-ONCE-1: neither another request nor other signatures over it give it a second place."""
    new = document("site", f"{SITE}-once")
    await market.publish(new)
    size = await market.store.log.size()
    envelope = v1.Envelope.FromString(new.envelope)
    envelope.signatures.add(keyid="k", sig=b"another")
    for again in (new, replace(new, envelope=envelope.SerializeToString())):
        done = await market.publish(again)
        assert not done.replayed
    assert await market.store.log.size() == size
    record = sha256(record_of(new)).digest()
    assert len(await market.store.log.by_record(PROVIDER, record, document=True)) == 1


async def test_a_refused_request_appends_nothing(market: Market) -> None:
    """A transaction that is undone leaves no entry and no gap."""
    size = await market.store.log.size()
    with refusal("CAPACITY_EXHAUSTED"):
        await market.store.orders.create_hold(market.mutation(CONSUMER), market.hold(9))
    assert await market.store.log.size() == size
    mutation, _ = await held(market)
    assert [each.index for each in await entries_of(market.store, mutation)] == [size]


async def test_what_a_request_swept_away_of_others_is_not_shown_to_its_caller(
    market: Market, clock: ManualClock
) -> None:
    """CHANNEL-TENANT-1: a hold ends the lapsed hold of another consumer, whose step stays its own."""
    _, lapsed = await held(market, ttl=1_000)
    clock.advance(seconds=5)
    new = market.hold(consumer=OTHER)
    mutation = market.mutation(OTHER)
    await market.store.orders.create_hold(mutation, new)
    assert [each.type for each in await entries_of(market.store, mutation)] == ["hold-receipt"]
    (held_by, ended) = await market.store.log.by_order(CONSUMER, lapsed.name)
    assert held_by.type == "hold-receipt"
    assert (step_of(ended).event, ended.issuer) == ("ttl", BROKER)


async def test_a_timers_step_is_appended(market: Market, clock: ManualClock) -> None:
    """RECEIPT-LOG-1: the end of a hold by its timer is a step like any other."""
    _, order = await held(market, ttl=1_000)
    clock.advance(seconds=2)
    assert await market.store.orders.expire_holds(10) == [order.name]
    assert len(await market.store.log.by_order(CONSUMER, order.name)) == 2


async def test_no_one_has_the_entries_of_a_request_of_another(market: Market) -> None:
    """CHANNEL-TENANT-1: a request is known by its caller."""
    mutation, _ = await held(market)
    assert await entries_of(market.store, mutation, OTHER) == []
    assert await entries_of(market.store, replace(mutation, method="X")) == []


async def test_who_issued_a_private_document_between_others_has_its_entry(market: Market) -> None:
    """RECEIPT-LOG-1: an arbiter's ruling is of its two parties, and the arbiter's own."""
    arbiter = "arbiter.example"
    ruling = document("ruling", f"crex://{arbiter}/ruling/1", provider=PROVIDER, consumer=CONSUMER)
    await market.publish(ruling)
    record = sha256(record_of(ruling)).digest()
    for party, count in ((arbiter, 1), (PROVIDER, 1), (CONSUMER, 1), (OTHER, 0)):
        assert len(await market.store.log.by_record(party, record, document=True)) == count


async def test_countries_follow_what_a_document_cites(market: Market) -> None:
    """SUPERVISE-SCOPE-1: a resource is of its site's country, an offer and an order of its resource's."""
    site = replace(document("site", f"{SITE}-2"), countries=("CN",))
    await market.publish(site)
    node = replace(document("compute-resource", f"{NODE}-2"), concerns=(site.id,))
    await market.publish(node, cites=[DocumentPin("site", site.id, "siteId")])
    offer = replace(
        document("price-plan", f"{OFFER}-2"), concerns=(node.sha256, "crex://x.example/pool/none")
    )
    await market.publish(offer)
    new = market.hold()
    receipt = replace(new.receipt, concerns=(offer.sha256,))
    mutation = market.mutation(CONSUMER)
    await market.store.orders.create_hold(mutation, replace(new, receipt=receipt))
    shown = await market.store.log.supervised(asked("CN"))
    assert [each.entry.type for each in shown.entries] == [
        "site",
        "compute-resource",
        "price-plan",
        "hold-receipt",
    ]
    assert {each.entry.countries for each in shown.entries} == {("CN",)}


def asked(*countries: str, **more: Any) -> Supervision:
    """What a supervisor asks for."""
    given: dict[str, Any] = {"start": 0, "limit": 100, "types": (), "from_ms": None, "until_ms": None} | more
    return Supervision(auditor=AUDITOR, countries=countries, unseal=False, purpose="", **given)


async def test_a_supervisor_pages_through_its_countries_and_nothing_else(
    market: Market, clock: ManualClock
) -> None:
    """SUPERVISE-SCOPE-1: each record of its countries once, by page, type and time."""
    began = clock.ms
    for number in range(5):
        country = ("CN",) if number % 2 == 0 else ("DE",)
        await market.publish(replace(document("site", f"{SITE}-{number}"), countries=country))
        clock.advance(seconds=1)
    log = market.store.log
    first = await log.supervised(asked("CN", limit=2))
    assert first.next is not None
    rest = await log.supervised(asked("CN", limit=2, start=first.next))
    assert rest.next is None
    found = [each.entry.index for each in (*first.entries, *rest.entries)]
    assert len(found) == len(set(found)) == 3
    assert len((await log.supervised(asked("CN", "DE"))).entries) == 5
    assert (await log.supervised(asked("FR"))).entries == ()
    assert (await log.supervised(asked("CN", types=("offer",)))).entries == ()
    later = await log.supervised(asked("CN", from_ms=began + 1_000, until_ms=began + 4_000))
    assert len(later.entries) == 1
    assert all(each.envelope is not None for each in first.entries)


async def test_a_read_is_an_entry_of_its_own_that_its_auditor_alone_sees(market: Market) -> None:
    """SUPERVISE-LOGGED-1: a read is appended, and is no record of any country."""
    log = market.store.log
    page = await log.supervised(asked("CN"))
    entry = await log.record_read(asked("CN", start=3), page)
    assert entry.index == await log.size() - 1
    assert (entry.kind, entry.issuer) == ("read", AUDITOR)
    assert entry.salt is not None
    assert [each.index for each in await log.by_record(AUDITOR, entry.record, document=False)] == [
        entry.index
    ]
    assert await log.by_record(PROVIDER, entry.record, document=False) == []


async def test_checkpoints_only_grow(store: Store, clock: ManualClock) -> None:
    """LOG-CONSISTENT-1: another root at a size, or a smaller size, is never kept."""
    log = store.log
    assert await log.latest_checkpoint() is None
    await log.keep_checkpoint(5, b"a" * 32, "five", forget_ms=1_000)
    await log.keep_checkpoint(5, b"a" * 32, "five", forget_ms=1_000)
    for size, root in ((5, b"b" * 32), (4, b"a" * 32)):
        with refusal("CHECKPOINT"):
            await log.keep_checkpoint(size, root, "other", forget_ms=1_000)
    await log.keep_checkpoint(9, b"c" * 32, "nine", forget_ms=1_000)
    assert (await log.checkpoint(5)) is not None
    clock.advance(seconds=5)
    await log.keep_checkpoint(12, b"d" * 32, "twelve", forget_ms=1_000)
    latest = await log.latest_checkpoint()
    assert latest is not None
    assert (latest.size, latest.note) == (12, "twelve")
    assert await log.checkpoint(5) is None, "nobody co-signed it, so it is forgotten"


def line(witness: str, text: str, at_s: int = 1) -> list[Cosignature]:
    """A co-signature by a witness; the store reads no line."""
    return [Cosignature(f"{witness}/witness", text, at_s)]


async def test_co_signatures_count_once_each_and_the_best_backed_checkpoint_is_found(
    market: Market, clock: ManualClock
) -> None:
    """LOG-SHOW-1: of the checkpoints that the most witnesses co-signed, the earliest proves best."""
    log = market.store.log
    for size in (3, 6, 9):
        await log.keep_checkpoint(size, bytes([size]) * 32, f"{size}", forget_ms=10_000)
    best = await log.covering_checkpoint(2)
    assert best is not None
    assert best.size == 9, "where nobody co-signed, the latest"
    await log.add_cosignatures(market.mutation("w1.example"), 6, line("w1.example", "w1 line\n"))
    again = market.mutation("w1.example")
    await log.add_cosignatures(again, 6, line("w1.example", "w1 again\n"))
    assert (await log.add_cosignatures(again, 6, line("w1.example", "x\n"))).replayed
    await log.add_cosignatures(market.mutation("w1.example"), 9, line("w1.example", "w1 nine\n"))
    kept = await log.checkpoint(6)
    assert kept is not None
    assert kept.cosignatures == ("w1 line\n",)
    assert (await log.covering_checkpoint(2)) == kept, "the earliest of those with as many"
    assert await log.covering_checkpoint(9) is None
    await log.add_cosignatures(market.mutation("w2.example"), 9, line("w2.example", "w2 nine\n"))
    most = await log.covering_checkpoint(2)
    assert most is not None
    assert most.size == 9
    with refusal("NOT_FOUND"):
        await log.add_cosignatures(market.mutation("w1.example"), 7, line("w1.example", "line\n"))
    clock.advance(seconds=60)
    await log.keep_checkpoint(20, b"z" * 32, "20", forget_ms=10_000)
    assert await log.checkpoint(6) is not None, "what was co-signed is kept"
    assert await log.checkpoint(3) is None


async def test_the_first_and_the_latest_co_signature_of_a_witness_stay(market: Market) -> None:
    """LOG-WITNESS-3: a later time takes the place of the later line, an earlier or equal one does not."""
    log = market.store.log
    await log.keep_checkpoint(9, b"c" * 32, "nine", forget_ms=1_000)

    async def after(text: str, at_s: int, witness: str = "w2.example") -> tuple[str, ...]:
        await log.add_cosignatures(market.mutation(witness), 9, line(witness, text, at_s))
        kept = await log.checkpoint(9)
        assert kept is not None
        return kept.cosignatures

    assert await after("first", 50) == ("first",)
    assert await after("same time", 50) == ("first",)
    assert await after("earlier", 49) == ("first",)
    assert await after("later", 60) == ("first", "later")
    assert await after("between", 59) == ("first", "later")
    assert await after("latest", 61) == ("first", "latest")
    assert await after("other", 55, "w1.example") == ("other", "first", "latest")
    assert await after("other later", 70, "w1.example") == ("other", "first", "other later", "latest")
    shown = await log.latest_checkpoint()
    assert shown is not None
    assert shown.cosignatures == ("other", "first", "other later", "latest")
    assert await log.covering_checkpoint(2) == shown


def streamed(number: int, sequence: int, prev: NewDocument | None, *, by: str = PROVIDER) -> NewDocument:
    """A document at a place of a stream."""
    new = document("price-plan", f"crex://{by}/plan/{number}")
    return replace(
        new,
        stream=f"crex://{PROVIDER}/stream/plans",
        sequence=sequence,
        prev="" if prev is None else prev.sha256,
    )


async def test_a_stream_is_kept_at_its_next_place_only(market: Market) -> None:
    """STREAM-GAP-1, STREAM-PREV-1: gaps, taken places and broken chains are refused and change nothing."""
    first = streamed(1, 1, None)
    second = streamed(2, 2, first)
    with pytest.raises(CrexError, match="SEQUENCE_GAP") as gap:
        await market.publish(second)
    assert gap.value.details == {"stream": f"crex://{PROVIDER}/stream/plans", "expected_sequence": "1"}
    await market.publish(first)
    await market.publish(first)  # the same again is no error
    await market.publish(second)
    size = await market.store.log.size()
    with pytest.raises(CrexError, match="SEQUENCE_GAP") as gap:
        await market.publish(streamed(7, 7, second))
    assert gap.value.details["expected_sequence"] == "3"
    for taken in (streamed(9, 1, None), streamed(10, 2, first)):
        with refusal("CONFLICT"):
            await market.publish(taken)
    with refusal("CONFLICT"):
        await market.publish(streamed(3, 3, first))
    assert await market.store.log.size() == size
    await market.publish(streamed(3, 3, second))


async def test_nobody_can_block_the_stream_of_another(market: Market) -> None:
    """STREAM-GAP-1: a name is of its issuer's stream only."""
    await market.publish(streamed(1, 1, None, by=OTHER))
    await market.publish(streamed(1, 1, None))
