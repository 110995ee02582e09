"""The readers: connections that see one snapshot each, and never wait for the writer."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import LifoQueue
from threading import Lock
from typing import TypeVar

from crex_broker.storage.sqlite.database import connect
from crex_broker.storage.sqlite.errors import refusal_of

T = TypeVar("T")


class Reader:
    """Runs functions over snapshots of the database, a few at a time."""

    def __init__(self, path: Path, *, connections: int = 4) -> None:
        self._path = path
        self._idle: LifoQueue[sqlite3.Connection] = LifoQueue()
        self._count = connections
        self._threads = ThreadPoolExecutor(max_workers=connections, thread_name_prefix="crex-reader")
        self._here: sqlite3.Connection | None = None
        self._here_lock = Lock()

    def start(self) -> None:
        """Opens the connections."""
        for _ in range(self._count):
            self._idle.put(connect(self._path, read_only=True))
        self._here = connect(self._path, read_only=True)
        self._here.execute("PRAGMA busy_timeout = 0")

    async def run(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Runs `function` over one snapshot: all that was committed before, and nothing of what follows.

        Raises:
            CrexError: What the function raised; STORAGE_UNAVAILABLE or POOL_CONTENDED where the store
            refused.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.run_blocking, function)

    async def find(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Runs a `function` that looks up a few rows by their keys; otherwise like `run`.

        It runs at once, on the event loop: for microseconds of work, handing it to a thread and back costs
        more than the work. Where the database would have it wait, it goes to a thread after all.
        """
        connection = self._here
        if connection is None or not self._here_lock.acquire(blocking=False):
            return await self.run(function)
        try:
            return _snapshot(connection, function)
        except sqlite3.Error:  # waits, or says why not, below
            with suppress(sqlite3.Error):
                connection.rollback()  # a snapshot that stays open would keep the log from being cut
        finally:
            self._here_lock.release()
        return await self.run(function)

    def run_blocking(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Runs `function` like `run`, for callers outside an event loop (start, tests, tools)."""
        connection = self._idle.get()
        try:
            return _snapshot(connection, function)
        except sqlite3.Error as error:
            raise refusal_of(error, str(self._path)) from error
        finally:
            self._idle.put(connection)

    def close(self) -> None:
        """Waits for what runs and closes the connections."""
        self._threads.shutdown(wait=True)
        while not self._idle.empty():
            self._idle.get().close()
        if self._here is not None:
            self._here.close()
            self._here = None


def _snapshot(connection: sqlite3.Connection, function: Callable[[sqlite3.Connection], T]) -> T:
    connection.execute("BEGIN")
    try:
        return function(connection)
    finally:
        connection.execute("COMMIT")
