"""Step 2 of `rate/1`: scalars, members and records in strict form, from scalars.md and metering.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from fractions import Fraction
from math import gcd
from typing import Any, Final

from conformance.tests.independent.refusal import Refused

Form = Callable[[Any], bool]
Members = Mapping[str, Form]
# ISO 4217, those currencies that the vectors use.
MINOR_DIGITS: Final = {
    **dict.fromkeys(("EUR", "USD", "AUD", "CUP", "INR"), 2),
    **dict.fromkeys(("CLP", "JPY"), 0),
    **dict.fromkeys(("KWD",), 3),
    **dict.fromkeys(("CLF",), 4),
}
_DECIMAL = re.compile(r"0|-?(0|[1-9][0-9]{0,17})(\.[0-9]{0,11}[1-9])|-?[1-9][0-9]{0,17}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.(?!000)\d{3})?Z", re.ASCII)
_FROM_ONE = re.compile(r"[1-9][0-9]{0,18}")
_INTEGER = re.compile(r"0|-?[1-9][0-9]*")


def text(pattern: str | re.Pattern[str]) -> Form:
    """The form of a text that matches a pattern as a whole."""
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def one_of(*values: str) -> Form:
    """The form of a choice."""
    return lambda value: value in values


def some(value: Any) -> bool:
    """A text that is not empty."""
    return isinstance(value, str) and value != ""


def an_object(value: Any) -> bool:
    """An object, whose members are asked elsewhere."""
    return isinstance(value, dict)


def flag(value: Any) -> bool:
    """True or false."""
    return isinstance(value, bool)


def items(least: int, most: int, form: Form = lambda _: True) -> Form:
    """The form of a list of so many, all of one form."""
    return lambda value: isinstance(value, list) and least <= len(value) <= most and all(map(form, value))


def number(least: int, most: int) -> Form:
    """The form of a JSON integer within bounds."""
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def time(value: Any) -> bool:
    """An instant, as SCALAR-TIME-1 has it."""
    if not (isinstance(value, str) and _TIME.fullmatch(value)):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def instant(value: str) -> datetime:
    """The instant that a text states; texts themselves do not sort, since some have milliseconds."""
    return datetime.fromisoformat(value)


def day(value: Any) -> bool:
    """A date of the calendar."""
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


decimal: Final = text(_DECIMAL)
name: Final = text(r"[a-z0-9][a-z0-9-]{0,62}")
from_one: Final = text(_FROM_ONE)
digest: Final = text(r"[0-9a-f]{64}")
currency: Final = one_of(*MINOR_DIGITS)
MONEY: Final[Members] = {"currency": currency, "amount": text(r"-?[0-9]+(\.[0-9]+)?")}
PIN: Final[Members] = {"id": some, "revision": from_one, "sha256": digest}
INTERVAL: Final[Members] = {"start": time, "end": time}
RATIONAL: Final[Members] = {"num": text(_INTEGER), "den": text(_INTEGER)}
# Member → its form; those that end in ? may be absent.
_RECORD: Final[Members] = {
    "meterId": name,
    "seq": from_one,
    "revision": from_one,
    "lease": some,
    "resource": some,
    "dimension": some,
    "start": time,
    "end": time,
    "quantity": decimal,
    "unit": some,
    "estimated?": flag,
    "method?": some,
    "readings?": an_object,
}


def check_records(records: Iterable[Mapping[str, Any]]) -> None:
    """Refuses a record that is not in strict form or breaks a constraint.

    Raises:
        Refused: SCHEMA.
    """
    for record in records:
        members(record, _RECORD)
        must(instant(record["start"]) <= instant(record["end"]), "end < start")
        must(Fraction(record["quantity"]) >= 0, "quantity")


def members(value: Any, wanted: Members) -> None:
    """Refuses what is no object of exactly these members, each in its form."""
    known = {it.removesuffix("?"): (it, form) for it, form in wanted.items()}
    must(isinstance(value, dict) and set(value) <= set(known), f"no object, or unknown members: {value}")
    for member, (stated, form) in known.items():
        must(stated.endswith("?") if member not in value else form(value[member]), member)


def interval(value: Any) -> None:
    """Refuses an interval that does not end after it starts."""
    members(value, INTERVAL)
    must(instant(value["start"]) < instant(value["end"]), "an interval ends after it starts")


def rational(value: Any) -> Fraction:
    """Reads a rational; refuses one that is not in lowest terms."""
    members(value, RATIONAL)
    num, den = int(value["num"]), int(value["den"])
    must(den > 0 and gcd(num, den) == 1, "lowest terms")
    return Fraction(num, den)


def money(value: Any, wanted: str) -> Fraction:
    """Reads an amount of money; refuses one of another currency or with other digits than its own."""
    members(value, MONEY)
    must(value["currency"] == wanted, f"money is in {wanted}")
    digits = MINOR_DIGITS[value["currency"]]
    must(len(value["amount"].partition(".")[2]) == digits, "digits of the minor unit")
    return Fraction(value["amount"])


def must(holds: bool, what: str) -> None:
    """Refuses the input (SCHEMA) unless something holds."""
    if not holds:
        raise Refused("SCHEMA", what)
