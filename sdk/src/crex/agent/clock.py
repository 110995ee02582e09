"""The broker's time as the agent can tell it: the machine's clock and a difference."""

from __future__ import annotations

from datetime import datetime, timedelta

from crex.documents.times import Clock


class BrokerClock:
    """A clock that is set by each welcome; between two it runs as the machine's does, and never goes back."""

    def __init__(self, machine: Clock) -> None:
        self._machine = machine
        self._ahead = timedelta(0)
        self._last = machine.now()

    def set(self, broker: datetime) -> None:
        """Sets the clock to the broker's time."""
        self._ahead = broker - self._machine.now()

    def now(self) -> datetime:
        """Gives the broker's time, UTC, in whole milliseconds."""
        self._last = max(self._last, self._machine.now() + self._ahead)
        return self._last
