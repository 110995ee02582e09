"""This machine, whatever it is: the description against what the operating system tells Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from google.protobuf.json_format import MessageToJson

from crex import v1
from crex.describe import host
from crex.describe.host import HostDescription
from crex.describe.machine import run_command
from crex.describe.values import cpu_list
from crex.documents import reader
from sdk.tests.describe.test_hostile import is_sound

needs_linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
pytestmark = [needs_linux, pytest.mark.may_skip("Linux")]


@pytest.fixture(scope="module")
def here() -> HostDescription:
    """This machine, described."""
    return host.describe()


def test_this_machine_is_described(here: HostDescription) -> None:
    """The description of this machine can be published and shown."""
    is_sound(here)
    assert here.node.HasField("cpu")
    assert here.node.HasField("memory")


def test_cpus_are_those_that_this_process_may_use(here: HostDescription) -> None:
    """What can be scheduled is never more than the affinity allows, and exactly that without a quota."""
    allowed = os.sched_getaffinity(0)
    assert here.schedule.cpus <= allowed
    if here.schedule.cpu_time is None:
        assert here.schedule.count == len(here.schedule.cpus)
    assert len(here.schedule.online) <= os.sysconf("SC_NPROCESSORS_CONF")
    assert len(here.schedule.online) == os.sysconf("SC_NPROCESSORS_ONLN")


def test_memory_is_what_the_kernel_has(here: HostDescription) -> None:
    """Usable memory is the physical pages that the kernel manages, or less under a limit."""
    assert 0 < here.node.memory.usable_bytes <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(shutil.which("lscpu") is None, reason="there is no lscpu")
def test_lscpu_agrees(here: HostDescription) -> None:
    """Lscpu lists the same online CPUs and the same topology as the files."""
    rows = json.loads(subprocess.run(["lscpu", "-J"], check=True, capture_output=True).stdout)["lscpu"]
    flat: dict[str, str] = {}
    while rows:
        row = rows.pop()
        flat[row["field"].rstrip(":")] = row.get("data") or ""
        rows.extend(row.get("children", ()))
    assert cpu_list(flat["On-line CPU(s) list"]) == here.schedule.online
    threads = here.schedule.topology.threads_per_core
    if threads is not None:
        assert int(flat["Thread(s) per core"]) == threads
    assert not any("lscpu" in finding.where for finding in here.report)


def test_no_disk_is_larger_than_its_device(here: HostDescription) -> None:
    """Every disk that is described has the size of some block device of this machine."""
    sizes = {int(path.read_text()) * 512 for path in Path("/sys/block").glob("*/size")}
    assert {tier.capacity_bytes for tier in here.node.storage} <= sizes


def test_describing_twice_gives_the_same(here: HostDescription) -> None:
    """Nothing in a description changes from one moment to the next."""
    assert host.describe().node == here.node


def test_the_description_is_small_enough_for_a_document(here: HostDescription) -> None:
    """A described host passes the strict reader far below the greatest length of a document."""
    body = MessageToJson(here.node, indent=None).encode()
    assert len(body) < 64 * 1024
    assert reader.read(body, v1.NodeClass)


def test_a_command_that_fails_says_why() -> None:
    """A command that does not exist, or ends with an error, gives its status and one line of reason."""
    assert run_command(("crex-no-such-command",)).status == 127
    failed = run_command(("sh", "-c", "echo no such device >&2; exit 3"))
    assert (failed.status, failed.problem) == (3, "sh ended with 3: no such device")
