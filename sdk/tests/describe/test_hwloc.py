"""The importer `hwloc`: processors and memory of every version, restricted, odd, real and damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crex.describe.hwloc import IMPORTER
from crex.describe.sources import Source, open_sources
from sdk.tests.describe import mutations, trees
from sdk.tests.describe.sound import check_sound, documents_of
from sdk.tests.describe.topologies import GIB, INFOS, core, gpu, info, node, read, topology, whys
from sdk.tests.describe.trees import Describe, why

VERSION_1 = (
    '<?xml version="1.0"?><!DOCTYPE topology SYSTEM "hwloc.dtd"><topology><object type="System">{}</object>'
    "</topology>"
)


def machine_1(host: str, online: str = "0x0000000f") -> str:
    """Writes a machine in the words of version 1."""
    return (
        f'<object type="Machine" cpuset="0x0000000f" complete_cpuset="0x0000000f" online_cpuset="{online}" '
        f'allowed_cpuset="0x0000000f" local_memory="{8 * GIB}">'
        f'<page_type size="4096" count="{8 * GIB // 4096}"/><page_type size="2097152" count="0"/>'
        f"{info('Architecture', 'x86_64')}{info('HostName', host)}"
        f'<object type="Socket" os_index="0">{core(0, 0, 1)}{core(1, 2, 3)}</object></object>'
    )


def test_a_whole_machine() -> None:
    """CPUs, cores, sockets, memory in bytes, its domains and devices, each from its objects."""
    made = node(read(topology(inner=gpu(1) + gpu(2))))
    cpu = made.cpu
    assert (cpu.isa, cpu.vendor, cpu.model) == ("x86-64", "amd", "AMD EPYC Example")
    assert (cpu.sockets, cpu.physical_cores, cpu.threads_per_core, cpu.schedulable_cpus) == (1, 2, 2, 4)
    assert cpu.provenance.basis == "nominal"
    assert made.memory.capacity_bytes == 64 * GIB
    (domain,) = made.numa
    assert (domain.count, domain.schedulable_cpus, domain.memory_bytes) == (1, 4, 64 * GIB)
    (device,) = made.accelerators
    assert (device.vendor, device.product, device.count) == ("nvidia", "NVIDIA H100", 2)
    assert (device.pci.device, device.pci.subdevice) == ("2330", "16c1")
    assert device.memory.capacity_bytes == 83035776 * 1024  # hwloc counts KiB (trap 2)


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        ({"machine": 'x="1"', "cpuset": "0x0000000f"}, ""),
        (
            {"cpuset": "0x0000f00f", "cores": core(0, 0, 1) + core(1, 2, 3) + core(2, 12, 13, 14, 15)},
            "restricted",
        ),
    ],
)
def test_a_restricted_topology_says_nothing_of_all_cores(attributes: dict[str, str], why: str) -> None:
    """Where numbers of CPUs are missing, only those that are there are stated."""
    imported = read(topology(**attributes))
    assert node(imported).cpu.HasField("physical_cores") == (not why)
    assert why in whys(imported)


def test_offline_and_forbidden_cpus_are_none() -> None:
    """CPUs outside of the allowed set are not counted, and cores are left out."""
    text = topology().replace('allowed_cpuset="0x0000000f"', 'allowed_cpuset="0x00000003"')
    imported = read(text)
    assert node(imported).cpu.schedulable_cpus == 2
    assert not node(imported).cpu.HasField("physical_cores")
    assert node(imported).numa[0].schedulable_cpus == 2
    offline = topology().replace('complete_cpuset="0x0000000f"', 'complete_cpuset="0x000000ff"')
    assert not node(read(offline)).cpu.HasField("physical_cores")


def test_a_set_and_a_list_that_differ_are_a_contradiction() -> None:
    """Where the set has more CPUs than are listed, no processor is stated."""
    imported = read(topology(cpuset="0x000000ff"))
    assert not node(imported).HasField("cpu")
    assert "8 CPUs, and 4 are listed" in whys(imported)


@pytest.mark.parametrize(
    ("infos", "isa", "basis"),
    [
        (INFOS, "x86-64", "estimated"),
        (INFOS.replace("25", "6"), None, ""),  # before 64 bits
        (INFOS.replace("25", "15"), None, ""),  # of which some have none
        (INFOS.replace("AuthenticAMD", "GenuineIntel").replace("25", "6"), None, ""),
        (INFOS.replace("AuthenticAMD", "GenuineIntel").replace("25", "32"), None, ""),  # Itanium
        ("", None, ""),
    ],
)
def test_an_instruction_set_that_is_not_named(infos: str, isa: str | None, basis: str) -> None:
    """Without Architecture it is inferred from a processor that has one only, and never otherwise."""
    made = node(read(topology(infos=infos, after="")))
    assert (made.cpu.isa or None) == isa
    assert made.cpu.provenance.basis == basis


def test_processors_of_other_architectures() -> None:
    """What Architecture names is stated, and a maker by its code; a processor may hang on the root."""
    after = info("Architecture", "aarch64") + info("CPUImplementer", "0x41")
    cpu = node(read(topology(infos="", after=after).replace('"Package"', '"Group"'))).cpu
    assert (cpu.isa, cpu.vendor, cpu.provenance.basis) == ("aarch64", "arm", "nominal")
    assert not cpu.HasField("sockets")


def test_packages_that_differ() -> None:
    """What is not said of every package alike is not stated."""
    other = f'<object type="Package" os_index="1">{INFOS.replace("Example", "Other")}</object>'
    imported = read(topology(inner=other))
    assert (node(imported).cpu.vendor, node(imported).cpu.HasField("model")) == ("amd", False)
    assert "the packages differ in CPUModel" in whys(imported)


@pytest.mark.parametrize(
    ("kinds", "clock", "why"),
    [
        ([("0x0000000f", 2000)], 2000, ""),
        ([("0x00000003", 2000), ("0x0000000c", 2000), ("0x000000f0", 900)], 2000, ""),
        ([("0x00000003", 2000), ("0x0000000c", 3000)], None, "its CPUs differ in their base clock"),
        ([("0x00000003", 2000)], None, ""),
        ([("0x0000000f", 0)], None, ""),
    ],
)
def test_the_base_clock_is_that_of_every_cpu(
    kinds: list[tuple[str, int]], clock: int | None, why: str
) -> None:
    """It is stated where all CPUs have the same."""
    after = info("Architecture", "x86_64") + "".join(
        f'<cpukind cpuset="{cpus}">{info("FrequencyBaseMHz", mhz)}</cpukind>' for cpus, mhz in kinds
    )
    imported = read(topology(after=after))
    cpu = node(imported).cpu
    assert (cpu.base_mhz if cpu.HasField("base_mhz") else None) == clock
    assert why in whys(imported)


def test_a_cluster_of_version_1() -> None:
    """Every machine below a System is a row; equal ones are one document with their number."""
    imported = read(VERSION_1.format("".join(machine_1(f"n{at}") for at in range(3))))
    (draft,) = imported.drafts
    assert (imported.rows, draft.count, draft.name) == (3, 3, "n0")
    made = node(imported)
    assert (made.cpu.schedulable_cpus, made.cpu.sockets, made.cpu.physical_cores) == (4, 1, 2)
    assert (made.memory.capacity_bytes, len(made.numa)) == (8 * GIB, 0)
    assert len(documents_of(imported).made) == 3  # with the site and the pool


def test_offline_cpus_of_version_1() -> None:
    """What version 1 calls offline is not counted."""
    made = node(read(VERSION_1.format(machine_1("n0", online="0x00000007"))))
    assert (made.cpu.schedulable_cpus, made.cpu.HasField("physical_cores")) == (3, False)


def test_a_host_that_is_told_twice_is_one() -> None:
    """By its name; what the second says otherwise is reported. `localhost` is no name of one machine."""
    imported = read(topology(), topology(), topology(memory='local_memory="4096"'))
    assert imported.drafts[0].count == 1
    assert [one.why for one in imported.left_out] == ["it is the host node-7.example, which m0.xml tells"] * 2
    assert whys(imported).count("says otherwise of node-7.example") == 1
    imported = read(*[topology().replace("node-7.example", "localhost.localdomain")] * 2)
    (draft,) = imported.drafts
    assert (draft.count, len(draft.rows), imported.left_out) == (None, 2, ())


def test_what_somebody_made_up_is_no_machine() -> None:
    """A synthetic topology is left out."""
    imported = read(topology(after=info("Architecture", "x86_64") + info("SyntheticDescription", "PU:4")))
    assert not imported.drafts
    assert "it is synthetic" in whys(imported)


def test_a_machine_within_a_machine() -> None:
    """Nothing is counted twice: such a machine is left out."""
    imported = read(topology(inner='<object type="Machine"/>'))
    assert (imported.rows, len(imported.drafts)) == (1, 0)
    assert "it holds another machine" in whys(imported)


def test_deep_and_endless_inputs() -> None:
    """Objects within objects without end, and sets beyond any machine, end in a report."""
    deep = '<object type="PCIDev">' * 20_000 + "</object>" * 20_000
    assert len(read(topology(inner=deep)).drafts) == 1
    for odd in (",".join(["0xffffffff"] * 4000), "0x,0x0000000f"):
        imported = read(topology(cpuset=odd))
        assert not node(imported).HasField("cpu")
        assert "in a form that cannot be read" in whys(imported)


def test_memory_that_shares_its_cpus_counts_them_once() -> None:
    """A second domain at the same CPUs, such as HBM, adds memory and no CPUs; its kind is a guess."""
    hbm = f'<object type="NUMANode" os_index="1" cpuset="0x0000000f" subtype="HBM" local_memory="{GIB}"/>'
    made = node(read(topology(inner=hbm)))
    assert [(one.schedulable_cpus, one.memory_bytes) for one in made.numa] == [(4, 64 * GIB), (0, GIB)]
    assert not any(one.HasField("memory_type") for one in made.numa)
    assert made.memory.capacity_bytes == 65 * GIB


@pytest.mark.parametrize("memory", ["", 'local_memory="many"', 'local_memory="-1"', 'local_memory="0"'])
def test_a_domain_without_memory_leaves_it_out(memory: str) -> None:
    """Memory is stated where every domain states its own."""
    imported = read(topology(memory=memory))
    assert not node(imported).HasField("memory")
    assert "not every memory domain" in whys(imported)


@pytest.mark.parametrize("mark", ['subtype="GPUMemory"', ""])
def test_memory_of_a_gpu_is_no_main_memory(mark: str) -> None:
    """A domain that is a device's memory is neither counted nor told."""
    gpus = (
        f'<object type="NUMANode" os_index="1" {mark} local_memory="{96 * GIB}">'
        f"{info('PCIBusID', '0009:01:00.0')}</object>"
    )
    imported = read(topology(inner=gpus))
    assert node(imported).memory.capacity_bytes == 64 * GIB
    assert len(node(imported).numa) == 1
    assert "it is the memory of 0009:01:00.0, which is no main memory" in whys(imported)


