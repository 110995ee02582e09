"""The importer `slurm`: what figures mean, which of them are believed, and what is told of the others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crex.describe.slurm import IMPORTER
from crex.describe.sources import Source
from crex.v1 import ComputeResource
from sdk.tests.describe import mutations
from sdk.tests.describe.slurm_nodes import MIB, NODE, answer, body, changed, node, only, read, whys
from sdk.tests.describe.sound import documents_of


def test_a_node_of_slurmrestd() -> None:
    """Everything that a node states is in its description, with the field that says so."""
    imported = read(answer(NODE))
    described = only(imported)
    assert (described.cpu.isa, described.cpu.schedulable_cpus) == ("x86-64", 128)
    assert (described.cpu.physical_cores, described.cpu.threads_per_core) == (64, 2)
    assert described.cpu.provenance.basis == "nominal"
    assert described.cpu.provenance.method == (
        "`architecture`, `cpus`, `sockets`, `cores`, `threads` of Slurm (JSON)"
    )
    assert described.memory.provenance.method == "`real_memory` of Slurm (JSON)"
    (device,) = described.accelerators
    assert (device.accelerator_class, device.vendor, device.count) == ("gpu", "nvidia", 4)
    assert device.product == "nvidia_a100-sxm4-80gb"
    assert device.provenance.basis == "estimated"
    assert [(one.name, one.version) for one in body(imported).software] == [
        ("linux", "5.14.0-427.el9.x86_64"),
        ("slurmd", "24.05.3"),
    ]
    assert (imported.drafts[0].name, imported.drafts[0].count, imported.rows) == ("gpu001", 1, 1)
    assert not body(imported).closed_lists


def test_memory_in_megabytes_is_in_mebibytes() -> None:
    """Trap 2: 1031000 "MB" of Slurm are as many MiB, exactly."""
    assert only(read(answer(NODE))).memory.capacity_bytes == 1081081856000


def test_a_name_of_a_gpu_states_no_memory_and_no_form() -> None:
    """Trap 5: "sxm4-80gb" in a type is display text."""
    (device,) = only(read(answer(NODE))).accelerators
    assert not device.HasField("memory")
    assert not device.HasField("form_factor")
    assert not device.HasField("architecture")


def test_what_has_no_place_is_told_once() -> None:
    """Features, partitions, disks and sockets of two nodes are a remark each, not two."""
    imported = read(answer(NODE, node(name="gpu002")))
    assert [(one.what, one.where) for one in imported.findings] == [
        ("sockets", "`Sockets` of nodes"),
        ("features", "features of nodes"),
        ("partitions", "partitions of nodes"),
        ("storage", "`TmpDisk` of nodes"),
    ]
    assert not only(imported).storage


def test_sockets_may_be_memory_domains() -> None:
    """Slurm can be told to take NUMA nodes or caches for sockets, so that their number is not stated."""
    assert not only(read(answer(NODE))).cpu.HasField("sockets")


def test_numbers_of_newer_versions() -> None:
    """A number may be an object that says whether it is set."""
    figures = ("sockets", "cores", "threads", "cpus", "real_memory")
    newer = {name: {"set": True, "infinite": False, "number": NODE[name]} for name in figures}
    assert only(changed(**newer)) == only(read(answer(NODE)))
    unset = changed(real_memory={"set": False, "infinite": False, "number": 0}, tres="")
    assert not only(unset).HasField("memory")
    infinite = changed(real_memory={"set": True, "infinite": True, "number": 5}, tres="")
    assert not only(infinite).HasField("memory")
    assert "it is infinite" in whys(infinite)


def test_equal_nodes_are_told_once() -> None:
    """Forty equal nodes are one document and a pool of forty; another one is another."""
    nodes = [node(name=f"gpu{number:03}") for number in range(40)]
    imported = read(answer(*nodes, node(name="big", real_memory=2000000, tres="")))
    assert [draft.count for draft in imported.drafts] == [40, 1]
    assert [len(draft.rows) for draft in imported.drafts] == [40, 1]
    pools = [one.document for one in documents_of(imported).made]
    totals = [
        one.pool.total_units for one in pools if isinstance(one, ComputeResource) and one.kind == "pool"
    ]
    assert sorted(totals) == [1, 40]


def test_a_node_that_is_told_twice_counts_once() -> None:
    """What several inputs say of a node is joined, whatever each leaves out."""
    table = "NODELIST CPUS MEMORY GRES\ngpu001 128 1031000 gpu:nvidia_a100-sxm4-80gb:4(S:0-1)\n"
    imported = read(answer(NODE), table, answer({"name": "gpu001", "architecture": "x86_64"}))
    assert imported.drafts[0].count == 1
    assert imported.rows == len(imported.drafts[0].rows) == 3
    assert only(imported) == only(read(answer(NODE)))


def test_figures_that_differ_in_two_places_are_not_believed() -> None:
    """Of two sizes of one node neither is stated; a third statement does not decide."""
    imported = read(answer(NODE), answer(node(real_memory=5000, tres=None)), answer(NODE))
    assert not only(imported).HasField("memory")
    assert only(imported).cpu.schedulable_cpus == 128
    assert "1031000 and 5000 (f1: $.nodes[0]); neither is believed" in whys(imported)


def test_names_that_are_made_equal_stay_apart() -> None:
    """Slices of a second node are not those of the first, though their hosts have one name in two domains."""
    first = node(name="gpu1.a", gres="gpu:a100_1g.10gb:7", tres="")
    second = node(name="gpu1.b", gres="gpu:a100_1g.10gb:14", tres="")
    imported = read(answer(first, second))
    assert [(one.name, one.part_of, one.count) for one in imported.drafts] == [
        ("gpu1", "", 1),
        ("a100-1g-10gb", "gpu1", 7),
        ("gpu1-2", "", 1),
        ("a100-1g-10gb-2", "gpu1-2", 14),
    ]


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"architecture": ""}, "128 CPUs; it states no architecture"),
        ({"architecture": "pdp11"}, "the architecture 'pdp11', which is not known"),
        ({"cpus": None}, "how many CPUs"),
        ({"cpus": 100}, "100 CPUs are neither 2 sockets, 64 cores nor 128 threads"),
        ({"cpus": 65534}, "65534, which is no number of a node"),  # "not set" of old versions
        ({"effective_cpus": 200}, "200 of 128 CPUs are for jobs"),
        ({"effective_cpus": 0}, "0 of 128 CPUs are for jobs"),
        ({"tres": "cpu=96"}, "it has 128 CPUs, and `CfgTRES` 96"),
        ({"specialized_cores": 2}, "how many is not stated"),
        ({"specialized_cpus": "many"}, "how many is not stated"),
        ({"cpus": 1, "real_memory": 1}, "as where nobody configured them"),
    ],
)
def test_processors_that_are_not_certain(members: dict[str, Any], why: str) -> None:
    """Counts that contradict each other, defaults and unknown architectures leave the processors out."""
    imported = changed(**{"tres": "", **members})
    assert not only(imported).HasField("cpu")
    assert why in whys(imported)


def test_cpus_that_are_cores() -> None:
    """Trap 1: a site may have Slurm count cores; then a CPU is a core, and no threads are multiplied in."""
    imported = changed(cpus=64, tres="cpu=64")
    cpu = only(imported).cpu
    assert (cpu.schedulable_cpus, cpu.physical_cores, cpu.threads_per_core) == (64, 64, 2)
    assert "Slurm counts cores as CPUs here, 64 of 128 threads" in whys(imported)
    assert "Slurm counts sockets as CPUs here, 2 of 128 threads" in whys(changed(cpus=2, tres=""))


def test_a_shape_that_nobody_configured() -> None:
    """Sockets of one core and one thread are what Slurm makes of a bare number of CPUs; they are no cores."""
    imported = changed(cpus=128, sockets=128, cores=1, threads=1)
    cpu = only(imported).cpu
    assert cpu.schedulable_cpus == 128
    assert not cpu.HasField("physical_cores")
    assert not cpu.HasField("threads_per_core")
    assert "only CPUs is configured" in whys(imported)


def test_cpus_that_are_kept_for_the_system() -> None:
    """Effective CPUs are those that jobs can have; before 22.05 only the list of the others is stated."""
    imported = changed(effective_cpus=124, specialized_cores=2, specialized_cpus="0-3")
    assert only(imported).cpu.schedulable_cpus == 124
    assert "124 of 128 CPUs are for jobs" in whys(imported)
    older = only(changed(specialized_cores=2, specialized_cpus="0-1,64-65")).cpu
    assert (older.schedulable_cpus, older.provenance.basis) == (124, "estimated")


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"real_memory": 1}, "`RealMemory` is 1, its default"),
        ({"real_memory": 0}, "it states none"),
        ({"real_memory": None}, "it states none"),
        ({"tres": "mem=1031000K"}, "it has 1031000 MiB, and `CfgTRES` 1031000K"),
        ({"tres": "mem=1T"}, "and `CfgTRES` 1T"),
        ({"tres": "mem=1006.7G"}, "and `CfgTRES` 1006.7G"),
        ({"tres": "mem=much"}, "and `CfgTRES` much"),
        ({"real_memory": "many"}, "the text 'many', which is no number of a node"),
        ({"real_memory": 4294967294}, "which is no number of a node"),  # "not set" of old versions
        ({"real_memory": 2**64 - 2}, "which is no number of a node"),
    ],
)
def test_memory_that_is_not_certain(members: dict[str, Any], why: str) -> None:
    """The default, values that say "not set", and a size that differs from what is tracked, are none."""
    imported = changed(**{"tres": "", **members})
    assert not only(imported).HasField("memory")
    assert why in whys(imported)


@pytest.mark.parametrize(
    ("mebibytes", "text"),
    [(512000, "500G"), (512000, "512000M"), (512000, "512000"), (64000, "62.50G"), (1031000, "1006.84G")],
)
def test_memory_that_is_tracked_in_other_units(mebibytes: int, text: str) -> None:
    """Trackable memory has suffixes of powers of 1024, and may be rounded to the digits that it has."""
    imported = changed(real_memory=mebibytes, tres=f"mem={text}")
    assert only(imported).memory.capacity_bytes == mebibytes * MIB


def test_memory_that_is_kept_for_the_system() -> None:
    """MemSpecLimit is a part of RealMemory that no job gets."""
    assert only(changed(specialized_memory=8192)).memory.usable_bytes == (1031000 - 8192) * MIB
    imported = changed(specialized_memory=1031000)
    assert not only(imported).memory.HasField("usable_bytes")
    assert "only the whole is stated" in whys(imported)


@pytest.mark.parametrize(
    ("gres", "devices"),
    [
        ("gpu:h100:8", [("nvidia", "h100", 8)]),
        ("gpu:tesla_t4:1", [("nvidia", "tesla_t4", 1)]),
        ("gpu:mi300x:8", [("amd", "mi300x", 8)]),
        ("gpu:AMD_Instinct_MI250X:4", [("amd", "AMD_Instinct_MI250X", 4)]),
        (
            "gpu:intel(r)_data_center_gpu_max_1550:6(S:0,1)",
            [("intel", "intel(r)_data_center_gpu_max_1550", 6)],
        ),
        ("gpu:l40s:4(S:0),gpu:l40s:4(S:1)", [("nvidia", "l40s", 8)]),
        ("gpu:a100:2,gpu:v100:1", [("nvidia", "a100", 2), ("nvidia", "v100", 1)]),
        ("gpu:a100:no_consume:2", [("nvidia", "a100", 2)]),
        ("gpu:a100:0", []),
        ("(null)", []),
        ("", []),
    ],
)
def test_gpus_of_a_known_maker(gres: str, devices: list[tuple[str, str, int]]) -> None:
    """A type that names its maker, a line of products or one product is a GPU of that maker."""
    imported = changed(gres=gres, tres="")
    found = [(one.vendor, one.product, one.count) for one in only(imported).accelerators]
    assert found == devices
    assert not [one for one in imported.findings if one.what == "GPUs" and one.kind.value == "left-out"]


@pytest.mark.parametrize(
    ("gres", "why"),
    [
        ("gpu:4", "it has 4, and no type says which they are"),
        ("gpu", "gpu has no number"),
        ("gpu:a100", "a100 has no number"),
        ("gpu:99999", "more than a node can have"),
        ("gpu:big:4", "4 of the type 'big', which does not say who makes them"),
        ("gpu:a1000:4", "does not say who makes them"),
        ("gpu:a100_20gb:4", "does not say who makes them"),  # may be a slice
        ("gpu:nvidia_a100-20c:2", "which is the name of vGPUs"),
        ("gpu:::4", "is no generic resource"),
        ("gpu:::,;", "is no generic resource"),
    ],
)
def test_gpus_that_are_not_certain(gres: str, why: str) -> None:
    """A number without a type, a type without a maker and a type without a number are remarks."""
    imported = changed(gres=gres, tres="")
    assert not only(imported).accelerators
    assert why in whys(imported)


@pytest.mark.parametrize(
    ("gres", "tres", "why"),
    [
        ("gpu:h100:8", "gres/gpu=4", "`Gres` has 8 of gres/gpu, and `CfgTRES` 4"),
        ("gpu:h100:8", "gres/gpu=8,gres/gpu:h100=4", "8 of gres/gpu:h100, and `CfgTRES` 4"),
        ("", "gres/gpu=4", "`Gres` has 0 of gres/gpu, and `CfgTRES` 4"),
        (None, "gres/gpu=4", "no generic resources are stated"),
        ("gpu:h100_1g.12gb:7", "gres/gpu=8", "7 of gres/gpu, and `CfgTRES` 8"),
    ],
)
def test_gpus_that_are_tracked_otherwise(gres: str | None, tres: str, why: str) -> None:
    """GPUs are counted twice by Slurm; where the counts differ, none is stated."""
    imported = changed(gres=gres, tres=tres)
    assert not only(imported).accelerators
    assert why in whys(imported)


def test_gpus_that_are_not_tracked() -> None:
    """Without tracking nothing confirms a number; where other nodes are tracked, none is another number."""
    alone = changed(tres="cpu=128")
    assert len(only(alone).accelerators) == 1
    assert "nothing confirms their number" in whys(alone)
    both = read(answer(NODE, node(name="gpu002", tres="cpu=128")))
    assert [len(body(both, at).node.accelerators) for at in range(2)] == [1, 0]
    assert "`Gres` has 4 of gres/gpu, and `CfgTRES` none" in whys(both)


def test_slices_are_never_gpus() -> None:
    """Trap 7: a MIG type is a partition of its node, counted over all nodes."""
    sliced = node(gres="gpu:nvidia_a100_1g.10gb:7(S:0),gpu:nvidia_a100-sxm4-80gb:3(S:1)", tres="gres/gpu=10")
    imported = read(answer(sliced, {**sliced, "name": "gpu002"}))
    assert [one.count for one in body(imported).node.accelerators] == [3]
    piece = imported.drafts[1]
    assert body(imported, 1).kind == "partition-class"
    assert (body(imported, 1).partition.profile, piece.count, piece.part_of) == ("1g.10gb", 14, "gpu001")
    assert "the GPUs that they are slices of are not counted" in whys(imported)


@pytest.mark.parametrize(
    ("kind", "profile"),
    [
        ("1g.5gb", "1g.5gb"),
        ("a100_3g.20gb", "3g.20gb"),
        ("a100-3g.20gb", "3g.20gb"),
        ("nvidia_h100_1g.12gb+me", "1g.12gb+me"),
        ("nvidia_a100_1c.3g.20gb", "1c.3g.20gb"),
        ("H100_1G.12GB", "1g.12gb"),
    ],
)
def test_profiles_of_slices(kind: str, profile: str) -> None:
    """However a type names a slice, its profile is found."""
    imported = changed(gres=f"gpu:{kind}:2", tres="gres/gpu=2")
    assert body(imported, 1).partition.profile == profile
    assert not body(imported).node.accelerators


def test_shares_are_never_gpus() -> None:
    """Shards and MPS are shares of GPUs that are counted themselves; other words are the site's."""
    imported = changed(gres="gpu:a100:4,shard:a100:32,mps:400,nic:2,lustre:no_consume:4G", tres="")
    assert [one.count for one in only(imported).accelerators] == [4]
    said = whys(imported)
    assert "shard: shares of GPUs" in said
    assert "mps: shares of GPUs" in said
    assert "nic: a word of the site" in said
    assert "lustre: a word of the site" in said


