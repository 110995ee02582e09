"""How much one party may ask of the broker: calls and bytes by time, streams at once (RPC-RATE-1).

Each party has a bucket of its own, so one that floods harms only itself. A bucket holds at most a burst and
fills steadily; whole numbers of nanoseconds are counted, so that nothing is lost to rounding. Parties are
known by their enrolment before anything is charged, so there are never more buckets than parties.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from crex.errors import CrexError

_SECOND_NS: Final = 1_000_000_000
_MS_NS: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """What each party may ask; validated by the configuration that makes it.

    Attributes:
        calls_per_second: Calls, and messages on streams, in the long run.
        call_burst: Calls at once after a pause.
        bytes_per_second: Bytes of requests in the long run.
        byte_burst: Bytes at once after a pause; at least the largest message.
        streams: Streams at once.
    """

    calls_per_second: int = 10_000
    call_burst: int = 20_000
    bytes_per_second: int = 64 << 20
    byte_burst: int = 128 << 20
    streams: int = 16


class Rates:
    """The buckets of all parties."""

    def __init__(self, limits: RateLimits, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        """Makes full buckets.

        Args:
            limits: What each party may ask.
            now_ns: A clock that never goes back, in nanoseconds.
        """
        self._limits = limits
        self._now_ns = now_ns
        self._buckets: dict[str, tuple[_Bucket, _Bucket]] = {}
        self._streams: Counter[str] = Counter()

    def charge(self, authority: str, size: int) -> None:
        """Charges one call or message to a party.

        Args:
            authority: The party.
            size: Bytes of the request.

        Raises:
            CrexError: RATE_LIMITED, with `retry_after_ms` in the details; nothing was then charged.
        """
        limits, now = self._limits, self._now_ns()
        buckets = self._buckets.get(authority)
        if buckets is None:
            buckets = self._buckets[authority] = (
                _Bucket(limits.calls_per_second, limits.call_burst, now),
                _Bucket(limits.bytes_per_second, limits.byte_burst, now),
            )
        calls, octets = buckets
        wait_ns = max(calls.wait_ns(1, now), octets.wait_ns(size, now))
        if wait_ns:
            raise _limited(
                authority,
                f"more than {limits.calls_per_second} calls or {limits.bytes_per_second} bytes a second",
                -(-wait_ns // _MS_NS),
            )
        calls.take(1)
        octets.take(size)

    @contextmanager
    def stream(self, authority: str) -> Iterator[None]:
        """Counts one stream of a party while it lasts.

        Raises:
            CrexError: RATE_LIMITED, where the party has as many as it may.
        """
        if self._streams[authority] >= self._limits.streams:
            raise _limited(authority, f"more than {self._limits.streams} streams at once", 1000)
        self._streams[authority] += 1
        try:
            yield
        finally:
            self._streams[authority] -= 1


class _Bucket:
    """Units that fill up with time. A level is kept in units times nanoseconds of a second."""

    __slots__ = ("_full", "_level", "_per_second", "_then")

    def __init__(self, per_second: int, burst: int, now: int) -> None:
        self._per_second = per_second
        self._full = burst * _SECOND_NS
        self._level = self._full
        self._then = now

    def wait_ns(self, units: int, now: int) -> int:
        """Tells how long it takes until so many units are there; 0 if they are."""
        self._level = min(self._full, self._level + (now - self._then) * self._per_second)
        self._then = now
        # What exceeds a whole bucket could never be taken: it is let through once the bucket is full.
        missing = min(units * _SECOND_NS, self._full) - self._level
        return max(0, -(-missing // self._per_second))

    def take(self, units: int) -> None:
        """Takes units out."""
        self._level -= min(units * _SECOND_NS, self._full)


def _limited(authority: str, what: str, retry_ms: int) -> CrexError:
    return CrexError(
        "RATE_LIMITED",
        f"{authority} asks for {what}. Send the same request again after {retry_ms} ms, and spread the "
        "others out; the broker's operator can raise the limit (RPC-RATE-1).",
        details={"retry_after_ms": str(retry_ms), "requirement": "RPC-RATE-1"},
    )
