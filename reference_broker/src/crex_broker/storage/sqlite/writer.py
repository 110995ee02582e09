"""The one writer: a thread with a queue that commits in groups.

Invariants:

* All writes of the process pass through this thread, so a function that runs in it sees what every earlier
  one committed or will commit together with it.
* A batch is one `BEGIN IMMEDIATE … COMMIT`. An exception undoes its own function's writes and nobody else's:
  the batch is then run again with a savepoint for each function. A function may therefore run twice, and has
  no effect but through its transaction.
* A result is handed out only after the COMMIT that made it durable (WAL, synchronous=FULL). Where the COMMIT
  fails, every function of the batch fails.
* Store time never goes back: not within a process, not over restarts, not with the host's clock.

A lone caller never waits for others: a batch is whatever is in the queue when the thread is free.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, TypeVar

from crex.documents.times import Clock, from_ms, to_ms
from crex.errors import CrexError
from crex_broker.storage.sqlite.database import connect
from crex_broker.storage.sqlite.errors import refusal_of, start_refusal_of

T = TypeVar("T")

# Functions in one COMMIT. More would add nothing but memory: the fsync is long paid for.
_BATCH: Final = 256
# How far the host's clock may step back unnoticed: store time stands still until it caught up.
TOLERANCE_MS: Final = 5_000
_TIME_BOUND: Final = "time_bound_ms"
# How far ahead of store time its kept bound lies. A bound is written once in this time instead of with each
# commit; after a restart store time begins at the bound, which no time that was ever given out exceeds.
_BOUND_AHEAD_MS: Final = 1_000
_KEEP_TIME: Final = """
INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value
"""


class Tx:
    """One transaction as a function of the writer sees it.

    Attributes:
        connection: The connection, inside the transaction. Never commit or roll back through it.
        now_ms: Store time in milliseconds since 1970, UTC; the same throughout the function.
        log_from: Place of the first entry that the function put into the log.
        log_to: Place behind the last one; equal to `log_from` where there is none.
    """

    __slots__ = ("connection", "log_from", "log_to", "now_ms")

    def __init__(self, connection: sqlite3.Connection, now_ms: int) -> None:
        self.connection = connection
        self.now_ms = now_ms
        self.log_from = 0
        self.log_to = 0

    def note_logged(self, index: int) -> None:
        """Notes that the function put an entry into the log."""
        if self.log_from == self.log_to:
            self.log_from = index
        self.log_to = index + 1


class Writer:
    """Runs functions in durable transactions, many to a commit."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._queue: SimpleQueue[_Pending | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._main, name="crex-writer", daemon=True)
        self._opened: Future[None] = Future()
        self._closed = False
        self._last_ms = 0
        self._bound_ms = 0
        self._changes = 0
        # Whether the last batch had a refusal: then the next one probably has too, and runs with savepoints.
        self._guarding = False

    def start(self) -> None:
        """Opens the connection and begins to work.

        Raises:
            CrexError: STORAGE_UNAVAILABLE or CLOCK_BACKWARDS, with what to do.
        """
        self._thread.start()
        self._opened.result()

    async def run(self, function: Callable[[Tx], T]) -> T:
        """Runs `function` in a transaction and returns its result once that is durable.

        Raises:
            CrexError: What the function raised; STORAGE_FULL, STORAGE_UNAVAILABLE or POOL_CONTENDED where the
                store refused; CLOCK_BACKWARDS where the host's clock went back. Nothing was then changed.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._put(_Pending(function, future, loop))
        return await future

    def run_blocking(self, function: Callable[[Tx], T]) -> T:
        """Runs `function` like `run`, for callers outside an event loop (start, tests, tools)."""
        future: Future[T] = Future()
        self._put(_Pending(function, future, None))
        return future.result()

    def close(self) -> None:
        """Finishes what is queued and closes the connection."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        if self._thread.ident is not None:
            self._thread.join()

    def _put(self, pending: _Pending) -> None:
        if self._closed:
            raise CrexError("DRAINING", "The broker is ending its work; send the same request again later.")
        self._queue.put(pending)

    def _main(self) -> None:
        try:
            connection = connect(self._path)
        except sqlite3.Error as error:
            self._opened.set_exception(start_refusal_of(error, str(self._path)))
            return
        try:
            self._last_ms = self._bound_ms = _time_bound(connection)
            self._check_clock()
        except BaseException as error:
            connection.close()
            self._opened.set_exception(error)
            return
        self._opened.set_result(None)
        try:
            while self._take(connection):
                pass
        finally:
            connection.close()

    def _take(self, connection: sqlite3.Connection) -> bool:
        """Runs one batch; tells whether there may be more."""
        first = self._queue.get()
        if first is None:
            return False
        batch = [first]
        more = True
        while len(batch) < _BATCH and not self._queue.empty():
            pending = self._queue.get()
            if pending is None:
                more = False
                break
            batch.append(pending)
        self._commit(connection, batch)
        return more

    def _commit(self, connection: sqlite3.Connection, batch: list[_Pending]) -> None:
        try:
            outcomes = self._attempt(connection, batch)
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            refusal = refusal_of(error, str(self._path)) if isinstance(error, sqlite3.Error) else error
            outcomes = [(pending, None, refusal) for pending in batch]
        _settle(outcomes)

    def _attempt(self, connection: sqlite3.Connection, batch: list[_Pending]) -> list[_Outcome]:
        """Runs a batch in one transaction; gives the outcomes once they are durable."""
        outcomes = None if self._guarding and len(batch) > 1 else self._unguarded(connection, batch)
        if outcomes is None:
            outcomes = self._guarded(connection, batch)
        self._guarding = any(error is not None for _, _, error in outcomes)
        return outcomes

    def _unguarded(self, connection: sqlite3.Connection, batch: list[_Pending]) -> list[_Outcome] | None:
        """Runs a batch without savepoints, which cost half of a hold; nothing where one function raised."""
        self._begin(connection)
        outcomes: list[_Outcome] = []
        for pending in batch:
            result, error = self._run(connection, pending)
            if error is not None:
                connection.execute("ROLLBACK")
                return [(pending, None, error)] if len(batch) == 1 else None
            outcomes.append((pending, result, None))
        self._end(connection)
        return outcomes

    def _guarded(self, connection: sqlite3.Connection, batch: list[_Pending]) -> list[_Outcome]:
        """Runs a batch with a savepoint for each function, so that one's refusal leaves the others alone."""
        self._begin(connection)
        outcomes: list[_Outcome] = []
        for pending in batch:
            connection.execute("SAVEPOINT one")
            result, error = self._run(connection, pending)
            if error is not None:
                connection.execute("ROLLBACK TO one")
            connection.execute("RELEASE one")
            outcomes.append((pending, result, error))
        self._end(connection)
        return outcomes

    def _run(self, connection: sqlite3.Connection, pending: _Pending) -> tuple[Any, Exception | None]:
        try:
            return pending.function(Tx(connection, self._store_time())), None
        except Exception as error:
            if not connection.in_transaction:
                raise  # SQLite itself undid the whole batch, as it does when the disk is full
            if isinstance(error, sqlite3.OperationalError):
                return None, refusal_of(error, str(self._path))
            return None, error

    def _begin(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        self._changes = connection.total_changes

    def _end(self, connection: sqlite3.Connection) -> None:
        if connection.total_changes == self._changes:
            connection.execute("ROLLBACK")  # nothing was changed: no need to wait for the disk
            return
        bound_ms = self._bound_ms
        if self._last_ms > bound_ms:
            bound_ms = self._last_ms + _BOUND_AHEAD_MS
            connection.execute(_KEEP_TIME, (_TIME_BOUND, bound_ms))
        connection.execute("COMMIT")
        self._bound_ms = bound_ms

    def _store_time(self) -> int:
        self._check_clock()
        return self._last_ms

    def _check_clock(self) -> None:
        now_ms = to_ms(self._clock.now())
        if now_ms >= self._last_ms:
            self._last_ms = now_ms
        elif self._last_ms - now_ms > TOLERANCE_MS:
            behind = (self._last_ms - now_ms) // 1000
            raise CrexError(
                "CLOCK_BACKWARDS",
                f"The host's clock is {behind} s behind what the store has already seen "
                f"({from_ms(self._last_ms).isoformat()}); nothing is changed until it is right again, "
                "because holds and leases would end at the wrong time. Set the clock of the broker's host.",
                details={"behind_s": str(behind)},
            )


class _Pending:
    """A function that waits for its commit, and who waits for it."""

    __slots__ = ("function", "future", "loop")

    def __init__(
        self,
        function: Callable[[Tx], Any],
        future: asyncio.Future[Any] | Future[Any],
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        self.function = function
        self.future = future
        self.loop = loop


_Outcome = tuple[_Pending, Any, BaseException | None]


def _settle(outcomes: list[_Outcome]) -> None:
    """Hands out the outcomes of a batch, waking each event loop once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Outcome]] = {}
    for outcome in outcomes:
        loop = outcome[0].loop
        if loop is None:
            _resolve(outcome)
        else:
            by_loop.setdefault(loop, []).append(outcome)
    for loop, theirs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve_all, theirs)
        except RuntimeError:  # the loop closed while the batch was written; nobody waits any more
            continue


def _resolve_all(outcomes: list[_Outcome]) -> None:
    for outcome in outcomes:
        _resolve(outcome)


def _resolve(outcome: _Outcome) -> None:
    pending, result, error = outcome
    if pending.future.done():  # the caller went away; what it asked for is committed all the same
        return
    if error is None:
        pending.future.set_result(result)
    else:
        pending.future.set_exception(error)


def _time_bound(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (_TIME_BOUND,)).fetchone()
    return 0 if row is None else int(row[0])
