"""What a lease was sold as: its documents opened again, and held to one another."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from crex import v1
from crex.documents.times import from_ms
from crex.documents.types import DocumentType
from crex.errors import CrexError
from crex.invoice import Sale
from crex.trust.verified import Verified
from crex.trust.verify import open_any, open_envelope
from crex_broker.application.context import Context
from crex_broker.application.ports.usage import KeptDocument, LeaseSale

T = TypeVar("T", bound=Message)

_KEPT: Final = 1_000
_NANOS_PER_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class SoldLease:
    """A lease as it was sold: the sale, and the terms of its offer."""

    sale: Sale
    terms: v1.OfferTerms

    def usage_grace_ms(self, default_ms: int) -> int:
        """Time after a period in which usage may still come."""
        return _duration(self.terms, "usage_grace", default_ms)

    def invoice_acceptance_ms(self, default_ms: int) -> int:
        """Time that the consumer has to answer an invoice."""
        return _duration(self.terms, "invoice_acceptance_period", default_ms)


class SoldLeases:
    """Gives sales by lease. What was sold never changes, so each is opened once while it is remembered."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._sold: OrderedDict[tuple[str, tuple[str, ...]], SoldLease] = OrderedDict()

    async def of(self, lease: LeaseSale, plans: Sequence[Verified[v1.PricePlan]] = ()) -> SoldLease:
        """Gives what a lease was sold as.

        Args:
            lease: The lease, and its documents.
            plans: Plans of which each supersedes the one before; those that took the place of the one that
                was sold are the sale's.

        Raises:
            CrexError: The reasons of verification, where a key was revoked as of a time before its document
                came.
        """
        name = lease.lease.name, tuple(each.digest for each in plans[1:])
        sold = self._sold.get(name)
        if sold is None:
            sold = await self._open(lease, plans)
            self._sold[name] = sold
            if len(self._sold) > _KEPT:
                self._sold.popitem(last=False)
        else:
            self._sold.move_to_end(name)
        return sold

    async def _open(self, lease: LeaseSale, plans: Sequence[Verified[v1.PricePlan]]) -> SoldLease:
        offer = reopen(self._context, lease.offer, v1.Offer)
        pin = offer.message.price_plan
        plan = await self._context.store.usage.kept(pin.sha256)
        if plan is None:
            raise CrexError("INTERNAL", f"The price plan {pin.id} of a published offer is not in the store.")
        sale = Sale.of(
            lease.lease.name,
            hold_receipt=reopen(self._context, lease.hold_receipt, v1.HoldReceipt),
            order=reopen(self._context, lease.order_document, v1.OrderDocument),
            offer=offer,
            price_plan=reopen(self._context, plan, v1.PricePlan),
            successors=successors_of(plans, pin.sha256),
        )
        return SoldLease(sale, offer.message.terms)


def successors_of(
    chain: Sequence[Verified[v1.PricePlan]], sold_sha256: str
) -> tuple[Verified[v1.PricePlan], ...]:
    """Gives the plans of a chain that took the place of the one that was sold; none where it is not in it."""
    digests = [each.digest for each in chain]
    return tuple(chain[digests.index(sold_sha256) + 1 :]) if sold_sha256 in digests else ()


def reopen(context: Context, kept: KeptDocument, document: type[T]) -> Verified[T]:
    """Opens a kept document as of the time at which it was taken in, for that is when it had to be valid."""
    envelope = v1.Envelope.FromString(kept.envelope)
    return open_envelope(envelope, document, context.trust, now=from_ms(kept.kept_ms))


def reopen_any(context: Context, kept: KeptDocument) -> Verified[Message]:
    """Opens a kept document of whatever type it is, like `reopen`."""
    return open_any(v1.Envelope.FromString(kept.envelope), context.trust, now=from_ms(kept.kept_ms))


async def published(context: Context, party: str, pin: v1.Pin, document: type[T]) -> Verified[T] | None:
    """Opens a document of a type that was published here, like `reopen`; nothing where there is none.

    Args:
        context: The broker.
        party: Who asks.
        pin: The document.
        document: Message class of the type.
    """
    public = await context.store.documents.by_digest(party, pin.sha256)
    if public is None or public.type != DocumentType.of(document).token:
        return None
    kept = await context.store.usage.kept(pin.sha256)
    return None if kept is None else reopen(context, kept, document)


def _duration(terms: v1.OfferTerms, field: str, default_ms: int) -> int:
    if not terms.HasField(field):  # type: ignore[arg-type]  # a name of the message, by its callers above
        return default_ms
    duration: Duration = getattr(terms, field)
    return duration.seconds * 1000 + duration.nanos // _NANOS_PER_MS
