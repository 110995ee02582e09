"""Counters of a host, which wrap, begin anew and are several, as one count that only grows (metering.md).

A source gives raw counts; `SourceMeter` adds up by how much they grew since the reading before. Its state is
small and can be kept by whoever runs it, so that it goes on after a restart of its own process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol, Self

from crex.agent.hooks import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One raw counter at one instant.

    Attributes:
        name: What it counts within its source: a zone, a device, an interface.
        value: What it stands at, in the source's smallest unit.
        life: Names the time over which it counts on; another life means that it began anew.
        wraps_at: Value at which it goes back to zero and counts on; nothing: never.
        from_zero: Whether a counter that began anew began at zero, so that all of it was counted since.
    """

    name: str
    value: int
    life: str = ""
    wraps_at: int | None = None
    from_zero: bool = True


class Source(Protocol):
    """Something that counts.

    Attributes:
        dimension: Dimension token.
        unit: Unit token.
        scale: Counts that make one unit.
        method: How it is read, for people.
    """

    @property
    def dimension(self) -> str: ...  # noqa: D102 - see the class

    @property
    def unit(self) -> str: ...  # noqa: D102 - see the class

    @property
    def scale(self) -> int: ...  # noqa: D102 - see the class

    @property
    def method(self) -> str: ...  # noqa: D102 - see the class

    def counts(self) -> Sequence[Count]:
        """Reads the counters now.

        Raises:
            UnreadableError: The source is not there, or not wholly.
        """
        ...


class UnreadableError(Exception):
    """A source cannot be read; the text says which file or library, and why."""


@dataclass(slots=True)
class SourceMeter:
    """A meter over a source: what was counted since it was made.

    Attributes:
        source: The source.
        total: Counts so far, in the source's smallest unit.
    """

    source: Source
    total: int = 0
    _last: dict[str, tuple[str, int]] = field(default_factory=dict)
    _begun: bool = False

    @classmethod
    def resumed(cls, source: Source, state: Mapping[str, Any]) -> Self:
        """Gives back the meter whose state `to_json` gave."""
        last = {name: (life, int(value)) for name, (life, value) in state["last"].items()}
        return cls(source, int(state["total"]), last, True)

    def to_json(self) -> dict[str, Any]:
        """Gives where it stands, to be kept."""
        last = {name: [life, str(value)] for name, (life, value) in self._last.items()}
        return {"total": str(self.total), "last": last}

    def read(self) -> Reading:
        """Reads the source; the first reading is 0, for what was counted before is nobody's.

        A counter that is seen for the first time later counts from there too: nobody read what it stood at
        before.

        Raises:
            UnreadableError: The source cannot be read; the next reading has what was counted meanwhile.
        """
        counts = self.source.counts()
        if self._begun:
            self.total += sum(map(self._grown, counts))
        self._last |= {count.name: (count.life, count.value) for count in counts}
        self._begun = True
        return Reading(
            meter_id=self.source.dimension,
            dimension=self.source.dimension,
            unit=self.source.unit,
            value=Fraction(self.total, self.source.scale),
            holding=False,
            method=self.source.method,
        )

    def _grown(self, count: Count) -> int:
        known = self._last.get(count.name)
        if known is None:
            return 0
        life, last = known
        if life == count.life:
            if count.value >= last:
                return count.value - last
            if count.wraps_at is not None and last <= count.wraps_at:
                return count.wraps_at - last + count.value
        # USAGE-COUNTER-1: counted anew from where the source began anew, if that is known to be zero.
        return count.value if count.from_zero else 0
