"""The price series of a bill are had from the broker, as far back as the bill needs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from crex import v1
from crex.agent.series import Needed, fetch_series, needed_series
from crex.documents import convert, strict
from crex.documents.times import to_ms
from crex.errors import CrexError
from crex.metering.span import Span
from crex.rating.plan import Plan
from sdk.tests.agent.samples import Desk, readings
from sdk.tests.invoice.samples import END, LEASE, NOW, PUBLISHER, START, Documents, World, header
from sdk.tests.invoice.test_account_invoices import SERIES, by_series, spot

HOUR_MS = 3_600_000


@dataclass
class Broker:
    """Gives published documents by name and revision.

    Attributes:
        published: Envelopes by revision.
        asked: References that were asked for.
    """

    published: dict[int, v1.Envelope]
    asked: list[str] = field(default_factory=list)

    async def get_document(self, request: v1.GetDocumentRequest) -> v1.GetDocumentResponse:
        """Gives a document, or refuses."""
        self.asked.append(request.ref)
        _, _, revision = request.ref.partition("@")
        found = self.published.get(int(revision) if revision else max(self.published, default=0))
        if found is None:
            raise CrexError("NOT_FOUND", f"There is no document {request.ref}.")
        return v1.GetDocumentResponse(envelope=found)


def revision(world: World, number: int, start: int, end: int) -> v1.Envelope:
    """A revision of the spot series that covers so many hours from the start of the lease on."""
    head = header(PUBLISHER, "series/spot")
    head.revision = number
    begin, until = (START + hours * timedelta(hours=1) for hours in (start, end))
    message = v1.PriceSeries(
        header=head,
        currency="EUR",
        interval=Span.between(begin, until).message(),
        points=[v1.PricePoint(start=convert.to_timestamp(begin), unit_price="1")],
    )
    return world.signed(message, NOW).envelope


def hours(start: int, end: int) -> Span:
    """So many hours from the start of the lease on."""
    begin = to_ms(START)
    return Span(begin + start * HOUR_MS, begin + end * HOUR_MS)


async def test_revisions_are_fetched_back_to_what_is_needed(world: World) -> None:
    """RATE-SERIES-1: those that cover nothing needed are left out, numbers may be missing, and it ends."""
    published = {
        1: revision(world, 1, 0, 2),
        2: revision(world, 2, 2, 4),
        4: revision(world, 4, 4, 6),
        5: revision(world, 5, 9, 10),
    }
    broker = Broker(published)
    assert await fetch_series(broker, [Needed(SERIES, hours(3, 5))]) == [published[4], published[2]]
    assert broker.asked == [SERIES, f"{SERIES}@4", f"{SERIES}@3", f"{SERIES}@2"]
    assert await fetch_series(broker, [Needed(SERIES, hours(5, 8))]) == [published[4]]
    assert broker.asked[-1] == f"{SERIES}@1"


async def test_a_series_that_nobody_published_is_not_there(world: World) -> None:
    """Where nothing of a series is published yet, that is what the broker says."""
    with pytest.raises(CrexError, match="no document"):
        await fetch_series(Broker({}), [Needed(SERIES, hours(0, 1))])


def test_a_plan_needs_prices_from_use_on_and_a_rate_of_the_start() -> None:
    """RATE-EXCHANGE-1: the rate of a period is that of its first instant."""
    document = by_series().plan
    document.exchange.CopyFrom(v1.Exchange(currency="CNY", series=f"{SERIES}-cny", publisher=PUBLISHER))
    plan, period = Plan.of(document), hours(-5, 5)
    first = Span(period.start_ms, period.start_ms + 1)
    assert needed_series(plan, period, to_ms(START)) == (
        Needed(SERIES, hours(0, 5)),
        Needed(f"{SERIES}-cny", first),
    )
    assert needed_series(Plan.of(Documents().plan), period, to_ms(START)) == ()


def test_an_invoice_waits_for_its_prices(world: World, tmp_path: Path) -> None:
    """A seal that cannot be billed yet stays owed; with the prices its invoice is made and pins them."""
    desk = Desk(world, tmp_path, by_series().signed(world)).opened()
    desk.begin()
    desk.book.close(LEASE, readings(100), read_at=END + timedelta(seconds=2), ended=END)
    series = spot(world, "2")
    sealed = invoiced = 0
    while owed := desk.book.owed():
        call = owed[0]
        prices = [series.envelope] if desk.book.needed(call) else []
        if prices:
            sealed += 1
            with pytest.raises(CrexError) as refused:
                desk.book.paid(call, NOW)
            assert refused.value.reason == "INCOMPLETE"
            assert desk.book.owed()[0] == call
        desk.book.paid(call, NOW, prices)
        if isinstance(call.request, v1.IssueInvoiceRequest):
            invoiced += 1
            body = convert.to_message(strict.loads(call.request.invoice.payload), v1.Invoice)
            assert list(body.series_points) == [series.pin]
    assert sealed == invoiced > 0
    desk.journal.close()


def test_no_invoice_is_made_of_a_lease_that_is_billed_with_its_account(world: World, tmp_path: Path) -> None:
    """INVOICE-SCOPE-1: usage is sealed, and the account is billed by whoever knows all its leases."""
    documents = Documents()
    accumulator = documents.plan.components[0].accumulator
    accumulator.scope = v1.AccumulatorScope.ACCUMULATOR_SCOPE_ACCOUNT
    accumulator.reset = v1.AccumulatorReset.ACCUMULATOR_RESET_PERIOD
    desk = Desk(world, tmp_path, documents.signed(world)).opened()
    desk.begin()
    desk.book.close(LEASE, readings(100), read_at=END + timedelta(seconds=2), ended=END)
    kinds = set()
    while owed := desk.book.owed():
        kinds.add(type(owed[0].request))
        desk.book.paid(owed[0], NOW)
    assert v1.SealUsageRequest in kinds
    assert v1.IssueInvoiceRequest not in kinds
    desk.journal.close()
