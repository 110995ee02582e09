"""The usage of every lease: readings as they were taken, records, batches, and the bill (metering.md).

A reading is kept as it was read. Records are made from readings when a batch is due, and then only from
readings
that are older than the lag: an early end that the broker accepted a moment ago may not have reached the agent
yet, and usage after it is nobody's to bill. When a lease ends, the last reading before the end and the one
after it bound what was used up to it.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from crex import v1
from crex.agent.hooks import Reading
from crex.agent.journal import Journal
from crex.agent.measuring import (
    is_usable,
    meter_from_json,
    meter_to_json,
    read,
    reading_from_json,
    reading_to_json,
)
from crex.agent.series import Needed, needed_series
from crex.agent.sold import Committed, open_committed, sale_of
from crex.agent.statements import Statements
from crex.documents.times import from_ms, parse_time, to_ms
from crex.invoice.basis import Basis
from crex.invoice.build import build
from crex.invoice.sale import Sale
from crex.invoice.usage import SealedBatch
from crex.metering.batch import build_batch
from crex.metering.chain import Chain
from crex.metering.meter import CountingMeter, HoldingMeter, Meter, MeterInfo
from crex.metering.record import Record
from crex.metering.span import Span, ms_timestamp
from crex.rating.tzdata import period_at
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import digest
from crex.trust.identity import Identity
from crex.trust.streams import Position, stream_name
from crex.trust.verified import Verified
from crex.trust.verify import open_envelope

_log = logging.getLogger("crex.agent")
_KINDS: Final = v1.ServiceEventKind


@dataclass(frozen=True, slots=True)
class Owed:
    """A call that the agent still owes; its request id and bytes stay the same until it is answered."""

    lease: str
    number: int
    request: v1.AppendUsageRequest | v1.SealUsageRequest | v1.IssueInvoiceRequest


class UsageBook:
    """Keeps the usage of one provider's leases in the journal."""

    def __init__(
        self,
        journal: Journal,
        statements: Statements,
        identity: Identity,
        trust: TrustDirectory,
        *,
        broker: str,
        payment_term: timedelta,
    ) -> None:
        self._journal = journal
        self._statements = statements
        self._identity = identity
        self._trust = trust
        self._broker = broker
        self._payment_term = payment_term

    def open(
        self, lease: str, action: v1.ProvisionAction, offer: v1.Envelope, price_plan: v1.Envelope
    ) -> None:
        """Writes down a lease that is about to be delivered, with the documents behind it."""
        with self._journal.transaction() as connection:
            connection.execute(
                "INSERT INTO lease (name, state, body, order_document, hold_receipt, offer, price_plan) "
                "VALUES (?, 'PROVISIONING', ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING",
                (
                    lease,
                    action.lease.SerializeToString(),
                    action.order_document.SerializeToString(),
                    action.hold_receipt.SerializeToString(),
                    offer.SerializeToString(),
                    price_plan.SerializeToString(),
                ),
            )

    def resource(self, lease: str) -> str:
        """Gives the name of the resource that a lease's units are."""
        row = self._lease(lease)
        offer = v1.Envelope.FromString(row["offer"])
        resource: str = json.loads(offer.payload)["resource"]["id"]
        return resource

    def activate(self, lease: str, grant: v1.Envelope, activated_ms: int) -> tuple[v1.Envelope, int]:
        """Writes down that a lease is delivered; the first grant and time stand.

        Returns:
            The grant and the time that stand.
        """
        row = self._lease(lease)
        if row["access_grant"] is not None:
            return v1.Envelope.FromString(row["access_grant"]), int(row["activated_ms"])
        sale = self.sale(lease)
        period, _ = period_at(sale.plan.time_zone, from_ms(activated_ms), sale.anchor_day)
        with self._journal.transaction() as connection:
            connection.execute(
                "UPDATE lease SET state = 'ACTIVE', access_grant = ?, activated_ms = ?, period_start_ms = ?, "
                "period_end_ms = ? WHERE name = ?",
                (grant.SerializeToString(), activated_ms, period.start_ms, period.end_ms, lease),
            )
        return grant, activated_ms

    def activated_ms(self, lease: str) -> int | None:
        """Gives when a lease was delivered; nothing if it was not, or is not known here."""
        row = self._journal.one("SELECT activated_ms FROM lease WHERE name = ?", lease)
        return None if row is None else row["activated_ms"]

    def active(self) -> list[str]:
        """Lists the leases that are delivered and not ended."""
        return [row["name"] for row in self._journal.all("SELECT name FROM lease WHERE state = 'ACTIVE'")]

    def fail(self, lease: str, event: v1.AgentEvent) -> None:
        """Writes down that a delivered lease works no more, and the event that says so until it is heard."""
        with self._journal.transaction() as connection:
            connection.execute(
                "INSERT INTO event (id, body) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (event.event_id, event.SerializeToString()),
            )
            connection.execute(
                "UPDATE lease SET state = 'FAILED' WHERE name = ? AND state = 'ACTIVE'", (lease,)
            )

    def take(self, lease: str, readings: Iterable[Reading], at: datetime) -> None:
        """Keeps the readings of a lease's meters at one instant; what no record could state is left out."""
        body = json.dumps([reading_to_json(reading) for reading in readings if is_usable(reading, lease)])
        with self._journal.transaction() as connection:
            connection.execute(
                "INSERT INTO reading (lease, at_ms, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (lease, to_ms(at), body),
            )

    def close(
        self, lease: str, readings: Sequence[Reading], *, read_at: datetime, ended: datetime
    ) -> list[v1.MeterReading]:
        """Ends the usage of a lease: makes its last records and its final batch, once.

        Args:
            lease: Its name.
            readings: Its last readings, taken when nothing ran any more.
            read_at: When they were taken.
            ended: When use ended.

        Returns:
            The final readings for the release receipt; none for a lease that was never delivered.
        """
        row = self._journal.one("SELECT * FROM lease WHERE name = ?", lease)
        if row is None or row["activated_ms"] is None:
            return []
        if row["state"] != "ENDED":
            if readings:
                self.take(lease, readings, read_at)
            self._advance(lease, to_ms(ended))
            self._batch(lease, until_ms=to_ms(ended), seals=True, ends=True)
        return [meter.reading for meter in self._meters(lease).values()]

    def batch_due(self, lease: str, until: datetime) -> None:
        """Makes the records of what was read up to an instant, and a batch of them, if there is any.

        A period is sealed only once its end was read past: what was used until then is not known before.
        """
        row = self._journal.one(
            "SELECT max(at_ms) AS at_ms FROM reading WHERE lease = ? AND at_ms <= ?", lease, to_ms(until)
        )
        if row is not None and row["at_ms"] is not None:
            self._advance(lease, row["at_ms"])
            self._batch(lease, until_ms=row["at_ms"], seals=False, ends=False)

    def _advance(self, lease: str, until_ms: int) -> None:
        """Seals every billing period that ended before an instant, and begins the next one."""
        while (end_ms := self._lease(lease)["period_end_ms"]) < until_ms:
            self._batch(lease, until_ms=end_ms, seals=True, ends=False)

    def sale(self, lease: str) -> Sale:
        """Gives what was sold, from the documents that were kept when it was delivered."""
        row = self._lease(lease)
        offer, plan = (v1.Envelope.FromString(row[name]) for name in ("offer", "price_plan"))
        return sale_of(lease, self._committed(lease), offer, plan, self._trust)

    def owed(self) -> list[Owed]:
        """Lists the calls that were not answered yet, in the order in which they must be made."""
        found: list[Owed] = []
        for row in self._journal.all("SELECT * FROM batch WHERE sent = 0 ORDER BY lease, number"):
            lease, number = row["lease"], row["number"]
            kind = v1.SealUsageRequest if row["final"] else v1.AppendUsageRequest
            request = kind(
                request_id=_request_id(self._statements, f"{lease}#{number}"),
                batch=v1.Envelope.FromString(row["envelope"]),
                records=self._records(lease, number),
            )
            found.append(Owed(lease, number, request))
        for row in self._journal.all("SELECT * FROM invoice WHERE sent = 0 ORDER BY lease, number"):
            request_ = v1.IssueInvoiceRequest.FromString(row["request"])
            found.append(Owed(row["lease"], row["number"], request_))
        return found

    def needed(self, owed: Owed) -> tuple[Needed, ...]:
        """Gives the price series by which the invoice is made that an answered call makes due."""
        plan = self.sale(owed.lease).plan
        if not isinstance(owed.request, v1.SealUsageRequest) or plan.of_account:
            return ()
        row = self._lease(owed.lease)
        issued = _issued(owed.request.batch)
        batch = open_envelope(owed.request.batch, v1.UsageBatch, self._trust, now=issued)
        period = Span.of(batch.message.period)
        return needed_series(plan, period, row["activated_ms"])

    def paid(self, owed: Owed, now: datetime, series: Sequence[v1.Envelope] = ()) -> None:
        """Writes down that a call was answered; an answered final batch makes the period's invoice due.

        No invoice is made under a plan whose bills are of an account.

        Args:
            owed: The call.
            now: The time.
            series: Price series that the invoice needs.

        Raises:
            CrexError: The invoice cannot be made, or a series does not verify; the call is then still owed.
        """
        if isinstance(owed.request, v1.IssueInvoiceRequest):
            with self._journal.transaction() as connection:
                connection.execute(
                    "UPDATE invoice SET sent = 1 WHERE lease = ? AND number = ?", (owed.lease, owed.number)
                )
            return
        request = None
        # What is summed over an account is billed over all its leases, which one agent may not know.
        if isinstance(owed.request, v1.SealUsageRequest) and not self.sale(owed.lease).plan.of_account:
            request = self._invoice(owed.lease, owed.number, now, series)
        with self._journal.transaction() as connection:
            connection.execute(
                "UPDATE batch SET sent = 1 WHERE lease = ? AND number = ?", (owed.lease, owed.number)
            )
            if request is not None:
                done = connection.execute(
                    "INSERT INTO invoice (lease, number, request) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    (owed.lease, owed.number, request.SerializeToString(deterministic=True)),
                )
                if done.rowcount:
                    _take_place(connection, request.invoice)

    def _batch(self, lease: str, *, until_ms: int, seals: bool, ends: bool) -> None:
        row, sale, meters = self._lease(lease), self.sale(lease), self._meters(lease)
        records = self._measure(lease, meters, until_ms, bounded=seals)
        chain, number = self._chain(lease)
        events = []
        if number == 1:
            events.append(_event(_KINDS.SERVICE_EVENT_KIND_ACTIVATED, row["activated_ms"]))
        if ends:
            events.append(_event(_KINDS.SERVICE_EVENT_KIND_TERMINATED, until_ms))
        draft = build_batch(
            chain,
            records,
            header=self._statements.header("usage-batch", f"{lease}#{number}", from_ms(max(until_ms, 0))),
            order=sale.order.pin,
            period=Span(row["period_start_ms"], row["period_end_ms"]),
            events=events,
            final=seals,
        )
        envelope = self._identity.sign_document(draft.message)
        states = json.dumps({name: meter_to_json(meter) for name, meter in meters.items()})
        with self._journal.transaction() as connection:
            connection.execute(
                "INSERT INTO batch (lease, number, final, envelope) VALUES (?, ?, ?, ?)",
                (lease, number, int(seals), envelope.SerializeToString()),
            )
            connection.executemany(
                "INSERT INTO record (lease, number, place, body) VALUES (?, ?, ?, ?)",
                ((lease, number, place, body) for place, body in enumerate(draft.bodies)),
            )
            connection.execute("UPDATE lease SET meters = ? WHERE name = ?", (states, lease))
            if ends:
                connection.execute(
                    "UPDATE lease SET state = 'ENDED', ended_ms = ? WHERE name = ?", (until_ms, lease)
                )
                connection.execute("DELETE FROM reading WHERE lease = ?", (lease,))
                return
            connection.execute("DELETE FROM reading WHERE lease = ? AND at_ms <= ?", (lease, until_ms))
            if seals:
                # In the transaction that seals: a period is never sealed twice.
                period, _ = period_at(sale.plan.time_zone, from_ms(until_ms), sale.anchor_day)
                connection.execute(
                    "UPDATE lease SET period_start_ms = ?, period_end_ms = ? WHERE name = ?",
                    (period.start_ms, period.end_ms, lease),
                )

    def _measure(self, lease: str, meters: dict[str, Meter], until_ms: int, *, bounded: bool) -> list[Record]:
        """Makes the records of the readings up to an instant; at a bound, also of part of the next."""
        records: list[Record] = []
        activated_ms = self._lease(lease)["activated_ms"]
        for row in self._journal.all("SELECT * FROM reading WHERE lease = ? ORDER BY at_ms", lease):
            at_ms, past = row["at_ms"], row["at_ms"] > until_ms
            if at_ms < activated_ms or (past and not bounded):
                continue
            for reading in map(reading_from_json, json.loads(row["body"])):
                meter = meters.get(reading.meter_id)
                if meter is None:
                    info = MeterInfo(
                        reading.meter_id,
                        lease,
                        self.resource(lease),
                        reading.dimension,
                        reading.unit,
                        reading.method,
                    )
                    kind = HoldingMeter if reading.holding else CountingMeter
                    meter = meters[reading.meter_id] = kind.start(info, from_ms(activated_ms))
                records += read(meter, reading.value, at_ms, until_ms)
            if past:
                break
        return records

    def _invoice(
        self, lease: str, number: int, now: datetime, series: Sequence[v1.Envelope]
    ) -> v1.IssueInvoiceRequest:
        sale = self.sale(lease)
        batches = [
            SealedBatch(
                open_envelope(v1.Envelope.FromString(row["envelope"]), v1.UsageBatch, self._trust, now=now),
                self._records(lease, row["number"]),
            )
            for row in self._journal.all(
                "SELECT * FROM batch WHERE lease = ? AND number <= ? ORDER BY number", lease, number
            )
        ]
        header = self._statements.header("invoice", f"{lease}#{number}", now)
        draft = build(
            Basis.of(
                sale,
                batches,
                series=[open_envelope(each, v1.PriceSeries, self._trust, now=now) for each in series],
                earlier=self._earlier(lease, number, now),
            ),
            header=self._next_place("invoice", sale.order.issuer).place(header),
            due_time=now + self._payment_term,
        )
        return v1.IssueInvoiceRequest(
            request_id=_request_id(self._statements, f"invoice {lease}#{number}"),
            invoice=self._identity.sign_document(draft.message),
            lines=draft.lines,
        )

    def _next_place(self, token: str, counterparty: str) -> Position:
        """Gives the next place of the stream of what this provider sends a party (STREAM-NAME-1)."""
        name = stream_name(self._identity.authority, token, self._broker, counterparty)
        row = self._journal.one("SELECT sequence, prev FROM stream WHERE name = ?", name)
        return Position(name) if row is None else Position(name, row["sequence"], row["prev"])

    def _earlier(self, lease: str, number: int, now: datetime) -> Verified[v1.Invoice] | None:
        """Gives the invoice of the period before, by which accumulators open; nothing before the first."""
        row = self._journal.one(
            "SELECT request FROM invoice WHERE lease = ? AND number < ? ORDER BY number DESC", lease, number
        )
        if row is None:
            return None
        invoice = v1.IssueInvoiceRequest.FromString(row["request"]).invoice
        return open_envelope(invoice, v1.Invoice, self._trust, now=now)

    def _chain(self, lease: str) -> tuple[Chain, int]:
        chain, number = Chain(lease), 1
        for row in self._journal.all("SELECT envelope FROM batch WHERE lease = ? ORDER BY number", lease):
            envelope = v1.Envelope.FromString(row["envelope"])
            # The agent's own batch, from its own journal: read without a time, for it was made here.
            batch = open_envelope(
                envelope,
                v1.UsageBatch,
                self._trust,
                now=_issued(envelope),
                expected_issuer=self._identity.authority,
            )
            chain = chain.follow(batch.message, batch.pin)
            number += 1
        return chain, number

    def _meters(self, lease: str) -> dict[str, Meter]:
        return {
            name: meter_from_json(value) for name, value in json.loads(self._lease(lease)["meters"]).items()
        }

    def _records(self, lease: str, number: int) -> list[bytes]:
        rows = self._journal.all(
            "SELECT body FROM record WHERE lease = ? AND number = ? ORDER BY place", lease, number
        )
        return [row["body"] for row in rows]

    def _committed(self, lease: str) -> Committed:
        row = self._lease(lease)
        order = v1.Envelope.FromString(row["order_document"])
        return open_committed(
            v1.Envelope.FromString(row["hold_receipt"]),
            order,
            self._trust,
            provider=self._identity.authority,
            broker=self._broker,
            now=_issued(order),
        )

    def _lease(self, lease: str) -> Any:
        row = self._journal.one("SELECT * FROM lease WHERE name = ?", lease)
        if row is None:
            raise KeyError(lease)
        return row


def _event(kind: Any, at_ms: int) -> v1.ServiceEvent:
    return v1.ServiceEvent(kind=kind, at=ms_timestamp(at_ms))


def _issued(envelope: v1.Envelope) -> datetime:
    return parse_time(json.loads(envelope.payload)["header"]["issuedAt"])


def _request_id(statements: Statements, about: str) -> str:
    return statements.header("request", about, from_ms(0)).id.rsplit("/", 1)[1]


def _take_place(connection: sqlite3.Connection, envelope: v1.Envelope) -> None:
    """Writes down, in the transaction that keeps a document, that its place in its stream is taken."""
    header = json.loads(envelope.payload)["header"]
    after = Position(header["stream"], int(header["sequence"])).after(digest(envelope.payload))
    connection.execute(
        "INSERT INTO stream (name, sequence, prev) VALUES (?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET sequence = excluded.sequence, prev = excluded.prev",
        (after.stream, after.sequence, after.prev),
    )
