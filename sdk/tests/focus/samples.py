"""Bills written by hand, of everything that a bill can hold: their numbers are put in, none is computed."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from datetime import datetime
from fractions import Fraction

from crex.documents import convert
from crex.documents.times import parse_time
from crex.focus import Bill, LeaseFacts
from crex.metering.span import Span
from crex.v1 import (
    Commitment,
    CommitmentKind,
    ComponentKind,
    Correction,
    CreditNote,
    DebitNote,
    Header,
    Interval,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    LineFactor,
    Money,
    Pin,
    PriceComponent,
    PricePlan,
    PriceTier,
    Rational,
    TierModel,
)

SELLER, BUYER = "provider.example", "consumer.example"
LEASE, OTHER_LEASE = "crex://broker.example/lease/l1", "crex://broker.example/lease/l2"
ORDER = "crex://broker.example/order/o1"
PLAN, INVOICE = f"crex://{SELLER}/price-plan/p1", f"crex://{SELLER}/invoice/i1"
PLAN_SHA256, INVOICE_SHA256, DIGEST = "1f" * 32, "2e" * 32, "3d" * 32
START, END = parse_time("2026-09-30T22:00:00Z"), parse_time("2026-10-31T23:00:00Z")
TIME, COUNT = ComponentKind.COMPONENT_KIND_TIME, ComponentKind.COMPONENT_KIND_COUNT
FLAT, ONE_OFF = ComponentKind.COMPONENT_KIND_FLAT, ComponentKind.COMPONENT_KIND_ONE_OFF
UNIT, GRADUATED = TierModel.TIER_MODEL_UNIT, TierModel.TIER_MODEL_GRADUATED
HOURLY = CommitmentKind.COMMITMENT_KIND_HOURLY_QUANTITY
SPEND = CommitmentKind.COMMITMENT_KIND_PERIOD_SPEND
WHOLE_LEASE = {LEASE: LeaseFacts(region="eu-north", interval=Span.between(START, END), held="GPU")}


def component(
    name: str,
    dimension: str,
    unit: str,
    kind: ComponentKind.ValueType,
    *prices: str,
    per: str = "1",
    **members: str,
) -> PriceComponent:
    """A component; tiers end at 100, 200 and so on, the last without end."""
    tiers = [PriceTier(unit_price=price, up_to=str(100 * (1 + n))) for n, price in enumerate(prices)]
    tiers[-1].ClearField("up_to")
    return PriceComponent(
        id=name,
        dimension=dimension,
        unit=unit,
        kind=kind,
        per_quantity=per,
        model=UNIT if len(prices) == 1 else GRADUATED,
        tiers=tiers,
        **members,  # type: ignore[arg-type]  # whichever texts a test sets
    )


def plan(
    *components: PriceComponent, currency: str = "EUR", commitments: Iterable[Commitment] = ()
) -> PricePlan:
    """A price plan of the seller."""
    return PricePlan(
        header=Header(id=PLAN, revision=3, issuer=SELLER),
        currency=currency,
        time_zone="Europe/Berlin",
        components=components,
        commitments=commitments,
    )


def rational(value: str) -> Rational:
    """A rational from `3/7` or `2.5`."""
    number = Fraction(value)
    return Rational(num=str(number.numerator), den=str(number.denominator))


def line(
    component: str,
    dimension: str,
    unit: str,
    quantity: str,
    exact_amount: str,
    amount: str,
    *,
    currency: str = "EUR",
    tier: int | None = 1,
    factors: Mapping[str, str] | None = None,
    lease: str | None = LEASE,
    **members: object,
) -> InvoiceLine:
    """A line; `lease=None` is a line of the account."""
    commitment, adjustment = members.get("commitment", ""), members.get("adjustment", "")
    named = component or ("" if commitment else f"{dimension}:{unit}")
    number = "" if tier is None else str(tier)
    key = (
        f"{ORDER if lease else ''}|{lease or BUYER}|{named}|{PLAN_SHA256}|{number}|{commitment}|{adjustment}"
    )
    made = InvoiceLine(
        key=key,
        price_plan=Pin(id=PLAN, revision=3, sha256=PLAN_SHA256),
        dimension=dimension,
        unit=unit,
        quantity=rational(quantity),
        exact_amount=rational(exact_amount),
        amount=Money(currency=currency, amount=amount),
        factors=[LineFactor(id=each, value=rational(value)) for each, value in (factors or {}).items()],
        **members,  # type: ignore[arg-type]  # whichever members a test sets
    )
    if component:
        made.component = component
    if tier is not None:
        made.tier = tier
    if lease:
        made.order, made.lease = ORDER, lease
    else:
        made.account = BUYER
    return made


def tax(category: str, rate: str, base: str, exact: str, amount: str, **members: str) -> InvoiceTax:
    """A tax in EUR."""
    return InvoiceTax(
        category=category,
        jurisdiction="de",
        rate=rate,
        base=Money(currency="EUR", amount=base),
        exact_amount=rational(exact),
        amount=Money(currency="EUR", amount=amount),
        **members,
    )


def bill(
    of: PricePlan,
    lines: Iterable[InvoiceLine],
    total: str,
    *,
    currency: str = "EUR",
    taxes: Iterable[InvoiceTax] = (),
    account: str = BUYER,
    leases: Mapping[str, LeaseFacts] = WHOLE_LEASE,
    end: datetime = END,
    provisional: bool = False,
) -> Bill:
    """An invoice of the seller to the buyer."""
    listed = copies(lines)
    invoice = Invoice(
        header=Header(id=INVOICE, revision=1, issuer=SELLER, issued_at=convert.to_timestamp(END)),
        seller=SELLER,
        buyer=BUYER,
        account=account,
        lease=LEASE,
        period=period(end),
        currency=currency,
        taxes=taxes,
        total=Money(currency=currency, amount=total),
        line_count=len(listed),
        rating_digest=DIGEST,
    )
    if provisional:
        invoice.provisional = True
    return Bill(document=invoice, sha256=INVOICE_SHA256, lines=listed, plans={PLAN_SHA256: of}, leases=leases)


def note(
    of: PricePlan,
    lines: Iterable[InvoiceLine],
    total: str,
    *,
    taxes: Iterable[InvoiceTax] = (),
    reason: str = "usage",
) -> Bill:
    """A note on the invoice, a credit note where the total is not above zero."""
    correction = Correction(
        invoice=Pin(id=INVOICE, revision=1, sha256=INVOICE_SHA256),
        reason=reason,
        seller=SELLER,
        buyer=BUYER,
        period=period(END),
        currency="EUR",
        taxes=taxes,
        total=Money(currency="EUR", amount=total),
        rating_digest=DIGEST,
    )
    document: CreditNote | DebitNote
    if total.startswith("-") or Fraction(total) == 0:
        name = f"crex://{SELLER}/credit-note/n1"
        document = CreditNote(header=Header(id=name, revision=1, issuer=SELLER), correction=correction)
    else:
        name = f"crex://{SELLER}/debit-note/n1"
        document = DebitNote(header=Header(id=name, revision=1, issuer=SELLER), correction=correction)
    return Bill(
        document=document,
        sha256="4c" * 32,
        lines=copies(lines),
        plans={PLAN_SHA256: of},
        account=BUYER,
        leases=WHOLE_LEASE,
    )


def copies(lines: Iterable[InvoiceLine]) -> list[InvoiceLine]:
    """Lines of a bill's own, which a test may change."""
    return [copy.deepcopy(each) for each in lines]


