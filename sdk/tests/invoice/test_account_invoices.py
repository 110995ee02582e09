"""Invoices of an account, and what is carried from bill to bill, from plan to plan and from a publisher."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest

from crex.documents import convert
from crex.documents.times import parse_time
from crex.errors import CrexError, RatingError
from crex.invoice import Basis, InvoiceDraft, Sale, SealedBatch, SoldUsage, build, build_acceptance, verify
from crex.invoice.report import InvoiceReport
from crex.metering import Span
from crex.trust.verified import Verified
from crex.v1 import (
    Accumulator,
    AccumulatorReset,
    AccumulatorScope,
    Commitment,
    CommitmentKind,
    Invoice,
    PricePlan,
    PricePoint,
    PriceSeries,
    PriceSeriesRef,
    TierModel,
)
from sdk.tests.invoice.note_samples import Corrected, taxed
from sdk.tests.invoice.samples import (
    CONSUMER,
    DUE,
    END,
    LEASE,
    NOW,
    PROVIDER,
    PUBLISHER,
    START,
    Documents,
    Usage,
    World,
    header,
    march,
    two_months,
)
from sdk.tests.rating.samples import activated

OTHER = LEASE[:-2] + "l2"
TERM, PERIOD = AccumulatorReset.ACCUMULATOR_RESET_TERM, AccumulatorReset.ACCUMULATOR_RESET_PERIOD
SERIES = f"crex://{PUBLISHER}/series/spot"


def over_account(reset: AccumulatorReset.ValueType = PERIOD) -> Documents:
    """A sale under a plan whose cores are summed over all leases of the account."""
    documents = Documents()
    documents.plan.components[0].accumulator.CopyFrom(
        Accumulator(scope=AccumulatorScope.ACCUMULATOR_SCOPE_ACCOUNT, reset=reset)
    )
    return documents


def sold(world: World, documents: Documents, lease: str = LEASE) -> SoldUsage:
    """A lease with its usage over two months."""
    sale = documents.signed(world).sale(lease)
    return SoldUsage(sale, two_months(world, sale).batches)


def billed(basis: Basis, name: str = "i1", **more: object) -> InvoiceDraft:
    """The invoice of a basis."""
    return build(basis, header=header(PROVIDER, f"invoice/{name}", NOW), due_time=DUE, **more)  # type: ignore[arg-type]


def checked(world: World, made: InvoiceDraft, basis: Basis) -> InvoiceReport:
    """What a buyer finds of an invoice."""
    return verify(world.signed(made.message, NOW), made.lines, basis)


@pytest.fixture
def pair(world: World) -> Basis:
    """Two leases of one account, of two orders."""
    return Basis.of_account([sold(world, over_account().named("l2"), OTHER), sold(world, over_account())])


def test_two_leases_share_their_tiers(world: World, pair: Basis) -> None:
    """Tiers are counted over both leases; the other component stays with each (INVOICE-SCOPE-1)."""
    # Two leases of 907,200 unit-seconds: 86,400 at 2.99 and 1,728,000 at 1.995 an hour.
    made = billed(pair)
    found = [(line.lease, line.account, line.amount.amount) for line in made.rating.lines]
    assert found == [
        (OTHER, None, "0.00"),
        (LEASE, None, "0.00"),
        (None, CONSUMER, "71.76"),
        (None, CONSUMER, "957.60"),
    ]
    message = made.message
    assert (list(message.leases), message.HasField("lease")) == ([LEASE, OTHER], False)
    assert [pin.id[-2:] for pin in message.orders] == ["d1", "l2"]
    report = checked(world, made, pair)
    assert report.ok, str(report)


def test_one_lease_is_billed_as_an_account(world: World) -> None:
    """A commitment makes the bill one of the account, be it of one lease only (INVOICE-SCOPE-1)."""
    documents = Documents()
    documents.plan.commitments.append(
        Commitment(
            id="year",
            kind=CommitmentKind.COMMITMENT_KIND_HOURLY_QUANTITY,
            amount="4",
            price="1",
            per_quantity="3600",
            eligible=["cores"],
            term_months=12,
        )
    )
    own = sold(world, documents)
    basis = Basis.of(own.sale, own.batches)
    made = billed(basis)
    assert list(made.message.leases) == [LEASE]
    assert checked(world, made, basis).ok
    made.message.lease = LEASE
    made.message.ClearField("leases")
    report = checked(world, made, basis)
    assert {one.requirement for one in report.differences} == {"INVOICE-SCOPE-1"}


def test_leases_that_are_not_billed_together(world: World) -> None:
    """Other accounts, other anchor days, and plans without a sum over the account (INVOICE-SCOPE-1)."""
    first = sold(world, over_account())
    account, anchor = over_account().named("l2"), over_account().named("l2")
    account.order.account = "research"
    anchor.offer.terms.billing_anchor_day = 1
    sixth = over_account().named("l2")
    sixth.offer.terms.billing_anchor_day = 6
    plain = [sold(world, Documents()), sold(world, Documents().named("l2"), OTHER)]
    sale = sixth.signed(world).sale(OTHER)
    for leases in (
        [first, sold(world, account, OTHER)],
        [first, SoldUsage(sale, first.batches)],
        [first, first],
        [first, sold(world, Documents().named("l2"), OTHER)],
        plain,
    ):
        with pytest.raises(RatingError, match="INVOICE-SCOPE-1") as refused:
            billed(Basis.of_account(leases))
        assert refused.value.reason == "TERMS"
    assert billed(Basis.of_account([first, sold(world, anchor, OTHER)])).message.line_count == 4
    with pytest.raises(RatingError, match="bills nothing"):
        billed(Basis.of_account([]))


def test_a_lease_without_usage_in_the_period(world: World) -> None:
    """A lease that has no usage in the period is not of the bill."""
    first, second = sold(world, over_account()), sold(world, over_account().named("l2"), OTHER)
    early = SoldUsage(second.sale, second.batches[:2])
    with pytest.raises(RatingError, match="no usage of") as refused:
        billed(Basis.of_account([first, early]))
    assert refused.value.reason == "INCOMPLETE"
    assert billed(Basis.of_account([first, second]), start_ms=march().start_ms).message.line_count == 4


def _one_lease(message: Invoice) -> None:
    del message.leases[1:]


def _one_order(message: Invoice) -> None:
    del message.orders[1:]


def _one_batch(message: Invoice) -> None:
    del message.usage_batches[1:]


LIES: dict[str, tuple[Callable[[Invoice], None], str, str]] = {
    "a lease less": (_one_lease, "leases", "INVOICE-SALE-1"),
    "an order less": (_one_order, "orders", "INVOICE-PIN-1"),
    "a batch less": (_one_batch, "usageBatches", "INVOICE-PIN-1"),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_account_invoice_that_lies(world: World, pair: Basis, lie: str) -> None:
    """What is left out is named."""
    change, place, requirement = LIES[lie]
    made = billed(pair)
    change(made.message)
    report = checked(world, made, pair)
    assert [(one.place, one.requirement) for one in report.differences] == [(place, requirement)]


def test_the_limit_of_each_order(world: World) -> None:
    """An order has come to the sum of the lines that name it (ORDER-SPEND-1)."""
    cheap, dear = over_account().limit("0.01"), over_account().named("l2").limit("0.01")
    for documents in (cheap, dear):
        documents.plan.components[1].tiers[0].unit_price = "6"
    dear.hold.items[0].lease = OTHER
    basis = Basis.of_account([sold(world, cheap), sold(world, dear, OTHER)])
    made = billed(basis)  # 10 s of CPU at 6 per 60 s are 1.00 for each
    report = checked(world, made, basis)
    assert [one.requirement for one in report.differences] == ["ORDER-SPEND-1", "ORDER-SPEND-1"]


def term(world: World) -> tuple[Sale, Sequence[SealedBatch], Basis, Verified[Invoice]]:
    """A lease whose tiers are counted over the term, and March's invoice."""
    documents = Documents()
    documents.plan.components[0].accumulator.CopyFrom(
        Accumulator(scope=AccumulatorScope.ACCUMULATOR_SCOPE_LEASE, reset=TERM)
    )
    own = sold(world, documents)
    basis = Basis.of(own.sale, own.batches[:2])
    made = billed(basis, "march")
    assert checked(world, made, basis).ok
    return own.sale, own.batches, basis, world.signed(made.message, NOW)


