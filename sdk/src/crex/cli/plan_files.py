"""Price plans in files: documents, folders of them, and price lists of which drafts are made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from crex import v1
    from crex.rating import Plan, Series


def read_plans(paths: Sequence[Path], only: Sequence[str], issued_at: datetime) -> Iterator[v1.PricePlan]:
    """Gives the plans of files, folders and price lists, each once.

    Args:
        paths: Where they are.
        only: Words of which one is in the name or an SKU of a plan that is given; empty: all are.
        issued_at: From when a price of a list applies that does not say it.

    Raises:
        CrexError: NOT_FOUND: there is none.
    """
    from crex.errors import CrexError

    seen: set[tuple[str, int]] = set()
    words = [word.casefold() for word in only]
    found = 0
    for path in paths:
        for plan in _plans(path, issued_at):
            found += 1
            told = " ".join((plan.header.id, *(one.sku_id for one in plan.components))).casefold()
            key = plan.header.id, plan.header.revision
            if key in seen or (words and not any(word in told for word in words)):
                continue
            seen.add(key)
            yield plan
    if not seen:
        why = "there is no price plan in what was named"
        if words and found:
            why = f"none of {found} price plans has {' or '.join(only)} in name or SKU"
        raise CrexError("NOT_FOUND", f"Nothing can be shown: {why}.")


def _plans(path: Path, issued_at: datetime) -> Iterator[v1.PricePlan]:
    """Gives the plans of a file, a folder or a price list.

    Args:
        path: The file or folder.
        issued_at: From when a price of a list applies that does not say it.

    Raises:
        CrexError: It has none; `source` is the file.
    """
    from crex import v1
    from crex.cli.files import named, read_paper
    from crex.documents import convert
    from crex.documents.reader import read
    from crex.errors import CrexError

    if path.is_dir():
        for file in sorted(path.glob("*.json")):
            paper = read_paper(file)
            if paper.doctype.message is v1.PricePlan:
                with named(file):
                    yield convert.to_message(read(paper.body, v1.PricePlan), v1.PricePlan)
        return
    try:
        paper = read_paper(path)
    except CrexError as error:
        if error.reason == "NOT_FOUND" or not path.is_file():
            raise
        yield from _listed(path, error, issued_at)
        return
    with named(path):
        if paper.doctype.message is not v1.PricePlan:
            raise CrexError("TYPE", f"This is a document of type {paper.doctype.token}, not a price plan.")
        yield convert.to_message(read(paper.body, v1.PricePlan), v1.PricePlan)


def _listed(path: Path, error: Exception, issued_at: datetime) -> Iterator[v1.PricePlan]:
    """Gives the drafts that `crex describe prices` makes of a list; else raises what was wrong before."""
    from crex import v1
    from crex.describe.assembly import Issue, assemble
    from crex.describe.prices import IMPORTER
    from crex.describe.sources import open_sources

    issue = Issue(authority="list.invalid", site="list", issued_at=issued_at)
    made = assemble(IMPORTER.read(open_sources([path])), issue).made
    if not made:
        raise error
    for one in made:
        if isinstance(one.document, v1.PricePlan):
            yield one.document


def ready(plan: v1.PricePlan) -> Plan:
    """Makes a plan ready for rating, pinned by its digest.

    Raises:
        RatingError: SCHEMA: it breaks a rule of pricing.
    """
    from crex import v1
    from crex.documents import convert
    from crex.rating import Plan
    from crex.trust.envelope import digest

    header = plan.header
    pin = v1.Pin(id=header.id, revision=header.revision, sha256=digest(convert.dump(plan)))
    return Plan.of(plan, pin)


def read_series(path: Path) -> Series:
    """Reads a price series.

    Raises:
        CrexError: It is none; `source` is the file.
    """
    from crex import v1
    from crex.cli.files import named, read_paper
    from crex.documents import convert
    from crex.documents.reader import read
    from crex.rating import Series

    paper = read_paper(path)
    with named(path):
        return Series.of(convert.to_message(read(paper.body, v1.PriceSeries), v1.PriceSeries))
