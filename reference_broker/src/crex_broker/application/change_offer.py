"""PauseOffer, ResumeOffer, WithdrawOffer: a provider takes an offer from sale, puts it back, ends it."""

from __future__ import annotations

from crex import v1
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.idempotency import answered, mutation_of
from crex_broker.application.messages import offer_message
from crex_broker.application.ports.offers import OfferSnapshot
from crex_broker.application.ports.requests import Remembered
from crex_broker.application.searchable import follow


class _ChangeOffer:
    """One event of the offer's state machine (STATE-OFFER-1)."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def _change(
        self,
        caller: Caller,
        method: str,
        event: str,
        request: v1.PauseOfferRequest | v1.ResumeOfferRequest | v1.WithdrawOfferRequest,
    ) -> Remembered[OfferSnapshot]:
        store = self._context.store
        mutation = mutation_of(caller, method, request)
        remembered = await answered(
            store.requests,
            mutation,
            OfferSnapshot,
            lambda: store.offers.change_state(mutation, request.offer_id, event, request.etag),
        )
        if not remembered.replayed:
            await follow(self._context, remembered.outcome)
        return remembered


class PauseOffer(_ChangeOffer):
    """Takes an offer from sale until it is resumed."""

    async def __call__(self, caller: Caller, request: v1.PauseOfferRequest) -> v1.PauseOfferResponse:
        """Pauses; see `OfferStore.change_state` for what it may raise."""
        done = await self._change(caller, "MarketService.PauseOffer", "pause", request)
        return v1.PauseOfferResponse(offer=offer_message(done.outcome), replayed=done.replayed)


class ResumeOffer(_ChangeOffer):
    """Puts a paused offer back on sale."""

    async def __call__(self, caller: Caller, request: v1.ResumeOfferRequest) -> v1.ResumeOfferResponse:
        """Resumes; see `OfferStore.change_state` for what it may raise."""
        done = await self._change(caller, "MarketService.ResumeOffer", "resume", request)
        return v1.ResumeOfferResponse(offer=offer_message(done.outcome), replayed=done.replayed)


class WithdrawOffer(_ChangeOffer):
    """Takes an offer back for good."""

    async def __call__(self, caller: Caller, request: v1.WithdrawOfferRequest) -> v1.WithdrawOfferResponse:
        """Withdraws; see `OfferStore.change_state` for what it may raise."""
        done = await self._change(caller, "MarketService.WithdrawOffer", "withdraw", request)
        return v1.WithdrawOfferResponse(offer=offer_message(done.outcome), replayed=done.replayed)
