"""Inputs as tools print them: packed, marked, cut, huge, deep; read, or told why not, and never raised."""

from __future__ import annotations

import gzip
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crex.describe import sources
from crex.describe.sources import (
    Source,
    open_sources,
    read_json,
    read_json_lines,
    read_table,
    read_yaml,
    run_commands,
)


def source(data: bytes) -> Source:
    """Gives an input."""
    return Source("input", data)


def test_numbers_stay_exact() -> None:
    """A fraction is a decimal, a whole number a whole number, however many digits it has."""
    assert read_json(source(b"[0.1, 1e3, 36028797018963969]")).value == [
        Decimal("0.1"),
        Decimal(1000),
        36028797018963969,
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"1e99999999999999999999", "beyond all bounds"),
        (b"1e-99999999999999999999", "beyond all bounds"),
        (b"1e1000", "beyond all bounds"),
        (b"1" * 500, "too many digits"),
        (b"0." + b"1" * 500, "too many digits"),
        (b"NaN", "NaN is no JSON number"),
        (b"-Infinity", "-Infinity is no JSON number"),
        (b"[" * 100_000, "too deeply"),
        (b"[" * 300 + b"]" * 300, "too deeply"),
        (b"", "it is not JSON"),
        (b'{"a": 1', "it is not JSON"),
        (b"No devices were found", "it is not JSON"),
        (b'[{"ram": 16384, "disk": 0, "ram": 1}]', "an object states 'ram' twice, and differently"),
    ],
)
def test_what_is_no_json_is_told(text: bytes, why: str) -> None:
    """Every refusal says why."""
    parsed = read_json(source(text))
    assert parsed.value is None
    assert why in parsed.problem


def test_what_yaml_merges_may_be_told_again() -> None:
    """A key that stands beside a merge is no second one: it is what the merge is changed by."""
    text = b"base: &base {cpu: 4, memory: 8Gi}\nnode:\n  <<: *base\n  memory: 16Gi"
    (parsed,) = read_yaml(source(text))
    assert parsed.value["node"] == {"cpu": 4, "memory": "16Gi"}


def test_a_member_that_is_told_twice_alike_is_one() -> None:
    """Some tools repeat a member; nothing is lost where both say the same."""
    assert read_json(source(b'{"a": [1], "a": [1]}')).value == {"a": [1]}


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbf[1]", "[1]".encode("utf-16"), b"\xff\xfe" + "[1]".encode("utf-16-le")]
)
def test_byte_order_marks_are_taken(data: bytes) -> None:
    """UTF-8 and UTF-16 with their marks are read alike."""
    assert read_json(source(data)).value == [1]


def test_lines_of_json_are_read_one_by_one() -> None:
    """A broken line does not take the others with it; empty lines count for the numbers."""
    lines = list(read_json_lines(source(b'{"a": 1}\n\n{"a"\r\n[2]')))
    assert [(number, parsed.value) for number, parsed in lines] == [(1, {"a": 1}), (3, None), (4, [2])]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"a: [1", "it is not YAML"),
        (b"a: !!python/object/apply:os.system [ls]", "it is not YAML"),
        (b"a: &a [1]\nb: [" + b"*a, " * 1001 + b"]", "aliases"),
        (b"a: 2026-99-99", "it is not YAML"),
        (b"memory: 16Gi\ncpu: 4\nmemory: 1Gi", "a mapping has the key 'memory' twice"),
    ],
)
def test_yaml_makes_no_objects(text: bytes, why: str) -> None:
    """Tags that would make objects, and aliases without end, are refused."""
    assert why in [parsed.problem for parsed in read_yaml(source(text))][-1]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (b"a,b\n1,2\n", [(1, ["a", "b"]), (2, ["1", "2"])]),
        (b"\xef\xbb\xbfa;b\r\n1;2,5\r\n", [(1, ["a", "b"]), (2, ["1", "2,5"])]),
        (b"a\tb\n\n1\t 2 \n", [(1, ["a", "b"]), (3, ["1", "2"])]),
        (b'a,b\n"x\ny",2\nz,3\n', [(1, ["a", "b"]), (2, ["x\ny", "2"]), (4, ["z", "3"])]),
        (b"a,b\n1\0,2", [(1, ["a", "b"]), (2, ["1", "2"])]),
        (b"", []),
    ],
)
def test_tables_are_read_by_their_own_separator(text: bytes, rows: list[tuple[int, list[str]]]) -> None:
    """Commas, semicolons and tabs; marks, line ends and quotes; the line where each row begins."""
    assert list(read_table(source(text))) == rows


