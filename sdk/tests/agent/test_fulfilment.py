"""Commands: each carried out at most once, verified before, answered the same for ever."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from crex import v1
from crex.agent.fulfilment import Fulfilment
from crex.agent.hooks import Access, LeaseOrder, Reading, Running
from crex.agent.sold import Committed
from crex.documents.times import to_ms
from crex.trust.envelope import digest
from crex.trust.verify import open_envelope
from sdk.tests.agent.samples import (
    ACCESS,
    Desk,
    Library,
    ManualClock,
    ToldHooks,
    provision_action,
    readings,
)
from sdk.tests.invoice.samples import BROKER, LEASE, ORDER, PROVIDER, START, World, header

HOUR = timedelta(hours=1)


class Agent:
    """One provider's agent without its stream."""

    def __init__(self, desk: Desk, hooks: ToldHooks) -> None:
        self.desk = desk
        self.hooks = hooks
        self.clock = ManualClock(START + timedelta(seconds=5))
        signed = desk.signed
        self.library = Library(
            {
                digest(signed.offer.body): signed.offer.envelope,
                digest(signed.plan.body): signed.plan.envelope,
            }
        )
        self.reason = ""
        self.started()

    def started(self) -> Agent:
        """Starts it, or starts it again."""
        self.fulfilment = Fulfilment(
            client=self.library,
            trust=self.desk.world.trust,
            statements=self.desk.statements,
            journal=self.desk.journal,
            hooks=self.hooks,
            usage=self.desk.book,
            decide=self.decide,
            provider=PROVIDER,
            broker=BROKER,
            clock=self.clock,
        )
        return self

    def again(self) -> Agent:
        """Starts it again, with what its journal holds."""
        self.desk.again()
        return self.started()

    def decide(self, _committed: Committed) -> str:
        """Takes every order, unless the test gave a reason."""
        return self.reason

    async def done(self, command: v1.Command) -> v1.CommandResult:
        """Answers a command."""
        result = await self.fulfilment.answer(command)
        assert result is not None
        return result

    def confirm(self, id_: str = "c1", epoch: int = 1) -> v1.Command:
        """The command to confirm the order."""
        signed = self.desk.signed
        action = v1.ConfirmAction(
            order=ORDER, hold_receipt=signed.hold.envelope, order_document=signed.order.envelope
        )
        return v1.Command(id=id_, command_epoch=epoch, confirm=action)

    def provision(self, id_: str = "p1", epoch: int = 1) -> v1.Command:
        """The command to deliver the lease."""
        return v1.Command(id=id_, command_epoch=epoch, provision=provision_action(self.desk.signed))

    def release(self, id_: str = "r1", epoch: int = 2, lease: str = LEASE) -> v1.Command:
        """The command to end the lease."""
        signed = self.desk.signed
        action = v1.ReleaseAction(
            lease=v1.Lease(name=lease, interval=signed.hold.message.interval),
            order_document=signed.order.envelope,
        )
        return v1.Command(id=id_, command_epoch=epoch, release=action)


@pytest.fixture
def agent(world: World, tmp_path: Path) -> Iterator[Agent]:
    """An agent that was told nothing yet."""
    made = Agent(Desk.new(world, tmp_path), ToldHooks())
    yield made
    made.desk.journal.close()


def reason(result: v1.CommandResult) -> str:
    """The reason of a failure."""
    return v1.ErrorReason.Name(result.failure.reason).removeprefix("ERROR_REASON_")


async def test_an_order_is_confirmed_by_a_signed_document(agent: Agent, world: World) -> None:
    """It names exactly the leases of the hold, and pins the order."""
    result = await agent.done(agent.confirm())
    opened = open_envelope(
        result.order_confirmation, v1.OrderConfirmation, world.trust, now=agent.clock.now(),
        expected_issuer=PROVIDER,
    )  # fmt: skip
    assert opened.message.outcome == v1.ConfirmationOutcome.CONFIRMATION_OUTCOME_ACCEPTED
    assert list(opened.message.leases) == [LEASE]
    assert opened.message.order == agent.desk.signed.order.pin


async def test_an_order_is_rejected_with_the_providers_reason(agent: Agent, world: World) -> None:
    """A rejection is signed too, and names no lease."""
    agent.reason = "The rack is being moved."
    result = await agent.done(agent.confirm())
    opened = open_envelope(
        result.order_confirmation, v1.OrderConfirmation, world.trust, now=agent.clock.now()
    )
    assert opened.message.outcome == v1.ConfirmationOutcome.CONFIRMATION_OUTCOME_REJECTED
    assert opened.message.reason == agent.reason
    assert not opened.message.leases


async def test_a_repeated_command_is_answered_from_memory(agent: Agent) -> None:
    """AGENT-ANSWER-1: the very same result, also after a restart, and the hook was called once."""
    first = await agent.done(agent.provision())
    assert await agent.done(agent.provision()) == first
    agent.clock.time += HOUR
    assert await agent.again().done(agent.provision()) == first
    assert agent.hooks.calls == [f"provision {LEASE}"]


