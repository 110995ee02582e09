"""The contract of `UsageStore` and `InvoiceStore`: chains without forks, bytes as they came, one bill."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from crex import v1
from crex_broker.application.ports.invoices import NewInvoice, NewPayment, OrderPart, Together
from crex_broker.application.ports.usage import UsageSnapshot
from reference_broker.tests.contract.delivery import Deliveries, private
from reference_broker.tests.contract.market import HOUR, OFFER, POOL, Market, refusal
from reference_broker.tests.exchange import CONSUMER, OTHER, PROVIDER


@pytest.fixture
def deliveries(market: Market) -> Deliveries:
    """A market whose orders are delivered."""
    return Deliveries(market)


async def test_batches_come_back_as_they_were(deliveries: Deliveries) -> None:
    """BILLING-LIST-1: in the order of the chain, byte for byte, to the two parties only."""
    lease = await deliveries.active()
    sent = []
    for records in ((b"one", b"two"), (), (b"three",)):
        batch = await deliveries.batch(lease, records)
        await deliveries.append(batch)
        sent.append((batch.document.envelope, records))
    for party in (CONSUMER, PROVIDER):
        page = await deliveries.store.usage.batches(party, lease, after_seq=0, limit=9, max_bytes=10**6)
        assert page is not None
        found = [
            (kept.envelope, tuple(v1.BatchWithRecords.FromString(kept.records or b"").records))
            for kept in page.batches
        ]
        assert found == sent
        assert [(each.batch_count, each.record_count) for each in page.periods] == [(3, 3)]
    usage = deliveries.store.usage
    assert await usage.batches(OTHER, lease, after_seq=0, limit=9, max_bytes=10**6) is None
    assert await usage.sale(OTHER, lease) is None
    assert await usage.sale(CONSUMER, lease) is None


async def test_pages_end_at_a_size_and_hold_at_least_one(deliveries: Deliveries) -> None:
    """BILLING-LIST-2: a page takes no more bytes than asked for, but for a batch that alone has more."""
    lease = await deliveries.active()
    for size in (4_000, 10, 10, 10):
        await deliveries.append(await deliveries.batch(lease, [b"x" * size]))
    counts, after = [], 0
    while True:
        page = await deliveries.store.usage.batches(
            PROVIDER, lease, after_seq=after, limit=2, max_bytes=1_000
        )
        assert page is not None
        counts.append(len(page.batches))
        if page.next_seq is None:
            break
        after = page.next_seq
    assert counts == [1, 2, 1]


async def test_a_chain_does_not_fork(deliveries: Deliveries) -> None:
    """Of two batches judged against the same end of a chain one is kept; the other must be judged anew."""
    lease = await deliveries.active()
    first, second = await deliveries.batch(lease), await deliveries.batch(lease)
    results = await asyncio.gather(
        deliveries.append(first), deliveries.append(second), return_exceptions=True
    )
    assert sorted(isinstance(result, Exception) for result in results) == [False, True]
    with refusal("ETAG_MISMATCH"):
        await deliveries.append(second)


async def test_a_batch_is_judged_against_the_lease_that_stands(deliveries: Deliveries) -> None:
    """A lease that ended while its batch was verified is looked at again."""
    lease = await deliveries.active()
    batch = await deliveries.batch(lease)
    await deliveries.terminated(lease)
    with refusal("ETAG_MISMATCH"):
        await deliveries.append(batch)
    await deliveries.append(await deliveries.batch(lease))


async def test_a_batch_is_kept_once(deliveries: Deliveries) -> None:
    """BILLING-DUPLICATE-1: the same batch under another request gives what stands and adds nothing."""
    lease = await deliveries.active()
    batch = await deliveries.batch(lease)
    first = await deliveries.append(batch)
    assert await deliveries.append(batch) == first
    mutation = deliveries.market.mutation(PROVIDER, request_id="append-again")
    assert not (await deliveries.store.usage.append(mutation, batch)).replayed
    assert (await deliveries.store.usage.append(mutation, batch)).replayed
    assert await deliveries.store.requests.recall(mutation, UsageSnapshot) == first


async def test_records_of_the_future_are_refused_by_store_time(deliveries: Deliveries) -> None:
    """BILLING-FUTURE-1: five minutes ahead is the most, whatever the caller's clock says."""
    lease = await deliveries.active()
    batch = await deliveries.batch(lease)
    now = deliveries.market.clock.ms
    with refusal("USAGE_OUT_OF_BOUNDS"):
        await deliveries.append(replace(batch, last_ms=now + 300_001))
    await deliveries.append(replace(batch, last_ms=now + 300_000))


async def test_the_grace_runs_from_the_end_of_use(deliveries: Deliveries) -> None:
    """BILLING-GRACE-1: an early end brings the grace forward; sealed usage has none."""
    early, sealed = await deliveries.active(), await deliveries.active()
    await deliveries.append(await deliveries.batch(early))
    await deliveries.append(await deliveries.batch(sealed, event="seal"))
    await deliveries.terminated(early)
    assert (await deliveries.store.timers.due())["usage-grace"] == deliveries.market.clock.ms + HOUR
    deliveries.market.clock.advance(hours=1)
    (moved,) = await deliveries.store.timers.usage_graces(10)
    assert (moved.name, moved.state) == (early, "SEALED_INCOMPLETE")
    with refusal("ILLEGAL_TRANSITION"):
        await deliveries.append(await deliveries.batch(early))
    assert (await deliveries.append(await deliveries.batch(early, event="seal"))).state == "SEALED"


