"""The command line itself: help, exit codes, completion, and what happens when things break."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from crex.cli.main import build_parser, main
from sdk.tests.cli.conftest import Shell


def test_help_imports_nothing_heavy() -> None:
    """`crex --help` loads none of gRPC, Protobuf, cryptography or the schema engines."""
    program = (
        "import sys, contextlib, io\n"
        "from crex.cli.main import main\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        "    main(['--help'])\n"
        "heavy = {'grpc', 'google.protobuf', 'cryptography', 'jsonschema', 'jsonschema_rs', 'nacl'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_every_command_has_help(crex: Shell) -> None:
    """Each command explains itself, and has the options that every command has."""
    for path in commands():
        assert crex(*path, "--help") == 0
        assert "--json" in crex.out or "COMMAND" in crex.out, path


def commands() -> list[list[str]]:
    """Every command, group and sub-command."""
    import argparse

    found: list[list[str]] = []

    def walk(path: list[str], parser: argparse.ArgumentParser) -> None:
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for name, child in action.choices.items():
                    found.append([*path, name])
                    walk([*path, name], child)

    walk([], build_parser())
    return found


def test_the_core_commands_are_there() -> None:
    """What the guides tell people to type exists."""
    names = {" ".join(path) for path in commands()}
    assert names >= {
        "init", "trust pin", "describe host", "validate", "sign", "verify", "inspect", "publish", "allot",
        "search", "hold", "order commit", "lease show", "lease terminate", "access run", "usage verify",
        "invoice show", "invoice verify", "invoice accept", "invoice export", "offers pause", "server",
        "agent run", "enrol", "completion",
    }  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [[], ["dance"], ["order"], ["hold", "x"], ["search"], ["--json"], ["search", "x", "--max", "1001"]],
)
def test_wrong_usage_is_code_two(crex: Shell, arguments: list[str]) -> None:
    """What is no command ends with 2 and says how it is used."""
    assert crex(*arguments) == 2
    assert "usage: crex" in crex.err


def test_errors_are_json_on_request(crex: Shell) -> None:
    """With `--json` an error is an object with reason, message and places, on standard error."""
    assert crex("--json", "trust", "show") == 1
    assert crex.out == ""
    error = json.loads(crex.err)["error"]
    assert error["reason"] == "IDENTITY"
    assert error["source"] == str(crex.home)


def test_options_stand_before_or_after_the_command(crex: Shell, tmp_path: Path) -> None:
    """The options of every command may be written on either side of it."""
    crex("init", "p.example.cn")
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    assert crex("--json", "-o", str(before), "trust", "show") == 0
    assert crex("trust", "show", "--json", "-o", str(after)) == 0
    assert before.read_text("utf-8") == after.read_text("utf-8")


def test_a_defect_is_told_without_a_traceback(crex: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw ends with 4, one sentence and the place to report."""

    def broken(_options: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("crex.cli.trust_commands._show", broken)
    assert crex("trust", "show") == 4
    assert "defect" in crex.err
    assert "ZeroDivisionError" in crex.err


def test_a_folder_that_cannot_be_written_is_named(crex: Shell) -> None:
    """A file that cannot be written is told by its name, with code 1."""
    crex("init", "p.example.cn")
    assert crex("-o", "/proc/nothing/here.json", "trust", "export") == 1
    assert "/proc/nothing/here.json" in crex.err


def test_a_reader_that_leaves_is_no_error() -> None:
    """Whoever reads only the first lines of an answer causes no complaint."""
    command = f"{sys.executable} -m crex.cli.main completion bash | head -1"
    said = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("# Completion of crex")
    assert said.stderr == ""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["crex", "inv"], {"invoice"}),
        (["crex", "invoice", "ver"], {"verify"}),
        (["crex", "order", "commit", "--spe"], {"--spend-limit"}),
        (["crex", "--json", "usage", ""], {"list", "verify", "prove", "check-proof", "import"}),
    ],
)
def test_bash_completes_commands_and_options(words: list[str], expected: set[str]) -> None:
    """The completion script offers what the command line understands at that place."""
    array = " ".join(f"'{word}'" for word in words)
    script = (
        f'source <("{sys.executable}" -m crex.cli.main completion bash)\n'
        f"COMP_WORDS=({array}); COMP_CWORD={len(words) - 1}; _crex; printf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
    )
    said = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert expected <= set(said.stdout.split())


def test_describe_host_describes_a_folder_of_files(crex: Shell, tmp_path: Path) -> None:
    """`crex describe host --root` reads a machine from files, and says what it does not know."""
    told = crex.json("describe", "host", "--root", str(tmp_path))
    assert crex.code == 0
    assert told["report"]


def test_a_script_may_call_main_more_than_once(crex: Shell) -> None:
    """The command line keeps nothing between two calls."""
    assert main(["--home", str(crex.home), "init", "p.example.cn"]) == 0
    assert main(["--home", str(crex.home), "trust", "show"]) == 0
