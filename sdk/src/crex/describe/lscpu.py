"""lscpu -J: names that /proc/cpuinfo lacks on some architectures, and a second opinion on the rest."""

from __future__ import annotations

import json
from collections.abc import Mapping

from crex.describe.machine import Machine
from crex.describe.report import Report
from crex.describe.topology import Topology
from crex.describe.values import cpu_list, show_cpus, whole

_COMMAND = ("lscpu", "-J")

Lscpu = Mapping[str, str]


def read_lscpu(machine: Machine, report: Report) -> Lscpu:
    """Runs lscpu and gives its values by field; none where there is no lscpu, which is nothing to report."""
    output = machine.run(_COMMAND)
    if output.problem:
        return {}
    try:
        root = json.loads(output.text)
    except (ValueError, RecursionError):
        report.leave_out("second opinion on processors", "lscpu -J", "it printed no JSON")
        return {}
    found: dict[str, str] = {}
    rows = [root.get("lscpu")] if isinstance(root, dict) else []
    # Newer versions nest rows under `children`; a list is worked through instead of recursion.
    while rows:
        row = rows.pop()
        if isinstance(row, list):
            rows.extend(reversed(row))
        elif isinstance(row, dict):
            field, data = row.get("field"), row.get("data")
            if isinstance(field, str) and isinstance(data, str):
                found.setdefault(field.rstrip(":"), data)
            rows.append(row.get("children"))
    return found


def cross_check(listed: Lscpu, online: frozenset[int], topology: Topology, report: Report) -> None:
    """Reports where lscpu says something else than the files; the files are believed."""
    theirs = cpu_list(listed.get("On-line CPU(s) list"))
    if theirs is not None and theirs != online:
        _disagree(report, "CPUs that are online", show_cpus(theirs), show_cpus(online))
    if topology.cores:
        threads = whole(listed.get("Thread(s) per core"), low=1)
        ours = topology.threads_per_core
        if threads is not None and ours is not None and threads != ours:
            _disagree(report, "threads per core", str(threads), str(ours))
    sockets = whole(listed.get("Socket(s)"), low=1)
    if sockets is not None and topology.sockets is not None and sockets != topology.sockets:
        _disagree(report, "sockets", str(sockets), str(topology.sockets))


def _disagree(report: Report, what: str, theirs: str, ours: str) -> None:
    report.contradict(
        what, "lscpu -J", f"it says {theirs[:80]}, the kernel's files say {ours[:80]}; the files are believed"
    )
