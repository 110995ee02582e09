"""Steps 3 to 5 of `rate/1`: which records count, what is missing, and what may be claimed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from fractions import Fraction
from itertools import accumulate, pairwise

from conformance.tests.independent import bill as bills
from conformance.tests.independent.bill import Bill, Lease, Measure, Value, ms
from conformance.tests.independent.refusal import Refused


def settle(bill: Bill) -> bool:
    """Finds the counting records and the active time of each lease; tells whether every number is there.

    Raises:
        Refused: Records or events contradict each other, or claim what may not be claimed.
    """
    whole = []
    for lease in bill.leases:
        lease.counting = _counting(bills.unfold(lease.value["records"]))
        whole.append(_complete(lease))
        lease.active = _active(lease)
        _claims(lease)
        for held in set().union(*(plan.kinds("TIME") for plan in bill.plans)):
            if _most_held(lease.counting, held) > Fraction(lease.value["quantity"]):
                raise Refused("USAGE_OUT_OF_BOUNDS", "more is held than was leased")
    return all(whole)


def _counting(records: Iterable[Value]) -> list[Value]:
    """Steps 3 and 4: the records that count."""
    by_key: dict[tuple[str, str, int, int], Value] = {}
    for record in records:
        key = (record["lease"], record["meterId"], int(record["seq"]), int(record["revision"]))
        if json.dumps(by_key.setdefault(key, record)) != json.dumps(record):
            raise Refused("CONFLICT", f"{key} comes with different bytes")
    highest: dict[tuple[str, str, int], Value] = {}
    for key in sorted(by_key):
        highest[key[:3]] = by_key[key]
    return list(highest.values())


def _complete(lease: Lease) -> bool:
    """Step 4: whether each number from a meter's first to its highest known is recorded or marked."""
    first = lease.value.get("first_seq", {})
    seen: dict[str, set[int]] = {}
    for record in lease.counting:
        seen.setdefault(record["meterId"], set()).add(int(record["seq"]))
    for gap in lease.value["gaps"]:
        numbers = seen.setdefault(gap["meterId"], set())
        marked = set(range(int(gap["firstSeq"]), int(gap["lastSeq"]) + 1))
        if numbers & marked:
            raise Refused("CONFLICT", f"{sorted(numbers & marked)} is recorded and marked")
        numbers |= marked
    return all(
        numbers == set(range(int(first.get(meter, "1")), max(numbers) + 1)) for meter, numbers in seen.items()
    )


def _active(lease: Lease) -> tuple[int, int]:
    """The active time, from events and the lease's interval; empty where the lease was never activated."""
    events = lease.value["service_events"]
    kinds = [event["kind"].removeprefix("SERVICE_EVENT_KIND_") for event in events]
    times = {kind: ms(event["at"]) for kind, event in zip(kinds, events, strict=True) if kind != "OUTAGE"}
    made = [kind for kind in kinds if kind != "OUTAGE"]
    if made not in ([], ["ACTIVATED"], ["ACTIVATED", "TERMINATED"]) or list(times.values()) != sorted(
        times.values()
    ):
        raise Refused("CONFLICT", f"events {kinds} do not make a lease")
    _outages(lease, times.get("ACTIVATED"))
    if not made:
        return lease.start, lease.start
    return max(lease.start, times["ACTIVATED"]), min(lease.end, times.get("TERMINATED", lease.end))


def _outages(lease: Lease, activated: int | None) -> None:
    for event in lease.value["service_events"]:
        outage = event["kind"] == "SERVICE_EVENT_KIND_OUTAGE"
        if outage != ("until" in event):
            raise Refused("CONFLICT", "an outage has an end, and nothing else has")
        if not outage:
            continue
        at, until = ms(event["at"]), ms(event["until"])
        if activated is None or at < activated or until <= at:
            raise Refused("CONFLICT", "an outage before the activation, or without time")
        lease.outages.append((at, until))


def _claims(lease: Lease) -> None:
    """Step 5: what may be claimed."""
    first, last = lease.active
    for record in lease.counting:
        if record["lease"] != lease.name:
            raise Refused("USAGE_OUT_OF_BOUNDS", "a record is of another lease")
        start, end = ms(record["start"]), ms(record["end"])
        if start < first or end > last or start >= last:
            raise Refused("USAGE_OUT_OF_BOUNDS", "a record is outside the active time")
    groups: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for record in lease.counting:
        group = (record["meterId"], record["resource"], record["dimension"])
        groups.setdefault(group, []).append((ms(record["start"]), ms(record["end"])))
    for intervals in groups.values():
        lasting = sorted(it for it in intervals if it[0] < it[1])
        if any(earlier[1] > later[0] for earlier, later in pairwise(lasting)):
            raise Refused("CONFLICT", "two records overlap")


def _most_held(counting: Iterable[Value], held: Measure) -> Fraction:
    """The most that is held of a measure at any instant."""
    steps: dict[int, Fraction] = {}
    for record in counting:
        if bills.measure(record) == held and record["start"] != record["end"]:
            quantity = Fraction(record["quantity"])
            for at, step in ((ms(record["start"]), quantity), (ms(record["end"]), -quantity)):
                steps[at] = steps.get(at, Fraction(0)) + step
    return max(accumulate((steps[at] for at in sorted(steps)), initial=Fraction(0)))
