"""Bytes through network interfaces, as the kernel counts them in /proc/net/dev.

A network namespace has counters of its own: give a process in it. In that of the host, name the interfaces: a
bridge and what is plugged into it would both count one packet.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final

from crex.agent.meters.cpu import boot_of
from crex.agent.meters.source import Count, UnreadableError
from crex.agent.meters.wall import start_of
from crex.describe.machine import Machine
from crex.describe.values import whole

_COLUMNS: Final = 16
_LOOPBACK: Final = "lo"


class Direction(Enum):
    """Which way; the value is the column of /proc/net/dev."""

    RECEIVED = 0
    SENT = 8


class Network:
    """Bytes that interfaces received, or sent."""

    unit, scale = "byte", 1

    def __init__(
        self,
        machine: Machine,
        direction: Direction,
        *,
        interfaces: Sequence[str] = (),
        pid: int | None = None,
    ) -> None:
        """Makes a source.

        Args:
            machine: The host.
            direction: Which bytes.
            interfaces: Which interfaces; none: all but the loopback, in the namespace of a process.
            pid: A process in the namespace; nothing: the namespace of the host.

        Raises:
            ValueError: Neither interfaces nor a process is named.
        """
        if not interfaces and pid is None:
            raise ValueError("name the interfaces, or a process whose namespace has its own")
        self.dimension = "network-received" if direction is Direction.RECEIVED else "network-sent"
        self._machine = machine
        self._column = direction.value
        self._interfaces = frozenset(interfaces)
        self._pid = pid
        self._began = start_of(machine, pid) if pid is not None else None
        self._path = f"/proc/{pid}/net/dev" if pid is not None else "/proc/net/dev"
        self.method = (
            f"/proc/{'<pid>/' if pid is not None else ''}net/dev {' '.join(sorted(interfaces))}".strip()[:256]
        )

    def counts(self) -> Sequence[Count]:
        """Reads every interface that counts; a count that went back began anew at zero with its interface."""
        text, life = self._machine.text(self._path), boot_of(self._machine)
        if self._pid is not None:
            if start_of(self._machine, self._pid) != self._began:
                raise UnreadableError(
                    f"process {self._pid} has ended, and its number is another's or nobody's"
                )
            life = f"{life} {self._began}"
        if text is None:
            raise UnreadableError(f"{self._path} cannot be read")
        found = []
        for line in text.splitlines()[2:]:
            name, _, rest = line.rpartition(":")
            name, cells = name.strip(), rest.split()
            wanted = name in self._interfaces if self._interfaces else name != _LOOPBACK
            value = whole(cells[self._column]) if len(cells) == _COLUMNS else None
            if wanted and value is not None:
                found.append(Count(name=name, value=value, life=life))
        missing = self._interfaces - {count.name for count in found}
        if missing:
            raise UnreadableError(f"{self._path} has no interface {', '.join(sorted(missing))}")
        return found
