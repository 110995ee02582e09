"""Physical amounts in the units in which the contract states them, written the short way.

    Memory(capacity_bytes=gib(512))
    Rate(number_format="bf16", mops_per_s=tflops("989.4"), …)
    NetworkLink(rtt_us=RoundTripTime(p99=milliseconds(20)), availability_ppm=percent("99.95"))

Every function gives the whole number that belongs into a field whose name ends in its unit. It takes
integers, `Decimal`, `Fraction`, or a number as text; never a float, because 1.979 is none. What is not a
whole number of the field's unit is refused, not rounded: GB and GiB, bits and bytes, ms and µs are told apart
by name (DESC-BYTES-1, DESC-BITS-1).
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeAlias

from crex.decimals.ranges import INT64_MAX, INT64_MIN
from crex.errors import InvalidScalar

_NUMBER: Final = re.compile(r"-?[0-9]{1,19}(?:\.[0-9]{1,18})?")
Number: TypeAlias = int | str | Decimal | Fraction


def kb(amount: Number) -> int:
    """Gives kilobytes (1000 bytes) in bytes."""
    return whole(amount, 10**3, "bytes")


def mb(amount: Number) -> int:
    """Gives megabytes (10^6 bytes) in bytes."""
    return whole(amount, 10**6, "bytes")


def gb(amount: Number) -> int:
    """Gives gigabytes (10^9 bytes) in bytes; a gigabyte is no gibibyte."""
    return whole(amount, 10**9, "bytes")


def tb(amount: Number) -> int:
    """Gives terabytes (10^12 bytes) in bytes."""
    return whole(amount, 10**12, "bytes")


def pb(amount: Number) -> int:
    """Gives petabytes (10^15 bytes) in bytes."""
    return whole(amount, 10**15, "bytes")


def kib(amount: Number) -> int:
    """Gives kibibytes (1024 bytes) in bytes."""
    return whole(amount, 1 << 10, "bytes")


def mib(amount: Number) -> int:
    """Gives mebibytes (2^20 bytes) in bytes."""
    return whole(amount, 1 << 20, "bytes")


def gib(amount: Number) -> int:
    """Gives gibibytes (2^30 bytes) in bytes; a gibibyte is no gigabyte."""
    return whole(amount, 1 << 30, "bytes")


def tib(amount: Number) -> int:
    """Gives tebibytes (2^40 bytes) in bytes."""
    return whole(amount, 1 << 40, "bytes")


def pib(amount: Number) -> int:
    """Gives pebibytes (2^50 bytes) in bytes."""
    return whole(amount, 1 << 50, "bytes")


def mbit_per_s(amount: Number) -> int:
    """Gives megabits per second in bits per second."""
    return whole(amount, 10**6, "bits per second")


def gbit_per_s(amount: Number) -> int:
    """Gives gigabits per second in bits per second."""
    return whole(amount, 10**9, "bits per second")


def tbit_per_s(amount: Number) -> int:
    """Gives terabits per second in bits per second."""
    return whole(amount, 10**12, "bits per second")


def gb_per_s(amount: Number) -> int:
    """Gives gigabytes per second in bytes per second."""
    return whole(amount, 10**9, "bytes per second")


def tb_per_s(amount: Number) -> int:
    """Gives terabytes per second in bytes per second."""
    return whole(amount, 10**12, "bytes per second")


def gflops(amount: Number) -> int:
    """Gives 10^9 operations per second in 10^6 operations per second; one multiply-add is two operations."""
    return whole(amount, 10**3, "10^6 operations per second")


def tflops(amount: Number) -> int:
    """Gives 10^12 operations per second in 10^6 operations per second."""
    return whole(amount, 10**6, "10^6 operations per second")


def pflops(amount: Number) -> int:
    """Gives 10^15 operations per second in 10^6 operations per second."""
    return whole(amount, 10**9, "10^6 operations per second")


def eflops(amount: Number) -> int:
    """Gives 10^18 operations per second in 10^6 operations per second."""
    return whole(amount, 10**12, "10^6 operations per second")


def ghz(amount: Number) -> int:
    """Gives gigahertz in MHz."""
    return whole(amount, 1000, "MHz")


def kilowatts(amount: Number) -> int:
    """Gives kilowatts in watts."""
    return whole(amount, 1000, "watts")


def milliseconds(amount: Number) -> int:
    """Gives milliseconds in microseconds."""
    return whole(amount, 1000, "microseconds")


def percent(amount: Number) -> int:
    """Gives per cent in parts per million."""
    return whole(amount, 10**4, "parts per million")


def degrees(amount: Number) -> int:
    """Gives degrees of latitude or longitude in microdegrees."""
    return whole(amount, 10**6, "microdegrees")


def micro(amount: Number) -> int:
    """Gives a value in millionths, as energy figures state it: a PUE of "1.15" is 1150000."""
    return whole(amount, 10**6, "millionths")


def whole(amount: Number, factor: int, unit: str) -> int:
    """Gives `amount` × `factor`, exactly.

    Args:
        amount: The amount.
        factor: How many of the field's unit one of it is.
        unit: The field's unit, for the message.

    Raises:
        TypeError: The amount is a float, or no number.
        InvalidScalar: The product is no whole number, or beyond 64 bits.
    """
    if isinstance(amount, str):
        exact = _read(amount)
    elif isinstance(amount, (float, bool)) or not isinstance(amount, (int, Decimal, Fraction)):
        raise TypeError(f"{amount!r} is not exact; write it as an integer or as text, such as '1.979'")
    else:
        exact = Fraction(amount)
    product = exact * factor
    if product.denominator != 1:
        fix = "State exactly what it is, or leave the figure out."
        raise InvalidScalar("SCHEMA", f"{amount} × {factor} is no whole number of {unit}. {fix}")
    if not INT64_MIN <= product.numerator <= INT64_MAX:
        raise InvalidScalar("SCHEMA", f"{amount} × {factor} {unit} is beyond 64 bits.")
    return product.numerator


def _read(text: str) -> Fraction:
    if _NUMBER.fullmatch(text) is None:
        raise InvalidScalar("SCHEMA", f"{text[:40]!r} is no number. Write it like '80' or '1.979'.")
    return Fraction(text)
