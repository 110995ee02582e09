"""Step 2 of `rate/1`: commitments, credits, taxes, bounds and exchange of a plan, from pricing.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

from conformance.tests.independent import forms

Value = Mapping[str, Any]
_COMMITMENT: Final[forms.Members] = {
    "id": forms.name,
    "kind": forms.one_of("COMMITMENT_KIND_HOURLY_QUANTITY", "COMMITMENT_KIND_PERIOD_SPEND"),
    "amount": forms.decimal,
    "price": forms.decimal,
    "perQuantity?": forms.decimal,
    "eligible": forms.items(1, 256, forms.name),
    "priority?": forms.number(0, 1000),
    "term?": forms.an_object,
    "termMonths?": forms.number(1, 1200),
    "upfrontPrice?": forms.decimal,
}
_CREDIT: Final[forms.Members] = {
    "id": forms.name,
    "kind": forms.one_of("CREDIT_KIND_PERCENT", "CREDIT_KIND_FIXED", "CREDIT_KIND_SLA"),
    "basis?": forms.items(0, 256, forms.name),
    "percent?": forms.decimal,
    "amount?": forms.an_object,
    "sla?": forms.an_object,
    "cap?": forms.an_object,
    "priority?": forms.number(0, 1000),
    "expires?": forms.time,
}
_OF_KIND: Final = {"PERCENT": {"percent"}, "FIXED": {"amount"}, "SLA": {"sla"}}
_SLA: Final[forms.Members] = {"metric": forms.one_of("uptime"), "thresholds": forms.items(1, 16)}
_THRESHOLD: Final = {"below": forms.decimal, "percent": forms.decimal}
_TAX: Final[forms.Members] = {
    "category": forms.some,
    "rate": forms.decimal,
    "jurisdiction": forms.some,
    "exemptionCode?": forms.text("[A-Za-z0-9][A-Za-z0-9._-]{0,63}"),
}
_EXCHANGE: Final = {"currency": forms.currency, "series": forms.some, "publisher": forms.some}


def check(plan: Value) -> None:
    """Refuses a plan whose terms beside its components break a constraint.

    Raises:
        Refused: SCHEMA.
    """
    billed = plan["currency"]
    if "exchange" in plan:
        billed = _exchange(plan["exchange"], billed)
    if "supersedes" in plan:
        forms.members(plan["supersedes"], forms.PIN)
    for commitment in plan.get("commitments", ()):
        _commitment(commitment, {it["id"]: it for it in plan["components"]})
    forms.must(_once(plan.get("commitments", ()), "id"), "two commitments of one id")
    for credit in plan.get("credits", ()):
        _credit(credit, {it["id"] for it in plan["components"]}, billed)
    forms.must(_once(plan.get("credits", ()), "id"), "two credits of one id")
    for rule in plan.get("taxes", ()):
        forms.members(rule, _TAX)
        forms.must(Fraction(rule["rate"]) >= 0, "a tax below zero")
        forms.must("exemptionCode" not in rule or rule["rate"] == "0", "an exemption that is taxed")
    forms.must(_once(plan.get("taxes", ()), "category", "jurisdiction", "rate"), "two rules of one key")
    included = plan.get("taxIncluded", False)
    forms.must(not included or _once(plan.get("taxes", ()), "category"), "two rules in one price")
    bounds = [forms.money(plan[it], billed) for it in ("minimum", "maximum") if it in plan]
    forms.must(all(it >= 0 for it in bounds), "a bound below zero")
    forms.must(bounds == sorted(bounds), "a maximum below the minimum")


def _once(values: Sequence[Value], *members: str) -> bool:
    keys = [tuple(it[member] for member in members) for it in values]
    return len(set(keys)) == len(keys)


def _exchange(exchange: Value, currency: str) -> str:
    forms.members(exchange, _EXCHANGE)
    forms.must(exchange["currency"] != currency, "an exchange into the same currency")
    under = f"crex://{exchange['publisher']}/"
    forms.must(exchange["series"].startswith(under), "rates of another authority")
    return str(exchange["currency"])


def _commitment(commitment: Value, components: Mapping[str, Value]) -> None:
    forms.members(commitment, _COMMITMENT)
    hourly = commitment["kind"] == "COMMITMENT_KIND_HOURLY_QUANTITY"
    forms.must(Fraction(commitment["amount"]) > 0, "amount")
    forms.must(Fraction(commitment["price"]) >= 0, "price")
    forms.must(Fraction(commitment.get("upfrontPrice", "0")) >= 0, "upfrontPrice")
    forms.must(("perQuantity" in commitment) == hourly, "perQuantity goes with HOURLY_QUANTITY")
    forms.must(Fraction(commitment.get("perQuantity", "1")) > 0, "perQuantity")
    forms.must(not ("term" in commitment and "termMonths" in commitment), "two terms")
    if "term" in commitment:
        forms.interval(commitment["term"])
    forms.must(set(commitment["eligible"]) <= set(components), "a component that is not there")
    covered = [components[it] for it in commitment["eligible"]]
    kinds = {it["kind"].removeprefix("COMPONENT_KIND_") for it in covered}
    forms.must(not kinds & {"FLAT", "ONE_OFF"}, "a commitment to a fee")
    forms.must(not any("priceSeries" in it for it in covered), "a commitment beside a series")
    forms.must(not any("flatPrice" in tier for it in covered for tier in it["tiers"]), "a flat price")
    alike = {(it["dimension"], it["unit"], it["kind"]) for it in covered}
    forms.must(not hourly or len(alike) == 1, "components that are not alike")
    forms.must(not hourly or not any(it.get("timeUnit") == "month" for it in covered), "hours of months")


def _credit(credit: Value, components: set[str], billed: str) -> None:
    forms.members(credit, _CREDIT)
    kind = credit["kind"].removeprefix("CREDIT_KIND_")
    forms.must(credit["id"] not in ("minimum", "maximum"), "a credit of that name")
    forms.must(set(credit.get("basis", ())) <= components, "a component that is not there")
    stated = set(credit) & {"percent", "amount", "sla", "cap"}
    allowed = {"cap"} if kind == "SLA" else set[str]()
    forms.must(stated - allowed == _OF_KIND[kind], "the members of its kind")
    forms.must(0 <= Fraction(credit.get("percent", "0")) <= 100, "percent")
    for member in sorted(stated & {"amount", "cap"}):
        forms.must(forms.money(credit[member], billed) > 0, "money above zero")
    if "sla" in credit:
        _thresholds(credit["sla"])


def _thresholds(sla: Value) -> None:
    forms.members(sla, _SLA)
    for threshold in sla["thresholds"]:
        forms.members(threshold, _THRESHOLD)
    below = [Fraction(it["below"]) for it in sla["thresholds"]]
    percent = [Fraction(0), *(Fraction(it["percent"]) for it in sla["thresholds"])]
    forms.must(below[0] <= 1, "below is at most 1")
    forms.must(all(a > b for a, b in pairwise(below)), "below descends")
    forms.must(below[-1] > 0, "below is above 0")
    forms.must(all(a < b for a, b in pairwise(percent)), "percent ascends from above 0")
    forms.must(percent[-1] <= 100, "percent is at most 100")
