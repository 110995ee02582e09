"""The command `crex-conformance`.

This version carries requirements and vectors, and runs nothing against an implementation. It says so wherever
it could be misread: neither a text nor an exit code of it may be taken for an implementation's pass.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crex_conformance import __version__

if TYPE_CHECKING:
    from crex_conformance.commands import Answer

FAULTS, USAGE, PRECONDITION = 1, 2, 3
NOTHING_CHECKED = PRECONDITION
_EPILOG = (
    "Exit codes: 0 done, 1 'check' found faults, 2 wrong command line, 3 something that is needed is "
    "missing, or nothing was checked. This version runs nothing against an implementation."
)
_NOTHING = (
    f"crex-conformance {__version__}: nothing was checked, because this version ships no checks of an "
    "implementation. None may claim conformance on its word. 'crex-conformance list' lists what an "
    "implementation has to satisfy, 'crex-conformance vectors -o DIR' writes inputs and answers to test it "
    "with."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; gives its exit code, 0 only where what was asked for is done."""
    options = _parser().parse_args(arguments)
    if options.command in (None, "run"):
        _tell(options, _NOTHING)
        return NOTHING_CHECKED
    from crex_conformance.carried import CommandError

    try:
        answer = _answer(options)
    except CommandError as error:
        _tell(options, str(error))
        return error.code
    _print(answer, as_json=options.json)
    return answer.code


def _print(answer: Answer, *, as_json: bool) -> None:
    """Writes an answer to standard output; a reader that has seen enough of it (`| head`) is no error."""
    import json
    import os

    text = json.dumps(answer.value, ensure_ascii=False, indent=2) if as_json else answer.text
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _answer(options: argparse.Namespace) -> Answer:
    from crex_conformance import commands

    if options.command == "list":
        return commands.list_requirements(options.area)
    if options.command == "explain":
        return commands.explain(options.name)
    if options.command == "check":
        return commands.check_vectors(options.folder)
    if options.output is None:
        return commands.list_vectors(options.area)
    return commands.export_vectors(options.area, options.output)


def _tell(options: argparse.Namespace, message: str) -> None:
    """Says on standard error what is wrong."""
    if getattr(options, "json", False):
        import json

        message = json.dumps({"error": {"message": message}}, ensure_ascii=False, indent=2)
    print(message, file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="crex-conformance",
        description="The requirements of CREX, and vectors to test an implementation with, in any language.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"crex-conformance {__version__}")
    added = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, describe in _COMMANDS.items():
        command = added.add_parser(name, help=describe, description=describe, epilog=_EPILOG)
        if name == "run":
            command.add_argument("what", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
            continue
        command.add_argument("--json", action="store_true", help="answer as JSON")
        if name == "list":
            command.add_argument("--area", help="a page of the specification (rating), or its prefix (RATE)")
        elif name == "explain":
            command.add_argument("name", metavar="REQUIREMENT|VECTOR", help="such as RATE-ROUND-1")
        elif name == "vectors":
            command.add_argument("--area", help="such as billing; by default all")
            command.add_argument("-o", "--output", type=Path, metavar="DIR", help="write them as files there")
        else:
            command.add_argument("what", choices=["vectors"], help="what is checked")
            command.add_argument(
                "--folder", type=Path, metavar="DIR", help="vectors that were written with -o"
            )
    return parser


_COMMANDS = {
    "list": "List the requirements of the specification",
    "explain": "Say what a requirement demands, or what a vector tests and why",
    "vectors": "List the vectors, or write them as files for implementers",
    "check": "Check that vectors are well-formed; checks no implementation",
    "run": "Test an implementation: not in this version, so nothing is checked",
}


if __name__ == "__main__":
    raise SystemExit(main())
