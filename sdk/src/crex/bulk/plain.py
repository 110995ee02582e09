"""The reference engine over the same inputs: all records in memory, each bill by `rate_bill`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from crex.bulk.bills import BillSet, NamedBill
from crex.bulk.columns import DECIMAL_TEXT, FIRST_MS, LAST_MS, broken_name
from crex.bulk.extras import require
from crex.bulk.faults import Fault, Kind, error_of
from crex.bulk.pricing import Outcome
from crex.decimals import parse_decimal
from crex.documents.times import to_ms
from crex.errors import CrexError
from crex.metering import Record, Span
from crex.rating import rate_bill

_BATCH: Final = 65_536


@dataclass(slots=True)
class Usage:
    """Records, by lease and by the bill that they were handed in for."""

    records: dict[tuple[str, str], list[Record]] = field(default_factory=dict)
    faults: dict[tuple[str, str], Fault] = field(default_factory=dict)
    count: int = 0

    def add(self, row: dict[str, Any]) -> None:
        """Adds a row of a table of records."""
        self.count += 1
        key = row.get("bill") or "", row.get("lease") or ""
        reason = row.get("refused") or _broken(row)
        if reason is not None:
            meter, seq, revision = (row.get(name) for name in ("meter_id", "seq", "revision"))
            fault = Fault(Kind.FORM, 0, meter or "unknown", seq or 0, revision or 0, note=reason)
            self.faults.setdefault(key, fault)
        else:
            self.records.setdefault(key, []).append(_record(row))


def read(paths: Iterable[Path]) -> Usage:
    """Reads Parquet files of records.

    Raises:
        CrexError: A record is none and names no lease.
    """
    parquet = require("pyarrow.parquet")
    found = Usage()
    for path in paths:
        for batch in parquet.ParquetFile(path).iter_batches(_BATCH):
            for row in batch.to_pylist():
                found.add(row)
    return found


def outcomes(bills: BillSet, usage: Usage, some: Sequence[NamedBill]) -> Iterator[Outcome]:
    """Rates some of the bills, in their order."""
    records, faults = _by_bill(usage.records), _by_bill(usage.faults)
    for one in some:
        if bills.single is not None:
            # Of the only bill, records of other leases are its own too, and refused (RATE-LEASE-1).
            yield _rated(one, usage, list(usage.records), list(usage.faults))
            continue
        own = [("", use.terms.name) for use in one.bill.leases]
        mine = own + records.get(one.name, [])
        faulty = [key for key in own if key in usage.faults] + faults.get(one.name, [])
        yield _rated(one, usage, mine, faulty)


def _by_bill(keys: Iterable[tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
    """Returns the keys of records by the bill that they were handed in for."""
    found: dict[str, list[tuple[str, str]]] = {}
    for key in keys:
        found.setdefault(key[0], []).append(key)
    return found


def _rated(
    named: NamedBill, usage: Usage, mine: Sequence[tuple[str, str]], faulty: Sequence[tuple[str, str]]
) -> Outcome:
    """Rates a bill, of whose records and faults the keys are given."""
    names = [use.terms.name for use in named.bill.leases]
    if faulty:
        key = min(faulty)
        return Outcome(named, None, error_of(usage.faults[key], key[1]))
    by_lease: dict[str, list[Record]] = {name: [] for name in names}
    for key in dict.fromkeys(mine):
        lease = key[1] if key[1] in by_lease else min(names)
        by_lease[lease] += usage.records.get(key, [])
    leases = tuple(replace(use, records=by_lease[use.terms.name]) for use in named.bill.leases)
    try:
        return Outcome(named, rate_bill(replace(named.bill, leases=leases)), None)
    except CrexError as error:
        return Outcome(named, None, error)


def strays(bills: BillSet, usage: Usage) -> Sequence[tuple[str, int]]:
    """Returns the leases that no bill has, and how many records are of them."""
    if bills.single is not None:
        return ()
    leases = {slot.lease for slot in bills.slots}
    names = {one.name for one in bills.bills}
    found: dict[str, int] = {}
    for (bill, lease), records in usage.records.items():
        if lease not in leases and bill not in names:
            found[lease] = found.get(lease, 0) + len(records)
    for bill, lease in usage.faults:
        if bill not in names and lease not in leases:
            found[lease] = found.get(lease, 0) + 1
    return sorted(found.items())


def _milliseconds(value: int | datetime | None) -> int | None:
    if value is None or isinstance(value, int):
        return value
    aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return None if aware.microsecond % 1000 else to_ms(aware)


def _broken(row: dict[str, Any]) -> str | None:
    names = [row.get(name) for name in ("meter_id", "lease", "resource", "dimension", "unit")]
    start, end = _milliseconds(row.get("start")), _milliseconds(row.get("end"))
    quantity = row.get("quantity")
    seq, revision = row.get("seq") or 0, row.get("revision") or 0
    if start is None or end is None or None in (*names, quantity):
        return "SCHEMA"
    if seq < 1 or revision < 1 or start > end or start < FIRST_MS or end > LAST_MS:
        return "SCHEMA"
    if isinstance(quantity, str):
        if re.fullmatch(DECIMAL_TEXT, quantity) is None:
            return "SCHEMA"
    elif quantity is None or not 0 <= quantity < 10**18:
        return "SCHEMA"
    broken = broken_name(*(str(name) for name in names))
    return None if broken is None else f"SCHEMA {broken}"


def _record(row: dict[str, Any]) -> Record:
    start, end = _milliseconds(row["start"]) or 0, _milliseconds(row["end"]) or 0  # _broken asked for both
    quantity = row["quantity"]
    exact = parse_decimal(quantity) if isinstance(quantity, str) else Fraction(quantity)
    estimated = bool(row.get("estimated"))
    identity = row.get("sha256") or row.get("body") or ""
    texts = (row["resource"], row["dimension"], row["unit"], start, end, exact, estimated, identity)
    return Record(
        body=repr(texts).encode(),
        meter_id=row["meter_id"],
        seq=row["seq"],
        revision=row["revision"],
        lease=row["lease"],
        resource=row["resource"],
        dimension=row["dimension"],
        unit=row["unit"],
        span=Span(start, end),
        quantity=exact,
        estimated=estimated,
    )
