"""Confines itself, then becomes the leased program: `python -m crex.agent.loopback.enter SPEC PROGRAM…`.

A process of its own between the server and the program, so that nothing runs between fork and exec in a
program with threads. SPEC is the JSON that `Confinement.spec` gives.
"""

from __future__ import annotations

import json
import os
import sys

from crex.agent.loopback.confinement import Limits, enter

_NOT_FOUND = 127


def main(arguments: list[str]) -> int:
    """Confines this process and replaces it; comes back only where the program cannot be started."""
    spec = json.loads(arguments[0])
    enter(spec["cpus"], spec["group"], Limits(**spec["limits"]))
    program = arguments[1:]
    if program[0] == "python":
        program[0] = sys.executable
    try:
        os.execvp(program[0], program)  # noqa: S606 - becoming the program is what this is for
    except OSError as error:
        sys.stderr.write(f"{program[0]}: {error.strerror}\n")
    return _NOT_FOUND


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
