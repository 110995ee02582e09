"""What an algorithm of another package must show before it counts: above all, nonces that nobody can guess.

Who knows the nonce of one signature of ECDSA or SM2, or two messages that share one, has the private key. A
widely used library draws nonces from Python's `random`, whose state can be computed from its output. What is
looked for here can be seen from outside: a draw from `random`, one nonce for two messages, and a signature
that is not checked against its text. A generator of its own that is badly seeded cannot be seen so; that is
one more reason for which these algorithms are on trial (ALG-P256-2).
"""

from __future__ import annotations

import random
from typing import Final

from crex.trust.algorithms import PrivateHalf, SigningAlgorithm

_TEXTS: Final = (b"one text that is signed to try the library", b"and another")
_TRIES: Final = 3


def objection(algorithm: SigningAlgorithm) -> str:
    """Says why an algorithm of another package must not be used; empty if nothing was found.

    Signs two texts with a new key. Whatever the package raises is an objection, too.
    """
    try:
        found = _nonces(algorithm.generate()) or _verdicts(algorithm)
    except Exception as error:
        found = f"its library failed with {type(error).__name__}"
    if not found:
        return ""
    return f"{algorithm.token} is refused, for {found}. Use another library for it, and tell its authors."


def _nonces(half: PrivateHalf) -> str:
    # Another thread may draw from `random` at the same moment, so only what happens every time counts.
    if all(_draws(half) for _ in range(_TRIES)):
        return "its library draws nonces from Python's `random`, from which they can be predicted"
    first, second = (half.sign(text) for text in _TEXTS)
    part = len(first) // 2
    if first[:part] == second[:part] or first[part:] == second[part:]:
        return "its library uses one nonce for two texts, which gives the private key away"
    return ""


def _draws(half: PrivateHalf) -> bool:
    before = random.getstate()
    half.sign(_TEXTS[0])
    return random.getstate() != before


def _verdicts(algorithm: SigningAlgorithm) -> str:
    half = algorithm.generate()
    key, signature = algorithm.load(half.spki), half.sign(_TEXTS[0])
    if len(signature) != algorithm.signature_bytes or not key.verify(signature, _TEXTS[0]):
        return "its library does not verify its own signatures"
    others = (signature[:-1], signature + b"\0", bytes(len(signature)))
    if key.verify(signature, _TEXTS[1]) or any(key.verify(other, _TEXTS[0]) for other in others):
        return "its library verifies what nobody signed"
    return ""
