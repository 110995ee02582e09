"""Whole machines: what each kind is described as, and what is left out with which reason."""

from __future__ import annotations

import pytest
from google.protobuf.json_format import MessageToJson

from crex import v1
from crex.describe.report import Kind
from crex.documents import reader, semantics
from sdk.tests.describe import trees
from sdk.tests.describe.trees import Describe, why


@pytest.mark.parametrize("name", sorted(trees.MACHINES))
def test_every_machine_is_described_in_words_of_the_contract(name: str, describe: Describe) -> None:
    """The description of every recorded machine passes the strict reader and contradicts itself nowhere."""
    description = describe(trees.MACHINES[name]())
    value = reader.read(MessageToJson(description.node).encode(), v1.NodeClass)
    assert semantics.violations(value, v1.NodeClass) == []
    assert description.node.cpu.schedulable_cpus == description.schedule.count > 0


@pytest.mark.parametrize("name", sorted(trees.MACHINES))
def test_every_figure_has_its_source(name: str, describe: Describe) -> None:
    """Each part of a description says on which basis it stands and where it was read (DESC-PROVENANCE-1)."""
    node = describe(trees.MACHINES[name]()).node
    origins = [node.cpu.provenance, node.memory.provenance]
    origins += [one.provenance for one in node.accelerators]
    origins += [one.provenance for one in node.storage]
    origins += [one.provenance for one in node.network]
    for origin in origins:
        assert origin.basis in ("nominal", "estimated")
        assert origin.method


def test_a_virtual_machine_states_no_cores(describe: Describe) -> None:
    """A virtual machine's CPUs are counted; sockets, cores and threads are its hypervisor's invention."""
    description = describe(trees.small_vm())
    cpu = description.node.cpu
    assert (cpu.isa, cpu.isa_level, cpu.vendor, cpu.model) == ("x86-64", "x86-64-v4", "amd", "AMD EPYC")
    assert cpu.schedulable_cpus == 2
    assert not cpu.HasField("sockets")
    assert not cpu.HasField("physical_cores")
    assert not cpu.HasField("threads_per_core")
    assert "hypervisor" in why(description, "sockets")
    assert description.node.memory.capacity_bytes == 24684096 * 1024


def test_a_virtual_disk_is_no_hard_disk(describe: Describe) -> None:
    """A virtio disk's rotational flag is a default, so it is a virtual-disk; ram and loop do not count."""
    tiers = describe(trees.small_vm()).node.storage
    assert [(tier.medium, tier.capacity_bytes, tier.count) for tier in tiers] == [
        ("virtual-disk", 1 << 38, 1)
    ]


def test_a_left_over_mark_makes_no_container(describe: Describe) -> None:
    """A virtual machine started from a container's image is a virtual machine, and the mark is reported."""
    description = describe(trees.small_vm())
    where = description.node.virtualization
    assert (where.kind, where.technology) == ("virtual-machine", "kvm")
    assert "left over" in why(description, "container runtime docker")


def test_flags_passed_through_to_a_guest_are_no_trusted_execution(describe: Describe) -> None:
    """A guest that sees the SEV flags of its host is neither a protected guest nor a host."""
    assert not describe(trees.small_vm()).node.tee


def test_a_machine_whose_bus_has_no_accelerator_says_so(describe: Describe) -> None:
    """Where every PCI function was read and none computes, the list is closed (DESC-CLOSED-1)."""
    description = describe(trees.small_vm())
    assert not description.node.accelerators
    assert "accelerators" in description.closed_lists


def test_a_server_states_sockets_cores_threads_and_clock(describe: Describe) -> None:
    """Bare metal with two sockets and SMT is described with its topology and base clock."""
    cpu = describe(trees.smt_server()).node.cpu
    assert (cpu.sockets, cpu.physical_cores, cpu.threads_per_core, cpu.schedulable_cpus) == (2, 8, 2, 16)
    assert (cpu.vendor, cpu.base_mhz) == ("intel", 2000)
    assert "amx_tile" in cpu.enabled_features


def test_installed_memory_comes_from_the_firmware_and_usable_memory_from_the_kernel(
    describe: Describe,
) -> None:
    """On bare metal the modules say how much is installed, of which type, and whether it corrects errors."""
    memory = describe(trees.smt_server()).node.memory
    assert memory.capacity_bytes == 8 * 32 << 30
    assert memory.usable_bytes == 263783380 * 1024
    assert (memory.type, memory.ecc) == ("ddr5", True)


def test_without_the_firmware_tables_memory_is_what_the_kernel_manages(describe: Describe) -> None:
    """Where root alone may read the tables, type and ECC are left out with that reason."""
    files = {path: None for path in trees.smt_server().files if "/dmi/entries/" in path}
    description = describe(trees.smt_server().with_files(files))
    assert description.node.memory.capacity_bytes == 263783380 * 1024
    assert not description.node.memory.HasField("ecc")
    assert why(description, "node.memory.type")


def test_a_hypervisors_firmware_tables_are_not_believed(describe: Describe) -> None:
    """Virtual machines have tables that claim ECC; type and correction are stated on bare metal only."""
    tables: trees.Tree = {
        "/sys/firmware/dmi/entries/16-0/raw": trees.smbios_array(correction=6),
        "/sys/firmware/dmi/entries/17-0/raw": trees.smbios_module(mebibytes=65536, kind=0x1A),
    }
    memory = describe(trees.small_vm().with_files(tables)).node.memory
    assert memory.capacity_bytes == 24684096 * 1024
    assert not memory.HasField("ecc")
    assert not memory.HasField("type")


