"""A comparison as text and as a JSON value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crex.comparison.chart import draw
from crex.comparison.figures import amount, exact, length
from crex.comparison.table import Compared, Comparison
from crex.decimals import counted, format_rational, show
from crex.metering.span import show_ms
from crex.rating.component import Use


def demand_in_words(comparison: Comparison) -> str:
    """Says what is compared."""
    held = ", ".join(
        f"{exact(quantity)} {unit} of {dimension}"
        for (dimension, unit), quantity in comparison.demanded.quantities.items()
    )
    return f"{held} for {length(comparison.demanded.length_ms)}"


def begins(comparison: Comparison) -> str:
    """Says when the demand begins, in each zone."""
    instants: dict[int, list[str]] = {}
    for one in comparison.plans:
        instants.setdefault(comparison.setting[one.letter].start_ms, []).append(one.letter)
    anchor = next(iter(comparison.setting.values())).anchor_day
    months = f"billing periods from day {anchor} of each month in the zone of the plan"
    if len(instants) == 1:
        return f"from {show_ms(next(iter(instants)))}; {months}"
    begun = ", ".join(f"{''.join(letters)} from {show_ms(at)}" for at, letters in instants.items())
    return f"{begun}; {months}"


def rates_in_words(comparison: Comparison) -> list[str]:
    """Says by which rates costs are converted."""
    found = {one.plan.billed_currency: one for one in comparison.plans if one.rate != 1}
    return [
        f"1 {currency} is taken for {exact(one.rate)} {one.currency}, as stated"
        for currency, one in sorted(found.items())
    ]


def lines(comparison: Comparison) -> Iterator[str]:
    """Yields a comparison line by line: table, break-even points, charts, and what cannot be compared."""
    yield f"{demand_in_words(comparison)}, {begins(comparison)}"
    yield from rates_in_words(comparison)
    for currency, plans in comparison.by_currency.items():
        yield ""
        yield from _table(plans, currency)
        if len(plans) > 1:
            yield ""
            yield from break_even(comparison, plans)
        yield ""
        yield from draw(comparison, plans, currency)
    if len(comparison.by_currency) > 1:
        yield ""
        yield "Amounts of different currencies are not compared; --currency with --rate converts them."
    for one in sorted(comparison.plans, key=lambda one: not one.problem):  # what cannot be compared first
        if said := remark(one):
            yield ""
            yield said


def break_even(comparison: Comparison, plans: tuple[Compared, ...]) -> list[str]:
    """Says where plans of one currency change sides."""
    letters = {one.letter for one in plans}
    found = [
        f"Break-even: from {length(-(-change.length_ms // 1000) * 1000)} on, {change.cheaper} is cheaper "
        f"than {change.dearer}."
        for change in comparison.changes
        if change.cheaper in letters
    ]
    return found or ["Break-even: none within the chart."]


def remark(one: Compared) -> str:
    """Says why a plan cannot be compared, or what it prices beside the demand; empty where it is neither."""
    if one.problem:
        return f"{one.letter} {one.name} cannot be compared: {one.problem}"
    if one.beside:
        return f"{one.letter} also prices {uses(one.beside)}, of which nothing is demanded."
    return ""


def uses(found: tuple[Use, ...]) -> str:
    """Names dimensions and units."""
    return ", ".join(f"{dimension} in {unit}" for dimension, unit in found)


def rows(plans: tuple[Compared, ...], currency: str) -> list[tuple[str, str, str, str, str]]:
    """Gives the rows of a table: letter, plan, rounded cost, exact cost, and what all bills come to."""
    found = []
    for one in plans:
        worth = one.worth(one.cost)
        if one.cost is not None and worth is not None:
            own = one.plan.billed_currency
            billed = f"{amount(own, one.cost.billed)} {own} in {counted(one.cost.bills, 'bill')}"
            found.append((one.letter, one.name, amount(currency, worth), show(worth), billed))
    return found


def _table(plans: tuple[Compared, ...], currency: str) -> Iterator[str]:
    heads = ("", "PLAN", f"COST {currency}", "EXACT", "BILLED")
    cells = [heads, *rows(plans, currency)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    for row in cells:
        name, rest = row[:2], row[2:]
        left = [cell.ljust(width) for cell, width in zip(name, widths, strict=False)]
        right = [cell.rjust(width) for cell, width in zip(rest, widths[2:], strict=True)]
        yield "  ".join([*left, *right]).rstrip()


def to_json(comparison: Comparison) -> dict[str, Any]:
    """Gives a comparison as a JSON value; numbers are text, exact ones rationals."""
    return {
        "demand": {
            "quantities": [
                {"dimension": dimension, "unit": unit, "quantity": exact(quantity)}
                for (dimension, unit), quantity in comparison.demanded.quantities.items()
            ],
            "lengthMs": str(comparison.demanded.length_ms),
        },
        "plans": [_plan(comparison, one) for one in comparison.plans],
        "breakEven": [
            {"lengthMs": str(one.length_ms), "cheaper": one.cheaper, "dearer": one.dearer}
            for one in comparison.changes
        ],
    }


def _plan(comparison: Comparison, one: Compared) -> dict[str, Any]:
    value: dict[str, Any] = {
        "letter": one.letter,
        "plan": one.name,
        "revision": str(one.plan.pin.revision),
        "start": show_ms(comparison.setting[one.letter].start_ms),
        "timeZone": one.plan.time_zone,
        "currency": one.currency,
    }
    if one.rate != 1:
        value["rate"] = exact(one.rate)
    if one.problem:
        return value | {"problem": one.problem}
    worth = one.worth(one.cost)
    if one.cost is not None and worth is not None:
        num, den = format_rational(worth)
        value |= {"cost": amount(one.currency, worth), "exact": {"num": num, "den": den}}
        value |= {"billed": amount(one.plan.billed_currency, one.cost.billed), "bills": one.cost.bills}
    value["beside"] = [{"dimension": dimension, "unit": unit} for dimension, unit in one.beside]
    points = []
    for index, each in enumerate(comparison.lengths):
        known = one.at(index)
        if known is not None:
            num, den = format_rational(known)
            points.append({"lengthMs": str(each), "exact": {"num": num, "den": den}})
    return value | {"points": points}
