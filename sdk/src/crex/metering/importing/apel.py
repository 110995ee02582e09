"""What grids account: APEL messages of jobs and of months (text), and OGF usage records (XML).

A message is lines `Name: value` under a first line that says of which kind it is; `%%` ends a record.

    APEL-individual-job-message   a job: StartTime, EndTime, WallDuration, CpuDuration
    APEL-summary-job-message      what one user did at one site in one month: sums of many jobs
    APEL-normalised-summary-message   the same, under the name of version 0.4

Times are seconds since 1970, durations are seconds. Normalised durations are multiplied by what somebody
thinks that the processors are worth; they are no time, and not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from crex.describe.sources import Source, read_table
from crex.describe.values import clean, whole
from crex.metering.importing import apel_xml
from crex.metering.importing.times import epoch_ms
from crex.metering.importing.uses import Found, UsageImport, UsageImported, Use, settle
from crex.metering.span import Span

_HEAD: Final = re.compile(r"APEL-([a-z-]{1,40})-message: v([0-9.]{1,8})")
_LINE: Final = re.compile(r"([A-Za-z]{1,40}): ?(.*)")
_JOBS: Final = "individual-job"
_MONTHS: Final = ("summary-job", "normalised-summary")
_END: Final = "%%"
_DURATIONS: Final = (("CpuDuration", "cpu-time"), ("WallDuration", "wall-time"))
_LABELS: Final = ("Site", "VO", "GlobalUserName", "MachineName", "Queue", "LocalUserId", "Infrastructure")
# What tells one sum of a month from another, besides the month.
_MONTH_KEY: Final = (
    "Site", "VO", "VOGroup", "VORole", "GlobalUserName", "SubmitHost", "Infrastructure", "InfrastructureType",
    "InfrastructureDescription", "ServiceLevelType", "ServiceLevel", "NodeCount", "Processors",
)  # fmt: skip
_COLUMNS_OF_REPORT: Final = 15


class ApelImporter:
    """Reads APEL messages and OGF usage records."""

    name = "apel"
    about = "APEL messages and OGF usage records of jobs (text or XML)"
    commands: Sequence[Sequence[str]] = ()

    def read(self, sources: Sequence[Source], zone: ZoneInfo | None) -> UsageImported:
        """Reads jobs and months."""
        books = UsageImport()
        found: list[Found] = []
        for source in sources:
            if source.problem and not source.data:
                books.leave_out(books.row(source.name), source.problem)
            elif source.text.lstrip()[:1] == "<":
                found += apel_xml.read_records(source, books, zone)
            elif _HEAD.match(source.text):
                found += _read_messages(source, books)
            else:
                _leave_out(source, books)
        settle(found, books)
        return books.done()


USAGE_IMPORTER: Final = ApelImporter()


def _read_messages(source: Source, books: UsageImport) -> Iterator[Found]:
    kind = ""
    for number, block, ended in _blocks(source):
        row = books.row(f"{source.name}: line {number}")
        head = _HEAD.fullmatch(block[0])
        kind = head[1] if head is not None else kind
        members = _members(block[1:] if head is not None else block)
        if not ended:
            books.leave_out(row, source.problem or "it does not end with %%, so it may be cut")
        elif isinstance(members, str):
            books.leave_out(row, members)
        elif kind in (_JOBS, *_MONTHS):
            yield from books.told(row, _job(members, row) if kind == _JOBS else _month(members, row))
        else:
            books.leave_out(row, f"a message of kind {kind} says nothing about jobs")


def _blocks(source: Source) -> Iterator[tuple[int, list[str], bool]]:
    """Gives the records with the line at which each begins, and whether it was ended."""
    begun: list[str] = []
    first = 0
    for number, line in enumerate(source.text.replace("\r\n", "\n").split("\n"), start=1):
        if line.strip() == _END:
            if begun:
                yield first, begun, True
            begun = []
        elif line.strip():
            first = first if begun else number
            begun.append(line.strip())
    if begun:
        yield first, begun, False


def _members(lines: Sequence[str]) -> dict[str, str] | str:
    members: dict[str, str] = {}
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            return f"{clean(line, 60)!r} is no member of a record"
        name, value = match[1], match[2].strip()
        if members.setdefault(name, value) != value:
            return f"it states {name} twice, and differently"
    return members


def _job(members: Mapping[str, str], row: str) -> Found | str:
    start, end = (epoch_ms(whole(members.get(name))) for name in ("StartTime", "EndTime"))
    job = clean(members.get("LocalJobId"), 80)
    if start is None or end is None or not job:
        return "it states no StartTime, EndTime and LocalJobId of a job"
    if end < start:
        return apel_xml.ENDS_FIRST
    span = Span(start, end)
    uses = _uses(members, row, span, f"job {job}")
    if isinstance(uses, str):
        return uses
    wall = next((use.quantity for use in uses if use.dimension == "wall-time"), Fraction(0))
    if wall > span.seconds:
        return apel_xml.too_long(wall)
    key = ", ".join([f"job {job}", *(members.get(name, "") for name in ("Site", "SubmitHost")), str(start)])
    return Found(key=key, row=row, uses=uses)


def _month(members: Mapping[str, str], row: str) -> Found | str:
    month, year = whole(members.get("Month"), low=1, high=12), whole(members.get("Year"), low=1970, high=9998)
    if month is None or year is None:
        return "it states no Month and Year"
    after = (year + 1, 1) if month == 12 else (year, month + 1)
    span = Span.between(datetime(year, month, 1, tzinfo=UTC), datetime(*after, 1, tzinfo=UTC))
    for name in ("EarliestEndTime", "LatestEndTime"):
        end = epoch_ms(whole(members.get(name)))
        if members.get(name) is not None and (end is None or not span.start_ms <= end < span.end_ms):
            # APEL's own loader refuses it, too: the sum is of another time than it says.
            return f"its {name} does not lie within {year}-{month:02}, of which it says to be"
    uses = _uses(members, row, span, f"month {year}-{month:02}")
    if isinstance(uses, str):
        return uses
    key = ", ".join([f"month {year}-{month:02}", *(members.get(name, "") for name in _MONTH_KEY)])
    return Found(key=key, row=row, uses=uses)


def _uses(members: Mapping[str, str], row: str, span: Span, what: str) -> tuple[Use, ...] | str:
    labels = tuple((name, members[name]) for name in _LABELS if members.get(name))
    uses = []
    for name, dimension in _DURATIONS:
        seconds = whole(members.get(name))
        if seconds is None:
            return f"its {name} is {clean(members.get(name, 'absent'), 40)!r}, no number of seconds"
        uses.append(
            Use(
                dimension=dimension,
                unit="s",
                span=span,
                quantity=Fraction(seconds),
                method=f"APEL {name}, {what}",
                rows=(row,),
                labels=labels,
            )
        )
    return tuple(uses)


def _leave_out(source: Source, books: UsageImport) -> None:
    """Leaves out what is neither a message nor XML, a row for each line of a table."""
    rows = list(read_table(source, "\t"))
    if not any(len(cells) == _COLUMNS_OF_REPORT for _, cells in rows):
        books.leave_out(books.row(source.name), "it is neither a message of APEL nor XML")
        return
    for number, _ in rows:
        why = "a report of months does not say whether its durations are seconds or hours"
        books.leave_out(books.row(f"{source.name}: line {number}"), why)