def test_april_opens_where_march_closed(world: World) -> None:
    """All of April is in the tier that March had reached (RATE-OPENING-1)."""
    sale, batches, _, march_invoice = term(world)
    assert not march_invoice.message.openings
    assert [one.value.num for one in march_invoice.message.closings] == ["1166400"]
    basis = Basis.of(sale, batches, earlier=march_invoice)
    made = billed(basis)
    # 907,200 × 1.995 ÷ 3600 = 502.74; CPU time as ever.
    assert [line.amount.amount for line in made.rating.lines] == ["502.74", "0.00"]
    assert made.message.earlier_invoices[0] == march_invoice.pin
    assert [one.value.num for one in made.message.closings] == ["2073600"]
    report = checked(world, made, basis)
    assert report.ok, str(report)
    made.message.openings[0].value.num = "1166401"
    report = checked(world, made, basis)
    assert [(one.place, one.requirement) for one in report.differences] == [("openings[0]", "RATE-OPENING-1")]


def test_without_the_invoice_before(world: World) -> None:
    """A bill that goes on from another needs it (RATE-OPENING-1)."""
    sale, batches, _, march_invoice = term(world)
    with pytest.raises(RatingError, match="RATE-OPENING-1") as refused:
        billed(Basis.of(sale, batches))
    assert refused.value.reason == "INCOMPLETE"
    message = Invoice()
    for change in ("lease", "provisional", "plan", "period"):
        message.CopyFrom(march_invoice.message)
        if change == "lease":
            message.lease = OTHER
        elif change == "provisional":
            message.provisional = True
        elif change == "plan":
            message.price_plans[0].sha256 = "0" * 64
        else:
            message.period.end.FromDatetime(END)
        with pytest.raises(RatingError, match="RATE-OPENING-1") as refused:
            billed(Basis.of(sale, batches, earlier=world.signed(message, NOW)))
        assert refused.value.reason == "TERMS"


