"""Which price plans this broker can bill: those whose prices are published here (BILLING-PLAN-1)."""

from __future__ import annotations

from collections.abc import Iterator

from crex import v1
from crex.errors import CrexError, Violation
from crex_broker.application.roles import Roles

_FIX = "have the operator enrol the publisher with role publisher, or name a series of one that is enrolled"


def check_billable(name: str, plan: v1.PricePlan, roles: Roles) -> None:
    """Refuses a price plan whose bills a broker cannot recompute.

    Args:
        name: Name of the plan.
        plan: The plan.
        roles: Who is enrolled here, and as what.

    Raises:
        CrexError: TERMS, with the place of each member (BILLING-PLAN-1).
    """
    found = list(_beyond(plan, roles))
    if found:
        raise CrexError(
            "TERMS",
            f"A bill under {name} could not be recomputed here, so nothing is sold under it (BILLING-PLAN-1)",
            violations=found,
            details={"requirement": "BILLING-PLAN-1"},
        )


def _beyond(plan: v1.PricePlan, roles: Roles) -> Iterator[Violation]:
    named = [
        (f"$.components[{index}].priceSeries", component.price_series.publisher)
        for index, component in enumerate(plan.components)
        if component.HasField("price_series")
    ]
    if plan.HasField("exchange"):
        named.append(("$.exchange", plan.exchange.publisher))
    for path, publisher in named:
        if "publisher" not in roles.of(publisher):
            message = f"{publisher} publishes no series here"
            yield Violation(f"{path}.publisher", message, "BILLING-PLAN-1", _FIX)
