"""What a listing may say of when units can be had: what is granted, never what is taken (AVAIL-LIST-1).

Which units are left would tell competitors what is sold; a hold tells it to who buys (AVAIL-QUANTITY-1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from crex.documents.times import format_time, from_ms
from crex_broker.domain.capacity import Window

# What an accepted allotment grants is committed; nothing else is stated here (AVAIL-FIRMNESS-1).
_FIRMNESS: Final = "committed"


def availability(windows: Iterable[Window], *, mode: str, max_duration: str) -> tuple[dict[str, Any], ...]:
    """Gives the availability of an offer as `Availability` messages in strict JSON form.

    Args:
        windows: Windows of its pool's allotment, ascending and apart.
        mode: Mode token of its terms; empty: not stated.
        max_duration: Longest lease in strict JSON form; empty: not stated.
    """
    terms = {"mode": mode, "maxDuration": max_duration}
    stated = {name: text for name, text in terms.items() if text}
    return tuple(
        {
            "interval": {
                "start": format_time(from_ms(one.start_ms)),
                "end": format_time(from_ms(one.end_ms)),
            },
            "quantity": str(one.quantity),
            "firmness": _FIRMNESS,
            **stated,
        }
        for one in longest(windows)
    )


def longest(windows: Iterable[Window]) -> list[Window]:
    """Finds every interval that cannot be made longer without granting less, with what it grants throughout.

    There are no more of them than windows: each is as high as its lowest window and ends where a lower one or
    a gap begins.

    Args:
        windows: Windows, ascending and apart.

    Returns:
        The intervals by ascending start, then descending quantity.
    """
    found: list[Window] = []
    rising: list[tuple[int, int]] = []  # start and quantity of intervals that have not ended, ascending
    end_ms = None
    for window in _with_gaps(windows):
        start_ms = window.start_ms
        while rising and rising[-1][1] >= window.quantity:
            start_ms, quantity = rising.pop()
            if quantity > window.quantity and end_ms is not None:
                found.append(Window(start_ms, end_ms, quantity))
        if window.quantity:
            rising.append((start_ms, window.quantity))
        end_ms = window.end_ms
    return sorted(found, key=lambda one: (one.start_ms, -one.quantity))


def _with_gaps(windows: Iterable[Window]) -> Iterator[Window]:
    """Gives windows, an empty one for every gap between them, and one after the last."""
    end_ms: int | None = None
    for window in windows:
        if end_ms is not None and window.start_ms > end_ms:
            yield Window(end_ms, window.start_ms, 0)
        yield window
        end_ms = window.end_ms
    if end_ms is not None:
        yield Window(end_ms, end_ms, 0)
