"""Trees, checkpoints and proofs for vectors, by the recursive definitions of RFC 9162 and by C2SP."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from conformance.tests.vectors.signing import Key, b64
from conformance.tests.vectors.trust_document_cases import LOG_KEY, WITNESS_KEY, vkey

EM_DASH: Final = "\u2014"


def leaf_data(record: bytes, salt: bytes | None = None) -> bytes:
    """Leaf data of a record: public, or under a salt."""
    return sha256(b"\0" + record if salt is None else b"\1" + salt + record).digest()


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf."""
    return sha256(b"\0" + data).digest()


def _split(size: int) -> int:
    """The largest power of two below a size."""
    return 1 << ((size - 1).bit_length() - 1)


def root(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 9162, 2.1.1, over the hashed data."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    left = _split(len(leaves))
    return sha256(b"\1" + root(leaves[:left]) + root(leaves[left:])).digest()


def path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 9162, 2.1.3.1."""
    if len(leaves) == 1:
        return []
    left = _split(len(leaves))
    if index < left:
        return [*path(index, leaves[:left]), root(leaves[left:])]
    return [*path(index - left, leaves[left:]), root(leaves[:left])]


def growth(first: int, leaves: Sequence[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 9162, 2.1.4.1."""
    if first == len(leaves):
        return [] if whole else [root(leaves)]
    left = _split(len(leaves))
    if first <= left:
        return [*growth(first, leaves[:left], whole), root(leaves[left:])]
    return [*growth(first - left, leaves[left:], False), root(leaves[:left])]


def checkpoint_text(origin: str, size: int | str, of: bytes) -> str:
    """The text of a checkpoint."""
    return f"{origin}\n{size}\n{b64(of)}\n"


def line(name: str, key: Key, kind: int, sig: bytes) -> str:
    """A signature line."""
    named = bytes.fromhex(vkey(name, key, kind).split("+")[1])
    return f"{EM_DASH} {name} {b64encode(named + sig).decode()}\n"


def log_line(name: str, key: Key, text: str) -> str:
    """The log's own line over a text."""
    return line(name, key, LOG_KEY, key.sign(text.encode()))


def witness_line(name: str, key: Key, text: str, time: str, signed_time: str = "") -> str:
    """A co-signature.

    Args:
        name: Name of the witness's key.
        key: Its key.
        text: The checkpoint.
        time: The time that the line states.
        signed_time: The time that is signed, where it is another.
    """
    message = f"cosignature/v1\ntime {seconds(signed_time or time)}\n{text}"
    return line(name, key, WITNESS_KEY, seconds(time).to_bytes(8) + key.sign(message.encode()))


def seconds(time: str) -> int:
    """POSIX seconds of a time."""
    return int(datetime.fromisoformat(time).timestamp())


def note(text: str, *lines: str) -> str:
    """A signed note."""
    return text + "\n" + "".join(lines)


def proof(index: int, leaves: Sequence[bytes], checkpoint: str, salt: bytes | None = None) -> dict[str, Any]:
    """A LogProof in strict form, free to change."""
    value: dict[str, Any] = {
        "index": str(index),
        "hashes": [b64(it) for it in path(index, leaves)],
        "checkpoint": checkpoint,
    }
    return value if salt is None else value | {"salt": b64(salt)}
