"""A provider's agent, played: it drives the broker's stream in this process and signs with real keys."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Protocol

from google.protobuf.message import Message

from crex import v1
from crex.documents import strict
from crex.documents.convert import to_timestamp
from crex.errors import CrexError
from crex.trust.envelope import digest
from crex_broker.application.agent_streams import AgentStreams
from reference_broker.tests.exchange import PROVIDER, ManualClock, caller, signer

ACCEPTED = v1.ConfirmationOutcome.CONFIRMATION_OUTCOME_ACCEPTED
REJECTED = v1.ConfirmationOutcome.CONFIRMATION_OUTCOME_REJECTED
# No test waits for time to pass; this only turns a defect into a failure.
PATIENCE_S = 20.0


class AgentExchange(Protocol):
    """What an agent needs of a market."""

    clock: ManualClock
    agents: AgentStreams

    def header(self, authority: str, kind: str, name: str) -> v1.Header:
        """A header issued now."""
        ...


class PlayedAgent:
    """One stream of a provider's agent.

    Attributes:
        exchange: The market.
        authority: The provider.
        welcome: What the broker answered to the hello.
        ended: How the stream ended: nothing while it lives, an error, or `True`.
    """

    def __init__(self, exchange: AgentExchange, authority: str = PROVIDER) -> None:
        self.exchange = exchange
        self.authority = authority
        self.welcome = v1.Welcome()
        self.ended: CrexError | bool | None = None
        self._up: asyncio.Queue[v1.ConnectRequest | None] = asyncio.Queue()
        self._down: asyncio.Queue[v1.ConnectResponse | None] = asyncio.Queue()
        self._waiting: deque[v1.ConnectResponse] = deque()
        self._seq = 0
        self._barriers = 0
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def join(
        cls,
        exchange: AgentExchange,
        authority: str = PROVIDER,
        *,
        pools: Sequence[str] = (),
        unanswered: Sequence[str] = (),
    ) -> PlayedAgent:
        """Connects, says hello and reads the welcome."""
        agent = cls(exchange, authority)
        agent.begin()
        agent.say(hello=v1.AgentHello(instance="rack-4", pools=pools, unanswered=unanswered))
        agent.welcome = (await agent.hear()).welcome
        return agent

    def begin(self) -> None:
        """Connects without saying anything."""
        self._task = asyncio.create_task(self._drive())

    def say(self, *, seq: int | None = None, **message: Any) -> None:
        """Sends one message, numbered rightly unless told otherwise."""
        self._seq += 1
        self._up.put_nowait(v1.ConnectRequest(seq=self._seq if seq is None else seq, **message))

    async def hear(self) -> v1.ConnectResponse:
        """Gives the next message of the broker; fails where the stream ended."""
        response = await asyncio.wait_for(self._down.get(), PATIENCE_S)
        assert response is not None, f"the stream ended: {self.ended}"
        return response

    async def command(self, kind: str = "") -> v1.Command:
        """Gives the next command, which must be of this kind."""
        response = self._waiting.popleft() if self._waiting else await self.hear()
        assert response.WhichOneof("message") == "command", response
        assert not kind or response.command.WhichOneof("action") == kind, response
        return response.command

    async def settled(self) -> list[v1.Command]:
        """Waits until everything said was taken in; gives the commands that wait to be taken by `command`.

        An event about a lease of nobody is answered in its turn, and does nothing else.
        """
        self._barriers += 1
        mark = f"barrier-{self._barriers}"
        nobody = f"crex://{self.authority}/lease/nobody"
        self.say(event=v1.AgentEvent(event_id=mark, lease=nobody, failed=v1.CommandFailure()))
        while (response := await self.hear()).event_ack.event_id != mark:
            self._waiting.append(response)
        return [waiting.command for waiting in self._waiting]

    async def ack(self) -> v1.EventAck:
        """Gives the next acknowledgement; commands that come before it wait to be taken by `command`."""
        while not (response := await self.hear()).HasField("event_ack"):
            self._waiting.append(response)
        return response.event_ack

    def hang_up(self) -> None:
        """Ends its side of the stream."""
        self._up.put_nowait(None)

    async def gone(self) -> list[v1.ConnectResponse]:
        """Waits until the broker has ended the stream, and gives what it said before."""
        said = []
        while (response := await asyncio.wait_for(self._down.get(), PATIENCE_S)) is not None:
            said.append(response)
        return said

    async def drop(self) -> None:
        """Loses the stream, as a cut cable does."""
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def answer(self, command: v1.Command, **outcome: Any) -> None:
        """Answers a command."""
        self.say(
            result=v1.CommandResult(command_id=command.id, command_epoch=command.command_epoch, **outcome)
        )

    def accept(self, command: v1.Command) -> None:
        """Accepts an order."""
        self.answer(command, order_confirmation=self.confirmation(command, ACCEPTED))

    def reject(self, command: v1.Command) -> None:
        """Rejects an order."""
        self.answer(command, order_confirmation=self.confirmation(command, REJECTED))

    def provision(self, command: v1.Command, at: datetime | None = None) -> None:
        """Says that a lease is delivered."""
        self.answer(command, provisioned=self.provisioned(command, at))

    def release(self, command: v1.Command, at: datetime | None = None, **more: Any) -> None:
        """Says that a lease is ended."""
        lease = command.release.lease.name
        self.answer(command, release_receipt=self.receipt(lease, command.release.order_document, at, **more))

    def provisioned(self, command: v1.Command, at: datetime | None = None) -> v1.Provisioned:
        """What a delivery says."""
        action = command.provision
        return v1.Provisioned(
            access_grant=self.grant(action.lease.name, action.order_document),
            activated_at=to_timestamp(at or self.exchange.clock.now()),
        )

    def confirmation(
        self,
        command: v1.Command,
        outcome: v1.ConfirmationOutcome.ValueType,
        *,
        leases: Sequence[str] | None = None,
        by: str | None = None,
        name: str = "",
    ) -> v1.Envelope:
        """The signed answer to an order."""
        document = command.confirm.order_document
        order = command.confirm.order
        held = leases_of(command.confirm.hold_receipt)
        named = held if leases is None else list(leases)
        return self.signed(
            v1.OrderConfirmation(
                header=self.header("confirmation", name or order.rpartition("/")[2], by),
                order=pin_of(document),
                outcome=outcome,
                leases=named if outcome == ACCEPTED or leases is not None else [],
            ),
            by,
        )

    def grant(
        self,
        lease: str,
        order_document: v1.Envelope,
        *,
        epoch: int = 1,
        interface: str = "ssh",
        name: str = "",
        by: str | None = None,
    ) -> v1.Envelope:
        """A signed access grant; what is sealed in it the broker cannot know."""
        return self.signed(
            v1.AccessGrant(
                header=self.header("grant", name or f"{lease.rpartition('/')[2]}-{epoch}", by),
                order=pin_of(order_document),
                lease=lease,
                access_epoch=epoch,
                interface=interface,
                enc=bytes(32),
                ciphertext=bytes(64),
            ),
            by,
        )

    def receipt(
        self,
        lease: str,
        order_document: v1.Envelope,
        at: datetime | None = None,
        *,
        name: str = "",
        by: str | None = None,
        readings: Sequence[v1.MeterReading] = (),
    ) -> v1.Envelope:
        """A signed release receipt."""
        return self.signed(
            v1.ReleaseReceipt(
                header=self.header("receipt", name or lease.rpartition("/")[2], by),
                order=pin_of(order_document),
                lease=lease,
                ended_at=to_timestamp(at or self.exchange.clock.now()),
                final_readings=readings,
            ),
            by,
        )

    def header(self, kind: str, name: str, by: str | None = None) -> v1.Header:
        """A header issued now."""
        return self.exchange.header(by or self.authority, kind, name)

    def signed(self, document: Message, by: str | None = None) -> v1.Envelope:
        """The document under this provider's signature, or another's."""
        return signer(by or self.authority).sign_document(document)

    async def _drive(self) -> None:
        stream = self.exchange.agents.connect(caller(self.authority), self._said())
        try:
            async for response in stream:
                await self._down.put(response)
            self.ended = True
        except CrexError as error:
            self.ended = error
        finally:
            await stream.aclose()
            self._down.put_nowait(None)

    async def _said(self) -> AsyncIterator[v1.ConnectRequest]:
        while (request := await self._up.get()) is not None:
            yield request


def pin_of(envelope: v1.Envelope) -> v1.Pin:
    """The pin of a signed document."""
    header = strict.loads(envelope.payload)["header"]
    return v1.Pin(id=header["id"], revision=int(header["revision"]), sha256=digest(envelope.payload))


def leases_of(hold_receipt: v1.Envelope) -> list[str]:
    """The names of the leases in a hold receipt."""
    return [item["lease"] for item in strict.loads(hold_receipt.payload)["items"]]
