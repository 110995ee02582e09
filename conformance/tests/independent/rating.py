"""A second opinion on bills: `rate/1`, written from proto/spec/rating.md alone.

It shares nothing with the SDK: no import, no structure, no reading of its code. It keeps everything in
fractions and refuses at the first step that fails. A test holds every billing vector against it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any

from conformance.tests.independent import forms, table
from conformance.tests.independent.refusal import Refused

Value = Mapping[str, Any]
Measure = tuple[str, str]  # dimension, unit


@dataclass
class Bill:
    """What use comes to: the lines by key, their sum, and whether every number is accounted for."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    net_total: str = ""
    complete: bool = True
    rating_digest: str = ""


def rate(given: Value) -> Bill:
    """Rates the input of a `billing.rate` vector.

    Raises:
        Refused: The input is refused; the reason is that of the first step that fails.
    """
    plan, records = given["plan"], list(unfold(given["records"]))
    forms.check(plan, records)  # step 2
    counting = _counting(records)  # steps 3 and 4
    complete = _complete(counting, given["gaps"])
    _claims(counting, given)  # step 5
    sums, unpriced = _sums(counting, given)  # steps 9, 10 and 12
    lines = _priced(plan, sums) + _unpriced(plan, unpriced)
    net = sum((_rounded(Fraction(it["exact"]), plan) for it in lines), Fraction(0))
    stated = [_stated(line, given) for line in lines]
    stated.sort(key=lambda line: line["key"].encode())
    total = _money(net, plan)
    return Bill(stated, total, complete, table.digest(stated, plan, total))


def unfold(records: Iterable[Value]) -> Iterable[Value]:
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


def ms(time: str) -> int:
    """Milliseconds since 1970."""
    return round(datetime.fromisoformat(time).timestamp() * 1000)


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


def _complete(counting: Iterable[Value], gaps: Iterable[Value]) -> bool:
    """Step 4: whether each number from 1 to the highest known is recorded or marked."""
    seen: dict[str, set[int]] = {}
    for record in counting:
        seen.setdefault(record["meterId"], set()).add(int(record["seq"]))
    for gap in gaps:
        numbers = seen.setdefault(gap["meterId"], set())
        marked = set(range(int(gap["firstSeq"]), int(gap["lastSeq"]) + 1))
        if numbers & marked:
            raise Refused("CONFLICT", f"{sorted(numbers & marked)} is recorded and marked")
        numbers |= marked
    return all(numbers == set(range(1, max(numbers) + 1)) for numbers in seen.values())


def _active(given: Value) -> tuple[int, int]:
    """The active time, from events and the lease's interval; empty where the lease was never activated."""
    lease, events = given["lease"], given["service_events"]
    kinds = [event["kind"].removeprefix("SERVICE_EVENT_KIND_") for event in events]
    times = [ms(event["at"]) for event in events]
    if kinds not in ([], ["ACTIVATED"], ["ACTIVATED", "TERMINATED"]) or times != sorted(times):
        raise Refused("CONFLICT", f"events {kinds} do not make a lease")
    start, end = ms(lease["interval"]["start"]), ms(lease["interval"]["end"])
    if not events:
        return start, start
    return max(start, times[0]), min(end, times[1] if len(times) == 2 else end)


def _claims(counting: list[Value], given: Value) -> None:
    """Step 5: what may be claimed."""
    first, last = _active(given)
    for record in counting:
        if record["lease"] != given["lease"]["name"]:
            raise Refused("USAGE_OUT_OF_BOUNDS", "a record is of another lease")
        if ms(record["start"]) < first or ms(record["end"]) > last or first >= last:
            raise Refused("USAGE_OUT_OF_BOUNDS", "a record is outside the active time")
    groups: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for record in counting:
        group = (record["meterId"], record["resource"], record["dimension"])
        groups.setdefault(group, []).append((ms(record["start"]), ms(record["end"])))
    for intervals in groups.values():
        lasting = sorted(it for it in intervals if it[0] < it[1])
        if any(earlier[1] > later[0] for earlier, later in pairwise(lasting)):
            raise Refused("CONFLICT", "two records overlap")
    for measure in _measures(given["plan"], "TIME"):
        if _most_held(counting, measure) > Fraction(given["lease"]["quantity"]):
            raise Refused("USAGE_OUT_OF_BOUNDS", "more is held than was leased")


def _most_held(counting: Iterable[Value], measure: Measure) -> Fraction:
    """The most that is held of a measure at any instant."""
    steps: dict[int, Fraction] = {}
    for record in counting:
        if (record["dimension"], record["unit"]) == measure and record["start"] != record["end"]:
            quantity = Fraction(record["quantity"])
            for at, step in ((ms(record["start"]), quantity), (ms(record["end"]), -quantity)):
                steps[at] = steps.get(at, Fraction(0)) + step
    return max(accumulate((steps[at] for at in sorted(steps)), initial=Fraction(0)))