def test_memory_that_is_not_allowed_is_not_usable() -> None:
    """Domains outside of the allowed set are there, and cannot be used; hidden ones are reported."""
    second = f'<object type="NUMANode" os_index="1" cpuset="0x0" local_memory="{32 * GIB}"/>'
    sets = 'nodeset="0x00000003" complete_nodeset="0x00000003" allowed_nodeset="0x00000001"'
    imported = read(topology(inner=second, machine=sets))
    memory = node(imported).memory
    assert (memory.capacity_bytes, memory.usable_bytes) == (96 * GIB, 64 * GIB)
    assert "some memory domains are not allowed" in whys(imported)
    hidden = 'nodeset="0x00000001" complete_nodeset="0x00000003" allowed_nodeset="0x00000001"'
    imported = read(topology(machine=hidden))
    assert node(imported).memory.usable_bytes == 64 * GIB
    assert "some memory domains are hidden" in whys(imported)


def test_pages_that_are_more_than_the_memory() -> None:
    """Two statements of one domain that contradict each other leave the memory out."""
    page = '<page_type size="4096" count="{}"/>'
    assert node(read(topology(pages=page.format(16 << 20)))).HasField("memory")
    imported = read(topology(pages=page.format(17 << 20)))
    assert not node(imported).HasField("memory")
    assert "and pages of" in whys(imported)


