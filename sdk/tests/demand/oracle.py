"""A second evaluator, written from the specification alone, to compare the first with.

It is as small and as slow as it can be: it works on the message and the JSON directly, knows the few paths
that `strategies` uses from a table of its own, and counts truths as 0, 1, 2. It shares nothing with
`crex.demand`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import combinations
from typing import Any

from crex import v1

LISTS = {
    "accelerators",
    "rates",
    "storage",
    "energy",
    "compliance",
    "enabled_features",
    "legal_jurisdictions",
    "interfaces",
    "benchmarks",
    "availability",
}
# Messages that state where their figures come from, by the path from the node class, and how.
WITH_BASIS = {
    "cpu": ("provenance", "basis"),
    "memory": ("provenance", "basis"),
    "accelerators": ("provenance", "basis"),
    "accelerators.rates": ("provenance", "basis"),
    "storage": ("provenance", "basis"),
    "site.energy": ("basis",),
}
TEXT = {
    "isa",
    "vendor",
    "architecture",
    "number_format",
    "sparsity",
    "medium",
    "country",
    "metric",
    "scheme",
    "level",
    "mode",
    "kind",
    "enabled_features",
    "legal_jurisdictions",
    "interfaces",
    "version",
    "allocation",
}
SUFFIXED = {"capacity": "capacityBytes", "value": "valueMicro"}


@dataclass(frozen=True)
class Spot:
    """A place: the JSON there, its snake_case path from the node class or root, basis and assurance."""

    json: Any
    place: str
    basis: str | None = None
    assurance: str | None = None


@dataclass(frozen=True)
class World:
    """The documents of one offer: resource (a node class), site, offer; the instant; the price.

    Beside them its availability, if that is known, and the time of the demand, if there is one.
    """

    resource: dict[str, Any]
    site: dict[str, Any]
    offer: dict[str, Any]
    now: datetime
    price: Fraction | None
    availability: list[dict[str, Any]] | None = None
    time: tuple[datetime, datetime] | None = None

    def closed(self, place: str) -> bool:
        """Tells whether the list at a snake_case place is complete."""
        document, prefix = (self.site, "") if place.startswith("site.") else (self.resource, "node.")
        name = place.removeprefix("site.")
        if place in ("interfaces", "availability"):
            return True
        if place.split(".", maxsplit=1)[0] in ("compliance", "benchmarks"):
            prefix = ""
        return prefix + ".".join(camel(part) for part in name.split(".")) in document.get("closedLists", [])


def camel(name: str) -> str:
    """Gives the JSON name of a member."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def evaluate(requirement: v1.Requirement, world: World) -> int:
    """Gives 0 for FALSE, 1 for UNKNOWN, 2 for TRUE."""
    return _eval(requirement, world, None)


def _eval(requirement: v1.Requirement, world: World, spot: Spot | None) -> int:
    kind = requirement.WhichOneof("node")
    if kind == "all_of":
        return _all_of(requirement.all_of.requirements, world, spot)
    if kind == "any_of":
        return max(_eval(member, world, spot) for member in requirement.any_of.requirements)
    if kind == "not":
        return 2 - _eval(getattr(requirement, "not"), world, spot)
    if kind == "element":
        inner = requirement.element.requirement
        wants = "sparsity" in _paths_at(inner)
        spots = _spots(requirement.element.path, world, spot, all_rates=wants)
        return max([0, *(1 if one is None else _eval(inner, world, one) for one in spots)])
    if kind == "device_group":
        return _groups([requirement.device_group], world)
    return _constraint(requirement.constraint, world, spot)


def _all_of(members: Any, world: World, spot: Spot | None) -> int:
    flat = list(_flatten(members))
    groups = [one.device_group for one in flat if one.WhichOneof("node") == "device_group"]
    rest = [_eval(one, world, spot) for one in flat if one.WhichOneof("node") != "device_group"]
    return min([2, *rest, *([_groups(groups, world)] if groups else [])])


def _flatten(members: Any) -> Iterator[v1.Requirement]:
    for member in members:
        if member.WhichOneof("node") == "all_of":
            yield from _flatten(member.all_of.requirements)
        else:
            yield member


