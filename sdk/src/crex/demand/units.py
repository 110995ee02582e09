"""Units of the numbers at paths: which symbols a path takes, and their exact conversion (TEXT-UNIT-1).

The unit of a field is the end of its name (`capacity_bytes`, `rtt_us`). Symbols are those of SI and IEC
80000-13, case and all: `80GB` is 80·10^9 bytes and `80GiB` is 80·2^30; neither is ever read as the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType

_SI = {"k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_IEC = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}

# Digits up to which an exact amount is still read at a glance.
_READABLE_DIGITS = 6


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """Represents the unit in which the values at a path are stated; each is one object of this module.

    Attributes:
        name: Symbol of the unit of the stored value; empty where the value is a multiple without symbol.
        symbols: How many of the stored unit one of each accepted symbol is, by symbol, exact.
        printed: The symbols that `format_amount` uses; others are only read.
        bare_on_alias: How many of the stored unit a number without symbol means on an alias, whose name does
            not state the unit; None: a symbol is required there.
    """

    name: str
    symbols: Mapping[str, Fraction]
    printed: tuple[str, ...] = field(default=())
    bare_on_alias: Fraction | None = None


def _unit(
    name: str,
    symbols: Mapping[str, int | Fraction],
    *,
    also: Mapping[str, int | Fraction] | None = None,
    bare: int | None = None,
) -> Unit:
    exact = {symbol: Fraction(factor) for symbol, factor in {**symbols, **(also or {})}.items()}
    return Unit(name, MappingProxyType(exact), tuple(symbols), None if bare is None else Fraction(bare))


def _bytes(per: str) -> dict[str, int | Fraction]:
    decimal = {f"{prefix}B{per}": 10**power for prefix, power in _SI.items()}
    binary = {f"{prefix}B{per}": 2**power for prefix, power in _IEC.items()}
    return {f"B{per}": 1, **decimal, **binary}


BYTES = _unit("B", _bytes(""))
BYTES_PER_S = _unit("B/s", _bytes("/s"))
BITS_PER_S = _unit("bit/s", {"bit/s": 1, **{f"{prefix}bit/s": 10**power for prefix, power in _SI.items()}})
MHZ = _unit("MHz", {"MHz": 1, "GHz": 1000}, also={"kHz": Fraction(1, 1000), "Hz": Fraction(1, 10**6)})
SECONDS = _unit("s", {"s": 1, "min": 60, "h": 3600, "d": 86400}, also={"ms": Fraction(1, 1000)})
MICROSECONDS = _unit(
    "us", {"us": 1, "ms": 1000, "s": 10**6}, also={"µs": 1, "μs": 1, "ns": Fraction(1, 1000)}
)
NANOSECONDS = _unit("ns", {"ns": 1, "us": 1000, "ms": 10**6}, also={"µs": 1000, "μs": 1000, "s": 10**9})
WATTS = _unit("W", {"W": 1, "kW": 1000, "MW": 10**6})
PPM = _unit("ppm", {"ppm": 1, "%": 10**4})
MICRODEGREES = _unit("microdeg", {"microdeg": 1, "deg": 10**6})
METRES = _unit("m", {"m": 1, "km": 1000})
IOPS = _unit("IOPS", {"IOPS": 1}, also={"kIOPS": 1000})
# 10^6 operations; a multiply-add counts as two, so a FLOP and an OP are both one operation (DESC-RATE).
_OPS = {f"{prefix}op/s": 10 ** (power - 6) for prefix, power in _SI.items() if power >= 6}
_MARKETED = {
    f"{prefix}{name}": 10 ** (power - 6)
    for prefix, power in _SI.items()
    if power >= 6
    for name in ("FLOPS", "FLOP/s", "OPS")
}
MOPS_PER_S = _unit("Mop/s", _OPS, also=_MARKETED)
# Millionths of a unit that a registry fixes; a number on the alias is in that unit itself: `energy.value <=
# 1.3`.
MICRO = _unit("", {}, bare=10**6)

# Longest ending first: `_bytes_per_s` ends in `_s` too.
BY_ENDING: tuple[tuple[str, Unit], ...] = (
    ("bytes_per_s", BYTES_PER_S),
    ("microdegrees", MICRODEGREES),
    ("bits_per_s", BITS_PER_S),
    ("mops_per_s", MOPS_PER_S),
    ("bytes", BYTES),
    ("watts", WATTS),
    ("micro", MICRO),
    ("iops", IOPS),
    ("mhz", MHZ),
    ("ppm", PPM),
    ("us", MICROSECONDS),
    ("ns", NANOSECONDS),
    ("m", METRES),
)


def unit_of(field_name: str) -> tuple[Unit | None, str]:
    """Gives the unit that a field's name ends in, and the name without it.

    Args:
        field_name: Name of an integer field, snake_case.

    Returns:
        The unit and the shorter name, which is empty where the name is nothing but its unit; or None and the
        name.
    """
    for ending, unit in BY_ENDING:
        if field_name == ending:
            return unit, ""
        if field_name.endswith("_" + ending):
            return unit, field_name[: -len(ending) - 1]
    return None, field_name


def format_amount(value: Fraction | int, unit: Unit | None) -> str:
    """Writes an amount exactly, in the symbol that takes the fewest digits.

    Only whole multiples of a symbol are written in it; so 80 GiB is `80GiB`, and 80·10^9 B is `80GB`.

    Args:
        value: Amount in the stored unit.
        unit: The unit; None writes the bare number.
    """
    if unit is None or not unit.printed:
        return _number(Fraction(value))
    texts = [f"{_number(value / unit.symbols[unit.name])}{unit.name}"]
    for symbol in unit.printed if value else ():
        factor = unit.symbols[symbol]
        # In whole numbers, because an explanation writes hundreds of amounts and fractions are slow.
        whole, rest = divmod(value.numerator * factor.denominator, value.denominator * factor.numerator)
        if not rest:
            texts.append(f"{whole}{symbol}")
    return min(texts, key=lambda text: (sum(map(str.isdigit, text)), len(text), text))


def describe_amount(value: Fraction | int, unit: Unit | None) -> str:
    """Writes an amount for people: exactly, and where that is long also rounded to two decimals."""
    text = format_amount(value, unit)
    if unit is None or not unit.printed or sum(map(str.isdigit, text)) <= _READABLE_DIGITS:
        return text
    exact = Fraction(value)
    fitting = [symbol for symbol in unit.printed if abs(exact) >= unit.symbols[symbol]]
    symbol = max(fitting, key=lambda name: unit.symbols[name])
    hundredths = round(abs(exact) / unit.symbols[symbol] * 100)
    sign = "-" if exact < 0 else ""
    return f"≈{sign}{hundredths // 100}.{hundredths % 100:02d}{symbol} ({text})"


def _number(value: Fraction) -> str:
    """Writes a number exactly: decimal where it has a finite form, else as a fraction."""
    if value.denominator == 1:
        return str(value.numerator)
    digits, rest = 0, value.denominator
    while rest % 10 == 0 or rest % 2 == 0 or rest % 5 == 0:
        rest //= 10 if rest % 10 == 0 else 2 if rest % 2 == 0 else 5
        digits += 1
    if rest != 1:
        return f"{value.numerator}/{value.denominator}"
    sign, magnitude = ("-" if value < 0 else ""), abs(value)
    scaled = magnitude * 10**digits
    whole, fraction = divmod(scaled.numerator, 10**digits)
    return f"{sign}{whole}." + f"{fraction:0{digits}d}".rstrip("0")
