"""From machines to documents and on to other systems: what comes out is what went in, or less."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crex.describe.hwloc import IMPORTER as HWLOC
from crex.describe.importing import Imported
from crex.describe.sources import open_sources
from crex.export.exporters import EXPORTERS
from crex.export.exporting import Document, Exported
from crex.v1 import Accelerator, ComputeResource, Site
from sdk.tests.describe import clusters
from sdk.tests.describe.sound import documents_of
from sdk.tests.export.described import content, only, write
from sdk.tests.export.targets import CHECKS

KUBERNETES = EXPORTERS.load("kubernetes")


def _documents(imported: Imported) -> list[Document]:
    made = [one.document for one in documents_of(imported).made]
    return [one for one in made if isinstance(one, (ComputeResource, Site))]


def _published(exported: Exported, node: str) -> list[dict[str, Any]]:
    """Slices as if NVIDIA's driver published them on a node.

    What a driver's attributes mean, only that driver's maker says; those that are written here by the same
    names must mean the same.
    """
    slices: list[dict[str, Any]] = only(exported)["items"]
    for one in slices:
        one["spec"]["driver"] = "gpu.nvidia.com"
        del one["spec"]["nodeSelector"]
        one["spec"]["nodeName"] = node
    return slices


def _devices(imported: Imported) -> list[Accelerator]:
    """Accelerators without where they were read, and without what the driver names otherwise."""
    found = []
    for one in clusters.resource(imported).node.accelerators:
        bare = Accelerator()
        bare.CopyFrom(one)
        bare.ClearField("provenance")
        bare.ClearField("runtime")
        found.append(bare)
    return found


@pytest.mark.parametrize("count", [1, 8, 130])
def test_devices_of_a_cluster_come_back(count: int) -> None:
    """Devices that are read from ResourceSlices and written as ResourceSlices are read as the same ones."""
    listed = [
        clusters.device(f"gpu-{at}", uuid=f"GPU-{at}", deviceID="0x20b2", vendorID="0x10de")
        for at in range(count)
    ]
    chunks = [listed[at : at + 128] for at in range(0, count, 128)]
    slices = [
        clusters.resource_slice(*chunk, name=f"slice-{at}", total=len(chunks))
        for at, chunk in enumerate(chunks)
    ]
    first = clusters.read(clusters.node(), *slices)
    exported = write(KUBERNETES, *_documents(first))
    again = clusters.read(clusters.node(), *_published(exported, "worker-1"))
    assert [one.count for one in _devices(first)] == [count]
    assert _devices(again) == _devices(first)


def test_slices_of_a_cluster_are_no_devices() -> None:
    """A device that is cut comes back as one device, and its slices as none (EXPORT-SLICE-1)."""
    parent = clusters.device("gpu-0", uuid="GPU-0")
    cut = [
        clusters.device(f"mig-{at}", "mig", "10Gi", uuid=f"MIG-{at}", parentUUID="GPU-0", profile="1g.10gb")
        for at in range(7)
    ]
    first = clusters.read(clusters.node(), clusters.resource_slice(parent, *cut))
    assert len(first.drafts) == 2
    exported = write(KUBERNETES, *_documents(first))
    again = clusters.read(clusters.node(), *_published(exported, "worker-1"))
    (device,) = _devices(again)
    assert (device.count, device.memory.capacity_bytes) == (1, 80 * clusters.GIB)
    assert len(again.drafts) == 1


def test_our_own_slices_say_nothing_to_the_importer() -> None:
    """Attributes of a driver that an importer does not know are not guessed at."""
    first = clusters.read(clusters.node(), clusters.resource_slice(clusters.device("gpu-0")))
    exported = write(KUBERNETES, *_documents(first))
    slices = only(exported)["items"]
    again = clusters.read(clusters.node(), *slices)
    assert clusters.left(again) == ["its devices belong to no single node"]


def test_real_machines_are_written_within_every_limit(real_data: Path) -> None:
    """Machines as hwloc describes them are told to every target, each with its outcome."""
    files = sorted((real_data / "hwloc-xml").glob("*.xml*"))
    assert len(files) == 9
    for path in files:
        documents = _documents(HWLOC.read(open_sources([path])))
        for name, check in CHECKS.items():
            for data in write(EXPORTERS.load(name), *documents).files.values():
                check(content(data))


def test_a_real_machine_with_gpus(real_data: Path) -> None:
    """A DGX-2 has 16 devices in slices and in the inventory; CPUs that nobody says how to share are none."""
    documents = _documents(HWLOC.read(open_sources([real_data / "hwloc-xml" / "nvidiaDGX2.xml"])))
    (slice_,) = only(write(KUBERNETES, *documents))["items"]
    devices = slice_["spec"]["devices"]
    assert len(devices) == 16
    assert all(one["attributes"]["deviceID"] == {"string": "0x1db8"} for one in devices)
    provider = only(write(EXPORTERS.load("openstack"), *documents))
    assert {name: one["total"] for name, one in provider["inventories"].items()} == {"MEMORY_MB": 1546833}
    assert [one["inventories"]["PGPU"]["total"] for one in provider["children"]] == [16]
