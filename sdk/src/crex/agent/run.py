"""Runs an agent for the loopback hooks until it is told to stop: what `crex agent run` does."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from crex.agent.hooks import Hooks
from crex.agent.loopback.hooks import LoopbackHooks
from crex.agent.runtime import AgentRuntime, AgentSettings
from crex.client import AsyncClient, credentials
from crex.documents.times import Clock, SystemClock
from crex.errors import CrexError
from crex.trust.identity import Identity
from crex.trust.identity_files import load_identity, open_pins


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig:
    """What `crex agent run` is told.

    Attributes:
        identity: Folder of the provider's identity, with the broker and its consumers pinned.
        target: Address of the broker, `host:port`.
        broker: Authority of the broker.
        folder: Folder for the journal and the leases.
        cpus: CPUs that may be leased.
        meter_s: Seconds between readings of the meters.
    """

    identity: Path
    target: str
    broker: str
    folder: Path
    cpus: Sequence[int]
    meter_s: float = 10.0


MakeHooks = Callable[[AgentConfig, Identity, Clock], Hooks]


def loopback(config: AgentConfig, identity: Identity, clock: Clock) -> Hooks:
    """Makes the hooks that lease CPUs of this host."""
    return LoopbackHooks(config.folder / "leases", identity, config.cpus, clock)


def run_agent(config: AgentConfig, make_hooks: MakeHooks = loopback) -> int:
    """Runs the agent until SIGTERM or SIGINT; leases go on running, and the next agent adopts them.

    Args:
        config: What it is told.
        make_hooks: Makes the hooks of the provider.

    Raises:
        CrexError: The identity, the folder, the CPUs or the broker's trust document cannot be used.
    """
    clock = SystemClock()
    identity = load_identity(config.identity)
    trust = open_pins(identity, config.identity, now=clock.now())
    broker = trust.current(config.broker)
    if broker is None:
        raise CrexError(
            "ISSUER",
            f"The trust document of {config.broker} is not pinned. Pin it: `crex trust pin FILE`.",
            source=str(config.identity),
        )
    roots = b"".join(root.public_bytes(Encoding.PEM) for root in broker.tls_roots)
    hooks = make_hooks(config, identity, clock)

    async def body() -> None:
        channel = credentials(
            certificate_pem=identity.tls.chain_pem, key_pem=identity.tls.key_pem, server_roots_pem=roots
        )
        async with AsyncClient(config.target, channel) as client:
            runtime = AgentRuntime(
                client,
                identity,
                trust,
                hooks,
                AgentSettings(
                    broker=config.broker, folder=config.folder, meter_s=config.meter_s, lag_s=config.meter_s
                ),
                clock=clock,
            )
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, runtime.stop)
            await runtime.run()

    asyncio.run(body())
    return 0