def test_equal_disks_and_cards_are_counted_not_repeated(describe: Describe) -> None:
    """Two equal NVMe disks and two equal cards are one element each with a count of two (DESC-COUNT-1)."""
    node = describe(trees.smt_server()).node
    assert [(tier.medium, tier.locality, tier.count) for tier in node.storage] == [
        ("nvme-ssd", "node-local", 2)
    ]
    assert [(card.technology, card.bits_per_s, card.count) for card in node.network] == [
        ("ethernet", 25 * 10**9, 2)
    ]


def test_the_display_of_a_management_processor_is_no_gpu(describe: Describe) -> None:
    """A server's console graphics is reported, is no accelerator, and leaves the list closed."""
    description = describe(trees.smt_server())
    assert not description.node.accelerators
    assert "accelerators" in description.closed_lists
    assert "management processor" in why(description, "0000:00:1b.0")


def test_bare_metal_is_said_by_systemd_and_inferred_without_it(describe: Describe) -> None:
    """Bare metal is nominal where a tool says it, estimated where a flag is merely missing."""
    said = describe(trees.smt_server()).node.virtualization
    assert (said.kind, said.provenance.basis) == ("bare-metal", "nominal")
    bare = trees.smt_server()
    inferred = describe(trees.Recorded(bare.files)).node.virtualization
    assert (inferred.kind, inferred.provenance.basis) == ("bare-metal", "estimated")


def test_an_arm_machine_without_lscpu_states_what_its_kernel_says(describe: Describe) -> None:
    """Maker and features come from codes and flags; the model's name, the sockets and the level stay out."""
    description = describe(trees.arm_server())
    cpu = description.node.cpu
    assert (cpu.isa, cpu.vendor, cpu.base_mhz) == ("aarch64", "arm", 2600)
    assert list(cpu.enabled_features) == ["fp", "asimd", "evtstrm", "aes", "sve"]
    assert not cpu.HasField("isa_level")
    assert not cpu.HasField("sockets")
    assert "neither names a model" in why(description, "node.cpu.model")
    # Arm processors have no flag for a hypervisor, so silence says nothing.
    assert not description.node.HasField("virtualization")
    assert why(description, "node.virtualization")


def test_an_arm_machine_takes_its_models_name_from_lscpu(describe: Describe) -> None:
    """Where the kernel gives codes only, lscpu names the model."""
    answers = {"lscpu -J": '{"lscpu":[{"field":"Model name:","data":"Neoverse-V1"}]}'}
    assert describe(trees.arm_server().with_answers(answers)).node.cpu.model == "Neoverse-V1"


def test_a_hybrid_machine_states_no_figure_that_its_cores_do_not_share(describe: Describe) -> None:
    """Cores with one and with two threads, at two clocks, have no common thread count and no common clock."""
    description = describe(trees.hybrid_desktop())
    cpu = description.node.cpu
    assert (cpu.physical_cores, cpu.schedulable_cpus) == (6, 8)
    assert not cpu.HasField("threads_per_core")
    assert not cpu.HasField("base_mhz")
    assert "cores differ" in why(description, "node.cpu.threads_per_core")
    assert "2500 and 3400" in why(description, "node.cpu.base_mhz")


def test_integrated_graphics_are_not_counted_and_leave_the_list_open(describe: Describe) -> None:
    """An Intel display controller may or may not be a card: it is left out, nothing is called complete."""
    description = describe(trees.hybrid_desktop())
    assert not description.node.accelerators
    assert "accelerators" not in description.closed_lists


def test_a_container_is_described_by_what_it_is_granted(describe: Describe) -> None:
    """A container has its control group's CPUs and memory, not its host's, and none of its host's devices."""
    description = describe(trees.limited_container())
    node = description.node
    assert (node.virtualization.kind, node.virtualization.technology) == ("container", "podman")
    assert node.cpu.schedulable_cpus == 2
    assert "/sys/fs/cgroup/cpu.max" in node.cpu.provenance.method
    assert node.memory.capacity_bytes == node.memory.usable_bytes == 8 << 30
    assert not node.storage
    assert not node.network
    assert not node.cpu.HasField("physical_cores")
    limits = [finding for finding in description.report if finding.kind is Kind.LIMITED]
    assert {finding.what for finding in limits} == {"CPUs", "memory"}


def test_gpus_are_grouped_by_kind_and_slices_are_not_counted(describe: Describe) -> None:
    """Two whole GPUs and one cut by MIG are two elements; slices are profiles of the cut one, never GPUs."""
    description = describe(trees.gpu_server())
    whole, cut = description.node.accelerators
    assert (whole.count, whole.vendor, whole.architecture, whole.accelerator_class) == (
        2,
        "nvidia",
        "hopper",
        "gpu",
    )
    assert (whole.pci.vendor, whole.pci.device, whole.pci.subvendor, whole.pci.subdevice) == (
        "10de",
        "2330",
        "10de",
        "16c1",
    )
    assert whole.memory.capacity_bytes == 81559 << 20
    assert whole.memory.usable_bytes == (81559 - 551) << 20
    assert whole.memory.ecc
    assert whole.tdp_watts == 700
    assert (whole.runtime.family, whole.runtime.version) == ("cuda", "12.4")
    assert not whole.HasField("form_factor")
    assert not whole.rates
    assert cut.count == 1
    (profile,) = cut.partition_profiles
    assert (profile.name, profile.usable_memory_bytes, profile.compute_units, profile.isolation) == (
        "1g.10gb",
        9984 << 20,
        16,
        "hardware",
    )
    assert "partition-class" in why(description, "2 MIG devices")
    assert any(one.name == "nvidia-driver" and one.version == "550.90.07" for one in description.software)
    assert "accelerators" in description.closed_lists
