"""Inventories and traits of Placement: exact amounts in its units, and traits that mean what was said."""

from __future__ import annotations

from typing import Any

import pytest

from crex.export.openstack import EXPORTER
from crex.export.placement_traits import custom
from crex.v1 import (
    Accelerator,
    AcceleratorRuntime,
    Cpu,
    DeviceMemory,
    Memory,
    NetworkInterface,
    PartitionProfile,
    StorageTier,
    TrustedExecution,
    Virtualization,
)
from sdk.tests.export.described import (
    ESTIMATED,
    GIB,
    MIB,
    NODE_ID,
    NOMINAL,
    gpu,
    left,
    only,
    pool,
    rate,
    resource,
    site,
    whats,
    whys,
    write,
)
from sdk.tests.export.targets import check_openstack

MEMORY = Memory(capacity_bytes=GIB)


def _cpu(allocation: str | None = "dedicated-thread", **members: Any) -> Cpu:
    return Cpu(**{"isa": "x86-64", "schedulable_cpus": 64, "allocation": allocation, **members})


def _amount(total: int, **members: int) -> dict[str, float]:
    told = {"total": total, "reserved": 0, "min_unit": 1, "max_unit": total, "step_size": 1}
    return {**told, "allocation_ratio": 1.0, **members}


def _disk(capacity: int, count: int | None = None, **members: Any) -> StorageTier:
    told = {"medium": "nvme-ssd", "locality": "node-local", **members}
    return StorageTier(capacity_bytes=capacity, count=count, **told)


def test_a_node_with_everything() -> None:
    """A node is told with amounts in the units of Placement, and every kind of device by itself."""
    node = resource(
        revision=7,
        cpu=_cpu(
            isa_level="x86-64-v4",
            vendor="amd",
            threads_per_core=2,
            enabled_features=["avx2", "avx512f", "gfni", "pni", "svm", "constant_tsc"],
            provenance=NOMINAL,
        ),
        memory=Memory(capacity_bytes=512 * GIB, usable_bytes=500 * GIB, type="ddr5", ecc=True),
        storage=[_disk(3840 * 10**9, 4), _disk(480 * 10**9, medium="sata-ssd")],
        accelerators=[
            gpu(8, memory=DeviceMemory(capacity_bytes=81559 * MIB, type="hbm3", ecc=True)),
            Accelerator(accelerator_class="fpga", vendor="amd", product="Alveo U55C", count=2),
        ],
        tee=[TrustedExecution(technology="amd-sev-snp", role="host")],
        virtualization=Virtualization(kind="bare-metal"),
    )
    exported = write(EXPORTER, node, site(legal_jurisdictions=["CN", "EU-LAW"], tier="cloud"), pool(1))
    assert only(exported) == {
        "resource": {"id": NODE_ID, "revision": 7},
        "inventories": {
            "PCPU": _amount(64),
            "MEMORY_MB": _amount(524288, reserved=12288),
            "DISK_GB": _amount(4 * 3576 + 447, max_unit=3576),
        },
        "traits": [
            "CUSTOM_CREX_COUNTRY_CN",
            "CUSTOM_CREX_CPU_VENDOR_AMD",
            "CUSTOM_CREX_ISA_LEVEL_X86_64_V4",
            "CUSTOM_CREX_JURISDICTION_CN",
            "CUSTOM_CREX_JURISDICTION_EU_LAW",
            "CUSTOM_CREX_MEMORY_ECC",
            "CUSTOM_CREX_MEMORY_TYPE_DDR5",
            "CUSTOM_CREX_REVISION_7",
            "CUSTOM_CREX_SUBDIVISION_CN_NX",
            "CUSTOM_CREX_TIER_CLOUD",
            "CUSTOM_CREX_VIRTUALIZATION_BARE_METAL",
            "HW_ARCH_X86_64",
            "HW_CPU_HYPERTHREADING",
            "HW_CPU_X86_AMD_SEV_SNP",
            "HW_CPU_X86_AMD_SVM",
            "HW_CPU_X86_AVX2",
            "HW_CPU_X86_AVX512F",
            "HW_CPU_X86_AVX512GFNI",
            "HW_CPU_X86_SSE3",
            "HW_CPU_X86_SVM",
            "STORAGE_DISK_SSD",
        ],
        "children": [
            {
                "name": "accelerator-0",
                "inventories": {"PGPU": _amount(8)},
                "traits": [
                    "CUSTOM_CREX_ARCHITECTURE_HOPPER",
                    "CUSTOM_CREX_DEVICE_MEMORY_ECC",
                    "CUSTOM_CREX_DEVICE_MEMORY_MIB_81559",
                    "CUSTOM_CREX_DEVICE_MEMORY_TYPE_HBM3",
                    "CUSTOM_CREX_FORM_FACTOR_SXM",
                    "CUSTOM_CREX_PCI_10DE_2330",
                    "CUSTOM_CREX_VENDOR_NVIDIA",
                ],
            },
            {
                "name": "accelerator-1",
                "inventories": {"CUSTOM_CREX_FPGA": _amount(2)},
                "traits": ["CUSTOM_CREX_VENDOR_AMD"],
            },
        ],
    }
    check_openstack(only(exported))
    assert [(one.what, one.where.removeprefix(f"{NODE_ID}@7"), one.why) for one in exported.findings] == [
        ("node.cpu.enabledFeatures", "", "1 have no trait: constant_tsc"),
        (
            "node.storage.capacityBytes",
            " storage[0]",
            "3840000000000 bytes are 3576 GiB and 299237376 bytes, which are not counted",
        ),
        (
            "node.storage.capacityBytes",
            " storage[1]",
            "480000000000 bytes are 447 GiB and 37404672 bytes, which are not counted",
        ),
        ("node.storage.medium", "", "no trait says of all disks what nvme-ssd, sata-ssd say"),
        ("node.cpu.threadsPerCore", "", "Placement has no place for it"),
        ("node.cpu.provenance", "", "Placement has no place for it"),
        ("node.accelerators.product", "", "Placement has no place for it"),
        ("node.accelerators.provenance", "", "Placement has no place for it"),
    ]


