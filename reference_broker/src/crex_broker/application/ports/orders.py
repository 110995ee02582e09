"""Holds and orders in the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from crex_broker.application.ports.documents import NewDocument
from crex_broker.application.ports.requests import Mutation, Remembered


@dataclass(frozen=True, slots=True)
class LastTransition:
    """The last step of an object: which event, by whom, why, when (store time)."""

    event: str
    actor: str
    reason: str
    time_ms: int


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order: units of one offer, the lease that they will be, and their pool."""

    offer: str
    offer_sha256: str
    offer_revision: int
    quantity: int
    lease: str
    pool: str


@dataclass(frozen=True, slots=True)
class OrderSnapshot:
    """An order at one instant; the fields are those of `crex.v1.Order`, times in milliseconds.

    Attributes:
        version: Grows by one with every transition; the etag is made of it.
    """

    name: str
    state: str
    version: int
    consumer: str
    provider: str
    lines: tuple[OrderLine, ...]
    start_ms: int
    end_ms: int
    hold_receipt_sha256: str
    order_document_sha256: str
    order_confirmation_sha256: str
    create_ms: int
    update_ms: int
    expire_ms: int
    last: LastTransition


@dataclass(frozen=True, slots=True)
class NewHold:
    """A hold as the use case wants it, names and receipt ready.

    Attributes:
        order: Name of the order to be made.
        consumer: Authority for which the units are held.
        provider: Authority that will deliver.
        lines: What is held.
        start_ms: First instant of the interval.
        end_ms: End of the interval, exclusive.
        expire_ms: When the hold lapses; stands in the receipt, so it was chosen before the transaction and is
            checked again inside it.
        receipt: The signed receipt.
        max_live_holds: Most live holds that the consumer may have, this one included.
        late_start_ms: How far `start_ms` may lie behind the store's time.
    """

    order: str
    consumer: str
    provider: str
    lines: tuple[OrderLine, ...]
    start_ms: int
    end_ms: int
    expire_ms: int
    receipt: NewDocument
    max_live_holds: int
    late_start_ms: int


@dataclass(frozen=True, slots=True)
class OrderCommit:
    """What commits a hold: the consumer's signed document, verified.

    Attributes:
        order: Name of the order.
        document: The order document.
        command_id: Identifier of the command by which the provider is asked to answer.
        acceptance_ms: Time that the provider has for it.
    """

    order: str
    document: NewDocument
    command_id: str
    acceptance_ms: int


@dataclass(frozen=True, slots=True)
class OrderPage:
    """A part of a list, newest first; `before` is where the next part begins, nothing at the end."""

    orders: tuple[OrderSnapshot, ...]
    before: str | None


class OrderStore(Protocol):
    """Holds and orders. A caller who is no party to an order gets NOT_FOUND, whatever it asks."""

    async def create_hold(self, mutation: Mutation, hold: NewHold) -> Remembered[OrderSnapshot]:
        """Takes units, in one transaction, in this order (CAP-ORDER-1).

        1. The request is looked up. 2. The pools and their base pools are locked in name order by raising
        their generations; store time is taken. 3. Lapsed holds of these pools are swept away. 4. The offers
        must still stand as pinned, the consumer be under its limit, and the units be free at every instant;
        then claims, order, receipt, transition and request are written.

        Raises:
            CrexError: REQUEST_ID_REUSED, OFFER_CHANGED, EXPIRED, TERMS, HOLD_LIMIT, CAPACITY_EXHAUSTED,
                HOLD_EXPIRED (the hold lapsed before it could be written).
        """
        ...

    async def release_hold(self, mutation: Mutation, order: str, etag: str) -> Remembered[OrderSnapshot]:
        """Gives a hold of `mutation.party` back.

        Raises:
            CrexError: REQUEST_ID_REUSED, NOT_FOUND, NOT_A_PARTY, ETAG_MISMATCH, ILLEGAL_TRANSITION.
        """
        ...

    async def commit_order(self, mutation: Mutation, commit: OrderCommit) -> Remembered[OrderSnapshot]:
        """Commits a hold of `mutation.party`: state COMMITTING, the document, and the command `confirm`.

        Raises:
            CrexError: REQUEST_ID_REUSED, NOT_FOUND, NOT_A_PARTY, REPLAY, NAME_EXISTS, HOLD_EXPIRED,
                ILLEGAL_TRANSITION.
        """
        ...

    async def cancel_order(self, mutation: Mutation, order: str, etag: str) -> Remembered[OrderSnapshot]:
        """Cancels a confirmed order of `mutation.party` whose leases never started, and ends these leases.

        The use case has checked the offers' cancellation terms.

        Raises:
            CrexError: REQUEST_ID_REUSED, NOT_FOUND, NOT_A_PARTY, ETAG_MISMATCH, ILLEGAL_TRANSITION, TERMS (a
            lease
                has started).
        """
        ...

    async def order(self, party: str, name: str) -> OrderSnapshot | None:
        """Gives an order of which `party` is the consumer or the provider; nothing for anybody else."""
        ...

    async def orders(self, party: str, *, state: str, before: str, limit: int) -> OrderPage:
        """Gives a part of `party`'s orders, newest first.

        Args:
            party: Consumer or provider of the orders.
            state: Only orders in this state; empty: in any.
            before: `before` of the part before; empty for the first.
            limit: Most orders to give.
        """
        ...

    async def expire_holds(self, limit: int) -> Sequence[str]:
        """Ends up to `limit` holds whose time is over (timer hold-expiry); gives their names."""
        ...
