"""Disks, network cards, accelerators on the bus, and what a hypervisor makes of them."""

from __future__ import annotations

import pytest

from crex.describe.machine import Output
from sdk.tests.describe import trees
from sdk.tests.describe.trees import PCI, Describe, Link, Recorded, Tree, why


def disk(name: str, place: str, **attributes: str) -> Tree:
    """Describes a block device at a place below /sys/devices; `__` in an attribute's name is a slash."""
    folder = f"/sys/devices/{place}/block/{name}"
    stated = {"size": "1953525168", "removable": "0", "queue__rotational": "0", **attributes}
    files: Tree = {f"{folder}/{key.replace('__', '/')}": f"{text}\n" for key, text in stated.items()}
    return {**files, f"/sys/block/{name}": Link(f"../devices/{place}/block/{name}")}


SATA = "pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0"
SAS = "pci0000:00/0000:00:18.0/host1/port-1:0/end_device-1:0/target1:0:0/1:0:0:0"
RAID = "pci0000:00/0000:00:19.0/host2/target2:2:0/2:2:0:0"
ISCSI = "platform/host3/session1/target3:0:0/3:0:0:1"
FIBRE = "pci0000:00/0000:00:1a.0/host4/rport-4:0-1/target4:0:0/4:0:0:0"
USB = "pci0000:00/0000:00:14.0/usb1/1-1/host5/target5:0:0/5:0:0:0"


@pytest.mark.parametrize(
    ("place", "rotational", "medium", "locality", "basis"),
    [
        (SATA, "0", "sata-ssd", "node-local", "nominal"),
        (SATA, "1", "hdd", "node-local", "nominal"),
        (SAS, "1", "hdd", "node-local", "nominal"),
        (SAS, "0", "sas-ssd", "node-local", "estimated"),
        (RAID, "1", "hdd", "node-local", "estimated"),
        (ISCSI, "0", "ssd", "network", "estimated"),
        (FIBRE, "1", "hdd", "fabric-attached", "estimated"),
    ],
)
def test_a_scsi_disk_is_told_by_its_transport(
    place: str, rotational: str, medium: str, locality: str, basis: str, describe: Describe
) -> None:
    """Transport and rotational flag say what a disk is; where they only suggest it, it is `estimated`."""
    server = trees.smt_server().with_files(disk("sda", place, queue__rotational=rotational))
    (tier,) = (one for one in describe(server).node.storage if one.medium != "nvme-ssd")
    assert (tier.medium, tier.locality, tier.provenance.basis) == (medium, locality, basis)
    assert tier.capacity_bytes == 1953525168 * 512


@pytest.mark.parametrize(
    ("files", "name", "reason"),
    [
        (disk("sdb", SATA, removable="1"), "sdb", "taken out"),
        (disk("sdb", USB), "sdb", "nothing says what it is made of"),
        (disk("sdb", SATA, size="0"), "sdb", "no medium"),
        (disk("sdb", SATA, size="9" * 30), "sdb", "no size"),
        (disk("sdb", SATA, size="-5"), "sdb", "no size"),
        (disk("sr0", SATA), "sr0", "removable media"),
        (disk("dm-0", "virtual"), "dm-0", "counted themselves"),
        (disk("md127", "virtual"), "md127", "counted themselves"),
        (disk("nbd0", "virtual"), "nbd0", "another machine"),
        (disk("mystery0", "virtual"), "mystery0", "nothing says"),
    ],
)
def test_what_is_no_disk_of_its_own_is_left_out(
    files: Tree, name: str, reason: str, describe: Describe
) -> None:
    """Mappings, arrays, sticks and drives without medium are in the report, each with its reason."""
    description = describe(trees.smt_server().with_files(files))
    assert [tier.count for tier in description.node.storage] == [2]
    assert reason in why(description, name)


def test_two_paths_to_one_disk_are_counted_once(describe: Describe) -> None:
    """Disks with the same world wide name are one disk."""
    files = {
        **disk("sda", FIBRE, device__wwid="naa.5000"),
        **disk("sdb", f"{FIBRE}2", device__wwid="naa.5000"),
    }
    description = describe(trees.smt_server().with_files(files))
    assert sum(tier.count for tier in description.node.storage if tier.medium == "ssd") == 1
    assert "another path" in why(description, "sdb")


