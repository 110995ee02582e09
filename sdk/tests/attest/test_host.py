"""What a measurement reads of the host, and the conditions that it states."""

from pathlib import Path

import pytest

from crex.attest import memory
from crex.attest.host import conditions_before, read_host
from sdk.tests.attest.hosts import TREE, recorded


def test_a_recorded_host_is_read(tmp_path: Path) -> None:
    """Memory is what is available, and a cache that CPUs share counts once."""
    host = recorded(tmp_path)
    assert host.memory_available_bytes == 32768000 << 10
    assert host.last_level_cache_bytes == 16 << 20
    assert not host.accelerators


def test_conditions_of_a_recorded_host(tmp_path: Path) -> None:
    """Load, governor, clocks, memory, virtualisation and temperature are stated as the kernel says them."""
    found = dict(conditions_before(recorded(tmp_path)))
    assert found["load-before"] == "0.12 0.34 0.56"
    assert found["governor"] == "performance, powersave"
    assert found["boost"] == "on"
    assert found["memory"] == f"{65536000 << 10} bytes"
    assert found["virtualization"].startswith("virtual-machine")
    assert found["temperature-before"] == "55.9 °C"
    assert found["cpus"].startswith("2 of ")


def test_a_host_that_says_nothing(tmp_path: Path) -> None:
    """What cannot be read is left out, and nothing is made up for it."""
    host = recorded(tmp_path, {})
    assert host.last_level_cache_bytes is None
    assert host.memory_available_bytes > 0
    assert {"load-before", "governor", "boost", "temperature-before"}.isdisjoint(
        dict(conditions_before(host))
    )


@pytest.mark.parametrize("text", ["0", "1"])
def test_turbo_of_intel(tmp_path: Path, text: str) -> None:
    """Intel's driver says whether turbo is off, the other way round."""
    name = "sys/devices/system/cpu/intel_pstate/no_turbo"
    found = dict(conditions_before(recorded(tmp_path, {name: text})))
    assert found["boost"] == {"0": "on", "1": "off"}[text]


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/var/tmp", "ext4"),
        ("/mem", "tmpfs"),
        ("/memory", "ext4"),
        ("/mem/disk two/x", "xfs"),
        ("/mem/x", "tmpfs"),
    ],
)
def test_file_systems(tmp_path: Path, place: str, kind: str) -> None:
    """A path lies on the innermost mount that holds it."""
    assert recorded(tmp_path).file_system(Path(place)) == kind


def test_limits_of_the_control_group_bound_the_memory(tmp_path: Path) -> None:
    """A container measures with no more memory than it is granted, and states both limits."""
    tree = {
        **TREE,
        "proc/self/mountinfo": "21 1 0:4 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/memory.max": "1073741824\n",
        "sys/fs/cgroup/cpu.max": "150000 100000\n",
    }
    host = recorded(tmp_path, tree)
    assert host.memory_available_bytes == 1 << 30
    found = dict(conditions_before(host))
    assert found["memory-limit"] == "1073741824 bytes"
    assert found["cpu-limit"] == "1.50 CPU seconds in a second"


def test_arrays_are_larger_than_the_caches(tmp_path: Path) -> None:
    """An array is four times the caches, 128 MiB at least, and never takes the memory that others need."""
    assert memory.array_size(recorded(tmp_path)) == 128 << 20
    large = {**TREE, "sys/devices/system/cpu/cpu0/cache/index3/size": "512M\n"}
    large["sys/devices/system/cpu/cpu1/cache/index3/size"] = "512M\n"
    assert memory.array_size(recorded(tmp_path, large)) == 2 << 30
    poor = {**TREE, "proc/meminfo": "MemAvailable: 60000 kB\n"}
    assert memory.array_size(recorded(tmp_path, poor)) == (60000 << 10) // 6


def test_this_host_is_read() -> None:
    """This machine has a CPU for this process, and memory."""
    host = read_host()
    assert host.cpus
    assert host.memory_available_bytes > 1 << 20
