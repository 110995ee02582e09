"""Lines of a dispute and amounts of them, as they are written on the command line: `2=40.00`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from crex.decimals import Money

HELP: Final = "a line by its number or its key, and how much of it: 2=40.00; all of it without the amount"


def amounts(texts: Iterable[str], lines: Mapping[str, Money]) -> dict[str, Money]:
    """Reads amounts by line.

    Args:
        texts: What was written, such as `2=40.00` or `2`.
        lines: What each line comes to, in the order in which the lines are numbered from 1.

    Raises:
        CrexError: SCHEMA: a line is not there or is named twice, or an amount is none of the currency.
    """
    from crex.decimals import Money
    from crex.errors import CrexError

    found: dict[str, Money] = {}
    for text in texts:
        key, stated = _split(text, list(lines))
        if key in found:
            raise CrexError("SCHEMA", f"{text!r} names a line that was named before. Name each line once.")
        whole = lines[key]
        found[key] = whole if stated is None else Money.parse(whole.currency, stated)
    return found


def _split(text: str, keys: Sequence[str]) -> tuple[str, str | None]:
    """Gives the key, and the amount where one is stated."""
    from crex.errors import CrexError

    name, equals, stated = text.rpartition("=")
    if not equals or text in keys:
        name, stated = text, ""
    if name in keys:
        return name, stated or None
    if name.isascii() and name.isdecimal() and 0 < int(name) <= len(keys):
        return keys[int(name) - 1], stated or None
    raise CrexError(
        "SCHEMA",
        f"{text!r} names no line. Write its number, from 1 to {len(keys)} as it is shown, or its key; then = "
        "and an amount, such as 1=2.50.",
    )
