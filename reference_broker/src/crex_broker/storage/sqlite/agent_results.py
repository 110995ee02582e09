"""What a provider's word does to an order or a lease, in the transaction that keeps it (AGENT-RESULT-2)."""

from __future__ import annotations

from typing import Final

from crex.documents.times import format_time, from_ms
from crex.errors import CrexError
from crex_broker.application.ports.agents import CommandView, Delivery, Release
from crex_broker.application.ports.documents import NewDocument
from crex_broker.application.ports.leases import LeaseSnapshot
from crex_broker.application.ports.orders import OrderSnapshot
from crex_broker.domain.states import Actor
from crex_broker.storage.sqlite import claims, command_rows, documents, lease_table, order_rows
from crex_broker.storage.sqlite.lease_table import Change
from crex_broker.storage.sqlite.writer import Tx

# Allowed difference between the provider's clock and the store's (LEASE-ACTIVE-1, RELEASE-TIME-1).
LEEWAY_MS: Final = 60_000
# What a release command says of when it is expected; nothing happens when that passes.
RELEASE_MS: Final = 600_000

_KEEP_GRANT: Final = "INSERT INTO access_grants (lease, epoch, sha256, create_ms) VALUES (?, ?, ?, ?)"
_TOLD: Final = "SELECT create_ms FROM commands WHERE lease = ? AND kind = 'provision' ORDER BY epoch LIMIT 1"


def accept(
    tx: Tx, provider: str, command_id: str, confirmation: NewDocument, authority: str
) -> OrderSnapshot:
    """Confirms an order and makes its leases (LEASE-MAKE-1), unless it is ABANDONED (AGENT-CONFIRM-3)."""
    command = command_rows.get(tx.connection, provider, command_id)
    order = command.order
    if _answered_so(order, confirmation):
        return order
    after = order_rows.advance(
        tx,
        _first_answer(command, confirmation),
        "accept",
        Actor.PROVIDER,
        provider,
        order_confirmation_sha256=confirmation.sha256,
    )
    documents.keep(tx, confirmation, order=order.name)
    command_rows.answer(tx, command_id)
    for line in after.lines:
        lease_table.make(tx, after, line, authority)
    return after


def reject(tx: Tx, provider: str, command_id: str, confirmation: NewDocument, reason: str) -> OrderSnapshot:
    """Rejects an order and frees its units (AGENT-CONFIRM-2); see `AgentStore.reject_order`."""
    command = command_rows.get(tx.connection, provider, command_id)
    order = command.order
    if _answered_so(order, confirmation):
        return order
    event = "late-reject" if order.state == "ABANDONED" else "reject"
    locked = claims.lock(tx, claims.pools_of_order(tx, order.name))
    after = order_rows.advance(
        tx,
        _first_answer(command, confirmation),
        event,
        Actor.PROVIDER,
        provider,
        reason=reason,
        order_confirmation_sha256=confirmation.sha256,
        pool_gen=next((pool.gen for pool in locked.values()), None),
    )
    documents.keep(tx, confirmation, order=order.name)
    claims.drop_order(tx, order.name)
    command_rows.answer(tx, command_id)
    return after


def deliver(tx: Tx, lease: LeaseSnapshot, event: str, delivery: Delivery) -> LeaseSnapshot:
    """Makes a lease ACTIVE by its access grant.

    Raises:
        CrexError: CONFLICT, NAME_EXISTS, TERMS, ILLEGAL_TRANSITION.
    """
    if lease.access_grant_sha256 == delivery.grant.sha256:
        return lease  # the same grant again, by a repeated result or after an inventory brought it
    if delivery.access_epoch <= lease.access_epoch:
        raise CrexError(
            "CONFLICT",
            f"{lease.name} has an access grant of epoch {lease.access_epoch}; another one of epoch "
            f"{delivery.access_epoch} does not replace it. Grant access anew under a higher epoch "
            "(ACCESS-EPOCH-1).",
            details={"lease": lease.name, "access_epoch": str(lease.access_epoch)},
        )
    after = lease_table.advance(
        tx,
        lease,
        event,
        Actor.PROVIDER,
        lease.provider,
        change=Change(
            activated_ms=_activated(tx, lease, delivery.activated_ms),
            access_epoch=delivery.access_epoch,
            access_grant_sha256=delivery.grant.sha256,
        ),
    )
    documents.keep(tx, delivery.grant)
    tx.connection.execute(_KEEP_GRANT, (lease.name, delivery.access_epoch, delivery.grant.sha256, tx.now_ms))
    return after


