"""Fuzzes every target for a time: `python -m sdk.tests.fuzz.run --seconds 3600`.

The exit code is 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from sdk.tests.fuzz.fuzzing import Fuzzer
from sdk.tests.fuzz.targets import targets

_TURN = 500
_FOUND_MAX = 100
_SHOWN = 2000


def main() -> int:
    """Takes turns among the targets until the time is over."""
    parser = argparse.ArgumentParser(prog="python -m sdk.tests.fuzz.run", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", default=str(time.time_ns()), help="the same seed changes the same bytes")
    parser.add_argument("--target", action="append", help="only this one; may be repeated")
    options = parser.parse_args()
    known = targets()
    fuzzers = {name: Fuzzer(known[name], f"{name} {options.seed}") for name in options.target or known}
    tried: Counter[str] = Counter()
    found = 0
    until = time.monotonic() + options.seconds
    while time.monotonic() < until and found < _FOUND_MAX:
        for name, fuzzer in fuzzers.items():
            for _ in range(_TURN):
                tried[name] += 1
                wrong = fuzzer.step()
                if wrong is not None:
                    found += 1
                    _say(f"{name}: {wrong[:_SHOWN]}")
                if time.monotonic() >= until:
                    break
    for name, fuzzer in fuzzers.items():
        _say(f"{name:16} {tried[name]:>10} texts, {fuzzer.answers} answers")
    _say(f"{sum(tried.values())} texts, {found} wrong; seed {options.seed}")
    return 1 if found else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
