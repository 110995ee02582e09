"""`crex statement`: an account as the broker states it, held to its documents; and closing its periods."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from crex.cli.options import Commands, command, group, moment, request_id
from crex.cli.result import OK, REFUSED, Result

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crex import v1
    from crex.accounts.account import Account, Billed
    from crex.cli.party import Customer
    from crex.metering.span import Span

_BEGINNING_MS: Final = 0
_CLOSED: Final = "period-close"


def add(commands: Commands) -> None:
    """Adds the commands."""
    statements = group(commands, "statement", "statements of account")
    show = command(statements, "show", _show, "state an account, and recompute it from its documents")
    show.add_argument("--seller", metavar="AUTHORITY", help="who is paid (you)")
    show.add_argument("--buyer", metavar="AUTHORITY", help="who pays (you)")
    show.add_argument("--account", default="", help="the buyer's account (that of the buyer's name)")
    show.add_argument("--from", dest="start", type=moment, metavar="TIME", help="its first instant (1970)")
    show.add_argument("--until", type=moment, metavar="TIME", help="the instant where it ends (now)")
    close = command(statements, "close", _close, "close a period of an account by your signature")
    close.add_argument("buyer", metavar="BUYER", help="authority that pays")
    close.add_argument("--account", default="", help="the buyer's account (that of the buyer's name)")
    close.add_argument("--from", dest="start", type=moment, metavar="TIME", help="start of the first period")
    close.add_argument("--until", type=moment, metavar="TIME", help="end of the period (now)")
    request_id(close)


def _show(options: argparse.Namespace) -> Result:
    from crex.accounts.statement import statement
    from crex.accounts.statement_text import as_text
    from crex.cli.party import now, open_customer
    from crex.documents.convert import to_json
    from crex.documents.times import to_ms
    from crex.errors import CrexError
    from crex.metering.span import Span

    customer = open_customer(options)
    seller, buyer = options.seller or customer.authority, options.buyer or customer.authority
    if seller == buyer:
        raise CrexError("SCHEMA", "Say with whom: --seller where you pay, --buyer where you are paid.")
    start = to_ms(options.start) if options.start is not None else _BEGINNING_MS
    period = Span(start, max(start, to_ms(options.until or now())))
    parties = (seller, buyer, options.account or buyer)
    stated = whole = _stated(customer, parties, period).statement
    if period.start_ms > _BEGINNING_MS:
        whole = _stated(customer, parties, Span(_BEGINNING_MS, period.end_ms)).statement
    account = _account(customer, parties, whole)
    same = statement(account, period) == stated
    text = as_text(stated)
    verdict = "Its documents come to the same." if same else "Its documents come to something else: wrong."
    return Result({"statement": to_json(stated), "ok": same}, f"{text}\n\n{verdict}", OK if same else REFUSED)


def _close(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.accounts.close import build_close
    from crex.cli.party import new_request_id, now, open_customer
    from crex.documents.convert import to_json
    from crex.documents.times import to_ms
    from crex.errors import CrexError
    from crex.metering.span import Span
    from crex.trust.verify import open_envelope

    customer = open_customer(options)
    parties = (customer.authority, options.buyer, options.account or options.buyer)
    end_ms = to_ms(options.until or now())
    stated = _stated(customer, parties, Span(_BEGINNING_MS, to_ms(now()) + 1))
    closes = stated.closes
    previous = None
    if closes:
        previous = open_envelope(closes[-1], v1.PeriodClose, customer.trust, now=now())
    elif options.start is None:
        raise CrexError("SCHEMA", "Nothing of the account is closed yet. Say with --from where it begins.")
    start_ms = to_ms(options.start) if previous is None else Span.of(previous.message.period).end_ms
    if start_ms > end_ms:
        raise CrexError("SCHEMA", "The period ends before it begins. Give a later --until.")
    account = _account(customer, parties, stated.statement)
    close = build_close(account, Span(start_ms, end_ms), header=customer.header(_CLOSED), previous=previous)
    envelope = customer.identity.sign_document(close)
    response = customer.client.close_period(
        v1.ClosePeriodRequest(request_id=new_request_id(options), close=envelope)
    )
    counts = (close.invoice_count, close.credit_note_count, close.debit_note_count)
    text = (
        f"Closed {Span(start_ms, end_ms)} of account {parties[2]} of {parties[1]}: {counts[0]} invoices, "
        f"{counts[1]} credit notes, {counts[2]} debit notes."
    )
    return Result({"close": to_json(close), "sha256": response.sha256}, text)


def _stated(customer: Customer, parties: tuple[str, str, str], period: Span) -> v1.GetStatementResponse:
    from crex import v1

    seller, buyer, account = parties
    return customer.client.get_statement(
        v1.GetStatementRequest(seller=seller, buyer=buyer, account=account, period=period.message())
    )


def _account(customer: Customer, parties: tuple[str, str, str], whole: v1.Statement) -> Account:
    """Reads an account from every document of it, each verified; payments are as the seller recorded them.

    Args:
        customer: Who reads it.
        parties: Seller, buyer and account.
        whole: The broker's statement from the account's beginning, for the payments.
    """
    from crex.accounts.account import Account, Paid
    from crex.invoice.money import money_of
    from crex.metering.span import timestamp_ms

    payments = [
        Paid(each.reference, -money_of(each.amount), timestamp_ms(each.time), each.invoice)
        for each in whole.entries
        if each.kind == "payment"
    ]
    return Account.of(_billed(customer, parties), payments, parties=parties)


def _billed(customer: Customer, parties: tuple[str, str, str]) -> Iterable[Billed]:
    from crex import v1
    from crex.cli.disputes_at import InvoiceAt
    from crex.cli.party import pages

    request = v1.ListInvoicesRequest(page_size=1000)
    for page in pages(customer.client.list_invoices, request):
        for record in page.invoices:
            if (record.seller, record.buyer) != parties[:2]:
                continue
            opened = InvoiceAt.fetch(customer, record.id, judging=True).opened
            if opened.invoice.message.account == parties[2]:
                yield opened.billed()
