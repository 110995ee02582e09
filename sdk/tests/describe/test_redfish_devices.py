"""Devices of Redfish systems: accelerators, drives, ports, and what is no node."""

from __future__ import annotations

import pytest

from crex.v1 import (
    PciId,
)
from sdk.tests.describe.redfish_service import (
    GIB,
    SYSTEM,
    Json,
    collection,
    cpu,
    drive,
    findings,
    function,
    gpu,
    interface,
    left,
    link,
    machine,
    node,
    port,
    read,
    resource,
)


def test_a_graphics_controller_is_no_accelerator() -> None:
    """What only shows a picture does not compute."""
    shown = resource("GraphicsController", f"{SYSTEM}/GraphicsControllers/1", Model="Big GPU")
    linked: Json = {"GraphicsControllers": link(f"{SYSTEM}/GraphicsControllers")}
    resources = machine(**linked)
    resources += collection("GraphicsController", f"{SYSTEM}/GraphicsControllers", shown)
    assert list(node(read(resources)).accelerators) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"ProcessorType": "Partition"}, "it is a partition of a processor, never counted"),
        ({"ProcessorType": "Core"}, "it is a core of a processor, never counted"),
        ({"ProcessorType": "Accelerator"}, "its type is 'Accelerator', which does not say what it is"),
        ({"ProcessorType": "OEM"}, "its type is 'OEM', which does not say what it is"),
        ({"Manufacturer": None}, "it names no maker"),
        ({"Manufacturer": "Board Maker Ltd."}, "'Board Maker Ltd.' is a maker without a token"),
        ({"Model": None}, "it states no model, and no PCIe identifiers"),
        ({"Model": 100}, "it states no model, and no PCIe identifiers"),
    ],
)
def test_what_is_no_whole_known_device_is_not_counted(change: Json, why: str) -> None:
    """A slice, a thing of an unknown class, and one of an unknown maker are findings, never devices."""
    imported = read(machine(processors=[cpu(1), cpu(2), gpu(1, **change)]))
    assert list(node(imported).accelerators) == []
    assert why in findings(imported, "an accelerator") + findings(imported, "a processor")


@pytest.mark.parametrize(
    ("summary", "parts", "expected"),
    [
        ({"TotalMemorySizeMiB": 81920}, [], (80 * GIB, "")),
        ({}, [("HBM3", 40960), ("HBM3", 40960), ("L2Cache", 50)], (80 * GIB, "hbm3")),
        ({"TotalMemorySizeMiB": 81920}, [("HBM3", 81920)], (80 * GIB, "hbm3")),
        ({"TotalMemorySizeMiB": 81920}, [("HBM3", 81559)], None),
        ({}, [("HBM3", 40960), ("HBM3", None)], None),
        ({}, [("HBM2E", 40960), ("DDR4", 40960)], (80 * GIB, "")),
        ({"TotalMemorySizeMiB": 0}, [], None),
        ({"TotalMemorySizeMiB": "N/A"}, [], None),
    ],
)
def test_memory_of_a_device_has_two_sources(
    summary: Json, parts: list[tuple[str, int | None]], expected: tuple[int, str] | None
) -> None:
    """A device's total is held against what its parts add up to; caches are none of it."""
    listed = [{"MemoryType": kind, "CapacityMiB": size} for kind, size in parts]
    device = gpu(1, MemorySummary=summary, ProcessorMemory=listed)
    imported = read(machine(processors=[cpu(1), cpu(2), device]))
    (found,) = node(imported).accelerators
    if expected is None:
        assert not found.HasField("memory")
        assert findings(imported, "memory of an accelerator")
    else:
        assert (found.memory.capacity_bytes, found.memory.type) == expected


