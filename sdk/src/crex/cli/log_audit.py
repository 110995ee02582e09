"""`crex log audit` and `crex log compare`: has anything been altered, dropped, or shown differently."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crex.cli.log_commands import done, seen_by, witnessed
from crex.cli.log_papers import collect
from crex.cli.log_source import LogAt, open_log, progress, tile_source, told
from crex.cli.result import OK, REFUSED, Result

if TYPE_CHECKING:
    from crex import v1
    from crex.transparency.audit import LogAudit
    from crex.transparency.findings import Finding
    from crex.transparency.papers import Shown
    from crex.transparency.source import LogSource
    from crex.transparency.views import View


def audit(options: argparse.Namespace) -> Result:
    """Audits a log, and the issuers whose documents are in hand."""
    from crex.cli.effect import refuse_useless
    from crex.cli.party import now
    from crex.errors import TrustError
    from crex.transparency.audit import Evidence
    from crex.transparency.auditor import audit_log
    from crex.transparency.closes import check_closes
    from crex.transparency.findings import finding_of
    from crex.transparency.streams import check_streams
    from crex.transparency.views import read_view

    if not options.records:
        refuse_useless(options, ("--purpose",), "no records are asked for. Add --records, or leave it out.")
    at = open_log(options)
    held = collect((*options.documents, *options.receipts), at)
    shown = collect(options.published, at)
    client = at.client()
    last = client.last() if client is not None else None
    findings = [*check_streams(held.papers), *check_closes(held.papers)]
    records: list[Shown] = []
    found: LogAudit | None = None
    times: dict[str, str] = {}
    try:
        view = read_view(at.source, at.keys, origin=at.origin)
        records = _records(options, at, view) if options.records else []
        evidence = Evidence(
            views=[*held.views, *([last] if last is not None else [])],
            promises=[*held.promises, *shown.promises],
            papers=held.papers,
            published=shown.papers,
            records=records,
        )
        found = audit_log(view, at.source, evidence, now=now(), progress=progress("leaves"))
        findings = [*found.findings, *findings]
        times = witnessed(options, at, view)
        if client is not None and not found.findings:
            client.accept(view, at.source)
    except TrustError as error:
        finding = finding_of(error)
        if finding is None:
            raise
        findings = [finding, *findings]
    lines = _told(at, found, times, findings, [*held.notes, *shown.notes])
    if options.evidence is not None and findings:
        lines += _keep(options.evidence, findings)
    value = {
        **(told(found.view) if found is not None else {"log": at.origin}),
        "leaves": str(found.leaves if found is not None else 0),
        "rebuilt": found is not None and found.rebuilt,
        "pastCheckpoints": found.past if found is not None else 0,
        "promises": {
            "kept": found.kept if found is not None else 0,
            "pending": found.pending if found is not None else 0,
        },
        "documents": len(held.papers) + len(shown.papers),
        "records": len(records),
        "witnesses": times,
        "findings": [finding_value(finding) for finding in findings],
        "notUsed": [*held.notes, *shown.notes],
    }
    return done(value, lines, REFUSED if findings else OK)


def finding_value(finding: Finding) -> dict[str, Any]:
    """A finding for programs."""
    return {
        "finding": finding.kind.value,
        "requirement": finding.requirement,
        "message": finding.message,
        "evidence": dict(finding.evidence),
    }


def compare(options: argparse.Namespace) -> Result:
    """Compares two checkpoints, each from a file or from tiles."""
    from crex.errors import TrustError
    from crex.transparency.findings import finding_of
    from crex.transparency.views import check_witness_times, compare_views

    options.tiles = options.tiles or options.places[0]  # the keys are looked up as for tiles
    at = open_log(options)
    views: list[View] = []
    sources: list[LogSource] = []
    for place in options.places:
        view, source = _view(options, place, at)
        views.append(view)
        sources += [source] if source is not None else []
    try:
        compare_views(views[0], views[1], sources)
    except TrustError as error:
        finding = finding_of(error)
        if finding is None:
            raise
        return done({"same": False, "findings": [finding_value(finding)]}, [str(finding)], REFUSED)
    late = check_witness_times(views[0], views[1], at.witnesses)
    sizes = sorted(view.size for view in views)
    same = "the same tree" if sizes[0] == sizes[1] else f"one tree, at {sizes[0]} and at {sizes[1]} leaves"
    value: dict[str, Any] = {"same": True, "views": [told(view) for view in views]}
    lines = [f"{at.origin}: both were shown {same}."]
    if late:
        value["findings"] = [finding_value(finding) for finding in late]
        lines += map(str, late)
    return done(value, lines, REFUSED if late else OK)


def _view(options: argparse.Namespace, place: str, at: LogAt) -> tuple[View, LogSource | None]:
    from crex.cli.files import read_bytes
    from crex.transparency.views import open_view, read_view

    path = Path(place)
    if path.is_file():
        return open_view(read_bytes(path), at.keys, origin=at.origin, place=place), None
    source = tile_source(options, place)
    return read_view(source, at.keys, origin=at.origin), source


def _records(options: argparse.Namespace, at: LogAt, view: View) -> list[Shown]:
    """Gives the records that the checkpoint covers; what was accepted since, the next audit has."""
    from crex.errors import CrexError
    from crex.transparency.papers import Shown

    if at.customer is None:
        raise CrexError("SCHEMA", "Records are shown by the broker. Leave out --tiles, or --records.")
    return [Shown.of(record) for record in records_from(at, 0, view.size, purpose=options.purpose or "")]


def records_from(at: LogAt, start: int, end: int, *, purpose: str = "") -> Iterable[v1.SupervisedRecord]:
    """Yields the records of some positions that a supervisor is shown; none where tiles are read.

    Raises:
        TrustError: CHECKPOINT: the broker leads astray.
    """
    from crex.transparency.source import records_between

    if at.customer is None:
        return ()
    return records_between(at.customer.client.list_records, at.source.place, start, end, purpose=purpose)


def _told(
    at: LogAt, found: LogAudit | None, times: dict[str, str], findings: list[Finding], notes: list[str]
) -> list[str]:
    lines = [f"{at.origin}, read from {at.source.place}"]
    if found is not None:
        lines = [f"{at.origin} at size {found.view.size}, read from {at.source.place}"]
        if found.rebuilt:
            lines.append(f"  its {found.leaves} leaves come to the root that it signed")
        if found.past:
            lines.append(f"  {_count(found.past, 'earlier checkpoint')} of it: the same beginning")
        if found.kept or found.pending:
            lines.append(f"  receipts: {found.kept} kept, {found.pending} whose time has not come")
        if found.foreign:
            lines.append(f"  {_count(len(found.foreign), 'receipt')} of other logs: not judged")
        if found.not_covered:
            lines.append(
                f"  {_count(len(found.not_covered), 'document')} without a receipt: nothing ties them to "
                "the log. Get receipts with `crex log verify FILE --save DIR`"
            )
        lines += seen_by(times)
    lines += [f"  note: {note}" for note in notes]
    if not findings:
        return [*lines, "Nothing was found."]
    return [*lines, f"{_count(len(findings), 'finding')}:", *(f"  {finding}" for finding in findings)]


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _keep(folder: Path, findings: list[Finding]) -> list[str]:
    """Writes what proves each finding, a file each."""
    from crex.cli.files import write_file

    for at, finding in enumerate(findings, start=1):
        for name, text in finding.evidence.items():
            write_file(folder / f"{at}-{finding.kind}-{name.replace(' ', '-')}.txt", f"{text}\n".encode())
        write_file(folder / f"{at}-{finding.kind}.txt", f"{finding}\n".encode())
    return [f"What proves them is in {folder}."]