def period(end: datetime) -> Interval:
    """October 2026 in Berlin, 745 hours, or the beginning of it."""
    return Span.between(START, end).message()


# --- What a whole bill is made of. 8 GPUs for 745 hours at 2.99, listed at 3.50. ---

GPU = component("gpu", "compute-unit", "unit", TIME, "2.99", per="3600", list_price="3.5", sku_id="H100")
TOKENS = component("tokens", "output-token", "token", COUNT, "0.1", "0.05", per="1000")
SETUP = component("setup", "support", "unit", ONE_OFF, "100")
FEE = component("fee", "support", "unit", FLAT, "25")
GPU_LINE = line(
    "gpu",
    "compute-unit",
    "unit",
    "21456000",
    "17820.4",
    "17820.40",
    unit_price="2.99",
    per_quantity="3600",
    tax_category="standard",
)
TOKEN_LINE = line(
    "tokens", "output-token", "token", "12500", "1.25", "1.25", unit_price="0.1", per_quantity="1000"
)
UNPRICED_LINE = line("", "egress", "gigabyte", "7.5", "0", "0.00", tier=None, unpriced=True)
SETUP_LINE = line("setup", "support", "unit", "1", "100", "100.00", unit_price="100", per_quantity="1")
FEE_LINE = line("fee", "support", "unit", "1", "25", "25.00", unit_price="25", per_quantity="1")
CREDIT_LINE = line(
    "gpu", "compute-unit", "unit", "1", "-20.4", "-20.40", adjustment="welcome", tax_category="standard"
)
MINIMUM_LINE = line("", "minimum", "period", "1", "0.75", "0.75", tier=None, adjustment="minimum")
STANDARD = tax("standard", "0.19", "17800.00", "3382", "3382.00")


