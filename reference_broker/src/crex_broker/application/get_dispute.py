"""GetDispute: one dispute with all its documents."""

from __future__ import annotations

from crex import v1
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.lease_messages import dispute_message
from crex_broker.application.ports.disputes import dispute_not_found


class GetDispute:
    """Reads one dispute, for its parties and, once it was escalated, its arbiter (BILLING-DISPUTE-5)."""

    def __init__(self, context: Context) -> None:
        self._store = context.store

    async def __call__(self, caller: Caller, request: v1.GetDisputeRequest) -> v1.GetDisputeResponse:
        """Reads.

        Raises:
            CrexError: NOT_FOUND.
        """
        found = await self._store.disputes.dispute(caller.authority, request.dispute_id)
        if found is None:
            raise dispute_not_found(request.dispute_id)
        return v1.GetDisputeResponse(
            record=dispute_message(found.dispute),
            dispute=v1.Envelope.FromString(found.document.envelope),
            papers=[v1.Envelope.FromString(paper.envelope) for paper in found.papers],
        )
