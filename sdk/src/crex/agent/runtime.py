"""The runtime of a provider's agent: keeps its stream up, its leases metered, its usage sent and billed.

    session.py      one stream: hello, inventory, commands, heartbeat
    fulfilment.py   commands, each carried out at most once
    usage.py        readings, records, batches, invoices
    journal.py      what all of them remember

Losing the broker stops nothing: leases go on and are metered, and what is owed is sent when it is back. A
lease whose interval ended is ended by the broker's command; the agent never ends one by itself before that
instant (AGENT-END-1).
"""

from __future__ import annotations

import asyncio
import logging
import random
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from crex import v1
from crex.agent.clock import BrokerClock
from crex.agent.fulfilment import Decide, Fulfilment
from crex.agent.hooks import Hooks
from crex.agent.journal import Journal
from crex.agent.series import fetch_series
from crex.agent.session import Session
from crex.agent.sold import Committed
from crex.agent.statements import Statements
from crex.agent.usage import Owed, UsageBook
from crex.client import AsyncClient
from crex.documents.times import Clock, SystemClock
from crex.errors import CrexError, RemoteError
from crex.trust.directory import TrustDirectory
from crex.trust.identity import Identity

_log = logging.getLogger("crex.agent")
_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    """What an agent must be told.

    Attributes:
        broker: Authority of the broker.
        folder: Folder of its journal; two agents never share one.
        meter_s: Seconds between readings of a lease's meters.
        batch_s: Seconds between usage batches of a lease that goes on.
        lag_s: Age in seconds that a reading must have before it becomes a record (usage.py).
        payment_term: Time from an invoice to the payment that it asks for.
    """

    broker: str
    folder: Path
    meter_s: float = 10.0
    batch_s: float = 300.0
    lag_s: float = 10.0
    payment_term: timedelta = timedelta(days=30)


def take_all(_committed: Committed) -> str:
    """Takes every order that the broker sold within the provider's allotment."""
    return ""


class AgentRuntime:
    """Runs one provider's agent at one broker."""

    def __init__(
        self,
        client: AsyncClient,
        identity: Identity,
        trust: TrustDirectory,
        hooks: Hooks,
        settings: AgentSettings,
        *,
        decide: Decide = take_all,
        clock: Clock | None = None,
    ) -> None:
        """Makes a runtime; nothing happens before `run`.

        Args:
            client: A client of the broker, with the provider's certificate.
            identity: The provider's identity, which signs.
            trust: The pinned trust documents: the broker's, and those of consumers.
            hooks: The vendor's four hooks.
            settings: Folder and periods.
            decide: Says why an order is not taken; nothing where it is.
            clock: The machine's clock.

        Raises:
            CrexError: The folder is another agent's, or cannot be written.
        """
        self._client = client
        self._settings = settings
        self._clock = BrokerClock(clock or SystemClock())
        self._unbilled: dict[str, float] = {}  # by lease: when its bill is tried again, in the loop's time
        self._journal = Journal(settings.folder)
        statements = Statements(identity)
        self._usage = UsageBook(
            self._journal,
            statements,
            identity,
            trust,
            broker=settings.broker,
            payment_term=settings.payment_term,
        )
        self._fulfilment = Fulfilment(
            client=client,
            trust=trust,
            statements=statements,
            journal=self._journal,
            hooks=hooks,
            usage=self._usage,
            decide=decide,
            provider=identity.authority,
            broker=settings.broker,
            clock=self._clock,
        )
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Runs until `stop`; then closes the journal. Leases go on running."""
        work = [
            asyncio.create_task(self._keep_connected()),
            asyncio.create_task(self._keep_metering()),
            asyncio.create_task(self._keep_sending()),
        ]
        try:
            stopped = asyncio.create_task(self._stopping.wait())
            done, _ = await asyncio.wait([*work, stopped], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopped}:
                task.result()
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            self._journal.close()

    def stop(self) -> None:
        """Ends `run`."""
        self._stopping.set()

    async def _keep_connected(self) -> None:
        pause_s = _FIRST_PAUSE_S
        instance = f"{socket.gethostname()}"[:128] or "agent"
        while True:
            session = Session(self._client, self._fulfilment, self._journal, self._clock, instance)
            began = asyncio.get_running_loop().time()
            wanted_s = 0.0
            try:
                wanted_s = await session.run()
                _log.info("the broker ended the stream")
            except RemoteError as error:
                _log.warning("the stream to the broker ended: %s", error.message)
            if asyncio.get_running_loop().time() - began > _LONGEST_PAUSE_S:
                pause_s = _FIRST_PAUSE_S
            # Many agents that lost one broker do not come back at one instant.
            await asyncio.sleep(max(wanted_s, random.uniform(pause_s / 2, pause_s)))  # noqa: S311
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def _keep_metering(self) -> None:
        while True:
            await asyncio.gather(*map(self._fulfilment.meter, self._usage.active()))
            await asyncio.sleep(self._settings.meter_s)

    async def _keep_sending(self) -> None:
        due = 0.0
        while True:
            now = asyncio.get_running_loop().time()
            if now >= due:
                due = now + self._settings.batch_s
                until = self._clock.now() - timedelta(seconds=self._settings.lag_s)
                for lease in self._usage.active():
                    self._batch(lease, until)
            stuck = {lease for lease, until_s in self._unbilled.items() if now < until_s}
            for owed in self._usage.owed():
                # The calls of one lease build on each other; those of another lease do not.
                if owed.lease not in stuck and not await self._send(owed):
                    stuck.add(owed.lease)
            await asyncio.sleep(min(self._settings.meter_s, 1.0))

    def _batch(self, lease: str, until: datetime) -> None:
        try:
            self._usage.batch_due(lease, until)
        except CrexError as error:
            # One lease that cannot be measured keeps no other from being billed.
            _log.error("usage of %s cannot be batched: %s", lease, error)

    async def _send(self, owed: Owed) -> bool:
        """Makes one owed call; tells whether the next may be made."""
        try:
            request = owed.request
            if isinstance(request, v1.AppendUsageRequest):
                await self._client.append_usage(request)
            elif isinstance(request, v1.SealUsageRequest):
                await self._client.seal_usage(request)
            else:
                await self._client.issue_invoice(request)
        except CrexError as error:
            _log.warning("%s of %s is not accepted yet: %s", type(owed.request).__name__, owed.lease, error)
            return False
        try:
            series = await fetch_series(self._client, self._usage.needed(owed))
            self._usage.paid(owed, self._clock.now(), series)
        except CrexError as error:
            # One lease that cannot be billed yet, for want of a price say, keeps no other from being billed.
            self._unbilled[owed.lease] = asyncio.get_running_loop().time() + _LONGEST_PAUSE_S
            _log.warning("%s cannot be billed yet: %s", owed.lease, error)
            return False
        return True
