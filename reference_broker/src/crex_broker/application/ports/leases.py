"""Leases in the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from crex.errors import CrexError
from crex_broker.application.ports.orders import LastTransition
from crex_broker.application.ports.requests import Mutation, Remembered


@dataclass(frozen=True, slots=True)
class LeaseSnapshot:
    """A lease at one instant; the fields are those of `crex.v1.Lease`, times in milliseconds.

    Attributes:
        version: Grows by one with every transition; the etag is made of it.
        offer_sha256: Digest of the offer under which it was sold.
        access_grant_sha256: Digest of the access grant that stands; empty before one came.
    """

    name: str
    state: str
    version: int
    order: str
    consumer: str
    provider: str
    offer: str
    offer_sha256: str
    pool: str
    quantity: int
    start_ms: int
    end_ms: int
    activated_ms: int | None
    terminated_ms: int | None
    ended_ms: int | None
    command_epoch: int
    access_epoch: int
    access_grant_sha256: str
    release_receipt_sha256: str
    create_ms: int
    update_ms: int
    last: LastTransition


@dataclass(frozen=True, slots=True)
class LeasePage:
    """A part of a list, newest first; `next_seq` is where the next part begins, nothing at the end."""

    leases: tuple[LeaseSnapshot, ...]
    next_seq: int | None


class LeaseStore(Protocol):
    """Leases as their two parties see them. Who is no party to a lease gets NOT_FOUND, whatever it asks."""

    async def lease(self, party: str, name: str) -> LeaseSnapshot | None:
        """Gives a lease of which `party` is the consumer or the provider; nothing for anybody else."""
        ...

    async def leases(
        self, party: str, *, order: str, state: str, before_seq: int | None, limit: int
    ) -> LeasePage:
        """Gives a part of `party`'s leases, newest first.

        Args:
            party: Consumer or provider of the leases.
            order: Only leases of this order; empty: of any.
            state: Only leases in this state; empty: in any.
            before_seq: `next_seq` of the part before; nothing for the first.
            limit: Most leases to give.
        """
        ...

    async def terminate(
        self, mutation: Mutation, lease: str, *, etag: str, reason: str, command_id: str
    ) -> Remembered[LeaseSnapshot]:
        """Ends a lease of `mutation.party` early (LEASE-TERMINATE-1).

        A lease that never started is RELEASED and its units are free; one that started is RELEASING, and its
        provider has the command `release` under `command_id`.

        Raises:
            CrexError: REQUEST_ID_REUSED, NOT_FOUND, ETAG_MISMATCH, ILLEGAL_TRANSITION.
        """
        ...


def lease_not_found(name: str) -> CrexError:
    """Gives the error for a lease that is not there, or not the caller's (LEASE-PARTY-1)."""
    return CrexError(
        "NOT_FOUND",
        f"You have no lease {name}. Check the name, and that you call as one of its parties.",
        details={"name": name},
    )
