"""Systems of a Redfish service as it tells them, and how these tests read them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from crex.describe.importing import Imported
from crex.describe.redfish import IMPORTER
from crex.describe.sources import Source
from crex.v1 import (
    ComputeResource,
    NodeClass,
)
from sdk.tests.describe import mutations
from sdk.tests.describe.sound import check_sound

GIB = 1 << 30
MIB = 1 << 20
SYSTEM = "/redfish/v1/Systems/1"
Json = dict[str, Any]
ENABLED: Json = {"State": "Enabled", "Health": "OK"}


def resource(kind: str, uri: str, **members: Any) -> Json:
    """A resource of a kind at an address."""
    return {
        "@odata.type": f"#{kind}.v1_9_0.{kind}",
        "@odata.id": uri,
        "Id": uri.rpartition("/")[2],
        **members,
    }


def link(uri: str) -> Json:
    """A link."""
    return {"@odata.id": uri}


def collection(kind: str, uri: str, *members: Json) -> list[Json]:
    """A collection, with the resources that it has as members."""
    named = [link(one["@odata.id"]) for one in members]
    whole = {
        "@odata.type": f"#{kind}Collection.{kind}Collection",
        "@odata.id": uri,
        "Members": named,
        "Members@odata.count": len(named),
    }
    return [whole, *members]


def cpu(number: int, **members: Any) -> Json:
    """A CPU of 16 cores and 32 threads."""
    stated = {
        "ProcessorType": "CPU",
        "InstructionSet": "x86-64",
        "Manufacturer": "Intel(R) Corporation",
        "Model": "Xeon Nine",
        "Socket": f"CPU {number}",
        "BaseSpeedMHz": 2100,
        "MaxSpeedMHz": 4000,
        "TotalCores": 16,
        "TotalThreads": 32,
        "Status": ENABLED,
    }
    return resource("Processor", f"{SYSTEM}/Processors/CPU{number}", **{**stated, **members})


def gpu(number: int, **members: Any) -> Json:
    """A GPU of 80 GiB, as a processor."""
    stated = {
        "ProcessorType": "GPU",
        "Manufacturer": "NVIDIA Corporation",
        "Model": "H100 80GB HBM3",
        "MemorySummary": {"TotalMemorySizeMiB": 81920, "ECCModeEnabled": True},
        "TDPWatts": 700,
        "Status": ENABLED,
    }
    return resource("Processor", f"{SYSTEM}/Processors/GPU{number}", **{**stated, **members})


def module(number: int, **members: Any) -> Json:
    """A memory module of 32 GiB."""
    stated = {
        "CapacityMiB": 32768,
        "MemoryType": "DRAM",
        "MemoryDeviceType": "DDR5",
        "ErrorCorrection": "MultiBitECC",
        "Status": ENABLED,
    }
    return resource("Memory", f"{SYSTEM}/Memory/DIMM{number}", **{**stated, **members})


def drive(number: int, **members: Any) -> Json:
    """An NVMe drive of 1.92 TB."""
    stated = {
        "CapacityBytes": 1_920_383_410_176,
        "BlockSizeBytes": 512,
        "MediaType": "SSD",
        "Protocol": "NVMe",
        "Status": ENABLED,
    }
    return resource("Drive", f"/redfish/v1/Chassis/1/Drives/{number}", **{**stated, **members})


def port(number: int, **members: Any) -> Json:
    """An Ethernet port that runs at 25 Gbit/s."""
    stated = {
        "PortProtocol": "Ethernet",
        "LinkStatus": "LinkUp",
        "CurrentSpeedGbps": 25,
        "MaxSpeedGbps": 100,
        "Status": ENABLED,
    }
    place = f"/redfish/v1/Chassis/1/NetworkAdapters/NIC/Ports/{number}"
    return resource("Port", place, **{**stated, **members})


def interface(number: int, **members: Any) -> Json:
    """An Ethernet interface that runs at 1 Gbit/s."""
    stated = {"SpeedMbps": 1000, "LinkStatus": "LinkUp", "Status": ENABLED}
    return resource("EthernetInterface", f"{SYSTEM}/EthernetInterfaces/{number}", **{**stated, **members})


def function(number: int, **members: Any) -> Json:
    """A PCIe function of a GPU."""
    stated = {
        "FunctionType": "Physical",
        "DeviceClass": "ProcessingAccelerators",
        "VendorId": "0x10DE",
        "DeviceId": "0x2330",
        "SubsystemVendorId": "0x10de",
        "SubsystemId": "0x16C1",
        "Status": ENABLED,
    }
    place = f"/redfish/v1/Chassis/1/PCIeDevices/{number}/PCIeFunctions/0"
    return resource("PCIeFunction", place, **{**stated, **members})


def machine(
    *,
    processors: Sequence[Json] | None = (cpu(1), cpu(2)),
    modules: Sequence[Json] | None = (module(1), module(2)),
    drives: Sequence[Json] = (),
    ports: Sequence[Json] = (),
    interfaces: Sequence[Json] = (),
    functions: Sequence[Json] = (),
    **members: Any,
) -> list[Json]:
    """The resources of a service with one system; None: the system does not link to such parts."""
    system = resource("ComputerSystem", SYSTEM, HostName="node-1.example.org", SystemType="Physical")
    system["ProcessorSummary"] = {"Count": 2, "CoreCount": 32, "LogicalProcessorCount": 64}
    system["MemorySummary"] = {"TotalSystemMemoryGiB": 64}
    parts: list[Json] = []

    def hang(name: str, kind: str, several: Sequence[Json]) -> None:
        system[name] = link(f"{SYSTEM}/{name}")
        parts.extend(collection(kind, f"{SYSTEM}/{name}", *several))

    if processors is not None:
        hang("Processors", "Processor", processors)
    if modules is not None:
        hang("Memory", "Memory", modules)
    if drives:
        named = [link(one["@odata.id"]) for one in drives]
        hang("Storage", "Storage", [resource("Storage", f"{SYSTEM}/Storage/1", Drives=named)])
        parts.extend(drives)
    if ports:
        adapter = "/redfish/v1/Chassis/1/NetworkAdapters/NIC"
        owned = {"NetworkAdapter": link(adapter)}
        owner = resource("NetworkInterface", f"{SYSTEM}/NetworkInterfaces/NIC", Links=owned)
        hang("NetworkInterfaces", "NetworkInterface", [owner])
        parts.append(resource("NetworkAdapter", adapter, Ports=link(f"{adapter}/Ports")))
        parts.extend(collection("Port", f"{adapter}/Ports", *ports))
    if interfaces:
        hang("EthernetInterfaces", "EthernetInterface", interfaces)
    for one in functions:
        place = one["@odata.id"].rpartition("/")[0]
        device = resource("PCIeDevice", place.rpartition("/")[0], PCIeFunctions=link(place))
        system.setdefault("PCIeDevices", []).append(link(device["@odata.id"]))
        parts.extend([device, *collection("PCIeFunction", place, one)])
    return [*collection("ComputerSystem", "/redfish/v1/Systems", {**system, **members}), *parts]


def lines(resources: Sequence[object], name: str = "tree.jsonl") -> Source:
    """Resources as JSON Lines."""
    return Source(name, "".join(json.dumps(one) + "\n" for one in resources).encode())


def read(resources: Sequence[object]) -> Imported:
    """Imports the resources of one service."""
    imported = IMPORTER.read([lines(resources)])
    mutations.check_books(imported)
    for draft in imported.drafts:
        check_sound(draft)
    return imported


def node(imported: Imported) -> NodeClass:
    """Gives the only node of an import."""
    (draft,) = imported.drafts
    assert isinstance(draft.body, ComputeResource)
    return draft.body.node


def findings(imported: Imported, what: str) -> list[str]:
    """Gives what findings say of a thing."""
    return [one.why for one in imported.findings if one.what == what]


def left(imported: Imported) -> list[str]:
    """Gives the reasons for which rows are left out."""
    return [one.why for one in imported.left_out]


def memory_of(imported: Imported) -> int | None:
    """Gives the capacity of the memory of the only node, where it is stated."""
    found = node(imported)
    return found.memory.capacity_bytes if found.HasField("memory") else None
