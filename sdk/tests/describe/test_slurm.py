"""The importer `slurm`: nodes in every form in which Slurm prints them, odd, real and damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crex.describe.importing import Imported
from crex.describe.slurm import IMPORTER
from crex.describe.sources import Source, open_sources
from crex.v1 import ComputeResource
from sdk.tests.describe import mutations
from sdk.tests.describe.sound import check_sound, documents_of

MIB = 1 << 20
NODE: dict[str, Any] = {
    "name": "gpu001",
    "architecture": "x86_64",
    "sockets": 2,
    "cores": 32,
    "threads": 2,
    "cpus": 128,
    "real_memory": 1031000,
    "gres": "gpu:nvidia_a100-sxm4-80gb:4(S:0-1)",
    "tres": "cpu=128,mem=1031000M,billing=128,gres/gpu=4",
    "state": ["IDLE"],
    "operating_system": "Linux 5.14.0-427.el9.x86_64 #1 SMP",
}
TEXT = """NodeName=gpu001 Arch=x86_64 CoresPerSocket=32
   CPUAlloc=0 CPUEfctv=124 CPUTot=128 CPULoad=0.01
   AvailableFeatures=hdr,a100
   Gres=gpu:a100:4(S:0-1),shard:16
   NodeAddr=gpu001 NodeHostName=gpu001 Version=23.11.4
   OS=Linux 5.14.0-427.el9.x86_64 #1 SMP PREEMPT_DYNAMIC
   RealMemory=1031000 AllocMem=0 FreeMem=N/A Sockets=2 Boards=1
   MemSpecLimit=8192
   State=DOWN*+DRAIN ThreadsPerCore=2 TmpDisk=900000 Weight=1 Owner=N/A
   CfgTRES=cpu=124,mem=1031000M,billing=124,gres/gpu=4
   Reason=Not responding [root@2026-01-01T00:00:00]

