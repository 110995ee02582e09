"""From the message to a checked requirement: every path, operator and value is tried before it is evaluated.

All violations are found at once, each with its place in the message, what is wrong and the nearest thing that
exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias

from crex import v1
from crex.demand.nodes import (
    MANY_OPERANDS,
    ON_LISTS,
    SUITABLE,
    And,
    Compare,
    ElementNode,
    Group,
    Node,
    Not,
    Op,
    Or,
    conjuncts,
    descend,
)
from crex.demand.paths import Path, Registry, registry
from crex.demand.values import Scalar, ValueType, is_version, read_operand
from crex.errors import RequirementError, Violation
from crex.metering.span import Span
from crex.names import is_token

MAX_NODES: Final = 64
MAX_DEPTH: Final = 8
MAX_GROUPS: Final = 4
MAX_OPERANDS: Final = 64

# Lists whose elements are devices (REQ-GROUP-1), and whether an element without `count` is one device.
DEVICE_LISTS: Final = {"accelerators": False, "storage": True, "network": True}

_OPERATORS: Final = {op.number: op for op in Op}


def check(requirement: v1.Requirement, paths: Registry | None = None) -> Node:
    """Checks a requirement.

    Args:
        requirement: The requirement.
        paths: Paths that it may use. None: those that begin at an offer.

    Raises:
        RequirementError: FILTER_TOO_COMPLEX where it has too many nodes or is too deep (REQ-LIMIT-1), else
            SCHEMA with every violation: its place is the JSON path in the message.
    """
    checker = _Checker()
    checker.measure(requirement, 1)
    node = checker.node(requirement, _Place("$", registry() if paths is None else paths))
    checker.groups(node)
    if checker.violations or node is None:
        raise refused(checker.violations)
    return node


def refused(violations: Sequence[Violation]) -> RequirementError:
    """Gives the error for violations of a requirement, the first of which becomes its message."""
    more = f", and {len(violations) - 1} more" if len(violations) > 1 else ""
    what = violations[0].message if violations else "it states nothing"
    return RequirementError("SCHEMA", f"The requirement cannot be used: {what}{more}.", violations=violations)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the checker is: JSON path in the message, paths that can be used, and what surrounds it."""

    json: str
    paths: Registry
    under_not: bool = False
    in_element: bool = False

    def at(self, suffix: str) -> _Place:
        return _Place(self.json + suffix, self.paths, self.under_not, self.in_element)


_Checked: TypeAlias = Node | None


