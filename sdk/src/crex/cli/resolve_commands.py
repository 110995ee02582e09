"""`crex resolve` and `crex well-known`: documents at the place where their authority publishes them."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crex.cli.document_commands import add_trust, trusted
from crex.cli.options import Commands, command
from crex.cli.result import Result

if TYPE_CHECKING:
    from crex.resolve import Fetcher, Via

_VIA: Final = re.compile(r"\[?([^\[\]]+?)\]?:([0-9]{1,5})")


def add(commands: Commands) -> None:
    """Adds the commands."""
    resolve = command(commands, "resolve", _resolve, "fetch and verify the document of a name")
    resolve.add_argument(
        "ref", metavar="NAME", help="such as crex://p.example.cn/site/a, or with @7 behind it"
    )
    add_fetcher(resolve)
    add_trust(resolve)

    serve = command(commands, "well-known", _well_known, "lay signed documents out for a web server; -o DIR")
    serve.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a signed document")


def add_fetcher(parser: argparse.ArgumentParser, leads: str = "it") -> None:
    """Adds `--via` and `--ca`, for `fetcher`; `leads` is what leads to the web server."""
    parser.add_argument(
        "--via", type=_via, metavar="HOST:PORT", help=f"connect there instead of where {leads} leads"
    )
    parser.add_argument("--ca", type=Path, metavar="FILE", help="roots of the web server's certificate, PEM")


def fetcher(options: argparse.Namespace) -> Fetcher:
    """Gives what fetches as `--via` and `--ca` say."""
    import ssl

    from crex.resolve import Fetcher

    context = ssl.create_default_context(cafile=options.ca) if options.ca else None
    return Fetcher(context=context, via=options.via)


def _via(text: str) -> Via:
    """Reads where to connect: `127.0.0.1:8443`."""
    from crex.resolve import Via

    match = _VIA.fullmatch(text)
    if match is None or not 0 < int(match[2]) < 1 << 16:
        raise argparse.ArgumentTypeError(f"{text!r} is no host and port; write it like mirror.example:443")
    return Via(match[1], int(match[2]))


def _resolve(options: argparse.Namespace) -> Result:
    import json

    from crex.cli.party import now
    from crex.names import Ref
    from crex.resolve import resolve

    at = now()
    found = resolve(Ref.parse(options.ref), trusted(options, at), now=at, source=fetcher(options))
    document = found.document
    value: dict[str, Any] = {
        "url": found.url,
        "type": document.doctype.token,
        "id": document.id,
        "revision": str(document.revision),
        "sha256": document.digest,
        "body": document.json,
    }
    lines = [
        f"{document.id}@{document.revision}: {document.doctype.token}, verified, SHA-256 {document.digest}",
        f"  from {found.url}",
    ]
    if options.output is not None and not options.output.is_dir():
        options.output.write_bytes(found.envelope)
        lines.append(f"  written to {options.output}, as it was signed")
        options.output = None
    else:
        lines.append(json.dumps(document.json, indent=2, ensure_ascii=False))
    return Result(value, "\n".join(lines))


def _well_known(options: argparse.Namespace) -> Result:
    from crex.cli.files import read_paper, write_file
    from crex.documents.reader import read
    from crex.errors import CrexError, named
    from crex.names import Name
    from crex.resolve.well_known import paths_to_serve
    from crex.trust.envelope import digest, to_json

    folder: Path | None = options.output
    if folder is None:
        raise CrexError("SCHEMA", "Say with -o which folder the web server serves.")
    papers = []
    for path in options.files:
        paper = read_paper(path)
        with named(path):
            if paper.envelope is None:
                raise CrexError("TYPE", "The document is not signed. Sign it with `crex sign` first.")
            read(paper.body, paper.doctype)
        papers.append((_header(paper.body), paper.envelope))
    authorities = sorted({Name.parse(id_).authority for (id_, _), _ in papers})
    if len(authorities) > 1:
        raise CrexError(
            "SUBJECT",
            f"These are documents of {' and '.join(authorities)}. Paths do not name the authority: lay those "
            "of each out in a folder of its own.",
        )
    written: list[str] = []
    # In order of revision, so that the newest one is what lies under the bare name.
    for (id_, revision), envelope in sorted(papers, key=lambda one: one[0]):
        newest, *versions = paths_to_serve(Name.parse(id_), revision, digest(envelope.payload))
        keep = _standing_revision(folder, newest) > revision
        for place in versions if keep else (newest, *versions):
            target = folder / place.lstrip("/")
            write_file(target, to_json(envelope))
            written.append(str(target))
    options.output = None
    text = f"Wrote {len(written)} files below {folder}. Serve that folder at the root of https://AUTHORITY/."
    return Result({"files": written}, text)


def _header(body: bytes) -> tuple[str, int]:
    from crex.documents import strict

    header = strict.loads(body)["header"]
    return str(header["id"]), int(header["revision"])


def _standing_revision(folder: Path, newest: str) -> int:
    """Gives the revision that lies under a bare name; 0 where there is none that can be read."""
    from crex.errors import CrexError
    from crex.trust.envelope import from_json

    try:
        return _header(from_json((folder / newest.lstrip("/")).read_bytes()).payload)[1]
    except (OSError, CrexError, KeyError, TypeError, ValueError):
        return 0
