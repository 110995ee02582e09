"""Counters of containers, as kubelet (`/metrics/cadvisor`) and cAdvisor print them for Prometheus.

What was used is the difference of two scrapes: give several. A line is a row; the first of a series has
nothing before it and is left out. A counter that went back began anew at zero, as Prometheus counts it.
Memory is a level: it counts from one scrape to the next, as an estimate.

Only lines of single containers are read; those of pods, slices and nodes have the same use once more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from crex.describe.members import as_number
from crex.describe.sources import Source
from crex.describe.values import clean
from crex.metering.importing.times import LAST_MS
from crex.metering.importing.uses import UsageImport, UsageImported, Use
from crex.metering.span import Span

# Metric, dimension, unit, what of it makes one unit, whether it is a level.
_CPU: Final = "container_cpu_usage_seconds_total"
_METRICS: Final = {
    _CPU: ("cpu-time", "s", 1, False),
    "container_memory_working_set_bytes": ("memory-time", "kib-s", 1024, True),
    "container_network_receive_bytes_total": ("network-received", "byte", 1, False),
    "container_network_transmit_bytes_total": ("network-sent", "byte", 1, False),
}
_LINE: Final = re.compile(
    r"([a-zA-Z_:][a-zA-Z0-9_:]{0,199})(?:\{(.*)\})?[ \t]+([^ \t]{1,60})(?:[ \t]+(-?[0-9]{1,15}))?[ \t]*"
)
_LABEL: Final = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]{0,99})="((?:[^"\\]|\\.)*)"(?:,[ \t]*|$)')
_ESCAPE: Final = re.compile(r"\\(.)")
_UNESCAPED: Final = {"n": "\n"}
# Names of the process that holds a pod's namespaces, by which its own use would count as a container's.
_PAUSE: Final = ("", "POD")
_LOOPBACK: Final = "lo"

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Point:
    """A line: the value of a series at an instant."""

    row: str
    at_ms: int
    value: Fraction


class PrometheusImporter:
    """Reads scrapes of containers' counters."""

    name = "prometheus"
    about = "scrapes of containers' counters (Prometheus text)"
    commands: Sequence[Sequence[str]] = ()

    def read(self, sources: Sequence[Source], zone: ZoneInfo | None) -> UsageImported:  # noqa: ARG002 - UTC
        """Reads series over all scrapes; their times are milliseconds since 1970."""
        books = UsageImport()
        series: dict[tuple[str, Labels], list[_Point]] = {}
        for source in sources:
            if source.problem:
                books.leave_out(books.row(source.name), source.problem)
            else:
                _read(source, series, books)
        for (metric, labels), points in series.items():
            _take(metric, labels, points, books)
        return books.done()


USAGE_IMPORTER: Final = PrometheusImporter()


def _read(source: Source, series: dict[tuple[str, Labels], list[_Point]], books: UsageImport) -> None:
    lines = source.text.split("\n")
    known = False
    for number, line in enumerate(lines, start=1):
        text = line.strip("\r \t")
        if not text or text.startswith("#"):
            continue
        known = True
        row = books.row(f"{source.name}: line {number}")
        match = _LINE.fullmatch(text)
        # What follows the last line break is no whole line.
        if number == len(lines):
            books.leave_out(row, "it ends without a line break, so it may be cut")
        elif match is None:
            books.leave_out(row, f"{clean(text, 60)!r} is no line of Prometheus")
        else:
            read = _series(match, row)
            if isinstance(read, str):
                books.leave_out(row, read)
            else:
                series.setdefault(read[0], []).append(read[1])
    if not known:
        books.leave_out(books.row(source.name), "it has no lines of Prometheus")


def _series(match: re.Match[str], row: str) -> tuple[tuple[str, Labels], _Point] | str:
    metric = match[1]
    if metric not in _METRICS:
        return f"{metric} does not say how much of a dimension was used"
    labels = _labels(match[2] or "")
    if labels is None:
        return "its labels cannot be read, or one is there twice"
    point = _unwanted(metric, labels) or _point(match[3], match[4], row)
    return point if isinstance(point, str) else ((metric, tuple(sorted(labels.items()))), point)


def _point(number: str, time: str | None, row: str) -> _Point | str:
    value = as_number(number)
    if value is None or value < 0:
        return f"its value is {clean(number, 40)!r}, no number from 0 on"
    if time is None:
        return "it has no time: give lines with one, as kubelet prints them"
    if not 0 < int(time) <= LAST_MS:
        return f"its time is {time}, which lies outside the years 1970 to 9999"
    return _Point(row, int(time), Fraction(value))


def _labels(text: str) -> dict[str, str] | None:
    labels: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _LABEL.match(text, at)
        if match is None or match[1] in labels:
            return None
        labels[match[1]] = _ESCAPE.sub(lambda part: _UNESCAPED.get(part[1], part[1]), match[2])
        at = match.end()
    return labels


def _unwanted(metric: str, labels: dict[str, str]) -> str:
    if not labels.get("pod"):
        return "it is of no pod: what a node or a slice uses is the use of its containers once more"
    if "interface" in labels:
        # A pod has one network for all of its containers.
        return "the loopback leaves no host" if labels["interface"] == _LOOPBACK else ""
    if metric.startswith("container_network_"):
        return "it names no interface"
    if labels.get("container", "") in _PAUSE:
        return "it is of a whole pod: that is the use of its containers once more"
    if labels.get("cpu", "total") != "total":
        return "it is of one processor: the total has it, too"
    return ""


def _take(metric: str, labels: Labels, points: list[_Point], books: UsageImport) -> None:
    """Makes uses of a series: from each point to the next."""
    points.sort(key=lambda point: point.at_ms)
    before: _Point | None = None
    for point in points:
        if before is None:
            books.leave_out(point.row, "it is the first of its series: what was used before it is not known")
        elif point.at_ms == before.at_ms:
            same = "the same" if point.value == before.value else "another value"
            books.leave_out(point.row, f"{before.row} states {same} of its series at the same time")
            continue
        else:
            books.add(_use(metric, labels, before, point))
        before = point


def _use(metric: str, labels: Labels, before: _Point, point: _Point) -> Use:
    dimension, unit, size, level = _METRICS[metric]
    span = Span(before.at_ms, point.at_ms)
    readings = None
    if level:
        quantity = before.value / size * span.seconds
    elif point.value >= before.value:
        quantity, readings = point.value - before.value, (before.value, point.value)
    else:
        quantity = point.value
    return Use(
        dimension=dimension,
        unit=unit,
        span=span,
        quantity=quantity,
        method=_method(metric, dict(labels)),
        rows=(point.row,),
        labels=labels,
        estimated=level,
        readings=readings,
    )


def _method(metric: str, labels: dict[str, str]) -> str:
    what = "/".join(
        labels[name] for name in ("namespace", "pod", "container", "interface") if labels.get(name)
    )
    return (clean(f"{metric}, {what}", 256) or metric)[:256]