def fail(tx: Tx, lease: LeaseSnapshot, event: str, reason: str, next_command_id: str) -> LeaseSnapshot:
    """Makes a lease FAILED, and commands its release (LEASE-FAIL-1).

    Raises:
        CrexError: ILLEGAL_TRANSITION.
    """
    change = Change(
        terminated_ms=tx.now_ms,
        command_id=next_command_id,
        command="release",
        command_deadline_ms=tx.now_ms + RELEASE_MS,
    )
    return lease_table.advance(tx, lease, event, Actor.PROVIDER, lease.provider, reason=reason, change=change)


def close(tx: Tx, lease: LeaseSnapshot, release: Release, *, by_itself: bool) -> LeaseSnapshot:
    """Makes a lease RELEASED by its receipt; its units are free (RELEASE-CAPACITY-1).

    Args:
        tx: The transaction.
        lease: The lease as it stands.
        release: The receipt, and when use ended.
        by_itself: Whether the provider says so without having been told to end it.

    Raises:
        CrexError: CONFLICT, NAME_EXISTS, TERMS, ILLEGAL_TRANSITION.
    """
    if lease.release_receipt_sha256 == release.receipt.sha256:
        return lease
    if lease.release_receipt_sha256:
        raise CrexError(
            "CONFLICT",
            f"{lease.name} was released by another receipt; a lease is released once. Nothing was changed.",
            details={"lease": lease.name, "sha256": lease.release_receipt_sha256},
        )
    begun = lease.activated_ms
    if release.ended_ms > tx.now_ms + LEEWAY_MS or (begun is not None and release.ended_ms < begun):
        raise CrexError(
            "TERMS",
            f"The receipt says that {lease.name} ended at {_show(release.ended_ms)}, which is before it "
            f"began or more than 60 s after the broker's time, {_show(tx.now_ms)}. Compare the clocks "
            "(RELEASE-TIME-1).",
            details={"lease": lease.name, "server_time": _show(tx.now_ms)},
        )
    change = Change(
        ended_ms=release.ended_ms,
        terminated_ms=min(release.ended_ms, tx.now_ms) if by_itself else None,
        release_receipt_sha256=release.receipt.sha256,
    )
    after = lease_table.advance(tx, lease, "released", Actor.PROVIDER, lease.provider, change=change)
    documents.keep(tx, release.receipt)
    return after


def _answered_so(order: OrderSnapshot, confirmation: NewDocument) -> bool:
    return order.order_confirmation_sha256 == confirmation.sha256


def _first_answer(command: CommandView, confirmation: NewDocument) -> OrderSnapshot:
    order = command.order
    if order.order_confirmation_sha256:
        raise CrexError(
            "CONFLICT",
            f"{order.name} was answered by another confirmation; an order is answered once. "
            f"{confirmation.id} changes nothing.",
            details={"order": order.name, "sha256": order.order_confirmation_sha256},
        )
    return order


def _activated(tx: Tx, lease: LeaseSnapshot, activated_ms: int) -> int:
    """Gives the instant from which a lease is billed.

    Raises:
        CrexError: TERMS where it cannot be true (LEASE-ACTIVE-1).
    """
    row = tx.connection.execute(_TOLD, (lease.name,)).fetchone()
    if row is None:
        return lease.start_ms  # never told: the state table refuses the step
    told_ms = row[0]
    if not told_ms - LEEWAY_MS <= activated_ms <= tx.now_ms + LEEWAY_MS:
        raise CrexError(
            "TERMS",
            f"{lease.name} cannot have been delivered at {_show(activated_ms)}: the provider was told at "
            f"{_show(told_ms)}, and now it is {_show(tx.now_ms)}. Compare the clocks (LEASE-ACTIVE-1).",
            details={"lease": lease.name, "server_time": _show(tx.now_ms)},
        )
    return max(activated_ms, lease.start_ms)


def _show(milliseconds: int) -> str:
    return format_time(from_ms(milliseconds))
