"""The strict JSON form: one spelling of every text, decided at the level of tokens (documents.md).

`loads` accepts a text on a fast path that proves it strict from the outside:

1. orjson parses it: grammar, UTF-8, no BOM, no lone surrogate, nothing after the value.
2. The text outside the strings holds only brackets, colons, commas, white space, `true`, `false` and short
   integers: no null, no fraction, no exponent, no "-0".
3. The parsed value, written again, has as many strings as the text: no member was dropped as a duplicate.
4. The brackets outside the strings nest at most 64 deep.

Whatever it cannot prove goes to the scanner (scanner.py), which has the last word and names the place.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from typing import Any

import orjson

from crex.documents import scanner

MAX_BYTES = 1_048_576
MAX_DEPTH = scanner.MAX_DEPTH

# Pairs of an escape; once they are gone, every quote left begins or ends a string.
_ESCAPES = re.compile(rb"\\.")
# Outside strings: digits become one digit, so that a run of ten (which may leave int32) shows as ten zeros.
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_STRUCTURE = b"[]{}: \t\r\n"
_LONG_NUMBER = b"0" * 10
# For depth: braces become brackets, and all else goes.
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def loads(body: bytes, *, max_bytes: int = MAX_BYTES) -> Any:
    """Reads a text in strict form.

    Args:
        body: The text as transmitted. White space around the value is part of a JSON text; anything else is
            not.
        max_bytes: Greatest length in bytes.

    Returns:
        The value: dict, list, str, int or bool.

    Raises:
        DocumentError: `LIMIT` if it is too long (JSON-SIZE-1) or too deep (JSON-DEPTH-1), else `PAYLOAD`;
            the one violation names JSON path, line, column, byte offset, requirement and fix.
    """
    if len(body) > max_bytes:
        raise scanner.too_long(len(body), max_bytes)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return scanner.scan(body)
    return value if _proved(body, value) else scanner.scan(body)


def members(body: bytes) -> frozenset[str]:
    """Names the members of a text, to tell what it is to be read as; none where it is no JSON object.

    Nothing is checked by this: the text may still not be in strict form.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return frozenset()
    return frozenset(value) if isinstance(value, dict) else frozenset()


def base64_bytes(value: Any) -> bytes | None:
    """Reads padded standard base64; nothing for what is no such text, or does not encode to itself again.

    Two spellings of the same bytes would be two texts with one meaning.
    """
    try:
        raw = b64decode(value, validate=True) if isinstance(value, str) else None
    except ValueError:
        return None
    return raw if raw is not None and b64encode(raw).decode("ascii") == value else None


def _proved(body: bytes, value: Any) -> bool:
    """Tells whether a text that parsed to a value is certainly strict."""
    escaped = b"\\" in body
    if escaped:
        if b"\\u0000" in body:
            return False
        body = _ESCAPES.sub(b"", body)
    parts = body.split(b'"')
    outside = b"".join(parts[::2])
    if b"-0" in outside or not _depth_within(outside.translate(_BRACKETS, _NOT_BRACKETS)):
        return False
    scalars = outside.translate(_DIGITS, _STRUCTURE)
    words = scalars.translate(None, b"-0,")
    if _LONG_NUMBER in scalars or words.replace(b"true", b"").replace(b"false", b""):
        return False
    written = orjson.dumps(value)
    if escaped:
        written = _ESCAPES.sub(b"", written)
    return len(parts) - 1 == written.count(b'"')


def _depth_within(brackets: bytes) -> bool:
    """Tells whether balanced brackets nest at most `MAX_DEPTH` deep: each round takes the innermost away."""
    if len(brackets) <= 2 * MAX_DEPTH:
        return True
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace(b"[]", b"")
        if not brackets:
            return True
    return False