def test_an_nvme_disk_made_by_a_hypervisor_is_virtual(describe: Describe) -> None:
    """A controller of a cloud's own making says nothing about the medium behind it."""
    files = {f"{PCI}/0000:00:1d.0/vendor": "0x1d0f\n"}
    tiers = describe(trees.smt_server().with_files(files)).node.storage
    assert sorted(tier.medium for tier in tiers) == ["nvme-ssd", "virtual-disk"]


def test_an_nvme_disk_with_several_paths_is_found_through_its_controllers(describe: Describe) -> None:
    """With multipath the disk hangs on a subsystem; its controllers say that it comes over a network."""
    subsystem = "/sys/devices/virtual/nvme-subsystem/nvme-subsys3"
    files: Tree = {
        "/sys/block/nvme3n1": Link("../devices/virtual/nvme-subsystem/nvme-subsys3/nvme3n1"),
        f"{subsystem}/nvme3n1/size": "2097152\n",
        f"{subsystem}/nvme3n1/removable": "0\n",
        f"{subsystem}/nvme3n1/device": Link("../../nvme-subsys3"),
        f"{subsystem}/nvme3/transport": "tcp\n",
        "/sys/block/nvme3c3n1": Link("../devices/virtual/nvme-fabrics/ctl/nvme3/nvme3c3n1"),
        "/sys/devices/virtual/nvme-fabrics/ctl/nvme3/nvme3c3n1/size": "2097152\n",
    }
    tiers = describe(trees.smt_server().with_files(files)).node.storage
    assert [(tier.medium, tier.count) for tier in tiers if tier.locality == "fabric-attached"] == [
        ("nvme-ssd", 1)
    ]


def test_a_scsi_disk_of_a_virtual_machine_is_virtual(describe: Describe) -> None:
    """Inside a virtual machine a disk that claims to spin on SATA is still a virtual-disk."""
    tiers = describe(trees.small_vm().with_files(disk("sda", SATA, queue__rotational="1"))).node.storage
    assert {tier.medium for tier in tiers} == {"virtual-disk"}


def test_an_unknown_speed_is_absent(describe: Describe) -> None:
    """-1 is how a driver says that it does not know; the card is there, its rate is not stated."""
    description = describe(trees.small_vm())
    (card,) = description.node.network
    assert card.technology == "virtio"
    assert not card.HasField("bits_per_s")
    assert "-1" in why(description, "rate of eth0")


def test_the_constant_speed_of_an_emulated_card_is_not_stated(describe: Describe) -> None:
    """A VMware card always says 10 Gb/s, so inside a virtual machine that is no rate."""
    files = {"/proc/cpuinfo": trees.x86_cpuinfo(16, "GenuineIntel", "Xeon", f"{trees.V3_FLAGS} hypervisor")}
    machine = Recorded(trees.smt_server().files).with_files(files)
    machine = machine.with_files(trees.nic("ens192", "0000:00:0b.0", "10000", driver="vmxnet3"))
    description = describe(machine)
    assert "vmxnet3 always says" in why(description, "rate of ens192")
    assert sorted(card.bits_per_s for card in description.node.network) == [0, 25 * 10**9]


def test_slices_dongles_and_software_interfaces_are_left_out(describe: Describe) -> None:
    """Virtual functions, cards on USB and interfaces of software are no network cards of the node."""
    usb = f"{PCI}/0000:00:14.0/usb1/1-2/1-2:1.0"
    files: Tree = {
        **trees.nic("eno1v0", "0000:00:1c.2", "25000"),
        f"{PCI}/0000:00:1c.2/physfn": Link("../0000:00:1c.0"),
        "/sys/class/net/usb0": Link("../../devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/net/usb0"),
        f"{usb}/net/usb0/device": Link("../../../1-2:1.0"),
        f"{usb}/net/usb0/type": "1\n",
        "/sys/class/net/bond0": Link("../../devices/virtual/net/bond0"),
        "/sys/devices/virtual/net/bond0/speed": "50000\n",
    }
    description = describe(trees.smt_server().with_files(files))
    assert [(card.technology, card.count) for card in description.node.network] == [("ethernet", 2)]
    assert "SR-IOV" in why(description, "eno1v0")
    assert "USB" in why(description, "usb0")
    assert "software" in why(description, "bond0")


