"""Vectors of demands: alternatives, rates of exchange, prices of further quantities, and their order.

Every number is worked out by hand from the requirements named beside it.
"""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.matching_cases import MATCH, Case, output, rejected
from conformance.tests.vectors.matching_documents import (
    P,
    Value,
    all_of,
    constraint,
    decimal,
    plan,
    site,
)
from conformance.tests.vectors.matching_match_cases import asked, entry, known, unknown
from conformance.tests.vectors.one_change import GONE


def candidate(name: str, **members: Any) -> Value:
    """Gives a candidate of which the stated members count."""
    return {"offerId": f"{P}/offer/{name}", **members}


def candidates(*expected: Value) -> Value:
    """Gives the answer that these offers match, in this order."""
    return output({"candidates": list(expected)})


def timed(time: Value, requirement: Value | None, *offers: Value, **more: Any) -> Value:
    """Gives the input of a search for one unit at a time of its own, an interval or a window."""
    given = asked(requirement, *offers, **more)
    del given["demand"]["duration"]
    return {**given, "demand": {**time, **given["demand"]}}


def search(name: str, requirements: list[str], why: str, given: Value, expect: Value) -> Case:
    """Gives a vector of matching that begins a row."""
    return Case(name, requirements, why, MATCH, given, expect)


IN_CN, IN_SG, IN_NO = (constraint("site.country", "EQ", country) for country in ("CN", "SG", "NO"))
X86, ARM = (constraint("cpu.isa", "EQ", isa) for isa in ("x86-64", "aarch64"))
MANY_CPUS = constraint("cpu.schedulable_cpus", "GE", 128)

# For a day: a in CN at 48, b in SG at 24, c in DE at 12. All are x86-64 with 64 CPUs.
_SHOP = (
    entry("a", priced=plan("2")),
    entry("b", priced=plan("1"), at=site(country="SG"), maxQuantity="1"),
    entry("c", priced=plan("0.5"), at=site(country="DE")),
)
_alternatives = search(
    "alternatives-come-before-prices",
    ["DEMAND-ALTERNATIVE-1", "MATCH-ORDER-1"],
    "a meets the requirement, b the first alternative, c the second: in that order, though c is cheapest.",
    asked(IN_CN, *_SHOP, alternatives=[IN_SG, X86]),
    candidates(
        {**known("a", "48.00", "48"), "alternative": 0},
        {**known("b", "24.00", "24"), "alternative": 1},
        {**known("c", "12.00", "12"), "alternative": 2},
    ),
)
_eighth = search(
    "eight-alternatives",
    ["DEMAND-ALTERNATIVE-1"],
    "The eighth is met, the seven before it are not.",
    asked(IN_NO, entry("x"), alternatives=[IN_SG] * 7 + [IN_CN]),
    candidates(candidate("x", alternative=8)),
)
_cheap = search(
    "alternative-bounds-the-price",
    ["DEMAND-ALTERNATIVE-1", "DEMAND-PRICE-1"],
    "71.76 is within the alternative's bound.",
    asked(IN_NO, entry("x"), alternatives=[constraint("price", "LE", decimal("80"))]),
    candidates(candidate("x", alternative=1)),
)
ALTERNATIVE_CASES: Final = [
    _alternatives,
    _alternatives.but(
        "alternatives-left-out",
        ["DEMAND-ALTERNATIVE-1"],
        "demand.alternatives",
        GONE,
        candidates(candidate("a", alternative=0)),
        "Without alternatives the requirement alone decides.",
    ),
    _alternatives.but(
        "alternatives-in-another-order",
        ["DEMAND-ALTERNATIVE-1"],
        "demand.alternatives",
        [X86, IN_SG],
        candidates(
            candidate("a", alternative=0), candidate("c", alternative=1), candidate("b", alternative=1)
        ),
        "b meets both alternatives: the first that it meets counts, not the one that suits it best.",
    ),
    _alternatives.but(
        "alternatives-of-no-requirement",
        ["DEMAND-ALTERNATIVE-1"],
        "demand.requirement",
        GONE,
        candidates(
            candidate("c", alternative=0), candidate("b", alternative=0), candidate("a", alternative=0)
        ),
        "Every offer meets a demand that requires nothing; its alternatives are never reached.",
    ),
    _alternatives.but(
        "alternative-for-what-is-not-stated",
        ["DEMAND-ALTERNATIVE-1", "REQ-MISSING-1"],
        "offers[0].site.country",
        GONE,
        candidates(
            candidate("b", alternative=1), candidate("c", alternative=2), candidate("a", alternative=2)
        ),
        "UNKNOWN is not TRUE: a is judged by the alternatives, and meets the last.",
    ),
    _alternatives.but(
        "terms-bind-under-every-alternative",
        ["DEMAND-ALTERNATIVE-1", "MATCH-TERMS-1"],
        "demand.count",
        "2",
        candidates(
            {**known("a", "96.00", "96"), "alternative": 0}, {**known("c", "24.00", "24"), "alternative": 2}
        ),
        "b sells one unit only; an alternative is about what is bought, not about whether it is sold.",
    ),
    _eighth,
    _eighth.but(
        "nine-alternatives",
        ["DEMAND-ALTERNATIVE-1"],
        "demand.alternatives[8]",
        IN_CN,
        rejected(),
        "At most eight are tried.",
    ),
    _eighth.but(
        "alternative-with-an-unknown-path",
        ["REQ-PATH-1", "DEMAND-ALTERNATIVE-1"],
        "demand.alternatives[0]",
        constraint("site.contry", "EQ", "SG"),
        rejected(),
        "An alternative is refused like any requirement, whether it is reached or not.",
    ),
    _cheap,
    _cheap.but(
        "alternative-price-without-currency",
        ["DEMAND-CURRENCY-2"],
        "demand.currency",
        GONE,
        rejected(),
        "The requirement compares no price, its alternative does.",
    ),
]


