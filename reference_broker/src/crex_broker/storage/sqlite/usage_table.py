"""Usage as rows: chains, batches and periods, and the steps of a period's state machine."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any, Final

import orjson

from crex import v1
from crex_broker.application.ports.leases import LeaseSnapshot
from crex_broker.application.ports.orders import LastTransition
from crex_broker.application.ports.timers import Moved
from crex_broker.application.ports.usage import ChainHead, LeaseUsed, NewBatch, UsageSnapshot
from crex_broker.domain.etags import etag_of
from crex_broker.domain.states import NEW, Actor, step
from crex_broker.storage.sqlite import lease_table, transitions
from crex_broker.storage.sqlite.writer import Tx

_COLUMNS: Final = (
    "lease, start_ms, end_ms, state, version, batch_count, record_count, last_batch_sha256, create_ms, "
    "update_ms, last_event, last_actor, last_reason, last_ms"
)
_FIELDS: Final = [name for name in UsageSnapshot.__slots__ if name != "last"]
_ONE: Final = f"SELECT {_COLUMNS} FROM usage_periods WHERE lease = ? AND start_ms = ?"  # noqa: S608 - constants
# A lease that was used and of which no batch came yet is there without usage.
_USED: Final = """
SELECT leases.name, coalesce(usage_periods.version, 0), coalesce(usage_periods.state, '')
FROM leases LEFT JOIN usage_periods ON usage_periods.lease = leases.name AND usage_periods.start_ms = :start
WHERE leases.provider = :provider AND leases.consumer = :consumer AND (
    usage_periods.lease IS NOT NULL OR (
        leases.activated_ms < :end AND max(leases.activated_ms, :start) < min(
            leases.end_ms, coalesce(terminated_ms, leases.end_ms), coalesce(ended_ms, leases.end_ms)
        )
    )
) ORDER BY leases.name
"""
_ALL: Final = f"SELECT {_COLUMNS} FROM usage_periods WHERE lease = ? ORDER BY start_ms"  # noqa: S608 - constants
_DUE: Final = (
    f"SELECT {_COLUMNS} FROM usage_periods WHERE state = 'OPEN' AND due_ms <= ? "  # noqa: S608 - constants
    "ORDER BY due_ms LIMIT ?"
)
_PUT: Final = f"""
INSERT INTO usage_periods ({_COLUMNS}, first_meters, grace_ms, due_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (lease, start_ms) DO UPDATE SET end_ms = excluded.end_ms, state = excluded.state,
    version = excluded.version, batch_count = excluded.batch_count, record_count = excluded.record_count,
    last_batch_sha256 = excluded.last_batch_sha256, update_ms = excluded.update_ms, due_ms = excluded.due_ms,
    last_event = excluded.last_event, last_actor = excluded.last_actor, last_reason = excluded.last_reason,
    last_ms = excluded.last_ms
"""  # noqa: S608 - constants
_STEP: Final = """
UPDATE usage_periods SET state = ?, version = ?, update_ms = ?, last_event = ?, last_actor = ?, last_ms = ?
WHERE lease = ? AND start_ms = ?
"""
_HEAD: Final = """
SELECT last_id, last_revision, last_sha256, start_ms, end_ms, final, meters, first_meters, events
FROM usage_chains WHERE lease = ?
"""
_PUT_HEAD: Final = """
INSERT INTO usage_chains (lease, last_id, last_revision, last_sha256, start_ms, end_ms, final, meters,
    first_meters, events) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (lease) DO UPDATE SET last_id = excluded.last_id, last_revision = excluded.last_revision,
    last_sha256 = excluded.last_sha256, start_ms = excluded.start_ms, end_ms = excluded.end_ms,
    final = excluded.final, meters = excluded.meters, first_meters = excluded.first_meters,
    events = excluded.events
"""
_PUT_BATCH: Final = """
INSERT INTO usage_batches (lease, period_start_ms, sha256, record_count, first_ms, last_ms, bytes, records,
    create_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def used_in(
    connection: sqlite3.Connection, provider: str, consumer: str, start_ms: int, end_ms: int
) -> tuple[LeaseUsed, ...]:
    """Gives the leases between two parties that were used in a billing period; see `UsageStore.used_in`."""
    found = {"provider": provider, "consumer": consumer, "start": start_ms, "end": end_ms}
    return tuple([LeaseUsed(*row) for row in connection.execute(_USED, found)])


def period(connection: sqlite3.Connection, lease: str, start_ms: int) -> UsageSnapshot | None:
    """Gives the usage of one period."""
    row = connection.execute(_ONE, (lease, start_ms)).fetchone()
    return None if row is None else _snapshot(row)


def periods(connection: sqlite3.Connection, lease: str) -> tuple[UsageSnapshot, ...]:
    """Gives the usage of all periods of a lease, in order of time."""
    return tuple([_snapshot(row) for row in connection.execute(_ALL, (lease,))])


def head(connection: sqlite3.Connection, lease: str) -> ChainHead | None:
    """Gives where the chain of a lease's batches stands."""
    row = connection.execute(_HEAD, (lease,)).fetchone()
    if row is None:
        return None
    last_id, revision, sha256, start_ms, end_ms, final, meters, first_meters, events = row
    return ChainHead(
        last_id,
        revision,
        sha256,
        start_ms,
        end_ms,
        bool(final),
        orjson.loads(meters),
        orjson.loads(first_meters),
        tuple([_event(*event) for event in orjson.loads(events)]),
    )


def _event(kind: int, at_ms: int, until_ms: int | None = None) -> tuple[int, int, int | None]:
    """Gives an event as it was written, also by an edition that knew no outages."""
    return kind, at_ms, until_ms


def write(tx: Tx, lease: LeaseSnapshot, batch: NewBatch, by: str) -> UsageSnapshot:
    """Writes a batch behind the chain it was judged against, and steps its period (STATE-USAGE-1).

    A correction is of a period of its own; where the chain's own period stands stays (BILLING-AMEND-4).

    Raises:
        CrexError: ILLEGAL_TRANSITION.
    """
    at = batch.head
    standing = period(tx.connection, lease.name, batch.start_ms)
    taken = step(
        "usage",
        NEW if standing is None else standing.state,
        batch.event,
        Actor.PROVIDER,
        etag="" if standing is None else etag_of(standing.version),
    )
    _write_batch(tx, batch)
    _write_head(tx, lease.name, at)
    after = UsageSnapshot(
        lease=lease.name,
        start_ms=batch.start_ms,
        end_ms=batch.end_ms,
        state=taken.state,
        version=1 if standing is None else standing.version + 1,
        batch_count=1 + (0 if standing is None else standing.batch_count),
        record_count=len(batch.records) + (0 if standing is None else standing.record_count),
        last_batch_sha256=batch.document.sha256,
        create_ms=tx.now_ms if standing is None else standing.create_ms,
        update_ms=tx.now_ms,
        last=LastTransition(batch.event, by, "", tx.now_ms),
    )
    ends = (batch.end_ms, lease.end_ms, lease.terminated_ms, lease.ended_ms)
    due_ms = max(batch.start_ms, min(end for end in ends if end is not None)) + batch.grace_ms
    last = after.last
    tx.connection.execute(
        _PUT,
        (
            *[getattr(after, name) for name in _FIELDS],
            last.event,
            last.actor,
            last.reason,
            last.time_ms,
            _json(at.first_seq),
            batch.grace_ms,
            due_ms,
        ),
    )
    _record(tx, lease, after, batch.event, "" if standing is None else standing.state, by)
    return after


def close_incomplete(tx: Tx, limit: int, authority: str) -> list[Moved]:
    """Closes periods whose grace is over: OPEN → SEALED_INCOMPLETE (BILLING-GRACE-1)."""
    moved = []
    for row in tx.connection.execute(_DUE, (tx.now_ms, limit)).fetchall():
        standing = _snapshot(row)
        taken = step("usage", standing.state, "grace", Actor.BROKER)
        after = replace(standing, state=taken.state, version=standing.version + 1)
        tx.connection.execute(
            _STEP,
            (
                after.state,
                after.version,
                tx.now_ms,
                "grace",
                authority,
                tx.now_ms,
                after.lease,
                after.start_ms,
            ),
        )
        lease = lease_table.find(tx.connection, after.lease)
        assert lease is not None  # noqa: S101 - a foreign key
        _record(tx, lease, after, "grace", standing.state, authority)
        moved.append(Moved(after.lease, after.state))
    return moved


def _write_batch(tx: Tx, batch: NewBatch) -> None:
    records = v1.BatchWithRecords(records=batch.records).SerializeToString(deterministic=True)
    tx.connection.execute(
        _PUT_BATCH,
        (
            batch.lease,
            batch.start_ms,
            batch.document.sha256,
            len(batch.records),
            batch.first_ms,
            batch.last_ms,
            len(records) + len(batch.document.envelope),
            records,
            tx.now_ms,
        ),
    )


def _write_head(tx: Tx, lease: str, at: ChainHead) -> None:
    tx.connection.execute(
        _PUT_HEAD,
        (
            lease,
            at.last_id,
            at.last_revision,
            at.last_sha256,
            at.start_ms,
            at.end_ms,
            int(at.final),
            _json(at.next_seq),
            _json(at.first_seq),
            orjson.dumps(at.events).decode(),
        ),
    )


def _record(tx: Tx, lease: LeaseSnapshot, after: UsageSnapshot, event: str, before: str, by: str) -> None:
    transitions.record(
        tx,
        "usage",
        after.lease,
        event,
        before=before,
        after=after.state,
        actor=by,
        provider=lease.provider,
        consumer=lease.consumer,
    )


def _snapshot(row: tuple[Any, ...]) -> UsageSnapshot:
    plain = dict(zip(_FIELDS, row, strict=False))
    return UsageSnapshot(**plain, last=LastTransition(*row[len(_FIELDS) :]))


def _json(meters: object) -> str:
    return orjson.dumps(meters, option=orjson.OPT_SORT_KEYS).decode()
