"""RuleDispute: the arbiter decides."""

from __future__ import annotations

from crex import v1
from crex_broker.application.caller import Caller
from crex_broker.application.dispute_steps import DisputeSteps
from crex_broker.application.lease_messages import dispute_message, invoice_message
from crex_broker.domain.states import Actor


class RuleDispute:
    """Resolves a dispute by the ruling of its arbiter (DISPUTE-ARBITER-1, DISPUTE-RULING-1)."""

    def __init__(self, steps: DisputeSteps) -> None:
        self._steps = steps

    async def __call__(self, caller: Caller, request: v1.RuleDisputeRequest) -> v1.RuleDisputeResponse:
        """Takes the step; raises what `DisputeSteps.take` raises."""
        taken = await self._steps.take(
            caller,
            request,
            request.ruling,
            v1.Ruling,
            method="RuleDispute",
            event="rule",
            actor=Actor.ARBITER,
        )
        return v1.RuleDisputeResponse(
            dispute=dispute_message(taken.outcome.dispute),
            invoice=invoice_message(taken.outcome.invoice),
            replayed=taken.replayed,
        )
