"""Nodes as `scontrol show nodes --json`, slurmrestd and `sinfo --json` write them.

Names and types are those of the data parsers v0.0.37 to v0.0.43 (src/plugins/data_parser and, before it,
src/plugins/openapi). A number that may be unset is `{"set": true, "infinite": false, "number": 4}`.
"""

from __future__ import annotations

import re
from typing import Final

from crex.describe.members import Members, as_whole, kind_of
from crex.describe.slurm_records import (
    ARCHITECTURE,
    CORES,
    CORES_KEPT,
    CPUS,
    CPUS_KEPT,
    DISK,
    EFFECTIVE,
    GRES,
    LIMITS,
    MEMORY,
    MEMORY_KEPT,
    SOCKETS,
    SYSTEM,
    THREADS,
    TRACKED,
    VERSION,
    Nodes,
    Record,
    expand_hosts,
    read_number,
    read_states,
    set_number,
    set_text,
)
from crex.describe.sources import Source, read_json, read_json_lines
from crex.describe.values import clean

_TOOL: Final = "Slurm (JSON)"
_SINFO: Final = "sinfo --json"
_NUMBERS: Final = {
    CPUS: "cpus",
    EFFECTIVE: "effective_cpus",
    SOCKETS: "sockets",
    CORES: "cores",
    THREADS: "threads",
    CORES_KEPT: "specialized_cores",
    MEMORY: "real_memory",
    MEMORY_KEPT: "specialized_memory",
    DISK: "temporary_disk",
}
_TEXTS: Final = {
    ARCHITECTURE: "architecture",
    CPUS_KEPT: "specialized_cpus",
    GRES: "gres",
    TRACKED: "tres",
    SYSTEM: "operating_system",
}
# Members of which the name changed with v0.0.39.
_VERSIONS: Final = ("version", "slurmd_version")
# Figures that sinfo gives as the least and the most of the nodes of a line.
_RANGES: Final = {
    CPUS: "cpus",
    SOCKETS: "sockets",
    CORES: "cores",
    THREADS: "threads",
    MEMORY: "memory",
    DISK: "disk",
}
_UNREAD: Final = ("features", "partitions")
# What other answers of Slurm list.
_OTHERS: Final = {
    "jobs": "jobs, which are work and no supply",
    "steps": "steps of jobs, which are work and no supply",
    "statistics": "statistics of the scheduler",
    "licenses": "licences",
    "partitions": "partitions, which say who may use nodes",
    "reservations": "reservations of nodes",
    "accounts": "accounts",
    "users": "users",
    "associations": "accounting associations",
    "qos": "qualities of service",
    "clusters": "clusters that share a database",
    "shares": "shares of accounts",
}
# Members of a line that prometheus-slurm-exporter has sinfo and squeue print where they know no --json,
# `{"s": "%T", "mem": %m, "n": "%n", …, "cstate": "%C"}`: https://github.com/rivosinc/prometheus-slurm-exporter.
_LINE: Final = frozenset({"n", "mem", "cstate"})
_JOB_LINE: Final = frozenset({"a", "id", "state", "cpu"})
_FORMAT: Final = "sinfo, as a format of lines has it"
_TOTAL: Final = re.compile(r"[0-9]+/[0-9]+/[0-9]+/([0-9]+)")
_MOST_ENTRIES: Final = 1_000_000


def read_answer(source: Source, nodes: Nodes) -> None:
    """Takes in an answer, or lines that are an object each."""
    parsed = read_json(source)
    if parsed.problem.startswith("it is not JSON: Extra data"):
        _read_lines(source, nodes)
        return
    books = nodes.books
    answer = Members.of(parsed.value, f"{source.name}: $", books.report)
    if parsed.problem or answer is None:
        why = parsed.problem or f"it is {kind_of(parsed.value)}, not an answer of Slurm"
        books.leave_out(books.row(source.name), why)
        return
    if answer.value.keys() >= _LINE or answer.value.keys() >= _JOB_LINE:
        _read_lines(source, nodes)
        return
    for complaint in ("errors", "warnings"):
        for entry in answer.items(complaint)[:8]:
            why = f"Slurm itself says {clean(_said(entry), 200)!r}; something may be missing"
            books.report.leave_out("nodes", answer.place(complaint), why)
    kind = next((name for name in ("sinfo", "nodes") if isinstance(answer.raw(name), list)), "")
    if not kind:
        books.leave_out(books.row(source.name), _what(answer))
        return
    entries = answer.items(kind)
    if not entries:
        books.leave_out(books.row(source.name), "it lists no node")
    for position, value in enumerate(entries[:_MOST_ENTRIES]):
        row = books.row(f"{answer.place(kind)}[{position}]")
        entry = Members.of(value, row, books.report)
        if entry is None:
            books.leave_out(row, f"it is {kind_of(value)}, not a node")
        elif kind == "nodes":
            _read_node(entry, row, nodes)
        else:
            _read_line(entry, row, nodes)
    if len(entries) > _MOST_ENTRIES:
        why = f"it lists {len(entries)} nodes; those after the first {_MOST_ENTRIES} are not read"
        books.leave_out(books.row(f"{answer.place(kind)}[{_MOST_ENTRIES}…]"), why)


