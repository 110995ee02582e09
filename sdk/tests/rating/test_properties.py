"""What holds for every plan and usage: order, repetition and splitting change nothing; a second opinion."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from crex.decimals import EXPONENTS, format_decimal
from crex.documents.times import to_ms
from crex.metering import Record, Span
from crex.rating import Plan
from sdk.tests.rating.samples import START, bill, component, count, counted, lease, plan, record

# Everything happens within this many seconds, a second at a time; quantities come in quarters.
SECONDS = 40
PERIOD = Span(to_ms(START) + 5_000, to_ms(START) + 35_000)
QUARTER = Fraction(1, 4)
CURRENCIES = ("EUR", "JPY", "KWD", "CLF")


@dataclass(frozen=True)
class Case:
    """A plan and the usage to be rated under it, and the same as plain numbers."""

    plan: Plan
    records: tuple[Record, ...]
    held: tuple[tuple[int, int, Fraction], ...]  # start, end, units
    counts: tuple[Fraction, ...]
    prices: tuple[tuple[tuple[Fraction | None, Fraction], ...], ...]  # tiers of `gpu` and of `tokens`
    per: tuple[Fraction, Fraction]
    step: tuple[Fraction, Fraction] | None
    plan_end: int
    currency: str


decimals = st.integers(-(10**6), 10**6).map(lambda scaled: Fraction(scaled, 10**4))
positive = st.integers(1, 10**5).map(lambda scaled: Fraction(scaled, 100))
quarters = st.integers(0, 60).map(lambda number: number * QUARTER)


@st.composite
def tiers(draw: st.DrawFn) -> tuple[tuple[Fraction | None, Fraction], ...]:
    """One to four tiers with bounds at quarters."""
    bounds = sorted(draw(st.sets(st.integers(1, 200), max_size=3)))
    ends: list[Fraction | None] = [bound * QUARTER for bound in bounds]
    return tuple((end, draw(decimals)) for end in [*ends, None])


def listed(prices: tuple[tuple[Fraction | None, Fraction], ...]) -> list[tuple[str | None, str]]:
    """Tiers as a plan writes them."""
    return [(None if end is None else format_decimal(end), format_decimal(price)) for end, price in prices]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A random plan, lease of eight units and usage."""
    prices = (draw(tiers()), draw(tiers()))
    per = (draw(positive), draw(positive))
    step = draw(st.none() | st.tuples(st.integers(1, 12).map(lambda n: n * QUARTER), quarters))
    plan_end = draw(st.integers(1, SECONDS + 5))
    currency = draw(st.sampled_from(CURRENCIES))
    cuts = sorted(draw(st.sets(st.integers(0, SECONDS), min_size=2, max_size=6)))
    held = tuple((a, b, draw(quarters.filter(lambda q: q <= 8))) for a, b in pairwise(cuts))
    held = tuple(each for each in held if draw(st.booleans()))
    counts = tuple(draw(st.lists(quarters, max_size=4)))
    priced = plan(
        component(listed(prices[0]), per=format_decimal(per[0])),
        counted(
            listed(prices[1]),
            id="tokens",
            per=format_decimal(per[1]),
            step=format_decimal(step[0]) if step else None,
            minimum=format_decimal(step[1]) if step else None,
        ),
        currency=currency,
        end=START + timedelta(seconds=plan_end),
    )
    records = [
        record(START + timedelta(seconds=a), START + timedelta(seconds=b), format_decimal(units), seq=seq)
        for seq, (a, b, units) in enumerate(held, start=1)
    ]
    # Counts are read at one instant, inside the period and the plan's first second or its last.
    instant = START + timedelta(seconds=10)
    records += [count(instant, instant, format_decimal(used), seq=seq) for seq, used in enumerate(counts, 1)]
    return Case(priced, tuple(records), held, counts, prices, per, step, plan_end, currency)


def round_away(numerator: int, denominator: int) -> int:
    """Rounds a quotient to a whole number, ties away from zero, by school arithmetic."""
    whole, rest = divmod(abs(numerator), denominator)
    whole += 1 if rest * 2 >= denominator else 0
    return whole if numerator >= 0 else -whole


Lines = dict[str, tuple[Fraction, int]]


def second_opinion(case: Case) -> Lines:
    """Computes quantity and minor units of each line, second by second and quarter by quarter."""
    held, held_unpriced = _held(case)
    counted_quarters = sum(int(amount / QUARTER) for amount in case.counts)
    used, unpriced = (counted_quarters, 0) if case.plan_end > 10 else (0, counted_quarters)
    if case.step is not None and used:
        step, minimum = (int(value / QUARTER) for value in case.step)
        while used % step:
            used += 1
        used = max(used, minimum)
    lines = {**_priced(case, 0, "gpu", held), **_priced(case, 1, "tokens", used)}
    if held_unpriced:
        lines["compute-unit"] = held_unpriced * QUARTER, 0
    if unpriced:
        lines["output"] = unpriced * QUARTER, 0
    return lines


