"""Which log a command reads, where, by whose keys, and where it remembers it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crex.cli.document_commands import add_trust, trusted
from crex.cli.resolve_commands import add_fetcher, fetcher

if TYPE_CHECKING:
    from crex.cli.party import Customer
    from crex.transparency.client import LogClient
    from crex.transparency.findings import Finding
    from crex.transparency.source import LogSource
    from crex.trust.directory import TrustDirectory
    from crex.trust.signed_note import NoteVerifier

STATE_FOLDER: Final = "log"
_HTTPS: Final = "https://"
_DEFAULT_LOG: Final = "log"


@dataclass(frozen=True, slots=True)
class LogAt:
    """A log and all that is needed to read it.

    Attributes:
        source: Where it is read.
        origin: Its name.
        keys: Its keys.
        witnesses: Keys of all witnesses that are trusted here.
        trust: The pinned trust documents.
        customer: The client of its broker; nothing where tiles are read.
        folder: Where the reader remembers it; nothing where it has no memory.
    """

    source: LogSource
    origin: str
    keys: tuple[NoteVerifier, ...]
    witnesses: tuple[NoteVerifier, ...]
    trust: TrustDirectory
    customer: Customer | None
    folder: Path | None

    def client(self) -> LogClient | None:
        """The memory of its checkpoints; nothing where there is none."""
        from crex.transparency.client import LogClient

        return LogClient(self.folder, self.origin, self.keys) if self.folder is not None else None


def add_source(parser: argparse.ArgumentParser) -> None:
    """Adds the options that name a log."""
    part = parser.add_argument_group("which log")
    part.add_argument(
        "--tiles", metavar="FOLDER|URL", help="read its tiles there, instead of calling the broker"
    )
    part.add_argument("--log", metavar="NAME", help="name of the log (that of the broker)")
    part.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="VKEY",
        help="its key, instead of that in the pinned trust document; may be repeated",
    )
    part.add_argument("--state", type=Path, metavar="DIR", help="where to remember it (beside the identity)")
    # A group adds arguments as a parser does.
    add_fetcher(part, "the URL")  # type: ignore[arg-type]
    add_trust(part)  # type: ignore[arg-type]


def open_log(options: argparse.Namespace) -> LogAt:
    """Opens the log that the options name.

    Raises:
        CrexError: It cannot be told which, or by which keys.
    """
    from crex.cli.party import now, open_customer
    from crex.transparency.source import BrokerSource

    if options.tiles is not None:
        trust = _trust(options)
        source, origin = tile_source(options, options.tiles), _origin(options, trust)
        return LogAt(
            source, origin, _keys(options, origin, trust), witnesses_of(trust), trust, None, _folder(options)
        )
    customer = open_customer(options)
    trust = trusted(options, now()) if options.trust else customer.trust
    origin = _named(options.log) if options.log else f"{customer.broker}/{_DEFAULT_LOG}"
    return LogAt(
        BrokerSource(customer.client, f"{customer.broker} at {customer.target}"),
        origin,
        _keys(options, origin, trust),
        witnesses_of(trust),
        trust,
        customer,
        options.state or customer.folder / STATE_FOLDER,
    )


def tile_source(options: argparse.Namespace, place: str) -> LogSource:
    """Opens the tiles in a folder or on a web server.

    Raises:
        CrexError: TYPE: the address is none.
    """
    from crex.transparency.source import TileSource, WebTiles
    from crex.transparency.store import TileFolder

    if not place.startswith(_HTTPS):
        return TileSource(TileFolder(Path(place)))
    from crex.errors import CrexError
    from crex.names import is_authority

    host, _, path = place.removeprefix(_HTTPS).partition("/")
    prefix = f"/{path}".rstrip("/")
    if not is_authority(host) or any(char in prefix for char in "?#\\ ") or ".." in prefix:
        raise CrexError(
            "TYPE",
            f"{place!r} is no address of a log: write https://HOST/PATH, and the port with --via HOST:PORT.",
        )
    web = fetcher(options).keep(host)  # an audit reads very many small files
    return TileSource(WebTiles(place.rstrip("/"), lambda file: web.get(f"{prefix}/{file}")))


def witnesses_of(trust: TrustDirectory) -> tuple[NoteVerifier, ...]:
    """The keys of all witnesses whose trust documents are pinned."""
    records = [trust.current(authority) for authority in trust.authorities()]
    return tuple(key for record in records if record is not None for key in record.witnesses)


def progress(what: str) -> Callable[[int, int], None]:
    """Tells a person at a terminal how far it is; programs are told nothing."""
    import time

    shown = time.monotonic()

    def tell(done: int, whole: int) -> None:
        nonlocal shown
        if sys.stderr.isatty() and (done == whole or time.monotonic() - shown > 1):
            shown = time.monotonic()
            end = "\r\x1b[K" if done == whole else ""
            sys.stderr.write(f"\r\x1b[K{what}: {done:,} of {whole:,}{end}")
            sys.stderr.flush()

    return tell


@contextmanager
def keeping(at: LogAt) -> Iterator[None]:
    """Keeps what proves a finding beside the reader's memory, before the command ends with it.

    A checkpoint that contradicts another one is shown once, perhaps; what was read is the only proof.
    """
    from crex.errors import TrustError
    from crex.transparency.findings import finding_of

    try:
        yield
    except TrustError as error:
        finding = finding_of(error)
        if finding is not None and at.folder is not None:
            error.message += f" What proves it is kept in {keep(at, finding)}."
        raise


def keep(at: LogAt, finding: Finding) -> Path:
    """Writes what proves a finding to a file of its own; the same finding goes to the same file."""
    import json
    from hashlib import sha256
    from urllib.parse import quote

    from crex.cli.files import write_file

    value = {"log": at.origin, "finding": finding.kind, "requirement": finding.requirement}
    text = json.dumps({**value, "message": finding.message, "evidence": dict(finding.evidence)}, indent=2)
    tag = sha256(json.dumps(dict(finding.evidence), sort_keys=True).encode()).hexdigest()[:12]
    folder = at.folder if at.folder is not None else Path()
    path = folder / "evidence" / f"{quote(at.origin, safe='')}.{finding.kind}.{tag}.json"
    write_file(path, f"{text}\n".encode())
    return path


def told(view: Any) -> dict[str, Any]:
    """A checkpoint for programs."""
    from base64 import b64encode

    checkpoint = view.checkpoint
    return {
        "log": checkpoint.origin,
        "size": str(checkpoint.size),
        "root": b64encode(checkpoint.root).decode("ascii"),
        "checkpoint": str(view.note),
    }


def _trust(options: argparse.Namespace) -> TrustDirectory:
    from crex.cli.party import now
    from crex.errors import CrexError
    from crex.trust.directory import TrustDirectory

    try:
        return trusted(options, now())
    except CrexError as error:
        if error.reason != "IDENTITY" or not options.key:
            raise
        return TrustDirectory()  # who gives the key needs no trust document


def _named(text: str) -> str:
    return text if "/" in text else f"{text}/{_DEFAULT_LOG}"


def _origin(options: argparse.Namespace, trust: TrustDirectory) -> str:
    from crex.errors import CrexError
    from crex.trust.signed_note import NoteVerifier

    if options.log:
        return _named(options.log)
    names = {NoteVerifier.parse(text).name for text in options.key}
    if not names:
        records = [trust.current(authority) for authority in trust.authorities()]
        names = {key.name for record in records if record is not None for key in record.logs}
    if len(names) == 1:
        return names.pop()
    listed = ", ".join(sorted(names)) or "none"
    raise CrexError(
        "SCHEMA",
        f"It cannot be told which log is meant; those whose keys are trusted here: {listed}. Name it with "
        "--log, and trust its authority with --trust FILE or give its key with --key.",
    )


def _keys(options: argparse.Namespace, origin: str, trust: TrustDirectory) -> tuple[NoteVerifier, ...]:
    from crex.errors import CrexError
    from crex.trust.signed_note import NoteVerifier

    if options.key:
        return tuple(NoteVerifier.parse(text) for text in options.key)
    authority = origin.partition("/")[0]
    record = trust.current(authority)
    keys = tuple(key for key in record.logs if key.name == origin) if record is not None else ()
    if not keys:
        what = "lists no key of this log" if record is not None else "is not trusted here"
        raise CrexError(
            "ISSUER",
            f"The trust document of {authority} {what}, so nobody vouches for {origin}. Pin the one that "
            "lists it, or give the key with --key.",
        )
    return keys


def _folder(options: argparse.Namespace) -> Path | None:
    from crex.cli.party import folder_of
    from crex.errors import CrexError

    if options.state is not None or options.trust or options.key:
        state: Path | None = options.state
        return state
    try:
        return folder_of(options) / STATE_FOLDER
    except CrexError:
        return None