async def bill(
    deliveries: Deliveries, usage: UsageSnapshot, lines: tuple[bytes, ...] = (b"a",)
) -> NewInvoice:
    """An invoice of a period, recomputed from this usage and with the order's other invoices known."""
    sold = await deliveries.store.leases.lease(PROVIDER, usage.lease)
    assert sold is not None
    return NewInvoice(
        document=private("invoice", deliveries.label()),
        lines=lines,
        leases=((usage.lease, usage.version),),
        start_ms=usage.start_ms,
        end_ms=usage.end_ms,
        orders=(
            OrderPart(sold.order, "5.98", await deliveries.store.invoices.billed_before(sold.order, "")),
        ),
        buyer=CONSUMER,
        currency="EUR",
        total="5.98",
        rating_digest="0" * 64,
        acceptance_ms=HOUR,
        account=CONSUMER,
        issued_ms=deliveries.market.clock.ms,
    )


async def test_a_period_has_one_invoice(deliveries: Deliveries) -> None:
    """BILLING-ONE-1: of many invoices that meet, one stands; the same bytes again are that one."""
    lease = await deliveries.active()
    usage = await deliveries.append(await deliveries.batch(lease, event="seal"))
    invoices = [await bill(deliveries, usage) for _ in range(4)]
    store = deliveries.store.invoices
    results = await asyncio.gather(
        *[store.issue(deliveries.market.mutation(PROVIDER), each) for each in invoices],
        return_exceptions=True,
    )
    (stands,) = [each for each in results if not isinstance(each, BaseException)]
    (winner,) = [each for each in invoices if each.document.id == stands.outcome.id]
    again = await store.issue(deliveries.market.mutation(PROVIDER), winner)
    assert again.outcome == stands.outcome


async def test_leases_of_one_order_are_billed_one_after_the_other(deliveries: Deliveries) -> None:
    """ORDER-SPEND-1: of two invoices of one order that meet, the second is judged anew."""
    _, leases = await deliveries.confirmed(offers=((OFFER, POOL), (OFFER, POOL)))
    await deliveries.store.timers.start_leases(9, provision_ms=HOUR)
    usages = []
    for lease in leases:
        agents = deliveries.store.agents
        await agents.activate(PROVIDER, await deliveries.command_of(lease), deliveries.delivery())
        usages.append(await deliveries.append(await deliveries.batch(lease, event="seal")))
    first, second = [await bill(deliveries, usage) for usage in usages]
    await deliveries.store.invoices.issue(deliveries.market.mutation(PROVIDER), first)
    with refusal("ETAG_MISMATCH"):
        await deliveries.store.invoices.issue(deliveries.market.mutation(PROVIDER), second)
    anew = await bill(deliveries, usages[1])
    assert [part.billed_before for part in anew.orders] == [(("EUR", "5.98"),)]
    await deliveries.store.invoices.issue(deliveries.market.mutation(PROVIDER), anew)


async def account(deliveries: Deliveries, *usages: UsageSnapshot) -> NewInvoice:
    """An invoice of an account over the usage of several leases, judged against what stands."""
    new, store = await bill(deliveries, usages[0]), deliveries.store
    until_ms = usages[0].end_ms
    orders = []
    for usage in usages:
        sold = await store.leases.lease(PROVIDER, usage.lease)
        assert sold is not None
        orders.append(OrderPart(sold.order, "1.00", await store.invoices.billed_before(sold.order, "")))
    together = Together(
        used=await store.usage.used_in(PROVIDER, CONSUMER, usages[0].start_ms, until_ms),
        until_ms=until_ms,
    )
    leases = tuple((usage.lease, usage.version) for usage in usages)
    return replace(new, leases=leases, orders=tuple(orders), together=together)


async def test_leases_of_an_account_are_billed_together(deliveries: Deliveries) -> None:
    """BILLING-ACCOUNT-1, BILLING-ONE-1: one invoice has the period of each, and each order's own part."""
    store = deliveries.store.invoices
    leases = [await deliveries.active(), await deliveries.active()]
    usages = [await deliveries.append(await deliveries.batch(each, event="seal")) for each in leases]
    new = await account(deliveries, *usages)
    done = await store.issue(deliveries.market.mutation(PROVIDER), new)
    assert (done.outcome.lease, done.outcome.lease_count) == (leases[0], 2)
    assert (await store.issue(deliveries.market.mutation(PROVIDER), new)).outcome == done.outcome
    for usage in usages:
        with refusal("NAME_EXISTS"):
            await store.issue(deliveries.market.mutation(PROVIDER), await bill(deliveries, usage))
        listed = await store.invoices(CONSUMER, state="", lease=usage.lease, before_seq=None, limit=9)
        assert [each.id for each in listed.invoices] == [new.document.id]
        found = await store.papers_of_period(usage.lease, usage.start_ms)
        assert found is not None
        assert found.invoice == done.outcome
    for part in new.orders:
        assert await store.billed_before(part.order, "another") == (("EUR", "1.00"),)


