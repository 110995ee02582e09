"""The servers of leases: found, started once, ended; also those that a killed agent left half started.

Invariants:

- A server holds the lock of its lease's folder from its first line to its end: there is never a second one.
- Who holds the lock knows that nothing serves the lease, and that nothing can begin to.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final

from crex.agent.meters.wall import start_of
from crex.describe.machine import Machine
from crex.errors import CrexError

_START_PATIENCE_S: Final = 15.0
_TERM_PATIENCE_S: Final = 15.0
_KILL_PATIENCE_S: Final = 20.0
_POLL_S: Final = 0.02


def claim(folder: Path) -> IO[bytes] | None:
    """Takes the lock of a lease's folder; gives nothing where a server has it. Closing it gives it back."""
    file = (folder / "server.lock").open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def find(folder: Path) -> dict[str, Any] | None:
    """Gives the server of a lease if it listens: the very process, not another that has its number now."""
    try:
        server: dict[str, Any] = json.loads((folder / "server.json").read_text("utf-8"))
    except FileNotFoundError:
        return None
    return server if start_of(Machine(), server["pid"]) == server["start_ticks"] else None


def start(folder: Path) -> None:
    """Starts the server of a lease and waits until it listens; where one is just starting, waits for that.

    Raises:
        CrexError: INTERNAL where none came to listen; its log says why.
    """
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "crex.agent.loopback.server", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={"PATH": os.defpath},
        )
    # Reaped when it ends, so that it does not stay as a zombie; the agent may have ended long before.
    threading.Thread(target=process.wait, daemon=True).start()
    until = time.monotonic() + _START_PATIENCE_S
    while find(folder) is None:
        if process.poll() not in (None, os.EX_TEMPFAIL) or time.monotonic() > until:
            process.kill()
            raise CrexError(
                "INTERNAL", "The lease's server did not start.", source=str(folder / "server.log")
            )
        time.sleep(_POLL_S)


@contextmanager
def stopped(folder: Path) -> Iterator[None]:
    """Ends the server of a lease with everything that it started; while inside, none can begin.

    Raises:
        CrexError: INTERNAL where it does not end.
    """
    began, told = time.monotonic(), False
    while (lock := claim(folder)) is None:
        waited, server = time.monotonic() - began, find(folder)
        if server is not None and (not told or waited > _TERM_PATIENCE_S):
            with suppress(ProcessLookupError):
                os.kill(server["pid"], signal.SIGKILL if told else signal.SIGTERM)
            told = True
        if waited > _KILL_PATIENCE_S:
            raise CrexError("INTERNAL", "The lease's server does not end.", source=str(folder))
        time.sleep(_POLL_S)
    with lock:
        yield
