"""Tells the steps as they happen, one line each with its time, and remembers them for the report."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TextIO

_WIDTH: Final = 110
_NARROWEST: Final = 50
_INDENT: Final = 14


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
        self._width = max(_NARROWEST, shutil.get_terminal_size((_WIDTH, 24)).columns)
        # Empties the line on a terminal; elsewhere nothing is ever written over.
        self._clear = "\r\x1b[2K" if out is not None and out.isatty() else ""

    @property
    def seconds(self) -> float:
        """Seconds since the story began."""
        return time.monotonic() - self._began

    def chapter(self, title: str) -> None:
        """Begins a chapter."""
        self._chapter = title
        self.tell(f"\n{title}")

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Runs one step; a failure is told and ends the story."""
        step = Step(len(self.steps) + 1, self._chapter, title)
        self.steps.append(step)
        self._announce(step)
        began = time.monotonic()
        try:
            yield step
        except KeyboardInterrupt:
            step.failed, step.outcome = True, "interrupted"
            raise
        except Exception as error:
            step.failed, step.outcome = True, str(error) or type(error).__name__
            raise
        finally:
            step.seconds = time.monotonic() - began
            self._tell_step(step)

    def tell(self, text: str) -> None:
        """Tells some lines as they are."""
        if self._out is None:
            return
        try:
            print(text, file=self._out, flush=True)
        except BrokenPipeError:
            # Whoever read the story has had enough; the report is written all the same.
            self._out = None
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _tell_step(self, step: Step) -> None:
        mark = "✗" if step.failed else "✓"
        said = f": {step.outcome}" if step.outcome else ""
        lines = wrapped(f"{step.title}{said}", f"  {mark} {step.seconds:6.2f} s  ", self._width)
        for detail in step.details:
            lines += wrapped(detail, " " * _INDENT, self._width)
        self.tell(self._clear + "\n".join(lines))

    def _announce(self, step: Step) -> None:
        """Shows on a terminal what is under way; the line of the step takes its place."""
        if self._out is not None and self._clear:
            self._out.write(f"  …           {step.title}"[: self._width - 1])
            self._out.flush()


def wrapped(text: str, first: str, width: int) -> list[str]:
    """Breaks text into lines of a width; those after the first stand below its words, and a bit further in.

    Args:
        text: The text; its line breaks and the spaces at its beginning stay.
        first: What stands before it in the first line.
        width: Columns.
    """
    lines: list[str] = []
    for number, line in enumerate(text.splitlines() or [""]):
        inner = len(line) - len(line.lstrip(" "))
        before = first if number == 0 else " " * len(first)
        lines += textwrap.wrap(
            line.strip(" "),
            width,
            initial_indent=before + " " * inner,
            subsequent_indent=" " * (len(first) + inner),
            break_long_words=False,
            break_on_hyphens=False,
        ) or [before.rstrip()]
    return lines


def standard_output() -> TextIO:
    """Gives the standard output, in UTF-8 whatever the terminal's locale says."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    return sys.stdout
