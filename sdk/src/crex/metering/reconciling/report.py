"""A reconciliation for people and for programs: totals first, then everything that differs."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from crex.decimals import counted, show
from crex.metering.reconciling.compare import Difference, Reconciliation, Total
from crex.metering.span import show_ms

# Differences that the text spells out, and records that it names for each.
_SHOWN = 50
_RECORDS = 3


def as_json(found: Reconciliation) -> dict[str, Any]:
    """Returns all of it; amounts are exact decimals as texts."""
    return {
        "ok": found.ok,
        "tolerance": {
            "absolute": show(found.tolerance.absolute),
            "relative": show(found.tolerance.relative),
            "timeMs": found.tolerance.time_ms,
        },
        "matched": found.matched,
        "totals": [_total(each) for each in found.totals],
        "differences": [_difference(each) for each in found.differences],
    }


def as_text(found: Reconciliation) -> str:
    """Returns tables of totals and differences, and the verdict."""
    rows = [["DIMENSION", "UNIT", "OURS", "THEIRS", "THEIRS - OURS", "RECORDS", ""]]
    rows += [_row(each) for each in found.totals]
    lines = _columns(rows)
    for difference in found.differences[:_SHOWN]:
        lines += ["", *_explained(difference)]
    if len(found.differences) > _SHOWN:
        lines += ["", f"… and {len(found.differences) - _SHOWN} more; --json has all"]
    if not found.totals:
        return "Neither file has any record."
    alike = counted(found.matched, "stretch", "stretches")
    lines += ["", f"{alike} of use alike, {counted(len(found.differences), 'difference')}."]
    return "\n".join(lines)


def _row(total: Total) -> list[str]:
    return [
        total.dimension,
        _unit(total),
        show(total.ours),
        show(total.theirs),
        show(total.theirs - total.ours),
        f"{total.counts[0]} / {total.counts[1]}",
        "" if total.within else "differs",
    ]


def _explained(difference: Difference) -> list[str]:
    lines = [f"{difference.kind}: {difference.use}", f"  when    {difference.span}"]
    if difference.ours is not None or difference.theirs is not None:
        ours, theirs = _or_nothing(difference.ours), _or_nothing(difference.theirs)
        lines.append(f"  ours    {ours}, theirs {theirs}: {show(difference.apart)} apart")
    return [*lines, *_records(difference), f"  {difference.why}"]


def _records(difference: Difference) -> Iterator[str]:
    """Names the first records of each side, and how many more there are."""
    sides: dict[str, list[str]] = {}
    for record in dict.fromkeys(difference.records):
        side, colon, place = record.partition(": ")
        sides.setdefault(f" {side}:" if colon else "", []).append(place if colon else record)
    for side, places in sides.items():
        more = f"; and {len(places) - _RECORDS} more" if len(places) > _RECORDS else ""
        yield f"  records{side} {'; '.join(places[:_RECORDS])}{more}"


def _or_nothing(amount: Fraction | None) -> str:
    return "nothing" if amount is None else show(amount)


def _unit(total: Total) -> str:
    return f"{total.unit}·s" if total.held else total.unit


def _columns(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _total(total: Total) -> dict[str, Any]:
    return {
        "dimension": total.dimension,
        "unit": total.unit,
        "held": total.held,
        "ours": show(total.ours),
        "theirs": show(total.theirs),
        "apart": show(total.theirs - total.ours),
        "records": {"ours": total.counts[0], "theirs": total.counts[1]},
        "within": total.within,
    }


def _difference(difference: Difference) -> dict[str, Any]:
    value: dict[str, Any] = {
        "kind": str(difference.kind),
        "lease": difference.use.lease,
        "dimension": difference.use.dimension,
        "unit": difference.use.unit,
    }
    if difference.use.meter:
        value["meter"] = difference.use.meter
    value |= {"start": show_ms(difference.span.start_ms), "end": show_ms(difference.span.end_ms)}
    for name, amount in (("ours", difference.ours), ("theirs", difference.theirs)):
        if amount is not None:
            value[name] = show(amount)
    return value | {"apart": show(difference.apart), "records": [*difference.records], "why": difference.why}
