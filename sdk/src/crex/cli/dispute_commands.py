"""`crex dispute`: opened, answered, agreed, escalated, withdrawn and ruled, each by a signature."""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from crex.cli.disputed_amounts import HELP as LINE
from crex.cli.options import Commands, command, duration, group, request_id
from crex.cli.result import Result, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crex import v1
    from crex.cli.disputes_at import DisputeAt
    from crex.decimals import Money

_ANSWER_WITHIN: Final = timedelta(days=14)


def add(commands: Commands) -> None:
    """Adds the commands."""
    disputes = group(commands, "dispute", "disputes: pay what you do not dispute")
    opening = command(disputes, "open", _open, "recompute an invoice and dispute lines of it")
    opening.add_argument("invoice", metavar="INVOICE", help="name of the invoice")
    opening.add_argument("--line", action="append", required=True, metavar="LINE[=AMOUNT]", help=LINE)
    opening.add_argument("--reason", default="quantity", help="quantity, price, duplicate … (quantity)")
    opening.add_argument("--text", default="", help="the objection in words")
    opening.add_argument(
        "--answer-within",
        type=duration,
        default=_ANSWER_WITHIN,
        metavar="TIME",
        help="then it goes to the arbiter; seven days at least (14d)",
    )
    _arbiter(opening)
    request_id(opening)
    listing = command(disputes, "list", _list, "list your disputes, newest first")
    listing.add_argument("--invoice", default="", help="of this invoice only")
    showing = command(disputes, "show", _show, "show a dispute, what came of it, and what is payable")
    showing.add_argument("dispute", metavar="DISPUTE", help="name of the dispute")
    answer = _step(disputes, "answer", _answer, "recompute the invoice and answer a dispute of it")
    answer.add_argument(
        "--concede", action="append", default=[], metavar="LINE[=AMOUNT]", help=f"give way to {LINE}"
    )
    answer.add_argument(
        "--credited-by", metavar="NOTE", help="name of the credit note that took back what is conceded"
    )
    _arbiter(answer)
    for name, about in (
        ("agree", "agree to what the answer gives way to"),
        ("escalate", "take an answered dispute to the arbiter"),
        ("withdraw", "take a dispute back: all that was billed is payable"),
    ):
        _step(disputes, name, _reply, about).set_defaults(step=name)
    rule = _step(disputes, "rule", _rule, "decide a dispute, as its arbiter")
    rule.add_argument("--uphold", action="append", default=[], metavar="LINE[=AMOUNT]", help=f"uphold {LINE}")


def _step(disputes: Commands, name: str, run: Any, about: str) -> argparse.ArgumentParser:
    parser = command(disputes, name, run, about)
    parser.add_argument("dispute", metavar="DISPUTE", help="name of the dispute")
    parser.add_argument("--text", default=None, help="why, in words")
    request_id(parser)
    return parser


def _arbiter(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--arbiter", metavar="AUTHORITY", help="whom you accept as arbiter (the broker of the lease)"
    )