@pytest.mark.parametrize(
    ("state", "flags"),
    [(["DOWN", "DRAIN"], None), ("down", ["DRAIN"]), (["IDLE", "NOT_RESPONDING"], None), ("drained*", None)],
)
def test_a_state_does_not_change_what_a_node_is(state: object, flags: object) -> None:
    """A node that is down or drained is described as it is, and counted; the report says its state."""
    imported = changed(state=state, state_flags=flags)
    assert only(imported) == only(read(answer(NODE)))
    assert imported.drafts[0].count == 1
    assert "it takes no work at present" in whys(imported)


def test_a_busy_state_is_no_remark() -> None:
    """Nodes that work, are planned for work or save power are nothing to report."""
    for state in ("allocated", "mixed-", ["IDLE", "PLANNED"], "idle~", ["IDLE", "COMPLETING"], 7):
        assert "its state" not in whys(changed(state=state))


def test_nodes_that_need_not_be_there_are_not_counted() -> None:
    """Nodes for future use, and of a cloud that are off, are described and make no pool."""
    for state in (["FUTURE"], "futr", ["IDLE", "CLOUD", "POWERED_DOWN"]):
        imported = changed(state=state)
        assert imported.drafts[0].count is None
        assert "described and not counted" in whys(imported)
    both = read(answer(NODE, node(name="gpu002", state=["FUTURE"])))
    assert [draft.count for draft in both.drafts] == [1]
    assert changed(state=["IDLE", "CLOUD"]).drafts[0].count == 1
    nothing = changed(state=["FUTURE"], architecture="", real_memory=1, gres="", tres="")
    assert not nothing.drafts


