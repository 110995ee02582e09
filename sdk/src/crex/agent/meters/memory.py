"""Memory held: level × time, from levels that are looked at again and again.

Between two looks the level of the first counts, since nobody knows better; the more often one looks, the less
that matters. Levels are whole kibibytes and time is whole milliseconds, so that nothing is rounded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from crex.agent.meters.source import Count, UnreadableError
from crex.describe.machine import Machine
from crex.describe.values import whole

_KIB: Final = 1024
_MS: Final = 1000
_OWN: Final = "/proc/self/smaps_rollup"

# Gives a level in KiB.
Level = Callable[[], int]


def group_level(machine: Machine, folder: str) -> Level:
    """Looks at the memory of a control group: `memory.current`, or `memory.usage_in_bytes` in version 1."""

    def look() -> int:
        for name in ("memory.current", "memory.usage_in_bytes"):
            found = whole(machine.text(f"{folder}/{name}"))
            if found is not None:
                return found // _KIB
        raise UnreadableError(f"neither memory.current nor memory.usage_in_bytes is in {folder}")

    return look


def process_level(machine: Machine, pids: Callable[[], Iterable[int]]) -> Level:
    """Looks at the memory of processes: the sum of their proportional shares (`Pss` of smaps_rollup).

    What several of them share is counted once. A process that ends meanwhile holds nothing any more; so does
    one of another user, whose share cannot be read. A kernel that states no shares makes all unreadable.
    """

    def look() -> int:
        if not machine.exists(_OWN):
            raise UnreadableError(f"this kernel has no {_OWN}")
        level = 0
        for pid in pids():
            text = machine.text(f"/proc/{pid}/smaps_rollup") or ""
            for line in text.splitlines():
                name, _, rest = line.partition(":")
                size = rest.split()
                if name == "Pss" and size[1:] == ["kB"]:
                    level += whole(size[0]) or 0
        return level

    return look


class HeldMemory:
    """Level × time since it was made, in KiB·ms; `look` again and again, also from several threads."""

    dimension, unit, scale = "memory-time", "kib-s", _MS

    def __init__(self, level: Level, method: str, clock_ms: Callable[[], int]) -> None:
        """Makes a source.

        Args:
            level: Looks at the level.
            method: How, for people.
            clock_ms: Milliseconds of a clock that nobody sets.
        """
        self.method = method
        self._level = level
        self._clock_ms = clock_ms
        self._at_ms = clock_ms()
        self._held = 0
        self._total = 0
        self._lock = threading.Lock()

    def look(self) -> None:
        """Counts what was held since the last look, and looks again.

        Raises:
            UnreadableError: The level cannot be read; from now on nothing counts as held until it can.
        """
        with self._lock:
            now_ms = self._clock_ms()
            self._total += self._held * max(now_ms - self._at_ms, 0)
            self._at_ms, self._held = now_ms, 0
            self._held = self._level()

    def counts(self) -> Sequence[Count]:
        """Gives level × time up to now."""
        self.look()
        return (Count(name="memory", value=self._total),)
