"""The commands that a newcomer meets first."""

import re
import subprocess
from pathlib import Path

import pytest

from tools.tests.house import tree

MAKEFILE = (tree.ROOT / "Makefile").read_text("utf-8")
SETUP_TARGETS = {"use", "dev"}


def run_environment(purpose: str, python: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs the set-up script from a copy of the files that it reads, with a given interpreter."""
    for name in ["pyproject.toml", "constraints.txt", "tools/environment.sh"]:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes((tree.ROOT / name).read_bytes())
    return subprocess.run(
        ["sh", "tools/environment.sh", purpose],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHON": python},
        capture_output=True,
        text=True,
        check=False,
    )


def fake_python(folder: Path, script: str) -> str:
    """A stand-in for an interpreter that this machine need not have."""
    program = folder / "python-stand-in"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return str(program)


def test_make_help_lists_every_target() -> None:
    """`make help` tells of every target but the two that the others use."""
    phony = re.search(r"^\.PHONY: ((?:.*\\\n)*.*)$", MAKEFILE, re.MULTILINE)
    assert phony is not None
    targets = set(phony.group(1).replace("\\\n", " ").split()) - SETUP_TARGETS
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=tree.ROOT, capture_output=True, text=True, check=True
    )
    assert set(re.findall(r"^  make ([a-z-]+) +\S", shown.stdout, re.MULTILINE)) == targets


def test_an_old_python_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """A Python before 3.11 is refused by its version, with what to install and how to name another."""
    old = fake_python(tmp_path, 'case $1 in --version) echo "Python 3.9.18" ;; *) exit 1 ;; esac')
    done = run_environment("use", old, tmp_path)
    assert done.returncode == 1
    assert "CREX needs Python 3.11 or newer; here is Python 3.9.18." in done.stderr
    assert "make PYTHON=" in done.stderr


def test_a_missing_venv_module_is_named_with_its_package(tmp_path: Path) -> None:
    """Where the system leaves out Python's venv module, the message names the package that brings it."""
    bare = fake_python(tmp_path, 'case $1 in -m) echo "No module named venv" >&2; exit 1 ;; esac')
    done = run_environment("use", bare, tmp_path)
    assert done.returncode == 1
    assert "No module named venv" in done.stderr
    assert "apt-get install python3-venv" in done.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("word", ["", "everything"])
def test_an_unknown_purpose_is_refused(tmp_path: Path, word: str) -> None:
    """The set-up script refuses a purpose that it does not know instead of guessing one."""
    done = run_environment(word or "-", "python3", tmp_path)
    assert done.returncode == 2
    assert "say use or dev" in done.stderr