def _paths_at(requirement: v1.Requirement) -> set[str]:
    """Gives the paths of the constraints in a requirement on one element, not those of elements within."""
    kind = requirement.WhichOneof("node")
    if kind == "constraint":
        return {requirement.constraint.path}
    if kind == "not":
        return _paths_at(getattr(requirement, "not"))
    if kind in ("all_of", "any_of"):
        members = getattr(requirement, kind).requirements
        return set().union(*(_paths_at(member) for member in members))
    return set()


def _spots(path: str, world: World, spot: Spot | None, *, all_rates: bool) -> list[Spot | None]:
    """Gives everything that a path leads to; None for what may be there and is not stated."""
    names = path.split(".")
    if spot is None:
        if names[0] == "availability" and world.availability is None:
            return [None]
        names, spot = _start(names, world)
    spots: list[Spot | None] = [spot]
    for number, name in enumerate(names):
        dense = name == "rates" and not all_rates and names[number + 1 :] != ["sparsity"]
        spots = [
            next_
            for one in spots
            for next_ in ([None] if one is None else _step(one, name, world, dense=dense))
        ]
    return spots


def _start(names: list[str], world: World) -> tuple[list[str], Spot]:
    if names[0] == "availability":
        return names, Spot({"availability": world.availability}, "")
    if names[0] == "site":
        return names[1:], Spot(world.site, "site")
    if names[0] == "offer":
        return ["terms", "mode"] if names[1] == "mode" else names[1:], Spot(world.offer, "")
    if names[0] in ("kind", "compliance", "benchmarks"):
        return names, Spot(world.resource, "")
    return names, Spot(world.resource["node"], "")


def _step(spot: Spot, name: str, world: World, *, dense: bool) -> list[Spot | None]:
    place = f"{spot.place}.{name}" if spot.place else name
    json = spot.json.get(camel(name))
    if json is None and name in SUFFIXED and place.split(".")[0] != "benchmarks":
        json = spot.json.get(SUFFIXED[name])
    if name not in LISTS:
        return [None if json is None else _enter(spot, json, place)]
    found: list[Spot | None] = []
    for element in json or []:
        if dense and element.get("sparsity") != "dense":
            if "sparsity" not in element:
                found.append(None)
            continue
        found.append(
            None if name == "compliance" and not _holds(element, world) else _enter(spot, element, place)
        )
    return found if world.closed(place) else [*found, None]


def _enter(spot: Spot, json: Any, place: str) -> Spot:
    basis, assurance = spot.basis, spot.assurance
    if place in WITH_BASIS:
        source = json
        for name in WITH_BASIS[place]:
            source = source.get(name) if isinstance(source, dict) else None
        basis = source
    if place.endswith("compliance"):
        assurance = json.get("assurance")
    return Spot(json, place, basis, assurance)


def _holds(claim: dict[str, Any], world: World) -> bool:
    valid = claim.get("valid", {})
    start, end = valid.get("start"), valid.get("end")
    if start is None or end is None:
        return False
    inside = datetime.fromisoformat(start) <= world.now < datetime.fromisoformat(end)
    names = {world.resource["header"]["id"], world.site["header"]["id"]}
    return inside and bool(names & set(claim.get("scopeIds", [])))


def _constraint(constraint: v1.Constraint, world: World, spot: Spot | None) -> int:
    op = v1.ConstraintOperator.Name(constraint.op).removeprefix("CONSTRAINT_OPERATOR_")
    values = _values(constraint, world, spot)
    operands = [_operand(value) for value in constraint.values]
    if op == "COVERS_INTERVAL":
        asked = tuple(operands) or world.time
        if asked is None:
            return 1
        return max([0, *(_covers(value, asked) for value in values)])
    if op == "HAS_ALL":
        return min(max([0, *(_test("EQ", value, [one]) for value in values)]) for one in operands)
    return max([0, *(_test(op, value, operands) for value in values)])


def _values(constraint: v1.Constraint, world: World, spot: Spot | None) -> list[Any]:
    if constraint.path == "price":
        return [world.price]
    found: list[Any] = []
    for one in _spots(constraint.path, world, spot, all_rates=False):
        accepted = one is not None
        if one is not None and constraint.accepted_bases:
            accepted = one.basis in constraint.accepted_bases
        if one is not None and constraint.accepted_assurance:
            accepted = accepted and one.assurance in constraint.accepted_assurance
        found.append(_stated(one.json, constraint.path) if one is not None and accepted else None)
    return found


