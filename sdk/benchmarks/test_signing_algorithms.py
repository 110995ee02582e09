"""Verifying by a key's own `verify`, against the same verification by the library below, for each algorithm.

Both sides are interleaved in one run, and only the ratio of their quietest rounds counts: neighbours on the
machine can treble a single one. Goal: at most 1.1 with Ed25519, by which nearly every document is signed; the
others are measured with it, for what a reader spends.
"""

from collections.abc import Callable
from time import perf_counter

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pytest_benchmark.fixture import BenchmarkFixture

from crex.trust.algorithms import BUILT_IN, ED25519
from crex.trust.keys import LocalSigningKey

ROUNDS, CALLS = 51, 20
TEXT = bytes(range(256)) * 20
RATIO_MAX = {ED25519: 1.1}


def library(key: LocalSigningKey, signature: bytes) -> Callable[[], None]:
    """One verification by the library alone, with all that can be prepared before it prepared."""
    public = load_der_public_key(key.public_key.spki)
    if isinstance(public, EllipticCurvePublicKey):
        ecdsa, half = ECDSA(SHA256()), len(signature) // 2
        r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
        der, on_curve = encode_dss_signature(r, s), public
        return lambda: on_curve.verify(der, TEXT, ecdsa)
    assert isinstance(public, Ed25519PublicKey | MLDSA65PublicKey)
    check = public.verify
    return lambda: check(signature, TEXT)


def per_call_us(call: Callable[[], object]) -> float:
    """Microseconds of one call, over a batch of them."""
    begin = perf_counter()
    for _ in range(CALLS):
        call()
    return (perf_counter() - begin) / CALLS * 1e6


@pytest.mark.parametrize("token", BUILT_IN)
def test_verify(benchmark: BenchmarkFixture, token: str) -> None:
    """A registry of algorithms costs next to nothing beside the one verification that it leads to."""
    key = LocalSigningKey.generate(token)
    signature, public = key.sign(TEXT), key.public_key
    sides: dict[str, Callable[[], object]] = {
        "library": library(key, signature),
        "key": lambda: public.verify(signature, TEXT),
    }
    assert public.verify(signature, TEXT)
    samples: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, side in sides.items():
            samples[name].append(per_call_us(side))
    benchmark.pedantic(sides["key"], rounds=ROUNDS, iterations=CALLS)  # type: ignore[no-untyped-call]
    ratio = min(samples["key"]) / min(samples["library"])
    benchmark.extra_info |= {
        "library_us": round(min(samples["library"]), 1),
        "key_us": round(min(samples["key"]), 1),
        "ratio": round(ratio, 3),
        "sign_us": round(min([per_call_us(lambda: key.sign(TEXT)) for _ in range(5)]), 1),
    }
    if token in RATIO_MAX:
        assert ratio <= RATIO_MAX[token]
