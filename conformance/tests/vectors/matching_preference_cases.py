"""Vectors of preferences: points, weights, rounding, what counts, and the order that a score makes.

Every score is worked out by hand from the requirements named beside it.
"""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.matching_cases import Case, rejected
from conformance.tests.vectors.matching_demand_cases import IN_SG, X86, candidate, candidates, search
from conformance.tests.vectors.matching_documents import (
    ACCELERATORS,
    GIB,
    RATES,
    Value,
    all_of,
    constraint,
    decimal,
    device,
    energy,
    plan,
    rate,
    resource,
    site,
)
from conformance.tests.vectors.matching_match_cases import asked, entry
from conformance.tests.vectors.one_change import GONE

POINTS, SCORE, REFUSAL = "DEMAND-PREFERENCE-2", "DEMAND-PREFERENCE-3", "DEMAND-PREFERENCE-1"
_FIRST = "demand.preferences[0]"


def more(path: str, low: Value | int, high: Value | int, **members: Any) -> Value:
    """Gives a preference for more."""
    return _wish(path, "MAXIMIZE", low, high, **members)


def less(path: str, low: Value | int, high: Value | int, **members: Any) -> Value:
    """Gives a preference for less."""
    return _wish(path, "MINIMIZE", low, high, **members)


def _wish(path: str, direction: str, low: Value | int, high: Value | int, **members: Any) -> Value:
    return {
        "path": path,
        "direction": f"PREFERENCE_DIRECTION_{direction}",
        "refLow": low if isinstance(low, dict) else {"integer": str(low)},
        "refHigh": high if isinstance(high, dict) else {"integer": str(high)},
        **members,
    }


def scored(*scores: int | None) -> Value:
    """Gives the answer that the one offer matches with a score."""
    return candidates(*(candidate("x", score=score) for score in scores))


def _row(name: str, score: int, why: str, *wishes: Value, offered: Value | None = None) -> Case:
    given = asked(None, entry("x") if offered is None else offered, preferences=list(wishes))
    return search(name, [POINTS, SCORE], why, given, scored(score))


_CPUS = "cpu.schedulable_cpus"  # 64 of them
_half = _row("preference-for-more", 250, "64 CPUs lie a quarter from 32 to 160.", more(_CPUS, 32, 160))
_fewer = _row("preference-for-less", 750, "1 - 1/4 of the points.", less(_CPUS, 32, 160))
_tie = _row("preference-half-up-from-zero", 1, "1000 × 64 ÷ 128000 = 0.5, half up.", more(_CPUS, 0, 128_000))
_weights = _row(
    "preference-weights",
    250,
    "All points of weight 1, none of weight 3: 1000 × 1 ÷ 4.",
    more(_CPUS, 0, 64, weight=1),
    more(_CPUS, 64, 128, weight=3),
)


def _from(base: Case, name: str, where: str, value: Any, score: int, why: str, *rules: str) -> Case:
    return base.but(name, list(rules or (POINTS, SCORE)), where, value, scored(score), why)


