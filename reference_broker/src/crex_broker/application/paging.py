"""How long a page is: by count, and by the bytes that a client takes in one message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

from google.protobuf.message import Message

from crex_broker.application.limits import Limits

# What a response may hold (BILLING-LIST-2, MARKET-PAGE-3): gRPC clients take 4 MiB unless told otherwise.
MAX_PAGE_BYTES: Final = 3 * 1024 * 1024
# The token and the fields beside the elements.
BESIDE_BYTES: Final = 4096
# A length of up to 2²¹, and the number of a field, before each element.
_FRAME_BYTES: Final = 5

P = TypeVar("P")
M = TypeVar("M", bound=Message)


def page_size(asked: int, limits: Limits) -> int:
    """Gives the number of elements of a page: what was asked for, or the default for 0 (MARKET-PAGE-2)."""
    return min(asked or limits.default_page_size, limits.max_page_size)


def fitting(elements: Iterable[Message], room: int = MAX_PAGE_BYTES, *, least: int = 1) -> int:
    """Gives how many elements, from the first on, a response has room for.

    Args:
        elements: The elements.
        room: Bytes of the response.
        least: Elements that are given, however large they are.
    """
    taken = BESIDE_BYTES
    count = 0
    for element in elements:
        taken += element.ByteSize() + _FRAME_BYTES
        if count >= least and taken > room:
            break
        count += 1
    return count


async def fitting_page(
    read: Callable[[int], Awaitable[P]], elements_of: Callable[[P], list[M]], limit: int
) -> tuple[P, list[M]]:
    """Reads a page that fits into a response (MARKET-PAGE-3).

    A page that is too large is read again, shorter: so the place where the next one begins is always the
    store's own word.

    Args:
        read: Reads a page of at most so many elements.
        elements_of: Gives the elements of a page as messages.
        limit: Most elements to give.

    Returns:
        The page, and its elements.
    """
    while True:
        page = await read(limit)
        elements = elements_of(page)
        count = fitting(elements)
        if count == len(elements):
            return page, elements
        limit = count
