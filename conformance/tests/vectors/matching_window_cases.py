"""Vectors of time: COVERS_INTERVAL, availability, and demands for a duration within a window."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.matching_cases import EVALUATE, FALSE, TRUE, UNKNOWN, Case, rejected
from conformance.tests.vectors.matching_demand_cases import candidate, candidates, search, timed
from conformance.tests.vectors.matching_documents import (
    Value,
    all_of,
    available,
    claim,
    constraint,
    decimal,
    element,
    energy,
    instant,
    negation,
    plan,
    presented,
    site,
    times,
)
from conformance.tests.vectors.matching_match_cases import asked, entry, known
from conformance.tests.vectors.one_change import GONE

_VALUES = "requirement.constraint.values"


def covers(path: str, start: str = "", end: str = "", **more: Any) -> Value:
    """Gives a COVERS_INTERVAL; without instants, of the time of the demand."""
    return constraint(path, "COVERS_INTERVAL", *(times(start, end) if start else ()), **more)


def case(name: str, requirements: list[str], why: str, asked_: Value) -> Case:
    """Gives a vector that begins a row, and whose answer is TRUE."""
    return Case(name, requirements, why, EVALUATE, asked_, TRUE)


_covers = case(
    "covers-exactly",
    ["REQ-COVERS-1", "AVAIL-CLOSED-1"],
    "What begins and ends with it covers it.",
    presented(covers("availability", "02", "10"), availability=[available("02", "10")]),
)
_claimed = case(
    "covers-by-a-claim",
    ["REQ-COVERS-1"],
    "The certificate is valid from before the half year until after it.",
    presented(
        covers("site.compliance", "2026-06-01T00:00:00Z", "2026-12-01T00:00:00Z"),
        site=site(compliance=[claim()], closedLists=["compliance"]),
    ),
)
_too_short = _claimed.but(
    "covers-beyond-a-claim",
    ["REQ-COVERS-1"],
    "site.compliance[0].valid.end",
    "2026-11-30T23:59:59.999Z",
    FALSE,
    "A millisecond before the end is not the end.",
)
_pair = case(
    "covers-and-quantity-of-one-entry",
    ["REQ-COVERS-1", "REQ-ELEMENT-1"],
    "One entry has the units and the time.",
    presented(
        element("availability", all_of(constraint("quantity", "GE", 16), covers("interval", "05", "06"))),
        availability=[available("02", "20"), available("04", "07", 16)],
    ),
)


def _not_covered(name: str, where: str, value: Any, why: str) -> Case:
    return _covers.but(name, ["REQ-COVERS-1"], where, value, FALSE, why)


def _refused(name: str, requirement: str, value: Value, why: str) -> Case:
    return _covers.but(name, [requirement], "requirement", value, rejected(), why)


COVERS_CASES: Final = [
    _covers,
    _not_covered(
        "covers-until-a-later-instant", f"{_VALUES}[1].time", "2026-03-10T00:00:00.001Z", "It ends too early."
    ),
    _not_covered(
        "covers-from-an-earlier-instant",
        f"{_VALUES}[0].time",
        "2026-03-01T23:59:59.999Z",
        "It begins too late.",
    ),
    _not_covered(
        "covers-by-two-that-touch",
        "availability",
        [available("02", "05"), available("05", "10")],
        "Two intervals that touch do not cover together what neither covers alone.",
    ),
    _not_covered(
        "covers-by-no-availability",
        "availability",
        [],
        "The availability of an offer that can be held is complete: there is none.",
    ),
    _covers.but(
        "covers-by-availability-that-is-not-known",
        ["AVAIL-CLOSED-1", "REQ-MISSING-1"],
        "availability",
        GONE,
        UNKNOWN,
        "An offer that cannot be held here states no availability, which is not none.",
    ),
    _covers.but(
        "covers-without-a-demand",
        ["REQ-COVERS-2"],
        _VALUES,
        GONE,
        UNKNOWN,
        "No demand is given whose time it could be.",
    ),
    _covers.but(
        "covers-without-a-demand-negated",
        ["REQ-COVERS-2", "REQ-KLEENE-1"],
        "requirement",
        negation(covers("availability")),
        UNKNOWN,
        "Nor is it known not to be covered.",
    ),
    case(
        "covers-at-the-interval-itself",
        ["REQ-COVERS-1"],
        "The path may lead to the message, or to the interval in it.",
        presented(
            all_of(
                covers("availability.interval", "03", "09"),
                covers("site.energy", "2025-02-01T00:00:00Z", "2025-03-01T00:00:00Z"),
                covers("site.energy.interval", "2025-02-01T00:00:00Z", "2025-03-01T00:00:00Z"),
            ),
            site=site(energy=[energy(1_150_000)]),
            availability=[available("02", "10")],
        ),
    ),
    _claimed,
    _too_short,
    _too_short.but(
        "covers-beyond-a-claim-in-an-open-list",
        ["REQ-COVERS-1", "REQ-OPEN-1"],
        "site.closedLists",
        GONE,
        UNKNOWN,
        "There may be another certificate.",
    ),
    _claimed.but(
        "covers-by-a-claim-that-is-not-yet-valid",
        ["REQ-CLAIM-1", "REQ-COVERS-1"],
        "site.compliance[0].valid.start",
        "2026-03-01T12:00:00.001Z",
        UNKNOWN,
        "It covers the half year, but at the instant of the search it says nothing.",
    ),
    _pair,
    _pair.but(
        "covers-and-quantity-of-two-entries",
        ["REQ-ELEMENT-1", "REQ-COVERS-1"],
        "availability[1].interval.start",
        "2026-03-05T00:00:00.001Z",
        FALSE,
        "One entry has the units, the other the time.",
    ),
    _refused("covers-by-a-text", "REQ-OP-1", covers("site.country", "02", "10"), "A text has no length."),
    _refused(
        "covers-by-a-message-without-interval",
        "REQ-OP-1",
        covers("accelerators", "02", "10"),
        "A device holds no interval.",
    ),
    _refused(
        "covers-by-one-instant",
        "REQ-OP-1",
        covers("offer.valid_until", "02", "10"),
        "An instant is no interval.",
    ),
    _refused(
        "covers-one-value",
        "REQ-VALUE-1",
        constraint("availability", "COVERS_INTERVAL", {"time": instant("02")}),
        "An interval has two ends.",
    ),
    _refused(
        "covers-texts",
        "REQ-VALUE-1",
        constraint("availability", "COVERS_INTERVAL", instant("02"), instant("10")),
        "A text is no time.",
    ),
    _refused(
        "interval-compared",
        "REQ-OP-1",
        constraint("availability.interval", "EQ", *times("02", "10")),
        "Whether an interval covers another can be asked, and nothing else.",
    ),
]

_no_forecast = case(
    "availability-is-complete",
    ["AVAIL-CLOSED-1", "REQ-OPEN-1"],
    "All entries are there, and none is a forecast.",
    presented(
        negation(constraint("availability.firmness", "EQ", "forecast")), availability=[available("02", "10")]
    ),
)
AVAILABILITY_CASES: Final = [
    _no_forecast,
    _no_forecast.but(
        "availability-is-not-known",
        ["AVAIL-CLOSED-1"],
        "availability",
        GONE,
        UNKNOWN,
        "What is not known here may be a forecast.",
    ),
    _no_forecast.but(
        "availability-by-a-forecast",
        ["AVAIL-CLOSED-1"],
        "availability[0].firmness",
        "forecast",
        FALSE,
        "It is one.",
    ),
    case(
        "availability-of-long-leases",
        ["REQ-VALUE-1"],
        "A longest lease of a day is at least 86400 seconds.",
        presented(
            constraint("availability.max_duration", "GE", decimal("86400")),
            availability=[available("02", "10", maxDuration="86400s")],
        ),
    ),
]

_COVERED = covers("availability")
_now = search(
    "covers-a-duration-from-now",
    ["REQ-COVERS-1"],
    "A duration runs from the instant of the search.",
    asked(
        _COVERED,
        {**entry("x"), "availability": [available("2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z")]},
    ),
    candidates({**known("x", "71.76", "1794", "25"), "start": None}),
)
_on_the_tenth = search(
    "covers-the-interval-of-the-demand",
    ["REQ-COVERS-1", "DEMAND-TIME-1"],
    "The interval of a demand is its own, whenever the search is.",
    timed(
        {"interval": {"start": instant("10"), "end": instant("11")}},
        _COVERED,
        {**entry("x"), "availability": [available("10", "11")]},
    ),
    candidates({**known("x", "71.76", "1794", "25"), "start": None}),
)
TIME_CASES: Final = [
    _now,
    _now.but(
        "covers-not-quite-from-now",
        ["REQ-COVERS-1"],
        "offers[0].availability[0].interval.start",
        "2026-03-01T12:00:00.001Z",
        candidates(),
        "It begins a millisecond after the search.",
    ),
    _now.but(
        "demand-beyond-the-year-9999",
        ["DEMAND-TIME-1"],
        "demand.duration",
        "252455616000s",
        rejected(),
        "Eight thousand years from now there are five digits.",
    ),
    _on_the_tenth,
    _on_the_tenth.but(
        "covers-another-interval",
        ["REQ-COVERS-1"],
        "demand.interval.end",
        "2026-03-11T00:00:00.001Z",
        candidates(),
        "The demand goes on for a millisecond.",
    ),
    _on_the_tenth.but(
        "demand-of-an-empty-interval",
        ["DEMAND-TIME-1"],
        "demand.interval.end",
        instant("10"),
        rejected(),
        "It ends where it begins.",
    ),
]


def _wanted(earliest: str = "05", latest: str = "20", duration: str = "172800s") -> Value:
    return {"window": {"duration": duration, "earliest": instant(earliest), "latest": instant(latest)}}


def _starts(day: str) -> Value:
    return candidates(candidate("x", start=instant(day)))


def _offered(*entries: Value, **more: Any) -> Value:
    return {**entry("x", **more), "availability": list(entries)}


_AVAILABILITY = "offers[0].availability"
_window = search(
    "window-begins-where-units-are-available",
    ["DEMAND-WINDOW-1", "DEMAND-PRICE-1"],
    "Two days fit exactly from the 7th to the 9th. Four units: 4 × 48 × 2.99 = 574.08.",
    timed(_wanted(), None, _offered(available("07", "09")), count="4"),
    candidates({**known("x", "574.08", "14352", "25"), "start": instant("07")}),
)
_begun = search(
    "window-begins-no-earlier-than-the-search",
    ["DEMAND-WINDOW-1"],
    "Units were granted in February already; the search is at noon of March 1st.",
    timed(
        _wanted("2026-02-01T00:00:00Z", "2026-03-20T00:00:00Z"),
        None,
        _offered(available("2026-02-15T00:00:00Z", "2026-03-10T00:00:00Z")),
    ),
    _starts("2026-03-01T12:00:00Z"),
)
_late_plan = search(
    "window-is-priced-at-its-start",
    ["DEMAND-WINDOW-1", "DEMAND-PRICE-2"],
    "The plan begins on the 7th, and so does the candidate: 48 × 2.99 = 143.52.",
    timed(
        _wanted(),
        None,
        _offered(available("07", "10"), priced={**plan(), "effectiveStart": instant("07")}),
    ),
    candidates({**known("x", "143.52", "3588", "25"), "start": instant("07")}),
)
_covering = search(
    "window-covers-from-the-start",
    ["DEMAND-WINDOW-1", "REQ-COVERS-1"],
    "Availability covers the demand from where the candidate begins.",
    timed(
        _wanted(),
        element("availability", all_of(constraint("quantity", "GE", 4), covers("interval"))),
        _offered(available("07", "09")),
        count="4",
    ),
    _starts("07"),
)
_buyer = search(
    "window-start-for-the-offer",
    ["DEMAND-WINDOW-1", "MATCH-TERMS-1"],
    "The offer sells from the 7th, which is where the candidate begins.",
    timed(
        _wanted(),
        None,
        _offered(available("07", "09"), offerConstraints=constraint("start", "GE", {"time": instant("07")})),
    ),
    _starts("07"),
)


def _moved(name: str, where: str, value: Any, day: str, why: str) -> Case:
    return _window.but(name, ["DEMAND-WINDOW-1"], where, value, _starts(day), why)


WINDOW_CASES: Final = [
    _window,
    _moved(
        "window-without-availability",
        _AVAILABILITY,
        GONE,
        "05",
        "Who does not know an offer's availability cannot rule it out: the window's beginning.",
    ),
    _moved(
        "window-with-no-availability",
        _AVAILABILITY,
        [],
        "05",
        "No instant is known, and still nothing is excluded.",
    ),
    _moved(
        "window-with-too-few-units",
        f"{_AVAILABILITY}[0].quantity",
        "3",
        "05",
        "Three units are not the four that are demanded.",
    ),
    _moved(
        "window-with-too-short-an-interval",
        f"{_AVAILABILITY}[0].interval.end",
        "2026-03-08T23:59:59.999Z",
        "05",
        "Two days do not fit.",
    ),
    _moved(
        "window-begins-after-its-units",
        f"{_AVAILABILITY}[0].interval.start",
        instant("02"),
        "05",
        "Units are there before the window; the start is its beginning, not theirs.",
    ),
    _moved(
        "window-begins-at-the-earliest-of-several",
        _AVAILABILITY,
        [available("08", "12"), available("06", "12", 4)],
        "06",
        "The second entry is the earlier, and has enough.",
    ),
    _moved(
        "window-begins-where-there-are-enough",
        _AVAILABILITY,
        [available("06", "12", 3), available("08", "12")],
        "08",
        "The earlier entry has too few.",
    ),
    _moved(
        "window-begins-as-late-as-it-can",
        _AVAILABILITY,
        [available("18", "30")],
        "18",
        "It ends with the window, exactly.",
    ),
    _moved(
        "window-ends-before-units-are-available",
        _AVAILABILITY,
        [available("2026-03-18T00:00:00.001Z", "2026-03-30T00:00:00Z")],
        "05",
        "A millisecond later two days do not fit before the window ends.",
    ),
    _moved(
        "window-as-long-as-its-duration",
        "demand.window.latest",
        instant("07"),
        "05",
        "There is one start only, and units are not known to be there; it is none the less the start.",
    ),
    _window.but(
        "window-shorter-than-its-duration",
        ["DEMAND-WINDOW-1"],
        "demand.window.latest",
        "2026-03-06T23:59:59.999Z",
        rejected(),
        "Two days do not fit.",
    ),
    _window.but(
        "window-that-runs-backwards",
        ["DEMAND-WINDOW-1"],
        "demand.window.latest",
        instant("04"),
        rejected(),
        "It ends before it begins.",
    ),
    _window.but(
        "window-for-no-time",
        ["DEMAND-TIME-1"],
        "demand.window.duration",
        "0s",
        rejected(),
        "No time at all.",
    ),
    _window.but(
        "window-longer-than-the-terms-admit",
        ["MATCH-TERMS-1"],
        "offers[0].offer.terms.maxDuration",
        "172799s",
        candidates(),
        "The terms admit a duration, wherever in the window it lies.",
    ),
    _begun,
    _begun.but(
        "window-that-is-nearly-over",
        ["DEMAND-WINDOW-1"],
        "demand.window.latest",
        "2026-03-03T11:59:59.999Z",
        rejected(),
        "From the search on two days do not fit, however long ago the window began.",
    ),
    _late_plan,
    _late_plan.but(
        "window-is-not-priced-before-its-plan",
        ["DEMAND-WINDOW-1", "DEMAND-PRICE-2"],
        _AVAILABILITY,
        GONE,
        candidates(candidate("x", price=None, start=instant("05"))),
        "From the 5th the plan does not apply throughout.",
    ),
    _covering,
    _covering.but(
        "window-is-not-covered",
        ["DEMAND-WINDOW-1", "REQ-COVERS-1"],
        f"{_AVAILABILITY}[0].interval.end",
        "2026-03-08T23:59:59.999Z",
        candidates(),
        "From no start within the window is it.",
    ),
    _buyer,
    _buyer.but(
        "window-start-too-early-for-the-offer",
        ["DEMAND-WINDOW-1", "MATCH-TERMS-1"],
        f"{_AVAILABILITY}[0].interval.start",
        "2026-03-06T23:59:59.999Z",
        candidates(),
        "The earliest start is the one that counts, though a later one would please the offer.",
    ),
]

CASES: Final = [*COVERS_CASES, *AVAILABILITY_CASES, *TIME_CASES, *WINDOW_CASES]
