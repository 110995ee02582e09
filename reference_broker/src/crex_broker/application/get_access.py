"""GetAccess: the sealed access to a lease, for its consumer."""

from __future__ import annotations

from crex import v1
from crex.errors import CrexError
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.messages import envelope_message
from crex_broker.application.ports.leases import lease_not_found
from crex_broker.domain.etags import etag_of


class GetAccess:
    """Reads the access grant of the highest epoch; only the lease's consumer may (ACCESS-READ-1)."""

    def __init__(self, context: Context) -> None:
        self._store = context.store

    async def __call__(self, caller: Caller, request: v1.GetAccessRequest) -> v1.GetAccessResponse:
        """Reads.

        Raises:
            CrexError: NOT_FOUND, also for the provider; ILLEGAL_TRANSITION where no access was granted yet.
        """
        lease = await self._store.leases.lease(caller.authority, request.lease)
        if lease is None or lease.consumer != caller.authority:
            raise lease_not_found(request.lease)
        if not lease.access_grant_sha256:
            raise CrexError(
                "ILLEGAL_TRANSITION",
                f"{lease.name} is {lease.state} and its provider has granted no access yet. Wait until it is "
                "ACTIVE.",
                details={"current_state": lease.state, "etag": etag_of(lease.version)},
            )
        grant = await self._store.documents.by_digest(caller.authority, lease.access_grant_sha256)
        return v1.GetAccessResponse(access_grant=envelope_message(grant))
