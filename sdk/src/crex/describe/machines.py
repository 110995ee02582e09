"""Machines that several files of one import tell: equal ones become one draft, with their number.

A number is stated only where every file says which machine it tells, and tells all of it: two logs that look
alike may be of one machine, and a log may show some of the devices only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from crex.describe.importing import Draft, Import, unused
from crex.describe.report import Report
from crex.describe.values import token
from crex.v1 import Accelerator, ComputeResource, NetworkInterface, NumaDomain, Partition, StorageTier

# What a list of a node holds at most (proto/crex/v1/node.proto).
_MOST_ELEMENTS: Final = 64

Element = TypeVar("Element", Accelerator, NetworkInterface, NumaDomain, StorageTier)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A machine as one file tells it.

    Attributes:
        name: Proposed name.
        body: Its description.
        rows: The rows that it stands for.
        certain: Whether the file says which machine it is, and tells all of it.
        slices: Rows of the slices of its devices, by profile.
    """

    name: str
    body: ComputeResource
    rows: tuple[str, ...]
    certain: bool
    slices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def add_machines(machines: Sequence[Told], books: Import) -> None:
    """Makes the drafts: one of equal machines, and one of each profile of their slices."""
    equal: dict[tuple[bytes, frozenset[tuple[str, int]]], list[Told]] = {}
    for each in machines:
        cut = frozenset((profile, len(rows)) for profile, rows in each.slices.items())
        equal.setdefault((each.body.SerializeToString(deterministic=True), cut), []).append(each)
    taken: set[str] = set()
    for alike in equal.values():
        first = alike[0]
        name = unused(first.name, taken)
        rows = tuple(row for each in alike for row in each.rows)
        certain = all(each.certain for each in alike)
        books.add(Draft(name=name, body=first.body, rows=rows, count=len(alike) if certain else None))
        for profile in first.slices:
            places = tuple(row for each in alike for row in each.slices[profile])
            books.add(
                Draft(
                    name=unused(token(f"mig {profile}") or "mig", taken),
                    body=ComputeResource(kind="partition-class", partition=Partition(profile=profile)),
                    rows=places,
                    count=len(places) if certain else None,
                    part_of=name,
                )
            )


def told_before(
    told: dict[str, tuple[str, Accelerator]],
    own: str,
    made: Accelerator,
    what: str,
    row: str,
    report: Report,
) -> str:
    """Says that another row tells a device, and reports where that says otherwise; empty for its first row.

    Args:
        told: Rows and devices so far, by what no other device in the world has.
        own: What this device has of that kind.
        made: What its row says.
        what: The device, for the report.
        row: Its row.
        report: Takes the contradiction.
    """
    first, known = told.setdefault(own, (row, made))
    if first == row:
        return ""
    if known != made:
        report.contradict(what, row, f"{first} says otherwise of it, and is believed")
    return f"it is {own}, which {first} tells"


def capped(elements: list[Element], what: str, where: str, report: Report) -> list[Element]:
    """Gives as many kinds of a list as a document holds, and reports that there are more."""
    if len(elements) > _MOST_ELEMENTS:
        why = f"there are {len(elements)} kinds; a document holds {_MOST_ELEMENTS}, the first"
        report.leave_out(what, where, why)
    return elements[:_MOST_ELEMENTS]
