"""Every row of the tables of usage, invoice and dispute happens as it says, and nothing else does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from crex import v1
from crex.errors import CrexError
from crex.metering.record import Record
from crex.v1.state_tables import MACHINES, Machine
from reference_broker.tests.agent import PlayedAgent
from reference_broker.tests.bill import Bill, correctable, eur, plan_with_fee, revised
from reference_broker.tests.billing import Books
from reference_broker.tests.exchange import BROKER, CONSUMER, PROVIDER
from reference_broker.tests.trade import Trade

PARTIES = {"A": BROKER, "B": BROKER, "C": CONSUMER, "P": PROVIDER}
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
    records: list[Record] = field(default_factory=list)

    @classmethod
    async def of(cls, trade: Trade, agent: PlayedAgent) -> UsageStage:
        """Delivers a lease, uses it for an hour and terminates it."""
        await trade.goods(terms=correctable())
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
            "append": lambda: self.books.append(self._read()),
            "seal": lambda: self.books.seal(self._read()),
            "grace": self._grace,
            "amend": self._amend,
        }
        try:
            await causes[event]()
        except CrexError as error:
            return error
        return None

    def _read(self) -> list[Record]:
        read = self.books.read(at=self.ended)
        self.records += read
        return read

    async def usage(self) -> v1.UsagePeriod | None:
        """The usage of the period; nothing before the first batch."""
        request = v1.ListUsageRequest(lease=self.books.lease.name)
        listed = await self.trade.call("BillingService/ListUsage", request, CONSUMER)
        return listed.periods[0] if listed.periods else None

    async def _amend(self) -> None:
        books = self.books
        self.trade.clock.advance(seconds=1)
        header = self.trade.header(PROVIDER, "usage", "correction")
        if books.chain.sealed:
            await books.amend(books.correction([revised(self.records[0], "1")], header=header))
            return
        # No final batch came that could be corrected; so another one is cited.
        draft = books.draft(header=header)
        draft.message.corrects.CopyFrom(books.chain.last or v1.Pin(id="none", revision=1, sha256="0" * 64))
        await books.amend(draft)

    async def _grace(self) -> None:
        self.trade.clock.advance(days=2)
        await self.trade.store.timers.usage_graces(_LIMIT)


@dataclass
class InvoiceStage:
    """The invoice of one sealed period, with whatever comes after it."""

    trade: Trade
    bill: Bill
    # What the record was last corrected to, under which revision.
    quantity: str = "2"
    revision: int = 1

    @classmethod
    async def of(cls, trade: Trade, agent: PlayedAgent) -> InvoiceStage:
        """Delivers, ends and seals a lease."""
        return cls(trade, await Bill.sealed(trade, agent, priced=plan_with_fee(trade)))

    async def bring(self, state: str) -> None:
        """Brings the invoice into a state."""
        ways = {
            "NEW": (),
            "ISSUED": ("issue",),
            "ACCEPTED": ("issue", "accept"),
            "DEEMED_ACCEPTED": ("issue", "timeout"),
            "SETTLED": ("issue", "accept", "payment"),
            "DISPUTED": ("issue", "dispute"),
            "CREDITED": ("issue", "dispute", "credited"),
        }
        for event in ways[state]:
            assert await self.cause(event) is None
        assert state == "NEW" or state_of(await self.bill.invoice()) == state

    async def cause(self, event: str) -> CrexError | None:
        """Makes an event happen; gives the refusal."""
        bill = self.bill
        causes: dict[str, Callable[[], Awaitable[object]]] = {
            "issue": bill.issue,
            "accept": bill.accept,
            "timeout": self._timeout,
            "credit": lambda: self._noted(less=True),
            "debit": lambda: self._noted(less=False),
            "dispute": lambda: bill.disputed("1.00", key=bill.other_key if bill.case else bill.key),
            "closed": self._closed,
            "resolved": lambda: self._ended("0.00"),
            "credited": lambda: self._ended("0.50"),
            "withdrawn": lambda: bill.replied("withdraw"),
            "part-payment": lambda: bill.pay("0.01"),
            "payment": self._paid,
            "covered": self._covered,
        }
        try:
            await causes[event]()
        except CrexError as error:
            return error
        return None

    async def invoice(self) -> v1.InvoiceRecord:
        """The invoice as it stands."""
        return await self.bill.invoice()

    async def _timeout(self) -> None:
        self.trade.clock.advance(days=14)
        await self.trade.store.timers.invoice_acceptances(_LIMIT)

    async def _noted(self, *, less: bool) -> None:
        """Corrects the record by half a unit, down or up, and issues the note that follows."""
        if not less and self.quantity == "2":
            await self._noted(less=True)
            # Whatever that did of the state, the debit does it anew; the way here is as it was.
        self.quantity = {("2", True): "1.5", ("1.5", True): "1", ("1.5", False): "2", ("1", False): "1.5"}[
            self.quantity, less
        ]
        self.revision += 1
        await self.bill.corrected(self.quantity, self.revision)
        await self.bill.note(await self.bill.usage_note())

    async def _ended(self, upheld: str) -> None:
        """Ends the dispute by a ruling."""
        await self.bill.answered("0.00")
        await self.bill.replied("escalate")
        await self.bill.ruled(upheld)

    async def _closed(self) -> None:
        """Disputes another line too, and withdraws that."""
        first, dispute = self.bill.case, self.bill.dispute
        await self.bill.disputed("1.00", key=self.bill.other_key)
        try:
            await self.bill.replied("withdraw")
        finally:
            self.bill.case, self.bill.dispute = first, dispute

    async def _paid(self) -> None:
        """Pays all that is owed."""
        record = await self.bill.invoice()
        left = eur(record.owed.amount) - eur(record.paid.amount)
        await self.bill.pay(left.amount if left.minor > 0 else "")

    async def _covered(self) -> None:
        """Takes back all that is owed, and lets the timer look."""
        await self.bill.note(await self.bill.cancellation())
        if not await self.trade.store.timers.covered_invoices(_LIMIT):
            raise CrexError("ILLEGAL_TRANSITION", "nothing was due")


@dataclass
class DisputeStage:
    """A dispute of one invoice."""

    trade: Trade
    bill: Bill

    @classmethod
    async def of(cls, trade: Trade, agent: PlayedAgent) -> DisputeStage:
        """Issues an invoice."""
        return cls(trade, await Bill.of(trade, agent))

    async def bring(self, state: str) -> None:
        """Brings the dispute into a state."""
        ways = {
            "NEW": (),
            "OPEN": ("open",),
            "ANSWERED": ("open", "answer"),
            "ESCALATED": ("open", "deadline"),
            "RESOLVED": ("open", "deadline", "rule"),
            "WITHDRAWN": ("open", "withdraw"),
        }
        for event in ways[state]:
            assert await self.cause(event) is None
        assert state == "NEW" or state_of(await self.dispute()) == state

    async def cause(self, event: str) -> CrexError | None:
        """Makes an event happen; gives the refusal."""
        bill = self.bill
        causes: dict[str, Callable[[], Awaitable[object]]] = {
            "open": lambda: bill.disputed("1.00"),
            "answer": lambda: bill.answered("0.50"),
            "deadline": self._deadline,
            "agree": lambda: bill.replied("agree"),
            "escalate": lambda: bill.replied("escalate"),
            "rule": lambda: bill.ruled("0.50"),
            "withdraw": lambda: bill.replied("withdraw"),
        }
        try:
            await causes[event]()
        except CrexError as error:
            return error
        return None

    async def dispute(self) -> v1.DisputeRecord:
        """The dispute as it stands."""
        request = v1.GetDisputeRequest(dispute_id=self.bill.dispute.id)
        response: v1.GetDisputeResponse = await self.trade.call(
            "BillingService/GetDispute", request, CONSUMER
        )
        return response.record

    async def _deadline(self) -> None:
        self.trade.clock.advance(days=7)
        if not await self.trade.store.timers.dispute_answers(_LIMIT):
            raise CrexError("ILLEGAL_TRANSITION", "nothing was due")


def state_of(object_: v1.UsagePeriod | v1.InvoiceRecord | v1.DisputeRecord) -> str:
    """The state's name without its prefix."""
    if isinstance(object_, v1.DisputeRecord):
        return v1.DisputeState.Name(object_.state).removeprefix("DISPUTE_STATE_")
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
    assert invoice.last_transition.event == event
    # Where a dispute ends, the broker takes the invoice's step, and who ended it is told.
    if event not in ("closed", "resolved", "credited", "withdrawn"):
        assert invoice.last_transition.actor == PARTIES[actor]


