"""Batches: built, signed, verified; every way in which one can be wrong has its reason."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crex.errors import CrexError
from crex.metering import Chain, Span, UsageError, verify_batch
from crex.trust import merkle
from crex.v1 import GapMarker, SeqRange, UsageBatch
from sdk.tests.metering.samples import LEASE, PERIOD, Batches, at, count, hours, record
from sdk.tests.rating.samples import activated, terminated

APRIL = Span.between(at("2026-04-01T00:00:00Z"), at("2026-05-01T00:00:00Z"))


def test_a_batch_states_its_records(batches: Batches) -> None:
    """Ranges by meter, count, and the root over the exact bytes by meter and number."""
    records = [*hours(3, meter="b"), *hours(2, meter="a")]
    draft = batches.draft(reversed(records))
    bodies = [each.body for each in sorted(records, key=lambda one: (one.meter_id, one.seq))]
    assert draft.bodies == bodies
    assert draft.message.records_root == merkle.root(bodies).hex()
    assert draft.message.record_count == 5
    assert [(each.meter_id, each.first_seq, each.last_seq) for each in draft.message.ranges] == [
        ("a", 1, 2),
        ("b", 1, 3),
    ]


def test_a_verified_batch_moves_the_chain(batches: Batches) -> None:
    """Each batch pins the one before, and numbers go on (BATCH-CHAIN-1)."""
    batches.append(batches.draft(hours(3), events=[activated()]))
    first = batches.chain.last
    batches.append(batches.draft(hours(2, first=4)))
    assert batches.chain.next_seq == {"units": 6}
    assert (len(batches.chain.pins), batches.chain.pins[0]) == (2, first)
    assert [event.kind for event in batches.chain.events] == [1]


def test_a_batch_without_records(batches: Batches) -> None:
    """A batch may state an event only; its tree has no leaves."""
    draft = batches.draft(events=[activated()])
    assert draft.message.records_root == merkle.EMPTY_ROOT.hex()
    assert batches.append(draft) == ()


def test_repeated_records_count_once(batches: Batches) -> None:
    """The same bytes twice are one record; other bytes under the same number are refused."""
    draft = batches.draft([*hours(2), *hours(2)])
    assert draft.message.record_count == 2
    with pytest.raises(CrexError) as refused:
        batches.draft([*hours(2), record(at("05T08:00:00"), at("05T09:00:00"), "7")])
    assert refused.value.reason == "CONFLICT"


def test_revisions_travel_together(batches: Batches) -> None:
    """A number may come in several revisions, one after the other."""
    corrected = record(at("05T08:00:00"), at("05T09:00:00"), "2", revision=2)
    draft = batches.draft([corrected, *hours(2)])
    assert [each.order for each in draft.records] == [("units", 1, 1), ("units", 1, 2), ("units", 2, 1)]
    assert draft.message.ranges[0] == SeqRange(meter_id="units", first_seq=1, last_seq=2)


def test_numbers_continue_into_the_next_period(batches: Batches) -> None:
    """The next period's first numbers are those after the last of the period before."""
    batches.append(batches.draft(hours(3), final=True))
    later = record(at("2026-04-01T00:00:00Z"), at("2026-04-01T01:00:00Z"), seq=4)
    batches.append(batches.draft([later], period=APRIL))
    assert (batches.chain.first_seq, batches.chain.period) == ({"units": 4}, APRIL)


def test_the_final_batch_may_close_the_period_early(batches: Batches) -> None:
    """When a lease is released, its final batch ends the period there."""
    batches.append(batches.draft(hours(2), events=[activated()]))
    short = Span(PERIOD.start_ms, hours(2)[1].span.end_ms)
    batches.append(batches.draft(period=short, events=[terminated(at("05T10:00:00"))], final=True))
    assert batches.chain.period == short


def gap(first: int, last: int) -> GapMarker:
    """A marker of the units' missing numbers."""
    return GapMarker(meter_id="units", first_seq=first, last_seq=last, reason="the journal was lost")


