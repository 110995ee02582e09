"""Three-valued logic after Kleene: what is not known stays not known (REQ-KLEENE-1)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NoReturn


class Truth(Enum):
    """Represents what is known about a condition. Only TRUE matches."""

    FALSE = 0
    UNKNOWN = 1
    TRUE = 2

    def __bool__(self) -> NoReturn:
        """Refuses: UNKNOWN is neither true nor false, so a bare `if` would decide what nobody knows."""
        raise TypeError("a Truth has three values: compare it with `is Truth.TRUE`")

    @classmethod
    def of(cls, value: bool | None) -> Truth:
        """Gives the truth of a two-valued answer; None is UNKNOWN."""
        if value is None:
            return cls.UNKNOWN
        return cls.TRUE if value else cls.FALSE


def all_of(truths: Iterable[Truth]) -> Truth:
    """Gives the conjunction: the least of the members in the order FALSE < UNKNOWN < TRUE; TRUE of none."""
    least = Truth.TRUE
    for truth in truths:
        if truth is Truth.FALSE:
            return truth
        if truth is Truth.UNKNOWN:
            least = truth
    return least


def any_of(truths: Iterable[Truth]) -> Truth:
    """Gives the disjunction: the greatest of the members, FALSE < UNKNOWN < TRUE; FALSE of none."""
    greatest = Truth.FALSE
    for truth in truths:
        if truth is Truth.TRUE:
            return truth
        if truth is Truth.UNKNOWN:
            greatest = truth
    return greatest


def negate(truth: Truth) -> Truth:
    """Gives the negation; the negation of UNKNOWN is UNKNOWN."""
    return Truth(2 - truth.value)
