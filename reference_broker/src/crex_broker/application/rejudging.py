"""Judging outside the transaction what is kept inside it, again where the ground moved meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from crex.errors import CrexError

T = TypeVar("T")

_ATTEMPTS: Final = 3


async def judged_anew(attempt: Callable[[], Awaitable[T]]) -> T:
    """Makes an attempt, and another where what it was judged against had changed before it was kept.

    Verification takes time and holds no lock; so the transaction compares, and refuses with ETAG_MISMATCH
    what was judged against something older.

    Raises:
        CrexError: What the attempt raised; ETAG_MISMATCH where it changed every time.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return await attempt()
        except CrexError as error:
            if error.reason != "ETAG_MISMATCH":
                raise
    return await attempt()
