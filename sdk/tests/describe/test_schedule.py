"""What can be scheduled here: CPUs that are online, allowed and within a quota, and which source decided."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from crex.describe.cgroups import Limits, read_limits
from crex.describe.machine import Machine
from crex.describe.report import Kind, Report
from sdk.tests.describe import trees
from sdk.tests.describe.trees import CPU, Describe, why

V1_MOUNTS = (
    "27 1 8:2 / / rw - ext4 /dev/sda2 rw\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
)
V1_GROUPS = "4:memory:/job/7\n3:cpuset:/job/7\n1:cpu,cpuacct:/job/7\n"


def test_without_limits_everything_online_can_be_scheduled(describe: Describe) -> None:
    """The kernel's list of online CPUs decides where nothing narrows it."""
    schedule = describe(trees.smt_server()).schedule
    assert (schedule.count, len(schedule.cpus), schedule.limited) == (16, 16, False)
    assert schedule.source == f"{CPU}/online"


def test_affinity_narrows_what_can_be_scheduled(describe: Describe) -> None:
    """A process pinned to three CPUs counts three, says why, and still states the node's own cores."""
    machine = trees.smt_server().with_files({"/proc/self/status": "Cpus_allowed_list:\t0-1,8\n"})
    description = describe(machine)
    assert description.schedule.cpus == frozenset({0, 1, 8})
    assert description.schedule.source == "/proc/self/status"
    assert description.node.cpu.physical_cores == 8
    assert "affinity of this process allows 3 of 16" in why(description, "CPUs")


def test_the_tightest_quota_of_all_enclosing_groups_counts(describe: Describe) -> None:
    """A quota on an outer group binds the inner one, whatever the inner one says."""
    machine = trees.smt_server().with_files(
        {
            "/proc/self/cgroup": "0::/user.slice/inner\n",
            "/sys/fs/cgroup/user.slice/inner/cpu.max": "700000 100000\n",
            "/sys/fs/cgroup/user.slice/cpu.max": "350000 100000\n",
            "/sys/fs/cgroup/cpu.max": "900000 100000\n",
        }
    )
    schedule = describe(machine).schedule
    assert (schedule.count, schedule.cpu_time) == (3, Fraction(7, 2))
    assert schedule.source == "/sys/fs/cgroup/user.slice/cpu.max"


def test_a_quota_below_one_cpu_is_said(describe: Describe) -> None:
    """Half a CPU's time can be scheduled on one CPU; the report says that it is half."""
    machine = trees.smt_server().with_files({"/sys/fs/cgroup/user.slice/cpu.max": "50000 100000\n"})
    description = describe(machine)
    assert description.node.cpu.schedulable_cpus == 1
    assert "0.5 CPU seconds per second" in why(description, "CPUs")


def test_limits_of_version_1_are_read(describe: Describe) -> None:
    """The older control groups have a file per controller, in a hierarchy each."""
    machine = trees.smt_server().with_files(
        {
            "/proc/self/mountinfo": V1_MOUNTS,
            "/proc/self/cgroup": V1_GROUPS,
            "/sys/fs/cgroup/cpuset/job/7/cpuset.cpus": "0-7\n",
            "/sys/fs/cgroup/cpu,cpuacct/job/7/cpu.cfs_quota_us": "-1\n",
            "/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us": "400000\n",
            "/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us": "100000\n",
            "/sys/fs/cgroup/memory/job/7/memory.limit_in_bytes": "9223372036854771712\n",
            "/sys/fs/cgroup/memory/job/memory.limit_in_bytes": "17179869184\n",
        }
    )
    description = describe(machine)
    assert description.schedule.cpus == frozenset(range(8))
    assert description.schedule.count == 4
    assert description.node.memory.usable_bytes == 16 << 30


def test_no_limit_is_no_limit_in_both_versions(tmp_path: Path) -> None:
    """Version 1 writes a huge number where version 2 writes `max`; both are the absence of a limit."""
    for name, files in (
        ("v1", {"/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}),
        ("v2", {"/sys/fs/cgroup/memory.max": "max\n"}),
    ):
        mounts = V1_MOUNTS if name == "v1" else trees.smt_server().files["/proc/self/mountinfo"]
        root = trees.write({"/proc/self/mountinfo": mounts, **files}, tmp_path / name)
        assert read_limits(Machine(root), Report()) == Limits()


def test_a_group_seen_from_inside_a_container_is_found(describe: Describe) -> None:
    """A group whose path is that of the host is looked for below what is mounted."""
    machine = trees.smt_server().with_files(
        {
            "/proc/self/mountinfo": "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup c memory\n",
            "/proc/self/cgroup": "4:memory:/docker/abc\n",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "4294967296\n",
        }
    )
    assert describe(machine).node.memory.capacity_bytes == 4 << 30


@pytest.mark.parametrize(("root", "group"), [("/", "/../../other"), ("/docker/abc", "/elsewhere/abc")])
def test_a_group_outside_what_is_mounted_is_read_at_the_mount(
    root: str, group: str, describe: Describe
) -> None:
    """A path that leads out of the mounted hierarchy is never followed; the mounted group itself counts."""
    machine = trees.smt_server().with_files(
        {
            "/proc/self/cgroup": f"0::{group}\n",
            "/proc/self/mountinfo": f"31 23 0:28 {root} /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
            "/sys/fs/cgroup/memory.max": "1073741824\n",
            "/sys/other/memory.max": "4096\n",
            "/other/memory.max": "4096\n",
        }
    )
    assert describe(machine).node.memory.capacity_bytes == 1 << 30


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/sys/fs/cgroup/user.slice/cpu.max", "lots 100000"),
        ("/sys/fs/cgroup/user.slice/cpu.max", "٥٠٠٠٠ 100000"),
        ("/sys/fs/cgroup/user.slice/cpu.max", "100000 0"),
        ("/sys/fs/cgroup/user.slice/memory.max", "1e9"),
        ("/sys/fs/cgroup/user.slice/cpuset.cpus.effective", "0-99999999"),
    ],
)
def test_an_unreadable_limit_is_reported_and_ignored(path: str, text: str, describe: Describe) -> None:
    """A limit that is no limit is in the report with its text, and narrows nothing."""
    description = describe(trees.smt_server().with_files({path: text}))
    assert description.schedule.count == 16
    assert "which is no" in why(description, "control group")


