"""What rating refuses, each with its reason and the number of its step."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from crex.documents.times import parse_time
from crex.errors import RatingError
from crex.metering import Record
from crex.rating import Zone
from crex.v1 import GapMarker, ServiceEvent, TzTransition
from sdk.tests.rating.samples import (
    END,
    LEASE,
    START,
    activated,
    amounts,
    at,
    bill,
    component,
    count,
    counted,
    lease,
    plan,
    record,
    terminated,
)

MS = timedelta(milliseconds=1)
T8, T9, T10 = at("05T08:00:00"), at("05T09:00:00"), at("05T10:00:00")


def refused(records: Sequence[Record], events: Sequence[ServiceEvent] | None = None) -> tuple[str, str]:
    """Reason and step by which records are refused."""
    with pytest.raises(RatingError) as caught:
        bill(plan(), records, events=events)
    return caught.value.reason, caught.value.details["step"]


def test_the_same_record_twice_counts_once() -> None:
    """A record that comes twice in the same bytes is billed once (RATE-DUPLICATE-1)."""
    once = record(T8, T9)
    assert bill(plan(), [once, record(T8, T9)]).digest == bill(plan(), [once]).digest


def test_one_number_with_two_contents() -> None:
    """The same number and revision in other bytes makes the set unratable (RATE-CONFLICT-1)."""
    assert refused([record(T8, T9), record(T8, T9, "2")]) == ("CONFLICT", "3")


def test_the_highest_revision_counts() -> None:
    """A higher revision replaces a lower one, in whatever order they come (RATE-REVISION-1)."""
    first, second = record(T8, T9, "8"), record(T8, T9, "2", revision=2)
    assert amounts(bill(plan(), [second, first])) == ["5.98"]


def test_a_revision_may_correct_what_was_out_of_bounds() -> None:
    """Only the record that counts is asked whether it lies within the lease."""
    first, second = record(T8, T9, "9"), record(T8, T9, "8", revision=2)
    assert amounts(bill(plan(), [first, second])) == ["23.92"]


def test_a_missing_number_leaves_usage_incomplete() -> None:
    """Numbers 1 and 3 without 2 are rated, but not complete; a gap marker frees them (RATE-COMPLETE-1)."""
    records = [record(T8, T9), record(T9, T10, seq=3)]
    rating = bill(plan(), records)
    assert not rating.complete
    assert [str(numbers) for numbers in rating.missing] == ["2 of meter units"]
    gap = GapMarker(meter_id="units", first_seq=2, last_seq=2, reason="the disk broke")
    assert bill(plan(), records, gaps=[gap]).complete
    assert bill(plan(), records, gaps=[gap]).digest == rating.digest


def test_numbers_continue_across_periods() -> None:
    """A meter's first number in a period is the one after its last in the period before."""
    records = [record(T8, T9, seq=7)]
    assert [str(numbers) for numbers in bill(plan(), records).missing] == ["1 to 6 of meter units"]
    assert bill(plan(), records, first_seq={"units": 7}).complete


def test_a_number_with_a_record_and_a_gap_marker() -> None:
    """What came cannot be marked as never coming (BATCH-GAP-1)."""
    gap = GapMarker(meter_id="units", first_seq=1, last_seq=3, reason="lost")
    with pytest.raises(RatingError, match="number 1") as caught:
        bill(plan(), [record(T8, T9)], gaps=[gap])
    assert caught.value.reason == "CONFLICT"


def test_estimates_are_flagged() -> None:
    """A rating says that an estimate counts, until a higher revision replaces it."""
    guess = record(T8, T9, estimated=True)
    assert bill(plan(), [guess]).estimated
    assert not bill(plan(), [guess, record(T8, T9, revision=2)]).estimated


def test_records_that_overlap_by_a_millisecond() -> None:
    """Two records of one meter never claim the same time; touching is legal (RATE-OVERLAP-1)."""
    assert refused([record(T8, T9), record(T9 - MS, T10, seq=2)]) == ("CONFLICT", "5")
    assert amounts(bill(plan(), [record(T8, T9), record(T9, T10, seq=2)])) == ["5.98"]


