"""Invoices: built from sealed usage, recomputed, and every lie found and named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import orjson
import pytest

from crex.decimals import Money
from crex.documents import convert, reader
from crex.documents.times import parse_time
from crex.errors import CrexError, RatingError
from crex.invoice import Basis, InvoiceDraft, InvoiceReport, Sale, SealedBatch, pages, verify
from crex.rating import period_at, use_of, zone_between
from crex.trust import merkle
from crex.v1 import GapMarker, Invoice, InvoiceLine, Lease
from sdk.tests.invoice.samples import (
    END,
    LEASE,
    ORDER,
    START,
    Documents,
    Usage,
    World,
    april,
    draft,
    march,
    signed_invoice,
    two_months,
)
from sdk.tests.rating.samples import activated


def recompute(world: World, made: InvoiceDraft, sale: Sale, usage: Usage) -> InvoiceReport:
    """The report of a buyer on an invoice as drafted."""
    return verify(signed_invoice(world, made.message), made.lines, Basis.of(sale, usage.batches))


def test_what_march_comes_to(usage: Usage, sale: Sale) -> None:
    """Four units for 81 hours in two tiers, and 5,000 s of CPU: by hand (RATE-TOTAL-1)."""
    made = draft(sale, usage.batches[:2])
    # 28 March 13:00 UTC to 31 March 22:00 UTC: 81 h × 3600 s × 4 units = 1,166,400 unit-seconds.
    # Tier 1: 86,400 × 2.99 / 3600 = 71.76. Tier 2: 1,080,000 × 1.995 / 3600 = 598.50.
    # 5,000 s × 0.0125 / 60 = 1.041666… → 1.04.
    lines = [convert.to_message(reader.read(body, InvoiceLine), InvoiceLine) for body in made.lines]
    assert [(line.component, line.tier, line.amount.amount) for line in lines] == [
        ("cores", 1, "71.76"),
        ("cores", 2, "598.50"),
        ("cpu", 1, "1.04"),
    ]
    assert made.message.total.amount == "671.30"
    assert {(line.order, line.lease) for line in lines} == {(ORDER, LEASE)}


def test_tiers_begin_anew_in_the_next_period(usage: Usage, sale: Sale) -> None:
    """April has its own accumulators: 63 hours, and 7 s of CPU billed as the minimum of 10."""
    made = draft(sale, usage.batches)
    # 31 March 22:00 UTC to 3 April 13:00 UTC: 63 h × 3600 × 4 = 907,200. 86,400 × 2.99/3600 = 71.76;
    # 820,800 × 1.995 / 3600 = 454.86. 10 s × 0.0125 / 60 = 0.00208… → 0.00.
    assert [line.amount.amount for line in made.rating.lines] == ["71.76", "454.86", "0.00"]
    assert made.rating.lines[2].quantity == 10


def test_an_invoice_reads_back(world: World, usage: Usage, sale: Sale) -> None:
    """What is built is a document that pins its inputs and its zone (RATE-PIN-1, RATE-VERSION-1)."""
    made = draft(sale, usage.batches)
    invoice = signed_invoice(world, made.message).message
    assert [pin.id for pin in invoice.usage_batches] == [usage.batches[2].batch.id]
    assert [transition.offset_s for transition in invoice.tz_transitions] == [7200]
    assert invoice.period.end == convert.to_timestamp(END)
    assert [transition.offset_s for transition in draft(sale, usage.batches[:2]).message.tz_transitions] == [
        3600,
        7200,
    ]


@pytest.mark.parametrize("number", [2, 3])
def test_a_right_invoice(world: World, usage: Usage, sale: Sale, number: int) -> None:
    """A right invoice is recomputed to the last byte; the report says what was checked (INVOICE-VERIFY-1)."""
    batches = usage.batches[:number]
    made = draft(sale, batches)
    report = verify(signed_invoice(world, made.message), made.lines, Basis.of(sale, batches))
    assert report.ok, str(report)
    assert report.require().digest == made.message.rating_digest
    assert [check.name for check in report.checks] == [
        "documents",
        "usage",
        "period",
        "rating",
        "lines",
        "totals",
    ]


def test_records_of_earlier_periods_are_not_needed(world: World, usage: Usage, sale: Sale) -> None:
    """For April's bill, March's batches suffice without their records."""
    batches = [SealedBatch(each.batch, None) for each in usage.batches[:2]] + usage.batches[2:]
    made = draft(sale, batches)
    assert verify(signed_invoice(world, made.message), made.lines, Basis.of(sale, batches)).ok
    with pytest.raises(RatingError, match="are not given") as refused:
        draft(sale, batches[:2])
    assert refused.value.reason == "INCOMPLETE"


def resealed(made: InvoiceDraft, change: Callable[[dict[str, object]], object]) -> InvoiceDraft:
    """An invoice with its third line changed, root and sums made to fit: a consistent lie."""
    lines = list(made.lines)
    line = orjson.loads(lines[2])
    change(line)
    lines[2] = orjson.dumps(line)
    message = Invoice()
    message.CopyFrom(made.message)
    message.lines_root = merkle.root(lines).hex()
    stated = [Money.parse("EUR", orjson.loads(body)["amount"]["amount"]) for body in lines]
    total = sum((each.minor for each in stated), 0)
    message.net_total.amount = message.total.amount = Money("EUR", total).amount
    return InvoiceDraft(message, tuple(lines), made.rating)


LIES: dict[str, tuple[Callable[[dict[str, object]], object], str, str]] = {
    "a cent higher": (
        lambda line: line.update(amount={"currency": "EUR", "amount": "1.05"}),
        "amount",
        "RATE-ROUND-1",
    ),
    "another price": (lambda line: line.update(unitPrice="0.0126"), "unitPrice", "RATE-TIER-1"),
    "another quantity": (
        lambda line: line.update(quantity={"num": "5001", "den": "1"}),
        "quantity",
        "RATE-SUM-1",
    ),
    "another exact amount": (
        lambda line: line.update(exactAmount={"num": "26", "den": "25"}),
        "exactAmount",
        "RATE-AMOUNT-1",
    ),
    "another divisor": (lambda line: line.update(perQuantity="61"), "perQuantity", "RATE-AMOUNT-1"),
    "called unpriced": (lambda line: line.update(unpriced=True), "unpriced", "RATE-UNPRICED-1"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_line_that_lies(world: World, usage: Usage, sale: Sale, lie: str) -> None:
    """The line and the member are named, theirs and ours shown, with the arithmetic (INVOICE-VERIFY-1)."""
    change, member, requirement = LIES[lie]
    made = resealed(draft(sale, usage.batches[:2]), change)
    report = verify(signed_invoice(world, made.message), made.lines, Basis.of(sale, usage.batches[:2]))
    difference = report.differences[0]
    assert not report.ok
    assert difference.place == f"line {made.rating.lines[2].key}, {member}"
    assert (difference.reason, difference.requirement) == ("RATING_DIFFERS", requirement)
    assert "5000 s × 0.0125 EUR ÷ 60 s = 25/24 (≈ 1.041666667) → 1.04 EUR" in str(difference)
    with pytest.raises(RatingError, match="Do not pay") as refused:
        report.require()
    assert refused.value.reason == "RATING_DIFFERS"


def test_a_lie_about_something_else_in_a_line(world: World, usage: Usage, sale: Sale) -> None:
    """A line that differs in no number is still found, by its bytes."""
    made = resealed(draft(sale, usage.batches[:2]), lambda line: line.update(dimension="gpu-time"))
    report = verify(signed_invoice(world, made.message), made.lines, Basis.of(sale, usage.batches[:2]))
    assert [each.requirement for each in report.differences] == ["INVOICE-LINES-1"]
    assert "dimension" in report.differences[0].why


def with_lines(made: InvoiceDraft, lines: list[bytes]) -> InvoiceDraft:
    """An invoice over other lines, its root and count made to fit."""
    message = Invoice()
    message.CopyFrom(made.message)
    message.lines_root, message.line_count = merkle.root(lines).hex(), len(lines)
    return InvoiceDraft(message, tuple(lines), made.rating)


@pytest.mark.parametrize(
    ("lines", "requirement", "text"),
    [
        ([0, 1], "INVOICE-LINES-1", "not billed"),
        ([0, 1, 2, 2], "RATE-KEY-1", "twice"),
        ([1, 0, 2], "INVOICE-LINES-1", "another order"),
    ],
)
def test_lines_that_are_missing_doubled_or_moved(
    world: World, usage: Usage, sale: Sale, lines: list[int], requirement: str, text: str
) -> None:
    """Each is named, even where root, count and sums agree with the lines."""
    made = draft(sale, usage.batches[:2])
    wrong = with_lines(made, [made.lines[index] for index in lines])
    report = verify(signed_invoice(world, wrong.message), wrong.lines, Basis.of(sale, usage.batches[:2]))
    assert [each.requirement for each in report.differences] == [requirement]
    assert text in str(report.differences[0])


def test_a_line_for_nothing(world: World, usage: Usage, sale: Sale) -> None:
    """A line that no use stands behind is named with its amount."""
    made = draft(sale, usage.batches[:2])
    extra = orjson.loads(made.lines[2])
    extra["key"] += "setup"
    wrong = with_lines(made, [*made.lines, orjson.dumps(extra)])
    report = verify(signed_invoice(world, wrong.message), wrong.lines, Basis.of(sale, usage.batches[:2]))
    (difference,) = report.differences
    assert (difference.requirement, difference.ours) == ("RATE-KEY-1", "")


def test_lines_that_are_no_lines(world: World, usage: Usage, sale: Sale) -> None:
    """Bytes that are no line are a difference, not a crash."""
    made = draft(sale, usage.batches[:2])
    wrong = with_lines(made, [b"{", *made.lines[1:]])
    report = verify(signed_invoice(world, wrong.message), wrong.lines, Basis.of(sale, usage.batches[:2]))
    assert report.differences[0].place == "lines[0]"


def test_lines_of_another_root(world: World, usage: Usage, sale: Sale) -> None:
    """Lines that are not under the signed root are named as such."""
    made = draft(sale, usage.batches[:2])
    report = verify(signed_invoice(world, made.message), made.lines[:2], Basis.of(sale, usage.batches[:2]))
    assert [each.requirement for each in report.differences] == ["INVOICE-LINES-1", "INVOICE-LINES-1"]
    assert report.reason == "SUBJECT"


def put(path: str, value: object) -> Callable[[Invoice], None]:
    """A change that sets one member, at a path such as `orders.0.sha256`."""

    def change(invoice: Invoice) -> None:
        *way, member = path.split(".")
        place: object = invoice
        for step in way:
            place = place[int(step)] if step.isdigit() else getattr(place, step)  # type: ignore[index]  # repeated
        setattr(place, member, value)

    return change


def _another_zone(invoice: Invoice) -> None:
    for transition in invoice.tz_transitions:
        transition.time_zone = "Europe/Paris"


def _an_hour_more(invoice: Invoice) -> None:
    invoice.period.end.FromDatetime(parse_time("2026-03-31T23:00:00Z"))


ZEROS = "0" * 64
HEADER_LIES: dict[str, tuple[Callable[[Invoice], object], str, str, str]] = {
    "total": (put("total.amount", "671.31"), "total", "RATING_DIFFERS", "RATE-TOTAL-1"),
    "net total": (put("net_total.amount", "671.31"), "netTotal", "RATING_DIFFERS", "RATE-TOTAL-1"),
    "digest": (put("rating_digest", ZEROS), "ratingDigest", "RATING_DIFFERS", "RATE-DIGEST-1"),
    "buyer": (put("buyer", "other.example"), "buyer", "TERMS", "INVOICE-SALE-1"),
    "account": (put("account", "other"), "account", "TERMS", "INVOICE-SALE-1"),
    "seller": (put("seller", "other.example"), "seller", "TERMS", "INVOICE-SALE-1"),
    "lease": (put("lease", LEASE + "x"), "lease", "TERMS", "INVOICE-SALE-1"),
    "currency": (put("currency", "USD"), "currency", "TERMS", "INVOICE-SALE-1"),
    "order pin": (put("orders.0.sha256", ZEROS), "orders", "SUBJECT", "INVOICE-PIN-1"),
    "plan pin": (put("price_plans.0.revision", 2), "pricePlans", "SUBJECT", "INVOICE-PIN-1"),
    "a batch less": (lambda one: one.usage_batches.pop(), "usageBatches", "SUBJECT", "INVOICE-PIN-1"),
    "an hour more": (_an_hour_more, "period", "RATING_DIFFERS", "RATE-PERIOD-1"),
    "another zone": (_another_zone, "tzTransitions", "TERMS", "RATE-ZONE-1"),
}


@pytest.mark.parametrize("lie", HEADER_LIES)
def test_an_invoice_that_lies(world: World, usage: Usage, sale: Sale, lie: str) -> None:
    """A wrong member is named with its reason, although its provider signed it."""
    change, place, reason, requirement = HEADER_LIES[lie]
    made = draft(sale, usage.batches[:2])
    change(made.message)
    report = verify(signed_invoice(world, made.message), made.lines, Basis.of(sale, usage.batches[:2]))
    first = report.differences[0]
    assert (first.place, first.reason, first.requirement) == (place, reason, requirement)
    assert report.rating is not None, "the rest was recomputed all the same"


@pytest.mark.parametrize(
    "changed",
    [
        # Winter time throughout: the end of March would lie an hour later.
        lambda invoice: invoice.tz_transitions.pop(),
        # The day before the start is not covered.
        lambda invoice: invoice.tz_transitions[0].utc.CopyFrom(invoice.period.start),
    ],
)
def test_offsets_that_lie(
    world: World, usage: Usage, sale: Sale, changed: Callable[[Invoice], object]
) -> None:
    """Pinned offsets that do not give the period, or do not reach back a day, are refused (RATE-ZONE-1)."""
    made = draft(sale, usage.batches[:2])
    changed(made.message)
    report = verify(signed_invoice(world, made.message), made.lines, Basis.of(sale, usage.batches[:2]))
    assert not report.ok
    assert report.differences[0].requirement in {"RATE-PERIOD-1", "RATE-ZONE-1"}


def test_a_period_cut_short_without_a_release(world: World, sale: Sale) -> None:
    """Only the end of the lease's use closes a period early."""
    usage = Usage(world, sale)
    short = type(march())(march().start_ms, march().end_ms - 3_600_000)
    records = usage.read(parse_time("2026-03-29T00:00:00Z"), 10)
    usage.seal(records, short, events=[activated(START)])
    made = draft(sale, usage.batches)
    report = recompute(world, made, sale, usage)
    assert "closes a period early" in str(report.differences[0])


