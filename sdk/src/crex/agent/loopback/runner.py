"""Runs the programs of one lease: one after another, each in its own session, folder and bounds."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from crex.agent.loopback.confinement import Confinement, CpuMeter, Limits, descendants
from crex.errors import CrexError

# What a program sees of the environment; nothing of the agent's own.
_PATH: Final = "/usr/local/bin:/usr/bin:/bin"
_CHUNK: Final = 65_536
_KEPT_RUNS: Final = 64
_END_PATIENCE_S: Final = 5.0


@dataclass(slots=True)
class Run:
    """One program, running or ended.

    Attributes:
        id: Its number within the lease, unguessable.
        argv: The program and its arguments.
        exit_code: Its exit code; negative for the signal that ended it; nothing while it runs.
        seconds: Wall time so far, or in all.
        cpu_ms: CPU time of everything it started, in all; nothing while it runs.
        stdout, stderr: Its outputs so far, bounded.
        dropped: Bytes of output that exceeded the bound.
    """

    id: str
    argv: tuple[str, ...]
    exit_code: int | None = None
    seconds: float = 0.0
    cpu_ms: int | None = None
    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)
    dropped: int = 0


class Runner:
    """Runs programs inside one confinement; at most one at a time."""

    def __init__(self, folder: Path, confinement: Confinement, meter: CpuMeter, limits: Limits) -> None:
        self._folder = folder
        self._confinement = confinement
        self._meter = meter
        self._limits = limits
        self._lock = threading.Lock()
        self._busy = threading.Lock()
        self._runs: dict[str, Run] = {}
        self._closed = False
        self._current = 0

    def start(self, argv: Sequence[str], files: Mapping[str, bytes], stdin: bytes) -> Run:
        """Starts a program.

        Args:
            argv: Program and arguments. `python` is the interpreter of this agent, with its libraries.
            files: Files to put into its working folder, by plain name.
            stdin: What it reads.

        Raises:
            CrexError: LIMIT where one runs already or the lease has ended; SCHEMA where it cannot be started.
        """
        if not self._busy.acquire(blocking=False):
            raise CrexError("LIMIT", "A program of this lease is still running. Wait for it, or end it.")
        try:
            if self._closed:
                raise CrexError("LIMIT", "The lease has ended; no program is started any more.")
            run = Run(secrets.token_urlsafe(12), tuple(argv))
            folder = self._folder / f"run-{run.id}"
            try:
                _prepare(folder, files)
                before_ms = self._meter.read_ms()
                process = self._spawn(argv, folder)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            self._current = process.pid
        except BaseException:
            self._busy.release()
            raise
        with self._lock:
            self._runs[run.id] = run
            while len(self._runs) > _KEPT_RUNS:
                del self._runs[next(iter(self._runs))]
        threading.Thread(
            target=self._attend,
            args=(run, process, stdin, folder, before_ms),
            name=f"run-{run.id}",
            daemon=True,
        ).start()
        return run

    def get(self, run_id: str) -> Run | None:
        """Gives a run by its number, or nothing."""
        with self._lock:
            return self._runs.get(run_id)

    def close(self) -> None:
        """Ends everything that runs and starts nothing more; returns when nothing is left."""
        self._closed = True
        self._end_all()

    def _spawn(self, argv: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
        spec = self._confinement.spec(self._limits)
        program = [sys.executable, "-m", "crex.agent.loopback.enter", spec, *argv]
        cpus = len(self._confinement.cpus)
        environment = {
            "PATH": _PATH,
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "LANG": "C.UTF-8",
            # Numeric libraries start as many threads as they see processors; they shall see the leased ones.
            "OMP_NUM_THREADS": str(cpus),
            "OPENBLAS_NUM_THREADS": str(cpus),
        }
        try:
            return subprocess.Popen(
                program,
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise CrexError("SCHEMA", f"The program {argv[0]!r} cannot be started: {error}.") from error

    def _attend(
        self, run: Run, process: subprocess.Popen[bytes], stdin: bytes, folder: Path, before_ms: int
    ) -> None:
        began = time.monotonic()
        threads = [
            threading.Thread(target=self._collect, args=(run, process.stdout, run.stdout), daemon=True),
            threading.Thread(target=self._collect, args=(run, process.stderr, run.stderr), daemon=True),
            threading.Thread(target=_feed, args=(process.stdin, stdin), daemon=True),
        ]
        for thread in threads:
            thread.start()
        try:
            process.wait(self._limits.seconds)
        except subprocess.TimeoutExpired:
            _signal_session(process.pid, signal.SIGKILL)
            process.wait()
        # What the program left behind ends with it: the next program finds its CPUs free.
        self._end_all()
        for thread in threads[:2]:
            thread.join(_END_PATIENCE_S)
        run.seconds = time.monotonic() - began
        run.cpu_ms = self._meter.read_ms() - before_ms
        run.exit_code = process.returncode
        shutil.rmtree(folder, ignore_errors=True)
        self._busy.release()

    def _collect(self, run: Run, stream: IO[bytes] | None, into: bytearray) -> None:
        if stream is None:
            return
        with stream:
            while chunk := os.read(stream.fileno(), _CHUNK):
                room = self._limits.output_bytes - len(into)
                into += chunk[:room]
                run.dropped += max(0, len(chunk) - room)

    def _end_all(self) -> None:
        """Kills everything below this process until nothing is left, and reaps what became its own child."""
        until = time.monotonic() + _END_PATIENCE_S
        while (left := descendants(os.getpid())) and time.monotonic() < until:
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            for pid in left:
                # The program itself is waited for by its own thread; a grandchild is not ours to wait for.
                if pid != self._current:
                    with suppress(ChildProcessError):
                        os.waitpid(pid, os.WNOHANG)
            time.sleep(0.01)


def _prepare(folder: Path, files: Mapping[str, bytes]) -> None:
    """Makes the working folder of a program with its files."""
    folder.mkdir(mode=0o700)
    for name, content in files.items():
        if "/" in name or name in ("", ".", "..") or "\0" in name:
            raise CrexError(
                "SCHEMA", f"{name!r} is not a plain file name. Use letters, digits, dots, dashes."
            )
        try:
            (folder / name).write_bytes(content)
        except (OSError, ValueError) as error:
            raise CrexError("SCHEMA", f"The file {name[:80]!r} cannot be written: {error}.") from error


def _signal_session(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, number)


def _feed(stream: IO[bytes] | None, data: bytes) -> None:
    if stream is not None:
        with suppress(BrokenPipeError), stream:
            stream.write(data)
