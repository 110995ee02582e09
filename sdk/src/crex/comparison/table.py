"""One demand over several plans: what each costs at each length, and where they change sides.

Amounts of different currencies are never compared: plans stand side by side by currency, unless rates of
exchange are given, by which exact costs are multiplied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Final

from crex.comparison.costing import Cost, Course, Setting
from crex.comparison.crossing import Crossing, crossings
from crex.comparison.demanded import Demanded
from crex.decimals import counted, exponent
from crex.errors import CrexError, RatingError
from crex.metering.span import show_ms
from crex.rating import Plan
from crex.rating.component import Use

_MINUTE_MS: Final = 60_000
# More lines than letters, or than people tell apart, are no chart.
MOST_PLANS: Final = 16
_LETTERS: Final = "ABCDEFGHIJKLMNOP"


@dataclass(frozen=True, slots=True)
class Compared:
    """A plan of a comparison.

    Attributes:
        letter: Its letter in charts.
        plan: The plan.
        currency: Currency of `costs`: the plan's billed one, or the one that they are converted into.
        rate: What costs in the plan's billed currency were multiplied by; 1 where nothing was converted.
        costs: Cost at each length of the comparison, in the plan's billed currency.
        cost: Cost of the demand as it is; nothing where it cannot be told.
        beside: Dimensions and units that the plan prices and the demand does not state.
        problem: Why it cannot be compared, for people; empty where it can.
    """

    letter: str
    plan: Plan
    currency: str
    rate: Fraction
    costs: tuple[Cost | None, ...]
    cost: Cost | None
    beside: tuple[Use, ...] = ()
    problem: str = ""

    @property
    def name(self) -> str:
        """Name of the plan."""
        return self.plan.pin.id

    def at(self, index: int) -> Fraction | None:
        """Returns the exact cost at a length of the comparison, converted; nothing where it is not priced."""
        return self.worth(self.costs[index]) if self.costs else None

    def worth(self, cost: Cost | None) -> Fraction | None:
        """Returns an exact cost, converted; nothing where a part of the demand has no price."""
        return None if cost is None or cost.unpriced else cost.exact * self.rate


@dataclass(frozen=True, slots=True)
class Change:
    """A break-even point of two plans.

    Attributes:
        length_ms: Length from which on `cheaper` costs less.
        cheaper: Letter of the plan that is cheaper beyond.
        dearer: Letter of the other.
    """

    length_ms: int
    cheaper: str
    dearer: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One demand over several plans.

    Attributes:
        demanded: The demand.
        setting: When it begins, for each plan in its own zone: by letter.
        lengths: Lengths of the chart in milliseconds, ascending.
        plans: The plans, in the order in which they were given.
        changes: Break-even points by ascending length.
    """

    demanded: Demanded
    setting: Mapping[str, Setting]
    lengths: tuple[int, ...]
    plans: tuple[Compared, ...]
    changes: tuple[Change, ...]

    @property
    def by_currency(self) -> Mapping[str, tuple[Compared, ...]]:
        """The plans that can be compared, by currency, the cheapest first."""
        found: dict[str, list[Compared]] = {}
        for one in self.plans:
            if not one.problem:
                found.setdefault(one.currency, []).append(one)
        return {
            currency: tuple(sorted(each, key=lambda one: (one.worth(one.cost) or Fraction(0), one.letter)))
            for currency, each in sorted(found.items())
        }


def lengths_up_to(last_ms: int, points: int) -> tuple[int, ...]:
    """Returns so many lengths, evenly up to the last one, in whole milliseconds."""
    found = {last_ms * number // points for number in range(1, points + 1)}
    return tuple(sorted(length for length in found if length > 0))


def compare(
    plans: Sequence[Plan],
    demanded: Demanded,
    setting: Callable[[Plan], Setting],
    lengths: Sequence[int],
    *,
    rates: Mapping[str, Fraction] | None = None,
    currency: str = "",
    progress: Callable[[int], None] = lambda _: None,
) -> Comparison:
    """Compares plans.

    Args:
        plans: The plans.
        demanded: The demand.
        setting: When it begins under a plan, and what else rating reads.
        lengths: Lengths of the chart in milliseconds, ascending.
        rates: What one unit of a currency is worth in `currency`.
        currency: Currency into which costs are converted; empty: none is.
        progress: Told how many lengths of all plans are done.

    Raises:
        CrexError: SCHEMA: there is no plan or there are too many, or a currency is none.
    """
    if not 0 < len(plans) <= MOST_PLANS:
        raise CrexError(
            "LIMIT",
            f"{counted(len(plans), 'plan')} cannot be compared at once; name 1 to {MOST_PLANS} of them, as "
            "with --only WORD.",
        )
    for code in (*(rates or {}), *((currency,) if currency else ())):
        exponent(code)
    settings = {letter: setting(plan) for letter, plan in zip(_LETTERS, plans, strict=False)}
    courses = [
        (letter, Course(plan, demanded, settings[letter]))
        for letter, plan in zip(_LETTERS, plans, strict=False)
    ]
    done = 0
    compared = []
    for letter, course in courses:
        compared.append(_compared(letter, course, demanded, lengths, rates or {}, currency))
        done += len(lengths)
        progress(done)
    changes = _changes(compared, dict(courses), lengths)
    return Comparison(demanded, settings, tuple(lengths), tuple(compared), changes)


def _compared(
    letter: str,
    course: Course,
    demanded: Demanded,
    lengths: Sequence[int],
    rates: Mapping[str, Fraction],
    currency: str,
) -> Compared:
    rate = rates.get(course.currency)
    into = currency if rate is not None and currency else course.currency
    factor = Fraction(1) if rate is None or not currency else rate
    try:
        cost = course.cost(demanded.length_ms)
        problem = _unpriced(cost, course.plan)
        costs = tuple(course.cost(length) for length in lengths) if not problem else ()
    except RatingError as error:
        return Compared(letter, course.plan, into, factor, (), None, course.beside, error.message)
    return Compared(letter, course.plan, into, factor, costs, cost, course.beside, problem)


def _unpriced(cost: Cost, plan: Plan) -> str:
    if not cost.unpriced:
        return ""
    named = ", ".join(f"{dimension} in {unit}" for dimension, unit in cost.unpriced)
    if not {one.use for one in plan.components}.issuperset(cost.unpriced):
        return f"it has no price for {named}"
    end = "" if plan.end_ms is None else f" until {show_ms(plan.end_ms)}"
    applies = f"it applies from {show_ms(plan.start_ms)}{end}"
    return f"it prices {named} not for all of the time or not in this case ({applies})"


def _changes(
    compared: Iterable[Compared], courses: Mapping[str, Course], lengths: Sequence[int]
) -> tuple[Change, ...]:
    sound = [one for one in compared if not one.problem]
    found: list[Change] = []
    looked = sorted({min(_MINUTE_MS, *lengths), *lengths}) if lengths else []
    for first, second in combinations(sound, 2):
        if first.currency != second.currency:
            continue
        one, other = _costs(first, courses[first.letter]), _costs(second, courses[second.letter])
        found += [_change(first, second, crossing) for crossing in crossings(one, other, looked)]
    return tuple(sorted(found, key=lambda one: (one.length_ms, one.cheaper, one.dearer)))


def _costs(one: Compared, course: Course) -> Callable[[int], Fraction | None]:
    return lambda length: one.worth(course.cost(length))


def _change(first: Compared, second: Compared, one: Crossing) -> Change:
    pair = (first.letter, second.letter) if one.first_cheaper else (second.letter, first.letter)
    return Change(one.length_ms, *pair)