def test_a_period_that_begins_elsewhere(world: World, sale: Sale) -> None:
    """Periods begin at local midnight on the anchor day and nowhere else."""
    usage = Usage(world, sale)
    moved = type(march())(march().start_ms + 3_600_000, march().end_ms)
    usage.seal(usage.read(parse_time("2026-03-29T00:00:00Z"), 10), moved, events=[activated(START)])
    made = draft(sale, usage.batches)
    report = recompute(world, made, sale, usage)
    assert "local midnight on day 1" in str(report.differences[0])


def test_usage_that_is_not_final(world: World, sale: Sale) -> None:
    """Before the final batch there is no invoice (RATE-COMPLETE-1)."""
    usage = Usage(world, sale)
    records = usage.read(parse_time("2026-03-29T00:00:00Z"), 10)
    usage.seal(records, march(), events=[activated(START)], final=False)
    with pytest.raises(RatingError) as refused:
        draft(sale, usage.batches)
    assert refused.value.reason == "INCOMPLETE"
    with pytest.raises(RatingError, match="no usage batch"):
        draft(sale, [])


def test_use_by_the_lease_object(world: World, usage: Usage, sale: Sale) -> None:
    """A buyer holds usage to what the broker says of the lease (INVOICE-USE-1)."""
    made = draft(sale, usage.batches)
    invoice = signed_invoice(world, made.message)
    lease = Lease(
        interval=sale.terms.interval.message(),
        activated_at=convert.to_timestamp(START - timedelta(seconds=5)),
        ended_at=convert.to_timestamp(END),
    )
    assert verify(invoice, made.lines, Basis.of(sale, usage.batches), uses={LEASE: use_of(lease)}).ok
    lease.terminated_at.CopyFrom(convert.to_timestamp(END - timedelta(hours=1)))
    report = verify(invoice, made.lines, Basis.of(sale, usage.batches), uses={LEASE: use_of(lease)})
    assert (report.reason, report.differences[0].requirement) == ("USAGE_OUT_OF_BOUNDS", "INVOICE-USE-1")
    lease.ClearField("activated_at")
    assert use_of(lease).empty


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_a_period_at_the_end_of_the_calendar(world: World, usage: Usage, sale: Sale, year: str) -> None:
    """A period at which the calendar ends is a difference, not a crash."""
    made = draft(sale, usage.batches)
    made.message.period.start.FromJsonString(f"{year}-01-01T00:00:00Z")
    made.message.period.end.FromJsonString(f"{year}-12-31T23:59:59Z")
    made.message.tz_transitions[0].utc.FromJsonString("0001-01-01T00:00:00Z")
    report = verify(signed_invoice(world, made.message), made.lines, Basis.of(sale, usage.batches))
    assert not report.ok
    assert report.differences[0].place == "period"


