"""`crex usage reconcile`: our own records of use against theirs, without a network."""

from __future__ import annotations

import argparse
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crex.cli.options import Commands, command, duration
from crex.cli.result import OK, REFUSED, Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crex.bundles.bundle import Bundle
    from crex.metering.record import Record

_MAX_BYTES: Final = 1 << 30
_RECORDS: Final = "a file of records, one a line (.jsonl), what `crex usage list --json` gives, or a bundle"


def add(usage: Commands) -> None:
    """Adds the command."""
    parser = command(usage, "reconcile", _reconcile, "compare our own records of use with theirs")
    parser.add_argument("ours", type=Path, metavar="OURS", help=_RECORDS)
    parser.add_argument("theirs", type=Path, metavar="THEIRS", help="the same of the other party")
    parser.add_argument(
        "--tolerance",
        action="append",
        default=[],
        metavar="AMOUNT|SHARE%",
        help="how far amounts may lie apart, such as 10 or 0.5%%; of both, whichever allows more (nothing)",
    )
    parser.add_argument(
        "--time-tolerance",
        type=duration,
        default=timedelta(seconds=1),
        metavar="TIME",
        help="how far clocks may lie apart (1s)",
    )
    parser.add_argument(
        "--by",
        choices=("meter", "dimension"),
        help="compare meter by meter, or all of a dimension together (meters where both name the same ones)",
    )
    parser.add_argument(
        "--held",
        action="append",
        default=[],
        metavar="DIMENSION",
        help="a dimension whose quantity is held and counts by the time, besides compute-unit",
    )


def _reconcile(options: argparse.Namespace) -> Result:
    from crex.metering.reconciling.compare import HELD, Tolerance, reconcile
    from crex.metering.reconciling.report import as_json, as_text

    tolerance = Tolerance.of(options.tolerance, options.time_tolerance // timedelta(milliseconds=1))
    found = reconcile(
        read_records(options.ours),
        read_records(options.theirs),
        tolerance=tolerance,
        held=HELD | set(options.held),
        by_meter=None if options.by is None else options.by == "meter",
    )
    return Result(as_json(found), as_text(found), OK if found.ok else REFUSED)


def read_records(path: Path) -> list[Record]:
    """Reads usage records from a file or a bundle.

    Raises:
        CrexError: The file cannot be read (NOT_FOUND), is too large (LIMIT), or holds something else; the
            record is named by its place.
    """
    from crex.errors import named
    from crex.metering.record import parse_record

    records = []
    with named(path):
        for place, body in _bodies(path):
            with named(f"{path}, {place}"):
                records.append(parse_record(body))
    return records


def _bodies(path: Path) -> Iterator[tuple[str, bytes]]:
    import orjson

    from crex.bundles.bundle import from_json, is_bundle
    from crex.cli.bundle_files import read_bundle, read_large
    from crex.documents import strict

    if path.is_dir():
        yield from _of_bundle(read_bundle(path))
        return
    data = read_large(path, _MAX_BYTES)
    if path.suffix == ".jsonl" or _has_lines(data):
        for number, line in enumerate(data.splitlines(), start=1):
            if line.strip():
                yield f"line {number}", line.strip()
        return
    value = strict.loads(data, max_bytes=_MAX_BYTES)
    if is_bundle(value):
        yield from _of_bundle(from_json(data))
        return
    for index, record in enumerate(_listed(value), start=1):
        yield f"record {index}", orjson.dumps(record)


def _has_lines(data: bytes) -> bool:
    """Tells whether an object stands on each of the first two lines, as from a pipe that has no name."""
    first, _, rest = data.lstrip().partition(b"\n")
    return first.startswith(b"{") and first.rstrip().endswith(b"}") and rest.lstrip().startswith(b"{")


def _of_bundle(bundle: Bundle) -> Iterator[tuple[str, bytes]]:
    for number, batch in enumerate(bundle.batches, start=1):
        for index, body in enumerate(batch.records or (), start=1):
            yield f"batch {number}, record {index}", body


def _listed(value: Any) -> list[Any]:
    from crex.errors import CrexError

    records = value.get("records") if isinstance(value, dict) else value
    if isinstance(value, dict) and records is None and "meterId" in value:
        records = [value]
    if not isinstance(records, list):
        raise CrexError("SCHEMA", f"There are no usage records here. Give {_RECORDS}.")
    return records
