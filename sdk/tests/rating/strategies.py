"""Random bills that use every switch of rating, as the inputs of billing vectors and as bills.

Everything happens in three days around a change of the clocks in Berlin, at whole quarters of an hour, so
that no count lies across a cut; quantities are quarters. `inputs()` gives JSON as vectors have it, so that
anybody's engine can read it; `bills()` gives what `rate_bill` takes.
"""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from crex.decimals import format_decimal
from crex.documents.times import format_time, parse_time
from crex.rating import Bill
from sdk.tests.rating.vector_bills import bill_of

Json = dict[str, Any]

START, END = parse_time("2026-10-23T22:00:00Z"), parse_time("2026-10-26T23:00:00Z")
WHOLE_END = parse_time("2026-10-28T23:00:00Z")
QUARTER = timedelta(minutes=15)
QUARTERS = (END - START) // QUARTER
INDEX, BANK = "crex://index.example/price-series/spot", "crex://bank.example/price-series/eur-jpy"
PLAN = "crex://provider.example/price-plan/p"

UNITS, DISK, TOKENS = ("compute-unit", "unit"), ("storage", "gibibyte"), ("output-token", "token")
KINDS = {
    UNITS: "COMPONENT_KIND_TIME",
    DISK: "COMPONENT_KIND_GAUGE_TIME",
    TOKENS: "COMPONENT_KIND_COUNT",
}
UNPRICED = ("request", "request")
LEASED = 8


def time(quarter: int) -> str:
    """A quarter of an hour since the start, as documents write it."""
    return format_time(START + quarter * QUARTER)


decimals = st.integers(-2000, 20000).map(lambda scaled: format_decimal_of(scaled, 1000))
prices = st.integers(0, 20000).map(lambda scaled: format_decimal_of(scaled, 1000))
positive = st.integers(1, 2000).map(lambda scaled: format_decimal_of(scaled, 4))
quantities = st.integers(0, 32).map(lambda quarters: format_decimal_of(quarters, 4))
categories = st.none() | st.sampled_from(["vat", "levy"])


def format_decimal_of(number: int, parts: int) -> str:
    """Writes a number of parts of one as a decimal."""
    return format_decimal(Fraction(number, parts))


@st.composite
def tiers(draw: st.DrawFn, *, flat: bool, most: int = 3) -> list[Json]:
    """One to four tiers by ascending bounds."""
    bounds = sorted(draw(st.sets(st.integers(1, 400), max_size=most)))
    found: list[Json] = []
    for bound in [*bounds, None]:
        tier: Json = {} if bound is None else {"upTo": str(bound * 250)}
        tier["unitPrice"] = draw(decimals if draw(st.integers(0, 4)) == 0 else prices)
        if flat and draw(st.integers(0, 3)) == 0:
            tier["flatPrice"] = draw(decimals)
        found.append(tier)
    return found


@st.composite
def restrictions(draw: st.DrawFn, commitments: list[str]) -> Json:
    """Restrictions of some kinds, all of which hold at some time."""
    found: Json = {}
    kinds = draw(st.sets(st.sampled_from(["window", "days", "dates", "region", "mode", "commitment"])))
    if "window" in kinds:
        start, end = draw(st.lists(st.integers(0, 95), min_size=2, max_size=2, unique=True))
        found["localStart"], found["localEnd"] = clock(start), clock(end) if end else "24:00"
        if found["localStart"] == "00:00" and found["localEnd"] == "24:00":
            del found["localStart"]
    if "days" in kinds:
        found["days"] = sorted(draw(st.sets(st.sampled_from(["sat", "sun", "mon"]), min_size=1)))
    elif "dates" in kinds:
        found["localDates"] = draw(st.sampled_from([["2026-10-25"], ["2026-10-24", "2026-10-26"]]))
    if "region" in kinds:
        found["region"] = draw(st.sampled_from(["north", "south"]))
    if "mode" in kinds:
        found["interruptible"] = draw(st.booleans())
    if "commitment" in kinds and commitments:
        found["commitmentId"] = draw(st.sampled_from(commitments))
    return found


def clock(quarter: int) -> str:
    """A time of day."""
    return f"{quarter // 4:02d}:{quarter % 4 * 15:02d}"


