"""Flavors of OpenStack: what a server that is made by one gets.

They are read as `openstack flavor list --long -f json` and `openstack flavor show -f json` print them, and as
Nova's API answers (`GET /flavors/detail`, `GET /flavors/ID`). Units are those of the API reference
(https://docs.openstack.org/api-ref/compute/#flavors): `ram` and `swap` in MiB, `disk` and
`OS-FLV-EXT-DATA:ephemeral` in GiB, whatever "MB" and "GB" the client's help has.

A flavor states no instruction set. It is read where a required trait or a name by the standard of the
Sovereign Cloud Stack tells it; without, the number of CPUs is a remark. Devices are asked for by aliases and
classes that each site chooses, so none is described; a virtual GPU is a slice and never a GPU.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from crex.decimals.ranges import INT64_MAX
from crex.describe.grouping import group
from crex.describe.importing import Draft, Import, Imported
from crex.describe.isa import isa_of_machine
from crex.describe.members import Members, kind_of
from crex.describe.openstack_promises import Promise, read_promise
from crex.describe.report import Report
from crex.describe.sources import Source, read_json
from crex.describe.values import ESTIMATED, NOMINAL, clean, provenance, token, whole
from crex.v1 import (
    ComputeResource,
    Cpu,
    Memory,
    NetworkInterface,
    NodeClass,
    StorageTier,
    TrustedExecution,
    Virtualization,
)

_MIB: Final = 1 << 20
_GIB: Final = 1 << 30
# More than any kernel can be built for.
_MOST_CPUS: Final = 65536
_SAID: Final = "flavor of Nova"

# Names of one member: in the API, in what the client shows of one flavor, in what it lists.
_ID: Final = ("id", "ID")
_NAME: Final = ("name", "Name")
_CPUS: Final = ("vcpus", "VCPUs")
_RAM: Final = ("ram", "RAM")
_DISK: Final = ("disk", "Disk")
_EPHEMERAL: Final = ("OS-FLV-EXT-DATA:ephemeral", "Ephemeral", "ephemeral")
_SWAP: Final = ("swap", "Swap")
_PUBLIC: Final = ("os-flavor-access:is_public", "Is Public", "is_public")
_DISABLED: Final = ("OS-FLV-DISABLED:disabled", "is_disabled")
_PROPERTIES: Final = ("extra_specs", "properties", "Properties")
_FIGURES: Final = (_CPUS, _RAM, _DISK, _EPHEMERAL, _SWAP)

# The client writes properties as one text where it is old: k='v', k='v'.
_NEXT: Final = re.compile(r"', (?=[^=,'\s][^=,']{0,254}=')")
_TRUE: Final = frozenset({"1", "t", "true", "on", "y", "yes"})  # those of oslo.utils
_MOST_PROPERTIES: Final = 1024

# Traits of the host's processors (https://docs.openstack.org/os-traits): architectures, and what only
# processors of one have. The x86 features are of those that came after x86 had become 64 bits wide.
_ARCHITECTURE: Final = "HW_ARCH_"
_FEATURES: Final = (
    (re.compile(r"HW_CPU_X86_(?:AVX|AMX|FMA|F16C|BMI|SHA|SGX|AMD_SEV|INTEL_TDX)[A-Z0-9_]*"), "x86-64"),
    (re.compile(r"HW_CPU_AARCH64_[A-Z0-9_]+"), "aarch64"),
    (re.compile(r"HW_CPU_PPC64LE_[A-Z0-9_]+"), "ppc64le"),
)
_ENCRYPTION: Final = frozenset({"amd-sev", "amd-sev-es", "amd-sev-snp"})

# Properties that ask for something and do not say what it is, and why they are not stated.
_UNSTATED: Final = (
    ("pci_passthrough:alias", "devices by an alias that the site chose, which does not say what they are"),
    ("accel:device_profile", "devices by a profile that the site chose, which does not say what they are"),
    ("resources:VGPU", "virtual GPUs: slices, which are never GPUs, and nothing says of which device"),
    ("resources:PGPU", "GPUs without maker and product"),
    ("resources:FPGA", "FPGAs without maker and product"),
    ("resources:PCI_DEVICE", "devices that are not described"),
    ("resources:CUSTOM_", "a class of resources that the site chose"),
    ("hw:cpu_policy", "a setting of the scheduler; how CPUs are allocated is the provider's promise to make"),
    ("hw:numa_", "a topology that the guest is shown"),
)
_READ: Final = ("trait:HW_ARCH_", "trait:HW_CPU_", "hw:mem_encryption", "scs:", "resources:")


@dataclass(slots=True)
class _Flavor:
    """A flavor, from one or more places that say the same.

    Attributes:
        members: The object that told it first.
        name: Its name.
        figures: Its numbers, in the order of `_FIGURES`; None where they are not stated.
        properties: Its properties; None where no place shows any.
        rows: The places.
    """

    members: Members
    name: str
    figures: tuple[int | None, ...]
    properties: dict[str, str] | None
    rows: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OpenStack:
    """The importer of flavors."""

    name: str = "openstack"
    about: str = "OpenStack flavors (JSON)"
    commands: Sequence[Sequence[str]] = (("openstack", "flavor", "list", "--long", "--all", "-f", "json"),)

    def read(self, sources: Sequence[Source]) -> Imported:
        """Reads flavors; a row is a flavor in one place of the input, a draft a flavor."""
        books = Import()
        flavors: dict[tuple[str, str], _Flavor] = {}
        for source in sources:
            for members in _objects(source, books):
                _take(members, flavors, books)
        for flavor in flavors.values():
            made = _describe(flavor, books.report)
            if isinstance(made, ComputeResource):
                name = token(flavor.name) or "flavor"
                books.add(Draft(name=name, body=made, rows=tuple(flavor.rows)))
            else:
                for row in flavor.rows:
                    books.leave_out(row, made)
        return books.done()


def _objects(source: Source, books: Import) -> Iterator[Members]:
    """Gives the objects that should be flavors; what is none of them is left out."""
    parsed = read_json(source) if not source.problem else None
    problem = source.problem or (parsed.problem if parsed is not None else "")
    value = parsed.value if parsed is not None else None
    root = f"{source.name}: $"
    found, place = value, root
    if isinstance(value, dict):
        if "flavors" in value:
            found, place = value["flavors"], f"{root}.flavors"
            if value.get("flavors_links"):
                why = "this is a page of an answer, and the other flavors are on others"
                books.report.leave_out("flavors", f"{root}.flavors_links", why)
        else:
            found, place = ([value["flavor"]], f"{root}.flavor") if "flavor" in value else ([value], root)
    if problem or not isinstance(found, list):
        why = problem or f"it is {kind_of(found)}, not a list of flavors"
        books.leave_out(books.row(source.name), why)
        return
    if not found:
        books.leave_out(books.row(source.name), "it lists no flavor")
    alone = isinstance(value, dict) and "flavors" not in value
    for index, one in enumerate(found):
        where = place if alone else f"{place}[{index}]"
        members = Members.of(one, where, books.report)
        if members is not None:
            yield members
        else:
            books.leave_out(books.row(where), f"it is {kind_of(one)}, not an object")


def _take(members: Members, flavors: dict[tuple[str, str], _Flavor], books: Import) -> None:
    """Takes in a flavor, or leaves it out; one that is told again adds what is new."""
    row = books.row(members.where)
    name, identifier = (_label(members, names) for names in (_NAME, _ID))
    if not name:
        books.leave_out(row, "it has no name: it is no flavor")
        return
    if not any(members.has(one) for names in (_CPUS, _RAM, _DISK) for one in names):
        books.leave_out(row, "it states neither CPUs nor memory nor a disk")
        return
    if _flag(members, _DISABLED):
        books.leave_out(row, "it is disabled")
        return
    if _flag(members, _PUBLIC) is False:
        books.leave_out(row, "it is private: for the projects that it is shared with, not for everybody")
        return
    figures = tuple(_figure(members, names) for names in _FIGURES)
    properties = _properties(members)
    known = flavors.setdefault((identifier, name), _Flavor(members, name, figures, properties))
    same = all(a == b for a, b in zip(known.figures, figures, strict=True) if a is not None and b is not None)
    if not same or (properties and known.properties and properties != known.properties):
        why = f"{known.rows[0]} says otherwise of a flavor of this name; read each cloud by itself"
        books.leave_out(row, why)
        return
    pairs = zip(known.figures, figures, strict=True)
    known.figures = tuple(ours if ours is not None else theirs for ours, theirs in pairs)
    if properties is not None:
        known.properties = {**(known.properties or {}), **properties}
    known.rows.append(row)


def _present(members: Members, names: Sequence[str]) -> str | None:
    return next((name for name in names if members.has(name)), None)


def _label(members: Members, names: Sequence[str]) -> str:
    """Gives a name or an identifier, which may look like a number and is text all the same."""
    name = _present(members, names)
    value = members.raw(name) if name is not None else None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= INT64_MAX:
        return str(value)
    return clean(members.text(name)) or "" if name is not None else ""


def _flag(members: Members, names: Sequence[str]) -> bool | None:
    name = _present(members, names)
    return members.flag(name) if name is not None else None


def _figure(members: Members, names: Sequence[str]) -> int | None:
    """Gives a number; Nova writes a swap of 0 as an empty text in older versions."""
    name = _present(members, names)
    if name is None or members.raw(name) == "":
        return None
    if names == _CPUS:
        return members.whole(name, low=1, high=_MOST_CPUS)
    unit = _MIB if names in (_RAM, _SWAP) else _GIB
    return members.whole(name, low=1 if names == _RAM else 0, high=INT64_MAX // unit)


def _properties(members: Members) -> dict[str, str] | None:
    """Gives the properties, an object or the text that old clients print; None where none are shown."""
    name = _present(members, _PROPERTIES)
    if name is None:
        return None
    value = members.raw(name)
    pairs = _pairs(value) if isinstance(value, str) else value
    if not isinstance(pairs, dict) or len(pairs) > _MOST_PROPERTIES:
        members.report.leave_out(name, members.place(name), f"it is {kind_of(value)}, not properties")
        return None
    texts = {key: _value(one) for key, one in pairs.items() if isinstance(key, str)}
    for key in (key for key, text in texts.items() if text is None):
        why = f"it is {kind_of(pairs[key])}, not text"
        members.report.leave_out(f"property {clean(key, 80)}", members.place(name), why)
    return {key: text for key, text in texts.items() if text is not None}


def _pairs(text: str) -> dict[object, object] | None:
    """Reads properties that are written as one text."""
    if not text.strip():
        return {}
    if not text.endswith("'"):
        return None
    pairs = [part.partition("='") for part in _NEXT.split(text.removesuffix("'"))]
    return (
        {key: value for key, _, value in pairs} if all(key and middle for key, middle, _ in pairs) else None
    )


def _value(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) <= INT64_MAX:
        return str(value)
    return value if isinstance(value, str) else None


def _describe(flavor: _Flavor, report: Report) -> ComputeResource | str:
    """Describes a flavor; or says why not."""
    where = flavor.members.where
    properties = flavor.properties or {}
    if flavor.properties is None:
        why = "none are shown (`--long` shows them): architecture, devices and encryption are not known"
        report.leave_out("properties", where, why)
    cpus, ram, disk, ephemeral, swap = flavor.figures
    promise = read_promise(flavor.name, properties, (cpus, ram, disk), where, report)
    if promise.virtualization != "bare-metal":
        if _bare_metal(properties):
            return "it is of bare metal: its numbers are labels, and Nova allocates none of them"
        _compare(properties, flavor.figures, where, report)
    node = NodeClass()
    cpu = _cpu(cpus, properties, promise, where, report)
    if cpu is not None:
        node.cpu.CopyFrom(cpu)
    if ram is not None:
        said = f"{_SAID}: `ram`" + ("; ecc: SCS name" if promise.ecc is not None else "")
        memory = Memory(capacity_bytes=ram * _MIB, ecc=promise.ecc, provenance=provenance(said))
        node.memory.CopyFrom(memory)
    else:
        report.leave_out("memory", where, "it states no `ram`")
    node.storage.extend(group(_disks(disk, ephemeral, promise, where, report)))
    if swap:
        report.leave_out("swap", where, f"{swap} MiB on a disk of its own that is to be swapped to")
    if not node.ByteSize():
        return "nothing of it could be stated; the findings say why"
    _surroundings(node, promise)
    node.tee.extend(_encryption(properties, where, report))
    _unread(properties, where, report)
    return ComputeResource(kind="node-class", display_names={"en": flavor.name}, node=node)


def _bare_metal(properties: Mapping[str, str]) -> bool:
    """Tells whether a flavor is one of Ironic, by how its documentation has them made."""
    stated = (properties.get(name, "") for name in ("capabilities:hypervisor_type", "hypervisor_type"))
    custom = any(re.match(r"resources[A-Za-z0-9_-]*:CUSTOM_", name) for name in properties)
    return any("ironic" in one.lower() for one in stated) or (
        custom and whole(properties.get("resources:VCPU")) == 0
    )


def _compare(
    properties: Mapping[str, str], figures: Sequence[int | None], where: str, report: Report
) -> None:
    """Compares what is asked of the scheduler with what a server gets, which Nova's documentation tells."""
    cpus, ram, disk, ephemeral, swap = figures
    asked = {name: whole(properties.get(f"resources:{name}")) for name in ("VCPU", "PCPU")}
    counted = [one for one in asked.values() if one is not None]
    # Nova asks for root, ephemeral and swap disk together, in whole GiB.
    storage = None if disk is None else disk + (ephemeral or 0) - (-(swap or 0) // 1024)
    pairs = (
        ("vcpus", cpus, sum(counted) if counted else None, "VCPU and PCPU"),
        ("ram", ram, whole(properties.get("resources:MEMORY_MB")), "MEMORY_MB"),
        ("disks", storage, whole(properties.get("resources:DISK_GB")), "DISK_GB"),
    )
    for what, stated, wanted, resource in pairs:
        if stated is not None and wanted is not None and stated != wanted:
            why = f"the server gets {stated}; of the scheduler {wanted} of {resource} are asked"
            report.contradict(what, where, why)


def _cpu(
    cpus: int | None, properties: Mapping[str, str], promise: Promise, where: str, report: Report
) -> Cpu | None:
    if cpus is None:
        report.leave_out("cpu", where, "it states no number of `vcpus` of at least one")
        return None
    isa, said, basis = _isa(properties, promise, where, report)
    if isa is None:
        report.leave_out("cpu", where, f"{cpus} virtual CPUs of an instruction set that is not stated")
        return None
    method = f"schedulable_cpus: `vcpus` of {_SAID}; isa: {said}"
    if promise.allocation:
        method += f"; allocation: {promise.source}"
    return Cpu(
        isa=isa,
        vendor=promise.vendor,
        schedulable_cpus=cpus,
        allocation=promise.allocation,
        provenance=provenance(method, basis),
    )


def _isa(
    properties: Mapping[str, str], promise: Promise, where: str, report: Report
) -> tuple[str | None, str, str]:
    """Finds the instruction set: promised by a name, or that of the hosts that a flavor requires."""
    found = {token: f"trait {trait}" for trait, token in _required(properties)}
    if promise.isa is not None:
        found[promise.isa] = promise.source
    if len(found) > 1:
        report.contradict("architecture", where, f"{', '.join(sorted(found))}: none is believed")
        return None, "", NOMINAL
    for isa, said in found.items():
        return isa, said, NOMINAL if isa == promise.isa else ESTIMATED
    return None, "", NOMINAL


def _required(properties: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in properties.items():
        trait = name.removeprefix("trait:")
        if trait == name or value.strip().lower() != "required":
            continue
        isa = isa_of_machine(trait.removeprefix(_ARCHITECTURE)) if trait.startswith(_ARCHITECTURE) else None
        isa = isa or next((token for pattern, token in _FEATURES if pattern.fullmatch(trait)), None)
        if isa is not None:
            yield trait, isa


def _disks(
    disk: int | None, ephemeral: int | None, promise: Promise, where: str, report: Report
) -> Iterator[StorageTier]:
    """Describes the disks that come with a server; what they lie on is known where a name promises it."""
    if disk:
        medium, locality = promise.medium or ("virtual-disk", None)
        said = f"{_SAID}: `disk`" + (f"; medium: {promise.source}" if promise.medium else "")
        yield StorageTier(
            medium=medium,
            locality=locality,
            capacity_bytes=disk * _GIB,
            count=1,
            provenance=provenance(said),
        )
    elif disk == 0:
        report.leave_out("disk", where, "0 means as large as the image, or a volume that is bought apart")
    if ephemeral:
        yield StorageTier(
            medium="virtual-disk",
            capacity_bytes=ephemeral * _GIB,
            count=1,
            provenance=provenance(f"{_SAID}: `OS-FLV-EXT-DATA:ephemeral`"),
        )


def _surroundings(node: NodeClass, promise: Promise) -> None:
    """States what is around CPUs and memory: a hypervisor, a fabric."""
    if promise.virtualization is not None:
        virtualization = Virtualization(
            kind=promise.virtualization,
            technology=promise.technology,
            provenance=provenance(promise.source),
        )
    else:
        said = f"{_SAID}: `vcpus` are virtual CPUs, and it asks for no bare metal"
        virtualization = Virtualization(kind="virtual-machine", provenance=provenance(said, ESTIMATED))
    node.virtualization.CopyFrom(virtualization)
    if promise.infiniband:
        node.network.append(NetworkInterface(technology="infiniband", provenance=provenance(promise.source)))


def _encryption(properties: Mapping[str, str], where: str, report: Report) -> Iterator[TrustedExecution]:
    """Describes encrypted memory; "in case the extra spec and the property are unset … SEV is used"."""
    if properties.get("hw:mem_encryption", "").strip().lower() not in _TRUE:
        return
    model = properties.get("hw:mem_encryption_model", "amd-sev").strip()
    if model not in _ENCRYPTION:
        report.leave_out("tee", where, f"hw:mem_encryption_model is {clean(model, 40)!r}, which is not known")
        return
    yield TrustedExecution(
        technology=model,
        role="guest",
        provenance=provenance(f"{_SAID}: `hw:mem_encryption`, `hw:mem_encryption_model`"),
    )


def _unread(properties: Mapping[str, str], where: str, report: Report) -> None:
    """Reports properties that are not stated: those of devices for each flavor, the others once for all."""
    for name, value in properties.items():
        # Numbered and named groups of requests: resources1:VGPU, resources_GPU:VGPU.
        plain = re.sub(r"^(resources|trait)[A-Za-z0-9_-]*:", r"\1:", name)
        why = next((why for start, why in _UNSTATED if plain.startswith(start)), "")
        if why:
            said = f"{clean(name, 80)}={clean(value, 60)}"
            report.leave_out(f"property {said}", where, why)
        elif not plain.startswith(_READ):
            report.leave_out(f"property {clean(name, 80)}", "properties", "no member of a description has it")


IMPORTER: Final = OpenStack()
