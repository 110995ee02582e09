"""Price plans by digest, made ready for arithmetic once: what a digest names never changes."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from crex import v1
from crex.documents import convert, strict
from crex.errors import CrexError
from crex.rating.plan import Plan
from crex_broker.application.ports.documents import DocumentStore

_KEPT: Final = 5_000


class PricePlans:
    """Gives published price plans. They were verified when they were published."""

    def __init__(self, documents: DocumentStore, authority: str) -> None:
        self._documents = documents
        self._authority = authority
        self._plans: OrderedDict[str, Plan] = OrderedDict()

    async def by_pin(self, pin: v1.Pin) -> Plan:
        """Gives the plan that an offer pins; it was there when the offer was published.

        Raises:
            CrexError: INTERNAL where it is not.
        """
        plan = self._plans.get(pin.sha256)
        if plan is not None:
            self._plans.move_to_end(pin.sha256)
            return plan
        document = await self._documents.by_digest(self._authority, pin.sha256)
        if document is None:
            raise CrexError("INTERNAL", f"The price plan {pin.id} of a published offer is not in the store.")
        body = strict.loads(v1.Envelope.FromString(document.envelope).payload)
        plan = Plan.of(convert.to_message(body, v1.PricePlan), pin)
        self._plans[pin.sha256] = plan
        if len(self._plans) > _KEPT:
            self._plans.popitem(last=False)
        return plan
