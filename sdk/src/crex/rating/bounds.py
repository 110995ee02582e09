"""What usage may claim at most: the lease's time, its units, and each instant once (rate/1, step 5).

A broker asks the same of every batch as it comes, and a bill asks it again of all records together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise

from crex.decimals import format_decimal
from crex.errors import RatingError
from crex.metering.record import Record
from crex.metering.span import Span, show_ms
from crex.rating.component import Use
from crex.rating.plan import Plan
from crex.rating.terms import LeaseTerms


def check_bounds(
    plan: Plan | Sequence[Plan], lease: LeaseTerms, active: Span, records: Sequence[Record]
) -> None:
    """Checks that records lie in a lease's use, do not overlap, and claim no more units than were leased.

    Args:
        plan: The price plan, or all that apply; they say which dimensions are held (TIME).
        lease: The lease.
        active: Time in which it was in use, as `LeaseTerms.active` returns it.
        records: Records of one lease, each number once, in its highest revision.

    Raises:
        RatingError: USAGE_OUT_OF_BOUNDS (RATE-LEASE-1, RATE-ACTIVE-1, RATE-QUANTITY-1) or CONFLICT
            (RATE-OVERLAP-1).
    """
    for record in records:
        if record.lease != lease.name:
            raise _out_of_bounds(
                record, f"it is of lease {record.lease}, but lease {lease.name} is billed", "RATE-LEASE-1"
            )
        if not active.holds(record.span):
            raise _out_of_bounds(
                record, f"it covers {record.span}, but the lease was in use in {active}", "RATE-ACTIVE-1"
            )
    check_overlaps(records)
    plans = (plan,) if isinstance(plan, Plan) else plan
    held = frozenset(use for one in plans for use in one.bounded)
    check_quantity((record for record in records if (record.dimension, record.unit) in held), lease.quantity)


def check_overlaps(records: Iterable[Record]) -> None:
    """Checks that no two records of one meter, resource and dimension claim the same time (RATE-OVERLAP-1).

    Raises:
        RatingError: CONFLICT if two overlap. Records that touch do not.
    """
    groups: dict[tuple[str, str, str, str], list[Record]] = defaultdict(list)
    for record in records:
        if not record.span.empty:
            groups[record.lease, record.meter_id, record.resource, record.dimension].append(record)
    for group in groups.values():
        group.sort(key=lambda record: (record.span, record.seq))
        for first, second in pairwise(group):
            if first.span.overlaps(second.span):
                raise RatingError(
                    "CONFLICT",
                    f"Records overlap: number {first.seq} of meter {first.meter_id} covers {first.span}, "
                    f"number {second.seq} covers {second.span}. The common time would be billed twice. Have "
                    "the provider correct one of them under a higher revision (step 5, RATE-OVERLAP-1).",
                    details={
                        "step": "5",
                        "requirement": "RATE-OVERLAP-1",
                        "meter_id": first.meter_id,
                        "seq": str(second.seq),
                        "other_seq": str(first.seq),
                    },
                )


def check_quantity(records: Iterable[Record], quantity: int) -> None:
    """Checks that units held at one instant, over all meters, never exceed the leased quantity.

    Args:
        records: Records whose dimension and unit a TIME component prices.
        quantity: Units leased.

    Raises:
        RatingError: USAGE_OUT_OF_BOUNDS if they do (RATE-QUANTITY-1).
    """
    changes: dict[Use, list[tuple[int, bool, Fraction, Record]]] = defaultdict(list)
    for record in records:
        if not record.span.empty and record.quantity:
            use = changes[record.dimension, record.unit]
            use.append((record.span.start_ms, True, record.quantity, record))
            use.append((record.span.end_ms, False, -record.quantity, record))
    for (dimension, unit), steps in changes.items():
        held = Fraction(0)
        # At one instant ends come before starts: intervals that touch are never held together.
        for instant, _, change, record in sorted(steps, key=lambda step: step[:2]):
            held += change
            if held > quantity:
                raise _out_of_bounds(
                    record,
                    f"from {show_ms(instant)} on, {format_decimal(held)} {unit} of {dimension} are held "
                    f"where {quantity} were leased",
                    "RATE-QUANTITY-1",
                )


def _out_of_bounds(record: Record, what: str, requirement: str) -> RatingError:
    return RatingError(
        "USAGE_OUT_OF_BOUNDS",
        f"The record of {record.place} cannot be billed: {what}. Only use that was bought is owed. Have the "
        f"provider correct it under a higher revision (step 5, {requirement}).",
        details={
            "step": "5",
            "requirement": requirement,
            "meter_id": record.meter_id,
            "seq": str(record.seq),
        },
    )