def module(size: str, kind: str) -> str:
    """Writes a memory module."""
    return f'<object type="Misc" subtype="MemoryModule">{info("Type", kind)}{info("Size", size)}</object>'


@pytest.mark.parametrize(
    ("modules", "kind", "why"),
    [
        ([("33554432KiB", "DDR5")] * 2, "ddr5", ""),
        ([("33554432", "DDR5")] * 2, "ddr5", ""),  # before hwloc 3
        ([("33554432KiB", "DDR5"), ("33554432KiB", "DDR4")], None, "of several"),
        ([("33554432KiB", "Unknown")] * 2, None, "of no type that is registered"),
        ([("33554432KiB", "DDR5")], None, "its modules 34359738368; the former stand"),
        ([("many", "DDR5")] * 2, None, "not every memory module says how much it holds"),
    ],
)
def test_the_type_of_memory_is_that_of_its_modules(
    modules: list[tuple[str, str]], kind: str | None, why: str
) -> None:
    """It is stated where modules of one type make up all of the memory (kibibytes, trap 2)."""
    imported = read(topology(inner="".join(module(*one) for one in modules)))
    memory = node(imported).memory
    assert (memory.capacity_bytes, memory.type or None) == (64 * GIB, kind)
    assert why in whys(imported)


def test_cores_that_differ_have_no_number_of_threads() -> None:
    """Hybrid processors have cores of one and of two threads."""
    made = node(read(topology(cores=core(0, 0, 1) + core(1, 2) + core(2, 3)))).cpu
    assert (made.physical_cores, made.HasField("threads_per_core")) == (3, False)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not xml",
        b"<topology/>",
        b"<other/>",
        b'<!DOCTYPE t [<!ENTITY a "b">]><topology/>',
        topology().encode()[:-20],
        topology(cpuset="0xf...f,0x00000000", infos="", after="", memory="").encode(),
    ],
)
def test_what_is_no_topology_is_left_out(data: bytes) -> None:
    """Other documents, entities, cut texts and endless sets are one row with the reason."""
    imported = IMPORTER.read([Source("machine.xml", data)])
    mutations.check_books(imported)
    assert (imported.rows, len(imported.left_out)) == (1, 1)


