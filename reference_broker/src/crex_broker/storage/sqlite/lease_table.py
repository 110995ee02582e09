"""Leases as rows: reading one, writing a new one, and one step of its state machine with what it entails.

What entails what is written once, here: a step that ends use closes the open commands that it replaces,
brings the usage's grace forward, and frees units only where the rules say so (RELEASE-CAPACITY-1).
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from crex.errors import CrexError
from crex_broker.application.ports.leases import LeaseSnapshot, lease_not_found
from crex_broker.application.ports.orders import LastTransition, OrderLine, OrderSnapshot
from crex_broker.domain.etags import etag_of
from crex_broker.domain.states import NEW, Actor, step
from crex_broker.storage.sqlite import claims, transitions
from crex_broker.storage.sqlite.writer import Tx

T = TypeVar("T")

COLUMNS: Final = (
    "name, state, version, order_name, consumer, provider, offer, offer_sha256, pool, quantity, start_ms, "
    "end_ms, activated_ms, terminated_ms, ended_ms, command_epoch, access_epoch, access_grant_sha256, "
    "release_receipt_sha256, create_ms, update_ms, last_event, last_actor, last_reason, last_ms"
)
_FIELDS: Final = [name for name in LeaseSnapshot.__slots__ if name != "last"]
_INSERT: Final = f"""
INSERT INTO leases ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
?) """  # noqa: S608 - constants
_UPDATE: Final = """
UPDATE leases SET state = ?, version = ?, activated_ms = ?, terminated_ms = ?, ended_ms = ?, command_epoch =
?,
    access_epoch = ?, access_grant_sha256 = ?, release_receipt_sha256 = ?, deadline_ms = ?, update_ms = ?,
    last_event = ?, last_actor = ?, last_reason = ?, last_ms = ? WHERE name = ?