async def test_a_command_that_comes_twice_at_once_is_carried_out_once(agent: Agent) -> None:
    """Two streams bring the same command: one delivery, one answer."""
    results = await asyncio.gather(*(agent.done(agent.provision()) for _ in range(5)))
    assert all(result == results[0] for result in results)
    assert agent.hooks.calls == [f"provision {LEASE}"]


async def test_an_older_command_is_refused(agent: Agent) -> None:
    """AGENT-EPOCH-1: what was replaced is not carried out any more."""
    await agent.done(agent.release(epoch=2))
    result = await agent.again().done(agent.provision(epoch=1))
    assert reason(result) == "STALE_EPOCH"
    assert not any(call.startswith("provision") for call in agent.hooks.calls)


async def test_a_command_is_in_the_journal_before_its_effect(agent: Agent) -> None:
    """AGENT-JOURNAL-1: at the moment at which the hook is called, a crash would remember the command."""
    seen: list[list[str]] = []

    class Looking(ToldHooks):
        def provision(self, order: LeaseOrder) -> Access:
            # A connection of its own, as the next agent would have: what is not committed is not seen.
            connection = sqlite3.connect(agent.desk.folder / "journal.sqlite")
            seen.append([row[0] for row in connection.execute("SELECT id FROM command WHERE result IS NULL")])
            connection.close()
            return super().provision(order)

    agent.hooks = Looking()
    await agent.started().done(agent.provision())
    assert seen == [["p1"]]
    assert agent.desk.journal.unanswered() == []


async def test_what_runs_already_is_adopted(agent: Agent) -> None:
    """The agent was killed after the hook had delivered: the next one finds it, and delivers nothing."""
    agent.hooks.running[LEASE] = Running(lease=LEASE, access=ACCESS)
    result = await agent.done(agent.provision())
    assert result.WhichOneof("outcome") == "provisioned"
    assert agent.hooks.calls == []


async def test_what_failed_is_told_and_not_started_anew(agent: Agent) -> None:
    """A lease whose server died is a failure, not a second delivery."""
    agent.hooks.running[LEASE] = Running(lease=LEASE, access=None, failed="the disk burned")
    result = await agent.done(agent.provision())
    assert (reason(result), result.failure.message) == ("INTERNAL", "the disk burned")
    assert agent.hooks.calls == []


async def test_a_hook_that_fails_is_a_failure_that_another_try_may_mend(agent: Agent) -> None:
    """The consumer reads what the hook said; the broker's repetition tries again."""
    agent.hooks.broken = "no address is left"
    result = await agent.done(agent.provision())
    assert "no address is left" in result.failure.message
    agent.hooks.broken = ""
    assert (await agent.done(agent.provision())).WhichOneof("outcome") == "provisioned"


async def test_without_the_broker_a_command_waits(agent: Agent) -> None:
    """The offer cannot be fetched: no answer, no delivery, and the repetition is carried out."""
    documents, agent.library.documents = agent.library.documents, {}
    assert await agent.fulfilment.answer(agent.provision()) is None
    assert agent.hooks.calls == []
    agent.library.documents = documents
    assert (await agent.done(agent.provision())).WhichOneof("outcome") == "provisioned"


async def test_nothing_is_delivered_on_an_altered_order(agent: Agent) -> None:
    """AGENT-VERIFY-1: one byte of the consumer's order is another than was signed."""
    command = agent.provision()
    body = command.provision.order_document.payload
    command.provision.order_document.payload = body.replace(b'"quantity":"4"', b'"quantity":"5"')
    assert reason(await agent.done(command)) == "SIGNATURE"
    assert agent.hooks.calls == []


async def test_nothing_is_delivered_on_a_hold_that_the_broker_did_not_sign(
    agent: Agent, world: World
) -> None:
    """AGENT-VERIFY-1: a hold receipt of another party is none, whatever it says."""
    command = agent.confirm()
    command.confirm.hold_receipt.CopyFrom(world.provider.sign_document(agent.desk.signed.offer.message))
    assert reason(await agent.done(command)) == "TYPE"


async def test_nothing_is_delivered_for_another_hold(agent: Agent, world: World) -> None:
    """AGENT-VERIFY-1: the order pins its hold; another one, rightly signed, does not do."""
    other = agent.desk.signed.hold.message
    changed = v1.HoldReceipt()
    changed.CopyFrom(other)
    changed.header.CopyFrom(header(BROKER, "hold-receipt/h2", valid_until=other.header.valid_until))
    command = agent.provision()
    command.provision.hold_receipt.CopyFrom(world.signed(changed).envelope)
    assert reason(await agent.done(command)) == "SUBJECT"
    assert agent.hooks.calls == []


async def test_an_unknown_command_is_a_failure(agent: Agent) -> None:
    """A command of a later edition is answered, not waited for."""
    command = agent.confirm()
    command.ClearField("confirm")
    assert reason(await agent.done(command)) == "UNSUPPORTED_METHOD"


