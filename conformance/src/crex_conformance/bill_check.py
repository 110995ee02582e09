"""Whether vectors of bills have the members of their operation, and no others.

This judges the vectors, never an implementation. What the members mean is stated beside the vectors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

_USE: Final = frozenset({"records", "service_events", "gaps"})
_LEASE: Final = frozenset({"name", "order", "quantity", "interval"})
_MAY_LEASE: Final = frozenset({"region", "interruptible"})
_BILL: Final = frozenset({"period", "tz_transitions"})
_MAY_BILL: Final = frozenset({"whole_period", "series", "openings", "account"})
_LATER: Final = frozenset({"later"})
_MAY_LATER: Final = frozenset({"received_at", "correction_horizon_s"})
_ANSWER: Final = frozenset(
    {"outcome", "reasons", "lines", "taxes", "net_total", "total", "closings", "complete", "rating_digest"}
)
_NOTE: Final = frozenset({"kind", "lines", "taxes", "net_total", "total", "rating_digest"})
_LINE: Final = frozenset({"dimension", "unit", "quantity", "exact_amount", "amount"})
_MAY_LINE: Final = frozenset(
    {"component", "tier", "lease", "account", "commitment", "adjustment", "factors", "unpriced"}
)
_TAX: Final = frozenset({"category", "jurisdiction", "rate", "base", "exact_amount", "amount"})
_MAY_TAX: Final = frozenset({"exemption_code"})


def bill_faults(value: Mapping[str, Any]) -> Iterator[str]:
    """Lists what is wrong with the members of a vector of `billing.rate` or `billing.correct`."""
    yield from _input_faults(value["input"], value["op"] == "billing.correct")
    expect = value["expect"]
    if expect.get("outcome") != "ok":
        return
    if value["op"] == "billing.rate":
        yield from _members("expect", expect, _ANSWER)
        yield from _stated_faults("expect", expect)
        return
    yield from _members("expect", expect, frozenset({"outcome", "reasons", "notes"}))
    for number, note in enumerate(expect.get("notes", ())):
        place = f"expect.notes[{number}]"
        yield from _members(place, note, _NOTE)
        yield from _stated_faults(place, note)
        if note.get("kind") not in ("credit-note", "debit-note"):
            yield f"{place}.kind {note.get('kind')!r} is neither credit-note nor debit-note"


def _input_faults(given: Mapping[str, Any], corrects: bool) -> Iterator[str]:
    several = "leases" in given
    plans = frozenset({"plans"} if "plans" in given else {"plan", "plan_sha256"})
    leases = frozenset({"leases"}) if several else _USE | {"lease"}
    wanted = plans | leases | _BILL | (_LATER if corrects else frozenset())
    allowed = _MAY_BILL | (frozenset() if several else frozenset({"first_seq"}))
    yield from _members("input", given, wanted, allowed | (_MAY_LATER if corrects else frozenset()))
    if ("received_at" in given) != ("correction_horizon_s" in given):
        yield "input.received_at and input.correction_horizon_s belong together"
    for number, plan in enumerate(given.get("plans", ())):
        yield from _members(f"input.plans[{number}]", plan, frozenset({"plan", "sha256"}))
    if not several:
        yield from _members("input.lease", given.get("lease", {}), _LEASE, _MAY_LEASE)
    for number, lease in enumerate(given.get("leases", ())):
        yield from _members(f"input.leases[{number}]", lease, _LEASE | _USE, _MAY_LEASE | {"first_seq"})


def _stated_faults(place: str, stated: Mapping[str, Any]) -> Iterator[str]:
    for number, line in enumerate(stated.get("lines", ())):
        yield from _members(f"{place}.lines[{number}]", line, _LINE, _MAY_LINE)
    for number, tax in enumerate(stated.get("taxes", ())):
        yield from _members(f"{place}.taxes[{number}]", tax, _TAX, _MAY_TAX)


def _members(
    place: str, value: Mapping[str, Any], wanted: frozenset[str], allowed: frozenset[str] = frozenset()
) -> Iterator[str]:
    missing, further = sorted(wanted - set(value)), sorted(set(value) - wanted - allowed)
    if missing or further:
        yield f"{place}: members that are missing: {missing}; that it never has: {further}"
