"""What happens by itself: one task that looks when something is due, and at least once a second.

The time that counts is the store's, inside each transaction; the clock here only says when to look. Every
step may be taken twice, early or late without harm, so a failed look is logged and made again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from crex.documents.times import to_ms
from crex.errors import CrexError
from crex_broker.application.bell import TIMERS
from crex_broker.application.context import Context
from crex_broker.application.expiry import expire_holds, expire_offers
from crex_broker.application.judgement import judge_offers
from crex_broker.application.ports.timers import Moved

_log = logging.getLogger("crex_broker.timers")

_LOOK_S: Final = 1.0
# Objects that one transaction moves, so that nobody else waits long for the writer.
_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Ticker:
    """One timer of the state tables.

    Attributes:
        name: As the tables write it.
        run: Takes up to so many steps, and gives what moved.
    """

    name: str
    run: Callable[[int], Awaitable[Sequence[Moved]]]


class Timers:
    """Runs the tickers; `tick` is one look."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._tickers = _tickers(context)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Makes up for what came due while nobody looked, and begins."""
        await self.tick()
        self._task = asyncio.create_task(self._run(), name="crex-timers")

    async def close(self) -> None:
        """Ends, and waits for the step that is being taken."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def tick(self) -> int:
        """Takes every step that is due; gives how many objects moved."""
        moved = 0
        due = await self._context.store.timers.due()
        now_ms = to_ms(self._context.clock.now())
        for ticker in self._tickers:
            if due.get(ticker.name, now_ms + 1) <= now_ms:
                moved += await self._guarded(ticker)
        return moved

    async def _run(self) -> None:
        with self._context.due.listen(TIMERS) as listener:
            while True:
                wait_s = _LOOK_S
                try:
                    # One step makes another due: a lease that ends fulfils its order.
                    while await self.tick():
                        pass
                    wait_s = await self._until_due()
                except CrexError as error:
                    _log.warning("what is due cannot be read: %s %s", error.reason, error.message)
                except Exception:
                    _log.exception("defect in the timers")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(listener.heard(), wait_s)

    async def _guarded(self, ticker: Ticker) -> int:
        """Runs one ticker; what is wrong with it keeps no other from running."""
        try:
            return await self._run_one(ticker)
        except CrexError as error:
            _log.warning("timer %s: %s %s", ticker.name, error.reason, error.message)
        except Exception:
            _log.exception("defect in timer %s", ticker.name)
        return 0

    async def _run_one(self, ticker: Ticker) -> int:
        count = 0
        while True:
            moved = await ticker.run(_AT_ONCE)
            count += len(moved)
            for provider in {each.provider for each in moved if each.provider}:
                self._context.commands.ring(provider)
            if len(moved) < _AT_ONCE:
                return count

    async def _until_due(self) -> float:
        due = await self._context.store.timers.due()
        now_ms = to_ms(self._context.clock.now())
        ahead = [at_ms - now_ms for at_ms in due.values() if at_ms > now_ms]
        return min([_LOOK_S, *[ms / 1000 for ms in ahead]])


def _tickers(context: Context) -> tuple[Ticker, ...]:
    """Gives the timers; what ends comes before what begins, because it makes room."""
    store, limits = context.store.timers, context.limits

    async def holds(_: int) -> Sequence[Moved]:
        await expire_holds(context)
        return ()

    async def offers(_: int) -> Sequence[Moved]:
        await expire_offers(context)
        return ()

    async def judgements(_: int) -> Sequence[Moved]:
        await judge_offers(context)
        return ()

    return (
        Ticker("hold-expiry", holds),
        Ticker("offer-expiry", offers),
        Ticker("offer-judgement", judgements),
        Ticker(
            "confirm-deadline", lambda limit: store.confirm_deadlines(limit, horizon_ms=limits.reconcile_ms)
        ),
        Ticker("reconcile-horizon", store.reconcile_horizons),
        Ticker("lease-end", store.end_leases),
        Ticker("lease-start", lambda limit: store.start_leases(limit, provision_ms=limits.provision_ms)),
        Ticker("provision-deadline", store.provision_deadlines),
        Ticker("order-fulfilment", store.fulfil_orders),
        Ticker("usage-grace", store.usage_graces),
        Ticker("invoice-acceptance", store.invoice_acceptances),
        Ticker("dispute-answer", store.dispute_answers),
        Ticker("invoice-covered", store.covered_invoices),
    )
