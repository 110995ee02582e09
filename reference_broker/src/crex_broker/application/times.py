"""Times between messages and the store's whole milliseconds."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from crex import v1
from crex.errors import CrexError, Violation

_NANOS_PER_MS = 1_000_000


def timestamp(ms: int) -> Timestamp:
    """Gives the time of a number of milliseconds since 1970."""
    seconds, rest = divmod(ms, 1000)
    return Timestamp(seconds=seconds, nanos=rest * _NANOS_PER_MS)


def ms_of(time: Timestamp, path: str) -> int:
    """Gives milliseconds since 1970.

    Args:
        time: A time of a request.
        path: Its place in the request, for messages.

    Raises:
        CrexError: SCHEMA where it has parts of a millisecond (SCALAR-TIME-1).
    """
    return time.seconds * 1000 + _whole(time.nanos, path, "SCALAR-TIME-1")


def duration_ms(duration: Duration, path: str) -> int:
    """Gives the milliseconds of a duration.

    Raises:
        CrexError: SCHEMA where it is negative or has parts of a millisecond (SCALAR-DURATION-1).
    """
    ms = duration.seconds * 1000 + _whole(duration.nanos, path, "SCALAR-DURATION-1")
    if ms < 0:
        raise _refused(
            path, "a duration is not negative", "SCALAR-DURATION-1", "State how long, from zero up."
        )
    return ms


def interval_ms(interval: v1.Interval, path: str) -> tuple[int, int]:
    """Gives start and end of an interval in milliseconds.

    Raises:
        CrexError: SCHEMA where it is empty or ends before it begins (SCALAR-INTERVAL-1).
    """
    start = ms_of(interval.start, f"{path}.start")
    end = ms_of(interval.end, f"{path}.end")
    if end <= start:
        raise _refused(
            f"{path}.end",
            "the end lies not after the start",
            "SCALAR-INTERVAL-1",
            "The end is exclusive: put it later.",
        )
    return start, end


def _whole(nanos: int, path: str, requirement: str) -> int:
    ms, rest = divmod(nanos, _NANOS_PER_MS)
    if rest:
        raise _refused(
            path, "the time has parts of a millisecond", requirement, "Cut it to whole milliseconds."
        )
    return ms


def _refused(path: str, message: str, requirement: str, fix: str) -> CrexError:
    violation = Violation(path, message, requirement, fix)
    return CrexError(
        "SCHEMA", f"The request breaks the contract at {path}: {message}", violations=[violation]
    )
