"""The usage of a lease: readings become records, batches and a bill, once, whatever happens in between."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from crex import v1
from crex.agent.usage import Owed
from crex.documents.times import parse_time, to_ms
from crex.invoice.basis import Basis
from crex.invoice.usage import SealedBatch
from crex.invoice.verify import verify
from crex.metering.span import Span
from crex.trust.envelope import digest
from crex.trust.verify import open_envelope
from sdk.tests.agent.samples import Desk, readings
from sdk.tests.invoice.samples import END, LEASE, NOW, START, Documents, World, april, march

HOUR = timedelta(hours=1)
TURN = parse_time("2026-03-31T22:00:00Z")  # midnight in Berlin: April begins


def fill(desk: Desk, *, restart: bool = False) -> None:
    """Six days over the end of March: read every twelve hours, batched daily, ended by the interval."""
    at, count = START, 0
    while at < END:
        at = min(at + 12 * HOUR, END)
        count += 1
        desk.book.take(LEASE, readings(count * 100), at)
        if count % 2 == 0 and at < END:
            desk.book.batch_due(LEASE, at - timedelta(seconds=10))
        if restart:
            desk.again()
    desk.book.close(LEASE, readings(count * 100), read_at=END + timedelta(seconds=2), ended=END)


def pay(desk: Desk) -> list[Owed]:
    """Answers every call as a broker does, in order; gives what was called."""
    made = []
    while owed := desk.book.owed():
        made.append(owed[0])
        desk.book.paid(owed[0], NOW)
    return made


def total(desk: Desk, dimension: str) -> Fraction:
    """Adds up what the records state."""
    records = [record for record in desk.records() if record.dimension == dimension]
    return sum((Fraction(record.quantity) for record in records), Fraction(0))


def test_a_lease_over_two_months_is_billed_twice_and_every_second_once(desk: Desk, world: World) -> None:
    """Each billing period is sealed by itself; its invoice is what its buyer recomputes."""
    fill(desk)
    batches = desk.batches()
    assert [batch.final for batch in batches].count(True) == 2
    assert {Span.of(batch.period) for batch in batches} == {march(), april()}
    held = [record for record in desk.records() if record.dimension == "compute-unit"]
    assert held[0].start.ToMilliseconds() == to_ms(START)
    assert held[-1].end.ToMilliseconds() == to_ms(END)
    assert all(one.end == two.start for one, two in pairwise(held))
    assert total(desk, "cpu-time") == 1200

    calls = pay(desk)
    kinds = [type(call.request).__name__ for call in calls]
    assert kinds.count("SealUsageRequest") == kinds.count("IssueInvoiceRequest") == 2
    sale = desk.book.sale(LEASE)
    sealed: list[SealedBatch] = []
    for call in calls:
        if isinstance(call.request, v1.IssueInvoiceRequest):
            continue
        batch = open_envelope(call.request.batch, v1.UsageBatch, world.trust, now=NOW)
        sealed.append(SealedBatch(batch, list(call.request.records)))
    invoices = [call.request for call in calls if isinstance(call.request, v1.IssueInvoiceRequest)]
    last = open_envelope(invoices[-1].invoice, v1.Invoice, world.trust, now=NOW)
    verify(last, list(invoices[-1].lines), Basis.of(sale, sealed)).require()


def test_the_second_bill_opens_where_the_first_closed(world: World, tmp_path: Path) -> None:
    """Where tiers are counted over the term, the agent pins the invoice before (RATE-OPENING-1)."""
    documents = Documents()
    documents.plan.components[0].accumulator.scope = v1.AccumulatorScope.ACCUMULATOR_SCOPE_LEASE
    documents.plan.components[0].accumulator.reset = v1.AccumulatorReset.ACCUMULATOR_RESET_TERM
    desk = Desk(world, tmp_path, documents.signed(world)).opened()
    desk.begin()
    fill(desk)
    requests = [call.request for call in pay(desk) if isinstance(call.request, v1.IssueInvoiceRequest)]
    first, second = [open_envelope(each.invoice, v1.Invoice, world.trust, now=NOW) for each in requests]
    assert list(second.message.earlier_invoices) == [first.pin]
    assert second.message.openings == first.message.closings
    desk.journal.close()


def test_a_restart_in_between_changes_no_byte(world: World, tmp_path: Path) -> None:
    """An agent that is started again after each reading owes the very same calls."""
    plain, often = Desk.new(world, tmp_path / "a"), Desk.new(world, tmp_path / "b")
    often.signed = plain.signed
    for desk in (plain, often):
        desk.begin()
    fill(plain)
    fill(often, restart=True)
    owed = [
        [call.request.SerializeToString(deterministic=True) for call in pay(desk)] for desk in (plain, often)
    ]
    assert owed[0] == owed[1]
    for desk in (plain, often):
        desk.journal.close()


def test_what_is_owed_stays_owed_until_it_is_answered(desk: Desk) -> None:
    """AGENT-ANSWER-1 the other way: a call that is repeated has the same request id and bytes, also later."""
    fill(desk)
    first = desk.book.owed()
    assert desk.again().book.owed() == first


def test_a_crash_while_a_period_is_sealed_seals_it_once(desk: Desk) -> None:
    """The batch that seals, and the beginning of the next period, are one transaction."""
    for day in range(1, 6):
        desk.book.take(LEASE, readings(day * 100), START + day * 24 * HOUR)
    desk.journal.all(
        "CREATE TEMP TRIGGER crash BEFORE UPDATE OF period_start_ms ON lease "
        "BEGIN SELECT RAISE(ABORT, 'x'); END"
    )
    until = START + 5 * 24 * HOUR
    with pytest.raises(sqlite3.IntegrityError):
        desk.book.batch_due(LEASE, until)
    assert desk.batches() == []
    desk.again().book.batch_due(LEASE, until)
    assert [batch.final for batch in desk.batches()] == [True, False]
    assert total(desk, "cpu-time") == 500


def test_a_period_is_not_sealed_before_its_end_was_read_past(desk: Desk) -> None:
    """Meters that could not be read around midnight lose nothing: the first reading after it is divided."""
    desk.book.take(LEASE, readings(100), TURN - HOUR)
    desk.book.batch_due(LEASE, TURN + HOUR)
    assert [batch.final for batch in desk.batches()] == [False]
    desk.book.take(LEASE, readings(300), TURN + HOUR)
    desk.book.batch_due(LEASE, TURN + 2 * HOUR)
    assert [batch.final for batch in desk.batches()] == [False, True, False]
    cpu = [record for record in desk.records() if record.dimension == "cpu-time"]
    assert [(record.quantity, record.estimated) for record in cpu] == [
        ("100", False),
        ("100", True),
        ("100", False),
    ]
    assert [record.HasField("readings") for record in cpu] == [True, False, False], "nobody read at midnight"


def test_use_behind_an_early_end_is_not_billed(desk: Desk) -> None:
    """The lease ended between two readings: what lies before the end is estimated, the rest is nobody's."""
    desk.book.take(LEASE, readings(100), START + HOUR)
    ended = START + 2 * HOUR
    desk.book.close(LEASE, readings(300), read_at=START + 3 * HOUR, ended=ended)
    assert total(desk, "cpu-time") == 200
    last = [record for record in desk.records() if record.dimension == "cpu-time"][-1]
    assert last.estimated
    assert last.end.ToMilliseconds() == to_ms(ended)
    assert [event.kind for batch in desk.batches() for event in batch.service_events] == [
        v1.ServiceEventKind.SERVICE_EVENT_KIND_ACTIVATED,
        v1.ServiceEventKind.SERVICE_EVENT_KIND_TERMINATED,
    ]


