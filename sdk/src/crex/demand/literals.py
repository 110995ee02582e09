"""Values in the text form: read exactly in type and unit of their path, and written back (TEXT-UNIT-1)."""

from __future__ import annotations

import difflib
import re
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final, NoReturn

from crex import v1
from crex.decimals import format_decimal
from crex.demand.lexer import Kind, Token, mistake, quote
from crex.demand.paths import Path
from crex.demand.units import SECONDS, Unit, format_amount
from crex.demand.values import NUMERIC, TEXTUAL, Scalar, ValueType, fits_integer, show_scalar, write_operand
from crex.documents.times import parse_time
from crex.errors import InvalidScalar
from crex.metering.span import Span

_NUMBER: Final = re.compile(r"(?P<number>-?[0-9]{1,40}(?:\.[0-9]{1,40})?)(?P<unit>.*)", re.DOTALL)
# Texts that need no quotes.
_BARE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+\-/:@]*")


def read_literal(text: str, token: Token, unit: Token | None, path: Path) -> v1.Value:
    """Reads one value.

    Args:
        text: The whole text, for errors.
        token: The value.
        unit: The word after it, where the path has a unit and the word is no part of the language.
        path: The path that it is compared with.

    Raises:
        RequirementError: It is not a value of the path's type, or its unit is not one of the path's.
    """
    if path.type in TEXTUAL:
        return v1.Value(text=token.text)
    if path.type is ValueType.MESSAGE:
        message = f"{path.name} is a message and compares with no value"
        raise mistake(text, token.start, token.end, message, "ask whether it `exists`", "REQ-OP-1")
    if token.kind is Kind.STRING:
        message = f"a quoted text, and {path.name} is of type {path.type.value}"
        raise mistake(text, token.start, token.end, message, "write it without quotes", "REQ-VALUE-1")
    if path.type in NUMERIC:
        return write_operand(_number(text, token, unit, path), path.type)
    if path.type is ValueType.BOOLEAN and token.text in ("true", "false"):
        return v1.Value(boolean=token.text == "true")
    if path.type is ValueType.TIME:
        try:
            return write_operand(parse_time(token.text), path.type)
        except InvalidScalar:
            fix = "write UTC like `2026-03-01T08:00:00Z`"
            raise mistake(
                text, token.start, token.end, f"`{token.text}` is not a time", fix, "REQ-VALUE-1"
            ) from None
    message = f"`{token.text[:40]}` is not a truth value"
    raise mistake(text, token.start, token.end, message, "write `true` or `false`", "REQ-VALUE-1")


def _number(text: str, token: Token, unit: Token | None, path: Path) -> Fraction:
    match = _NUMBER.fullmatch(token.text)
    if match is None:
        wanted = f"a number, such as {_example(path)}"
        raise mistake(
            text,
            token.start,
            token.end,
            f"`{token.text[:40]}` is not a number",
            f"write {wanted}",
            "REQ-VALUE-1",
        )
    if unit is not None and match["unit"]:
        raise mistake(
            text, unit.start, unit.end, f"a second unit `{unit.text[:40]}`", "remove it", "TEXT-UNIT-1"
        )
    symbol = match["unit"] or (unit.text if unit is not None else "")
    where = (unit.start if unit is not None else token.start + match.start("unit"), (unit or token).end)
    factor = _factor(text, where if symbol else (token.start, token.end), symbol, path)
    value = Fraction(match["number"]) * factor
    if path.type is ValueType.INTEGER and not fits_integer(value):
        name = path.unit.name if path.unit is not None else ""
        message = f"`{token.text[:40]}` is not a whole number of {name or 'units'} within 64 bits"
        raise mistake(text, token.start, (unit or token).end, message, "write a whole number", "TEXT-UNIT-1")
    if path.type is not ValueType.INTEGER:
        _refuse_endless(text, token, value)
    return value


