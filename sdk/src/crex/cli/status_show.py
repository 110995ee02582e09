"""`crex status show` and `fetch`: status lists as their readers see them."""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crex.cli.document_commands import trusted
from crex.cli.resolve_commands import fetcher
from crex.cli.result import REFUSED, Result

if TYPE_CHECKING:
    from crex.cli.party import Party
    from crex.trust.status_book import StatusListBuilder
    from crex.trust.status_lists import StatusLists, StatusRecord

_BOOKS: Final = "status-books"
_KEPT: Final = "status-lists"
_SEGMENT: Final = "status-list"
# Revoked places that are shown to people; programs get all.
_SHOWN: Final = 50


def show(options: argparse.Namespace) -> Result:
    """Shows a list: one's own, one that was fetched, or one in a file."""
    from crex.cli.files import read_bytes
    from crex.cli.party import now, open_party
    from crex.errors import CrexError, named
    from crex.trust.status_book import StatusListBuilder
    from crex.trust.status_lists import StatusLists

    at = now()
    path = Path(options.list)
    if path.is_file():
        with named(path):
            record = StatusLists().accept(read_bytes(path), trusted(options, at), at)
        return _shown(record, at)
    party = open_party(options)
    name = list_name(options.list, party.authority)
    book = book_path(party.folder, name)
    if book.exists():
        return _shown_book(StatusListBuilder.open(book))
    kept = _kept(party, at).get(name)
    if kept is None:
        raise CrexError(
            "NOT_FOUND",
            f"{name} is neither a list of your own nor one that was fetched. Get it with `crex status fetch "
            f"{name}`.",
        )
    return _shown(kept, at)


def _shown(record: StatusRecord, at: datetime) -> Result:
    from crex.documents.times import format_time
    from crex.trust.status_lists import FROM_THE_BEGINNING

    until = min(record.valid_until - record.issued_at, record.ttl)
    revoked = {index: record.since(index) for index in record.indices()}
    stated = {
        index: None if since in (None, FROM_THE_BEGINNING) else format_time(since)
        for index, since in revoked.items()
        if since is not None
    }
    young = record.is_young(at)
    value = {
        "list": record.name,
        "revision": record.revision,
        "sha256": record.digest,
        "size": record.size,
        "issuedAt": format_time(record.issued_at),
        "young": young,
        "revoked": [{"index": str(index), "since": since} for index, since in stated.items()],
    }
    state = "good" if young else "over: fetch a newer one"
    lines = [
        f"{record.name}, revision {record.revision}, {record.size} places, verified",
        f"  issued {format_time(record.issued_at)}, for {hours(until)}: {state}",
        *_places(stated),
    ]
    return Result(value, "\n".join(lines))


def _shown_book(book: StatusListBuilder) -> Result:
    from crex.documents.times import format_time

    stated = {
        index: None if one.since is None else format_time(one.since)
        for index, one in sorted(book.revoked.items())
    }
    value = {
        "list": book.name,
        "revision": book.revision,
        "size": book.size,
        "allotted": book.allotted,
        "revoked": [
            {"index": str(index), "since": since, "reason": book.revoked[index].reason or None}
            for index, since in stated.items()
        ],
    }
    lines = [
        (
            f"{book.name}, your own: {book.size} places, {book.allotted} given out, revision {book.revision} "
            "published"
        ),
        *_places(stated),
    ]
    return Result(value, "\n".join(lines))


def _places(stated: dict[int, str | None]) -> list[str]:
    lines = [f"  revoked places: {len(stated)}"]
    for index, since in list(stated.items())[:_SHOWN]:
        lines.append(f"    {index} {f'since {since}' if since else 'for all time'}")
    if len(stated) > _SHOWN:
        lines.append(f"    and {len(stated) - _SHOWN} more; --json shows all")
    return lines


def fetch(options: argparse.Namespace) -> Result:
    """Fetches lists that are not young any more."""
    from crex.cli.party import now, open_party
    from crex.errors import CrexError
    from crex.resolve.status import refresh

    party = open_party(options)
    at = now()
    lists = _kept(party, at)
    names = options.lists or _named(party)
    if not names:
        raise CrexError("NOT_FOUND", "Nobody whom you trust names a status list, so there is none to fetch.")
    source = fetcher(options)
    values: list[dict[str, Any]] = []
    lines = []
    refused: CrexError | None = None
    for name in names:
        try:
            record = refresh(lists, name, party.trust, now=at, source=source, anew=options.anew)
        except CrexError as error:
            refused = refused or error
            values.append({"list": name, "reason": error.reason, "message": error.message})
            lines.append(f"{name}: {error.message} ({error.reason})")
            continue
        file = str(lists.file_of(name))
        values.append({"list": name, "revision": record.revision, "revoked": record.revoked, "file": file})
        lines.append(f"{name}: revision {record.revision}, revoked places: {record.revoked}, kept as {file}")
    if refused is not None and len(names) == 1:
        raise refused
    return Result(values, "\n".join(lines), 0 if refused is None else REFUSED)


def _named(party: Party) -> list[str]:
    """Gives the lists that those name whom the party trusts; its own are in its books."""
    records = (party.trust.current(one) for one in party.trust.authorities() if one != party.authority)
    return sorted(name for record in records if record is not None for name in record.status_lists)


def _kept(party: Party, at: datetime) -> StatusLists:
    from crex.trust.status_lists import StatusLists

    return StatusLists.open(party.folder / _KEPT, party.trust, now=at)


def list_name(text: str, authority: str) -> str:
    """Gives the full name of a list that is named in full or by its last part."""
    from crex.names import Name

    return str(Name.parse(text if "/" in text else f"crex://{authority}/{_SEGMENT}/{text}"))


def book_path(folder: Path, name: str) -> Path:
    """Gives the file of the book of one of an identity's own lists."""
    from crex.names import Name

    parsed = Name.parse(name)
    return folder / _BOOKS / ("~".join(f"{kind}~{each}" for kind, each in parsed.segments) + ".book.json")


def hours(length: timedelta) -> str:
    """Writes a length of time for people."""
    seconds = length.total_seconds()
    return f"{seconds / 3600:g} h" if seconds >= 3600 else f"{seconds:g} s"
