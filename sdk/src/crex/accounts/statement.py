"""Statements of account: a pure projection of documents and payments (statements.md).

Nothing is kept: whoever has the same papers gets the same statement. Amounts are counted in minor units, so
balances add up by construction, and a property test holds them to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from crex.accounts.account import Account, Billed, Paid
from crex.decimals import Money
from crex.disputes.case import Case, Payable, document_ms, payable
from crex.invoice.money import money_message, money_of
from crex.metering.span import Span, ms_timestamp, timestamp_ms
from crex.v1 import (
    CreditNote,
    DisputeState,
    Pin,
    Statement,
    StatementBalance,
    StatementDispute,
    StatementEntry,
    StatementItem,
)
from crex.v1 import Money as MoneyMessage

INVOICE, CREDIT, DEBIT, PAYMENT = "invoice", "credit-note", "debit-note", "payment"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that changes the balance.

    Attributes:
        time_ms: When, in milliseconds since 1970.
        kind: `invoice`, `credit-note`, `debit-note` or `payment`.
        amount: By how much; a payment below zero.
        document: The document; nothing for a payment.
        invoice: Name of the invoice; empty: a payment for none.
        reference: Reference of a payment; empty for a document.
    """

    time_ms: int
    kind: str
    amount: Money
    document: Pin | None
    invoice: str
    reference: str

    @property
    def order(self) -> tuple[int, int, str]:
        """Time, then documents before payments, then by name."""
        name = self.document.id if self.document is not None else self.reference
        return self.time_ms, self.kind == PAYMENT, name


@dataclass(frozen=True, slots=True)
class Item:
    """How one invoice stands at an instant.

    Attributes:
        billed: The invoice.
        cases: Its disputes.
        found: What is owed, payable without payments, and withheld.
        paid: What was paid for it.
        noted: Sum of the notes on it.
        later: What debit notes add that are due after the instant.
    """

    billed: Billed
    cases: tuple[Case, ...]
    found: Payable
    paid: Money
    noted: Money
    later: Money

    @property
    def payable(self) -> Money:
        """What is still to be paid, undisputed, due or not (STATEMENT-PAYABLE-1)."""
        return _above_zero(self.found.payable - self.paid)

    @property
    def disputed(self) -> Money:
        """What is open besides."""
        return _above_zero(self.found.owed - self.paid - self.payable)

    @property
    def in_hand(self) -> Money:
        """What was paid beyond what is owed."""
        return _above_zero(self.paid - self.found.owed)

    @property
    def due_ms(self) -> int:
        """When it is due, in milliseconds since 1970."""
        return timestamp_ms(self.billed.invoice.message.due_time)

    def due(self, at_ms: int) -> Money:
        """What of the payable is due at an instant."""
        nothing = Money(self.paid.currency, 0)
        return _above_zero(self.payable - self.later) if self.due_ms <= at_ms else nothing


def entries(account: Account) -> list[Entry]:
    """Returns everything that ever changed the balance, in order of time."""
    return sorted([*_documents(account), *map(_payment, account.payments)], key=lambda each: each.order)


def items(account: Account, at_ms: int) -> list[Item]:
    """Returns how each invoice that was issued before an instant stands then, in order of issue.

    Raises:
        CrexError: Notes or disputes do not fit together.
    """
    found, payments = [], dict[str, int]()
    for each in account.payments:
        if each.time_ms < at_ms:
            payments[each.invoice] = payments.get(each.invoice, 0) + each.amount.minor
    for billed in account.billed:
        if document_ms(billed.invoice) >= at_ms:
            continue
        standing, cases = billed.standing(at_ms), billed.cases(at_ms)
        currency = standing.total.currency
        later = sum(
            money_of(note.correction.total).minor
            for note in standing.notes
            if note.correction.HasField("due_time") and timestamp_ms(note.correction.due_time) > at_ms
        )
        found.append(
            Item(
                billed,
                cases,
                payable(standing, cases),
                Money(currency, payments.get(billed.invoice.id, 0)),
                standing.total - billed.base.total,
                Money(currency, max(later, 0)),
            )
        )
    return found


