"""ListLeases: the caller's leases, newest first."""

from __future__ import annotations

from typing import Final

from crex import v1
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.lease_messages import lease_message
from crex_broker.application.page_tokens import PageTokens
from crex_broker.application.paging import fitting_page, page_size

_METHOD: Final = "LeaseService.ListLeases"


class ListLeases:
    """Lists leases of which the caller is the consumer or the provider (LEASE-PARTY-1)."""

    def __init__(self, context: Context) -> None:
        self._store = context.store
        self._limits = context.limits
        self._tokens = PageTokens(context.store.secret("page-tokens"), _METHOD)

    async def __call__(self, caller: Caller, request: v1.ListLeasesRequest) -> v1.ListLeasesResponse:
        """Lists.

        Raises:
            CrexError: PAGE_TOKEN_MISMATCH.
        """
        state = v1.LeaseState.Name(request.state).removeprefix("LEASE_STATE_") if request.state else ""
        asked = (request.order, state)
        place = self._tokens.read(request.page_token, caller=caller.authority, filter_=asked)
        page, leases = await fitting_page(
            lambda limit: self._store.leases.leases(
                caller.authority,
                order=request.order,
                state=state,
                before_seq=int(place) if place else None,
                limit=limit,
            ),
            lambda page: [lease_message(lease) for lease in page.leases],
            page_size(request.page_size, self._limits),
        )
        more = ""
        if page.next_seq is not None:
            more = self._tokens.make(str(page.next_seq), caller=caller.authority, filter_=asked)
        return v1.ListLeasesResponse(leases=leases, next_page_token=more)
