"""The Merkle tree of RFC 9162: a root over a list of byte strings, and proofs that one of them is in it.

A usage batch seals its records, an invoice its pages of lines, and a log all that it accepted under such a
root. The leaves are the exact bytes as transmitted; the tree never looks into them. Enforces MERKLE-LEAF-1,
MERKLE-NODE-1, MERKLE-ROOT-1 and MERKLE-PROOF-1 of trust.md, and LOG-CONSISTENT-1 of log.md.

Whoever keeps a large tree keeps hashes of its perfect subtrees; roots and proofs are made from those, through
a function `node(level, index)` that gives the hash over leaves [index·2^level, (index+1)·2^level).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from hmac import compare_digest

# Root of the tree without leaves: SHA-256 of nothing (RFC 9162, 2.1.1).
EMPTY_ROOT = sha256().digest()

_HASH_BYTES = 32
# More than any proof in a tree of fewer than 2^63 leaves has.
_PROOF_MAX = 64

Node = Callable[[int, int], bytes]


def leaf_hash(leaf: bytes) -> bytes:
    """Returns the 32-byte hash of one leaf: SHA-256(0x00 ‖ leaf) (MERKLE-LEAF-1)."""
    return sha256(b"\x00" + leaf).digest()


def leaf_hashes(leaves: Iterable[bytes]) -> list[bytes]:
    """Returns the hashes of many leaves; a call of `leaf_hash` for each would take half as long again."""
    return [sha256(b"\x00" + leaf).digest() for leaf in leaves]


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

    @classmethod
    def resume(cls, count: int, subtrees: Sequence[bytes]) -> TreeBuilder:
        """Goes on where a builder stood.

        Args:
            count: Number of its leaves.
            subtrees: Its `subtrees`.

        Raises:
            ValueError: They are not as many hashes of 32 bytes as the count has one-bits.
        """
        if (
            count < 0
            or len(subtrees) != count.bit_count()
            or any(len(one) != _HASH_BYTES for one in subtrees)
        ):
            raise ValueError(f"{len(subtrees)} subtrees are not those of a tree of {count} leaves.")
        builder = cls()
        builder._count, builder._subtrees = count, list(subtrees)
        return builder

    @property
    def subtrees(self) -> tuple[bytes, ...]:
        """Hashes of the perfect subtrees so far, largest first: all that a builder remembers."""
        return tuple(self._subtrees)

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


def verify_consistency(
    first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes
) -> bool:
    """Tells whether a tree of `second` leaves begins with the tree of `first` leaves (RFC 9162, 2.1.4.2).

    Equal sizes are consistent by equal roots, and every tree begins with the empty one, both without a proof
    (LOG-CONSISTENT-1).

    Args:
        first: Size of the earlier tree.
        second: Size of the later tree.
        proof: Hashes of 32 bytes.
        first_root: The 32-byte root of the earlier tree.
        second_root: The 32-byte root of the later tree.
    """
    if not 0 <= first <= second or (first == 0 and first_root != EMPTY_ROOT):
        return False
    if first == second:
        return not proof and compare_digest(first_root, second_root)
    hashes = (first_root, second_root, *proof[: _PROOF_MAX + 1])
    if any(len(part) != _HASH_BYTES for part in hashes):
        return False
    if first == 0:
        return not proof
    return 0 < len(proof) <= _PROOF_MAX and _follows(first, second, proof, first_root, second_root)


def _follows(first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes) -> bool:
    """Walks a proof from the earlier tree, which is neither empty nor the later one, to both roots."""
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)  # the earlier tree is one perfect subtree, and the proof leaves it out
    place, last = first - 1, second - 1
    while place & 1:
        place >>= 1
        last >>= 1
    earlier = later = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False  # longer than the tree is high
        if place & 1 or place == last:
            earlier, later = node_hash(sibling, earlier), node_hash(sibling, later)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            later = node_hash(later, sibling)
        place >>= 1
        last >>= 1
    return last == 0 and compare_digest(earlier, first_root) and compare_digest(later, second_root)


def consistency_proof(leaf_hashes: Sequence[bytes], first: int) -> list[bytes]:
    """Returns the proof that the tree over these leaf hashes begins with that over the first `first` of them.

    Raises:
        IndexError: There are fewer leaves than `first`.
    """
    return prove_consistency(first, len(leaf_hashes), nodes_of(leaf_hashes))


def prove_consistency(first: int, second: int, node: Node) -> list[bytes]:
    """Returns the proof that a tree grew from `first` to `second` leaves (RFC 9162, 2.1.4.1).

    Reads a number of nodes of the order of the square of the height at most.

    Raises:
        IndexError: The sizes are not 0 ≤ first ≤ second.
    """
    if not 0 <= first <= second:
        raise IndexError(f"A tree of {second} leaves does not begin with one of {first}.")
    if first in (0, second):
        return []
    proof: list[bytes] = []
    start, end, whole = 0, second, True
    # Descends to where the earlier tree ends, noting at each branching the half that is left aside.
    while start + first != end or not whole:
        if start + first == end:
            proof.append(subtree_root(start, end, node))
            break
        half = start + _split(end - start)
        if first <= half - start:
            proof.append(subtree_root(half, end, node))
            end = half
        else:
            proof.append(subtree_root(start, half, node))
            first -= half - start
            start, whole = half, False
    proof.reverse()
    return proof


def prove_inclusion(index: int, size: int, node: Node) -> list[bytes]:
    """Returns the proof that a leaf is in a tree, from the bottom up (RFC 9162, 2.1.3.1).

    Raises:
        IndexError: There is no such leaf.
    """
    if not 0 <= index < size:
        raise IndexError(f"There is no leaf {index} among {size} leaves; positions count from 0.")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        half = start + _split(end - start)
        if index < half:
            proof.append(subtree_root(half, end, node))
            end = half
        else:
            proof.append(subtree_root(start, half, node))
            start = half
    proof.reverse()
    return proof


def root_of(size: int, node: Node) -> bytes:
    """Returns the 32-byte root of the first `size` leaves from the hashes of perfect subtrees."""
    return subtree_root(0, size, node) if size else EMPTY_ROOT


def subtree_root(start: int, end: int, node: Node) -> bytes:
    """Returns the hash over leaves [start, end), where such a subtree occurs in a proof.

    That is: `start` is a multiple of the smallest power of two that is not below their number.
    """
    roots = []
    while start < end:
        level = (end - start).bit_length() - 1
        roots.append(node(level, start >> level))
        start += 1 << level
    hashed = roots[-1]
    for left in reversed(roots[:-1]):
        hashed = node_hash(left, hashed)
    return hashed


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """Returns the hash over a number of sibling hashes that is a power of two."""
    level = list(hashes)
    while len(level) > 1:
        pairs = iter(level)
        level = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
    return level[0]


def nodes_of(leaf_hashes: Sequence[bytes]) -> Node:
    """Returns the function that gives the hashes of perfect subtrees over leaf hashes held in memory."""

    def node(level: int, index: int) -> bytes:
        return perfect_root(leaf_hashes[index << level : (index + 1) << level])

    return node


def _split(count: int) -> int:
    """Returns the largest power of two that is smaller than a count of at least two."""
    return 1 << ((count - 1).bit_length() - 1)