def _count(text: str, alternative: int, *, alone: int, fails: int) -> Value:
    return {
        "constraint": text,
        "alternative": alternative,
        "failsAlone": str(alone),
        "fails": str(fails),
        "unstated": "0",
    }


def _told(alternative: int, text: str, gap: str, counts: list[Value], relaxation: Value) -> Value:
    rejection = {
        "offerId": f"{P}/offer/x",
        "alternative": alternative,
        "constraint": text,
        "gap": gap,
        "unstated": False,
    }
    explanation = {
        "considered": "1",
        "matched": "0",
        "rejections": [rejection],
        "constraints": counts,
        "relaxation": relaxation,
    }
    return output({"candidates": [], "explanation": explanation})


_MANY = "cpu.schedulable_cpus >= 128"
_FEWER = {
    "alternative": 1,
    "constraint": _MANY,
    "relaxed": "cpu.schedulable_cpus >= 64",
    "wouldMatch": "1",
}
_nearest = search(
    "rejection-told-by-the-nearest-alternative",
    ["EXPLAIN-FOUND-1", "EXPLAIN-COUNT-1", "EXPLAIN-RELAX-1", "DEMAND-ALTERNATIVE-1"],
    "Two conditions of the requirement fail, one of the alternative: that one is told.",
    asked(all_of(IN_NO, ARM), entry("x"), alternatives=[all_of(IN_CN, MANY_CPUS)]),
    _told(
        1,
        _MANY,
        "64",
        [
            _count("site.country = NO", 0, alone=0, fails=1),
            _count("cpu.isa = aarch64", 0, alone=0, fails=1),
            _count(_MANY, 1, alone=1, fails=1),
        ],
        _FEWER,
    ),
)
REJECTION_CASES: Final = [
    _nearest,
    _nearest.but(
        "rejection-told-by-the-first-of-equals",
        ["EXPLAIN-FOUND-1", "EXPLAIN-RELAX-1"],
        "demand.requirement",
        IN_NO,
        _told(
            0,
            "site.country = NO",
            "",
            [_count("site.country = NO", 0, alone=1, fails=1), _count(_MANY, 1, alone=1, fails=1)],
            _FEWER,
        ),
        "One condition each: the requirement is told. A bound is the smaller change than another country.",
    ),
    search(
        "rejection-by-terms-under-an-alternative",
        ["EXPLAIN-FOUND-1", "EXPLAIN-COUNT-1", "EXPLAIN-RELAX-1", "MATCH-TERMS-1"],
        "Each alternative has its own conditions, with the terms at the end: of the second the count fails.",
        asked(IN_NO, entry("x", maxQuantity="2"), count="3", alternatives=[IN_CN]),
        _told(
            1,
            "demand.count = 3",
            "1",
            [
                _count("site.country = NO", 0, alone=0, fails=1),
                _count("demand.count = 3", 0, alone=0, fails=1),
                _count("demand.count = 3", 1, alone=1, fails=1),
            ],
            {
                "alternative": 1,
                "constraint": "demand.count = 3",
                "relaxed": "demand.count = 2",
                "wouldMatch": "1",
            },
        ),
    ),
]


