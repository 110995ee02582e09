"""`crex status`: lists by which an issuer takes back what it signed, and those of others."""

from __future__ import annotations

import argparse
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crex.cli import status_show
from crex.cli.document_commands import add_trust
from crex.cli.options import (
    TRUST_VALID_FOR,
    Commands,
    command,
    duration,
    group,
    moment,
    positive,
    request_id,
)
from crex.cli.resolve_commands import add_fetcher
from crex.cli.result import Result
from crex.cli.status_show import book_path, hours, list_name

if TYPE_CHECKING:
    from crex import v1
    from crex.cli.party import Party

_SIZE: Final = 131_072
_TTL: Final = timedelta(hours=24)


def add(commands: Commands) -> None:
    """Adds the commands."""
    status = group(commands, "status", "status lists: what its issuer has taken back")

    new = command(status, "new", _new, "begin a list, and name it in your trust document")
    _add_list(new)
    new.add_argument("--size", type=positive, help=f"number of places ({_SIZE})")
    new.add_argument(
        "--ttl",
        type=duration,
        metavar="TIME",
        help=f"readers ask again after ({_TTL // timedelta(hours=1)}h)",
    )

    allot = command(status, "allot", _allot, "draw a place for a document that is to be signed")
    _add_list(allot)
    allot.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="an unsigned document, to which the place is added",
    )

    revoke = command(status, "revoke", _revoke, "take back what refers to a place")
    _add_list(revoke)
    revoke.add_argument("place", metavar="PLACE", help="the place, or the file of the document that names it")
    revoke.add_argument("--since", type=moment, metavar="TIME", help="since when (for all time)")
    revoke.add_argument(
        "--reason", default="", metavar="TOKEN", help="such as compromise, superseded or withdrawn"
    )

    publish = command(
        status, "publish", _publish, "sign the next revision; -o DIR lays it out for a web server"
    )
    _add_list(publish)
    publish.add_argument("--send", action="store_true", help="hand it to the broker")
    publish.add_argument(
        "--valid-for", type=duration, default=timedelta(days=30), metavar="TIME", help="valid for (30d)"
    )
    request_id(publish)

    show = command(
        status, "show", status_show.show, "show a list: your own, one that was fetched, or one in a file"
    )
    show.add_argument("list", metavar="LIST", help="name of the list, or a file")
    add_trust(show)

    fetch = command(
        status, "fetch", status_show.fetch, "fetch lists of those whom you trust, where they are not young"
    )
    fetch.add_argument("lists", nargs="*", metavar="LIST", help="names (all that trusted issuers name)")
    fetch.add_argument("--anew", action="store_true", help="fetch, even where the kept one is young enough")
    add_fetcher(fetch)


def _add_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("list", metavar="LIST", help="its name, or the last part of it")


def _new(options: argparse.Namespace) -> Result:
    from crex.cli.effect import refuse_useless
    from crex.cli.own_trust_files import Own, settled
    from crex.cli.party import now
    from crex.errors import CrexError
    from crex.trust.status_book import StatusListBuilder

    own = Own.open(options)
    name = list_name(options.list, own.identity.authority)
    path = book_path(own.folder, name)
    named = name in own.identity.trust.status_lists
    if path.exists() and named:
        raise CrexError(
            "NAME_EXISTS",
            "There is a book of this list. Another one would give out its places a second time: choose "
            "another name.",
            source=str(path),
        )
    if path.exists():  # it waits for its place in the trust document
        refuse_useless(
            options, ("--size", "--ttl"), f"the book {path} exists and states them. Leave them out."
        )
    else:
        StatusListBuilder(name, options.size or _SIZE, options.ttl or _TTL).save(path)
    note = f"The book of {name} is {path}. Keep it, and a copy: no other gives out its places."
    at = now()
    if named:
        return Result({"list": name, "book": str(path)}, note)
    # Until the trust document names it, nobody relies on the list (STATUS-LIST-1).
    valid_until = max(own.identity.trust.valid_until, at + timedelta(days=1))
    draft = own.draft(at, min(valid_until, at + TRUST_VALID_FOR))
    draft.add_status_list(name)
    found = own.settle(draft, now=at, reason=f"status list {name}")
    return settled(own, found, at, note)


def _allot(options: argparse.Namespace) -> Result:
    from crex.cli.files import write_file
    from crex.errors import named
    from crex.trust.status_book import StatusListBuilder

    party = _open_party(options)
    name = list_name(options.list, party.authority)
    bodies = []
    for path in options.files:
        with named(path):
            bodies.append(_unsigned(path, party.authority))
    with StatusListBuilder.editing(book_path(party.folder, name)) as book:
        places = [int(book.allot().index) for _ in range(max(1, len(bodies)))]
    lines, values = [], []
    for at, index in enumerate(places):
        value: dict[str, Any] = {"list": name, "index": str(index)}
        lines.append(f"{name} place {index}")
        if bodies:
            path, body = options.files[at], bodies[at]
            body["header"]["status"] = value
            write_file(path, _pretty(body))
            lines[-1] += f" for {path}; now sign it"
            value = {**value, "file": str(path)}
        values.append(value)
    return Result(values, "\n".join(lines))


