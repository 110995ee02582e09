"""Reading which bills are to be rated: JSON, JSON Lines, or a Parquet table of leases (docs/bulk-rating.md).

JSON holds bills as rating.md describes them, each member in the strict form of documents: a file with `bills`
and perhaps defaults of theirs, or one bill a line. A table has one lease a row; its rows of one `account`,
plan and period are one bill, every other row is a bill of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson
from google.protobuf.message import Message

from crex.bulk.bills import BillSet, NamedBill
from crex.bulk.extras import require
from crex.bulk.intake import lines_of
from crex.documents import convert, reader, strict
from crex.documents.times import from_ms, parse_time, to_ms
from crex.errors import CrexError, Violation, named
from crex.metering import Span
from crex.metering.span import ms_timestamp
from crex.names import Name, Ref
from crex.rating import Bill, LeaseTerms, LeaseUse, Openings, Plan, Series, Zone, zone_between
from crex.v1 import AccumulatorValue, GapMarker, Interval, Pin, ServiceEvent, ServiceEventKind, TzTransition

M = TypeVar("M", bound=Message)
_MAX_BYTES: Final = 1 << 30
_MAX_LINE: Final = 16 << 20
_DAY: Final = timedelta(days=1)
_BILL: Final = frozenset(
    ("name", "account", "plans", "period", "whole", "tzTransitions", "series", "openings", "leases")
)
_DEFAULTS: Final = frozenset(("plans", "period", "whole", "tzTransitions", "series"))
_LEASE: Final = frozenset(
    ("name", "order", "quantity", "interval", "region", "interruptible", "serviceEvents", "gaps", "firstSeq")
)


@dataclass(slots=True)
class Documents:
    """The price plans and series that bills name, and what was derived from them once.

    Attributes:
        plans: Price plans, by SHA-256.
        series: Price series, in the order given.
    """

    plans: dict[str, Plan] = field(default_factory=dict)
    series: list[Series] = field(default_factory=list)
    _chains: dict[tuple[str, ...], tuple[Plan, ...]] = field(default_factory=dict)
    _zones: dict[Any, Zone] = field(default_factory=dict)

    def chain(self, refs: Sequence[str] | None, where: str) -> tuple[Plan, ...]:
        """Returns the plans that a bill names, or else all, in the order in which they come into force.

        Raises:
            CrexError: REFERENCE_MISSING if one is not among the documents, or is not the only such one.
        """
        key = tuple(refs) if refs is not None else ("*",)
        if key not in self._chains:
            found = list(self.plans.values()) if refs is None else [self._plan(ref, where) for ref in refs]
            self._chains[key] = tuple(sorted(found, key=lambda plan: plan.start_ms))
        return self._chains[key]

    def zone(self, plan: Plan, span: Span) -> Zone:
        """Returns the offsets of a plan's time zone over a period, by this machine's database."""
        key = plan.time_zone, span
        if key not in self._zones:
            around = from_ms(span.start_ms) - _DAY, from_ms(span.end_ms) + _DAY
            self._zones[key] = zone_between(plan.time_zone, *around)
        return self._zones[key]

    def pinned_zone(self, values: Sequence[Mapping[str, Any]]) -> Zone:
        """Returns the offsets that a bill pins; of equal ones always the same."""
        key = orjson.dumps(values)
        if key not in self._zones:
            self._zones[key] = Zone.of(_messages(values, TzTransition))
        return self._zones[key]

    def _plan(self, text: str, where: str) -> Plan:
        if text in self.plans:
            return self.plans[text]
        ref = Ref.parse(text)
        found = [plan for plan in self.plans.values() if _is_named(plan.pin, ref)]
        if len(found) != 1:
            raise CrexError(
                "REFERENCE_MISSING",
                f"{where} names the price plan {text}, and {len(found) or 'none'} of the files given is "
                "that. Give its file, or name one by @revision or @sha256:….",
            )
        return found[0]


def read(path: Path, documents: Documents) -> BillSet:
    """Reads a file of bills.

    Raises:
        CrexError: The file is not what it should be; `source` is the file.
    """
    with named(path):
        if path.suffix == ".parquet":
            return BillSet.of(_of_table(path, documents))
        if path.suffix in (".jsonl", ".ndjson"):
            return BillSet.of(_of_lines(path, documents))
        return BillSet.of(_of_json(path, documents))


def _of_json(path: Path, documents: Documents) -> Iterator[NamedBill]:
    value = strict.loads(path.read_bytes(), max_bytes=_MAX_BYTES)
    _members(value, _DEFAULTS | {"bills"}, "$")
    defaults = {name: value[name] for name in _DEFAULTS if name in value}
    bills = value.get("bills")
    if not isinstance(bills, list):
        raise _refused("$.bills", "a list of bills is expected")
    for number, bill in enumerate(bills):
        yield _bill(bill, documents, defaults, f"$.bills[{number}]")


def _of_lines(path: Path, documents: Documents) -> Iterator[NamedBill]:
    for number, line in enumerate(lines_of(path, most=_MAX_LINE), start=1):
        if line.strip():
            yield _bill(strict.loads(line, max_bytes=_MAX_LINE), documents, {}, f"line {number}, $")


def _bill(value: Any, documents: Documents, defaults: Mapping[str, Any], where: str) -> NamedBill:
    _members(value, _BILL, where)
    value = {**defaults, **value}
    leases = value.get("leases")
    if not isinstance(leases, list) or not leases:
        raise _refused(f"{where}.leases", "a list of leases is expected")
    uses = tuple(_lease(one, f"{where}.leases[{number}]") for number, one in enumerate(leases))
    account = _text(value, "account", where)
    period = _span(value, "period", where)
    plans = documents.chain(_texts(value, "plans", where), where)
    bill = Bill(
        plans=plans,
        leases=uses,
        period=period,
        whole=_span(value, "whole", where) if "whole" in value else period,
        zone=_zone(value.get("tzTransitions"), plans, period, documents),
        account=account,
        series=_series(_texts(value, "series", where), documents),
        openings=Openings.of(_messages(value.get("openings", []), AccumulatorValue)),
    )
    return NamedBill(_text(value, "name", where) or account or uses[0].terms.name, bill)


def _lease(value: Any, where: str) -> LeaseUse:
    _members(value, _LEASE, where)
    name, order = (_id(value, member, where) for member in ("name", "order"))
    first_seq = value.get("firstSeq", {})
    if not isinstance(first_seq, dict):
        raise _refused(f"{where}.firstSeq", "an object of meters and their first numbers is expected")
    interruptible = value.get("interruptible", False)
    if not isinstance(interruptible, bool):
        raise _refused(f"{where}.interruptible", "true or false is expected")
    terms = LeaseTerms(
        name,
        order,
        _integer(value.get("quantity"), f"{where}.quantity"),
        _span(value, "interval", where),
        region=_text(value, "region", where),
        interruptible=interruptible,
    )
    return LeaseUse(
        terms=terms,
        events=tuple(_messages(value.get("serviceEvents", []), ServiceEvent)),
        gaps=tuple(_messages(value.get("gaps", []), GapMarker)),
        first_seq={meter: _integer(seq, f"{where}.firstSeq") for meter, seq in first_seq.items()} or None,
    )


# --- A table of leases. ---

_REQUIRED: Final = ("lease", "order", "quantity", "start", "end", "period_start", "period_end")
_OPTIONAL: Final = (
    "bill",
    "account",
    "plan",
    "region",
    "interruptible",
    "activated",
    "terminated",
    "outages",
    "gaps",
    "first_seq",
)


def _of_table(path: Path, documents: Documents) -> Iterator[NamedBill]:
    parquet = require("pyarrow.parquet")
    try:
        file = parquet.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise CrexError("PAYLOAD", "The file is no Parquet file. Name a table of leases, or JSON.") from error
    names = file.schema_arrow.names
    absent = [name for name in _REQUIRED if name not in names]
    if absent:
        raise CrexError(
            "SCHEMA",
            f"The table of leases has no column {', '.join(absent)}. It needs {', '.join(_REQUIRED)}, and "
            f"may have {', '.join(_OPTIONAL)}.",
        )
    known = [name for name in (*_REQUIRED, *_OPTIONAL) if name in names]
    rows = (row for batch in file.iter_batches(columns=known) for row in batch.to_pylist())
    grouped: dict[Any, list[tuple[int, dict[str, Any]]]] = {}
    for number, row in enumerate(rows, start=1):
        account = row.get("account")
        own = row.get("bill") or (
            (account, row.get("plan"), row["period_start"], row["period_end"]) if account else number
        )
        grouped.setdefault(own, []).append((number, row))
    for group in grouped.values():
        yield _bill_of_rows(group, documents)


def _bill_of_rows(rows: Sequence[tuple[int, dict[str, Any]]], documents: Documents) -> NamedBill:
    number, first = rows[0]
    where = f"row {number}"
    period = Span(*(_moment(first[name], f"{where}, {name}") for name in ("period_start", "period_end")))
    plan = first.get("plan")
    plans = documents.chain(None if plan is None else [plan], where)
    uses = tuple(_lease_of_row(row, f"row {place}") for place, row in rows)
    bill = Bill(
        plans=plans,
        leases=uses,
        period=period,
        whole=period,
        zone=_zone(None, plans, period, documents),
        account=first.get("account"),
        series=tuple(documents.series),
    )
    return NamedBill(first.get("bill") or first.get("account") or uses[0].terms.name, bill)


def _lease_of_row(row: Mapping[str, Any], where: str) -> LeaseUse:
    kinds = {
        "activated": ServiceEventKind.SERVICE_EVENT_KIND_ACTIVATED,
        "terminated": ServiceEventKind.SERVICE_EVENT_KIND_TERMINATED,
    }
    events = [
        ServiceEvent(kind=kind, at=ms_timestamp(_moment(row[name], f"{where}, {name}")))
        for name, kind in kinds.items()
        if row.get(name) is not None
    ]
    for outage in row.get("outages") or ():
        start, end = (_moment(outage.get(name), f"{where}, outages") for name in ("start", "end"))
        events.append(
            ServiceEvent(
                kind=ServiceEventKind.SERVICE_EVENT_KIND_OUTAGE,
                at=ms_timestamp(start),
                until=ms_timestamp(end),
            )
        )
    gaps = _messages(
        [
            {
                "meterId": gap.get("meter_id"),
                "firstSeq": str(gap.get("first_seq")),
                "lastSeq": str(gap.get("last_seq")),
                "reason": gap.get("reason") or "marked",
            }
            for gap in row.get("gaps") or ()
        ],
        GapMarker,
    )
    start, end = (_moment(row[name], f"{where}, {name}") for name in ("start", "end"))
    if start > end:
        raise _refused(where, "the lease ends before it starts")
    terms = LeaseTerms(
        _id(row, "lease", where),
        _id(row, "order", where),
        _integer(row["quantity"], f"{where}, quantity"),
        Span(start, end),
        region=row.get("region"),
        interruptible=bool(row.get("interruptible")),
    )
    first_seq = dict(row.get("first_seq") or ())
    return LeaseUse(terms=terms, events=tuple(events), gaps=tuple(gaps), first_seq=first_seq or None)


# --- Values. ---


def _zone(
    pinned: Sequence[Mapping[str, Any]] | None, plans: Sequence[Plan], period: Span, documents: Documents
) -> Zone | None:
    if pinned:
        return documents.pinned_zone(pinned)
    local = any(component.restrictions.local for plan in plans for component in plan.components)
    return documents.zone(plans[0], period) if local else None


def _series(refs: Sequence[str] | None, documents: Documents) -> tuple[Series, ...]:
    if refs is None:
        return tuple(documents.series)
    found = []
    for text in refs:
        ref = Ref.parse(text)
        found += [one for one in documents.series if _is_named(one.pin, ref)]
    return tuple(found)


def _is_named(pin: Pin, ref: Ref) -> bool:
    """Tells whether a name, perhaps with a revision or a digest, means a document."""
    return (
        pin.id == str(ref.name)
        and (ref.revision is None or pin.revision == ref.revision)
        and (ref.sha256 is None or pin.sha256 == ref.sha256)
    )


def _messages(values: Any, message: type[M]) -> list[M]:
    if not isinstance(values, list):
        raise _refused(message.DESCRIPTOR.name, "a list is expected")
    return [convert.to_message(reader.read(orjson.dumps(value), message), message) for value in values]


def _members(value: Any, known: frozenset[str], where: str) -> None:
    if not isinstance(value, dict):
        raise _refused(where, "an object is expected")
    unknown = sorted(set(value) - known)
    if unknown:
        raise _refused(where, f"{unknown[0]!r} is unknown here; known are {', '.join(sorted(known))}")


def _text(value: Mapping[str, Any], member: str, where: str) -> str | None:
    found = value.get(member)
    if found is None or (isinstance(found, str) and found):
        return found
    raise _refused(f"{where}.{member}", "a text is expected")


def _texts(value: Mapping[str, Any], member: str, where: str) -> list[str] | None:
    found = value.get(member)
    if found is None:
        return None
    if isinstance(found, list) and all(isinstance(one, str) for one in found):
        return found
    raise _refused(f"{where}.{member}", "a list of references is expected")


def _id(value: Mapping[str, Any], member: str, where: str) -> str:
    found = _text(value, member, where)
    if found is None:
        raise _refused(f"{where}.{member}", "a name is expected")
    return str(Name.parse(found))


def _integer(value: Any, where: str) -> int:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63:
        return value
    raise _refused(where, "a whole number as text is expected")


def _span(value: Mapping[str, Any], member: str, where: str) -> Span:
    found = value.get(member)
    if not isinstance(found, dict):
        raise _refused(f"{where}.{member}", "an interval with start and end is expected")
    message = convert.to_message(reader.read(orjson.dumps(found), Interval), Interval)
    return Span.of(message)


def _moment(value: Any, where: str) -> int:
    if isinstance(value, bool) or value is None:
        raise _refused(where, "a time is expected")
    if isinstance(value, int):
        return value
    if isinstance(value, datetime):
        return to_ms(value if value.tzinfo is not None else value.replace(tzinfo=UTC))
    return to_ms(parse_time(str(value)))


def _refused(path: str, what: str) -> CrexError:
    return CrexError(
        "SCHEMA",
        "The file of bills cannot be read. docs/bulk-rating.md describes it.",
        violations=[Violation(path, what)],
    )
