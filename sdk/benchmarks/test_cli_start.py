"""`crex --help` against bare Python: what a person waits before anything happens.

Both are new processes, in turn, and only the ratio of their medians counts. Goal: at most 8 times
`python -c pass`; lazy imports keep it there.
"""

import os
import subprocess
import sys
from statistics import median
from time import perf_counter

from pytest_benchmark.fixture import BenchmarkFixture

ROUNDS = 15
BARE = [sys.executable, "-c", "pass"]
HELP = [sys.executable, "-c", "import sys; from crex.cli.main import main; main(['--help'])"]


def seconds(command: list[str]) -> float:
    """How long a command takes, with its modules compiled before."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    begin = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return perf_counter() - begin


def test_help(benchmark: BenchmarkFixture) -> None:
    """`crex --help` starts within 8 times what Python itself takes."""
    bare: list[float] = []
    crex: list[float] = []
    seconds(HELP)

    def turn() -> None:
        bare.append(seconds(BARE))
        crex.append(seconds(HELP))

    benchmark.pedantic(turn, rounds=ROUNDS, iterations=1)  # type: ignore[no-untyped-call]
    benchmark.extra_info |= {
        "python_ms": round(median(bare) * 1000, 1),
        "crex_help_ms": round(median(crex) * 1000, 1),
        "over_python": round(median(crex) / median(bare), 2),
        "goal": "over_python ≤ 8",
    }
    print(f"\ncrex --help: {benchmark.extra_info}")
