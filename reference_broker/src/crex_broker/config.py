"""The configuration of a broker: one frozen value, read from one TOML file, validated before it starts."""

from __future__ import annotations

import ipaddress
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from crex.errors import CrexError, Violation
from crex.names import parse_authority
from crex_broker.application.limits import Limits
from crex_broker.log.settings import LogSettings
from crex_broker.rpc.rates import RateLimits

N = TypeVar("N", Limits, RateLimits)

LOG_LEVELS: Final = ("debug", "info", "warning", "error")
_LISTEN = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):([0-9]{1,5})")
_PORT_MAX: Final = 65_535
_DRAIN_MAX_S: Final = 600
_LIMIT_MAX: Final = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that a broker must be told.

    Attributes:
        identity: Folder of the broker's identity, as `crex-broker init` makes it.
        database: The SQLite file; its folder must exist.
        host: Address or name to listen at.
        port: Port to listen at; 0 for a free one.
        tokens: Host and port for callers whose TLS ends at a proxy; nothing: they are not served.
        log_level: Least severity that is logged: debug, info, warning or error.
        drain_s: Seconds that calls under way are given when the broker is told to stop.
        limits: Limits and defaults of the exchange.
        rates: What each party may ask.
        log: Where the published log is, and who co-signs it.
    """

    identity: Path
    database: Path
    host: str = "127.0.0.1"
    port: int = 8443
    tokens: tuple[str, int] | None = None
    log_level: str = "info"
    drain_s: int = 10
    limits: Limits = field(default_factory=Limits)
    rates: RateLimits = field(default_factory=RateLimits)
    log: LogSettings

    @property
    def is_loopback(self) -> bool:
        """Whether only programs of this machine can reach the broker."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def load_config(path: Path) -> Config:
    """Reads a configuration file. Relative paths in it start at its own folder.

    Raises:
        CrexError: SCHEMA, with every wrong key and value and what to do about each; `source` is the file.
    """
    try:
        with path.open("rb") as file:
            table = tomllib.load(file)
    except OSError as error:
        raise CrexError(
            "SCHEMA",
            f"The configuration cannot be read ({error.strerror}). Name another with --config.",
            source=str(path),
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CrexError("SCHEMA", f"The configuration is not TOML: {error}.", source=str(path)) from error
    reader = _Reader(table, path.resolve().parent)
    config = reader.config()
    if reader.violations:
        count = len(reader.violations)
        raise CrexError(
            "SCHEMA",
            f"The configuration has {count} mistake{'s' if count > 1 else ''}; the broker does not start.",
            violations=reader.violations,
            source=str(path),
        )
    return config


class _Reader:
    """Takes values out of a table and notes every mistake, so that all are told at once."""

    def __init__(self, table: Mapping[str, Any], folder: Path) -> None:
        self._left = dict(table)
        self._folder = folder
        self.violations: list[Violation] = []

    def config(self) -> Config:
        """Reads the whole table."""
        host, port = self._listen("listen", self._left.pop("listen", "127.0.0.1:8443"))
        tokens = self._left.pop("listen_tokens", None)
        database = self._path("database")
        config = Config(
            identity=self._path("identity"),
            database=database,
            host=host,
            port=port,
            tokens=None if tokens is None else self._listen("listen_tokens", tokens),
            log_level=self._log_level(self._left.pop("log_level", "info")),
            drain_s=self._integer("drain_s", self._left.pop("drain_s", 10), 0, _DRAIN_MAX_S, 10),
            limits=self._numbers("limits", self._left.pop("limits", {}), Limits()),
            rates=self._numbers("rates", self._left.pop("rates", {}), RateLimits()),
            log=self._log(self._left.pop("log", {}), database),
        )
        known = (
            "identity", "database", "listen", "listen_tokens", "log_level", "drain_s", "limits", "rates",
            "log",
        )  # fmt: skip
        self._refuse_unknown("", self._left, known)
        return config

    def _path(self, key: str) -> Path:
        value = self._left.pop(key, None)
        if isinstance(value, str) and value:
            return self._folder / Path(value).expanduser()
        found = "is missing" if value is None else f"is {value!r}, not a path"
        self._note(key, found, f'Write {key} = "/path".')
        return self._folder

    def _listen(self, key: str, value: object) -> tuple[str, int]:
        match = _LISTEN.fullmatch(value) if isinstance(value, str) else None
        if match is None or int(match[3]) > _PORT_MAX:
            self._note(key, f"is {value!r}, not host:port", f'Write {key} = "0.0.0.0:8443".')
            return "127.0.0.1", 0
        return match[1] or match[2], int(match[3])

    def _log_level(self, value: object) -> str:
        if value in LOG_LEVELS:
            return str(value)
        self._note("log_level", f"is {value!r}", f"Write one of {', '.join(LOG_LEVELS)}.")
        return "info"

    def _numbers(self, section: str, table: object, defaults: N) -> N:
        """Reads a section of whole numbers, each above zero; what it leaves out stays as it is."""
        if not isinstance(table, dict):
            self._note(section, "is not a table", f"Write a section [{section}].")
            return defaults
        names = tuple(one.name for one in fields(defaults))
        given = {
            name: self._integer(f"{section}.{name}", table[name], 1, _LIMIT_MAX, getattr(defaults, name))
            for name in names
            if name in table
        }
        self._refuse_unknown(f"{section}.", {key: table[key] for key in table if key not in names}, names)
        return replace(defaults, **given)

    def _log(self, table: object, database: Path) -> LogSettings:
        """Reads where the published log is, and who co-signs it."""
        standing = LogSettings.beside(database)
        if not isinstance(table, dict):
            self._note("log", "is not a table", "Write a section [log].")
            return standing
        left = dict(table)
        folder, witnesses = left.pop("folder", None), left.pop("witnesses", [])
        if folder is not None and not (isinstance(folder, str) and folder):
            self._note("log.folder", f"is {folder!r}, not a path", 'Write folder = "/path".')
            folder = None
        if not isinstance(witnesses, list):
            self._note("log.witnesses", f"is {witnesses!r}", 'Write witnesses = ["witness.example.cn"].')
            witnesses = []
        for at, witness in enumerate(witnesses):
            self._authority(f"log.witnesses[{at}]", witness)
        self._refuse_unknown("log.", left, ("folder", "witnesses"))
        named = standing.folder if folder is None else self._folder / Path(folder).expanduser()
        known = tuple(dict.fromkeys(one for one in witnesses if isinstance(one, str)))
        return LogSettings(folder=named, witnesses=known)

    def _authority(self, key: str, value: object) -> None:
        try:
            parse_authority(value if isinstance(value, str) else "")
        except CrexError:
            self._note(key, f"is {value!r}, no authority", 'Write a DNS name, as "witness.example.cn".')

    def _integer(self, key: str, value: object, low: int, high: int, default: int) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self._note(key, f"is {value!r}", f"Write a whole number from {low} to {high}.")
        return default

    def _refuse_unknown(self, prefix: str, left: Mapping[str, object], known: tuple[str, ...]) -> None:
        for key in left:
            self._note(
                f"{prefix}{key}", "is not a key of the configuration", f"Known are {', '.join(known)}."
            )

    def _note(self, key: str, message: str, fix: str) -> None:
        self.violations.append(Violation(f"$.{key}", message, fix=fix))
