"""OpenStack: the inventories and traits of Placement that one node of a class has.

Resource classes: https://docs.openstack.org/os-resource-classes/; grammar and limits:
https://docs.openstack.org/api-ref/placement/ and placement/schemas of Placement. MEMORY_MB is in MiB and
DISK_GB in GiB: Nova divides by units.Gi (`_get_local_gb_info` of nova/virt/libvirt/driver.py) and asks for
what a flavor has, whose `ram` is in MiB and `disk` in GiB (https://docs.openstack.org/api-ref/compute/).
That all of an inventory may be reserved is so since microversion 1.26.

A CPU is a PCPU where it is dedicated and a VCPU where it is shared, both counted as the host's operating
system counts; where the document does not say which, it is neither (EXPORT-ALLOCATION-1). Accelerators stand
in providers of their own below the node's, one of each kind, so that traits belong to what they describe.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final, TypeAlias

from crex.describe.report import Report
from crex.export.exporting import Document, Export, Exported, stem
from crex.export.gathering import Described, gather, is_estimated, leave_unsaid
from crex.export.placement_traits import Traits, add_processors, add_protection, custom
from crex.v1 import Accelerator, NodeClass, StorageTier

LARGEST: Final = 2**31 - 1
_MIB: Final = 1 << 20
_GIB: Final = 1 << 30
# Resource class by allocation, and what the class leaves unsaid.
_CPUS: Final = {
    "dedicated-core": ("PCPU", "a PCPU may share its core; `hw:cpu_thread_policy=isolate` keeps it alone"),
    "dedicated-thread": ("PCPU", ""),
    "shared": ("VCPU", ""),
    "heavily-shared": ("VCPU", "a VCPU does not say how heavily it is shared"),
}
# Class of accelerators by resource class of os-resource-classes; others have custom ones. Its FPGA is a
# function of an FPGA, not the device.
_CLASSES: Final = {"gpu": "PGPU"}
_DEVICE: Final = "node.accelerators"
_FLASH: Final = frozenset({"nvme-ssd", "sata-ssd", "sas-ssd", "ssd"})
_DISKS: Final = frozenset({*_FLASH, "hdd", "virtual-disk"})
_ESTIMATED: Final = "it is estimated, which an inventory or a trait cannot say"
_NO_PLACE: Final = "Placement has no place for it"
_SAID: Final = frozenset(
    {
        "node.cpu.isa",
        "node.cpu.isaLevel",
        "node.cpu.vendor",
        "node.cpu.schedulableCpus",
        "node.cpu.allocation",
        "node.cpu.enabledFeatures",
        "node.memory.capacityBytes",
        "node.memory.usableBytes",
        "node.memory.type",
        "node.memory.ecc",
        "node.accelerators.acceleratorClass",
        "node.accelerators.vendor",
        "node.accelerators.architecture",
        "node.accelerators.formFactor",
        "node.accelerators.pci.vendor",
        "node.accelerators.pci.device",
        "node.accelerators.count",
        "node.accelerators.memory.capacityBytes",
        "node.accelerators.memory.type",
        "node.accelerators.memory.ecc",
        "node.accelerators.partitionProfiles",
        "node.storage.medium",
        "node.storage.locality",
        "node.storage.capacityBytes",
        "node.storage.count",
        "node.tee.technology",
        "node.tee.role",
        "node.virtualization.kind",
    }
)
_SAID_OF_SITE: Final = frozenset({"country", "subdivision", "legalJurisdictions", "tier"})

Inventory: TypeAlias = dict[str, int | float]


class OpenStackExporter:
    """Writes one file for each class of nodes."""

    name = "openstack"
    about = "inventories and traits for OpenStack Placement (JSON)"

    def write(self, documents: Sequence[Document]) -> Exported:
        """Writes what one node of each class provides."""
        books = Export()
        for one in gather(documents, books):
            _write(one, books)
        return books.done()


EXPORTER: Final = OpenStackExporter()


def _write(one: Described, books: Export) -> None:
    report = books.report
    traits = Traits(one.where, report)
    inventories: dict[str, Inventory] = {}
    _add_processors(one.node, inventories, traits)
    _add_memory(one.node, inventories, traits)
    _add_disks(one.node, inventories, traits)
    children = [
        made
        for index, accelerator in enumerate(one.node.accelerators)
        if (made := _child(accelerator, index, f"{one.where} accelerators[{index}]", report)) is not None
    ]
    if not inventories and not children:
        books.leave_out(one.where, "nothing of it can be counted in Placement; the findings say why")
        return
    add_protection(one.node, traits, _ESTIMATED)
    _add_surroundings(one, traits)
    made = {
        "resource": {"id": one.id, "revision": one.revision},
        "inventories": inventories,
        "traits": sorted(traits.names),
        "children": children,
    }
    text = json.dumps(made, indent=2, ensure_ascii=False)
    books.tell(f"{stem(one.id)}.json", f"{text}\n".encode(), one.sources)
    leave_unsaid(one.resource, _SAID, one.where, books, _NO_PLACE)
    if one.site is not None:
        leave_unsaid(one.site, _SAID_OF_SITE, one.site_where, books, _NO_PLACE)
    if one.nodes is not None and one.nodes != 1:
        why = f"there are {one.nodes}; the file tells of one, and each is a provider of its own"
        report.limit("nodes", one.where, why)


def _add_processors(node: NodeClass, inventories: dict[str, Inventory], traits: Traits) -> None:
    cpu = node.cpu
    if not node.HasField("cpu"):
        return
    if is_estimated(cpu.provenance):
        traits.report.leave_out("node.cpu", traits.where, _ESTIMATED)
        return
    add_processors(cpu, traits)
    resource_class, unsaid = _CPUS.get(cpu.allocation, ("", ""))
    if not resource_class:
        said = f"the allocation is {cpu.allocation}" if cpu.allocation else "the allocation is not stated"
        why = f"{said}: neither VCPU nor PCPU can be said of {cpu.schedulable_cpus} CPUs"
        traits.report.leave_out("node.cpu.schedulableCpus", traits.where, why)
        return
    if unsaid:
        traits.report.limit("node.cpu.allocation", traits.where, unsaid)
    _count(resource_class, cpu.schedulable_cpus, inventories, traits, "node.cpu.schedulableCpus")


def _add_memory(node: NodeClass, inventories: dict[str, Inventory], traits: Traits) -> None:
    memory = node.memory
    if not node.HasField("memory"):
        return
    if is_estimated(memory.provenance):
        traits.report.leave_out("node.memory", traits.where, _ESTIMATED)
        return
    total = _whole(memory.capacity_bytes, _MIB, "node.memory.capacityBytes", traits)
    reserved = 0
    if memory.HasField("usable_bytes"):
        reserved = total - _whole(memory.usable_bytes, _MIB, "node.memory.usableBytes", traits)
    _count("MEMORY_MB", total, inventories, traits, "node.memory", reserved=reserved)
    traits.say("memory type", memory.type, "node.memory.type")
    traits.say_ecc("memory", memory, "node.memory.ecc")


def _add_disks(node: NodeClass, inventories: dict[str, Inventory], traits: Traits) -> None:
    """Counts disks of the node: each in whole GiB, and no more in one piece than the largest has."""
    total, largest = 0, 0
    media: set[str] = set()
    for index, tier in enumerate(node.storage):
        within = Traits(f"{traits.where} storage[{index}]", traits.report)
        why = _why_no_disk(tier)
        if why:
            within.report.leave_out("node.storage", within.where, f"{tier.medium}: {why}")
            continue
        size = _whole(tier.capacity_bytes, _GIB, "node.storage.capacityBytes", within)
        total += size * (tier.count or 1)
        largest = max(largest, size)
        media.add(tier.medium)
    if not media:
        return
    _count("DISK_GB", total, inventories, traits, "node.storage", largest=largest)
    if media <= _FLASH:
        traits.add("STORAGE_DISK_SSD")
    elif media == {"hdd"}:
        traits.add("STORAGE_DISK_HDD")
    if len(media) > 1 or not media <= {"ssd", "hdd"}:
        why = f"no trait says of all disks what {', '.join(sorted(media))} say"
        traits.report.leave_out("node.storage.medium", traits.where, why)


def _why_no_disk(tier: StorageTier) -> str:
    """Says why storage is none that DISK_GB counts; empty: it is."""
    if is_estimated(tier.provenance):
        return _ESTIMATED
    if tier.locality != "node-local":
        said = f"it is {tier.locality}" if tier.locality else "its locality is not stated"
        return f"{said}, and DISK_GB is what the node itself has"
    if tier.medium not in _DISKS:
        return "no disk of a server can be put there"
    return f"it has {tier.capacity_bytes} bytes, and DISK_GB counts GiB" if tier.capacity_bytes < _GIB else ""


def _child(accelerator: Accelerator, index: int, where: str, report: Report) -> dict[str, object] | None:
    """Gives the provider of one kind of accelerators; nothing where they cannot be counted."""
    kind = accelerator.accelerator_class
    traits = Traits(where, report)
    for profile in accelerator.partition_profiles:
        why = f"the partition {profile.name} is no device; it is a VGPU of whoever cuts it"
        report.leave_out(f"{_DEVICE}.partitionProfiles", where, why)
    if is_estimated(accelerator.provenance):
        report.leave_out(_DEVICE, where, _ESTIMATED)
        return None
    resource_class = _CLASSES.get(kind) or custom(kind)
    if resource_class is None:
        report.leave_out(_DEVICE, where, f"no resource class can be named {kind}")
        return None
    inventories: dict[str, Inventory] = {}
    _count(resource_class, accelerator.count, inventories, traits, _DEVICE)
    if not inventories:
        return None
    traits.say("vendor", accelerator.vendor, f"{_DEVICE}.vendor")
    traits.say("architecture", accelerator.architecture, f"{_DEVICE}.architecture")
    traits.say("form factor", accelerator.form_factor, f"{_DEVICE}.formFactor")
    if accelerator.HasField("pci"):
        traits.say("pci", f"{accelerator.pci.vendor}-{accelerator.pci.device}", f"{_DEVICE}.pci")
    if accelerator.HasField("memory"):
        size = _whole(accelerator.memory.capacity_bytes, _MIB, f"{_DEVICE}.memory.capacityBytes", traits)
        traits.say("device memory mib", str(size), f"{_DEVICE}.memory.capacityBytes")
        traits.say("device memory type", accelerator.memory.type, f"{_DEVICE}.memory.type")
        traits.say_ecc("device memory", accelerator.memory, f"{_DEVICE}.memory.ecc")
    return {"name": f"accelerator-{index}", "inventories": inventories, "traits": sorted(traits.names)}


def _add_surroundings(one: Described, traits: Traits) -> None:
    virtualization = one.node.virtualization
    if is_estimated(virtualization.provenance):
        traits.report.leave_out("node.virtualization", traits.where, _ESTIMATED)
    else:
        traits.say("virtualization", virtualization.kind, "node.virtualization.kind")
    traits.say("revision", str(one.revision), "header.revision")
    if one.site is None:
        return
    of_site = Traits(one.site_where, traits.report, traits.names)
    of_site.say("country", one.site.country, "country")
    of_site.say("subdivision", one.site.subdivision, "subdivision")
    of_site.say("tier", one.site.tier, "tier")
    for jurisdiction in one.site.legal_jurisdictions:
        of_site.say("jurisdiction", jurisdiction, "legalJurisdictions")


def _whole(size: int, unit: int, path: str, traits: Traits) -> int:
    """Gives how many whole units there are, rounded down and reported (EXPORT-ROUND-1)."""
    units, rest = divmod(size, unit)
    if rest:
        name = "MiB" if unit == _MIB else "GiB"
        why = f"{size} bytes are {units} {name} and {rest} bytes, which are not counted"
        traits.report.limit(path, traits.where, why)
    return units


def _count(
    resource_class: str,
    total: int,
    inventories: dict[str, Inventory],
    traits: Traits,
    path: str,
    *,
    reserved: int = 0,
    largest: int | None = None,
) -> None:
    """Adds an inventory, within the limits of Placement (EXPORT-LIMIT-1)."""
    if not 1 <= total <= LARGEST:
        why = f"{total} {resource_class} are none of the 1 to {LARGEST} that an inventory can have"
        traits.report.leave_out(path, traits.where, why)
        return
    inventories[resource_class] = {
        "total": total,
        "reserved": reserved,
        "min_unit": 1,
        "max_unit": total if largest is None else largest,
        "step_size": 1,
        "allocation_ratio": 1.0,
    }