def test_a_counter_that_stood_still_is_no_estimate(desk: Desk) -> None:
    """Nothing was used between the end and the reading after it: every figure is measured."""
    desk.book.take(LEASE, readings(100), START + HOUR)
    desk.book.close(LEASE, readings(100), read_at=START + 3 * HOUR, ended=START + 2 * HOUR)
    assert not any(record.estimated for record in desk.records())


def test_a_lease_is_closed_once(desk: Desk) -> None:
    """A release that is repeated gives the readings of before, and makes no second batch."""
    ended = START + HOUR
    first = desk.book.close(LEASE, readings(50), read_at=ended, ended=ended)
    again = desk.again().book.close(LEASE, readings(99), read_at=ended + HOUR, ended=ended + HOUR)
    assert first == again
    assert {reading.meter_id: reading.total for reading in again}["cpu-time"] == "50"
    assert len(desk.batches()) == 1


@pytest.mark.parametrize("after", [timedelta(0), timedelta(milliseconds=1)])
def test_a_lease_that_ends_at_once_has_a_bill_of_nothing(desk: Desk, after: timedelta) -> None:
    """Delivered and ended in the same moment: one final batch, and an invoice."""
    desk.book.close(LEASE, readings(0), read_at=START + after, ended=START + after)
    assert [batch.final for batch in desk.batches()] == [True]
    assert [type(call.request).__name__ for call in pay(desk)] == ["SealUsageRequest", "IssueInvoiceRequest"]


