"""The drives and network interfaces of a Redfish system.

A drive counts once, whatever volumes lie on it. Of the network, the ports of adapters are the hardware; an
EthernetInterface is "a single, logical Ethernet interface" (DSP0268), so it is read only where a system
names no adapters. A rate is the one at which a link runs: `CurrentSpeedGbps` is "the unidirectional speed of
this port currently negotiated and running"; the largest that a port is capable of is none.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from crex.decimals.ranges import INT64_MAX
from crex.describe.grouping import group
from crex.describe.members import Members
from crex.describe.redfish_parts import System, is_there
from crex.describe.redfish_tree import Resource
from crex.describe.report import Report
from crex.describe.values import clean, provenance
from crex.v1 import NetworkInterface, StorageTier

# A drive with less is one whose size stands in another unit than bytes.
_SMALLEST: Final = 10**9
# DSP0268, Drive.MediaType and Drive.Protocol (the protocol from drive to controller).
_HDD: Final = frozenset({"HDD", "SMR"})
_SSD: Final = {"NVMe": "nvme-ssd", "NVMeOverFabrics": "nvme-ssd", "SAS": "sas-ssd", "SATA": "sata-ssd"}
# Protocols by which a drive is not in the machine, or can be taken out.
_REMOTE: Final = frozenset({"FC", "FCP", "FCoE", "FICON", "iSCSI", "NFSv3", "NFSv4", "SMB"})
_REMOVABLE: Final = "USB"

# DSP0268, Port.PortProtocol, Port.LinkNetworkTechnology and NetworkPort.ActiveLinkTechnology.
_TECHNOLOGIES: Final = {
    "Ethernet": "ethernet",
    "InfiniBand": "infiniband",
    "RoCE": "roce",
    "RoCEv2": "roce",
    "iWARP": "iwarp",
}
_UP: Final = frozenset({"LinkUp", "Up"})
_GIGA: Final = 10**9
_MEGA: Final = 10**6
# Ten times what the fastest port of today runs at: a number beyond is a broken one.
_FASTEST: Final = 10**13


def describe_storage(system: System, report: Report) -> list[StorageTier]:
    """Describes the drives, one element per distinct kind."""
    tiers = []
    for drive in system.drives.resources:
        tier = _tier(system, drive, report)
        if tier is not None:
            tiers.append(tier)
    for subsystem in system.storage.resources:
        if not subsystem.members.has("Drives") and subsystem.members.has("Volumes"):
            why = "it names volumes and no drives: what those are made of is not said"
            report.leave_out("volumes", subsystem.place, why)
    simple = system.tree.listed(system.resource, "SimpleStorage", "SimpleStorage")
    for subsystem in simple.resources:
        devices = [one for one in subsystem.members.mappings("Devices") if is_there(one, "a storage device")]
        if devices:
            why = "SimpleStorage does not say what a device is made of, nor whether it is a Drive as well"
            report.leave_out(f"{len(devices)} storage devices", subsystem.place, why)
    return group(tiers)


def _tier(system: System, drive: Resource, report: Report) -> StorageTier | None:
    members = drive.members
    if not is_there(members, "a drive"):
        return None
    protocol = members.text("Protocol")
    if protocol == _REMOVABLE:
        report.leave_out("a drive", drive.place, "it hangs on USB, and can be taken out")
        return None
    if protocol in _REMOTE:
        report.leave_out("a drive", drive.place, f"it is reached by {protocol}: storage of another machine")
        return None
    capacity = members.whole("CapacityBytes")
    problem = _doubt(capacity, members)
    if capacity is None or problem:
        report.leave_out("a drive", drive.place, problem)
        return None
    medium = "virtual-disk" if system.virtual else _medium(members.text("MediaType"), protocol)
    if medium is None:
        report.leave_out("a drive", drive.place, "`MediaType` does not say what it is made of")
        return None
    return StorageTier(
        medium=medium,
        locality="fabric-attached" if protocol == "NVMeOverFabrics" else None,
        capacity_bytes=capacity,
        count=1,
        provenance=provenance("Drive: `CapacityBytes`, `MediaType`, `Protocol`"),
    )


def _doubt(capacity: int | None, drive: Members) -> str:
    """Says why a capacity cannot be a drive's in bytes; nothing if it can."""
    if capacity is None:
        return "it states no capacity"
    block = drive.whole("BlockSizeBytes", low=1)
    if block is not None and capacity % block:
        return f"its capacity, {capacity}, is no multiple of its blocks of {block} bytes"
    if capacity < _SMALLEST:
        return f"its capacity is {capacity} bytes, less than any drive has; it may be in another unit"
    return ""


