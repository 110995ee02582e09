"""Texts of documents within a line of a report: a stranger's line break would begin a line of its own."""

from __future__ import annotations

import re
from typing import Final

# What ends a line or moves on in it, wherever the report is read.
_BREAKS: Final = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")


def inline(text: str) -> str:
    """Writes what would end a line, and other control characters, as their escapes in JSON."""
    return _BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