@pytest.mark.parametrize(
    ("allocation", "resource_class", "remark"),
    [
        ("dedicated-core", "PCPU", "a PCPU may share its core"),
        ("dedicated-thread", "PCPU", ""),
        ("shared", "VCPU", ""),
        ("heavily-shared", "VCPU", "a VCPU does not say how heavily"),
    ],
)
def test_dedicated_cpus_are_no_shared_ones(allocation: str, resource_class: str, remark: str) -> None:
    """A CPU is a PCPU where it is the buyer's alone, and a VCPU where it is not; never overcommitted."""
    exported = write(EXPORTER, resource(cpu=_cpu(allocation)), site(), pool(1))
    assert only(exported)["inventories"] == {resource_class: _amount(64)}
    assert "".join(whys(exported, "node.cpu.allocation")).startswith(remark)
    assert bool(whys(exported, "node.cpu.allocation")) == bool(remark)


@pytest.mark.parametrize("allocation", [None, "p.example.cn/burst"])
def test_cpus_whose_allocation_is_not_known(allocation: str | None) -> None:
    """Where nobody says whether CPUs are shared, they are neither VCPU nor PCPU (EXPORT-ALLOCATION-1)."""
    exported = write(EXPORTER, resource(cpu=_cpu(allocation), memory=MEMORY), site(), pool(1))
    assert only(exported)["inventories"] == {"MEMORY_MB": _amount(1024)}
    assert "HW_ARCH_X86_64" in only(exported)["traits"]
    (why,) = whys(exported, "node.cpu.schedulableCpus")
    assert "neither VCPU nor PCPU can be said of 64 CPUs" in why


