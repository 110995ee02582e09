"""Memory domains and links between GPUs: what the kernel and nvidia-smi state, and what they leave open."""

from __future__ import annotations

import pytest

from crex.describe import render
from crex.describe.machine import Output
from sdk.tests.describe import trees
from sdk.tests.describe.trees import Describe, why

NODES = "/sys/devices/system/node"
HALF = 263783380 // 2 * 1024


def test_equal_domains_are_told_once(describe: Describe) -> None:
    """Two sockets are two domains, each with its CPUs and half of the memory (DESC-NUMA-1)."""
    (domain,) = describe(trees.smt_server()).node.numa
    assert (domain.count, domain.schedulable_cpus, domain.memory_bytes) == (2, 8, HALF)
    assert domain.provenance.basis == "nominal"


def test_memory_without_cpus_is_a_domain(describe: Describe) -> None:
    """A domain that holds memory and no CPU is told with 0 CPUs."""
    server = trees.smt_server().with_files(
        {
            f"{NODES}/node0/meminfo": f"Node 0 MemTotal: {263783380 // 2 - 1000} kB\n",
            f"{NODES}/node2/meminfo": "Node 2 MemTotal: 1000 kB\n",
            f"{NODES}/node2/cpulist": "\n",
        }
    )
    domains = describe(server).node.numa
    assert [(one.count, one.schedulable_cpus, one.memory_bytes) for one in domains] == [
        (1, 8, HALF - 1000 * 1024),
        (1, 8, HALF),
        (1, 0, 1000 * 1024),
    ]


def test_domains_that_do_not_add_up_state_no_memory(describe: Describe) -> None:
    """Where the domains hold less than can be used, CPUs are stated and memory is not."""
    server = trees.smt_server().with_files({f"{NODES}/node1/meminfo": "Node 1 MemTotal: 5 kB\n"})
    description = describe(server)
    assert [one.HasField("memory_bytes") for one in description.node.numa] == [False]
    assert "bytes together" in why(description, "node.numa: memory")


@pytest.mark.parametrize("text", [None, "", "Node 1 MemTotal: many kB\n", "Node 1 MemTotal: -5 kB\n"])
def test_a_domain_that_does_not_say_how_much_it_has(text: str | None, describe: Describe) -> None:
    """One domain without a figure leaves the memory of all out."""
    description = describe(trees.smt_server().with_files({f"{NODES}/node1/meminfo": text}))
    assert not any(one.HasField("memory_bytes") for one in description.node.numa)
    assert "not every domain" in why(description, "node.numa: memory")


def test_cpus_in_no_domain_are_a_contradiction(describe: Describe) -> None:
    """Where a CPU is in no domain, none is stated."""
    description = describe(trees.smt_server().with_files({f"{NODES}/node1/cpulist": "nonsense\n"}))
    assert not description.node.numa
    assert "8 of the CPUs are in no domain" in why(description, "node.numa")


def test_a_container_has_no_domains(describe: Describe) -> None:
    """What a container sees are the domains of its host."""
    container = trees.limited_container().with_files(
        {f"{NODES}/node0/meminfo": "Node 0 MemTotal: 5 kB\n", f"{NODES}/node0/cpulist": "0\n"}
    )
    description = describe(container)
    assert not description.node.numa
    assert "domains of its host" in why(description, "node.numa")


def status(*rates: str) -> str:
    """Writes what `nvidia-smi nvlink -s` prints for three GPUs of these links each."""
    links = "".join(f"\t Link {number}: {rate}\n" for number, rate in enumerate(rates))
    return "".join(f"GPU {gpu}: NVIDIA H100 80GB HBM3 (UUID: GPU-{gpu})\n{links}" for gpu in range(3))


def matrix(between: str, last: str | None = None) -> str:
    """Writes what `nvidia-smi topo -m` prints for three GPUs and a network card."""
    last = last or between
    return (
        "\t\x1b[4mGPU0\tGPU1\tGPU2\tNIC0\tCPU Affinity\tNUMA Affinity\x1b[0m\n"
        f"GPU0\t X \t{between}\t{last}\tPXB\t0-7\t0\nGPU1\t{between}\t X \t{between}\tSYS\t0-7\t0\n"
        f"GPU2\t{last}\t{between}\t X \tSYS\t8-15\t1\nNIC0\tPXB\tSYS\tSYS\t X \n\nLegend:\n\n  X    = Self\n"
    )


def linked(text: str, topology: str | Output) -> trees.Recorded:
    """Gives the server with GPUs whose links are as printed."""
    return trees.gpu_server().with_answers({"nvidia-smi nvlink -s": text, "nvidia-smi topo -m": topology})


def test_linked_gpus_are_a_fabric(describe: Describe) -> None:
    """Links of one direction add up for one GPU, in bits; all joined to all is said where all are."""
    (fabric,) = describe(linked(status("26.562 GB/s", "26.562 GB/s"), matrix("NV2"))).node.fabrics
    assert (fabric.technology, fabric.scope, fabric.topology) == ("nvlink", "node", "all-to-all")
    assert fabric.endpoint_bits_per_s == 2 * 26_562_000_000 * 8
    assert fabric.domain_size == 3


def test_domains_and_links_are_shown(describe: Describe) -> None:
    """People read both in the table."""
    shown = render.render(describe(linked(status("25 GB/s"), matrix("NV1"))))
    assert "2 × 8 CPUs, 125.8 GiB" in shown
    assert "nvlink, 200 Gbit/s each direction" in " ".join(shown.split())


def test_links_that_are_off_are_none(describe: Describe) -> None:
    """A GPU whose links are inactive has no fabric; nor has a machine that knows no such command."""
    assert not describe(linked(status("<inactive>"), matrix("NODE"))).node.fabrics
    assert not describe(trees.gpu_server()).node.fabrics


@pytest.mark.parametrize(
    "topology", [matrix("NV2", "SYS"), matrix("NV2", "NV1"), matrix("PIX"), "", Output(1, "", "it failed")]
)
def test_what_is_not_joined_to_all_has_no_topology(topology: str | Output, describe: Describe) -> None:
    """Where the matrix does not join each to every other alike, only the rate is stated."""
    description = describe(linked(status("25 GB/s"), topology))
    (fabric,) = description.node.fabrics
    assert fabric.endpoint_bits_per_s == 25 * 8 * 10**9
    assert not fabric.HasField("topology")
    assert not fabric.HasField("domain_size")
    assert "joined to every other" in why(description, "topology of NVLink")


def test_gpus_of_different_rates_state_none(describe: Describe) -> None:
    """One fabric has one rate of an endpoint, or none."""
    text = status("25 GB/s").replace("25", "50", 1)
    description = describe(linked(text, matrix("NV1")))
    assert not description.node.fabrics[0].HasField("endpoint_bits_per_s")
    assert "differs between the GPUs" in why(description, "rate of NVLink")
