"""Commands as rows, read together with everything that is said in them."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

from crex.errors import CrexError
from crex_broker.application.ports.agents import CommandView, LeaseView
from crex_broker.application.ports.documents import StoredDocument
from crex_broker.application.ports.leases import LeaseSnapshot
from crex_broker.storage.sqlite import lease_table, order_rows
from crex_broker.storage.sqlite.writer import Tx

_COLUMNS: Final = "id, kind, order_name, lease, epoch, deadline_ms, answered_ms IS NULL"
_OPEN: Final = "SELECT id FROM commands WHERE provider = ? AND answered_ms IS NULL ORDER BY seq"
_ONE: Final = f"SELECT {_COLUMNS} FROM commands WHERE provider = ? AND id = ?"  # noqa: S608
_DOCUMENT: Final = "SELECT type, id, revision, sha256, issuer, envelope FROM documents WHERE sha256 = ?"


def open_of(connection: sqlite3.Connection, provider: str) -> list[str]:
    """Gives the identifiers of a provider's open commands, oldest first."""
    return [id_ for (id_,) in connection.execute(_OPEN, (provider,))]


def find(connection: sqlite3.Connection, provider: str, command_id: str) -> CommandView | None:
    """Gives one command of a provider."""
    row = connection.execute(_ONE, (provider, command_id)).fetchone()
    return None if row is None else _view(connection, row)


def get(connection: sqlite3.Connection, provider: str, command_id: str) -> CommandView:
    """Gives one command of a provider.

    Raises:
        CrexError: NOT_FOUND where the provider has no such command.
    """
    command = find(connection, provider, command_id)
    if command is None:
        raise CrexError(
            "NOT_FOUND",
            f"{provider} was given no command {command_id}. Answer commands by the identifier under which "
            "they came.",
            details={"command_id": command_id},
        )
    return command


def of_lease(
    connection: sqlite3.Connection, provider: str, command_id: str, kind: str
) -> tuple[CommandView, LeaseSnapshot]:
    """Gives a command of one kind, and its lease.

    Raises:
        CrexError: NOT_FOUND; STALE_EPOCH where a newer command replaced it (AGENT-EPOCH-2); TERMS where it is
            of another kind (AGENT-RESULT-3).
    """
    command = get(connection, provider, command_id)
    lease = command.lease
    if lease is None or command.kind != kind:
        raise CrexError(
            "TERMS",
            f"Command {command_id} is a {command.kind}, and this does not answer it. Answer what was asked.",
            details={"command_id": command_id, "kind": command.kind},
        )
    if command.epoch != lease.command_epoch:
        raise CrexError(
            "STALE_EPOCH",
            f"Command {command_id} for {lease.name} has epoch {command.epoch} and was replaced by epoch "
            f"{lease.command_epoch}; its result no longer counts. Carry out the newer one.",
            details={"lease": lease.name, "command_epoch": str(lease.command_epoch)},
        )
    return command, lease


def answer(tx: Tx, command_id: str) -> None:
    """Closes a command: it is not sent again."""
    tx.connection.execute(
        "UPDATE commands SET answered_ms = ? WHERE id = ? AND answered_ms IS NULL", (tx.now_ms, command_id)
    )


def lease_view(connection: sqlite3.Connection, lease: LeaseSnapshot) -> LeaseView:
    """Gives a lease with its order document."""
    row = connection.execute(
        "SELECT order_document_sha256 FROM orders WHERE name = ?", (lease.order,)
    ).fetchone()
    return LeaseView(lease, document(connection, row[0]))


def document(connection: sqlite3.Connection, sha256: str) -> StoredDocument:
    """Gives a document that an object cites, so that it must be there."""
    row = connection.execute(_DOCUMENT, (sha256,)).fetchone()
    assert row is not None  # noqa: S101 - foreign keys hold what objects cite
    return StoredDocument(*row)


def _view(connection: sqlite3.Connection, row: tuple[Any, ...]) -> CommandView:
    id_, kind, order_name, lease_name, epoch, deadline_ms, is_open = row
    order = order_rows.find(connection, order_name)
    assert order is not None  # noqa: S101 - a foreign key
    lease = None if lease_name is None else lease_table.find(connection, lease_name)
    return CommandView(
        id=id_,
        kind=kind,
        epoch=epoch,
        deadline_ms=deadline_ms,
        open=bool(is_open),
        order=order,
        order_document=document(connection, order.order_document_sha256),
        hold_receipt=document(connection, order.hold_receipt_sha256),
        lease=lease,
        offer=None if lease is None else document(connection, lease.offer_sha256),
        pools=frozenset({line.pool for line in order.lines} if lease is None else {lease.pool}),
    )