def _revoke(options: argparse.Namespace) -> Result:
    from crex.documents.times import format_time
    from crex.trust.status_book import StatusListBuilder

    party = _open_party(options)
    name = list_name(options.list, party.authority)
    index = _place(options.place, name)
    with StatusListBuilder.editing(book_path(party.folder, name)) as book:
        book.revoke(index, since=options.since, reason=options.reason)
    since = None if options.since is None else format_time(options.since)
    value = {"list": name, "index": str(index), "since": since, "reason": options.reason or None}
    when = f"since {since}" if since else "for all time"
    text = (
        f"Place {index} of {name} is revoked {when}. Nobody knows yet: publish it with `crex status publish "
        f"{options.list}`."
    )
    return Result(value, text)


def _publish(options: argparse.Namespace) -> Result:
    from crex.cli.effect import refuse_useless
    from crex.cli.files import write_file
    from crex.cli.party import now
    from crex.trust.envelope import to_json
    from crex.trust.status_book import StatusListBuilder

    if not options.send:
        refuse_useless(options, ("--request-id",), "nothing is sent. Add --send, or leave it out.")
    party = _open_party(options)
    name = list_name(options.list, party.authority)
    path = book_path(party.folder, name)
    at = now()
    # The book first: a revision that is given out twice would be two lists of one revision.
    with StatusListBuilder.editing(path) as book:
        built = book.build(now=at, valid_for=options.valid_for)
    envelope = party.identity.sign_document(built)
    kept = path.with_name(f"{path.name.removesuffix('.book.json')}.json")
    write_file(kept, to_json(envelope))
    places = [str(kept)]
    value: dict[str, Any] = {
        "list": name,
        "revision": book.revision,
        "revoked": len(book.revoked),
        "readersAskAfterSeconds": int(book.ttl.total_seconds()),
        "files": places,
    }
    lines = [
        f"Revision {book.revision} of {name} is signed; revoked places: {len(book.revoked)}; {kept}",
        (
            f"Publish the next within {hours(book.ttl)}, changed or not: after that readers refuse what "
            "refers to it."
        ),
    ]
    if options.output is not None:
        places += _lay_out(envelope, options.output)
        lines.append(
            f"It lies below {options.output}, to be served at the root of https://{party.authority}/."
        )
        options.output = None
    if options.send:
        lines.append(_send(options, envelope))
    return Result(value, "\n".join(lines))


def _lay_out(envelope: v1.Envelope, folder: Path) -> list[str]:
    from crex.cli.files import write_file
    from crex.documents import strict
    from crex.names import Name
    from crex.resolve.well_known import paths_to_serve
    from crex.trust.envelope import digest, to_json

    header = strict.loads(envelope.payload)["header"]
    newest, *versions = paths_to_serve(
        Name.parse(header["id"]), int(header["revision"]), digest(envelope.payload)
    )
    written = []
    for place in (*versions, newest):
        target = folder / place.lstrip("/")
        write_file(target, to_json(envelope))
        written.append(str(target))
    return written


def _send(options: argparse.Namespace, envelope: v1.Envelope) -> str:
    from crex import v1
    from crex.cli.party import new_request_id, open_customer

    customer = open_customer(options)
    customer.client.publish_document(
        v1.PublishDocumentRequest(request_id=new_request_id(options), envelope=envelope)
    )
    return f"{customer.broker} has it, and judged the offers that stand on it."


def _open_party(options: argparse.Namespace) -> Party:
    from crex.cli.party import open_party

    return open_party(options)


def _unsigned(path: Path, authority: str) -> dict[str, Any]:
    from crex.cli.files import read_paper
    from crex.documents import strict
    from crex.errors import CrexError

    paper = read_paper(path)
    if paper.envelope is not None:
        raise CrexError(
            "TYPE", "The document is signed already: a place must stand in it before it is signed."
        )
    body: dict[str, Any] = strict.loads(paper.body)
    header = body["header"]
    if "status" in header:
        raise CrexError("CONFLICT", f"The document has a place already: {header['status']}. Sign it.")
    if header.get("issuer") != authority:
        raise CrexError(
            "ISSUER_MISMATCH", f"The document is of {header.get('issuer')}, and the list of {authority}."
        )
    return body


def _place(text: str, name: str) -> int:
    """Reads a place: a number, or the document that names it."""
    from crex.cli.files import read_paper
    from crex.documents import strict
    from crex.errors import CrexError, named

    if text.isascii() and text.isdecimal():
        return int(text)
    path = Path(text)
    with named(path):
        header = strict.loads(read_paper(path).body).get("header", {})
        status = header.get("status")
        if not isinstance(status, dict) or status.get("list") != name:
            where = "no place" if status is None else f"place {status}"
            raise CrexError(
                "SUBJECT",
                f"The document names {where}, and nothing of {name}: this list cannot take it back.",
            )
        return int(status["index"])


def _pretty(body: dict[str, Any]) -> bytes:
    import json

    return json.dumps(body, indent=2, ensure_ascii=False).encode() + b"\n"