def _held(case: Case) -> tuple[int, int]:
    """Counts the quarters held in each second of the period, before and after the plan's end."""
    priced = unpriced = 0
    for second in range(5, 35):
        units = sum((each[2] for each in case.held if each[0] <= second < each[1]), Fraction(0))
        if second < case.plan_end:
            priced += int(units / QUARTER)
        else:
            unpriced += int(units / QUARTER)
    return priced, unpriced


def _priced(case: Case, index: int, name: str, quarters_used: int) -> Lines:
    """Asks of each single quarter in which tier it lies."""
    parts: dict[int, int] = {}
    for quarter in range(1, quarters_used + 1):
        upper = quarter * QUARTER
        tier = next(n for n, (end, _) in enumerate(case.prices[index], 1) if end is None or upper <= end)
        parts[tier] = parts.get(tier, 0) + 1
    lines: Lines = {}
    for tier, number in parts.items():
        price, per = case.prices[index][tier - 1][1], case.per[index]
        numerator = number * price.numerator * per.denominator * 10 ** EXPONENTS[case.currency]
        denominator = 4 * price.denominator * per.numerator
        lines[f"{name} {tier}"] = number * QUARTER, round_away(numerator, denominator)
    return lines


@settings(deadline=None)
@given(cases())
def test_a_second_opinion(case: Case) -> None:
    """The engine agrees with a calculator that counts every second and every quarter by itself."""
    rating = bill(case.plan, case.records, of=lease(8), period=PERIOD)
    found = {
        f"{line.component} {line.tier}" if line.component else line.dimension: (
            line.quantity,
            line.amount.minor,
        )
        for line in rating.lines
    }
    expected = second_opinion(case)
    assert found == expected
    assert rating.total.minor == sum(minor for _, minor in expected.values())


@settings(deadline=None)
@given(cases(), st.randoms(use_true_random=False))
def test_order_changes_nothing(case: Case, chance: random.Random) -> None:
    """Records in another order, and some of them again, are the same bill."""
    shuffled = [*case.records, *case.records[::2]]
    chance.shuffle(shuffled)
    first = bill(case.plan, case.records, of=lease(8), period=PERIOD)
    assert bill(case.plan, shuffled, of=lease(8), period=PERIOD) == first


@settings(deadline=None)
@given(cases(), st.integers(1, SECONDS * 1000 - 1))
def test_splitting_held_time_changes_nothing(case: Case, cut_ms: int) -> None:
    """Held time cut at any millisecond into two records is the same bill, by its digest."""
    cut = START + timedelta(milliseconds=cut_ms)
    whole = bill(case.plan, case.records, of=lease(8), period=PERIOD)
    seq, pieces = 1, []
    for each in case.records:
        if each.meter_id != "units":
            pieces.append(each)
            continue
        start, end = (START + timedelta(milliseconds=ms - to_ms(START)) for ms in edges(each))
        for a, b in [(start, cut), (cut, end)] if start < cut < end else [(start, end)]:
            pieces.append(record(a, b, format_decimal(each.quantity), seq=seq))
            seq += 1
    assert bill(case.plan, pieces, of=lease(8), period=PERIOD).digest == whole.digest


def edges(each: Record) -> tuple[int, int]:
    """Start and end of a record."""
    return each.span.start_ms, each.span.end_ms


@settings(deadline=None)
@given(cases(), st.data())
def test_splitting_a_count_changes_nothing(case: Case, data: st.DataObject) -> None:
    """An amount counted in two readings is the same bill as in one."""
    first = [min(data.draw(quarters), used) for used in case.counts]
    parts = [*first, *(used - part for used, part in zip(case.counts, first, strict=True))]
    instant = START + timedelta(seconds=10)
    held = [each for each in case.records if each.meter_id == "units"]
    pieces = [count(instant, instant, format_decimal(used), seq=seq) for seq, used in enumerate(parts, 1)]
    whole = bill(case.plan, case.records, of=lease(8), period=PERIOD)
    assert bill(case.plan, [*held, *pieces], of=lease(8), period=PERIOD).digest == whole.digest


@settings(deadline=None)
@given(cases())
def test_two_periods_are_one(case: Case) -> None:
    """Held time of a period is that of its two halves together."""
    middle = PERIOD.start_ms + 12_345
    halves = [Span(PERIOD.start_ms, middle), Span(middle, PERIOD.end_ms)]
    held = [each for each in case.records if each.meter_id == "units"]

    def quantity(period: Span) -> Fraction:
        lines = bill(case.plan, held, of=lease(8), period=period).lines
        return sum((line.quantity for line in lines), Fraction(0))

    assert quantity(PERIOD) == sum(map(quantity, halves))