"""


def read(*texts: str) -> Imported:
    """Imports texts, each a file, and checks the books."""
    imported = IMPORTER.read([Source(f"f{at}", text.encode()) for at, text in enumerate(texts)])
    mutations.check_books(imported)
    for draft in imported.drafts:
        check_sound(draft)
    return imported


def answer(*nodes: object, field: str = "nodes") -> str:
    """Writes what slurmrestd answers."""
    return json.dumps({"meta": {}, "errors": [], field: list(nodes)})


def changed(**members: Any) -> str:
    """Writes an answer of one node, changed; nothing removes a member."""
    return answer({name: value for name, value in {**NODE, **members}.items() if value is not None})


def body(imported: Imported, at: int = 0) -> ComputeResource:
    """Gives the body of a draft."""
    found = imported.drafts[at].body
    assert isinstance(found, ComputeResource)
    return found


def whys(imported: Imported) -> str:
    """Gives every reason and remark."""
    return " | ".join([*(one.why for one in imported.left_out), *(one.why for one in imported.findings)])


def test_a_node_of_slurmrestd() -> None:
    """CPUs are threads, memory is in MiB, GPUs are counted; the maker of a type is inferred."""
    imported = read(answer(NODE))
    node = body(imported).node
    assert (node.cpu.isa, node.cpu.schedulable_cpus, node.cpu.sockets) == ("x86-64", 128, 2)
    assert (node.cpu.physical_cores, node.cpu.threads_per_core) == (64, 2)
    assert node.memory.capacity_bytes == 1031000 * MIB  # not 1031000 * 10^6 (trap 2)
    (device,) = node.accelerators
    assert (device.vendor, device.product, device.count) == ("nvidia", "nvidia_a100-sxm4-80gb", 4)
    assert device.provenance.basis == "estimated"
    assert not device.HasField("memory")  # a name states no memory (trap 5)
    assert [(one.name, one.version) for one in body(imported).software] == [
        ("linux", "5.14.0-427.el9.x86_64")
    ]
    assert imported.drafts[0].count == 1


def test_a_node_of_scontrol() -> None:
    """The text says the same, with effective CPUs below the total, and memory that is kept back."""
    imported = read(TEXT)
    node = body(imported).node
    assert (node.cpu.schedulable_cpus, node.cpu.physical_cores) == (124, 64)
    assert node.memory.capacity_bytes == 1031000 * MIB
    assert node.memory.usable_bytes == (1031000 - 8192) * MIB
    assert [(one.product, one.count) for one in node.accelerators] == [("a100", 4)]
    said = whys(imported)
    assert "words of the site" in said
    assert "of what medium the disk is" in said
    assert "a share of GPUs" in said


def test_numbers_of_newer_versions() -> None:
    """A number may be an object that says whether it is set."""
    newer = {
        **NODE,
        **{
            name: {"set": True, "infinite": False, "number": NODE[name]}
            for name in ("sockets", "cores", "threads", "cpus", "real_memory")
        },
    }
    assert body(read(answer(newer))).node == body(read(answer(NODE))).node
    unset = {**NODE, "real_memory": {"set": False, "infinite": False, "number": 0}}
    assert not body(read(answer(unset))).node.HasField("memory")


def test_alike_nodes_are_told_once() -> None:
    """Forty equal nodes are one document and a pool of forty; another one is another."""
    nodes = [{**NODE, "name": f"gpu{number:03}"} for number in range(40)]
    imported = read(answer(*nodes, {**NODE, "name": "big", "real_memory": 2000000, "tres": ""}))
    assert [draft.count for draft in imported.drafts] == [40, 1]
    pools = [one.document for one in documents_of(imported).made]
    assert sorted(
        one.pool.total_units for one in pools if isinstance(one, ComputeResource) and one.kind == "pool"
    ) == [
        1,
        40,
    ]


def test_a_node_that_is_told_twice_counts_once() -> None:
    """Two files of one cluster do not make two nodes of one; where they differ, the first is believed."""
    imported = read(answer(NODE), changed(), changed(real_memory=5))
    assert [draft.count for draft in imported.drafts] == [1]
    assert [one.why for one in imported.left_out] == [
        "node gpu001 is told again, as it was told already",
        "node gpu001 is told again, otherwise than before, which is believed",
    ]


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"cpus": 64}, "multiply to 128"),  # a core counted as one CPU (trap 1)
        ({"architecture": ""}, "states no architecture"),
        ({"architecture": "pdp11"}, "its architecture is 'pdp11'"),
        ({"cpus": None}, "how many CPUs"),
        ({"effective_cpus": 200}, "200 of 128 CPUs are effective"),
        ({"effective_cpus": 0}, "0 of 128 CPUs are effective"),
    ],
)
def test_processors_that_are_not_certain(members: dict[str, Any], why: str) -> None:
    """Counts that contradict each other and unknown architectures leave the processors out."""
    imported = read(changed(**members))
    assert not body(imported).node.HasField("cpu")
    assert body(imported).node.HasField("memory")
    assert why in whys(imported)


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"real_memory": 1}, "RealMemory is 1, its default"),
        ({"real_memory": None}, "states no RealMemory"),
        ({"tres": "mem=1031000K"}, "its trackable memory 1006"),
        ({"tres": "mem=1T"}, "its trackable memory 1048576"),
        ({"real_memory": "many"}, "not a whole number"),
    ],
)
def test_memory_that_is_not_certain(members: dict[str, Any], why: str) -> None:
    """The default, and a total that differs from what is tracked, are no memory."""
    imported = read(changed(**{"gres": "", "tres": "", **members}))
    assert not body(imported).node.HasField("memory")
    assert why in whys(imported)


@pytest.mark.parametrize(
    ("gres", "tres", "devices", "why"),
    [
        ("gpu:h100:8", "", [("nvidia", "h100", 8)], ""),
        ("gpu:mi300x:8", "", [("amd", "mi300x", 8)], ""),
        ("gpu:gaudi2:8", "", [("intel", "gaudi2", 8)], ""),
        ("gpu:l40s:4,gpu:l40s:4", "", [("nvidia", "l40s", 8)], ""),
        ("gpu:4", "", [], "4 GPUs and does not say of what type"),
        ("gpu", "", [], "1 GPUs and does not say of what type"),
        ("gpu:big:4", "", [], "does not tell the maker"),
        ("gpu:a1000:4", "", [], "does not tell the maker"),
        ("gpu:h100:8", "gres/gpu=4", [], "its trackable ones 4"),
        ("", "gres/gpu=4", [], "have 0 GPUs, and its trackable ones 4"),
        ("mps:400", "", [], "a share of GPUs"),
        ("nic:2", "", [], "nothing says what it is"),
        ("(null)", "", [], ""),
        ("gpu:::,;", "", [], "is no generic resource"),
    ],
)
def test_generic_resources(gres: str, tres: str, devices: list[tuple[str, str, int]], why: str) -> None:
    """Types that tell their maker are GPUs; shares, counts without a type and contradictions are none."""
    imported = read(changed(gres=gres, tres=tres))
    found = [(one.vendor, one.product, one.count) for one in body(imported).node.accelerators]
    assert found == devices
    assert why in whys(imported)


def test_slices_are_never_gpus() -> None:
    """A MIG type is a partition of its node, counted over all nodes (trap 7)."""
    sliced = {**NODE, "gres": "gpu:nvidia_a100_1g.10gb:7,gpu:a100:3", "tres": "gres/gpu=10"}
    imported = read(answer(sliced, {**sliced, "name": "gpu002"}))
    assert [one.count for one in body(imported).node.accelerators] == [3]
    piece = imported.drafts[1]
    assert (body(imported, 1).partition.profile, piece.count, piece.part_of) == ("1g.10gb", 14, "gpu001")


def test_a_planned_node_is_none() -> None:
    """A node of the state FUTURE is not there."""
    imported = read(changed(state=["IDLE", "FUTURE"]), TEXT.replace("DOWN*+DRAIN", "FUTURE"))
    assert not imported.drafts
    assert whys(imported).count("planned, and not there") == 2


def test_sinfo_in_json() -> None:
    """A line of one node is a node without architecture; of several it gives ranges, and is left out."""
    both = {"minimum": 500000, "maximum": 500000}
    one = {
        "nodes": {"nodes": ["n1"]},
        "memory": both,
        "cpus": {"minimum": 64, "maximum": 64},
        "gres": {"total": ""},
    }
    several = {**one, "nodes": {"nodes": ["n2", "n3"]}}
    imported = read(answer(one, several, field="sinfo"))
    assert body(imported).node.memory.capacity_bytes == 500000 * MIB
    assert "nodes that differ" in whys(imported)


def test_sinfo_tables() -> None:
    """A table of `sinfo -N` gives memory and GPUs; lines of several nodes are left out."""
    text = (
        "NODELIST CPUS S:C:T MEMORY GRES STATE\nn1 64 2:16:2 500000 gpu:a100:4(S:0-1) idle\n"
        "n[2-4] 64 2:16:2 500000+ (null) idle\nn5 64\n"
    )
    imported = read(text)
    assert body(imported).node.memory.capacity_bytes == 500000 * MIB
    assert [one.count for one in body(imported).node.accelerators] == [4]
    assert len(imported.left_out) == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("slurm_load_node error: Unable to contact slurm controller", "neither JSON, nor nodes"),
        ('{"jobs": [{}]}', "these are jobs"),
        ('{"nodes": []}', "lists no node"),
        ('{"nodes": 7}', "lists no node"),
        ('{"nodes": [7]}', "the number 7, not a node"),
        ('{"nodes": [{}]}', "it names no node"),
        ('{"nodes": [', "it is not JSON"),
        ('{"n": 1}\n{"n": 2}\n', "in a format of somebody's own"),
        ("[]", "a list, not an answer of Slurm"),
    ],
)
def test_what_says_nothing_of_nodes(text: str, why: str) -> None:
    """Other answers, errors and cut ones are a row each, with the reason."""
    imported = read(text)
    assert not imported.drafts
    assert why in whys(imported)


@pytest.mark.parametrize("value", [None, True, 7, -1, 1.5, "N/A", [], {}, [[]], "9" * 30, {"set": True}])
def test_odd_types_at_every_place_end_in_a_report(value: object) -> None:
    """Whatever stands in the place of a member, nothing is invented."""
    for name in NODE:
        read(answer({**NODE, name: value}))


def test_real_nodes_are_read(real_data: Path) -> None:
    """The recorded nodes: four of 64 CPUs, and three of 36 with two sizes of memory."""
    first = IMPORTER.read(open_sources([real_data / "slurm-json/sinfo_out.json"]))
    assert [(draft.count, body(first).node.memory.capacity_bytes) for draft in first.drafts] == [
        (4, 500000 * MIB)
    ]
    assert body(first).node.cpu.schedulable_cpus == 64
    folder = real_data / "telegraf-testdata/slurm/testcases"
    second = IMPORTER.read(open_sources([folder / "gather/responses/nodes.json"]))
    assert [draft.count for draft in second.drafts] == [2, 1]
    assert not second.left_out
    others = [path for path in sorted(folder.glob("*/responses/*.json")) if path.name != "nodes.json"]
    nothing = IMPORTER.read(open_sources([*others, *sorted((real_data / "slurm-json").glob("s[dq]*"))]))
    assert not nothing.drafts
    assert all(one.why for one in nothing.left_out)


def test_damaged_answers_end_in_a_report() -> None:
    """Cut anywhere they give no figure that the whole does not; changed anywhere they stay sound."""
    table = "NODELIST CPUS MEMORY GRES\nn1 64 500000 gpu:a100:4\nn2 64 700000 gpu:a100:8\n"
    second = TEXT.replace("gpu001", "gpu009").replace("1031000", "2000000")
    sources = [
        Source("a.json", answer({**NODE, "name": "x1"}, {**NODE, "name": "x2"}).encode()),
        Source("b.txt", (TEXT + second).encode()),
        Source("c.txt", table.encode()),
    ]
    mutations.check_damaged(IMPORTER, sources, check_sound, seed=9, pieces=300)


def test_damaged_real_answers_end_in_a_report(real_data: Path) -> None:
    """The same of recorded answers."""
    names = ["slurm-json/sinfo_out.json", "telegraf-testdata/slurm/testcases/gather/responses/nodes.json"]
    sources = open_sources([real_data / name for name in names])
    mutations.check_damaged(IMPORTER, sources, check_sound, seed=10, pieces=100)


def test_a_block_that_may_be_cut_is_left_out() -> None:
    """What a contradiction at its end would take away is not stated when that end is cut off."""
    contradiction = TEXT.replace("gres/gpu=4", "gres/gpu=8")
    assert not body(read(contradiction)).node.accelerators
    cut = contradiction[: contradiction.index("   CfgTRES")]
    assert not read(cut).drafts
    assert "may be cut" in whys(read(cut))
    one_line = " ".join(TEXT.split()) + "\n"
    assert body(read(one_line + one_line.replace("gpu001", "gpu002"))).node == body(read(TEXT)).node
