"""The importer `nvidia-smi`: logs with their slices, vGPUs, second sources, real and damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from crex.describe.importing import Imported
from crex.describe.nvidia_smi import IMPORTER
from crex.describe.sources import Source, open_sources
from crex.v1 import Accelerator, ComputeResource
from sdk.tests.describe import mutations
from sdk.tests.describe.sound import check_sound, documents_of
from sdk.tests.describe.test_real_data import NVIDIA
from sdk.tests.describe.trees import nvidia_gpu, nvidia_slice, nvidia_xml

LIST = (
    "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-0)\n"
    "  MIG 1g.10gb     Device  0: (UUID: MIG-0)\n  MIG 1g.10gb     Device  1: (UUID: MIG-1)\n"
)


def read(*texts: str) -> Imported:
    """Imports texts, each a file, and checks the books."""
    imported = IMPORTER.read([Source(f"host-{at}.xml", text.encode()) for at, text in enumerate(texts)])
    mutations.check_books(imported)
    for draft in imported.drafts:
        check_sound(draft)
    return imported


def body(imported: Imported, at: int = 0) -> ComputeResource:
    """Gives the body of a draft."""
    found = imported.drafts[at].body
    assert isinstance(found, ComputeResource)
    return found


def devices(imported: Imported) -> list[Accelerator]:
    """Gives the devices of the first draft."""
    return list(body(imported).node.accelerators)


def whys(imported: Imported) -> str:
    """Gives every reason and remark."""
    return " | ".join([*(one.why for one in imported.left_out), *(one.why for one in imported.findings)])


def sliced() -> str:
    """Writes a log of one GPU that is cut into two MIG devices."""
    return nvidia_xml(nvidia_gpu("0000:00:0a.0", mig=nvidia_slice(0) + nvidia_slice(1)))


def test_equal_gpus_are_told_once() -> None:
    """Two equal GPUs are one element of two; the driver is software."""
    imported = read(nvidia_xml(nvidia_gpu("0000:00:0a.0"), nvidia_gpu("0000:00:0b.0")))
    (device,) = devices(imported)
    assert (device.vendor, device.count) == ("nvidia", 2)
    assert (imported.rows, len(imported.drafts[0].rows)) == (2, 2)
    assert [one.name for one in body(imported).software] == ["nvidia-driver"]


def test_slices_are_documents_of_their_own() -> None:
    """MIG devices are partitions of the node, counted by profile, and never GPUs (trap 7)."""
    imported = read(sliced(), LIST)
    assert [one.count for one in devices(imported)] == [1]
    partition = imported.drafts[1]
    assert (body(imported, 1).kind, body(imported, 1).partition.profile) == ("partition-class", "1g.10gb")
    assert (partition.count, partition.part_of) == (2, imported.drafts[0].name)
    made = [one.document.header.id.rsplit("/", 2)[-2:] for one in documents_of(imported).made]
    assert ["partition-class", "mig-1g-10gb"] in made


def test_slices_without_their_profiles_are_left_out() -> None:
    """Without the list of profiles a slice is left out, and the device stays."""
    imported = read(sliced())
    assert len(imported.drafts) == 1
    assert [one.why for one in imported.left_out] == [
        "nothing says which profile it has; `nvidia-smi -L` does"
    ] * 2


def test_a_list_that_may_belong_to_several_logs_is_not_read() -> None:
    """Profiles join one log; of two nobody says whose they are."""
    imported = read(sliced(), sliced(), LIST)
    assert "it belongs to one log" in whys(imported)
    assert len(imported.drafts) == 2


def test_a_vgpu_is_no_gpu() -> None:
    """What a hypervisor hands out is a slice of its host's device."""
    imported = read(nvidia_xml(nvidia_gpu("0000:00:0a.0", virtualization="VGPU")))
    assert not imported.drafts
    assert "it is a vGPU" in whys(imported)


def test_memory_is_held_against_the_registry() -> None:
    """A size that no product with these identifiers has is not stated: MiB that are MB would be one."""
    log = nvidia_xml(nvidia_gpu("0000:00:0a.0"))
    assert devices(read(log))[0].memory.capacity_bytes == 81559 << 20
    imported = read(log.replace("81559 MiB", "40536 MiB"))
    assert not devices(imported)[0].HasField("memory")
    assert "no product with its identifiers has" in whys(imported)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No devices were found",
        "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
        "<nvidia_smi_log></nvidia_smi_log>",
        "<other/>",
        '<!DOCTYPE a [<!ENTITY b "c">]><nvidia_smi_log><gpu/></nvidia_smi_log>',
        "<nvidia_smi_log><gpu>",
    ],
)
def test_what_is_no_log_is_left_out(text: str) -> None:
    """What the tool says instead of XML is a row with what it says."""
    imported = read(text)
    assert (imported.rows, len(imported.left_out)) == (1, 1)


@pytest.mark.parametrize("name", NVIDIA)
def test_real_logs_are_read(name: str, real_data: Path) -> None:
    """Every recorded log gives its device with what it states."""
    product, architecture, mebibytes, identifier, _ = NVIDIA[name]
    imported = IMPORTER.read(open_sources([real_data / "telegraf-testdata/nvidia_smi/testdata" / name]))
    (device,) = devices(imported)
    assert (device.product, device.architecture or None) == (product, architecture)
    assert device.memory.capacity_bytes == mebibytes << 20
    assert (device.pci.device or None) == identifier
    assert len(imported.left_out) == (4 if name.startswith("a100") else 0)


def test_damaged_logs_end_in_a_report() -> None:
    """Cut anywhere they give no figure that the whole does not; changed anywhere they stay sound."""
    sources = [Source("host.xml", sliced().encode()), Source("list.txt", LIST.encode())]
    mutations.check_damaged(IMPORTER, sources, check_sound, seed=7, pieces=400)


def test_damaged_real_logs_end_in_a_report(real_data: Path) -> None:
    """The same of recorded logs."""
    sources = open_sources([real_data / "telegraf-testdata/nvidia_smi/testdata" / name for name in NVIDIA])
    mutations.check_damaged(IMPORTER, sources, check_sound, seed=8, pieces=15)
