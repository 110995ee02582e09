"""Orders as rows: reading one, writing a new one, and taking one step of its state machine."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any, Final

import orjson

from crex.errors import CrexError
from crex_broker.application.ports.orders import LastTransition, OrderLine, OrderSnapshot
from crex_broker.domain.etags import etag_of
from crex_broker.domain.states import Actor, step
from crex_broker.storage.sqlite import transitions
from crex_broker.storage.sqlite.writer import Tx

COLUMNS: Final = (
    "name, state, version, consumer, provider, lines, start_ms, end_ms, hold_receipt_sha256, "
    "order_document_sha256, order_confirmation_sha256, create_ms, update_ms, expire_ms, last_event, "
    "last_actor, last_reason, last_ms"
)
_INSERT: Final = f"""
INSERT INTO orders ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""  # noqa: S608 - constants
_UPDATE: Final = """
UPDATE orders SET state = ?, version = ?, order_document_sha256 = ?, order_confirmation_sha256 = ?, update_ms
= ?,
    expire_ms = ?, last_event = ?, last_actor = ?, last_reason = ?, last_ms = ? WHERE name = ?
"""


def snapshot(row: tuple[Any, ...]) -> OrderSnapshot:
    """Gives the order of one row of `COLUMNS`."""
    (name, state, version, consumer, provider, lines, start_ms, end_ms, receipt, document, confirmation) = (
        row[:11]
    )
    create_ms, update_ms, expire_ms, event, actor, reason, time_ms = row[11:]
    return OrderSnapshot(
        name=name,
        state=state,
        version=version,
        consumer=consumer,
        provider=provider,
        lines=tuple([OrderLine(**line) for line in orjson.loads(lines)]),
        start_ms=start_ms,
        end_ms=end_ms,
        hold_receipt_sha256=receipt,
        order_document_sha256=document,
        order_confirmation_sha256=confirmation,
        create_ms=create_ms,
        update_ms=update_ms,
        expire_ms=expire_ms,
        last=LastTransition(event, actor, reason, time_ms),
    )


def find(connection: sqlite3.Connection, name: str) -> OrderSnapshot | None:
    """Gives an order by name, whoever asks."""
    row = connection.execute(f"SELECT {COLUMNS} FROM orders WHERE name = ?", (name,)).fetchone()  # noqa: S608
    return None if row is None else snapshot(row)


def visible(connection: sqlite3.Connection, party: str, name: str) -> OrderSnapshot:
    """Gives an order to one of its two parties.

    Raises:
        CrexError: NOT_FOUND for everybody else (ORDER-PARTY-1).
    """
    order = find(connection, name)
    if order is None or party not in (order.consumer, order.provider):
        raise not_found(name)
    return order


def of_consumer(connection: sqlite3.Connection, party: str, name: str, etag: str = "") -> OrderSnapshot:
    """Gives an order to its consumer, who alone may change it.

    Raises:
        CrexError: NOT_FOUND for strangers, NOT_A_PARTY for the provider, ETAG_MISMATCH where the caller read
            an older version.
    """
    order = visible(connection, party, name)
    if party != order.consumer:
        raise CrexError(
            "NOT_A_PARTY",
            f"Only the consumer of {name} may do this; the provider answers through its agent.",
            details={"order": name},
        )
    standing = etag_of(order.version)
    if etag and etag != standing:
        raise CrexError(
            "ETAG_MISMATCH",
            f"{name} changed since it was read: it is {order.state} now. Read it again and decide from that.",
            details={"current_state": order.state, "etag": standing},
        )
    return order


def insert(tx: Tx, order: OrderSnapshot, *, pool: str, pool_gen: int) -> None:
    """Writes a new order in state HELD, with its first transition."""
    last = order.last
    tx.connection.execute(
        _INSERT,
        (
            order.name,
            order.state,
            order.version,
            order.consumer,
            order.provider,
            orjson.dumps(order.lines).decode(),
            order.start_ms,
            order.end_ms,
            order.hold_receipt_sha256,
            order.order_document_sha256,
            order.order_confirmation_sha256,
            order.create_ms,
            order.update_ms,
            order.expire_ms,
            last.event,
            last.actor,
            last.reason,
            last.time_ms,
        ),
    )
    transitions.record(
        tx,
        "order",
        order.name,
        last.event,
        before="",
        after=order.state,
        actor=last.actor,
        provider=order.provider,
        consumer=order.consumer,
        pool=pool,
        pool_gen=pool_gen,
        stated=True,  # by the hold receipt
    )


def advance(
    tx: Tx,
    order: OrderSnapshot,
    event: str,
    actor: Actor,
    by: str,
    *,
    reason: str = "",
    order_document_sha256: str | None = None,
    order_confirmation_sha256: str | None = None,
    expire_ms: int | None = None,
    pool_gen: int | None = None,
) -> OrderSnapshot:
    """Takes one step of an order's state machine and writes it; a repeated event changes nothing.

    Args:
        tx: The transaction.
        order: The order as it stands.
        event: The event of the state table (STATE-ORDER-1).
        actor: In which role `by` causes it.
        by: Authority that causes it; the broker's own for timers.
        reason: Why, for people.
        order_document_sha256: Digest of the order document, where this step brings it.
        order_confirmation_sha256: Digest of the confirmation, where this step brings it.
        expire_ms: New time limit, where this step sets one.
        pool_gen: Generation of the order's first pool, where it was locked.

    Returns:
        The order after the step.

    Raises:
        CrexError: ILLEGAL_TRANSITION, NOT_A_PARTY.
    """
    taken = step("order", order.state, event, actor, last_event=order.last.event, etag=etag_of(order.version))
    if taken.repeated:
        return order
    after = OrderSnapshot(
        order.name,
        taken.state,
        order.version + 1,
        order.consumer,
        order.provider,
        order.lines,
        order.start_ms,
        order.end_ms,
        order.hold_receipt_sha256,
        order_document_sha256 or order.order_document_sha256,
        order_confirmation_sha256 or order.order_confirmation_sha256,
        order.create_ms,
        tx.now_ms,
        order.expire_ms if expire_ms is None else expire_ms,
        LastTransition(event, by, reason, tx.now_ms),
    )
    tx.connection.execute(
        _UPDATE,
        (
            after.state,
            after.version,
            after.order_document_sha256,
            after.order_confirmation_sha256,
            after.update_ms,
            after.expire_ms,
            event,
            by,
            reason,
            tx.now_ms,
            after.name,
        ),
    )
    transitions.record(
        tx,
        "order",
        order.name,
        event,
        before=order.state,
        after=after.state,
        actor=by,
        provider=order.provider,
        consumer=order.consumer,
        reason=reason,
        pool=order.lines[0].pool,
        pool_gen=pool_gen,
        stated=order_document_sha256 is not None or order_confirmation_sha256 is not None,
    )
    if order.state == "HELD":
        tx.connection.execute(
            "UPDATE parties SET live_holds = live_holds - 1 WHERE authority = ?", (order.consumer,)
        )
    return after


def forget_event(order: OrderSnapshot) -> OrderSnapshot:
    """Gives the order without its last event, so that no event counts as repeated."""
    return replace(order, last=replace(order.last, event=""))


def not_found(name: str) -> CrexError:
    """Gives the error for an order that is not there, or not the caller's."""
    return CrexError(
        "NOT_FOUND",
        f"You have no order {name}. Check the name, and that you call as one of its parties.",
        details={"name": name},
    )
