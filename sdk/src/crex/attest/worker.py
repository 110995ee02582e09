"""A process that measures: prepares a job, says so, and takes one sample each time it is told to.

It reads lines from standard input and answers each with a line of JSON: the job, answered when everything is
prepared; then `go` for every sample, answered with when it began and ended (nanoseconds of the system's
monotonic clock, the same in all processes) and how much was done. It ends with its input.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Mapping
from typing import Any, Final

from crex.attest.jobs import KINDS, Prepared

GO: Final = "go"


def main() -> int:
    """Serves one job; gives the exit code."""
    line = sys.stdin.readline()
    if not line:
        return 0
    try:
        prepared = _prepare(json.loads(line))
    except Exception as error:  # whatever a library does, whoever waits learns why nothing is measured
        _say({"error": f"{type(error).__name__}: {error}"[:500]})
        return 1
    _say({"facts": dict(prepared.facts)})
    for line in sys.stdin:
        if line.strip() != GO:
            return 2
        try:
            start = time.monotonic_ns()
            amount = prepared.sample()
            end = time.monotonic_ns()
        except Exception as error:
            _say({"error": f"{type(error).__name__}: {error}"[:500]})
            return 1
        _say({"start": start, "end": end, "amount": amount})
    return 0


def _prepare(job: Mapping[str, Any]) -> Prepared:
    cpus = job.get("cpus")
    if cpus and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cpus)
    prepared: Prepared = importlib.import_module(KINDS[job["kind"]]).prepare(job)
    return prepared


def _say(value: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
