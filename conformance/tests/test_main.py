"""The command `crex-conformance`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crex_conformance import __version__, carried
from crex_conformance.main import main


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    """What the command answers as JSON."""
    assert main([*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("arguments", [[], ["run"], ["run", "broker", "--target", "localhost:1"]], ids=repr)
def test_a_run_that_checks_nothing_is_no_pass(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Without any check the command says so and exits with its own code, never with 0."""
    assert main(arguments) == 3
    assert "nothing was checked" in capsys.readouterr().err


def test_the_version_is_that_of_the_package() -> None:
    """`--version` names the command and the version that is installed."""
    command = [sys.executable, "-m", "crex_conformance.main", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"crex-conformance {__version__}\n"


def test_help_loads_no_messages() -> None:
    """`--help` is quick because it imports neither messages nor vectors."""
    script = (
        "import sys\nfrom crex_conformance.main import main\n"
        "try:\n    main(['list', '--help'])\nexcept SystemExit: pass\n"
        "assert not {'google.protobuf', 'crex', 'crex_conformance.carried'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)


def test_a_reader_may_stop_reading() -> None:
    """`crex-conformance vectors | head -1` ends without a word and without an error."""
    command = [sys.executable, "-m", "crex_conformance.main", "vectors"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert (running.stderr.read(), running.wait()) == (b"", 0)


def test_a_wrong_command_line_is_refused() -> None:
    """An unknown argument is a usage error."""
    with pytest.raises(SystemExit, match="2"):
        main(["--everything"])


def test_every_requirement_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """`list` has the requirements of the specification with the number of their vectors."""
    listed = answer(capsys, "list")["requirements"]
    assert [entry["identifier"] for entry in listed] == list(carried.requirements())
    assert sum(entry["vectors"] for entry in listed) == sum(len(it.requirements) for it in carried.vectors())


@pytest.mark.parametrize("area", ["rating", "RATE", "rate"])
def test_an_area_is_a_page_or_a_prefix(area: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--area` takes the name of a page, or the first part of its identifiers."""
    names = [entry["identifier"] for entry in answer(capsys, "list", "--area", area)["requirements"]]
    assert names
    assert all(name.startswith("RATE-") for name in names)


def test_a_requirement_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """`explain` says what a requirement demands, where it is stated and what tests it."""
    assert main(["explain", "demand-count-1"]) == 0
    text = capsys.readouterr().out
    assert "A matcher MUST refuse a demand whose count is below 1." in text
    assert "proto/spec/requirements-language.md" in text
    assert "demand-of-nothing (rejected SCHEMA)" in text


def test_a_vector_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """`explain` says what a vector tests, what it is one change away from, and why."""
    assert main(["explain", "demand-of-nothing"]) == 0
    text = capsys.readouterr().out
    assert "DEMAND-COUNT-1: A matcher MUST" in text
    assert "terms-admit" in text
    assert answer(capsys, "explain", "demand-of-nothing")["input"]["demand"]["count"] == "0"


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["explain", "RAT-ROUND-1"], "Did you mean RATE-ROUND-1"),
        (["explain", "???"], "'crex-conformance list'"),
        (["list", "--area", "weather"], "Pages: "),
        (["vectors", "--area", "weather"], "Areas of vectors: "),
    ],
    ids=repr,
)
def test_an_unknown_name_is_a_usage_error(
    arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unknown name is refused with what there is instead, as text or as JSON."""
    assert main(arguments) == 2
    assert hint in capsys.readouterr().err
    assert main([*arguments, "--json"]) == 2
    assert hint in json.loads(capsys.readouterr().err)["error"]["message"]


def test_vectors_are_written_for_implementers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`vectors -o` writes every vector byte for byte, with an index, the format and the requirements."""
    folder = tmp_path / "new" / "vectors"
    assert main(["vectors", "-o", str(folder)]) == 0
    index = json.loads((folder / "index.json").read_bytes())["vectors"]
    assert [entry["id"] for entry in index] == [vector.id for vector in carried.vectors()]
    for entry, vector in zip(index, carried.vectors(), strict=True):
        assert (folder / entry["file"]).read_bytes() == vector.content
    assert (folder / "README.md").is_file()
    assert (folder / "requirements.json").is_file()
    assert main(["check", "vectors", "--folder", str(folder)]) == 0
    assert main(["vectors", "-o", str(folder)]) == 3
    assert "is not empty" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_a_missing_precondition(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file where the folder should be is refused without a traceback."""
    (tmp_path / "file").touch()
    assert main(["vectors", "-o", str(tmp_path / "file" / "folder")]) == 3
    assert "could not be written" in capsys.readouterr().err


def test_vectors_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """`vectors` without a folder lists them, of one area or of all."""
    listed = answer(capsys, "vectors", "--area", "trust")["vectors"]
    assert {entry["area"] for entry in listed} == {"trust"}
    assert len(answer(capsys, "vectors")["vectors"]) == len(carried.vectors())


def test_the_check_says_that_no_implementation_was_checked(capsys: pytest.CaptureFixture[str]) -> None:
    """`check vectors` judges the vectors that the package carries, and says that it judged nothing else."""
    assert main(["check", "vectors"]) == 0
    assert "no implementation" in capsys.readouterr().out
    assert answer(capsys, "check", "vectors")["implementations_checked"] == 0


def test_an_altered_copy_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A copied vector that someone edited is named, and the check fails."""
    main(["vectors", "--area", "trust", "-o", str(tmp_path / "copy")])
    capsys.readouterr()
    path = tmp_path / "copy" / "trust" / "expired.json"
    path.write_bytes(path.read_bytes() + b" ")
    found = answer(capsys, "check", "vectors", "--folder", str(tmp_path / "copy"), code=1)
    assert (found["faults"], found["altered"]) == ([], ["trust/expired.json"])


def test_a_vector_that_cannot_be_read_is_a_missing_precondition(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder where a file should be is refused without a traceback."""
    (tmp_path / "area" / "a.json").mkdir(parents=True)
    assert main(["check", "vectors", "--folder", str(tmp_path)]) == 3
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(("content", "said"), [(None, "no vectors"), (b"{", "not JSON"), (b"[]", "object")])
def test_a_folder_without_vectors_is_a_missing_precondition(
    content: bytes | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder without vectors, or with broken files, is told apart from faults in vectors."""
    if content is not None:
        (tmp_path / "area").mkdir()
        (tmp_path / "area" / "a.json").write_bytes(content)
    assert main(["check", "vectors", "--folder", str(tmp_path)]) == 3
    assert said in capsys.readouterr().err
