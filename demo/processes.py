"""The child processes: a development broker, and the provider's agent. Ended on every way out.

The agent starts a server for each lease, in a session of its own, which outlives the agent on purpose: a
market goes on while an agent is restarted. The demo is no market; it ends those too.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Self

from crex.agent.loopback.confinement import become_subreaper, descendants
from demo.story import DemoFailed

_START_PATIENCE_S: Final = 30.0
_END_PATIENCE_S: Final = 10.0
_KILL_PATIENCE_S: Final = 5.0
_POLL_S: Final = 0.02
_TAIL_LINES: Final = 5


_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_as_by_ctrl_c() -> None:
    """Lets whoever ends this process end it in order: as Ctrl-C does."""
    for number in _ENDING:
        signal.signal(number, signal.default_int_handler)


class Orphanage:
    """Ends every process that was started below this one and is still there, whoever started it."""

    def __enter__(self) -> Self:
        # Orphans come to this process then, and not to the one that started the machine.
        become_subreaper()
        return self

    @staticmethod
    def close_doors() -> None:
        """Lets nobody interrupt what ends the processes from here on."""
        for number in _ENDING:
            signal.signal(number, signal.SIG_IGN)

    def __exit__(self, *_: object) -> None:
        for number, patience_s in ((signal.SIGTERM, _END_PATIENCE_S), (signal.SIGKILL, _KILL_PATIENCE_S)):
            until, told = time.monotonic() + patience_s, set[int]()
            while (left := _living()) and time.monotonic() < until:
                # Killing one may bring its own children here: asked again until nobody is left.
                for pid in left - told:
                    with suppress(ProcessLookupError):
                        os.kill(pid, number)
                told |= left
                time.sleep(_POLL_S)
            if not left:
                return


class Child:
    """One child process with its log."""

    def __init__(self, name: str, arguments: list[str], log: Path) -> None:
        self.name = name
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
        code = self._process.poll()
        if code is not None:
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise DemoFailed(f"The process of {self.name} ended by itself ({how}). {self.tail()}")

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Gives the end of this process as the reason of a failure inside, where it ended by itself."""
        try:
            yield
        except Exception:
            self.check()
            raise

    def tail(self) -> str:
        """Gives the last lines of its log, and where it is."""
        lines = self.log.read_text("utf-8", "replace").strip().splitlines()[-_TAIL_LINES:]
        said = "".join(f"\n    {line}" for line in lines) or " nothing"
        return f"The last that it said in {self.log}:{said}"

    def end(self) -> None:
        """Asks it to end, and makes it."""
        if self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_PATIENCE_S)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def start_broker(home: Path, log: Path, stack: ExitStack) -> tuple[Child, dict[str, Any]]:
    """Starts `crex-broker dev` and waits until it answers; it ends with the stack.

    Returns:
        The process, and what `dev.json` says.
    """
    arguments = ["-m", "crex_broker.main", "dev", "--home", str(home), "--log-level", "info"]
    child = stack.enter_context(Child("the broker", arguments, log))
    stack.enter_context(child.explaining())
    ready = home / "dev.json"
    until = time.monotonic() + _START_PATIENCE_S
    while not ready.exists():
        if time.monotonic() > until:
            raise DemoFailed(f"The broker did not start within {_START_PATIENCE_S:g} s. {child.tail()}")
        child.check()
        time.sleep(_POLL_S)
    facts: dict[str, Any] = json.loads(ready.read_text("utf-8"))
    return child, facts


def start_agent(facts: dict[str, Any], home: Path, log: Path, cpus: Sequence[int], stack: ExitStack) -> Child:
    """Starts `crex agent run`, the provider's agent, over some CPUs; it ends with the stack."""
    folder = Path(facts["parties"]["provider.dev.invalid"]["folder"])
    arguments = ["-m", "crex.cli.main", "--home", str(folder.parent), "--as", folder.name]
    arguments += ["--broker", f"{facts['broker']}@{facts['target']}", "agent", "run"]
    arguments += ["--folder", str(home / "agent"), "--cpus", ",".join(map(str, cpus)), "--meter", "1s"]
    child = stack.enter_context(Child("the provider's agent", arguments, log))
    stack.enter_context(child.explaining())
    return child


def _living() -> set[int]:
    """Lists the processes below this one; those that ended and are its own are buried first."""
    left = descendants(os.getpid())
    for pid in left:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
    return set(descendants(os.getpid()))