def _said(entry: object) -> str:
    """Gives what an error of an answer says."""
    if not isinstance(entry, dict):
        return str(entry)
    return str(entry.get("description") or entry.get("error") or "an error")


def _what(answer: Members) -> str:
    if answer.has("nodes"):
        return f"nodes: it is {kind_of(answer.raw('nodes'))}, not a list"
    found = next((told for name, told in _OTHERS.items() if answer.has(name)), None)
    return f"it lists no nodes; these are {found}" if found else "it has no nodes of Slurm"


def _read_node(entry: Members, row: str, nodes: Nodes) -> None:
    name = clean(entry.text("name"), 255)
    if name is None:
        nodes.books.leave_out(row, "it names no node")
        return
    record = Record(
        name=name,
        where=row,
        rows=[row],
        states=read_states(entry.raw("state"), entry.raw("state_flags")),
        unread=frozenset(one for one in _UNREAD if entry.raw(one)),
    )
    for figure, member in _NUMBERS.items():
        set_number(record, figure, _number(entry, member, figure), member, _TOOL)
    for figure, member in _TEXTS.items():
        set_text(record, figure, entry.text(member), member, _TOOL)
    for member in _VERSIONS:
        set_text(record, VERSION, entry.text(member), member, _TOOL)
    reason = entry.text("reason")
    record.reasons = (reason,) if reason else ()
    nodes.add(record)


def _number(entry: Members, name: str, figure: str) -> int | None:
    """Reads a number: plain, or as an object that says whether it is set."""
    value = entry.raw(name)
    if isinstance(value, dict):
        if value.get("infinite") is True:
            entry.report.leave_out(name, entry.place(name), "it is infinite, which is no figure")
            return None
        if value.get("set") is not True:
            return None
        value = value.get("number")
    if value is None:
        return None
    found = as_whole(value, high=LIMITS[figure])
    if found is None:
        entry.report.leave_out(
            name, entry.place(name), f"it is {kind_of(value)}, which is no number of a node"
        )
    return found


def _read_line(entry: Members, row: str, nodes: Nodes) -> None:
    """Reads a line of `sinfo --json`: nodes, each figure as the least and the most that one of them has."""
    books = nodes.books
    listed = entry.mapping("nodes")
    names = [] if listed is None else listed.texts("nodes") or listed.texts("hostnames")
    hosts = expand_hosts(",".join(names)) if names else "it names no node"
    if isinstance(hosts, str):
        books.leave_out(row, hosts)
        return
    state, gres, reason = (entry.mapping(name) for name in ("node", "gres", "reason"))
    record = Record(name="", where=row, rows=[row])
    record.states = read_states(state.raw("state")) if state is not None else frozenset()
    for figure, member in _RANGES.items():
        set_number(record, figure, _range(entry, member, figure), member, _SINFO)
    set_text(record, GRES, gres.text("total") if gres is not None else None, "gres.total", _SINFO)
    said = reason.text("description") if reason is not None else None
    record.reasons = (said,) if said else ()
    nodes.spread(record, hosts)


def _range(entry: Members, name: str, figure: str) -> int | None:
    bounds = entry.mapping(name)
    if bounds is None:
        return None
    low, high = (_number(bounds, one, figure) for one in ("minimum", "maximum"))
    if low != high and low is not None and high is not None:
        why = f"it is from {low} to {high}, and does not say which node has how much; use `sinfo -N`"
        entry.report.leave_out(name, entry.place(name), why)
        return None
    return low if low == high else None


def _read_lines(source: Source, nodes: Nodes) -> None:
    books = nodes.books
    for number, parsed in read_json_lines(source):
        row = books.row(f"{source.name}: line {number}")
        entry = Members.of(parsed.value, row, books.report)
        if entry is None:
            books.leave_out(row, parsed.problem or f"it is {kind_of(parsed.value)}, not an object")
        elif entry.value.keys() >= _LINE:
            _read_format(entry, row, nodes)
        elif entry.value.keys() >= _JOB_LINE:
            books.leave_out(row, "it is a job, which is work and no supply")
        else:
            books.leave_out(row, "nothing says what its members are")


def _read_format(entry: Members, row: str, nodes: Nodes) -> None:
    name, total = entry.text("n"), _TOTAL.fullmatch(entry.text("cstate") or "")
    hosts = expand_hosts(name) if name else "it names no node"
    if isinstance(hosts, str):
        nodes.books.leave_out(row, hosts)
        return
    record = Record(name="", where=row, rows=[row], states=read_states(entry.raw("s")))
    set_number(record, MEMORY, _number(entry, "mem", MEMORY), "%m", _FORMAT)
    if total and len(hosts) == 1:
        set_number(record, CPUS, read_number(CPUS, total[1]), "%C", _FORMAT)
    nodes.spread(record, hosts)
