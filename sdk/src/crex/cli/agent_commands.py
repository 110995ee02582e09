"""`crex agent run`: a provider's agent that delivers this machine's cores."""

from __future__ import annotations

import argparse
from pathlib import Path

from crex.cli.options import Commands, command, duration, group
from crex.cli.result import Result


def add(commands: Commands) -> None:
    """Adds the commands."""
    agent = group(commands, "agent", "deliver what was sold")
    run = command(agent, "run", _run, "run the agent for this host's cores until it is told to stop")
    run.add_argument("--folder", type=Path, metavar="DIR", help="journal and leases (by the identity)")
    run.add_argument(
        "--cpus",
        type=_cpus,
        metavar="0,2,4",
        help="CPUs to lease, one a unit (by this host's policy)",
    )
    run.add_argument("--meter", type=duration, metavar="TIME", help="time between readings (10s)")


def _cpus(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if not all(part.isascii() and part.isdecimal() for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of CPUs; write numbers, such as 0,2,4")
    return tuple(sorted({int(part) for part in parts}))


def _run(options: argparse.Namespace) -> Result:
    import logging
    import sys

    from crex.agent.run import AgentConfig, run_agent
    from crex.cli.party import open_customer

    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    customer = open_customer(options)
    customer.client.close()
    config = AgentConfig(
        identity=customer.folder,
        target=customer.target,
        broker=customer.broker,
        folder=options.folder or customer.folder / "agent",
        cpus=options.cpus or _sold_cpus(customer.folder, customer.authority),
        meter_s=options.meter.total_seconds() if options.meter is not None else 10.0,
    )
    code = run_agent(config)
    return Result({"stopped": True}, "The agent stopped; leases go on, and the next agent adopts them.", code)


def _sold_cpus(folder: Path, authority: str) -> tuple[int, ...]:
    from crex.cli.party import POLICY_FILE, now
    from crex.describe import policy
    from crex.describe.host import describe
    from crex.describe.publish import documents_for_sale

    profile = policy.load(folder / POLICY_FILE)
    documents = documents_for_sale(describe(), profile, authority=authority, issued_at=now())
    return tuple(min(unit) for unit in documents.unit_cpus)
