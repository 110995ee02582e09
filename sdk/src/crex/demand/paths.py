"""The path registry: what a requirement may ask about, read from the contract's descriptors (REQ-PATH-1).

A path is the field path of a value inside one of the documents that an offer brings together: the node class
of one unit (`cpu.schedulable_cpus`), the resource (`compliance.scheme`), its site (`site.country`), the offer
(`offer.min_quantity`), its pool. Beside the real fields there are a few joins under a name of their own
(`provider`, `price`, `site.id`) and aliases: every integer field whose name ends in its unit is also known
without that ending (`accelerators.memory.capacity`), with the same values in the same unit (REQ-ALIAS-1).

Inside an Element, paths begin at the element; `Registry.inside` gives the registry of those.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from typing import Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from crex import v1
from crex.demand.units import IOPS, SECONDS, Unit, unit_of
from crex.demand.values import TEXTUAL, TextRule, ValueType, message_of, text_rule, value_type

# How many suggestions an error gives.
_SUGGESTIONS = 3
# Deepest path of the contract's grammar (Constraint.path).
_MAX_SEGMENTS = 10


class Root(Enum):
    """The document, or part of one, at which a path begins."""

    NODE = "the node class of one unit"
    RESOURCE = "the resource that one unit is"
    POOL = "the pool that the offer sells from"
    SITE = "the site"
    OFFER = "the offer"
    PLAN = "the price plan"
    PRICE = "the price of the demand"
    AVAILABILITY = "the offer's availability"
    DEMAND = "the demand"
    ELEMENT = "the element of the list"


@dataclass(frozen=True, slots=True)
class Step:
    """One member on the way to a value.

    Attributes:
        member: Name of the member in the JSON form.
        repeated: Whether it is a list.
        message: Name of the message it holds; empty for scalars.
        basis: Members that lead from that message to the basis of its figures; empty where it states none.
        assurance: Member of that message that states the assurance of its claim; empty where it has none.
    """

    member: str
    repeated: bool
    message: str = ""
    basis: tuple[str, ...] = ()
    assurance: str = ""


@dataclass(frozen=True, slots=True)
class Path:
    """One entry of the registry.

    Attributes:
        name: The path as a requirement writes it.
        root: Where it begins.
        steps: The members from there to the value.
        type: Type of the value.
        unit: Unit of numbers; None where they count.
        rule: Which texts documents can state; None where any, or where the value is no text.
        has_basis: Whether a basis governs the value (REQ-BASIS-1).
        has_assurance: Whether an assurance governs the value (REQ-BASIS-1).
        canonical: Name of the real path where this is an alias; else empty.
        description: What it is, one line.
        interval: Where the path ends at a message that is an interval or holds one: the member that holds it,
            empty where the message itself is one; None: nothing there can be covered (REQ-COVERS-1).
    """

    name: str
    root: Root
    steps: tuple[Step, ...]
    type: ValueType
    unit: Unit | None = None
    rule: TextRule | None = None
    has_basis: bool = False
    has_assurance: bool = False
    canonical: str = ""
    description: str = ""
    interval: str | None = None

    @property
    def repeated(self) -> bool:
        """Whether the path goes through a list, or ends at one."""
        return any(step.repeated for step in self.steps)

    @property
    def is_message_list(self) -> bool:
        """Whether the path ends at a list of messages, of which an Element can take one."""
        return bool(self.steps) and self.steps[-1].repeated and bool(self.steps[-1].message)

    @property
    def message(self) -> str:
        """Name of the message at which the path ends; empty for scalars."""
        return self.steps[-1].message if self.steps else ""


class Registry:
    """Paths by name, in contract order."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = paths

    def __iter__(self) -> Iterator[Path]:
        return iter(self._paths.values())

    def __len__(self) -> int:
        return len(self._paths)

    def get(self, name: str) -> Path | None:
        """Gives the path of a name; None where there is none."""
        return self._paths.get(name)

    def nearest(self, name: str) -> tuple[str, ...]:
        """Gives the registered names that are most like `name`, best first; may be empty."""
        snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)[:256]
        same_end = [known for known in self._paths if known.rpartition(".")[2] == snake.rpartition(".")[2]]
        alike = difflib.get_close_matches(snake, self._paths, n=_SUGGESTIONS, cutoff=0.6)
        by_likeness = difflib.get_close_matches(snake, same_end, n=_SUGGESTIONS, cutoff=0.0)
        return tuple(dict.fromkeys([*alike, *by_likeness]))[:_SUGGESTIONS]

    def inside(self, path: Path) -> Registry:
        """Gives the registry of the paths that begin at an element of the list at `path`."""
        return _element_registry(path.message, path.has_basis, path.has_assurance)


