"""NVLink between the GPUs of a node, as `nvidia-smi nvlink -s` and `nvidia-smi topo -m` state it.

The first gives the rate of every link in one direction, in GB/s (10^9 bytes); the second which GPUs the links
join. Source: nvidia-smi(1), "nvlink" and "topo".
"""

from __future__ import annotations

import re
from decimal import Decimal

from crex.describe.machine import Machine
from crex.describe.report import Report
from crex.describe.values import provenance
from crex.v1 import Fabric

STATUS = ("nvidia-smi", "nvlink", "-s")
TOPOLOGY = ("nvidia-smi", "topo", "-m")
_STATUS, _TOPOLOGY = " ".join(STATUS), " ".join(TOPOLOGY)
_GPU = re.compile(r"GPU ([0-9]{1,4}): ")
_LINK = re.compile(r"\s+Link [0-9]{1,3}: ([0-9]{1,4}(?:\.[0-9]{1,6})?) GB/s\s*")
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_JOINED = re.compile(r"NV[0-9]{1,3}")
_BITS_PER_GIGABYTE = 8 * 10**9


def describe_nvlink(machine: Machine, contained: bool, report: Report) -> list[Fabric]:
    """Describes the fabric of the GPUs; none where there is no link.

    Args:
        machine: The machine.
        contained: Whether this is a container, which may see some of the GPUs only.
        report: Takes what is not stated.
    """
    output = machine.run(STATUS)
    if output.status:
        return []
    rates = _rates(output.text)
    linked = {gpu: rate for gpu, rate in rates.items() if rate}
    if not linked:
        return []
    if contained:
        report.leave_out("node.fabrics", _STATUS, "a container may see some of the linked GPUs only")
        return []
    fabric = Fabric(technology="nvlink", scope="node", provenance=provenance(f"{_STATUS}; {_TOPOLOGY}"))
    if len(set(linked.values())) == 1:
        (rate,) = set(linked.values())
        fabric.endpoint_bits_per_s = int(rate * _BITS_PER_GIGABYTE)
    else:
        report.leave_out("node.fabrics: rate of NVLink", _STATUS, "it differs between the GPUs")
    if _all_joined(machine.run(TOPOLOGY).text, len(linked)):
        fabric.topology, fabric.domain_size = "all-to-all", len(linked)
    else:
        why = f"it does not say that each of the {len(linked)} linked GPUs is joined to every other"
        report.leave_out("node.fabrics: topology of NVLink", _TOPOLOGY, why)
    return [fabric]


def _rates(text: str) -> dict[int, Decimal]:
    """Reads what the active links of each GPU carry together, in GB/s."""
    found: dict[int, Decimal] = {}
    gpu = None
    for line in text.splitlines():
        if head := _GPU.match(line):
            gpu = int(head[1])
            found[gpu] = Decimal(0)
        elif gpu is not None and (link := _LINK.fullmatch(line)):
            found[gpu] += Decimal(link[1])
    return found


def _all_joined(text: str, gpus: int) -> bool:
    """Tells whether the matrix joins every GPU to every other, by as many links each."""
    rows = [_ANSI.sub("", line).split() for line in text.splitlines()]
    matrix = [row for row in rows if row and re.fullmatch(r"GPU[0-9]{1,4}", row[0]) and "X" in row[1:]]
    if len(matrix) != gpus or gpus < 2:
        return False
    between = {cell for at, row in enumerate(matrix) for cell in _others(row[1 : gpus + 1], at)}
    return len(between) == 1 and all(_JOINED.fullmatch(cell) for cell in between)


def _others(cells: list[str], own: int) -> list[str]:
    return cells[:own] + cells[own + 1 :]
