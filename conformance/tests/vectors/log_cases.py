"""Vectors of log.md that need no document: trees and leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from conformance.tests.vectors.case import Case, apart, one_away
from conformance.tests.vectors.log_building import (
    growth,
    leaf_data,
    path,
    root,
    witness_line,
)
from conformance.tests.vectors.signing import Key, b64
from conformance.tests.vectors.trust_cases import Value
from conformance.tests.vectors.trust_document_cases import WITNESS_KEY, vkey

NOW: Final = "2026-11-01T12:30:00Z"
ORIGIN: Final = "l.example.net/log"
LOG: Final = Key.of(ORIGIN)
LOG_2: Final = Key.of(f"{ORIGIN}, second key")
W1, W2, W3, OWN = "w1.example.org", "w2.example.com", "w3.example.cn", "l.example.net"


def witness_name(authority: str) -> str:
    """Name of an authority's witness key."""
    return f"{authority}/witness"


def witness_key(authority: str) -> Key:
    """An authority's witness key."""
    return Key.of(witness_name(authority))


def witness_vkey(authority: str) -> str:
    """An authority's witness key as its trust document lists it."""
    return vkey(witness_name(authority), witness_key(authority), WITNESS_KEY)


def cosigned(authority: str, text: str, time: str, signed_time: str = "") -> str:
    """A witness's line."""
    return witness_line(witness_name(authority), witness_key(authority), text, time, signed_time)


OK: Final[Value] = {"outcome": "ok", "reasons": []}
# The leaves of the test vectors of Certificate Transparency (RFC 6962, published with its implementations).
CT_LEAVES: Final = [
    bytes.fromhex(it) for it in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")
] + [bytes(range(0x60, 0x70))]
CT_ROOT: Final = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
assert root(CT_LEAVES).hex() == CT_ROOT, "the published root of the eight leaves"
LEAVES: Final = [leaf_data(f"record {number}".encode()) for number in range(13)]


def rejected(reason: str) -> Value:
    """The answer of a refusal."""
    return {"outcome": "rejected", "reasons": [reason]}


def answer(output: Value) -> Value:
    """The answer with an output."""
    return OK | {"output": output}


def changed(
    base: Case, id_: str, requirement: str, members: Value, expect: Value, change: str, why: str
) -> Case:
    """A case whose input differs from its base in the given members."""
    given = apart(base.input | members)
    return one_away(base, id_, [requirement], change, why, input=given, expect=expect)


def _roots() -> list[Case]:
    def of(id_: str, requirement: str, leaves: Sequence[bytes], why: str) -> Case:
        output = answer({"root": root(leaves).hex()})
        return Case(id_, [requirement], why, "log.root", {"leaves": [b64(it) for it in leaves]}, output)

    return [
        of("root-of-nothing", "MERKLE-ROOT-1", [], "An empty tree has the digest of nothing as its root."),
        of("root-of-one-empty-leaf", "MERKLE-LEAF-1", [b""], "A leaf of no bytes is hashed with its prefix."),
        of(
            "root-of-eight-leaves",
            "MERKLE-NODE-1",
            CT_LEAVES,
            "The published example of Certificate Transparency (RFC 6962).",
        ),
        of(
            "root-of-seven-leaves",
            "MERKLE-NODE-1",
            CT_LEAVES[:7],
            "The left subtree is the largest full one; nothing is filled up and no leaf is counted twice.",
        ),
        of(
            "root-of-three-leaves",
            "MERKLE-NODE-1",
            CT_LEAVES[:3],
            "A leaf alone on the right goes up as it is.",
        ),
        of(
            "root-of-a-leaf-like-a-node",
            "MERKLE-LEAF-1",
            [root(CT_LEAVES[:2]) + root(CT_LEAVES[2:4])],
            "A leaf with the bytes of two hashes is no node: leaves and nodes are hashed apart.",
        ),
    ]


