"""What scontrol and sinfo print as text: blocks, lines, tables that cut, and lists of hosts."""

from __future__ import annotations

import json
import random

import pytest

from crex.describe import slurm_records
from crex.describe.slurm import IMPORTER
from crex.describe.slurm_records import MOST_HOSTS, expand_hosts
from crex.describe.sources import Source
from crex.v1 import ComputeResource
from sdk.tests.describe import mutations
from sdk.tests.describe.slurm_nodes import MIB, only, read, whys
from sdk.tests.describe.sound import check_sound

TEXT = """NodeName=gpu001 Arch=x86_64 CoresPerSocket=32
   CPUAlloc=0 CPUEfctv=124 CPUTot=128 CPULoad=0.01
   AvailableFeatures=hdr,a100
   ActiveFeatures=hdr,a100
   Gres=gpu:a100:4(S:0-1),shard:16(S:0-1)
   NodeAddr=gpu001 NodeHostName=gpu001 Version=23.11.4
   OS=Linux 5.14.0-427.el9.x86_64 #1 SMP PREEMPT_DYNAMIC CPUTot=9
   RealMemory=1031000 AllocMem=0 FreeMem=N/A Sockets=2 Boards=1
   CoreSpecCount=2 CPUSpecList=0-3 MemSpecLimit=8192
   State=DOWN*+DRAIN ThreadsPerCore=2 TmpDisk=900000 Weight=1 Owner=N/A MCS_label=N/A
   Partitions=batch,long
   BootTime=None SlurmdStartTime=None
   CfgTRES=cpu=124,mem=1031000M,billing=124,gres/gpu=4
   AllocTRES=
   CurrentWatts=0 AveWatts=0
   \x20
   Reason=Not responding Gres=gpu:h100:8 [root@2026-01-01T00:00:00]
       RealMemory=7
   Comment=Gres=gpu:h100:8

"""


def test_a_block_of_scontrol() -> None:
    """Effective CPUs below the total, memory that is kept back, and the fields that say so."""
    imported = read(TEXT)
    node = only(imported)
    assert (node.cpu.schedulable_cpus, node.cpu.physical_cores, node.cpu.threads_per_core) == (124, 64, 2)
    assert node.cpu.provenance.method == (
        "`Arch`, `CPUTot`, `CPUEfctv`, `CPUSpecList`, `Sockets`, `CoresPerSocket`, `ThreadsPerCore` of "
        "scontrol show node"
    )
    assert node.memory.capacity_bytes == 1031000 * MIB
    assert node.memory.usable_bytes == (1031000 - 8192) * MIB
    assert [(one.vendor, one.product, one.count) for one in node.accelerators] == [("nvidia", "a100", 4)]
    assert imported.drafts[0].rows == ("f0: line 1",)
    said = whys(imported)
    assert "its state is DOWN+DRAIN+NOT_RESPONDING" in said
    assert "words of the site" in said
    assert "they say who may use a node" in said


def test_free_text_is_no_field() -> None:
    """A system, a reason or a comment that holds something like a field changes nothing."""
    clear = TEXT.replace(" CPUTot=9", "").replace(" Gres=gpu:h100:8", "").replace("RealMemory=7", "odd")
    assert only(read(clear)) == only(read(TEXT))


def test_one_line_for_each_node() -> None:
    """`scontrol -o` prints the same in one line."""
    line = " ".join(TEXT.split()) + " \n"
    imported = read(line + line.replace("gpu001", "gpu002"))
    assert only(imported) == only(read(TEXT))
    assert imported.drafts[0].rows == ("f0: line 1", "f0: line 2")


def test_blocks_of_windows() -> None:
    """Line breaks of another system, and no empty lines between blocks, make no difference."""
    other = TEXT.replace("gpu001", "gpu002")
    imported = read((TEXT.rstrip("\n") + "\n" + other).replace("\n", "\r\n"))
    assert imported.drafts[0].count == 2
    assert only(imported) == only(read(TEXT))


def test_older_versions() -> None:
    """Before 22.05 no effective CPUs are printed, and a state has its flags within."""
    older = TEXT.replace("CPUEfctv=124 ", "").replace("cpu=124", "cpu=128").replace("DOWN*+DRAIN", "IDLE~")
    cpu = only(read(older)).cpu
    assert (cpu.schedulable_cpus, cpu.provenance.basis) == (124, "estimated")