def test_identifiers_tell_a_device() -> None:
    """PCIe identifiers are those of the functions that a device is linked to; they name maker and product."""
    linked = {"Links": {"PCIeFunctions": [link(function(1)["@odata.id"])]}}
    unnamed = gpu(1, Manufacturer="Board Maker", Model=None, **linked)
    imported = read(machine(processors=[cpu(1), cpu(2), unnamed], functions=[function(1)]))
    (found,) = node(imported).accelerators
    assert (found.vendor, found.product, found.count) == ("nvidia", "PCI 10de:2330", 1)
    assert found.pci == PciId(vendor="10de", device="2330", subvendor="10de", subdevice="16c1")
    device = {"Links": {"PCIeDevice": link("/redfish/v1/Chassis/1/PCIeDevices/1")}}
    amd = gpu(1, Manufacturer="Advanced Micro Devices, Inc. [AMD/ATI]", **device)
    imported = read(machine(processors=[cpu(1), cpu(2), amd], functions=[function(1)]))
    assert [one.vendor for one in node(imported).accelerators] == ["nvidia"]
    assert findings(imported, "vendor of an accelerator")


def test_devices_on_the_bus_count_where_none_is_a_processor() -> None:
    """A PCIe function of a known accelerator is one, once a device; a slice, a NIC, a stranger is none."""
    functions = [
        function(1),
        function(2),
        function(3, FunctionType="Virtual"),
        function(4, DeviceClass="NetworkController"),
        function(5, VendorId="0xABCD", DeviceId="0xABCD"),
        function(6, VendorId="0xFFFF"),
        function(7, Status={"State": "Absent"}),
    ]
    imported = read(machine(functions=functions))
    (found,) = node(imported).accelerators
    assert (found.accelerator_class, found.vendor, found.count) == ("gpu", "nvidia", 2)
    assert found.provenance.basis == "estimated"
    assert findings(imported, "a PCIe function") == ["it is a slice (SR-IOV) of a device"]
    assert len(findings(imported, "a ProcessingAccelerators")) == 2


def test_a_device_that_is_processor_and_function_counts_once() -> None:
    """Where devices are told as processors, functions may be the same ones, and are not added."""
    imported = read(machine(processors=[cpu(1), cpu(2), gpu(1)], functions=[function(1), function(2)]))
    assert [one.count for one in node(imported).accelerators] == [1]
    assert findings(imported, "2 accelerators on PCIe")


# Drives and networks


@pytest.mark.parametrize(
    ("change", "medium"),
    [
        ({}, "nvme-ssd"),
        ({"Protocol": "SAS"}, "sas-ssd"),
        ({"Protocol": "SATA"}, "sata-ssd"),
        # PCIe carries NVMe and other things.
        ({"Protocol": "PCIe"}, "ssd"),
        ({"Protocol": None}, "ssd"),
        ({"MediaType": "SMR", "Protocol": "SATA"}, "hdd"),
        ({"BlockSizeBytes": None}, "nvme-ssd"),
        ({"Status": {"State": "StandbyOffline"}}, "nvme-ssd"),
        ({"Status": {"State": "StandbySpare"}}, None),
        ({"Status": {"State": "Absent"}}, None),
        ({"MediaType": None}, None),
        ({"Protocol": "USB"}, None),
        ({"Protocol": "iSCSI"}, None),
        # Gigabytes where bytes should be, with and without a size of blocks to tell.
        ({"CapacityBytes": 1920}, None),
        ({"CapacityBytes": 1920, "BlockSizeBytes": None}, None),
        ({"CapacityBytes": None}, None),
        ({"CapacityBytes": 1e30}, None),
        ({"CapacityBytes": -512}, None),
    ],
)
def test_drives_are_told_by_medium_and_protocol(change: Json, medium: str | None) -> None:
    """A drive counts if it is there, in the machine, of a known medium, and its size is one in bytes."""
    imported = read(machine(drives=[drive(1, **change)]))
    assert [one.medium for one in node(imported).storage] == ([medium] if medium else [])
    absent = change == {"Status": {"State": "Absent"}}
    assert bool(imported.findings) == (medium is None and not absent)


