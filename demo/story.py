"""Tells the steps as they happen, one line each with its time, and remembers them for the report."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO


class DemoFailed(Exception):  # noqa: N818 - says what happened
    """A step did not come to what it must; the demo ends with exit code 1."""


@dataclass(slots=True)
class Step:
    """One step as it was told.

    Attributes:
        number: From 1.
        chapter: Chapter that it belongs to.
        title: What is done.
        outcome: What came of it.
        details: Further lines.
        seconds: How long it took.
        failed: Whether it failed.
    """

    number: int
    chapter: str
    title: str
    outcome: str = ""
    details: list[str] = field(default_factory=list)
    seconds: float = 0.0
    failed: bool = False

    def say(self, outcome: str) -> None:
        """States what came of the step."""
        self.outcome = outcome

    def add(self, line: str) -> None:
        """Adds a line below the step."""
        self.details.append(line)


class Story:
    """The steps so far."""

    def __init__(self, out: TextIO | None = None) -> None:
        """Tells to `out`; to nobody where it is nothing."""
        self.steps: list[Step] = []
        self._chapter = ""
        self._out = out
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the story began."""
        return time.monotonic() - self._began

    def chapter(self, title: str) -> None:
        """Begins a chapter."""
        self._chapter = title
        self._tell(f"\n{title}")

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Runs one step; a failure is told and ends the story."""
        step = Step(len(self.steps) + 1, self._chapter, title)
        self.steps.append(step)
        began = time.monotonic()
        try:
            yield step
        except Exception as error:
            step.failed = True
            step.outcome = str(error) or type(error).__name__
            raise
        finally:
            step.seconds = time.monotonic() - began
            mark = "✗" if step.failed else "✓"
            said = f": {step.outcome}" if step.outcome else ""
            self._tell(f"  {mark} {step.seconds:6.2f} s  {step.title}{said}")
            for line in step.details:
                self._tell(f"              {line}")

    def _tell(self, line: str) -> None:
        if self._out is not None:
            print(line, file=self._out, flush=True)


def standard_output() -> TextIO:
    """Gives the standard output, in UTF-8 whatever the terminal's locale says."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    return sys.stdout
