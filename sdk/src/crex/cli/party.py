"""Whom a command acts as, whom it trusts, and its client of the broker."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from crex import v1
from crex.cli import files
from crex.client import Client, credentials, proxied_credentials
from crex.documents.convert import to_timestamp
from crex.documents.times import SystemClock
from crex.errors import CrexError
from crex.trust.directory import TrustDirectory
from crex.trust.identity import Identity
from crex.trust.identity_files import default_home, identity_folder, load_identity, open_pins
from crex.trust.key_files import TOKEN_ENDING, Passphrase
from crex.trust.trust_record import TrustRecord

if TYPE_CHECKING:
    from grpc import ChannelCredentials


class Page(Protocol):
    """A response that may have another after it."""

    @property
    def next_page_token(self) -> str:
        """Token of the next page; empty: this is the last."""


T = TypeVar("T")
P = TypeVar("P", bound=Page)

BROKER_FILE: Final = "broker.json"
POLICY_FILE: Final = "policy.json"
_POLL_S: Final = 0.1
_SLUG_BYTES: Final = 6
_HOLD_RECEIPT: Final = "hold-receipt"


@dataclass(frozen=True, slots=True)
class Party:
    """The identity that a command acts as.

    Attributes:
        identity: Its keys and trust document.
        trust: The trust documents that it pinned.
        folder: Where both are kept.
    """

    identity: Identity
    trust: TrustDirectory
    folder: Path

    @property
    def authority(self) -> str:
        """Its authority."""
        return self.identity.authority

    def header(
        self, kind: str, name: str | None = None, *, revision: int = 1, valid_until: datetime | None = None
    ) -> v1.Header:
        """Makes the header of a new document; its name is random unless given."""
        header = v1.Header(
            id=f"crex://{self.authority}/{kind}/{name or secrets.token_hex(_SLUG_BYTES)}",
            revision=revision,
            issuer=self.authority,
            issued_at=to_timestamp(now()),
        )
        if valid_until is not None:
            header.valid_until.CopyFrom(to_timestamp(valid_until))
        return header


@dataclass(frozen=True, slots=True)
class Customer(Party):
    """A party with its client of a broker.

    Attributes:
        broker: Authority of the broker.
        target: Its address.
        client: The client.
    """

    broker: str
    target: str
    client: Client


def now() -> datetime:
    """The time, UTC, whole milliseconds."""
    return SystemClock().now()


def new_request_id(options: argparse.Namespace) -> str:
    """The identifier that was given, or a new one; a command that takes one can be repeated with it."""
    given: str | None = getattr(options, "request_id", None)
    chosen = given or secrets.token_urlsafe(16)
    if hasattr(options, "request_id"):
        repeat_with(options, f"--request-id={chosen}")
    return chosen


def repeat_with(options: argparse.Namespace, argument: str) -> None:
    """Notes what must be added to a command to send the very same request once more."""
    options.repeat = [*getattr(options, "repeat", []), argument]


def passphrase() -> Passphrase:
    """Asks for the passphrase of a key, or the PIN of a token, at the terminal, where there is one."""
    if not sys.stdin.isatty():
        return Passphrase()
    from getpass import getpass

    def ask(path: Path) -> bytes:
        return getpass(f"{'PIN' if path.suffix == TOKEN_ENDING else 'Passphrase'} of {path}: ").encode()

    return Passphrase(ask=ask)


def home_of(options: argparse.Namespace) -> Path:
    """The folder of identities."""
    home: Path | None = options.home
    return home or default_home()


def folder_of(options: argparse.Namespace) -> Path:
    """The folder of the identity that a command acts as.

    Raises:
        CrexError: IDENTITY: there is none, or several and none was named.
    """
    home = home_of(options)
    authority = options.authority or os.environ.get("CREX_AS")
    if authority:
        return identity_folder(authority, home)
    found = sorted(path.parent for path in home.glob("*/identity.json"))
    if len(found) == 1:
        return found[0]
    if not found:
        raise CrexError(
            "IDENTITY", "There is no identity here. Make one with `crex init AUTHORITY`.", source=str(home)
        )
    names = ", ".join(path.name for path in found)
    raise CrexError(
        "IDENTITY",
        f"There are several identities: {names}. Name one with --as or $CREX_AS.",
        source=str(home),
    )


def open_party(options: argparse.Namespace) -> Party:
    """Loads the identity that a command acts as."""
    folder = folder_of(options)
    identity = load_identity(folder, passphrase())
    return Party(identity, open_pins(identity, folder, now=now()), folder)


def open_customer(options: argparse.Namespace) -> Customer:
    """Loads the identity and connects it to its broker."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its own complaints would stand beside ours
    party = open_party(options)
    record, target = _broker(options, party)
    return Customer(
        party.identity,
        party.trust,
        party.folder,
        record.authority,
        target,
        Client(target, _channel(options, party.identity, record, target)),
    )