def test_a_block_that_may_be_cut_is_left_out() -> None:
    """What a contradiction at its end would take away is not stated when that end is cut off."""
    contradiction = TEXT.replace("gres/gpu=4", "gres/gpu=8")
    assert not only(read(contradiction)).accelerators
    cut = read(contradiction[: contradiction.index("   CfgTRES")])
    assert not cut.drafts
    assert "may be cut" in whys(cut)
    inside = read(TEXT[: TEXT.index("   Reason")])
    assert not inside.drafts
    assert not read(TEXT[:-2]).drafts


def test_lines_of_a_configuration_are_no_nodes() -> None:
    """slurm.conf and `slurmd -C` have names, too; they do not say what a node that is there has."""
    imported = read("NodeName=n[1-4] CPUs=64 RealMemory=512000 State=UNKNOWN\nNodeName=x CPUTot=1\n\n")
    assert [one.where for one in imported.left_out] == ["f0: line 1", "f0: line 2"]
    assert "it has no CPUTot" in imported.left_out[0].why
    assert "it has no State" in imported.left_out[1].why


def test_text_outside_of_nodes_is_told() -> None:
    """What a terminal or scontrol prints beside nodes is a remark."""
    imported = read("$ scontrol show node\n" + TEXT + "Node x not found\n")
    assert imported.drafts[0].count == 1
    assert "'$ scontrol show node' is within no node" in whys(imported)
    assert "'Node x not found' is within no node" in whys(imported)


def test_a_number_that_is_none() -> None:
    """A field of odd content is a remark; nothing is taken for it."""
    imported = read(TEXT.replace("RealMemory=1031000", "RealMemory=lots"))
    assert not only(imported).HasField("memory")
    assert "it is 'lots', which is no number of a node" in whys(imported)
    assert "it names no node" in whys(read("NodeName= CPUTot=1 State=IDLE\n"))
    several = read(TEXT.replace("NodeName=gpu001", "NodeName=gpu[001-100000]"))
    assert not several.drafts
    assert "it names several nodes, 'gpu[001-100000]'" in whys(several)


def test_a_table_of_sinfo() -> None:
    """A table gives memory and GPUs; it has no architecture, and so no CPUs."""
    imported = read("NODELIST CPUS S:C:T MEMORY GRES STATE\nn1 64 2:16:2 500000 gpu:a100:4(S:0-1) down*\n")
    node = only(imported)
    assert not node.HasField("cpu")
    assert node.memory.capacity_bytes == 500000 * MIB
    assert node.memory.provenance.method == "`MEMORY` of sinfo"
    assert [one.count for one in node.accelerators] == [4]
    said = whys(imported)
    assert "64 CPUs; it states no architecture" in said
    assert "its state is DOWN+NOT_RESPONDING" in said


def test_a_table_completes_what_scontrol_says() -> None:
    """What a table has of a node is joined to what scontrol says of it."""
    scontrol = TEXT.replace("RealMemory=1031000 ", "")
    both = read(scontrol, "HOSTNAMES|MEMORY|THREADS\ngpu001|1031000|2\n")
    assert only(both).memory.capacity_bytes == 1031000 * MIB
    assert only(both).memory.provenance.method == "`MEMORY` of sinfo; `MemSpecLimit` of scontrol show node"


def test_lists_of_hosts_in_a_table() -> None:
    """A line of several nodes speaks of each of them; a node of several lines counts once."""
    text = "PARTITION|NODELIST|MEMORY\na*|n[001-004,7]|5000\nb|n[003-004]|5000\nb|x[1|5000\n"
    imported = read(text)
    assert [(one.name, one.count, one.rows) for one in imported.drafts] == [
        ("n001", 5, ("f0: line 2", "f0: line 3"))
    ]
    assert "'x[1' is no list of hosts; it may be cut" in imported.left_out[0].why


def test_the_least_of_several_nodes_is_no_figure() -> None:
    """Trap 6: `128000+` says what the smallest of some nodes has."""
    imported = read("NODELIST CPUS MEMORY GRES\nn[1-2] 64+ 128000+ gpu:a100:4\n")
    assert not only(imported).HasField("memory")
    assert "'128000+' is the least of several nodes" in whys(imported)


