"""EscalateDispute: the arbiter is asked."""

from __future__ import annotations

from crex import v1
from crex_broker.application.caller import Caller
from crex_broker.application.dispute_steps import DisputeSteps
from crex_broker.application.lease_messages import dispute_message, invoice_message
from crex_broker.domain.states import Actor


class EscalateDispute:
    """Takes a dispute to its arbiter (DISPUTE-REPLY-1, BILLING-DISPUTE-5)."""

    def __init__(self, steps: DisputeSteps) -> None:
        self._steps = steps

    async def __call__(
        self, caller: Caller, request: v1.EscalateDisputeRequest
    ) -> v1.EscalateDisputeResponse:
        """Takes the step; raises what `DisputeSteps.take` raises."""
        taken = await self._steps.take(
            caller,
            request,
            request.reply,
            v1.DisputeReply,
            method="EscalateDispute",
            event="escalate",
            actor=Actor.CONSUMER,
        )
        return v1.EscalateDisputeResponse(
            dispute=dispute_message(taken.outcome.dispute),
            invoice=invoice_message(taken.outcome.invoice),
            replayed=taken.replayed,
        )
