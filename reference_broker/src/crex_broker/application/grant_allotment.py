"""GrantAllotment: capacity that a provider lets this broker sell."""

from __future__ import annotations

from crex import v1
from crex.errors import CrexError
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.idempotency import answered, mutation_of
from crex_broker.application.opening import new_document, open_own
from crex_broker.application.ports.allotments import Allotted, Grant
from crex_broker.application.ports.requests import Remembered
from crex_broker.application.searchable import refresh
from crex_broker.application.times import ms_of, timestamp
from crex_broker.domain.capacity import Window


class GrantAllotment:
    """Lets an allotment stand; a cut only where live claims fit (CAP-CUT-1)."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, caller: Caller, request: v1.GrantAllotmentRequest) -> v1.GrantAllotmentResponse:
        """Grants.

        Raises:
            CrexError: The reasons of verification, AUDIENCE where it is another broker's (CAP-ALLOTMENT-2),
                NOT_A_PARTY, SCHEMA, and those of `AllotmentStore.grant`.
        """
        mutation = mutation_of(caller, "MarketService.GrantAllotment", request)

        async def grant() -> Remembered[Allotted]:
            opened = open_own(self._context, caller, request.envelope, v1.Allotment)
            allotment = opened.message
            self._check_broker(allotment)
            windows = _windows(allotment)
            document = new_document(opened, provider=caller.authority)
            done = await self._context.store.allotments.grant(
                mutation, Grant(document, allotment.pool, windows)
            )
            await refresh(self._context, allotment.pool, offer=False)
            return done

        remembered = await answered(self._context.store.requests, mutation, Allotted, grant)
        outcome = remembered.outcome
        return v1.GrantAllotmentResponse(
            sha256=outcome.sha256,
            pool_generation=outcome.pool_gen,
            windows=[
                v1.AllotmentWindow(
                    start=timestamp(window.start_ms), end=timestamp(window.end_ms), quantity=window.quantity
                )
                for window in outcome.windows
            ],
            replayed=remembered.replayed,
        )

    def _check_broker(self, allotment: v1.Allotment) -> None:
        if allotment.broker != self._context.authority:
            raise CrexError(
                "AUDIENCE",
                f"The allotment grants capacity to {allotment.broker}, and this broker is "
                f"{self._context.authority}. Sign one for this broker.",
                details={"found": allotment.broker, "expected": self._context.authority},
            )


def _windows(allotment: v1.Allotment) -> tuple[Window, ...]:
    """Gives the windows; a reader has made sure that they follow each other (CAP-WINDOW-1)."""
    return tuple(
        [
            Window(
                ms_of(window.start, f"$.windows[{at}].start"),
                ms_of(window.end, f"$.windows[{at}].end"),
                window.quantity,
            )
            for at, window in enumerate(allotment.windows)
        ]
    )
