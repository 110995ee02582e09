"""Block devices that hold data themselves, each byte counted once.

What only maps other devices (partitions, dm, md, loop, several paths to one disk) or lives in memory is left
out. A virtual disk says nothing truthful about its medium, so it is a `virtual-disk` whatever its flags say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from crex.decimals.ranges import INT64_MAX
from crex.describe import pci
from crex.describe.grouping import group
from crex.describe.machine import Machine
from crex.describe.report import Report
from crex.describe.surroundings import Surroundings
from crex.describe.values import ESTIMATED, NOMINAL, provenance, whole
from crex.v1 import StorageTier

_FOLDER = "/sys/block"
_SECTOR = 512  # the unit of /sys/block/*/size whatever the device's own sectors are
_MOST_DEVICES = 4096

# Names of devices that hold no data of their own, with the reason.
_MAPPINGS = (
    (re.compile(r"loop[0-9]+"), "a file shown as a device"),
    (re.compile(r"(ram|zram)[0-9]+"), "main memory shown as a device"),
    (re.compile(r"dm-[0-9]+"), "a mapping of devices that are counted themselves"),
    (re.compile(r"md[0-9_a-z]+"), "an array of devices that are counted themselves"),
    (re.compile(r"(bcache|zd|drbd)[0-9]+"), "a layer over devices that are counted themselves"),
    (re.compile(r"(nbd|rbd)[0-9]+"), "storage of another machine"),
    (re.compile(r"(sr|fd)[0-9]+"), "a drive for removable media"),
    (re.compile(r"mmcblk[0-9]+(boot[0-9]+|rpmb)"), "the boot area of a device that is counted"),
    (re.compile(r"nvme[0-9]+c[0-9]+n[0-9]+"), "one path to a device that is counted"),
)
_VIRTUAL_NAMES = re.compile(r"(vd|xvd)[a-z]+|hd[a-z]+")
_NVME = re.compile(r"nvme[0-9]+n[0-9]+")


@dataclass(frozen=True, slots=True)
class _Medium:
    """What a device is made of, where it is, and whether that is said or inferred."""

    medium: str
    locality: str | None
    basis: str


def describe_storage(machine: Machine, around: Surroundings, report: Report) -> list[StorageTier]:
    """Describes the block devices of this node."""
    if around.contained:
        report.leave_out("node.storage", _FOLDER, "in a container it shows the block devices of the host")
        return []
    tiers: list[StorageTier] = []
    mappings: dict[str, list[str]] = {}
    seen: set[str] = set()
    for name in machine.entries(_FOLDER)[:_MOST_DEVICES]:
        reason = next((why for pattern, why in _MAPPINGS if pattern.fullmatch(name)), None)
        if reason is not None:
            mappings.setdefault(reason, []).append(name)
            continue
        tier = _tier(machine, name, around, seen, report)
        if tier is not None:
            tiers.append(tier)
    for reason, names in mappings.items():
        report.leave_out(_names(names), _FOLDER, reason)
    return group(tiers)


def _tier(
    machine: Machine, name: str, around: Surroundings, seen: set[str], report: Report
) -> StorageTier | None:
    folder = f"{_FOLDER}/{name}"
    if machine.text(f"{folder}/hidden") == "1":
        return None
    sectors = whole(machine.text(f"{folder}/size"), high=INT64_MAX // _SECTOR)
    if not sectors:
        report.leave_out(
            name, f"{folder}/size", "it states no size" if sectors is None else "it has no medium inside"
        )
        return None
    if machine.text(f"{folder}/removable") == "1":
        report.leave_out(name, f"{folder}/removable", "it can be taken out")
        return None
    identity = machine.text(f"{folder}/wwid") or machine.text(f"{folder}/device/wwid")
    if identity:
        if identity in seen:
            report.leave_out(name, f"{folder}/device/wwid", "another path to a device that is counted")
            return None
        seen.add(identity)
    medium = _medium(machine, name, around)
    if medium is None:
        report.leave_out(name, folder, "nothing says what it is made of")
        return None
    return StorageTier(
        medium=medium.medium,
        locality=medium.locality,
        capacity_bytes=sectors * _SECTOR,
        count=1,
        provenance=provenance(f"{_FOLDER}/*: size, {_sources(medium)}", medium.basis),
    )


def _sources(medium: _Medium) -> str:
    return "driver and vendor" if medium.medium == "virtual-disk" else "driver, transport, queue/rotational"


def _medium(machine: Machine, name: str, around: Surroundings) -> _Medium | None:
    folder = f"{_FOLDER}/{name}"
    place = machine.resolve(folder)
    if _NVME.fullmatch(name):
        return _nvme(machine, folder)
    if _VIRTUAL_NAMES.fullmatch(name) or "/virtio" in place or "/vmbus" in place or "/vbd-" in place:
        return _Medium("virtual-disk", None, NOMINAL)
    if name.startswith("mmcblk"):
        kind = {"MMC": "emmc", "SD": "sd-card"}.get(machine.text(f"{folder}/device/type") or "")
        return _Medium(kind, "node-local", NOMINAL) if kind else None
    if name.startswith("pmem"):
        return None if around.virtual else _Medium("persistent-memory", "node-local", NOMINAL)
    if name.startswith("sd"):
        return _scsi(machine, folder, place, around)
    return None


def _nvme(machine: Machine, folder: str) -> _Medium:
    """Tells an NVMe disk from a hypervisor's by the controller's maker, and a remote one by the transport."""
    controllers = [f"{folder}/device"]
    controllers += [
        f"{folder}/device/{name}"
        for name in machine.entries(f"{folder}/device")
        if re.fullmatch("nvme[0-9]+", name)
    ]
    transports = {transport for path in controllers if (transport := machine.text(f"{path}/transport"))}
    vendors = {vendor for path in controllers if (vendor := pci.vendor_of(machine, path)) is not None}
    if vendors & pci.VIRTUAL_VENDORS:
        return _Medium("virtual-disk", None, NOMINAL)
    if transports and transports != {"pcie"}:
        return _Medium("nvme-ssd", "fabric-attached", NOMINAL)
    return _Medium("nvme-ssd", "node-local" if transports else None, NOMINAL if transports else ESTIMATED)


def _scsi(machine: Machine, folder: str, place: str, around: Surroundings) -> _Medium | None:
    rotational = {"0": False, "1": True}.get(machine.text(f"{folder}/queue/rotational") or "")
    if around.virtual:
        # Disk, controller and flags are all made up by the hypervisor.
        return _Medium("virtual-disk", None, NOMINAL)
    if "/session" in place or "/rport-" in place:
        locality = "fabric-attached" if "/rport-" in place else "network"
        return None if rotational is None else _Medium("hdd" if rotational else "ssd", locality, ESTIMATED)
    if "/usb" in place or rotational is None:
        return None
    if rotational:
        # A RAID controller's volume says this too, whatever it is made of.
        behind_controller = "/ata" not in place and "/end_device-" not in place
        return _Medium("hdd", "node-local", ESTIMATED if behind_controller else NOMINAL)
    if "/ata" in place:
        return _Medium("sata-ssd", "node-local", NOMINAL)
    return _Medium("sas-ssd" if "/end_device-" in place else "ssd", "node-local", ESTIMATED)


def _names(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} … {names[-1]} ({len(names)} devices)"
