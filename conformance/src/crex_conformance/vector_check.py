"""Whether vectors are well-formed: what is said of every area, and what each operation is given.

This judges the vectors, never an implementation.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message

from crex import v1
from crex_conformance.bill_check import bill_faults
from crex_conformance.carried import MEMBERS, Requirement, Vector

_TIMED: Final = frozenset(
    {
        *("attestation.verify", "demand.evaluate", "demand.parse", "demand.match"),
        *("log.checkpoint", "policy.evaluate", "status.read"),
    }
)
_USE: Final[tuple[tuple[str, type[Message]], ...]] = (
    ("records[]", v1.UsageRecord),
    ("service_events[]", v1.ServiceEvent),
    ("gaps[]", v1.GapMarker),
)
_BILL: Final[tuple[tuple[str, type[Message]], ...]] = (
    ("plan", v1.PricePlan),
    ("plans[].plan", v1.PricePlan),
    *_USE,
    *((f"leases[].{member}", message) for member, message in _USE),
    ("leases[].interval", v1.Interval),
    ("lease.interval", v1.Interval),
    ("series[]", v1.PriceSeries),
    ("openings[]", v1.AccumulatorValue),
    ("tz_transitions[]", v1.TzTransition),
    ("period", v1.Interval),
    ("whole_period", v1.Interval),
)
# Operation → documents in its input, as (path, message); a member that ends in [] is a list.
_DOCUMENTS: Final[Mapping[str, tuple[tuple[str, type[Message]], ...]]] = {
    "billing.rate": _BILL,
    "billing.correct": (*_BILL, ("later[][]", v1.UsageRecord)),
    "billing.period": (("tz_transitions[]", v1.TzTransition),),
    "demand.evaluate": (
        ("requirement", v1.Requirement),
        ("offer", v1.Offer),
        ("resource", v1.ComputeResource),
        ("unit", v1.ComputeResource),
        ("site", v1.Site),
        ("plan", v1.PricePlan),
        ("availability[]", v1.Availability),
    ),
    "demand.match": (("demand", v1.Demand),),
    "demand.parse": (),
    "attestation.verify": (),
    "log.checkpoint": (),
    "log.consistency": (),
    "log.inclusion": (),
    "log.leaf": (),
    "log.root": (),
    "policy.check": (("policy", v1.TrustPolicy),),
    "policy.evaluate": (("policy", v1.TrustPolicy),),
    "status.read": (),
    "stream.audit": (),
    "stream.check": (),
    "document.read": (),
    "document.locate": (),
    "name.parse": (),
}
_FORMS: Final = ("id", "ref", "authority", "token")
_REASONS: Final = frozenset(v1.ErrorReason.keys())


def faults(vectors: Iterable[Vector], requirements: Mapping[str, Requirement]) -> list[str]:
    """Lists what is wrong with vectors, each with its file and what to do.

    Args:
        vectors: All of a folder, since they name each other.
        requirements: What they may say that they test.
    """
    every = tuple(vectors)
    by_id: dict[str, Vector] = {}
    found: list[str] = []
    for vector in every:
        if vector.id in by_id:
            first = by_id[vector.id]
            found.append(f"{_file(vector)}: {_file(first)} has the same id; ids are unique over all areas")
        by_id[vector.id] = vector
    for vector in every:
        found += [f"{_file(vector)}: {fault}" for fault in _faults(vector, by_id, requirements)]
    return found


def _file(vector: Vector) -> str:
    return f"{vector.area}/{vector.id}.json"


def _faults(
    vector: Vector, by_id: Mapping[str, Vector], requirements: Mapping[str, Requirement]
) -> Iterator[str]:
    value = vector.value
    if value.get("op") not in _DOCUMENTS:
        yield f"op {value.get('op')!r} is none of {', '.join(_DOCUMENTS)}"
        return
    wanted = {*MEMBERS, "now"} if value["op"] in _TIMED else set(MEMBERS)
    if set(value) != wanted:
        missing, further = sorted(wanted - set(value)), sorted(set(value) - wanted)
        yield f"members that are missing: {missing}; that no vector has: {further}"
        return
    if value["id"] != vector.id:
        yield f"its id is {value['id']!r}; the file's name is the id"
    if not value["why"]:
        yield "why is empty; it says which mistake the vector catches"
    if not value["requirements"]:
        yield "it tests no requirement; name at least one"
    for identifier in value["requirements"]:
        if identifier not in requirements:
            yield f"no page of the specification states {identifier}"
    yield from _answer_faults(value)
    yield from _base_faults(value, by_id)
    yield from _choice_faults(value)
    if value["op"] in ("billing.rate", "billing.correct"):
        yield from bill_faults(value)
    yield from _document_faults(value)


def _answer_faults(value: Mapping[str, Any]) -> Iterator[str]:
    expect = value["expect"]
    outcome, reasons = expect.get("outcome"), expect.get("reasons")
    if (outcome, bool(reasons)) not in (("ok", False), ("rejected", True)):
        yield f"outcome {outcome!r} does not go with reasons {reasons!r}"
    for reason in reasons or ():
        if f"ERROR_REASON_{reason}" not in _REASONS:
            yield f"reason {reason!r} is no ErrorReason of the contract"
    for member, of in (("violations", "rejected"), ("warnings", "ok")):
        for stated in expect.get(member, ()):
            if outcome != of or not stated or not set(stated) <= {"path", "requirement"}:
                yield f"{member}: {stated!r} has no place and no rule, or does not go with {outcome!r}"
            if "requirement" in stated and stated["requirement"] not in value["requirements"]:
                yield f"{member}: {stated!r} is of a rule that the vector does not say it tests"


def _base_faults(value: Mapping[str, Any], by_id: Mapping[str, Vector]) -> Iterator[str]:
    if bool(value["base"]) != bool(value["change"]):
        yield "base and change belong together: what it is one change away from, and the change"
    if not value["base"]:
        if value["expect"].get("outcome") == "rejected":
            yield "a refused vector names its base, an accepted one that it is one change away from"
        return
    base = by_id.get(value["base"])
    if base is None:
        yield f"its base {value['base']!r} is no vector"
        return
    if base.value.get("op") != value["op"]:
        yield f"its base {base.id!r} is of another operation"
    if value["expect"].get("outcome") == "rejected" and base.outcome != "ok":
        yield f"its base {base.id!r} is refused itself"
    given = ("input", "now")
    if all(base.value.get(member) == value.get(member) for member in given):
        yield f"its input is that of its base {base.id!r}"


def _choice_faults(value: Mapping[str, Any]) -> Iterator[str]:
    """What is chosen from a list: the type of a document, the form of a name."""
    given = value["input"]
    if value["op"] == "document.read" and given["type"] not in v1.DOCUMENT_MESSAGES:
        yield f"input.type {given['type']!r} is no type of document"
    if value["op"] == "name.parse" and given["form"] not in _FORMS:
        yield f"input.form {given['form']!r} is none of {', '.join(_FORMS)}"


def _document_faults(value: Mapping[str, Any]) -> Iterator[str]:
    """Every document reads as its message, but where that it does not is what the vector tests."""
    if value["expect"].get("reasons") == ["SCHEMA"]:
        return
    if value["op"] == "attestation.verify":
        yield from _envelope_faults(value["input"])
        return
    given = value["input"]
    if value["op"] == "document.read":
        if (name := v1.DOCUMENT_MESSAGES.get(given["type"])) is not None:
            yield from _faults_of([("input.document", given["document"], getattr(v1, name))])
        return
    places: list[tuple[str, Any, type[Message]]] = list(_places(given, _DOCUMENTS[value["op"]], "input"))
    if value["op"] == "demand.match":
        for number, offer in enumerate(given["offers"]):
            evidence = _DOCUMENTS["demand.evaluate"][1:]
            places += _places(offer, evidence, f"input.offers[{number}]")
    yield from _faults_of(places)


def _faults_of(places: Iterable[tuple[str, Any, type[Message]]]) -> Iterator[str]:
    for place, document, message in places:
        try:
            ParseDict(document, message())
        except ParseError as error:
            yield f"{place} is no {message.DESCRIPTOR.name}: {error}"


def _places(
    given: Mapping[str, Any], documents: Iterable[tuple[str, type[Message]]], at: str
) -> Iterator[tuple[str, Any, type[Message]]]:
    for path, message in documents:
        for place, document in _found(given, path.replace("[]", ".[]").split("."), at):
            if "repeat" in document:
                yield f"{place}.repeat.record", document["repeat"]["record"], message
            else:
                yield place, document, message


def _found(value: Any, steps: list[str], at: str) -> Iterator[tuple[str, Any]]:
    """The places that a path leads to, of which there are none where a member is absent."""
    if not steps:
        yield at, value
    elif steps[0] == "[]":
        for number, item in enumerate(value):
            yield from _found(item, steps[1:], f"{at}[{number}]")
    elif steps[0] in value:
        yield from _found(value[steps[0]], steps[1:], f"{at}.{steps[0]}")


def _envelope_faults(given: Mapping[str, Any]) -> Iterator[str]:
    for place, text in (
        ("envelope", given["envelope"]),
        *((f"roots[{number}]", text) for number, text in enumerate(given["roots"])),
    ):
        try:
            b64decode(text, validate=True)
        except ValueError as error:
            yield f"input.{place} is not base64: {error}"
