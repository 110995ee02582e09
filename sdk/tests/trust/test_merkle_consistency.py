"""Consistency proofs against their definition and the public vectors, and proofs from stored hashes."""

import base64
import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex.trust import merkle
from sdk.tests.trust.test_merkle import definition

SIZES = st.integers(0, 130).flatmap(lambda second: st.tuples(st.integers(0, second), st.just(second)))
LEAVES = [bytes([number]) * 3 for number in range(130)]
HASHES = [merkle.leaf_hash(leaf) for leaf in LEAVES]


def subproof(first: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    """The proof as RFC 9162, 2.1.4.1 defines it, by recursion on the largest power of two below the size."""
    if first == len(leaves):
        return [] if whole else [definition(leaves)]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if first <= split:
        return [*subproof(first, leaves[:split], whole=whole), definition(leaves[split:])]
    return [*subproof(first - split, leaves[split:], whole=False), definition(leaves[:split])]


@given(SIZES)
def test_consistency_is_proved_as_defined(sizes: tuple[int, int]) -> None:
    """The proof between any two sizes is the one of the definition, and verifies (LOG-CONSISTENT-1)."""
    first, second = sizes
    proof = merkle.consistency_proof(HASHES[:second], first)
    if first:
        assert proof == subproof(first, LEAVES[:second], whole=True)
    assert merkle.verify_consistency(
        first, second, proof, merkle.root(LEAVES[:first]), merkle.root(LEAVES[:second])
    )


@given(SIZES, st.data())
def test_any_change_breaks_the_proof(sizes: tuple[int, int], data: st.DataObject) -> None:
    """Another root or size, a changed, missing or further hash, or a hash of another length is refused."""
    first, second = sizes
    proof = merkle.consistency_proof(HASHES[:second], first)
    before, after = merkle.root(LEAVES[:first]), merkle.root(LEAVES[:second])
    other = sha256(after).digest()
    assert not merkle.verify_consistency(first, second, [*proof, other], before, after)
    assert not merkle.verify_consistency(first, second, proof, other, after)
    if first:
        assert not merkle.verify_consistency(first, second, proof, before, other)
    assert not merkle.verify_consistency(second + 1, second, proof, before, after)
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        assert not merkle.verify_consistency(
            first, second, [*proof[:at], other, *proof[at + 1 :]], before, after
        )
        assert not merkle.verify_consistency(first, second, proof[:-1], before, after)
        assert not merkle.verify_consistency(first, second, [*proof[:-1], proof[-1][:-1]], before, after)


def test_public_consistency_vectors() -> None:
    """All public cases of consistency proofs, good and bad, get their expected verdict.

    Source: github:transparency-dev/merkle @ 417fb0c314750d94e53942e9f92e79b6d35915db, testdata/consistency,
    Apache-2.0; joined as JSON Lines {path, case}, else unchanged.
    """
    lines = (Path(__file__).parent / "merkle_consistency.jsonl").read_text().splitlines()
    for line in lines:
        entry = json.loads(line)
        case = entry["case"]
        ok = merkle.verify_consistency(
            case["size1"],
            case["size2"],
            [base64.b64decode(part) for part in case["proof"] or []],
            base64.b64decode(case["root1"] or ""),
            base64.b64decode(case["root2"] or ""),
        )
        assert ok != case["wantErr"], entry["path"]
    assert len(lines) == 98


def test_a_proof_of_endless_length_is_refused_at_once() -> None:
    """A proof of a million hashes is refused by its length, whatever it holds."""
    endless = [b"\0" * 32] * 1_000_000
    assert not merkle.verify_consistency(1, 2**62, endless, b"\0" * 32, b"\0" * 32)


@given(st.integers(1, 130), st.data())
def test_proofs_from_stored_hashes(size: int, data: st.DataObject) -> None:
    """Roots and proofs made from hashes of perfect subtrees are those made from all leaves."""
    node = merkle.nodes_of(HASHES[:size])
    index = data.draw(st.integers(0, size - 1))
    assert merkle.root_of(size, node) == merkle.root(LEAVES[:size])
    assert merkle.prove_inclusion(index, size, node) == merkle.inclusion_proof(LEAVES[:size], index)


def test_sizes_that_do_not_exist() -> None:
    """Asking for proofs outside the tree says what there is."""
    with pytest.raises(IndexError, match="2 leaves does not begin with one of 3"):
        merkle.consistency_proof(HASHES[:2], 3)
    with pytest.raises(IndexError, match="no leaf 2 among 2"):
        merkle.prove_inclusion(2, 2, merkle.nodes_of(HASHES[:2]))
    assert merkle.root_of(0, merkle.nodes_of([])) == merkle.EMPTY_ROOT


@given(st.integers(0, 130), st.integers(0, 130))
def test_a_builder_goes_on_where_it_stood(first: int, second: int) -> None:
    """A tree that is taken up from its subtrees and grown has the root of all leaves."""
    builder = merkle.TreeBuilder()
    for leaf in LEAVES[:first]:
        builder.append(leaf)
    resumed = merkle.TreeBuilder.resume(len(builder), builder.subtrees)
    for leaf in LEAVES[first:second]:
        resumed.append(leaf)
    assert resumed.root() == merkle.root(LEAVES[: max(first, second)])


@pytest.mark.parametrize(("count", "subtrees"), [(3, [b"\0" * 32]), (1, [b"\0" * 31]), (-1, [])])
def test_a_builder_refuses_what_is_no_state(count: int, subtrees: list[bytes]) -> None:
    """Subtrees of another number or length than the count has are refused."""
    with pytest.raises(ValueError, match="are not those of a tree"):
        merkle.TreeBuilder.resume(count, subtrees)
