"""The state machines as data, and the one function that takes a step in them.

The tables come from the contract (`crex.v1.state_tables`, made from proto/crex/v1/states.json); nothing here
knows a single state. A step is legal if the table has it. An event that led to the current state may be
repeated and changes nothing; any other is ILLEGAL_TRANSITION (STATE-OFFER-1, STATE-ORDER-1, STATE-LEASE-1,
STATE-USAGE-1, STATE-INVOICE-1).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from crex.errors import CrexError
from crex.v1.state_tables import MACHINES, Machine


class Actor(StrEnum):
    """Who causes an event, as the state tables write it."""

    CONSUMER = "C"
    PROVIDER = "P"
    BROKER = "B"
    ARBITER = "A"


class Step(NamedTuple):
    """Where a step leads.

    Attributes:
        state: State after the step, without its enum's prefix, such as `HELD`.
        repeated: Whether the event had already led here, so that nothing is to be written.
    """

    state: str
    repeated: bool


class _Edge(NamedTuple):
    to: str
    actors: frozenset[str]


# State before the object exists.
NEW: Final = None


def step(
    machine: str,
    state: str | None,
    event: str,
    actor: Actor,
    *,
    last_event: str = "",
    etag: str = "",
) -> Step:
    """Takes one step of a state machine.

    Args:
        machine: The object: offer, order, lease, usage, invoice or dispute.
        state: Its present state; `NEW` before it exists.
        event: The event, as the table writes it.
        actor: Who causes the event.
        last_event: The event that led to the present state.
        etag: Etag of the object, for the error.

    Raises:
        CrexError: ILLEGAL_TRANSITION with `current_state` and `etag` where the state does not allow the
            event; NOT_A_PARTY where it allows it to somebody else.
    """
    edge = _EDGES[machine].get((state, event))
    if edge is None:
        if state is not None and event == last_event and (event, state) in _LEADS[machine]:
            return Step(state, repeated=True)
        raise CrexError(
            "ILLEGAL_TRANSITION",
            f"The {machine} is in state {state or 'none'}, which does not allow '{event}'. Read it again "
            "and decide from its present state.",
            details={"current_state": state or "", "etag": etag, "event": event},
        )
    if actor not in edge.actors:
        raise CrexError(
            "NOT_A_PARTY",
            f"'{event}' of this {machine} belongs to another party: the table allows it to "
            f"{', '.join(sorted(edge.actors))}, not to {actor}.",
            details={"current_state": state or "", "event": event},
        )
    return Step(edge.to, repeated=False)


def _edges(machine: Machine) -> dict[tuple[str | None, str], _Edge]:
    return {
        (source, row.event): _Edge(row.target, frozenset(row.actors))
        for row in machine.steps
        for source in row.sources or (NEW,)
    }


_EDGES: Final[Mapping[str, Mapping[tuple[str | None, str], _Edge]]] = {
    name: _edges(machine) for name, machine in MACHINES.items()
}
# Events by the state that they lead to.
_LEADS: Final[Mapping[str, frozenset[tuple[str, str]]]] = {
    name: frozenset((row.event, row.target) for row in machine.steps) for name, machine in MACHINES.items()
}
