"""What an offer allows: quantities, durations, interfaces, and the offer's own consistency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from crex import v1
from crex.demand.offer_constraints import check_constraints, demand_body, refuse_unmet
from crex.documents.convert import from_duration
from crex.documents.joint_rules import larger_than_whole
from crex.documents.times import format_duration
from crex.errors import CrexError, RequirementError, Violation
from crex.metering.span import Span

# The only cancellation that this edition defines: free of charge until a lease has started.
FREE_BEFORE_START: Final = "free-before-start"


@dataclass(frozen=True, slots=True)
class Sale:
    """An offer as the rules of selling need it; times in milliseconds, nothing where the offer says nothing.

    Attributes:
        id: Name of the offer.
        revision: Its revision.
        sha256: Its digest.
        provider: Who sells.
        pool: Where units come from; nothing where none can be held.
        resource: Name of what one unit is.
        price_plan: Pin of the price plan.
        min_quantity: Least quantity of one order.
        max_quantity: Greatest quantity of one order.
        step_quantity: Quantities are multiples of this.
        min_duration_ms: Shortest lease.
        max_duration_ms: Longest lease.
        acceptance_ms: Time that the provider takes to answer an order.
        cancellation: Token of the cancellation terms.
        interfaces: Interface tokens through which a lease is delivered.
        mode: Mode token.
        region: Region token by which restrictions of the price plan choose; empty where there is none.
        max_duration_text: Longest lease in strict JSON form; empty where there is no bound.
        constraints: What the offer asks of a demand; nothing where it asks nothing.
        status: Status list and place by which its provider may take the document back; nothing: it cannot.
    """

    id: str
    revision: int
    sha256: str
    provider: str
    pool: str | None
    resource: str
    price_plan: v1.Pin
    min_quantity: int
    max_quantity: int | None
    step_quantity: int
    min_duration_ms: int | None
    max_duration_ms: int | None
    acceptance_ms: int | None
    cancellation: str
    interfaces: tuple[str, ...]
    mode: str
    region: str
    max_duration_text: str
    constraints: v1.Requirement | None
    status: tuple[str, int] | None = None

    @classmethod
    def of(cls, offer: v1.Offer, sha256: str) -> Sale:
        """Gives the sale that a verified offer document describes."""
        terms = offer.terms
        return cls(
            id=offer.header.id,
            revision=offer.header.revision,
            sha256=sha256,
            provider=offer.header.issuer,
            pool=offer.pool if offer.HasField("pool") else None,
            resource=offer.resource.id,
            price_plan=offer.price_plan,
            min_quantity=offer.min_quantity if offer.HasField("min_quantity") else 1,
            max_quantity=offer.max_quantity if offer.HasField("max_quantity") else None,
            step_quantity=offer.step_quantity if offer.HasField("step_quantity") else 1,
            min_duration_ms=_ms(terms.min_duration) if terms.HasField("min_duration") else None,
            max_duration_ms=_ms(terms.max_duration) if terms.HasField("max_duration") else None,
            acceptance_ms=_ms(terms.acceptance_period) if terms.HasField("acceptance_period") else None,
            cancellation=terms.cancellation,
            interfaces=tuple(offer.interfaces),
            mode=terms.mode,
            region=terms.region,
            max_duration_text=format_duration(from_duration(terms.max_duration))
            if terms.HasField("max_duration")
            else "",
            constraints=offer.offer_constraints if offer.HasField("offer_constraints") else None,
            status=_status(offer.header),
        )


def check_offer(offer: v1.Offer, *, min_ms: int, max_ms: int) -> None:
    """Refuses an offer that nobody could buy by its own words, or that stands too briefly or too long.

    Args:
        offer: The document, valid against the contract.
        min_ms: Shortest validity that the broker takes.
        max_ms: Longest validity that the broker takes.

    Raises:
        CrexError: TERMS with what contradicts what (OFFER-TERMS-1, OFFER-VALIDITY-1).
    """
    sale = Sale.of(offer, "")
    found: list[Violation] = []
    if sale.max_quantity is not None and sale.max_quantity < sale.min_quantity:
        found.append(_broken("$.maxQuantity", f"it lies below minQuantity, {sale.min_quantity}"))
    largest = sale.max_quantity
    if largest is not None and largest // sale.step_quantity * sale.step_quantity < sale.min_quantity:
        found.append(_broken("$.stepQuantity", "no multiple of it lies between minQuantity and maxQuantity"))
    shortest, longest = sale.min_duration_ms, sale.max_duration_ms
    if shortest is not None and longest is not None and longest < shortest:
        found.append(_broken("$.terms.maxDuration", "it lies below minDuration"))
    if longest == 0:
        found.append(_broken("$.terms.maxDuration", "no lease lasts zero seconds"))
    if sale.cancellation not in ("", FREE_BEFORE_START):
        found.append(_broken("$.terms.cancellation", f"this edition knows {FREE_BEFORE_START} only"))
    if sale.constraints is not None:
        found += _unusable(sale.constraints)
    valid_ms = _time_ms(offer.header.valid_until) - _time_ms(offer.header.issued_at)
    if not min_ms <= valid_ms <= max_ms:
        place, wanted = "$.header.validUntil", f"between {min_ms // 1000} s and {max_ms // 1000} s"
        found.append(
            Violation(
                place,
                f"the offer stands {valid_ms // 1000} s from issuedAt; this broker takes {wanted}",
                "OFFER-VALIDITY-1",
                "Issue it for that long, and publish a new revision before it ends.",
            )
        )
    if found:
        raise CrexError(
            "TERMS", f"The offer {sale.id} contradicts itself or this broker's limits", violations=found
        )


def _unusable(constraints: v1.Requirement) -> list[Violation]:
    """Lists what of an offer's constraints on demands nobody could evaluate (OFFER-DEMAND-1)."""
    try:
        check_constraints(constraints)
    except RequirementError as error:
        return [
            replace(one, path="$.offerConstraints" + one.path.removeprefix("$")) for one in error.violations
        ]
    return []