def rate_of(currency: str, num: str, den: str = "1") -> Value:
    """Gives a rate of exchange."""
    return {"currency": currency, "rate": {"num": num, "den": den}}


def _in_yuan(requirement: Value | None, *offers: Value, num: str, den: str = "1", **more: Any) -> Value:
    return asked(requirement, *offers, currency="CNY", fx=[rate_of("USD", num, den)], **more)


_fx = search(
    "fx-converts-the-exact-price",
    ["DEMAND-FX-1", "DEMAND-PRICE-1"],
    "71.76 USD are 1794/25; times 71/10 that is 63687/125 = 509.496.",
    _in_yuan(None, entry("x"), num="71", den="10"),
    candidates(known("x", "509.50", "63687", "125", "CNY")),
)
_third = search(
    "fx-of-a-third",
    ["DEMAND-FX-1"],
    "71.76 ÷ 3 is 23.92 exactly; a rate with six or sixteen digits gives less.",
    _in_yuan(constraint("price", "GE", decimal("23.92")), entry("x"), num="1", den="3"),
    candidates(known("x", "23.92", "598", "25", "CNY")),
)
# For a day: a 240 CNY, b 24 USD, c 24 EUR.
_ranked = search(
    "fx-ranks-prices-of-two-currencies",
    ["DEMAND-FX-1", "MATCH-ORDER-1", "DEMAND-CURRENCY-1"],
    "b is 24 × 7.1 = 170.4 CNY; the demand has no rate for c, which comes last.",
    _in_yuan(
        None,
        entry("a", priced=plan("10", currency="CNY")),
        entry("b", priced=plan("1")),
        entry("c", priced=plan("1", currency="EUR")),
        num="71",
        den="10",
    ),
    candidates(
        known("b", "170.40", "852", "5", "CNY"), known("a", "240.00", "240", "1", "CNY"), unknown("c")
    ),
)


def _bad_rate(name: str, where: str, value: Any, why: str) -> Case:
    return _fx.but(name, ["DEMAND-FX-1"], where, value, rejected(), why)


FX_CASES: Final = [
    _fx,
    _fx.but(
        "fx-left-out",
        ["DEMAND-CURRENCY-1"],
        "demand.fx",
        GONE,
        candidates(unknown("x")),
        "Nobody but the consumer says what a dollar is worth.",
    ),
    _fx.but(
        "fx-for-another-currency",
        ["DEMAND-CURRENCY-1", "DEMAND-FX-1"],
        "demand.fx[0].currency",
        "EUR",
        candidates(unknown("x")),
        "A rate for euros converts no dollars.",
    ),
    _bad_rate("fx-for-its-own-currency", "demand.currency", "USD", "A dollar is a dollar."),
    _bad_rate("fx-without-a-currency-of-its-own", "demand.currency", GONE, "Converted into what?"),
    _bad_rate("fx-twice-for-one-currency", "demand.fx[1]", rate_of("USD", "7"), "Which of the two?"),
    _bad_rate("fx-of-zero", "demand.fx[0].rate", {"num": "0", "den": "1"}, "Nothing would cost anything."),
    _bad_rate("fx-below-zero", "demand.fx[0].rate.num", "-71", "The dearest would be the cheapest."),
    _third,
    _third.but(
        "fx-of-nearly-a-third",
        ["DEMAND-FX-1"],
        "demand.fx[0].rate",
        {"num": "333333", "den": "1000000"},
        candidates(),
        "71.76 × 0.333333 is 23.91997608: below the bound.",
    ),
    search(
        "fx-of-a-price-that-is-not-rounded",
        ["DEMAND-FX-1", "DEMAND-PRICE-1"],
        "0.005 USD × 150 is 0.75 JPY, rounded once to 1; rounded to cents first it would be 1.5 and then 2.",
        asked(
            None,
            entry("x", priced=plan("0.005")),
            currency="JPY",
            duration="3600s",
            fx=[rate_of("USD", "150")],
        ),
        candidates(known("x", "1", "3", "4", "JPY")),
    ),
    _ranked,
    _ranked.but(
        "fx-ranks-otherwise-at-another-rate",
        ["DEMAND-FX-1", "MATCH-ORDER-1"],
        "demand.fx[0].rate",
        {"num": "11", "den": "1"},
        candidates(
            known("a", "240.00", "240", "1", "CNY"), known("b", "264.00", "264", "1", "CNY"), unknown("c")
        ),
        "The rate is the consumer's, and decides its ranking.",
    ),
]

