"""A line's arithmetic, spelled out so that a person can follow it with pencil and paper."""

from __future__ import annotations

from fractions import Fraction

from crex.decimals import exponent, parse_decimal, parse_rational, round_half_away, show
from crex.invoice.money import money_of, show_money
from crex.v1 import InvoiceLine, InvoiceTax, Rational

_HUNDRED = 100


def exact(value: Rational) -> Fraction:
    """Returns the number of a message.

    Raises:
        InvalidScalar: It is not a rational in lowest terms (SCALAR-RATIONAL-1).
    """
    return parse_rational(value.num, value.den)


def equation(
    line: InvoiceLine, unit: str | None = None, *, currency: str | None = None, note: bool = False
) -> str:
    """Returns the arithmetic of a line: what its exact amount is made of, and the amount that it comes to.

    Args:
        line: The line.
        unit: Unit of the quantity for people, such as `unit·s`; the line's own where none is given.
        currency: Currency of the plan's prices; nothing: that of the amount, unless it was exchanged.
        note: Whether the line is of a note, so that it states differences.
    """
    shown = unit or line.unit
    quantity = f"{show(exact(line.quantity))} {shown}"
    total = show_money(line.amount)
    if line.unpriced and not note:
        return f"{quantity}, which no component prices → {total}"
    result = f"{show(exact(line.exact_amount))} → {total}"
    if note or not _adds_up(line):
        return f"difference of {quantity}: {result}"
    if line.HasField("adjustment"):
        return f"adjustment {line.adjustment} → {total}"
    if line.HasField("series"):
        return f"{_times(line, f'{quantity} at the prices of {line.series}')} = {result}"
    return f"{_times(line, _priced(line, quantity, shown, currency))} = {result}"


def formula(line: InvoiceLine) -> Fraction | None:
    """Returns quantity × price ÷ divisor + flat price, times each factor (RATE-AMOUNT-1).

    Returns:
        The exact amount that the members of the line come to; nothing where it states no price.
    """
    divisor = parse_decimal(line.per_quantity) if line.HasField("per_quantity") else Fraction(0)
    if not line.HasField("unit_price") or not divisor:
        return None
    value = exact(line.quantity) * parse_decimal(line.unit_price) / divisor
    value += parse_decimal(line.flat_price) if line.HasField("flat_price") else 0
    for factor in line.factors:
        value *= exact(factor.value)
    return value


def rounding(line: InvoiceLine, *, note: bool = False) -> str:
    """Returns how the exact amount of a line became its amount, for people.

    Args:
        line: The line.
        note: Whether the line is of a note: a difference of rounded amounts is never rounded itself.
    """
    amount, digits = exact(line.exact_amount), exponent(line.amount.currency)
    if note or money_of(line.amount).value * 10**digits != round_half_away(amount, digits):
        return "a difference of rounded amounts; nothing is rounded again"
    scaled = abs(amount) * 10**digits
    if line.HasField("adjustment"):
        return "whole minor units, by the largest remainder where lines share it"
    if scaled.denominator == 1:
        return "exact; nothing is rounded"
    if scaled.denominator == 2:
        return f"a tie, rounded away from zero to {digits} digits"
    part = scaled - scaled.numerator // scaled.denominator
    return f"rounded {'up' if part > Fraction(1, 2) else 'down'} in size to {digits} digits"


def tax_equation(tax: InvoiceTax, *, note: bool = False) -> str:
    """Returns the arithmetic of a tax: on top of prices, or within them (RATE-TAX-1, RATE-TAX-2).

    Args:
        tax: The tax.
        note: Whether it is of a note: a difference of cumulative taxes (RATE-CORRECT-2).
    """
    due, currency, rate = exact(tax.exact_amount), tax.amount.currency, parse_decimal(tax.rate)
    exempt = f", exempt: {tax.exemption_code}" if tax.exemption_code else ""
    result = f"{show(due)} → {show_money(tax.amount)}{exempt}"
    base = money_of(tax.base).value
    whole = base + money_of(tax.amount).value
    if not note and due == base * rate:
        return f"{show_money(tax.base)} × {tax.rate} = {result}"
    if not note and due == whole * rate / (1 + rate):
        return f"{show(whole)} {currency} × {tax.rate} ÷ {show(1 + rate)} = {result}, within the prices"
    return f"difference at {tax.rate}, of {show_money(tax.base)}: {result}"


def percentage(rate: str) -> str:
    """Returns a share of one as a percentage, such as `19 %`."""
    return f"{show(parse_decimal(rate) * _HUNDRED)} %"


def _adds_up(line: InvoiceLine) -> bool:
    """Tells whether a line's exact amount is what its members say; where they say nothing, it is believed."""
    value = formula(line)
    return value is None or value == exact(line.exact_amount)


def _priced(line: InvoiceLine, quantity: str, unit: str, currency: str | None) -> str:
    exchanged = any(factor.id == "exchange" for factor in line.factors)
    named = currency or ("" if exchanged else line.amount.currency)
    price = f"{line.unit_price} {named}".rstrip()
    text = f"{quantity} × {price} ÷ {line.per_quantity} {unit}"
    return f"{text} + {line.flat_price} {named}".rstrip() if line.HasField("flat_price") else text


def _times(line: InvoiceLine, text: str) -> str:
    if not line.factors:
        return text
    inner = f"({text})" if line.HasField("flat_price") else text
    return inner + "".join(f" × {show(exact(each.value))} ({each.id})" for each in line.factors)