def test_a_lease_whose_meters_died_is_billed_up_to_its_last_reading(desk: Desk) -> None:
    """No last reading: what nobody measured is not billed."""
    desk.book.take(LEASE, readings(100), START + HOUR)
    desk.book.close(LEASE, [], read_at=START + 5 * HOUR, ended=START + 5 * HOUR)
    assert total(desk, "cpu-time") == 100
    assert desk.records()[-1].end.ToMilliseconds() == to_ms(START + HOUR)


@pytest.mark.parametrize(
    ("at", "counter"),
    [(START + 2 * HOUR, 50), (START + timedelta(minutes=30), 150)],
    ids=["the counter went back", "the clock went back"],
)
def test_a_reading_that_went_back_is_made_up_by_the_next(desk: Desk, at: datetime, counter: int) -> None:
    """One wrong reading stops neither the meter nor the bill; nothing is lost, nothing is billed twice."""
    desk.book.take(LEASE, readings(100), START + HOUR)
    desk.book.batch_due(LEASE, START + HOUR)
    desk.book.take(LEASE, readings(counter), at)
    desk.book.take(LEASE, readings(200), START + 3 * HOUR)
    desk.book.close(LEASE, readings(200), read_at=START + 4 * HOUR, ended=START + 4 * HOUR)
    assert total(desk, "cpu-time") == 200


@pytest.mark.parametrize("value", [Fraction(1, 3), Fraction(-1)])
def test_a_reading_that_no_record_can_state_is_left_out(desk: Desk, value: Fraction) -> None:
    """A third of a second has no decimal; the other meter's reading counts all the same."""
    units, cpu = readings(1)
    bad = type(cpu)(meter_id=cpu.meter_id, dimension=cpu.dimension, unit=cpu.unit, value=value, holding=False)
    desk.book.take(LEASE, [units, bad], START + HOUR)
    desk.book.close(LEASE, readings(7), read_at=START + 2 * HOUR, ended=START + 2 * HOUR)
    assert total(desk, "cpu-time") == 7


def test_a_lease_that_was_never_delivered_has_no_readings(desk: Desk) -> None:
    """AGENT-RELEASE-1: its release is answered all the same, without use."""
    assert desk.book.close("crex://broker.example/lease/other", [], read_at=START, ended=START) == []
    assert desk.batches() == []


def test_the_first_grant_stands(desk: Desk) -> None:
    """A delivery that is repeated gives the access and the time of before."""
    kept, at = desk.book.activate(LEASE, v1.Envelope(payload_type="another"), to_ms(START + HOUR))
    assert (kept.payload_type, at) == ("grant", to_ms(START))


def test_invoices_to_one_buyer_are_numbered_without_a_gap(desk: Desk) -> None:
    """STREAM-SEQUENCE-1, STREAM-PREV-1: the second invoice is number 2, and cites the first."""
    fill(desk)
    calls = pay(desk)
    invoices = [call.request.invoice for call in calls if isinstance(call.request, v1.IssueInvoiceRequest)]
    first, second = (json.loads(one.payload)["header"] for one in invoices)
    assert first["stream"] == second["stream"]
    assert (first["sequence"], second["sequence"]) == ("1", "2")
    assert "prev" not in first
    assert second["prev"] == digest(invoices[0].payload)


def test_a_crash_between_two_invoices_leaves_no_gap(desk: Desk) -> None:
    """STREAM-SEQUENCE-1: an agent that starts again goes on at the place that its journal states."""
    fill(desk)
    numbers = []
    while owed := desk.book.owed():
        if isinstance(owed[0].request, v1.IssueInvoiceRequest):
            numbers.append(json.loads(owed[0].request.invoice.payload)["header"]["sequence"])
        desk.book.paid(owed[0], NOW)
        desk.again()
    assert numbers == ["1", "2"]
