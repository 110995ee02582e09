"""Which price plans this broker can bill: lease by lease, from documents that it has (BILLING-PLAN-1)."""

from __future__ import annotations

from collections.abc import Iterator

from crex import v1
from crex.errors import CrexError, Violation

_FIX = "agree such a bill with the buyer beside the broker, or publish a plan without it"


def check_billable(name: str, plan: v1.PricePlan) -> None:
    """Refuses a price plan whose bills a broker cannot recompute.

    Args:
        name: Name of the plan.
        plan: The plan.

    Raises:
        CrexError: TERMS, with the place of each member (BILLING-PLAN-1).
    """
    found = list(_beyond(plan))
    if found:
        raise CrexError(
            "TERMS",
            f"A bill under {name} could not be recomputed here, so nothing is sold under it (BILLING-PLAN-1)",
            violations=found,
            details={"requirement": "BILLING-PLAN-1"},
        )


def _beyond(plan: v1.PricePlan) -> Iterator[Violation]:
    if plan.commitments:
        yield _violation("$.commitments", "a commitment is billed over all leases of an account")
    if plan.HasField("exchange"):
        yield _violation("$.exchange", "the exchange rates are not published here")
    for index, component in enumerate(plan.components):
        path = f"$.components[{index}]"
        if component.accumulator.scope == v1.AccumulatorScope.ACCUMULATOR_SCOPE_ACCOUNT:
            yield _violation(
                f"{path}.accumulator.scope", "a sum over an account is billed over all its leases"
            )
        if component.HasField("price_series"):
            yield _violation(f"{path}.priceSeries", "the prices of the series are not published here")


def _violation(path: str, message: str) -> Violation:
    return Violation(path, message, "BILLING-PLAN-1", _FIX)
