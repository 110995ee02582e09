"""Random bills and usage, good and bad: what every engine must come to the same of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast

from hypothesis import strategies as st

from crex.bulk.bills import NamedBill
from crex.documents.times import parse_time
from crex.errors import CrexError
from crex.metering import Record, Span
from crex.rating import Bill, LeaseTerms, LeaseUse, Plan, zone_between
from crex.v1 import (
    Accumulator,
    AccumulatorReset,
    AccumulatorScope,
    Commitment,
    CommitmentKind,
    GapMarker,
    PriceComponent,
    Restrictions,
    ServiceEvent,
)
from sdk.tests.rating.samples import (
    COUNT,
    GAUGE,
    PLAN_PIN,
    TIME,
    activated,
    component,
    plan_message,
    record,
    terminated,
)
from sdk.tests.rating.strategies import inputs
from sdk.tests.rating.vector_bills import bill_of

# The night on which clocks in Berlin go forward, in steps of ten minutes.
BEGIN = parse_time("2026-03-28T21:00:00Z")
STEP = timedelta(minutes=10)
STEPS = 60
PERIOD = Span.between(BEGIN + 6 * STEP, BEGIN + 54 * STEP)
ZONE = zone_between("Europe/Berlin", parse_time("2026-03-27T00:00:00Z"), parse_time("2026-03-31T00:00:00Z"))
WINDOWS = (("22:00", "06:00"), ("02:00", "03:00"), ("03:00", "04:30"), ("00:00", "24:00"))
QUANTITIES = ("0", "1", "2.5", "3", "0.000000000001", "1.333333333333", "8", "4")


@dataclass(frozen=True)
class Usage:
    """A bill and the records that were handed in for it, by the name of their lease."""

    bill: NamedBill
    records: tuple[Record, ...]

    def with_records(self) -> Bill:
        """The bill with its records, as the reference engine reads it."""
        by_lease: dict[str, list[Record]] = {use.terms.name: [] for use in self.bill.bill.leases}
        for one in self.records:
            by_lease[one.lease].append(one)
        leases = tuple(replace(use, records=by_lease[use.terms.name]) for use in self.bill.bill.leases)
        return replace(self.bill.bill, leases=leases)


instants = st.integers(0, STEPS)


@st.composite
def components(draw: st.DrawFn) -> list[PriceComponent]:
    """Held, counted and stored use, with windows, tiers, steps and sums over accounts."""
    found = []
    for kind, dimension, unit in (
        (TIME, "compute-unit", "unit"),
        (COUNT, "output", "tokens"),
        (GAUGE, "storage", "gibibyte"),
    ):
        for number in range(draw(st.integers(0, 2))):
            tiers: str | list[tuple[str | None, str]] = "2.99"
            if draw(st.booleans()):
                tiers = [(str(draw(st.integers(1, 50_000))), "0.07"), (None, "0.0123")]
            one = component(
                tiers, id=f"{dimension}-{number}", kind=kind, dimension=dimension, unit=unit, per="7"
            )
            window = draw(st.none() | st.sampled_from(WINDOWS))
            if number == 0 and window is not None:
                one.restrictions.CopyFrom(Restrictions(local_start=window[0], local_end=window[1]))
            if draw(st.integers(0, 3)) == 0 and not isinstance(tiers, str):
                one.accumulator.CopyFrom(
                    Accumulator(
                        scope=AccumulatorScope.ACCUMULATOR_SCOPE_ACCOUNT,
                        reset=AccumulatorReset.ACCUMULATOR_RESET_PERIOD,
                    )
                )
            found.append(one)
    return found or [component()]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A plan that may end within the period, and may have a commitment by the hour."""
    listed = draw(components())
    end = draw(st.none() | st.integers(1, STEPS).map(lambda step: BEGIN + step * STEP))
    message = plan_message(*listed, end=end)
    held = [one for one in listed if one.kind == TIME]
    if held and draw(st.integers(0, 3)) == 0:
        message.commitments.append(
            Commitment(
                id="base",
                kind=CommitmentKind.COMMITMENT_KIND_HOURLY_QUANTITY,
                amount="2",
                price="1",
                per_quantity="3600",
                eligible=[one.id for one in held],
            )
        )
    return Plan.of(message, PLAN_PIN)


