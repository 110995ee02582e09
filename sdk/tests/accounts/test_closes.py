"""Period closes: complete lists of what was issued, with totals that both sides compute."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crex.accounts.account import Account, Billed
from crex.accounts.close import CloseError, build_close, check_close, leaf
from crex.decimals import Money
from crex.documents.times import parse_time
from crex.invoice.standing import Standing
from crex.metering.span import Span
from crex.trust import merkle
from crex.v1 import PeriodClose
from sdk.tests.invoice.ledger import APRIL, BUYER, DAY, ISSUED, SELLER, STRANGER, Books, eur

MAY = Span.between(parse_time("2026-05-01T00:00:00Z"), parse_time("2026-06-01T00:00:00Z"))
CLOSED_AT = parse_time("2026-06-02T08:00:00Z")


@pytest.fixture(scope="module")
def books() -> Books:
    """Parties that trust each other; lines bear 20 % tax."""
    return Books()


@pytest.fixture(scope="module")
def account(books: Books) -> Account:
    """Three invoices, two of them in April; a credit note in April and a debit note in May."""
    first = books.standing({"gpu": eur("100.00")})
    second = Standing.of(*books.invoice({"gpu": Money("JPY", 700)}, at=ISSUED + DAY))
    third = Standing.of(*books.invoice({"gpu": eur("1.00")}, at=ISSUED + 31 * DAY))
    credit = books.note(first, {"gpu": eur("-25.00")})
    debit = books.note(first.noted(credit), {"gpu": eur("5.00")}, at=ISSUED + 40 * DAY)
    return Account.of([Billed(first, (credit, debit)), Billed(second), Billed(third)])


def closed(books: Books, account: Account, period: Span = APRIL, **more: object) -> PeriodClose:
    """A close of a period."""
    header = books.header(SELLER, "period-close", CLOSED_AT)
    return build_close(account, period, header=header, **more)  # type: ignore[arg-type]  # previous


def refusal(run: Callable[[], object]) -> tuple[str, str]:
    """Reason and requirement of a refusal."""
    with pytest.raises(CloseError) as refused:
        run()
    return refused.value.reason, refused.value.details["requirement"]


def test_a_close_counts_and_sums(books: Books, account: Account) -> None:
    """CLOSE-PERIOD-1, CLOSE-TOTAL-1: what was issued in the period, by currency, notes by their own issue."""
    close = closed(books, account)
    assert (close.invoice_count, close.credit_note_count, close.debit_note_count) == (2, 1, 0)
    euros, yen = close.totals
    assert [getattr(euros, name).amount for name in ("net", "taxes", "total", "credited", "debited")] == [
        "100.00",
        "20.00",
        "120.00",
        "-30.00",
        "0.00",
    ]
    assert (yen.total.amount, yen.total.currency) == ("840", "JPY")
    may = closed(books, account, MAY)
    assert (may.invoice_count, may.debit_note_count) == (1, 1)
    assert (may.totals[0].total.amount, may.totals[0].debited.amount) == ("1.20", "6.00")


def test_the_buyer_checks_a_close(books: Books, account: Account) -> None:
    """CLOSE-ROOT-1: the documents that it closes come back, and one of them is proven without the others."""
    close = books.signed(closed(books, account))
    documents = check_close(close, account)
    pins = [each.pin for each in documents.documents]
    assert leaf(pins[0]).startswith(b'{"id":"crex://provider.example/invoice/')
    proof = merkle.inclusion_proof(documents.leaves, 1)
    root = bytes.fromhex(close.message.documents_root)
    assert merkle.verify_inclusion(leaf(pins[1]), 1, 3, proof, root)


@pytest.mark.parametrize(
    ("change", "reason", "requirement"),
    [
        (lambda c: setattr(c, "counterparty", "other.example"), "TERMS", "CLOSE-PERIOD-1"),
        (lambda c: setattr(c, "account", "other"), "TERMS", "CLOSE-PERIOD-1"),
        (lambda c: setattr(c, "invoice_count", 3), "SUBJECT", "CLOSE-ROOT-1"),
        (lambda c: setattr(c, "documents_root", "0" * 64), "SUBJECT", "CLOSE-ROOT-1"),
        (lambda c: setattr(c.totals[0].taxes, "amount", "20.01"), "TERMS", "CLOSE-TOTAL-1"),
        (lambda c: c.totals.pop(), "TERMS", "CLOSE-TOTAL-1"),
    ],
)
def test_a_close_that_does_not_fit_is_refused(
    books: Books, account: Account, change: Callable[[PeriodClose], None], reason: str, requirement: str
) -> None:
    """Each rule of a close, by a close that breaks only it."""
    message = closed(books, account)
    change(message)
    assert refusal(lambda: check_close(books.signed(message), account)) == (reason, requirement)


def test_a_document_that_the_buyer_lacks_shows(books: Books, account: Account) -> None:
    """CLOSE-ROOT-1: a close of one invoice more than the buyer has is refused, with the counts."""
    close = books.signed(closed(books, account))
    fewer = Account.of(account.billed[:1])
    with pytest.raises(CloseError, match=r"closes 2 invoices.*there are 1 invoices"):
        check_close(close, fewer)


def test_only_the_seller_closes(books: Books, account: Account) -> None:
    """CLOSE-PERIOD-1: a close by another provider is refused."""
    message = closed(books, account)
    message.header.issuer, message.header.id = STRANGER, f"crex://{STRANGER}/period-close/1"
    assert refusal(lambda: check_close(books.signed(message), account)) == ("NOT_A_PARTY", "CLOSE-PERIOD-1")


def test_closes_follow_each_other(books: Books, account: Account) -> None:
    """CLOSE-CHAIN-1: each pins the one before it and begins where that one ends, of the same account."""
    april = books.signed(closed(books, account))
    may = books.signed(closed(books, account, MAY, previous=april))
    assert check_close(may, account, april).count(PeriodClose) == 0  # type: ignore[arg-type]  # nothing is
    assert refusal(lambda: check_close(may, account)) == ("SUBJECT", "CLOSE-CHAIN-1")
    assert refusal(lambda: check_close(april, account, may)) == ("SUBJECT", "CLOSE-CHAIN-1")
    late = Span(MAY.start_ms + 1, MAY.end_ms)
    assert refusal(lambda: closed(books, account, late, previous=april)) == ("CONFLICT", "CLOSE-CHAIN-1")
    other = Account(SELLER, BUYER, "another", account.billed, ())
    assert refusal(lambda: closed(books, other, MAY, previous=april)) == ("SUBJECT", "CLOSE-CHAIN-1")


def test_a_period_without_documents_is_closed_too(books: Books, account: Account) -> None:
    """CLOSE-ROOT-1: nothing was issued: no counts, no totals, the root of nothing."""
    june = Span.between(parse_time("2026-06-01T00:00:00Z"), parse_time("2026-07-01T00:00:00Z"))
    close = books.signed(closed(books, account, june))
    assert check_close(close, account).documents == ()
    assert close.message.documents_root == merkle.EMPTY_ROOT.hex()
