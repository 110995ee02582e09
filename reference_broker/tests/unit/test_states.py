"""The state machines: the table is the rule, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex.errors import CrexError
from crex.v1.state_tables import MACHINES
from crex_broker.domain.states import NEW, Actor, Step, step

EVERY_CASE = [
    (machine.object, state, event)
    for machine in MACHINES.values()
    for state in (NEW, *machine.states)
    for event in sorted({row.event for row in machine.steps})
]


def _row(machine: str, state: str | None, event: str) -> tuple[str, tuple[str, ...]] | None:
    for row in MACHINES[machine].steps:
        if row.event == event and (state in row.sources or (state is NEW and not row.sources)):
            return row.target, row.actors
    return None


@pytest.mark.parametrize("machine", sorted(MACHINES))
def test_a_step_leads_where_the_table_says_and_nowhere_else(machine: str) -> None:
    """Every event in every state either has its row in the table or is an ILLEGAL_TRANSITION."""
    for name, state, event in EVERY_CASE:
        if name != machine:
            continue
        row = _row(machine, state, event)
        for actor in Actor:
            if row is not None and actor in row[1]:
                assert step(machine, state, event, actor) == Step(row[0], repeated=False)
                continue
            with pytest.raises(CrexError) as refused:
                step(machine, state, event, actor, etag="v7")
            assert refused.value.reason == ("ILLEGAL_TRANSITION" if row is None else "NOT_A_PARTY")
            assert refused.value.details["current_state"] == (state or "")


@given(st.sampled_from(EVERY_CASE), st.sampled_from(list(Actor)))
def test_the_event_that_led_here_may_be_repeated(case: tuple[str, str | None, str], actor: Actor) -> None:
    """A repeated event changes nothing and is no error; it counts only where it can have led here."""
    machine, state, event = case
    row = _row(machine, state, event)
    leads_here = any(row.event == event and row.target == state for row in MACHINES[machine].steps)
    if row is not None or state is NEW or not leads_here:
        return
    assert step(machine, state, event, actor, last_event=event) == Step(state, repeated=True)
    with pytest.raises(CrexError, match="ILLEGAL_TRANSITION"):
        step(machine, state, event, actor, last_event="another")