def check_buyer(
    sales: Sequence[Sale], quantities: Sequence[int], time: Span, properties: Sequence[v1.DemandProperty]
) -> None:
    """Refuses to sell to whom the offers do not sell (OFFER-DEMAND-1).

    Args:
        sales: The offers.
        quantities: Units of each.
        time: When they are wanted.
        properties: What the consumer states of itself.

    Raises:
        RequirementError: TERMS with what is asked.
    """
    for sale, quantity in zip(sales, quantities, strict=True):
        if sale.constraints is not None:
            asked = demand_body(count=quantity, time=time, properties=properties)
            refuse_unmet(sale.constraints, asked, time=time)


def check_sold(resource: str, body: Mapping[str, Any]) -> None:
    """Refuses to sell processors of which nobody says how exclusively they are the buyer's (DESC-CPU-3).

    Args:
        resource: Name of what one unit is.
        body: Its document, valid against the contract, in JSON.

    Raises:
        CrexError: TERMS with the place.
    """
    contents = {"node": body.get("node"), "partition.contents": body.get("partition", {}).get("contents")}
    for place, members in contents.items():
        if "cpu" in (members or {}) and "allocation" not in members["cpu"]:
            violation = Violation(
                f"$.{place}.cpu.allocation",
                "a buyer is not told whether others share the processors",
                "DESC-CPU-3",
                "State dedicated-core, dedicated-thread, shared or heavily-shared in a new revision.",
            )
            raise CrexError("TERMS", f"The resource {resource} cannot be sold", violations=[violation])


def check_partition(resource: str, body: Mapping[str, Any], whole: Mapping[str, Any]) -> None:
    """Refuses to sell a partition that is larger than what it is a partition of (DESC-PARTITION-1).

    Args:
        resource: Name of what one unit is.
        body: Its document, valid against the contract, in JSON.
        whole: The document of what it is a partition of, likewise.

    Raises:
        CrexError: TERMS with the places in both documents.
    """
    violations = larger_than_whole(body, whole)
    if violations:
        raise CrexError("TERMS", f"The resource {resource} cannot be sold", violations=violations)


def _status(header: v1.Header) -> tuple[str, int] | None:
    return (header.status.list, header.status.index) if header.HasField("status") else None


def check_quantity(sale: Sale, quantity: int) -> None:
    """Refuses a quantity that the offer does not sell (OFFER-QUANTITY-1).

    Raises:
        CrexError: TERMS.
    """
    if quantity < sale.min_quantity:
        raise _terms(sale, f"sells {sale.min_quantity} units or more, not {quantity}", "OFFER-QUANTITY-1")
    if sale.max_quantity is not None and quantity > sale.max_quantity:
        raise _terms(
            sale, f"sells at most {sale.max_quantity} units at once, not {quantity}", "OFFER-QUANTITY-1"
        )
    if quantity % sale.step_quantity:
        raise _terms(
            sale, f"sells multiples of {sale.step_quantity} units, not {quantity}", "OFFER-QUANTITY-1"
        )


def check_duration(sale: Sale, duration_ms: int) -> None:
    """Refuses a duration that the offer does not sell (OFFER-DURATION-1).

    Raises:
        CrexError: TERMS.
    """
    shortest, longest = sale.min_duration_ms, sale.max_duration_ms
    if shortest is not None and duration_ms < shortest:
        what = f"leases for {shortest / 1000:g} s or longer, not {duration_ms / 1000:g} s"
        raise _terms(sale, what, "OFFER-DURATION-1")
    if longest is not None and duration_ms > longest:
        what = f"leases for at most {longest / 1000:g} s, not {duration_ms / 1000:g} s"
        raise _terms(sale, what, "OFFER-DURATION-1")


def check_interface(sales: Sequence[Sale], interface: str) -> None:
    """Refuses an interface that one of the offers does not deliver (ORDER-INTERFACE-1).

    Raises:
        CrexError: TERMS.
    """
    for sale in sales:
        if interface not in sale.interfaces:
            known = ", ".join(sale.interfaces) or "none"
            raise _terms(sale, f"delivers through {known}, not {interface}", "ORDER-INTERFACE-1")


def check_cancellable(sales: Sequence[Sale]) -> None:
    """Refuses to cancel what one of the offers sells for good (ORDER-CANCEL-1).

    Raises:
        CrexError: TERMS.
    """
    for sale in sales:
        if sale.cancellation != FREE_BEFORE_START:
            raise _terms(sale, "cannot be cancelled once its provider has confirmed", "ORDER-CANCEL-1")


def _terms(sale: Sale, what: str, requirement: str) -> CrexError:
    message = f"The offer {sale.id} {what}. Change the request, or choose another offer."
    return CrexError("TERMS", message, details={"offer": sale.id, "requirement": requirement})


def _broken(path: str, message: str) -> Violation:
    return Violation(path, message, "OFFER-TERMS-1", "Correct the offer and publish it again.")


def _ms(duration: Duration) -> int:
    return duration.seconds * 1000 + duration.nanos // 1_000_000


def _time_ms(time: Timestamp) -> int:
    return time.seconds * 1000 + time.nanos // 1_000_000