def _refuse_endless(text: str, token: Token, value: Fraction) -> None:
    try:
        format_decimal(value)
    except InvalidScalar:
        message = f"`{token.text[:40]}` has more than 18 digits before or 12 after its point"
        raise mistake(text, token.start, token.end, message, "shorten it", "REQ-VALUE-1") from None


def _factor(text: str, where: tuple[int, int], symbol: str, path: Path) -> Fraction:
    """Gives how many of the path's unit one of a symbol is."""
    unit = path.unit
    if not symbol:
        return _bare_factor(text, where, path)

    def fail(message: str, fix: str) -> NoReturn:
        raise mistake(text, *where, message, fix, "TEXT-UNIT-1")

    if path.name == "price":
        fail(
            "the price is in the currency of the demand",
            "remove the unit, and state the currency with the demand",
        )
    if unit is None or not unit.symbols:
        fail(f"`{symbol[:20]}` after a number without unit: {path.name} has none", "remove it")
    factor = unit.symbols.get(symbol)
    if factor is None:
        fail(
            f"`{symbol[:20]}` is not a unit of {path.name}, which is in {unit.name}", _near_unit(symbol, unit)
        )
    return factor


def _bare_factor(text: str, where: tuple[int, int], path: Path) -> Fraction:
    unit = path.unit
    if unit is None:
        return Fraction(1)
    if path.type is ValueType.INTEGER and not path.canonical:
        return Fraction(1)
    if unit.bare_on_alias is not None:
        return unit.bare_on_alias
    message = f"a number without unit, and {path.name} does not say one"
    raise mistake(text, *where, message, f"write a unit, such as {_example(path)}", "TEXT-UNIT-2")


def _near_unit(symbol: str, unit: Unit) -> str:
    known = list(unit.symbols)
    folded = symbol.lower().replace("bps", "bit/s").replace("ps", "/s")
    same = [one for one in known if one.lower() == symbol.lower() or one.lower() == folded]
    binary = (
        [one for one in known if one.lower() == symbol.lower().replace("b", "ib", 1)]
        if "B" in unit.name
        else []
    )
    near = [*same, *binary] or difflib.get_close_matches(symbol, known, n=3, cutoff=0.4)
    return f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else f"use {', '.join(known)}"


def _example(path: Path) -> str:
    symbols = path.unit.printed if path.unit is not None else ()
    large = [symbol for symbol in symbols if symbol.startswith("G")] or [*symbols]
    return f"`80{large[-1]}`" if large else "`8`"


def write_literal(operand: Scalar, path: Path) -> str:
    """Writes an operand; `read_literal` reads the same value from it."""
    if isinstance(operand, (bool, datetime, Span)):
        return show_scalar(operand)
    if isinstance(operand, str):
        return operand if _BARE.fullmatch(operand) else quote(operand)
    unit = path.unit
    if unit is not None and unit.bare_on_alias is not None and path.canonical:
        return format_amount(Fraction(operand) / unit.bare_on_alias, None)
    return format_amount(operand, unit)


def read_duration(text: str) -> timedelta:
    """Reads a duration such as `24h`, `90min` or `7d`.

    Raises:
        RequirementError: It is not a positive number of whole milliseconds with one of the units ms, s, min,
            h, d.
    """
    match = _NUMBER.fullmatch(text.strip())
    factor = SECONDS.symbols.get(match["unit"].strip()) if match is not None else None
    milliseconds = (
        Fraction(match["number"]) * factor * 1000 if match is not None and factor is not None else Fraction(0)
    )
    if milliseconds <= 0 or milliseconds.denominator != 1 or milliseconds > 1000 * 315_576_000_000:
        message, fix = (
            f"{text[:40]!r} is not a duration",
            "write a number and a unit, such as `24h`, `90min` or `7d`",
        )
        raise mistake(text, 0, len(text), message, fix, "TEXT-UNIT-1")
    return timedelta(milliseconds=milliseconds.numerator)
