"""How places of the report link to each other."""

from __future__ import annotations

from html import escape
from typing import Final

_LENGTH: Final = 16


def anchor(sha256: str) -> str:
    """Gives the place of a document, by its digest; fit for an attribute."""
    return f"d-{escape(sha256[:_LENGTH])}"
