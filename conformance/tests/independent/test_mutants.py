"""The vectors bite: each common mistake in a rater is caught, and each check of it is tried."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from conformance.tests.independent import forms, rating
from conformance.tests.independent.refusal import Refused

FOLDER = Path(__file__).parents[2] / "src" / "crex_conformance" / "vectors" / "billing"
VECTORS = sorted(
    (
        it
        for it in (json.loads(path.read_bytes()) for path in FOLDER.glob("*.json"))
        if it["op"] == "billing.rate"
    ),
    key=lambda vector: "repeat" in str(vector),
)
# Mistake → what the right calculation says, what the mistaken one says.
MISTAKES = {
    "half to even": (
        "(2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)",
        "round(scaled)",
    ),
    "rounding down": (
        "(2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)",
        "int(scaled)",
    ),
    "rounding up": (
        "(2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)",
        "-(-scaled // 1)",
    ),
    "halves up, negatives too": (
        "Fraction(whole if exact > 0 else -whole, scale)",
        "Fraction((2 * exact * scale + 1) // 2, scale)",
    ),
    "two digits in every currency": ('scale = 10 ** forms.MINOR_DIGITS[plan["currency"]]', "scale = 100"),
    "only the total is rounded": (
        '_rounded(Fraction(it["exact"]), plan) for it',
        'Fraction(it["exact"]) for it',
    ),
    "quantities as floats": (
        'amount = Fraction(record["quantity"])',
        'amount = Fraction(float(record["quantity"]))',
    ),
    "sums as floats": (
        'sums[component["id"]] = sums.get(component["id"], Fraction(0)) + amount',
        'sums[component["id"]] = Fraction(float(sums.get(component["id"], 0)) + float(amount))',
    ),
    "prices as floats": ('Fraction(tier["unitPrice"])', 'Fraction(float(tier["unitPrice"]))'),
    "prices of nine digits": ('Fraction(tier["unitPrice"])', 'round(Fraction(tier["unitPrice"]), 9)'),
    "exact amounts as floats": (
        '"exact_amount": _ratio(line["exact"])',
        '"exact_amount": _ratio(Fraction(float(line["exact"])))',
    ),
    "a price a second": (
        '* Fraction(tier["unitPrice"]) / Fraction(component["perQuantity"])',
        '* round(Fraction(tier["unitPrice"]) / Fraction(component["perQuantity"]), 9)',
    ),
    "whole seconds": ("Fraction(right - left, 1000)", "Fraction((right - left) // 1000)"),
    "all at the last tier": ("part = upper - lower", "part = quantity if upper == quantity else Fraction(0)"),
    "a line of nothing": ("if part > 0:", "if part >= 0:"),
    "tiers in another unit": (
        'Fraction(tier["upTo"]))',
        'Fraction(tier["upTo"]) * Fraction(component["perQuantity"]))',
    ),
    "minimum left out": ('max(Fraction(component["granularity"].get("minimum", "0")), whole)', "whole"),
    "minimum of no use": ('if quantity > 0 and "granularity" in component', 'if "granularity" in component'),
    "minimum stepped up": (
        'quantity = max(Fraction(component["granularity"].get("minimum", "0")), whole)',
        'quantity = -(-max(Fraction(component["granularity"].get("minimum", "0")), whole) // step) * step',
    ),
    "steps down": ("-(-quantity // step) * step", "quantity // step * step"),
    "the last component wins": (
        'for it in plan["components"] if (it[',
        'for it in plan["components"][::-1] if (it[',
    ),
    "dimensions without units": (
        'if (it["dimension"], it["unit"]) == measure)',
        'if it["dimension"] == measure[0])',
    ),
    "unpriced use lost": ("_priced(plan, sums) + _unpriced(plan, unpriced)", "_priced(plan, sums)"),
    "a plan for ever": ("or not effective[0] <= left < effective[1]", ""),
    "no cut where a plan ends": ("*effective, *_active(given)", "*_active(given)"),
    "use of other periods": ("if not begin <= left < end:", "if False:"),
    "the end of a period belongs to it": ("if not begin <= left < end:", "if not begin <= left <= end:"),
    "counts divided at cuts": ("if inner and measure not in held:", "if False:"),
    "unpriced counts divided at cuts": (
        "if inner and measure not in held:",
        'if inner and measure in _measures(plan, "COUNT"):',
    ),
    "the end of a record belongs to it": (
        "cut for cut in cuts if start < cut < stop",
        "cut for cut in cuts if start < cut <= stop",
    ),
    "the first contents of a key": (
        "if json.dumps(by_key.setdefault(key, record)) != json.dumps(record):",
        "if by_key.setdefault(key, record) is None:",
    ),
    "contents compared by quantity": (
        "if json.dumps(by_key.setdefault(key, record)) != json.dumps(record):",
        'if by_key.setdefault(key, record)["quantity"] != record["quantity"]:',
    ),
    "duplicates counted": (
        "return list(highest.values())",
        "return list(highest.values()) + [it for it in list(records)[1:] if it in list(records)[:1]]",
    ),
    "every revision counts": ("highest[key[:3]]", "highest[key]"),
    "the last revision to come": ("for key in sorted(by_key):", "for key in by_key:"),
    "revisions as texts": ('int(record["revision"])', 'record["revision"]'),
    "meters mixed up": ('key = (record["lease"], record["meterId"],', 'key = (record["lease"], "",'),
    "gap markers passed over": ("numbers |= marked", "pass"),
    "marked and recorded": ("if numbers & marked:", "if False:"),
    "complete from the first that came": (
        "set(range(1, max(numbers) + 1))",
        "set(range(min(numbers), max(numbers) + 1))",
    ),
    "always complete": ("return all(numbers ==", "return True or all(numbers =="),
    "never complete": ("return all(numbers ==", "return False and all(numbers =="),
    "other leases": ('if record["lease"] != given["lease"]["name"]:', "if False:"),
    "use before activation": ('ms(record["start"]) < first or ', ""),
    "use after the end": (' or ms(record["end"]) > last', ""),
    "the end of the lease excluded": ('ms(record["end"]) > last', 'ms(record["end"]) >= last'),
    "never activated": (
        "if not events:\n        return start, start",
        "if not events:\n        return start, end",
    ),
    "used beyond the lease": (
        "min(end, times[1] if len(times) == 2 else end)",
        "(times[1] if len(times) == 2 else end)",
    ),
    "used before the lease": ("max(start, times[0])", "times[0]"),
    "two activations": ("if kinds not in ([],", "if False and kinds not in ([],"),
    "overlaps": ("if any(earlier[1] > later[0]", "if False and any(earlier[1] > later[0]"),
    "touching overlaps": ("if any(earlier[1] > later[0]", "if any(earlier[1] >= later[0]"),
    "resources overlap": (
        'group = (record["meterId"], record["resource"], record["dimension"])',
        'group = (record["meterId"],)',
    ),
    "instants overlap": ("sorted(it for it in intervals if it[0] < it[1])", "sorted(intervals)"),
    "more than leased": (
        'if _most_held(counting, measure) > Fraction(given["lease"]["quantity"]):',
        "if False:",
    ),
    "all that is leased": (
        "if _most_held(counting, measure) > Fraction(",
        "if _most_held(counting, measure) >= Fraction(",
    ),
    "as leased, meter by meter": ("steps[at] = steps.get(at, Fraction(0)) + step", "steps[at] = step"),
    "lines by tier": (
        'key=lambda line: line["key"].encode()',
        'key=lambda line: (line.get("component", ""), line.get("tier", 0))',
    ),
    "no limit": ("if abs(amount) >= 10**18:", "if False:"),
    "no strictness": ("forms.check(plan, records)", "None"),
}


def mutant(module: ModuleType, old: str, new: str) -> ModuleType:
    """The module with one place of its text changed."""
    text = Path(str(module.__file__)).read_text("utf-8")
    assert text.count(old) == 1, (text.count(old), old)
    made = ModuleType("mutant")
    sys.modules["mutant"] = made  # dataclasses look their module up
    exec(compile(text.replace(old, new), "mutant", "exec"), made.__dict__)
    return made


def killers(rater: Any) -> Iterator[str]:
    """The vectors that a rater answers wrongly."""
    for vector in VECTORS:
        expect = vector["expect"]
        try:
            bill = rater(vector["input"])
            answer: Any = [bill.rating_digest, bill.net_total, bill.complete]
        except Refused as refused:
            answer = [refused.reason]
        except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError) as crash:
            answer = crash
        wanted = expect["reasons"] or [expect[it] for it in ("rating_digest", "net_total", "complete")]
        if answer != wanted:
            yield vector["id"]


def test_the_right_calculation_survives() -> None:
    """Unchanged, the second calculation answers every vector rightly."""
    assert list(killers(mutant(rating, "@dataclass\n", "@dataclass()\n").rate)) == []


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_caught(mistake: str) -> None:
    """A rater with one mistake gives another answer than a vector."""
    assert next(killers(mutant(rating, *MISTAKES[mistake]).rate), None) is not None


CHECKS = re.findall(r"^    +(_must\(.+\))$", Path(str(forms.__file__)).read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("check", CHECKS)
def test_each_check_of_form_is_tried(check: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that lacks one check of plans and records takes something that a vector refuses."""
    lacking = mutant(forms, check, "pass")
    monkeypatch.setattr(rating, "forms", lacking)
    assert next(killers(rating.rate), None) is not None
