"""The machine as the probes see it: a folder tree that holds /proc and /sys, and a way to run commands.

Both are injected. A probe that is given another root reads a recorded machine exactly as it would read this
one. Nothing here raises for what a machine may look like: a file that is missing, unreadable, endless or no
file at all is a `Reading` without text, which says why.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

# /proc/cpuinfo of a machine with 4096 processors has about 8 MB; nothing else that is read comes near.
_LARGEST = 16 * 1024 * 1024
# A driver in trouble makes its tools hang rather than fail; a healthy nvidia-smi needs up to 8 s.
_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading one file.

    Attributes:
        text: Its content, decoded as UTF-8 with U+FFFD for what is not; nothing if it could not be read.
        problem: Why it could not be read, or only in part; empty if all is well.
        data: Its content, as bytes.
    """

    text: str | None
    problem: str = ""
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Output:
    """What a command answered.

    Attributes:
        status: Exit status; 127 if there is no such command, 124 if it did not end in time.
        text: Standard output, decoded as UTF-8 with U+FFFD for what is not.
        problem: Why there is no output worth reading; empty where the command ended with 0.
    """

    status: int
    text: str
    problem: str = ""


Runner = Callable[[Sequence[str]], Output]


def run_command(
    argv: Sequence[str], *, most_bytes: int = _LARGEST, patience_s: float = _PATIENCE_S
) -> Output:
    """Runs a command of this machine, in the C locale, without a terminal; takes what it prints first."""
    try:
        done = subprocess.run(
            list(argv),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=patience_s,
            check=False,
            env={**os.environ, "LC_ALL": "C", "LANGUAGE": ""},
        )
    except FileNotFoundError:
        return Output(127, "", f"there is no command {argv[0]}")
    except subprocess.TimeoutExpired:
        return Output(124, "", f"{argv[0]} did not end within {patience_s:.0f} s")
    except OSError as error:
        return Output(126, "", f"{argv[0]} could not be started: {error.strerror or error}")
    text = done.stdout[:most_bytes].decode(errors="replace")
    if done.returncode == 0:
        return Output(0, text)
    said = (done.stderr or done.stdout).decode(errors="replace").strip().partition("\n")[0][:200]
    return Output(
        done.returncode, text, f"{argv[0]} ended with {done.returncode}" + (f": {said}" if said else "")
    )


def no_commands(argv: Sequence[str]) -> Output:
    """Answers as a machine without any commands: what a recorded tree has."""
    return Output(127, "", f"there is no command {argv[0]}")


class Machine:
    """A folder tree and a runner. Paths are absolute within the tree, as on the machine it was taken from."""

    def __init__(self, root: str | Path = "/", runner: Runner | None = None) -> None:
        """Takes the tree at `root`; without a runner, commands run only where it is this machine's own."""
        self._root = os.path.realpath(root)
        self._live = self._root == "/"
        self.run: Runner = runner or (run_command if self._live else no_commands)

    def read(self, path: str) -> Reading:
        """Reads a whole file, at most 16 MiB of it."""
        try:
            place = self._place(path)
            # Opening a pipe or a terminal would wait for ever; sysfs and procfs have regular files only.
            if not stat.S_ISREG(place.stat().st_mode):
                return Reading(None, f"{path} is not a file")
            with place.open("rb", buffering=0) as file:
                data = _read_up_to(file.fileno(), _LARGEST + 1)
        except OSError as error:
            return Reading(None, f"{path}: {error.strerror or error}")
        except ValueError:
            return Reading(None, f"{path} is not a possible path")
        problem = (
            f"{path} is longer than {_LARGEST} bytes; the rest was not read" if len(data) > _LARGEST else ""
        )
        data = data[:_LARGEST]
        return Reading(data.decode(errors="replace"), problem, data)

    def text(self, path: str) -> str | None:
        """Reads a file and gives its text without surrounding white space; nothing if there is none."""
        text = self.read(path).text
        return text.strip() if text is not None else None

    def entries(self, path: str) -> list[str]:
        """Gives the names in a folder, sorted; none if it is no folder."""
        try:
            return sorted(name for name in os.listdir(self._place(path)) if _is_text(name))  # noqa: PTH208 - names, not paths
        except (OSError, ValueError):
            return []

    def exists(self, path: str) -> bool:
        """Tells whether there is anything at this path."""
        try:
            return self._place(path).exists()
        except (OSError, ValueError):
            return False

    def link(self, path: str) -> str | None:
        """Gives what a symbolic link says, followed nowhere; nothing if it is none."""
        try:
            return str(Path(self._inside(path)).readlink())
        except (OSError, ValueError):
            return None

    def resolve(self, path: str) -> str:
        """Gives the path that a path leads to within the tree once all links are followed."""
        try:
            place = self._place(path)
        except (OSError, ValueError):
            return path
        return os.path.realpath(place)[0 if self._live else len(self._root) :] or "/"

    def _inside(self, path: str) -> str:
        return path if self._live else self._root + path

    def _place(self, path: str) -> Path:
        """Gives the path to open, and refuses one that leads out of the tree."""
        place = self._inside(path)
        if self._live:
            return Path(place)
        real = os.path.realpath(place)
        if real != self._root and not real.startswith(self._root + "/"):
            raise PermissionError(1, "it leads out of the tree that is described")
        return Path(real)


def _read_up_to(descriptor: int, limit: int) -> bytes:
    chunks: list[bytes] = []
    left = limit
    while left > 0:
        chunk = os.read(descriptor, min(left, 1 << 20))
        if not chunk:
            break
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks)


def _is_text(name: str) -> bool:
    return name.isascii() and name.isprintable()
