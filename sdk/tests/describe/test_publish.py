"""The documents that sell a host's cores, and the refusals where the policy promises what is not there."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from google.protobuf.json_format import MessageToJson

from crex import v1
from crex.describe import policy, publish
from crex.describe.host import HostDescription
from crex.describe.publish import SaleDocuments
from crex.documents import reader, semantics
from crex.errors import CrexError, InvalidName
from sdk.tests.describe import trees
from sdk.tests.describe.trees import Describe

NOW = datetime(2026, 11, 23, 12, 0, 0, 250_999, tzinfo=UTC)
SITE = "crex://p.example.cn/site/zhongwei-1"


def sell(description: HostDescription, **answers: str) -> SaleDocuments:
    """Makes the documents of a host under a complete policy."""
    known = {
        "site": "zhongwei-1",
        "country": "CN",
        "allocation": "dedicated-thread",
        "resource": "node-7",
        **answers,
    }
    profile = policy.from_answers(known)
    return publish.documents_for_sale(description, profile, authority="p.example.cn", issued_at=NOW)


@pytest.mark.parametrize("name", sorted(trees.MACHINES))
def test_the_documents_of_every_machine_are_valid(name: str, describe: Describe) -> None:
    """Site, node, unit and pool pass the strict reader and the rules, each named below its site."""
    documents = sell(describe(trees.MACHINES[name]()))
    for document, kind in zip(documents, (v1.Site, *[v1.ComputeResource] * 3), strict=True):
        value = reader.read(MessageToJson(document).encode(), kind)
        assert semantics.violations(value, kind) == []
        assert value["header"]["id"].startswith(SITE)
        assert value["header"]["issuedAt"] == "2026-11-23T12:00:00.250Z"
        assert value["header"]["issuer"] == "p.example.cn"


def test_the_documents_name_each_other(describe: Describe) -> None:
    """The pool's unit is the slice, the slice is of the node, and all stand at the site."""
    documents = sell(describe(trees.small_vm()))
    assert documents.pool.pool.unit == documents.unit.header.id
    assert documents.unit.partition.of_resource == documents.node.header.id
    assert {one.site_id for one in (documents.node, documents.unit, documents.pool)} == {
        documents.site.header.id
    }
    assert documents.node.header.id == f"{SITE}/node-class/node-7"


def test_a_unit_is_one_cpu_with_the_policys_allocation(describe: Describe) -> None:
    """The unit states one schedulable CPU and how it is allocated; the node, which is not sold, does not."""
    documents = sell(describe(trees.small_vm()))
    cpu = documents.unit.partition.contents.cpu
    assert (cpu.schedulable_cpus, cpu.allocation) == (1, "dedicated-thread")
    assert "policy of the provider" in cpu.provenance.method
    assert not documents.node.node.cpu.HasField("allocation")
    assert documents.pool.pool.total_units == len(documents.unit_cpus) == 2
    assert not documents.unit.partition.contents.HasField("memory")


def test_a_dedicated_core_is_all_its_threads(describe: Describe) -> None:
    """On a machine with two threads per core, a dedicated core is sold with both."""
    documents = sell(describe(trees.smt_server()), allocation="dedicated-core")
    cpu = documents.unit.partition.contents.cpu
    assert (cpu.schedulable_cpus, cpu.physical_cores, cpu.threads_per_core) == (2, 1, 2)
    assert documents.pool.pool.total_units == 8
    assert documents.unit_cpus[0] == frozenset({0, 8})
    assert frozenset().union(*documents.unit_cpus) == frozenset(range(16))


def test_a_core_with_a_thread_that_is_not_ours_is_not_sold(describe: Describe) -> None:
    """Only cores whose every thread can be used here can be dedicated."""
    machine = trees.smt_server().with_files({"/proc/self/status": "Cpus_allowed_list:\t0-8\n"})
    assert sell(describe(machine), allocation="dedicated-core").unit_cpus == (frozenset({0, 8}),)


def test_reserved_cpus_are_kept_back(describe: Describe) -> None:
    """CPUs that the host keeps for itself are in no unit; half a core kept back is a whole one."""
    threads = sell(describe(trees.smt_server()), reservedCpus="3")
    assert (threads.pool.pool.total_units, min(map(min, threads.unit_cpus))) == (13, 3)
    assert (
        sell(
            describe(trees.smt_server()), allocation="dedicated-core", reservedCpus="3"
        ).pool.pool.total_units
        == 6
    )


def test_a_quota_limits_what_is_sold(describe: Describe) -> None:
    """Four CPUs with the time of two and a half are two units."""
    assert sell(describe(trees.limited_container())).pool.pool.total_units == 2


def test_memory_is_promised_where_the_policy_says_so(describe: Describe) -> None:
    """A unit states memory only by policy, with that as its source."""
    documents = sell(describe(trees.small_vm()), memoryPerUnit="4GiB")
    memory = documents.unit.partition.contents.memory
    assert (memory.capacity_bytes, memory.usable_bytes) == (4 << 30, 4 << 30)
    assert memory.provenance.method == "policy of the provider"


def test_a_unit_has_no_accelerator_and_says_so(describe: Describe) -> None:
    """Cores of a GPU server are sold without its GPUs, and that is known, not open."""
    documents = sell(describe(trees.gpu_server()))
    assert documents.node.node.accelerators
    assert not documents.unit.partition.contents.accelerators
    assert "partition.contents.accelerators" in documents.unit.closed_lists


@pytest.mark.parametrize(
    ("machine", "answers", "path"),
    [
        (trees.small_vm(), {"memoryPerUnit": "20GiB"}, "$.memoryPerUnit"),
        (trees.small_vm(), {"reservedCpus": "2"}, "$.reservedCpus"),
        (trees.hybrid_desktop(), {"allocation": "dedicated-core"}, "$.allocation"),
        (
            trees.smt_server().with_files({"/sys/fs/cgroup/user.slice/cpu.max": "50000 100000"}),
            {},
            "$.reservedCpus",
        ),
        (trees.Recorded({}), {}, "$.cpu"),
        (
            trees.Recorded({"/proc/cpuinfo": "processor: 0\nflags: lm\n"}),
            {"allocation": "dedicated-core"},
            "$.allocation",
        ),
        (trees.small_vm().with_files({"/proc/meminfo": None}), {"memoryPerUnit": "1GiB"}, "$.memoryPerUnit"),
    ],
)
def test_a_policy_that_promises_too_much_is_refused(
    machine: trees.Recorded, answers: dict[str, str], path: str, describe: Describe
) -> None:
    """What the host has not cannot be published; the error says what and what to do."""
    with pytest.raises(CrexError) as caught:
        sell(describe(machine), **answers)
    assert caught.value.reason == "TERMS"
    assert caught.value.violations[0].path == path
    assert caught.value.violations[0].fix


def test_an_authority_that_is_none_is_refused(describe: Describe) -> None:
    """Documents are only made under a DNS name."""
    profile = policy.Profile("s", "CN", "shared", "r")
    with pytest.raises(InvalidName):
        publish.documents_for_sale(describe(trees.small_vm()), profile, authority="localhost", issued_at=NOW)
