"""What a lease is and how long it was in use: the bounds of all that may be billed (rate/1, step 5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crex.errors import RatingError
from crex.metering.span import Span, show_ms, timestamp_ms
from crex.v1 import Lease, ServiceEvent, ServiceEventKind

# Mode token of offers that can be interrupted (RATE-RESTRICTION-1).
INTERRUPTIBLE_MODE = "spot"


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """A lease as it was sold.

    Attributes:
        name: Name of the lease.
        order: Name of the order.
        quantity: Units leased.
        interval: Interval for which it is leased.
        region: Region token of the offer's terms; nothing where they name none.
        interruptible: Whether the offer's mode is `spot` (RATE-RESTRICTION-1).
    """

    name: str
    order: str
    quantity: int
    interval: Span
    region: str | None = None
    interruptible: bool = False

    def active(self, events: Iterable[ServiceEvent]) -> Span:
        """Returns the time in which the lease was in use: nothing outside it is billed (RATE-ACTIVE-1).

        Args:
            events: All service events of the lease, from its beginning, in any order.

        Returns:
            [activation, termination) within the leased interval; empty where it was never activated. A lease
            that was not terminated ends with its interval.

        Raises:
            RatingError: CONFLICT if two events of one kind state different times, if it was terminated
                without or before its activation (BATCH-EVENT-1), or if an outage has no end after its start
                or comes before the activation (BATCH-OUTAGE-1).
        """
        begun = _instant(events := list(events), ServiceEventKind.SERVICE_EVENT_KIND_ACTIVATED, self.name)
        ended = _instant(events, ServiceEventKind.SERVICE_EVENT_KIND_TERMINATED, self.name)
        if ended is not None and (begun is None or ended < begun):
            raise _conflict(
                f"lease {self.name} was terminated at {show_ms(ended)}, before it was activated", self.name
            )
        for event in events:
            _check_outage(event, begun, self.name)
        if begun is None:
            return Span(self.interval.start_ms, self.interval.start_ms)
        start = min(max(begun, self.interval.start_ms), self.interval.end_ms)
        end = self.interval.end_ms if ended is None else min(ended, self.interval.end_ms)
        return Span(start, max(start, end))


def use_of(lease: Lease) -> Span:
    """Returns the time of use as the broker's lease object states it (BILLING-BOUNDS-1).

    Returns:
        [activated_at, min(interval.end, terminated_at, ended_at)), within the interval; empty where it was
        never activated.
    """
    interval = Span.of(lease.interval)
    if not lease.HasField("activated_at"):
        return Span(interval.start_ms, interval.start_ms)
    ends = [interval.end_ms]
    ends += [timestamp_ms(lease.terminated_at)] if lease.HasField("terminated_at") else []
    ends += [timestamp_ms(lease.ended_at)] if lease.HasField("ended_at") else []
    start = min(max(timestamp_ms(lease.activated_at), interval.start_ms), interval.end_ms)
    return Span(start, max(start, min(ends)))


def _instant(events: Iterable[ServiceEvent], kind: ServiceEventKind.ValueType, lease: str) -> int | None:
    instants = {timestamp_ms(event.at) for event in events if event.kind == kind}
    if len(instants) > 1:
        shown = " and ".join(show_ms(instant) for instant in sorted(instants))
        name = ServiceEventKind.Name(kind).removeprefix("SERVICE_EVENT_KIND_")
        raise _conflict(f"lease {lease} has several events {name}, at {shown}", lease)
    return instants.pop() if instants else None


def _check_outage(event: ServiceEvent, begun: int | None, lease: str) -> None:
    """Checks that an outage is one, and that nothing else ends (BATCH-OUTAGE-1)."""
    at = timestamp_ms(event.at)
    if event.kind != ServiceEventKind.SERVICE_EVENT_KIND_OUTAGE:
        if event.HasField("until"):
            raise _conflict(
                f"an event of lease {lease} that is no outage states an end", lease, "BATCH-OUTAGE-1"
            )
        return
    if not event.HasField("until") or timestamp_ms(event.until) <= at:
        what = f"an outage of lease {lease} at {show_ms(at)} has no end after it"
        raise _conflict(what, lease, "BATCH-OUTAGE-1")
    if begun is None or at < begun:
        what = f"an outage of lease {lease} at {show_ms(at)} comes before its activation"
        raise _conflict(what, lease, "BATCH-OUTAGE-1")


def _conflict(what: str, lease: str, requirement: str = "BATCH-EVENT-1") -> RatingError:
    return RatingError(
        "CONFLICT",
        f"The time that may be billed is not defined: {what}. Have the provider seal usage with one "
        "activation and, after it, at most one termination; outages have an end "
        f"(step 5, {requirement}).",
        details={"step": "5", "requirement": requirement, "lease": lease},
    )
