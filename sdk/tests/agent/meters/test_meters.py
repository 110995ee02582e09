"""Meters of a host: what counters grew by, through wraps, restarts and things that are not there."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crex.agent.loopback.metering import LeaseMeters
from crex.agent.meters.cpu import GroupCpu
from crex.agent.meters.memory import HeldMemory, group_level, process_level
from crex.agent.meters.network import Direction, Network
from crex.agent.meters.nvml import Nvml, load
from crex.agent.meters.rapl import Rapl, whole_packages
from crex.agent.meters.source import Count, Source, SourceMeter, UnreadableError
from crex.agent.meters.wall import ProcessWall
from crex.decimals import format_decimal
from crex.describe.machine import Machine
from crex.registry import load as load_registry
from sdk.tests.agent.meters.trees import Host

GROUP = "/sys/fs/cgroup/lease-1"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host without anything."""
    return Host(tmp_path)


class Told:
    """A source that counts what it is told."""

    dimension, unit, scale, method = "energy", "j", 1000, "told"

    def __init__(self) -> None:
        self.now: Sequence[Count] = ()

    def counts(self) -> Sequence[Count]:
        """Gives what was told."""
        return self.now


@settings(deadline=None)
@given(start=st.integers(0, 999), steps=st.lists(st.integers(0, 998), max_size=30), kept=st.booleans())
def test_a_counter_that_wraps_loses_nothing(start: int, steps: list[int], kept: bool) -> None:
    """Whatever it stands at, and whether its meter was kept and resumed: what it grew by is counted."""
    told, stands = Told(), start
    meter = SourceMeter(told)
    told.now = [Count(name="a", value=stands, wraps_at=999)]
    assert meter.read().value == 0
    for step in steps:
        # The step that wraps is one more than the range, as the kernel states it: 999 is followed by 0.
        stands += step
        if stands > 999:
            stands -= 999
        told.now = [Count(name="a", value=stands, wraps_at=999)]
        before = meter.total
        meter.read()
        if kept:
            meter = SourceMeter.resumed(told, json.loads(json.dumps(meter.to_json())))
        assert meter.total - before == step
    assert meter.read().value == Fraction(sum(steps), 1000)


@pytest.mark.parametrize(("from_zero", "grown"), [(True, 7), (False, 0)])
def test_a_counter_that_began_anew(from_zero: bool, grown: int) -> None:
    """USAGE-COUNTER-1: from its new beginning where that is zero, else from what it stands at now."""
    told = Told()
    meter = SourceMeter(told)
    for life, value in (("boot-1", 500), ("boot-2", 7)):
        told.now = [Count(name="a", value=value, life=life, wraps_at=1000, from_zero=from_zero)]
        meter.read()
    assert meter.total == grown
    told.now = [Count(name="a", value=9, life="boot-2", wraps_at=1000, from_zero=from_zero)]
    assert meter.read().value == Fraction(grown + 2, 1000)


def test_a_counter_that_comes_later_or_goes() -> None:
    """What nobody read before is nobody's; what is gone for a while has grown meanwhile."""
    told = Told()
    meter = SourceMeter(told)
    a, b = Count(name="a", value=10), Count(name="b", value=900)
    for now in ([a], [a, b], [Count(name="b", value=905)], [Count(name="a", value=13), b]):
        told.now = now
        meter.read()
    assert meter.total == 5 + 3 + 900, "b went back, so it began anew"


def test_processor_time_of_a_group(host: Host) -> None:
    """Version 2 states microseconds, version 1 nanoseconds; a group that is made again begins at zero."""
    host.write(f"{GROUP}/cpu.stat", "usage_usec 1500000\nuser_usec 1\nsystem_usec 2")
    meter = SourceMeter(GroupCpu(host.machine, GROUP))
    assert meter.read().value == 0
    host.write(f"{GROUP}/cpu.stat", "usage_usec 4000001\nuser_usec 1")
    assert meter.read().value == Fraction("2.500001")
    host.write(f"{GROUP}/cpu.stat", "usage_usec 5")
    reading = meter.read()
    assert (reading.value, reading.unit, reading.holding) == (Fraction("2.500006"), "s", False)
    host.remove(f"{GROUP}/cpu.stat")
    host.write(f"{GROUP}/cpuacct.usage", 6001)
    assert meter.read().value == Fraction("2.500007001")
    host.remove(f"{GROUP}/cpuacct.usage")
    with pytest.raises(UnreadableError, match="neither"):
        meter.read()


