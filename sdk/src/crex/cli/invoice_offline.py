"""`crex invoice show|verify` on a bundle: everything from a file, nothing from a network."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crex.cli.invoice_source import open_source
from crex.cli.result import OK, REFUSED, Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crex.invoice.bundle_open import OpenedBundle
    from crex.invoice.dispute import Case, Payable
    from crex.invoice.report import Report


def show(options: argparse.Namespace) -> Result:
    """Shows an invoice with its arithmetic, the notes on it, its disputes, and what is payable."""
    from crex.cli.files import named
    from crex.documents.convert import to_json
    from crex.invoice.dispute import payable
    from crex.invoice.render import render

    opened = open_source(options, options.invoice)
    with named(Path(options.invoice)):
        lines, billed = opened.messages, opened.billed()
        until = _until(opened)
        cases = billed.cases(until)
        found = payable(billed.standing(until), cases)
    message = opened.invoice.message
    plan = opened.plans.get(message.price_plans[0].sha256)
    text = render(message, lines, plan).rstrip("\n")
    text = "\n".join([text, *_after(opened, cases, found)])
    value = {
        "invoice": to_json(message),
        "lines": [to_json(line) for line in lines],
        "notes": [to_json(each.note.message) for each in opened.notes],
        "disputes": [
            {"id": case.dispute.id, "state": case.state, "withheld": str(withheld)}
            for case, withheld in zip(cases, found.withheld, strict=True)
        ],
        "owed": str(found.owed),
        "payable": str(found.payable),
    }
    return Result(value, text)


def verify(options: argparse.Namespace) -> Result:
    """Recomputes an invoice and the notes on it."""
    from crex.cli.files import named

    opened = open_source(options, options.invoice)
    with named(Path(options.invoice)):
        report, notes = opened.recompute(), opened.recompute_notes()
    ok = report.ok and all(each.ok for each in notes)
    lines = [str(report)]
    for each in notes:
        lines += ["", f"Note {each.name}", str(each)]
    lines.append("It is right, to the last digit." if ok else "It is wrong. Do not pay or accept it.")
    value = report_json(report)
    if notes:
        value["notes"] = [report_json(each) for each in notes]
    return Result(value, "\n".join(lines), OK if ok else REFUSED)


def report_json(report: Report) -> dict[str, Any]:
    """Returns a report for programs."""
    return {
        "invoice": report.name,
        "ok": report.ok,
        "ratingDigest": report.rating.digest if report.rating is not None else None,
        "checks": [{"name": one.name, "finding": one.finding, "passed": one.passed} for one in report.checks],
        "differences": [
            {
                "place": one.place,
                "theirs": one.theirs,
                "ours": one.ours,
                "why": one.why,
                "requirement": one.requirement,
                "reason": one.reason,
            }
            for one in report.differences
        ],
    }


def _after(opened: OpenedBundle, cases: tuple[Case, ...], found: Payable) -> Iterator[str]:
    """What came after the invoice."""
    for each in opened.notes:
        total, kind = each.correction.total, each.note.doctype.token.replace("-", " ")
        amount = f"{total.amount} {total.currency}, {each.correction.reason}"
        yield f"{kind.capitalize():<12} {amount}: {each.note.id}"
    for case, withheld in zip(cases, found.withheld, strict=True):
        yield f"Dispute      {case.state.lower()}, {withheld} withheld: {case.dispute.id}"
    if opened.notes or cases:
        yield f"Owed         {found.owed}"
        yield f"Payable      {found.payable}"


def _until(opened: OpenedBundle) -> int:
    """The first instant after the time for which the bundle was judged."""
    from crex.documents.times import to_ms

    return to_ms(opened.invoice.opened_at) + 1
