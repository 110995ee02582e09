"""The whole demo as a person runs it: it verifies everything or says why not, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from crex.cli.main import main as crex

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0
REASONS = (
    ("the SDK", "SIGNATURE"),
    ("the broker", "SIGNATURE"),
    ("the SDK", "INCLUSION"),
    ("the broker", "TYPE"),
    ("the broker", "KEY_USE"),
    ("the broker", "NOT_FOUND"),
    ("the broker", "REPLAY"),
    ("the broker", "HOLD_EXPIRED"),
    ("the broker", "CAPACITY_EXHAUSTED"),
)


class Demo:
    """A demo that runs; by the folder of its temporary files its processes are known."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.home = folder / "tmp"
        self.home.mkdir()
        self.out = folder / "out"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "demo", "--out", str(self.out), *arguments],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(self.home), "COLUMNS": "100"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def end(self) -> tuple[str, str]:
        """Waits for its end; gives what it said, to standard output and to standard error."""
        try:
            return self.process.communicate(timeout=PATIENCE_S)
        finally:
            self.process.kill()

    def processes(self, what: str = "") -> list[psutil.Process]:
        """Lists the processes that it started, by a part of their command line."""
        found = []
        for process in psutil.process_iter(["cmdline", "status"]):
            line = " ".join(process.info["cmdline"] or ())
            if f"{self.home}/" in line and what in line and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process)
        return found

    def wait_for(self, what: str) -> psutil.Process:
        """Waits for a process that it starts."""
        until = time.monotonic() + PATIENCE_S
        while not (found := self.processes(what)):
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < until, f"{what} was not started"
            time.sleep(0.02)
        return found[0]


@pytest.mark.slow
def test_the_demo_verifies_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0; the result, the report and the documents are there, and a document verifies by itself."""
    demo = Demo(tmp_path, "--json")
    said, complaint = demo.end()
    assert (demo.process.returncode, complaint) == (0, "")
    result = json.loads(said)
    assert not result["error"]
    assert not any(step["failed"] for step in result["steps"])
    assert [offer["seller"] for offer in result["offers"] if offer["matched"]] == ["This machine"]
    assert all(offer["why_not"] for offer in result["offers"] if not offer["matched"])
    assert len(result["offers"]) >= 36
    assert tuple((by, reason) for _, by, reason, _ in result["refusals"]) == REASONS
    assert result["program"]["correct"]
    # What the host meters beside and the plan does not price, such as memory, is listed at nothing.
    unpriced = [line for line in result["lines"] if "no component prices" in line["equation"]]
    assert len(result["lines"]) - len(unpriced) == 3
    assert {line["amount"] for line in unpriced} <= {"0.00 USD"}
    assert "Everything verified" in (demo.out / "report.html").read_text("utf-8")

    invoice = next((demo.out / "documents" / "invoice").glob("*.json"))
    trust = demo.out / "trust" / "provider.dev.invalid.json"
    assert crex(["verify", "--trust", str(trust), str(invoice)]) == 0
    assert "verified" in capsys.readouterr().out
    assert not demo.processes()
    assert not list(demo.home.iterdir()), "temporary files stay behind"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_interrupted_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C while the consumer uses the lease: exit code 1, a line, and even the lease's server is ended."""
    demo = Demo(tmp_path)
    demo.wait_for("crex.agent.loopback.server")
    demo.process.send_signal(number)
    said, complaint = demo.end()
    assert demo.process.returncode == 1
    assert "The demo failed. It was interrupted" in complaint
    assert "Traceback" not in said + complaint
    assert not demo.processes()
    assert "Not everything verified" in (demo.out / "report.html").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("victim", "complains"),
    [
        ("crex_broker.main", lambda text: "The process of the broker ended by itself (signal 9)" in text),
        ("crex.agent.loopback.server", lambda text: "The demo failed." in text),
    ],
)
def test_a_demo_that_fails_says_why(tmp_path: Path, victim: str, complains: Callable[[str], bool]) -> None:
    """Exit code 1 and a sentence when the broker or the lease's server dies; nothing is left."""
    demo = Demo(tmp_path)
    demo.wait_for(victim).kill()
    said, complaint = demo.end()
    assert demo.process.returncode == 1
    assert complains(complaint)
    assert "✗" in said
    assert "Traceback" not in said + complaint
    assert not demo.processes()


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    """Old documents would be taken for those of this sale: exit code 2, and nothing is written."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "old.json").write_text("{}", "utf-8")
    demo = Demo(tmp_path)
    _, complaint = demo.end()
    assert demo.process.returncode == 2
    assert "not empty" in complaint
    assert [path.name for path in out.iterdir()] == ["old.json"]


def test_wrong_usage_has_its_own_exit_code(tmp_path: Path) -> None:
    """An option that there is not: exit code 2."""
    demo = Demo(tmp_path, "--nonsense")
    assert "--nonsense" in demo.end()[1]
    assert demo.process.returncode == 2
