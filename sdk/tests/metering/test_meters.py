"""Meters: readings of a counter become gapless records, whatever the counter and the clock do."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crex.documents.times import from_ms, to_ms
from crex.metering import CountingMeter, HoldingMeter, MeterInfo, MeterState, UsageError
from sdk.tests.metering.samples import LEASE, START, Batches, at
from sdk.tests.rating.samples import RESOURCE

UNITS = MeterInfo("units", LEASE, RESOURCE, "compute-unit", "unit")
CPU = MeterInfo("cpu", LEASE, RESOURCE, "cpu-time", "s", method="cgroup cpu.stat usage_usec")
T8, T9, T10 = at("05T08:00:00"), at("05T09:00:00"), at("05T10:00:00")


def test_held_units() -> None:
    """A holding meter states units from reading to reading, numbered from 1 (USAGE-SEQ-1)."""
    meter = HoldingMeter.start(UNITS, T8)
    records = meter.read(T9, 8) + meter.read(T10, 6)
    assert [(each.seq, str(each.quantity), str(each.span)) for each in records] == [
        (1, "8", "[2026-03-05T08:00:00Z, 2026-03-05T09:00:00Z)"),
        (2, "6", "[2026-03-05T09:00:00Z, 2026-03-05T10:00:00Z)"),
    ]


def test_held_units_are_cut() -> None:
    """Held time is cut exactly where a period ends."""
    midnight = at("06T00:00:00")
    meter = HoldingMeter.start(UNITS, at("05T23:00:00"))
    records = meter.read(at("06T01:00:00"), 8, cuts=[midnight, T8])
    assert [each.span.end_ms for each in records] == [to_ms(midnight), to_ms(at("06T01:00:00"))]


def test_no_time_and_no_record() -> None:
    """Reading again at the same instant states nothing new."""
    meter = HoldingMeter.start(UNITS, T8)
    assert meter.read(T8, 8) == []
    cpu = CountingMeter.start(CPU, T8, 5)
    assert cpu.read(T8, 5) == []


def test_a_counter() -> None:
    """A counting meter states what the counter grew by; idle time is stated as none."""
    meter = CountingMeter.start(CPU, T8, Fraction(1_500_000, 1_000_000))
    records = [*meter.read(T9, Fraction("3.25")), *meter.read(T10, Fraction("3.25"))]
    assert [each.quantity for each in records] == [Fraction("1.75"), 0]
    assert b'"method":"cgroup cpu.stat usage_usec"' in records[0].body


def test_a_counter_states_its_readings() -> None:
    """USAGE-READINGS-1: a record says what the counter stood at, where that was read at both ends."""
    meter = CountingMeter.start(CPU, T8, Fraction("1.5"))
    (first,) = meter.read(T9, Fraction("3.25"))
    assert first.readings == (Fraction("1.5"), Fraction("3.25"))
    meter.restarted()
    again = CountingMeter(CPU, MeterState.from_json(json.loads(json.dumps(meter.state.to_json()))))
    for restarted in (meter, again):
        (second,) = restarted.read(T10, 2)
        assert second.quantity == 2
        assert second.readings is None
    (third,) = meter.read(at("05T11:00:00"), 5)
    assert third.readings == (Fraction(2), Fraction(5))
    divided = meter.read(at("05T12:00:00"), 8, cuts=[at("05T11:30:00")], estimate=True)
    assert [each.readings for each in divided] == [None, None]
    (last,) = meter.read(at("05T13:00:00"), 8)
    assert last.readings == (Fraction(8), Fraction(8))
    assert HoldingMeter.start(UNITS, T8).read(T9, 8)[0].readings is None


def test_a_counter_that_goes_back() -> None:
    """A counter that went back is refused; after a restart it counts anew (USAGE-COUNTER-1)."""
    meter = CountingMeter.start(CPU, T8, 100)
    with pytest.raises(UsageError, match="went back") as refused:
        meter.read(T9, 7)
    assert refused.value.reason == "CONFLICT"
    meter.restarted(3)
    (restarted,) = meter.read(T9, 7)
    assert (restarted.seq, str(restarted.quantity)) == (1, "4")


def test_a_clock_that_goes_back() -> None:
    """No record ends before it starts."""
    meter = HoldingMeter.start(UNITS, T9)
    with pytest.raises(UsageError) as refused:
        meter.read(T8, 1)
    assert refused.value.reason == "CLOCK_BACKWARDS"


def test_a_count_across_a_cut() -> None:
    """What was counted across a cut is refused, or divided in proportion and flagged (USAGE-CUT-1)."""
    meter = CountingMeter.start(CPU, T8)
    with pytest.raises(UsageError, match="Read the counter there") as refused:
        meter.read(T10, 10, cuts=[at("05T08:40:00")])
    assert refused.value.reason == "CUT_REQUIRED"
    records = meter.read(T10, 10, cuts=[at("05T08:40:00")], estimate=True)
    assert [(each.quantity, each.estimated) for each in records] == [
        (Fraction("3.333333"), True),
        (Fraction("6.666667"), True),
    ]


def test_the_state_survives() -> None:
    """A meter goes on from a journal where it stopped."""
    meter = CountingMeter.start(CPU, T8, 1)
    meter.read(T9, Fraction("2.5"))
    kept = json.loads(json.dumps(meter.state.to_json()))
    again = CountingMeter(CPU, MeterState.from_json(kept))
    assert again.state == meter.state
    assert again.read(T10, 4) == meter.read(T10, 4)


def test_the_last_reading() -> None:
    """A release receipt states the last number and the sum of all quantities."""
    meter = CountingMeter.start(CPU, T8)
    assert (meter.reading.last_seq, meter.reading.total) == (0, "0")
    meter.read(T9, Fraction("2.5"))
    meter.read(T10, 4)
    assert (meter.reading.meter_id, meter.reading.last_seq) == ("cpu", 2)
    assert (meter.reading.total, meter.reading.unit) == ("4", "s")


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 90_000), st.integers(0, 10**9)), min_size=1, max_size=12),
    st.lists(st.integers(0, 900_000), max_size=3),
)
def test_nothing_is_lost_and_nothing_doubled(readings: list[tuple[int, int]], cut_ms: list[int]) -> None:
    """Records touch, number from 1 without a gap, end at every cut, and sum to what the counter grew by."""
    meter, now, counter = CountingMeter.start(CPU, START, 42), to_ms(START), 42
    cuts = [from_ms(to_ms(START) + ms) for ms in cut_ms]
    records = []
    for elapsed, grown in readings:
        now, counter = now + elapsed, counter + grown
        records += meter.read(from_ms(now), counter, cuts=cuts, estimate=True)
    assert sum(each.quantity for each in records) == counter - 42
    assert [each.seq for each in records] == list(range(1, len(records) + 1))
    assert all(first.span.end_ms == second.span.start_ms for first, second in pairwise(records))
    assert not any(each.span.crosses(to_ms(cut)) for each in records for cut in cuts)


def test_records_of_meters_are_a_batch(batches: Batches) -> None:
    """What meters state verifies as a batch."""
    units, cpu = HoldingMeter.start(UNITS, T8), CountingMeter.start(CPU, T8)
    records = [*units.read(T9, 8), *cpu.read(T9, 100), *units.read(T10, 8), *cpu.read(T10, 150)]
    batches.append(batches.draft(records))
    assert batches.chain.next_seq == {"cpu": 3, "units": 3}