@st.composite
def components(
    draw: st.DrawFn, name: str, use: tuple[str, str], *, monthly: bool, commitments: list[str], last: bool
) -> Json:
    """A component that prices records."""
    model = draw(st.sampled_from(["UNIT", "UNIT", "GRADUATED", "VOLUME", "PACKAGE"]))
    found: Json = {
        "id": name,
        "dimension": use[0],
        "unit": use[1],
        "kind": KINDS[use],
        "perQuantity": draw(st.sampled_from(["1", "3600", "0.25", "7"])),
        "model": f"TIER_MODEL_{model}",
    }
    if monthly:
        found["timeUnit"] = "month"
    reset = draw(st.sampled_from(["PERIOD", "TERM"]))
    scope = draw(st.sampled_from(["LEASE", "LEASE", "ACCOUNT"]))
    summed = draw(st.integers(0, 2)) == 0 and (model != "UNIT" or scope == "ACCOUNT")
    if summed:
        found["accumulator"] = {
            "scope": f"ACCUMULATOR_SCOPE_{scope}",
            "reset": f"ACCUMULATOR_RESET_{reset}",
            "carryOnRevision": draw(st.booleans()),
        }
    series = model == "UNIT" and draw(st.integers(0, 2)) == 0
    flat = not (model == "PACKAGE" or series or (summed and reset == "TERM"))
    found["tiers"] = draw(tiers(flat=flat, most=0 if model in ("UNIT", "PACKAGE") else 3))
    if series:
        found["priceSeries"] = {"id": INDEX, "publisher": "index.example", "maxUnitPrice": draw(prices)}
    if draw(st.integers(0, 2)) == 0:
        scope = draw(st.sampled_from(["SEGMENT", "LEASE_PERIOD"]))
        found["granularity"] = {
            "step": draw(positive),
            "minimum": draw(quantities),
            "scope": f"GRANULARITY_SCOPE_{scope}",
        }
    if not last or draw(st.integers(0, 4)) == 0:
        found["restrictions"] = draw(restrictions(commitments))
    category = draw(categories)
    return found if category is None else {**found, "taxCategory": category}


@st.composite
def fees(draw: st.DrawFn, name: str) -> Json:
    """A component that is charged once."""
    kind = draw(st.sampled_from(["FLAT", "ONE_OFF"]))
    found: Json = {
        "id": name,
        "dimension": "service-time",
        "unit": "unit" if kind == "FLAT" else "event",
        "kind": f"COMPONENT_KIND_{kind}",
        "perQuantity": draw(st.sampled_from(["1", "3"])),
        "model": "TIER_MODEL_UNIT",
        "tiers": [{"unitPrice": draw(decimals)}],
        "restrictions": {"region": draw(st.sampled_from(["north", "south"]))},
    }
    if kind == "FLAT" and draw(st.booleans()):
        found["accumulator"] = {"scope": "ACCUMULATOR_SCOPE_ACCOUNT", "reset": "ACCUMULATOR_RESET_PERIOD"}
    if draw(st.booleans()):
        del found["restrictions"]
    return found


@st.composite
def commitments(draw: st.DrawFn, name: str, listed: list[Json]) -> Json | None:
    """A commitment to some of the components; nothing where none can be covered."""
    able = [
        one
        for one in listed
        if "priceSeries" not in one and not any("flatPrice" in tier for tier in one["tiers"])
    ]
    hourly = draw(st.booleans())
    if hourly:
        able = [one for one in able if "timeUnit" not in one]
        able = [one for one in able if one["dimension"] == able[0]["dimension"]]
    if not able:
        return None
    found: Json = {
        "id": name,
        "kind": f"COMMITMENT_KIND_{'HOURLY_QUANTITY' if hourly else 'PERIOD_SPEND'}",
        "amount": draw(positive),
        "price": draw(prices),
        "eligible": [one["id"] for one in able if one is able[0] or draw(st.booleans())],
        "priority": draw(st.integers(0, 1)),
    }
    if hourly:
        found["perQuantity"] = draw(st.sampled_from(["1", "3600"]))
    if draw(st.booleans()):
        start = draw(st.integers(-50, QUARTERS - 1))
        found["term"] = {"start": time(start), "end": time(draw(st.integers(start + 1, QUARTERS + 50)))}
    elif draw(st.booleans()):
        found["termMonths"] = draw(st.integers(1, 2))
    if draw(st.booleans()):
        found["upfrontPrice"] = draw(prices)
    return found


