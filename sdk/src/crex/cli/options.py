"""Options that many commands have, and the values that argparse reads for them."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from crex.cli.result import Result

Commands = Any  # argparse keeps the type of what add_subparsers gives to itself
# The unpadded base64url of 32 bytes (ENV-KEYID-1).
_HYPHENED_KEY: Final = re.compile("-[A-Za-z0-9_-]{41}[AEIMQUYcgkosw048]")

# As in crex.trust.identity, which takes too long to import for a command line that is only read.
TRUST_VALID_FOR: Final = timedelta(days=365)

Run = Callable[[argparse.Namespace], "Result"]


@cache
def common(*, default: Any = argparse.SUPPRESS) -> argparse.ArgumentParser:
    """The options of every command; given before it or after it."""
    parser = argparse.ArgumentParser(add_help=False)
    group = parser.add_argument_group("options of every command")
    flag = argparse.SUPPRESS if default is argparse.SUPPRESS else False
    group.add_argument("--json", action="store_true", default=flag, help="answer as JSON")
    group.add_argument(
        "-o", "--output", type=Path, default=default, metavar="PATH", help="write the answer there"
    )
    group.add_argument(
        "--home",
        type=Path,
        default=default,
        metavar="DIR",
        help="folder of identities ($CREX_HOME or ~/.config/crex)",
    )
    group.add_argument(
        "--as",
        dest="authority",
        default=default,
        metavar="AUTHORITY",
        help="act as this identity ($CREX_AS, or the only one there is)",
    )
    group.add_argument(
        "--broker",
        default=default,
        metavar="[AUTHORITY@]HOST:PORT",
        help="the broker ($CREX_BROKER, or the one that was pinned with an address)",
    )
    group.add_argument(
        "--proxy-roots",
        default=default,
        metavar="FILE",
        help="TLS ends at a proxy before the broker: the roots of its certificate, PEM, or `system` "
        "($CREX_PROXY_ROOTS)",
    )
    return parser


def group(commands: Commands, name: str, about: str) -> Commands:
    """Adds a command that has commands of its own."""
    parser = commands.add_parser(name, help=about, description=about)
    return parser.add_subparsers(required=True, metavar="COMMAND", dest=f"{name}_command")


def command(commands: Commands, name: str, run: Run, about: str) -> argparse.ArgumentParser:
    """Adds a command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=about, description=about, parents=[common()]
    )
    parser.set_defaults(run=run)
    return parser


def waiting(parser: argparse.ArgumentParser, what: str) -> None:
    """Adds `--wait`."""
    parser.add_argument(
        "--wait",
        type=duration,
        nargs="?",
        const=timedelta(seconds=60),
        default=None,
        metavar="TIME",
        help=f"wait until {what}, at most this long (60s)",
    )


def request_id(parser: argparse.ArgumentParser) -> None:
    """Adds `--request-id`."""
    parser.add_argument(
        "--request-id",
        metavar="ID",
        help="send under this identifier: repeats a request whose answer was lost (a new one)",
    )


def reason(parser: argparse.ArgumentParser) -> None:
    """Adds `--reason`, for the journal of the own trust document."""
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, for the journal")


def trust_valid_for(parser: argparse.ArgumentParser, what: str) -> None:
    """Adds `--valid-for`, of the next revision of the own trust document."""
    parser.add_argument(
        "--valid-for",
        type=duration,
        default=TRUST_VALID_FOR,
        metavar="TIME",
        help=f"how long {what} holds (365d)",
    )


def duration(text: str) -> timedelta:
    """Reads a length of time such as 24h."""
    from crex.demand.literals import read_duration
    from crex.errors import CrexError

    try:
        return read_duration(text)
    except CrexError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no length of time; write a number and a unit, such as 24h, 90min or 7d"
        ) from error


def moment(text: str) -> datetime:
    """Reads a time such as 2026-12-01T08:00:00Z; `now` is the present."""
    from crex.documents.times import SystemClock, parse_time
    from crex.errors import CrexError

    if text == "now":
        return SystemClock().now()
    try:
        return parse_time(text).astimezone(UTC)
    except CrexError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time; write it in UTC, such as 2026-12-01T08:00:00Z"
        ) from error


def shield_keys(arguments: list[str]) -> list[str]:
    """Keeps names of keys that begin with a hyphen from being taken for options.

    One in 64 does. argparse takes no text with a space in it for an option; `key_name` takes the space off.
    """
    return [f"{text} " if _HYPHENED_KEY.fullmatch(text) else text for text in arguments]


def key_name(text: str) -> str:
    """Reads the name of a key."""
    return text.rstrip(" ")


def positive(text: str) -> int:
    """Reads a whole number from 1."""
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= 10**12):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to 1000000000000")
    return int(text)
