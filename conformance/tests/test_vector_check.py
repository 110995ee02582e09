"""One lint for the vectors of all areas, and the proof that it finds each kind of fault."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from crex_conformance import carried
from crex_conformance.carried import Vector
from crex_conformance.vector_check import faults

BY_ID = {vector.id: vector for vector in carried.vectors()}


def test_all_vectors_are_well_formed() -> None:
    """Every vector that the package carries keeps the format, whatever its area."""
    assert faults(carried.vectors(), carried.requirements()) == []


def changed(name: str, **members: Any) -> list[str]:
    """The faults of all vectors, one of which is changed; None takes a member away."""
    vector = BY_ID[name]
    value = {**deepcopy(vector.value), **members}
    value = {member: it for member, it in value.items() if it is not None}
    others = [it for it in carried.vectors() if it.id != name]
    return faults([*others, Vector(vector.area, name, value, b"")], carried.requirements())


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"id": "another"}, "the file's name is the id"),
        ({"why": None}, "members that are missing: ['why']"),
        ({"note": "x"}, "that no vector has: ['note']"),
        ({"now": None}, "members that are missing: ['now']"),
        ({"why": ""}, "why is empty"),
        ({"op": "demand.guess"}, "op 'demand.guess' is none of"),
        ({"requirements": []}, "tests no requirement"),
        ({"requirements": ["SOUL-DEMAND-1"]}, "no page of the specification states SOUL-DEMAND-1"),
        ({"expect": {"outcome": "ok", "reasons": ["SCHEMA"]}}, "does not go with reasons"),
        ({"expect": {"outcome": "rejected", "reasons": []}}, "does not go with reasons"),
        ({"expect": {"outcome": "rejected", "reasons": ["WRONG"]}}, "is no ErrorReason"),
        ({"base": ""}, "base and change belong together"),
        ({"base": "", "change": ""}, "a refused vector names its base"),
        ({"base": "nowhere"}, "is no vector"),
        ({"base": "demand-of-no-time"}, "is refused itself"),
        ({"base": "expired"}, "is of another operation"),
        ({"input": BY_ID["terms-admit"].value["input"]}, "its input is that of its base"),
    ],
    ids=repr,
)
def test_a_fault_is_found(members: dict[str, Any], fault: str) -> None:
    """A vector that breaks the format in one way is named with what is wrong."""
    found = changed("demand-of-nothing", **members)
    assert any(it.startswith("matching/demand-of-nothing.json: ") and fault in it for it in found), found


@pytest.mark.parametrize(
    ("violations", "fault"),
    [
        ([{}], "has no place and no rule"),
        ([{"path": "$.kind", "message": "x"}], "has no place and no rule"),
        ([{"requirement": "DESC-SITE-1"}], "is of a rule that the vector does not say it tests"),
    ],
    ids=repr,
)
def test_a_violation_has_a_place_or_a_rule(violations: list[Any], fault: str) -> None:
    """A violation states where or what, and nothing that the vector is not about."""
    expect = {"outcome": "rejected", "reasons": ["SCHEMA"], "violations": violations}
    (found,) = changed("pool-of-itself", expect=expect)
    assert found.startswith("description/pool-of-itself.json: ")
    assert fault in found


def test_a_warning_goes_with_what_is_accepted() -> None:
    """A warning has a place or a rule as a violation has, and does not go with a refusal."""
    expect = {"outcome": "ok", "reasons": [], "warnings": [{"requirement": "REG-UNKNOWN-1"}]}
    assert changed("private-medium", expect=expect) == []
    assert "has no place and no rule" in changed("private-medium", expect={**expect, "warnings": [{}]})[0]
    expect |= {"outcome": "rejected", "reasons": ["SCHEMA"]}
    assert "does not go with 'rejected'" in changed("private-medium", expect=expect)[0]


def test_a_type_and_a_form_are_known() -> None:
    """The type of a document and the form of a name are those of the contract."""
    given = BY_ID["node-of-processors-and-memory"].value["input"]
    found = changed("node-of-processors-and-memory", input={**given, "type": "poem"})
    assert "input.type 'poem' is no type of document" in found[0]
    found = changed("id-of-one-pair", input={"form": "ode", "text": "x"})
    assert "input.form 'ode' is none of id, ref, authority, token" in found[0]


@pytest.mark.parametrize(
    ("name", "place", "fault"),
    [
        ("hour-of-one-unit", "input", "that it never has: ['note']"),
        ("hour-of-one-unit", "input.lease", "input.lease: members that are missing: []"),
        ("hours-that-are-not-netted", "input.leases.0", "input.leases[0]: members"),
        ("hours-that-are-not-netted", "input.plans.0", "input.plans[0]: members"),
        ("hours-that-are-not-netted", "expect", "expect: members"),
        ("hours-that-are-not-netted", "expect.lines.0", "expect.lines[0]: members"),
        ("tax-on-units", "expect.taxes.0", "expect.taxes[0]: members"),
        ("full-credit", "expect", "expect: members"),
        ("full-credit", "expect.notes.0", "expect.notes[0]: members"),
        ("full-credit", "expect.notes.0.lines.0", "expect.notes[0].lines[0]: members"),
        ("full-credit", "input.later.0.0", "input.later[0][0] is no UsageRecord"),
        ("hours-that-are-not-netted", "input.plans.0.plan", "input.plans[0].plan is no PricePlan"),
        ("hours-that-are-not-netted", "input.leases.0.gaps.0", "input.leases[0].gaps[0] is no GapMarker"),
        ("price-that-moves-within-the-use", "input.series.0", "input.series[0] is no PriceSeries"),
        ("opening-of-a-term", "input.openings.0", "input.openings[0] is no AccumulatorValue"),
    ],
    ids=repr,
)
def test_bills_have_their_members(name: str, place: str, fault: str) -> None:
    """A member that the operation does not have is found wherever it stands in a bill."""
    value = deepcopy(BY_ID[name].value)
    if place.endswith("gaps.0"):
        value["input"]["leases"][0]["gaps"] = [{}]
    at: Any = value
    for step in place.split("."):
        at = at[int(step)] if step.isdigit() else at[step]
    at["note"] = "x"
    found = changed(name, **value)
    assert any(it.startswith(f"billing/{name}.json: ") and fault in it for it in found), found


def test_a_note_has_a_kind_and_a_horizon_both_its_members() -> None:
    """A note is a credit note or a debit note; a time of receipt goes with a horizon."""
    value = deepcopy(BY_ID["full-credit"].value)
    value["expect"]["notes"][0]["kind"] = "apology"
    assert "neither credit-note nor debit-note" in changed("full-credit", expect=value["expect"])[0]
    given = {**value["input"], "received_at": "2026-05-01T00:00:00Z"}
    assert "belong together" in changed("full-credit", input=given)[0]


def test_documents_read_as_messages() -> None:
    """A document of an accepted vector is a message of the contract, wherever it stands."""
    given = deepcopy(BY_ID["terms-admit"].value["input"])
    given["offers"][0]["offer"]["colour"] = "blue"
    (fault,) = changed("terms-admit", input=given)
    assert "input.offers[0].offer is no Offer" in fault
    given = deepcopy(BY_ID["node-of-processors-and-memory"].value["input"])
    given["document"]["colour"] = "blue"
    (fault,) = changed("node-of-processors-and-memory", input=given)
    assert "input.document is no ComputeResource" in fault
    given = deepcopy(BY_ID["expired"].value["input"])
    assert "input.roots[0] is not base64" in changed("expired", input={**given, "roots": ["?"]})[0]


def test_identifiers_are_unique_over_all_areas() -> None:
    """Two vectors of two areas cannot have one id, since bases and people name them by it."""
    vector = BY_ID["expired"]
    (fault, *_) = faults([vector, Vector("other", vector.id, vector.value, b"")], carried.requirements())
    assert "has the same id" in fault
