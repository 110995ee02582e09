"""The shape of a vector of rating.md, and the plan, lease and records that the cases are made of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from conformance.tests.independent import table
from conformance.tests.vectors import billing_lines
from conformance.tests.vectors.billing_lines import LEASE_PATH, ORDER_PATH, Line
from conformance.tests.vectors.one_change import changed

Value = dict[str, Any]
RESOURCE: Final = "crex://provider.example/compute-resource/r1"
PLAN_SHA256, LATER_SHA256 = "1f" * 32, "2e" * 32
MARCH: Final = ("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z")
AT_ONE, AT_TWO, AT_THREE = (f"2026-03-10T0{hour}:00:00Z" for hour in (1, 2, 3))
IN_UTC: Final = (("2026-02-28T00:00:00Z", 0),)


def plan(*components: Value, currency: str = "EUR", zone: str = "Etc/UTC", **members: Any) -> Value:
    """A price plan."""
    return {
        "header": {
            "id": "crex://provider.example/price-plan/p1",
            "revision": "1",
            "issuer": "provider.example",
            "issuedAt": "2025-12-01T00:00:00Z",
        },
        "currency": currency,
        "timeZone": zone,
        "effectiveStart": "2026-01-01T00:00:00Z",
        **members,
        "components": list(components),
    }


def component(
    id: str,  # noqa: A002 - the member's name
    kind: str,
    of: str,
    per: str,
    *tiers: tuple[str, str] | str,
    **steps: str,
) -> Value:
    """A component.

    Args:
        id: Its identifier.
        kind: TIME or COUNT and so on.
        of: Dimension and unit, as `dimension:unit`.
        per: Quantity that prices are for.
        tiers: (upper bound, price); for the last, the price alone.
        steps: `step` and perhaps `minimum` of its granularity.
    """
    dimension, unit = of.split(":")
    stated: list[Value] = [
        {"unitPrice": tier} if isinstance(tier, str) else {"upTo": tier[0], "unitPrice": tier[1]}
        for tier in tiers
    ]
    value: Value = {
        "id": id,
        "dimension": dimension,
        "unit": unit,
        "kind": f"COMPONENT_KIND_{kind}",
        "perQuantity": per,
        "model": f"TIER_MODEL_{'UNIT' if len(tiers) == 1 else 'GRADUATED'}",
        "tiers": stated,
    }
    return value | ({"granularity": steps} if steps else {})


def gpu(price: str = "2.99", per: str = "3600", **steps: str) -> Value:
    """Units held, priced by the hour."""
    return component("gpu", "TIME", "compute-unit:unit", per, price, **steps)


def tokens(price: str, per: str = "1", **steps: str) -> Value:
    """Tokens counted."""
    return component("tokens", "COUNT", "output-token:token", per, price, **steps)


def held(quantity: str = "1", start: str = AT_ONE, end: str = AT_TWO, seq: int = 1, **members: str) -> Value:
    """A record of units held."""
    return _record("units", "compute-unit:unit", quantity, start, end, seq, members)


def counted(
    quantity: str,
    start: str = AT_ONE,
    end: str = AT_TWO,
    seq: int = 1,
    of: str = "output-token:token",
    **members: str,
) -> Value:
    """A record of what was counted."""
    return _record("tokens", of, quantity, start, end, seq, members)


def _record(
    meter: str, of: str, quantity: str, start: str, end: str, seq: int, members: dict[str, str]
) -> Value:
    dimension, unit = of.split(":")
    return {
        "meterId": members.get("meterId", meter),
        "seq": str(seq),
        "revision": members.get("revision", "1"),
        "lease": LEASE_PATH + members.get("lease", "l1"),
        "resource": members.get("resource", RESOURCE),
        "dimension": dimension,
        "start": start,
        "end": end,
        "quantity": quantity,
        "unit": unit,
    }


def event(kind: str, at: str, until: str = "") -> Value:
    """A service event."""
    return {"kind": f"SERVICE_EVENT_KIND_{kind}", "at": at} | ({"until": until} if until else {})


def gap(first: int, last: int, meter: str = "units") -> Value:
    """A gap marker."""
    return {"meterId": meter, "firstSeq": str(first), "lastSeq": str(last), "reason": "The meter lost them."}


def use(
    prices: Value,
    *records: Value,
    period: tuple[str, str] = MARCH,
    offsets: Sequence[tuple[str, int]] = IN_UTC,
    events: Sequence[Value] | None = None,
    gaps: Sequence[Value] = (),
    quantity: str = "8",
    **further: Any,
) -> Value:
    """The input of a vector: a lease that was activated as its period began, unless told otherwise."""
    start, end = period
    return {
        "plan": prices,
        "plan_sha256": PLAN_SHA256,
        "records": list(records),
        "service_events": [event("ACTIVATED", start)] if events is None else list(events),
        "gaps": list(gaps),
        "lease": named("l1", start, quantity),
        "period": {"start": start, "end": end},
        "tz_transitions": offsets_of(prices, offsets),
        **further,
    }


def named(name: str, start: str, quantity: str) -> Value:
    """A lease by the last segment of its name."""
    return {
        "name": LEASE_PATH + name,
        "order": f"{ORDER_PATH}o{name[1:]}",
        "quantity": quantity,
        "interval": {"start": min(start, "2026-02-01T00:00:00Z"), "end": "2027-01-01T00:00:00Z"},
    }


def offsets_of(prices: Value, offsets: Sequence[tuple[str, int]]) -> list[Value]:
    """The offsets of a plan's time zone."""
    return [{"timeZone": prices["timeZone"], "utc": utc, "offsetS": offset} for utc, offset in offsets]