@st.composite
def chains(draw: st.DrawFn, lease: str, meter: str, dimension: str, unit: str, bad: bool) -> list[Record]:
    """The records of a meter: touching or with pauses, some corrected; bad ones with all sorts of faults."""
    at = draw(st.integers(0 if bad else 3, 20))
    found: list[Record] = []
    seq, revision = draw(st.sampled_from((1, 1, 1, 3))), 1
    counts = unit == "tokens"
    for _ in range(draw(st.integers(0, 8))):
        length = draw(
            st.sampled_from((0, 0, 0, 0, 1, 1) if counts and not bad else (0, 1, 1, 1, 2, 3, 6, 20))
        )
        start, end = BEGIN + at * STEP, BEGIN + (at + length) * STEP
        quantity = draw(st.sampled_from(QUANTITIES))
        more = {"estimated": True} if draw(st.integers(0, 9)) == 0 else {}
        found.append(
            record(
                start,
                end,
                quantity,
                seq=seq,
                revision=revision,
                meter=meter,
                dimension=dimension,
                unit=unit,
                lease=lease,
                **more,
            )
        )
        again = draw(st.integers(0, 4)) == 0
        if again:  # the same number once more: a correction, or, among bad ones, a contradiction
            revision += 0 if bad and draw(st.booleans()) else 1
            continue
        at = max(0, at + length + draw(st.sampled_from((0, 0, 0, 0, 1, -1) if bad else (0, 0, 0, 1))))
        seq += draw(st.sampled_from((1, 1, 1, 1, 1, 2)))
        revision = 1
    return found


@st.composite
def leases(draw: st.DrawFn, name: str) -> tuple[LeaseUse, list[Record]]:
    """A lease and its records."""
    interval = Span.between(BEGIN, BEGIN + STEPS * STEP)
    bad = draw(st.integers(0, 2)) == 0
    events: list[ServiceEvent] = [activated(BEGIN + draw(st.sampled_from((0, 0, 0, 3))) * STEP)]
    if bad and draw(st.integers(0, 2)) == 0:
        events.append(terminated(BEGIN + draw(instants) * STEP))
    if bad and draw(st.integers(0, 9)) == 0:
        events.append(activated(BEGIN + STEP))
    records: list[Record] = []
    for meter, dimension, unit in (
        ("units", "compute-unit", "unit"),
        ("more", "compute-unit", "unit"),
        ("tokens", "output", "tokens"),
        ("disk", "storage", "gibibyte"),
        ("disk", "output", "tokens"),
        ("other", "unknown", "thing"),
    ):
        if draw(st.booleans()):
            records += draw(chains(name, meter, dimension, unit, bad))
    gaps = []
    if draw(st.integers(0, 3)) == 0:
        first = draw(st.integers(1, 9)) if bad else draw(st.sampled_from((100, 1000)))
        gaps.append(
            GapMarker(
                meter_id=draw(st.sampled_from(("units", "tokens", "lost"))),
                first_seq=first,
                last_seq=first + draw(st.integers(0, 2)),
                reason="lost",
            )
        )
    first_seq = {"units": 3} if draw(st.integers(0, 3)) == 0 else None
    terms = LeaseTerms(
        name, f"crex://broker.example/order/{name[-2:]}", draw(st.sampled_from((3, 8, 16, 16))), interval
    )
    return LeaseUse(terms=terms, events=tuple(events), gaps=tuple(gaps), first_seq=first_seq), records


@st.composite
def usages(draw: st.DrawFn, name: str) -> Usage:
    """A bill of one lease, or of an account with up to three."""
    plan = draw(plans())
    account = "buyer.example" if plan.of_account or draw(st.integers(0, 3)) == 0 else None
    number = draw(st.integers(1, 3)) if account else 1
    pairs = [draw(leases(f"crex://broker.example/lease/l{index}")) for index in range(number)]
    bill = Bill(
        plans=(plan,),
        leases=tuple(use for use, _ in pairs),
        period=PERIOD,
        whole=PERIOD,
        zone=ZONE,
        account=account,
    )
    return Usage(NamedBill(name, bill), tuple(one for _, records in pairs for one in records))


@st.composite
def jobs(draw: st.DrawFn, most: int = 6) -> list[Usage]:
    """Several bills; leases of different bills have the same names."""
    return [draw(usages(f"bill-{index}")) for index in range(draw(st.integers(1, most)))]


def _bill_or_nothing(given: dict[str, Any]) -> Bill | None:
    try:
        return bill_of(given)
    except CrexError:
        return None  # a plan that no reader takes; other tests are about those


def good_bills() -> st.SearchStrategy[Bill]:
    """Random bills that use every switch of rating, and can be rated."""
    return (
        inputs()
        .map(_bill_or_nothing)
        .filter(lambda bill: bill is not None)
        .map(lambda bill: cast("Bill", bill))
    )
