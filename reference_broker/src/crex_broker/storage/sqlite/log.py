"""`LogStore` over SQLite."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any, Final

import orjson

from crex.errors import CrexError
from crex_broker.application.ports.log import (
    Cosignature,
    Cosigned,
    KeptCheckpoint,
    LogEntry,
    SupervisedEntry,
    SupervisedPage,
    Supervision,
)
from crex_broker.application.ports.requests import Mutation, Remembered
from crex_broker.storage.sqlite import log_table
from crex_broker.storage.sqlite.reader import Reader
from crex_broker.storage.sqlite.requests import once
from crex_broker.storage.sqlite.writer import Tx, Writer

_COLUMNS: Final = (
    "e.idx, e.leaf, e.salt, e.kind, e.type, e.record, e.step, e.object, e.issuer, e.provider, e.consumer, "
    "e.countries, e.create_ms"
)
# Public records are everyone's, private ones their parties', and what one issued, caused or read its own.
_VISIBLE: Final = "(e.salt IS NULL OR e.provider = :party OR e.consumer = :party OR e.issuer = :party)"
_SIZE: Final = "SELECT coalesce(max(idx) + 1, 0) FROM log_entries"
_LEAVES: Final = "SELECT leaf FROM log_entries WHERE idx >= ? AND idx < ? ORDER BY idx"
_REQUEST: Final = """
SELECT log_from, log_to FROM requests WHERE party = :party AND method = :method AND request_id = :request_id
"""
_RANGE: Final = f"""
SELECT {_COLUMNS} FROM log_entries e WHERE e.idx >= :first AND e.idx < :last AND {_VISIBLE} ORDER BY e.idx
"""  # noqa: S608 - constants
_RECORD: Final = f"""
SELECT {_COLUMNS} FROM log_entries e WHERE e.record = :record AND (e.kind = 'document') = :document
AND {_VISIBLE} ORDER BY e.idx
"""  # noqa: S608 - constants
_ORDER: Final = f"""
SELECT {_COLUMNS} FROM log_entries e WHERE e.object = :order AND e.object != '' AND {_VISIBLE} ORDER BY e.idx
"""  # noqa: S608 - constants
_ONE: Final = f"SELECT {_COLUMNS} FROM log_entries e WHERE e.idx = ?"  # noqa: S608 - constants
_CHECKPOINT: Final = "SELECT size, root, note, create_ms FROM log_checkpoints"
_LINES: Final = "SELECT line, later FROM log_cosignatures WHERE size = ? ORDER BY witness"
_MOST_COSIGNED: Final = """
SELECT max(cosigned) FROM log_checkpoints WHERE cosigned > 0 AND size > ?
"""
_COVERING: Final = f"{_CHECKPOINT} WHERE cosigned = ? AND size > ? ORDER BY size LIMIT 1"
_FORGET: Final = """
DELETE FROM log_checkpoints WHERE cosigned = 0 AND create_ms < ? AND size < ?
"""
_COSIGN: Final = """
INSERT INTO log_cosignatures (size, witness, line, at_s, create_ms) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET later = excluded.line, at_s = excluded.at_s WHERE excluded.at_s > at_s
"""
_COUNT: Final = """
UPDATE log_checkpoints
SET cosigned = (SELECT count(*) FROM log_cosignatures c WHERE c.size = log_checkpoints.size) WHERE size = ?
"""
_OF_COUNTRY: Final = f"""
SELECT {_COLUMNS}, d.envelope FROM log_countries c CROSS JOIN log_entries e ON e.idx = c.idx
LEFT JOIN documents d ON d.sha256 = e.document WHERE c.country = ? AND c.idx >= ? ORDER BY c.idx LIMIT ?
"""  # noqa: S608 - constants
_SIGN_AGAIN: Final = "UPDATE log_checkpoints SET note = ? WHERE size = ?"
_READ: Final = """
INSERT INTO supervisor_reads (idx, auditor, asked, purpose, first, last, count, unsealed, create_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
# Entries that one page looks at, whatever it shows of them: a filter that fits nothing does not read it all.
_SCANNED: Final = 5_000


class SqliteLog:
    """The log in one SQLite file."""

    def __init__(self, writer: Writer, reader: Reader, authority: str) -> None:
        self._writer = writer
        self._reader = reader
        self._authority = authority

    async def size(self) -> int:
        """Gives the number of entries."""
        return await self._reader.find(lambda connection: _scalar(connection, _SIZE))

    async def leaves(self, start: int, end: int) -> Sequence[bytes]:
        """Gives the leaf data at [start, end); fewer where the log ends."""

        def read(connection: sqlite3.Connection) -> list[bytes]:
            return [leaf for (leaf,) in connection.execute(_LEAVES, (start, end))]

        return await self._reader.run(read)

    async def of_request(self, party: str, method: str, request_id: str) -> Sequence[LogEntry]:
        """Gives what a request put into the log and `party` may see."""
        asked = {"party": party, "method": method, "request_id": request_id}

        def read(connection: sqlite3.Connection) -> list[LogEntry]:
            row = connection.execute(_REQUEST, asked).fetchone()
            if row is None or row[0] == row[1]:
                return []
            found = {"party": party, "first": row[0], "last": row[1]}
            return [_entry(each) for each in connection.execute(_RANGE, found)]

        return await self._reader.find(read)

    async def by_record(self, party: str, record: bytes, *, document: bool) -> Sequence[LogEntry]:
        """Gives the entries of a record that `party` may see."""
        return await self._entries(_RECORD, {"party": party, "record": record, "document": int(document)})

    async def by_order(self, party: str, order: str) -> Sequence[LogEntry]:
        """Gives every step of an order of which `party` is a party."""
        return await self._entries(_ORDER, {"party": party, "order": order})

    async def latest_checkpoint(self) -> KeptCheckpoint | None:
        """Gives the largest checkpoint that was signed."""
        return await self._reader.find(lambda c: _checkpoint(c, f"{_CHECKPOINT} ORDER BY size DESC LIMIT 1"))

    async def checkpoint(self, size: int) -> KeptCheckpoint | None:
        """Gives the checkpoint of a size, while it is kept."""
        return await self._reader.find(lambda c: _checkpoint(c, f"{_CHECKPOINT} WHERE size = ?", size))

    async def covering_checkpoint(self, index: int) -> KeptCheckpoint | None:
        """Gives the checkpoint that best proves a leaf."""

        def read(connection: sqlite3.Connection) -> KeptCheckpoint | None:
            most = connection.execute(_MOST_COSIGNED, (index,)).fetchone()[0]
            if most is not None:
                return _checkpoint(connection, _COVERING, most, index)
            return _checkpoint(connection, f"{_CHECKPOINT} WHERE size > ? ORDER BY size DESC LIMIT 1", index)

        return await self._reader.find(read)

    async def keep_checkpoint(self, size: int, root: bytes, note: str, *, forget_ms: int) -> None:
        """Keeps a checkpoint before anybody is shown it."""

        def work(tx: Tx) -> None:
            latest = _checkpoint(tx.connection, f"{_CHECKPOINT} ORDER BY size DESC LIMIT 1")
            if latest is not None and latest.size >= size:
                if (latest.size, latest.root) == (size, root):
                    # By another key perhaps; what witnesses signed is the text.
                    tx.connection.execute(_SIGN_AGAIN, (note, size))
                    return
                raise CrexError(
                    "CHECKPOINT",
                    f"A checkpoint of size {latest.size} and root {latest.root.hex()} was signed before, and "
                    f"this one has size {size} and root {root.hex()}: the log would contradict itself. "
                    "Nothing was signed; restore the newest backup of the database.",
                    details={"size": str(latest.size)},
                )
            tx.connection.execute(
                "INSERT INTO log_checkpoints (size, root, note, create_ms) VALUES (?, ?, ?, ?)",
                (size, root, note, tx.now_ms),
            )
            tx.connection.execute(_FORGET, (tx.now_ms - forget_ms, size))

        await self._writer.run(work)

    async def add_cosignatures(
        self, mutation: Mutation, size: int, lines: Sequence[Cosignature]
    ) -> Remembered[Cosigned]:
        """Keeps co-signatures of witnesses."""

        def work(tx: Tx) -> Cosigned:
            if _checkpoint(tx.connection, f"{_CHECKPOINT} WHERE size = ?", size) is None:
                raise CrexError(
                    "NOT_FOUND",
                    f"This log keeps no checkpoint of size {size}: it signed none, or forgot it because "
                    "nobody co-signed it in time. Co-sign the latest one (LOG-WITNESS-2).",
                    details={"size": str(size), "requirement": "LOG-WITNESS-2"},
                )
            rows = [(size, one.witness, one.line, one.at_s, tx.now_ms) for one in lines]
            tx.connection.executemany(_COSIGN, rows)
            tx.connection.execute(_COUNT, (size,))
            return Cosigned(size)

        return await self._writer.run(lambda tx: once(tx, mutation, Cosigned, lambda: work(tx)))

    async def supervised(self, asked: Supervision) -> SupervisedPage:
        """Gives records of countries to a supervisor."""
        return await self._reader.run(lambda connection: _supervised(connection, asked))

    async def record_read(self, asked: Supervision, page: SupervisedPage) -> LogEntry:
        """Puts a read into the log and the audit table, before it is answered."""
        shown = [each.entry.index for each in page.entries]

        def work(tx: Tx) -> LogEntry:
            said = orjson.dumps(
                {
                    "jurisdictions": asked.countries,
                    "start": asked.start,
                    "limit": asked.limit,
                    "types": asked.types,
                    "from_ms": asked.from_ms,
                    "until_ms": asked.until_ms,
                    "unseal": asked.unseal,
                    "purpose": asked.purpose,
                    "shown": shown,
                }
            )
            index = log_table.append_read(tx, asked.auditor, self._authority, said)
            tx.connection.execute(
                _READ,
                (
                    index,
                    asked.auditor,
                    said.decode(),
                    asked.purpose,
                    shown[0] if shown else None,
                    shown[-1] if shown else None,
                    len(shown),
                    int(asked.unseal),
                    tx.now_ms,
                ),
            )
            return _entry(tx.connection.execute(_ONE, (index,)).fetchone())

        return await self._writer.run(work)

    async def _entries(self, sql: str, found: dict[str, Any]) -> Sequence[LogEntry]:
        return await self._reader.find(lambda c: [_entry(row) for row in c.execute(sql, found)])


def _supervised(connection: sqlite3.Connection, asked: Supervision) -> SupervisedPage:
    """Reads one page: so many entries at most, in the order of the log, each once."""
    found: list[SupervisedEntry] = []
    last, scanned = asked.start - 1, 0
    for row in _of_countries(connection, asked):
        if row[0] == last:
            continue  # of several of the countries
        if scanned == _SCANNED or len(found) == asked.limit:
            return SupervisedPage(tuple(found), last + 1)
        entry = _entry(row[:-1])
        last, scanned = entry.index, scanned + 1
        if _wanted(entry, asked):
            found.append(SupervisedEntry(entry, row[-1]))
    return SupervisedPage(tuple(found), None)


def _of_countries(connection: sqlite3.Connection, asked: Supervision) -> Iterator[tuple[Any, ...]]:
    """Gives the entries of each country from the index of that country, merged as they are read.

    A single query over several countries would sort everything that they have left, for each page.
    """
    rows = (
        connection.execute(_OF_COUNTRY, (country, asked.start, _SCANNED + 1)) for country in asked.countries
    )
    return heapq.merge(*rows, key=itemgetter(0))


def _wanted(entry: LogEntry, asked: Supervision) -> bool:
    return (
        (not asked.types or entry.type in asked.types)
        and (asked.from_ms is None or entry.create_ms >= asked.from_ms)
        and (asked.until_ms is None or entry.create_ms < asked.until_ms)
    )


def _entry(row: tuple[Any, ...]) -> LogEntry:
    *fields, countries, create_ms = row
    return LogEntry(*fields, tuple(countries.split()), create_ms)  # type: ignore[call-arg]  # of 13 columns


def _checkpoint(connection: sqlite3.Connection, sql: str, *found: object) -> KeptCheckpoint | None:
    row = connection.execute(sql, found).fetchone()
    if row is None:
        return None
    size, root, note, create_ms = row
    lines = connection.execute(_LINES, (size,)).fetchall()
    later = tuple(line for _, line in lines if line is not None)
    return KeptCheckpoint(size, root, note, tuple(line for line, _ in lines) + later, create_ms)


def _scalar(connection: sqlite3.Connection, sql: str) -> int:
    return int(connection.execute(sql).fetchone()[0])
