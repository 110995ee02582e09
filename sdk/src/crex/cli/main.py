"""`crex`: describes, publishes, buys, uses, verifies and pays for computing power.

Exit codes: 0 done; 1 refused or not valid; 2 wrong usage; 3 nobody could be reached; 4 a defect of this
program. Errors go to standard error, answers to standard output or to the file of `-o`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final

from crex.cli import (
    agent_commands,
    attest_commands,
    broker_commands,
    completion,
    describe_commands,
    dispute_commands,
    document_commands,
    export_commands,
    identity_commands,
    invoice_commands,
    key_commands,
    lease_commands,
    log_commands,
    market_commands,
    note_commands,
    order_commands,
    policy_commands,
    price_commands,
    rate_commands,
    registry_commands,
    resolve_commands,
    search_commands,
    statement_commands,
    status_commands,
    trust_commands,
    usage_commands,
)
from crex.cli.options import common, shield_keys
from crex.cli.result import DEFECT, OK, REFUSED, UNREACHABLE, Result
from crex.cli.terminal import harmless

_PARTS: Final = (
    identity_commands,
    trust_commands,
    key_commands,
    describe_commands,
    document_commands,
    attest_commands,
    status_commands,
    export_commands,
    resolve_commands,
    registry_commands,
    market_commands,
    price_commands,
    policy_commands,
    search_commands,
    order_commands,
    lease_commands,
    usage_commands,
    rate_commands,
    invoice_commands,
    note_commands,
    dispute_commands,
    statement_commands,
    log_commands,
    broker_commands,
    agent_commands,
    completion,
)
_INTERRUPTED: Final = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; gives the exit code."""
    parser = build_parser()
    options = parser.parse_args(shield_keys(sys.argv[1:] if arguments is None else list(arguments)))
    _speak_utf8()
    try:
        result: Result = options.run(options)
        _answer(result, options)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read the answer has had enough. Python would complain once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as error:  # the last resort: a person gets a sentence, never a traceback
        return _explain(error, options)
    return result.code


def build_parser() -> argparse.ArgumentParser:
    """Builds the whole command line."""
    parser = argparse.ArgumentParser(
        prog="crex",
        description="Describe, publish, buy, use, verify and pay for computing power.",
        epilog="Exit codes: 0 done, 1 refused or not valid, 2 wrong usage, 3 not reachable, 4 a defect.",
        parents=[common(default=None)],
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for part in _PARTS:
        part.add(commands)
    return parser


class _Version(argparse.Action):
    """Prints the version and ends."""

    def __call__(self, *_: object, **__: object) -> None:
        from crex import __version__

        print(f"crex {__version__}")
        raise SystemExit(0)


def _speak_utf8() -> None:
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")


def _answer(result: Result, options: argparse.Namespace) -> None:
    if options.json:
        import json

        text = json.dumps(result.value, indent=2, ensure_ascii=False)
    else:
        text = result.text
    if options.output is not None:
        from crex.cli.files import write_file

        write_file(options.output, f"{text}\n".encode(errors="replace"))
    elif text:
        try:
            print(harmless(text), flush=True)
        except BrokenPipeError:
            raise
        except OSError as error:
            error.filename = error.filename or "standard output"
            raise


def _explain(error: Exception, options: argparse.Namespace) -> int:
    from crex.errors import CrexError, RemoteError

    if isinstance(error, CrexError):
        _complain(error, options)
        unreachable = isinstance(error, RemoteError) and error.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED")
        repeat = getattr(options, "repeat", [])
        if unreachable and repeat and not options.json:
            print(f"crex: To repeat the very same request, add {' '.join(repeat)}", file=sys.stderr)
        return UNREACHABLE if unreachable else REFUSED
    if isinstance(error, OSError):
        _complain(
            CrexError(
                "STORAGE_UNAVAILABLE",
                f"A file cannot be read or written ({error.strerror or error}).",
                source=str(error.filename) if error.filename else None,
            ),
            options,
        )
        return REFUSED
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    where = f" at {last.tb_frame.f_code.co_filename}:{last.tb_lineno}" if last is not None else ""
    text = (
        f"This is a defect of crex, not of what you asked: {type(error).__name__}: {error}{where}. "
        "Please report it with the command and `crex --version`."
    )
    _complain(CrexError("INTERNAL", text), options)
    return DEFECT


def _complain(error: object, options: argparse.Namespace) -> None:
    from crex.errors import CrexError, RemoteError

    if not options.json or not isinstance(error, CrexError):
        print(f"crex: {harmless(str(error))}", file=sys.stderr)
        return
    import json

    value: dict[str, object] = {
        "reason": error.reason,
        "message": error.message,
        "source": error.source,
        "violations": [
            {
                "path": one.path,
                "message": one.message,
                "requirement": one.requirement,
                "fix": one.fix,
                "line": one.line,
                "column": one.column,
            }
            for one in error.violations
        ],
        "details": dict(error.details),
    }
    if isinstance(error, RemoteError):
        value |= {"code": error.code, "retryAfterMs": error.retry_after_ms}
        value |= {"repeatWith": getattr(options, "repeat", [])}
    print(harmless(json.dumps({"error": value}, indent=2, ensure_ascii=False)), file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