def test_an_affinity_that_leaves_nothing_is_not_believed(describe: Describe) -> None:
    """CPUs that are allowed but not online contradict the running process, which must run somewhere."""
    machine = trees.small_vm().with_files({"/proc/self/status": "Cpus_allowed_list:\t64-65\n"})
    description = describe(machine)
    assert description.schedule.count == 2
    assert any(
        finding.kind is Kind.CONTRADICTION and finding.what == "CPUs" for finding in description.report
    )


def test_sources_that_disagree_on_what_is_online_are_reported(describe: Describe) -> None:
    """A sandbox that hides CPUs in one file only is counted by what both files have."""
    allowed = {"/proc/self/status": "Cpus_allowed_list:\t0-31\n"}
    machine = trees.smt_server().with_files({f"{CPU}/online": "0-31\n", **allowed})
    description = describe(machine)
    assert description.schedule.count == 16
    assert "0-31" in why(description, "CPUs that are online")


def test_lscpu_that_disagrees_is_reported_and_not_believed(describe: Describe) -> None:
    """The second opinion changes nothing but the report."""
    answer = '{"lscpu":[{"field":"On-line CPU(s) list:","data":"0-3"},{"field":"Socket(s):","data":"1"}]}'
    description = describe(trees.smt_server().with_answers({"lscpu -J": answer}))
    assert (description.node.cpu.sockets, description.schedule.count) == (2, 16)
    assert "it says 1" in why(description, "sockets")
    assert "it says 0-3" in why(description, "CPUs that are online")


def test_offline_cpus_are_not_counted(describe: Describe) -> None:
    """With every second thread offline, cores have one thread each and half the CPUs count."""
    machine = trees.smt_server()
    gone = {path: None for path in machine.files if any(f"/cpu{cpu}/" in path for cpu in range(8, 16))}
    single = {f"{CPU}/cpu{cpu}/topology/core_cpus_list": f"{cpu}\n" for cpu in range(8)}
    info = trees.x86_cpuinfo(8, "GenuineIntel", "Xeon", trees.V4_FLAGS)
    description = describe(
        machine.with_files({**gone, **single, f"{CPU}/online": "0-7\n", "/proc/cpuinfo": info})
    )
    cpu = description.node.cpu
    assert (cpu.schedulable_cpus, cpu.physical_cores, cpu.threads_per_core) == (8, 8, 1)


def test_without_sysfs_the_topology_comes_from_cpuinfo(describe: Describe) -> None:
    """/proc/cpuinfo alone is enough to count sockets and cores on x86."""
    lines = [
        f"processor: {cpu}\nflags: {trees.V2_FLAGS}\nphysical id: {cpu // 2}\ncore id: {cpu % 2}\n"
        for cpu in range(4)
    ]
    machine = trees.Recorded({"/proc/cpuinfo": "\n".join(lines)})
    description = describe(machine)
    cpu = description.node.cpu
    assert (cpu.isa, cpu.isa_level) == ("x86-64", "x86-64-v2")
    assert (cpu.sockets, cpu.physical_cores, cpu.threads_per_core) == (2, 4, 1)


@pytest.mark.parametrize(
    ("flags", "level"),
    [
        (trees.V1_FLAGS, "x86-64-v1"),
        (trees.V2_FLAGS, "x86-64-v2"),
        (trees.V3_FLAGS, "x86-64-v3"),
        (trees.V4_FLAGS, "x86-64-v4"),
        (trees.V4_FLAGS.replace(" abm ", " "), "x86-64-v2"),
        (trees.V4_FLAGS.replace(" cx8 ", " "), ""),
    ],
)
def test_a_level_needs_every_feature_of_all_levels_below(flags: str, level: str, describe: Describe) -> None:
    """One missing feature ends the ladder of levels there, whatever the processor has above."""
    info = trees.x86_cpuinfo(2, "AuthenticAMD", "AMD EPYC", flags)
    assert describe(trees.small_vm().with_files({"/proc/cpuinfo": info})).node.cpu.isa_level == level


def test_features_that_not_all_processors_have_are_left_out(describe: Describe) -> None:
    """Only what every processor reports is stated, and the list is then not closed."""
    info = trees.x86_cpuinfo(1, "GenuineIntel", "Xeon", trees.V4_FLAGS)
    info += trees.x86_cpuinfo(2, "GenuineIntel", "Xeon", trees.V3_FLAGS).split("\n\n")[1] + "\n\n"
    description = describe(trees.small_vm().with_files({"/proc/cpuinfo": info}))
    assert description.node.cpu.isa_level == "x86-64-v3"
    assert "cpu.enabledFeatures" not in description.closed_lists
    assert "processors differ" in why(description, "features")
