"""What an exporter is: it writes documents in the words of one target, and says what became of the rest.

    class Exporter:
        name = "kubernetes"
        about = "ResourceSlices of accelerators for Kubernetes (JSON)"

        def write(self, documents: Sequence[Document]) -> Exported: ...

An exporter is found by its name: those of this package are listed in `crex.export.built_in`, a vendor's own
are entry points of the group `crex.exporters` in a package of its own.

Nothing is silent here either: every document either stands in a file or is listed with the reason why not
(EXPORT-BOOK-1), and what a document states and the target cannot say is a finding (EXPORT-SAY-1). `Export`
keeps these books, and an exporter that forgets a document fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Protocol, TypeAlias, runtime_checkable

from crex.describe.importing import LeftOut
from crex.describe.report import Finding, Report
from crex.describe.values import clean, token
from crex.names import Name
from crex.v1 import ComputeResource, Site

Document: TypeAlias = ComputeResource | Site

_LONGEST_STEM: Final = 40
_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export came to.

    Attributes:
        documents: Documents that were given.
        files: Content by file name; names have no folders.
        left_out: Documents that no file tells of.
        findings: What documents state and the files do not, and why.
    """

    documents: int
    files: Mapping[str, bytes]
    left_out: tuple[LeftOut, ...]
    findings: tuple[Finding, ...]


@runtime_checkable
class Exporter(Protocol):
    """Writes for one target.

    Attributes:
        name: What follows `crex export` on the command line, kebab-case.
        about: What it writes, for the list of commands: a phrase without a full stop.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - see the class

    @property
    def about(self) -> str: ...  # noqa: D102 - see the class

    def write(self, documents: Sequence[Document]) -> Exported:
        """Writes documents together.

        Args:
            documents: Resources and sites that a reader accepts. Whether they have expired, and whether they
                are believed, is for the caller to have judged.
        """
        ...


def place(document: Document) -> str:
    """Gives how findings name a document: its name and revision, as a reference."""
    return f"{document.header.id}@{document.header.revision}"


def stem(identifier: str, *more: str) -> str:
    """Gives a text for a name that is unique in other systems: a DNS label that begins as the name ends.

    Args:
        identifier: Name of a document.
        more: What else it must be unique for.
    """
    shown = (token(Name.parse(identifier).name) or "resource")[:_LONGEST_STEM].rstrip("-")
    return f"{shown}-{sha256(' '.join((identifier, *more)).encode()).hexdigest()[:_DIGITS]}"


@dataclass(slots=True)
class Export:
    """Keeps the books of one export: documents begun, files, documents left out, findings."""

    report: Report = field(default_factory=Report)
    _documents: dict[str, bool] = field(default_factory=dict)
    _unused: dict[str, str] = field(default_factory=dict)
    _files: dict[str, bytes] = field(default_factory=dict)
    _left_out: list[LeftOut] = field(default_factory=list)

    def begin(self, where: str) -> str:
        """Begins a document; gives its place, made unique."""
        unique, again = where, 1
        while unique in self._documents:
            again += 1
            unique = f"{where} ({again})"
        self._documents[unique] = False
        return unique

    def leave_out(self, where: str, why: str) -> None:
        """Says that no file tells of a document."""
        if self._documents[where]:
            raise AssertionError(f"{where!r} is told already")
        self._documents[where] = True
        self._left_out.append(LeftOut(clean(where, 512) or "?", clean(why, 512) or "?"))

    def unless_told(self, where: str, why: str) -> None:
        """Says why no file tells of a document that others refer to, if in the end none does."""
        self._unused[where] = why

    def tell(self, name: str, data: bytes, places: Iterable[str]) -> None:
        """Takes in a file that tells of documents; a document may stand in several files."""
        if name in self._files:
            raise AssertionError(f"two files are named {name!r}")
        self._files[name] = data
        for where in places:
            self._documents[where] = True

    def done(self) -> Exported:
        """Closes the books.

        Raises:
            AssertionError: A document was neither told nor left out: a defect of the exporter.
        """
        for where, why in self._unused.items():
            if not self._documents[where]:
                self.leave_out(where, why)
        silent = [where for where, ended in self._documents.items() if not ended]
        if silent:
            raise AssertionError(f"documents without an outcome: {silent[:3]}")
        return Exported(len(self._documents), dict(self._files), tuple(self._left_out), self.report.findings)
