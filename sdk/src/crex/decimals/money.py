"""Money: an exact amount in one currency, with exactly the digits of its minor unit (SCALAR-MONEY-1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from crex.decimals.currencies import exponent
from crex.decimals.scalars import INTEGER_DIGITS, fixed_point, round_half_away
from crex.errors import InvalidScalar, Violation

_AMOUNT = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.([0-9]{1,4}))?")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole minor units of a currency.

    Attributes:
        currency: ISO 4217 alphabetic code.
        minor: Amount in minor units (cents, fen; yen for JPY). May be negative.
    """

    currency: str
    minor: int

    def __post_init__(self) -> None:
        if abs(self.minor) >= 10 ** (INTEGER_DIGITS + exponent(self.currency)):
            raise _refused(
                f"{self.currency} {self.minor} minor units", "an amount of at most 18 integer digits"
            )

    @classmethod
    def parse(cls, currency: str, amount: str) -> Self:
        """Reads the two members of a Money message.

        Raises:
            InvalidScalar: The currency is unknown or has no minor unit (SCALAR-CURRENCY-1), or the amount
                has not exactly its digits (SCALAR-MONEY-1).
        """
        digits = exponent(currency)
        match = _AMOUNT.fullmatch(amount)
        found = -1 if match is None else len(match[1] or "")
        if found != digits:
            want = f"exactly {digits} digits after the point" if digits else "no point"
            raise _refused(repr(amount[:60]), f"an amount in {currency}", f"write it with {want}")
        minor = int(amount.replace(".", ""))
        if minor == 0 and amount.startswith("-"):
            raise _refused(repr(amount), f"an amount in {currency}", "zero has no sign: cut off the minus")
        return cls(currency, minor)

    @classmethod
    def rounded(cls, currency: str, value: Fraction | int) -> Self:
        """Rounds an exact amount to the currency's minor unit, ties away from zero (rate/1, step 17)."""
        return cls(currency, round_half_away(value, exponent(currency)))

    @property
    def amount(self) -> str:
        """Text of the amount, as the member `amount` writes it."""
        return fixed_point(self.minor, exponent(self.currency))

    @property
    def value(self) -> Fraction:
        """Amount in whole units of the currency, exact."""
        return Fraction(self.minor, 10 ** exponent(self.currency))

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.currency, self.minor + other.minor)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.currency, self.minor - other.minor)

    def __neg__(self) -> Money:
        return Money(self.currency, -self.minor)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise _refused(
                f"{self} and {other}",
                "in one currency",
                "convert one of them at a pinned rate before they meet",
            )


def _refused(found: str, what: str, fix: str = "use a smaller amount") -> InvalidScalar:
    message = f"{found} is not {what}"
    return InvalidScalar("SCHEMA", message, violations=[Violation("$", message, "SCALAR-MONEY-1", fix)])
