"""A crew of processes that take samples at the same time, and what one sample of the whole crew is.

Processes, not threads: numeric libraries and system calls let go of the interpreter's lock, but what stands
between them does not, and on a host of many CPUs that would be what is measured.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, NamedTuple, Self

import crex
from crex.attest.jobs import Job
from crex.attest.worker import GO

LEAST_SAMPLES: Final = 3
MOST_SAMPLES: Final = 1000
_PATIENCE_S: Final = 60.0
_LONGEST_LINE: Final = 1 << 16


class CrewError(Exception):
    """A crew could not measure; the text says why, for people."""


class Sample(NamedTuple):
    """What a crew did between the first that began and the last that ended."""

    amount: int
    nanoseconds: int

    @property
    def rate(self) -> Fraction:
        """How much was done in a second."""
        return Fraction(self.amount * 10**9, max(self.nanoseconds, 1))


class Crew:
    """Processes with a job each. Use it in a `with`: whoever leaves it ends them."""

    def __init__(
        self,
        jobs: Sequence[Job],
        *,
        environment: Mapping[str, str] | None = None,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        """Takes the jobs; nothing runs before the `with`.

        Args:
            jobs: A job for each process.
            environment: Variables to set for them.
            patience_s: How long to wait for any one answer.
        """
        self._jobs = jobs
        self._environment = {**os.environ, **(environment or {}), "PYTHONPATH": _import_path()}
        self._patience_s = patience_s
        self._processes: list[subprocess.Popen[str]] = []
        self.facts: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        try:
            for _ in self._jobs:
                self._processes.append(
                    subprocess.Popen(
                        [sys.executable, "-P", "-m", "crex.attest.worker"],
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.DEVNULL,
                        text=True,
                        encoding="utf-8",
                        env=self._environment,
                    )
                )
            answers = self._ask([json.dumps(job) for job in self._jobs])
        except OSError as error:
            self._end()
            raise CrewError(f"a process could not be started: {error.strerror or error}") from error
        except BaseException:
            self._end()
            raise
        self.facts = [answer.get("facts", {}) for answer in answers]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def sample(self) -> Sample:
        """Takes one sample with all processes at once.

        Raises:
            CrewError: One of them failed, ended or did not answer in time.
        """
        answers = self._ask([GO] * len(self._processes))
        start = min(answer["start"] for answer in answers)
        end = max(answer["end"] for answer in answers)
        return Sample(sum(answer["amount"] for answer in answers), end - start)

    def samples(
        self, seconds: float, *, least: int = LEAST_SAMPLES, most: int = MOST_SAMPLES
    ) -> list[Sample]:
        """Takes samples for a time; the first, in which pages and clocks warm up, does not count.

        Args:
            seconds: For how long. `least` samples are taken, however long they take.
            least: Fewest samples.
            most: Most samples.
        """
        until = time.monotonic() + seconds
        self.sample()
        taken: list[Sample] = []
        while len(taken) < least or (len(taken) < most and time.monotonic() < until):
            taken.append(self.sample())
        return taken

    def _ask(self, lines: Sequence[str]) -> list[dict[str, Any]]:
        try:
            for process, line in zip(self._processes, lines, strict=True):
                pipe = _open(process.stdin)
                pipe.write(line + "\n")
                pipe.flush()
        except OSError:
            pass  # it has ended: what it said, or that it said nothing, is read below
        return self._answers()

    def _answers(self) -> list[dict[str, Any]]:
        found: dict[int, dict[str, Any]] = {}
        until = time.monotonic() + self._patience_s
        with selectors.DefaultSelector() as selector:
            for index, process in enumerate(self._processes):
                selector.register(_open(process.stdout), selectors.EVENT_READ, index)
            while len(found) < len(self._processes):
                ready = selector.select(max(until - time.monotonic(), 0))
                if not ready:
                    raise CrewError(f"a process did not answer within {self._patience_s:.0f} s")
                for key, _ in ready:
                    found[key.data] = _answer(_open(self._processes[key.data].stdout))
                    selector.unregister(key.fileobj)
        return [found[index] for index in range(len(self._processes))]

    def _end(self) -> None:
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        self._processes = []


def _answer(pipe: IO[str]) -> dict[str, Any]:
    line = pipe.readline(_LONGEST_LINE)
    if not line:
        raise CrewError("a process ended without an answer; perhaps there was too little memory")
    answer: dict[str, Any] = json.loads(line)
    if "error" in answer:
        raise CrewError(str(answer["error"]))
    return answer


def _open(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise CrewError("a process has no pipe to speak through")
    return pipe


def _import_path() -> str:
    """Gives the folders that the processes import from: this package comes first, as it is imported here."""
    here = str(Path(crex.__file__).resolve().parents[1])
    return os.pathsep.join(
        dict.fromkeys([here, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))])
    )