def _open(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.disputed_amounts import amounts
    from crex.cli.disputes_at import InvoiceAt
    from crex.cli.party import new_request_id, now, open_customer
    from crex.disputes.papers import Objection, build_dispute

    customer = open_customer(options)
    invoice = InvoiceAt.fetch(customer, options.invoice)
    found = invoice.recomputed()
    standing = invoice.standing
    objected = amounts(options.line, {key: line.amount for key, line in standing.lines.items()})
    document = build_dispute(
        standing,
        [Objection(key, amount, options.reason, options.text) for key, amount in objected.items()],
        header=invoice.header("dispute"),
        answer_by=now() + options.answer_within,
        arbiter=options.arbiter,
    )
    response = customer.client.open_dispute(
        v1.OpenDisputeRequest(
            request_id=new_request_id(options), dispute=customer.identity.sign_document(document)
        )
    )
    return _stepped(response, f"{found}\nDisputed {document.disputed.amount} {document.disputed.currency}. ")


def _answer(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.disputed_amounts import amounts
    from crex.cli.disputes_at import DisputeAt
    from crex.cli.party import new_request_id, open_customer
    from crex.disputes.papers import build_answer

    customer = open_customer(options)
    at = DisputeAt.fetch(customer, options.dispute)
    found = at.invoice.recomputed()
    conceded = amounts(options.concede, at.case.disputed)
    credit = {}
    if options.credited_by is not None:
        credit = dict.fromkeys(conceded, at.invoice.note(options.credited_by))
    document = build_answer(
        at.case,
        conceded,
        header=at.invoice.header("dispute-answer"),
        texts=dict.fromkeys(at.case.keys, options.text) if options.text else None,
        credit_notes=credit,
        arbiter=options.arbiter,
    )
    response = customer.client.answer_dispute(
        v1.AnswerDisputeRequest(
            request_id=new_request_id(options), answer=customer.identity.sign_document(document)
        )
    )
    return _stepped(response, f"{found}\n")


def _reply(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.disputes_at import DisputeAt
    from crex.cli.party import new_request_id, open_customer
    from crex.disputes.papers import build_reply

    customer = open_customer(options)
    at = DisputeAt.fetch(customer, options.dispute)
    document = build_reply(
        at.case, options.step, header=at.invoice.header("dispute-reply"), text=options.text
    )
    reply, id_ = customer.identity.sign_document(document), new_request_id(options)
    if options.step == "agree":
        agreed = customer.client.agree_dispute(v1.AgreeDisputeRequest(request_id=id_, reply=reply))
        return _stepped(agreed, "")
    if options.step == "escalate":
        raised = customer.client.escalate_dispute(v1.EscalateDisputeRequest(request_id=id_, reply=reply))
        return _stepped(raised, "")
    return _stepped(
        customer.client.withdraw_dispute(v1.WithdrawDisputeRequest(request_id=id_, reply=reply)), ""
    )


def _rule(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.disputed_amounts import amounts
    from crex.cli.disputes_at import DisputeAt
    from crex.cli.party import new_request_id, open_customer
    from crex.disputes.papers import build_ruling

    customer = open_customer(options)
    at = DisputeAt.fetch(customer, options.dispute, judging=True)
    document = build_ruling(
        at.case,
        amounts(options.uphold, at.case.disputed),
        header=at.invoice.header("ruling"),
        text=options.text,
    )
    response = customer.client.rule_dispute(
        v1.RuleDisputeRequest(
            request_id=new_request_id(options), ruling=customer.identity.sign_document(document)
        )
    )
    return _stepped(response, "")


def _list(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import open_customer, pages, state_text
    from crex.documents.convert import to_json

    customer = open_customer(options)
    request = v1.ListDisputesRequest(invoice_id=options.invoice, page_size=1000)
    found = [one for page in pages(customer.client.list_disputes, request) for one in page.disputes]
    rows = [
        [
            one.id,
            state_text(v1.DisputeState, one.state),
            f"{one.disputed.amount} {one.disputed.currency}",
            one.invoice,
            one.answer_by.ToJsonString(),
        ]
        for one in found
    ]
    heads = ["DISPUTE", "STATE", "DISPUTED", "INVOICE", "ANSWER BY"]
    return Result([to_json(one) for one in found], table(heads, rows, empty="There are no disputes."))


def _show(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.disputes_at import DisputeAt
    from crex.cli.party import open_customer, state_text
    from crex.documents.convert import to_json

    customer = open_customer(options)
    at = DisputeAt.fetch(customer, options.dispute, judging=True)
    record, case = at.record, at.case
    found = at.invoice.payable()
    lines = [
        f"{record.id} of {record.invoice}",
        f"State        {state_text(v1.DisputeState, record.state)}, arbiter {case.arbiter}",
        f"Disputed     {record.disputed.amount} {record.disputed.currency}, with taxes",
        f"Answer by    {record.answer_by.ToJsonString()}",
        *_lines(at),
        f"Owed         {found.owed}",
        f"Payable      {found.payable}",
    ]
    value = {
        "record": to_json(record),
        "dispute": to_json(case.dispute.message),
        "papers": [to_json(paper.message) for paper in at.papers],
        "owed": str(found.owed),
        "payable": str(found.payable),
    }
    return Result(value, "\n".join(lines))


def _lines(at: DisputeAt) -> Iterator[str]:
    from crex.documents.inline import inline

    granted: dict[str, Money] = at.case.granted
    what = "upheld" if at.case.ruling is not None else "conceded"
    for number, line in enumerate(at.case.dispute.message.lines, start=1):
        yield f"{number}. {line.key}"
        yield f"     disputed   {line.disputed.amount} {line.disputed.currency}, {line.reason}"
        if line.text:
            yield f"     because    {inline(line.text)}"
        if line.key in granted:
            yield f"     {what:<10} {granted[line.key]}"


def _stepped(
    response: v1.OpenDisputeResponse
    | v1.AnswerDisputeResponse
    | v1.AgreeDisputeResponse
    | v1.EscalateDisputeResponse
    | v1.WithdrawDisputeResponse
    | v1.RuleDisputeResponse,
    before: str,
) -> Result:
    from crex import v1
    from crex.cli.party import state_text
    from crex.documents.convert import to_json

    dispute, invoice = response.dispute, response.invoice
    text = (
        f"{before}{dispute.id} is {state_text(v1.DisputeState, dispute.state)}; {invoice.id} is "
        f"{state_text(v1.InvoiceState, invoice.state)}, and {invoice.payable.amount} "
        f"{invoice.payable.currency} of it is payable."
    )
    value = {
        "dispute": to_json(dispute),
        "invoice": to_json(invoice),
        "replayed": response.replayed,
    }
    return Result(value, text)
