"""Disputes, notes, corrections, payments and statements over real channels, by the command line and raced."""

from __future__ import annotations

import argparse
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crex import v1
from crex.cli.disputes_at import InvoiceAt
from crex.cli.party import Customer, now, open_customer
from crex.disputes.papers import Objection, build_dispute, build_reply
from crex.documents.times import parse_time
from crex.errors import RemoteError
from crex.invoice import cancel
from crex.invoice.acceptance import build_acceptance
from reference_broker.tests.command_line import CommandLine, Sale, sell
from reference_broker.tests.wire import BROKER, Operation, request_id

_PATIENCE_S = 30.0
_TWO_WEEKS = timedelta(days=14)


@pytest.fixture
def billed(tmp_path: Path) -> Iterator[Sale]:
    """A sale of its own, whose usage may be corrected, with an arbiter."""
    with sell(tmp_path, correctable=True) as made:
        yield made


def customer(line: CommandLine) -> Customer:
    """A party with its client, as its commands have it."""
    return open_customer(
        argparse.Namespace(home=line.home, authority=line.authority, broker=line.target, proxy_roots=None)
    )


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Makes calls at the same time; gives their answers or errors."""
    answers: list[Any] = [None] * len(calls)
    gate = threading.Barrier(len(calls))

    def make(index: int, call: Callable[[], Any]) -> None:
        gate.wait()
        try:
            answers[index] = call()
        except RemoteError as error:
            answers[index] = error

    threads = [threading.Thread(target=make, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def cents(amount: str) -> int:
    """An amount of euros in cents."""
    whole, _, part = amount.partition(".")
    return int(whole) * 100 + int(part)


def euros(minor: int) -> str:
    """Cents as an amount of euros."""
    return f"{minor // 100}.{minor % 100:02}"


def units(sale: Sale) -> tuple[int, str]:
    """Number and amount of the greatest line of the invoice."""
    lines = sale.consumer("invoice", "show", sale.invoice)["lines"]
    amounts = [line["amount"]["amount"] for line in lines]
    greatest = max(amounts, key=cents)
    return amounts.index(greatest) + 1, greatest


def correction(sale: Sale, folder: Path, revision: int, quantity: str) -> Path:
    """A file with a higher revision of the longest record of the units."""
    records = sale.provider("usage", "list", sale.lease)["records"]
    held = [one for one in records if one["dimension"] == "compute-unit" and one["quantity"] != "0"]
    record = max(held, key=lambda one: parse_time(one["end"]) - parse_time(one["start"]))
    record = {**record, "revision": str(revision), "quantity": quantity}
    place = folder / f"revision-{revision}.jsonl"
    place.write_text(json.dumps(record, separators=(",", ":")) + "\n", "utf-8")
    return place


@pytest.mark.slow
def test_a_dispute_goes_to_the_arbiter_and_is_settled(
    billed: Sale, capsys: pytest.CaptureFixture[str]
) -> None:
    """BILLING-DISPUTE-5, DISPUTE-SETTLE-1: every step by its party's command, to the last payment."""
    sale = billed
    number, amount = units(sale)
    part = euros(cents(amount) // 2)
    opened = sale.consumer(
        "dispute", "open", sale.invoice, "--line", f"{number}={part}", "--text", "Too much."
    )
    dispute = opened["dispute"]["id"]
    assert opened["invoice"]["state"] == "INVOICE_STATE_DISPUTED"
    assert cents(opened["invoice"]["payable"]["amount"]) == cents(
        opened["invoice"]["owed"]["amount"]
    ) - cents(part)
    for line in (sale.consumer, sale.provider):
        assert [one["id"] for one in line("dispute", "list")] == [dispute]
    assert sale.operator.plain("dispute", "show", dispute) == 1
    assert sale.other.plain("dispute", "show", dispute) == 1
    assert "NOT_FOUND" in capsys.readouterr().err
    sale.provider("invoice", "accept", sale.invoice, code=1)
    paid = sale.provider("invoice", "pay", sale.invoice, "wire 1")
    assert paid["payable"]["amount"] == "0.00"
    answered = sale.provider("dispute", "answer", dispute, "--concede", "1=0.01", "--text", "A cent.")
    assert answered["dispute"]["state"] == "DISPUTE_STATE_ANSWERED"
    escalated = sale.consumer("dispute", "escalate", dispute)
    assert escalated["dispute"]["arbiter"] == BROKER
    assert sale.arbiter.plain("dispute", "rule", dispute) == 1
    ruled = sale.operator("dispute", "rule", dispute, "--uphold", "1=0.02", "--text", "Two cents.")
    assert ruled["dispute"]["state"] == "DISPUTE_STATE_RESOLVED"
    assert ruled["invoice"]["state"] == "INVOICE_STATE_CREDITED"
    noted = sale.provider("note", "issue", sale.invoice, "--settle", dispute)
    assert noted["note"]["total"]["amount"] == "-0.02"
    assert [one["id"] for one in sale.consumer("note", "list", sale.invoice)] == [noted["note"]["id"]]
    assert sale.consumer("note", "show", noted["note"]["id"])["ok"] is True
    assert sale.consumer("invoice", "verify", sale.invoice)["ok"] is True
    assert sale.consumer.plain("dispute", "show", dispute) == 0
    shown = capsys.readouterr().out
    assert "upheld     0.02 EUR" in shown
    settled = sale.provider("invoice", "pay", sale.invoice, "wire 2")
    assert settled["state"] == "INVOICE_STATE_SETTLED"
    stated = sale.consumer("statement", "show", "--seller", sale.provider.authority)
    assert stated["ok"] is True
    (balance,) = stated["statement"]["balances"]
    assert balance["closing"]["amount"] == "0.00"
    assert sale.provider("statement", "show", "--buyer", sale.consumer.authority)["ok"] is True


@pytest.mark.slow
def test_usage_is_corrected_and_credited(
    billed: Sale, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """BILLING-AMEND-1, BILLING-NOTE-1: a correction, the note that follows, agreement, and the close."""
    sale = billed
    first = correction(sale, tmp_path, 2, "0.5")
    amended = sale.provider("usage", "amend", sale.lease, str(first))
    assert amended["state"] == "USAGE_STATE_SEALED"
    assert sale.consumer("usage", "verify", sale.lease)["final"] is True
    assert sale.provider.plain("usage", "amend", sale.lease, str(first)) == 1
    assert "no higher revision" in capsys.readouterr().err
    credited = sale.provider("note", "issue", sale.invoice)
    assert credited["note"]["type"] == "credit-note"
    sale.provider("note", "issue", sale.invoice, code=1)
    accepted = sale.consumer("invoice", "accept", sale.invoice)
    assert accepted["state"] == "INVOICE_STATE_ACCEPTED"
    sale.provider("usage", "amend", sale.lease, str(correction(sale, tmp_path, 3, "0.75")))
    debited = sale.provider("note", "issue", sale.invoice)
    assert debited["note"]["type"] == "debit-note"
    assert debited["invoice"]["state"] == "INVOICE_STATE_ISSUED"
    number, _ = units(sale)
    opened = sale.consumer("dispute", "open", sale.invoice, "--line", f"{number}=0.01", "--reason", "price")
    dispute = opened["dispute"]["id"]
    sale.provider("dispute", "answer", dispute, "--concede", "1")
    agreed = sale.consumer("dispute", "agree", dispute)
    assert agreed["invoice"]["state"] == "INVOICE_STATE_CREDITED"
    sale.provider("note", "issue", sale.invoice, "--settle", dispute)
    sale.provider("statement", "close", sale.consumer.authority, "--from", "2026-01-01T00:00:00Z")
    sale.provider("statement", "close", sale.consumer.authority)
    cancelled = sale.provider("note", "issue", sale.invoice, "--cancel")
    assert cancelled["invoice"]["owed"]["amount"] == "0.00"
    withdrawn = sale.consumer("statement", "show", "--seller", sale.provider.authority)
    assert withdrawn["ok"] is True


def test_of_two_that_meet_on_the_wire_one_is_taken(billed: Sale) -> None:
    """BILLING-NOTE-2, STATE-INVOICE-1: two notes at once, then an acceptance and a dispute at once."""
    seller, buyer = customer(billed.provider), customer(billed.consumer)
    # An acceptance and a dispute of the same invoice, by two programs of the buyer.
    mine = InvoiceAt.fetch(buyer, billed.invoice)
    report, _ = mine.source.recompute()
    acceptance = build_acceptance(mine.opened.invoice, report, header=buyer.header("invoice-acceptance"))
    dispute = _dispute(mine)
    accept = v1.AcceptInvoiceRequest(
        request_id=request_id(), acceptance=buyer.identity.sign_document(acceptance)
    )
    opening = v1.OpenDisputeRequest(request_id=request_id(), dispute=buyer.identity.sign_document(dispute))
    answers = at_once(lambda: buyer.client.accept_invoice(accept), lambda: buyer.client.open_dispute(opening))
    (lost,) = [each for each in answers if isinstance(each, RemoteError)]
    assert lost.reason == "ILLEGAL_TRANSITION"
    # Two notes, made from what stands now.
    invoice = InvoiceAt.fetch(seller, billed.invoice)
    drafts = [cancel(invoice.ledger(), header=invoice.header("note")) for _ in range(2)]
    requests = [
        v1.IssueNoteRequest(
            request_id=request_id(), note=seller.identity.sign_document(each.message), lines=each.lines
        )
        for each in drafts
    ]
    answers = at_once(*[lambda each=each: seller.client.issue_note(each) for each in requests])
    (lost,) = [each for each in answers if isinstance(each, RemoteError)]
    (taken,) = [each for each in answers if not isinstance(each, RemoteError)]
    assert (lost.reason, lost.details["note"]) == ("CONFLICT", taken.note.id)
    assert taken.invoice.owed.amount == "0.00"


@pytest.mark.slow
def test_what_was_committed_before_a_kill_is_answered_after_it(billed: Sale) -> None:
    """IDEMPOTENCY-REPLAY-1: killed between commit and answer, the same request gives the same result."""
    seller, buyer = customer(billed.provider), customer(billed.consumer)
    mine = InvoiceAt.fetch(buyer, billed.invoice)
    opening = v1.OpenDisputeRequest(
        request_id=request_id(), dispute=buyer.identity.sign_document(_dispute(mine))
    )
    opened = _killed_and_repeated(billed.operation, opening, lambda: buyer.client.open_dispute(opening))
    assert opened.invoice.open_dispute_count == 1
    again = InvoiceAt.fetch(buyer, billed.invoice)
    reply = build_reply(again.cases[0], "withdraw", header=again.header("dispute-reply"))
    withdrawing = v1.WithdrawDisputeRequest(
        request_id=request_id(), reply=buyer.identity.sign_document(reply)
    )
    withdrawn = _killed_and_repeated(
        billed.operation, withdrawing, lambda: buyer.client.withdraw_dispute(withdrawing)
    )
    assert withdrawn.invoice.state == v1.InvoiceState.INVOICE_STATE_ISSUED
    theirs = InvoiceAt.fetch(seller, billed.invoice)
    draft = cancel(theirs.ledger(), header=theirs.header("note"))
    noting = v1.IssueNoteRequest(
        request_id=request_id(), note=seller.identity.sign_document(draft.message), lines=draft.lines
    )
    noted = _killed_and_repeated(billed.operation, noting, lambda: seller.client.issue_note(noting))
    assert noted.invoice.note_count == 1
    assert [one["id"] for one in billed.consumer("note", "list", billed.invoice)] == [noted.note.id]
    assert [one["state"] for one in billed.consumer("dispute", "list")] == ["DISPUTE_STATE_WITHDRAWN"]
    assert billed.consumer("invoice", "verify", billed.invoice)["ok"] is True


def _dispute(invoice: InvoiceAt) -> v1.Dispute:
    """A dispute of a cent of the invoice's greatest line."""
    line = max(invoice.standing.lines.values(), key=lambda each: each.amount.minor)
    cent = type(line.amount)(line.amount.currency, 1)
    return build_dispute(
        invoice.standing,
        [Objection(line.key, cent, "quantity")],
        header=invoice.header("dispute"),
        answer_by=now() + _TWO_WEEKS,
    )


def _killed_and_repeated(operation: Operation, request: Any, call: Callable[[], Any]) -> Any:
    """Sends a request, kills the broker once it is committed, starts it, and sends the same again."""
    lost: list[Any] = []

    def send() -> None:
        try:
            lost.append(call())
        except RemoteError as error:
            lost.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    until = time.monotonic() + _PATIENCE_S
    with sqlite3.connect(f"file:{operation.database}?mode=ro", uri=True) as store:
        while not store.execute(
            "SELECT 1 FROM requests WHERE request_id = ?", (request.request_id,)
        ).fetchone():
            assert time.monotonic() < until, lost
    operation.kill()
    thread.join()
    operation.start()
    answer = call()
    assert answer.replayed
    if not isinstance(lost[0], RemoteError):  # the answer was on its way already
        lost[0].replayed = True
        assert lost[0] == answer
    return answer
