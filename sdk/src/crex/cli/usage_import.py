"""`crex usage import NAME`: records of usage that exists elsewhere, and what became of every row."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crex.cli.options import Commands, command, moment
from crex.cli.reports import SHOWN, as_json, by_reason, by_text, section
from crex.cli.result import OK, REFUSED, Result, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from crex.describe.importing import LeftOut
    from crex.metering.importing.numbering import Numbered, Wanted
    from crex.metering.importing.uses import UsageImported
    from crex.metering.record import Record
    from crex.metering.span import Span

# USAGE-METER-1
_METER: Final = r"[a-z0-9][a-z0-9-]{0,62}"


def add(usage: Commands) -> None:
    """Adds the commands."""
    parser = command(
        usage, "import", _import, "make records of usage that exists elsewhere; -o FILE.jsonl writes them"
    )
    parser.add_argument("importer", metavar="NAME", help="see `crex usage importers`")
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="a file, a folder, or - for standard input"
    )
    parser.add_argument("--lease", required=True, type=_name, metavar="NAME", help="name of the lease")
    parser.add_argument(
        "--resource", required=True, type=_name, metavar="NAME", help="name of the resource that was used"
    )
    parser.add_argument("--meter", type=_meter, metavar="NAME", help="name of the meter (the dimension)")
    parser.add_argument(
        "--dimension", action="append", default=[], metavar="TOKEN", help="only this one; may be repeated"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        type=_label,
        metavar="NAME=VALUE",
        help="only what the source says this of, such as Account=physics; may be repeated",
    )
    parser.add_argument(
        "--from", dest="start", type=moment, metavar="TIME", help="only what began then or later"
    )
    parser.add_argument("--until", type=moment, metavar="TIME", help="only what ended by then")
    parser.add_argument(
        "--time-zone", metavar="ZONE", help="zone of times that do not name theirs, such as Europe/Oslo"
    )
    parser.add_argument(
        "--after",
        type=Path,
        metavar="FILE",
        help="records that were imported before; numbers go on after them",
    )
    command(usage, "importers", _list, "list the importers of usage, those of other packages too")


def _name(text: str) -> str:
    from crex.errors import CrexError
    from crex.names import Name

    try:
        return str(Name.parse(text))
    except CrexError as error:
        fix = "write it like crex://broker.example/lease/l1"
        raise argparse.ArgumentTypeError(f"{text!r} is no name; {fix}") from error


def _meter(text: str) -> str:
    if not re.fullmatch(_METER, text):
        fix = "write lower-case letters, digits and hyphens, such as cpu-time"
        raise argparse.ArgumentTypeError(f"{text!r} is no name of a meter; {fix}")
    return text


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is no NAME=VALUE, such as Account=physics")
    return name, value


def _list(_: argparse.Namespace) -> Result:
    from crex.metering.importing.importers import USAGE_IMPORTERS

    rows = list(USAGE_IMPORTERS.listed())
    values = [{"name": name, "about": about, "package": package} for name, about, package in rows]
    return Result(values, table(("name", "reads", "package"), rows, empty="none"))


def _import(options: argparse.Namespace) -> Result:
    from crex.decimals import counted
    from crex.describe.sources import open_sources
    from crex.metering.importing.importers import USAGE_IMPORTERS
    from crex.metering.importing.numbering import number

    wanted, zone, earlier = _wanted(options), _zone(options.time_zone), _earlier(options.after)
    importer = USAGE_IMPORTERS.load(options.importer)
    with USAGE_IMPORTERS.running(importer.name):
        imported = importer.read(open_sources(options.files), zone)
    numbered = number(imported.drafts, wanted, earlier)
    left_out, meters = (*imported.left_out, *numbered.left_out), _meters(numbered.records)
    value = {
        "importer": importer.name,
        "rows": imported.rows,
        "records": len(numbered.records),
        "meters": meters,
        **as_json(left_out, imported.findings),
    }
    lines = _report(imported, numbered, meters, left_out, SHOWN)
    place: Path | None = options.output
    options.output = None  # taken, also where there is nothing to write: the answer is no record
    if place is not None and numbered.records:
        report = place.with_name(f"{place.stem}.report.txt")
        _write(place, report, numbered, "\n".join(_report(imported, numbered, meters, left_out, None)))
        value |= {"file": str(place), "reportFile": str(report)}
        lines += [
            "",
            f"Wrote {counted(len(numbered.records), 'record')} to {place}, and {report} with every row.",
        ]
    elif numbered.records:
        lines += ["", "With -o FILE.jsonl the records are written there."]
    return Result(value, "\n".join(lines), OK if numbered.records or earlier else REFUSED)


def _wanted(options: argparse.Namespace) -> Wanted:
    from crex.metering.importing.numbering import Wanted

    return Wanted(
        lease=options.lease,
        resource=options.resource,
        meter=options.meter or "",
        dimensions=frozenset(options.dimension),
        labels=dict(options.only),
        within=_within(options),
    )


def _within(options: argparse.Namespace) -> Span | None:
    from datetime import UTC, datetime

    from crex.errors import CrexError
    from crex.metering.span import Span

    if options.start is None and options.until is None:
        return None
    start = options.start or datetime.min.replace(tzinfo=UTC)
    end = options.until or datetime.max.replace(tzinfo=UTC)
    if end < start:
        raise CrexError("SCHEMA", "--until lies before --from. Swap the two.")
    return Span.between(start, end)


def _zone(name: str | None) -> ZoneInfo | None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from crex.errors import CrexError

    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        text = f"--time-zone {name!r} is no zone. Use an IANA name such as Europe/Oslo, or UTC."
        raise CrexError("SCHEMA", text) from error


def _earlier(path: Path | None) -> list[Record]:
    from crex.describe.sources import open_sources
    from crex.errors import CrexError, named
    from crex.metering.importing.numbering import read_lines

    if path is None:
        return []
    (source,) = open_sources([path])
    if source.problem:
        raise CrexError(
            "NOT_FOUND", f"The records of before cannot be read: {source.problem}.", source=str(path)
        )
    with named(path):
        return read_lines(source.data)


def _write(place: Path, report: Path, numbered: Numbered, text: str) -> None:
    from crex.cli.files import write_file

    write_file(place, b"".join(record.body + b"\n" for record in numbered.records))
    write_file(report, f"{text}\n".encode())


def _meters(records: Sequence[Record]) -> list[dict[str, Any]]:
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.meter_id, []).append(record)
    return [
        {
            "meterId": name,
            "dimension": of[0].dimension,
            "unit": of[0].unit,
            "firstSeq": str(of[0].seq),
            "lastSeq": str(of[-1].seq),
            "total": _total(of),
        }
        for name, of in sorted(found.items(), key=lambda one: (one[1][0].dimension, len(one[0]), one[0]))
    ]


def _total(records: Sequence[Record]) -> str:
    from fractions import Fraction

    from crex.decimals import format_decimal
    from crex.errors import CrexError

    total = sum((record.quantity for record in records), Fraction(0))
    try:
        return format_decimal(total)
    except CrexError:
        return "more than a decimal can state"


def _report(
    imported: UsageImported,
    numbered: Numbered,
    meters: Sequence[Mapping[str, Any]],
    left_out: Sequence[LeftOut],
    most: int | None,
) -> list[str]:
    from crex.decimals import counted

    left = counted(len(imported.left_out), "row")
    outcome = f"{counted(len(numbered.records), 'record')}, {left} left out"
    lines = [f"{counted(imported.rows, 'row')}: {outcome}, {counted(len(imported.findings), 'remark')}."]
    totals = [
        f"{one['meterId']}: {one['firstSeq']} to {one['lastSeq']}, {one['total']} {one['unit']}"
        for one in meters
    ]
    lines += section("Meters", totals, most)
    lines += section("Left out", by_reason(left_out) if most else _each(left_out), most)
    lines += section("Remarks", by_text(imported.findings), most)
    return lines


def _each(left_out: Sequence[LeftOut]) -> list[str]:
    return [f"{one.where}: {one.why}" for one in left_out]
