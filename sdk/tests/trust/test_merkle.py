"""The Merkle tree against its definition, the public vectors, and properties."""

import base64
import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex.trust import merkle

LEAVES = st.lists(st.binary(max_size=40), min_size=1, max_size=70)


def definition(leaves: list[bytes]) -> bytes:
    """The root as RFC 9162, 2.1.1 defines it, by recursion on the largest power of two below the size."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\1" + definition(leaves[:split]) + definition(leaves[split:])).digest()


@given(st.lists(st.binary(max_size=40), max_size=70))
def test_root_is_the_one_of_the_definition(leaves: list[bytes]) -> None:
    """The root of any list is that of the recursive definition (MERKLE-ROOT-1)."""
    assert merkle.root(leaves) == definition(leaves)


@given(LEAVES)
def test_every_leaf_is_proved(leaves: list[bytes]) -> None:
    """The proof of every leaf verifies at its own position (MERKLE-PROOF-1)."""
    root = merkle.root(leaves)
    for index, leaf in enumerate(leaves):
        proof = merkle.inclusion_proof(leaves, index)
        assert merkle.verify_inclusion(leaf, index, len(leaves), proof, root)


@given(LEAVES, st.data())
def test_any_change_breaks_the_proof(leaves: list[bytes], data: st.DataObject) -> None:
    """Another leaf, position, root, or a changed, missing or further hash is refused."""
    index = data.draw(st.integers(0, len(leaves) - 1))
    root, size = merkle.root(leaves), len(leaves)
    proof = merkle.inclusion_proof(leaves, index)
    leaf = leaves[index]
    assert not merkle.verify_inclusion(leaf + b"x", index, size, proof, root)
    assert not merkle.verify_inclusion(leaf, index, size, proof, sha256(root).digest())
    assert not merkle.verify_inclusion(leaf, index, size, [*proof, root], root)
    assert not merkle.verify_inclusion(leaf, size, size, proof, root)
    assert not merkle.verify_inclusion(leaf, -1, size, proof, root)
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        changed = [*proof[:at], sha256(proof[at]).digest(), *proof[at + 1 :]]
        assert not merkle.verify_inclusion(leaf, index, size, changed, root)
        assert not merkle.verify_inclusion(leaf, index, size, proof[:-1], root)
        assert not merkle.verify_inclusion(leaf, index, size, [*proof[:-1], proof[-1][:-1]], root)


@given(LEAVES, st.data())
def test_a_leaf_never_passes_for_an_inner_node(leaves: list[bytes], data: st.DataObject) -> None:
    """The text of an inner node, taken as a leaf, has another hash (MERKLE-NODE-1)."""
    index = data.draw(st.integers(0, len(leaves) - 1))
    forged = merkle.leaf_hash(leaves[index]) + merkle.leaf_hash(leaves[index])
    twice = [leaves[index], leaves[index]]
    assert merkle.root(twice) != merkle.root([forged])


def test_small_roots_by_hand() -> None:
    """No, one and two leaves have the roots that SHA-256 gives by hand (MERKLE-LEAF-1)."""
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.root([b""]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    left, right = sha256(b"\0a").digest(), sha256(b"\0b").digest()
    assert merkle.root([b"a", b"b"]) == sha256(b"\1" + left + right).digest()


def test_position_that_does_not_exist() -> None:
    """Asking for the proof of a leaf that is not there says how many there are."""
    with pytest.raises(IndexError, match="no leaf 2 among 2"):
        merkle.inclusion_proof([b"a", b"b"], 2)


def test_public_inclusion_vectors(real_data: Path) -> None:
    """All public cases of inclusion proofs, good and bad, get their expected verdict."""
    path = real_data / "crypto-vectors" / "merkle" / "inclusion.jsonl"
    count = 0
    for line in path.read_text().splitlines():
        entry = json.loads(line)
        case = entry["case"]
        if case.get("start", 0) != 0:
            continue  # a subtree that is no tree of its own: not part of RFC 9162
        count += 1
        ok = merkle.verify_hash_inclusion(
            base64.b64decode(case["leafHash"] or ""),
            case["leafIdx"],
            case.get("treeSize", case.get("end")),
            [base64.b64decode(part) for part in case["proof"] or []],
            base64.b64decode(case["root"] or ""),
        )
        assert ok != case["wantErr"], entry["path"]
    assert count > 98