def spot(world: World, *prices: str, revision: int = 1) -> Verified[PriceSeries]:
    """A series of hourly prices from the start of the lease on, and then the last for long."""
    head = header(PUBLISHER, "series/spot")
    head.revision = revision
    begin = [START + index * timedelta(hours=1) for index in range(len(prices))]
    message = PriceSeries(
        header=head,
        currency="EUR",
        interval=Span.between(START, END).message(),
        points=[
            PricePoint(start=convert.to_timestamp(at), unit_price=price)
            for at, price in zip(begin, prices, strict=True)
        ],
    )
    return world.signed(message, NOW)


def by_series() -> Documents:
    """A sale whose cores are priced by a series, 5 an hour at most."""
    documents = Documents()
    cores = documents.plan.components[0]
    cores.model = TierModel.TIER_MODEL_UNIT
    del cores.tiers[1:]
    cores.tiers[0].ClearField("up_to")
    cores.tiers[0].unit_price = "0"
    cores.price_series.CopyFrom(PriceSeriesRef(id=SERIES, publisher=PUBLISHER, max_unit_price="5"))
    return documents


def test_a_series_is_pinned_and_recomputed(world: World) -> None:
    """A publisher's signed series prices use; what covers some of the period is pinned (RATE-SERIES-1)."""
    own = sold(world, by_series())
    series = spot(world, "2", "9", "1")
    basis = Basis.of(own.sale, own.batches[:2], series=[series])
    made = billed(basis)
    # 4 units: an hour at 2, an hour at 5 (of 9), 79 hours at 1.
    assert made.rating.lines[0].amount.amount == "344.00"
    assert list(made.message.series_points) == [series.pin]
    assert checked(world, made, basis).ok
    with pytest.raises(RatingError, match="RATE-SERIES-1") as refused:
        billed(Basis.of(own.sale, own.batches[:2]))
    assert refused.value.reason == "INCOMPLETE"