@pytest.mark.parametrize(
    ("capacity", "usable", "total", "reserved", "remarks"),
    [
        (GIB, None, 1024, 0, 0),
        (GIB - 1, None, 1023, 0, 1),
        (GIB, GIB, 1024, 0, 0),
        (GIB, GIB - 1, 1024, 1, 1),
        (GIB + 5, MIB + 5, 1024, 1023, 2),
        (GIB, 5, 1024, 1024, 1),
        (MIB, None, 1, 0, 0),
    ],
)
def test_memory_is_in_mib_rounded_down(
    capacity: int, usable: int | None, total: int, reserved: int, remarks: int
) -> None:
    """MEMORY_MB is whole MiB; what is reserved leaves what can be used, and no byte more (EXPORT-ROUND-1)."""
    memory = Memory(capacity_bytes=capacity, usable_bytes=usable)
    exported = write(EXPORTER, resource(memory=memory), site(), pool(1))
    check_openstack(only(exported))
    assert only(exported)["inventories"] == {"MEMORY_MB": _amount(total, reserved=reserved)}
    assert len([one for one in exported.findings if "which are not counted" in one.why]) == remarks
    available = total - reserved
    assert available * MIB <= (capacity if usable is None else usable) < (available + 1) * MIB


def test_disks_are_in_gib_each_by_itself() -> None:
    """Rests of disks do not add up, and nothing is larger in one piece than a disk (EXPORT-ROUND-1)."""
    disks = [_disk(GIB + GIB // 2, 2), _disk(3 * GIB)]
    exported = write(EXPORTER, resource(storage=disks), site(), pool(1))
    assert only(exported)["inventories"] == {"DISK_GB": _amount(5, max_unit=3)}


@pytest.mark.parametrize(
    ("media", "trait"),
    [
        (["nvme-ssd", "ssd"], "STORAGE_DISK_SSD"),
        (["hdd", "hdd"], "STORAGE_DISK_HDD"),
        (["hdd", "nvme-ssd"], None),
        (["virtual-disk"], None),
    ],
)
def test_a_kind_of_disk_is_said_of_all(media: list[str], trait: str | None) -> None:
    """A trait of disks is true of every disk that is counted, or is not said."""
    disks = [_disk(GIB, medium=medium) for medium in media]
    exported = write(EXPORTER, resource(storage=disks), site(), pool(1))
    said = [one for one in only(exported)["traits"] if one.startswith("STORAGE_DISK")]
    assert said == ([trait] if trait else [])
    assert len(whys(exported, "node.storage.medium")) == (0 if set(media) == {"hdd"} else 1)


@pytest.mark.parametrize(
    ("tier", "part"),
    [
        (_disk(GIB, locality=None), "its locality is not stated"),
        (_disk(GIB, locality="network"), "it is network"),
        (_disk(GIB - 1, 9), "it has 1073741823 bytes, and DISK_GB counts GiB"),
        (_disk(0), "it has 0 bytes"),
        (_disk(GIB, medium="tape"), "no disk of a server can be put there"),
        (_disk(GIB, provenance=ESTIMATED), "it is estimated"),
    ],
)
def test_storage_that_is_no_disk_of_the_node(tier: StorageTier, part: str) -> None:
    """DISK_GB counts disks that the node is known to have, and nothing else."""
    exported = write(EXPORTER, resource(storage=[tier], memory=MEMORY), site(), pool(1))
    assert set(only(exported)["inventories"]) == {"MEMORY_MB"}
    (why,) = whys(exported, "node.storage")
    assert why.startswith(f"{tier.medium}: {part}")


def test_amounts_that_no_inventory_can_have() -> None:
    """What is less than one unit, or more than Placement can count, is left out (EXPORT-LIMIT-1)."""
    node = resource(
        cpu=_cpu(schedulable_cpus=2**31),
        memory=Memory(capacity_bytes=MIB - 1),
        accelerators=[gpu(2**31), gpu(2**31 - 1)],
    )
    exported = write(EXPORTER, node, site(), pool(1))
    check_openstack(only(exported))
    assert only(exported)["inventories"] == {}
    assert [one["name"] for one in only(exported)["children"]] == ["accelerator-1"]
    for what, amount in (
        ("node.cpu.schedulableCpus", f"{2**31} PCPU"),
        ("node.memory", "0 MEMORY_MB"),
        ("node.accelerators", f"{2**31} PGPU"),
    ):
        assert whys(exported, what) == [
            f"{amount} are none of the 1 to 2147483647 that an inventory can have"
        ]


def test_nothing_that_can_be_counted() -> None:
    """A node of which nothing can be counted is left out."""
    exported = write(EXPORTER, resource(cpu=_cpu(None)), site())
    assert "nothing of it can be counted" in left(exported)[f"{NODE_ID}@1"]


def test_estimated_figures_are_not_said() -> None:
    """Placement cannot say that a figure is estimated; so it is not said (EXPORT-BASIS-1)."""
    node = resource(
        cpu=_cpu(provenance=ESTIMATED),
        memory=Memory(capacity_bytes=GIB, provenance=ESTIMATED),
        storage=[_disk(GIB)],
        accelerators=[gpu(provenance=ESTIMATED)],
        tee=[TrustedExecution(technology="intel-tdx", role="host", provenance=ESTIMATED)],
        virtualization=Virtualization(kind="bare-metal", provenance=ESTIMATED),
    )
    exported = write(EXPORTER, node, site(), pool(1))
    assert only(exported)["inventories"] == {"DISK_GB": _amount(1)}
    assert only(exported)["children"] == []
    assert not [one for one in only(exported)["traits"] if one.startswith("HW_") or "VIRT" in one]
    for what in ("cpu", "memory", "accelerators", "tee", "virtualization"):
        assert whys(exported, f"node.{what}") == ["it is estimated, which an inventory or a trait cannot say"]


@pytest.mark.parametrize(
    ("technology", "role"), [("amd-sev-snp", "guest"), ("amd-sev-snp", None), ("arm-cca", "host")]
)
def test_protection_that_no_trait_says(technology: str, role: str | None) -> None:
    """A trait says that a node can start guests that are protected, not that it is one."""
    tee = [TrustedExecution(technology=technology, role=role)]
    exported = write(EXPORTER, resource(memory=MEMORY, tee=tee), site(), pool(1))
    assert not [one for one in only(exported)["traits"] if one.startswith("HW_")]
    said = f"the role {role}" if role else "a role that is not stated"
    assert whys(exported, "node.tee") == [f"no trait says {technology} in {said}, only what a node can start"]


def test_features_within_avx_512() -> None:
    """GFNI, VAES and VPCLMULQDQ have traits within AVX-512 only, and without it they are not said."""
    features = ["gfni", "vaes", "vpclmulqdq"]
    exported = write(EXPORTER, resource(cpu=_cpu(enabled_features=features)), site(), pool(1))
    assert not [one for one in only(exported)["traits"] if one.startswith("HW_CPU_X86")]
    assert whys(exported, "node.cpu.enabledFeatures") == ["3 have no trait: gfni, vaes, vpclmulqdq"]


@pytest.mark.parametrize(
    ("isa", "features", "traits"),
    [
        ("aarch64", ["sve", "atomics", "avx2"], ["HW_CPU_AARCH64_ATOMICS", "HW_CPU_AARCH64_SVE"]),
        ("ppc64le", ["sse", "sve"], []),
        ("riscv64", [], []),
    ],
)
def test_features_of_other_instruction_sets(isa: str, features: list[str], traits: list[str]) -> None:
    """A feature is one of its own instruction set; a set without trait of os-traits has a custom one."""
    exported = write(EXPORTER, resource(cpu=_cpu(isa=isa, enabled_features=features)), site(), pool(1))
    said = only(exported)["traits"]
    assert [one for one in said if one.startswith("HW_CPU")] == traits
    expected = {
        "aarch64": "HW_ARCH_AARCH64",
        "ppc64le": "HW_ARCH_PPC64LE",
        "riscv64": "CUSTOM_CREX_INSTRUCTION_SET_RISCV64",
    }
    assert expected[isa] in said


def test_private_tokens_are_reported() -> None:
    """A token that a trait cannot name exactly is not written as one that is near to it (EXPORT-SAY-1)."""
    accelerators = [
        gpu(1, vendor="p.example.cn/own", architecture=None),
        gpu(1, accelerator_class="p.example.cn/ip"),
    ]
    exported = write(EXPORTER, resource(accelerators=accelerators), site(), pool(1))
    (child,) = only(exported)["children"]
    assert not [one for one in child["traits"] if "OWN" in one]
    assert "a trait cannot name p.example.cn/own" in whys(exported, "node.accelerators.vendor")[0]
    assert whys(exported, "node.accelerators") == ["no resource class can be named p.example.cn/ip"]


def test_custom_names() -> None:
    """A custom name keeps a token exactly, or there is none (EXPORT-LIMIT-1)."""
    assert custom("cpu vendor", "t-head") == "CUSTOM_CREX_CPU_VENDOR_T_HEAD"
    assert custom("vendor", "a.b") is None
    assert custom("vendor", "a_b") is None
    assert custom("vendor", "昇腾") is None
    assert len(custom("x", "y" * 241) or "") == 255
    assert custom("x", "y" * 242) is None


def test_partitions_are_no_devices() -> None:
    """Profiles by which a device can be cut add nothing to any inventory (EXPORT-SLICE-1)."""
    accelerators = [gpu(1, partition_profiles=[PartitionProfile(name="1g.10gb")])]
    exported = write(EXPORTER, resource(accelerators=accelerators), site(), pool(1))
    assert [one["inventories"] for one in only(exported)["children"]] == [{"PGPU": _amount(1)}]
    assert whys(exported, "node.accelerators.partitionProfiles") == [
        "the partition 1g.10gb is no device; it is a VGPU of whoever cuts it"
    ]


def test_what_placement_has_no_place_for() -> None:
    """Rates, networks and everything else that has no place is named in the report (EXPORT-SAY-1)."""
    accelerators = [
        gpu(1, rates=[rate(1)], tdp_watts=700, runtime=AcceleratorRuntime(family="cuda", version="12.4"))
    ]
    network = [NetworkInterface(technology="ethernet", bits_per_s=10**11)]
    exported = write(EXPORTER, resource(accelerators=accelerators, network=network), site(), pool(1))
    assert whats(exported) == [
        "node.accelerators.product",
        "node.accelerators.rates",
        "node.accelerators.tdpWatts",
        "node.accelerators.runtime",
        "node.accelerators.provenance",
        "node.network",
    ]
    assert {one.where for one in exported.findings} == {f"{NODE_ID}@1"}


def test_memory_that_corrects_no_errors() -> None:
    """That a trait is absent says nothing; so the report says what it does not (EXPORT-SAY-1)."""
    memory = Memory(capacity_bytes=GIB, ecc=False)
    accelerators = [gpu(1, memory=DeviceMemory(capacity_bytes=GIB, ecc=False))]
    exported = write(EXPORTER, resource(memory=memory, accelerators=accelerators), site(), pool(1))
    assert "ECC" not in str(only(exported))
    for what in ("node.memory.ecc", "node.accelerators.memory.ecc"):
        assert whys(exported, what) == ["it corrects no errors, and that a trait is absent says nothing"]


def test_several_nodes() -> None:
    """A file tells of one node, and the report says how many there are."""
    exported = write(EXPORTER, resource(memory=MEMORY), site(), pool(5))
    assert whys(exported, "nodes") == [
        "there are 5; the file tells of one, and each is a provider of its own"
    ]