def test_a_drive_counts_once() -> None:
    """A drive behind two controllers is one; volumes and devices of SimpleStorage are none."""
    named = [link(drive(1)["@odata.id"])]
    resources = machine(
        Storage=link(f"{SYSTEM}/Storage"), SimpleStorage=link(f"{SYSTEM}/SimpleStorage"), modules=None
    )
    resources += collection(
        "Storage",
        f"{SYSTEM}/Storage",
        resource("Storage", f"{SYSTEM}/Storage/1", Drives=named, Volumes=link(f"{SYSTEM}/Storage/1/Volumes")),
        resource("Storage", f"{SYSTEM}/Storage/2", Drives=[*named, *named]),
        resource("Storage", f"{SYSTEM}/Storage/3", Volumes=link(f"{SYSTEM}/Storage/3/Volumes")),
    )
    devices = [{"Name": "Bay 1", "CapacityBytes": 8 * 10**12}, {"Status": {"State": "Absent"}}]
    resources += collection(
        "SimpleStorage",
        f"{SYSTEM}/SimpleStorage",
        resource("SimpleStorage", f"{SYSTEM}/SimpleStorage/1", Devices=devices),
    )
    imported = read([*resources, drive(1)])
    assert [(one.medium, one.count) for one in node(imported).storage] == [("nvme-ssd", 1)]
    assert findings(imported, "Drive") == ["/redfish/v1/Chassis/1/Drives/1 is named twice; it counts once"]
    assert len(findings(imported, "volumes")) == 1
    assert len(findings(imported, "1 storage devices")) == 1


def test_a_part_of_two_systems_counts_in_none() -> None:
    """Bytes that two systems share are no one's; each is told what is its own."""
    resources = machine(drives=[drive(1), drive(2)])
    other = resource("ComputerSystem", "/redfish/v1/Systems/2", Storage=link("/redfish/v1/Systems/2/Storage"))
    named = [link(drive(2)["@odata.id"])]
    storage = resource("Storage", "/redfish/v1/Systems/2/Storage/1", Drives=named)
    resources += [other, *collection("Storage", "/redfish/v1/Systems/2/Storage", storage)]
    imported = read(resources)
    assert [one.count for one in node(imported).storage] == [1]
    assert findings(imported, "Drive /redfish/v1/Chassis/1/Drives/2") == [
        "more than one system links to it; it is counted in none"
    ]
    assert left(imported) == ["nothing that it has could be stated; the findings say why"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ("ethernet", 25 * 10**9)),
        ({"CurrentSpeedGbps": 0.1}, ("ethernet", 10**8)),
        ({"LinkStatus": None}, ("ethernet", 25 * 10**9)),
        ({"PortProtocol": None, "LinkNetworkTechnology": "InfiniBand"}, ("infiniband", 25 * 10**9)),
        # A port without a link has no rate; what it is capable of is none.
        ({"LinkStatus": "LinkDown"}, ("ethernet", 0)),
        ({"CurrentSpeedGbps": 0}, ("ethernet", 0)),
        ({"CurrentSpeedGbps": None}, ("ethernet", 0)),
        ({"CurrentSpeedGbps": -1}, ("ethernet", 0)),
        ({"CurrentSpeedGbps": 1e20}, ("ethernet", 0)),
        ({"PortProtocol": "FC"}, None),
        ({"PortProtocol": None}, None),
        ({"PortType": "ManagementPort"}, None),
        ({"Status": {"State": "Absent"}}, None),
    ],
)
def test_ports_are_told_with_the_rate_of_their_link(change: Json, expected: tuple[str, int] | None) -> None:
    """The rate is the one that is negotiated; a logical interface of the same hardware is not added."""
    imported = read(machine(ports=[port(1, **change)], interfaces=[interface(1)]))
    found = [(one.technology, one.bits_per_s) for one in node(imported).network]
    assert found == ([expected] if expected else [])


def test_older_ports_state_megabits() -> None:
    """`NetworkPort`, which came before `Port`, has its rate in Mbit/s."""
    resources = [one for one in machine(ports=[port(1)]) if one.get("Id") != "NIC"]
    adapter = "/redfish/v1/Chassis/1/NetworkAdapters/NIC"
    older = resource(
        "NetworkPort",
        f"{adapter}/NetworkPorts/1",
        ActiveLinkTechnology="Ethernet",
        LinkStatus="Up",
        CurrentLinkSpeedMbps=10000,
    )
    owner = {"Links": {"NetworkAdapter": link(adapter)}}
    resources += [
        resource("NetworkInterface", f"{SYSTEM}/NetworkInterfaces/NIC", **owner),
        resource("NetworkAdapter", adapter, NetworkPorts=link(f"{adapter}/NetworkPorts")),
        *collection("NetworkPort", f"{adapter}/NetworkPorts", older),
    ]
    assert [one.bits_per_s for one in node(read(resources)).network] == [10**10]


