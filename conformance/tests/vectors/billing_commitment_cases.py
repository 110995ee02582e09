"""Commitments to a quantity in each hour: what they cover, in which order, and what is left of them."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.billing_cases import (
    AT_ONE,
    AT_THREE,
    AT_TWO,
    Case,
    Value,
    component,
    counted,
    gpu,
    held,
    plan,
    tokens,
)
from conformance.tests.vectors.billing_inputs import account, lease
from conformance.tests.vectors.billing_lines import Line
from conformance.tests.vectors.billing_window_cases import only

TWO_HOURS: Final = {"start": AT_ONE, "end": AT_THREE}
HALF_PAST: Final = "2026-03-10T01:30:00Z"


def hourly(
    identifier: str,
    amount: str,
    price: str,
    eligible: str = "gpu",
    term: Value | None = TWO_HOURS,
    **members: Any,
) -> Value:
    """A commitment to a quantity in every hour, from 01:00 to 03:00 unless told otherwise."""
    return {
        "id": identifier,
        "kind": "COMMITMENT_KIND_HOURLY_QUANTITY",
        "amount": amount,
        "price": price,
        "perQuantity": "3600",
        "eligible": eligible.split(),
        **({"term": term} if term else {}),
        **members,
    }


def used(
    quantity: str, exact: str, amount: str, lease: str = "l1", of: str = "gpu", by: str = "base"
) -> Line:
    """What a commitment covered."""
    return Line(of, 0, quantity, exact, amount, lease, commitment=f"{by}:used")


def unused(quantity: str, exact: str, amount: str, by: str = "base") -> Line:
    """What is left of a commitment."""
    return Line("compute-unit:unit", 0, quantity, exact, amount, "", commitment=f"{by}:unused")


def beyond(quantity: str, exact: str, amount: str, lease: str = "l1") -> Line:
    """What no commitment covers."""
    return Line("gpu", 1, quantity, exact, amount, lease)


NETTING: Final = Case(
    "hours-that-are-not-netted",
    ["RATE-COMMITMENT-1", "RATE-COMMITMENT-3"],
    "10 units an hour at 2 for two hours. Hour 1: 0 used, 36000 unit-seconds unused: 20.00. Hour 2: 20 held, "
    "36000 covered x 2 / 3600 = 20.00, 36000 beyond x 2.99 / 3600 = 29.90. Sum 69.90. Netted, 20 of 20 are "
    "covered: 40.00.",
    account(
        plan(gpu(), commitments=[hourly("base", "10", "2")]),
        lease("l1", held("0"), held("20", AT_TWO, AT_THREE, 2), quantity="20"),
    ),
    [used("36000", "20", "20.00"), unused("36000", "20", "20.00"), beyond("36000", "29.9", "29.90")],
    "69.90",
)
SHARED: Final = Case(
    "one-commitment-for-two-leases",
    ["RATE-COMMITMENT-2", "RATE-COMMITMENT-3"],
    "2 units at 1 for an hour; l1 holds 1, l2 holds 2. Leases by name: l1 is covered with 3600 x 1 / 3600 = "
    "1.00, l2 with what is left, 1.00; its other 3600 cost 2.99. Sum 4.99.",
    account(
        plan(gpu(), commitments=[hourly("base", "2", "1", term={"start": AT_ONE, "end": AT_TWO})]),
        lease("l1", held()),
        lease("l2", held("2")),
    ),
    [used("3600", "1", "1.00"), used("3600", "1", "1.00", "l2"), beyond("3600", "2.99", "2.99", "l2")],
    "4.99",
)
HALVES: Final = [held("2", end=HALF_PAST), held("2", HALF_PAST, AT_TWO, 2)]
PARTIAL: Final = Case(
    "commitment-that-begins-within-an-hour",
    ["RATE-COMMITMENT-1"],
    "In force from 01:30: of that hour 1 x 1800 s, of the next 3600 s. Held throughout: 5400 x 1 / 3600 = "
    "1.50 covered, 1800 x 2.99 / 3600 = 1.495: 1.50 beyond. By whole hours it is 2.00, or 1.00 and 2.99.",
    account(
        plan(gpu(), commitments=[hourly("base", "1", "1", term={"start": HALF_PAST, "end": AT_THREE})]),
        lease("l1", held(end=AT_THREE)),
    ),
    [used("5400", "1.5", "1.50"), beyond("1800", "1.495", "1.50")],
    "3.00",
)
PRIORITIES: Final = Case(
    "commitments-by-priority",
    ["RATE-COMMITMENT-2"],
    "One unit for two hours; b has priority 1, a has 2: b covers both, 7200 x 1 / 3600 = 2.00, and a is "
    "unused: 7200 x 2 / 3600 = 4.00. By name a covers: 4.00 and b unused 2.00, which are other lines.",
    account(
        plan(
            gpu(),
            commitments=[hourly("a", "1", "2", priority=2), hourly("b", "1", "1", priority=1)],
        ),
        lease("l1", held(end=AT_THREE)),
    ),
    [used("7200", "2", "2.00", by="b"), unused("7200", "4", "4.00", by="a")],
    "6.00",
)
NIGHT: Final = only("night", "1.5", localStart="01:30", localEnd="02:00")
ORDER: Final = Case(
    "components-in-the-order-of-the-list",
    ["RATE-COMMITMENT-2"],
    "Half a unit an hour, 1800 unit-seconds, is committed. From 01:00 to 01:30 gpu applies, from 01:30 to "
    "02:00 night, which stands first in the list: it is covered, 1800 x 1 / 3600 = 0.50, though it came "
    "later; gpu costs 1800 x 2.99 / 3600 = 1.495: 1.50. In order of time it is 0.50 + 0.75.",
    account(
        plan(
            NIGHT,
            gpu(),
            commitments=[hourly("base", "0.5", "1", "gpu night", {"start": AT_ONE, "end": AT_TWO})],
        ),
        lease("l1", held()),
    ),
    [used("1800", "0.5", "0.50", of="night"), beyond("1800", "1.495", "1.50")],
    "2.00",
)
COUNTED: Final = Case(
    "count-of-an-hour-that-is-committed",
    ["RATE-COMMITMENT-1", "RATE-CUT-1"],
    "100 tokens an hour at 0.08, in force from 01:30: half of that hour's 100, all of the next. Used 80 and "
    "120: covered 50 + 100 = 150 x 0.08 = 12.00; beyond 30 + 20 = 50 x 0.1 = 5.00.",
    account(
        plan(
            tokens("0.1"),
            commitments=[
                hourly(
                    "base", "100", "0.08", "tokens", {"start": HALF_PAST, "end": AT_THREE}, perQuantity="1"
                )
            ],
        ),
        lease("l1", counted("80"), counted("120", AT_TWO, AT_THREE, 2)),
    ),
    [used("150", "12", "12.00", of="tokens"), Line("tokens", 1, "50", "5", "5.00")],
    "17.00",
)
TIERED: Final = component("gpu", "TIME", "compute-unit:unit", "3600", ("3600", "3"), "2")
TERM: Final = "plans[0].plan.commitments[0].term"
CASES: Final[list[Case]] = [
    NETTING,
    NETTING.but(
        "hours-that-are-all-used",
        "RATE-COMMITMENT-1 RATE-ZERO-1",
        "leases[0].records[0].quantity",
        "10",
        [used("72000", "40", "40.00"), beyond("36000", "29.9", "29.90")],
        "69.90",
        "Both hours are used: 72000 x 2 / 3600 = 40.00, nothing unused, and 29.90 beyond.",
    ),
    NETTING.but(
        "commitment-without-use",
        "RATE-COMMITMENT-3",
        "leases[0].records",
        [],
        [unused("72000", "40", "40.00")],
        "40.00",
        "Nothing is used: 2 h x 10 are unused, 72000 x 2 / 3600 = 40.00. It is bound to take them.",
    ),
    NETTING.but(
        "units-under-way-across-hours",
        "RATE-COMMITMENT-1 RATE-SPLIT-1",
        "leases[0].records",
        [held("20", HALF_PAST, "2026-03-10T02:30:00Z")],
        [used("72000", "40", "40.00")],
        "40.00",
        "20 units from 01:30 to 02:30: 36000 unit-seconds in each hour, as many as are committed in each: "
        "40.00. What is held is compared hour by hour, not instant by instant.",
    ),
    SHARED,
    SHARED.but(
        "one-record-as-two",
        "RATE-COMMITMENT-2",
        "leases[1].records",
        [{**record, "lease": "crex://broker.example/lease/l2"} for record in HALVES],
        [used("3600", "1", "1.00"), used("3600", "1", "1.00", "l2"), beyond("3600", "2.99", "2.99", "l2")],
        "4.99",
        "l2 states its hour in two records. Nothing changes, digest included: records have no order here.",
    ),
    SHARED.but(
        "leases-in-another-order",
        "RATE-COMMITMENT-2",
        "leases",
        [lease("l2", held("2")), lease("l1", held())],
        [used("3600", "1", "1.00"), used("3600", "1", "1.00", "l2"), beyond("3600", "2.99", "2.99", "l2")],
        "4.99",
        "Leases are covered by the bytes of their names, in whatever order they come.",
    ),
    PARTIAL,
    PARTIAL.but(
        "use-before-a-commitment-within-its-hour",
        "RATE-COMMITMENT-1",
        "leases[0].records[0].end",
        HALF_PAST,
        [used("1800", "0.5", "0.50"), unused("3600", "1", "1.00")],
        "1.50",
        "Held from 01:00 to 01:30 only. It is use of the hour in which 1800 are committed, and covered: "
        "0.50; the next hour's 3600 are unused: 1.00. An hour is the least that is compared.",
    ),
    PRIORITIES,
    PRIORITIES.but(
        "commitments-by-name",
        "RATE-COMMITMENT-2",
        "plans[0].plan.commitments[1].priority",
        2,
        [used("7200", "4", "4.00", by="a"), unused("7200", "2", "2.00", by="b")],
        "6.00",
        "Of one priority, the bytes of identifiers decide: a covers, 4.00, b is unused, 2.00.",
    ),
    ORDER,
    ORDER.but(
        "segments-in-the-order-of-time",
        "RATE-COMMITMENT-2",
        "plans[0].plan.commitments[0].eligible",
        ["gpu"],
        [used("1800", "0.5", "0.50"), Line("night", 1, "1800", "0.75", "0.75")],
        "1.25",
        "Only gpu is eligible: its 1800 are covered, 0.50; night is not, 1800 x 1.5 / 3600 = 0.75.",
    ),
    Case(
        "covered-use-is-in-no-tier",
        ["RATE-COMMITMENT-2", "RATE-TIER-1"],
        "3 units for an hour, 1 of them covered: 1.00. The other 7200 begin in the first tier: 3600 x 3 / "
        "3600 = 3.00 and 3600 x 2 / 3600 = 2.00. Sum 6.00; if what is covered fills the first tier, 5.00.",
        account(
            plan(TIERED, commitments=[hourly("base", "1", "1", term={"start": AT_ONE, "end": AT_TWO})]),
            lease("l1", held("3")),
        ),
        [used("3600", "1", "1.00"), beyond("3600", "3", "3.00"), Line("gpu", 2, "3600", "2", "2.00")],
        "6.00",
    ),
    Case(
        "steps-go-to-the-last-hour",
        ["RATE-GRANULARITY-2", "RATE-COMMITMENT-1"],
        "Held from 01:00 to 02:30, 5400, in steps of 3600: 7200. The 1800 that are added belong to the hour "
        "from 02:00, in which 3600 are committed: all is covered, 7200 x 1 / 3600 = 2.00. Added to the first "
        "hour they cost 1.495 beyond it; left out, 1800 are unused.",
        account(
            plan(gpu(step="3600"), commitments=[hourly("base", "1", "1")]),
            lease("l1", held(end="2026-03-10T02:30:00Z")),
        ),
        [used("7200", "2", "2.00")],
        "2.00",
    ),
    COUNTED,
    COUNTED.refused(
        "count-across-an-hour-that-is-committed",
        "RATE-CUT-2 RATE-CUT-1",
        "CUT_REQUIRED",
        "leases[0].records[0].start",
        "2026-03-10T00:59:59.999Z",
        "How much of it belongs to the hour from 01:00 cannot be told.",
    ),
    Case(
        "commitment-that-ended-before-its-plan-began",
        ["RATE-COMMITMENT-1", "RATE-COMMITMENT-3"],
        "Its term ends at 01:30, and its plan begins at 01:45: it is never in force, and nothing of it is "
        "unused. One unit from 02:00 for an hour: 2.99. Who takes 01:45 from 01:30 states -900 unused: "
        "-0.25.",
        account(
            plan(
                gpu(),
                commitments=[hourly("base", "1", "1", term={"start": AT_ONE, "end": HALF_PAST})],
                effectiveStart="2026-03-10T01:45:00Z",
            ),
            lease("l1", held(start=AT_TWO, end=AT_THREE)),
        ),
        [beyond("3600", "2.99", "2.99")],
        "2.99",
    ),
    Case(
        "commitment-before-percentages",
        ["RATE-PERCENT-1", "RATE-COMMITMENT-3"],
        "50 % off does not lower a commitment: used 3600 x 1 / 3600 = 1.00, unused 1.00. What is beyond "
        "costs 3600 x 2.99 / 3600 x 1/2 = 1.495: 1.50.",
        account(
            plan(
                gpu(),
                commitments=[hourly("base", "1", "1")],
                credits=[{"id": "half", "kind": "CREDIT_KIND_PERCENT", "percent": "50"}],
            ),
            lease("l1", held("2")),
        ),
        [
            used("3600", "1", "1.00"),
            unused("3600", "1", "1.00"),
            Line("gpu", 1, "3600", "1.495", "1.50", factors=[("credit:half", "1/2")]),
        ],
        "3.50",
    ),
]