# Parts of documents that are not asked about: what they state is reached by a join, or is no property of the
# goods.
_LEFT_OUT: Final = {
    "ComputeResource": {"header", "site_id", "display_names", "node", "pool", "closed_lists"},
    "Partition": {"contents"},
    "Site": {"header", "display_names", "closed_lists"},
    "Offer": {"header", "resource", "price_plan", "offer_constraints"},
}
# Members under which a message states the interval that it speaks of, in the order of preference.
_INTERVALS: Final = ("interval", "valid", "window")

_JOINS: Final = (
    ("provider", Root.OFFER, ("header", "issuer"), "authority that issued the offer"),
    ("offer.id", Root.OFFER, ("header", "id"), "name of the offer"),
    ("offer.valid_until", Root.OFFER, ("header", "valid_until"), "end of the offer's validity"),
    ("offer.mode", Root.OFFER, ("terms", "mode"), "mode token of the offer's terms"),
    ("offer.currency", Root.PLAN, ("currency",), "currency of the offer's price plan"),
    ("resource.id", Root.RESOURCE, ("header", "id"), "name of the resource that one unit is"),
    ("site.id", Root.SITE, ("header", "id"), "name of the site"),
)
_ROOT_MESSAGES: Final = {
    Root.NODE: ("NodeClass", ""),
    Root.RESOURCE: ("ComputeResource", ""),
    Root.POOL: ("Pool", "pool."),
    Root.SITE: ("Site", "site."),
    Root.OFFER: ("Offer", "offer."),
}
_JOIN_MESSAGES: Final = {
    Root.OFFER: "Offer",
    Root.PLAN: "PricePlan",
    Root.RESOURCE: "ComputeResource",
    Root.SITE: "Site",
}
# A field whose whole name is its unit has no shorter form by rule; this one has a name that people use.
_EXTRA_ALIASES: Final = {"network.bits_per_s": "network.rate"}


@cache
def registry() -> Registry:
    """Gives the registry of paths that begin at an offer. Built once, from the descriptors."""
    paths: dict[str, Path] = {}
    for root, (message, prefix) in _ROOT_MESSAGES.items():
        for path in _walk(_descriptor(message), Path("", root, (), ValueType.MESSAGE), prefix):
            paths[path.name] = path
    for name, root, fields, description in _JOINS:
        paths[name] = _join(name, root, fields, description)
    price = "price of this demand under the offer's plan, in the demand's currency"
    paths["price"] = Path("price", Root.PRICE, (), ValueType.DECIMAL, description=price)
    available = _extended(
        Path("", Root.AVAILABILITY, (), ValueType.MESSAGE),
        _descriptor("OfferRecord").fields_by_name["availability"],
        "availability",
    )
    paths |= {
        path.name: path
        for path in (available, *_walk(_descriptor("Availability"), available, "availability."))
    }
    return Registry(_with_aliases(paths))


@cache
def demand_registry() -> Registry:
    """Gives the registry of paths that begin at a demand, for constraints of offers (OFFER-DEMAND-2)."""
    demand, interval = _descriptor("Demand"), _descriptor("Interval")
    root = Path("", Root.DEMAND, (), ValueType.MESSAGE)
    length = _descriptor("DemandWindow").fields_by_name["duration"]
    paths = [
        _extended(root, member, member.name)
        for member in (
            *(demand.fields_by_name[name] for name in ("count", "currency", "quantities", "properties")),
            length,
            *interval.fields,
        )
    ]
    for name in ("quantities", "properties"):
        above = next(path for path in paths if path.name == name)
        paths += _walk(_descriptor(above.message), above, f"{name}.")
    return Registry(_with_aliases({path.name: path for path in paths}))


