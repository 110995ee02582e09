"""Every rule of pricing that a reader asks: one change to a plan that holds, one violation with its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crex.rating.plan_rules import violations
from sdk.tests.rating.full_plan import RATES, body, broken, message, ready

Body = dict[str, Any]


def component(name: str, **members: Any) -> Callable[[Body], object]:
    """Changes members of a component; nothing removes one."""

    def change(plan: Body) -> None:
        [found] = [one for one in plan["components"] if one["id"] == name]
        put(found, members)

    return change


def part(member: str, index: int, **members: Any) -> Callable[[Body], object]:
    """Changes members of an element of a list of the plan."""
    return lambda plan: put(plan[member][index], members)


def plan_member(**members: Any) -> Callable[[Body], object]:
    """Changes members of the plan itself."""
    return lambda plan: put(plan, members)


def put(target: Body, members: Body) -> None:
    """Sets members, and removes those that are nothing."""
    for name, value in members.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = value


def threshold(below: str, percent: str, second: tuple[str, str] = ("0.9", "50")) -> Body:
    """A promise of two thresholds."""
    thresholds = [{"below": below, "percent": percent}, {"below": second[0], "percent": second[1]}]
    return {"metric": "uptime", "thresholds": thresholds}


def euros(amount: str, currency: str = "EUR") -> Body:
    """An amount."""
    return {"currency": currency, "amount": amount}


FLAT_TIER = [{"unitPrice": "1", "flatPrice": "1"}]
SERIES_REF = {
    "id": "crex://index.example/price-series/spot",
    "publisher": "index.example",
    "maxUnitPrice": "4",
}
LEASE_SUM = {"scope": "ACCUMULATOR_SCOPE_LEASE", "reset": "ACCUMULATOR_RESET_PERIOD"}
TERM_SUM = {"scope": "ACCUMULATOR_SCOPE_LEASE", "reset": "ACCUMULATOR_RESET_TERM"}
YEN = {"currency": "JPY", "series": RATES, "publisher": "index.example"}
COVER = ["night", "units"]

CASES: dict[str, tuple[Callable[[Body], object], str, str]] = {
    "month of a count": (component("calls", timeUnit="month"), "$.components[4].timeUnit", "PRICE-MONTH-1"),
    "seconds of a count": (component("calls", timeUnit="s"), "$.components[4].timeUnit", "PRICE-MONTH-1"),
    "two time units of one use": (
        lambda plan: plan["components"].append({**plan["components"][2], "id": "more", "timeUnit": "s"}),
        "$.components[7].timeUnit",
        "PRICE-MONTH-1",
    ),
    "package of two tiers": (
        component("calls", tiers=[{"upTo": "5", "unitPrice": "1"}, {"unitPrice": "2"}]),
        "$.components[4].tiers",
        "PRICE-TIER-1",
    ),
    "fee with a flat price": (
        component("base", tiers=FLAT_TIER),
        "$.components[5].tiers[0].flatPrice",
        "PRICE-TIER-3",
    ),
    "series with a flat price": (
        component("energy", tiers=FLAT_TIER),
        "$.components[3].tiers[0].flatPrice",
        "PRICE-TIER-3",
    ),
    "term with a flat price": (
        component("disk", accumulator=TERM_SUM),
        "$.components[2].tiers[0].flatPrice",
        "PRICE-TIER-3",
    ),
    "fee in steps": (
        component("base", granularity={"step": "1"}),
        "$.components[5].granularity",
        "PRICE-FLAT-1",
    ),
    "fee by a series": (
        component("base", priceSeries=SERIES_REF),
        "$.components[5].priceSeries",
        "PRICE-FLAT-1",
    ),
    "fee at night": (
        component("base", restrictions={"localStart": "22:00"}),
        "$.components[5].restrictions",
        "PRICE-FLAT-1",
    ),
    "fee by volume": (component("base", model="TIER_MODEL_VOLUME"), "$.components[5].model", "PRICE-FLAT-1"),
    "setup over a term": (
        component("setup", accumulator=TERM_SUM),
        "$.components[6].accumulator",
        "PRICE-FLAT-1",
    ),
    "window that never opens": (
        component("night", restrictions={"localStart": "08:00", "localEnd": "08:00"}),
        "$.components[0].restrictions.localEnd",
        "PRICE-WINDOW-1",
    ),
    "window of nothing at midnight": (
        component("night", restrictions={"localEnd": "00:00"}),
        "$.components[0].restrictions.localEnd",
        "PRICE-WINDOW-1",
    ),
    "dates on other days": (
        component("night", restrictions={"days": ["tue"], "localDates": ["2026-03-02"]}),
        "$.components[0].restrictions.localDates",
        "PRICE-WINDOW-1",
    ),
    "dates before the plan": (
        component("night", restrictions={"localDates": ["2025-12-30"]}),
        "$.components[0].restrictions.localDates",
        "PRICE-WINDOW-1",
    ),
    "dates after the plan": (
        component("night", restrictions={"localDates": ["2027-01-03"]}),
        "$.components[0].restrictions.localDates",
        "PRICE-WINDOW-1",
    ),
    "commitment that is not there": (
        component("night", restrictions={"commitmentId": "other"}),
        "$.components[0].restrictions.commitmentId",
        "PRICE-RESTRICTION-1",
    ),
    "sum of one price": (
        component("energy", accumulator=LEASE_SUM),
        "$.components[3].accumulator",
        "PRICE-ACCUMULATOR-1",
    ),
    "series in tiers": (
        component("energy", model="TIER_MODEL_GRADUATED"),
        "$.components[3].priceSeries",
        "PRICE-SERIES-1",
    ),
    "series of another authority": (
        component("energy", priceSeries={**SERIES_REF, "publisher": "other.example"}),
        "$.components[3].priceSeries.id",
        "PRICE-SERIES-1",
    ),
    "two commitments of one name": (
        part("commitments", 1, id="hours"),
        "$.commitments[1].id",
        "PRICE-COMMITMENT-1",
    ),
    "commitment to nothing": (
        part("commitments", 1, amount="0"),
        "$.commitments[1].amount",
        "PRICE-COMMITMENT-2",
    ),
    "commitment below nothing": (
        part("commitments", 1, price="-1"),
        "$.commitments[1].price",
        "PRICE-COMMITMENT-2",
    ),
    "upfront below nothing": (
        part("commitments", 0, upfrontPrice="-1"),
        "$.commitments[0].upfrontPrice",
        "PRICE-COMMITMENT-2",
    ),
    "hours without a divisor": (
        part("commitments", 0, perQuantity=None),
        "$.commitments[0].perQuantity",
        "PRICE-COMMITMENT-2",
    ),
    "hours by a divisor of zero": (
        part("commitments", 0, perQuantity="0"),
        "$.commitments[0].perQuantity",
        "PRICE-COMMITMENT-2",
    ),
    "spend with a divisor": (
        part("commitments", 1, perQuantity="1"),
        "$.commitments[1].perQuantity",
        "PRICE-COMMITMENT-2",
    ),
    "cover of what is not there": (
        part("commitments", 1, eligible=["units", "other"]),
        "$.commitments[1].eligible[1]",
        "PRICE-COMMITMENT-3",
    ),
    "cover of a fee": (
        part("commitments", 1, eligible=["base"]),
        "$.commitments[1].eligible[0]",
        "PRICE-COMMITMENT-3",
    ),
    "cover of a series": (
        part("commitments", 1, eligible=["energy"]),
        "$.commitments[1].eligible[0]",
        "PRICE-COMMITMENT-3",
    ),
    "cover of a flat price": (
        part("commitments", 1, eligible=["disk"]),
        "$.commitments[1].eligible[0]",
        "PRICE-COMMITMENT-3",
    ),
    "hours of two dimensions": (
        part("commitments", 0, eligible=[*COVER, "calls"]),
        "$.commitments[0].eligible[2]",
        "PRICE-COMMITMENT-3",
    ),
    "two terms": (part("commitments", 1, termMonths=3), "$.commitments[1].termMonths", "PRICE-COMMITMENT-4"),
    "two credits of one name": (part("credits", 1, id="less"), "$.credits[1].id", "PRICE-CREDIT-1"),
    "credit called minimum": (part("credits", 1, id="minimum"), "$.credits[1].id", "PRICE-CREDIT-1"),
    "credit of what is not there": (
        part("credits", 0, basis=["other"]),
        "$.credits[0].basis[0]",
        "PRICE-CREDIT-1",
    ),
    "percent of a fixed credit": (
        part("credits", 1, percent="5"),
        "$.credits[1].percent",
        "PRICE-CREDIT-2",
    ),
    "fixed credit of nothing": (part("credits", 1, amount=None), "$.credits[1].amount", "PRICE-CREDIT-2"),
    "fixed credit of zero": (
        part("credits", 1, amount=euros("0.00")),
        "$.credits[1].amount",
        "PRICE-CREDIT-2",
    ),
    "fixed credit in yen": (
        part("credits", 1, amount=euros("5", "JPY")),
        "$.credits[1].amount",
        "PRICE-CREDIT-2",
    ),
    "more than everything": (part("credits", 0, percent="100.5"), "$.credits[0].percent", "PRICE-CREDIT-2"),
    "cap of zero": (part("credits", 2, cap=euros("0.00")), "$.credits[2].cap", "PRICE-CREDIT-2"),
    "promise of nothing": (part("credits", 2, sla=None), "$.credits[2].sla", "PRICE-CREDIT-2"),
    "promise above one": (
        part("credits", 2, sla=threshold("1.1", "10")),
        "$.credits[2].sla.thresholds[0].below",
        "PRICE-CREDIT-3",
    ),
    "promises that do not descend": (
        part("credits", 2, sla=threshold("0.9", "10")),
        "$.credits[2].sla.thresholds[1].below",
        "PRICE-CREDIT-3",
    ),
    "promise of zero": (
        part("credits", 2, sla=threshold("0.99", "10", ("0", "50"))),
        "$.credits[2].sla.thresholds[1].below",
        "PRICE-CREDIT-3",
    ),
    "percentages that do not ascend": (
        part("credits", 2, sla=threshold("0.99", "50")),
        "$.credits[2].sla.thresholds[1].percent",
        "PRICE-CREDIT-3",
    ),
    "tax below zero": (part("taxes", 0, rate="-0.1"), "$.taxes[0].rate", "PRICE-TAX-1"),
    "tax beside an exemption": (part("taxes", 1, rate="0.1"), "$.taxes[1].rate", "PRICE-TAX-1"),
    "one tax twice": (
        lambda plan: plan["taxes"].append(dict(plan["taxes"][0])),
        "$.taxes[2]",
        "PRICE-TAX-1",
    ),
    "two taxes within a price": (plan_member(taxIncluded=True), "$.taxes[1].category", "PRICE-TAX-1"),
    "minimum below zero": (plan_member(minimum=euros("-1.00")), "$.minimum", "PRICE-MINIMUM-1"),
    "maximum in yen": (plan_member(maximum=euros("1000", "JPY")), "$.maximum", "PRICE-MINIMUM-1"),
    "maximum below minimum": (plan_member(maximum=euros("9.99")), "$.maximum", "PRICE-MINIMUM-1"),
    "exchange into itself": (
        plan_member(exchange={**YEN, "currency": "EUR"}),
        "$.exchange.currency",
        "PRICE-EXCHANGE-1",
    ),
    "exchange of another authority": (
        plan_member(
            exchange={**YEN, "publisher": "other.example"},
            minimum=None,
            maximum=None,
            credits=[],
        ),
        "$.exchange.series",
        "PRICE-EXCHANGE-1",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_broken_rule_is_named(case: str) -> None:
    """A plan that breaks one rule is refused with the path, the requirement and a fix."""
    change, path, requirement = CASES[case]
    plan = body()
    change(plan)
    if not plan.get("credits"):
        plan.pop("credits", None)
    found = broken(plan)
    assert [(one.path, one.requirement) for one in found] == [(path, requirement)]
    assert found[0].fix


def test_a_change_may_break_two_rules() -> None:
    """Each rule that one member breaks is named."""
    plan = body()
    component("base", timeUnit="month")(plan)
    assert [one.requirement for one in broken(plan)] == ["PRICE-FLAT-1", "PRICE-MONTH-1"]
    plan = body()
    component("calls", tiers=FLAT_TIER)(plan)
    assert [one.requirement for one in broken(plan)] == ["PRICE-TIER-3", "PRICE-COMMITMENT-3"]


def test_exchange_into_what_has_no_minor_unit() -> None:
    """Metals have no minor unit: nothing can be billed in them (PRICE-EXCHANGE-1)."""
    plan = message(body())
    plan.exchange.currency, plan.exchange.series, plan.exchange.publisher = "XAU", RATES, "index.example"
    assert "PRICE-EXCHANGE-1" in {one.requirement for one in violations(plan)}


def test_a_plan_that_uses_everything_holds() -> None:
    """The same plan without a change breaks nothing, and is read with all that it states."""
    assert broken(body()) == []
    plan = ready(body())
    assert [one.id for one in plan.commitments] == ["hours", "spend"]
    assert [one.id for one in plan.credits] == ["less", "promise", "voucher"]
    assert plan.of_account
    assert (plan.currency, plan.billed_currency, plan.exponent) == ("EUR", "EUR", 2)


def test_amounts_are_in_the_billed_currency() -> None:
    """With an exchange, credits and bounds are in the currency that is billed (PRICE-MINIMUM-1)."""
    plan = body()
    plan |= {"exchange": YEN, "minimum": euros("1", "JPY"), "maximum": euros("9", "JPY")}
    plan["credits"] = []
    del plan["credits"]
    assert broken(plan) == []
    assert (ready(plan).billed_currency, ready(plan).exponent) == ("JPY", 0)
    plan["minimum"] = euros("1.00")
    assert [one.path for one in broken(plan)] == ["$.minimum"]


def test_dates_have_a_day_to_spare() -> None:
    """Dates are compared by UTC with a day to spare, for no reader needs a time zone database."""
    for date in ("2025-12-31", "2027-01-02"):
        plan = body()
        plan["components"][0]["restrictions"] = {"localDates": [date]}
        assert broken(plan) == []