def statement(account: Account, period: Span) -> Statement:
    """Returns the statement of an account for a period (STATEMENT-BALANCE-1, STATEMENT-PAYABLE-1).

    Args:
        account: The account, with everything from its beginning.
        period: What is stated; balances open at its start, and close at its end.

    Raises:
        CrexError: Notes or disputes do not fit together, or a balance has more than 18 integer digits.
    """
    before = [each for each in entries(account) if each.time_ms < period.end_ms]
    open_items = items(account, period.end_ms)
    currencies = sorted({each.amount.currency for each in before})
    running = dict.fromkeys(currencies, 0)
    shown = []
    for each in before:
        running[each.amount.currency] += each.amount.minor
        if each.time_ms >= period.start_ms:
            shown.append(_entry(each, running[each.amount.currency]))
    return Statement(
        seller=account.seller,
        buyer=account.buyer,
        account=account.account,
        period=period.message(),
        balances=[_balance(currency, before, open_items, account, period) for currency in currencies],
        entries=shown,
        items=[_item(each) for each in open_items if _is_open(each)],
    )


def _documents(account: Account) -> Iterator[Entry]:
    for billed in account.billed:
        invoice = billed.invoice
        total = money_of(invoice.message.total)
        yield Entry(document_ms(invoice), INVOICE, total, invoice.pin, invoice.id, "")
        for each in billed.notes:
            kind = CREDIT if each.note.doctype.message is CreditNote else DEBIT
            total = money_of(each.correction.total)
            yield Entry(document_ms(each.note), kind, total, each.note.pin, invoice.id, "")


def _payment(paid: Paid) -> Entry:
    return Entry(paid.time_ms, PAYMENT, -paid.amount, None, paid.invoice, paid.reference)


def _balance(
    currency: str, before: Iterable[Entry], open_items: Iterable[Item], account: Account, period: Span
) -> StatementBalance:
    sums = dict.fromkeys(("opening", INVOICE, CREDIT, DEBIT, PAYMENT), 0)
    for each in before:
        if each.amount.currency == currency:
            sums["opening" if each.time_ms < period.start_ms else each.kind] += each.amount.minor
    mine = [each for each in open_items if each.paid.currency == currency]
    unallocated = sum(
        each.amount.minor
        for each in account.payments
        if not each.invoice and each.amount.currency == currency and each.time_ms < period.end_ms
    )

    def shown(minor: int) -> MoneyMessage:
        return money_message(Money(currency, minor))

    return StatementBalance(
        currency=currency,
        opening=shown(sums["opening"]),
        invoiced=shown(sums[INVOICE]),
        credited=shown(sums[CREDIT]),
        debited=shown(sums[DEBIT]),
        paid=shown(-sums[PAYMENT]),
        closing=shown(sum(sums.values())),
        disputed=shown(sum(each.disputed.minor for each in mine)),
        payable=shown(sum(each.payable.minor for each in mine)),
        due=shown(sum(each.due(period.end_ms).minor for each in mine)),
        in_hand=shown(unallocated + sum(each.in_hand.minor for each in mine)),
    )


def _entry(entry: Entry, balance: int) -> StatementEntry:
    return StatementEntry(
        time=ms_timestamp(entry.time_ms),
        kind=entry.kind,
        document=entry.document,
        invoice=entry.invoice or None,
        reference=entry.reference or None,
        amount=money_message(entry.amount),
        balance=money_message(Money(entry.amount.currency, balance)),
    )


def _is_open(item: Item) -> bool:
    return bool(item.payable.minor or item.disputed.minor or item.in_hand.minor)


def _item(item: Item) -> StatementItem:
    invoice = item.billed.invoice
    return StatementItem(
        invoice=invoice.pin,
        invoiced=invoice.message.total,
        noted=money_message(item.noted),
        paid=money_message(item.paid),
        disputed=money_message(item.disputed),
        payable=money_message(item.payable),
        in_hand=money_message(item.in_hand),
        due_time=invoice.message.due_time,
        disputes=[
            StatementDispute(
                dispute=case.dispute.pin,
                state=DisputeState.Value(f"DISPUTE_STATE_{case.state}"),
                withheld=money_message(withheld),
            )
            for case, withheld in zip(item.cases, item.found.withheld, strict=True)
        ],
    )


def _above_zero(amount: Money) -> Money:
    return amount if amount.minor > 0 else Money(amount.currency, 0)
