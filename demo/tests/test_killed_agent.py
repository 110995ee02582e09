"""The agent is killed while it delivers, and while the lease is in use (AGENT-JOURNAL-1, AGENT-ANSWER-1)."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest

from crex import v1
from demo import sale
from demo.papers import Papers
from demo.party import Party
from demo.processes import Child, start_broker
from demo.story import Story

pytestmark = pytest.mark.slow

PATIENCE_S = 30.0


class Market:
    """A broker, a provider with its cores on sale, a consumer; everything ends with the test."""

    def __init__(self, home: Path, stack: ExitStack) -> None:
        self.home = home
        self.stack = stack
        _, self.facts = start_broker(home / "dev", home / "broker.log", stack)
        papers = Papers(home / "documents")
        self.provider, self.consumer = (
            Party.load(
                Path(self.facts["parties"][name]["folder"]),
                target=self.facts["target"],
                broker=self.facts["broker"],
                papers=papers,
            )
            for name in ("provider.dev.invalid", "consumer.dev.invalid")
        )
        stack.callback(self.consumer.client.close)
        stack.callback(self.provider.client.close)
        self.story = Story()
        self.goods, _ = sale.publish_host(self.story, self.provider, self.facts["broker"])

    def agent(self, moment: str) -> Child:
        """Starts an agent that waits at the gate at a moment."""
        config = self.home / "agent.json"
        value: dict[str, Any] = {
            "identity": self.facts["parties"]["provider.dev.invalid"]["folder"],
            "target": self.facts["target"],
            "broker": self.facts["broker"],
            "folder": str(self.home / "agent"),
            "cpus": self.goods.cpus,
            "gate": str(self.home / "gate"),
            "moment": moment,
        }
        config.write_text(json.dumps(value), "utf-8")
        program = Path(__file__).with_name("held_agent.py")
        return self.stack.enter_context(
            Child("the agent", [str(program), str(config)], self.home / "agent.log")
        )

    def servers(self) -> list[psutil.Process]:
        """Lists the lease servers of this market that run."""
        leases = str(self.home / "agent" / "leases")
        return [
            process
            for process in psutil.process_iter(["cmdline", "status"])
            if process.info["status"] != psutil.STATUS_ZOMBIE
            and any(part.startswith(leases) for part in process.info["cmdline"] or ())
        ]


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    """A market whose lease servers end with the test too."""
    with ExitStack() as stack:
        made = Market(tmp_path, stack)
        try:
            yield made
        finally:
            stack.close()
            for process in made.servers():
                process.kill()


def wait(condition: Callable[[], bool]) -> None:
    """Waits for a condition."""
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def test_a_lease_whose_server_dies_fails_and_is_free(market: Market) -> None:
    """The agent tells it (AGENT-EVENT-1); the broker has it released, and what was used is billed."""
    (market.home / "gate").touch()
    market.agent("never")
    found = sale.search(market.story, market.consumer)
    bought = sale.buy(market.story, market.consumer, market.facts["broker"], found)
    sale.wait_for_lease(market.consumer, bought.lease, "LEASE_STATE_ACTIVE")
    (server,) = market.servers()
    server.kill()
    sale.wait_for_lease(market.consumer, bought.lease, "LEASE_STATE_RELEASED")
    invoice, _ = sale.wait_for_invoice(market.consumer, bought)
    assert invoice.message.lease == bought.lease
    assert not market.servers()


@pytest.mark.parametrize(("moment", "servers"), [("before", 0), ("after", 1)])
def test_an_agent_that_is_killed_while_it_delivers_goes_on_where_it_was(
    market: Market, moment: str, servers: int
) -> None:
    """Whether the lease's server ran already or not: one runs in the end, and the lease is billed once."""
    first = market.agent(moment)
    found = sale.search(market.story, market.consumer)
    bought = sale.buy(market.story, market.consumer, market.facts["broker"], found)
    wait((market.home / "gate.reached").exists)
    before = {process.pid for process in market.servers()}
    assert len(before) == servers
    os.kill(first.pid, signal.SIGKILL)

    (market.home / "gate").touch()
    second = market.agent(moment)
    sale.wait_for_lease(market.consumer, bought.lease, "LEASE_STATE_ACTIVE")
    after = {process.pid for process in market.servers()}
    assert len(after) == 1
    assert before <= after, "what ran was adopted"

    os.kill(second.pid, signal.SIGKILL)
    market.agent(moment)
    assert sale.use(market.story, market.consumer, bought)["correct"]
    invoice, report, _ = sale.settle(market.story, market.consumer, bought)

    assert report.require().digest == invoice.message.rating_digest
    listed = market.consumer.client.list_invoices(v1.ListInvoicesRequest(lease=bought.lease)).invoices
    assert len(listed) == 1
    usage = market.consumer.client.list_usage(v1.ListUsageRequest(lease=bought.lease))
    sealed = [period for period in usage.periods if period.state == v1.UsageState.USAGE_STATE_SEALED]
    assert len(sealed) == len(usage.periods) == 1
    wait(lambda: not market.servers())
