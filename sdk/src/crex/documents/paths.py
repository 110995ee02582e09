"""JSON paths, as errors show them: `$.items[0].offer.id`."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHOWN = 64


def json_path(parts: Iterable[str | int]) -> str:
    """Writes a path.

    Args:
        parts: Member names and list indices from the root.

    Returns:
        `$` and the parts; a name that is not plain stands in brackets, quoted, and is cut where it is long.
    """
    text = "$"
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN.fullmatch(part):
            text += f".{part}"
        else:
            text += f"[{shown(part)}]"
    return text


def shown(value: object) -> str:
    """Writes a JSON value as found, for an error message: quoted, escaped, and cut where it is long."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = str(value)
    cut = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    if isinstance(value, str):
        return '"' + "".join(mark if mark.isprintable() else ascii(mark)[1:-1] for mark in cut) + '"'
    return f"the number {cut}"