def _measures(plan: Value, kind: str) -> set[Measure]:
    wanted = f"COMPONENT_KIND_{kind}"
    return {(it["dimension"], it["unit"]) for it in plan["components"] if it["kind"] == wanted}


def _sums(counting: Iterable[Value], given: Value) -> tuple[dict[str, Fraction], dict[Measure, Fraction]]:
    """Steps 7, 9, 10 and 12: the sum of each component by its id, and of what none prices."""
    plan = given["plan"]
    begin, end = ms(given["period"]["start"]), ms(given["period"]["end"])
    effective = (ms(plan["effectiveStart"]), ms(plan["effectiveEnd"]) if "effectiveEnd" in plan else 2**62)
    cuts = sorted({begin, end, *effective, *_active(given)})
    held = _measures(plan, "TIME")
    sums: dict[str, Fraction] = {}
    unpriced: dict[Measure, Fraction] = {}
    for record in counting:
        measure = (record["dimension"], record["unit"])
        start, stop = ms(record["start"]), ms(record["end"])
        inner = [cut for cut in cuts if start < cut < stop]
        if inner and measure not in held:
            raise Refused("CUT_REQUIRED", "a count lies across a cut")
        bounds = [start, *inner, stop]
        for left, right in pairwise(bounds):
            if not begin <= left < end:
                continue
            amount = Fraction(record["quantity"]) * (Fraction(right - left, 1000) if measure in held else 1)
            component = next(
                (it for it in plan["components"] if (it["dimension"], it["unit"]) == measure), None
            )
            if component is None or not effective[0] <= left < effective[1]:
                unpriced[measure] = unpriced.get(measure, Fraction(0)) + amount
            else:
                sums[component["id"]] = sums.get(component["id"], Fraction(0)) + amount
    return sums, unpriced


def _priced(plan: Value, sums: Mapping[str, Fraction]) -> list[dict[str, Any]]:
    """Steps 11, 14, 15 and 25: the lines of each component."""
    lines = []
    for component in plan["components"]:
        quantity = sums.get(component["id"], Fraction(0))
        if quantity > 0 and "granularity" in component:
            step = Fraction(component["granularity"]["step"])
            whole = -(-quantity // step) * step
            quantity = max(Fraction(component["granularity"].get("minimum", "0")), whole)
        lower = Fraction(0)
        for number, tier in enumerate(component["tiers"], 1):
            upper = min(quantity, Fraction(tier["upTo"])) if "upTo" in tier else quantity
            part = upper - lower
            if part > 0:
                exact = part * Fraction(tier["unitPrice"]) / Fraction(component["perQuantity"])
                lines.append(
                    {"of": component, "tier": number, "quantity": part, "exact": exact, "price": tier}
                )
                lower = upper
    return lines


def _unpriced(plan: Value, sums: Mapping[Measure, Fraction]) -> list[dict[str, Any]]:
    return [{"of": measure, "quantity": it, "exact": Fraction(0)} for measure, it in sums.items() if it > 0]


def _rounded(exact: Fraction, plan: Value) -> Fraction:
    """Step 17: to the minor unit, ties away from zero."""
    scale = 10 ** forms.MINOR_DIGITS[plan["currency"]]
    scaled = abs(exact) * scale
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Fraction(whole if exact > 0 else -whole, scale)


def _money(amount: Fraction, plan: Value) -> str:
    """The text of an amount; refuses what no Money can state."""
    digits = forms.MINOR_DIGITS[plan["currency"]]
    if abs(amount) >= 10**18:
        raise Refused("LIMIT", "an amount has more than 18 integer digits")
    minor = str(abs(round(amount * 10**digits))).rjust(digits + 1, "0")
    text = f"{minor[:-digits]}.{minor[-digits:]}" if digits else minor
    return f"-{text}" if amount < 0 else text


def _stated(line: Mapping[str, Any], given: Value) -> dict[str, Any]:
    """A line as vectors state it, with its key (step 23)."""
    lease, of = given["lease"], line["of"]
    result: dict[str, Any] = {
        "quantity": _ratio(line["quantity"]),
        "exact_amount": _ratio(line["exact"]),
        "amount": _money(_rounded(line["exact"], given["plan"]), given["plan"]),
    }
    if "tier" not in line:
        named, tier = ":".join(of), ""
        result |= {"dimension": of[0], "unit": of[1], "unpriced": True}
    else:
        named, tier = of["id"], str(line["tier"])
        result |= {
            "component": of["id"],
            "tier": line["tier"],
            "dimension": of["dimension"],
            "unit": of["unit"],
        }
        result |= {"unit_price": line["price"]["unitPrice"], "per_quantity": of["perQuantity"]}
    result["key"] = "|".join([lease["order"], lease["name"], named, given["plan_sha256"], tier, "", ""])
    return result


def _ratio(number: Fraction) -> dict[str, str]:
    return {"num": str(number.numerator), "den": str(number.denominator)}
