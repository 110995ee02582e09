"""Which numbers are absent, from bits of which came (rate/1, step 4; RATE-COMPLETE-1, BATCH-GAP-1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from crex.bulk.steps import BUCKET_BITS
from crex.metering.selection import Numbers, missing_runs

_WIDTH: Final = 1 << BUCKET_BITS
# (first number, last number) that came, or that a gap marker names.
Run = tuple[int, int]


def runs_of(bucket: int, bits: int) -> Iterator[Run]:
    """Yields the runs of consecutive numbers of a bucket that came."""
    base, place = bucket << BUCKET_BITS, 0
    while place < _WIDTH:
        if not bits >> place & 1:
            place += 1
            continue
        first = place
        while place < _WIDTH and bits >> place & 1:
            place += 1
        yield base + first, base + place - 1


def holes_in(meter_id: str, rows: Iterable[tuple[int, int, int | None]], first_seq: int) -> Iterator[Numbers]:
    """Yields what is missing of a meter without gap markers.

    Args:
        meter_id: The meter.
        rows: Bucket, bits, and last number of the bucket before, ascending; of each bucket in which a
            number is missing or before which one is.
        first_seq: First number of the meter in the period.
    """
    for bucket, bits, before in rows:
        expected = first_seq if before is None else max(before + 1, first_seq)
        for first, last in runs_of(bucket, bits):
            if first > expected:
                yield Numbers(meter_id, expected, first - 1)
            expected = max(expected, last + 1)


def holes_beside(
    records: Mapping[str, Iterable[Run]], gaps: Mapping[str, Iterable[Run]], first_seq: Mapping[str, int]
) -> list[Numbers]:
    """Returns what is missing of the meters that have gap markers.

    Raises:
        RatingError: CONFLICT if a number has both a record and a marker, or two markers (BATCH-GAP-1).
    """
    found: list[Numbers] = []
    for meter_id in sorted({*records, *gaps}):
        runs = [(*run, False) for run in records.get(meter_id, ())]
        runs += [(*run, True) for run in gaps.get(meter_id, ())]
        found += missing_runs(meter_id, runs, first_seq.get(meter_id, 1))
    return found