def usage_bill() -> Bill:
    """Use, tokens, something without a price, a credit, a tax: no fee."""
    return bill(
        plan(GPU, TOKENS),
        [GPU_LINE, CREDIT_LINE, TOKEN_LINE, UNPRICED_LINE, MINIMUM_LINE],
        "21184.00",
        taxes=[STANDARD],
    )


def fee_bill() -> Bill:
    """Fees beside use."""
    return bill(plan(GPU, SETUP, FEE), [FEE_LINE, GPU_LINE, SETUP_LINE], "17945.40")


# 6 of 8 GPUs are committed for a year at 2.00, half of it paid upfront; 10 GPU-hours were left unused.
RESERVED = Commitment(
    id="reserved",
    kind=HOURLY,
    amount="6",
    price="2",
    per_quantity="3600",
    eligible=["gpu"],
    upfront_price="8760",
    term=Span.between(parse_time("2026-09-30T22:00:00Z"), parse_time("2027-09-30T22:00:00Z")).message(),
)
USED_LINE = line(
    "gpu",
    "compute-unit",
    "unit",
    "16056000",
    "8920",
    "8920.00",
    tier=None,
    unit_price="2",
    per_quantity="3600",
    commitment="reserved:used",
)
UNUSED_LINE = line(
    "",
    "compute-unit",
    "unit",
    "36000",
    "20",
    "20.00",
    tier=None,
    lease=None,
    unit_price="2",
    per_quantity="3600",
    commitment="reserved:unused",
)
UPFRONT_LINE = line(
    "",
    "commitment",
    "term",
    "1",
    "8760",
    "8760.00",
    tier=None,
    lease=None,
    unit_price="8760",
    per_quantity="1",
    commitment="reserved:upfront",
)
BEYOND_LINE = line(
    "gpu", "compute-unit", "unit", "5400000", "4485", "4485.00", unit_price="2.99", per_quantity="3600"
)
# Tokens worth 10.00 a month cost 8.00; 6.00 were used, of which 5.00 in the second tier.
SPENDING = Commitment(id="spending", kind=SPEND, amount="10", price="8", eligible=["tokens"])
SPENT_LINE = line(
    "tokens",
    "output-token",
    "token",
    "60000",
    "4.8",
    "4.80",
    unit_price="0.1",
    per_quantity="1000",
    commitment="spending:used",
    factors={"commitment:spending": "4/5"},
)
UNSPENT_LINE = line(
    "",
    "spend",
    "eur",
    "4",
    "3.2",
    "3.20",
    tier=None,
    lease=None,
    unit_price="8",
    per_quantity="10",
    commitment="spending:unused",
)


def committed_bill(leases: Mapping[str, LeaseFacts] = WHOLE_LEASE) -> Bill:
    """Two commitments, partly used, one with a payment upfront."""
    lines = [UPFRONT_LINE, USED_LINE, UNUSED_LINE, BEYOND_LINE, SPENT_LINE, UNSPENT_LINE]
    return bill(plan(GPU, TOKENS, commitments=[RESERVED, SPENDING]), lines, "22193.00", leases=leases)


def credit_note() -> Bill:
    """100 hours of a GPU were too many."""
    taken_back = line(
        "gpu",
        "compute-unit",
        "unit",
        "-360000",
        "-299",
        "-299.00",
        unit_price="2.99",
        per_quantity="3600",
        tax_category="standard",
    )
    return note(
        plan(GPU), [taken_back], "-355.81", taxes=[tax("standard", "0.19", "-299.00", "-56.81", "-56.81")]
    )