@st.composite
def credits_(draw: st.DrawFn, name: str, ids: list[str], currency: str) -> Json:
    """A credit of any kind."""
    kind = draw(st.sampled_from(["PERCENT", "FIXED", "SLA"]))
    found: Json = {"id": name, "kind": f"CREDIT_KIND_{kind}", "priority": draw(st.integers(0, 1))}
    basis = draw(st.sets(st.sampled_from(ids), max_size=2))
    if basis:
        found["basis"] = sorted(basis)
    if kind == "PERCENT":
        found["percent"] = draw(st.sampled_from(["0", "10", "33.3", "100"]))
    elif kind == "FIXED":
        found["amount"] = money(draw(st.integers(1, 5000)), currency)
    else:
        thresholds = [{"below": "1", "percent": "7.5"}, {"below": "0.9", "percent": "50"}]
        found["sla"] = {"metric": "uptime", "thresholds": thresholds}
        if draw(st.booleans()):
            found["cap"] = money(draw(st.integers(1, 500)), currency)
    if draw(st.integers(0, 3)) == 0:
        found["expires"] = time(draw(st.sampled_from([-1, 0, 1])))
    return found


def money(minor: int, currency: str) -> Json:
    """An amount in minor units of EUR or JPY."""
    amount = str(minor) if currency == "JPY" else f"{minor // 100}.{minor % 100:02d}"
    return {"currency": currency, "amount": amount}


@st.composite
def plans(draw: st.DrawFn, number: int, common: Json, months: frozenset[str]) -> Json:
    """The body of a price plan, without its time."""
    names = ["c0", "c1"][: draw(st.sampled_from([0, 0, 1, 2]))]
    listed: list[Json] = []
    for use in KINDS:
        # What is held must be priced in one plan at least, or its records may not lie across a cut.
        count = draw(st.integers(1 if number == 0 and use != TOKENS else 0, 3))
        for index in range(count):
            monthly, last = use[0] in months and use != TOKENS, index == count - 1
            priced = components(f"{use[0]}-{index}", use, monthly=monthly, commitments=names, last=last)
            listed.append(draw(priced))
    fee = [draw(fees(f"fee-{index}")) for index in range(draw(st.sampled_from([0, 0, 1, 2, 3])))]
    if not listed + fee:
        listed.append(draw(components("only", TOKENS, monthly=False, commitments=names, last=True)))
    bound = [draw(commitments(name, listed)) if listed else None for name in names]
    made = [one for one in bound if one is not None]
    known = {one["id"] for one in made}
    for one in listed:
        if one.get("restrictions", {}).get("commitmentId", "") not in {"", *known}:
            del one["restrictions"]["commitmentId"]
    currency = common.get("exchange", {}).get("currency", "EUR")
    ids = [one["id"] for one in listed + fee]
    body: Json = {
        "header": {
            "id": f"{PLAN}{number}",
            "revision": "1",
            "issuer": "provider.example",
            "issuedAt": "2026-01-01T00:00:00Z",
        },
        **common,
        "components": listed + fee,
        "commitments": made,
        "credits": [
            draw(credits_(f"k{index}", ids, currency)) for index in range(draw(st.sampled_from([0, 1, 2, 3])))
        ],
    }
    if draw(st.booleans()):
        body["minimum"] = money(draw(st.integers(0, 3000)), currency)
    if draw(st.integers(0, 2)) == 0:
        body["maximum"] = money(draw(st.integers(3000, 9000)), currency)
    if draw(st.booleans()):
        body["adjustmentTaxCategory"] = "vat"
    return {name: value for name, value in body.items() if value != []}


