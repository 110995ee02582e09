"""Links between sites, and the windows of allotments."""

from __future__ import annotations

from typing import Final

from conformance.tests.vectors.case import Case
from conformance.tests.vectors.description_cases import OK, document, refused
from conformance.tests.vectors.description_documents import allotment, link, window
from conformance.tests.vectors.one_change import GONE

LINK: Final = document(
    "link-between-two-providers",
    ["LINK-SITE-1", "LINK-RATE-1", "LINK-RTT-1", "LINK-WINDOW-1"],
    "network-link",
    link(),
    "The document from which the vectors of links differ in one thing; one end is another party's.",
)
PLAIN: Final = document(
    "link-of-which-nothing-was-measured",
    ["LINK-WINDOW-1", "LINK-RTT-1"],
    "network-link",
    {
        name: value
        for name, value in link().items()
        if name not in ("rttUs", "jitterUs", "lossPpm", "availabilityPpm", "window")
    },
    "Capacity needs no window: it was not observed over time.",
)

_ENDS = [
    LINK.but(
        "link-without-its-first-end",
        ["LINK-SITE-1"],
        "fromSite",
        GONE,
        refused("LINK-SITE-1"),
        "It leads from nowhere.",
    ),
    LINK.but(
        "link-without-its-second-end",
        ["LINK-SITE-1"],
        "toSite",
        GONE,
        refused("LINK-SITE-1"),
        "It leads nowhere.",
    ),
    LINK.but(
        "link-from-a-site-to-itself",
        ["LINK-SITE-1"],
        "toSite",
        "crex://p.example.cn/site/a",
        refused("LINK-SITE-1"),
        "Measured tables state the delay inside a site on their diagonal; it is no link.",
    ),
    LINK.but(
        "link-to-a-site-of-the-same-path",
        ["LINK-SITE-1", "NAME-EQUAL-1"],
        "toSite",
        "crex://q.example.cn/site/a",
        OK,
        "Two providers may give their sites the same path.",
    ),
    LINK.but(
        "link-between-sites-that-differ-in-a-zero",
        ["LINK-SITE-1", "NAME-EQUAL-1"],
        "toSite",
        "crex://p.example.cn/site/a.0",
        OK,
        "Names are compared byte for byte, nothing is normalised.",
    ),
    LINK.but(
        "link-to-a-pinned-site",
        ["NAME-FORM-1", "ERROR-PLACE-1"],
        "toSite",
        "crex://q.example.cn/site/b@3",
        refused("NAME-FORM-1", "$.toSite"),
        "An end is a name, no reference.",
    ),
    LINK.but(
        "link-without-provenance",
        ["DESC-PROVENANCE-1"],
        "provenance",
        GONE,
        refused("DESC-PROVENANCE-1"),
        "Figures that nobody says how they came to be.",
    ),
    LINK.but(
        "closed-list-of-a-link",
        ["DESC-CLOSED-2"],
        "closedLists",
        ["serviceLevels"],
        OK,
        "A list of links: no level of service is promised.",
    ),
    LINK.but(
        "closed-list-of-a-node-in-a-link",
        ["DESC-CLOSED-2", "ERROR-PLACE-1"],
        "closedLists",
        ["node.network"],
        refused("DESC-CLOSED-2", "$.closedLists[0]"),
        "It is a list of resources, not of links.",
    ),
]