@pytest.mark.parametrize("state", MACHINES["invoice"].states)
async def test_invoices_move_no_other_way(trade: Trade, agent: PlayedAgent, state: str) -> None:
    """What the table does not have in a state is refused there and changes nothing (STATE-INVOICE-1)."""
    stage = await InvoiceStage.of(trade, agent)
    await stage.bring(state)
    before = await stage.invoice()
    # Without an open dispute there is none that could end, and a note takes no other step than its own.
    impossible = {"closed", "resolved", "credited", "withdrawn", "covered"}
    if state == "DISPUTED":
        impossible.add("payment")  # whatever is paid is a part while something is disputed
    for event in sorted(set(illegal(MACHINES["invoice"], state)) - impossible):
        error = await stage.cause(event)
        assert error is None or error.reason in ("ILLEGAL_TRANSITION", "NAME_EXISTS"), event
        assert await stage.invoice() == before, event


@pytest.mark.parametrize(("source", "event", "actor", "target"), rows(MACHINES["dispute"]))
async def test_a_row_of_disputes_happens(
    trade: Trade, agent: PlayedAgent, source: str, event: str, actor: str, target: str
) -> None:
    """A dispute moves as the table says, by the party that the table names (STATE-DISPUTE-1)."""
    stage = await DisputeStage.of(trade, agent)
    await stage.bring(source)
    assert await stage.cause(event) is None
    dispute = await stage.dispute()
    assert state_of(dispute) == target
    assert (dispute.last_transition.event, dispute.last_transition.actor) == (event, PARTIES[actor])


@pytest.mark.parametrize("state", MACHINES["dispute"].states)
async def test_disputes_move_no_other_way(trade: Trade, agent: PlayedAgent, state: str) -> None:
    """What the table does not have in a state is refused there and changes nothing (STATE-DISPUTE-1)."""
    stage = await DisputeStage.of(trade, agent)
    await stage.bring(state)
    before = await stage.dispute()
    for event in sorted(set(illegal(MACHINES["dispute"], state)) - {"open"}):
        error = await stage.cause(event)
        # A broker that is not the arbiter yet does not even find the dispute.
        assert error is not None, event
        assert error.reason in ("ILLEGAL_TRANSITION", "NOT_FOUND"), event
        assert await stage.dispute() == before, event
