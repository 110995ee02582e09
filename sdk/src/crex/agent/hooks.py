"""What a vendor implements: four hooks.

They are plain functions that may block; the runtime calls them in threads of their own, never two at a time
for one lease. They may be called again after a crash, so each says what it must bear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseOrder:
    """What is to be delivered.

    Attributes:
        lease: Name of the lease; whatever runs for it is found again by this name.
        order: Name of the order.
        consumer: Authority that uses it.
        offer: Name of the offer.
        resource: Name of the resource that one unit is.
        units: Number of units.
        start: When use may begin, UTC.
        end: When it ends unless ended earlier, UTC.
        interface: Interface token that the consumer chose.
    """

    lease: str
    order: str
    consumer: str
    offer: str
    resource: str
    units: int
    start: datetime
    end: datetime
    interface: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How the consumer reaches a lease. Sealed before it leaves the agent.

    Attributes:
        endpoint: Absolute URI at which the interface answers.
        secret: What the interface expects, at least 16 characters.
        tls_roots: PEM certificates under which the endpoint's certificate verifies.
        parameters: Further names and values that the interface needs.
    """

    endpoint: str
    secret: str = field(repr=False)
    tls_roots: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One meter at one instant.

    Attributes:
        meter_id: Name of the meter within the lease: `[a-z0-9-]`, the same at every reading.
        dimension: Dimension token, as in the price plan.
        unit: Unit token, as in the price plan.
        value: Units held since the reading before, where the meter holds; else what a counter stands at,
        which
            never goes back.
        holding: Whether the meter holds (TIME) rather than counts (COUNT).
        method: How it was read, for people.
    """

    meter_id: str
    dimension: str
    unit: str
    value: Fraction
    holding: bool
    method: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Something that runs.

    Attributes:
        lease: Name of the lease that it runs for.
        access: How it is reached; nothing while it is still being delivered.
        failed: Why it does not work; empty where it does.
    """

    lease: str
    access: Access | None
    failed: str = ""


class Hooks(Protocol):
    """The four things that only the provider itself can do."""

    def provision(self, order: LeaseOrder) -> Access:
        """Delivers a lease, and returns when it can be used.

        Called once for a lease, unless the process died meanwhile and `list_running` does not name it.

        Raises:
            Exception: It cannot be delivered; the text is told to the consumer.
        """
        ...

    def release(self, lease: str) -> Sequence[Reading]:
        """Ends whatever runs for a lease; returns the last reading of its meters once nothing runs.

        Must bear being called again, and for a lease that it does not know: then it returns no reading.
        """
        ...

    def meter(self, lease: str) -> Sequence[Reading]:
        """Reads the meters of a lease now."""
        ...

    def list_running(self) -> Sequence[Running]:
        """Lists everything that runs here, by lease, also what an earlier process of the agent started."""
        ...
