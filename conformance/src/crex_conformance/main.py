"""The command `crex-conformance`.

This version ships no checks. The command exists so that scripts may already call it: it says so, and its exit
code can never be mistaken for a pass.
"""

import argparse
import sys
from collections.abc import Sequence

from crex_conformance import __version__

NOTHING_CHECKED = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Returns:
        The exit code: 2 for a wrong command line, 3 when nothing was checked; 0 is kept for a pass.
    """
    parser = argparse.ArgumentParser(
        prog="crex-conformance",
        description="Judges an implementation of CREX by the written contract. This version ships no checks.",
        epilog="Exit codes: 2 wrong command line, 3 nothing was checked.",
    )
    parser.add_argument("--version", action="version", version=f"crex-conformance {__version__}")
    parser.parse_args(arguments)
    print(
        f"crex-conformance {__version__}: nothing was checked, because this version ships no checks. An "
        "implementation must not claim conformance on its word. What it has to satisfy is listed in "
        "proto/spec/requirements.md.",
        file=sys.stderr,
    )
    return NOTHING_CHECKED


if __name__ == "__main__":
    raise SystemExit(main())
