"""Batches that correct a sealed period, and the outages that batches state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from crex.documents import convert
from crex.metering import Record, Span, UsageError, verify_batch
from crex.v1 import GapMarker, Pin, ServiceEvent, ServiceEventKind, UsageBatch
from sdk.tests.metering.samples import HOUR, PERIOD, Batches, at, hours, record
from sdk.tests.rating.samples import activated, terminated

APRIL = Span.between(at("2026-04-01T00:00:00Z"), at("2026-05-01T00:00:00Z"))
GAP = GapMarker(meter_id="units", first_seq=3, last_seq=4, reason="the journal was lost")


def revised(seq: int, quantity: str = "2", *, revision: int = 2, meter: str = "units") -> Record:
    """The hour of a number, stated again."""
    start = at("05T08:00:00") + (seq - 1) * HOUR
    return record(start, start + HOUR, quantity, seq=seq, revision=revision, meter=meter)


@dataclass
class Sealed:
    """March sealed with numbers 1, 2, 5 and a gap of 3 and 4, and April begun with number 6."""

    batches: Batches
    final: Pin

    @classmethod
    def of(cls, batches: Batches) -> Sealed:
        """The chain up to there."""
        first = [*hours(2), *hours(1, first=5)]
        batches.append(batches.draft(first, events=[activated(at("05T08:00:00"))], gaps=[GAP], final=True))
        final = batches.chain.pins[-1]
        later = record(at("2026-04-01T00:00:00Z"), at("2026-04-01T01:00:00Z"), seq=6)
        batches.append(batches.draft([later], period=APRIL))
        return cls(batches, final)

    def correct(self, *records: Record, **more: object) -> None:
        """Appends a batch that corrects March."""
        self.batches.append(self.batches.draft(records, corrects=self.final, **more))  # type: ignore[arg-type]


def test_a_correction_leaves_the_period_that_goes_on(batches: Batches) -> None:
    """A higher revision follows the last batch, of April, and states March (BATCH-CORRECTION-1)."""
    sealed = Sealed.of(batches)
    before = batches.chain
    sealed.correct(revised(2))
    after = batches.chain
    assert (after.period, after.first_seq, after.next_seq) == (APRIL, {"units": 6}, {"units": 7})
    assert (after.events, len(after.pins)) == (before.events, 3)
    batches.append(batches.draft(period=APRIL, final=True))
    assert [each.period for each in batches.chain.sealed] == [PERIOD, APRIL]


def test_a_record_takes_the_place_of_a_marker(batches: Batches) -> None:
    """A number that was marked as a gap comes after all, in its first revision."""
    sealed = Sealed.of(batches)
    sealed.correct(revised(3, revision=1))
    assert list(batches.chain.sealed[0].marked) == [("units", 4, 4)]
    with pytest.raises(UsageError, match="no higher revision than 1"):
        sealed.correct(revised(3, revision=1))
    sealed.correct(revised(3, revision=2), revised(4, revision=1))
    assert not batches.chain.sealed[0].marked


def test_late_use_has_a_meter_of_its_own(batches: Batches) -> None:
    """It is numbered from 1, belongs to the period, and would go on after it in the next one."""
    sealed = Sealed.of(batches)
    sealed.correct(*[revised(seq, revision=1, meter="late") for seq in (1, 2)])
    assert batches.chain.next_seq == {"units": 7, "late": 3}
    assert batches.chain.first_seq == {"units": 6, "late": 3}
    assert batches.chain.sealed[0].numbers == {"units": (1, 6), "late": (1, 3)}
    with pytest.raises(UsageError, match="no higher revision"):
        sealed.correct(revised(1, revision=1, meter="late"))
    sealed.correct(revised(1, revision=2, meter="late"))


def test_a_meter_that_a_correction_begins_has_no_gap(batches: Batches) -> None:
    """Its numbers begin at 1 and leave out none (USAGE_GAP)."""
    sealed = Sealed.of(batches)
    for numbers in ((2,), (1, 3)):
        with pytest.raises(UsageError, match="from 1 without a gap") as refused:
            sealed.correct(*[revised(seq, revision=1, meter="late") for seq in numbers])
        assert refused.value.reason == "USAGE_GAP"


def test_the_last_period_is_corrected_once_it_is_sealed(batches: Batches) -> None:
    """A correction is the one kind of batch that follows the final batch of its own period."""
    batches.append(batches.draft(hours(2), final=True))
    batches.append(batches.draft([revised(1)], corrects=batches.chain.pins[-1]))
    assert batches.chain.final
    late = revised(1, revision=1, meter="late")
    batches.append(batches.draft([late], corrects=batches.chain.pins[0]))
    assert batches.chain.first_seq == {}
    with pytest.raises(UsageError, match="BATCH-FINAL-1"):
        batches.draft(hours(1, first=3))


def test_an_open_period_is_not_corrected(batches: Batches) -> None:
    """Until the final batch came there is nothing to correct."""
    batches.append(batches.draft(hours(2)))
    with pytest.raises(UsageError, match="final batch of no period"):
        batches.draft([revised(1)], corrects=batches.chain.pins[-1])


def test_without_the_records_of_a_period_numbers_are_held_to(batches: Batches) -> None:
    """Whoever holds batches only still refuses numbers that the period does not account for."""
    sealed = Sealed.of(batches)
    draft = batches.draft([revised(2)], corrects=sealed.final)
    chain = batches.chain.follow(draft.message, batches.sign(draft.message).pin)
    assert chain.sealed[0].revision_of("units", 2) == 1
    draft.message.ranges[0].last_seq = 6
    with pytest.raises(UsageError, match="does not account for"):
        batches.chain.follow(draft.message, batches.sign(draft.message).pin)


def _event(message: UsageBatch) -> None:
    message.service_events.append(terminated(at("05T12:00:00")))


def _gap(message: UsageBatch) -> None:
    message.gaps.append(GapMarker(meter_id="units", first_seq=7, last_seq=7, reason="lost"))


def _final(message: UsageBatch) -> None:
    message.final = True


def _period(message: UsageBatch) -> None:
    message.period.CopyFrom(APRIL.message())


def _pin(message: UsageBatch) -> None:
    message.corrects.sha256 = "0" * 64


@pytest.mark.parametrize("change", [_event, _gap, _final, _period, _pin])
def test_what_a_correction_may_not_state(batches: Batches, change: Callable[[UsageBatch], None]) -> None:
    """No event, gap or final flag, no other period, and none but the final batch (BATCH-CORRECTION-1)."""
    sealed = Sealed.of(batches)
    draft = batches.draft([revised(2)], corrects=sealed.final)
    change(draft.message)
    with pytest.raises(UsageError, match="BATCH-CORRECTION-1") as refused:
        verify_batch(batches.chain, batches.sign(draft.message), draft.bodies)
    assert refused.value.reason == "CONFLICT"


@pytest.mark.parametrize(
    "wrong", [revised(2, revision=1), revised(6, revision=1), revised(6, revision=2), revised(7)]
)
def test_a_number_belongs_to_one_period(batches: Batches, wrong: Record) -> None:
    """Neither a revision that is known nor a number of April corrects March."""
    sealed = Sealed.of(batches)
    with pytest.raises(UsageError, match="BATCH-CORRECTION-1") as refused:
        sealed.correct(wrong)
    assert refused.value.reason == "CONFLICT"


def outage(start: str, until: str | None) -> ServiceEvent:
    """A time in which delivery failed."""
    event = ServiceEvent(kind=ServiceEventKind.SERVICE_EVENT_KIND_OUTAGE, at=convert.to_timestamp(at(start)))
    if until is not None:
        event.until.CopyFrom(convert.to_timestamp(at(until)))
    return event


def test_outages_between_the_events(batches: Batches) -> None:
    """Outages come as often as they happen, may overlap, and ascend with the other events (BATCH-EVENT-1)."""
    start, end = activated(at("05T08:00:00")), terminated(at("05T12:00:00"))
    outages = [outage("05T09:00:00", "05T10:00:00"), outage("05T09:30:00", "05T09:45:00")]
    batches.append(batches.draft(events=[start, *outages, end]))
    assert [event.kind for event in batches.chain.events] == [1, 5, 5, 2]
    batches.append(batches.draft(events=[outage("05T12:00:00", "05T13:00:00")]))
    with pytest.raises(UsageError, match="listed after"):
        batches.draft(events=[outage("05T11:00:00", "05T13:00:00")])


@pytest.mark.parametrize(
    "wrong",
    [
        outage("05T07:00:00", "05T07:30:00"),
        outage("05T09:00:00", None),
        outage("05T09:00:00", "05T09:00:00"),
    ],
)
def test_an_outage_that_is_none(batches: Batches, wrong: ServiceEvent) -> None:
    """An outage lies after ACTIVATED and has a length (BATCH-OUTAGE-1)."""
    with pytest.raises(UsageError, match="BATCH-OUTAGE-1") as refused:
        batches.draft(events=[wrong, activated(at("05T08:00:00"))])
    assert refused.value.reason == "CONFLICT"


def test_only_an_outage_has_an_end(batches: Batches) -> None:
    """An `until` on another event is refused (BATCH-OUTAGE-1)."""
    start = activated(at("05T08:00:00"))
    start.until.CopyFrom(convert.to_timestamp(at("05T09:00:00")))
    with pytest.raises(UsageError, match="BATCH-OUTAGE-1"):
        batches.draft(events=[start])