async def test_an_account_is_billed_as_it_was_judged(deliveries: Deliveries) -> None:
    """BILLING-ACCOUNT-1: a lease that was used since is judged anew, as is usage that is not sealed."""
    lease, other = await deliveries.active(), await deliveries.active()
    usage = await deliveries.append(await deliveries.batch(lease, event="seal"))
    opened = await deliveries.append(await deliveries.batch(other))
    mutation = deliveries.market.mutation(PROVIDER, request_id="issue-both")
    with refusal("INCOMPLETE"):
        await deliveries.store.invoices.issue(mutation, await account(deliveries, usage, opened))
    before = await account(deliveries, usage)
    await deliveries.append(await deliveries.batch(other, event="seal"))
    with refusal("ETAG_MISMATCH"):
        await deliveries.store.invoices.issue(mutation, before)
    await deliveries.store.invoices.issue(mutation, await account(deliveries, usage))


async def test_what_was_used_in_a_period_is_told(deliveries: Deliveries) -> None:
    """BILLING-ACCOUNT-1: leases with usage, and those that were used and of which none came yet."""
    billed, silent = await deliveries.active(), await deliveries.active()
    usage = await deliveries.append(await deliveries.batch(billed, event="seal"))
    never, _ = (
        await deliveries.started(),
        await deliveries.append(await deliveries.batch(silent, event="seal")),
    )
    late = await deliveries.active()
    used = deliveries.store.usage.used_in
    found = await used(PROVIDER, CONSUMER, usage.start_ms, usage.end_ms)
    assert {each.lease: (each.version, each.state) for each in found} == {
        billed: (1, "SEALED"),
        silent: (1, "SEALED"),
        late: (0, ""),
    }
    assert never not in {each.lease for each in found}
    assert [each.lease for each in found] == sorted(each.lease for each in found)
    await deliveries.terminated(late)  # at once: it was not used
    assert late not in {each.lease for each in await used(PROVIDER, CONSUMER, usage.start_ms, usage.end_ms)}
    assert await used(PROVIDER, OTHER, usage.start_ms, usage.end_ms) == ()
    assert await used(PROVIDER, CONSUMER, usage.end_ms, usage.end_ms + 1) == ()


async def test_only_sealed_usage_is_billed(deliveries: Deliveries) -> None:
    """BILLING-ISSUE-1: neither open usage, nor sealed usage of another version than was recomputed."""
    lease = await deliveries.active()
    opened = await deliveries.append(await deliveries.batch(lease))
    mutation = deliveries.market.mutation(PROVIDER, request_id="issue-it")
    with refusal("INCOMPLETE"):
        await deliveries.store.invoices.issue(mutation, await bill(deliveries, opened))
    sealed = await deliveries.append(await deliveries.batch(lease, event="seal"))
    with refusal("INCOMPLETE"):
        await deliveries.store.invoices.issue(mutation, await bill(deliveries, opened))
    assert not (await deliveries.store.invoices.issue(mutation, await bill(deliveries, sealed))).replayed


async def test_lines_come_in_parts_and_in_order(deliveries: Deliveries) -> None:
    """Lines are given byte for byte, by number and by size, to seller and buyer only."""
    lease = await deliveries.active()
    usage = await deliveries.append(await deliveries.batch(lease, event="seal"))
    lines = (b"a" * 900, b"b", b"c", b"d")
    new = await bill(deliveries, usage, lines)
    await deliveries.store.invoices.issue(deliveries.market.mutation(PROVIDER), new)
    store, id_ = deliveries.store.invoices, new.document.id
    found: list[bytes] = []
    number: int | None = 1
    while number is not None:
        part = await store.invoice(CONSUMER, id_, from_number=number, limit=2, max_bytes=500)
        assert part is not None
        found += part.lines
        number = part.next_number
    assert tuple(found) == lines
    beside = len(new.document.envelope)
    short = await store.invoice(CONSUMER, id_, from_number=2, limit=9, max_bytes=beside + 12)
    assert short is not None
    assert short.lines == (b"b", b"c")  # the invoice's own bytes count, too (BILLING-LIST-2)
    assert await store.invoice(OTHER, id_, from_number=1, limit=9, max_bytes=9) is None
    assert await store.by_digest(OTHER, new.document.sha256) is None
    with refusal("NOT_FOUND"):
        await store.record_payment(deliveries.market.mutation(OTHER), id_, NewPayment("x", None, None))
    listed = await store.invoices(OTHER, state="", lease="", before_seq=None, limit=9)
    assert not listed.invoices
    sold = await deliveries.store.leases.lease(PROVIDER, lease)
    assert sold is not None
    assert await store.billed_before(sold.order, new.document.sha256) == ()
    assert await store.billed_before(sold.order, "another") == (("EUR", "5.98"),)
