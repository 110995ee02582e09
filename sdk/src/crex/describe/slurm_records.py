"""What Slurm says of one node, whichever of its tools printed it.

Several statements about one node are joined. Where two of them differ in a figure, neither is believed:
nothing says which one is older.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from crex.decimals.ranges import INT64_MAX
from crex.describe.importing import Import
from crex.describe.report import Report
from crex.describe.values import clean, whole

# Figures of a node, by the names that slurm.conf(5) and `scontrol show node` have for them.
CPUS: Final = "CPUTot"
EFFECTIVE: Final = "CPUEfctv"
SOCKETS: Final = "Sockets"
CORES: Final = "CoresPerSocket"
THREADS: Final = "ThreadsPerCore"
CORES_KEPT: Final = "CoreSpecCount"
MEMORY: Final = "RealMemory"
MEMORY_KEPT: Final = "MemSpecLimit"
DISK: Final = "TmpDisk"
ARCHITECTURE: Final = "Arch"
CPUS_KEPT: Final = "CPUSpecList"
GRES: Final = "Gres"
TRACKED: Final = "CfgTRES"
SYSTEM: Final = "OS"
VERSION: Final = "Version"

# The largest that is a figure. Counts are kept in 16 bits and memory in 32 bits or more; the two highest
# values say "not set" and "infinite" (slurm.h: NO_VAL, INFINITE), and old versions print them.
LIMITS: Final[Mapping[str, int]] = {
    **dict.fromkeys((CPUS, EFFECTIVE, SOCKETS, CORES, THREADS, CORES_KEPT), 0xFFFD),
    **dict.fromkeys((MEMORY, MEMORY_KEPT, DISK), 0xFFFFFFFD),
}
NUMBERS: Final = tuple(LIMITS)
TEXTS: Final = (ARCHITECTURE, CPUS_KEPT, GRES, TRACKED, SYSTEM, VERSION)
# What is written for nothing: C prints a text that is not there as "(null)".
_NOTHING: Final = frozenset({"", "(null)", "N/A", "n/a", "none", "None"})

# As many hosts as Slurm itself takes in one range (hostlist.h: MAX_RANGE), and in all files of an import.
MOST_HOSTS: Final = 65_536
MOST_NODES: Final = 200_000
_HOST: Final = re.compile(r"[A-Za-z0-9_.-]{1,255}")
_RANGE: Final = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")


@dataclass(slots=True, kw_only=True)
class Record:
    """What is said of one node.

    Attributes:
        name: Its name.
        where: Row of the first statement.
        rows: Rows that speak of it.
        numbers: Figures that are whole numbers.
        texts: Figures that are texts; generic and trackable resources in a form that can be compared.
        said: For each figure, the field and the tool that state it.
        states: Its states, in capitals.
        reasons: Why it is not in use, as Slurm or somebody says.
        unread: What else is stated of it, which no description has.
    """

    name: str
    where: str
    rows: list[str]
    numbers: dict[str, int] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    said: dict[str, tuple[str, str]] = field(default_factory=dict)
    states: frozenset[str] = frozenset()
    reasons: tuple[str, ...] = ()
    unread: frozenset[str] = frozenset()
    _disputed: set[str] = field(default_factory=set)

    def method(self, *figures: str) -> str:
        """Says which fields of which tools state figures, such as `RealMemory` of scontrol show node."""
        fields: dict[str, list[str]] = {}
        for figure in figures:
            if figure in self.said:
                name, tool = self.said[figure]
                fields.setdefault(tool, []).append(f"`{name}`")
        return "; ".join(f"{', '.join(names)} of {tool}" for tool, names in fields.items())

    def join(self, other: Record, report: Report) -> None:
        """Takes in another statement about the same node."""
        self.rows += [row for row in other.rows if row not in self.rows]
        self.states |= other.states
        self.reasons += tuple(one for one in other.reasons if one not in self.reasons)
        self.unread |= other.unread
        for figure in (*other.numbers, *other.texts):
            if figure not in self._disputed:
                self._join(figure, other, report)

    def _join(self, figure: str, other: Record, report: Report) -> None:
        mine = self.numbers.get(figure, self.texts.get(figure))
        its = other.numbers.get(figure, other.texts.get(figure))
        if mine is None:
            if figure in other.numbers:
                self.numbers[figure] = other.numbers[figure]
            else:
                self.texts[figure] = other.texts[figure]
            self.said[figure] = other.said[figure]
        elif mine != its:
            self._disputed.add(figure)
            self.numbers.pop(figure, None)
            self.texts.pop(figure, None)
            shown = (clean(str(one), 80) or "nothing" for one in (mine, its))
            why = f"{' and '.join(shown)} ({other.where}); neither is believed"
            report.contradict(f"{figure} of {self.name}", self.where, why)


@dataclass(slots=True)
class Nodes:
    """All nodes of an import.

    Attributes:
        books: Those of the import.
        found: What is said of each, by its name.
        refused: Rows of nodes that were not taken in, and why.
    """

    books: Import
    found: dict[str, Record] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Takes in a statement about a node; its rows are left out where there are too many nodes."""
        known = self.found.get(record.name)
        if known is not None:
            known.join(record, self.books.report)
        elif not self._full(record):
            self.found[record.name] = record

    def _full(self, record: Record) -> bool:
        if len(self.found) < MOST_NODES:
            return False
        if record.where not in self.refused:
            why = f"there are more than {MOST_NODES} nodes; read the others apart"
            self.refused[record.where] = why
            self.books.report.leave_out("nodes", record.where, why)
        return True

    def spread(self, record: Record, hosts: Iterable[str]) -> None:
        """Takes in what is said of each of several nodes."""
        for host in hosts:
            if host not in self.found and self._full(record):
                continue
            one = Record(
                name=host,
                where=record.where,
                rows=list(record.rows),
                numbers=dict(record.numbers),
                texts=dict(record.texts),
                said=record.said,
                states=record.states,
                reasons=record.reasons,
                unread=record.unread,
            )
            self.add(one)


