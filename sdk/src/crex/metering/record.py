"""Usage records: exact bytes, and what they say (metering.md).

A record travels, is hashed and is kept as the bytes of its strict form. `Record` is those bytes together with
what was read from them, so that whoever rates a record can never have another one in hand than was signed
for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from crex.decimals import parse_decimal
from crex.documents import convert, reader
from crex.documents.times import parse_time
from crex.errors import DocumentError, Violation
from crex.metering.span import Span
from crex.v1 import UsageRecord

# Bytes that one record may have on the wire (AppendUsageRequest.records).
MAX_RECORD_BYTES = 8192

# Lease, meter, sequence number, revision: what a record is identified by (RATE-DUPLICATE-1).
Key = tuple[str, str, int, int]


@dataclass(frozen=True, slots=True)
class Record:
    """One reading of one meter.

    Attributes:
        body: Its exact bytes.
        meter_id: Meter, unique within the lease (USAGE-METER-1).
        seq: Sequence number, from 1, gapless per meter (USAGE-SEQ-1).
        revision: Revision of this number, from 1; the highest wins (USAGE-REVISION-1).
        lease: Name of the lease.
        resource: Name of the resource that was used.
        dimension: Dimension token.
        unit: Unit token.
        span: Interval that it covers; empty for a reading at one instant.
        quantity: Units held (TIME) or amount used (COUNT); not negative.
        estimated: Whether a later revision is to correct it.
        readings: What the counter stood at as the interval began and ended; nothing where it is not stated.
    """

    body: bytes = field(repr=False)
    meter_id: str
    seq: int
    revision: int
    lease: str
    resource: str
    dimension: str
    unit: str
    span: Span
    quantity: Fraction
    estimated: bool
    readings: tuple[Fraction, Fraction] | None = None

    @property
    def key(self) -> Key:
        """Lease, meter, sequence number and revision."""
        return self.lease, self.meter_id, self.seq, self.revision

    @property
    def order(self) -> tuple[str, int, int]:
        """Meter, sequence number and revision: the order of records in a batch's tree (BATCH-ROOT-1)."""
        return self.meter_id, self.seq, self.revision

    @property
    def place(self) -> str:
        """Text that finds the record, for people."""
        return f"meter {self.meter_id}, number {self.seq}, revision {self.revision}"


def parse_record(body: bytes) -> Record:
    """Reads a record from its exact bytes (rate/1, steps 2 and 25; RATE-STRICT-1, RATE-NEGATIVE-1).

    Raises:
        DocumentError: LIMIT if it has more than 8,192 bytes; PAYLOAD if it is not in strict form; SCHEMA if
            it breaks a constraint of the contract, ends before it starts (USAGE-INTERVAL-1), states a
            quantity below zero (USAGE-QUANTITY-1) or one that its readings contradict (USAGE-READINGS-1).
    """
    if len(body) > MAX_RECORD_BYTES:
        raise DocumentError(
            "LIMIT",
            f"A usage record has {len(body)} bytes; {MAX_RECORD_BYTES} are allowed. Shorten its `method`, or "
            "report several readings in records of their own.",
        )
    found = reader.read(body, UsageRecord)
    quantity = parse_decimal(found["quantity"])
    if quantity < 0:
        raise _below_zero(found["meterId"], found["seq"], found["quantity"])
    readings = _readings(found, quantity)
    return Record(
        body=body,
        meter_id=found["meterId"],
        seq=int(found["seq"]),
        revision=int(found["revision"]),
        lease=found["lease"],
        resource=found["resource"],
        dimension=found["dimension"],
        unit=found["unit"],
        span=Span.between(parse_time(found["start"]), parse_time(found["end"])),
        quantity=quantity,
        estimated=found.get("estimated", False),
        readings=readings,
    )


def build_record(message: UsageRecord) -> Record:
    """Returns a record with the bytes of its strict form.

    Raises:
        DocumentError: The message breaks a constraint of the contract (SCHEMA) or is too long (LIMIT).
    """
    return parse_record(convert.dump(message))


def _readings(found: dict[str, Any], quantity: Fraction) -> tuple[Fraction, Fraction] | None:
    """Reads the readings of a record, and holds its quantity to them (USAGE-READINGS-1)."""
    stated = found.get("readings")
    if stated is None:
        return None
    start, end = parse_decimal(stated["start"]), parse_decimal(stated["end"])
    if end - start == quantity:
        return start, end
    violation = Violation(
        "$.readings",
        f"a counter that went from {stated['start']} to {stated['end']} did not count {found['quantity']}",
        "USAGE-READINGS-1",
        "state the difference as the quantity; where the counter began anew in between, state no readings",
    )
    raise DocumentError(
        "SCHEMA",
        f"The record of meter {found['meterId']}, number {found['seq']}, contradicts its readings.",
        violations=[violation],
    )


def _below_zero(meter_id: str, seq: str, quantity: str) -> DocumentError:
    violation = Violation(
        "$.quantity",
        f"{quantity} is below zero",
        "USAGE-QUANTITY-1",
        "correct a record by a higher revision; negative quantities belong in credit documents",
    )
    return DocumentError(
        "SCHEMA",
        f"The record of meter {meter_id}, number {seq}, cannot be billed.",
        violations=[violation],
    )
