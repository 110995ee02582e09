"""Reads the state machines of the contract (`states.json`) and refuses tables that contradict it.

From them come `crex.v1.state_tables` and the page `states.md`; both are written here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from tools.contract import Contract, comments, enums, messages, value_place
from tools.protoc import GenerateError

ACTORS = {"C": "consumer", "P": "provider", "B": "broker", "A": "arbiter"}


@dataclass(frozen=True)
class Step:
    """One row of a table: from which states which event, by whom, leads where."""

    sources: tuple[str, ...]
    event: str
    actors: tuple[str, ...]
    target: str
    guard: str
    source: str


@dataclass(frozen=True)
class State:
    """A state: its name without the enum's prefix, its number, and what it means."""

    name: str
    number: int
    comment: str


@dataclass(frozen=True)
class Machine:
    """The table of one kind of object."""

    object: str
    enum: str
    requirement: str
    states: tuple[State, ...]
    steps: tuple[Step, ...]

    @property
    def terminal(self) -> tuple[str, ...]:
        """States that no step leaves."""
        left = {source for step in self.steps for source in step.sources if source != step.target}
        return tuple(state.name for state in self.states if state.name not in left)


def load_machines(path: Path, contract: Contract) -> list[Machine]:
    """Reads the tables and compares them with the contract.

    Raises:
        GenerateError: A table names a state, actor, method or message that does not exist, has two steps
            for one event in one state, or has a state that nothing leads to; all of them are listed.
    """
    machines = [_machine(entry, contract) for entry in json.loads(path.read_text("utf-8"))["machines"]]
    faults = [f"{machine.object}: {fault}" for machine in machines for fault in _faults(machine, contract)]
    if faults:
        listed = "\n".join(f"  {fault}" for fault in faults)
        raise GenerateError(f"{path.name} contradicts the contract:\n{listed}")
    return machines


def _machine(entry: dict[str, object], contract: Contract) -> Machine:
    steps = cast("list[dict[str, Any]]", entry["transitions"])
    return Machine(
        str(entry["object"]),
        str(entry["enum"]),
        str(entry["requirement"]),
        tuple(_states(str(entry["enum"]), contract)),
        tuple(
            Step(
                tuple(step["from"]),
                step["event"],
                tuple(step["actors"]),
                step["to"],
                step.get("guard", ""),
                step["source"],
            )
            for step in steps
        ),
    )


def _states(enum_name: str, contract: Contract) -> Iterator[State]:
    for file in contract.files:
        texts = comments(file)
        for name, place, enum in enums(file):
            if name != enum_name:
                continue
            prefix = enum.value[0].name.removesuffix("UNSPECIFIED")
            for index, value in enumerate(enum.value):
                if value.number != 0:
                    comment = texts.get(value_place(place, index), "")
                    yield State(value.name.removeprefix(prefix), value.number, comment)


def _faults(machine: Machine, contract: Contract) -> Iterator[str]:
    known = {state.name for state in machine.states}
    if not known:
        yield f"the contract has no enum {machine.enum}"
        return
    taken: set[tuple[str, str]] = set()
    for step in machine.steps:
        named = f'event "{step.event}"'
        yield from (f"{named}: no state {name}" for name in (*step.sources, step.target) if name not in known)
        yield from (f"{named}: no actor {actor}" for actor in step.actors if actor not in ACTORS)
        for source in step.sources or ("",):
            if (source, step.event) in taken:
                yield f"{named} leaves {source or 'nothing'} twice"
            taken.add((source, step.event))
        if not all(_source_exists(source, contract) for source in step.source.split(" or ")):
            yield f"{named}: {step.source} is neither a method, nor a message or a field of one, nor a timer"
    reached = {step.target for step in machine.steps}
    yield from (f"no step leads to {name}" for name in sorted(known - reached))


def _source_exists(source: str, contract: Contract) -> bool:
    kind, _, name = source.partition(":")
    owner, _, member = name.partition(".")
    if kind == "timer":
        return bool(name)
    if kind == "rpc":
        return any(
            service.name == owner and any(method.name == member for method in service.method)
            for file in contract.files
            for service in file.service
        )
    return kind in ("stream", "document") and any(
        message_name == owner
        and (any(field.name == member for field in message.field) or (kind == "document" and not member))
        for file in contract.files
        for message_name, _, message in messages(file)
    )


