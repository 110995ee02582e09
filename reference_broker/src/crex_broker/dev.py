"""`crex-broker dev`: a broker to try things on, with throwaway parties, on this machine only.

The broker's own keys stay in memory and end with the process. The parties' identities are 0600 files under
the home, so that the ordinary command line and SDK act as them. Everyone is enrolled here and pinned with
everyone else. Nothing of it is valid for longer than a day, or accepted by a production broker: the
authorities end in `.invalid`, which no domain ever does (RFC 6761).
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from crex import v1
from crex.documents.times import Clock
from crex.errors import CrexError
from crex.trust.identity import Identity
from crex.trust.identity_files import open_pins, save_identity
from crex_broker.application.caller import Caller
from crex_broker.application.limits import Limits
from crex_broker.composition import RunningBroker, open_broker, serve_broker
from crex_broker.log.settings import LogSettings
from crex_broker.rpc.server import Address

LIFETIME: Final = timedelta(hours=24)
HOST: Final = "127.0.0.1"
BROKER: Final = "broker.dev.invalid"
# Each party, what it is enrolled as, and what its identity signs.
PARTIES: Final = (
    ("provider.dev.invalid", "provider"),
    ("consumer.dev.invalid", "consumer"),
    ("catalogue.dev.invalid", "provider"),
)
READY_FILE: Final = "dev.json"


@dataclass(frozen=True, slots=True)
class DevBroker:
    """A development broker that serves.

    Attributes:
        running: The broker.
        home: Folder with an identity for each party, the store, and `dev.json`.
        target: Address, `host:port`.
    """

    running: RunningBroker
    home: Path
    target: str


async def start_dev(home: Path, *, port: int, clock: Clock, lifetime: timedelta = LIFETIME) -> DevBroker:
    """Starts a development broker.

    Args:
        home: An empty or missing folder; two brokers never share one.
        port: Port on loopback; 0 for a free one.
        clock: The host's clock.
        lifetime: How long its identities hold.

    Raises:
        CrexError: The folder holds something already, or the port or the store cannot be used.
    """
    _make_home(home)
    now = clock.now()
    identity = Identity.create(
        BROKER,
        roles=("broker", "arbiter"),
        program="broker",
        hosts=("localhost", HOST),
        now=now,
        valid_for=lifetime,
    )
    parties = [
        Identity.create(authority, roles=(role,), now=now, valid_for=lifetime) for authority, role in PARTIES
    ]
    for party in parties:
        folder = home / party.authority
        save_identity(party, folder)
        pins = open_pins(party, folder, now=now)
        for other in (identity, *parties):
            if other.authority != party.authority:
                pins.pin(other.trust_document, now=now)
    log = LogSettings(folder=home / "log")
    opened = await open_broker(identity, home / "broker.sqlite", limits=Limits(), clock=clock, log=log)
    enrol = opened.broker.unary["/crex.v1.AdminService/Enrol"]
    operator = Caller(BROKER, frozenset({"admin"}))
    for party, (_, role) in zip(parties, PARTIES, strict=True):
        request = v1.EnrolRequest(
            request_id=f"dev-{role}-{party.authority.split('.')[0]}",
            trust_document=party.trust_document,
            roles=[role],
        )
        await enrol(operator, request)
    running = await serve_broker(opened, Address(HOST, port))
    dev = DevBroker(running, home, f"{HOST}:{running.port}")
    _tell_ready(dev)
    return dev


def _make_home(home: Path) -> None:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        taken = any(home.iterdir())
    except OSError as error:
        raise CrexError(
            "STORAGE_UNAVAILABLE",
            f"The folder cannot be used ({error.strerror}). Name another with --home.",
            source=str(home),
        ) from error
    if taken:
        raise CrexError(
            "STORAGE_UNAVAILABLE",
            "The folder is not empty. A development broker begins anew each time: name an empty folder "
            "with --home.",
            source=str(home),
        )


def _tell_ready(dev: DevBroker) -> None:
    """Writes `dev.json` whole: whoever finds it, finds a broker that answers."""
    facts = {
        "target": dev.target,
        "broker": BROKER,
        "home": str(dev.home),
        "parties": {
            authority: {"role": role, "folder": str(dev.home / authority)} for authority, role in PARTIES
        },
        "pid": os.getpid(),
    }
    part = dev.home / f"{READY_FILE}.part"
    part.write_text(json.dumps(facts, indent=2) + "\n", "utf-8")
    part.replace(dev.home / READY_FILE)