def _leaves() -> list[Case]:
    salt = bytes(range(32))
    record = b"DSSEv1 33 application/vnd.crex.site.v1+json 2 {}"

    def of(id_: str, requirement: str, with_salt: bytes | None, why: str) -> Case:
        given = {"record": b64(record)} | ({} if with_salt is None else {"salt": b64(with_salt)})
        output = answer({"leaf": leaf_data(record, with_salt).hex()})
        return Case(id_, [requirement], why, "log.leaf", given, output)

    return [
        of("leaf-of-a-public-record", "LOG-LEAF-1", None, "The first leaf of the example in log.md."),
        of("leaf-of-a-private-record", "LOG-LEAF-2", salt, "The second leaf of the example in log.md."),
        of("leaf-under-a-salt-of-zeros", "LOG-LEAF-2", bytes(32), "A salt of zeros is a salt."),
    ]


def _inclusions() -> list[Case]:
    def given(index: int, size: int) -> Value:
        leaves = LEAVES[:size]
        return {
            "leaf": LEAVES[index].hex(),
            "index": str(index),
            "size": str(size),
            "root": root(leaves).hex(),
            "hashes": [b64(it) for it in path(index, leaves)],
        }

    def of(index: int, size: int) -> Case:
        return Case(
            f"inclusion-{index}-of-{size}",
            ["MERKLE-PROOF-1"],
            "A path from a leaf to the root.",
            "log.inclusion",
            given(index, size),
            OK,
        )

    places = [(0, 1), (0, 2), (1, 2), (0, 3), (2, 3), (4, 7), (6, 7), (7, 8), (8, 9), (5, 13), (12, 13)]
    base = of(5, 13)
    hashes = base.input["hashes"]
    refused = rejected("INCLUSION")

    def no(id_: str, change: str, why: str, **members: Any) -> Case:
        return changed(base, id_, "MERKLE-PROOF-1", members, refused, change, why)

    return [
        *(of(*place) for place in places),
        no(
            "inclusion-of-another-leaf",
            "The leaf is another.",
            "A path is of one leaf.",
            leaf=LEAVES[6].hex(),
        ),
        no("inclusion-at-another-index", "The index is the next.", "A path is of one place.", index="6"),
        no(
            "inclusion-under-another-root",
            "The root is of 12 leaves.",
            "Root and path belong together.",
            root=root(LEAVES[:12]).hex(),
        ),
        no(
            "inclusion-one-hash-missing",
            "The last hash is left out.",
            "A short path ends at a node.",
            hashes=hashes[:-1],
        ),
        no(
            "inclusion-one-hash-more",
            "A further hash follows.",
            "What is not used must not be there, or one proof has many spellings.",
            hashes=[*hashes, b64(bytes(32))],
        ),
        no(
            "inclusion-hashes-exchanged",
            "The first two hashes are exchanged.",
            "Order is part of the path.",
            hashes=[hashes[1], hashes[0], *hashes[2:]],
        ),
        no(
            "inclusion-flipped-bit",
            "One bit of a hash is flipped.",
            "Every hash is used.",
            hashes=[b64(bytes([path(5, LEAVES)[0][0] ^ 1]) + path(5, LEAVES)[0][1:]), *hashes[1:]],
        ),
        no("inclusion-at-the-size", "The index is the size.", "Positions count from 0.", index="13"),
        no(
            "inclusion-far-beyond-the-size",
            "The index is 2^62.",
            "An index beyond the tree has no path, however long.",
            index=str(1 << 62),
        ),
        no(
            "inclusion-in-a-tree-of-nothing",
            "The size is 0.",
            "Nothing stands in an empty tree.",
            size="0",
        ),
        changed(
            of(0, 1),
            "inclusion-of-the-only-leaf-with-a-hash",
            "MERKLE-PROOF-1",
            {"hashes": [b64(bytes(32))]},
            refused,
            "A hash is added.",
            "The path of the only leaf is empty.",
        ),
        changed(
            of(12, 13),
            "inclusion-on-the-ragged-edge-one-hash-more",
            "MERKLE-PROOF-1",
            {"hashes": [*of(12, 13).input["hashes"], b64(root(LEAVES[:8]))]},
            refused,
            "The last hash stands there twice.",
            "The path of the last leaf is shorter than that of others; only the size tells how long.",
        ),
        changed(
            of(2, 3),
            "inclusion-of-a-node-as-a-leaf",
            "MERKLE-PROOF-1",
            {
                "leaf": root(LEAVES[:2]).hex(),
                "index": "0",
                "hashes": [b64(root(LEAVES[2:3]))],
            },
            refused,
            "An inner node is shown as the first leaf.",
            "Leaves and nodes are hashed apart, or whoever has a tree has records that nobody wrote.",
        ),
    ]


