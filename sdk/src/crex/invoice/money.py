"""Amounts between messages, numbers and texts."""

from __future__ import annotations

from crex.decimals import Money
from crex.v1 import Money as MoneyMessage


def money_of(message: MoneyMessage) -> Money:
    """Returns the amount of a message.

    Raises:
        InvalidScalar: It has not the digits of its currency (SCALAR-MONEY-1).
    """
    return Money.parse(message.currency, message.amount)


def money_message(amount: Money) -> MoneyMessage:
    """Returns an amount as a message."""
    return MoneyMessage(currency=amount.currency, amount=amount.amount)


def show_money(message: MoneyMessage) -> str:
    """Returns the amount of a message for people, as it is written."""
    return f"{message.amount} {message.currency}"
