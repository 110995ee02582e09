"""What a bill is rated from, read from the input of a vector."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

from conformance.tests.independent import forms, plan_forms, series_forms
from conformance.tests.independent.refusal import Refused

Value = Mapping[str, Any]
Measure = tuple[str, str]  # dimension, unit
NEVER: Final = 2**62  # an instant after all others, in ms


@dataclass
class Plan:
    """One price plan: its content, what stands for its digest, and when it is effective, in ms."""

    value: Value
    sha256: str
    start: int
    end: int

    def component(self, identifier: str) -> Value | None:
        """The component of an identifier."""
        return next((it for it in self.value["components"] if it["id"] == identifier), None)

    def kinds(self, *kinds: str) -> set[Measure]:
        """The dimensions and units of its components of some kinds."""
        wanted = {f"COMPONENT_KIND_{kind}" for kind in kinds}
        return {measure(it) for it in self.value["components"] if it["kind"] in wanted}


@dataclass
class Lease:
    """One lease and its usage; `active` and `counting` are found in steps 3 to 5."""

    value: Value
    name: str
    start: int
    end: int
    active: tuple[int, int] = (0, 0)
    counting: list[Value] = field(default_factory=list)
    outages: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Bill:
    """All that rating reads; instants are in ms since 1970."""

    plans: list[Plan]
    leases: list[Lease]
    account: str
    several: bool
    begin: int
    end: int
    whole: tuple[int, int]
    offsets: list[tuple[int, int]]
    series: list[Value]
    openings: list[Value]

    @property
    def governing(self) -> Plan:
        """The plan in force as the period begins, or else the first that comes into force in it."""
        return next(it for it in sorted(self.plans, key=lambda plan: plan.start) if it.end > self.begin)

    @property
    def billed(self) -> str:
        """The billed currency."""
        plan = self.governing.value
        return str(plan["exchange"]["currency"] if "exchange" in plan else plan["currency"])

    def in_force(self, at: int) -> Plan | None:
        """The plan that is in force at an instant."""
        return next((it for it in self.plans if it.start <= at < it.end), None)

    def used(self, lease: Lease) -> tuple[int, int]:
        """The active time of a lease within the period; empty where its end is not after its start."""
        return max(self.begin, lease.active[0]), min(self.end, lease.active[1])


def measure(value: Value) -> Measure:
    """Dimension and unit of a component or a record."""
    return value["dimension"], value["unit"]


def ms(time: str) -> int:
    """Milliseconds since 1970."""
    return round(datetime.fromisoformat(time).timestamp() * 1000)


def read(given: Value) -> Bill:
    """Reads the input of a vector; steps 1 and 2.

    Raises:
        Refused: A document is not in strict form, or a plan supersedes another as it must not.
    """
    plans = given.get("plans") or [{"plan": given["plan"], "sha256": given["plan_sha256"]}]
    leases = given.get("leases") or [given["lease"] | {it: given[it] for it in _USE} | _first(given)]
    for stated in plans:
        plan_forms.check(stated["plan"])
    for stated in leases:
        forms.check_records(unfold(stated["records"]))
    for stated in given.get("series", ()):
        series_forms.check(stated)
    period, whole = given["period"], given.get("whole_period", given["period"])
    bill = Bill(
        [_plan(it["plan"], it["sha256"]) for it in plans],
        [_lease(it) for it in leases],
        given.get("account", ""),
        "leases" in given,
        *(ms(period["start"]), ms(period["end"])),
        (ms(whole["start"]), ms(whole["end"])),
        [(ms(it["utc"]), it["offsetS"] * 1000) for it in given["tz_transitions"]],
        list(given.get("series", ())),
        list(given.get("openings", ())),
    )
    _supersede(bill.plans)
    return bill


_USE: Final = ("records", "service_events", "gaps")


def _first(given: Value) -> dict[str, Any]:
    return {"first_seq": given["first_seq"]} if "first_seq" in given else {}


def _plan(plan: Value, sha256: str) -> Plan:
    end = ms(plan["effectiveEnd"]) if "effectiveEnd" in plan else NEVER
    return Plan(plan, sha256, ms(plan["effectiveStart"]), end)


def _lease(lease: Value) -> Lease:
    return Lease(lease, lease["name"], ms(lease["interval"]["start"]), ms(lease["interval"]["end"]))


def _supersede(plans: Sequence[Plan]) -> None:
    """PRICE-SUPERSEDES-1: each plan after the first pins the one before it and keeps its terms."""
    for earlier, later in pairwise(plans):
        header = earlier.value["header"]
        pin = {"id": header["id"], "revision": header["revision"], "sha256": earlier.sha256}
        _terms(later.value.get("supersedes") == pin, "it does not pin the plan before it")
        _terms(later.start >= earlier.end, "it begins before the other ends")
        for member in ("currency", "timeZone"):
            _terms(later.value[member] == earlier.value[member], member)
        billed = [it.value.get("exchange", it.value)["currency"] for it in (earlier, later)]
        _terms(billed[0] == billed[1], "billed currency")
        included = [it.value.get("taxIncluded", False) for it in (earlier, later)]
        _terms(included[0] == included[1], "taxIncluded")
        _terms(_kept(earlier, later, "kind", ""), "kind")
        _terms(_kept(earlier, later, "timeUnit", "s"), "time unit")


def _kept(earlier: Plan, later: Plan, member: str, default: str) -> bool:
    """Whether dimensions and units that both plans price have one value of a member in both."""
    before, after = (
        {measure(it): it.get(member, default) for it in plan.value["components"]} for plan in (earlier, later)
    )
    return all(before.get(it, value) == value for it, value in after.items())


def _terms(holds: bool, what: str) -> None:
    if not holds:
        raise Refused("TERMS", what)


def unfold(records: Iterable[Value]) -> Iterator[Value]:
    """Writes out `repeat`: the record again and again, one number on and `step_ms` later each time."""
    for record in records:
        if "repeat" not in record:
            yield record
            continue
        first, step = record["repeat"]["record"], record["repeat"]["step_ms"]
        for index in range(record["repeat"]["count"]):
            yield {
                **first,
                "seq": str(int(first["seq"]) + index),
                "start": _later(first["start"], index * step),
                "end": _later(first["end"], index * step),
            }


def _later(time: str, milliseconds: int) -> str:
    moved = datetime.fromisoformat(time) + timedelta(milliseconds=milliseconds)
    spec = "milliseconds" if moved.microsecond else "seconds"
    return moved.isoformat(timespec=spec).replace("+00:00", "Z")


def opening(bill: Bill, **of: str) -> Fraction:
    """Where an accumulator or a credit stood, by all that it is of; zero where that is not stated."""
    for stated in bill.openings:
        if {it: value for it, value in stated.items() if it != "value"} == of:
            return forms.rational(stated["value"])
    return Fraction(0)
