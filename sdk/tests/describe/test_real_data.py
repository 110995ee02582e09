"""What real tools printed on real machines: read without a word of it lost or invented."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf.json_format import MessageToJson

from crex import v1
from crex.describe.machine import Output
from crex.documents import reader
from sdk.tests.describe import trees
from sdk.tests.describe.trees import Describe, Recorded, why

# Product, architecture, memory in MiB, device identifier, watts; nothing where the tool did not say.
NVIDIA: dict[str, tuple[str, str | None, int, str | None, int | None]] = {
    "a100-sxm4-v12.xml": ("NVIDIA A100-SXM4-80GB", "ampere", 81920, "20b2", 500),
    "a10g.xml": ("NVIDIA A10G", "ampere", 23028, None, 300),
    "gtx-1070-ti.xml": ("GeForce GTX 1070 Ti", None, 4096, None, None),
    "gtx-1660-ti.xml": ("Graphics Device", None, 5912, "2184", 130),
    "quadro-p2000-v12.xml": ("Quadro P2000", "pascal", 5120, "1c30", 75),
    "quadro-p400.xml": ("Quadro P400", None, 1998, "1cb3", None),
    "rtx-3060-v12.xml": ("NVIDIA GeForce RTX 3060", "ampere", 12288, "2487", 170),
    "rtx-3080-v12.xml": ("NVIDIA GeForce RTX 3080", "ampere", 10240, "2216", 320),
    "rtx-3080-v13.xml": ("NVIDIA GeForce RTX 3080", "ampere", 10240, "2216", 320),
    "rtx-3090-v12.xml": ("NVIDIA GeForce RTX 3090", "ampere", 24576, None, 350),
    "rtx-4000-sff-ada-v13.xml": ("NVIDIA RTX 4000 SFF Ada Generation", "ada-lovelace", 20475, "27b0", 70),
    "tesla-t4.xml": ("Tesla T4", "turing", 15360, "1eb8", 70),
}


@pytest.mark.parametrize("name", sorted(NVIDIA))
def test_real_nvidia_devices_are_read(name: str, real_data: Path, describe: Describe) -> None:
    """Each recorded device is described by exactly what its XML states."""
    product, architecture, mebibytes, identifier, watts = NVIDIA[name]
    xml = (real_data / "telegraf-testdata/nvidia_smi/testdata" / name).read_text()
    (device,) = describe(trees.smt_server().with_answers({"nvidia-smi -q -x": xml})).node.accelerators
    assert (device.product, device.architecture or None) == (product, architecture)
    assert device.memory.capacity_bytes == mebibytes << 20
    assert (device.pci.device or None) == identifier
    assert (device.tdp_watts if device.HasField("tdp_watts") else None) == watts
    assert device.count == 1


def test_four_real_mig_devices_are_not_four_gpus(real_data: Path, describe: Describe) -> None:
    """A real A100 that is cut into four slices is one device, and the slices are in the report."""
    xml = (real_data / "telegraf-testdata/nvidia_smi/testdata/a100-sxm4-v12.xml").read_text()
    description = describe(trees.smt_server().with_answers({"nvidia-smi -q -x": xml}))
    assert [device.count for device in description.node.accelerators] == [1]
    assert why(description, "4 MIG devices")
    assert "it says 4 are attached and lists 1" in why(description, "NVIDIA devices")


@pytest.mark.parametrize(
    ("folder", "vendor", "level"),
    [
        ("", "intel", "x86-64-v4"),
        ("vendor_not_supported/", "amd", "x86-64-v1"),
        ("cpu_model_missing/", "intel", "x86-64-v4"),
    ],
)
def test_real_processors_are_read(
    folder: str, vendor: str, level: str, real_data: Path, describe: Describe
) -> None:
    """Real /proc/cpuinfo texts give maker, level and features that the strict reader accepts."""
    text = (real_data / f"telegraf-testdata/intel_powerstat/testdata/{folder}cpuinfo").read_text()
    node = describe(Recorded({"/proc/cpuinfo": text}, {"lscpu -J": Output(127, "", "none")})).node
    assert (node.cpu.isa, node.cpu.vendor, node.cpu.isa_level) == ("x86-64", vendor, level)
    assert node.cpu.model
    assert reader.read(MessageToJson(node).encode(), v1.NodeClass)
