"""What exact amounts are multiplied by: exchange, and discounts in percent (rate/1, steps 15 and 16)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from crex.rating.bill import Bill
from crex.rating.charges import Charge, Factor
from crex.rating.series import curve_of, without_point


@dataclass(frozen=True, slots=True)
class Multiplier:
    """What exact amounts of a bill are multiplied by before they are rounded (steps 15 and 16)."""

    exchange: Fraction | None
    first_ms: int

    @classmethod
    def of(cls, bill: Bill) -> Self:
        """Returns the multiplier of a bill.

        Raises:
            RatingError: INCOMPLETE if the exchange rate of the period's first instant is not known; TERMS or
                CONFLICT if its series is not the one that was agreed (RATE-EXCHANGE-1, SERIES-REVISION-1).
        """
        plan, first_ms = bill.governing, bill.period.start_ms
        if plan.exchange is None:
            return cls(None, first_ms)
        curve = curve_of(
            plan.exchange.series,
            plan.exchange.publisher,
            bill.series,
            currency=plan.exchange.currency,
            base_currency=plan.currency,
        )
        rate = curve.at(first_ms)
        if rate is None:
            raise without_point(plan.exchange.series, first_ms, "RATE-EXCHANGE-1")
        return cls(rate, first_ms)

    def factors(self, charge: Charge) -> Iterator[Factor]:
        """Yields the factors of a charge, in their order (RATE-FACTOR-1)."""
        yield from charge.factors
        if self.exchange is not None:
            yield Factor("exchange", self.exchange)  # RATE-EXCHANGE-1
        if charge.commitment is not None or charge.component is None:
            return
        for credit in charge.plan.credits:  # RATE-PERCENT-1
            if credit.discounts(charge.component.id) and credit.applies(self.first_ms):
                yield Factor(f"credit:{credit.id}", credit.factor)