def test_a_series_that_contradicts_itself(world: World) -> None:
    """Of two revisions that state two prices for one instant none can be used (SERIES-REVISION-1)."""
    own = sold(world, by_series())
    later = spot(world, "2", revision=2)
    contradiction = [later, spot(world, "3")]
    with pytest.raises(RatingError, match="SERIES-REVISION-1") as refused:
        billed(Basis.of(own.sale, own.batches[:2], series=contradiction))
    assert refused.value.reason == "CONFLICT"


TURN = parse_time("2026-04-02T00:00:00Z")


def succession(
    world: World, *, price: str = "3.99", turn: datetime = TURN
) -> tuple[Documents, Verified[PricePlan]]:
    """A sale under a plan that ends within April, and the plan that takes its place."""
    documents = Documents()
    documents.plan.effective_end.CopyFrom(convert.to_timestamp(TURN))
    first = world.signed(documents.plan)
    second = PricePlan()
    second.CopyFrom(documents.plan)
    second.header.id += "-next"
    second.ClearField("effective_end")
    second.effective_start.CopyFrom(convert.to_timestamp(turn))
    second.supersedes.CopyFrom(first.pin)
    second.components[0].tiers[0].unit_price = price
    return documents, world.signed(second)


def test_a_successor_prices_from_its_start(world: World) -> None:
    """A bill over the end of a plan pins both; one before it the first alone (PRICE-SUPERSEDES-1)."""
    documents, second = succession(world)
    sale = documents.signed(world).sale(successors=[second])
    usage = two_months(world, sale, read_at=TURN)
    basis = Basis.of(sale, usage.batches)
    made = billed(basis)
    assert [pin.id for pin in made.message.price_plans] == [sale.price_plan.id, second.id]
    # Each plan counts its own tiers: 86,400 at 2.99 and at 3.99 an hour.
    amounts = [
        line.amount.amount for line in made.rating.lines if line.component == "cores" and line.tier == 1
    ]
    assert sorted(amounts) == ["71.76", "95.76"]
    assert checked(world, made, basis).ok
    early = billed(Basis.of(sale, usage.batches[:2]))
    assert [pin.id for pin in early.message.price_plans] == [sale.price_plan.id]
    del made.message.price_plans[1:]
    assert checked(world, made, basis).differences[0].place == "pricePlans"


def test_a_plan_that_may_not_succeed(world: World) -> None:
    """A provider changes no price under a buyer (PRICE-SUPERSEDES-1)."""
    documents, second = succession(world, turn=TURN - timedelta(days=1))
    with pytest.raises(RatingError, match="PRICE-SUPERSEDES-1") as refused:
        documents.signed(world).sale(successors=[second])
    assert refused.value.reason == "TERMS"


def test_a_lease_sold_under_the_successor(world: World) -> None:
    """Leases under a plan and under its successor are billed together."""
    documents = over_account()
    documents.plan.effective_end.CopyFrom(convert.to_timestamp(TURN))
    second = PricePlan()
    second.CopyFrom(documents.plan)
    second.header.id += "-next"
    second.ClearField("effective_end")
    second.effective_start.CopyFrom(convert.to_timestamp(TURN))
    second.supersedes.CopyFrom(world.signed(documents.plan).pin)
    first = documents.signed(world).sale(successors=[world.signed(second)])
    later = over_account().named("l2")
    later.plan = second
    other = later.signed(world).sale(OTHER)
    basis = Basis.of_account(
        [
            SoldUsage(first, two_months(world, first, read_at=TURN).batches),
            SoldUsage(other, two_months(world, other, read_at=TURN).batches),
        ]
    )
    made = billed(basis)
    assert len(made.message.price_plans) == 2
    assert checked(world, made, basis).ok


