"""`crex-broker`: runs a broker. The only place where its parts are put together, with composition.py.

Exit codes: 0 done, 1 refused (configuration, store, address, identity), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crex.errors import CrexError

if TYPE_CHECKING:
    from crex_broker.composition import OpenBroker

_DEV_GRACE_S: Final = 2.0
_DEV_HOURS: Final = 24


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; gives the exit code."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its own complaints would stand beside ours
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except CrexError as error:
        print(f"crex-broker: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"crex-broker: {place}it cannot be used ({error.strerror or error}).", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="crex-broker", description="Runs a broker of the Compute Resource Exchange."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    dev = commands.add_parser("dev", help="a throwaway broker on this machine, with parties to try it as")
    dev.add_argument("--home", type=Path, help="an empty folder for its files (default: a new temporary one)")
    dev.add_argument("--port", type=int, default=0, help="port on loopback (default: a free one)")
    dev.add_argument(
        "--lifetime",
        type=_hours,
        default=24,
        metavar="HOURS",
        help="hours that its identities hold (24, the most)",
    )
    dev.add_argument("--log-level", default="warning", help="debug, info, warning (default) or error")
    dev.set_defaults(run=_dev)

    init = commands.add_parser("init", help="make a broker's identity: keys, trust document, certificate")
    init.add_argument("authority", help="the broker's authority, such as broker.example.cn")
    init.add_argument("--folder", type=Path, required=True, help="folder for the identity")
    init.add_argument(
        "--host", action="append", default=[], help="name or address at which it answers; may be repeated"
    )
    init.set_defaults(run=_init)

    for name, run, about in (
        ("serve", _serve, "run the broker of a configuration"),
        ("migrate", _migrate, "bring the database of a configuration to this version's schema"),
    ):
        command = commands.add_parser(name, help=about)
        command.add_argument("--config", type=Path, required=True, help="configuration file, TOML")
        command.set_defaults(run=run)

    enrol = commands.add_parser("enrol", help="let a party in, while the broker is stopped")
    enrol.add_argument("trust_document", type=Path, help="the party's trust document, as a file")
    enrol.add_argument(
        "--role",
        action="append",
        required=True,
        help="provider, consumer, arbiter, publisher, attester, auditor, witness or admin; may be repeated",
    )
    enrol.add_argument(
        "--jurisdiction",
        action="append",
        default=[],
        metavar="COUNTRY",
        help="country whose records an auditor may read, such as CN; may be repeated",
    )
    enrol.add_argument("--config", type=Path, required=True, help="configuration file, TOML")
    enrol.set_defaults(run=_enrol)
    return parser


def _hours(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= _DEV_HOURS):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of hours from 1 to {_DEV_HOURS}")
    return int(text)


class _Version(argparse.Action):
    """Prints the version and ends."""

    def __call__(self, *_: object, **__: object) -> None:
        from crex_broker import __version__

        print(f"crex-broker {__version__}")
        raise SystemExit(0)


def _dev(options: argparse.Namespace) -> int:
    from crex.documents.times import SystemClock
    from crex_broker.dev import start_dev

    _log_to_stderr(options.log_level)
    home: Path = options.home or Path(tempfile.mkdtemp(prefix="crex-dev-"))

    async def run() -> None:
        lifetime = timedelta(hours=options.lifetime)
        dev = await start_dev(home, port=options.port, clock=SystemClock(), lifetime=lifetime)
        print(f"A development broker listens at {dev.target} until this process ends. Its files: {home}")
        print("Act as one of its parties from another terminal, for instance:")
        print(f"  crex --home {home} --as consumer.dev.invalid --broker {dev.target} server")
        sys.stdout.flush()
        await _until_told(lambda: dev.running.stop(_DEV_GRACE_S))

    return _run(run)


def _serve(options: argparse.Namespace) -> int:
    from crex.documents.times import SystemClock
    from crex_broker.composition import open_broker, serve_broker
    from crex_broker.config import load_config
    from crex_broker.production import load_production_identity
    from crex_broker.rpc.server import Address

    config = load_config(options.config)
    _log_to_stderr(config.log_level)
    identity = load_production_identity(config.identity)

    async def run() -> None:
        opened = await open_broker(
            identity, config.database, limits=config.limits, clock=SystemClock(), log=config.log
        )
        tokens = None if config.tokens is None else Address(*config.tokens)
        running = await serve_broker(
            opened, Address(config.host, config.port), tokens=tokens, rates=config.rates
        )
        print(f"{identity.authority} listens at {config.host}:{running.port}")
        if tokens is not None:
            print(f"Callers behind a proxy are heard at {tokens.host}:{running.token_port}")
        sys.stdout.flush()
        _rotate_when_told(opened, config.identity)
        await _until_told(lambda: running.stop(config.drain_s))

    return _run(run)


def _init(options: argparse.Namespace) -> int:
    from crex.documents.times import SystemClock
    from crex_broker.production import make_identity

    trust_file = make_identity(options.authority, options.host, options.folder, now=SystemClock().now())
    print(f"Made the identity of {options.authority} in {options.folder}.")
    print(f"Its trust document, to publish and to hand to parties: {trust_file}")
    return 0


def _migrate(options: argparse.Namespace) -> int:
    from crex.documents.times import SystemClock
    from crex_broker.config import load_config
    from crex_broker.production import load_production_identity
    from crex_broker.storage.sqlite.store import SqliteStore

    config = load_config(options.config)
    identity = load_production_identity(config.identity)
    SqliteStore(config.database, authority=identity.authority, clock=SystemClock()).close()
    print(f"{config.database} has this version's schema.")
    return 0


def _enrol(options: argparse.Namespace) -> int:
    from crex.documents.times import SystemClock
    from crex_broker.config import load_config
    from crex_broker.production import enrol_offline, load_production_identity

    config = load_config(options.config)
    identity = load_production_identity(config.identity)
    party = asyncio.run(
        enrol_offline(
            identity,
            config.database,
            options.trust_document,
            options.role,
            jurisdictions=options.jurisdiction,
            clock=SystemClock(),
        )
    )
    print(f"Enrolled {party.authority} as {', '.join(party.roles)}, trust revision {party.trust_revision}.")
    return 0


def _run(run: Callable[[], Awaitable[None]]) -> int:
    """Runs a broker until it is told to stop, on the fastest event loop that is installed."""
    factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    with contextlib.suppress(ImportError):  # an extra
        from uvloop import new_event_loop

        factory = new_event_loop

    async def body() -> None:
        await run()

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(body())
    return 0


async def _until_told(stop: Callable[[], Awaitable[None]]) -> None:
    """Waits for SIGTERM or SIGINT, then stops gracefully; a second signal ends the process at once."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    await told.wait()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_DFL)
    await stop()