def test_a_gap_marker_lets_the_bill_go_out(world: World, sale: Sale) -> None:
    """A marked number bills zero, and the bill verifies."""
    usage = Usage(world, sale)
    usage.units.read(START + timedelta(hours=1), 4)  # this record is lost
    records = usage.units.read(START + timedelta(hours=2), 4)
    gap = GapMarker(meter_id="units", first_seq=1, last_seq=1, reason="the journal was lost")
    usage.seal(records, march(), events=[activated(START)], gaps=[gap])
    made = draft(sale, usage.batches)
    assert recompute(world, made, sale, usage).ok
    assert made.message.total.amount == "11.96"


def test_usage_that_cannot_be_rated(world: World, sale: Sale) -> None:
    """More units than leased were sealed: the report says so, with the reason, and computes nothing."""
    usage = Usage(world, sale)
    right = two_months(world, sale)
    records = usage.units.read(parse_time("2026-03-29T00:00:00Z"), 5)
    usage.seal(records, march(), events=[activated(START)])
    made = draft(sale, right.batches[:2])
    report = verify(signed_invoice(world, made.message), made.lines, Basis.of(sale, usage.batches))
    assert report.rating is None
    assert not report.ok
    assert report.differences[-1].reason == "USAGE_OUT_OF_BOUNDS"
    with pytest.raises(RatingError):
        report.require()


