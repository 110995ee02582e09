"""What a usage importer is: it turns what was used elsewhere into uses, and says what became of the rest.

    class Importer:
        name = "slurm"
        about = "jobs as sacct states them"
        commands = ()

        def read(self, sources: Sequence[Source], zone: ZoneInfo | None) -> Outcome[Use]: ...

Those of this package are listed in `crex.metering.importing.built_in`; a vendor's own are entry points of the
group `crex.usage_importers`. Books, sources and reports are those of the importers of documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Protocol, TypeAlias, runtime_checkable
from zoneinfo import ZoneInfo

from crex.describe.importing import Books, Outcome, Reads
from crex.describe.sources import Source
from crex.metering.span import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """An amount of one dimension that was used in an interval: a record without meter and number.

    Attributes:
        dimension: Dimension token.
        unit: Unit token.
        span: When, UTC; empty for an event.
        quantity: How much, exact.
        method: Field and thing that say so, such as `sacct TotalCPU, job 42`; a record states 256
            characters of it.
        rows: Places of the rows that it stands for.
        labels: What the rows say of whom or what used it, by the source's own names.
        estimated: Whether the source itself only samples it (USAGE-IMPORT-3).
        readings: What a counter stood at as the interval began and ended.
    """

    dimension: str
    unit: str
    span: Span
    quantity: Fraction
    method: str
    rows: tuple[str, ...]
    labels: tuple[tuple[str, str], ...] = ()
    estimated: bool = False
    readings: tuple[Fraction, Fraction] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one row says, before it is known whether another says the same thing.

    Attributes:
        key: Names what was used: a job and when it began, an account and a month.
        row: The row.
        uses: What it says; not empty.
    """

    key: str
    row: str
    uses: tuple[Use, ...]


class UsageImport(Books[Use]):
    """The books of an import of usage."""

    def told(self, row: str, read: Found | str) -> Iterator[Found]:
        """Yields what was read of a row; where that is why nothing was, leaves the row out."""
        if isinstance(read, str):
            self.leave_out(row, read)
        else:
            yield read


UsageImported: TypeAlias = Outcome[Use]


@runtime_checkable
class UsageImporter(Reads, Protocol):
    """Reads what was used elsewhere."""

    def read(self, sources: Sequence[Source], zone: ZoneInfo | None) -> UsageImported:
        """Reads files of one import together.

        Never raises for what they contain: what cannot be read is left out, with its place and the reason.

        Args:
            sources: The files.
            zone: Zone of times that do not say in which they are; nothing: such rows are left out.
        """
        ...


def settle(found: Iterable[Found], books: UsageImport) -> None:
    """Takes in what rows say, each thing once (IMPORT-SECOND-1).

    A thing that several rows tell alike stands in the first; one that they tell differently in none.
    """
    told: dict[str, list[Found]] = {}
    for one in found:
        told.setdefault(one.key, []).append(one)
    for same in told.values():
        first = same[0]
        if any(_said(one) != _said(first) for one in same[1:]):
            for one in same:
                others = len(same) - 1
                books.leave_out(one.row, f"{others} other rows tell {one.key} differently; none is believed")
            continue
        for use in first.uses:
            books.add(use)
        for one in same[1:]:
            books.leave_out(one.row, f"it says of {one.key} what {first.row} says")


def _said(found: Found) -> tuple[Use, ...]:
    return tuple(replace(use, rows=()) for use in found.uses)
