"""The command `crex-conformance`."""

import subprocess
import sys

import pytest

from crex_conformance import __version__
from crex_conformance.main import main


def test_a_run_that_checks_nothing_is_no_pass(capsys: pytest.CaptureFixture[str]) -> None:
    """Without any check the command says so and exits with its own code, never with 0."""
    assert main([]) == 3
    assert "nothing was checked" in capsys.readouterr().err


def test_the_version_is_that_of_the_package() -> None:
    """`--version` names the command and the version that is installed."""
    command = [sys.executable, "-m", "crex_conformance.main", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"crex-conformance {__version__}\n"


def test_a_wrong_command_line_is_refused() -> None:
    """An unknown argument is a usage error."""
    with pytest.raises(SystemExit, match="2"):
        main(["--everything"])