_EGRESS: Final[Value] = {
    "id": "egress",
    "dimension": "egress",
    "unit": "gigabyte",
    "kind": "COMPONENT_KIND_COUNT",
    "perQuantity": "1",
    "model": "TIER_MODEL_UNIT",
    "tiers": [{"unitPrice": "0.1"}],
}
_METERED: Final[Value] = {**plan(), "components": [*plan()["components"], _EGRESS]}
_egress = search(
    "price-with-egress",
    ["DEMAND-PRICE-1"],
    "71.76 for the day and 5 × 0.1 for what is sent: 72.26 = 3613/50.",
    asked(
        None,
        entry("x", priced=_METERED),
        quantities=[{"dimension": "egress", "quantity": "5", "unit": "gigabyte"}],
    ),
    candidates(known("x", "72.26", "3613", "50")),
)
QUANTITY_CASES: Final = [
    _egress,
    _egress.but(
        "price-of-gibibytes-by-gigabytes",
        ["DEMAND-PRICE-2", "PRICE-DIMENSION-1"],
        "demand.quantities[0].unit",
        "gibibyte",
        candidates(unknown("x")),
        "A price per gigabyte is none per gibibyte: the price is unknown, not converted and not 0.",
    ),
    _egress.but(
        "price-without-egress",
        ["DEMAND-PRICE-1"],
        "demand.quantities",
        GONE,
        candidates(known("x", "71.76", "1794", "25")),
        "What is counted costs by its quantity; none is demanded.",
    ),
    _egress.but(
        "price-of-egress-by-count",
        ["DEMAND-PRICE-1"],
        "demand.count",
        "2",
        candidates(known("x", "144.02", "7201", "50")),
        "Two units are 143.52; the quantity is that of the whole demand, not of each unit.",
    ),
]

_VAT: Final[Value] = {"category": "vat", "rate": "0.19", "jurisdiction": "de"}
_TAXED: Final[Value] = {
    **plan(),
    "components": [{**plan()["components"][0], "taxCategory": "vat"}],
    "taxes": [_VAT],
}
_elsewhere = search(
    "price-in-the-region-of-the-offer",
    ["DEMAND-PRICE-1", "RATE-RESTRICTION-1"],
    "Spot in the north costs 1 an hour, and the offer is both: 24.00, not the 71.76 of the last component.",
    asked(
        None,
        entry(
            "x",
            priced={
                **plan(),
                "components": [
                    {
                        **plan("1")["components"][0],
                        "id": "spot",
                        "restrictions": {"region": "north", "interruptible": True},
                    },
                    plan()["components"][0],
                ],
            },
            terms={"mode": "spot", "region": "north"},
        ),
    ),
    candidates(known("x", "24.00", "24")),
)
_ELSEWHERE: Final = [
    (
        "region-of-no-offer",
        "region",
        GONE,
        "The offer states no region: the component does not apply, 71.76.",
    ),
    ("region-of-another-offer", "region", "south", "Another region: 71.76."),
    ("mode-of-another-offer", "mode", "on-demand", "The offer is not taken back: 71.76."),
]
OFFER_CASES: Final = [
    search(
        "price-without-taxes-on-top",
        ["DEMAND-PRICE-1"],
        "19 % come on top, and buyers compare net prices: 71.76, neither unknown nor 85.39.",
        asked(None, entry("x", priced=_TAXED)),
        candidates(known("x", "71.76", "1794", "25")),
    ),
    search(
        "price-with-taxes-that-it-includes",
        ["DEMAND-PRICE-1"],
        "The price includes its 19 %, and they are not taken out of it: 71.76, not 60.30.",
        asked(None, entry("x", priced={**_TAXED, "taxIncluded": True})),
        candidates(known("x", "71.76", "1794", "25")),
    ),
    _elsewhere,
    *(
        _elsewhere.but(
            f"price-in-the-{name}",
            ["DEMAND-PRICE-1", "RATE-RESTRICTION-1"],
            f"offers[0].offer.terms.{member}",
            value,
            candidates(known("x", "71.76", "1794", "25")),
            why,
        )
        for name, member, value, why in _ELSEWHERE
    ),
]

CASES: Final = [*ALTERNATIVE_CASES, *REJECTION_CASES, *FX_CASES, *QUANTITY_CASES, *OFFER_CASES]
