"""The longest intervals of an allotment, compared with trying every pair of instants."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crex_broker.domain.availability import longest
from crex_broker.domain.capacity import Window

levels = st.lists(st.integers(0, 4), max_size=7)


def windows_of(quantities: list[int]) -> list[Window]:
    """Gives one window an instant, none where nothing is granted."""
    return [Window(at, at + 1, quantity) for at, quantity in enumerate(quantities) if quantity]


def by_hand(quantities: list[int]) -> set[Window]:
    """Tries all intervals: one is longest where widening it lowers what it grants throughout."""
    padded = [0, *quantities, 0]
    found = set()
    for start in range(1, len(quantities) + 1):
        for end in range(start + 1, len(quantities) + 2):
            least = min(padded[start:end])
            if least and padded[start - 1] < least and padded[end] < least:
                found.add(Window(start - 1, end - 1, least))
    return found


@given(levels)
def test_every_longest_interval_is_found_once(quantities: list[int]) -> None:
    """What the stack finds is what trying everything finds, in order, and no more than there are windows."""
    windows = windows_of(quantities)
    found = longest(windows)
    assert set(found) == by_hand(quantities)
    assert len(set(found)) == len(found) <= len(windows)
    assert found == sorted(found, key=lambda one: (one.start_ms, -one.quantity))


def test_windows_apart_do_not_join() -> None:
    """A gap ends every interval."""
    assert longest([Window(0, 5, 3), Window(6, 9, 3)]) == [Window(0, 5, 3), Window(6, 9, 3)]
