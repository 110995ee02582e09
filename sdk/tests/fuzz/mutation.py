"""Changes bytes as hostile senders and broken disks do, always the same way from the same seed."""

from __future__ import annotations

from random import Random
from typing import Final

_GROWN_MAX: Final = 1 << 16
_STEPS_MAX: Final = 6


def mutate(random: Random, data: bytes, words: tuple[bytes, ...], others: tuple[bytes, ...]) -> bytes:
    """Gives a text that differs from another in one to six places."""
    changed = bytearray(data)
    for _ in range(random.randint(1, _STEPS_MAX)):
        _step(random, changed, words, others)
        del changed[_GROWN_MAX:]
    return bytes(changed)


def _step(random: Random, data: bytearray, words: tuple[bytes, ...], others: tuple[bytes, ...]) -> None:
    at = random.randint(0, len(data))
    end = min(len(data), at + random.choice((1, 1, 2, 4, 16, 256)))
    kind = random.randrange(9)
    if kind == 0 and at < len(data):
        data[at] ^= 1 << random.randrange(8)
    elif kind == 1:
        data[at:at] = random.randbytes(random.choice((1, 1, 2, 8)))
    elif kind == 2:
        del data[at:end]
    elif kind == 3:
        data[at:at] = data[at:end] * random.choice((1, 1, 2, 100))
    elif kind == 4 and words:
        data[at : end if random.random() < 0.5 else at] = random.choice(words)
    elif kind == 5:
        del data[at:]
    elif kind == 6:
        other = random.choice(others)
        cut = random.randint(0, len(other))
        data[at:] = other[cut:]
    elif kind == 7 and at < len(data):
        data[at] = random.choice(b'0179AZaz"{}[]:,\n\x00\x7f\x80\xff')
    else:
        piece = bytes(data[at:end])
        there = random.randint(0, len(data))
        data[there:there] = piece
