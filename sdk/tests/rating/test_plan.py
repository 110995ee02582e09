"""The rules of a price plan that its schema cannot state."""

from collections.abc import Callable

import pytest

from crex.documents.times import parse_time
from crex.errors import RatingError
from crex.rating import Plan
from crex.v1 import Granularity, PricePlan, TierModel
from sdk.tests.rating.samples import END, PLAN_PIN, TIME, component, counted, plan_message


def changed(change: Callable[[PricePlan], object]) -> PricePlan:
    """A plan of two components, after one change."""
    message = plan_message(component([("100", "2"), ("200", "1.5"), (None, "1")]), counted("1", id="tokens"))
    change(message)
    return message


def _swap_bounds(plan: PricePlan) -> None:
    plan.components[0].tiers[0].up_to = "200"


CASES: dict[str, tuple[Callable[[PricePlan], object], str, str]] = {
    "no minor unit": (lambda plan: setattr(plan, "currency", "XAU"), "$.currency", "PRICE-CURRENCY-1"),
    "ends before it starts": (
        lambda plan: plan.effective_end.FromDatetime(parse_time("2025-12-31T00:00:00Z")),
        "$.effectiveEnd",
        "PRICE-EFFECTIVE-1",
    ),
    "one identifier twice": (
        lambda plan: setattr(plan.components[1], "id", "gpu"),
        "$.components[1].id",
        "PRICE-COMPONENT-2",
    ),
    "two kinds of one use": (
        lambda plan: plan.components.append(counted("1", id="more", kind=TIME)),
        "$.components[2].kind",
        "PRICE-KIND-1",
    ),
    "divisor of zero": (
        lambda plan: setattr(plan.components[0], "per_quantity", "0"),
        "$.components[0].perQuantity",
        "PRICE-PER-1",
    ),
    "negative divisor": (
        lambda plan: setattr(plan.components[0], "per_quantity", "-3600"),
        "$.components[0].perQuantity",
        "PRICE-PER-1",
    ),
    "step of zero": (
        lambda plan: plan.components[1].granularity.CopyFrom(Granularity(step="0")),
        "$.components[1].granularity.step",
        "PRICE-GRANULARITY-1",
    ),
    "negative minimum": (
        lambda plan: plan.components[1].granularity.CopyFrom(Granularity(step="1", minimum="-1")),
        "$.components[1].granularity.minimum",
        "PRICE-GRANULARITY-1",
    ),
    "UNIT with tiers": (
        lambda plan: setattr(plan.components[0], "model", TierModel.TIER_MODEL_UNIT),
        "$.components[0].tiers",
        "PRICE-TIER-1",
    ),
    "last tier ends": (
        lambda plan: setattr(plan.components[0].tiers[2], "up_to", "300"),
        "$.components[0].tiers[2].upTo",
        "PRICE-TIER-2",
    ),
    "tier without end in between": (
        lambda plan: plan.components[0].tiers[1].ClearField("up_to"),
        "$.components[0].tiers[1].upTo",
        "PRICE-TIER-2",
    ),
    "tiers do not ascend": (_swap_bounds, "$.components[0].tiers[1].upTo", "PRICE-TIER-2"),
    "first tier is empty": (
        lambda plan: setattr(plan.components[0].tiers[0], "up_to", "0"),
        "$.components[0].tiers[0].upTo",
        "PRICE-TIER-2",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_broken_rule_is_named(case: str) -> None:
    """A plan that breaks one rule is refused with the path, the requirement and a fix."""
    change, path, requirement = CASES[case]
    with pytest.raises(RatingError) as refused:
        Plan.of(changed(change), PLAN_PIN)
    (violation,) = refused.value.violations
    assert (refused.value.reason, violation.path, violation.requirement) == ("SCHEMA", path, requirement)
    assert violation.fix
    assert PLAN_PIN.id in str(refused.value)


def test_every_broken_rule_is_listed() -> None:
    """All rules that a plan breaks are told at once."""
    message = changed(lambda plan: setattr(plan.components[0], "per_quantity", "0"))
    message.components[1].per_quantity = "0"
    with pytest.raises(RatingError) as refused:
        Plan.of(message)
    assert len(refused.value.violations) == 2


def test_a_plan_that_holds() -> None:
    """The same plan without the change is read: exact numbers, in list order (PRICE-COMPONENT-1)."""
    ready = Plan.of(changed(lambda plan: plan.effective_end.FromDatetime(END)), PLAN_PIN)
    assert [one.id for one in ready.components] == ["gpu", "tokens"]
    assert [tier.up_to for tier in ready.components[0].tiers] == [100, 200, None]
    assert (ready.currency, ready.exponent, ready.pin) == ("EUR", 2, PLAN_PIN)