@dataclass
class _Checker:
    violations: list[Violation] = field(default_factory=list)
    nodes: int = 0

    def complain(self, place: str, message: str, requirement: str, fix: str = "") -> None:
        self.violations.append(Violation(place, message, requirement, fix))

    def measure(self, requirement: v1.Requirement, depth: int) -> None:
        """Refuses more nodes or levels than the contract allows, before anything else looks at them."""
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            what = (
                f"more than {MAX_DEPTH} levels deep" if depth > MAX_DEPTH else f"more than {MAX_NODES} nodes"
            )
            fix = "join alternatives of one path in one `in` list, or ask in several searches"
            raise RequirementError(
                "FILTER_TOO_COMPLEX",
                f"The requirement is {what}." if depth > MAX_DEPTH else f"The requirement has {what}.",
                violations=[
                    Violation("$", f"at most {MAX_NODES} nodes, {MAX_DEPTH} deep", "REQ-LIMIT-1", fix)
                ],
            )
        for inner in _inner(requirement):
            self.measure(inner, depth + 1)

    def node(self, requirement: v1.Requirement, place: _Place) -> _Checked:
        kind = requirement.WhichOneof("node")
        found: _Checked = None
        if kind == "all_of":
            members = self.members(requirement.all_of, place.at(".allOf"))
            found = And(members) if members else None
        elif kind == "any_of":
            members = self.members(requirement.any_of, place.at(".anyOf"))
            found = Or(members) if members else None
        elif kind == "not":
            below = _Place(place.json + ".not", place.paths, under_not=True, in_element=place.in_element)
            inner = self.node(getattr(requirement, "not"), below)
            found = None if inner is None else Not(inner)
        elif kind == "constraint":
            found = self.compare(requirement.constraint, place.at(".constraint"))
        elif kind == "element":
            found = self.element(requirement.element, place.at(".element"))
        elif kind == "device_group":
            found = self.group(requirement.device_group, place.at(".deviceGroup"))
        else:
            self.complain(place.json, "a requirement states nothing", "REQ-LIMIT-1", "state one condition")
        return found

    def members(self, several: v1.RequirementList, place: _Place) -> tuple[Node, ...]:
        if not several.requirements:
            self.complain(
                place.json, "the list of requirements is empty", "REQ-LIMIT-1", "state at least one"
            )
        found = [
            self.node(inner, place.at(f".requirements[{index}]"))
            for index, inner in enumerate(several.requirements)
        ]
        return tuple(node for node in found if node is not None)

    def path(self, name: str, place: _Place, member: str) -> Path | None:
        found = place.paths.get(name)
        if found is None:
            self.complain(
                f"{place.json}.{member}", *unknown_path(name, place.paths, in_element=place.in_element)
            )
        return found

    def compare(self, constraint: v1.Constraint, place: _Place) -> _Checked:
        path = self.path(constraint.path, place, "path")
        op = _OPERATORS.get(constraint.op)
        if op is None:
            message = "the comparison is not stated or not known"
            self.complain(f"{place.json}.op", message, "REQ-OP-1", "use one of the contract's operators")
        if path is None or op is None or not self.op_suits(path, op, place):
            return None
        before = len(self.violations)
        operands = self.operands(path, op, constraint, place)
        self.evidence(path, constraint, place)
        if len(self.violations) > before:
            return None
        dense = path.steps[-1].member != "sparsity" if path.steps else True
        bases, assurance = tuple(constraint.accepted_bases), tuple(constraint.accepted_assurance)
        return Compare(path, op, operands, bases, assurance, dense)

    def op_suits(self, path: Path, op: Op, place: _Place) -> bool:
        """Checks that the operator can be asked of the path (REQ-OP-1)."""
        if op not in SUITABLE[path.type]:
            self.complain(f"{place.json}.op", *unsuitable(path, op))
            return False
        if op is Op.COVERS_INTERVAL and path.interval is None:
            message = f"`covers` asks about an interval, and {path.name} states none"
            fix = "ask it of `availability`, or of an interval such as `compliance.valid`"
            self.complain(f"{place.json}.op", message, "REQ-OP-1", fix)
            return False
        if op in ON_LISTS and not path.repeated:
            message = f"`{op.symbol}` asks about a list, and {path.name} has one value"
            fix = "use `=` or `in`" if op is Op.HAS_ANY else "use `=`"
            self.complain(f"{place.json}.op", message, "REQ-OP-1", fix)
            return False
        return True

    def operands(self, path: Path, op: Op, constraint: v1.Constraint, place: _Place) -> tuple[Scalar, ...]:
        """Checks number, kind and form of the operands (REQ-VALUE-1, REQ-VALUE-2)."""
        if op is Op.COVERS_INTERVAL:
            return self.interval(path, constraint, place)
        given = len(constraint.values)
        most = 0 if op is Op.EXISTS else MAX_OPERANDS if op in MANY_OPERANDS else 1
        if not min(most, 1) <= given <= most:
            wanted = "no value" if most == 0 else "one value" if most == 1 else f"1 to {most} values"
            self.complain(f"{place.json}.values", f"`{op.symbol}` takes {wanted}, not {given}", "REQ-VALUE-1")
            return ()
        operands: list[Scalar] = []
        for index, value in enumerate(constraint.values):
            where = f"{place.json}.values[{index}]"
            try:
                operand = read_operand(value, path.type)
            except ValueError as error:
                self.complain(where, f"{path.name}: {error}", "REQ-VALUE-1")
                continue
            problem = misfit(path, op, operand)
            if problem is not None:
                self.complain(where, *problem)
            operands.append(operand)
        return tuple(operands)

    def interval(self, path: Path, constraint: v1.Constraint, place: _Place) -> tuple[Scalar, ...]:
        """Checks the two ends of the interval of COVERS_INTERVAL; none mean the demand's (REQ-COVERS-1)."""
        where, ends = f"{place.json}.values", []
        for index, value in enumerate(constraint.values[:2]):
            try:
                ends.append(read_operand(value, ValueType.TIME))
            except ValueError as error:
                self.complain(f"{where}[{index}]", f"{path.name}: {error}", "REQ-VALUE-1")
        if len(constraint.values) not in (0, 2):
            message = f"`covers` takes the two ends of an interval, or none, not {len(constraint.values)}"
            self.complain(where, message, "REQ-VALUE-1")
        match ends:
            case [datetime() as start, datetime() as end] if start < end:
                return (Span.between(start, end),)
            case [_, _]:
                message = "the interval ends not after its start"
                self.complain(where, message, "REQ-VALUE-1", "the end is exclusive: put it later")
        return ()

    def evidence(self, path: Path, constraint: v1.Constraint, place: _Place) -> None:
        """Checks that accepted bases and assurances are tokens, and can be stated there (REQ-BASIS-2)."""
        for member, word, tokens, governed in (
            ("acceptedBases", "basis", constraint.accepted_bases, path.has_basis),
            ("acceptedAssurance", "assurance", constraint.accepted_assurance, path.has_assurance),
        ):
            where = f"{place.json}.{member}"
            if tokens and not governed:
                message = f"no {word} can be stated for {path.name}, so none can be required"
                self.complain(where, message, "REQ-BASIS-2", f"leave the accepted {word} out")
            if len(set(tokens)) != len(tokens) or len(tokens) > MAX_DEPTH:
                self.complain(where, "more than 8 tokens, or one twice", "REQ-BASIS-1", "name each once")
            for token in tokens:
                if not is_token(token):
                    self.complain(
                        where, f"{token[:64]!r} is not a token", "REQ-BASIS-1", "write it like `sla`"
                    )

    def element(self, element: v1.Element, place: _Place) -> _Checked:
        path = self.path(element.path, place, "path")
        if path is None:
            return None
        if not path.is_message_list:
            message = f"{path.name} is not a list of elements with fields of their own"
            fix = f"the nearest lists are {lists(place.paths)}"
            self.complain(f"{place.json}.path", message, "REQ-ELEMENT-1", fix)
            return None
        inside = _Place(
            place.json + ".requirement", place.paths.inside(path), under_not=place.under_not, in_element=True
        )
        inner = self.node(element.requirement, inside)
        return None if inner is None else ElementNode(path, inner, not asks_sparsity(path, inner))

    def group(self, group: v1.DeviceGroup, place: _Place) -> _Checked:
        if place.under_not:
            message = "a device group stands under `not`, where its devices could not be counted apart"
            fix = "state how many devices are wanted, or use Element under `not`"
            self.complain(place.json, message, "REQ-GROUP-3", fix)
        path = self.path(group.path if group.HasField("path") else "accelerators", place, "path")
        if path is None or place.in_element or path.name not in DEVICE_LISTS:
            if path is not None:
                message = (
                    f"{path.name} is not a list of devices"
                    if not place.in_element
                    else "devices in an element"
                )
                fix = f"count devices in {', '.join(DEVICE_LISTS)}"
                self.complain(f"{place.json}.path", message, "REQ-GROUP-1", fix)
            return None
        if group.count < 1:
            message = f"the number of devices is {group.count}"
            self.complain(f"{place.json}.count", message, "REQ-GROUP-1", "ask for at least one")
        inside = _Place(
            place.json + ".each", place.paths.inside(path), under_not=place.under_not, in_element=True
        )
        each = self.node(group.each, inside) if group.HasField("each") else None
        same = self.shared(group.same, inside.paths, f"{place.json}.same")
        distinct = self.shared(group.distinct, inside.paths, f"{place.json}.distinct")
        return Group(path, group.HasField("path"), max(group.count, 1), each, same, distinct)

    def shared(self, names: Sequence[str], paths: Registry, where: str) -> tuple[Path, ...]:
        """Checks the paths whose values a group compares among its own devices (REQ-GROUP-2)."""
        found: list[Path] = []
        if len(names) > MAX_DEPTH or len(set(names)) != len(names):
            self.complain(where, "more than 8 paths, or one twice", "REQ-GROUP-2", "name each once")
        for index, name in enumerate(names):
            path = paths.get(name)
            if path is None:
                self.complain(f"{where}[{index}]", *unknown_path(name, paths, in_element=True))
            elif path.repeated or path.type is ValueType.MESSAGE:
                message = f"{name} does not have one value in an element"
                self.complain(
                    f"{where}[{index}]", message, "REQ-GROUP-2", "name a single value, such as `vendor`"
                )
            else:
                found.append(path)
        return tuple(found)

    def groups(self, node: _Checked) -> None:
        """Refuses more groups together than can be counted exactly (REQ-GROUP-4)."""
        for inner in () if node is None else descend(node):
            together = [member for member in conjuncts(inner) if isinstance(member, Group)]
            if isinstance(inner, And) and len(together) > MAX_GROUPS:
                message = f"{len(together)} device groups stand together"
                self.complain("$", message, "REQ-GROUP-4", f"ask for at most {MAX_GROUPS} in one search")
                return


