"""Which records count: one per number, the highest revision, none missing (rate/1, steps 3 and 4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crex.errors import RatingError
from crex.metering.record import Key, Record
from crex.v1 import GapMarker

# Missing numbers that a message spells out.
_SHOWN = 5


@dataclass(frozen=True, slots=True, order=True)
class Numbers:
    """Consecutive sequence numbers of one meter, from `first` to `last`, both inclusive."""

    meter_id: str
    first: int
    last: int

    def __str__(self) -> str:
        numbers = str(self.first) if self.first == self.last else f"{self.first} to {self.last}"
        return f"{numbers} of meter {self.meter_id}"


def distinct(records: Iterable[Record]) -> dict[Key, Record]:
    """Returns records by key, each once (step 3).

    Raises:
        RatingError: CONFLICT if one key comes with different bytes (RATE-CONFLICT-1).
    """
    found: dict[Key, Record] = {}
    for record in records:
        known = found.setdefault(record.key, record)
        if known is not record and known.body != record.body:
            raise RatingError(
                "CONFLICT",
                f"Two different records claim {record.place} of lease {record.lease}; which of them is true "
                "cannot be told, so nothing of the set can be billed. Have the provider state the correct "
                "one under a higher revision (step 3, RATE-CONFLICT-1).",
                details={
                    "step": "3",
                    "requirement": "RATE-CONFLICT-1",
                    "meter_id": record.meter_id,
                    "seq": str(record.seq),
                    "revision": str(record.revision),
                },
            )
    return found


def latest(records: Iterable[Record]) -> list[Record]:
    """Returns, of each lease, meter and number, the record of the highest revision, in order (step 4).

    The order is that of (lease, meter, number), whatever the order of the input (RATE-REVISION-1).

    Raises:
        RatingError: CONFLICT if one key comes with different bytes (RATE-CONFLICT-1).
    """
    found = distinct(records)
    # In ascending order of keys a later revision replaces an earlier one.
    return list({key[:3]: found[key] for key in sorted(found)}.values())


def missing(
    records: Sequence[Record],
    gaps: Iterable[GapMarker] = (),
    first_seq: Mapping[str, int] | None = None,
) -> list[Numbers]:
    """Returns the sequence numbers that neither a record nor a gap marker accounts for (step 4).

    Args:
        records: Records of one lease, each number once.
        gaps: Signed statements that numbers will never come; each bills zero.
        first_seq: First number of each meter in the billed period; 1 for a meter that it does not name.

    Returns:
        What is missing below the highest number known of each meter; empty if usage is complete
        (RATE-COMPLETE-1).

    Raises:
        RatingError: CONFLICT if a number has both a record and a gap marker (BATCH-GAP-1).
    """
    runs: dict[str, list[tuple[int, int, bool]]] = defaultdict(list)
    for gap in gaps:
        runs[gap.meter_id].append((gap.first_seq, gap.last_seq, True))
    for record in records:
        runs[record.meter_id].append((record.seq, record.seq, False))
    found: list[Numbers] = []
    for meter_id in sorted(runs):
        found += missing_runs(meter_id, runs[meter_id], (first_seq or {}).get(meter_id, 1))
    return found


def missing_runs(meter_id: str, runs: Iterable[tuple[int, int, bool]], first_seq: int) -> list[Numbers]:
    """Returns what is missing of one meter.

    Args:
        meter_id: The meter.
        runs: First and last number of what is accounted for, in any order, and whether by a gap marker.
        first_seq: First number of the meter in the billed period.

    Raises:
        RatingError: CONFLICT if a number has both a record and a gap marker (BATCH-GAP-1).
    """
    found = []
    expected, marked = first_seq, 0
    for first, last, is_gap in sorted(runs):
        if first < expected and (is_gap or first <= marked):
            raise _contradiction(meter_id, first)
        if first > expected:
            found.append(Numbers(meter_id, expected, first - 1))
        expected = max(expected, last + 1)
        marked = last if is_gap else marked
    return found


def show_missing(numbers: Sequence[Numbers]) -> str:
    """Returns a list of missing numbers for people, cut where it is long."""
    shown = ", ".join(str(each) for each in numbers[:_SHOWN])
    return shown if len(numbers) <= _SHOWN else f"{shown} and {len(numbers) - _SHOWN} further ranges"


def _contradiction(meter_id: str, seq: int) -> RatingError:
    return RatingError(
        "CONFLICT",
        f"A gap marker says that number {seq} of meter {meter_id} will never come, but it came, or another "
        "marker covers it too. Mark a number only where it is missing for good (step 4, BATCH-GAP-1).",
        details={"step": "4", "requirement": "BATCH-GAP-1", "meter_id": meter_id, "seq": str(seq)},
    )