def test_packed_files_are_unpacked(tmp_path: Path) -> None:
    """A packed file is read; one that ends early, or is damaged, says so."""
    packed = gzip.compress(b"hello" * 1000)
    for name, data in (("whole", packed), ("cut", packed[:-9]), ("broken", packed[:10] + b"?" * 20)):
        (tmp_path / name).write_bytes(data)
    whole, cut, broken = open_sources([tmp_path / name for name in ("whole", "cut", "broken")])
    assert (whole.data, whole.problem) == (b"hello" * 1000, "")
    assert "ends too early" in cut.problem
    assert "damaged" in broken.problem


def test_packed_files_in_a_row_are_one(tmp_path: Path) -> None:
    """What `cat a.gz b.gz` makes is read to its end; padding is nothing, rubbish is damage."""
    first, second = gzip.compress(b"a\n"), gzip.compress(b"b\n")
    for name, tail in (
        ("both", second),
        ("cut", second[:-9]),
        ("padded", b"\0" * 512),
        ("worse", b"rubbish"),
    ):
        (tmp_path / name).write_bytes(first + tail)
    both, cut, padded, worse = open_sources([tmp_path / name for name in ("both", "cut", "padded", "worse")])
    assert (both.data, both.problem) == (b"a\nb\n", "")
    assert "ends too early" in cut.problem
    assert (padded.data, padded.problem) == (b"a\n", "")
    assert (worse.data, "damaged" in worse.problem) == (b"", True)


def test_a_packed_file_that_never_ends_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpacking stops at the bound, whatever the file claims to hold."""
    monkeypatch.setattr(sources, "MAX_BYTES", 1000)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b"0" * 1_000_000))
    (one,) = open_sources([tmp_path / "bomb.gz"])
    assert one.data == b""
    assert "larger than 1000 bytes" in one.problem


def test_a_folder_is_read_in_order(tmp_path: Path) -> None:
    """All files below a folder are taken, with their places in it; what is none is told."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b/2").write_text("2", "utf-8")
    (tmp_path / "a").write_text("1", "utf-8")
    found = open_sources([tmp_path, tmp_path / "missing"])
    assert [(one.name, one.folder) for one in found] == [("a", "a"), ("b/2", "b/2"), ("missing", "")]
    assert "is no file" in found[2].problem


def test_what_is_no_file_in_a_folder_is_told(tmp_path: Path) -> None:
    """Pipes, links to nowhere and links to folders are inputs with a problem; no pipe is waited for."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "lost").symlink_to(tmp_path / "nowhere")
    (tmp_path / "round").symlink_to(tmp_path)
    found = open_sources([tmp_path])
    assert [one.name for one in found] == ["lost", "pipe", "round"]
    assert all("is no file" in one.problem for one in found)


def test_commands_never_raise() -> None:
    """A command's answer is an input; one that is not there, or fails, is one with a problem."""
    good, missing, failing = run_commands([("echo", "1"), ("no-such-command",), ("ls", "/no/such/folder")])
    assert (good.name, good.data, good.problem) == ("echo 1", b"1\n", "")
    assert "there is no command no-such-command" in missing.problem
    assert "ls ended with" in failing.problem


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing below a folder is passed over in silence, not even the folder."""
    inner = tmp_path / "list" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / "list" / "a.csv").write_text("1")
    (inner / "b.csv").write_text("2")
    scan = os.scandir

    def denied(path: str) -> Any:
        if Path(path) == inner:
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    # Root may read every folder, so the system's refusal is played.
    monkeypatch.setattr("os.scandir", denied)
    found = open_sources([tmp_path / "list"])
    assert [(one.name, one.data, one.problem) for one in found] == [
        ("a.csv", b"1", ""),
        ("inner", b"", f"{inner}: Permission denied"),
    ]
