"""Starts the bare echo beside a broker, as the peer of what is measured."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reference_broker.tests.wire import Operation, WireParty, roots_pem


@contextmanager
def serving_echo(operation: Operation, caller: WireParty) -> Iterator[str]:
    """Serves under the broker's certificate to one caller, in a process of its own; gives the address.

    Args:
        operation: The broker.
        caller: Under whose TLS roots callers are known.
    """
    roots = operation.folder / "roots.pem"
    roots.write_bytes(roots_pem(caller.identity.trust))
    command = [sys.executable, str(Path(__file__).with_name("echo_server.py"))]
    echo = subprocess.Popen(
        [*command, str(operation.folder / "identity"), str(roots)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert echo.stdout is not None
        yield f"127.0.0.1:{echo.stdout.readline().strip()}"
    finally:
        echo.kill()
        echo.communicate()