@st.composite
def chains(draw: st.DrawFn) -> list[Json]:
    """One to three plans of which each supersedes the one before it, as vectors list them."""
    taxes = [
        {"category": "vat", "rate": "0.19", "jurisdiction": "de"},
        {"category": "levy", "rate": draw(prices), "jurisdiction": "de"},
    ]
    common: Json = {
        "currency": "EUR",
        "timeZone": "Europe/Berlin",
        "taxIncluded": draw(st.booleans()),
        "taxes": taxes[: draw(st.integers(0, 2))],
    }
    if draw(st.integers(0, 3)) == 0:
        common["exchange"] = {"currency": "JPY", "series": BANK, "publisher": "bank.example"}
    months = frozenset(draw(st.sets(st.sampled_from([UNITS[0], DISK[0]]), max_size=1)))
    cuts = sorted(draw(st.sets(st.integers(1, QUARTERS - 2), max_size=2)))
    begin = draw(st.sampled_from([-96, -96, 0, 4]))
    edges = [begin, *(cut for cut in cuts if cut > begin), None]
    found: list[Json] = []
    for number, (start, end) in enumerate(pairwise(edges)):
        body = draw(plans(number, common, months))
        assert start is not None
        late = draw(st.integers(0, 1)) if number and (end is None or end > start + 1) else 0
        body["effectiveStart"] = time(start + late)
        if end is not None:
            body["effectiveEnd"] = time(end)
            for one in body["components"]:  # dates must be ones on which the plan is effective
                if body["effectiveEnd"] < "2026-10-24" and "localDates" in one.get("restrictions", {}):
                    one["restrictions"]["localDates"] = ["2026-10-24"]
        if found:
            body["supersedes"] = {"id": f"{PLAN}{number - 1}", "revision": "1", "sha256": sha(number - 1)}
        found.append({"plan": body, "sha256": sha(number)})
    return found


def sha(number: int) -> str:
    """A digest that stands for the plan of a number."""
    return f"{number + 10:02x}" * 32


@st.composite
def uses(draw: st.DrawFn, number: int) -> Json:
    """A lease and its use."""
    name = f"crex://broker.example/lease/l{number}"
    begin = draw(st.sampled_from([-40, -40, 0, 20]))
    end = draw(st.sampled_from([QUARTERS, QUARTERS, QUARTERS - 30]))
    events: list[Json] = [{"kind": "SERVICE_EVENT_KIND_ACTIVATED", "at": time(begin)}]
    for _ in range(draw(st.integers(0, 2))):
        out = draw(st.integers(max(begin, 0), end - 2))
        until = draw(st.integers(out + 1, end - 1))
        events.append({"kind": "SERVICE_EVENT_KIND_OUTAGE", "at": time(out), "until": time(until)})
    if end < QUARTERS:
        events.append({"kind": "SERVICE_EVENT_KIND_TERMINATED", "at": time(end)})
    found: Json = {
        "name": name,
        "order": f"crex://broker.example/order/o{number}",
        "quantity": str(LEASED),
        "interval": {"start": time(-40), "end": time(QUARTERS + 100)},
        "interruptible": draw(st.booleans()),
        "records": draw(records(name, max(begin, -8), end)),
        "service_events": events,
        "gaps": [],
    }
    return found | draw(st.sampled_from([{}, {"region": "north"}, {"region": "south"}]))


@st.composite
def records(draw: st.DrawFn, lease: str, begin: int, end: int) -> list[Json]:
    """Records of a lease: what is held without overlap, what is counted within quarters of an hour."""
    found: list[Json] = []
    for use, meter in ((UNITS, "units"), (DISK, "disk")):
        cuts = sorted(draw(st.sets(st.integers(begin, end), max_size=4)))
        for seq, (start, stop) in enumerate(pairwise(cuts), start=1):
            found.append(record(lease, meter, seq, use, start, stop, draw(quantities)))
    for use, meter in ((TOKENS, "tokens"), (UNPRICED, "calls")):
        cells = sorted(draw(st.sets(st.integers(begin, end - 1), max_size=4)))
        for seq, cell in enumerate(cells, start=1):
            long = draw(st.booleans())
            found.append(record(lease, meter, seq, use, cell, cell + long, draw(quantities)))
    return found


def record(
    lease: str, meter: str, seq: int, use: tuple[str, str], start: int, end: int, quantity: str
) -> Json:
    """A usage record in strict form."""
    return {
        "meterId": meter,
        "seq": str(seq),
        "revision": "1",
        "lease": lease,
        "resource": "crex://provider.example/compute-resource/r1",
        "dimension": use[0],
        "start": time(start),
        "end": time(end),
        "quantity": quantity,
        "unit": use[1],
    }


