"""What providers are told to do, and what they answer.

Commands are rows before they are sent; results count only together with the document that proves them. No
method here waits for anything but the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from crex_broker.application.ports.documents import NewDocument, StoredDocument
from crex_broker.application.ports.leases import LeaseSnapshot
from crex_broker.application.ports.orders import OrderSnapshot


@dataclass(frozen=True, slots=True)
class CommandView:
    """One command with all that is said in it.

    Attributes:
        id: Identifier.
        kind: confirm, provision or release.
        epoch: Epoch within its subject: the order of a confirm, else the lease.
        deadline_ms: When the broker stops waiting.
        open: Whether it is neither answered nor replaced.
        order: The order.
        order_document: The consumer's order document.
        hold_receipt: The broker's hold receipt.
        lease: The lease of a provision or a release.
        offer: The offer document of that lease.
        pools: Pools that the command concerns.
    """

    id: str
    kind: str
    epoch: int
    deadline_ms: int
    open: bool
    order: OrderSnapshot
    order_document: StoredDocument
    hold_receipt: StoredDocument
    lease: LeaseSnapshot | None
    offer: StoredDocument | None
    pools: frozenset[str]


@dataclass(frozen=True, slots=True)
class LeaseView:
    """A lease with the order document under which everything about it is signed."""

    lease: LeaseSnapshot
    order_document: StoredDocument


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a provider says of a lease that it delivered.

    Attributes:
        grant: The access grant, verified.
        access_epoch: The grant's epoch.
        activated_ms: When delivery began.
    """

    grant: NewDocument
    access_epoch: int
    activated_ms: int


@dataclass(frozen=True, slots=True)
class Release:
    """What a provider says of a lease that it ended: the receipt, verified, and when use ended."""

    receipt: NewDocument
    ended_ms: int


@dataclass(frozen=True, slots=True)
class EventKey:
    """An event of an agent: whose, its identifier, and SHA-256 over its content."""

    provider: str
    event_id: str
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class InventoryDifference:
    """Where an inventory and the broker disagree.

    Attributes:
        unknown: Names reported that are no started, unreleased lease of the provider.
        missing: Leases that the broker has ACTIVE and that were not reported.
        reconciling: Leases in RECONCILING that were reported.
    """

    unknown: tuple[str, ...]
    missing: tuple[str, ...]
    reconciling: tuple[LeaseView, ...]


class AgentStore(Protocol):
    """Commands, results, events and inventories of one provider; another provider's are not found."""

    async def open_commands(self, provider: str) -> Sequence[str]:
        """Gives the identifiers of all open commands, oldest first."""
        ...

    async def command(self, provider: str, command_id: str) -> CommandView | None:
        """Gives one command, open or not."""
        ...

    async def accept_order(self, provider: str, command_id: str, confirmation: NewDocument) -> OrderSnapshot:
        """Confirms an order and makes its leases, SCHEDULED, in one transaction (LEASE-MAKE-1).

        Raises:
            CrexError: NOT_FOUND, NAME_EXISTS, CONFLICT (answered otherwise before), ILLEGAL_TRANSITION.
        """
        ...

    async def reject_order(
        self, provider: str, command_id: str, confirmation: NewDocument, reason: str
    ) -> OrderSnapshot:
        """Rejects an order and frees its units, also of one that is ABANDONED (AGENT-CONFIRM-2).

        Raises:
            CrexError: NOT_FOUND, NAME_EXISTS, CONFLICT (answered otherwise before), ILLEGAL_TRANSITION.
        """
        ...

    async def activate(self, provider: str, command_id: str, delivery: Delivery) -> LeaseSnapshot:
        """Makes a lease ACTIVE and keeps its access grant.

        Raises:
            CrexError: NOT_FOUND, STALE_EPOCH, NAME_EXISTS, CONFLICT (another grant of an epoch that stands),
                TERMS (LEASE-ACTIVE-1), ILLEGAL_TRANSITION.
        """
        ...

    async def fail(self, provider: str, command_id: str, reason: str, next_command_id: str) -> LeaseSnapshot:
        """Makes a lease FAILED, and commands its release under `next_command_id` (LEASE-FAIL-1).

        Raises:
            CrexError: NOT_FOUND, STALE_EPOCH, CONFLICT (the command was answered before), ILLEGAL_TRANSITION.
        """
        ...

    async def release(self, provider: str, command_id: str, release: Release) -> LeaseSnapshot:
        """Closes a lease: RELEASED, its units free, its receipt kept (RELEASE-CAPACITY-1).

        Raises:
            CrexError: NOT_FOUND, STALE_EPOCH, NAME_EXISTS, CONFLICT (another receipt stands), TERMS
                (RELEASE-TIME-1), ILLEGAL_TRANSITION.
        """
        ...

    async def lease(self, provider: str, name: str) -> LeaseView | None:
        """Gives a lease of this provider with its order document."""
        ...

    async def event_failed(
        self, event: EventKey, lease: str, reason: str, next_command_id: str
    ) -> LeaseSnapshot:
        """Keeps the event that a lease failed, and does as `fail` does (AGENT-EVENT-2).

        Raises:
            CrexError: CONFLICT (the identifier has other content), NOT_FOUND, ILLEGAL_TRANSITION.
        """
        ...

    async def event_released(self, event: EventKey, lease: str, release: Release) -> LeaseSnapshot:
        """Keeps the event that a lease ended by itself, and does as `release` does (AGENT-EVENT-2).

        Raises:
            CrexError: CONFLICT, NOT_FOUND, NAME_EXISTS, TERMS, ILLEGAL_TRANSITION.
        """
        ...

    async def compare_inventory(self, provider: str, leases: Sequence[str]) -> InventoryDifference:
        """Compares what a provider runs with what the broker knows; changes nothing."""
        ...

    async def quarantine(self, provider: str, leases: Sequence[str]) -> None:
        """Keeps a note of what a provider runs and the broker does not know (AGENT-QUARANTINE-1).

        Notes of one provider are bounded; the log has the rest.
        """
        ...

    async def adopt_provisioning(self, provider: str, lease: str, provision_ms: int) -> LeaseSnapshot:
        """Follows an inventory: RECONCILING → PROVISIONING, with a new deadline `provision_ms` from now.

        Raises:
            CrexError: NOT_FOUND, ILLEGAL_TRANSITION.
        """
        ...

    async def adopt_active(self, provider: str, lease: str, delivery: Delivery) -> LeaseSnapshot:
        """Follows an inventory: RECONCILING → ACTIVE.

        Raises:
            CrexError: As `activate`.
        """
        ...

    async def adopt_failed(self, provider: str, lease: str, next_command_id: str) -> LeaseSnapshot:
        """Follows an inventory: RECONCILING → FAILED, and commands the release.

        Raises:
            CrexError: NOT_FOUND, ILLEGAL_TRANSITION.
        """
        ...
