"""TerminateLease: either party ends a lease before its interval does."""

from __future__ import annotations

from crex import v1
from crex.documents.times import to_ms
from crex_broker.application.bell import TIMERS
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.idempotency import answered, mutation_of
from crex_broker.application.lease_messages import lease_message
from crex_broker.application.naming import new_id
from crex_broker.application.ports.leases import LeaseSnapshot


class TerminateLease:
    """Ends a lease: at once where it never started, else by a command to its provider (LEASE-TERMINATE-1)."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, caller: Caller, request: v1.TerminateLeaseRequest) -> v1.TerminateLeaseResponse:
        """Ends it; see `LeaseStore.terminate` for what it may raise."""
        context = self._context
        mutation = mutation_of(caller, "LeaseService.TerminateLease", request)
        remembered = await answered(
            context.store.requests,
            mutation,
            LeaseSnapshot,
            lambda: context.store.leases.terminate(
                mutation,
                request.lease,
                etag=request.etag,
                reason=request.reason,
                command_id=new_id(to_ms(context.clock.now())),
            ),
        )
        lease = remembered.outcome
        context.commands.ring(lease.provider)
        context.due.ring(TIMERS)
        return v1.TerminateLeaseResponse(lease=lease_message(lease), replayed=remembered.replayed)
