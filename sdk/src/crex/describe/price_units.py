"""Units of price lists, from text: "10,000 Requests per Month (first 50,000 free)", "1 GB/hora", "1 小时".

    read_unit("100 GB/Month")    # UnitOfMeasure(size=100, thing=…gigabyte…, time="month", times=1, free=0)

A unit is a number, what is priced, and for how long. "GB/Hour", "GB Hour" and "GB per hour" are the same: a
gigabyte that is held for an hour. What cannot be read so is refused with the reason; nothing is guessed.
`Measure` is what a plan makes of a unit: its dimension, unit and kind, and how much of it the price is for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from crex.describe.price_words import (
    ADJECTIVES,
    BINARY,
    DECIMAL,
    MONTH,
    MULTIPLES,
    PLAYED,
    SECONDS,
    THINGS,
    TIMES,
    WORKED,
    YEAR,
    Thing,
    Way,
)
from crex.describe.values import clean
from crex.v1 import ComponentKind

_SIZE: Final = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+) ?(?:(k|mil|million|m|b)(?![a-z]))?(.*)")
_SCALE: Final = re.compile(r"(thousand|million|billion) (.+)")
_FREE: Final = re.compile(r"(.*) ?\(first ([0-9,]+) free\)")
# What stands in brackets behind a word and says the same once more.
_AGAIN: Final = re.compile(r" ?\((?:gb|du)\)")
_PER: Final = re.compile(r"(.*?)(?: ?/ ?| ?per | ?por )(?:([0-9]+) )?([^ /]+)")
_LAST: Final = re.compile(r"(?:(.*)[ -])?([^ -]+)")
_PREFIX: Final = "per "
_BITS: Final = re.compile(r"(?<![A-Za-z])[kKMGTP]b(?![A-Za-z])")
_LONGEST: Final = 200


class UnreadableUnitError(Exception):
    """A unit that cannot be read, or that no plan can state; its text says why, for people."""


@dataclass(frozen=True, slots=True)
class UnitOfMeasure:
    """What a price is for, as a list says it.

    Attributes:
        size: How many of the thing.
        thing: What is priced.
        time: `second` to `year`, or empty where none is stated.
        times: For how many of these times; 1 where none is stated.
        free: How many of the thing the text says are free.
    """

    size: int
    thing: Thing
    time: str = ""
    times: int = 1
    free: int = 0


@dataclass(frozen=True, slots=True)
class Measure:
    """What a component of a plan prices.

    Attributes:
        dimension: Token of the dimension.
        unit: Token of the unit.
        kind: How a quantity arises from a record.
        per: For how much the price is, above zero: in unit-seconds (or unit-months) of what is held, in
            units of what is counted. Bounds of a list's tiers are in the same amount.
        month: Whether the time is calendar months.
    """

    dimension: str
    unit: str
    kind: ComponentKind.ValueType
    per: Fraction
    month: bool = False


def read_unit(text: str) -> UnitOfMeasure:
    """Reads a unit of a price list.

    Raises:
        UnreadableUnitError: It cannot be read.
    """
    if len(text) > _LONGEST:
        raise UnreadableUnitError(f"its unit is longer than {_LONGEST} characters")
    bits = _BITS.search(text)
    if bits is not None:
        raise UnreadableUnitError(f"whether {bits[0]} in its unit is of bits or of bytes is open")
    rest = " ".join(text.replace("\u00a0", " ").casefold().split())
    free = 0
    match = _FREE.fullmatch(rest)
    if match is not None:
        rest, free = match[1].rstrip(), _whole(match[2])
    rest = _AGAIN.sub("", rest)
    size, rest = _size(rest)
    if rest.startswith(_PREFIX) and rest.removeprefix(_PREFIX) not in TIMES:
        rest = rest.removeprefix(_PREFIX)
    found = _timed(rest) or _named(rest)
    if found is None:
        raise UnreadableUnitError(f"what its unit {clean(text, 60) or ''!r} stands for is not known here")
    thing, time, times = found
    return UnitOfMeasure(size, thing, time, times, free)


def measure_of(unit: UnitOfMeasure, *, dimension: str = "", data: str = "") -> Measure:
    """Makes of a unit what a component prices.

    Args:
        unit: The unit.
        dimension: What the list says elsewhere of which dimension it is, where the unit does not.
        data: `decimal` or `binary`: of which multiples the seller's gigabytes are, by its documentation;
            empty: that is not known.

    Raises:
        UnreadableUnitError: A plan cannot state it, or it leaves open what is priced.
    """
    thing = unit.thing
    token = _data_unit(thing.unit, data)
    which = thing.dimension or dimension
    if not which:
        raise UnreadableUnitError(f"it is a price by the {thing.name}, and of what the list does not say")
    if thing.way is Way.WORKED:
        count = ComponentKind.COMPONENT_KIND_COUNT
        return Measure(which, token, count, Fraction(unit.size * unit.times * SECONDS[unit.time]))
    # What is held of no thing in particular, such as a gigabyte, is counted where no time is stated.
    if thing.way is Way.COUNTED or (not thing.dimension and not unit.time):
        if unit.time not in ("", MONTH):
            raise UnreadableUnitError(
                f"whether it is a price by the {thing.name} or of a rate of them in each {unit.time} is open"
            )
        return Measure(which, token, ComponentKind.COMPONENT_KIND_COUNT, Fraction(unit.size))
    if not unit.time:
        raise UnreadableUnitError(
            f"it is a price by the {thing.name}, and for how long the list does not say"
        )
    if unit.time == YEAR:
        raise UnreadableUnitError("it is a price by the year, and when in the year it is due is not said")
    held = ComponentKind.COMPONENT_KIND_TIME
    kind = held if which == "compute-unit" else ComponentKind.COMPONENT_KIND_GAUGE_TIME
    month = unit.time == MONTH
    length = unit.times if month else unit.times * SECONDS[unit.time]
    return Measure(which, token, kind, Fraction(unit.size * length), month)


def held(seconds: int) -> Measure:
    """Gives the measure of one thing held for so long."""
    return Measure("compute-unit", "unit", ComponentKind.COMPONENT_KIND_TIME, Fraction(seconds))


def _data_unit(unit: str, data: str) -> str:
    if unit not in DECIMAL or data == "decimal":
        return unit
    if data == "binary":
        return BINARY[DECIMAL.index(unit)]
    raise UnreadableUnitError(
        f"of which bytes its {unit} is, 1000 or 1024 to the power of {DECIMAL.index(unit) + 1}, is not said"
    )


def _whole(text: str) -> int:
    return int(text.replace(",", ""))


def _size(text: str) -> tuple[int, str]:
    """Takes the number off the front, and a second one that multiplies it."""
    size = 1
    for _ in range(2):
        match = _SIZE.fullmatch(text)
        if match is None:
            break
        size *= _whole(match[1]) * MULTIPLES.get(match[2] or "", 1)
        text = match[3].strip()
    match = _SCALE.fullmatch(text)
    if match is not None:
        size, text = size * MULTIPLES[match[1]], match[2]
    if size == 0:
        raise UnreadableUnitError("it is a price of nothing")
    return size, text


def _timed(text: str) -> tuple[Thing, str, int] | None:
    """Reads a thing with a time: behind a stroke or "per", as the last word, or as an adjective."""
    match = _PER.fullmatch(text)
    if match is not None and match[3] in TIMES:
        thing = THINGS.get(match[1].strip())
        times = int(match[2] or "1")
        return (thing, TIMES[match[3]], times) if thing is not None and times else None
    time, _, played = text.partition(" ")
    if played == PLAYED and TIMES.get(time) in SECONDS:
        return Thing("playing time", "media-output", "s", Way.WORKED), TIMES[time], 1
    match = _LAST.fullmatch(text)
    if match is not None and match[2] in TIMES:
        noun, time = match[1] or "", TIMES[match[2]]
        worked = WORKED.get(noun) if time in SECONDS else None
        thing = worked or THINGS.get(noun)
        return (thing, time, 1) if thing is not None else None
    adjective, _, noun = text.partition(" ")
    if adjective in ADJECTIVES and noun in THINGS:
        return THINGS[noun], ADJECTIVES[adjective], 1
    return None


def _named(text: str) -> tuple[Thing, str, int] | None:
    """Reads a thing without a time."""
    thing = THINGS.get(text)
    return (thing, "", 1) if thing is not None else None
