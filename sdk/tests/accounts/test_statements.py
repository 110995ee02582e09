"""Statements of account: what counts when, and balances that always add up."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crex.accounts.account import Account, Billed, BooksError, DisputePapers, Paid
from crex.accounts.statement import statement
from crex.decimals import Money
from crex.disputes.case import Case
from crex.documents.times import parse_time, to_ms
from crex.metering.span import Span
from crex.v1 import DisputeState, StatementBalance
from sdk.tests.invoice.ledger import APRIL, BUYER, DAY, DUE, ISSUED, SELLER, Books, Tax, eur, key

PARTIES = Books()
MAY = Span.between(parse_time("2026-05-01T00:00:00Z"), parse_time("2026-06-01T00:00:00Z"))


@pytest.fixture
def books() -> Books:
    """Parties that trust each other; lines bear 20 % tax."""
    PARTIES.tax = Tax()
    return PARTIES


def paid(reference: str, amount: str, days: int, invoice: str = "") -> Paid:
    """A payment so many days after the invoice."""
    return Paid(reference, eur(amount), to_ms(ISSUED + days * DAY), invoice)


def figures(balance: StatementBalance) -> dict[str, str]:
    """The amounts of a balance, those of zero left out."""
    found = {field.name: value.amount for field, value in balance.ListFields() if field.name != "currency"}
    return {name: amount for name, amount in found.items() if amount != "0.00"}


def test_the_example_of_the_page(books: Books) -> None:
    """STATEMENT-BALANCE-1, STATEMENT-PAYABLE-1: 120.00 billed, 48.00 of it disputed, the rest paid."""
    standing = books.standing({"gpu": eur("100.00")})
    case = books.case(standing, {"gpu": eur("40.00")})
    invoice = standing.invoice.id
    account = Account.of(
        [Billed(standing, disputes=(DisputePapers(case),))], [paid("4711", "72.00", 19, invoice)]
    )
    found = statement(account, APRIL)
    assert figures(found.balances[0]) == {
        "invoiced": "120.00",
        "paid": "72.00",
        "closing": "48.00",
        "disputed": "48.00",
    }
    assert [(each.kind, each.amount.amount, each.balance.amount) for each in found.entries] == [
        ("invoice", "120.00", "120.00"),
        ("payment", "-72.00", "48.00"),
    ]
    (item,) = found.items
    assert (item.disputes[0].state, item.disputes[0].withheld.amount) == (
        DisputeState.DISPUTE_STATE_ESCALATED,  # nobody answered in time
        "48.00",
    )


def test_a_statement_opens_where_the_one_before_closed(books: Books) -> None:
    """STATEMENT-BALANCE-1: what lies before the period is its opening, and nothing of it is an entry."""
    standing = books.standing({"gpu": eur("100.00")})
    note = books.note(standing, {"gpu": eur("-10.00")}, at=ISSUED + 35 * DAY)
    account = Account.of([Billed(standing, (note,))], [paid("1", "50.00", 40)])
    april, may = statement(account, APRIL), statement(account, MAY)
    assert april.balances[0].closing == may.balances[0].opening
    assert figures(may.balances[0]) == {
        "opening": "120.00",
        "credited": "-12.00",
        "paid": "50.00",
        "closing": "58.00",
        "payable": "108.00",
        "due": "108.00",
        "in_hand": "50.00",
    }


def test_a_debit_note_is_due_when_it_says(books: Books) -> None:
    """STATEMENT-PAYABLE-1: payable at once, due from its own due time on."""
    standing = books.standing({"gpu": eur("100.00")})
    note = books.note(standing, {"gpu": eur("10.00")}, due=DUE + 40 * DAY)
    (balance,) = statement(Account.of([Billed(standing, (note,))]), MAY).balances
    assert (balance.payable.amount, balance.due.amount) == ("132.00", "120.00")
    (balance,) = statement(Account.of([Billed(standing, (note,))]), APRIL).balances
    assert (balance.payable.amount, balance.due.amount) == ("132.00", "120.00")


def test_currencies_never_meet(books: Books) -> None:
    """STATEMENT-BALANCE-1: each currency has a balance of its own."""
    account = Account.of(
        [Billed(books.standing({"gpu": eur("1.00")})), Billed(books.standing({"gpu": Money("JPY", 500)}))]
    )
    assert [(each.currency, each.closing.amount) for each in statement(account, APRIL).balances] == [
        ("EUR", "1.20"),
        ("JPY", "600"),
    ]


def test_a_provisional_invoice_does_not_count(books: Books) -> None:
    """INVOICE-PROVISIONAL-1: a forecast is owed by nobody."""
    from crex.invoice.standing import Standing

    forecast = Standing.of(*books.invoice({"gpu": eur("9.00")}, provisional=True))
    account = Account.of([Billed(forecast)], parties=(SELLER, BUYER, BUYER))
    assert not statement(account, APRIL).balances


def test_books_that_contradict_themselves_are_refused(books: Books) -> None:
    """STATEMENT-PAYMENT-1: one reference is one payment; a payment is for an invoice that is there."""
    standing = books.standing({"gpu": eur("100.00")})
    billed, invoice = [Billed(standing)], standing.invoice.id
    once = paid("a", "1.00", 1, invoice)
    assert Account.of(billed, [once, once]).payments == (once,)
    for payments, reason in (
        ([once, paid("a", "1.01", 1, invoice)], "CONFLICT"),
        ([paid("b", "1.00", 1, f"{invoice}x")], "REFERENCE_MISSING"),
        ([Paid("c", Money("JPY", 1), 0, invoice)], "TERMS"),
    ):
        with pytest.raises(BooksError) as refused:
            Account.of(billed, payments)
        assert refused.value.reason == reason
    for several, reason in (([], "REFERENCE_MISSING"), ([*billed, *billed], "CONFLICT")):
        with pytest.raises(BooksError) as refused:
            Account.of(several)
        assert refused.value.reason == reason
    with pytest.raises(BooksError) as refused:
        Account.of(billed, parties=(SELLER, BUYER, "another"))
    assert refused.value.reason == "TERMS"


@dataclass(frozen=True)
class Life:
    """What happens to one invoice: amounts in cents, days after its issue."""

    lines: tuple[int, int]
    notes: tuple[tuple[int, int], ...]
    disputed: int
    granted: int
    ends: str
    paid: tuple[tuple[int, int], ...]


lives = st.builds(
    Life,
    lines=st.tuples(st.integers(100, 10_000), st.integers(100, 10_000)),
    notes=st.lists(st.tuples(st.integers(-90, 90), st.integers(1, 60)), max_size=2).map(tuple),
    disputed=st.integers(0, 100),
    granted=st.integers(0, 100),
    ends=st.sampled_from(["open", "answered", "agree", "withdraw", "escalate", "ruled"]),
    paid=st.lists(st.tuples(st.integers(-500, 15_000), st.integers(0, 60)), max_size=3).map(tuple),
)


def lived(books: Books, life: Life, number: int) -> tuple[Billed, list[Paid]]:
    """An invoice to which all of this happened."""
    at = ISSUED + number * 3 * DAY
    names = {"gpu": Money("EUR", life.lines[0]), "disk": Money("EUR", life.lines[1])}
    from crex.invoice.standing import Standing

    base = Standing.of(*books.invoice(names, at=at))
    standing, notes = base, []
    for cents, days in sorted(life.notes, key=lambda each: each[1]):
        note = books.note(standing, {"gpu": Money("EUR", cents)}, at=at + (days + 20) * DAY)
        standing = standing.noted(note)
        notes.append(note)
    payments = [
        Paid(
            f"{number}-{index}", Money("EUR", cents), to_ms(at + days * DAY), base.invoice.id if index else ""
        )
        for index, (cents, days) in enumerate(life.paid)
    ]
    amount = Money("EUR", life.lines[0] * life.disputed // 100)
    if not amount.minor:
        return Billed(base, tuple(notes)), payments
    opened = books.case(base, {"gpu": amount}, at=at + DAY)
    papers, case = [], opened
    granted = {"gpu": Money("EUR", amount.minor * life.granted // 100)}
    if life.ends not in ("open", "withdraw"):
        papers.append(books.answer(opened, granted, at=at + 2 * DAY))
        case = opened.answered(papers[0])
    if life.ends in ("agree", "withdraw", "escalate", "ruled"):
        step = "escalate" if life.ends == "ruled" else life.ends
        papers.append(books.reply(case, step, at=at + 3 * DAY))  # type: ignore[arg-type]  # papers are of several types
        case = case.replied(papers[-1])  # type: ignore[arg-type]  # the reply
    if life.ends == "ruled":
        papers.append(books.ruling(case, granted, at=at + 4 * DAY))  # type: ignore[arg-type]  # as above
    return Billed(base, tuple(notes), (DisputePapers(opened, tuple(papers)),)), payments


@settings(max_examples=40, deadline=None)
@given(
    st.lists(lives, min_size=1, max_size=3),
    st.sampled_from(["0", "0.07", "0.2"]),
    st.booleans(),
    st.integers(0, 80),
)
def test_balances_always_add_up(each_life: list[Life], rate: str, included: bool, cut: int) -> None:
    """STATEMENT-BALANCE-1, STATEMENT-PAYABLE-1: whatever happened, for two periods and the whole."""
    books = PARTIES
    books.tax = Tax(rate=rate, included=included)
    known = [lived(books, life, number) for number, life in enumerate(each_life)]
    account = Account.of([one for one, _ in known], [each for _, some in known for each in some])
    start, middle = to_ms(ISSUED) - 1, to_ms(ISSUED + cut * DAY)
    end = to_ms(ISSUED + 120 * DAY)
    first, second, whole = (
        statement(account, Span(*span)) for span in ((start, middle), (middle, end), (start, end))
    )
    for found in (first, second, whole):
        for balance in found.balances:
            minor = {
                name.name: int(value.amount.replace(".", ""))
                for name, value in balance.ListFields()
                if name.name != "currency"
            }
            moved = minor["invoiced"] + minor["credited"] + minor["debited"] - minor["paid"]
            assert minor["closing"] == minor["opening"] + moved
            assert minor["closing"] == minor["disputed"] + minor["payable"] - minor["in_hand"]
            assert 0 <= minor["due"] <= minor["payable"]
            assert minor["disputed"] >= 0
        if found.entries:
            assert found.entries[-1].balance == found.balances[0].closing
    assert second.balances[0].closing == whole.balances[0].closing
    if first.balances:
        assert first.balances[0].closing == second.balances[0].opening
    assert [*first.entries, *second.entries] == [*whole.entries]


def test_a_settled_dispute_is_no_longer_open(books: Books) -> None:
    """DISPUTE-SETTLE-1: after the note that settles it, what is owed is payable and nothing is disputed."""
    standing = books.standing({"gpu": eur("100.00")})
    opened = books.case(standing, {"gpu": eur("40.00")})
    answer = books.answer(opened, {"gpu": eur("25.00")})
    answered = opened.answered(answer)
    reply = books.reply(answered, "agree")
    case: Case = answered.replied(reply)
    assert case.settlement() == {key("gpu"): eur("25.00")}
    note = books.note(standing, {"gpu": eur("-25.00")}, reason="settlement", settles=case.settled_by)
    billed = Billed(standing, (note,), (DisputePapers(opened, (reply, answer)),))
    (balance,) = statement(Account.of([billed]), APRIL).balances
    assert figures(balance) == {
        "invoiced": "120.00",
        "credited": "-30.00",
        "closing": "90.00",
        "payable": "90.00",
        "due": "90.00",
    }
