"""What an offer asks of a demand: to whom, and for what, it sells (OFFER-DEMAND-1, OFFER-DEMAND-2).

The constraints are a requirement whose paths begin at the demand; they are checked and evaluated like any
other. What a consumer does not state of itself is not known, and what is not known does not satisfy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Final

from crex import v1
from crex.decimals import format_decimal
from crex.demand.checker import check
from crex.demand.evaluator import truth
from crex.demand.formatter import format_node
from crex.demand.nodes import Node, Or, conjuncts
from crex.demand.paths import demand_registry
from crex.demand.truth import Truth
from crex.demand.view import Json, OfferView, Surroundings
from crex.documents.convert import to_json, to_message
from crex.documents.times import from_ms
from crex.errors import CrexError, RequirementError, Violation
from crex.metering.span import Span, show_ms

# Stands for constraints that cannot be used: UNKNOWN of every demand.
UNUSABLE: Final = Or(())


def check_constraints(constraints: v1.Requirement) -> Node:
    """Checks the constraints of an offer.

    Raises:
        RequirementError: They name something that a demand does not have (OFFER-DEMAND-2), or another rule of
            requirements is broken; places are below the constraints.
    """
    return check(constraints, demand_registry())


def constraints_of(offer: Json) -> Node | None:
    """Gives the constraints that an offer's body states.

    Returns:
        The checked constraints; None where it has none; `UNUSABLE` where they cannot be evaluated.
    """
    stated = offer.get("offerConstraints")
    if stated is None:
        return None
    try:
        if not isinstance(stated, Mapping):
            return UNUSABLE
        return check_constraints(to_message(dict(stated), v1.Requirement))
    except CrexError:
        return UNUSABLE


def constraints_truth(around: Surroundings) -> Truth:
    """Tells whether a demand meets the constraints of an offer; TRUE of an offer that has none."""
    node = constraints_of(around.view.offer)
    if node is None:
        return Truth.TRUE
    return Truth.UNKNOWN if node is UNUSABLE else truth(node, around, None)


def demand_body(
    *,
    count: int,
    time: Span,
    currency: str = "",
    quantities: Iterable[v1.DemandQuantity] = (),
    properties: Iterable[v1.DemandProperty] = (),
) -> Json:
    """Writes what a demand says of itself in the form in which its paths are followed.

    Args:
        count: Units.
        time: When they are wanted.
        currency: Currency; empty: none is stated.
        quantities: Further quantities.
        properties: What the consumer states of itself.
    """
    body: dict[str, object] = {
        "count": str(count),
        "duration": _seconds(time.seconds),
        "start": show_ms(time.start_ms),
        "end": show_ms(time.end_ms),
        "quantities": [to_json(quantity) for quantity in quantities],
        "properties": [to_json(one) for one in properties],
    }
    return body | ({"currency": currency} if currency else {})


def repeated_properties(properties: Sequence[v1.DemandProperty]) -> list[Violation]:
    """Lists what is wrong with what a consumer states of itself: one property twice (DEMAND-PROPERTY-1)."""
    names = [one.name for one in properties]
    if len(set(names)) == len(names):
        return []
    fix = "state all values of a property together"
    return [Violation("$.properties", "a property is stated twice", "DEMAND-PROPERTY-1", fix)]


def check_properties(properties: Sequence[v1.DemandProperty]) -> None:
    """Refuses properties of which one is stated twice.

    Raises:
        RequirementError: SCHEMA.
    """
    violations = repeated_properties(properties)
    if violations:
        raise RequirementError("SCHEMA", "The properties cannot be used.", violations=violations)


def refuse_unmet(constraints: v1.Requirement, demand: Json, *, time: Span) -> None:
    """Refuses to sell to a demand that does not meet the constraints of an offer.

    Args:
        constraints: The constraints.
        demand: What `demand_body` gives.
        time: When the units are wanted.

    Raises:
        RequirementError: TERMS with what is asked; SCHEMA where the constraints cannot be used.
    """
    node = check_constraints(constraints)
    around = Surroundings(OfferView(offer={}), from_ms(time.start_ms), time=time, demand=demand)
    if truth(node, around, None) is Truth.TRUE:
        return
    failing = [part for part in conjuncts(node) if truth(part, around, None) is not Truth.TRUE]
    asked = format_node(failing[0] if failing else node)
    raise RequirementError(
        "TERMS",
        f"The offer sells only where `{asked}` holds of the demand, and yours does not state so. State it "
        "with the hold if it is true of you, or choose another offer.",
        details={"requirement": "OFFER-DEMAND-1", "asked": asked},
    )


def _seconds(seconds: Fraction) -> str:
    return f"{format_decimal(seconds)}s"
