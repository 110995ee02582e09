"""Files that one process at a time reads, decides on and writes: what a client or a witness remembers."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from crex.errors import CrexError
from crex.trust.files import make_folder

_POLL_S: Final = 0.05


@contextmanager
def locked(state: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Keeps other processes, and other holders in this one, away from a state file.

    The lock is a file beside it and ends with the process, however that ends.

    Args:
        state: The state file; its folder is made.
        wait_s: How long to wait for whoever holds it, in seconds.

    Raises:
        CrexError: CONFLICT: somebody else holds it.
    """
    make_folder(state.parent)
    handle = os.open(state.with_name(f"{state.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(handle, state, time.monotonic() + wait_s)
        yield
    finally:
        os.close(handle)


def _take(handle: int, state: Path, ends: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= ends:
                raise CrexError(
                    "CONFLICT",
                    "Another process uses this state, and two would contradict each other. End it, or give "
                    "this one a state of its own.",
                    source=str(state),
                ) from None
            time.sleep(_POLL_S)
        else:
            return
