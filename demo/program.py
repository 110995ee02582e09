"""The program that the consumer runs on the leased cores: solves dense linear systems and checks the result.

It is sent to the provider as it stands here and runs there alone: it imports nothing of this project.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

SIZE = int(sys.argv[1]) if len(sys.argv) > 1 else 1200
# Seconds of CPU time, so that there is something to bill on a busy machine too; and of wall time at most.
CPU_SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 3.0
SECONDS = 20.0

generator = np.random.default_rng(20261123)
began = time.perf_counter()
runs, worst, used = 0, 0.0, set()
while runs == 0 or (time.process_time() < CPU_SECONDS and time.perf_counter() - began < SECONDS):
    matrix = generator.standard_normal((SIZE, SIZE))
    right = generator.standard_normal(SIZE)
    solution = np.linalg.solve(matrix, right)
    # The residual as the HPL benchmark scales it: below 16 the solution counts as right.
    residual = np.linalg.norm(matrix @ solution - right, np.inf) / (
        np.finfo(float).eps
        * SIZE
        * np.linalg.norm(matrix, np.inf)
        * max(np.linalg.norm(solution, np.inf), np.finfo(float).tiny)
    )
    worst = max(worst, float(residual))
    runs += 1
    stat = Path("/proc/self/stat").read_text("ascii")
    used.add(int(stat.rsplit(")", 1)[1].split()[36]))
elapsed = time.perf_counter() - began
operations = runs * (2 / 3 * SIZE**3 + 2 * SIZE**2)
print(
    json.dumps(
        {
            "size": SIZE,
            "systems": runs,
            "gflops": round(operations / elapsed / 1e9, 2),
            "worst_residual": worst,
            "correct": worst < 16,
            "cpus_allowed": sorted(os.sched_getaffinity(0)),
            "cpus_used": sorted(used),
        }
    )
)
