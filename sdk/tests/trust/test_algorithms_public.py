"""Public cases of P-256 and ML-DSA, through the same door as every signature: a key's own `verify`.

Those of Ed25519 are in test_keys.py.
"""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crex.errors import TrustError
from crex.trust.algorithms import ECDSA_P256, ML_DSA_65
from crex.trust.keys import PublicKey


def groups(real_data: Path, name: str) -> list[dict[str, Any]]:
    """The groups of a Wycheproof file."""
    content = (real_data / "crypto-vectors" / "wycheproof" / name).read_bytes()
    found: list[dict[str, Any]] = json.loads(gzip.decompress(content) if name.endswith(".gz") else content)[
        "testGroups"
    ]
    return found


def test_wycheproof_p256_raw(real_data: Path) -> None:
    """ALG-P256-1: each of the 262 cases with r‖s, forged, shifted or of another length, gets its verdict."""
    verdicts: Counter[str] = Counter()
    for group in groups(real_data, "ecdsa_secp256r1_sha256_p1363_test.json"):
        key = PublicKey.from_spki(bytes.fromhex(group["publicKeyDer"]), ECDSA_P256)
        for case in group["tests"]:
            valid = key.verify(bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
            assert valid == (case["result"] == "valid"), (case["tcId"], case["comment"])
            verdicts[case["result"]] += 1
    assert verdicts == {"valid": 173, "invalid": 89}


def test_wycheproof_p256_der(real_data: Path) -> None:
    """ALG-P256-1: none of the 484 cases with DER counts, not even the 174 that are right as DER."""
    count = 0
    for group in groups(real_data, "ecdsa_secp256r1_sha256_test.json"):
        key = PublicKey.from_spki(bytes.fromhex(group["publicKeyDer"]), ECDSA_P256)
        for case in group["tests"]:
            assert not key.verify(bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])), case["tcId"]
            count += 1
    assert count == 484


def test_wycheproof_ml_dsa_44(real_data: Path) -> None:
    """TRUST-ALG-1: keys of the smaller set are none of ours; the library below judges their cases rightly."""
    count = 0
    for group in groups(real_data, "mldsa_44_verify_test.json.gz"):
        try:
            public = MLDSA44PublicKey.from_public_bytes(bytes.fromhex(group["publicKey"]))
        except ValueError:
            assert all(case["result"] == "invalid" for case in group["tests"])
            count += len(group["tests"])
            continue
        with pytest.raises(TrustError) as refused:
            PublicKey.from_spki(
                public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), ML_DSA_65
            )
        assert refused.value.reason == "ALG"
        for case in group["tests"]:
            count += 1
            assert judged(public, case) == (case["result"] == "valid"), (case["tcId"], case["comment"])
    assert count == 180


def judged(public: MLDSA44PublicKey, case: dict[str, Any]) -> bool:
    """What the library says of a case, whose context may be too long to be one."""
    context = bytes.fromhex(case["ctx"]) if "ctx" in case else None
    try:
        public.verify(bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]), context)
    except (InvalidSignature, ValueError):
        return False
    return True