def _inner(requirement: v1.Requirement) -> Sequence[v1.Requirement]:
    kind = requirement.WhichOneof("node")
    if kind == "all_of":
        return requirement.all_of.requirements
    if kind == "any_of":
        return requirement.any_of.requirements
    if kind == "not":
        return (getattr(requirement, "not"),)
    if kind == "element":
        return (requirement.element.requirement,)
    if kind == "device_group" and requirement.device_group.HasField("each"):
        return (requirement.device_group.each,)
    return ()


def asks_sparsity(path: Path, inner: Node) -> bool:
    """Tells whether a requirement on one rate says which sparsity it means (REQ-DENSE-1)."""
    if path.message != "Rate":
        return False
    return any(isinstance(node, Compare) and node.path.name == "sparsity" for node in descend(inner))


def unknown_path(name: str, paths: Registry, *, in_element: bool) -> tuple[str, str, str]:
    """Gives message, requirement and fix for a path that the registry does not have."""
    near = paths.nearest(name)
    fix = f"did you mean {' or '.join(near)}?" if near else "see the path registry"
    if in_element:
        fix += " Paths inside an element begin at the element"
        if registry().get(name) is not None:
            fix += f"; state {name[:64]} outside"
    return f"there is no path {name[:256]!r}", "REQ-PATH-1", fix


