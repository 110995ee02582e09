"""What an importer is: it turns what a vendor already has into documents, and says what became of the rest.

    class Importer:
        name = "slurm"
        about = "nodes as Slurm states them"
        commands = (("scontrol", "show", "node", "--json"),)

        def read(self, sources: Sequence[Source]) -> Imported: ...

An importer is found by its name: those of this package are listed in `crex.describe.importers`, a vendor's
own are entry points of the group `crex.importers` in a package of its own.

The invariant is that nothing is silent: every row of the input (a node, a device, a line of a list) either
stands in a draft or is listed with the reason why not. `Import` counts them, and an importer that forgets one
fails. A figure of a row that cannot be stated is a finding of the report; it is never guessed, and nothing
else is lost because of it (IMPORT-ROW-1, IMPORT-GUESS-1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeAlias, TypeVar, runtime_checkable

from crex.describe.report import Finding, Report
from crex.describe.sources import Source
from crex.describe.values import clean
from crex.v1 import ComputeResource, NetworkLink, PricePlan, Site

# The longest segment of a name (names.md).
LONGEST_NAME: Final = 63
_LONGEST_PLACE: Final = 480

Body: TypeAlias = ComputeResource | NetworkLink | PricePlan | Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An unsigned document without header: what a source says, before anybody says it.

    Attributes:
        name: Proposed last segment of the document's name, `[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?`; made
            unique where documents are made.
        body: The document without header; a resource also without `site_id`, unless the source states it.
        rows: Places of the rows of the input that it stands for, at least one.
        count: How many of it the source has, so that a pool can be made; None: the source does not say, or
            counting makes no sense.
        part_of: `name` of the draft of which this one is a partition; empty where it is none.
    """

    name: str
    body: Body
    rows: tuple[str, ...]
    count: int | None = None
    part_of: str = ""


class Drafted(Protocol):
    """What an importer makes of rows: a draft of a document, or use that is still to be numbered.

    Attributes:
        rows: Places of the rows that it stands for, at least one.
    """

    @property
    def rows(self) -> tuple[str, ...]: ...  # noqa: D102 - see the class


D = TypeVar("D", bound=Drafted)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row of the input that became nothing.

    Attributes:
        where: Its place, such as `nodes.json: $.nodes[3]` or `prices.csv: line 17`.
        why: Why, for people.
    """

    where: str
    why: str


# Without slots: `Imported(…)` notes its own type argument, which a frozen class with slots fails to refuse.
@dataclass(frozen=True)
class Outcome(Generic[D]):
    """What an import came to.

    Attributes:
        rows: Rows of the input.
        drafts: What was made of them.
        left_out: Rows that became none of them.
        findings: Figures that are not stated, or contradict each other, and why.
    """

    rows: int
    drafts: tuple[D, ...]
    left_out: tuple[LeftOut, ...]
    findings: tuple[Finding, ...]


Imported: TypeAlias = Outcome[Draft]


class Reads(Protocol):
    """What every importer has, whatever it makes of its input.

    Attributes:
        name: What follows the command, kebab-case.
        about: What it reads, for the list of commands: a phrase without a full stop.
        commands: Commands whose output it reads where no file is given; empty: files only. All are run.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - see the class

    @property
    def about(self) -> str: ...  # noqa: D102 - see the class

    @property
    def commands(self) -> Sequence[Sequence[str]]: ...  # noqa: D102 - see the class


@runtime_checkable
class Importer(Reads, Protocol):
    """Reads one kind of input and makes documents of it."""

    def read(self, sources: Sequence[Source]) -> Imported:
        """Reads files of one import together.

        Never raises for what they contain: what cannot be read is left out, with its place and the reason.
        """
        ...


@dataclass(slots=True)
class Books(Generic[D]):
    """Keeps the books of one import: rows begun, drafts, rows left out, findings."""

    report: Report = field(default_factory=Report)
    _rows: dict[str, bool] = field(default_factory=dict)
    _drafts: list[D] = field(default_factory=list)
    _left_out: list[LeftOut] = field(default_factory=list)

    def row(self, where: str) -> str:
        """Begins a row; gives its place, made unique.

        Args:
            where: Place of the row in the input.
        """
        # Names of files and of things come from outside: no line breaks, and nothing that no file can hold.
        where = clean(where, _LONGEST_PLACE) or "?"
        place, again = where, 1
        while place in self._rows:
            again += 1
            place = f"{where} ({again})"
        self._rows[place] = False
        return place

    def leave_out(self, row: str, why: str) -> None:
        """Says that a row becomes nothing."""
        self._end(row)
        self._left_out.append(LeftOut(clean(row, 512) or "?", clean(why, 512) or "?"))

    def add(self, draft: D) -> None:
        """Takes in a draft; it ends the rows that it stands for. A row may stand in several drafts."""
        for row in draft.rows:
            if not self._rows.get(row, False):
                self._end(row)
        self._drafts.append(draft)

    def done(self) -> Outcome[D]:
        """Closes the books.

        Raises:
            AssertionError: A row was neither described nor left out: a defect of the importer.
        """
        silent = [row for row, ended in self._rows.items() if not ended]
        if silent:
            raise AssertionError(f"rows without an outcome: {silent[:3]}")
        return Outcome(len(self._rows), tuple(self._drafts), tuple(self._left_out), self.report.findings)

    def _end(self, row: str) -> None:
        if self._rows.get(row, True):
            raise AssertionError(f"the row {row!r} was not begun, or has ended")
        self._rows[row] = True


class Import(Books[Draft]):
    """The books of an import of documents."""


def unused(proposed: str, taken: set[str]) -> str:
    """Numbers a name segment that is taken, and takes it."""
    name, number = proposed, 1
    while name in taken:
        number += 1
        suffix = f"-{number}"
        name = f"{proposed[: LONGEST_NAME - len(suffix)].rstrip('._-')}{suffix}"
    taken.add(name)
    return name
