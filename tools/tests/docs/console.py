"""Guides as tests: the commands and files that a page shows, and a shell that carries them out.

What a page may write, all of it as fenced blocks:

    ```python file=work.py      the reader saves this under that name
    ```console                  commands after `$ `, continued after `> `; below each what it prints
    ```console fails            the last command is refused (its exit code is not 0)
    ```console until            the reader looks again until the output is there
    ```console terminal=broker  in a new terminal, where the last command goes on until the page ends

In shown output `…` stands for any text of one line, and a line of nothing else for any lines. In a command
it stands for the rest of a name that was printed before. Port 8443 is replaced by a free one.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Self

import psutil
from markdown_it import MarkdownIt

PATIENCE_S: Final = 60.0
_POLL_S: Final = 0.1
_PORT: Final = "8443"
_MARK: Final = "-- the command ended with"


class Command(NamedTuple):
    """One command and what it prints, as shown; without lines: whatever it prints."""

    text: str
    shown: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """One fenced block that a reader acts on.

    Attributes:
        line: Where it begins in the page.
        words: The rest of its first line, such as `fails`.
        file: Name under which the reader saves it; empty for commands.
        text: What it holds.
    """

    line: int
    words: tuple[str, ...]
    file: str
    text: str

    @property
    def terminal(self) -> str:
        """The new terminal in which its last command goes on; empty for the first."""
        return next((word.partition("=")[2] for word in self.words if word.startswith("terminal=")), "")

    @property
    def commands(self) -> list[Command]:
        """Its commands."""
        found: list[Command] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append(Command(line[2:], ()))
            elif line.startswith("> "):
                found[-1] = found[-1]._replace(text=f"{found[-1].text}\n{line[2:]}")
            else:
                found[-1] = found[-1]._replace(shown=(*found[-1].shown, line))
        return found


def blocks(page: str) -> list[Block]:
    """The blocks of a page that a reader acts on; a fenced block of another kind is only read."""
    found: list[Block] = []
    for token in MarkdownIt("commonmark").parse(page):
        kind, *words = token.info.split() or [""]
        file = next((word.partition("=")[2] for word in words if word.startswith("file=")), "")
        if token.type == "fence" and (kind == "console" or file):
            line = token.map[0] + 1 if token.map else 0
            found.append(Block(line, tuple(words), file, token.content))
    return found


def matches(shown: Sequence[str], printed: str) -> bool:
    """Whether the output begins with the lines that are shown; blanks at the ends of lines do not count."""
    pattern = ""
    for line in shown:
        inner = ".*".join(re.escape(part.rstrip()) for part in line.split("…"))
        pattern += r"(?:.*\n)*?" if line.strip() == "…" else rf" *{inner.lstrip()} *\n"
    return re.match(pattern, f"{printed.rstrip()}\n") is not None


class Terminals:
    """The terminals of one reader, all in one folder."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        """Opens the first terminal.

        Args:
            folder: Where the reader works.
            variables: What their environment holds besides the programs.
        """
        self.folder = folder
        self._port = str(free_port())
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._environment = {
            "PATH": programs,
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            **variables,
        }
        self._seen = ""
        self._shells: dict[str, subprocess.Popen[str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for shell in self._shells.values():
            os.killpg(shell.pid, signal.SIGKILL)
            shell.wait()
        # A lease outlives its agent, as it should; not the test.
        for process in psutil.process_iter(["cmdline"]):
            if any(str(self.folder) in word for word in process.info["cmdline"] or ()):
                with suppress(psutil.NoSuchProcess):
                    process.kill()

    def act(self, block: Block) -> None:
        """Does what a reader does with one block.

        Raises:
            AssertionError: It does not come to what the page shows.
        """
        if block.file:
            (self.folder / block.file).write_text(self._filled(block.text), "utf-8")
            return
        if block.terminal:
            self._leave_running(block)
            return
        *earlier, last = block.commands
        for command in earlier:
            self._run(block, command, fails=False)
        if "until" in block.words:
            self._run_until(block, last)
        else:
            self._run(block, last, fails="fails" in block.words)

    def leave(self) -> None:
        """Presses Ctrl-C in every terminal where something still runs, the newest first.

        Raises:
            AssertionError: Something does not end in order.
        """
        while self._shells:
            name, process = self._shells.popitem()
            os.killpg(process.pid, signal.SIGINT)
            code = process.wait(PATIENCE_S)
            assert code == 0, f"terminal {name} ended with {code}: {self._log(name).read_text('utf-8')}"

    def _run(self, block: Block, command: Command, *, fails: bool) -> None:
        code, printed = self._execute(command.text)
        told = f"line {block.line}: $ {command.text}\nended with {code} and printed:\n{printed}"
        assert (code != 0) == fails, told
        assert matches([self._ported(line) for line in command.shown], printed), (
            f"{told}\nshown is:\n" + "\n".join(command.shown)
        )
        self._seen += printed

    def _run_until(self, block: Block, command: Command) -> None:
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                self._run(block, command, fails=False)
            except AssertionError:
                if time.monotonic() > until:
                    raise
                time.sleep(_POLL_S)
            else:
                return

    def _execute(self, text: str) -> tuple[int, str]:
        """Runs one command in the first terminal, whose variables and folder stay as it leaves them."""
        script = (
            f"[ -f .terminal ] && . ./.terminal\nset -a\n{self._filled(text)}\n"
            f'printf "%s %s" "{_MARK}" $?\nexport -p > .terminal'
        )
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=2 * PATIENCE_S,
            check=False,
        )
        printed, _, code = done.stdout.partition(_MARK)
        return int(code or done.returncode), printed

    def _leave_running(self, block: Block) -> None:
        """Opens a terminal, which knows nothing of the variables of the first."""
        script = "\n".join(command.text for command in block.commands)
        log = self._log(block.terminal)
        with log.open("w") as file:
            process = subprocess.Popen(
                ["bash", "-c", self._filled(script)],
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        self._shells[block.terminal] = process
        shown = [self._ported(line) for line in block.commands[-1].shown]
        until = time.monotonic() + PATIENCE_S
        while not matches(["…", *shown], log.read_text("utf-8")):
            told = f"line {block.line}: $ {script}\nprinted:\n{log.read_text('utf-8')}"
            assert process.poll() is None, told
            assert time.monotonic() < until, told
            time.sleep(_POLL_S)

    def _log(self, terminal: str) -> Path:
        return self.folder / f".{terminal}.log"

    def _ported(self, text: str) -> str:
        return text.replace(_PORT, self._port)

    def _filled(self, text: str) -> str:
        """Completes names that the page abbreviates, from what was printed last."""
        return re.sub(r"(\S*?)([\w:/.-]+)…", self._complete, self._ported(text))

    def _complete(self, match: re.Match[str]) -> str:
        found = re.findall(rf"{re.escape(match[2])}[\w./-]*[\w]", self._seen)
        assert found, f"nothing that begins with {match[2]} was printed before"
        return f"{match[1]}{found[-1]}"


def free_port() -> int:
    """A port of the loopback address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def headings(page: str) -> Iterator[str]:
    """The levels of a page's headings, in order."""
    return (token.tag for token in MarkdownIt("commonmark").parse(page) if token.type == "heading_open")