_MODULE = '''# Generated by `make generate` from proto/crex/v1/states.json. Do not edit.
"""The state tables of the contract, as data; proto/spec/states.md is the same for people."""

from typing import NamedTuple


class Step(NamedTuple):
    """One row: `event`, caused by one of `actors`, takes an object from any of `sources` to `target`.

    No sources: the event brings the object into being. `guard` says in words what must hold besides; `source`
    is the method (`rpc:Service.Method`), the message (`stream:Message.field`), the timer, or the signed
    document (`document:Message`, `document:Message.field`) by which the event arrives; several are joined by
    ` or `.
    """

    sources: tuple[str, ...]
    event: str
    actors: tuple[str, ...]
    target: str
    guard: str
    source: str


class Machine(NamedTuple):
    """The table of one kind of object. `states` maps each state to the number of its enum value."""

    object: str
    enum: str
    requirement: str
    states: dict[str, int]
    terminal: tuple[str, ...]
    steps: tuple[Step, ...]


MACHINES: dict[str, Machine] = {
'''


def state_module(machines: list[Machine]) -> str:
    """Writes the tables as a Python module."""
    text = _MODULE
    for machine in machines:
        text += f'    "{machine.object}": Machine(\n'
        text += f'        "{machine.object}",\n        "{machine.enum}",\n        "{machine.requirement}",\n'
        text += (
            "        {" + ", ".join(f'"{state.name}": {state.number}' for state in machine.states) + "},\n"
        )
        text += f"        {_literal(machine.terminal)},\n        (\n"
        for step in machine.steps:
            text += (
                f"            Step({_literal(step.sources)}, {_quoted(step.event)}, {_literal(step.actors)}, "
            )
            text += f"{_quoted(step.target)}, {_quoted(step.guard)}, {_quoted(step.source)}),\n"
        text += "        ),\n    ),\n"
    return text + "}\n"


def _literal(items: tuple[str, ...]) -> str:
    inner = ", ".join(_quoted(item) for item in items)
    return f"({inner},)" if len(items) == 1 else f"({inner})"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


_PAGE = """<!-- Generated by `make generate` from proto/crex/v1/states.json. Do not edit. -->
# States

Every object that a broker keeps has a state, and every change of it is a row below. An event that led to
the current state may be repeated and succeeds again; any other event that no row allows is refused with
ILLEGAL_TRANSITION, which names the current state and the etag. A row without a state before it brings the
object into being.
"""


def state_page(machines: list[Machine], stated: Mapping[str, str]) -> str:
    """Writes the tables and their diagrams as a page of the specification.

    Args:
        machines: The tables.
        stated: Page of each requirement that another page states; the rest is stated here.
    """
    return _PAGE + "".join(_section(machine, stated.get(machine.requirement)) for machine in machines)


def _section(machine: Machine, page: str | None) -> str:
    text = f"\n## {machine.object.capitalize()}\n\n"
    if page is None:
        article = "an" if machine.object[0] in "aeio" else "a"
        text += f"### {machine.requirement}\n"
        text += f"A broker MUST change the state of {article} {machine.object} only by a row of this table.\n"
        text += "<!-- actor: broker; testability: wire -->\n\n"
    else:
        text += f"[{machine.requirement}]({page}#{machine.requirement.lower()})\n\n"
    text += "| from | event | by | to | where | arrives by |\n|---|---|---|---|---|---|\n"
    for step in machine.steps:
        cells = [
            ", ".join(step.sources) or "–",
            step.event,
            ", ".join(ACTORS[actor] for actor in step.actors),
            step.target,
            step.guard or "–",
            " or ".join(source.replace(":", " ", 1) for source in step.source.split(" or ")),
        ]
        text += "| " + " | ".join(cells) + " |\n"
    text += "\n| state | number | meaning |\n|---|---|---|\n"
    for state in machine.states:
        text += f"| {state.name} | {state.number} | {' '.join(state.comment.split())} |\n"
    return text + "\n" + _diagram(machine)


def _diagram(machine: Machine) -> str:
    lines = ["```mermaid", "stateDiagram-v2"]
    arrows: dict[tuple[str, str], list[str]] = {}
    for step in machine.steps:
        for source in step.sources or ("[*]",):
            arrows.setdefault((source, step.target), []).append(step.event)
    lines += [f"  {source} --> {target}: {', '.join(events)}" for (source, target), events in arrows.items()]
    lines += [f"  {name} --> [*]" for name in machine.terminal]
    return "\n".join([*lines, "```", ""])
