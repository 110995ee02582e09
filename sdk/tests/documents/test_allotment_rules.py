"""Windows of an allotment are a function of time (CAP-WINDOW-1)."""

from __future__ import annotations

from typing import Any

import pytest

from crex import v1
from crex.documents import semantics

DAYS = [f"2026-03-0{day}T00:00:00Z" for day in range(1, 7)]


def allotment(*windows: tuple[int, int]) -> dict[str, Any]:
    """Gives an allotment with windows between some days."""
    return {
        "windows": [{"start": DAYS[start], "end": DAYS[end], "quantity": "1"} for start, end in windows],
    }


@pytest.mark.parametrize(
    ("windows", "place", "requirement"),
    [
        ([(1, 1)], "$.windows[0].end", "SCALAR-INTERVAL-1"),
        ([(2, 1)], "$.windows[0].end", "SCALAR-INTERVAL-1"),
        ([(0, 2), (1, 3)], "$.windows[1].start", "CAP-WINDOW-1"),
        ([(2, 3), (0, 1)], "$.windows[1].start", "CAP-WINDOW-1"),
        ([(0, 1), (1, 3), (2, 4)], "$.windows[2].start", "CAP-WINDOW-1"),
    ],
)
def test_windows_that_are_no_function_of_time_are_refused(
    windows: list[tuple[int, int]], place: str, requirement: str
) -> None:
    """Empty, reversed, overlapping and unordered windows are refused at their place."""
    (violation,) = semantics.violations(allotment(*windows), v1.Allotment)
    assert (violation.path, violation.requirement) == (place, requirement)


def test_overlapping_windows_are_both_named() -> None:
    """Who reads the refusal sees which two windows overlap."""
    (violation,) = semantics.violations(allotment((0, 2), (1, 3)), v1.Allotment)
    assert "$.windows[0].end" in violation.message


def test_windows_may_touch_and_lie_apart() -> None:
    """The end of a window is exclusive, so the next may begin there."""
    assert semantics.violations(allotment((0, 1), (1, 2), (4, 5)), v1.Allotment) == []
