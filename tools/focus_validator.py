"""The official validator of FOCUS, in an environment of its own: `python -m tools.focus_validator FILE`.

Its exit code is 0 whatever it finds, and what it prints is for people, so its JUnit report is read. It wants
Python 3.12 and libraries older than ours: the environment lies in `build/` and is made once. It finds its own
rules only from its own folder, and would else look for newer ones on the network.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PINNED = Path(__file__).with_suffix(".txt")
HOME = ROOT / "build" / "focus-validator"
_WANTED = (3, 12)
_TIMEOUT_S = 600
# What a provider supports, in the words of the requirements model; of the rest, rules do not apply to CREX:
# availability zones, capacity reservations, sub-accounts, tags, virtual currencies, several types of account.
CRITERIA = (
    "ACCOUNT_NAMING_SUPPORTED",
    "BILLING_BASED_ON_PROVISIONED_RESOURCES_SUPPORTED",
    "COMMITMENT_DISCOUNT_SUPPORTED",
    "MULTIPLE_PRICING_CATEGORIES_SUPPORTED",
    "NEGOTIATED_PRICING_SUPPORTED",
    "PRICING_BILLING_CURRENCY_DIFFERENCES_SUPPORTED",
    "PUBLIC_PRICE_LIST_SUPPORTED",
    "REGION_SUPPORTED",
    "RESOURCE_TYPE_ASSIGNMENT_SUPPORTED",
    "UNIT_PRICING_SUPPORTED",
    "USAGE_MEASUREMENT_SUPPORTED",
)


class ValidatorError(Exception):
    """The validator could not be had or gave no report."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the validator found.

    Attributes:
        rules: By rule: `passed`, `failed`, `errored` or `skipped` (rules that no program can check, and those
            that do not apply).
    """

    rules: Mapping[str, str]

    def of(self, outcome: str) -> list[str]:
        """Names of the rules with one outcome, in order."""
        return sorted(rule for rule, found in self.rules.items() if found == outcome)

    @property
    def failures(self) -> list[str]:
        """Names of the rules that do not hold, or could not be asked."""
        return sorted((*self.of("failed"), *self.of("errored")))


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the rules that a file breaks; the exit code is 1 where there are any."""
    parser = argparse.ArgumentParser(prog="python -m tools.focus_validator", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="CSV or Parquet")
    options = parser.parse_args(arguments)
    python = find_python()
    if python is None:
        print(NO_PYTHON, file=sys.stderr)
        return 2
    prepare(python)
    broken = 0
    for path in options.files:
        verdict = validate(path)
        broken += len(verdict.failures)
        print(f"{path}: {len(verdict.of('passed'))} rules hold, {len(verdict.of('skipped'))} were skipped")
        for rule in verdict.failures:
            print(f"  {verdict.rules[rule]}: {rule}")
    return 1 if broken else 0


NO_PYTHON = (
    "The validator of FOCUS needs Python 3.12, and there is none here. Install one (Ubuntu 24.04: apt-get "
    "install python3.12-venv; else pyenv install 3.12) or name yours: FOCUS_PYTHON=/path/to/python3.12"
)


def find_python() -> Path | None:
    """Finds a Python 3.12: that of FOCUS_PYTHON, this one, one on the path, or one of pyenv."""
    named = os.environ.get("FOCUS_PYTHON")
    for candidate in [Path(named)] if named else _candidates():
        if _fits(candidate):
            return candidate
    return None


def _candidates() -> Iterator[Path]:
    yield Path(sys.executable)
    yield Path("python3.12")
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(root.glob("versions/3.12*/bin/python3.12"))


def _fits(python: Path) -> bool:
    code = f"import ensurepip, sys, venv; sys.exit(sys.version_info[:2] != {_WANTED})"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, check=False, timeout=60)
    except OSError:
        return False
    return done.returncode == 0


def prepare(python: Path) -> None:
    """Makes the environment, or finds it made; of several at once one makes it.

    Raises:
        ValidatorError: It cannot be installed.
    """
    HOME.parent.mkdir(exist_ok=True)
    stamp, wanted = HOME / "ready", PINNED.read_text("utf-8")
    with (HOME.parent / "focus-validator.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.is_file() and stamp.read_text("utf-8") == wanted:
            return
        _run([python, "-m", "venv", "--clear", HOME])
        _run([HOME / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-input", "-r", PINNED])
        stamp.write_text(wanted, "utf-8")


def validate(path: Path, criteria: Sequence[str] = CRITERIA) -> Verdict:
    """Validates a file against FOCUS 1.2.

    Raises:
        ValidatorError: There is no report.
    """
    home = next(HOME.glob("lib/python3.*/site-packages"))
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        said = _run(
            [
                HOME / "bin" / "focus-validator",
                *("--block-download", "--validate-version", "1.2"),
                *("--data-file", path.resolve()),
                *(("--applicability-criteria", ",".join(criteria)) if criteria else ()),
                *("--output-type", "unittest", "--output-destination", report),
            ],
            folder=home,
        )
        if not report.is_file():
            raise ValidatorError(f"The validator gave no report of {path}: {said[-2000:]}")
        tree = ET.parse(report)  # noqa: S314 - written a moment ago by the validator
    rules = {
        case.get("name", "").partition(" ")[0]: _outcome(case) for case in tree.getroot().iter("testcase")
    }
    if "passed" not in rules.values():
        raise ValidatorError(f"The validator found no rule that {path} keeps: {said[-2000:]}")
    return Verdict(rules)


def _outcome(case: ET.Element) -> str:
    for name, outcome in (("failure", "failed"), ("error", "errored"), ("skipped", "skipped")):
        if case.find(name) is not None:
            return outcome
    return "passed"


def _run(command: Sequence[str | Path], folder: Path = ROOT) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
        timeout=_TIMEOUT_S,
    )
    if done.returncode:
        words = " ".join(map(str, command[:4]))
        raise ValidatorError(f"{words} … ended with {done.returncode}: {done.stdout[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    raise SystemExit(main())
