"""Names that the broker gives out: never used before, never reassigned, ascending with time."""

from __future__ import annotations

import secrets
from typing import Final

# Crockford's alphabet in lowercase: no i, l, o, u. Text order is time order.
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_RANDOM_BITS: Final = 80
_LENGTH: Final = 26


def new_id(now_ms: int) -> str:
    """Gives 26 characters: 48 bits of time, then 80 random bits, in the manner of a ULID.

    Rows that are written one after the other then lie beside each other in the store.
    """
    value = (now_ms << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
    return "".join([_ALPHABET[(value >> shift) & 31] for shift in range(5 * (_LENGTH - 1), -1, -5)])
