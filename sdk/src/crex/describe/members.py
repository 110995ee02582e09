"""Members of parsed JSON or YAML, read by type; what is of another type is reported, never taken for it.

A reader wraps an object with its place in the input. Each accessor gives nothing where the member is absent
or null, and where it is of a wrong type; the latter is also a finding of the report, so that an importer
need not say it again. `has` tells the two apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from crex.decimals.ranges import INT64_MAX
from crex.describe.report import Report
from crex.describe.values import clean, whole

_DECIMAL: Final = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][-+]?[0-9]{1,2})?")
# Beyond this, a number is no figure of a machine or a price; it also keeps its digits countable.
_LARGEST_EXPONENT: Final = 100
_LARGEST_SHOWN: Final = 10**40


@dataclass(frozen=True, slots=True)
class Members:
    """An object of the input.

    Attributes:
        value: Its members.
        where: Its place, such as `nodes.json: $.items[3]`.
        report: Takes what is of a wrong type.
    """

    value: Mapping[object, object]
    where: str
    report: Report

    @classmethod
    def of(cls, value: object, where: str, report: Report) -> Members | None:
        """Wraps a value; nothing, and nothing reported, where it is no object."""
        return cls(value, where, report) if isinstance(value, dict) else None

    def has(self, name: str) -> bool:
        """Tells whether a member is there and not null, of whatever type."""
        return self.value.get(name) is not None

    def raw(self, name: str) -> object:
        """Gives a member as it is; None where it is absent."""
        return self.value.get(name)

    def names(self) -> Iterator[str]:
        """Gives the names of all members; YAML may have others than text, which are reported."""
        for name in self.value:
            if isinstance(name, str):
                yield name
            else:
                self.report.leave_out("a member", self.where, f"its name is {kind_of(name)}, not text")

    def place(self, name: str) -> str:
        """Gives the place of a member."""
        return f"{self.where}.{name}"

    def text(self, name: str) -> str | None:
        """Gives a text, as it stands there."""
        value = self.value.get(name)
        if isinstance(value, str):
            return value
        self._wrong(name, value, "text")
        return None

    def flag(self, name: str) -> bool | None:
        """Gives true or false."""
        value = self.value.get(name)
        if isinstance(value, bool):
            return value
        self._wrong(name, value, "true or false")
        return None

    def whole(self, name: str, *, low: int = 0, high: int = INT64_MAX) -> int | None:
        """Gives a whole number within [low, high], written as number or as digits in a text."""
        value = self.value.get(name)
        found = as_whole(value, low=low, high=high)
        if found is None:
            self._wrong(name, value, f"a whole number from {low} to {high}")
        return found

    def number(self, name: str) -> Decimal | None:
        """Gives an exact number, written as number or as decimal text."""
        value = self.value.get(name)
        found = as_number(value)
        if found is None:
            self._wrong(name, value, "a number")
        return found

    def mapping(self, name: str) -> Members | None:
        """Gives an object."""
        value = self.value.get(name)
        found = Members.of(value, self.place(name), self.report)
        if found is None:
            self._wrong(name, value, "an object")
        return found

    def mappings_by_name(self) -> Iterator[tuple[str, Members]]:
        """Gives the members that are objects, with their names; others are reported."""
        for name in self.names():
            found = self.mapping(name)
            if found is not None:
                yield name, found

    def items(self, name: str) -> list[object]:
        """Gives a list of anything; empty where it is none."""
        value = self.value.get(name)
        if isinstance(value, list):
            return value
        self._wrong(name, value, "a list")
        return []

    def mappings(self, name: str) -> list[Members]:
        """Gives the objects of a list; elements of another type are reported."""
        found: list[Members] = []
        for index, element in enumerate(self.items(name)):
            place = f"{self.place(name)}[{index}]"
            one = Members.of(element, place, self.report)
            if one is not None:
                found.append(one)
            else:
                self.report.leave_out(name, place, f"it is {kind_of(element)}, not an object")
        return found

    def texts(self, name: str) -> list[str]:
        """Gives the texts of a list; elements of another type are reported."""
        found: list[str] = []
        for index, element in enumerate(self.items(name)):
            if isinstance(element, str):
                found.append(element)
            else:
                place = f"{self.place(name)}[{index}]"
                self.report.leave_out(name, place, f"it is {kind_of(element)}, not text")
        return found

    def _wrong(self, name: str, value: object, wanted: str) -> None:
        if value is not None:
            self.report.leave_out(name, self.place(name), f"it is {kind_of(value)}, not {wanted}")


def as_whole(value: object, *, low: int = 0, high: int = INT64_MAX) -> int | None:
    """Gives a whole number within [low, high] from a number or from digits in a text; else nothing."""
    if isinstance(value, str):
        return whole(value, low=low, high=high)
    number = as_number(value)
    if number is None or not low <= number <= high or number != number.to_integral_value():
        return None
    return int(number)


def as_number(value: object) -> Decimal | None:
    """Gives an exact number from a number or from decimal text; nothing for what is no finite figure.

    A YAML float is taken as it was written, as far as its shortest form shows that.
    """
    if isinstance(value, str):
        text = value.strip(" \t\n")
        return Decimal(text) if _DECIMAL.fullmatch(text) else None
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return number if number.is_finite() and abs(number.adjusted()) <= _LARGEST_EXPONENT else None


def kind_of(value: object) -> str:
    """Says for people what a value is, shortly: `a list`, `the text 'N/A'`, `the number -1`."""
    if isinstance(value, str):
        return f"the text {clean(value, 40) or ''!r}"
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        huge = isinstance(value, int) and abs(value) > _LARGEST_SHOWN
        return "a number of more than 40 digits" if huge else f"the number {value}"
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    words = {None: "null", True: "true", False: "false"}
    return words[value] if value is None or isinstance(value, bool) else f"a {type(value).__name__}"
