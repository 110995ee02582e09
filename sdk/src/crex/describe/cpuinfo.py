"""/proc/cpuinfo: one block of `key : value` lines per processor, and whatever else an architecture adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crex.describe.machine import Machine
from crex.describe.report import Report
from crex.describe.values import whole

PATH = "/proc/cpuinfo"


@dataclass(frozen=True, slots=True)
class CpuInfo:
    """What /proc/cpuinfo says.

    Attributes:
        processors: Values by key and processor number, in file order.
        machine: Values outside any processor's block, such as `Hardware`, or `vendor_id` on s390x.
    """

    processors: Mapping[int, Mapping[str, str]]
    machine: Mapping[str, str]

    def value(self, *keys: str) -> str | None:
        """Gives the value of the first of these keys that any processor has; nothing if none has."""
        values = self.values(*keys)
        return values[0] if values else None

    def values(self, *keys: str) -> list[str]:
        """Gives the distinct values of a key over all processors, in order; of the first key that has any."""
        for key in keys:
            found = dict.fromkeys(
                block[key] for block in (*self.processors.values(), self.machine) if block.get(key)
            )
            if found:
                return list(found)
        return []

    def flags(self, key: str) -> tuple[list[str], bool]:
        """Gives the words under a key that every processor has, in order, and whether all say the same."""
        lists = [block[key].split() for block in self.processors.values() if key in block]
        if not lists:
            return [], True
        shared = set(lists[0]).intersection(*lists[1:])
        same = all(set(words) == shared for words in lists) and len(lists) == len(self.processors)
        return [word for word in dict.fromkeys(lists[0]) if word in shared], same


def read_cpuinfo(machine: Machine, report: Report) -> CpuInfo:
    """Reads /proc/cpuinfo; a block without a readable number, or with one seen before, counts for nothing."""
    reading = machine.read(PATH)
    if reading.problem:
        report.leave_out("processors", PATH, reading.problem)
    processors: dict[int, Mapping[str, str]] = {}
    others: dict[str, str] = {}
    for text in (reading.text or "").split("\n\n"):
        block = _block(text)
        if "processor" not in block:
            others.update(block)
            continue
        number = whole(block["processor"], high=65535)
        if number is None or number in processors:
            report.leave_out(
                "a processor", PATH, f"its number {block['processor'][:20]!r} is no number or not its own"
            )
            continue
        processors[number] = block
    return CpuInfo(processors, others)


def _block(text: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            # The first line of a key counts: RISC-V writes `isa` and `hart isa`, some kernels repeat others.
            values.setdefault(key.strip(), value.strip())
    return values
