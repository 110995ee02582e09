"""The command line in a home of its own, without a network."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crex.cli.main import main


@dataclass
class Shell:
    """`crex` as a person runs it.

    Attributes:
        home: Folder of identities.
        capsys: What it says.
        code: Exit code of the last command.
        out, err: What the last command said.
    """

    home: Path
    capsys: pytest.CaptureFixture[str]
    code: int = 0
    out: str = ""
    err: str = ""

    def __call__(self, *arguments: str) -> int:
        """Runs a command; gives its exit code."""
        try:
            self.code = main(["--home", str(self.home), *arguments])
        except SystemExit as ended:  # argparse ends so
            self.code = int(ended.code or 0)
        self.out, self.err = self.capsys.readouterr()
        assert "Traceback" not in self.out + self.err
        return self.code

    def json(self, *arguments: str) -> Any:
        """Runs a command with `--json`; gives its answer."""
        self("--json", *arguments)
        return json.loads(self.out) if self.out else json.loads(self.err)["error"]


@pytest.fixture
def crex(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The command line, with nobody's own settings in its way."""
    for name in ("CREX_HOME", "CREX_AS", "CREX_BROKER", "CREX_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)
    return Shell(tmp_path / "home", capsys)
