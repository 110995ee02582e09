"""Where `-o` writes: whole or not at all, through links, into pipes; never over a device or a folder."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
import threading
from pathlib import Path

from crex.cli.files import write_file
from sdk.tests.cli.conftest import Shell


def test_a_pipe_stays_a_pipe(crex: Shell, tmp_path: Path) -> None:
    """What is no plain file is written to, so that `-o /dev/stdout` or `-o /dev/null` destroys nothing."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    assert crex("--json", "usage", "importers", "-o", str(pipe)) == 0
    reader.join(timeout=10)
    assert b"llm-trace" in read[0]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_link_is_followed(tmp_path: Path) -> None:
    """A link stays one, and what it points to is written."""
    link, target = tmp_path / "link", tmp_path / "folder" / "target"
    link.symlink_to(target)
    write_file(link, b"1")
    write_file(link, b"2")
    assert link.is_symlink()
    assert target.read_bytes() == b"2"


def test_a_folder_is_no_file(crex: Shell, tmp_path: Path) -> None:
    """Where one file is written, a folder is refused by name, and nothing is printed in its place."""
    assert crex("usage", "importers", "-o", str(tmp_path)) == 1
    assert crex.out == ""
    assert f"{tmp_path}: The file cannot be written (Is a directory)" in crex.err


def test_folders_above_are_made(crex: Shell, tmp_path: Path) -> None:
    """An answer lands in a folder that is not there yet, as documents do."""
    place = tmp_path / "a" / "b" / "answer.txt"
    assert crex("usage", "importers", "-o", str(place)) == 0
    assert "llm-trace" in place.read_text("utf-8")


def test_a_full_output_is_named() -> None:
    """Standard output that takes nothing more is told by its name, with code 1."""
    command = f"{sys.executable} -m crex.cli.main usage importers > /dev/full"
    said = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "crex: standard output: A file cannot be read or written (No space left on device)" in said.stderr


def test_no_standard_input_is_no_defect() -> None:
    """Where a program has no standard input, `-` cannot be read."""
    command = f"{sys.executable} -m crex.cli.main usage reconcile - - <&-"
    said = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "there is no standard input" in said.stderr


def test_a_full_disk_leaves_the_old_answer(tmp_path: Path) -> None:
    """An answer that does not fit is refused; what was there before is there, whole, and nothing else."""
    place = tmp_path / "answer.json"
    place.write_bytes(b"before")
    command = [sys.executable, "-m", "crex.cli.main", "--json", "usage", "importers", "-o", str(place)]

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))

    said = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=small)
    assert said.returncode == 1
    assert "cannot be written (File too large)" in said.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["answer.json"]
    assert place.read_bytes() == b"before"