def _medium(media: str | None, protocol: str | None) -> str | None:
    if media in _HDD:
        return "hdd"
    return _SSD.get(protocol or "", "ssd") if media == "SSD" else None


def describe_network(system: System, report: Report) -> list[NetworkInterface]:
    """Describes the network interfaces, one element per distinct kind."""
    found: list[NetworkInterface] = []
    for port in system.ports.resources:
        interface = _port(system, port, report)
        if interface is not None:
            found.append(interface)
    addresses: set[str] = set()
    for logical in system.ethernet.resources:
        interface = _logical(system, logical, addresses, report)
        if interface is not None:
            found.append(interface)
    return group(found)


def _port(system: System, port: Resource, report: Report) -> NetworkInterface | None:
    members = port.members
    if members.text("PortType") == "ManagementPort" or not is_there(members, "a port"):
        return None
    said = (
        members.text("PortProtocol")
        or members.text("LinkNetworkTechnology")
        or members.text("ActiveLinkTechnology")
    )
    technology = _TECHNOLOGIES.get(said or "")
    if technology is None:
        name = f"its protocol is {clean(said, 40)!r}" if said else "it does not say its protocol"
        report.leave_out("a port", port.place, f"{name}, of which nothing is stated")
        return None
    gigabits = members.number("CurrentSpeedGbps")
    megabits = members.number("CurrentLinkSpeedMbps")
    bits = gigabits * _GIGA if gigabits is not None else megabits * _MEGA if megabits is not None else None
    field = "CurrentSpeedGbps" if gigabits is not None else "CurrentLinkSpeedMbps"
    return _interface(system, port, technology, bits, f"`{field}` of {port.kind}", report)


def _logical(
    system: System, logical: Resource, addresses: set[str], report: Report
) -> NetworkInterface | None:
    """Describes an Ethernet interface, unless it is no hardware or only leads to the manager."""
    members = logical.members
    if not is_there(members, "an Ethernet interface"):
        return None
    links = members.mapping("Links")
    refusal = ""
    address = (clean(members.text("PermanentMACAddress"), 64) or "").upper()
    if members.text("EthernetInterfaceType") == "Virtual":
        refusal = "it is made by software"
    elif links is not None and links.has("HostInterface"):
        refusal = "it leads to the management processor"
    elif address and address in addresses:
        refusal = f"an interface with the address {address} is counted already"
    if refusal:
        report.leave_out("an Ethernet interface", logical.place, refusal)
        return None
    addresses.add(address)
    megabits = members.number("SpeedMbps")
    bits = megabits * _MEGA if megabits is not None else None
    return _interface(system, logical, "ethernet", bits, "`SpeedMbps` of EthernetInterface", report)


def _interface(
    system: System, one: Resource, technology: str, bits: Decimal | None, source: str, report: Report
) -> NetworkInterface:
    """Makes the element, with its rate where a link runs at one."""
    status = one.members.text("LinkStatus")
    why = ""
    if system.virtual:
        why = "a virtual card's is made up"
    elif status is not None and status not in _UP:
        why = f"its link is {clean(status, 40)!r} at present"
    elif bits is None or bits == 0:
        why = "it runs at none at present; what it is capable of is not its rate"
    elif not 0 < bits <= min(_FASTEST, INT64_MAX) or bits != bits.to_integral_value():
        why = f"{str(bits)[:40]} bit/s is none"
    if why:
        report.leave_out("rate of a network interface", one.place, why)
        return NetworkInterface(technology=technology, count=1, provenance=provenance(one.kind))
    return NetworkInterface(
        technology=technology,
        count=1,
        bits_per_s=int(bits) if bits is not None else None,
        provenance=provenance(source),
    )
