"""`crex invoice show` and `verify`: every line with its arithmetic, and all of it recomputed."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from crex.cli.invoice_source import SOURCE, open_source, takes_bundles
from crex.cli.options import Commands, command
from crex.cli.result import OK, REFUSED, Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crex.bundles.opening import OpenedBundle
    from crex.disputes.case import Case, Payable
    from crex.invoice.report import Report


def add(invoices: Commands) -> None:
    """Adds the commands."""
    for name, run, about in (
        ("show", _show, "show an invoice, its notes and disputes; every line unfolds to its arithmetic"),
        ("verify", _verify, "recompute an invoice and its notes from usage, price plans and orders"),
    ):
        parser = command(invoices, name, run, about)
        parser.add_argument("invoice", metavar="INVOICE", help=SOURCE)
        takes_bundles(parser)


def _show(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import state_text
    from crex.documents.convert import to_json
    from crex.invoice.views.text import render

    source = open_source(options, options.invoice)
    opened, message = source.opened, source.opened.invoice.message
    with source.named():
        lines = opened.messages
        cases, found = _payable(opened)
    text = render(message, lines, plans=opened.plans, series=[each.message for each in opened.series])
    after = [text.rstrip("\n"), *(f"{name:<12} {said}" for name, said in _after(opened, cases, found))]
    value: dict[str, Any] = {
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
    if source.record is not None:
        value["record"] = to_json(source.record)
        after.append(f"State        {state_text(v1.InvoiceState, source.record.state)}")
    return Result(value, "\n".join(after))


def _verify(options: argparse.Namespace) -> Result:
    report, notes = open_source(options, options.invoice).recompute()
    ok = report.ok and all(each.ok for each in notes)
    lines = [str(report)]
    for each in notes:
        lines += ["", f"Note {each.name}", str(each)]
    lines.append("It is right, to the last digit." if ok else "It is wrong. Do not pay or accept it.")
    value = _report_json(report)
    if notes:
        value["notes"] = [_report_json(each) for each in notes]
    return Result(value, "\n".join(lines), OK if ok else REFUSED)


def _report_json(report: Report) -> dict[str, Any]:
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


def what_came_after(opened: OpenedBundle) -> list[tuple[str, str]]:
    """Returns what came after an invoice, as names with texts: notes, disputes, and what is payable now.

    Raises:
        CrexError: The notes and disputes do not fit together.
    """
    return list(_after(opened, *_payable(opened)))


def _payable(opened: OpenedBundle) -> tuple[tuple[Case, ...], Payable]:
    from crex.disputes.case import payable
    from crex.documents.times import to_ms

    billed, until = opened.billed(), to_ms(opened.invoice.opened_at) + 1
    cases = billed.cases(until)
    return cases, payable(billed.standing(until), cases)


def _after(opened: OpenedBundle, cases: tuple[Case, ...], found: Payable) -> Iterator[tuple[str, str]]:
    for each in opened.notes:
        total, kind = each.correction.total, each.note.doctype.token.replace("-", " ")
        amount = f"{total.amount} {total.currency}, {each.correction.reason}"
        yield kind.capitalize(), f"{amount}: {each.note.id}"
    for case, withheld in zip(cases, found.withheld, strict=True):
        yield "Dispute", f"{case.state.lower()}, {withheld} withheld: {case.dispute.id}"
    if opened.notes or cases:
        yield "Owed", str(found.owed)
        yield "Payable", str(found.payable)
