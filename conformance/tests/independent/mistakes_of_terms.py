"""Mistakes in series and commitments; the form is that of `mistakes`."""

from __future__ import annotations

from typing import Final

_USED = "cell.quantity -= taken"
_SORTED = 'eligible.sort(key=lambda it: (names.index(it.component["id"]), it.lease.name.encode(), it.start))'
_LEFT = "left = amount * Fraction(force, bill.whole[1] - bill.whole[0])"
_SHARE = "share = min(Fraction(1), left / line.exact) if line.exact > 0 else Fraction(0)"

SERIES: Final[dict[str, tuple[str, str, str]]] = {
    "the first price throughout": (
        "quantities",
        "series.price(bill, plan, component, cell.start)",
        "series.price(bill, plan, component, used[0].start)",
    ),
    "no cut at a point": (
        "use",
        "inner |= {at for component in own for at in series.points(bill, plan, component)}",
        "pass",
    ),
    "no greatest price": (
        "series",
        'return min(total, Fraction(component["priceSeries"]["maxUnitPrice"]))',
        "return total",
    ),
    "the greatest of the point alone": (
        "series",
        'return min(total, Fraction(component["priceSeries"]["maxUnitPrice"]))',
        'return min(found, Fraction(component["priceSeries"]["maxUnitPrice"])) + total - found',
    ),
    "no margin": ("series", 'found + Fraction(component["tiers"][0]["unitPrice"])', "found"),
    "points that are missing": ("use", 'if amount and "priceSeries" in component:', "if False:"),
    "points for no use": (
        "use",
        'if amount and "priceSeries" in component:',
        'if "priceSeries" in component:',
    ),
    "revisions that differ": ("series", "if not apart and earlier[2] != later[2]:", "if False:"),
    "revisions that agree": (
        "series",
        "if not apart and earlier[2] != later[2]:",
        "if not apart and earlier is not later:",
    ),
    "any currency": (
        "series",
        'if it.get("baseCurrency", "") != base or it["currency"] != currency:',
        "if False:",
    ),
    "no exchange": (
        "rating",
        "if (rate := series.rate(bill)) is not None:",
        "if (rate := None) is not None:",
    ),
    "the rate of the period's end": (
        "series",
        "if start <= bill.begin < end:",
        "if start <= bill.end < end:",
    ),
    "rates as decimals": (
        "series",
        "        if start <= bill.begin < end:\n            return value",
        "        if start <= bill.begin < end:\n            return round(value, 4)",
    ),
}

COMMITMENTS: Final[dict[str, tuple[str, str, str]]] = {
    "hours that are netted": (
        "commitments",
        "            taken = min(room, cell.quantity)\n",
        "            taken = min(room + unused, cell.quantity)\n",
    ),
    "commitments by name alone": (
        "commitments",
        '(it.get("priority", 0), it["id"].encode())',
        'it["id"].encode()',
    ),
    "commitments by priority alone": (
        "commitments",
        '(it.get("priority", 0), it["id"].encode())',
        '(it.get("priority", 0), -it["id"].encode()[0])',
    ),
    "records in their order": ("commitments", _SORTED, "pass"),
    "hours in order of time alone": ("commitments", _SORTED, "eligible.sort(key=lambda it: it.start)"),
    "leases before components": (
        "commitments",
        _SORTED,
        'eligible.sort(key=lambda it: (it.lease.name.encode(), it.start, names.index(it.component["id"])))',
    ),
    "whole hours only": (
        "commitments",
        "seconds = Fraction(min(end, hour + clock.HOUR) - max(start, hour), 1000)",
        "seconds = Fraction(3600)",
    ),
    "hours of other periods": (
        "commitments",
        "start, end = max(start, bill.begin), min(end, bill.end)",
        "pass",
    ),
    "counts by the second": ("commitments", "(seconds if held else seconds / 3600)", "seconds"),
    "covered use in tiers": ("commitments", _USED, "pass"),
    "a commitment that ended takes back": ("commitments", "end if start < end else begin", "end"),
    "nothing is unused": ("commitments", "unused += room", "pass"),
    "no cut at committed hours": (
        "use",
        "if any(_hourly(plan, component) for component in own):",
        "if False:",
    ),
    "upfront every period": (
        "commitments",
        "if bill.begin <= start < bill.end and start < end and",
        "if start < end and",
    ),
    "upfront never": ("commitments", "if bill.begin <= start < bill.end and start < end and", "if False and"),
    "only the first lease's interval": (
        "clock",
        "max(it.end for it in bill.leases)",
        "min(it.end for it in bill.leases)",
    ),
    "a spend for the whole period": ("commitments", _LEFT, "left = amount"),
    "a spend that covers whole lines": (
        "commitments",
        _SHARE,
        "share = Fraction(line.exact > 0 and left >= line.exact)",
    ),
    "a spend on credits too": (
        "commitments",
        _SHARE,
        "share = min(Fraction(1), left / line.exact) if line.exact else Fraction(0)",
    ),
    "a spend on every component": ("commitments", 'or line.component not in commitment["eligible"] or', "or"),
    "a spend in the order of keys": (
        "commitments",
        "return line.place, line.lease.encode(), line.tier",
        "return line.component, line.lease.encode(), line.tier",
    ),
    "a spend on the last lease first": (
        "commitments",
        "return line.place, line.lease.encode(), line.tier",
        "return line.place, [-it for it in line.lease.encode()], line.tier",
    ),
    "a spend on what another covered": (
        "commitments",
        'commitment["eligible"] or line.commitment:',
        'commitment["eligible"]:',
    ),
    "a spend by descending tier": (
        "commitments",
        "return line.place, line.lease.encode(), line.tier",
        "return line.place, line.lease.encode(), -line.tier",
    ),
    "a spend at the plan's price": (
        "commitments",
        'factor = Fraction(commitment["price"]) / amount',
        "factor = Fraction(1)",
    ),
    "a spend that is lost": (
        "commitments",
        "priced = [*after, _unspent(plan, commitment, left)]",
        "priced = after",
    ),
    "whole seconds that a spend pays for": (
        "commitments",
        '{"quantity": line.quantity * share,',
        '{"quantity": Fraction(round(line.quantity * share)),',
    ),
    "percentages of commitments": (
        "adjustments",
        "if _in_basis(credit, line) and not line.commitment:",
        "if _in_basis(credit, line):",
    ),
}
