"""An agent whose delivery waits at a gate: `python held_agent.py CONFIG`; for tests that kill it there."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from crex.agent.hooks import Access, Hooks, LeaseOrder
from crex.agent.loopback.hooks import LoopbackHooks
from crex.agent.run import AgentConfig, run_agent
from crex.documents.times import Clock
from crex.trust.identity import Identity


class GatedHooks(LoopbackHooks):
    """Says `<gate>.reached` where it waits, before or after the server of the lease was started."""

    gate: Path
    moment: str

    def provision(self, order: LeaseOrder) -> Access:
        """Delivers, and waits for the gate's file at one moment."""
        if self.moment == "before":
            self._wait()
        access = super().provision(order)
        if self.moment == "after":
            self._wait()
        return access

    def _wait(self) -> None:
        self.gate.with_suffix(".reached").touch()
        while not self.gate.exists():
            time.sleep(0.02)


def main(path: Path) -> int:
    """Runs the agent."""
    value = json.loads(path.read_text("utf-8"))
    GatedHooks.gate, GatedHooks.moment = Path(value["gate"]), value["moment"]

    def gated(config: AgentConfig, identity: Identity, clock: Clock) -> Hooks:
        return GatedHooks(config.folder / "leases", identity, config.cpus, clock)

    return run_agent(
        AgentConfig(
            identity=Path(value["identity"]),
            target=value["target"],
            broker=value["broker"],
            folder=Path(value["folder"]),
            cpus=value["cpus"],
            meter_s=0.5,
        ),
        gated,
    )


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
