"""A lease as its agent has it: the documents of a sale, a book, readings, and hooks that obey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

from crex import v1
from crex.agent.hooks import Access, LeaseOrder, Reading, Running
from crex.agent.journal import Journal
from crex.agent.statements import Statements
from crex.agent.usage import UsageBook
from crex.documents import convert
from crex.documents.strict import loads
from crex.documents.times import to_ms
from crex.errors import CrexError
from sdk.tests.invoice.samples import BROKER, LEASE, QUANTITY, START, Documents, Signed, World

ACCESS = Access(endpoint="https://127.0.0.1:1", secret="s" * 32, tls_roots=("root",))


class ManualClock:
    """A clock that moves when it is told to."""

    def __init__(self, now: datetime) -> None:
        self.time = now

    def now(self) -> datetime:
        """The time."""
        return self.time


def readings(cpu: float | str, units: int = QUANTITY) -> list[Reading]:
    """One reading of both meters; CPU time in seconds so far."""
    return [
        Reading(
            meter_id="compute-unit",
            dimension="compute-unit",
            unit="unit",
            value=Fraction(units),
            holding=True,
        ),
        Reading(meter_id="cpu-time", dimension="cpu-time", unit="s", value=Fraction(cpu), holding=False),
    ]


def provision_action(signed: Signed) -> v1.ProvisionAction:
    """The command to deliver the lease."""
    lease = v1.Lease(name=LEASE, interval=signed.hold.message.interval)
    return v1.ProvisionAction(
        lease=lease, hold_receipt=signed.hold.envelope, order_document=signed.order.envelope
    )


@dataclass
class Desk:
    """One provider's book of one lease, in a folder; opened again, it is the same."""

    world: World
    folder: Path
    signed: Signed

    @classmethod
    def new(cls, world: World, folder: Path) -> Desk:
        """A book in which nothing stands."""
        return cls(world, folder, Documents().signed(world)).opened()

    def opened(self) -> Desk:
        """Opens the book."""
        self.journal = Journal(self.folder)
        self.statements = Statements(self.world.provider)
        self.book = UsageBook(
            self.journal,
            self.statements,
            self.world.provider,
            self.world.trust,
            broker=BROKER,
            payment_term=timedelta(days=30),
        )
        return self

    def again(self) -> Desk:
        """Opens the book again, as an agent does that was started again."""
        self.journal.close()
        return self.opened()

    def begin(self, at: datetime = START) -> None:
        """Delivers the lease."""
        self.book.open(
            LEASE, provision_action(self.signed), self.signed.offer.envelope, self.signed.plan.envelope
        )
        self.book.activate(LEASE, v1.Envelope(payload_type="grant"), to_ms(at))

    def batches(self) -> list[v1.UsageBatch]:
        """The batches so far."""
        rows = self.journal.all("SELECT envelope FROM batch ORDER BY number")
        return [self.message(v1.Envelope.FromString(row["envelope"])) for row in rows]

    def message(self, envelope: v1.Envelope) -> v1.UsageBatch:
        """Reads a batch of this book."""
        return convert.to_message(loads(envelope.payload), v1.UsageBatch)

    def records(self) -> list[v1.UsageRecord]:
        """The records so far."""
        rows = self.journal.all("SELECT body FROM record ORDER BY number, place")
        return [convert.to_message(loads(row["body"]), v1.UsageRecord) for row in rows]


@dataclass
class ToldHooks:
    """Hooks that do as they are told, and note what was asked of them.

    Attributes:
        calls: What was called, in order.
        running: What runs, by lease.
        broken: What `provision` says; nothing: it delivers.
    """

    calls: list[str] = field(default_factory=list)
    running: dict[str, Running] = field(default_factory=dict)
    broken: str = ""
    last: Sequence[Reading] = ()

    def provision(self, order: LeaseOrder) -> Access:
        """Delivers."""
        self.calls.append(f"provision {order.lease}")
        if self.broken:
            raise RuntimeError(self.broken)
        self.running[order.lease] = Running(lease=order.lease, access=ACCESS)
        return ACCESS

    def release(self, lease: str) -> Sequence[Reading]:
        """Ends."""
        self.calls.append(f"release {lease}")
        return self.last if self.running.pop(lease, None) is not None else ()

    def meter(self, lease: str) -> Sequence[Reading]:
        """Reads."""
        self.calls.append(f"meter {lease}")
        return readings(1)

    def list_running(self) -> Sequence[Running]:
        """Lists."""
        return list(self.running.values())


@dataclass
class Library:
    """Published documents by digest; without them, a broker that is not there."""

    documents: dict[str, v1.Envelope] = field(default_factory=dict)

    async def get_document(self, request: v1.GetDocumentRequest) -> v1.GetDocumentResponse:
        """Gives a document."""
        if request.sha256 not in self.documents:
            raise CrexError("UNAVAILABLE", "The broker is not there.")
        return v1.GetDocumentResponse(envelope=self.documents[request.sha256])