POINT_CASES: Final = [
    _half,
    _from(_half, "preference-without-points", f"{_FIRST}.refLow.integer", "64", 0, "64 is the lower end."),
    _from(_half, "preference-below-both-ends", f"{_FIRST}.refLow.integer", "65", 0, "Below it, none less."),
    _from(
        _half,
        "preference-with-all-points",
        f"{_FIRST}.refHigh.integer",
        "64",
        1000,
        "64 is the upper end.",
    ),
    _from(
        _half,
        "preference-beyond-both-ends",
        f"{_FIRST}.refHigh.integer",
        "63",
        1000,
        "Beyond the upper end nothing is added.",
    ),
    _from(
        _half,
        "preference-over-a-missing-value",
        f"{_FIRST}.path",
        "cpu.physical_cores",
        0,
        "What is not stated gets no points, and still matches.",
    ),
    _fewer,
    _from(
        _fewer,
        "preference-for-less-of-a-missing-value",
        f"{_FIRST}.path",
        "cpu.physical_cores",
        0,
        "What is not stated is not the least: it gets no points, not all.",
    ),
    _from(
        _fewer, "preference-for-less-below-both-ends", f"{_FIRST}.refLow.integer", "65", 1000, "Less is best."
    ),
    _from(
        _fewer,
        "preference-for-less-beyond-both-ends",
        f"{_FIRST}.refHigh.integer",
        "63",
        0,
        "Beyond the upper end nothing is taken away.",
    ),
    _from(
        _half,
        "preference-of-a-third",
        f"{_FIRST}.refHigh.integer",
        "128",
        333,
        "32 of 96 is a third: 333.33, rounded down.",
    ),
    _from(
        _fewer,
        "preference-for-less-of-a-third",
        f"{_FIRST}.refHigh.integer",
        "128",
        667,
        "Two thirds: 666.67, rounded up.",
    ),
    _tie,
    _from(
        _tie,
        "preference-just-below-a-half",
        f"{_FIRST}.refHigh.integer",
        "128001",
        0,
        "64000 ÷ 128001 is below 0.5.",
    ),
    _from(
        _tie,
        "preference-half-up-not-to-even",
        f"{_FIRST}.refHigh.integer",
        "25600",
        3,
        "64000 ÷ 25600 = 2.5, half up; rounding to even gives 2.",
    ),
    _from(
        _tie,
        "preference-is-rounded-once",
        f"{_FIRST.removesuffix('[0]')}[1]",
        more(_CPUS, 64, 65),
        0,
        "0.5 and 0 are 0.25 together; rounded one by one they would be 1 and 0, and then 0.5.",
    ),
    _weights,
    _from(
        _weights,
        "preference-weight-unset-is-one",
        "demand.preferences[1].weight",
        GONE,
        500,
        "A weight that is not stated is 1: 1000 × 1 ÷ 2.",
    ),
    _from(
        _weights,
        "preference-weights-of-thousands",
        f"{_FIRST}.weight",
        1000,
        997,
        "1000 × 1000 ÷ 1003 = 997.0…",
    ),
]

