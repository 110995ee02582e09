"""Killed at random moments while it meters and sends, an agent has every record arrive exactly once.

A real agent meters one lease at a real broker a hundred times a second and sends a batch every 50 ms. Now the
agent is killed (SIGKILL), now the broker, at seeded moments; each is started again on what it had written. In
the end every record that the agent ever wrote is at the broker, byte for byte and once, and they add up to
what was counted.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from crex import v1
from crex.errors import RemoteError
from crex.metering import Chain, Record, missing, verify_batch
from crex.trust.directory import TrustDirectory
from crex.trust.identity_files import load_identity
from crex.trust.verify import open_envelope
from reference_broker.tests.command_line import CONSUMER, PROVIDER, found
from reference_broker.tests.wire import BROKER, Operation, WireParty, publish, request_id

SEED: Final = 20261128
KILLS: Final = 14
BROKER_KILLS: Final = 4
PATIENCE_S: Final = 60.0
PROGRAM: Final = Path(__file__).with_name("metering_agent.py")


@dataclass
class Agent:
    """The agent's process, killed and started again.

    Attributes:
        folder: Its journal and what it leases.
        config: Its configuration.
        unsent: For each kill, the batches that were written and not yet acknowledged.
    """

    folder: Path
    config: Path
    unsent: list[int] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it."""
        with (self.folder / "agent.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(PROGRAM), str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "GRPC_VERBOSITY": "NONE"},
            )

    def kill(self) -> None:
        """Ends it as a power cut would, and looks at what it left."""
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "agent.log").read_text("utf-8")[-2000:]
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self.unsent.append(len(self.query("SELECT number FROM batch WHERE sent = 0")))

    def end(self) -> None:
        """Ends it on every way out."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def query(self, sql: str) -> list[tuple[bytes]]:
        """Reads the journal."""
        with sqlite3.connect(self.folder / "agent" / "journal.sqlite") as journal:
            return journal.execute(sql).fetchall()

    def counted(self) -> Fraction:
        """What was counted from delivery to the end."""
        (last,) = (self.folder / "leases").glob("*.last")
        return Fraction(json.loads(last.read_text("utf-8"))["counted_ms"], 1000)


def wait(holds: Callable[[], bool], what: str) -> None:
    """Waits for a condition; a lease that is not there yet is waited for, too."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            if holds():
                return
        except RemoteError as error:
            if error.reason != "NOT_FOUND":
                raise
        assert time.monotonic() < until, what
        time.sleep(0.05)


def lease_of(consumer: WireParty, goods: object, hours: int = 2) -> str:
    """Buys one unit from now on; gives the lease."""
    start = consumer.at(seconds=1)
    request = consumer.hold_request(goods, start=start, end=consumer.at(hours=hours))  # type: ignore[arg-type]
    with consumer.client() as client:
        hold = client.create_hold(request)
        client.commit_order(consumer.commit_request(hold))
    return hold.order.lines[0].lease


def state(consumer: WireParty, lease: str) -> str:
    """The state of a lease."""
    with consumer.client() as client:
        found_ = client.get_lease(v1.GetLeaseRequest(lease=lease)).lease
    return v1.LeaseState.Name(found_.state).removeprefix("LEASE_STATE_")


def arrived(consumer: WireParty, lease: str, trust: TrustDirectory) -> tuple[list[bytes], list[Record], bool]:
    """Everything that the broker has of a lease, its chain verified: exact bytes, records, whether sealed."""
    chain, bodies, records, token = Chain(lease), list[bytes](), list[Record](), ""
    with consumer.client() as client:
        while True:
            page = client.list_usage(v1.ListUsageRequest(lease=lease, page_token=token))
            for item in page.batches:
                batch = open_envelope(item.batch, v1.UsageBatch, trust, now=consumer.at(minutes=1))
                chain, parsed = verify_batch(chain, batch, list(item.records))
                bodies += item.records
                records += parsed
            token = page.next_page_token
            if not token:
                return bodies, records, chain.final


@pytest.mark.slow
def test_every_record_arrives_exactly_once(tmp_path: Path) -> None:
    """USAGE-SEQ-1, BILLING-DUPLICATE-1: over kills of either side nothing is lost, doubled or changed."""
    moments = random.Random(SEED)
    operation, lines = found(tmp_path)
    home = lines[PROVIDER].home
    provider, consumer = (
        WireParty(load_identity(home / name), operation.identity, f"127.0.0.1:{operation.port}")
        for name in (PROVIDER, CONSUMER)
    )
    trust = TrustDirectory()
    trust.pin(provider.identity.trust_document, now=provider.at())
    folder = tmp_path / "rack"
    folder.mkdir()
    config = folder / "config.json"
    value = {
        "identity": str(home / PROVIDER),
        "target": provider.target,
        "broker": BROKER,
        "folder": str(folder),
    }
    config.write_text(json.dumps(value), "utf-8")
    agent = Agent(folder, config)
    operation.start()
    try:
        goods = publish(provider, 1)
        agent.start()
        lease = lease_of(consumer, goods)
        wait(lambda: state(consumer, lease) == "ACTIVE", "the lease was not delivered")
        _kill_and_start(agent, operation, moments)
        with consumer.client() as client:
            client.terminate_lease(
                v1.TerminateLeaseRequest(request_id=request_id(), lease=lease, reason="done")
            )
        # Once more while it makes the last records and the final batch.
        time.sleep(moments.random() * 0.2)
        agent.kill()
        agent.start()
        wait(lambda: state(consumer, lease) == "RELEASED", "the lease was not released")
        wait(lambda: arrived(consumer, lease, trust)[2], "the usage was not sealed")
        bodies, records, _ = arrived(consumer, lease, trust)
        agent.kill()
    finally:
        agent.end()
        operation.close()
    kept = [body for (body,) in agent.query("SELECT body FROM record ORDER BY number, place")]
    assert bodies == kept, "the broker has every record that the agent wrote, byte for byte, once, in order"
    assert missing(records) == []
    assert len({record.key for record in records}) == len(records)
    counted = [record for record in records if record.meter_id == "counted"]
    assert sum(record.quantity for record in counted) <= agent.counted()
    assert agent.counted() - sum(record.quantity for record in counted) < 1, (
        "up to the end of use, not beyond"
    )
    assert all(one.span.end_ms == two.span.start_ms for one, two in pairwise(counted))
    assert len(counted) > 100
    assert any(agent.unsent), "no kill came between writing a batch and hearing that it arrived"


def _kill_and_start(agent: Agent, operation: Operation, moments: random.Random) -> None:
    """Kills agent or broker at seeded moments, and starts it again."""
    for turn in range(KILLS):
        # An agent takes some half a second to come to work; the moment is somewhere after it.
        time.sleep(0.5 + moments.random())
        if turn % (KILLS // BROKER_KILLS) == 1:
            operation.kill()
            time.sleep(moments.random() * 0.2)
            operation.start()
        agent.kill()
        agent.start()