def unsuitable(path: Path, op: Op) -> tuple[str, str, str]:
    """Gives message, requirement and fix for an operator that cannot be asked of a path."""
    message = f"`{op.symbol}` cannot be asked of {path.name}, which is {_a(path.type.value)}"
    if path.type is ValueType.DISPLAY:
        return message, "REQ-DISPLAY-1", _instead_of_display(path)
    known = SUITABLE[path.type] - (frozenset({Op.COVERS_INTERVAL}) if path.interval is None else frozenset())
    suitable = ", ".join(f"`{one.symbol}`" for one in Op if one in known)
    return message, "REQ-OP-1", f"use {suitable}"


def _instead_of_display(path: Path) -> str:
    others = {
        "Accelerator.product": "match on vendor, architecture, form_factor, memory and pci",
        "Cpu.model": "match on isa, isa_level, vendor and schedulable_cpus",
        "Partition.profile": "match on what the slice contains, such as accelerators.memory.capacity",
        "Site.provider_region": "match on site.country, site.subdivision or site.id",
    }
    return others.get(path.description, "it is text for people: ask only whether it exists")


def misfit(path: Path, op: Op, operand: Scalar) -> tuple[str, str, str] | None:
    """Gives message, requirement and fix for an operand that no document could state at the path."""
    if op is Op.VERSION_GE and not is_version(str(operand)):
        return (
            f"{str(operand)[:64]!r} is not a version",
            "REQ-VERSION-1",
            "write numbers and points, like `12.4`",
        )
    if not isinstance(operand, str) or path.rule is None or path.rule.admits(operand):
        return None
    fix = path.rule.fix
    for other in (operand.lower(), operand.upper(), operand.lower().replace("_", "-").replace(" ", "-")):
        if path.rule.admits(other):
            fix = f"did you mean {other}?"
            break
    return f"no document can state {operand[:64]!r} at {path.name}", "REQ-VALUE-2", fix


def lists(paths: Registry) -> str:
    """Names the lists of a registry that an Element can take."""
    return ", ".join(path.name for path in paths if path.is_message_list and "." not in path.name) or "none"


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