@dataclass(frozen=True)
class Case:
    """One vector.

    Attributes:
        id: Stable name, and the name of its file.
        requirements: What it tests.
        why: The arithmetic by hand, and the mistake that it catches.
        input: What is rated.
        lines: The lines, in any order.
        net: The net total.
        complete: Whether every number is accounted for.
        reason: The reason of a refusal; empty if it is accepted.
        base: The vector that it is one change away from; empty where it begins a row.
        change: The change.
        taxes: The taxes, by ascending key.
        total: The total; empty where it is the net total.
        closings: Where accumulators and credits stand.
    """

    id: str
    requirements: Sequence[str]
    why: str
    input: Value
    lines: Sequence[Line] = ()
    net: str = ""
    complete: bool = True
    reason: str = ""
    base: str = ""
    change: str = ""
    taxes: Sequence[billing_lines.Tax] = ()
    total: str = ""
    closings: Sequence[billing_lines.Closing] = ()

    def as_json(self) -> bytes:
        """The vector's file."""
        return as_json(self, "billing.rate", {} if self.reason else self._answer())

    def _answer(self) -> Value:
        rows = sorted((line.row(self.input) for line in self.lines), key=lambda row: str(row["key"]).encode())
        taxes, total = [tax.stated() for tax in self.taxes], self.total or self.net
        return {
            "lines": [billing_lines.stated(row) for row in rows],
            "taxes": taxes,
            "net_total": self.net,
            "total": total,
            "closings": [it.stated() for it in self.closings],
            "complete": self.complete,
            "rating_digest": table.digest(rows, taxes, billing_lines.billed(self.input), self.net, total),
        }

    def refused(
        self,
        id: str,  # noqa: A002 - the member's name
        requirement: str,
        reason: str,
        where: str,
        value: Any,
        why: str,
    ) -> Case:
        """Gives the refused vector that is one change away."""
        given, change = changed(self.input, where, value)
        return Case(id, requirement.split(), why, given, reason=reason, base=self.id, change=change)

    def but(
        self,
        id: str,  # noqa: A002 - the member's name
        requirement: str,
        where: str,
        value: Any,
        lines: Sequence[Line],
        net: str,
        why: str,
        complete: bool = True,
        **answer: Any,
    ) -> Case:
        """Gives the accepted vector that is one change away; `answer` has taxes, total and closings."""
        given, change = changed(self.input, where, value)
        return Case(
            *(id, requirement.split(), why, given, lines, net, complete),
            base=self.id,
            change=change,
            **answer,
        )


def as_json(case: Any, operation: str, answer: Value) -> bytes:
    """The file of a case that is accepted with an answer, or refused for its reason."""
    refused = {"outcome": "rejected", "reasons": [case.reason]}
    value = {
        "id": case.id,
        "requirements": list(case.requirements),
        "op": operation,
        "base": case.base,
        "change": case.change,
        "input": case.input,
        "expect": refused if case.reason else {"outcome": "ok", "reasons": [], **answer},
        "why": case.why,
    }
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()