def test_infiniband_is_told_by_its_ports(describe: Describe) -> None:
    """A port's rate is the line rate; its IP interface is the same hardware and not told again."""
    folder = f"{PCI}/0000:00:1a.0"
    files: Tree = {
        **trees.nic("ib0", "0000:00:1a.0", "-1", kind="32"),
        "/sys/class/infiniband/mlx5_0": Link("../../devices/pci0000:00/0000:00:1a.0/infiniband/mlx5_0"),
        f"{folder}/infiniband/mlx5_0/device": Link("../../../0000:00:1a.0"),
        f"{folder}/infiniband/mlx5_0/ports/1/link_layer": "InfiniBand\n",
        f"{folder}/infiniband/mlx5_0/ports/1/rate": "400 Gb/sec (4X NDR)\n",
    }
    cards = describe(trees.smt_server().with_files(files)).node.network
    assert [(card.technology, card.bits_per_s, card.rdma, card.count) for card in cards] == [
        ("ethernet", 25 * 10**9, False, 2),
        ("infiniband", 400 * 10**9, True, 1),
    ]


def test_rdma_over_ethernet_is_a_property_of_the_card(describe: Describe) -> None:
    """An Ethernet card with an RDMA device states rdma; the others do not say, which is not no."""
    files: Tree = {
        "/sys/class/infiniband/mlx5_1": Link("../../devices/pci0000:00/0000:00:1c.0/infiniband/mlx5_1"),
        f"{PCI}/0000:00:1c.0/infiniband/mlx5_1/device": Link("../../../0000:00:1c.0"),
        f"{PCI}/0000:00:1c.0/infiniband/mlx5_1/ports/1/link_layer": "Ethernet\n",
        f"{PCI}/0000:00:1c.0/infiniband/mlx5_1/ports/1/rate": "25 Gb/sec (1X EDR)\n",
    }
    cards = describe(trees.smt_server().with_files(files)).node.network
    assert sorted((card.HasField("rdma"), card.rdma) for card in cards) == [(False, False), (True, True)]


def test_an_amd_device_is_described_by_identifiers_and_its_driver(describe: Describe) -> None:
    """Without a vendor's tool the bus gives identifiers, and the amdgpu driver memory and name."""
    more: dict[str, str | Link] = {
        "mem_info_vram_total": "206141652992\n",
        "product_name": "AMD Instinct MI300X OAM\n",
        "subsystem_vendor": "0x1002\n",
        "subsystem_device": "0x74a1\n",
        "driver": Link("../../../bus/pci/drivers/amdgpu"),
    }
    machine = trees.smt_server()
    for number in range(2):
        machine = machine.with_files(
            trees.pci_function(f"0000:00:0{number}.0", "120000", "1002", "74a1", more)
        )
    description = describe(machine)
    (device,) = description.node.accelerators
    assert (device.accelerator_class, device.vendor, device.product) == (
        "gpu",
        "amd",
        "AMD Instinct MI300X OAM",
    )
    assert (device.count, device.memory.capacity_bytes, device.pci.subdevice) == (2, 206141652992, "74a1")
    assert device.provenance.basis == "estimated"
    assert "accelerators" in description.closed_lists


def test_a_device_without_a_name_is_named_by_its_identifiers(describe: Describe) -> None:
    """An Ascend card that no driver names is described by what the bus says, and its memory is left out."""
    machine = trees.smt_server().with_files(trees.pci_function("0000:00:05.0", "120000", "19e5", "d802"))
    description = describe(machine)
    (device,) = description.node.accelerators
    assert (device.accelerator_class, device.vendor, device.product) == ("npu", "huawei", "PCI 19e5:d802")
    assert not device.HasField("memory")
    assert "neither bus nor driver" in why(description, "memory of PCI function 0000:00:05.0")


@pytest.mark.parametrize(
    ("code", "vendor", "device"),
    [("120000", "1234", "5678"), ("030000", "ffff", "ffff"), ("zz", "10de", "2330")],
)
def test_an_unknown_device_is_left_out_and_leaves_the_list_open(
    code: str, vendor: str, device: str, describe: Describe
) -> None:
    """What nobody can name is not guessed, and then nothing is said to be complete."""
    machine = trees.smt_server().with_files(trees.pci_function("0000:00:05.0", code, vendor, device))
    description = describe(machine)
    assert not description.node.accelerators
    assert "accelerators" not in description.closed_lists
    assert why(description, "0000:00:05.0")


