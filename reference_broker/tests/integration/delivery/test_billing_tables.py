"""Every row of the tables of usage and invoice happens as it says, and nothing else does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import pytest

from crex import v1
from crex.errors import CrexError
from crex.v1.state_tables import MACHINES, Machine
from reference_broker.tests.agent import PlayedAgent
from reference_broker.tests.billing import ACTIVATED, TERMINATED, Books
from reference_broker.tests.exchange import BROKER, CONSUMER, PROVIDER
from reference_broker.tests.trade import Trade

PARTIES = {"B": BROKER, "C": CONSUMER, "P": PROVIDER}
_LIMIT = 100


def rows(machine: Machine) -> list[tuple[str, str, str, str]]:
    """Each row as state before, event, actor, state after; no state before is `NEW`."""
    return [
        (source, row.event, actor, row.target)
        for row in machine.steps
        for source in row.sources or ("NEW",)
        for actor in row.actors
    ]


def illegal(machine: Machine, state: str) -> list[str]:
    """Events that the table does not have in a state."""
    legal = {row.event for row in machine.steps if state in row.sources}
    return sorted({row.event for row in machine.steps} - legal)


@dataclass
class UsageStage:
    """The usage of one lease whose use ended, in one period."""

    trade: Trade
    books: Books
    ended: datetime

    @classmethod
    async def of(cls, trade: Trade, agent: PlayedAgent) -> UsageStage:
        """Delivers a lease, uses it for an hour and terminates it."""
        lease = await trade.active(agent, end=trade.at(hours=6))
        trade.clock.advance(hours=1)
        books = await Books.open(trade, lease)
        await trade.terminate(lease)
        return cls(trade, books, trade.clock.now())

    async def bring(self, state: str) -> None:
        """Brings the usage into a state."""
        ways = {
            "NEW": (),
            "OPEN": ("append",),
            "SEALED": ("seal",),
            "SEALED_INCOMPLETE": ("append", "grace"),
        }
        for event in ways[state]:
            assert await self.cause(event) is None
        usage = await self.usage()
        assert ("NEW" if usage is None else state_of(usage)) == state

    async def cause(self, event: str) -> CrexError | None:
        """Makes an event happen; gives the refusal."""
        causes: dict[str, Callable[[], Awaitable[object]]] = {
            "append": lambda: self.books.append(self.books.read(at=self.ended)),
            "seal": lambda: self.books.seal(self.books.read(at=self.ended)),
            "grace": self._grace,
        }
        try:
            await causes[event]()
        except CrexError as error:
            return error
        return None

    async def usage(self) -> v1.UsagePeriod | None:
        """The usage of the period; nothing before the first batch."""
        request = v1.ListUsageRequest(lease=self.books.lease.name)
        listed = await self.trade.call("BillingService/ListUsage", request, CONSUMER)
        return listed.periods[0] if listed.periods else None

    async def _grace(self) -> None:
        self.trade.clock.advance(days=2)
        await self.trade.store.timers.usage_graces(_LIMIT)


@dataclass
class InvoiceStage:
    """The invoice of one sealed period."""

    trade: Trade
    books: Books
    record: v1.InvoiceRecord

    @classmethod
    async def of(cls, trade: Trade, agent: PlayedAgent) -> InvoiceStage:
        """Delivers, ends and seals a lease."""
        stage = await UsageStage.of(trade, agent)
        books = stage.books
        events = [books.event(ACTIVATED), books.event(TERMINATED)]
        period = type(books.period)(books.period.start_ms, trade.clock.ms)
        await books.seal(books.read(), events=events, period=period)
        return cls(trade, books, v1.InvoiceRecord())

    async def bring(self, state: str) -> None:
        """Brings the invoice into a state."""
        ways = {
            "NEW": (),
            "ISSUED": ("issue",),
            "ACCEPTED": ("issue", "accept"),
            "DEEMED_ACCEPTED": ("issue", "timeout"),
            "SETTLED": ("issue", "accept", "payment"),
        }
        for event in ways[state]:
            assert await self.cause(event) is None
        assert state == "NEW" or state_of(await self.invoice()) == state

    async def cause(self, event: str) -> CrexError | None:
        """Makes an event happen; gives the refusal."""
        draft = await self.books.invoice()
        causes: dict[str, Callable[[], Awaitable[object]]] = {
            "issue": self._issue,
            "accept": lambda: self.books.accept(self.record, draft.message.rating_digest),
            "timeout": self._timeout,
            "payment": lambda: self.books.paid(self.record),
        }
        try:
            await causes[event]()
        except CrexError as error:
            return error
        return None

    async def invoice(self) -> v1.InvoiceRecord:
        """The invoice as it stands."""
        request = v1.GetInvoiceRequest(invoice_id=self.record.id)
        response: v1.GetInvoiceResponse = await self.trade.call(
            "BillingService/GetInvoice", request, CONSUMER
        )
        return response.record

    async def _issue(self) -> None:
        self.record = (await self.books.issue(await self.books.invoice())).invoice

    async def _timeout(self) -> None:
        self.trade.clock.advance(days=14)
        await self.trade.store.timers.invoice_acceptances(_LIMIT)


def state_of(object_: v1.UsagePeriod | v1.InvoiceRecord) -> str:
    """The state's name without its prefix."""
    if isinstance(object_, v1.UsagePeriod):
        return v1.UsageState.Name(object_.state).removeprefix("USAGE_STATE_")
    return v1.InvoiceState.Name(object_.state).removeprefix("INVOICE_STATE_")


