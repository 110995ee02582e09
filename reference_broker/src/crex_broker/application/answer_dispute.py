"""AnswerDispute: the seller says line by line what it gives way to."""

from __future__ import annotations

from crex import v1
from crex_broker.application.caller import Caller
from crex_broker.application.dispute_steps import DisputeSteps
from crex_broker.application.lease_messages import dispute_message, invoice_message
from crex_broker.domain.states import Actor


class AnswerDispute:
    """Keeps the answer to a dispute (DISPUTE-ANSWER-1)."""

    def __init__(self, steps: DisputeSteps) -> None:
        self._steps = steps

    async def __call__(self, caller: Caller, request: v1.AnswerDisputeRequest) -> v1.AnswerDisputeResponse:
        """Takes the step; raises what `DisputeSteps.take` raises."""
        taken = await self._steps.take(
            caller,
            request,
            request.answer,
            v1.DisputeAnswer,
            method="AnswerDispute",
            event="answer",
            actor=Actor.PROVIDER,
        )
        return v1.AnswerDisputeResponse(
            dispute=dispute_message(taken.outcome.dispute),
            invoice=invoice_message(taken.outcome.invoice),
            replayed=taken.replayed,
        )