@pytest.mark.parametrize(
    ("reason", "lost"),
    [
        ("Low RealMemory", {"memory"}),
        ("Low RealMemory (reported:980000 < 100.00% of configured:1031000)", {"memory"}),
        ("Low socket*core*thread count, Low CPUs", {"cpu"}),
        ("gres/gpu count reported lower than configured (3 < 4)", {"accelerators"}),
        ("Low TmpDisk", set()),
        ("Not responding", set()),
    ],
)
def test_a_node_that_has_less_than_configured(reason: str, lost: set[str]) -> None:
    """Slurm's own reason says that a figure of the configuration is not what is there; it is not stated."""
    described = only(changed(state=["IDLE", "DRAIN"], reason=reason))
    stated = {one.name for one, _ in described.ListFields()}
    assert {"cpu", "memory", "accelerators"} - stated == lost


def test_a_node_that_registered_invalid() -> None:
    """Nothing of a node that has less than configured is believed, where no reason says of what."""
    imported = changed(state=["IDLE", "INVALID_REG"])
    assert not imported.drafts
    assert "INVAL" in imported.left_out[0].why
    assert only(changed(state="inval", reason="Low TmpDisk")).HasField("memory")


def test_errors_of_an_answer_are_told() -> None:
    """An answer may have nodes and errors both."""
    text = json.dumps({"nodes": [NODE], "errors": [{"description": "Zero Bytes"}], "warnings": ["odd", 7]})
    said = whys(read(text))
    assert "Slurm itself says 'Zero Bytes'" in said
    assert "Slurm itself says 'odd'" in said


