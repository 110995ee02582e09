"""Service events of a lease over all its batches: one beginning, one end, outages between (metering.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from crex.metering.errors import UsageError, refused
from crex.metering.span import show_ms, timestamp_ms
from crex.v1 import ServiceEvent, ServiceEventKind

_ACTIVATED = ServiceEventKind.SERVICE_EVENT_KIND_ACTIVATED
_TERMINATED = ServiceEventKind.SERVICE_EVENT_KIND_TERMINATED
_OUTAGE = ServiceEventKind.SERVICE_EVENT_KIND_OUTAGE


def checked_events(earlier: Sequence[ServiceEvent], more: Iterable[ServiceEvent]) -> Iterator[ServiceEvent]:
    """Yields further events of a lease, each held to those before it.

    Args:
        earlier: Events of the lease's earlier batches, by time.
        more: Events of the next batch.

    Raises:
        UsageError: CONFLICT where they do not ascend in time, or, outages aside, are other than one ACTIVATED
            and after it at most one TERMINATED (BATCH-EVENT-1); where an outage comes before ACTIVATED or
            has no `until` after its `at`, or another event has an `until` (BATCH-OUTAGE-1).
    """
    known = {event.kind for event in earlier}
    latest = timestamp_ms(earlier[-1].at) if earlier else None
    for event in more:
        at, name = timestamp_ms(event.at), kind_name(event)
        if event.kind == _OUTAGE:
            _check_outage(event, known=_ACTIVATED in known)
        elif event.HasField("until"):
            raise _outage(f"{name} at {show_ms(at)} states an `until`, which only an OUTAGE has")
        elif event.kind in known:
            raise _event(f"a second {name} comes at {show_ms(at)}")
        elif event.kind == _TERMINATED and _ACTIVATED not in known:
            raise _event(f"{name} at {show_ms(at)} comes before ACTIVATED")
        if latest is not None and at < latest:
            raise _event(f"{name} at {show_ms(at)} is listed after an event at {show_ms(latest)}")
        known.add(event.kind)
        latest = at
        yield event


def kind_name(event: ServiceEvent) -> str:
    """Returns the name of an event's kind for people, such as OUTAGE."""
    return ServiceEventKind.Name(event.kind).removeprefix("SERVICE_EVENT_KIND_")


def _check_outage(event: ServiceEvent, *, known: bool) -> None:
    at = timestamp_ms(event.at)
    if not known:
        raise _outage(f"an OUTAGE at {show_ms(at)} comes before ACTIVATED, when there was nothing to deliver")
    if not event.HasField("until") or timestamp_ms(event.until) <= at:
        ended = f"ended at {show_ms(timestamp_ms(event.until))}" if event.HasField("until") else "has no end"
        raise _outage(f"the OUTAGE at {show_ms(at)} {ended}, which is no time in which delivery failed")


def _event(what: str) -> UsageError:
    return refused(
        "CONFLICT",
        "BATCH-EVENT-1",
        f"The service events are contradictory: {what}. Billing starts at the one ACTIVATED and ends at the "
        "one TERMINATED after it; list events by ascending time.",
    )


def _outage(what: str) -> UsageError:
    return refused(
        "CONFLICT",
        "BATCH-OUTAGE-1",
        f"The service events are contradictory: {what}. State an outage once it is over, with `at` and a "
        "later `until`, after ACTIVATED.",
    )