@pytest.mark.parametrize(("source", "event", "actor", "target"), rows(MACHINES["usage"]))
async def test_a_row_of_usage_happens(
    trade: Trade, agent: PlayedAgent, source: str, event: str, actor: str, target: str
) -> None:
    """Usage moves as the table says, by the party that the table names (STATE-USAGE-1)."""
    stage = await UsageStage.of(trade, agent)
    await stage.bring(source)
    assert await stage.cause(event) is None
    usage = await stage.usage()
    assert usage is not None
    assert state_of(usage) == target
    assert (usage.last_transition.event, usage.last_transition.actor) == (event, PARTIES[actor])


@pytest.mark.parametrize("state", MACHINES["usage"].states)
async def test_usage_moves_no_other_way(trade: Trade, agent: PlayedAgent, state: str) -> None:
    """What the table does not have in a state changes nothing there (STATE-USAGE-1)."""
    stage = await UsageStage.of(trade, agent)
    await stage.bring(state)
    before = await stage.usage()
    for event in illegal(MACHINES["usage"], state):
        error = await stage.cause(event)
        # The chain refuses a batch after the final one before the table does.
        assert error is None or error.reason in ("ILLEGAL_TRANSITION", "CONFLICT"), event
        assert await stage.usage() == before, event


@pytest.mark.parametrize(("source", "event", "actor", "target"), rows(MACHINES["invoice"]))
async def test_a_row_of_invoices_happens(
    trade: Trade, agent: PlayedAgent, source: str, event: str, actor: str, target: str
) -> None:
    """An invoice moves as the table says, by the party that the table names (STATE-INVOICE-1)."""
    stage = await InvoiceStage.of(trade, agent)
    await stage.bring(source)
    assert await stage.cause(event) is None
    invoice = await stage.invoice()
    assert state_of(invoice) == target
    assert (invoice.last_transition.event, invoice.last_transition.actor) == (event, PARTIES[actor])


@pytest.mark.parametrize("state", MACHINES["invoice"].states)
async def test_invoices_move_no_other_way(trade: Trade, agent: PlayedAgent, state: str) -> None:
    """What the table does not have in a state is refused there and changes nothing (STATE-INVOICE-1)."""
    stage = await InvoiceStage.of(trade, agent)
    await stage.bring(state)
    before = await stage.invoice()
    for event in illegal(MACHINES["invoice"], state):
        error = await stage.cause(event)
        assert error is None or error.reason in ("ILLEGAL_TRANSITION", "NAME_EXISTS"), event
        assert await stage.invoice() == before, event
