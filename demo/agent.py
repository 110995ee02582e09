"""Runs the provider's agent as a process of its own: `python -m demo.agent CONFIG`."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

from crex.agent.run import AgentConfig, run_agent


def main(arguments: list[str]) -> int:
    """Reads the configuration, JSON, and runs the agent until it is told to stop."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    value = json.loads(Path(arguments[0]).read_text("utf-8"))
    return run_agent(
        AgentConfig(
            identity=Path(value["identity"]),
            target=value["target"],
            broker=value["broker"],
            folder=Path(value["folder"]),
            cpus=value["cpus"],
            meter_s=value["meter_s"],
        )
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