def test_time_since_a_process_began(host: Host) -> None:
    """By the host's own clock of uptime; a process of the same number that began later is another."""
    stat = "7 (a) b) S 1 " + " ".join(["0"] * 17) + " {began} 0"
    host.write("/proc/uptime", "100.25 3.00")
    host.write("/proc/7/stat", stat.format(began=5000))
    meter = SourceMeter(ProcessWall(host.machine, 7))
    meter.read()
    host.write("/proc/uptime", "103.50 3.00")
    assert meter.read().value == Fraction("3.25")
    host.write("/proc/7/stat", stat.format(began=10300))
    assert meter.read().value == Fraction("3.75")
    host.remove("/proc/7/stat")
    with pytest.raises(UnreadableError):
        meter.read()


def test_memory_is_level_times_time(host: Host) -> None:
    """Each level counts until the next look, exactly; what cannot be seen counts as nothing."""
    now = [0]
    host.write(f"{GROUP}/memory.current", 4096 * 1024)
    source = HeldMemory(group_level(host.machine, GROUP), "memory.current", lambda: now[0])
    meter = SourceMeter(source)
    assert meter.read().value == 0
    now[0] = 1500
    host.write(f"{GROUP}/memory.current", 1024)
    source.look()
    now[0] = 2500
    assert meter.read().value == 4096 * Fraction("1.5") + 1
    host.remove(f"{GROUP}/memory.current")
    now[0] = 3000
    with pytest.raises(UnreadableError):
        source.look()
    now[0] = 9000
    host.write(f"{GROUP}/memory.usage_in_bytes", 2048)
    assert meter.read().value == 4096 * Fraction("1.5") + Fraction("1.5")


def test_memory_of_processes(host: Host) -> None:
    """Proportional shares are added up; what ended or belongs to others holds nothing."""
    level = process_level(host.machine, lambda: [7, 8, 9, 10])
    with pytest.raises(UnreadableError, match="this kernel"):
        level()
    host.write("/proc/self/smaps_rollup", "Pss: 1 kB")
    host.write("/proc/7/smaps_rollup", "5500-7ff [rollup]\nRss:   9000 kB\nPss:   1200 kB\nPss_Anon: 7 kB")
    host.write("/proc/8/smaps_rollup", "Pss:   34 kB")
    host.write("/proc/9/smaps_rollup", "Pss: many kB")
    assert level() == 1234


def test_energy_of_packages(host: Host) -> None:
    """Packages and their memory are added up; psys, cores and the second way to a package are in them."""
    host.zone("intel-rapl:0", "package-0", 990)
    host.zone("intel-rapl:0:0", "core", 500)
    host.zone("intel-rapl:0:1", "dram", 100)
    host.zone("intel-rapl:1", "package-1", 10)
    host.zone("intel-rapl:2", "psys", 5000)
    host.zone("intel-rapl-mmio:0", "package-0", 990)
    whole, second = SourceMeter(Rapl(host.machine)), SourceMeter(Rapl(host.machine, frozenset({1})))
    assert whole.read().value == second.read().value == 0
    host.zone("intel-rapl:0", "package-0", 20)
    host.zone("intel-rapl:0:1", "dram", 101)
    host.zone("intel-rapl:1", "package-1", 12)
    reading = whole.read()
    assert (reading.value, reading.unit) == (Fraction(30 + 1 + 2, 10**6), "j")
    assert second.read().value == Fraction(2, 10**6)
    host.reboot()
    host.zone("intel-rapl:0", "package-0", 700)
    assert whole.read().value == Fraction(33, 10**6), "what it stood at when the host began is not said"


