"""How long a page is."""

from __future__ import annotations

from crex_broker.application.limits import Limits


def page_size(asked: int, limits: Limits) -> int:
    """Gives the number of elements of a page: what was asked for, or the default for 0 (MARKET-PAGE-2)."""
    return min(asked or limits.default_page_size, limits.max_page_size)
