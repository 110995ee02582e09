"""Public test sets of cryptography and JSON, whole, through the doors that documents come in by.

Some sets are tried next to what they concern: Wycheproof in test_keys.py (Ed25519) and
test_algorithms_public.py (P-256, ML-DSA), consistency proofs in test_merkle_consistency.py, JSONTestSuite in
../documents/test_strict.py. `ed25519_cases.json` beside this file holds facts that others published, with
their sources; the sets of `CREX_REAL_DATA` are skipped where that folder is absent.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crex.documents import strict
from crex.errors import DocumentError, TrustError
from crex.trust import merkle
from crex.trust.algorithms import ECDSA_P256, ED25519
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import pae
from crex.trust.identity import Identity
from crex.trust.keys import LocalSigningKey, PublicKey, key_id
from sdk.tests.trust.samples import NOW, outcome, root_of, sign_trust, trust_body

PUBLISHED: dict[str, Any] = json.loads((Path(__file__).parent / "ed25519_cases.json").read_bytes())
CASES = [
    pytest.param(case, id=f"{number}-{case['name']}")
    for number, cases in enumerate(PUBLISHED["sets"])
    for case in cases["cases"]
]
SPKI = bytes.fromhex("302a300506032b6570032100")


def test_every_published_set_names_its_source() -> None:
    """A fact is one only with where it comes from."""
    assert len(CASES) == 4 + 12 + 28
    assert all(one["source"] for one in (*PUBLISHED["sets"], PUBLISHED["lowOrder"]))


def verdict(spki: bytes, message: bytes, signature: bytes) -> str:
    """What becomes of a signature by a key that is still to be registered."""
    try:
        key = PublicKey.from_spki(spki, ED25519)
    except TrustError as error:
        return error.reason
    return "valid" if key.verify(signature, message) else "SIGNATURE"


@pytest.mark.parametrize("case", CASES)
def test_published_cases_of_ed25519(case: dict[str, str]) -> None:
    """VERIFY-WEAK-1, VERIFY-SIGNATURE-1: on what implementations differ, ours gives the strict answer.

    A key that is not canonical, of small order or of mixed order is refused when it is registered; S at or
    above the group's order, R in another encoding, and what holds only when multiplied by the cofactor do
    not verify.
    """
    message, signature = bytes.fromhex(case["message"]), bytes.fromhex(case["signature"])
    assert verdict(SPKI + bytes.fromhex(case["key"]), message, signature) == case["answer"]
    if "seed" in case:
        pair = LocalSigningKey.from_seed(bytes.fromhex(case["seed"]))
        assert (pair.public_key.raw.hex(), pair.sign(message)) == (case["key"], signature)


@pytest.mark.parametrize("key", PUBLISHED["lowOrder"]["keys"])
def test_no_encoding_of_a_point_of_low_order_becomes_a_key(key: str) -> None:
    """VERIFY-WEAK-1: a trust document that lists one of the fourteen is refused as a whole, at step 10."""
    identity = _identity()
    spki = SPKI + bytes.fromhex(key)
    body = trust_body(identity)
    body["keys"].append({**body["keys"][1], "keyid": key_id(spki), "spki": b64encode(spki).decode()})
    with pytest.raises(TrustError) as refused:
        TrustDirectory().pin(sign_trust(body, root_of(identity)), now=NOW)
    assert outcome(refused.value) == (10, "KEY_WEAK")


def _identity() -> Identity:
    return _KEPT.setdefault("p", Identity.create("p.example.cn", roles=["provider"], now=NOW))


_KEPT: dict[str, Identity] = {}


def test_dsse_protocol_vector_as_a_key_of_ours(real_data: Path) -> None:
    """ENV-PAE-1: the published signature verifies by a registered P-256 key over our encoding alone."""
    text = (real_data / "crypto-vectors" / "dsse" / "protocol.md").read_text()
    x, y = (int(re.search(rf"^{axis}: (\d+)$", text, re.M)[1]) for axis in "XY")  # type: ignore[index]
    found = re.search(r"```json\n(\{.*?\})\n```", text, re.S)
    assert found is not None
    envelope = orjson.loads(found[1])
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key = PublicKey.from_spki(spki, ECDSA_P256)
    kind, body = envelope["payloadType"], b64decode(envelope["payload"])
    sig = b64decode(envelope["signatures"][0]["sig"])
    assert key.verify(sig, pae(kind, body))
    assert not key.verify(sig, pae(kind, body + b" "))
    assert not key.verify(sig, pae(kind + " ", body))
    assert not key.verify(sig, body)


# CREX signs the bytes that travel and makes no canonical form, so JCS has nothing to be compared with here
# (ADR 0003). Its inputs are JSON that is easily read wrongly, and so are what it writes.
JCS_ANSWERS = {
    "arrays.json": ("JSON-NULL-1", "JSON-NULL-1"),
    "french.json": (None, None),
    "structures.json": ("JSON-NUMBER-1", None),
    "unicode.json": (None, None),
    "values.json": ("JSON-NUMBER-1", "JSON-NULL-1"),
    "weird.json": (None, None),
}


@pytest.mark.parametrize("name", JCS_ANSWERS)
def test_jcs_texts_are_read_as_they_are(real_data: Path, name: str) -> None:
    """JSON-NULL-1, JSON-NUMBER-1: what is strict is read as what it says, in both spellings."""
    for folder, rule in zip(("input", "output"), JCS_ANSWERS[name], strict=True):
        text = (real_data / "crypto-vectors" / "jcs" / folder / name).read_bytes()
        if rule is None:
            assert strict.loads(text) == json.loads(text)
            continue
        with pytest.raises(DocumentError) as refused:
            strict.loads(text)
        assert refused.value.violations[0].requirement == rule
    written = bytes.fromhex(
        (real_data / "crypto-vectors" / "jcs" / "outhex" / f"{name[:-5]}.txt").read_text()
    )
    assert json.loads(written) == json.loads(
        (real_data / "crypto-vectors" / "jcs" / "input" / name).read_bytes()
    )


def test_subtrees_as_trees_of_their_own(real_data: Path) -> None:
    """MERKLE-PROOF-1: the public cases of subtrees are those of a tree that begins at the subtree's start.

    A subtree is one where its start is a multiple of the smallest power of two that holds it; what is none is
    refused before any hash is looked at, which is the test's part, for RFC 9162 has no subtrees.
    """
    path = real_data / "crypto-vectors" / "merkle" / "inclusion.jsonl"
    count = 0
    for line in path.read_text().splitlines():
        entry = json.loads(line)
        case = entry["case"]
        if "start" not in case:
            continue
        count += 1
        start, size = case["start"], case["end"] - case["start"]
        is_subtree = size > 0 and start % (1 << (size - 1).bit_length()) == 0
        holds = is_subtree and merkle.verify_hash_inclusion(
            b64decode(case["leafHash"] or ""),
            case["leafIdx"] - start,
            size,
            [b64decode(part) for part in case["proof"] or []],
            b64decode(case["root"] or ""),
        )
        assert holds != case["wantErr"], entry["path"]
    assert count == 204
