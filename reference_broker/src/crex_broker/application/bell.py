"""Tells waiters in this process that something was committed; what it was, they read from the store."""

from __future__ import annotations

import asyncio
from typing import Final, Self

# The key by which the timers are woken.
TIMERS: Final = "timers"


class Bell:
    """Rings by key, such as a provider's authority; a ring that nobody hears is no loss."""

    def __init__(self) -> None:
        self._waiters: dict[str, set[asyncio.Event]] = {}

    def ring(self, key: str) -> None:
        """Wakes everyone who waits for `key`."""
        for waiter in self._waiters.get(key, ()):
            waiter.set()

    def listen(self, key: str) -> Listener:
        """Begins to listen for `key`: rings from now on are not missed, even between two waits."""
        return Listener(self._waiters, key)


class Listener:
    """Hears one key's rings; use as a context manager."""

    def __init__(self, waiters: dict[str, set[asyncio.Event]], key: str) -> None:
        self._waiters = waiters
        self._key = key
        self._event = asyncio.Event()
        waiters.setdefault(key, set()).add(self._event)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        heard = self._waiters.get(self._key)
        if heard is not None:
            heard.discard(self._event)
            if not heard:
                del self._waiters[self._key]

    async def heard(self) -> None:
        """Waits for the next ring since the last call."""
        await self._event.wait()
        self._event.clear()
