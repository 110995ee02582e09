"""Taking units and letting them lapse: the transaction on which nothing is ever oversold.

The order of the steps is the rule (CAP-ORDER-1): the request was looked up before `create`; it locks the
pools, sweeps lapsed holds, checks, and only then writes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from crex.documents.times import format_time, from_ms
from crex.errors import CrexError
from crex_broker.application.ports.orders import LastTransition, NewHold, OrderLine, OrderSnapshot
from crex_broker.domain.capacity import MOST_UNITS, units_by_pool
from crex_broker.domain.states import NEW, Actor, step
from crex_broker.storage.sqlite import claims, documents, order_rows
from crex_broker.storage.sqlite.writer import Tx

_LAPSED: Final = "SELECT name FROM orders WHERE state = 'HELD' AND expire_ms <= ?"
_OFFER: Final = """
SELECT provider, state, sha256, expire_ms, pool, last_event, last_reason, judge_ms FROM offers WHERE id = ?
"""
_COUNT: Final = """
UPDATE parties SET live_holds = live_holds + 1 WHERE authority = ? AND live_holds < ?
"""


def create(tx: Tx, hold: NewHold, authority: str) -> OrderSnapshot:
    """Takes the units of a hold; see `OrderStore.create_hold`."""
    draws = claims.draws_of(tx, (line.pool for line in hold.lines))
    units = units_by_pool(((line.pool, line.quantity) for line in hold.lines), draws)
    for pool, quantity in units.items():
        if quantity > MOST_UNITS:
            raise claims.exhausted(pool, quantity, claims.free(tx, pool, hold.start_ms, hold.end_ms))
    locked = claims.lock_and_take(tx, units)
    if sweep(tx, authority):
        locked = {pool: claims.read_again(tx, pool) for pool in locked}
    _check_times(tx, hold)
    for line in hold.lines:
        _check_offer(tx, hold, line)
    _count(tx, hold)
    for pool, quantity in units.items():
        claims.require(tx, pool, locked[pool], quantity, hold.start_ms, hold.end_ms)
    return _write(tx, hold, draws, locked[hold.lines[0].pool].gen)


def sweep(tx: Tx, authority: str) -> bool:
    """Ends every lapsed hold, of whatever pool; tells whether there was one."""
    lapsed = tx.connection.execute(_LAPSED, (tx.now_ms,)).fetchall()
    lapse(tx, [name for (name,) in lapsed], authority)
    return bool(lapsed)


def lapse(tx: Tx, orders: Iterable[str], authority: str) -> None:
    """Ends holds whose time is over and gives their units back (STATE-ORDER-1, event ttl)."""
    for name in orders:
        order = order_rows.find(tx.connection, name)
        assert order is not None  # noqa: S101 - a claim's order is never deleted
        locked = claims.lock(tx, claims.pools_of_order(tx, name))
        gen = next((pool.gen for pool in locked.values()), None)
        order_rows.advance(tx, order, "ttl", Actor.BROKER, authority, pool_gen=gen)
        claims.drop_order(tx, name)


def _write(tx: Tx, hold: NewHold, draws: dict[str, dict[str, int]], gen: int) -> OrderSnapshot:
    for line in hold.lines:
        claims.add(
            tx,
            units_by_pool([(line.pool, line.quantity)], draws),
            lease=line.lease,
            order=hold.order,
            start_ms=hold.start_ms,
            end_ms=hold.end_ms,
        )
    documents.insert(tx, hold.receipt, order=hold.order)
    order = OrderSnapshot(
        name=hold.order,
        state=step("order", NEW, "hold", Actor.CONSUMER).state,
        version=1,
        consumer=hold.consumer,
        provider=hold.provider,
        lines=hold.lines,
        start_ms=hold.start_ms,
        end_ms=hold.end_ms,
        hold_receipt_sha256=hold.receipt.sha256,
        order_document_sha256="",
        order_confirmation_sha256="",
        create_ms=tx.now_ms,
        update_ms=tx.now_ms,
        expire_ms=hold.expire_ms,
        last=LastTransition("hold", hold.consumer, "", tx.now_ms),
    )
    order_rows.insert(tx, order, pool=hold.lines[0].pool, pool_gen=gen)
    return order


def _check_times(tx: Tx, hold: NewHold) -> None:
    # The receipt was signed before the transaction: what it says of time must still be true in the store's
    # time.
    if tx.now_ms >= hold.expire_ms:
        raise CrexError(
            "HOLD_EXPIRED",
            "The hold would have ended before it could be written, because the store was busy. Hold again, "
            "for longer.",
            details={"expire_time": format_time(from_ms(hold.expire_ms))},
        )
    if hold.start_ms < tx.now_ms - hold.late_start_ms:
        raise CrexError(
            "TERMS",
            f"The interval begins at {format_time(from_ms(hold.start_ms))}, which is past; nobody can "
            "deliver then. Choose a later start.",
            details={"server_time": format_time(from_ms(tx.now_ms))},
        )


def _check_offer(tx: Tx, hold: NewHold, line: OrderLine) -> None:
    row = tx.connection.execute(_OFFER, (line.offer,)).fetchone()
    if row is None:
        raise CrexError(
            "NOT_FOUND", f"There is no offer {line.offer} here. Search again.", details={"offer": line.offer}
        )
    provider, state, sha256, expire_ms, pool, event, reason, judge_ms = row
    if sha256 != line.offer_sha256 or provider != hold.provider or pool != line.pool:
        raise CrexError(
            "OFFER_CHANGED",
            f"The offer {line.offer} changed since it was read: its digest is {sha256}. Read it again and "
            "decide.",
            details={"offer": line.offer, "sha256": sha256},
        )
    if tx.now_ms >= expire_ms:
        raise CrexError(
            "EXPIRED",
            f"The offer {line.offer} ended at {format_time(from_ms(expire_ms))}. Search again for one that "
            "stands.",
            details={"offer": line.offer, "current_state": "EXPIRED"},
        )
    if event == "void":
        raise CrexError(
            "EXPIRED",
            f"The offer {line.offer} was taken from sale: {reason} Search again for one that stands "
            "(OFFER-VOID-1).",
            details={"offer": line.offer, "current_state": state},
        )
    if judge_ms is not None and tx.now_ms >= judge_ms:
        raise CrexError(
            "OFFER_CHANGED",
            f"What vouches for the offer {line.offer} changed a moment ago, and it is being judged anew. "
            "Read it again in a second and decide (OFFER-VOID-1).",
            details={"offer": line.offer, "sha256": sha256},
        )
    if state != "PUBLISHED":
        raise CrexError(
            "ILLEGAL_TRANSITION",
            f"The offer {line.offer} is {state} and cannot be held. Choose another, or wait until its "
            "provider resumes it.",
            details={"offer": line.offer, "current_state": state},
        )


def _count(tx: Tx, hold: NewHold) -> None:
    """Counts the hold against its consumer's limit; lapsed ones were swept away before (HOLD-LIMIT-1)."""
    if tx.connection.execute(_COUNT, (hold.consumer, hold.max_live_holds)).rowcount:
        return
    raise CrexError(
        "HOLD_LIMIT",
        f"You have {hold.max_live_holds} live holds, which is the most that this broker allows. Commit or "
        "release some, then hold again.",
        details={"max_live_holds": str(hold.max_live_holds)},
    )
