"""Reconciling two parties' records: what differs, by how much, and what does not."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crex.documents import convert
from crex.errors import CrexError
from crex.metering.reconciling.compare import Kind, Reconciliation, Tolerance, reconcile
from crex.metering.reconciling.report import as_json, as_text
from crex.metering.record import Record, build_record
from crex.v1 import UsageRecord
from sdk.tests.invoice.ledger import ISSUED

LEASE = "crex://broker.example/lease/l1"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def used(
    start_min: int,
    length_min: int,
    quantity: str,
    *,
    seq: int = 1,
    meter: str = "units",
    dimension: str = "compute-unit",
    unit: str = "unit",
    revision: int = 1,
    shift: timedelta = timedelta(0),
) -> Record:
    """A record that begins so many minutes after the beginning."""
    start = ISSUED + start_min * MINUTE + shift
    return build_record(
        UsageRecord(
            meter_id=meter,
            seq=seq,
            revision=revision,
            lease=LEASE,
            resource="crex://provider.example/compute-resource/r1",
            dimension=dimension,
            start=convert.to_timestamp(start),
            end=convert.to_timestamp(start + length_min * MINUTE),
            quantity=quantity,
            unit=unit,
        )
    )


def counted(start_min: int, length_min: int, quantity: str, *, seq: int = 1, meter: str = "cpu") -> Record:
    """A record of counted seconds."""
    return used(start_min, length_min, quantity, seq=seq, meter=meter, dimension="cpu-time", unit="s")


def kinds(found: Reconciliation) -> list[str]:
    """In what the sides differ."""
    return [str(each.kind) for each in found.differences]


def test_the_same_use_cut_differently_is_alike() -> None:
    """One record of an hour and six of ten minutes, under other names of meters, are the same use."""
    mine = [used(0, 60, "8")]
    other = [used(10 * index, 10, "8", seq=index + 1, meter="theirs") for index in range(6)]
    found = reconcile(mine, other)
    assert (found.ok, found.matched) == (True, 1)
    (total,) = found.totals
    assert total.ours == total.theirs == 8 * 3600
    assert (total.held, total.counts) == (True, (1, 6))


def test_what_one_side_lacks_is_named() -> None:
    """A record without a counterpart is missing on the other side, with its place and its amount."""
    found = reconcile(
        [used(0, 60, "8"), used(60, 60, "8", seq=2)], [used(0, 60, "8"), used(120, 60, "4", seq=2)]
    )
    assert kinds(found) == ["missing-theirs", "missing-ours"]
    assert [each.apart for each in found.differences] == [-8 * 3600, 4 * 3600]
    assert found.differences[0].records == ("ours: meter units, number 2, revision 1",)


def test_other_amounts_differ_beyond_the_tolerance() -> None:
    """A tolerance of a share or of an amount allows a difference up to and including it, exactly."""
    mine, other = [counted(0, 60, "1000")], [counted(0, 60, "1005")]
    assert kinds(reconcile(mine, other)) == ["quantity"]
    for texts, allowed in ((["5"], True), (["4.999999999999"], False), (["0.5%"], True), (["0.4%"], False)):
        assert reconcile(mine, other, tolerance=Tolerance.of(texts)).ok is allowed
    assert reconcile(mine, other, tolerance=Tolerance.of(["1", "0.5%"])).ok


@pytest.mark.parametrize("text", ["", "%", "-1", "1e3", "0.50", "ten", "1 %"])
def test_a_tolerance_is_a_decimal(text: str) -> None:
    """Anything else is refused, with what to write."""
    with pytest.raises(CrexError, match="is no tolerance"):
        Tolerance.of([text])


def test_other_times_differ_where_clocks_cannot_explain_it() -> None:
    """A second of clock difference is nothing; a minute that only one side covers is named."""
    mine = [counted(0, 60, "10")]
    assert reconcile(
        mine, [used(0, 60, "10", meter="cpu", dimension="cpu-time", unit="s", shift=timedelta(seconds=0.5))]
    ).ok
    found = reconcile(mine, [counted(1, 59, "10")])
    assert kinds(found) == ["time"]
    assert "60 s are covered by one side only" in found.differences[0].why


def test_events_of_one_instant_meet_within_the_clock() -> None:
    """Counted events half a second apart are one; two seconds apart they are not."""

    def event(shift: float) -> Record:
        return used(0, 0, "1", meter="calls", dimension="call", unit="calls", shift=timedelta(seconds=shift))

    assert reconcile([event(0)], [event(0.5)]).ok
    assert kinds(reconcile([event(0)], [event(3)])) == ["missing-theirs", "missing-ours"]


def test_duplicates_conflicts_and_overlaps_are_named() -> None:
    """A record that is there twice counts once; two under one number, or over one time, are named."""
    mine = [counted(0, 60, "10")]
    assert kinds(reconcile(mine, [*mine, *mine])) == ["duplicate"]
    assert kinds(reconcile(mine, [counted(0, 60, "10"), counted(0, 60, "11")])) == ["conflict"]
    twice = [counted(0, 60, "10"), counted(30, 30, "5", seq=2)]
    assert kinds(reconcile(mine, twice)) == ["overlap", "quantity"]


def test_the_highest_revision_counts() -> None:
    """RATE-REVISION-1: a corrected record stands for the one it corrects."""
    other = [used(0, 60, "7"), used(0, 60, "8", revision=2)]
    assert reconcile([used(0, 60, "8")], other).ok


def test_meters_are_compared_one_by_one_where_names_agree() -> None:
    """Two meters whose amounts were swapped differ meter by meter, and not together."""
    mine = [counted(0, 60, "10", meter="a"), counted(0, 60, "20", meter="b")]
    other = [counted(0, 60, "20", meter="a"), counted(0, 60, "10", meter="b")]
    assert kinds(reconcile(mine, other)) == ["quantity", "quantity"]
    assert reconcile(mine, other, by_meter=False).ok
    renamed = [counted(0, 60, "30", meter="c")]
    assert reconcile(mine, renamed).ok
    assert kinds(reconcile(mine, renamed, by_meter=True)) == [
        "missing-theirs",
        "missing-theirs",
        "missing-ours",
    ]


def test_a_total_differs_though_every_stretch_is_near_enough() -> None:
    """Small differences of one direction add up, and the total tells."""
    mine = [counted(60 * index, 60, "100", seq=index + 1) for index in range(10)]
    other = [counted(60 * index, 60, "101", seq=index + 1) for index in range(10)]
    found = reconcile(mine, other, tolerance=Tolerance.of(["1"]))
    assert (found.differences, found.ok) == ((), False)
    assert "differs" in as_text(found)


def test_a_report_is_a_table_and_json() -> None:
    """Both state exact amounts; the text names the first records and counts the rest."""
    mine = [counted(0, 60, "10.5"), *(counted(60 + index, 1, "1", seq=index + 2) for index in range(5))]
    found = reconcile(mine, [counted(0, 60, "10")])
    value = as_json(found)
    assert value["ok"] is False
    assert value["totals"][0] == {
        "dimension": "cpu-time",
        "unit": "s",
        "held": False,
        "ours": "15.5",
        "theirs": "10",
        "apart": "-5.5",
        "records": {"ours": 6, "theirs": 1},
        "within": False,
    }
    assert value["differences"][0]["kind"] == "quantity"
    text = as_text(found)
    assert "cpu-time   s     15.5  10      -5.5           6 / 1    differs" in text
    assert "0 stretches of use alike, 6 differences." in text
    assert "  records ours: meter cpu, number 1, revision 1\n  records theirs: meter" in text


def test_records_of_one_number_are_named() -> None:
    """Of two records that claim one number the text names the number, once."""
    found = reconcile([counted(0, 60, "10")], [counted(0, 60, "10"), counted(0, 60, "11")])
    assert "\n  records meter cpu, number 1, revision 1\n" in as_text(found)


def test_nothing_on_either_side_is_alike() -> None:
    """Two empty sides agree, and it is said that they are empty."""
    found = reconcile([], [])
    assert found.ok
    assert as_text(found) == "Neither file has any record."


cuts = st.lists(st.integers(0, 599), min_size=1, max_size=8, unique=True).map(sorted)


@settings(max_examples=60, deadline=None)
@given(cuts, st.lists(st.integers(1, 9), min_size=8, max_size=8), st.integers(0, 2**32))
def test_cutting_shuffling_and_repeating_change_nothing(
    edges: list[int], levels: list[int], seed: int
) -> None:
    """Held use cut anywhere on the other side is alike; swapped sides find the same, turned round."""
    edges = [*edges, 600]
    mine, other, seq = [], [], 0
    random = Random(seed)
    for index in range(len(edges) - 1):
        start, end, level = edges[index], edges[index + 1], str(levels[index % 8])
        mine.append(used(start, end - start, level, seq=index + 1))
        middle = random.randint(start, end)
        for low, high in ((start, middle), (middle, end)):
            if low < high:
                seq += 1
                other.append(used(low, high - low, level, seq=seq))
    random.shuffle(other)
    assert reconcile(mine, other).ok
    lost = other[1:]
    there, back = reconcile(mine, lost), reconcile(lost, mine)
    turned = {Kind.MISSING_OURS: Kind.MISSING_THEIRS, Kind.MISSING_THEIRS: Kind.MISSING_OURS}
    assert [(turned.get(each.kind, each.kind), -each.apart) for each in there.differences] == [
        (each.kind, each.apart) for each in back.differences
    ]
    apart = sum((each.apart for each in there.differences if each.kind is not Kind.TIME), Fraction(0))
    assert apart == there.totals[0].theirs - there.totals[0].ours if there.totals else not mine
