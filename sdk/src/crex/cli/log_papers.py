"""Documents, receipts and checkpoints in files and folders, sorted by what they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from crex.cli.log_source import LogAt
    from crex.transparency.papers import Paper, Promise
    from crex.transparency.views import View

_NOTE: Final = ".note"
# Proofs lie beside receipts (`crex log verify --save`); an audit needs none.
_PROOF: Final = ".proof.json"


@dataclass(slots=True)
class Collected:
    """What files hold.

    Attributes:
        papers: Signed documents, receipts aside.
        promises: Receipts.
        views: Checkpoints of the log.
        notes: Files that are not used, and why.
    """

    papers: list[Paper] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def collect(paths: Iterable[Path], at: LogAt) -> Collected:
    """Reads signed documents and checkpoints; what is neither, or does not verify, is noted and not used."""
    from crex.cli.party import now
    from crex.errors import CrexError
    from crex.transparency.papers import Promise, read_signed
    from crex.transparency.views import open_view

    found, moment = Collected(), now()
    for path in _files(paths):
        try:
            data = _read(path)
            if path.suffix == _NOTE:
                found.views.append(open_view(data, at.keys, origin=at.origin, place=str(path)))
                continue
            paper = read_signed(data, at.trust, now=moment, source=str(path))
            if paper.type == "receipt":
                found.promises.append(Promise.of(paper))
            else:
                found.papers.append(paper)
        except CrexError as error:
            found.notes.append(f"{path} is not used: {error.message} ({error.reason})")
    return found


def _read(path: Path) -> bytes:
    from crex.cli.files import read_bytes

    return read_bytes(path)


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(one for one in path.rglob("*") if _is_paper(one) and one.is_file())
        else:
            yield path


def _is_paper(path: Path) -> bool:
    return path.suffix in (".json", _NOTE) and not path.name.endswith(_PROOF)
