"""Rules of commitments, credits, taxes, bounds and exchange of a price plan (pricing.md)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from crex import v1
from crex.decimals import EXPONENTS, Money, parse_decimal
from crex.errors import CrexError, Violation
from crex.rating.component_rules import ONCE, above_zero, under_authority
from crex.v1 import CommitmentKind, CreditKind, PriceComponent, PricePlan

_RESERVED = ("minimum", "maximum")
_MOST_PERCENT = 100


def agreement_violations(plan: PricePlan) -> Iterator[Violation]:
    """Yields every rule that commitments, credits, taxes, bounds and exchange of a plan break."""
    components = {one.id: one for one in plan.components}
    billed = plan.exchange.currency if plan.HasField("exchange") else plan.currency
    yield from _twice((one.id for one in plan.commitments), "$.commitments", "PRICE-COMMITMENT-1")
    for index, commitment in enumerate(plan.commitments):
        yield from _commitment(commitment, components, f"$.commitments[{index}]")
    yield from _twice((one.id for one in plan.credits), "$.credits", "PRICE-CREDIT-1")
    for index, credit in enumerate(plan.credits):
        yield from _credit(credit, components, billed, f"$.credits[{index}]")
    yield from _taxes(plan)
    yield from _bounds(plan, billed)
    yield from _exchange(plan)


def _twice(ids: Iterator[str], path: str, requirement: str) -> Iterator[Violation]:
    known: set[str] = set()
    for index, identifier in enumerate(ids):
        if identifier in known:
            yield Violation(
                f"{path}[{index}].id",
                f"a second {identifier!r}",
                requirement,
                "give each an identifier of its own",
            )
        known.add(identifier)


def _commitment(
    commitment: v1.Commitment, components: dict[str, PriceComponent], path: str
) -> Iterator[Violation]:
    hourly = commitment.kind == CommitmentKind.COMMITMENT_KIND_HOURLY_QUANTITY
    yield from above_zero(commitment.amount, f"{path}.amount", "PRICE-COMMITMENT-2")
    if hourly != commitment.HasField("per_quantity"):
        yield Violation(
            f"{path}.perQuantity",
            "a commitment to a quantity needs a divisor, and one to a spend has none",
            "PRICE-COMMITMENT-2",
            "state perQuantity with HOURLY_QUANTITY, and with nothing else",
        )
    elif hourly:
        yield from above_zero(commitment.per_quantity, f"{path}.perQuantity", "PRICE-COMMITMENT-2")
    for member, text in (("price", commitment.price), ("upfrontPrice", commitment.upfront_price)):
        if text and parse_decimal(text) < 0:
            yield Violation(
                f"{path}.{member}", f"{text} is below zero", "PRICE-COMMITMENT-2", "state 0 or more"
            )
    if commitment.HasField("term") and commitment.HasField("term_months"):
        yield Violation(
            f"{path}.termMonths",
            "the commitment states both its term and its length in months",
            "PRICE-COMMITMENT-4",
            "state one of them, or neither",
        )
    covered = [(index, components.get(name)) for index, name in enumerate(commitment.eligible)]
    first = next((one for _, one in covered if one is not None), None)
    for index, component in covered:
        for what in _not_covered(component, first, hourly=hourly):
            yield Violation(
                f"{path}.eligible[{index}]",
                f"{commitment.eligible[index]!r} {what}",
                "PRICE-COMMITMENT-3",
                "cover components of the plan that price use by tiers alone",
            )


def _not_covered(
    component: PriceComponent | None, first: PriceComponent | None, *, hourly: bool
) -> Iterator[str]:
    """Yields why a commitment cannot cover a component (PRICE-COMMITMENT-3)."""
    if component is None or first is None:
        yield "is no component of the plan"
        return
    if component.kind in ONCE:
        yield "is charged once, whatever is used"
    if component.HasField("price_series"):
        yield "is priced by a series"
    if any(tier.HasField("flat_price") for tier in component.tiers):
        yield "has a flatPrice"
    if hourly and component.time_unit == "month":
        yield "counts time in months, which have no hours"
    alike = (component.dimension, component.unit, component.kind) == (first.dimension, first.unit, first.kind)
    if hourly and not alike:
        yield f"is not of dimension, unit and kind of {first.id!r}, and one quantity cannot be of both"


def _credit(
    credit: v1.Credit, components: dict[str, PriceComponent], billed: str, path: str
) -> Iterator[Violation]:
    if credit.id in _RESERVED:
        yield Violation(
            f"{path}.id",
            f"{credit.id!r} is the name of another adjustment",
            "PRICE-CREDIT-1",
            "give the credit another identifier",
        )
    for index, name in enumerate(credit.basis):
        if name not in components:
            yield Violation(
                f"{path}.basis[{index}]",
                f"the plan has no component {name!r}",
                "PRICE-CREDIT-1",
                "name components of the plan, or leave basis out for all lines",
            )
    yield from _credit_members(credit, billed, path)
    if credit.kind == CreditKind.CREDIT_KIND_SLA:
        yield from _thresholds(credit, path)


def _credit_members(credit: v1.Credit, billed: str, path: str) -> Iterator[Violation]:
    """Refuses members of another kind, and values that are none (PRICE-CREDIT-2)."""
    percent, amount, cap = credit.HasField("percent"), credit.HasField("amount"), credit.HasField("cap")
    sla = credit.HasField("sla")
    stated = {"percent": percent, "amount": amount, "sla": sla, "cap": cap}
    required, allowed = {
        CreditKind.CREDIT_KIND_PERCENT: ("percent", ("percent",)),
        CreditKind.CREDIT_KIND_FIXED: ("amount", ("amount",)),
        CreditKind.CREDIT_KIND_SLA: ("sla", ("sla", "cap")),
    }.get(credit.kind, ("percent", ()))
    kind = CreditKind.Name(credit.kind).removeprefix("CREDIT_KIND_")
    for member, found in stated.items():
        if found and member not in allowed:
            yield Violation(
                f"{path}.{member}",
                f"a credit of kind {kind} has a member {member}",
                "PRICE-CREDIT-2",
                "leave it out, or state the kind that it belongs to",
            )
    if not stated[required]:
        yield Violation(
            f"{path}.{required}",
            f"a credit of kind {kind} has no {required}",
            "PRICE-CREDIT-2",
            f"state {required}",
        )
    if percent and not 0 <= parse_decimal(credit.percent) <= _MOST_PERCENT:
        yield Violation(
            f"{path}.percent",
            f"{credit.percent} is not from 0 to 100",
            "PRICE-CREDIT-2",
            "state a percentage from 0 to 100",
        )
    for member, has, money in (("amount", amount, credit.amount), ("cap", cap, credit.cap)):
        value = _minor(money, billed) if has else 1
        if value is None or value <= 0:
            yield Violation(
                f"{path}.{member}",
                f"{money.amount} {money.currency} is not an amount above zero in {billed}",
                "PRICE-CREDIT-2",
                "state an amount above zero in the billed currency",
            )


def _thresholds(credit: v1.Credit, path: str) -> Iterator[Violation]:
    below, percent = Fraction(1), Fraction(0)
    for index, threshold in enumerate(credit.sla.thresholds):
        place = f"{path}.sla.thresholds[{index}]"
        next_below, next_percent = parse_decimal(threshold.below), parse_decimal(threshold.percent)
        if next_below <= 0 or next_below > below or (index and next_below == below):
            yield Violation(
                f"{place}.below",
                f"{threshold.below} is not below the threshold before, or not above 0 and at most 1",
                "PRICE-CREDIT-3",
                "list thresholds by descending below, from at most 1 to above 0",
            )
        if next_percent <= percent or next_percent > _MOST_PERCENT:
            yield Violation(
                f"{place}.percent",
                f"{threshold.percent} is not above the percentage before, or not above 0 and at most 100",
                "PRICE-CREDIT-3",
                "credit more the lower the threshold is, from above 0 to at most 100",
            )
        below, percent = next_below, next_percent


def _taxes(plan: PricePlan) -> Iterator[Violation]:
    rates: set[tuple[str, str, str]] = set()
    categories: set[str] = set()
    for index, rule in enumerate(plan.taxes):
        path, rate = f"$.taxes[{index}]", parse_decimal(rule.rate)
        if rate < 0 or (rate and rule.HasField("exemption_code")):
            why = "is below zero" if rate < 0 else "is not zero beside an exemption code"
            yield Violation(
                f"{path}.rate",
                f"{rule.rate} {why}",
                "PRICE-TAX-1",
                "state a share of one, 0.19 for 19 %; with an exemption code 0",
            )
        key = rule.category, rule.jurisdiction, rule.rate
        if key in rates:
            yield Violation(
                path,
                f"a second rule of {rule.category} in {rule.jurisdiction} at {rule.rate}",
                "PRICE-TAX-1",
                "state each rule once",
            )
        elif plan.tax_included and rule.category in categories:
            yield Violation(
                f"{path}.category",
                f"a second rule of {rule.category}, and prices include tax",
                "PRICE-TAX-1",
                "state one rule a category, or prices without tax",
            )
        rates.add(key)
        categories.add(rule.category)


def _bounds(plan: PricePlan, billed: str) -> Iterator[Violation]:
    values: dict[str, int] = {}
    for member, has, money in (
        ("minimum", plan.HasField("minimum"), plan.minimum),
        ("maximum", plan.HasField("maximum"), plan.maximum),
    ):
        value = _minor(money, billed) if has else None
        if has and (value is None or value < 0):
            yield Violation(
                f"$.{member}",
                f"{money.amount} {money.currency} is below zero, or not an amount in {billed}",
                "PRICE-MINIMUM-1",
                "state 0 or more, in the billed currency",
            )
        elif value is not None:
            values[member] = value
    if len(values) == len(_RESERVED) and values["maximum"] < values["minimum"]:
        yield Violation(
            "$.maximum", "the maximum is below the minimum", "PRICE-MINIMUM-1", "state a maximum above it"
        )


def _exchange(plan: PricePlan) -> Iterator[Violation]:
    if not plan.HasField("exchange"):
        return
    exchange = plan.exchange
    if exchange.currency == plan.currency or exchange.currency not in EXPONENTS:
        yield Violation(
            "$.exchange.currency",
            f"{exchange.currency} is the plan's own currency, or has no minor unit",
            "PRICE-EXCHANGE-1",
            "name another currency with a minor unit, or leave exchange out",
        )
    if not under_authority(exchange.series, exchange.publisher):
        yield Violation(
            "$.exchange.series",
            f"{exchange.series} is not a name under {exchange.publisher}",
            "PRICE-EXCHANGE-1",
            "name a series under its publisher's authority",
        )


def _minor(money: v1.Money, billed: str) -> int | None:
    """Returns an amount in minor units; nothing where it is not one in the billed currency."""
    try:
        return Money.parse(money.currency, money.amount).minor if money.currency == billed else None
    except CrexError:
        return None