def test_a_gap_marker_takes_the_place_of_records(batches: Batches) -> None:
    """Marked numbers are accounted for; the next number is the one after them."""
    draft = batches.draft([*hours(2), *hours(1, first=5)], gaps=[gap(3, 4)])
    assert [(each.first_seq, each.last_seq) for each in draft.message.ranges] == [(1, 2), (5, 5)]
    batches.append(draft)
    assert batches.chain.next_seq == {"units": 6}


@pytest.mark.parametrize(
    ("first", "reason", "expected"), [(3, "USAGE_GAP", "2"), (1, "CONFLICT", "2"), (2, None, None)]
)
def test_the_next_number(batches: Batches, first: int, reason: str | None, expected: str | None) -> None:
    """Numbers neither skip nor repeat; the refusal says which was expected (BATCH-RANGE-1)."""
    batches.append(batches.draft(hours(1)))
    if reason is None:
        batches.draft(hours(1, first=first))
        return
    with pytest.raises(UsageError) as refused:
        batches.draft(hours(1, first=first))
    assert (refused.value.reason, refused.value.details["expected_seq"]) == (reason, expected)
    assert refused.value.details["meter_id"] == "units"


def test_a_marked_number_that_came(batches: Batches) -> None:
    """A number has a record or a gap marker, not both (BATCH-GAP-1)."""
    with pytest.raises(UsageError) as refused:
        batches.draft(hours(3), gaps=[gap(2, 2)])
    assert refused.value.reason == "CONFLICT"


def test_a_batch_outside_the_chain(batches: Batches) -> None:
    """A batch that cites no batch, an unknown one or one with a successor is refused (BATCH-CHAIN-1)."""
    lost, ours = batches.draft(hours(1)), batches.draft(hours(1))
    batches.append(ours)
    with pytest.raises(UsageError, match="is a first batch") as refused:
        batches.chain.follow(lost.message, batches.sign(lost.message).pin)
    assert refused.value.reason == "CONFLICT"
    second = batches.draft(hours(1, first=2))
    with pytest.raises(UsageError) as refused:
        Chain(LEASE).follow(second.message, batches.sign(second.message).pin)
    assert refused.value.reason == "USAGE_GAP"
    batches.append(second)
    third = batches.draft(hours(1, first=3))
    third.message.previous.CopyFrom(batches.chain.pins[0])
    with pytest.raises(UsageError) as refused:
        batches.chain.follow(third.message, batches.sign(third.message).pin)
    assert refused.value.reason == "CONFLICT"


@pytest.mark.parametrize(
    ("period", "requirement"),
    [
        (Span(PERIOD.start_ms, PERIOD.end_ms), "BATCH-FINAL-1"),
        (Span(PERIOD.start_ms + 1, PERIOD.end_ms), "BATCH-PERIOD-1"),
        (Span(PERIOD.start_ms - 1, PERIOD.start_ms), "BATCH-PERIOD-1"),
        (APRIL, None),
    ],
)
def test_periods_come_once_and_in_order(batches: Batches, period: Span, requirement: str | None) -> None:
    """A sealed period takes no more, and no period overlaps or precedes another."""
    batches.append(batches.draft(hours(1), final=True))
    if requirement is None:
        batches.draft(period=period)
        return
    with pytest.raises(UsageError, match=requirement) as refused:
        batches.draft(period=period)
    assert refused.value.reason == "CONFLICT"


def test_only_a_final_batch_closes_a_period_early(batches: Batches) -> None:
    """A batch that is not final states the period as the batches before it."""
    batches.append(batches.draft(hours(1)))
    with pytest.raises(UsageError, match="BATCH-PERIOD-1"):
        batches.draft(period=Span(PERIOD.start_ms, PERIOD.end_ms - 1))


def test_events_come_once_and_in_order(batches: Batches) -> None:
    """One activation, then one termination, over all batches."""
    start, end = activated(at("05T08:00:00")), terminated(at("05T10:00:00"))
    batches.append(batches.draft(events=[end, start]))  # the builder sorts them
    for wrong in ([start], [terminated(at("05T11:00:00"))]):
        with pytest.raises(UsageError, match="BATCH-EVENT-1"):
            batches.draft(events=wrong)