_FIGURES = [
    LINK.but(
        "all-of-a-link-committed",
        ["LINK-RATE-1"],
        "committedBitsPerS",
        "400000000000",
        OK,
        "One buyer may be promised all of it.",
    ),
    LINK.but(
        "more-than-a-link-committed",
        ["LINK-RATE-1"],
        "committedBitsPerS",
        "400000000001",
        refused("LINK-RATE-1"),
        "One bit more than it carries.",
    ),
    LINK.but(
        "committed-rate-of-fewer-digits",
        ["LINK-RATE-1"],
        "committedBitsPerS",
        "99",
        OK,
        "99 is less than 400000000000; as texts it is more.",
    ),
    LINK.but(
        "committed-rate-of-a-link-of-unknown-capacity",
        ["LINK-RATE-1"],
        "capacityBitsPerS",
        GONE,
        OK,
        "There is nothing to exceed; absent is not zero.",
    ),
    LINK.but(
        "committed-rate-of-a-link-that-carries-nothing",
        ["LINK-RATE-1"],
        "capacityBitsPerS",
        "0",
        refused("LINK-RATE-1"),
        "0 is known to be none. A reader that asks whether a number is true finds no capacity and accepts.",
    ),
    LINK.but(
        "committed-rate-below-zero",
        ["DESC-BITS-1", "ERROR-PLACE-1"],
        "committedBitsPerS",
        "-1",
        refused(path="$.committedBitsPerS"),
        "A line rate is at least 0; below the capacity it is all the same.",
    ),
    LINK.but(
        "loss-of-more-than-everything",
        ["JSON-TYPE-1", "ERROR-PLACE-1"],
        "lossPpm",
        "1000001",
        refused(path="$.lossPpm"),
        "A million in a million are all.",
    ),
]

_TIMES = [
    LINK.but(f"percentiles-{name}", ["LINK-RTT-1"], "rttUs", rtt, OK, why)
    for name, rtt, why in (
        ("all-equal", dict.fromkeys(("p50", "p95", "p99"), "17000"), "A lower one may equal a higher one."),
        ("of-which-one-is-known", {"p99": "19800"}, "One of them is enough."),
        ("without-the-middle-one", {"p50": "16200", "p99": "19800"}, "What is absent is not compared."),
        ("of-nothing", {"p50": "0"}, "0 is stated, whatever it says of the speed of light."),
        ("of-different-lengths", {"p50": "9000", "p95": "17100"}, "9000 is less than 17100; as text, more."),
    )
]
_TIMES += [
    LINK.but(f"percentiles-{name}", ["LINK-RTT-1"], "rttUs", rtt, refused("LINK-RTT-1"), why)
    for name, rtt, why in (
        ("median-above-the-95th", {"p50": "17101", "p95": "17100", "p99": "19800"}, "Percentiles ascend."),
        ("95th-above-the-99th", {"p50": "16200", "p95": "19801", "p99": "19800"}, "Percentiles ascend."),
        (
            "median-above-the-99th",
            {"p50": "19801", "p99": "19800"},
            "The one between them is absent. A reader that compares neighbours in the table does not see it.",
        ),
        ("none-stated", {}, "A round trip time without any time."),
    )
]
_TIMES += [
    PLAIN.but(
        f"{name}-without-a-window",
        ["LINK-WINDOW-1"],
        member,
        value,
        refused("LINK-WINDOW-1"),
        "A figure of a night or of a year: nobody knows.",
    )
    for name, member, value in (
        ("round-trip-time", "rttUs", {"p50": "16200"}),
        ("jitter", "jitterUs", "300"),
        ("loss", "lossPpm", "10"),
        ("availability", "availabilityPpm", "999500"),
    )
]
_TIMES += [
    PLAIN.but(
        "no-loss-without-a-window",
        ["LINK-WINDOW-1"],
        "lossPpm",
        "0",
        refused("LINK-WINDOW-1"),
        "That no packet was lost is the figure that needs a window most; 0 is stated.",
    ),
    PLAIN.but(
        "window-of-nothing-measured",
        ["LINK-WINDOW-1"],
        "window",
        {"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"},
        OK,
        "A window alone claims nothing.",
    ),
    LINK.but(
        "window-without-length",
        ["LINK-WINDOW-1", "SCALAR-INTERVAL-1"],
        "window.end",
        "2026-01-01T00:00:00Z",
        refused("SCALAR-INTERVAL-1"),
        "Over no time nothing holds.",
    ),
]

