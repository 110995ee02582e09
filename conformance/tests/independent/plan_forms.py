"""Step 2 of `rate/1`: the components of a price plan, from pricing.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

from conformance.tests.independent import forms, term_forms

Value = Mapping[str, Any]
_PLAN: Final[forms.Members] = {
    "header": forms.an_object,
    "currency": forms.currency,
    "timeZone": forms.some,
    "effectiveStart": forms.time,
    "effectiveEnd?": forms.time,
    "components": forms.items(1, 256),
    "taxIncluded?": forms.flag,
    "commitments?": forms.items(0, 64),
    "credits?": forms.items(0, 64),
    "taxes?": forms.items(0, 64),
    "minimum?": forms.an_object,
    "maximum?": forms.an_object,
    "supersedes?": forms.an_object,
    "exchange?": forms.an_object,
    "adjustmentTaxCategory?": forms.some,
}
_COMPONENT: Final[forms.Members] = {
    "id": forms.name,
    "skuId?": forms.some,
    "dimension": forms.some,
    "unit": forms.some,
    "kind": forms.one_of(
        *(f"COMPONENT_KIND_{it}" for it in ("TIME", "COUNT", "GAUGE_TIME", "FLAT", "ONE_OFF"))
    ),
    "perQuantity": forms.decimal,
    "model": forms.one_of(*(f"TIER_MODEL_{it}" for it in ("UNIT", "GRADUATED", "VOLUME", "PACKAGE"))),
    "tiers": forms.items(1, 64),
    "granularity?": forms.an_object,
    "restrictions?": forms.an_object,
    "accumulator?": forms.an_object,
    "listPrice?": forms.decimal,
    "priceSeries?": forms.an_object,
    "taxCategory?": forms.some,
    "timeUnit?": forms.one_of("s", "month"),
}
_TIER: Final = {"upTo?": forms.decimal, "unitPrice": forms.decimal, "flatPrice?": forms.decimal}
_GRANULARITY: Final[forms.Members] = {
    "step": forms.decimal,
    "minimum?": forms.decimal,
    "scope?": forms.one_of("GRANULARITY_SCOPE_SEGMENT", "GRANULARITY_SCOPE_LEASE_PERIOD"),
}
_RESTRICTIONS: Final[forms.Members] = {
    "localStart?": forms.text("([01][0-9]|2[0-3]):[0-5][0-9]"),
    "localEnd?": forms.text("([01][0-9]|2[0-3]):[0-5][0-9]|24:00"),
    "days?": forms.items(0, 7, forms.one_of("mon", "tue", "wed", "thu", "fri", "sat", "sun")),
    "localDates?": forms.items(0, 1024, forms.day),
    "region?": forms.some,
    "interruptible?": forms.flag,
    "commitmentId?": forms.name,
}
_ACCUMULATOR: Final[forms.Members] = {
    "scope": forms.one_of("ACCUMULATOR_SCOPE_LEASE", "ACCUMULATOR_SCOPE_ACCOUNT"),
    "reset": forms.one_of("ACCUMULATOR_RESET_PERIOD", "ACCUMULATOR_RESET_TERM"),
    "carryOnRevision?": forms.flag,
}
_SERIES: Final = {"id": forms.some, "publisher": forms.some, "maxUnitPrice": forms.decimal}
WEEK: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def check(plan: Value) -> None:
    """Refuses a plan that is not in strict form or breaks a constraint.

    Raises:
        Refused: SCHEMA.
    """
    forms.members(plan, _PLAN)
    begins = forms.instant(plan["effectiveStart"])
    forms.must("effectiveEnd" not in plan or forms.instant(plan["effectiveEnd"]) > begins, "effectiveEnd")
    for component in plan["components"]:
        _component(component)
        _restrictions(component.get("restrictions", {}), plan)
    identifiers = [component["id"] for component in plan["components"]]
    forms.must(len(set(identifiers)) == len(identifiers), "two components of one id")
    forms.must(_alike(plan["components"], "kind"), "two kinds of one unit")
    forms.must(_alike(plan["components"], "timeUnit"), "two time units of one unit")
    term_forms.check(plan)


def _alike(components: Iterable[Value], member: str) -> bool:
    """Whether the components of each dimension and unit have one value of a member."""
    seen: dict[tuple[str, str], str] = {}
    default = "s" if member == "timeUnit" else ""
    return all(
        seen.setdefault((it["dimension"], it["unit"]), it.get(member, default)) == it.get(member, default)
        for it in components
    )


def _component(component: Value) -> None:
    forms.members(component, _COMPONENT)
    kind, model = component["kind"].removeprefix("COMPONENT_KIND_"), component["model"]
    forms.must(Fraction(component["perQuantity"]) > 0, "perQuantity")
    tiers = component["tiers"]
    for tier in tiers:
        forms.members(tier, _TIER)
    single = model in ("TIER_MODEL_UNIT", "TIER_MODEL_PACKAGE")
    forms.must(not single or len(tiers) == 1, "UNIT and PACKAGE have one tier")
    forms.must(all("upTo" in tier for tier in tiers[:-1]) and "upTo" not in tiers[-1], "upTo")
    bounds = [Fraction(0), *(Fraction(tier["upTo"]) for tier in tiers[:-1])]
    forms.must(all(lower < upper for lower, upper in pairwise(bounds)), "tiers do not ascend")
    if "granularity" in component:
        forms.members(component["granularity"], _GRANULARITY)
        forms.must(Fraction(component["granularity"]["step"]) > 0, "step")
        forms.must(Fraction(component["granularity"].get("minimum", "0")) >= 0, "minimum")
    if kind in ("FLAT", "ONE_OFF"):
        _fee(component, kind)
    forms.must("timeUnit" not in component or kind in ("TIME", "GAUGE_TIME"), "only time has a time unit")
    _accumulator(component)
    if "priceSeries" in component:
        series = component["priceSeries"]
        forms.members(series, _SERIES)
        forms.must(model == "TIER_MODEL_UNIT", "a series has model UNIT")
        forms.must(series["id"].startswith(f"crex://{series['publisher']}/"), "series of another authority")
    if any("flatPrice" in tier for tier in tiers):
        forms.must(model != "TIER_MODEL_PACKAGE", "flatPrice of packages")
        forms.must(kind not in ("FLAT", "ONE_OFF"), "flatPrice of a fee")
        forms.must("priceSeries" not in component, "flatPrice beside a series")
        forms.must(
            component.get("accumulator", {}).get("reset") != "ACCUMULATOR_RESET_TERM", "flatPrice of a term"
        )


def _fee(component: Value, kind: str) -> None:
    forms.must("granularity" not in component, "granularity of a fee")
    forms.must("priceSeries" not in component, "price series of a fee")
    window = {"localStart", "localEnd", "days", "localDates"}
    forms.must(not window & set(component.get("restrictions", {})), "window of a fee")
    forms.must(component["model"] == "TIER_MODEL_UNIT", "model of a fee")
    forms.must(kind == "FLAT" or "accumulator" not in component, "accumulator of a fee")


def _accumulator(component: Value) -> None:
    if "accumulator" not in component:
        return
    forms.members(component["accumulator"], _ACCUMULATOR)
    pointless = component["model"] == "TIER_MODEL_UNIT" and "flatPrice" not in component["tiers"][0]
    account = component["accumulator"]["scope"] == "ACCUMULATOR_SCOPE_ACCOUNT"
    forms.must(account or not pointless, "an accumulator that changes nothing")


def _restrictions(restrictions: Value, plan: Value) -> None:
    forms.members(restrictions, _RESTRICTIONS)
    if "localStart" in restrictions or "localEnd" in restrictions:
        window = restrictions.get("localStart", "00:00"), restrictions.get("localEnd", "24:00")
        forms.must(window[0] != window[1], "a window ends where it begins")
    if restrictions.get("localDates"):
        forms.must(any(_falls(it, restrictions, plan) for it in restrictions["localDates"]), "no date falls")
    named = {it["id"] for it in plan.get("commitments", ()) if isinstance(it, dict) and "id" in it}
    forms.must(restrictions.get("commitmentId", None) in {None, *named}, "no such commitment")


def _falls(stated: str, restrictions: Value, plan: Value) -> bool:
    """Whether a date is one of the days, in the plan's effective interval with a day to spare."""
    at = date.fromisoformat(stated)
    first = datetime.fromisoformat(plan["effectiveStart"]).date() - timedelta(days=1)
    last = date.max
    if "effectiveEnd" in plan:
        last = datetime.fromisoformat(plan["effectiveEnd"]).date() + timedelta(days=1)
    return first <= at <= last and WEEK[at.weekday()] in (restrictions.get("days") or WEEK)