_CAPACITY = "accelerators.memory.capacity"
_best = _row(
    "preference-of-the-best-device",
    500,
    "40 and 80 GiB of 0 to 160: the larger counts.",
    more(_CAPACITY, 0, 160 * GIB),
    offered=entry("x", resource(device(gib=40), device(gib=80))),
)
_IS_PUE = constraint("metric", "EQ", "pue")
_ENERGY = [
    energy(1_500_000),
    energy(1_200_000, basis="design"),
    {**energy(1_000_000), "metric": "wue"},
]
_pue = _row(
    "preference-where",
    800,
    "The better PUE of the two, 1.2 between 1 and 2, is 0.2 from the best; the water is not looked at.",
    less("site.energy.value", 1_000_000, 2_000_000, where=_IS_PUE),
    offered=entry("x", at=site(energy=_ENERGY)),
)
_BF16 = [rate("bf16", 900_000_000), rate("bf16", 1_800_000_000, sparsity="2-4"), rate("int8", 1_800_000_000)]
_dense = _row(
    "preference-sees-dense-rates",
    500,
    "900 of 1800 TFLOPS: a rate with sparsity is passed over.",
    more("accelerators.rates.mops_per_s", 0, 1_800_000_000, where=constraint("number_format", "EQ", "bf16")),
    offered=entry("x", resource(device(rates=_BF16), closed=(ACCELERATORS, RATES))),
)
_price = _row(
    "preference-for-a-low-price",
    282,
    "71.76 of 100: 1000 × (1 - 0.7176) = 282.4.",
    less("price", decimal("0"), decimal("100")),
)
VALUE_CASES: Final = [
    _best,
    _best.but(
        "preference-of-the-best-device-for-less",
        [POINTS],
        f"{_FIRST}.direction",
        "PREFERENCE_DIRECTION_MINIMIZE",
        scored(750),
        "Where less is better, the smaller is the best of the values: 1 - 40/160.",
    ),
    _best.but(
        "preference-is-per-device",
        [POINTS, "DESC-COUNT-1"],
        "offers[0].resource.node.accelerators[1]",
        device(count=16, gib=40),
        scored(250),
        "Sixteen devices of 40 GiB are no device of 640 GiB.",
    ),
    _pue,
    _pue.but(
        "preference-without-where",
        [POINTS],
        f"{_FIRST}.where",
        GONE,
        scored(1000),
        "Every element counts: 1.0 litres are taken for a perfect PUE. That is what `where` is for.",
    ),
    _pue.but(
        "preference-on-a-basis",
        [POINTS, "REQ-BASIS-1"],
        f"{_FIRST}.acceptedBases",
        ["metered"],
        scored(500),
        "The better figure is by design, and counts as missing; 1.5 is metered.",
    ),
    _pue.but(
        "preference-where-nothing-is",
        [POINTS],
        f"{_FIRST}.where",
        constraint("metric", "EQ", "cue"),
        scored(0),
        "No element satisfies it: nothing is stated.",
    ),
    _pue.but(
        "preference-where-it-is-not-known",
        [POINTS, "REQ-MISSING-1"],
        f"{_FIRST}.where",
        all_of(_IS_PUE, constraint("accounting", "NE", "market")),
        scored(0),
        "An element of which it is UNKNOWN does not satisfy it.",
    ),
    _dense,
    _dense.but(
        "preference-where-of-another-format",
        [POINTS],
        f"{_FIRST}.where.constraint.values[0].text",
        "int8",
        scored(1000),
        "The dense rate of int8 is 1800 Tops.",
    ),
    _price,
    _price.but(
        "preference-over-an-unknown-price",
        [POINTS, "DEMAND-PRICE-2"],
        "demand.currency",
        "EUR",
        scored(0),
        "An unknown price is never 0: it gets no points, not all.",
    ),
    _row(
        "preference-for-long-leases",
        500,
        "A duration is a number of seconds: two days of four.",
        more("offer.terms.max_duration", decimal("0"), decimal("345600")),
        offered=entry("x", terms={"mode": "on-demand", "maxDuration": "172800s"}),
    ),
]

_SMALL = resource(device(), cpu={"isa": "x86-64", "schedulableCpus": "32"})
_WITH_63 = resource(device(), cpu={"isa": "x86-64", "schedulableCpus": "63"})
_order = search(
    "preference-orders-before-price",
    ["MATCH-ORDER-1", SCORE],
    "c and b have 64 CPUs, a has 32: by score, then by price, though a costs next to nothing.",
    asked(
        None,
        entry("a", _SMALL, priced=plan("0.1")),
        entry("b", priced=plan("9"), at=site(country="SG")),
        entry("c", priced=plan("5")),
        preferences=[more(_CPUS, 0, 128)],
    ),
    candidates(candidate("c", score=500), candidate("b", score=500), candidate("a", score=250)),
)
_ties = search(
    "preference-ties-by-name",
    ["MATCH-ORDER-1"],
    "Equal scores and equal prices: by name.",
    asked(None, entry("b"), entry("a"), preferences=[more(_CPUS, 0, 128)]),
    candidates(candidate("a", score=500), candidate("b", score=500)),
)
ORDER_CASES: Final = [
    _order,
    _order.but(
        "order-without-preferences",
        ["MATCH-ORDER-1"],
        "demand.preferences",
        GONE,
        candidates(candidate("a", score=None), candidate("c", score=None), candidate("b", score=None)),
        "By price; there is no score, which is not a score of 0.",
    ),
    search(
        "preference-orders-after-alternatives",
        ["MATCH-ORDER-1", "DEMAND-ALTERNATIVE-1"],
        "What meets the requirement comes first, however little it pleases.",
        asked(
            constraint(_CPUS, "LE", 32),
            entry("a", _SMALL),
            entry("b", at=site(country="SG")),
            entry("c", priced=plan("0.1")),
            alternatives=[IN_SG, X86],
            preferences=[more(_CPUS, 0, 128)],
        ),
        candidates(
            candidate("a", alternative=0, score=250),
            candidate("b", alternative=1, score=500),
            candidate("c", alternative=2, score=500),
        ),
    ),
    _order.but(
        "preference-orders-equal-scores-of-unknown-price",
        ["MATCH-ORDER-1"],
        "offers[2].plan.currency",
        "EUR",
        candidates(candidate("b", score=500), candidate("c", score=500, price=None), candidate("a")),
        "Of equal scores the known price comes first; an unknown price of a higher score stays before a.",
    ),
    _ties,
    _ties.but(
        "preference-ties-at-zero",
        ["MATCH-ORDER-1", SCORE],
        _FIRST,
        more(_CPUS, 0, 128_000_000),
        candidates(candidate("a", score=0), candidate("b", score=0)),
        "A score of zero excludes nothing.",
    ),
    search(
        "preference-orders-by-the-rounded-score",
        ["MATCH-ORDER-1", SCORE],
        "64 and 63 of 12800 are 5 and 4.92 points: both score 5, and the cheaper comes first.",
        asked(
            None,
            entry("a", priced=plan("2")),
            entry("b", _WITH_63, priced=plan("1")),
            preferences=[more(_CPUS, 0, 12_800)],
        ),
        candidates(candidate("b", score=5), candidate("a", score=5)),
    ),
]