def test_a_slice_of_a_device_on_the_bus_is_not_counted(describe: Describe) -> None:
    """An SR-IOV function of an accelerator is a slice of one that is counted."""
    machine = trees.smt_server().with_files(trees.pci_function("0000:00:05.0", "120000", "1002", "74a1"))
    more: dict[str, str | Link] = {"physfn": Link("../0000:00:05.0")}
    machine = machine.with_files(trees.pci_function("0000:00:05.1", "120000", "1002", "74b5", more))
    description = describe(machine)
    assert [device.count for device in description.node.accelerators] == [1]
    assert "SR-IOV" in why(description, "0000:00:05.1")


def test_an_accelerator_off_the_bus_leaves_the_list_open(describe: Describe) -> None:
    """Graphics inside an Arm chip hang on no PCI bus; nothing says what they are."""
    files: Tree = {
        "/sys/class/drm/card0": Link("../../devices/platform/gpu/drm/card0"),
        "/sys/devices/platform/gpu/drm/card0/dev": "226:0\n",
    }
    description = describe(trees.smt_server().with_files(files))
    assert "accelerators" not in description.closed_lists
    assert "no PCI bus" in why(description, "card0")


def test_trusted_execution_of_a_guest_is_told_by_its_device(describe: Describe) -> None:
    """A machine with the SEV guest device runs inside a protected guest."""
    (tee,) = describe(trees.small_vm().with_files({"/dev/sev-guest": ""})).node.tee
    assert (tee.technology, tee.role, tee.provenance.method) == ("amd-sev-snp", "guest", "/dev/sev-guest")


def test_trusted_execution_of_a_host_needs_more_than_a_flag(describe: Describe) -> None:
    """A host can start protected guests where KVM says so; a processor's flag alone goes to the report."""
    flags = {
        "/proc/cpuinfo": trees.x86_cpuinfo(16, "AuthenticAMD", "AMD EPYC", f"{trees.V4_FLAGS} sev sev_snp")
    }
    able = {"/sys/module/kvm_amd/parameters/sev": "Y\n"}
    description = describe(trees.smt_server().with_files({**flags, **able}))
    assert [(tee.technology, tee.role) for tee in description.node.tee] == [("amd-sev", "host")]
    assert "switched on" in why(description, "amd-sev-snp as host")


@pytest.mark.parametrize(
    ("files", "answers", "kind", "technology"),
    [
        ({"/sys/class/dmi/id/sys_vendor": "QEMU\n"}, {}, "virtual-machine", "qemu"),
        ({"/sys/class/dmi/id/sys_vendor": "VMware, Inc.\n"}, {}, "virtual-machine", "vmware"),
        ({"/sys/class/dmi/id/product_name": "VMware Virtual Platform\n"}, {}, "virtual-machine", "vmware"),
        ({"/sys/class/dmi/id/product_name": "Virtual Machine\n"}, {}, "virtual-machine", "hyper-v"),
        ({"/sys/hypervisor/type": "xen\n"}, {}, "virtual-machine", "xen"),
        ({"/sys/hypervisor/type": "xen\n", "/proc/xen/capabilities": "control_d\n"}, {}, "bare-metal", "xen"),
        ({}, {"systemd-detect-virt --vm": "microsoft\n"}, "virtual-machine", "hyper-v"),
        ({}, {"systemd-detect-virt --vm": "vm-other\n"}, "virtual-machine", ""),
        ({}, {"systemd-detect-virt --container": "lxc\n"}, "container", "lxc"),
        ({"/proc/self/cgroup": "0::/kubepods/burstable/pod1\n"}, {}, "container", "kubernetes"),
        ({"/run/.containerenv": "engine=podman\n"}, {}, "container", "podman"),
    ],
)
def test_surroundings_are_told_by_who_says_so(
    files: Tree, answers: dict[str, str | Output], kind: str, technology: str, describe: Describe
) -> None:
    """Firmware, hypervisor and tools each have their words for where an operating system stands."""
    flags = f"{trees.V3_FLAGS} hypervisor" if kind == "virtual-machine" else trees.V3_FLAGS
    base: Tree = {
        "/proc/cpuinfo": trees.x86_cpuinfo(2, "GenuineIntel", "Xeon", flags),
        "/proc/self/ns/pid": Link("pid:[4026533001]"),
    }
    where = describe(Recorded({**base, **files}).with_answers(answers)).node.virtualization
    assert (where.kind, where.technology) == (kind, technology)