def test_records_that_overlap_in_different_dimensions() -> None:
    """A meter may report two dimensions of the same time."""
    priced = plan(component(), counted("1", id="tokens"))
    both = [record(T8, T9), count(T8, T9, "5", seq=2, meter="units")]
    assert len(bill(priced, both).lines) == 2


def test_an_instant_overlaps_nothing() -> None:
    """A reading at one instant lies within another record without claiming its time."""
    assert bill(plan(counted("1")), [count(T8, T10, "1"), count(T9, T9, "1", seq=2)]).complete


@pytest.mark.parametrize(
    ("start", "end"),
    [(T8 - MS, T9), (T9, T10 + MS), (T10, T10)],
)
def test_outside_the_time_of_use(start: datetime, end: datetime) -> None:
    """Nothing is billed before activation or from termination on, not even an instant (RATE-ACTIVE-1)."""
    events = [activated(T8), terminated(T10)]
    assert refused([record(start, end)], events) == ("USAGE_OUT_OF_BOUNDS", "5")


def test_outside_the_leased_interval() -> None:
    """A lease that was not terminated ends with its interval, and one activated early begins with it."""
    short = lease(start=T8, end=T9)
    for late in (record(T8, T9 + MS), record(T8 - MS, T9)):
        with pytest.raises(RatingError) as caught:
            bill(plan(), [late], of=short, events=[activated(START)])
        assert caught.value.reason == "USAGE_OUT_OF_BOUNDS"


def test_a_lease_that_never_began() -> None:
    """Without an activation nothing can be billed."""
    assert refused([record(T8, T9)], []) == ("USAGE_OUT_OF_BOUNDS", "5")


def test_more_units_than_leased() -> None:
    """Units held are bounded by the lease: by one meter, and by all meters together (RATE-QUANTITY-1)."""
    assert refused([record(T8, T9, "8.001")]) == ("USAGE_OUT_OF_BOUNDS", "5")
    both = [record(T8, T10, "5"), record(T9, T10, "4", meter="other")]
    assert refused(both) == ("USAGE_OUT_OF_BOUNDS", "5")
    one_after_the_other = [record(T8, T9, "8"), record(T9, T10, "8", meter="other")]
    assert amounts(bill(plan(), one_after_the_other)) == ["47.84"]


def test_counts_are_not_bounded_by_units() -> None:
    """A lease of eight units may count any number of tokens."""
    assert amounts(bill(plan(counted("0.01")), [count(T8, T9, "1000000")])) == ["10000.00"]


def test_a_record_of_another_lease() -> None:
    """A bill is of one lease (RATE-LEASE-1)."""
    other = record(T8, T9, lease=LEASE + "x")
    assert refused([other]) == ("USAGE_OUT_OF_BOUNDS", "5")


@pytest.mark.parametrize(
    "events",
    [
        [activated(T8), activated(T9)],
        [activated(T9), terminated(T8)],
        [terminated(T9)],
    ],
)
def test_contradictory_events(events: list[ServiceEvent]) -> None:
    """Activation and termination happen once, in this order (BATCH-EVENT-1)."""
    assert refused([record(T8, T9)], events) == ("CONFLICT", "5")


def offsets(*starts: str) -> Zone:
    """A zone of one hour ahead from each of these instants."""
    transitions = [TzTransition(time_zone="Europe/Berlin", offset_s=3600) for _ in starts]
    for transition, start in zip(transitions, starts, strict=True):
        transition.utc.FromDatetime(parse_time(start))
    return Zone.of(transitions)


def test_offsets_that_do_not_cover_the_period() -> None:
    """Pinned offsets must begin no later than the period, and ascend (RATE-ZONE-1)."""
    assert bill(plan(), [record(T8, T9)], zone=offsets("2026-03-01T00:00:00Z")).complete
    with pytest.raises(RatingError, match="needed from") as caught:
        bill(plan(), [record(T8, T9)], zone=offsets("2026-03-01T00:00:01Z"))
    assert (caught.value.reason, caught.value.details["step"]) == ("SCHEMA", "1")
    for wrong in ((), ("2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z")):
        with pytest.raises(RatingError, match="RATE-ZONE-1"):
            offsets(*wrong)
    assert END > START
