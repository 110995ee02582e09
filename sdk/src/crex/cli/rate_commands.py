"""`crex rate`: what usage costs, bill by bill, by one of three engines that come to the same digits."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crex.cli.options import Commands, command, positive
from crex.cli.result import OK, REFUSED, Result, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from crex.bulk.bills_file import Documents
    from crex.bulk.job import Report

_ENGINES: Final = ("reference", "duckdb", "spark")
_USAGE: Final = (".parquet", ".jsonl", ".ndjson")
_UNITS: Final = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_SHOWN: Final = 20
_NAMED: Final = 3
_BAR: Final = 30


def add(commands: Commands) -> None:
    """Adds the command."""
    rate = command(
        commands, "rate", _rate, "rate usage under price plans: lines, totals and digests of many bills"
    )
    rate.add_argument(
        "files",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="price plans and series (JSON, signed or not), and usage records: *.parquet or *.jsonl",
    )
    rate.add_argument(
        "--bills",
        type=Path,
        required=True,
        metavar="FILE",
        help="the bills and their leases: *.json, *.jsonl or *.parquet",
    )
    rate.add_argument(
        "--engine",
        choices=_ENGINES,
        default="reference",
        help="reference: all in memory; duckdb: millions of records on this machine; spark: a cluster",
    )
    rate.add_argument(
        "--format", choices=("json", "parquet"), default="json", help="form of the results (json)"
    )
    rate.add_argument("--memory", type=size, metavar="SIZE", help="memory of the engine, such as 3GiB")
    rate.add_argument(
        "--threads", type=positive, metavar="N", help="threads of the engine (one for each core)"
    )
    rate.add_argument("--spill", type=Path, metavar="DIR", help="folder for what does not fit the memory")
    rate.add_argument(
        "--partitions", type=positive, metavar="N", help="into how many parts to divide the bills"
    )
    rate.add_argument(
        "--spark-master", metavar="URL", help="the Spark cluster (SPARK_MASTER, or this machine)"
    )


def size(text: str) -> int:
    """Reads a number of bytes such as 3GiB."""
    number = text.rstrip("BKMGi")
    factor = _UNITS.get(text[len(number) :])
    if factor is None or not (number.isascii() and number.isdecimal() and 0 < int(number) < 1 << 40):
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write it like 3GiB or 512MiB")
    return int(number) * factor


def _rate(options: argparse.Namespace) -> Result:
    import tempfile

    from crex.bulk.job import require_engine

    require_engine(options.engine)
    output: Path | None = options.output
    options.output = None  # taken: what became of the job goes to standard output
    if output is not None:
        return _rated(options, output, kept=True)
    with tempfile.TemporaryDirectory(prefix="crex-rate-") as folder:
        return _rated(options, Path(folder), kept=False)


def _rated(options: argparse.Namespace, folder: Path, *, kept: bool) -> Result:
    import json

    from crex.bulk import bills_file
    from crex.bulk.job import Job, digest_of, run
    from crex.bulk.session import Limits

    usage = [path for path in options.files if path.suffix in _USAGE]
    documents = read_documents([path for path in options.files if path.suffix not in _USAGE])
    bills = bills_file.read(options.bills, documents)
    pins = [
        *(sha.encode() for sha in documents.plans),
        *(one.pin.sha256.encode() for one in documents.series),
    ]
    job = Job(
        bills=bills,
        bills_sha256=digest_of([options.bills.read_bytes(), *pins]),
        usage=usage,
        folder=folder,
        engine=options.engine,
        format=options.format if kept else "json",
        limits=Limits(options.memory, options.threads, options.spill),
        parts=options.partitions,
        spark_master=options.spark_master,
    )
    with_bar = bar() if sys.stderr.isatty() else None
    report = run(job, with_bar)
    if with_bar is not None:
        print(file=sys.stderr)
    code = REFUSED if report.refused or report.strays else OK
    value: dict[str, Any] = {"report": report.value()}
    text = _text(report)
    if not kept:
        lines = (folder / "bills.jsonl").read_text("utf-8").splitlines()
        value["bills"] = [json.loads(line) for line in lines]
        text = f"{_bills(value['bills'])}\n\n{text}"
    else:
        text += f"\nWritten to {folder}: {', '.join(path.name for path in report.files)}, report.json."
    return Result(value, text, code)


def read_documents(paths: list[Path]) -> Documents:
    """Reads price plans and price series from files; no signature is asked about (`crex verify` does).

    Raises:
        CrexError: A file is neither; `source` is the file.
    """
    from hashlib import sha256

    from crex.bulk.bills_file import Documents
    from crex.cli.files import read_paper
    from crex.documents import convert, reader
    from crex.errors import CrexError, named
    from crex.rating import Plan, Series
    from crex.v1 import Pin, PricePlan, PriceSeries

    found = Documents()
    for path in paths:
        paper = read_paper(path)
        digest = sha256(paper.body).hexdigest()
        with named(path):
            kind = paper.doctype.token
            if kind == "price-plan":
                plan = convert.to_message(reader.read(paper.body, PricePlan), PricePlan)
                pin = Pin(id=plan.header.id, revision=plan.header.revision, sha256=digest)
                found.plans[digest] = Plan.of(plan, pin)
            elif kind == "price-series":
                series = convert.to_message(reader.read(paper.body, PriceSeries), PriceSeries)
                pin = Pin(id=series.header.id, revision=series.header.revision, sha256=digest)
                found.series.append(Series.of(series, pin))
            else:
                raise CrexError(
                    "TYPE",
                    f"The file is a {kind}. `crex rate` reads price plans, price series, and "
                    "usage records (*.parquet, *.jsonl).",
                )
    return found


def bar() -> Callable[[str, int, int], None]:
    """Returns what draws a progress bar on standard error."""
    last = ""

    def draw(what: str, done: int, of: int) -> None:
        nonlocal last
        full = _BAR * done // max(of, 1)
        line = f"\r{what:<30} [{'#' * full}{' ' * (_BAR - full)}] {100 * done // max(of, 1):3d} %"
        if line != last:
            print(line, end="", file=sys.stderr, flush=True)
            last = line

    return draw


def _bills(bills: list[dict[str, Any]]) -> str:
    rows = []
    for one in bills[:_SHOWN]:
        total = f"{one['total']} {one['currency']}" if one["state"] == "rated" else ""
        complete = "" if one.get("complete", True) else "records are missing"
        rows.append([one["bill"], total, one.get("rating_digest", "")[:16], one.get("reason", complete)])
    text = table(["BILL", "TOTAL", "DIGEST", ""], rows, empty="There are no bills.")
    refused = [one for one in bills if one["state"] == "refused"][:_SHOWN]
    text += "".join(f"\n{one['bill']}: {one['message']}" for one in refused)
    return (
        text
        if len(bills) <= _SHOWN
        else f"{text}\n… and {len(bills) - _SHOWN} more; --json or -o DIR has all"
    )


def _text(report: Report) -> str:
    from crex.decimals import counted

    rated = f"{report.bills - report.refused} rated"
    if report.incomplete:
        rated += f", {report.incomplete} of them without all records"
    of = f"{counted(report.bills, 'bill')} of {counted(report.records, 'record')}"
    text = f"{of}: {rated}, {report.refused} refused; {counted(report.lines, 'line')}."
    if not report.strays:
        return text
    names = ", ".join(lease for lease, _ in report.strays[:_NAMED])
    if len(report.strays) > _NAMED:
        names += ", …"
    records = counted(sum(each for _, each in report.strays), "record")
    return (
        f"{text}\n{records} of {counted(len(report.strays), 'lease')} that no bill has: {names}. They are "
        "billed nowhere. Name a bill for each lease, or leave its records out."
    )
