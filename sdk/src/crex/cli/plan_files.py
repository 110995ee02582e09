"""Price plans in files: documents, folders of them, and price lists of which drafts are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

# What every document begins with, signed or not, and how far it is looked for.
_OF_DOCUMENTS: Final = (b'"header"', b'"payloadType"')
_LOOKED_AT: Final = 1 << 16

if TYPE_CHECKING:
    from datetime import datetime

    from crex import v1
    from crex.cli.files import Paper
    from crex.errors import CrexError
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
    for plan in _plans(paths, issued_at):
        found += 1
        told = " ".join((plan.header.id, *(one.sku_id for one in plan.components))).casefold()
        key = plan.header.id, plan.header.revision
        if key in seen or (words and not any(word in told for word in words)):
            continue
        seen.add(key)
        yield plan
    if not seen:
        why = "there is no price plan in what was named; of lists, `crex describe prices` says why"
        if words and found:
            why = f"none of {found} price plans has {' or '.join(only)} in name or SKU"
        raise CrexError("NOT_FOUND", f"Nothing can be shown: {why}.")


def _plans(paths: Sequence[Path], issued_at: datetime) -> Iterator[v1.PricePlan]:
    """Gives the plans in the order of the files; lists are read together, in the place of the first.

    Raises:
        CrexError: A file has none; `source` is the file.
    """
    from crex.cli.files import read_paper
    from crex.errors import CrexError

    papers: dict[Path, Paper] = {}
    lists: dict[Path, CrexError] = {}
    for path in paths:
        if path.is_dir():
            continue
        try:
            papers[path] = read_paper(path)
        except CrexError as error:
            if not path.is_file():
                raise
            lists[path] = error
    for path in paths:
        if path.is_dir():
            yield from filter(None, map(_plan, map(read_paper, sorted(path.glob("*.json")))))
        elif path in papers:
            plan = _plan(papers[path])
            if plan is None:
                kind = papers[path].doctype.token
                told = f"This is a document of type {kind}, not a price plan. Name another file."
                raise CrexError("TYPE", told, source=str(path))
            yield plan
        elif path == next(iter(lists)):
            yield from _listed(lists, issued_at)


def _plan(paper: Paper) -> v1.PricePlan | None:
    from crex import v1
    from crex.documents import convert
    from crex.documents.reader import read
    from crex.errors import named

    if paper.doctype.message is not v1.PricePlan:
        return None
    with named(paper.path):
        return convert.to_message(read(paper.body, v1.PricePlan), v1.PricePlan)


def _listed(lists: Mapping[Path, CrexError], issued_at: datetime) -> Iterator[v1.PricePlan]:
    """Gives the drafts that `crex describe prices` makes of lists; a file that is none raises what it was."""
    from crex import v1
    from crex.describe.assembly import Issue, assemble
    from crex.describe.prices import IMPORTER, NO_LIST
    from crex.describe.sources import open_sources
    from crex.errors import CrexError

    imported = IMPORTER.read(open_sources(list(lists)))
    unknown = {one.where: one.why for one in imported.left_out if one.why.startswith(NO_LIST)}
    for path, error in lists.items():
        if path.name in unknown:
            raise _neither(path, error, unknown[path.name].removeprefix(NO_LIST))
    issue = Issue(authority="list.invalid", site="list", issued_at=issued_at)
    made = [one.document for one in assemble(imported, issue).made if isinstance(one.document, v1.PricePlan)]
    if not made and imported.left_out:
        first, more = imported.left_out[0], len(imported.left_out) - 1
        others = f", and {more} more left out; `crex describe prices` names them" if more else ""
        told = (
            f"Nothing can be shown: there is no price plan in this list. {first.where}: {first.why}{others}."
        )
        raise CrexError("NOT_FOUND", told)
    yield from made


def _neither(path: Path, error: CrexError, why: str) -> CrexError:
    """Tells what is wrong with a file that is no list: as with a plan, where it looks like one."""
    from crex.errors import CrexError

    with path.open("rb") as file:
        begin = file.read(_LOOKED_AT)
    if any(member in begin for member in _OF_DOCUMENTS) and error.reason != "LIMIT":
        return error
    told = f"This is neither a price plan nor a price list of a layout that is known here{why}. Name "
    return CrexError("TYPE", f"{told}another file; `crex describe prices` reads lists.", source=str(path))


def ready(plan: v1.PricePlan) -> Plan:
    """Makes a plan ready for rating, pinned by its digest.

    Raises:
        RatingError: SCHEMA: it breaks a rule of pricing.
    """
    from crex.cli.drafts import pin_of
    from crex.rating import Plan

    return Plan.of(plan, pin_of(plan))


def read_series(path: Path) -> Series:
    """Reads a price series.

    Raises:
        CrexError: It is none; `source` is the file.
    """
    from crex import v1
    from crex.cli.files import read_paper
    from crex.documents import convert
    from crex.documents.reader import read
    from crex.errors import named
    from crex.rating import Series

    paper = read_paper(path, "price-series")
    with named(path):
        return Series.of(convert.to_message(read(paper.body, v1.PriceSeries), v1.PriceSeries))