@st.composite
def series(draw: st.DrawFn) -> list[Json]:
    """The price series, over all the time, by revisions of their own; and the exchange rates."""
    cut = draw(st.integers(1, QUARTERS - 1))
    found = []
    for revision, (start, end) in enumerate([(-8, cut), (cut, QUARTERS + 8)], start=1):
        starts = [start, *sorted(draw(st.sets(st.integers(start + 1, end - 1), max_size=4)))]
        points = [{"start": time(at), "unitPrice": draw(decimals)} for at in starts]
        found.append({**_series(INDEX, "EUR", revision, start, end), "points": points})
    rate = {"start": time(-8), "rate": {"num": str(draw(st.integers(1, 10)) * 7 + 1), "den": "7"}}
    rates = {**_series(BANK, "JPY", 1, -8, 8), "baseCurrency": "EUR", "points": [rate]}
    return [*found, rates]


def _series(name: str, currency: str, revision: int, start: int, end: int) -> Json:
    issuer = name.removeprefix("crex://").split("/")[0]
    header = {"id": name, "revision": str(revision), "issuer": issuer, "issuedAt": time(start)}
    return {"header": header, "currency": currency, "interval": {"start": time(start), "end": time(end)}}


@st.composite
def openings(draw: st.DrawFn, chain: list[Json], leases: list[Json]) -> list[Json]:
    """Where some accumulators and fixed credits stood."""
    found: list[Json] = []
    keys: set[tuple[str, str]] = set()
    for one in chain[0]["plan"]["components"]:
        if one.get("accumulator", {}).get("reset") == "ACCUMULATOR_RESET_TERM":
            account = one["accumulator"]["scope"] == "ACCUMULATOR_SCOPE_ACCOUNT"
            keys |= {(one["id"], lease) for lease in ([""] if account else [each["name"] for each in leases])}
    for name, lease in sorted(keys):
        if draw(st.booleans()):
            value = {"num": str(draw(st.integers(1, 99)) * 500 + 1), "den": "2"}
            if int(value["num"]) % 2 == 0:
                value = {"num": str(int(value["num"]) // 2), "den": "1"}
            found.append({"component": name, **({"lease": lease} if lease else {}), "value": value})
    for credit in chain[0]["plan"].get("credits", []):
        if credit["kind"] == "CREDIT_KIND_FIXED" and draw(st.booleans()):
            granted = int(credit["amount"]["amount"].replace(".", ""))
            used = draw(st.integers(1, granted + granted // 4))  # more than is granted now, at times
            found.append({"credit": credit["id"], "value": {"num": str(used), "den": "1"}})
    return found


def of_account(chain: list[Json]) -> bool:
    """Tells whether only an account can be billed under plans."""
    return any(
        plan["plan"].get("commitments")
        or any("ACCOUNT" in one.get("accumulator", {}).get("scope", "") for one in plan["plan"]["components"])
        for plan in chain
    )


@st.composite
def inputs(draw: st.DrawFn) -> Json:
    """The input of a billing vector that can be rated."""
    chain = draw(chains())
    account = of_account(chain)
    leases = [draw(uses(number)) for number in range(draw(st.integers(1, 3)) if account else 1)]
    end = draw(st.sampled_from([END, WHOLE_END]))
    found: Json = {
        "plans": chain,
        "leases": draw(st.permutations(leases)),
        "period": {"start": format_time(START), "end": format_time(END)},
        "whole_period": {"start": format_time(START), "end": format_time(end)},
        "tz_transitions": [
            {"timeZone": "Europe/Berlin", "utc": "2026-10-20T00:00:00Z", "offsetS": 7200},
            {"timeZone": "Europe/Berlin", "utc": "2026-10-25T01:00:00Z", "offsetS": 3600},
        ],
        "series": draw(series()),
        "openings": draw(openings(chain, leases)),
    }
    return {**found, "account": "research"} if account else found


def bills() -> st.SearchStrategy[Bill]:
    """Random bills that can be rated."""
    return inputs().map(bill_of)
