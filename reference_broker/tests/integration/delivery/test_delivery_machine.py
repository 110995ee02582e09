"""Orders, answers, failures, ends and lost hours in any order: no unit is in use twice, no command lost."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from crex.errors import CrexError
from crex_broker.application.ports.agents import CommandView, EventKey
from crex_broker.application.ports.leases import LeaseSnapshot
from crex_broker.storage.sqlite.store import SqliteStore
from reference_broker.tests.contract.delivery import Deliveries, private
from reference_broker.tests.contract.market import HOUR, Market
from reference_broker.tests.exchange import BROKER, CONSUMER, PROVIDER, ManualClock

T = TypeVar("T")
UNITS = 8
REFUSALS = {
    "CAPACITY_EXHAUSTED",
    "CONFLICT",
    "EXPIRED",
    "ILLEGAL_TRANSITION",
    "OFFER_CHANGED",
    "STALE_EPOCH",
    "TERMS",
}
STARTED = {"PROVISIONING", "ACTIVE", "RECONCILING", "RELEASING", "FAILED"}
COMMANDED = {
    "PROVISIONING": "provision",
    "RECONCILING": "provision",
    "RELEASING": "release",
    "FAILED": "release",
}


class DeliveryMachine(RuleBasedStateMachine):
    """Agents, consumers and time act on a real store in any order; what must never happen is looked for."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="crex-"))
        self.clock = ManualClock()
        self.store = SqliteStore(self.folder / "broker.db", authority=BROKER, clock=self.clock)
        self.market = Market(self.store, self.clock)
        self.deliveries = Deliveries(self.market)
        self.epochs: dict[str, int] = {}
        self.versions: dict[str, int] = {}

    def teardown(self) -> None:
        """Closes the store."""
        self.store.close()
        shutil.rmtree(self.folder)

    @initialize()
    def open(self) -> None:
        """Enrols everyone and grants eight units."""
        run(self.market.open(UNITS))

    @rule(quantity=st.integers(1, UNITS), start=st.integers(0, 3), hours=st.integers(1, 3))
    def order(self, quantity: int, start: int, hours: int) -> None:
        """Somebody orders, where there is room."""
        attempt(self.market.committed(quantity, start=start * HOUR, end=(start + hours) * HOUR))

    @rule(at=st.integers(0, 50), how=st.sampled_from(["right", "refuse", "fail", "again", "other"]))
    def answer(self, at: int, how: str) -> None:
        """The agent answers one of its commands, rightly or not."""
        commands = run(self.store.agents.open_commands(PROVIDER))
        if not commands:
            return
        command = run(self.store.agents.command(PROVIDER, commands[at % len(commands)]))
        assert command is not None
        answers: dict[str, Callable[[CommandView, str], Awaitable[object]]] = {
            "confirm": self._confirm,
            "provision": self._provision,
            "release": self._release,
        }
        for _ in range(2 if how == "again" else 1):
            attempt(answers[command.kind](command, how))

    @rule(
        at=st.integers(0, 50), what=st.sampled_from(["terminate", "fail", "gone", "active", "provisioning"])
    )
    def happens(self, at: int, what: str) -> None:
        """Something happens to a lease without a command."""
        leases = self.leases()
        if not leases:
            return
        lease, label = leases[at % len(leases)].name, self.deliveries.label()
        agents = self.store.agents
        key = EventKey(PROVIDER, label, b"body")
        events: dict[str, Callable[[], Awaitable[object]]] = {
            "terminate": lambda: self.deliveries.terminated(lease),
            "fail": lambda: agents.event_failed(key, lease, "it broke", f"release-{label}"),
            "gone": lambda: agents.event_released(key, lease, self.deliveries.release()),
            "active": lambda: agents.adopt_active(PROVIDER, lease, self.deliveries.delivery()),
            "provisioning": lambda: agents.adopt_provisioning(PROVIDER, lease, 600_000),
        }
        attempt(events[what]())

    @rule(minutes=st.sampled_from([0, 1, 15, 60, 24 * 60]))
    def time_passes(self, minutes: int) -> None:
        """Time passes, and every timer runs, twice."""
        self.clock.advance(minutes=minutes)
        timers = self.store.timers
        for _ in range(2):
            run(self.store.orders.expire_holds(100))
            run(timers.confirm_deadlines(100, horizon_ms=24 * HOUR))
            run(timers.reconcile_horizons(100))
            run(timers.end_leases(100))
            run(timers.start_leases(100, provision_ms=600_000))
            run(timers.provision_deadlines(100))
            run(timers.fulfil_orders(100))

    @invariant()
    def no_unit_is_in_use_twice(self) -> None:
        """What started and was not released fits into what was granted (LEASE-START-2, LEASE-OCCUPY-1)."""
        used = sum(lease.quantity for lease in self.leases() if lease.state in STARTED)
        assert used <= UNITS

    @invariant()
    def claims_stand_until_released(self) -> None:
        """A lease has its claim until it is RELEASED, and not a moment longer (RELEASE-CAPACITY-1)."""
        claimed = {
            name
            for (name,) in self.store.reader.run_blocking(
                lambda connection: connection.execute("SELECT lease FROM claims").fetchall()
            )
        }
        for lease in self.leases():
            assert (lease.name in claimed) == (lease.state != "RELEASED"), lease.state

    @invariant()
    def every_started_lease_has_its_command(self) -> None:
        """What must be done is commanded once, by the lease's epoch, which only grows (AGENT-COMMAND-2)."""
        by_lease: dict[str, list[CommandView]] = {}
        for command_id in run(self.store.agents.open_commands(PROVIDER)):
            command = run(self.store.agents.command(PROVIDER, command_id))
            assert command is not None
            if command.lease is not None:
                by_lease.setdefault(command.lease.name, []).append(command)
        for lease in self.leases():
            commands = by_lease.get(lease.name, [])
            assert lease.command_epoch >= self.epochs.get(lease.name, 0)
            assert lease.version >= self.versions.get(lease.name, 0)
            self.epochs[lease.name], self.versions[lease.name] = lease.command_epoch, lease.version
            if lease.state in COMMANDED:
                (command,) = commands
                assert (command.kind, command.epoch) == (COMMANDED[lease.state], lease.command_epoch)
            elif lease.state != "ACTIVE":  # adopted ones still await the answer to their command
                assert not commands, lease.state

    def leases(self) -> tuple[LeaseSnapshot, ...]:
        """Every lease."""
        page = run(self.store.leases.leases(CONSUMER, order="", state="", before_seq=None, limit=1000))
        return page.leases

    def _confirm(self, command: CommandView, how: str) -> Awaitable[object]:
        document = private("order-confirmation", self.deliveries.label())
        if how in ("refuse", "fail"):
            return self.store.agents.reject_order(PROVIDER, command.id, document, "no")
        return self.store.agents.accept_order(PROVIDER, command.id, document)

    def _provision(self, command: CommandView, how: str) -> Awaitable[object]:
        if how in ("refuse", "fail"):
            return self.store.agents.fail(PROVIDER, command.id, "it broke", self.deliveries.label())
        if how == "other":
            return self.store.agents.release(PROVIDER, command.id, self.deliveries.release())
        return self.store.agents.activate(PROVIDER, command.id, self.deliveries.delivery())

    def _release(self, command: CommandView, how: str) -> Awaitable[object]:
        if how in ("fail", "other"):
            return self.store.agents.activate(PROVIDER, command.id, self.deliveries.delivery())
        return self.store.agents.release(PROVIDER, command.id, self.deliveries.release())


def run(action: Awaitable[T]) -> T:
    """Does something to its end."""

    async def body() -> T:
        return await action

    return asyncio.run(body())


def attempt(action: Awaitable[object] | Coroutine[Any, Any, object]) -> None:
    """Does something that may be refused for a reason of the contract that fits."""
    try:
        run(action)
    except CrexError as refused:
        if refused.reason not in REFUSALS:
            raise


TestDeliveryMachine = DeliveryMachine.TestCase
TestDeliveryMachine.settings = settings(max_examples=20, stateful_step_count=40, deadline=None)
