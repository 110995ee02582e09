"""Vectors of the text form of what demands are made of: times, preferences, what offers ask of buyers."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.matching_cases import PARSE, Case, output, rejected
from conformance.tests.vectors.matching_documents import (
    GIB,
    Value,
    all_of,
    any_of,
    constraint,
    decimal,
    element,
    group,
    negation,
    times,
)
from conformance.tests.vectors.matching_preference_cases import less, more

_FORM = "TEXT-FORM-1"


def _reads(name: str, text: str, becomes: Value, why: str, *rules: str) -> Case:
    return Case(name, [*rules, _FORM], why, PARSE, {"text": text}, output({"requirement": becomes}))


def _refusing(base: Case, member: str) -> Any:
    """Gives a function that makes refused texts out of an accepted one."""

    def refused(name: str, text: str, why: str, *rules: str) -> Case:
        return base.but(name, [*rules, "TEXT-ERROR-1"], member, text, rejected(), why)

    return refused


_covers = _reads(
    "text-covers-demand",
    "availability.interval covers demand",
    constraint("availability.interval", "COVERS_INTERVAL"),
    "The time of the demand has no values.",
    "REQ-COVERS-1",
)
_no_cover = _refusing(_covers, "text")
COVERS_CASES: Final = [
    _covers,
    _reads(
        "text-covers-an-interval",
        "availability covers [2026-12-01T00:00:00Z, 2026-12-02T00:00:00Z]",
        constraint("availability", "COVERS_INTERVAL", *times("2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z")),
        "Two values, the first and the second end.",
        "REQ-COVERS-1",
    ),
    _reads(
        "text-covers-in-an-element",
        "availability{quantity >= 16 and interval covers demand}",
        element(
            "availability",
            all_of(constraint("quantity", "GE", 16), constraint("interval", "COVERS_INTERVAL")),
        ),
        "The time of the demand is within reach inside an element.",
        "REQ-ELEMENT-1",
    ),
    _no_cover("text-covers-nothing", "availability covers", "Covers what?", _FORM),
    _no_cover("text-covers-now", "availability covers now", "`demand` or two instants.", _FORM),
    _no_cover(
        "text-covers-one-instant", "availability covers [2026-12-01T00:00:00Z]", "One end.", "REQ-VALUE-1"
    ),
    _no_cover(
        "text-covers-without-brackets",
        "availability covers 2026-12-01T00:00:00Z, 2026-12-02T00:00:00Z",
        "Two values are a list.",
        _FORM,
    ),
    _no_cover("text-covers-of-a-text", "site.country covers demand", "A text has no length.", "REQ-OP-1"),
    _no_cover(
        "text-covers-a-day-without-time",
        "availability covers [2026-12-01, 2026-12-02]",
        "A day is no instant: it begins elsewhere at another time.",
        "REQ-VALUE-1",
    ),
]

_CN_SG = constraint("site.country", "IN", "CN", "SG")
FORM_CASES: Final = [
    _reads(
        "text-of-the-example",
        "8 devices{memory.capacity >= 80GiB} same [architecture]\n"
        "  and accelerators{rates{number_format = bf16 and unit = matrix and mops_per_s >= 900TFLOPS}}\n"
        "  and site.country in [CN, SG] and price <= 500",
        all_of(
            group(8, constraint("memory.capacity", "GE", 80 * GIB), same=["architecture"]),
            element(
                "accelerators",
                element(
                    "rates",
                    all_of(
                        constraint("number_format", "EQ", "bf16"),
                        constraint("unit", "EQ", "matrix"),
                        constraint("mops_per_s", "GE", 900_000_000),
                    ),
                ),
            ),
            _CN_SG,
            constraint("price", "LE", decimal("500")),
        ),
        "The example of the specification: one conjunction of four, not nested pairs.",
        "REQ-ELEMENT-1",
    ),
    _reads(
        "text-not-in",
        "site.country not in [CN, SG]",
        constraint("site.country", "NOT_IN", "CN", "SG"),
        "`not in` is an operator, not a negation of `in`.",
        "REQ-NE-1",
    ),
    _reads(
        "text-not-before-in",
        "not site.country in [CN, SG]",
        negation(_CN_SG),
        "`not` before the path is a negation.",
    ),
    _reads(
        "text-has-all",
        "cpu.enabled_features has all [avx2, avx512f]",
        constraint("cpu.enabled_features", "HAS_ALL", "avx2", "avx512f"),
        "Every value.",
        "REQ-HAS-1",
    ),
    _reads(
        "text-any",
        "any(site.country = CN, site.country = SG)",
        any_of(constraint("site.country", "EQ", "CN"), constraint("site.country", "EQ", "SG")),
        "A disjunction in a bracket.",
    ),
    _reads(
        "text-devices-of-any-kind",
        "8 devices",
        group(8),
        "A group leaves its path unset.",
        "REQ-GROUP-1",
    ),
    _reads(
        "text-group-same-and-distinct",
        "4 of accelerators same [vendor, architecture] distinct [form_factor]",
        group(4, path="accelerators", same=["vendor", "architecture"], distinct=["form_factor"]),
        "A path that is written is kept.",
        "REQ-GROUP-2",
    ),
    _reads(
        "text-assurance",
        "site.compliance.scheme = iso-27001 assurance [certified, third-party]",
        constraint(
            "site.compliance.scheme", "EQ", "iso-27001", acceptedAssurance=["certified", "third-party"]
        ),
        "Accepted assurance follows the comparison.",
        "REQ-BASIS-1",
    ),
    _reads(
        "text-truth-value",
        "memory.ecc = true",
        constraint("memory.ecc", "EQ", True),
        "At a truth value `true` is no text.",
        "REQ-VALUE-1",
    ),
    _reads(
        "text-latency-one-way",
        "fabrics.latency <= 1.5us",
        constraint("fabrics.latency", "LE", 1500),
        "A latency is in nanoseconds.",
        "TEXT-UNIT-1",
    ),
    _reads(
        "text-rate-of-integers",
        "accelerators.rates.mops_per_s >= 2Pop/s",
        constraint("accelerators.rates.mops_per_s", "GE", 2_000_000_000),
        "2·10^15 operations are 2·10^9 million.",
        "TEXT-UNIT-1",
    ),
    _reads(
        "text-degrees",
        "site.latitude >= 26.5deg and site.longitude < 106650000microdeg",
        all_of(
            constraint("site.latitude", "GE", 26_500_000), constraint("site.longitude", "LT", 106_650_000)
        ),
        "A degree is 10^6 microdegrees.",
        "TEXT-UNIT-1",
    ),
    _reads(
        "text-bandwidth",
        "memory.bandwidth >= 3.35TB/s",
        constraint("memory.bandwidth", "GE", 3_350_000_000_000),
        "Bandwidth of memory is in bytes per second.",
        "TEXT-UNIT-1",
    ),
    _no_cover("text-gbit-for-bandwidth", "memory.bandwidth >= 400Gbit/s", "Bytes, no bits.", "TEXT-UNIT-1"),
    _no_cover("text-group-of-no-path", "8 of {vendor = nvidia}", "Devices of which list?", _FORM),
    _no_cover("text-count-without-devices", "8 {vendor = nvidia}", "Eight of what?", _FORM),
    _no_cover("text-any-of-nothing", "any()", "A disjunction has members.", _FORM),
    _no_cover("text-not-equals-word", "site.country not = CN", "`!=` is one sign.", _FORM),
    _no_cover(
        "text-list-with-a-trailing-comma", "site.country in [CN, SG,]", "A comma joins two values.", _FORM
    ),
    _no_cover("text-in-of-nothing", "site.country in []", "IN takes at least one value.", "REQ-VALUE-1"),
    _no_cover(
        "text-rate-of-part-of-an-operation",
        "accelerators.rates.mops_per_s >= 0.5Mop/s",
        "Rates are whole numbers of 10^6 operations.",
        "TEXT-UNIT-1",
    ),
    _no_cover(
        "text-path-out-of-an-element",
        "accelerators{site.country = CN}",
        "A device has no site.",
        "REQ-PATH-1",
    ),
    _no_cover("text-group-under-not", "not (8 devices)", "Devices could not be kept apart.", "REQ-GROUP-3"),
]


def _wishes(name: str, text: str, becomes: Value, why: str, *rules: str) -> Case:
    expect = output({"preference": becomes})
    return Case(name, [*rules, _FORM], why, PARSE, {"preference": text}, expect)


_wish = _wishes(
    "text-preference",
    "minimize price from 0 to 100 weight 3",
    less("price", decimal("0"), decimal("100"), weight=3),
    "Direction, path, two references and a weight.",
    "DEMAND-PREFERENCE-1",
)
_no_wish = _refusing(_wish, "preference")
PREFERENCE_CASES: Final = [
    _wish,
    _wishes(
        "text-preference-with-units",
        "maximize accelerators.memory.capacity from 40GiB to 80GB",
        more("accelerators.memory.capacity", 40 * GIB, 80 * 10**9),
        "References are values of the path, each in its own unit; no weight is stated.",
        "TEXT-UNIT-1",
    ),
    _wishes(
        "text-preference-where",
        "minimize site.energy.value where {metric = pue and boundary = site} from 1.1 to 1.6 weight 2"
        " basis [metered, estimated]",
        less(
            "site.energy.value",
            1_100_000,
            1_600_000,
            weight=2,
            where=all_of(constraint("metric", "EQ", "pue"), constraint("boundary", "EQ", "site")),
            acceptedBases=["metered", "estimated"],
        ),
        "Paths of `where` begin at the element; on the alias a number is in the unit of the metric.",
        "TEXT-UNIT-2",
    ),
    _wishes(
        "text-preference-for-a-duration",
        "maximize offer.terms.max_duration from 1h to 7d",
        more("offer.terms.max_duration", decimal("3600"), decimal("604800")),
        "Durations are decimals of seconds.",
        "TEXT-UNIT-1",
    ),
    _no_wish("text-preference-empty", "", "Nothing is wished.", _FORM),
    _no_wish("text-preference-of-another-word", "prefer price from 0 to 100", "Less or more?", _FORM),
    _no_wish("text-preference-without-upper-end", "minimize price from 0", "To what?", _FORM),
    _no_wish("text-preference-ends-reversed", "minimize price to 100 from 0", "`from` comes first.", _FORM),
    _no_wish(
        "text-preference-between-reversed",
        "minimize price from 100 to 0",
        "The direction says which end is better.",
        "DEMAND-PREFERENCE-1",
    ),
    _no_wish(
        "text-preference-weight-of-nothing", "minimize price from 0 to 100 weight", "Which weight?", _FORM
    ),
    _no_wish(
        "text-preference-weight-zero",
        "minimize price from 0 to 100 weight 0",
        "A weight is at least 1.",
        "DEMAND-PREFERENCE-1",
    ),
    _no_wish(
        "text-preference-weight-too-large",
        "minimize price from 0 to 100 weight 1001",
        "A weight is at most 1000.",
        "DEMAND-PREFERENCE-1",
    ),
    _no_wish(
        "text-preference-without-unit",
        "maximize memory.capacity from 40 to 80",
        "40 of what?",
        "TEXT-UNIT-2",
    ),
    _no_wish(
        "text-preference-of-another-unit",
        "maximize memory.capacity from 40GHz to 80GHz",
        "A frequency is no size.",
        "TEXT-UNIT-1",
    ),
    _no_wish(
        "text-preference-where-without-braces",
        "minimize site.energy.value where metric = pue from 1 to 2",
        "A condition on an element stands in braces.",
        _FORM,
    ),
    _no_wish(
        "text-preference-where-there-is-no-list",
        "maximize cpu.schedulable_cpus where {isa = x86-64} from 0 to 128",
        "There is no list.",
        "DEMAND-PREFERENCE-1",
    ),
    _no_wish("text-preference-goes-on", "minimize price from 0 to 100 or less", "One at a time.", _FORM),
    _no_wish(
        "text-preference-of-an-unknown-path",
        "minimize cost from 0 to 100",
        "A path that does not exist.",
        "REQ-PATH-1",
    ),
    _no_wish(
        "text-preference-of-a-text", "maximize cpu.isa from 0 to 1", "No number.", "DEMAND-PREFERENCE-1"
    ),
]

_asks = Case(
    "text-of-offer-constraints",
    ["OFFER-DEMAND-2", _FORM],
    "Paths begin at the demand.",
    PARSE,
    {
        "text": "properties{name = end-use and values in [research, teaching]} and count <= 4"
        " and duration <= 7d",
        "root": "demand",
    },
    output(
        {
            "requirement": all_of(
                element(
                    "properties",
                    all_of(
                        constraint("name", "EQ", "end-use"),
                        constraint("values", "IN", "research", "teaching"),
                    ),
                ),
                constraint("count", "LE", 4),
                constraint("duration", "LE", decimal("604800")),
            )
        }
    ),
)


def _unasked(name: str, text: str, why: str) -> Case:
    return _asks.but(name, ["OFFER-DEMAND-2", "TEXT-ERROR-1"], "text", text, rejected(), why)


OFFER_CASES: Final = [
    _asks,
    _unasked("text-of-offer-constraints-on-itself", "cpu.isa = x86-64", "A demand has no processors."),
    _unasked("text-of-offer-constraints-on-a-price", "price <= 5", "A demand has no price."),
    _unasked("text-of-offer-constraints-on-devices", "8 devices", "A demand has no devices."),
    _unasked(
        "text-of-offer-constraints-on-a-basis",
        "properties.name = end-use basis [sla]",
        "What a demand states has no basis.",
    ),
    _unasked(
        "text-of-offer-constraints-on-assurance",
        "properties.name = end-use assurance [certified]",
        "A demand makes no claims.",
    ),
]

CASES: Final = [*COVERS_CASES, *FORM_CASES, *PREFERENCE_CASES, *OFFER_CASES]
