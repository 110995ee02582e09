"""What names and properties by the standards of the Sovereign Cloud Stack promise of a flavor.

A flavor may bear several such names: its own, and those in `scs:name-vN`. All must hold at once. A name may
promise less than the flavor has; one that promises more is wrong, and then nothing of any name is believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from crex.describe.report import Report
from crex.describe.scs_flavors import CPU_TYPES, DISK_TYPES, PREFIX, ScsName, read_name
from crex.describe.values import clean

_NAMES: Final = "scs:name-v"
_CPU_TYPE: Final = "scs:cpu-type"
_DISK_TYPE: Final = "scs:disk0-type"

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What is promised beside the figures that Nova states; None and False: nothing is.

    Attributes:
        source: Names and properties that promise it.
        allocation: Token of how CPUs are allocated.
        isa: Token of the instruction set.
        vendor: Token of the processors' maker.
        medium: Tokens of what the first disk is and where.
        virtualization: Token of the kind.
        technology: Token of the hypervisor.
        ecc: False where memory corrects no errors.
        infiniband: Whether it has InfiniBand.
    """

    source: str = ""
    allocation: str | None = None
    isa: str | None = None
    vendor: str | None = None
    medium: tuple[str, str] | None = None
    virtualization: str | None = None
    technology: str | None = None
    ecc: bool | None = None
    infiniband: bool = False


def read_promise(
    name: str,
    properties: Mapping[str, str],
    figures: tuple[int | None, int | None, int | None],
    where: str,
    report: Report,
) -> Promise:
    """Reads what is promised of a flavor.

    Args:
        name: The flavor's name.
        properties: Its properties.
        figures: Its virtual CPUs, its memory in MiB and its disk in GiB, as Nova states them.
        where: Its place.
        report: Takes what contradicts, and what is promised and cannot be stated.
    """
    stated = [name] if name.startswith(PREFIX) else []
    stated += [text for key, text in sorted(properties.items()) if key.startswith(_NAMES)]
    names: list[ScsName] = []
    for text in dict.fromkeys(stated):
        read = read_name(text)
        if read is None:
            why = f"{clean(text, 80)!r} is no name by the standard scs-0100; nothing is taken from it"
            report.leave_out("SCS name", where, why)
        elif _holds(read, text, figures, where, report):
            names.append(read)
        else:
            return Promise()
    _report_rest(names, where, report)
    cpu_type, disk_type = properties.get(_CPU_TYPE), properties.get(_DISK_TYPE)
    allocations = [one.allocation for one in names] + _known(CPU_TYPES, cpu_type, _CPU_TYPE, where, report)
    media = [one.medium for one in names] + _known(DISK_TYPES, disk_type, _DISK_TYPE, where, report)
    return Promise(
        source="names and properties by scs-0100 and scs-0103",
        allocation=_agreed("allocation", allocations, where, report),
        isa=_isa(names, where, report),
        vendor=_agreed("maker of the processors", [one.vendor for one in names], where, report),
        medium=_agreed("medium of the disk", media, where, report),
        virtualization=_agreed("hypervisor", [one.virtualization for one in names], where, report),
        technology=_agreed("hypervisor", [one.technology for one in names], where, report),
        ecc=_agreed("ecc", [one.ecc for one in names], where, report),
        infiniband=any(one.infiniband for one in names),
    )


def _isa(names: Iterable[ScsName], where: str, report: Report) -> str | None:
    """Gives the instruction set; none where a name has RISC-V, which leaves the width open."""
    stated = [one.isa for one in names]
    if None in stated:
        report.leave_out("architecture", where, "the name has RISC-V, and not which")
        return None
    return _agreed("architecture", stated, where, report)


def _holds(name: ScsName, text: str, figures: Sequence[int | None], where: str, report: Report) -> bool:
    """Tells whether Nova states at least what a name promises."""
    promised = (name.cpus, name.memory_mib, name.disk_gib)
    for what, least, found in zip(("vcpus", "ram", "disk"), promised, figures, strict=True):
        if least is not None and found is not None and found < least:
            why = (
                f"Nova states {found}, and the name {clean(text, 80)!r} promises {least};"
                " Nova is believed, and nothing else of the name"
            )
            report.contradict(what, where, why)
            return False
    return True


def _report_rest(names: Iterable[ScsName], where: str, report: Report) -> None:
    for name in names:
        if name.gpu:
            why = f"the name has {name.gpu}, and neither a product nor whether it is whole"
            report.leave_out("accelerators", where, why)
        if name.disks > 1:
            why = f"the name has {name.disks} disks of a size; Nova states one, and that is described"
            report.leave_out("disks", where, why)
        if name.memory_oversubscribed:
            report.limit("memory", where, "the name says that memory is promised more than once")


def _known(
    tokens: Mapping[str, Value], text: str | None, name: str, where: str, report: Report
) -> list[Value | None]:
    if text is None:
        return []
    found = tokens.get(text.strip())
    if found is None:
        report.leave_out(f"property {name}", where, f"{clean(text, 40)!r} is none of the standard's")
    return [found]


def _agreed(what: str, values: Iterable[Value | None], where: str, report: Report) -> Value | None:
    """Gives the one value that all which are there agree on; none where they differ."""
    found = set(values) - {None}
    if len(found) > 1:
        shown = ", ".join(sorted(str(one) for one in found))
        report.contradict(what, where, f"names and properties say {shown}; none is believed")
        return None
    return next(iter(found), None)
