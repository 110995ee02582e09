"""GetLease: one lease, for its two parties."""

from __future__ import annotations

from crex import v1
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.lease_messages import lease_message
from crex_broker.application.messages import envelope_message
from crex_broker.application.ports.leases import lease_not_found


class GetLease:
    """Reads one lease; for everybody but its consumer and its provider it is not there (LEASE-PARTY-1)."""

    def __init__(self, context: Context) -> None:
        self._store = context.store

    async def __call__(self, caller: Caller, request: v1.GetLeaseRequest) -> v1.GetLeaseResponse:
        """Reads.

        Raises:
            CrexError: NOT_FOUND.
        """
        lease = await self._store.leases.lease(caller.authority, request.lease)
        if lease is None:
            raise lease_not_found(request.lease)
        response = v1.GetLeaseResponse(lease=lease_message(lease))
        if lease.release_receipt_sha256:
            receipt = await self._store.documents.by_digest(caller.authority, lease.release_receipt_sha256)
            response.release_receipt.CopyFrom(envelope_message(receipt) or v1.Envelope())
        return response
