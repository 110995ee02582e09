"""Machines that lie, break off, or speak another language: always a description, never a crash."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from google.protobuf.json_format import MessageToJson
from hypothesis import given, settings
from hypothesis import strategies as st

from crex import v1
from crex.describe import host
from crex.describe.host import HostDescription
from crex.describe.machine import Machine, Output
from crex.describe.render import render
from crex.documents import reader, semantics
from sdk.tests.describe import trees
from sdk.tests.describe.trees import Link, Recorded

ODD_TEXTS = [
    "",
    "\n",
    "0",
    "-1",
    "18446744073709551616",
    "99999999999999999999999999999999",
    "٣",
    "1_000",
    "+5",
    "1e9",
    "0-4294967295",
    "5-1",
    ",,,",
    "N/A",
    "\x00\x00",
    "\u202e\u0000神\u200d威",
    "A" * 5000,
    "<a>" * 2000,
    "{" * 5000,
    "[" * 100_000,
    "processor\t: 0\n" * 300,
    "processor : x\nflags : \x1b[2J\n\n",
    "MemTotal: 99999999999999999999 kB\n",
    '{"lscpu":[{"field":5,"data":[]},null,{"field":"CPU(s):","data":null}]}',
    '{"lscpu":{"children":[[[[]]]]}}',
    "<nvidia_smi_log><gpu/><gpu id='x'><product_name>\u00a0</product_name></gpu></nvidia_smi_log>",
]  # fmt: skip


# The machines of trees.py, with fewer cores: what is hostile here does not depend on how many there are.
MACHINES: dict[str, Callable[[], Recorded]] = {
    **trees.MACHINES,
    "smt-server": lambda: trees.smt_server(1, 2),
    "gpu-server": lambda: trees.gpu_server(1, 2),
}


def is_sound(description: HostDescription) -> None:
    """Checks that a description can be published and shown, whatever it was made from."""
    value = reader.read(MessageToJson(description.node).encode(), v1.NodeClass)
    assert semantics.violations(value, v1.NodeClass) == []
    for software in description.software:
        reader.read(MessageToJson(software).encode(), v1.Software)
    assert all(finding.what and finding.why for finding in description.report)
    shown = render(description)
    assert "\x1b" not in shown


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of each machine in a folder of its own, to be altered and put right again."""
    root = tmp_path_factory.mktemp("machines")
    return {name: trees.write(make().files, root / name) for name, make in MACHINES.items()}


def describe_altered(
    root: Path, machine: Recorded, altered: Mapping[str, str | bytes], answers: Mapping[str, str]
) -> HostDescription:
    """Describes a machine with some files and answers replaced, and puts the files back."""
    answered = Recorded({}, {**machine.answers, **{line: Output(0, text) for line, text in answers.items()}})
    try:
        replace(root, altered)
        return host.describe(root, answered.runner())
    finally:
        replace(root, {path: machine.files[path] for path in altered})


def replace(root: Path, contents: Mapping[str, str | bytes | Link]) -> None:
    """Writes files that are there already."""
    for path, content in contents.items():
        assert not isinstance(content, Link)
        data = content if isinstance(content, bytes) else content.encode(errors="surrogatepass")
        place = root / path.lstrip("/")
        # Cutting a file to nothing and writing it makes ext4 wait for the disk; a new file does not.
        place.unlink()
        place.write_bytes(data)


def contents() -> st.SearchStrategy[str | bytes]:
    """Gives contents that no kernel writes, and some that it might."""
    return st.one_of(st.sampled_from(ODD_TEXTS), st.text(max_size=200), st.binary(max_size=200))