def _channel(
    options: argparse.Namespace, identity: Identity, broker: TrustRecord, target: str
) -> ChannelCredentials:
    """Gives the credentials of a channel to the broker: mutual TLS, or by token through a proxy."""
    from cryptography.hazmat.primitives.serialization import Encoding

    tls = identity.tls
    proxy_roots = options.proxy_roots or os.environ.get("CREX_PROXY_ROOTS")
    if proxy_roots:
        roots = None if proxy_roots == "system" else files.read_bytes(Path(proxy_roots))
        return proxied_credentials(
            target,
            broker=broker.authority,
            certificate_pem=tls.chain_pem,
            key_pem=tls.key_pem,
            proxy_roots_pem=roots,
        )
    roots_pem = b"".join(root.public_bytes(Encoding.PEM) for root in broker.tls_roots)
    return credentials(certificate_pem=tls.chain_pem, key_pem=tls.key_pem, server_roots_pem=roots_pem)


def remember_broker(folder: Path, authority: str, target: str) -> None:
    """Keeps a broker's address beside the identity."""
    from crex.trust.files import write_whole

    value = json.dumps({"authority": authority, "target": target}, indent=2)
    write_whole(folder / BROKER_FILE, value.encode() + b"\n")


def split_broker(text: str) -> tuple[str, str]:
    """Reads `[AUTHORITY@]HOST:PORT`; the authority is empty where it is not stated.

    Raises:
        CrexError: SCHEMA.
    """
    authority, _, target = text.rpartition("@")
    host, _, port = target.rpartition(":")
    if not host or not port.isdecimal():
        raise CrexError(
            "SCHEMA",
            f"{text!r} is no address of a broker. Write HOST:PORT, such as --broker broker.example.cn:8443.",
        )
    return authority, target


def _broker(options: argparse.Namespace, party: Party) -> tuple[TrustRecord, str]:
    given = options.broker or os.environ.get("CREX_BROKER")
    kept = party.folder / BROKER_FILE
    if given:
        authority, target = split_broker(given)
    elif kept.exists():
        value = json.loads(kept.read_text("utf-8"))
        authority, target = str(value["authority"]), str(value["target"])
    else:
        raise CrexError(
            "IDENTITY",
            "No broker is known. Give its address with --broker HOST:PORT or $CREX_BROKER, or keep it with "
            "`crex trust pin FILE --broker HOST:PORT`.",
            source=str(party.folder),
        )
    names = [authority] if authority else _brokers(party.trust)
    record = party.trust.current(names[0]) if len(names) == 1 else None
    if record is None:
        what = f"The trust document of {names[0]} is not pinned" if len(names) == 1 else "No broker is pinned"
        if len(names) > 1:
            what = f"Several brokers are pinned: {', '.join(names)}. Write --broker AUTHORITY@HOST:PORT"
        raise CrexError(
            "ISSUER",
            f"{what}. Without it nothing tells the broker from an impostor: get its trust document from its "
            "operator and pin it with `crex trust pin FILE`.",
            source=str(party.folder / "pins"),
        )
    return record, target


def _brokers(trust: TrustDirectory) -> list[str]:
    """The pinned authorities with a key that signs holds: only brokers have one."""
    records = ((name, trust.current(name)) for name in trust.authorities())
    return [
        name
        for name, record in records
        if record is not None and any(_HOLD_RECEIPT in key.use for key in record.keys.values())
    ]


def pages(call: Callable[[Any], P], request: Any) -> Iterator[P]:
    """Yields the pages of a listing, one request each.

    Raises:
        CrexError: PAGE_TOKEN_MISMATCH: the broker goes round in a circle.
    """
    followed: set[str] = set()
    while True:
        page = call(request)
        yield page
        token = page.next_page_token
        if not token:
            return
        if token in followed:
            raise CrexError(
                "PAGE_TOKEN_MISMATCH",
                "The broker names a page as the next one that it has given already, so the listing would "
                "never end. Tell its operator.",
            )
        followed.add(token)
        request.page_token = token


def wait_until(
    look: Callable[[], T | None], patience: timedelta, what: str, *, pause_s: float = _POLL_S
) -> T:
    """Looks again and again until there is something.

    Raises:
        CrexError: INCOMPLETE: it did not come in time.
    """
    began = time.monotonic()
    until = began + patience.total_seconds()
    while True:
        found = look()
        _show_waiting(what, began, over=found is not None)
        if found is not None:
            return found
        if time.monotonic() >= until:
            raise CrexError(
                "INCOMPLETE", f"{what} did not come within {patience.total_seconds():g} s. Look again later."
            )
        time.sleep(pause_s)


def _show_waiting(what: str, began: float, *, over: bool) -> None:
    """Tells a person at a terminal that something is awaited; programs are told nothing."""
    seconds = int(time.monotonic() - began)
    if seconds and sys.stderr.isatty():
        text = "" if over else f"waiting for {what[0].lower()}{what[1:]}: {seconds} s"
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def state_text(enum: Any, number: int) -> str:
    """Names a state as people read it: `active` for LEASE_STATE_ACTIVE."""
    name = enum.Name(number)
    return str(name).partition("_STATE_")[2].lower().replace("_", "-")