def set_number(record: Record, figure: str, value: int | None, field_name: str, tool: str) -> None:
    """States a number in a record; nothing where there is none."""
    if value is not None:
        record.numbers[figure] = value
        record.said[figure] = (field_name, tool)


def set_text(record: Record, figure: str, value: str | None, field_name: str, tool: str) -> None:
    """States a text in a record; an empty list of generic resources is one, other empty texts are none."""
    text = (value or "").strip()
    text = "" if text in _NOTHING else text
    if value is None or not (text or figure == GRES):
        return
    record.texts[figure] = _LISTS[figure](text) if figure in _LISTS else text
    record.said[figure] = (field_name, tool)


def _generic(text: str) -> str:
    """Writes generic resources without the sockets that they are near to, `(S:0-1)`, in an order."""
    return ",".join(sorted(part.strip() for part in re.sub(r"\([A-Za-z]+:[^()]*\)", "", text).split(",")))


def _tracked(text: str) -> str:
    return ",".join(sorted(part.strip() for part in text.split(",")))


_LISTS: Final = {GRES: _generic, TRACKED: _tracked}


def tracked(record: Record) -> dict[str, str]:
    """Gives the trackable resources of a node, `{"cpu": "64", "mem": "500000M", "gres/gpu": "4"}`."""
    parts = record.texts.get(TRACKED, "").split(",")
    return {name: amount for name, _, amount in (part.partition("=") for part in parts) if amount}


def read_states(*values: object) -> frozenset[str]:
    """Reads states: `DOWN*+DRAIN`, `["IDLE", "DRAIN"]`, with marks as words.

    The marks are those of node_state_string (src/common/slurm_protocol_defs.c).
    """
    words: set[str] = set()
    for value in values:
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                words |= set(re.findall(r"[A-Z_]+", text.upper()))
                words |= {word for mark, word in _MARKS.items() if mark in text}
    return frozenset(words)


_MARKS: Final = {
    "*": "NOT_RESPONDING",
    "~": "POWERED_DOWN",
    "%": "POWERING_DOWN",
    "!": "POWER_DOWN",
    "#": "POWERING_UP",
    "$": "MAINT",
    "@": "REBOOT",
    "^": "REBOOT_ISSUED",
}


def expand_hosts(text: str) -> list[str] | str:
    """Expands a list of hosts such as `node[001-004,7],login1`; or says why it is none."""
    hosts: list[str] = []
    for part in re.split(r",(?![^\[]*\])", text.strip()):
        found = _expand(part.strip(), MOST_HOSTS - len(hosts))
        if isinstance(found, str):
            return found
        hosts += found
    return hosts


def _expand(text: str, most: int) -> list[str] | str:
    hosts = [""]
    for piece in re.findall(r"\[[^\[\]]*\]|[^\[\]]+|[\[\]]", text):
        choices = _choices(piece[1:-1], most) if piece[0] == "[" and piece[-1] == "]" else [piece]
        if isinstance(choices, str) or len(hosts) * len(choices) > most:
            return f"{clean(text, 80)!r} is no list of at most {MOST_HOSTS} hosts"
        hosts = [head + tail for head in hosts for tail in choices]
    if not all(_HOST.fullmatch(host) for host in hosts):
        return f"{clean(text, 80)!r} is no list of hosts; it may be cut"
    return hosts


def _choices(text: str, most: int) -> list[str] | str:
    numbers: list[str] = []
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        low = match[1] if match else ""
        high = (match[2] or low) if match else ""
        if not low or not 0 <= int(high) - int(low) < most - len(numbers):
            return "it is no range"
        numbers += [f"{number:0{len(low)}}" for number in range(int(low), int(high) + 1)]
    return numbers


def read_number(figure: str, value: str | None) -> int | None:
    """Reads a figure that is written in digits; nothing for anything else, and for what says "not set"."""
    return whole(value, high=LIMITS.get(figure, INT64_MAX))