@pytest.mark.parametrize(
    "value", [None, True, 7, -1, 1.5, "N/A", [], {}, [[]], "9" * 30, {"set": True}, [None]]
)
def test_odd_types_at_every_place_end_in_a_report(value: object) -> None:
    """Whatever stands in the place of a member, nothing is invented."""
    whole = mutations.figures(read(answer(NODE)).drafts)
    for name in NODE:
        found = mutations.figures(read(answer({**NODE, name: value})).drafts)
        if value != 7:
            assert not set(found) - set(whole)
    read(json.dumps({"nodes": value}), json.dumps({"sinfo": value}), json.dumps({"errors": value}))
    read(json.dumps({"errors": [value], "nodes": [value, NODE]}))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("slurm_load_node error: Unable to contact slurm controller", "neither JSON, nor nodes"),
        ('{"jobs": [{}]}', "these are jobs, which are work and no supply"),
        ('{"statistics": {"parts_packed": 1}}', "these are statistics"),
        ('{"nodes": []}', "lists no node"),
        ('{"nodes": 7}', "nodes: it is the number 7, not a list"),
        ('{"nodes": [7]}', "the number 7, not a node"),
        ('{"nodes": [{}]}', "it names no node"),
        ('{"nodes": [', "it is not JSON"),
        ("[" * 5000, "nested too deeply"),
        ('{"n": 1}\n{"n": 2}\n', "nothing says what its members are"),
        ("[]", "a list, not an answer of Slurm"),
        ("{}", "it has no nodes of Slurm"),
        ("JobId=7 JobName=a\n", "these are jobs"),
        ("PartitionName=a\n", "these are partitions"),
        ("JOBID PARTITION NAME USER ST TIME NODES NODELIST(REASON)\n7 a b c R 1 1 n1\n", "these are jobs"),
        ("Account|User|Share\na|b|1\n", "these are accounts"),
    ],
)
def test_what_says_nothing_of_nodes(text: str, why: str) -> None:
    """Other answers, errors and cut ones are a row each, with the reason."""
    imported = read(text)
    assert not imported.drafts
    assert why in whys(imported)


def test_a_source_that_cannot_be_read_is_a_row() -> None:
    """Its problem is the reason."""
    imported = IMPORTER.read([Source("nodes.json", b"", "there is no command scontrol")])
    assert [str(one.why) for one in imported.left_out] == ["there is no command scontrol"]


def test_the_command_is_the_one_that_is_read() -> None:
    """Without a file the importer asks scontrol."""
    assert IMPORTER.commands == (("scontrol", "show", "node", "--json"),)