def _consistencies() -> list[Case]:
    def of(first: int, second: int) -> Case:
        return Case(
            f"growth-from-{first}-to-{second}",
            ["LOG-CONSISTENT-1"],
            "A checkpoint that begins with an earlier one.",
            "log.consistency",
            {
                "first": {"size": str(first), "root": root(LEAVES[:first]).hex()},
                "second": {"size": str(second), "root": root(LEAVES[:second]).hex()},
                "hashes": [b64(it) for it in growth(first, LEAVES[:second])] if 0 < first < second else [],
            },
            OK,
        )

    base = of(6, 13)
    hashes: list[str] = base.input["hashes"]
    refused = rejected("CHECKPOINT")
    other = [*LEAVES[:3], leaf_data(b"altered"), *LEAVES[4:]]

    def no(id_: str, change: str, why: str, of_base: Case = base, **members: Any) -> Case:
        return changed(of_base, id_, "LOG-CONSISTENT-1", members, refused, change, why)

    return [
        *(
            of(*sizes)
            for sizes in ((0, 0), (0, 5), (1, 1), (1, 2), (3, 4), (4, 8), (6, 7), (6, 13), (7, 7), (8, 13))
        ),
        no(
            "growth-of-an-altered-tree",
            "The second root is of a tree in which an earlier leaf is another.",
            "A log that rewrites what stood in it has another root, and no proof leads there.",
            second={"size": "13", "root": root(other).hex()},
        ),
        no(
            "growth-of-an-altered-tree-with-its-own-proof",
            "Second root and proof are of a tree in which an earlier leaf is another.",
            "A proof must lead to the first root, too.",
            second={"size": "13", "root": root(other).hex()},
            hashes=[b64(it) for it in growth(6, other)],
        ),
        no(
            "growth-without-proof",
            "The proof is empty.",
            "Growth that nobody proves is no growth.",
            hashes=[],
        ),
        no(
            "growth-one-hash-missing",
            "The last hash is left out.",
            "A short proof ends at a node.",
            hashes=hashes[:-1],
        ),
        no(
            "growth-one-hash-more",
            "A further hash follows.",
            "What is not used must not be there.",
            hashes=[*hashes, b64(bytes(32))],
        ),
        no(
            "growth-hashes-exchanged",
            "The first two hashes are exchanged.",
            "Order is part of the proof.",
            hashes=[hashes[1], hashes[0], *hashes[2:]],
        ),
        no(
            "growth-backwards",
            "The second is of 5 leaves.",
            "A log that shrinks has dropped something.",
            second={"size": "5", "root": root(LEAVES[:5]).hex()},
        ),
        no(
            "growth-of-a-power-of-two-from-another-root",
            "The first root is of other leaves.",
            "Where the first size is a power of two, its root stands in no proof and must be put in.",
            of(4, 8),
            first={"size": "4", "root": root(other[:4]).hex()},
        ),
        no(
            "same-size-other-root",
            "The second root is of other leaves.",
            "Two checkpoints of one size with different roots prove that the log lied.",
            of(7, 7),
            second={"size": "7", "root": root(other[:7]).hex()},
        ),
        no(
            "same-size-with-a-proof",
            "A hash is given.",
            "Equal sizes need no proof, and what is not used must not be there.",
            of(7, 7),
            hashes=[b64(bytes(32))],
        ),
        no(
            "growth-from-an-impossible-nothing",
            "The first root is not that of nothing.",
            "A tree of size 0 has one root.",
            of(0, 5),
            first={"size": "0", "root": root(LEAVES[:1]).hex()},
        ),
    ]


CASES: Final[list[Case]] = [*_roots(), *_leaves(), *_inclusions(), *_consistencies()]
