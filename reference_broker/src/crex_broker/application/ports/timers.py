"""What happens by itself when its time has come, in the store's time.

Each method takes up to `limit` steps in one transaction and may be repeated at any moment: it acts on what is
due and on nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Moved:
    """An object that a timer moved, and the provider that has a new command by it (empty: none)."""

    name: str
    state: str
    provider: str = ""


class TimerStore(Protocol):
    """Deadlines of orders, leases, usage, invoices and disputes."""

    async def due(self) -> Mapping[str, int]:
        """Gives, for each timer that has something to come, when that is due, in milliseconds."""
        ...

    async def confirm_deadlines(self, limit: int, *, horizon_ms: int) -> Sequence[Moved]:
        """COMMITTING → RECONCILING; from then the provider has `horizon_ms` until the order is ABANDONED."""
        ...

    async def reconcile_horizons(self, limit: int) -> Sequence[Moved]:
        """RECONCILING → ABANDONED: the consumer is free, the units stay taken."""
        ...

    async def start_leases(self, limit: int, *, provision_ms: int) -> Sequence[Moved]:
        """Starts leases whose time has come and whose units are free; delays others (LEASE-START-1, -2)."""
        ...

    async def end_leases(self, limit: int) -> Sequence[Moved]:
        """Ends leases whose interval is over: RELEASING, or RELEASED if they never started (LEASE-END-1)."""
        ...

    async def provision_deadlines(self, limit: int) -> Sequence[Moved]:
        """PROVISIONING → RECONCILING where the provider did not report in time."""
        ...

    async def fulfil_orders(self, limit: int) -> Sequence[Moved]:
        """CONFIRMED → FULFILLED where all leases are RELEASED (LEASE-FULFIL-1)."""
        ...

    async def usage_graces(self, limit: int) -> Sequence[Moved]:
        """OPEN → SEALED_INCOMPLETE (BILLING-GRACE-1)."""
        ...

    async def invoice_acceptances(self, limit: int) -> Sequence[Moved]:
        """ISSUED → DEEMED_ACCEPTED (BILLING-TIMEOUT-1)."""
        ...

    async def dispute_answers(self, limit: int) -> Sequence[Moved]:
        """OPEN → ESCALATED where no answer came in time (BILLING-DISPUTE-2)."""
        ...

    async def covered_invoices(self, limit: int) -> Sequence[Moved]:
        """ACCEPTED, DEEMED_ACCEPTED, CREDITED → SETTLED where all that is owed was paid before."""
        ...
