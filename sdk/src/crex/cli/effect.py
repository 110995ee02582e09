"""Options that have an effect only together with another one: where they have none, they are refused."""

from __future__ import annotations

import argparse


def refuse_useless(options: argparse.Namespace, flags: tuple[str, ...], why: str) -> None:
    """Refuses options that a command would take no notice of: whoever gave them expects what they say.

    Args:
        options: What was given.
        flags: The options, such as `--until`, that have no effect with the other options; their
            values are None, false or empty where they are not given.
        why: Why, and what to do; a sentence that goes on after their names.

    Raises:
        CrexError: SCHEMA: one of them was given.
    """
    from crex.errors import CrexError

    values = {flag: getattr(options, flag[2:].replace("-", "_")) for flag in flags}
    given = [flag for flag, value in values.items() if not (value is None or value is False or value == [])]
    if given:
        raise CrexError("SCHEMA", f"{' and '.join(given)} would have no effect: {why}")