def test_restrictions_read_the_terms_of_the_offer(world: World) -> None:
    """Region and mode are the offer's (RATE-RESTRICTION-1)."""
    documents = Documents()
    documents.plan.components[0].restrictions.region = "eu"
    documents.plan.components[1].restrictions.interruptible = True
    own = sold(world, documents)
    assert {line.unpriced for line in billed(Basis.of(own.sale, own.batches)).rating.lines} == {True}
    documents = Documents(plan=documents.plan)
    documents.offer.terms.region, documents.offer.terms.mode = "eu", "spot"
    own = sold(world, documents)
    assert {line.unpriced for line in billed(Basis.of(own.sale, own.batches)).rating.lines} == {False}


def test_a_provisional_invoice(world: World, sale: Sale) -> None:
    """Unsealed usage makes a forecast that says so, and that nobody can accept (INVOICE-PROVISIONAL-1)."""
    usage = Usage(world, sale)
    read = usage.read(parse_time("2026-03-29T00:00:00Z"), 1000)
    usage.seal(read, march(), events=[activated(START)], final=False)
    basis = Basis.of(sale, usage.batches)
    with pytest.raises(RatingError, match="Only a provisional bill"):
        billed(basis)
    made = billed(basis, provisional=True)
    assert made.message.provisional
    report = checked(world, made, basis)
    assert report.ok, str(report)
    assert report.provisional
    invoice = world.signed(made.message, NOW)
    with pytest.raises(CrexError, match="INVOICE-PROVISIONAL-1") as refused:
        build_acceptance(invoice, report, header=header(CONSUMER, "acceptance/1", NOW))
    assert refused.value.reason == "INCOMPLETE"
    made.message.ClearField("provisional")
    assert checked(world, made, basis).reason == "INCOMPLETE"


def test_a_complete_bill_is_not_provisional(world: World, sale: Sale, usage: Usage) -> None:
    """Sealed usage is owed, whatever was asked for."""
    basis = Basis.of(sale, usage.batches)
    made = billed(basis, provisional=True)
    assert not made.message.provisional
    made.message.provisional = True
    report = checked(world, made, basis)
    assert [one.requirement for one in report.differences] == ["INVOICE-PROVISIONAL-1"]


def test_taxes_are_compared(world: World) -> None:
    """A tax that is not the category's is named, with the total (RATE-TAX-1)."""
    own = sold(world, taxed())
    basis = Basis.of(own.sale, own.batches[:2])
    made = billed(basis)
    assert (made.message.net_total.amount, made.message.total.amount) == ("671.30", "798.85")
    made.message.taxes[0].amount.amount = "127.56"
    made.message.total.amount = "798.86"
    report = checked(world, made, basis)
    assert [one.place for one in report.differences] == ["taxes[0]", "total"]
    assert "671.30 + 127.55 = 798.85" in report.differences[1].why


def test_usage_that_was_corrected_before_it_was_billed(world: World) -> None:
    """An invoice pins the correcting batches that had been issued (INVOICE-PIN-1)."""
    case = Corrected.of(world)
    case.revise("3000")
    at = NOW + timedelta(hours=9)
    made = build(
        case.basis, header=header(PROVIDER, "invoice/late", at), due_time=DUE, start_ms=march().start_ms
    )
    assert len(made.message.usage_batches) == 3
    assert made.rating.lines[2].amount.amount == "0.83"
    assert verify(world.signed(made.message, at), made.lines, case.basis).ok
    del made.message.usage_batches[2:]
    report = verify(world.signed(made.message, at), made.lines, case.basis)
    assert report.differences[0].place == "usageBatches"