# CPUs, cores, memory in bytes, GPUs; None where the file does not state it.
REAL: dict[str, tuple[int, int | None, int | None, list[tuple[str, int]]]] = {
    "192em64t-24n8c2t.xml.gz": (384, 192, 798447374336, []),
    "64intel64-heteromem.xml": (64, 16, 12 * GIB, []),
    "AMD-19h-Zen3-2xEpyc-7763.xml": (128, 128, None, []),
    "Hygon-Dhyana-32cores.xml": (64, 32, None, []),
    "Intel-ArrowLake-CoreUltra5-225U.xml": (14, 12, None, []),
    "nvidiaDGX2.xml": (4, None, 1621972275200, [("Tesla V100-SXM3-32GB-H", 16)]),
    "power8gpudistances.xml": (16, None, 137007529984, [("Tesla P100-SXM2-16GB", 4)]),
}


@pytest.mark.parametrize("name", REAL)
def test_real_machines_are_read(name: str, real_data: Path) -> None:
    """Every recorded topology is described by what its file states."""
    cpus, cores, memory, gpus = REAL[name]
    imported = IMPORTER.read(open_sources([real_data / "hwloc-xml" / name]))
    made = node(imported)
    check_sound(imported.drafts[0])
    assert made.cpu.schedulable_cpus == cpus
    assert (made.cpu.physical_cores or None) == cores
    assert (made.memory.capacity_bytes or None) == memory
    assert [(one.product, one.count) for one in made.accelerators] == gpus
    # Six links of 25 GB/s through switches; four of 20 GB/s, two of them to a processor.
    rates = {"nvidiaDGX2.xml": [150 * 8 * 10**9], "power8gpudistances.xml": [80 * 8 * 10**9]}
    assert [one.endpoint_bits_per_s for one in made.fabrics] == rates.get(name, [])
    assert not any(one.HasField("topology") for one in made.fabrics)


