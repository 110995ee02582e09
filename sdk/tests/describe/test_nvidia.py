"""nvidia-smi in all its moods: no device, no XML, placeholders, slices."""

from __future__ import annotations

import pytest

from crex.describe.machine import Output
from sdk.tests.describe import trees
from sdk.tests.describe.trees import Describe, nvidia_gpu, nvidia_slice, nvidia_xml, why

QUERY = "nvidia-smi -q -x"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Output(0, "No devices were found\n"), "'No devices were found' instead of XML"),
        (
            Output(6, "No devices were found\n", "nvidia-smi ended with 6: No devices were found"),
            "No devices",
        ),
        (Output(9, "", "nvidia-smi ended with 9: NVIDIA-SMI has failed"), "has failed"),
        (Output(124, "", "nvidia-smi did not end within 30 s"), "did not end"),
        (Output(0, ""), "printed nothing"),
        (Output(0, "<html>404</html>"), "instead of XML"),
        (Output(0, nvidia_xml(nvidia_gpu("0000:01:00.0"))[:400]), "instead of XML"),
        (Output(0, '<!DOCTYPE a [<!ENTITY b "c">]><nvidia_smi_log>&b;</nvidia_smi_log>'), "instead of XML"),
    ],
)
def test_an_answer_that_is_no_list_is_reported(answer: Output, reason: str, describe: Describe) -> None:
    """Whatever nvidia-smi prints instead of XML is in the report, and the list of accelerators stays open."""
    description = describe(trees.smt_server().with_answers({QUERY: answer}))
    assert not description.node.accelerators
    assert reason in why(description, "NVIDIA devices")
    assert "accelerators" not in description.closed_lists


def test_a_machine_without_nvidia_smi_reports_nothing_about_it(describe: Describe) -> None:
    """No tool and no device is the usual case and no finding."""
    assert not why(describe(trees.smt_server()), "NVIDIA")


def test_a_device_that_states_almost_nothing_is_stated_as_that(describe: Describe) -> None:
    """An old card without identifiers, driver and memory has its name, and the rest is left out."""
    gpu = '<gpu id="00000000:01:00.0"><product_name>GeForce GT 710</product_name></gpu>'
    description = describe(
        trees.smt_server().with_answers({QUERY: f"<nvidia_smi_log>{gpu}</nvidia_smi_log>"})
    )
    (device,) = description.node.accelerators
    assert (device.product, device.count) == ("GeForce GT 710", 1)
    for name in ("pci", "memory", "runtime", "architecture", "tdp_watts"):
        assert not device.HasField(name)
    assert "no total" in why(description, "memory of NVIDIA device")


@pytest.mark.parametrize("identifiers", ["000000DE", "[REDACTED]", "N/A", "2330", "233010DEFF"])
def test_placeholders_are_no_identifiers(identifiers: str, describe: Describe) -> None:
    """A zero device, another maker's number or a word in brackets is no PCI identifier."""
    xml = nvidia_xml(nvidia_gpu("0000:01:00.0", device=identifiers))
    description = describe(trees.smt_server().with_answers({QUERY: xml}))
    assert not description.node.accelerators[0].HasField("pci")
    assert "placeholder" in why(description, "PCI identifiers")


def test_a_vgpu_is_no_gpu(describe: Describe) -> None:
    """Inside a virtual machine a vGPU is a slice of a device that stands elsewhere (DESC-COUNT-1)."""
    xml = nvidia_xml(nvidia_gpu("0000:01:00.0", virtualization="VGPU"))
    description = describe(trees.small_vm().with_answers({QUERY: xml}))
    assert not description.node.accelerators
    assert "vGPU" in why(description, "NVIDIA device")


def test_a_device_passed_through_is_a_gpu(describe: Describe) -> None:
    """A whole device in a virtual machine is a GPU of that machine."""
    xml = nvidia_xml(nvidia_gpu("0000:01:00.0", virtualization="Pass-Through"))
    assert len(describe(trees.small_vm().with_answers({QUERY: xml})).node.accelerators) == 1


def test_a_cut_device_in_a_container_is_not_counted(describe: Describe) -> None:
    """A container that sees a device cut by MIG may own one slice of it, so it has no GPU."""
    xml = nvidia_xml(nvidia_gpu("0000:01:00.0", mig=nvidia_slice(0)), nvidia_gpu("0000:02:00.0"))
    description = describe(trees.limited_container().with_answers({QUERY: xml}))
    assert [device.count for device in description.node.accelerators] == [1]
    assert "only slices" in why(description, "01:00.0")


def test_slices_without_names_have_no_profile(describe: Describe) -> None:
    """Where `nvidia-smi -L` does not name the slices, the device is counted without profiles."""
    machine = trees.gpu_server().with_answers({"nvidia-smi -L": "GPU 0: NVIDIA H100\n"})
    description = describe(machine)
    assert sum(device.count for device in description.node.accelerators) == 3
    assert not any(device.partition_profiles for device in description.node.accelerators)


def test_more_devices_attached_than_listed_is_a_contradiction(describe: Describe) -> None:
    """The list is believed, the number is reported, and nothing is called complete."""
    description = describe(
        trees.smt_server().with_answers({QUERY: nvidia_xml(nvidia_gpu("0000:01:00.0"), attached=4)})
    )
    assert [device.count for device in description.node.accelerators] == [1]
    assert "4 are attached and lists 1" in why(description, "NVIDIA devices")
    assert "accelerators" not in description.closed_lists


def test_a_device_on_the_bus_that_nvidia_smi_does_not_name_is_still_there(describe: Describe) -> None:
    """A device that is kept for a guest is known by its identifiers only, and that is said."""
    more: dict[str, str | trees.Link] = {"driver": trees.Link("../../../bus/pci/drivers/vfio-pci")}
    machine = trees.gpu_server().with_files(
        trees.pci_function("0000:00:0d.0", "030200", "10de", "2330", more)
    )
    description = describe(machine)
    by_identifiers = [one for one in description.node.accelerators if one.product == "PCI 10de:2330"]
    assert [device.count for device in by_identifiers] == [1]
    assert "does not name this device" in why(description, "0000:00:0d.0")
    assert "kept for a guest" in why(description, "0000:00:0d.0")


def test_without_nvidia_smi_the_kernel_driver_names_the_device(describe: Describe) -> None:
    """The NVIDIA driver's own file gives the product where the tool is not installed."""
    files = trees.pci_function("0000:00:0d.0", "030200", "10de", "2330")
    files["/proc/driver/nvidia/gpus/0000:00:0d.0/information"] = "Model: \t\t NVIDIA H100 PCIe\nIRQ: 16\n"
    (device,) = describe(trees.smt_server().with_files(files)).node.accelerators
    assert device.product == "NVIDIA H100 PCIe"
