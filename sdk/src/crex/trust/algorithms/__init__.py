"""Algorithms that sign documents: a registry by token, into which other packages can put their own.

    ed25519.py, ecdsa_p256.py, ml_dsa_65.py   those of this edition
    der.py                                    what they share: one key, one encoding
    private.py                                what is the same for private halves of `cryptography`
    trial.py                                  what those of other packages must show before they count
    sm2_sm3.py                                SM2 with SM3, which stands outside as those do

The algorithm of a signature is that of its key's record, never of the envelope (algorithms.md). An algorithm
of another package, an entry point of the group `crex.signing_algorithms`, is in trial status: it counts as
unknown until whoever runs the program names it in `CREX_TRIAL_ALGORITHMS` (ALG-TRIAL-1), for installing a
package must not change whom a verifier believes. So none of them can take the place of one of this edition.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Final, Protocol, TypeGuard

from crex.errors import CrexError
from crex.plugins import Plugin, Plugins

ED25519: Final = "ed25519"
ECDSA_P256: Final = "ecdsa-p256"
ML_DSA_65: Final = "ml-dsa-65"

TRIALS_VARIABLE: Final = "CREX_TRIAL_ALGORITHMS"

_NEEDS: Final = "about, token, family, signature_bytes, lacks, load, generate and read_private"


class Family(StrEnum):
    """What an attacker must be able to do to forge; a policy can ask for one signature of each."""

    CLASSICAL = "classical"
    POST_QUANTUM = "post-quantum"


class UnusableKeyError(ValueError):
    """A key is not of its stated algorithm, or not in the one encoding of it; the text says what it is."""


class WeakKeyError(ValueError):
    """A key under which others can forge; the text says why."""


@dataclass(frozen=True, slots=True)
class LoadedKey:
    """A public key that its algorithm has checked.

    Attributes:
        raw: Its value without any wrapping, one text for one key; thresholds count distinct values.
        verify: Tells whether a signature, raw bytes, is this key's over a text; never raises.
    """

    raw: bytes = field(repr=False)
    verify: Callable[[bytes, bytes], bool] = field(repr=False)


class PrivateHalf(Protocol):
    """A private key in this process's memory. Its `repr` shows nothing of it."""

    @property
    def spki(self) -> bytes:
        """DER SubjectPublicKeyInfo of the public half."""
        ...

    def sign(self, signed: bytes) -> bytes:
        """Returns the signature over `signed`, in the one form of the algorithm."""
        ...

    def pem(self, secret: bytes | None) -> bytes:
        """Returns the key as PKCS#8 PEM, encrypted where there is a passphrase."""
        ...


class SigningAlgorithm(Plugin, Protocol):
    """What a signing algorithm is.

    Attributes:
        token: Its token in a key's record.
        family: Its family, that of the registry (ALG-FAMILY-1).
        signature_bytes: Length of each of its signatures; another is refused (ALG-LENGTH-1).
    """

    @property
    def token(self) -> str: ...  # noqa: D102 - see the class

    @property
    def family(self) -> Family: ...  # noqa: D102 - see the class

    @property
    def signature_bytes(self) -> int: ...  # noqa: D102 - see the class

    def lacks(self) -> str:
        """Says what is missing here for it to work, and what to do, in sentences; empty if nothing is."""
        ...

    def load(self, spki: bytes) -> LoadedKey:
        """Loads and checks a public key.

        Raises:
            UnusableKeyError: It is of another algorithm, or not exactly encoded.
            WeakKeyError: Others can forge under it.
        """
        ...

    def generate(self) -> PrivateHalf:
        """Returns a new private key."""
        ...

    def read_private(self, pem: bytes, secret: bytes | None) -> PrivateHalf | None:
        """Reads a PKCS#8 PEM; nothing if the key is of another algorithm.

        Raises:
            ValueError: It is no private key in PEM, or does not open with the passphrase.
            TypeError: It is encrypted and there is no passphrase, or the other way round.
            UnsupportedAlgorithm: Nothing here knows the algorithm of the key.
        """
        ...


def _is_algorithm(found: object) -> TypeGuard[SigningAlgorithm]:
    names = _NEEDS.replace(" and ", ", ").split(", ")
    return all(hasattr(found, name) for name in names)


BUILT_IN: Final = {
    ED25519: ("crex.trust.algorithms.ed25519", "Ed25519, RFC 8032"),
    ECDSA_P256: ("crex.trust.algorithms.ecdsa_p256", "ECDSA on P-256 with SHA-256, FIPS 186-5"),
    ML_DSA_65: ("crex.trust.algorithms.ml_dsa_65", "ML-DSA-65, FIPS 204, pure, with an empty context"),
}
ALGORITHMS: Final = Plugins("signing algorithm", BUILT_IN, _is_algorithm, _NEEDS)


def trials() -> frozenset[str]:
    """Returns the tokens in trial status that whoever runs this program lets in."""
    named = os.environ.get(TRIALS_VARIABLE, "").replace(",", " ").split()
    return frozenset(named) - BUILT_IN.keys()


def find(token: str) -> SigningAlgorithm | None:
    """Returns the algorithm of a token (ALG-SUPPORT-1); nothing where it is unknown or does not work here."""
    found = _load(token) if token in BUILT_IN or token in trials() else None
    return None if isinstance(found, str) else found


def why_not(token: str) -> str:
    """Says why `find` gives nothing for a token, and what to do, in sentences; empty where it gives one."""
    if token in BUILT_IN or token in trials():
        found = _load(token)
        return found if isinstance(found, str) else ""
    if token in on_trial():
        return (
            f"{token} is in trial status, and this reader does not take part. Set {TRIALS_VARIABLE}={token} "
            "to take part, or ask for another signature."
        )
    return f"This reader does not know {token}. Ask for a signature by one of: {', '.join(sorted(BUILT_IN))}."


@cache
def on_trial() -> frozenset[str]:
    """Returns the tokens that installed packages bring, whether anybody lets them in or not; loads none."""
    return ALGORITHMS.names() - BUILT_IN.keys()


def supported() -> Iterator[SigningAlgorithm]:
    """Gives the algorithms that work here: those of this edition, then those let in on trial."""
    for token in (*BUILT_IN, *sorted(trials())):
        found = find(token)
        if found is not None:
            yield found


@cache
def _load(token: str) -> SigningAlgorithm | str:
    try:
        algorithm = ALGORITHMS.load(token)
        missing = algorithm.lacks()
    except CrexError as error:
        return f"{token} cannot be used: {error.message}"
    except Exception as error:
        if token in BUILT_IN:
            raise
        return f"{token} cannot be used: its package failed with {type(error).__name__}. Mend that package."
    if not missing and token not in BUILT_IN:
        from crex.trust.algorithms.trial import objection

        missing = objection(algorithm)
    return missing or algorithm
