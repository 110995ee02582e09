"""GetStatement: an account as its documents and payments state it; nothing of it is kept."""

from __future__ import annotations

import asyncio

from crex import v1
from crex.accounts.statement import statement
from crex.errors import CrexError
from crex.metering.span import Span
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.opened_accounts import OpenedAccount
from crex_broker.application.paging import MAX_PAGE_BYTES
from crex_broker.application.ports.accounts import AccountPapers
from crex_broker.application.times import interval_ms


class GetStatement:
    """States an account to its seller and its buyer (BILLING-STATEMENT-1)."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, caller: Caller, request: v1.GetStatementRequest) -> v1.GetStatementResponse:
        """States.

        Raises:
            CrexError: SCHEMA, NOT_FOUND; LIMIT where the statement is larger than a response may be.
        """
        period = Span(*interval_ms(request.period, "$.period"))
        if caller.authority not in (request.seller, request.buyer):
            raise CrexError(
                "NOT_FOUND",
                f"You have no account of {request.buyer} at {request.seller}. Check both, and that you call "
                "as one of them.",
                details={"seller": request.seller, "buyer": request.buyer},
            )
        account = request.account or request.buyer
        papers = await self._context.store.accounts.papers(request.seller, request.buyer, account)
        response = await asyncio.to_thread(self._state, request, account, papers, period)
        if response.ByteSize() > MAX_PAGE_BYTES:
            raise CrexError(
                "LIMIT",
                f"The statement has {len(response.statement.entries)} entries and is larger than a response "
                "may be. Ask for a shorter period.",
                details={"max_bytes": str(MAX_PAGE_BYTES)},
            )
        return response

    def _state(
        self, request: v1.GetStatementRequest, account: str, papers: AccountPapers, period: Span
    ) -> v1.GetStatementResponse:
        opened = OpenedAccount.of(
            self._context, papers, seller=request.seller, buyer=request.buyer, account=account
        )
        closes = [
            v1.Envelope.FromString(kept.envelope)
            for kept, close in zip(papers.closes, opened.closes, strict=True)
            if period.start_ms < Span.of(close.message.period).end_ms <= period.end_ms
        ]
        return v1.GetStatementResponse(statement=statement(opened.account, period), closes=closes)
