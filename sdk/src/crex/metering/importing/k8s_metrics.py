"""Samples of Kubernetes' resource metrics: `PodMetrics` and `NodeMetrics` of metrics.k8s.io, and lists.

A sample states the processors that were used on average over the `window` that ended at `timestamp`, and the
memory that was held at some instant in it. So the amount used in the window is known, and what was used
between two windows is not: samples are no substitute for counters. Of windows that overlap only the first
counts, and memory × time is an estimate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from crex.describe.k8s_quantity import amount
from crex.describe.members import Members
from crex.describe.sources import Parsed, Source, read_json, read_yaml
from crex.describe.values import clean
from crex.metering.importing.times import go_seconds, instant_ms
from crex.metering.importing.uses import Found, UsageImport, UsageImported, Use, settle
from crex.metering.span import Span

_GROUP: Final = "metrics.k8s.io"
_POD: Final = "PodMetrics"
_NODE: Final = "NodeMetrics"
_KIB: Final = 1024
_MS: Final = 1000


@dataclass(frozen=True, slots=True)
class _Sample:
    """One window of one container or node."""

    found: Found
    subject: str
    span: Span


class K8sMetricsImporter:
    """Reads samples of metrics.k8s.io."""

    name = "k8s-metrics"
    about = "samples of metrics.k8s.io (JSON or YAML)"
    commands: Sequence[Sequence[str]] = ()

    def read(self, sources: Sequence[Source], zone: ZoneInfo | None) -> UsageImported:
        """Reads samples."""
        books = UsageImport()
        samples: list[_Sample] = []
        for source in sources:
            for place, parsed in _values(source):
                samples += _read(place, source, parsed, books, zone)
        settle(_apart(samples, books), books)
        return books.done()


USAGE_IMPORTER: Final = K8sMetricsImporter()


def _values(source: Source) -> Iterator[tuple[str, Parsed]]:
    if source.problem or source.text.lstrip()[:1] in ("{", "["):
        yield source.name, read_json(source)
        return
    for at, parsed in enumerate(read_yaml(source), start=1):
        yield f"{source.name}: document {at}", parsed


def _read(
    place: str, source: Source, parsed: Parsed, books: UsageImport, zone: ZoneInfo | None
) -> Iterator[_Sample]:
    members = Members.of(parsed.value, place, books.report)
    if source.problem or members is None:
        books.leave_out(books.row(place), source.problem or parsed.problem or "it is no object of Kubernetes")
        return
    if not (members.text("kind") or "").endswith("List"):
        yield from _object(members, members.text("kind") or "", place, books, zone)
        return
    # Items of a typed list have no kind of their own.
    of_list = (members.text("kind") or "").removesuffix("List")
    for at, value in enumerate(members.items("items")):
        where = f"{place}: $.items[{at}]"
        item = Members.of(value, where, books.report)
        if item is None:
            books.leave_out(books.row(where), "it is no object of Kubernetes")
        else:
            group = item if item.has("apiVersion") else members
            yield from _object(item, item.text("kind") or of_list, where, books, zone, group)


def _object(
    members: Members,
    kind: str,
    where: str,
    books: UsageImport,
    zone: ZoneInfo | None,
    group: Members | None = None,
) -> Iterator[_Sample]:
    version = (group or members).text("apiVersion") or ""
    if kind not in (_POD, _NODE) or version.partition("/")[0] != _GROUP:
        what = f"{clean(kind, 40) or 'an object'} of {clean(version, 40) or 'no API'}"
        books.leave_out(books.row(where), f"{what} is no sample of {_GROUP}")
        return
    window = _window(members, zone)
    metadata = members.mapping("metadata")
    name = clean(metadata.text("name"), 100) if metadata is not None else None
    if isinstance(window, str) or metadata is None or not name:
        books.leave_out(books.row(where), window if isinstance(window, str) else "it has no name")
        return
    if kind == _NODE:
        yield from _take(members, books.row(where), (f"node {name}", (("node", name),)), window, books)
        return
    namespace = clean(metadata.text("namespace"), 100) or ""
    containers = members.mappings("containers")
    if not containers:
        books.leave_out(books.row(where), "it has no containers")
    for container in containers:
        row = books.row(container.where)
        own = clean(container.text("name"), 100)
        if not own:
            books.leave_out(row, "it has no name")
            continue
        labels = (("namespace", namespace), ("pod", name), ("container", own))
        yield from _take(container, row, (f"container {namespace}/{name}/{own}", labels), window, books)


def _window(members: Members, zone: ZoneInfo | None) -> tuple[Span, Fraction] | str:
    """Gives when a window was, and its exact length in seconds."""
    end = instant_ms(members.text("timestamp") or "", zone)
    seconds = go_seconds(members.text("window") or "")
    if isinstance(end, str):
        return f"its timestamp: {end}"
    if not seconds or seconds * _MS > end:
        return f"its window is {clean(members.text('window'), 40) or 'absent'!r}, no length of time"
    return Span(end - int(seconds * _MS), end), seconds


def _take(
    members: Members,
    row: str,
    subject: tuple[str, tuple[tuple[str, str], ...]],
    window: tuple[Span, Fraction],
    books: UsageImport,
) -> Iterator[_Sample]:
    (what, labels), (span, seconds) = subject, window
    usage = members.mapping("usage")
    cpus, memory = (amount(usage, name) if usage is not None else None for name in ("cpu", "memory"))
    figures: list[tuple[str, str, Fraction, str, bool]] = []
    if cpus is not None:
        figures.append(("cpu-time", "s", cpus * seconds, "usage.cpu", False))
    if memory is not None:
        figures.append(("memory-time", "kib-s", memory / _KIB * seconds, "usage.memory", True))
    if not figures:
        books.leave_out(row, "it states neither cpu nor memory")
        return
    uses = tuple(
        Use(
            dimension=dimension,
            unit=unit,
            span=span,
            quantity=quantity,
            method=f"{_GROUP} {field} × window, {what}",
            rows=(row,),
            labels=labels,
            estimated=estimated,
        )
        for dimension, unit, quantity, field, estimated in figures
    )
    yield _Sample(Found(key=f"{what} at {span}", row=row, uses=uses), what, span)


def _apart(samples: Sequence[_Sample], books: UsageImport) -> Iterator[Found]:
    """Leaves out windows that overlap an earlier one of the same thing (USAGE-IMPORT-1)."""
    last: dict[str, Span] = {}
    for sample in sorted(samples, key=lambda one: (one.subject, one.span)):
        before = last.get(sample.subject)
        if before is not None and before != sample.span and before.overlaps(sample.span):
            why = f"its window {sample.span} overlaps {before} of the same thing, and would count twice"
            books.leave_out(sample.found.row, why)
            continue
        last[sample.subject] = sample.span
        yield sample.found