def test_a_column_that_cuts() -> None:
    """`sinfo -N -l` has six places for memory: 1031000 reads 103100 there, and no such cell is believed."""
    text = (
        "Mon Nov 23 12:00:00 2026\n"
        "NODELIST   NODES PARTITION       STATE CPUS    S:C:T MEMORY TMP_DISK WEIGHT REASON\n"
        "node1          1    batch*        idle 128    2:32:2 103100        0      1 none\n"
        "node2          1    batch*       down* 128    2:32:2  64000        0      1 Not responding\n"
    )
    imported = read(text)
    assert [(draft.name, draft.count) for draft in imported.drafts] == [("node2", 1)]
    assert only(imported).memory.capacity_bytes == 64000 * MIB
    assert "'103100' fills its column, so that it may be cut" in whys(imported)


def test_columns_of_twenty_characters() -> None:
    """`sinfo -O` gives each column twenty characters and cuts what is longer."""
    rows = [
        ("NODELIST", "MEMORY", "GRES"),
        ("node1", "512000", "gpu:nvidia_h100_nvl:"),
        ("node2", "512000", "gpu:h100:8"),
        ("node[001-004,010-01", "512000", "gpu:h100:8"),
        ("node[001-004,010-014", "512000", "gpu:h100:8"),
    ]
    imported = read("".join("".join(f"{cell:20}" for cell in row) + "\n" for row in rows))
    assert [(draft.name, draft.count) for draft in imported.drafts] == [("node1", 1), ("node2", 1)]
    assert "'gpu:nvidia_h100_nvl:' fills its column" in whys(imported)
    assert "may be cut" in imported.left_out[0].why


def test_a_table_without_widths_cuts_nothing() -> None:
    """Where nothing is padded, no column has a width, whatever cells are as long as their head."""
    imported = read("NODELIST CPUS MEMORY GRES\nnode0001 1024 103100 (null)\nnode0002 1024 103100 (null)\n")
    assert imported.drafts[0].count == 2
    assert only(imported).memory.capacity_bytes == 103100 * MIB


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("NODELIST MEMORY\nn1 5000 x\n", "it has 3 cells, and the first line has 2"),
        ("NODELIST MEMORY\nn1\n", "it has 1 cells, and the first line has 2"),
        ("NODELIST MEMORY\nn1 5000", "so that it may be cut"),
        ("NODELIST MEMORY\n", "it lists no node"),
        ("PARTITION AVAIL TIMELIMIT NODES STATE NODELIST\na up 1 1 idle n1\n", "no column has CPUs"),
        ("RESV_NAME STATE NODELIST\na b n1\n", "reservations"),
        ("n1 64 5000 gpu:a100:4\n", "whose first line names the columns"),
        ("NODELIST MEMORY\nn[1-99999] 5000\n", f"no list of at most {MOST_HOSTS} hosts"),
        ("NODELIST MEMORY\nn1 N/A\n", "nothing of it could be stated"),
        ("NODELIST MEMORY\nn1 1\n", "nothing of it could be stated"),
    ],
)
def test_lines_that_are_left_out(text: str, why: str) -> None:
    """Each line that gives nothing says why."""
    imported = read(text)
    assert not imported.drafts
    assert why in imported.left_out[0].why


def test_a_line_of_which_one_node_is_told_otherwise() -> None:
    """Nodes of one line part where another input says something else of one of them."""
    imported = read("NODELIST MEMORY\nn[1-3] 5000\n", "NODELIST MEMORY\nn2 6000\n")
    assert [(draft.name, draft.count) for draft in imported.drafts] == [("n1", 2)]
    assert [one.where for one in imported.left_out] == ["f1: line 2"]
    assert "node n2: nothing of it could be stated" in whys(imported)
    assert "5000 and 6000 (f1: line 2); neither is believed" in whys(imported)


def test_sinfo_in_json() -> None:
    """A line has the least and the most of its nodes: a figure where the two are one."""
    equal, range_ = {"minimum": 500000, "maximum": 500000}, {"minimum": 64, "maximum": 128}
    line = {
        "node": {"state": ["IDLE", "DRAIN"]},
        "nodes": {"total": 3, "hostnames": [], "nodes": ["n1", "n[2-3]"]},
        "cpus": {"minimum": 64, "maximum": 64, "total": 192},
        "memory": {**equal, "free": {"minimum": {"set": False}}},
        "disk": range_,
        "gres": {"total": "gpu:h100:8(S:0-1)", "used": ""},
        "reason": {"description": ""},
    }
    imported = read(json.dumps({"sinfo": [line, {**line, "nodes": {"nodes": ["m1"]}, "memory": range_}, {}]}))
    assert [(one.name, one.count) for one in imported.drafts] == [("n1", 3), ("m1", 1)]
    first, second = (one.body for one in imported.drafts)
    assert isinstance(first, ComputeResource)
    assert isinstance(second, ComputeResource)
    assert first.node.memory.capacity_bytes == 500000 * MIB
    assert first.node.memory.provenance.method == "`memory` of sinfo --json"
    assert first.node.accelerators[0].count == 8
    assert not second.node.HasField("memory")
    assert "it is from 64 to 128" in whys(imported)
    assert [one.why for one in imported.left_out] == ["it names no node"]


