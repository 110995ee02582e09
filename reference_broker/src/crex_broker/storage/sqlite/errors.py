"""What SQLite's errors mean to a caller of the broker."""

from __future__ import annotations

import sqlite3
from typing import Final

from crex.errors import CrexError

_FULL: Final = frozenset({sqlite3.SQLITE_FULL})
_LOCKED: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
# Extended codes keep the primary code in their lowest byte.
_PRIMARY: Final = 0xFF


def refusal_of(error: sqlite3.Error, path: str) -> CrexError:
    """Gives the error for callers: STORAGE_FULL, POOL_CONTENDED or STORAGE_UNAVAILABLE.

    Args:
        error: What SQLite reported.
        path: The database file, for the operator's log; callers are not told.
    """
    code = (getattr(error, "sqlite_errorcode", 0) or 0) & _PRIMARY
    details = {"sqlite": getattr(error, "sqlite_errorname", "") or type(error).__name__}
    if code in _FULL or _is_full_disk(error):
        return CrexError(
            "STORAGE_FULL",
            "The broker's store cannot grow, so nothing was changed; reads still work. Ask the operator to "
            "free disk space, then send the same request again.",
            source=path,
            details=details,
        )
    if code in _LOCKED:
        return CrexError(
            "POOL_CONTENDED",
            "The store stayed locked for too long, so nothing was changed. Send the same request again.",
            source=path,
            details=details,
        )
    return CrexError(
        "STORAGE_UNAVAILABLE",
        "The broker's store cannot be used, so nothing was changed. Ask the operator to look at the "
        "database file and its folder, then send the same request again.",
        source=path,
        details=details,
    )


# What is wrong with a database that does not open, and what to do about it.
_START: Final = {
    sqlite3.SQLITE_NOTADB: "is no SQLite database. Name another file, or restore this one from a backup",
    sqlite3.SQLITE_CORRUPT: "is damaged. Restore it from a backup; nothing was changed in it",
    sqlite3.SQLITE_READONLY: "cannot be written. Let the broker's user write to the file and to its folder",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened. Let the broker's user write to the file and to its folder",
    sqlite3.SQLITE_BUSY: "is locked by another program. Close it, then start the broker again",
    sqlite3.SQLITE_FULL: "cannot grow: its disk is full. Free some space, then start the broker again",
}


def start_refusal_of(error: sqlite3.Error, path: str) -> CrexError:
    """Gives the error for a database that cannot be opened, for the operator who starts the broker."""
    refusal = refusal_of(error, path)
    code = (getattr(error, "sqlite_errorcode", 0) or 0) & _PRIMARY
    known = _START.get(code)
    if known is None:
        return refusal
    reason = "STORAGE_FULL" if code in _FULL else "STORAGE_UNAVAILABLE"
    return CrexError(reason, f"The database {path} {known}.", source=path, details=refusal.details)


def _is_full_disk(error: sqlite3.Error) -> bool:
    # A file that may not grow (a quota, RLIMIT_FSIZE) shows as a failed write, not as SQLITE_FULL.
    return getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_IOERR_WRITE
