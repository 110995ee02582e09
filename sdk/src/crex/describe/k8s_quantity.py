"""Quantities of Kubernetes, exactly.

The grammar is that of `k8s.io/apimachinery/pkg/api/resource`: a signed number and either a binary suffix
(`Ki` = 1024 …), a decimal one (`m` = 1/1000, `k` = 1000 …) or a decimal exponent (`1e3`; `1E` is 10^18).
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from crex.decimals.ranges import INT64_MAX
from crex.describe.members import Members, as_number, kind_of

_QUANTITY: Final = re.compile(
    r"([+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40}))"
    r"(?:(?P<binary>[KMGTPE]i)|(?P<decimal>[numkMGTPE])|[eE](?P<exponent>[+-]?[0-9]{1,2}))?"
)
_BINARY: Final[dict[str, int]] = {f"{prefix}i": 1024**power for power, prefix in enumerate("KMGTPE", start=1)}
_DECIMAL: Final[dict[str, Fraction]] = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    **{prefix: Fraction(1000**power) for power, prefix in enumerate("kMGTPE", start=1)},
}


def quantity(value: object) -> Fraction | None:
    """Reads a quantity, written as text or as a number; nothing for anything else."""
    if not isinstance(value, str):
        number = as_number(value)
        return Fraction(number) if number is not None else None
    match = _QUANTITY.fullmatch(value)
    if match is None:
        return None
    stated = Fraction(match[1].removesuffix("."))
    if match["binary"]:
        return stated * _BINARY[match["binary"]]
    if match["decimal"]:
        return stated * _DECIMAL[match["decimal"]]
    exponent = int(match["exponent"] or 0)
    factor: int = 10 ** abs(exponent)
    return stated * factor if exponent >= 0 else stated / factor


def amount(members: Members, name: str) -> Fraction | None:
    """Gives a quantity that is at least 0; what is none is reported."""
    value = members.raw(name)
    found = quantity(value)
    if found is not None and 0 <= found <= INT64_MAX:
        return found
    if value is not None:
        members.report.leave_out(
            name, members.place(name), f"it is {kind_of(value)}, no quantity from 0 to 2^63-1"
        )
    return None


def whole_amount(members: Members, name: str) -> int | None:
    """Gives a quantity that is a whole number, as bytes and devices are; what is none is reported."""
    found = amount(members, name)
    if found is None or found.denominator == 1:
        return int(found) if found is not None else None
    why = f"it is {kind_of(members.raw(name))}, no whole number"
    members.report.leave_out(name, members.place(name), why)
    return None
