"""What was sold: the documents behind one lease, held to one another (invoice.md).

An invoice pins the order; the order pins the hold and the offer; the offer pins the price plan. Each of these
is verified by itself before it comes here. This checks that they are the ones that cite each other, and reads
from them what rating needs: nothing about a sale is taken from the bill itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from crex.errors import CrexError
from crex.metering.span import Span
from crex.rating.plan import Plan
from crex.rating.succession import check_succession
from crex.rating.terms import INTERRUPTIBLE_MODE, LeaseTerms
from crex.trust.verified import Verified
from crex.v1 import HoldReceipt, Money, Offer, OrderDocument, OrderItem, Pin, PricePlan, UsageBatch

# Billing periods begin on this day where the offer states none (OfferTerms.billing_anchor_day).
_DEFAULT_ANCHOR_DAY = 1
_NANOS_PER_MS = 1_000_000


class SaleError(CrexError):
    """The documents of a sale do not belong together."""


@dataclass(frozen=True, slots=True)
class Sale:
    """One lease as it was sold.

    Offers and holds expire; open their envelopes for the time of the hold, at which both stood.

    Attributes:
        lease: Name of the lease.
        terms: Its order, quantity and interval, and what restrictions of prices ask of its offer.
        order: The consumer's order.
        price_plans: The offer's price plan, and those of which each supersedes the one before it.
        plans: The same, ready for rating.
        seller: Authority that is paid.
        buyer: Authority that pays.
        account: The buyer's account.
        anchor_day: Day of the month on which billing periods begin.
        spend_limit: Most that the order may cost in total; nothing where there is no limit.
        correction_horizon_ms: How long after the end of a billing period its usage may be corrected; nothing:
            not at all (RATE-CORRECT-3).
    """

    lease: str
    terms: LeaseTerms
    order: Verified[OrderDocument]
    price_plans: tuple[Verified[PricePlan], ...]
    plans: tuple[Plan, ...]
    seller: str
    buyer: str
    account: str
    anchor_day: int
    spend_limit: Money | None
    correction_horizon_ms: int | None = None

    @property
    def price_plan(self) -> Verified[PricePlan]:
        """The price plan that the offer pins."""
        return self.price_plans[0]

    @property
    def plan(self) -> Plan:
        """The same, ready for rating."""
        return self.plans[0]

    @classmethod
    def of(
        cls,
        lease: str,
        *,
        hold_receipt: Verified[HoldReceipt],
        order: Verified[OrderDocument],
        offer: Verified[Offer],
        price_plan: Verified[PricePlan],
        successors: Sequence[Verified[PricePlan]] = (),
    ) -> Sale:
        """Returns the sale of a lease from the documents that it was made by.

        Args:
            lease: Name of the lease.
            hold_receipt: The hold that the order committed; it names the lease and the order.
            order: The order.
            offer: The offer of this lease.
            price_plan: The offer's price plan.
            successors: Plans that took its place, one after the other.

        Raises:
            SaleError: A document is not the one that another pins (SUBJECT), or they contradict each other
                (TERMS) (INVOICE-SALE-1).
            RatingError: A plan breaks a rule of pricing (SCHEMA), or may not take the place of the one before
                it (TERMS, PRICE-SUPERSEDES-1).
        """
        hold, bought = hold_receipt.message, order.message
        _pinned(bought.hold_receipt, hold_receipt, "the order")
        item = _item(lease, hold, bought)
        _pinned(item.offer, offer, "the order")
        _pinned(offer.message.price_plan, price_plan, "the offer")
        seller, buyer = hold.provider, hold.consumer
        _same("the provider", seller, order=bought.audience, offer=offer.issuer, plan=price_plan.issuer)
        for successor in successors:
            _same("the provider", seller, successor=successor.issuer)
        _same("the consumer", buyer, order=order.issuer)
        terms = offer.message.terms
        price_plans = (price_plan, *successors)
        plans = tuple(Plan.of(each.message, each.pin) for each in price_plans)
        check_succession(plans)
        return cls(
            lease=lease,
            terms=LeaseTerms(
                name=lease,
                order=hold.order,
                quantity=item.quantity,
                interval=Span.of(item.interval),
                region=terms.region if terms.HasField("region") else None,
                interruptible=terms.mode == INTERRUPTIBLE_MODE,
            ),
            order=order,
            price_plans=price_plans,
            plans=plans,
            seller=seller,
            buyer=buyer,
            account=bought.account or buyer,
            anchor_day=terms.billing_anchor_day
            if terms.HasField("billing_anchor_day")
            else _DEFAULT_ANCHOR_DAY,
            spend_limit=bought.spend_limit if bought.HasField("spend_limit") else None,
            correction_horizon_ms=(
                _milliseconds(terms.correction_horizon) if terms.HasField("correction_horizon") else None
            ),
        )

    def check_batch(self, batch: Verified[UsageBatch]) -> None:
        """Checks that a usage batch is of the provider and of this order.

        Raises:
            SaleError: It is another's (TERMS), or pins another order (SUBJECT) (INVOICE-SALE-1).
        """
        _same("the provider", self.seller, batch=batch.issuer)
        _pinned(batch.message.order, self.order, "the usage batch")


def _milliseconds(duration: Duration) -> int:
    return duration.seconds * 1000 + duration.nanos // _NANOS_PER_MS


def _item(lease: str, hold: HoldReceipt, order: OrderDocument) -> OrderItem:
    index = next((index for index, item in enumerate(hold.items) if item.lease == lease), None)
    if index is None:
        raise _terms(f"the hold receipt names no lease {lease}")
    if len(order.items) != len(hold.items):
        raise _terms(f"the order has {len(order.items)} items, the hold it commits {len(hold.items)}")
    held, bought = hold.items[index], order.items[index]
    if bought.offer != held.offer or bought.quantity != held.quantity or bought.interval != hold.interval:
        raise _terms(f"item {index} of the order is not what the hold holds for lease {lease}")
    return bought


def _pinned(pin: Pin, document: Verified[Message], by: str) -> None:
    if pin != document.pin:
        raise SaleError(
            "SUBJECT",
            f"{document.id}, revision {document.revision}, is not the document that {by} pins: {pin.id}, "
            f"revision {pin.revision}, SHA-256 {pin.sha256}. Other terms or prices could be meant. Fetch the "
            "pinned one.",
            details={"requirement": "INVOICE-SALE-1", "expected_sha256": pin.sha256},
        )


def _same(party: str, authority: str, **found: str) -> None:
    for document, other in found.items():
        if other != authority:
            raise _terms(f"{party} is {authority} by the hold receipt, but {other} by the {document}")


def _terms(what: str) -> SaleError:
    return SaleError(
        "TERMS",
        f"The documents of the sale contradict each other: {what}. What was sold cannot be told, so nothing "
        "can be billed. Check that they are of one order.",
        details={"requirement": "INVOICE-SALE-1"},
    )
