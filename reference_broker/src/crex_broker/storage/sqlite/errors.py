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


def _is_full_disk(error: sqlite3.Error) -> bool:
    # A file that may not grow (a quota, RLIMIT_FSIZE) shows as a failed write, not as SQLITE_FULL.
    return getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_IOERR_WRITE
