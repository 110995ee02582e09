"""ClosePeriod: the seller's word that this was issued to an account, and nothing else (BILLING-CLOSE-1)."""

from __future__ import annotations

import asyncio

from crex import v1
from crex.accounts.close import check_close
from crex.metering.span import Span
from crex.trust.verified import Verified
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.idempotency import answered, mutation_of
from crex_broker.application.opened_accounts import OpenedAccount
from crex_broker.application.opening import new_document, open_own
from crex_broker.application.ports.accounts import AccountPapers, Closed, NewClose
from crex_broker.application.ports.requests import Remembered
from crex_broker.application.rejudging import judged_anew


class ClosePeriod:
    """Compares a period close with everything that was issued here, and keeps it."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, caller: Caller, request: v1.ClosePeriodRequest) -> v1.ClosePeriodResponse:
        """Closes.

        Raises:
            CrexError: The reasons of verification, SUBJECT, TERMS, CONFLICT, and those of
                `AccountStore.close`.
        """
        store = self._context.store
        mutation = mutation_of(caller, "BillingService.ClosePeriod", request)

        async def attempt() -> Remembered[Closed]:
            opened = open_own(self._context, caller, request.close, v1.PeriodClose)
            message = opened.message
            papers = await store.accounts.papers(caller.authority, message.counterparty, message.account)
            if opened.digest not in {kept.sha256 for kept in papers.closes}:
                await asyncio.to_thread(self._check, opened, papers)
            period = Span.of(message.period)
            close = NewClose(
                document=new_document(opened, provider=caller.authority, consumer=message.counterparty),
                buyer=message.counterparty,
                account=message.account,
                start_ms=period.start_ms,
                end_ms=period.end_ms,
                version=papers.version,
            )
            return await store.accounts.close(mutation, close)

        remembered = await answered(store.requests, mutation, Closed, lambda: judged_anew(attempt))
        return v1.ClosePeriodResponse(sha256=remembered.outcome.sha256, replayed=remembered.replayed)

    def _check(self, opened: Verified[v1.PeriodClose], papers: AccountPapers) -> None:
        message = opened.message
        account = OpenedAccount.of(
            self._context,
            papers,
            seller=opened.issuer,
            buyer=message.counterparty,
            account=message.account,
        )
        check_close(opened, account.account, account.closes[-1] if account.closes else None)