@pytest.mark.parametrize(
    ("cpus", "packages"),
    [
        ({0, 1}, {0}),
        ({2, 3}, {1}),
        ({0, 1, 2, 3}, {0, 1}),
        ({0}, set()),
        ({0, 1, 2}, set()),
        ({0, 1, 7}, set()),
        (set(), set()),
    ],
)
def test_packages_that_are_one_leases_own(host: Host, cpus: set[int], packages: set[int]) -> None:
    """Only where CPUs are all of a package, and none of another, is its energy theirs."""
    host.write("/sys/devices/system/cpu/online", "0-3")
    for cpu in range(4):
        host.write(f"/sys/devices/system/cpu/cpu{cpu}/topology/physical_package_id", cpu // 2)
    assert whole_packages(host.machine, frozenset(cpus)) == packages
    host.remove("/sys/devices/system/cpu/cpu3/topology/physical_package_id")
    assert whole_packages(host.machine, frozenset(cpus)) == set()


def test_meters_of_a_lease_with_a_package(host: Host) -> None:
    """It meters its energy beside its memory; where that cannot be read when it begins, memory alone."""
    host.write("/sys/devices/system/cpu/online", "0")
    host.write("/sys/devices/system/cpu/cpu0/topology/physical_package_id", 0)
    assert LeaseMeters([0], host.machine).to_json() == []
    host.write("/proc/self/smaps_rollup", "Pss: 1 kB")
    assert [one["meter"] for one in LeaseMeters([0], host.machine).to_json()] == ["memory-time"]
    host.zone("intel-rapl:0", "package-0", 5)
    meters = LeaseMeters([0], host.machine)
    host.zone("intel-rapl:0", "package-0", 9)
    memory, energy = meters.to_json()
    assert (memory["meter"], energy["meter"]) == ("memory-time", "energy")
    assert energy["value"] == str(Fraction(4, 10**6))
    assert [one["meter"] for one in LeaseMeters([1], host.machine).to_json()] == ["memory-time"]
    host.remove("/sys/class/powercap/intel-rapl:0/energy_uj")
    assert [one["meter"] for one in meters.to_json()] == ["memory-time"]


def test_energy_that_cannot_be_read(host: Host) -> None:
    """Without packages, and where one of them is the superuser's alone, there is no figure."""
    with pytest.raises(UnreadableError, match="no package"):
        SourceMeter(Rapl(host.machine)).read()
    host.zone("intel-rapl:0", "package-0", 1)
    host.zone("intel-rapl:1", "package-1", None)
    with pytest.raises(UnreadableError, match="superuser"):
        SourceMeter(Rapl(host.machine)).read()
    assert SourceMeter(Rapl(host.machine, frozenset({0}))).read().value == 0
    host.zone("intel-rapl:0", "package-0", 1, most=0)
    with pytest.raises(UnreadableError):
        SourceMeter(Rapl(host.machine, frozenset({0}))).read()


class DriverError(Exception):
    """What the driver says."""


class Driver:
    """A driver with the functions of NVML that are used."""

    NVMLError = DriverError

    def __init__(self, **millijoules: int | None) -> None:
        self.devices = dict(millijoules)
        self.absent = False

    def nvmlInit(self) -> None:  # noqa: N802 - the library's name
        """Begins."""
        if self.absent:
            raise DriverError("Driver Not Loaded")

    def nvmlShutdown(self) -> None:  # noqa: N802 - the library's name
        """Ends."""

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802 - the library's name
        """Counts the devices."""
        return len(self.devices)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> str:  # noqa: N802 - the library's name
        """Gives a device."""
        return list(self.devices)[index]

    def nvmlDeviceGetUUID(self, handle: str) -> str | bytes:  # noqa: N802 - the library's name
        """Names a device; older editions of the library do so in bytes."""
        return handle.encode() if handle == "b" else handle

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: str) -> int:  # noqa: N802 - the library's name
        """Reads a device."""
        found = self.devices[handle]
        if found is None:
            raise DriverError("Not Supported")
        return found


def test_energy_of_gpus() -> None:
    """Millijoules of each device, by its UUID; a driver that was loaded anew begins at zero."""
    driver = Driver(a=5000, b=1)
    meter = SourceMeter(Nvml(driver))
    meter.read()
    driver.devices = {"b": 4, "a": 6500}
    assert meter.read().value == Fraction("1.503")
    driver.devices = {"a": 250, "b": 4}
    assert meter.read().value == Fraction("1.753")
    one = SourceMeter(Nvml(driver, frozenset({"b"})))
    one.read()
    driver.devices = {"a": 1, "b": 9}
    assert one.read().value == Fraction("0.005")


def test_gpus_that_do_not_count() -> None:
    """No driver, no device, one that is too old, one that is gone: no figure, and why."""
    driver = Driver()
    for change, why in (
        ({"a": None}, "Volta"),
        ({}, "0 of the devices"),
        ({"b": 1}, "0 of the devices"),
    ):
        driver.devices = dict(change)
        with pytest.raises(UnreadableError, match=why):
            SourceMeter(Nvml(driver, frozenset({"a"}))).read()
    driver.absent = True
    with pytest.raises(UnreadableError, match="no driver"):
        SourceMeter(Nvml(driver)).read()


@pytest.mark.may_skip("an NVIDIA GPU")
def test_energy_of_the_gpus_of_this_host() -> None:
    """Where the library and a GPU are, the counter of the driver is read, and never goes back."""
    try:
        meter = SourceMeter(Nvml(load()))
        meter.read()
    except UnreadableError as error:
        pytest.skip(str(error))
    first = meter.read().value
    assert 0 <= first <= meter.read().value


