"""OGF usage records in XML: versions 1 and 2, and the profile of it that APEL takes (CAR)."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from crex.describe.sources import Source, parse_xml
from crex.describe.values import clean, whole
from crex.metering.importing.times import instant_ms, iso_seconds
from crex.metering.importing.uses import Found, UsageImport, Use
from crex.metering.span import Span

# UR 1.0, UR 2.0, and the Compute Accounting Record of EMI.
_NAMESPACES: Final = frozenset(
    {
        "http://schema.ogf.org/urf/2003/09/urf",
        "http://schema.ogf.org/urf/2013/04/urf",
        "http://eu-emi.eu/namespaces/2012/11/computerecord",
    }
)
_RECORDS: Final = frozenset({"UsageRecord", "JobUsageRecord"})
_LABELS: Final = (
    "Site",
    "MachineName",
    "Queue",
    "ProjectName",
    "SubmitHost",
    "LocalUserId",
    "GlobalUserName",
)
# CPU time may be split by who used it; the sum is what counts, stated or added up.
_PARTS: Final = ("user", "system")
ENDS_FIRST: Final = "its EndTime is before its StartTime"


def too_long(wall: Fraction) -> str:
    """Says why a job is not believed that ran for longer than from its start to its end."""
    return f"its WallDuration of {wall} s is longer than from StartTime to EndTime"


def read_records(source: Source, books: UsageImport, zone: ZoneInfo | None) -> Iterator[Found]:
    """Reads the usage records of an XML file; begins a row for each."""
    root, problem = parse_xml(source)
    if root is None:
        books.leave_out(books.row(source.name), source.problem or problem)
        return
    records = [element for element in root.iter() if _name(element) in _RECORDS]
    if not records:
        books.leave_out(books.row(source.name), "it has no usage record of OGF")
    for at, record in enumerate(records, start=1):
        row = books.row(f"{source.name}: usage record {at}")
        yield from books.told(row, _record(record, row, books, zone))


def _record(record: ET.Element, row: str, books: UsageImport, zone: ZoneInfo | None) -> Found | str:
    job = clean(_text(record, "LocalJobId"), 80) or clean(_text(record, "GlobalJobId"), 80)
    if not job:
        return "it has no LocalJobId"
    span = _span(record, zone)
    if isinstance(span, str):
        return span
    wall, cpu = _length(_text(record, "WallDuration")), _cpu(record)
    if wall is not None and wall > span.seconds:
        return too_long(wall)
    texts = ((name, clean(_text(record, name), 200)) for name in _LABELS)
    labels = tuple((name, text) for name, text in texts if text)
    uses = []
    for name, dimension, seconds in (("CpuDuration", "cpu-time", cpu), ("WallDuration", "wall-time", wall)):
        if seconds is None:
            why = "it is not stated as days, hours, minutes and seconds, or contradicts its parts"
            books.report.leave_out(name, row, why)
            continue
        uses.append(
            Use(
                dimension=dimension,
                unit="s",
                span=span,
                quantity=seconds,
                method=f"OGF {name}, job {job}",
                rows=(row,),
                labels=labels,
            )
        )
    if not uses:
        return "it states neither CpuDuration nor WallDuration that can be read"
    key = ", ".join(
        [f"job {job}", *(dict(labels).get(name, "") for name in ("Site", "MachineName")), str(span.start_ms)]
    )
    return Found(key=key, row=row, uses=tuple(uses))


def _span(record: ET.Element, zone: ZoneInfo | None) -> Span | str:
    times = []
    for name in ("StartTime", "EndTime"):
        text = _text(record, name)
        if text is None:
            return f"it has no {name}, or several"
        found = instant_ms(text, zone)
        if isinstance(found, str):
            return f"its {name}: {found}"
        times.append(found)
    start, end = times
    return Span(start, end) if start <= end else ENDS_FIRST


def _cpu(record: ET.Element) -> Fraction | None:
    """Gives the processor time: what is stated for all of it, or the sum of its parts (IMPORT-SECOND-1)."""
    whole_: set[Fraction | None] = set()
    parts: dict[str, Fraction | None] = {}
    for element in record.iter():
        if _name(element) != "CpuDuration":
            continue
        seconds = _length((element.text or "").strip())
        use = next(
            (value for key, value in element.attrib.items() if key.rpartition("}")[2] == "usageType"), ""
        )
        if use in _PARTS:
            parts[use] = seconds if use not in parts else None
        elif use in ("", "all"):
            whole_.add(seconds)
    found = [parts[name] for name in _PARTS if name in parts]
    added = sum((one for one in found if one is not None), Fraction(0))
    summed = added if len(found) == len(_PARTS) and None not in found else None
    if not whole_:
        return summed
    stated = whole_.pop()
    return stated if not whole_ and (summed is None or summed == stated) else None


def _length(text: str | None) -> Fraction | None:
    if text is None:
        return None
    seconds = whole(text)
    return Fraction(seconds) if seconds is not None else iso_seconds(text)


def _text(record: ET.Element, name: str) -> str | None:
    """Gives the text of the one element of a name."""
    found = [element for element in record.iter() if _name(element) == name]
    return (found[0].text or "").strip() if len(found) == 1 else None


def _name(element: ET.Element) -> str:
    namespace, _, name = element.tag.lstrip("{").rpartition("}")
    return name if namespace in _NAMESPACES else ""
