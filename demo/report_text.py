"""Texts of the report: escaped, and without characters that nobody sees; how places link to each other."""

from __future__ import annotations

import html
import unicodedata
from typing import Final

_LENGTH: Final = 16
_KEPT: Final = "\n\t"


def escape(text: str) -> str:
    """Escapes a text for HTML, attributes included.

    Control and format characters, which could turn the order of what is seen, are shown by their numbers.
    """
    return html.escape("".join(map(_visible, text)))


def anchor(sha256: str) -> str:
    """Gives the place of a document, by its digest; fit for an attribute."""
    return f"d-{escape(sha256[:_LENGTH])}"


def _visible(character: str) -> str:
    if character.isprintable() or character in _KEPT:
        return character
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    return f"\\u{{{ord(character):04x}}}" if hidden else character