def _rotate_when_told(opened: OpenBroker, folder: Path) -> None:
    """On SIGHUP reads the identity anew; where that fails, goes on with the present one and logs why."""
    from crex.documents.times import SystemClock
    from crex.trust.identity_files import open_pins
    from crex_broker.production import load_production_identity

    log = logging.getLogger("crex_broker")

    def rotate() -> None:
        try:
            identity = load_production_identity(folder)
            opened.rotate(identity, open_pins(identity, folder, now=SystemClock().now()))
        except (CrexError, OSError) as error:
            log.error("the identity was not rotated", extra={"facts": {"reason": str(error)}})
            return
        log.info("the identity was rotated", extra={"facts": {"trust_revision": identity.trust.revision}})

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, rotate)


def _log_to_stderr(level: str) -> None:
    numbers = logging.getLevelNamesMapping()
    if level.upper() not in numbers:
        raise CrexError("SCHEMA", f"There is no log level {level!r}. Use debug, info, warning or error.")
    # What no line tells need not be found out for each: the "Optimization" of Python's logging guide.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(handlers=[handler], level=numbers[level.upper()])


class _JsonLines(logging.Formatter):
    """One JSON object a line: when, how severe, where, what, and the facts beside it."""

    def format(self, record: logging.LogRecord) -> str:
        """Writes one record."""
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            "time": when.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= getattr(record, "facts", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


if __name__ == "__main__":
    raise SystemExit(main())
