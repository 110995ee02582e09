"""The child processes: a development broker, and the provider's agent. Ended on every way out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self

from demo.story import DemoFailed

_START_PATIENCE_S: Final = 30.0
_END_PATIENCE_S: Final = 10.0
_POLL_S: Final = 0.02


class Child:
    """One child process with its log."""

    def __init__(self, arguments: list[str], log: Path) -> None:
        self.log = log
        # A session of its own: Ctrl-C reaches this program alone, which then ends its children in order.
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    def check(self) -> None:
        """Fails where it ended by itself.

        Raises:
            DemoFailed: It did; with the end of its log.
        """
        if self._process.poll() is not None:
            raise DemoFailed(f"a child process ended with {self._process.returncode}: {self.tail()}")

    def tail(self) -> str:
        """Gives the last lines of its log."""
        return " / ".join(self.log.read_text("utf-8", "replace").strip().splitlines()[-5:])

    def end(self) -> None:
        """Asks it to end, and makes it."""
        if self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_PATIENCE_S)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def start_broker(home: Path, log: Path) -> tuple[Child, dict[str, Any]]:
    """Starts `crex-broker dev` and waits until it answers.

    Returns:
        The process, and what `dev.json` says.
    """
    child = Child(["-m", "crex_broker.main", "dev", "--home", str(home), "--log-level", "info"], log)
    ready = home / "dev.json"
    until = time.monotonic() + _START_PATIENCE_S
    while not ready.exists():
        if time.monotonic() > until:
            child.end()
            raise DemoFailed(f"the broker did not start within {_START_PATIENCE_S:g} s: {child.tail()}")
        child.check()
        time.sleep(_POLL_S)
    facts: dict[str, Any] = json.loads(ready.read_text("utf-8"))
    return child, facts


def start_agent(facts: dict[str, Any], home: Path, log: Path, cpus: Sequence[int]) -> Child:
    """Starts the provider's agent over some CPUs of this machine."""
    config = home / "agent.json"
    config.write_text(
        json.dumps(
            {
                "identity": facts["parties"]["provider.dev.invalid"]["folder"],
                "target": facts["target"],
                "broker": facts["broker"],
                "folder": str(home / "agent"),
                "cpus": list(cpus),
                "meter_s": 1.0,
            }
        ),
        "utf-8",
    )
    return Child(["-m", "demo.agent", str(config)], log)
