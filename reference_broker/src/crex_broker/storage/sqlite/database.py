"""The database file: how it is opened, and the lock that keeps a second broker out."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from pathlib import Path
from typing import IO, Final

from crex.errors import CrexError

# How long a statement waits for another program's lock before it gives up.
_PATIENCE_S: Final = 5.0
_STATEMENTS: Final = 512
# Pages of 4 KiB in the log before they are moved into the database. Many transactions write the same few
# pages, so moving them less often than SQLite's 1,000 saves most of that work.
_CHECKPOINT_PAGES: Final = 4_000
_CACHE_KIB: Final = 65_536


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Opens a connection with the settings that durability rests on: WAL, synchronous FULL, foreign keys.

    Transactions are begun and ended by our own statements only. The connection may be handed between threads,
    one at a time.
    """
    connection = sqlite3.connect(
        f"file:{_escaped(path)}?mode={'ro' if read_only else 'rw'}",
        uri=True,
        timeout=_PATIENCE_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_STATEMENTS,
    )
    try:
        if read_only:
            connection.execute("PRAGMA query_only = 1")
        else:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    except BaseException:
        connection.close()
        raise
    return connection


class DatabaseLock:
    """Keeps a second broker from the same database; held until closed or until the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ".lock")
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Takes the lock.

        Raises:
            CrexError: STORAGE_UNAVAILABLE if another process has it, or the folder cannot be written.
        """
        try:
            # Whoever can open the file can hold the lock, and keep the broker from starting.
            descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            file = os.fdopen(descriptor, "a+", encoding="ascii", errors="replace")
        except OSError as error:
            raise CrexError(
                "STORAGE_UNAVAILABLE",
                f"The folder {self._path.parent} cannot be written ({error.strerror}), so the broker cannot "
                "keep its database there. Let the broker's user write to it, or name another folder.",
                source=str(self._path),
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read(32).strip() or "unknown"
            file.close()
            raise CrexError(
                "STORAGE_UNAVAILABLE",
                f"Another broker (process {holder}) is using this database; two would sell the same units "
                "twice. Stop that process, or name another database.",
                source=str(self._path),
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Gives the lock back."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _escaped(path: Path) -> str:
    # The three characters that end or change the path part of a URI.
    return str(path.resolve()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
