"""The Merkle tree of RFC 9162: a root over a list of byte strings, and proofs that one of them is in it.

A usage batch seals its records, and an invoice its pages of lines, under such a root. The leaves are the
exact bytes as transmitted; the tree never looks into them. Enforces MERKLE-LEAF-1, MERKLE-NODE-1,
MERKLE-ROOT-1 and MERKLE-PROOF-1 of trust.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from hmac import compare_digest

# Root of the tree without leaves: SHA-256 of nothing (RFC 9162, 2.1.1).
EMPTY_ROOT = sha256().digest()

_HASH_BYTES = 32


def leaf_hash(leaf: bytes) -> bytes:
    """Returns the 32-byte hash of one leaf: SHA-256(0x00 ‖ leaf) (MERKLE-LEAF-1)."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Returns the 32-byte hash of an inner node: SHA-256(0x01 ‖ left ‖ right) (MERKLE-NODE-1)."""
    return sha256(b"\x01" + left + right).digest()


class TreeBuilder:
    """Computes a root leaf by leaf, in memory of the logarithm of their number.

    It keeps one hash for each perfect subtree to the left of the next leaf, largest first: as many as the
    count has one-bits.
    """

    __slots__ = ("_count", "_subtrees")

    def __init__(self) -> None:
        self._count = 0
        self._subtrees: list[bytes] = []

    def __len__(self) -> int:
        return self._count

    def append(self, leaf: bytes) -> None:
        """Adds the exact bytes of one leaf."""
        self.append_hash(leaf_hash(leaf))

    def append_hash(self, hashed: bytes) -> None:
        """Adds one leaf by its hash."""
        carry = self._count
        while carry & 1:
            hashed = node_hash(self._subtrees.pop(), hashed)
            carry >>= 1
        self._subtrees.append(hashed)
        self._count += 1

    def root(self) -> bytes:
        """Returns the 32-byte root of the leaves so far."""
        if not self._subtrees:
            return EMPTY_ROOT
        root = self._subtrees[-1]
        for left in reversed(self._subtrees[:-1]):
            root = node_hash(left, root)
        return root


def root(leaves: Iterable[bytes]) -> bytes:
    """Returns the 32-byte root over the exact bytes of the leaves, in their order (MERKLE-ROOT-1)."""
    builder = TreeBuilder()
    for leaf in leaves:
        builder.append(leaf)
    return builder.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Returns the proof that the leaf at `index` is in the tree, from the bottom up (RFC 9162, 2.1.3.1).

    Args:
        leaves: The exact bytes of all leaves, in their order.
        index: Position of the leaf, from 0.

    Raises:
        IndexError: There is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(f"There is no leaf {index} among {len(leaves)} leaves; positions count from 0.")
    level = [leaf_hash(leaf) for leaf in leaves]
    proof: list[bytes] = []
    # Level by level: a node without a right neighbour moves up unchanged, which yields the tree of RFC 9162.
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            proof.append(level[sibling])
        pairs = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            pairs.append(level[-1])
        level = pairs
        index >>= 1
    return proof


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected_root: bytes
) -> bool:
    """Tells whether `leaf` stands at `index` of the tree of `size` leaves under a root (RFC 9162, 2.1.3.2).

    Args:
        leaf: The exact bytes of the leaf.
        index: Position of the leaf, from 0.
        size: Number of leaves of the tree.
        proof: Hashes of 32 bytes, from the bottom up.
        expected_root: The 32-byte root.
    """
    return verify_hash_inclusion(leaf_hash(leaf), index, size, proof, expected_root)


def verify_hash_inclusion(
    hashed: bytes, index: int, size: int, proof: Sequence[bytes], expected_root: bytes
) -> bool:
    """Tells the same as `verify_inclusion`, of a leaf that is given by its hash (MERKLE-PROOF-1)."""
    if not 0 <= index < size or any(len(part) != _HASH_BYTES for part in (hashed, *proof)):
        return False
    place, last = index, size - 1
    for sibling in proof:
        if last == 0:
            return False  # longer than the tree is high
        if place & 1 or place == last:
            hashed = node_hash(sibling, hashed)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            hashed = node_hash(hashed, sibling)
        place >>= 1
        last >>= 1
    return last == 0 and compare_digest(hashed, expected_root)