def _refused(name: str, wish: Value, why: str, *rules: str) -> Case:
    return _half.but(name, list(rules or (REFUSAL,)), _FIRST, wish, rejected(), why)


REFUSED_CASES: Final = [
    _refused("preference-of-a-text", more("cpu.isa", 0, 1), "Texts are no numbers."),
    _refused("preference-of-a-message", more("memory", 0, 1), "A memory has many figures."),
    _refused("preference-of-a-truth-value", more("memory.ecc", 0, 1), "True is no number."),
    _refused(
        "preference-of-a-time",
        more(
            "offer.valid_until",
            {"time": "2026-03-01T00:00:00Z"},
            {"time": "2026-03-03T00:00:00Z"},
        ),
        "An instant is no number.",
    ),
    _refused("preference-of-an-unknown-path", more("cpu.cores", 0, 1), "A misspelt path.", "REQ-PATH-1"),
    _refused("preference-between-equals", more(_CPUS, 64, 64), "Between 64 and 64 nothing lies."),
    _refused("preference-between-reversed", more(_CPUS, 128, 0), "For less, the direction says so."),
    _refused(
        "preference-between-texts",
        more(_CPUS, {"text": "0"}, {"text": "128"}),
        'The text "0" is no 0.',
        REFUSAL,
        "REQ-VALUE-1",
    ),
    _refused(
        "preference-between-decimals-of-an-integer",
        more(_CPUS, decimal("0"), decimal("128")),
        "An integer path has integer references.",
        REFUSAL,
        "REQ-VALUE-1",
    ),
    _refused(
        "preference-where-there-is-no-list",
        more(_CPUS, 0, 128, where=constraint("isa", "EQ", "x86-64")),
        "There is no list of which an element could satisfy it.",
    ),
    _refused(
        "preference-where-of-an-unknown-path",
        more(_CAPACITY, 0, GIB, where=constraint("maker", "EQ", "nvidia")),
        "Paths of `where` begin at the element, and are refused as others are.",
        "REQ-PATH-1",
    ),
    _refused("preference-of-no-weight", more(_CPUS, 0, 128, weight=0), "A weight is at least 1."),
    _refused(
        "preference-on-a-basis-that-cannot-be",
        less("price", decimal("0"), decimal("100"), acceptedBases=["sla"]),
        "A price has no basis.",
        "REQ-BASIS-2",
    ),
]

CASES: Final = [*POINT_CASES, *VALUE_CASES, *ORDER_CASES, *REFUSED_CASES]