"""
_COMMAND: Final = """
INSERT INTO commands (id, provider, kind, order_name, lease, pool, epoch, deadline_ms, create_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_CLOSE_COMMANDS: Final = "UPDATE commands SET answered_ms = ? WHERE lease = ? AND answered_ms IS NULL"
_BRING_FORWARD: Final = """
UPDATE usage_periods SET due_ms = min(due_ms, max(start_ms, ?) + grace_ms) WHERE lease = ? AND state = 'OPEN'
"""
_STARTED: Final = frozenset({"PROVISIONING", "ACTIVE", "RECONCILING", "RELEASING", "FAILED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a step changes of a lease beside its state; what is not given stays.

    Attributes:
        activated_ms: When delivery began.
        terminated_ms: When an early end was accepted; the first one stands.
        ended_ms: When use ended, by the receipt.
        access_epoch: Epoch of the new access grant.
        access_grant_sha256: Its digest.
        release_receipt_sha256: Digest of the release receipt.
        deadline_ms: When the new state times out; nothing where it does not.
        command_id: Identifier of a new command for the provider; nothing where there is none.
        command: Kind of that command.
        command_deadline_ms: Its deadline.
    """

    activated_ms: int | None = None
    terminated_ms: int | None = None
    ended_ms: int | None = None
    access_epoch: int | None = None
    access_grant_sha256: str | None = None
    release_receipt_sha256: str | None = None
    deadline_ms: int | None = None
    command_id: str | None = None
    command: str = ""
    command_deadline_ms: int = 0


NOTHING: Final = Change()


def started(lease: LeaseSnapshot) -> bool:
    """Tells whether a lease has started and is not released: its units are occupied (LEASE-OCCUPY-1)."""
    return lease.state in _STARTED


def snapshot(row: tuple[Any, ...]) -> LeaseSnapshot:
    """Gives the lease of one row of `COLUMNS`."""
    plain = dict(zip(_FIELDS, row, strict=False))
    return LeaseSnapshot(**plain, last=LastTransition(*row[len(_FIELDS) :]))


def find(connection: sqlite3.Connection, name: str) -> LeaseSnapshot | None:
    """Gives a lease by name, whoever asks."""
    row = connection.execute(f"SELECT {COLUMNS} FROM leases WHERE name = ?", (name,)).fetchone()  # noqa: S608
    return None if row is None else snapshot(row)


def visible(connection: sqlite3.Connection, party: str, name: str) -> LeaseSnapshot:
    """Gives a lease to one of its two parties.

    Raises:
        CrexError: NOT_FOUND for everybody else (LEASE-PARTY-1).
    """
    lease = find(connection, name)
    if lease is None or party not in (lease.consumer, lease.provider):
        raise lease_not_found(name)
    return lease


def of_provider(connection: sqlite3.Connection, provider: str, name: str) -> LeaseSnapshot:
    """Gives a lease to its provider.

    Raises:
        CrexError: NOT_FOUND for everybody else (LEASE-PARTY-1).
    """
    lease = find(connection, name)
    if lease is None or lease.provider != provider:
        raise lease_not_found(name)
    return lease


def make(tx: Tx, order: OrderSnapshot, line: OrderLine, authority: str) -> LeaseSnapshot:
    """Makes the lease of one line of a confirmed order, SCHEDULED (LEASE-MAKE-1)."""
    event = "order-confirmed"
    lease = LeaseSnapshot(
        name=line.lease,
        state=step("lease", NEW, event, Actor.BROKER).state,
        version=1,
        order=order.name,
        consumer=order.consumer,
        provider=order.provider,
        offer=line.offer,
        offer_sha256=line.offer_sha256,
        pool=line.pool,
        quantity=line.quantity,
        start_ms=order.start_ms,
        end_ms=order.end_ms,
        activated_ms=None,
        terminated_ms=None,
        ended_ms=None,
        command_epoch=0,
        access_epoch=0,
        access_grant_sha256="",
        release_receipt_sha256="",
        create_ms=tx.now_ms,
        update_ms=tx.now_ms,
        last=LastTransition(event, authority, "", tx.now_ms),
    )
    tx.connection.execute(_INSERT, _values(lease))
    _record(tx, lease, event, "", authority, "", None)
    return lease


def advance(
    tx: Tx,
    lease: LeaseSnapshot,
    event: str,
    actor: Actor,
    by: str,
    *,
    reason: str = "",
    change: Change = NOTHING,
) -> LeaseSnapshot:
    """Takes one step of a lease's state machine and writes it; a repeated event changes nothing.

    A lease that becomes RELEASED gives its units back in this very step, and a new command replaces those
    before it (AGENT-COMMAND-2).

    Args:
        tx: The transaction.
        lease: The lease as it stands.
        event: The event of the state table (STATE-LEASE-1).
        actor: In which role `by` causes it.
        by: Authority that causes it; the broker's own for timers.
        reason: Why, for people.
        change: What else changes.

    Raises:
        CrexError: ILLEGAL_TRANSITION, NOT_A_PARTY.
    """
    taken = step("lease", lease.state, event, actor, last_event=lease.last.event, etag=etag_of(lease.version))
    if taken.repeated:
        return lease
    after = replace(
        lease,
        state=taken.state,
        version=lease.version + 1,
        activated_ms=_first(change.activated_ms, lease.activated_ms),
        terminated_ms=_first(lease.terminated_ms, change.terminated_ms),
        ended_ms=_first(change.ended_ms, lease.ended_ms),
        command_epoch=lease.command_epoch + (change.command_id is not None),
        access_epoch=_given(change.access_epoch, lease.access_epoch),
        access_grant_sha256=_given(change.access_grant_sha256, lease.access_grant_sha256),
        release_receipt_sha256=_given(change.release_receipt_sha256, lease.release_receipt_sha256),
        update_ms=tx.now_ms,
        last=LastTransition(event, by, reason, tx.now_ms),
    )
    gen = None
    if change.command_id is not None or after.state == "RELEASED":
        tx.connection.execute(_CLOSE_COMMANDS, (tx.now_ms, lease.name))
    if after.state == "RELEASED":
        claims.drop_lease(tx, lease.name)
        (gen,) = tx.connection.execute("SELECT gen FROM pools WHERE name = ?", (lease.pool,)).fetchone()
        tx.connection.execute("INSERT OR IGNORE INTO orders_closing (order_name) VALUES (?)", (lease.order,))
    tx.connection.execute(_UPDATE, _changed(after, change.deadline_ms))
    if change.command_id is not None:
        _command(tx, after, change)
    ends = [at for at in (after.terminated_ms, after.ended_ms) if at is not None]
    if ends and (after.terminated_ms, after.ended_ms) != (lease.terminated_ms, lease.ended_ms):
        tx.connection.execute(_BRING_FORWARD, (min(ends), lease.name))
    _record(tx, after, event, lease.state, by, reason, gen)
    return after


def require_etag(lease: LeaseSnapshot, etag: str) -> None:
    """Refuses a caller who read an older version; an empty etag means any.

    Raises:
        CrexError: ETAG_MISMATCH.
    """
    standing = etag_of(lease.version)
    if etag and etag != standing:
        raise CrexError(
            "ETAG_MISMATCH",
            f"{lease.name} changed since it was read: it is {lease.state} now. Read it again and decide from "
            "that.",
            details={"current_state": lease.state, "etag": standing},
        )


def _command(tx: Tx, lease: LeaseSnapshot, change: Change) -> None:
    """Writes the command; it is sent only after this transaction (AGENT-COMMAND-1)."""
    tx.connection.execute(
        _COMMAND,
        (
            change.command_id,
            lease.provider,
            change.command,
            lease.order,
            lease.name,
            lease.pool,
            lease.command_epoch,
            change.command_deadline_ms,
            tx.now_ms,
        ),
    )


def _record(
    tx: Tx, lease: LeaseSnapshot, event: str, before: str, by: str, reason: str, gen: int | None
) -> None:
    transitions.record(
        tx,
        "lease",
        lease.name,
        event,
        before=before,
        after=lease.state,
        actor=by,
        provider=lease.provider,
        consumer=lease.consumer,
        reason=reason,
        pool=lease.pool,
        pool_gen=gen,
    )


def _values(lease: LeaseSnapshot) -> tuple[object, ...]:
    last = lease.last
    fields = [getattr(lease, name) for name in _FIELDS]
    return (*fields, last.event, last.actor, last.reason, last.time_ms)


def _changed(lease: LeaseSnapshot, deadline_ms: int | None) -> tuple[object, ...]:
    return (
        lease.state,
        lease.version,
        lease.activated_ms,
        lease.terminated_ms,
        lease.ended_ms,
        lease.command_epoch,
        lease.access_epoch,
        lease.access_grant_sha256,
        lease.release_receipt_sha256,
        deadline_ms,
        lease.update_ms,
        lease.last.event,
        lease.last.actor,
        lease.last.reason,
        lease.last.time_ms,
        lease.name,
    )


def _first(one: int | None, other: int | None) -> int | None:
    return other if one is None else one


def _given(new: T | None, standing: T) -> T:
    return standing if new is None else new