async def test_a_lease_is_released_with_its_last_readings(agent: Agent, world: World) -> None:
    """The receipt states when use ended, and what the meters stood at."""
    await agent.done(agent.provision())
    agent.hooks.last = readings(42)
    agent.clock.time += HOUR
    result = await agent.done(agent.release())
    receipt = open_envelope(
        result.release_receipt, v1.ReleaseReceipt, world.trust, now=agent.clock.now()
    ).message
    assert receipt.ended_at.ToMilliseconds() == to_ms(agent.clock.now())
    assert {reading.meter_id: reading.total for reading in receipt.final_readings}["cpu-time"] == "42"
    assert await agent.again().done(agent.release()) == result
    assert agent.hooks.calls.count(f"release {LEASE}") == 1


async def test_an_early_end_counts_from_when_the_broker_accepted_it(agent: Agent, world: World) -> None:
    """Use after the accepted end is not the consumer's."""
    await agent.done(agent.provision())
    agent.clock.time += HOUR
    command = agent.release()
    command.release.lease.terminated_at.FromMilliseconds(to_ms(agent.clock.now() - timedelta(minutes=10)))
    result = await agent.done(command)
    receipt = open_envelope(
        result.release_receipt, v1.ReleaseReceipt, world.trust, now=agent.clock.now()
    ).message
    assert receipt.ended_at.ToMilliseconds() == to_ms(agent.clock.now() - timedelta(minutes=10))


async def test_a_lease_that_does_not_run_here_is_released(agent: Agent) -> None:
    """AGENT-RELEASE-1: a receipt without readings, or the lease could never be closed."""
    result = await agent.done(agent.release())
    assert result.WhichOneof("outcome") == "release_receipt"


async def test_the_inventory_lists_what_runs(agent: Agent) -> None:
    """AGENT-INVENTORY-1, AGENT-QUARANTINE-2: also what this agent was never told of."""
    await agent.done(agent.provision())
    agent.hooks.running["crex://broker.example/lease/x"] = Running(
        lease="crex://broker.example/lease/x", access=None
    )
    agent.hooks.running["crex://broker.example/lease/y"] = Running(
        lease="crex://broker.example/lease/y", access=None, failed="it burned"
    )
    inventory = await agent.again().fulfilment.inventory()
    states = {item.lease: v1.InventoryState.Name(item.state) for item in inventory.items}
    assert states == {
        LEASE: "INVENTORY_STATE_ACTIVE",
        "crex://broker.example/lease/x": "INVENTORY_STATE_PROVISIONING",
        "crex://broker.example/lease/y": "INVENTORY_STATE_FAILED",
    }
    assert inventory.items[0].HasField("access_grant")
    assert "release" not in " ".join(agent.hooks.calls)


async def test_meters_are_not_read_while_a_lease_is_released(agent: Agent) -> None:
    """A reading that overtook the last one would look like a counter that went back."""
    releasing, go_on = threading.Event(), threading.Event()

    class Slow(ToldHooks):
        def release(self, lease: str) -> Sequence[Reading]:
            releasing.set()
            assert go_on.wait(20)
            return super().release(lease)

    agent.hooks = Slow(last=readings(9))
    agent.started()
    await agent.done(agent.provision())
    task = asyncio.create_task(agent.done(agent.release()))
    await asyncio.to_thread(releasing.wait, 20)
    await agent.fulfilment.meter(LEASE)
    go_on.set()
    await task
    await agent.fulfilment.meter(LEASE)
    assert f"meter {LEASE}" not in agent.hooks.calls


async def test_a_lease_that_died_is_told_once(agent: Agent) -> None:
    """AGENT-EVENT-1: one event; the lease is metered no more, and is billed when it is released."""

    class Dead(ToldHooks):
        def meter(self, lease: str) -> Sequence[Reading]:
            self.calls.append(f"meter {lease}")
            self.running[lease] = Running(lease=lease, access=None, failed="the rack burned")
            raise OSError("nobody answers")

    agent.hooks = Dead(last=readings(3))
    agent.started()
    await agent.done(agent.provision())
    for _ in range(3):
        await agent.fulfilment.meter(LEASE)
    (row,) = agent.desk.journal.all("SELECT body FROM event")
    event = v1.AgentEvent.FromString(row["body"])
    assert (event.lease, event.failed.message) == (LEASE, "the rack burned")
    assert agent.hooks.calls.count(f"meter {LEASE}") == 1
    agent.clock.time += HOUR
    assert (await agent.done(agent.release())).WhichOneof("outcome") == "release_receipt"
    assert [batch.final for batch in agent.desk.batches()] == [True]


async def test_a_meter_that_cannot_be_read_stops_nothing(agent: Agent) -> None:
    """The next reading makes up for it."""

    class Broken(ToldHooks):
        def meter(self, lease: str) -> Sequence[Reading]:
            raise OSError("the sensor is gone")

    agent.hooks = Broken()
    agent.started()
    await agent.done(agent.provision())
    await agent.fulfilment.meter(LEASE)
    assert agent.desk.journal.all("SELECT * FROM reading") == []