def test_records_that_were_exchanged(world: World, usage: Usage, sale: Sale) -> None:
    """Records other than those sealed are found by the batch's root."""
    made = draft(sale, usage.batches[:2])
    last = usage.batches[1]
    assert last.bodies
    wrong = [usage.batches[0], SealedBatch(last.batch, last.bodies[::-1])]
    report = verify(signed_invoice(world, made.message), made.lines, Basis.of(sale, wrong))
    assert (report.reason, report.differences[0].place) == ("SUBJECT", "usage")


def test_the_spend_limit(world: World) -> None:
    """The order's limit counts all its invoices; at the limit is within it."""
    sale = Documents().limit("1197.92").signed(world).sale()
    usage = two_months(world, sale)
    made = draft(sale, usage.batches)
    invoice = signed_invoice(world, made.message)
    before = Money.parse("EUR", "671.30")  # with 526.62: exactly the limit
    assert verify(
        invoice, made.lines, Basis.of(sale, usage.batches), billed_before={sale.order.id: before}
    ).ok
    beyond = Money.parse("EUR", "671.31")
    report = verify(invoice, made.lines, Basis.of(sale, usage.batches), billed_before={sale.order.id: beyond})
    assert report.reason == "BUDGET_EXCEEDED"
    assert "at most 1197.92 EUR" in str(report.differences[0])


