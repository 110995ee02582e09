"""Figures of measurements: samples, their median, and their text. Exact numbers; nothing here is a float."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from crex import v1
from crex.decimals import format_decimal

# Digits that a figure keeps. A clock and a machine that other work shares know no more.
_DIGITS: Final = 4
_SMALLEST: Final = Fraction(1, 10**9)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes:
        metric: Token of what was measured.
        unit: Unit token of the samples.
        samples: The samples, in the unit; at least one.
        number_format: Number format of what was computed; empty: none applies.
        about: What it is, for people.
    """

    metric: str
    unit: str
    samples: tuple[Fraction, ...]
    number_format: str = ""
    about: str = ""

    @property
    def median(self) -> Fraction:
        """The median of the samples, rounded as in the document."""
        ordered = sorted(self.samples)
        middle = len(ordered) // 2
        exact = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
        return rounded(exact)

    @property
    def key(self) -> tuple[str, str]:
        """What there is one figure of: metric and number format."""
        return self.metric, self.number_format

    def message(self) -> v1.BenchmarkResult:
        """Gives the figure as it stands in a predicate, without a declaration."""
        return v1.BenchmarkResult(
            metric=self.metric,
            number_format=self.number_format or None,
            value=format_decimal(self.median),
            unit=self.unit,
            samples=len(self.samples),
            min=format_decimal(rounded(min(self.samples))),
            max=format_decimal(rounded(max(self.samples))),
        )


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that was not measured.

    Attributes:
        what: What, for people.
        why: Why not, and what would change that.
    """

    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


@dataclass(frozen=True, slots=True)
class Measured:
    """What one measurement gave.

    Attributes:
        figures: Its figures.
        conditions: Conditions under which it ran, by token.
        gaps: What could not be measured.
    """

    figures: tuple[Figure, ...] = ()
    conditions: tuple[tuple[str, str], ...] = ()
    gaps: tuple[Gap, ...] = ()


def together(parts: Sequence[Measured]) -> Measured:
    """Puts what several measurements gave into one."""
    return Measured(
        tuple(figure for part in parts for figure in part.figures),
        tuple(condition for part in parts for condition in part.conditions),
        tuple(gap for part in parts for gap in part.gaps),
    )


def rounded(value: Fraction) -> Fraction:
    """Rounds to four significant digits, and to nine places at most; what is equal or less stays so."""
    if value <= 0:
        return Fraction(0)
    unit = Fraction(1)
    while value / unit >= 10**_DIGITS:
        unit *= 10
    while value / unit < 10 ** (_DIGITS - 1) and unit > _SMALLEST:
        unit /= 10
    return round(value / unit) * unit