def beginnings(whole: bytes) -> st.SearchStrategy[bytes]:
    """Gives a content that breaks off somewhere."""
    return st.integers(0, len(whole)).map(lambda length: whole[:length])


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_altered_machines_are_described(data: st.DataObject, folders: dict[str, Path]) -> None:
    """Files that are replaced or cut short, and commands that answer nonsense, end in a description."""
    name = data.draw(st.sampled_from(sorted(MACHINES)))
    machine = MACHINES[name]()
    regular = sorted(path for path, content in machine.files.items() if not isinstance(content, Link))
    altered: dict[str, str | bytes] = {}
    for path in data.draw(st.lists(st.sampled_from(regular), min_size=1, max_size=6, unique=True)):
        old = machine.files[path]
        assert not isinstance(old, Link)
        whole = old if isinstance(old, bytes) else old.encode()
        altered[path] = data.draw(st.one_of(contents(), beginnings(whole)))
    commands = ["lscpu -J", "nvidia-smi -q -x", "nvidia-smi -L"]
    text = st.one_of(st.sampled_from(ODD_TEXTS), st.text(max_size=200))
    answers = data.draw(st.dictionaries(st.sampled_from(commands), text, max_size=2))
    is_sound(describe_altered(folders[name], machine, altered, answers))


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_altered_answers_of_nvidia_smi_are_read(data: st.DataObject, folders: dict[str, Path]) -> None:
    """XML that breaks off, or has any text in any place, ends in a description."""
    machine = MACHINES["gpu-server"]()
    xml = machine.answers["nvidia-smi -q -x"].text
    start = data.draw(st.integers(0, len(xml)))
    end = data.draw(st.integers(start, min(len(xml), start + 40)))
    answer = xml[:start] + data.draw(st.text(max_size=20)) + xml[end:]
    is_sound(describe_altered(folders["gpu-server"], machine, {}, {"nvidia-smi -q -x": answer}))


@pytest.mark.parametrize("name", ["small-vm", "gpu-server"])
@pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
def test_one_odd_text_everywhere_is_described(name: str, text: str, folders: dict[str, Path]) -> None:
    """A machine all of whose files and commands say the same nonsense is described as unknown."""
    machine = MACHINES[name]()
    everywhere = {path: text for path, content in machine.files.items() if not isinstance(content, Link)}
    is_sound(describe_altered(folders[name], machine, everywhere, dict.fromkeys(machine.answers, text)))


def test_a_machine_without_any_file_is_described_as_unknown(tmp_path: Path) -> None:
    """An empty folder gives an empty description, with reasons."""
    description = host.describe(tmp_path)
    assert not description.node.ListFields()
    assert {"node.cpu", "node.memory"} <= {finding.what for finding in description.report}


def test_a_pipe_in_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    """Reading would wait for ever; a thing that is no file is reported instead."""
    (tmp_path / "proc").mkdir()
    os.mkfifo(tmp_path / "proc/meminfo")
    description = host.describe(tmp_path)
    assert any(
        "is not a file" in finding.why for finding in description.report if finding.what == "node.memory"
    )


def test_links_are_not_followed_out_of_the_tree(tmp_path: Path) -> None:
    """A recorded tree with a link to the machine it is read on does not read that machine."""
    outside = tmp_path / "outside"
    outside.write_text("MemTotal: 1024 kB\n")
    (tmp_path / "tree/proc").mkdir(parents=True)
    (tmp_path / "tree/proc/meminfo").symlink_to(outside)
    machine = Machine(tmp_path / "tree")
    assert machine.text("/proc/meminfo") is None
    assert "leads out" in machine.read("/proc/meminfo").problem
    assert not machine.exists("/proc/meminfo")


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    """Two links that point at each other are no file."""
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").symlink_to("meminfo")
    (tmp_path / "proc/meminfo").symlink_to("cpuinfo")
    assert not host.describe(tmp_path).node.HasField("memory")


def test_a_recorded_tree_runs_no_command_of_this_machine(tmp_path: Path) -> None:
    """Without a runner of its own, another root has no commands, so that machines are never mixed."""
    assert Machine(tmp_path).run(("lscpu", "-J")).status == 127
