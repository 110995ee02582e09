"""One sale, end to end: this machine's cores are described, sold, used, metered, billed and recomputed.

Exit codes: 0 everything verified; 1 something failed; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from crex.errors import CrexError
from demo.closing import closing_words
from demo.folder import make_folder
from demo.gather import Gathered, result_of
from demo.play import play
from demo.processes import end_as_by_ctrl_c
from demo.report import render
from demo.result import Result
from demo.story import DemoFailed, Story, standard_output

_VERIFIED: Final = 0
_FAILED: Final = 1
_USAGE: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the demo; gives the exit code."""
    about, _, codes = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(prog="python -m demo", description=about, epilog=codes)
    parser.add_argument(
        "--out", type=Path, help="new folder for documents and report (default: build/demo/<time>)"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON instead of the story")
    options = parser.parse_args(arguments)
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its own complaints would stand beside ours
    began = datetime.now(UTC).replace(microsecond=0)
    try:
        out = make_folder(options.out, began)
    except DemoFailed as error:
        print(f"python -m demo: {error}", file=sys.stderr)
        return _USAGE
    return _run(out, began, as_json=options.json)


def _run(out: Path, began: datetime, *, as_json: bool) -> int:
    story, gathered = Story(None if as_json else standard_output()), Gathered()
    end_as_by_ctrl_c()
    error = _attempt(story, gathered, out)
    result = result_of(
        story,
        gathered,
        began=began.isoformat().replace("+00:00", "Z"),
        folder=str(out / "documents"),
        error=error,
    )
    unwritten = _write(out / "report.html", result)
    error = error or unwritten
    if as_json:
        print(json.dumps(asdict(result), ensure_ascii=False), flush=True)
    elif not error:
        story.tell(closing_words(result, out))
    if error:
        sys.stdout.flush()
        print(f"\nThe demo failed. {error}\n  What was seen until then: {out}", file=sys.stderr)
        return _FAILED
    return _VERIFIED


def _attempt(story: Story, gathered: Gathered, out: Path) -> str:
    """Plays the sale; gives why it failed, nothing where it did not."""
    try:
        play(story, gathered, out)
    except (DemoFailed, CrexError) as error:
        return str(error)
    except KeyboardInterrupt:
        return "It was interrupted; everything that it had started was ended."
    except OSError as error:
        return f"This machine did not let it go on: {error}."
    except Exception as error:  # the last resort: a person gets a sentence, never a traceback
        (out / "failure.log").write_text(traceback.format_exc(), "utf-8")
        return (
            f"This is a defect of the demo: {type(error).__name__}: {error}. Where it happened stands in "
            f"{out / 'failure.log'}; please report it."
        )
    return ""


def _write(report: Path, result: Result) -> str:
    try:
        report.write_text(render(result), "utf-8")
    except OSError as error:
        return f"The report cannot be written: {error}."
    return ""
