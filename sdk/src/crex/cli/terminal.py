"""What may go to a terminal: strangers write documents and answers, and a terminal obeys characters."""

from __future__ import annotations

import re
from typing import Final

# Control characters but tab and line feed, and those that turn, end or hide what stands beside them.
_STEERING: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)


def harmless(text: str) -> str:
    """Writes every character that would steer a terminal as its escape in JSON.

    In a JSON text these stand inside strings only, where that spelling means the same character.
    """
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