def test_a_spend_limit_in_another_currency(world: World) -> None:
    """A limit in another currency cannot be kept, so it counts as exceeded."""
    sale = Documents().limit("99999.00", "USD").signed(world).sale()
    usage = two_months(world, sale)
    made = draft(sale, usage.batches)
    report = recompute(world, made, sale, usage)
    assert report.reason == "BUDGET_EXCEEDED"


def test_offsets_may_be_given(usage: Usage, sale: Sale) -> None:
    """The offsets to pin may come from elsewhere than this machine's database."""
    _, zone = period_at("Europe/Berlin", START, 1)
    assert draft(sale, usage.batches[:2], zone=zone) == draft(sale, usage.batches[:2])
    april_only = zone_between("Europe/Berlin", END, END + timedelta(days=30))
    with pytest.raises(CrexError):
        draft(sale, usage.batches[:2], zone=april_only)
    assert april().start_ms == march().end_ms


def test_pages_are_bounded() -> None:
    """Pages keep order, hold at most so many lines and bytes, and at least one line."""
    lines = [b"a" * size for size in (5, 5, 5, 50, 1)]
    assert [list(map(len, page)) for page in pages(lines, max_bytes=10)] == [[5, 5], [5], [50], [1]]
    assert [len(page) for page in pages(lines, max_lines=2)] == [2, 2, 1]
    assert list(pages([])) == []


def test_an_amount_below_zero(world: World) -> None:
    """No invoice states a period that comes to less than nothing (RATE-TOTAL-1)."""
    documents = Documents()
    for tier in documents.plan.components[0].tiers:
        tier.unit_price = "-1"
    sale = documents.signed(world).sale()
    usage = two_months(world, sale)
    with pytest.raises(RatingError, match="less than nothing"):
        draft(sale, usage.batches)