def test_bytes_of_interfaces(host: Host) -> None:
    """Both ways, of the interfaces that are named; one that was made again counts from zero."""
    host.interfaces(lo=(9, 9), eth0=(1000, 50), docker0=(7, 7))
    meters = [
        SourceMeter(Network(host.machine, way, interfaces=["eth0"]))
        for way in (Direction.RECEIVED, Direction.SENT)
    ]
    for meter in meters:
        meter.read()
    host.interfaces(lo=(99, 99), eth0=(1500, 51), docker0=(77, 77))
    assert [meter.read().value for meter in meters] == [500, 1]
    host.interfaces(lo=(99, 99), eth0=(30, 2), docker0=(77, 77))
    assert [meter.read().value for meter in meters] == [530, 3]
    assert [meter.source.dimension for meter in meters] == ["network-received", "network-sent"]
    host.interfaces(lo=(99, 99))
    with pytest.raises(UnreadableError, match="no interface eth0"):
        meters[0].read()


def test_bytes_of_a_namespace(host: Host) -> None:
    """In the namespace of a process all interfaces count but the loopback; without one they are named."""
    host.interfaces("/proc/7/net/dev", lo=(9, 9), eth0=(10, 1), eth1=(20, 2))
    meter = SourceMeter(Network(host.machine, Direction.RECEIVED, pid=7))
    meter.read()
    host.interfaces("/proc/7/net/dev", lo=(90, 9), eth0=(11, 1), eth1=(22, 2))
    assert meter.read().value == 3
    with pytest.raises(ValueError, match="name the interfaces"):
        Network(host.machine, Direction.SENT)
    with pytest.raises(UnreadableError):
        Network(host.machine, Direction.SENT, pid=8).counts()


def test_a_number_of_a_process_is_not_metered_for_the_next(host: Host, tmp_path: Path) -> None:
    """Where the process has ended and another has its number, nobody is billed for what that one sends."""
    host.interfaces("/proc/7/net/dev", eth0=(10, 1))
    stat = tmp_path / "proc" / "7" / "stat"
    stat.write_text(f"7 (a) S {' '.join(['1'] * 18)} 500 0")
    meter = SourceMeter(Network(host.machine, Direction.RECEIVED, pid=7))
    meter.read()
    stat.write_text(f"7 (b) S {' '.join(['1'] * 18)} 900 0")
    host.interfaces("/proc/7/net/dev", eth0=(99999, 1))
    with pytest.raises(UnreadableError, match="process 7 has ended"):
        meter.read()


SOURCES: dict[str, Callable[[Host], Source]] = {
    "cpu": lambda host: GroupCpu(host.machine, GROUP),
    "wall": lambda host: ProcessWall(host.machine, 7),
    "memory": lambda host: HeldMemory(group_level(host.machine, GROUP), "told", lambda: 0),
    "rapl": lambda host: Rapl(host.machine),
    "nvml": lambda _: Nvml(Driver()),
    "network": lambda host: Network(host.machine, Direction.SENT, pid=7),
}
ODD = ["", "-1", "1e9", "٣", "9" * 40, "\x00", "usage_usec x", "a" * 5000, "usage_usec", ":" * 50, ") " * 40]


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_has_registered_tokens(name: str, host: Host) -> None:
    """A dimension and a unit of the registries, and a method that a record can state (REG-ENTRY-1)."""
    source = SOURCES[name](host)
    assert source.dimension in load_registry("dimensions")
    assert source.unit in load_registry("units")
    assert 0 < len(source.method) <= 256
    assert format_decimal(Fraction(1, source.scale))


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("name", sorted(set(SOURCES) - {"nvml"}))
def test_odd_files_give_no_figure(name: str, text: str, host: Host) -> None:
    """Whatever a file holds, a source that cannot be read says so."""
    for path in (
        f"{GROUP}/cpu.stat", f"{GROUP}/cpuacct.usage", f"{GROUP}/memory.current", "/proc/7/stat",
        "/proc/uptime", "/proc/7/net/dev", "/sys/class/powercap/intel-rapl:0/energy_uj",
    ):  # fmt: skip
        host.write(path, text)
    host.write("/sys/class/powercap/intel-rapl:0/name", "package-0")
    source = SOURCES[name](host)
    if name == "network":
        assert source.counts() == []
        return
    with pytest.raises(UnreadableError, match=" "):
        source.counts()


def test_this_host_is_read() -> None:
    """What this very machine shows of the process that runs the test is read and grows."""
    meter = SourceMeter(ProcessWall(Machine(), os.getpid(), os.sysconf("SC_CLK_TCK")))
    meter.read()
    assert meter.read().value >= 0
    assert process_level(Machine(), lambda: [os.getpid()])() > 1024
    received = Network(Machine(), Direction.RECEIVED, pid=os.getpid()).counts()
    assert all(count.value >= 0 for count in received)