def test_logical_interfaces_are_told_where_no_adapter_is_named() -> None:
    """Of Ethernet interfaces, those of software and that to the management processor are left out."""
    imported = read(
        machine(
            interfaces=[
                interface(1, PermanentMACAddress="02:00:00:00:00:01"),
                interface(2, PermanentMACAddress="02:00:00:00:00:02", EthernetInterfaceType="Physical"),
                interface(3, EthernetInterfaceType="Virtual"),
                interface(4, Links={"HostInterface": link("/redfish/v1/Managers/1/HostInterfaces/1")}),
                interface(5, PermanentMACAddress="02:00:00:00:00:01"),
                interface(6, LinkStatus="NoLink", PermanentMACAddress="02:00:00:00:00:06"),
            ]
        )
    )
    assert [(one.count, one.bits_per_s) for one in node(imported).network] == [(2, 10**9), (1, 0)]
    assert findings(imported, "an Ethernet interface") == [
        "it is made by software",
        "it leads to the management processor",
        "an interface with the address 02:00:00:00:00:01 is counted already",
    ]


# What is a node, and what is none


def test_a_virtual_machine_is_told_as_one() -> None:
    """Its topology, media, rates and devices are as a hypervisor presents them, and are not told as true."""
    imported = read(
        machine(
            processors=[cpu(1), cpu(2), gpu(1)],
            drives=[drive(1)],
            interfaces=[interface(1)],
            SystemType="Virtual",
        )
    )
    found = node(imported)
    assert found.virtualization.kind == "virtual-machine"
    assert (found.cpu.schedulable_cpus, found.cpu.sockets, found.cpu.physical_cores) == (64, 0, 0)
    assert (found.memory.capacity_bytes, found.memory.type) == (64 * GIB, "")
    assert [one.medium for one in found.storage] == ["virtual-disk"]
    assert [one.bits_per_s for one in found.network] == [0]
    assert list(found.accelerators) == []
    assert findings(imported, "1 accelerators")


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"SystemType": "DPU"}, "it is a data processing unit, a part of another system"),
        ({"SystemType": "OS"}, "it is an operating system, not what it runs on"),
        ({"Status": {"State": "Absent"}}, "its state is 'Absent': it is not there"),
        ({"Name@Redfish.RequiredOnCreate": True}, "it only says how a system may be composed"),
    ],
)
def test_what_is_no_node_is_left_out(members: Json, why: str) -> None:
    """Templates, parts of systems and what is not there are rows with their reason."""
    assert left(read(machine(**members))) == [why]


def test_a_composed_system_is_a_node_and_a_block_is_none() -> None:
    """Blocks are what systems are composed of; what the system has of them is told with it."""
    block = resource("ResourceBlock", "/redfish/v1/CompositionService/ResourceBlocks/1", Processors=[])
    imported = read([*machine(SystemType="Composed"), block, {**block, "@odata.id": "/redfish/v1/x"}])
    assert node(imported).cpu.schedulable_cpus == 64
    assert not node(imported).HasField("virtualization")
    assert len(findings(imported, "2 × ResourceBlock")) == 1


def test_a_board_of_accelerators_without_cpus_is_reported() -> None:
    """Some services tell the GPUs of a machine as a system of their own; the report says so."""
    imported = read(machine(processors=[gpu(1)], modules=None, MemorySummary={}))
    assert [one.count for one in node(imported).accelerators] == [1]
    assert findings(imported, "the system around it")


@pytest.mark.parametrize(
    ("members", "name"),
    [
        ({"HostName": ""}, "1"),
        ({"HostName": None, "Id": "System.Embedded.1"}, "system"),
        ({"HostName": "  ", "Id": None}, "1"),
        ({"HostName": 7, "Id": "节点"}, "1"),
        ({"HostName": "Web_483.example.org"}, "web-483"),
    ],
)
def test_names_come_from_the_host_or_the_resource(members: Json, name: str) -> None:
    """A name is the host's, else that of the resource, made valid."""
    (draft,) = read(machine(**members)).drafts
    assert draft.name == name