@cache
def _element_registry(message: str, has_basis: bool, has_assurance: bool) -> Registry:
    start = Path("", Root.ELEMENT, (), ValueType.MESSAGE, has_basis=has_basis, has_assurance=has_assurance)
    return Registry(_with_aliases({path.name: path for path in _walk(_descriptor(message), start, "")}))


def _descriptor(message: str) -> Descriptor:
    descriptor: Descriptor = getattr(v1, message).DESCRIPTOR
    return descriptor


def _walk(message: Descriptor, parent: Path, prefix: str) -> Iterator[Path]:
    """Gives the paths of a message's fields, each before those below it."""
    left_out = _LEFT_OUT.get(message.name, set())
    for member in message.fields:
        if member.name in left_out or _is_map(member) or len(parent.steps) == _MAX_SEGMENTS:
            continue
        path = _extended(parent, member, prefix + member.name)
        yield path
        inner = member.message_type
        if path.type is ValueType.MESSAGE and inner is not None:
            yield from _walk(inner, path, path.name + ".")


def _is_map(member: FieldDescriptor) -> bool:
    entry = member.message_type
    return entry is not None and bool(entry.GetOptions().map_entry)


def _extended(parent: Path, member: FieldDescriptor, name: str) -> Path:
    """Gives the path of one field of the message at `parent`."""
    kind = value_type(member)
    unit = unit_of(member.name)[0] if kind is ValueType.INTEGER else None
    step = _step(member, kind)
    return Path(
        name=name,
        root=parent.root,
        steps=(*parent.steps, step),
        type=kind,
        unit=SECONDS if kind is ValueType.DURATION else unit,
        rule=text_rule(member) if kind in TEXTUAL else None,
        has_basis=parent.has_basis or bool(step.basis),
        has_assurance=parent.has_assurance or bool(step.assurance),
        interval=_interval_of(member),
        description=f"{message_of(member).name}.{member.name}",
    )


def _interval_of(member: FieldDescriptor) -> str | None:
    """Gives the member of a field's message that holds its interval; empty where the message is one."""
    inner = member.message_type
    if inner is None:
        return None
    if inner.name == "Interval":
        return ""
    return next((name for name in _INTERVALS if _is_interval(inner.fields_by_name.get(name))), None)


def _is_interval(member: FieldDescriptor | None) -> bool:
    return member is not None and member.message_type is not None and member.message_type.name == "Interval"


def _step(member: FieldDescriptor, kind: ValueType) -> Step:
    inner = member.message_type
    if kind is not ValueType.MESSAGE or inner is None:
        return Step(member.json_name, member.is_repeated)
    basis: tuple[str, ...] = ()
    if "provenance" in inner.fields_by_name:
        basis = ("provenance", "basis")
    elif "basis" in inner.fields_by_name and inner.name != "Provenance":
        basis = ("basis",)
    assurance = "assurance" if "assurance" in inner.fields_by_name else ""
    return Step(member.json_name, member.is_repeated, inner.name, basis, assurance)


def _join(name: str, root: Root, fields: tuple[str, ...], description: str) -> Path:
    message: Descriptor | None = _descriptor(_JOIN_MESSAGES[root])
    path = Path("", root, (), ValueType.MESSAGE)
    for field_name in fields:
        if message is None:
            raise TypeError(f"{name}: nothing lies below a scalar")
        member = message.fields_by_name[field_name]
        path, message = _extended(path, member, name), member.message_type
    return replace(path, description=description)


def _with_aliases(paths: dict[str, Path]) -> dict[str, Path]:
    """Adds, after each path whose name ends in its unit, the name without it (REQ-ALIAS-1)."""
    everything: dict[str, Path] = {}
    for name, path in paths.items():
        everything[name] = path
        alias = _alias(path)
        if alias and alias not in paths:
            everything[alias] = replace(path, name=alias, canonical=name, description=f"alias of {name}")
    return everything


def _alias(path: Path) -> str:
    """Gives the shorter name of a path; empty where it has none."""
    head, dot, last = path.name.rpartition(".")
    unit, short = unit_of(last)
    if path.unit is not unit or unit is None or unit is IOPS:
        return ""
    return head + dot + short if short else _EXTRA_ALIASES.get(path.name, "")
