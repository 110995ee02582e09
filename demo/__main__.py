"""`python -m demo`: one sale, end to end (command.py)."""

from __future__ import annotations

import sys


def start() -> int:
    """Runs the demo; gives the exit code."""
    try:
        # Here, so that Ctrl-C while it is being loaded is an answer too.
        from demo.command import main

        return main()
    except KeyboardInterrupt:
        print("\nThe demo failed. It was interrupted before it had started anything.", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(start())
