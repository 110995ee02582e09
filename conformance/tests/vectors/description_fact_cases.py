"""Sites, and the facts that sites and resources state: energy, benchmarks, claims of compliance."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.case import Case
from conformance.tests.vectors.description_cases import OK, document, refused
from conformance.tests.vectors.description_documents import benchmark, energy, node, site
from conformance.tests.vectors.one_change import GONE

LATITUDE, LONGITUDE = "latitudeMicrodegrees", "longitudeMicrodegrees"
SITE: Final = document(
    "site-with-everything-in-order",
    ["DESC-COUNTRY-1", "DESC-COUNTRY-2", "DESC-JURISDICTION-1", "DESC-POSITION-1", "DESC-ENERGY-1"],
    "site",
    site(),
    "The document from which the vectors of sites differ in one thing.",
)

COUNTRY: Final = SITE.but(
    "site-without-subdivision",
    ["DESC-COUNTRY-1", "DESC-COUNTRY-2"],
    "subdivision",
    GONE,
    OK,
    "A country alone.",
)
_PLACES = [
    COUNTRY.but(
        f"country-{name}",
        ["DESC-COUNTRY-1", "SCALAR-COUNTRY-1", "ERROR-PLACE-1"],
        "country",
        country,
        refused(path="$.country"),
        why,
    )
    for name, country, why in (
        ("in-small-letters", "cn", "Refused, not folded."),
        ("of-three-letters", "CHN", "The code of three letters is another list."),
        ("with-a-digit", "C1", "Two letters."),
        ("in-cyrillic", "\u0421\u041d", "Looks like CH; the letters are Cyrillic."),
        ("by-name", "China", "A name is no code."),
        ("with-a-space", "CN ", "Nothing is trimmed."),
    )
]
_PLACES += [
    COUNTRY.but(
        "country-that-no-list-has",
        ["DESC-COUNTRY-1", "SCALAR-COUNTRY-1"],
        "country",
        "ZZ",
        OK,
        "Lists of countries change faster than software: whether it exists is for those who use it.",
    ),
    SITE.but(
        "subdivision-of-another-country",
        ["DESC-COUNTRY-2", "ERROR-PLACE-1"],
        "subdivision",
        "NX-CN",
        refused("DESC-COUNTRY-2", "$.subdivision"),
        "Begins with another country's code.",
    ),
    SITE.but(
        "country-of-another-subdivision",
        ["DESC-COUNTRY-2", "ERROR-PLACE-1"],
        "country",
        "KZ",
        refused("DESC-COUNTRY-2", "$.subdivision"),
        "Law and grid are of which of the two?",
    ),
    SITE.but(
        "subdivision-of-digits",
        ["DESC-COUNTRY-2"],
        "subdivision",
        "CN-64",
        OK,
        "The form allows digits after the country.",
    ),
    SITE.but(
        "subdivision-without-its-part",
        ["JSON-TYPE-1", "ERROR-PLACE-1"],
        "subdivision",
        "CN",
        refused(path="$.subdivision"),
        "A country is no subdivision.",
    ),
    SITE.but(
        "subdivision-of-four-letters",
        ["JSON-TYPE-1", "ERROR-PLACE-1"],
        "subdivision",
        "CN-NINX",
        refused(path="$.subdivision"),
        "At most three after the hyphen.",
    ),
    SITE.but(
        "region-that-names-another-country",
        ["DESC-COUNTRY-1", "DESC-TEXT-1"],
        "providerRegion",
        "eu-central-1",
        OK,
        "A provider's region is an alias for people; nobody derives a country from it, or a contradiction.",
    ),
    SITE.but(
        "jurisdiction-beside-the-country",
        ["DESC-JURISDICTION-1"],
        "legalJurisdictions",
        ["CN", "US", "EU"],
        OK,
        "Law may reach further than a border; EU is a registered token.",
    ),
    SITE.but(
        "jurisdiction-other-than-the-country",
        ["DESC-JURISDICTION-1"],
        "legalJurisdictions",
        ["DE"],
        OK,
        "Jurisdictions are stated, never derived from the country, and need not contain it.",
    ),
    SITE.but(
        "jurisdiction-in-small-letters",
        ["DESC-JURISDICTION-1", "ERROR-PLACE-1"],
        "legalJurisdictions[0]",
        "cn",
        refused(path="$.legalJurisdictions[0]"),
        "In capitals.",
    ),
    SITE.but(
        "jurisdiction-twice",
        ["DESC-JURISDICTION-1"],
        "legalJurisdictions",
        ["CN", "US", "CN"],
        refused(),
        "Stated twice, though not one after the other.",
    ),
]

_POSITIONS = [
    SITE.but(
        "position-without-longitude",
        ["DESC-POSITION-1"],
        LONGITUDE,
        GONE,
        refused("DESC-POSITION-1"),
        "Half a position is a circle around the earth.",
    ),
    SITE.but(
        "position-without-latitude",
        ["DESC-POSITION-1"],
        LATITUDE,
        GONE,
        refused("DESC-POSITION-1"),
        "Half a position is a line from pole to pole.",
    ),
    document(
        "site-without-position",
        ["DESC-POSITION-1"],
        "site",
        {name: value for name, value in site().items() if name not in (LATITUDE, LONGITUDE)},
        "A position that is not known is left out whole.",
    ),
    SITE.but(
        "position-on-the-equator",
        ["DESC-POSITION-1"],
        LATITUDE,
        0,
        OK,
        "0 is stated. A reader that asks whether a number is true finds one coordinate only.",
    ),
    SITE.but(
        "position-at-the-pole",
        ["DESC-POSITION-1"],
        LATITUDE,
        -90_000_000,
        OK,
        "The bound belongs to the range.",
    ),
    SITE.but(
        "position-beyond-the-pole",
        ["JSON-TYPE-1", "ERROR-PLACE-1"],
        LATITUDE,
        90_000_001,
        refused(path=f"$.{LATITUDE}"),
        "A microdegree beyond.",
    ),
    SITE.but(
        "position-at-the-date-line",
        ["DESC-POSITION-1"],
        LONGITUDE,
        180_000_000,
        OK,
        "The bound belongs to the range.",
    ),
    SITE.but(
        "position-beyond-the-date-line",
        ["JSON-TYPE-1", "ERROR-PLACE-1"],
        LONGITUDE,
        -180_000_001,
        refused(path=f"$.{LONGITUDE}"),
        "A microdegree beyond.",
    ),
    SITE.but(
        "position-as-text",
        ["JSON-TYPE-1", "ERROR-PLACE-1"],
        LATITUDE,
        "37500000",
        refused(path=f"$.{LATITUDE}"),
        "Integers of 32 bits are numbers, those of 64 bits are text.",
    ),
]
_POSITIONS.append(
    _POSITIONS[3].but(
        "position-on-the-equator-without-longitude",
        ["DESC-POSITION-1"],
        LONGITUDE,
        GONE,
        refused("DESC-POSITION-1"),
        "0 is stated. A reader that asks whether a number is true finds no coordinate and accepts.",
    )
)

_ENERGY = [
    SITE.but(
        f"energy-without-{name}",
        ["DESC-ENERGY-1"],
        f"energy[0].{member}",
        GONE,
        refused(requirement),
        why,
    )
    for name, member, requirement, why in (
        ("metric", "metric", "DESC-ENERGY-1", "A figure of something."),
        ("value", "valueMicro", "", "A metric without its value."),
        ("interval", "interval", "", "A figure of a summer is not one of a year."),
        ("basis", "basis", "", "A design figure is not a metered one."),
        ("boundary", "boundary", "", "A PUE of a hall leaves out what serves all halls."),
    )
]


def _metric(name: str, metric: str, value: int, *, place: str = "", why: str) -> Case:
    """A site with one energy figure; `place` is where it is refused, empty where it is accepted."""
    expect = refused("DESC-ENERGY-2", place) if place else OK
    cited = ["DESC-ENERGY-2", *(["ERROR-PLACE-1"] if place else [])]
    return SITE.but(name, cited, "energy", [energy(metric, value)], expect, why)


VALUE: Final = "$.energy[0].valueMicro"
_ENERGY += [
    _metric("pue-of-one", "pue", 1_000_000, why="All energy goes into IT equipment: the bound itself."),
    _metric("pue-below-one", "pue", 999_999, place=VALUE, why="No site uses less than its IT equipment."),
    _metric("pue-of-ten", "pue", 10_000_000, why="The upper bound itself."),
    _metric("pue-above-ten", "pue", 10_000_001, place=VALUE, why="One millionth above the bound."),
    _metric("pue-not-in-millionths", "pue", 1, place=VALUE, why="1 is a millionth: the factor was left out."),
    _metric("pue-of-nothing", "pue", 0, place=VALUE, why="0 is a value, not an absent one."),
    _metric("renewable-factor-of-one", "ref", 1_000_000, why="All of it renewable."),
    _metric("renewable-factor-of-nothing", "ref", 0, why="Known to be none."),
    _metric("renewable-factor-above-one", "ref", 1_000_001, place=VALUE, why="A part above the whole."),
    _metric("renewable-factor-below-zero", "ref", -1, place=VALUE, why="A part below nothing."),
    _metric(
        "carbon-free-share-in-per-cent", "cfe-share", 85_000_000, place=VALUE, why="85 % are 0.85: 850000."
    ),
    _metric("carbon-free-share-of-85-per-cent", "cfe-share", 850_000, why="The twin in the right unit."),
    _metric("water-at-its-bound", "wue", 100_000_000, why="100 L/kWh, the bound itself."),
    _metric("water-in-millilitres", "wue", 1_800_000_000, place=VALUE, why="1.8 L are 1800000, not mL."),
    _metric("carbon-of-the-grid-below-zero", "grid-carbon-intensity", -1, place=VALUE, why="At least 0."),
    _metric("carbon-of-the-grid-at-its-bound", "grid-carbon-intensity", 3_000_000_000, why="Beyond 32 bits."),
    _metric(
        "energy-of-a-year-without-bound",
        "total-energy",
        (1 << 63) - 1,
        why="The registry states no upper bound of it: the greatest value of the type is allowed.",
    ),
    _metric("energy-of-a-year-below-zero", "total-energy", -1, place=VALUE, why="It has a lower bound."),
    _metric(
        "unregistered-metric-below-zero",
        "net-grid-balance",
        -5_000_000,
        why="No registry states bounds of it, or its unit. It compares with those of its own provider.",
    ),
    _metric(
        "private-metric-named-like-a-registered-one",
        "p.example.cn/pue",
        0,
        why="A private token is another token: bounds of pue are not its own.",
    ),
]
_ENERGY += [
    SITE.but(
        "second-energy-figure-out-of-bounds",
        ["DESC-ENERGY-2", "ERROR-PLACE-1"],
        "energy",
        [energy("pue", 1_150_000), energy("cue", 20_000_001)],
        refused("DESC-ENERGY-2", "$.energy[1].valueMicro"),
        "Every element is checked, by the bounds of its own metric: 20 kg CO2e/kWh.",
    ),
    SITE.but(
        "energy-over-an-empty-interval",
        ["SCALAR-INTERVAL-1"],
        "energy[0].interval.end",
        "2025-01-01T00:00:00Z",
        refused("SCALAR-INTERVAL-1"),
        "The end is after the start, not at it.",
    ),
    SITE.but(
        "energy-value-with-a-point",
        ["JSON-INT64-1", "ERROR-PLACE-1"],
        "energy[0].valueMicro",
        "1.15",
        refused(path=VALUE),
        "A value times 10^6 is a whole number.",
    ),
]

MEASURED: Final = document(
    "node-with-a-power-and-a-benchmark",
    ["DESC-ENERGY-1", "DESC-BENCHMARK-1"],
    "compute-resource",
    {**node(), "energy": [energy("idle-power", 350_000_000)], "benchmarks": [benchmark()]},
    "A resource states facts as a site does.",
)
_ENERGY.append(
    MEASURED.but(
        "power-of-a-resource-below-zero",
        ["DESC-ENERGY-2", "ERROR-PLACE-1"],
        "energy[0].valueMicro",
        "-1",
        refused("DESC-ENERGY-2", VALUE),
        "Bounds hold for resources as for sites.",
    )
)

_BENCHMARKS = [
    MEASURED.but(
        f"benchmark-without-{name}",
        ["DESC-BENCHMARK-1"],
        f"benchmarks[0].{member}",
        GONE,
        refused(requirement),
        why,
    )
    for name, member, requirement, why in (
        ("suite", "suite", "DESC-BENCHMARK-1", "A number of nothing."),
        ("version", "version", "", "Results of two versions do not compare."),
        ("metric", "metric", "", "A suite has several."),
        ("unit", "unit", "", "Seconds or operations?"),
        ("value", "value", "", "A run without a result."),
        ("time", "runAt", "", "Neither when it was run nor when it was published."),
        ("scope", "scope", "", "What was it run on?"),
        ("revision-of-its-scope", "scope.revision", "", "The scope pins a document by name and revision."),
        ("number-of-units", "scope.count", "", "One node or a thousand?"),
    )
]


def _dated(**times: str) -> dict[str, Any]:
    return {**{name: value for name, value in benchmark().items() if name != "runAt"}, **times}


_BENCHMARKS += [
    MEASURED.but(
        "benchmark-with-the-time-of-publication",
        ["DESC-BENCHMARK-1"],
        "benchmarks[0]",
        _dated(publishedAt="2026-02-20T00:00:00Z"),
        OK,
        "Lists of results often state when they were published, and nothing else.",
    ),
    MEASURED.but(
        "benchmark-with-two-times",
        ["DESC-BENCHMARK-1", "DOC-CHOICE-1"],
        "benchmarks[0]",
        _dated(runAt="2026-02-01T00:00:00Z", publishedAt="2026-02-20T00:00:00Z"),
        refused(),
        "The time of the run, or that of the publication where the former is not known.",
    ),
    MEASURED.but(
        "benchmark-with-a-trailing-zero",
        ["SCALAR-DECIMAL-1", "ERROR-PLACE-1"],
        "benchmarks[0].value",
        "1950.50",
        refused("SCALAR-DECIMAL-1", "$.benchmarks[0].value"),
        "A decimal has one spelling.",
    ),
]

_CLAIMS = [
    SITE.but(
        f"claim-without-{name}",
        ["DESC-COMPLIANCE-1"],
        f"compliance[0].{member}",
        GONE,
        refused(requirement),
        why,
    )
    for name, member, requirement, why in (
        ("scheme", "scheme", "DESC-COMPLIANCE-1", "Compliance with what?"),
        ("edition", "edition", "", "Editions demand different things."),
        ("scope", "scopeIds", "", "A certificate of the head office says nothing of the site."),
        ("validity", "valid", "", "A certificate of ten years ago."),
        ("assurance", "assurance", "", "Self-declared is not certified, and neither is assumed."),
    )
]
_CLAIMS += [
    SITE.but(
        "claim-of-an-empty-scope",
        ["DESC-COMPLIANCE-1"],
        "compliance[0].scopeIds",
        [],
        refused(),
        "An empty list means the same as an absent one.",
    ),
    SITE.but(
        "claim-of-one-scope-twice",
        ["DESC-COMPLIANCE-1", "JSON-TYPE-1"],
        "compliance[0].scopeIds[1]",
        "crex://p.example.cn/site/a",
        refused(),
        "Elements differ pairwise.",
    ),
    SITE.but(
        "claim-that-ends-before-it-begins",
        ["DESC-COMPLIANCE-1", "SCALAR-INTERVAL-1"],
        "compliance[0].valid.end",
        "2024-12-31T23:59:59Z",
        refused("SCALAR-INTERVAL-1"),
        "The end is after the start.",
    ),
    SITE.but(
        "claim-that-is-over",
        ["DESC-COMPLIANCE-1"],
        "compliance[0].valid",
        {"start": "2018-01-01T00:00:00Z", "end": "2021-01-01T00:00:00Z"},
        OK,
        "After its validity a claim says nothing; it is no fault of the document. Reading asks no clock.",
    ),
    SITE.but(
        "claim-about-another-site",
        ["DESC-COMPLIANCE-1"],
        "compliance[0].scopeIds",
        ["crex://q.example.cn/site/b"],
        OK,
        "Whether the scope covers what is offered is asked by who matches.",
    ),
]

CASES: Final[list[Case]] = [
    SITE,
    COUNTRY,
    *_PLACES,
    *_POSITIONS,
    *_ENERGY,
    MEASURED,
    *_BENCHMARKS,
    *_CLAIMS,
]
