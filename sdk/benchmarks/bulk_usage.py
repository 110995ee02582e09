"""A month of usage as large as is asked for, always the same: written by DuckDB, for the bulk benchmarks.

Each lease holds 8 units in March 2026, stated every 20 minutes by one meter, and counts tokens, stated by
another for the same 20 minutes, each time another number with a fraction. One record in 64 comes twice, in
the same bytes; one in 128 is corrected by a second revision. Records come as they would be collected: by
time, the leases of a moment one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crex.bulk.bills import BillSet, NamedBill
from crex.documents.times import parse_time
from crex.metering import Span
from crex.metering.span import ms_timestamp
from crex.rating import Bill, LeaseTerms, LeaseUse, Plan, zone_between
from crex.v1 import PriceComponent, Restrictions, ServiceEvent, ServiceEventKind
from sdk.tests.rating.samples import PLAN_PIN, component, counted, plan_message

START, END = parse_time("2026-03-01T00:00:00Z"), parse_time("2026-04-01T00:00:00Z")
PERIOD = Span.between(START, END)
EVERY_MS = 20 * 60 * 1000
TURNS = (PERIOD.end_ms - PERIOD.start_ms) // EVERY_MS
METERS = 2
# Of 128 records 2 come twice and 1 is corrected.
_MORE = 131 / 128
ZONE = zone_between("Europe/Berlin", parse_time("2026-02-27T00:00:00Z"), parse_time("2026-04-03T00:00:00Z"))


@dataclass(frozen=True)
class Usage:
    """A file of records, and the bills that they are of."""

    path: Path
    records: int
    leases: int


def write(path: Path, records: int, *, memory: str = "4GB") -> Usage:
    """Writes about so many records; fewer than a month of one lease are the beginning of the month."""
    import duckdb

    leases = max(1, round(records / (TURNS * METERS * _MORE)))
    turns = min(TURNS, max(1, round(records / (leases * METERS * _MORE))))
    database = duckdb.connect(config={"memory_limit": memory, "threads": 2})
    database.execute(f"""
      COPY (
        SELECT 'crex://broker.example/lease/l' || lpad(CAST(lease AS VARCHAR), 7, '0') AS lease,
          CASE WHEN meter = 0 THEN 'units' ELSE 'tokens' END AS meter_id,
          turn + 1 AS seq, revision,
          'crex://provider.example/compute-resource/r' || CAST(lease & 1023 AS VARCHAR) AS resource,
          CASE WHEN meter = 0 THEN 'compute-unit' ELSE 'output' END AS dimension,
          CASE WHEN meter = 0 THEN 'unit' ELSE 'tokens' END AS unit,
          {PERIOD.start_ms} + turn * {EVERY_MS} AS start,
          {PERIOD.start_ms} + (turn + 1) * {EVERY_MS} AS "end",
          CASE WHEN meter = 0 THEN CAST(8 AS DECIMAL(30,12))
            ELSE CAST(CAST((mixed >> 7) & 1048575 AS DECIMAL(18,0)) * CAST(0.001 AS DECIMAL(4,3)) AS
              DECIMAL(30,12))
          END AS quantity
        FROM (
          SELECT i // ({leases} * {METERS}) AS turn, (i // {METERS}) % {leases} AS lease, i % {METERS} AS
            meter,
            ((i * 2654435761) & 4294967295) AS mixed
          FROM range({turns} * {leases} * {METERS}) t(i)
        ) r
        JOIN (SELECT * FROM (VALUES (0, 1), (1, 1), (2, 1), (3, 2)) v(copy, revision)) c
          ON copy = 0 OR (copy = 1 AND mixed & 127 = 1) OR (copy = 2 AND mixed & 127 = 2)
            OR (copy = 3 AND mixed & 127 = 3)
      ) TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)
    """)
    row = database.execute(f"SELECT COUNT(*) FROM read_parquet('{path}')").fetchone()
    database.close()
    return Usage(path, 0 if row is None else int(row[0]), leases)


def price_plan() -> Plan:
    """Graduated prices of held units, dearer by day in Berlin; graduated prices of tokens."""
    day = component(
        [("1000000", "2.99"), (None, "1.995")],
        id="day",
        restrictions=Restrictions(local_start="08:00", local_end="20:00"),
    )
    night: PriceComponent = component([("1000000", "1.49"), (None, "0.995")], id="night")
    tokens = counted([("100000", "0.1"), (None, "0.05")], id="tokens", per="1000")
    return Plan.of(plan_message(day, night, tokens), PLAN_PIN)


def bills(leases: int) -> BillSet:
    """A bill for each lease."""
    plan = price_plan()
    begun = ServiceEvent(kind=ServiceEventKind.SERVICE_EVENT_KIND_ACTIVATED, at=ms_timestamp(PERIOD.start_ms))
    return BillSet.of(_bill(number, plan, begun) for number in range(leases))


def _bill(number: int, plan: Plan, begun: ServiceEvent) -> NamedBill:
    name = f"crex://broker.example/lease/l{number:07d}"
    terms = LeaseTerms(name, f"crex://broker.example/order/o{number:07d}", 8, PERIOD)
    use = LeaseUse(terms=terms, events=(begun,))
    return NamedBill(name, Bill(plans=(plan,), leases=(use,), period=PERIOD, whole=PERIOD, zone=ZONE))
