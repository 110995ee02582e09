"""Step 24 of `rate/1`: usage that came late, and the notes that it leads to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from fractions import Fraction
from typing import Any

from conformance.tests.independent import bill as bills
from conformance.tests.independent import lines, rating
from conformance.tests.independent.refusal import Refused

Value = Mapping[str, Any]


def correct(given: Value) -> list[dict[str, Any]]:
    """The notes of a `billing.correct` vector, as it states them.

    Raises:
        Refused: The usage is refused, or comes too late.
    """
    given = deepcopy(dict(given))
    before = rating.rate(given)
    notes = []
    for later in given["later"]:
        _horizon(given)
        for record in later:
            _records_of(given, record["lease"]).append(record)
        after = rating.rate(given)
        note = _note(before, after)
        if note["lines"] or note["taxes"]:
            notes.append(note)
        before = after
    return notes


def _horizon(given: Value) -> None:
    if "received_at" in given:
        last = bills.ms(given["period"]["end"]) + int(given["correction_horizon_s"]) * 1000
        if bills.ms(given["received_at"]) > last:
            raise Refused("TERMS", "it comes later than the horizon")


def _records_of(given: Value, lease: str) -> list[Any]:
    of = next((it for it in given.get("leases", ()) if it["name"] == lease), given)
    records: list[Any] = of["records"]
    return records


def _note(before: rating.Answer, after: rating.Answer) -> dict[str, Any]:
    """The differences of two bills of one period."""
    total = Fraction(after.total) - Fraction(before.total)
    return {
        "kind": "debit-note" if total > 0 else "credit-note",
        "lines": _differences(before.lines, after.lines, ("quantity", "exact_amount"), after.currency),
        "taxes": _differences(before.taxes, after.taxes, ("base", "exact_amount"), after.currency),
        "net_total": lines.money(Fraction(after.net_total) - Fraction(before.net_total), after.currency),
        "total": lines.money(total, after.currency),
        "rating_digest": after.rating_digest,
    }


def _differences(
    before: Iterable[Value], after: Iterable[Value], members: tuple[str, ...], currency: str
) -> list[dict[str, Any]]:
    """The differences of what has one key; what has none is left out."""
    was, now = ({_key(it): it for it in side} for side in (before, after))
    found = []
    for key in sorted(was.keys() | now.keys(), key=str.encode):
        stated = dict(now.get(key) or was[key])
        moved = False
        for member in (*members, "amount"):
            change = _number(now, key, member) - _number(was, key, member)
            moved = moved or change != 0
            ratio = isinstance(stated[member], Mapping)
            stated[member] = lines.ratio(change) if ratio else lines.money(change, currency)
        if moved:
            found.append(stated)
    return found


def _key(it: Value) -> str:
    named = (it.get(member, "") for member in ("category", "jurisdiction", "rate", "exemption_code"))
    return str(it["key"]) if "key" in it else "|".join(named)


def _number(side: Mapping[str, Value], key: str, member: str) -> Fraction:
    value = side[key][member] if key in side else "0"
    if isinstance(value, Mapping):
        return Fraction(int(value["num"]), int(value["den"]))
    return Fraction(value)
