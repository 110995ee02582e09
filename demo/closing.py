"""What the demo says at its end: where to read on, and how to verify a document oneself."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from demo.result import Result


def closing_words(result: Result, out: Path) -> str:
    """Gives the last lines of a demo that came to its end."""
    return "\n".join(
        [
            "",
            f"Everything verified in {result.seconds:.1f} s.",
            f"  Read the report:      {out / 'report.html'}",
            f"  Open the documents:   {out / 'documents'}",
            f"  Verify them yourself: {verify_command(result, out)}",
        ]
    )


def verify_command(result: Result, out: Path) -> str:
    """Gives a command that verifies the invoice by the trust documents that were kept."""
    program = Path(sys.executable).with_name("crex")
    command = [_short(program)] if program.exists() else [sys.executable, "-m", "crex.cli.main"]
    command.append("verify")
    invoices = [document for document in result.documents if document.kind == "invoice"]
    for document in invoices:
        command += ["--trust", str(out / "trust" / f"{document.issuer}.json")]
        command.append(str(out / "documents" / document.path))
    return shlex.join(command)


def _short(path: Path) -> str:
    """Gives a path from here, where it lies below."""
    short = os.path.relpath(path)
    return str(path) if short.startswith("..") else short
