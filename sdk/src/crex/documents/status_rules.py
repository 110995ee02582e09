"""Rules of status lists: what their bits decompress to, and which places may state since when (status.md)."""

from __future__ import annotations

import zlib
from base64 import b64decode
from collections.abc import Iterator
from typing import Any, Final

from crex import names
from crex.documents.paths import json_path
from crex.documents.rules import Path, Rule
from crex.errors import Violation

SIZE_MIN: Final = 131_072
SIZE_MAX: Final = 8_388_608


def read_bits(compressed: bytes, size: int) -> bytes | None:
    """Decompresses the bits of a status list, whatever the bytes are, within a fixed memory (STATUS-BITS-1).

    Args:
        compressed: A zlib stream (RFC 1950).
        size: Number of places, a multiple of 8 above 0.

    Returns:
        Exactly `size` / 8 bytes; None where the stream holds more or fewer, is broken or cut off, or has
        something after its end.
    """
    wanted = size // 8
    stream = zlib.decompressobj()
    try:
        # One byte more than wanted is asked for, for only so does the stream show that it goes on.
        bits = stream.decompress(compressed, wanted + 1)
    except zlib.error:
        return None
    ended = stream.eof and not stream.unused_data and not stream.unconsumed_tail
    return bits if ended and len(bits) == wanted else None


def is_set(bits: bytes | bytearray, index: int) -> bool:
    """Tells whether a place is revoked; place 0 is the least significant bit of the first byte."""
    return bool(bits[index >> 3] >> (index & 7) & 1)


def _status_list(value: dict[str, Any], path: Path) -> Iterator[Violation]:
    size = int(value["size"])
    if size % 8:
        message = f"{size} places are no whole number of bytes"
        fix = "make it a multiple of 8"
        yield Violation(json_path((*path, "size")), message, "STATUS-SIZE-1", fix)
        return
    if value["ttl"] == "0s":
        message = "with no time to live nobody may ever rely on the list"
        yield Violation(json_path((*path, "ttl")), message, "STATUS-TTL-1", "state at least a second")
    bits = read_bits(b64decode(value["bits"]), size)
    if bits is None:
        message = f"this is no zlib stream of exactly {size // 8} bytes"
        fix = "compress the bits of all places, whole, and append nothing"
        yield Violation(json_path((*path, "bits")), message, "STATUS-BITS-1", fix)
        return
    yield from _entries(value, size, bits, path)


def _entries(value: dict[str, Any], size: int, bits: bytes, path: Path) -> Iterator[Violation]:
    before = -1
    for at, entry in enumerate(value.get("entries", ())):
        place, index = json_path((*path, "entries", at, "index")), int(entry["index"])
        if index <= before:
            fix = "name each place once, in ascending order"
            yield Violation(place, f"place {index} does not come after {before}", "STATUS-TIME-1", fix)
        elif index >= size:
            fix = "leave it out, or make the list larger"
            yield Violation(place, f"there is no place {index} in a list of {size}", "STATUS-TIME-1", fix)
        elif not is_set(bits, index):
            fix = "set its bit, or leave the entry out"
            yield Violation(place, f"place {index} is not revoked", "STATUS-TIME-1", fix)
        before = max(before, index)


def reference(header: dict[str, Any], path: Path) -> Iterator[Violation]:
    """Refuses a header that names a status list of another authority than its issuer's (STATUS-LIST-1)."""
    status = header.get("status")
    if status is not None and names.authority_of(status["list"]) != header["issuer"]:
        message = f"{status['list']} is no list of the issuer, {header['issuer']}"
        fix = "name a list of your own authority: nobody else takes back what you sign"
        yield Violation(json_path((*path, "status", "list")), message, "STATUS-LIST-1", fix)


RULES: Final[dict[str, Rule]] = {"crex.v1.StatusList": _status_list}
