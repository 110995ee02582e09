"""A statement of account for people (statements.md)."""

from __future__ import annotations

from collections.abc import Iterator

from crex.documents.inline import inline
from crex.metering.span import Span, show_ms, timestamp_ms
from crex.v1 import DisputeState, Statement, StatementBalance, StatementEntry, StatementItem

_WIDTH = 16


def as_text(statement: Statement) -> str:
    """Returns a statement as text: each currency with what happened and its balances, then what is open."""
    period = Span.of(statement.period)
    account = "" if statement.account == statement.buyer else f", account {inline(statement.account)}"
    lines = [
        f"Statement of {statement.seller} for {statement.buyer}{account}",
        f"from {show_ms(period.start_ms)} until {show_ms(period.end_ms)}",
    ]
    if not statement.balances:
        lines += ["", "Nothing was billed or paid."]
    for balance in statement.balances:
        lines += ["", *_currency(statement, balance)]
    if statement.items:
        lines += ["", "Open:"]
        for item in statement.items:
            lines += _item(item)
    return "\n".join(lines)


def _currency(statement: Statement, balance: StatementBalance) -> Iterator[str]:
    yield _row(balance.currency, "amount", "balance")
    yield _row("opening", "", balance.opening.amount)
    for entry in statement.entries:
        if entry.amount.currency == balance.currency:
            yield _entry(entry)
    yield _row("closing", "", balance.closing.amount)
    for name, amount in (
        ("disputed", balance.disputed),
        ("payable", balance.payable),
        ("of it due", balance.due),
        ("in hand", balance.in_hand),
    ):
        yield _row(name, amount.amount, "")


def _entry(entry: StatementEntry) -> str:
    day = show_ms(timestamp_ms(entry.time))[:10]
    what = entry.document.id if entry.HasField("document") else inline(entry.reference)
    return f"{_row(f'{day}  {entry.kind}', entry.amount.amount, entry.balance.amount)}  {what}"


def _item(item: StatementItem) -> Iterator[str]:
    currency = item.payable.currency
    yield f"  {item.invoice.id}, due {show_ms(timestamp_ms(item.due_time))}"
    amounts = [("invoiced", item.invoiced), ("notes", item.noted), ("paid", item.paid)]
    amounts += [("disputed", item.disputed), ("payable", item.payable), ("in hand", item.in_hand)]
    shown = ", ".join(f"{name} {amount.amount}" for name, amount in amounts if _not_zero(amount.amount))
    yield f"    {shown} {currency}"
    for dispute in item.disputes:
        state = DisputeState.Name(dispute.state).removeprefix("DISPUTE_STATE_").lower()
        withheld = f"{dispute.withheld.amount} {dispute.withheld.currency}"
        yield f"    {dispute.dispute.id}: {state}, {withheld} withheld"


def _not_zero(amount: str) -> bool:
    """Tells whether an amount is not zero, without making a number of it."""
    return bool(amount.strip("-0."))


def _row(name: str, amount: str, balance: str) -> str:
    return f"{name:<24}{amount:>{_WIDTH}}{balance:>{_WIDTH}}".rstrip()