@pytest.mark.parametrize("name", ["16em64t-4s2c2t-offlines.xml", "fakecpukinds.xml"])
def test_real_topologies_that_say_nothing(name: str, real_data: Path) -> None:
    """Files without instruction set and memory are left out."""
    imported = IMPORTER.read(open_sources([real_data / "hwloc-xml" / name]))
    assert [one.why for one in imported.left_out] == ["nothing of it can be stated"]


def test_real_topologies_together(real_data: Path) -> None:
    """Nine files are nine machines; those that name themselves are counted."""
    paths = sorted(path for path in (real_data / "hwloc-xml").iterdir() if ".xml" in path.name)
    imported = IMPORTER.read(open_sources(paths))
    mutations.check_books(imported)
    assert (imported.rows, len(imported.drafts), len(imported.left_out)) == (9, 7, 2)
    assert {draft.name for draft in imported.drafts if draft.count == 1} == {"uv2000", "drac-12"}
    assert not documents_of(imported).left_out[2:]


def test_damaged_topologies_end_in_a_report() -> None:
    """Cut anywhere they give nothing; changed anywhere they stay sound."""
    source = Source("machine.xml", topology(inner=gpu(1)).encode())
    mutations.check_damaged(IMPORTER, [source], check_sound, seed=5, pieces=500)


def test_damaged_real_topologies_end_in_a_report(real_data: Path) -> None:
    """The same of recorded files."""
    names = ["nvidiaDGX2.xml", "power8gpudistances.xml", "64intel64-heteromem.xml", "fakecpukinds.xml"]
    sources: Any = open_sources([real_data / "hwloc-xml" / name for name in names])
    mutations.check_damaged(IMPORTER, sources, check_sound, seed=6, pieces=40)


def test_a_host_is_held_against_it(describe: Describe) -> None:
    """Where hwloc sees other cores than the kernel's files, the host's report says so; else it is silent."""
    command = " ".join(IMPORTER.commands[0])
    server = trees.smt_server()  # two sockets, eight cores, sixteen CPUs
    agreed = "".join(core(number, number, number + 8) for number in range(8))
    sockets = '<object type="Package" os_index="1" cpuset="0x0"/>'
    same = describe(
        server.with_answers({command: topology(cpuset="0x0000ffff", cores=agreed, inner=sockets)})
    )
    assert not why(same, "node.cpu")
    other = describe(server.with_answers({command: topology(cpuset="0x0000ffff", cores=agreed)}))
    assert why(other, "node.cpu.sockets") == "it says 1, and the kernel's files 2; they are believed"
    gpus = topology(cpuset="0x0000ffff", cores=agreed, inner=sockets + gpu(1))
    assert "1 GPUs, and 0 are described" in why(
        describe(server.with_answers({command: gpus})), "accelerators"
    )
    assert not why(describe(server.with_answers({command: "nonsense"})), "node.cpu")