def test_a_termination_without_activation(batches: Batches) -> None:
    """Use that never began cannot end."""
    with pytest.raises(UsageError, match="before ACTIVATED"):
        batches.draft(events=[terminated(at("05T10:00:00"))])


def test_an_event_before_an_earlier_one(batches: Batches) -> None:
    """Events of later batches are later."""
    batches.append(batches.draft(events=[activated(at("05T08:00:00"))]))
    with pytest.raises(UsageError, match="listed after"):
        batches.draft(events=[terminated(at("05T07:00:00"))])


def _add_body(message: UsageBatch, bodies: list[bytes]) -> None:
    bodies.append(hours(1, first=4)[0].body)


def _flip(message: UsageBatch, bodies: list[bytes]) -> None:
    bodies[1] = bodies[1].replace(b'"quantity":"1"', b'"quantity":"8"')


def _swap(message: UsageBatch, bodies: list[bytes]) -> None:
    bodies[0], bodies[1] = bodies[1], bodies[0]


def _swap_sealed(message: UsageBatch, bodies: list[bytes]) -> None:
    _swap(message, bodies)
    message.records_root = merkle.root(bodies).hex()


def _other_lease(message: UsageBatch, bodies: list[bytes]) -> None:
    bodies[2] = bodies[2].replace(b"lease/l1", b"lease/l2")
    message.records_root = merkle.root(bodies).hex()


def _outside(message: UsageBatch, bodies: list[bytes]) -> None:
    message.period.end.FromDatetime(at("05T10:30:00"))


def _wide_range(message: UsageBatch, bodies: list[bytes]) -> None:
    message.ranges[0].last_seq = 4


def _batch_lease(message: UsageBatch, bodies: list[bytes]) -> None:
    message.lease = LEASE + "x"


def _not_strict(message: UsageBatch, bodies: list[bytes]) -> None:
    bodies[0] = bodies[0].replace(b'"seq":"1"', b'"seq":1')
    message.records_root = merkle.root(bodies).hex()


CHANGES: dict[str, tuple[Callable[[UsageBatch, list[bytes]], None], str, str]] = {
    "a record too many": (_add_body, "SUBJECT", "BATCH-COUNT-1"),
    "a byte changed": (_flip, "SUBJECT", "BATCH-ROOT-1"),
    "two records swapped on the way": (_swap, "SUBJECT", "BATCH-ROOT-1"),
    "two records sealed out of order": (_swap_sealed, "SCHEMA", "BATCH-ROOT-1"),
    "a record of another lease": (_other_lease, "TERMS", "BATCH-LEASE-1"),
    "a record outside the period": (_outside, "USAGE_OUT_OF_BOUNDS", "BATCH-PERIOD-1"),
    "a range of more than came": (_wide_range, "SCHEMA", "BATCH-RANGE-1"),
    "a batch of another lease": (_batch_lease, "TERMS", "BATCH-LEASE-1"),
    "a record that is not strict": (_not_strict, "SCHEMA", ""),
}


@pytest.mark.parametrize("case", CHANGES)
def test_one_change_is_refused(batches: Batches, case: str) -> None:
    """Each is one change away from a batch that verifies, signed by its provider all the same."""
    change, reason, requirement = CHANGES[case]
    draft = batches.draft(hours(3))
    verify_batch(batches.chain, batches.sign(draft.message), draft.bodies)
    bodies = draft.bodies
    change(draft.message, bodies)
    with pytest.raises(CrexError) as refused:
        verify_batch(batches.chain, batches.sign(draft.message), bodies)
    assert refused.value.reason == reason
    assert requirement in refused.value.message


def test_a_count_over_the_end_of_a_period(batches: Batches) -> None:
    """A reading that spans two periods belongs to neither batch."""
    across = count(at("31T23:00:00"), at("2026-04-01T01:00:00Z"), "5")
    with pytest.raises(UsageError, match="Cut readings"):
        batches.draft([across])