def _stated(json: Any, path: str) -> Any:
    last = path.rsplit(".", maxsplit=1)[-1]
    if isinstance(json, (dict, list, bool)) or last in TEXT:
        return json
    if last == "run_at":
        return datetime.fromisoformat(json)
    return Fraction(json)


def _operand(value: v1.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "text":
        return value.text
    if kind == "boolean":
        return value.boolean
    if kind == "time":
        return datetime.fromisoformat(value.time.ToJsonString())
    return Fraction(value.integer if kind == "integer" else value.decimal)


def _test(op: str, value: Any, operands: list[Any]) -> int:
    if value is None:
        return 1
    if op == "EXISTS":
        return 2
    if op == "VERSION_GE":
        return _version(value, operands[0])
    one = operands[0]
    if op in ("LT", "LE", "GT", "GE"):
        holds = {"LT": value < one, "LE": value <= one, "GT": value > one, "GE": value >= one}[op]
    else:
        holds = (value in operands) is (op in ("EQ", "IN", "HAS_ANY"))
    return 2 if holds else 0


def _covers(value: Any, asked: tuple[datetime, ...]) -> int:
    if value is None:
        return 1
    stated = (
        value if "start" in value else next((value[k] for k in ("interval", "valid") if k in value), None)
    )
    if stated is None:
        return 1
    start, end = (datetime.fromisoformat(stated[name]) for name in ("start", "end"))
    return 2 if start <= asked[0] and asked[1] <= end else 0


def _version(stated: str, required: str) -> int:
    head, _, tail = stated.partition("-")
    have, need = ([int(part) for part in text.split(".")] for text in (head, required))
    width = max(len(have), len(need))
    have += [0] * (width - len(have))
    need += [0] * (width - len(need))
    if have == need:
        return 1 if tail else 2
    return 2 if have > need else 0


def _groups(groups: list[Any], world: World) -> int:
    """Tries every way of giving devices to groups, one device at a time."""
    spots = _spots("accelerators", world, None, all_rates=False)
    elements = [one for one in spots if one is not None]
    closed = len(elements) == len(spots)
    if _assignable(groups, elements, world, certain=True):
        return 2
    return 1 if not closed or _assignable(groups, elements, world, certain=False) else 0


def _assignable(groups: list[Any], elements: list[Spot], world: World, *, certain: bool) -> bool:
    pool = [number for number, one in enumerate(elements) for _ in range(int(one.json["count"]))]

    def place(index: int, free: list[int]) -> bool:
        if index == len(groups):
            return True
        group = groups[index]
        usable = [
            slot
            for slot, number in enumerate(free)
            if _counts(group, elements[number], world, certain=certain)
        ]
        for chosen in combinations(usable, group.count):
            taken = [free[slot] for slot in chosen]
            rest = [number for slot, number in enumerate(free) if slot not in chosen]
            if _compatible(group, taken, elements, world) and place(index + 1, rest):
                return True
        return False

    return place(0, pool)


def _key(paths: Any, element: Spot, world: World) -> tuple[Any, ...] | None:
    values = [_spots(path, world, element, all_rates=False)[0] for path in paths]
    return (
        None if any(one is None for one in values) else tuple(one.json for one in values if one is not None)
    )


def _counts(group: Any, element: Spot, world: World, *, certain: bool) -> bool:
    eligible = _eval(group.each, world, element) if group.HasField("each") else 2
    if not certain:
        return eligible > 0
    return eligible == 2 and None not in (
        _key(group.same, element, world),
        _key(group.distinct, element, world),
    )


def _compatible(group: Any, taken: list[int], elements: list[Spot], world: World) -> bool:
    for one, other in combinations(taken, 2):
        same = [_key(group.same, elements[number], world) for number in (one, other)]
        if None not in same and same[0] != same[1]:
            return False
        if group.distinct:
            distinct = [_key(group.distinct, elements[number], world) for number in (one, other)]
            if one == other or (None not in distinct and distinct[0] == distinct[1]):
                return False
    return True
