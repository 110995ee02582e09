"""Which price plans this broker can bill: lease by lease, from documents published here (BILLING-PLAN-1)."""

from __future__ import annotations

from collections.abc import Iterator

from crex import v1
from crex.errors import CrexError, Violation
from crex_broker.application.roles import Roles

_FIX = "agree such a bill with the buyer beside the broker, or publish a plan without it"
_ENROL = "have the operator enrol the publisher with role publisher, or name a series of one that is enrolled"


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
    def published(path: str, publisher: str) -> Iterator[Violation]:
        if "publisher" not in roles.of(publisher):
            yield _violation(f"{path}.publisher", f"{publisher} publishes no series here", _ENROL)

    if plan.commitments:
        yield _violation("$.commitments", "a commitment is billed over all leases of an account")
    if plan.HasField("exchange"):
        yield from published("$.exchange", plan.exchange.publisher)
    for index, component in enumerate(plan.components):
        path = f"$.components[{index}]"
        if component.accumulator.scope == v1.AccumulatorScope.ACCUMULATOR_SCOPE_ACCOUNT:
            yield _violation(
                f"{path}.accumulator.scope", "a sum over an account is billed over all its leases"
            )
        if component.HasField("price_series"):
            yield from published(f"{path}.priceSeries", component.price_series.publisher)


def _violation(path: str, message: str, fix: str = _FIX) -> Violation:
    return Violation(path, message, "BILLING-PLAN-1", fix)