ALLOTMENT: Final = document(
    "windows-of-a-day-that-touch",
    ["CAP-WINDOW-1"],
    "allotment",
    allotment(),
    "The end of a window is no part of it: the next may begin there.",
)
MORNING, AFTERNOON = window("08:00:00", "12:00:00"), window("12:00:00", "18:00:00", 4)
_WINDOWS = [
    ALLOTMENT.but(
        "windows-with-a-gap",
        ["CAP-WINDOW-1"],
        "windows[1]",
        window("13:00:00", "18:00:00"),
        OK,
        "Outside of the windows nothing is granted, also between them.",
    ),
    ALLOTMENT.but(
        "window-of-no-units",
        ["CAP-WINDOW-1"],
        "windows[0].quantity",
        "0",
        OK,
        "A window may grant nothing; empty is a window without time.",
    ),
    ALLOTMENT.but(
        "windows-that-overlap-by-a-second",
        ["CAP-WINDOW-1"],
        "windows[1].start",
        "2026-03-10T11:59:59Z",
        refused("CAP-WINDOW-1"),
        "In the second before noon 8, 4 or 12 units are granted.",
    ),
    ALLOTMENT.but(
        "windows-that-overlap-by-half-a-second",
        ["CAP-WINDOW-1"],
        "windows[0].end",
        "2026-03-10T12:00:00.500Z",
        refused("CAP-WINDOW-1"),
        "A full stop is below Z: compared as text, the first window ends before the second begins.",
    ),
    ALLOTMENT.but(
        "windows-that-part-by-half-a-second",
        ["CAP-WINDOW-1"],
        "windows[1].start",
        "2026-03-10T12:00:00.500Z",
        OK,
        "Compared as text, the second window begins before the first ends.",
    ),
    ALLOTMENT.but(
        "window-within-another",
        ["CAP-WINDOW-1"],
        "windows[1]",
        window("09:00:00", "10:00:00", 4),
        refused("CAP-WINDOW-1"),
        "Windows are no layers: the second neither adds nor replaces.",
    ),
    ALLOTMENT.but(
        "one-window-twice",
        ["CAP-WINDOW-1"],
        "windows[1]",
        MORNING,
        refused("CAP-WINDOW-1"),
        "The same units, or as many again?",
    ),
    ALLOTMENT.but(
        "windows-that-descend",
        ["CAP-WINDOW-1"],
        "windows",
        [AFTERNOON, MORNING],
        refused("CAP-WINDOW-1"),
        "A reader that sorts them first accepts what another, that searches by halves, misreads.",
    ),
    ALLOTMENT.but(
        "third-window-before-the-first",
        ["CAP-WINDOW-1"],
        "windows[2]",
        window("06:00:00", "07:00:00"),
        refused("CAP-WINDOW-1"),
        "Every window follows the one before it, not only the second.",
    ),
    ALLOTMENT.but(
        "allotted-window-without-time",
        ["CAP-WINDOW-1", "SCALAR-INTERVAL-1"],
        "windows[1].end",
        "2026-03-10T12:00:00Z",
        refused(),
        "A window that ends as it begins holds no instant.",
    ),
    ALLOTMENT.but(
        "allotted-window-that-runs-backwards",
        ["CAP-WINDOW-1", "SCALAR-INTERVAL-1"],
        "windows[1].end",
        "2026-03-10T11:00:00Z",
        refused(),
        "A window that ends before it begins.",
    ),
    ALLOTMENT.but(
        "allotment-without-windows",
        ["CAP-WINDOW-1", "DOC-REQUIRED-1"],
        "windows",
        [],
        refused(),
        "An empty list means the same as an absent one. Nothing is granted by a window of no units.",
    ),
    ALLOTMENT.but(
        "window-of-units-as-a-number",
        ["JSON-INT64-1", "ERROR-PLACE-1"],
        "windows[0].quantity",
        64,
        refused("JSON-INT64-1", "$.windows[0].quantity"),
        "The refusal that documents.md shows, place and rule.",
    ),
]

CASES: Final[list[Case]] = [LINK, PLAIN, *_ENDS, *_FIGURES, *_TIMES, ALLOTMENT, *_WINDOWS]
