"""`crex log`: is it in the log, has the log only grown, and who saw it."""

from __future__ import annotations

import argparse
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crex.cli.log_source import add_source, keeping, open_log, told
from crex.cli.options import Commands, command, duration, group
from crex.cli.result import OK, Result

if TYPE_CHECKING:
    from crex.cli.log_source import LogAt
    from crex.transparency.views import View

_EVERY: Final = timedelta(seconds=10)


def add(commands: Commands) -> None:
    """Adds the commands."""
    log = group(commands, "log", "the log of a broker: verify, audit, watch and witness it")
    checkpoint = command(log, "checkpoint", _checkpoint, "read and remember the latest checkpoint of a log")
    _witnessed(checkpoint)
    add_source(checkpoint)

    verify = command(log, "verify", _verify, "verify that documents stand in the log, step by step")
    verify.add_argument("files", nargs="*", type=Path, metavar="FILE", help="a signed document, or a receipt")
    verify.add_argument("--order", metavar="ORDER", help="all steps of this order, too")
    verify.add_argument("--proof", type=Path, metavar="FILE", help="its proof: nobody is asked then")
    verify.add_argument(
        "--receipt",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="receipt of a document, instead of asking the broker for it; may be repeated",
    )
    verify.add_argument("--save", type=Path, metavar="DIR", help="keep receipts and proofs there")
    _quorum(verify)
    add_source(verify)

    audit = command(log, "audit", _audit, "rebuild a log from its leaves and hold it to what is known of it")
    _collected(audit, "--documents", "documents, receipts, period closes and checkpoints (.note) in hand")
    _collected(audit, "--receipts", "the same, where receipts are kept apart")
    _collected(audit, "--published", "documents that the broker shows to everyone: each must be logged")
    audit.add_argument(
        "--records", action="store_true", help="ask for the records that you are shown as a supervisor"
    )
    audit.add_argument("--purpose", metavar="TEXT", help="why the records are to be shown unsealed")
    audit.add_argument("--evidence", type=Path, metavar="DIR", help="keep what proves the findings there")
    _witnessed(audit)
    add_source(audit)

    compare = command(log, "compare", _compare, "tell whether two readers were shown the same log")
    compare.add_argument("places", nargs=2, metavar="PLACE", help="a checkpoint's file, or where tiles are")
    add_source(compare)

    monitor = command(log, "monitor", _monitor, "follow a log and tell what concerns you")
    _collected(monitor, "--documents", "documents that are to appear, and receipts that are to be kept")
    monitor.add_argument(
        "--authority",
        action="append",
        default=[],
        dest="watched",
        metavar="NAME",
        help="tell of records of this party, as a supervisor; may be repeated",
    )
    _repeated(monitor)
    add_source(monitor)

    witness = command(log, "witness", _witness, "co-sign the checkpoints of a log that only grows")
    witness.add_argument("--new", action="store_true", help="begin: this witness has signed nothing yet")
    _repeated(witness)
    add_source(witness)


def _collected(parser: argparse.ArgumentParser, flag: str, about: str) -> None:
    parser.add_argument(
        flag, action="append", default=[], type=Path, metavar="PATH", help=f"{about}: a folder or file"
    )


def _witnessed(parser: argparse.ArgumentParser) -> None:
    _quorum(parser)
    parser.add_argument(
        "--fresh", type=duration, metavar="TIME", help="how long ago they may have signed last, such as 1h"
    )


def _quorum(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--quorum", type=_number, default=0, metavar="N", help="how many witnesses must have signed (0)"
    )


def _repeated(parser: argparse.ArgumentParser) -> None:
    often = parser.add_mutually_exclusive_group()
    often.add_argument("--once", action="store_true", help="look once, and end")
    often.add_argument(
        "--every", type=duration, default=_EVERY, metavar="TIME", help="look again and again (10s)"
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= 16):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 to 16")
    return int(text)


def _checkpoint(options: argparse.Namespace) -> Result:
    at = open_log(options)
    before, view = followed(at)
    times = witnessed(options, at, view)
    value = told(view) | {"witnesses": times, "before": str(before.size) if before is not None else None}
    if options.output is not None and not options.json:
        return Result(value, str(view.note).rstrip("\n"))
    return Result(value, "\n".join([*_grown(at, before, view), *seen_by(times)]))


def followed(at: LogAt) -> tuple[View | None, View]:
    """Reads the latest checkpoint, held to what is remembered, and remembers it.

    Raises:
        TrustError: CHECKPOINT, with the finding.
    """
    from crex.transparency.views import read_view

    client = at.client()
    with keeping(at):
        if client is None:
            return None, read_view(at.source, at.keys, origin=at.origin)
        return client.advance(at.source)


def witnessed(options: argparse.Namespace, at: LogAt, view: View) -> dict[str, str]:
    """Holds a checkpoint to its witnesses; gives who co-signed, and when.

    Raises:
        TrustError: CHECKPOINT or QUORUM.
    """
    from crex.cli.party import now
    from crex.documents.times import format_time
    from crex.transparency.views import check_witnesses

    times = check_witnesses(view, at.witnesses, now=now(), quorum=options.quorum, fresh_within=options.fresh)
    return {authority: format_time(time) for authority, time in sorted(times.items())}


def seen_by(times: dict[str, str]) -> list[str]:
    """Says who co-signed."""
    if not times:
        return ["  co-signed by no witness that is trusted here"]
    return [f"  co-signed by {authority} at {time}" for authority, time in times.items()]


def _grown(at: LogAt, before: View | None, view: View) -> list[str]:
    lines = [f"{view.checkpoint.origin}: {view.size} leaves, root {view.root.hex()}"]
    lines.append(f"  read from {view.place}, signed by the log")
    if before is not None and before.size == view.size:
        lines.append("  it is the one that was seen before")
    elif before is not None:
        lines.append(f"  it grew from {before.size}, which was seen before, and from nothing else")
    elif at.folder is not None:
        lines.append(f"  seen for the first time; remembered in {at.folder}")
    else:
        lines.append("  nothing is remembered; give --state DIR to see it if the log goes back")
    return lines


def _verify(options: argparse.Namespace) -> Result:
    from crex.cli.log_verify import verify

    return verify(options)


def _audit(options: argparse.Namespace) -> Result:
    from crex.cli.log_audit import audit

    return audit(options)


def _compare(options: argparse.Namespace) -> Result:
    from crex.cli.log_audit import compare

    return compare(options)


def _monitor(options: argparse.Namespace) -> Result:
    from crex.cli.log_watch import monitor

    return monitor(options)


def _witness(options: argparse.Namespace) -> Result:
    from crex.cli.log_watch import witness

    return witness(options)


def done(value: Any, lines: list[str], code: int = OK) -> Result:
    """The outcome of a command."""
    return Result(value, "\n".join(lines), code)