def test_lines_of_an_exporter() -> None:
    """Lines that prometheus-slurm-exporter has sinfo print are nodes; those of squeue are jobs."""
    text = '{"s": "idle", "mem": 770000, "n": "n[1-2]", "cstate": "0/128/0/128", "w": 1}\n'
    imported = read(
        text + '{"a": "x", "id": 7, "state": "RUNNING", "cpu": 1}\nodd\n{"n": "y[", "mem": 5, "cstate": ""}\n'
    )
    assert imported.drafts[0].count == 2
    assert only(imported).memory.capacity_bytes == 770000 * MIB
    assert len(imported.left_out) == 3
    assert only(read(text.replace("[1-2]", "1"))).memory.capacity_bytes == 770000 * MIB


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("n1", ["n1"]),
        ("n[1-3]", ["n1", "n2", "n3"]),
        ("n[001-002,7],login", ["n001", "n002", "n7", "login"]),
        ("r[1-2]n[08-10]", ["r1n08", "r1n09", "r1n10", "r2n08", "r2n09", "r2n10"]),
        ("n[5]-ib", ["n5-ib"]),
        (f"n[0-{MOST_HOSTS - 1}]", [f"n{number}" for number in range(MOST_HOSTS)]),
    ],
)
def test_lists_of_hosts(text: str, hosts: list[str]) -> None:
    """Ranges keep their leading zeros; several brackets are every pair."""
    assert expand_hosts(text) == hosts


@pytest.mark.parametrize(
    "text",
    [
        *("", "n[", "n]", "n[]", "n[1-", "n[3-1]", "n[a-b]", "n[1-2", "a b", "n[[1]]", "n1,,n2"),
        *("n[1-999999999]", f"n[0-{MOST_HOSTS}]", "[1-9]" * 300, "n[0-300][0-300]", "n[1-2],n[1-65535]"),
    ],
)
def test_what_is_no_list_of_hosts(text: str) -> None:
    """A list that is cut, or of more hosts than Slurm has, is refused with a reason."""
    assert isinstance(expand_hosts(text), str)


def test_lists_of_hosts_never_fail() -> None:
    """Whatever stands there, it is hosts or a reason."""
    choose = random.Random(5)
    for _ in range(3000):
        text = "".join(choose.choice("n19[]-,. |") for _ in range(choose.randrange(1, 16)))
        found = expand_hosts(text)
        assert isinstance(found, str) or all(found)


def test_damaged_texts_end_in_a_report() -> None:
    """Cut anywhere they give no figure that the whole does not; changed anywhere they stay sound."""
    table = "NODELIST CPUS MEMORY GRES\nn1 64 500000 gpu:a100:4\nn[2-3] 64 700000 gpu:1g.5gb:8\n"
    second = TEXT.replace("gpu001", "gpu009").replace("1031000", "2000000")
    line = " ".join(TEXT.replace("gpu001", "gpu010").split()) + "\n"
    sources = [
        Source("b.txt", (TEXT + second).encode()),
        Source("o.txt", (line + line.replace("gpu010", "gpu011")).encode()),
        Source("c.txt", table.encode()),
    ]
    mutations.check_damaged(IMPORTER, sources, check_sound, seed=9, pieces=200)


def test_more_nodes_than_one_import_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes beyond the most are told of, once for each line; those before them are described."""
    monkeypatch.setattr(slurm_records, "MOST_NODES", 5)
    imported = read("NODELIST MEMORY\nn[1-4] 5000\nn[3-9] 5000\nm1 5000\n")
    assert [(one.count, one.rows) for one in imported.drafts] == [(5, ("f0: line 2", "f0: line 3"))]
    assert [one.where for one in imported.left_out] == ["f0: line 4"]
    assert [one.where for one in imported.findings if one.what == "nodes"] == ["f0: line 3", "f0: line 4"]
