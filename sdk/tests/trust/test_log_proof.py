"""Step 21 by itself: a record, its leaf, its proof, the log's signature, witnesses, and the log time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from crex import v1
from crex.errors import TrustError
from crex.trust.checkpoint import Checkpoint
from crex.trust.cosignature import cosign
from crex.trust.envelope import Parts, pae
from crex.trust.log_proof import check_proof, check_receipt_leaf, check_record, leaf_data
from crex.trust.merkle import leaf_hash, nodes_of, prove_inclusion, root
from crex.trust.signed_note import KIND_COSIGNATURE, NoteKey, NoteVerifier, SignedNote

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
RECORD, SALT = b"a record", bytes(range(32))
LOG = NoteKey.from_seed("b.example.net/log", b"\x01" * 32)
OWN = NoteKey.from_seed("b.example.net/witness", b"\x05" * 32, KIND_COSIGNATURE)
WITNESSES = [
    NoteKey.from_seed(f"w{at}.example.org/witness", bytes([0x10 + at]) * 32, KIND_COSIGNATURE)
    for at in range(3)
]
SECOND_KEY = NoteKey.from_seed("w0.example.org/witness", b"\x20" * 32, KIND_COSIGNATURE)
INDEX, SIZE = 3, 7


@dataclass(frozen=True)
class Keys:
    """The keys of one authority."""

    logs: tuple[NoteVerifier, ...] = ()
    witnesses: tuple[NoteVerifier, ...] = ()


class Trust:
    """Pinned keys by authority."""

    def __init__(self, keys: Mapping[str, Keys]) -> None:
        self.keys = keys

    def current(self, authority: str) -> Keys | None:
        """The keys of an authority."""
        return self.keys.get(authority)


TRUST = Trust(
    {
        "b.example.net": Keys((LOG.verifier,), (OWN.verifier,)),
        **{
            f"w{at}.example.org": Keys((), (key.verifier, *([SECOND_KEY.verifier] if at == 0 else [])))
            for at, key in enumerate(WITNESSES)
        },
    }
)


def leaves(salt: bytes | None = None) -> list[bytes]:
    """The leaves of a log in which the record stands at its index."""
    found = [sha256(bytes([at])).digest() for at in range(SIZE)]
    found[INDEX] = leaf_data(RECORD, salt)
    return found


def note(salt: bytes | None = None) -> SignedNote:
    """The checkpoint of that log."""
    return Checkpoint(LOG.name, SIZE, root(leaves(salt))).sign(LOG)


def proof(
    *seconds: int, salt: bytes | None = None, own: bool = False, second_key: bool = False
) -> v1.LogProof:
    """A proof that the first witnesses co-signed, so many seconds from now."""
    signed = note(salt)
    lines = [
        cosign(signed, key, now=NOW + timedelta(seconds=at))
        for key, at in zip(WITNESSES, seconds, strict=False)
    ]
    if own:
        lines.append(cosign(signed, OWN, now=NOW))
    if second_key:
        lines.append(cosign(signed, SECOND_KEY, now=NOW))
    hashes = prove_inclusion(INDEX, SIZE, nodes_of([leaf_hash(leaf) for leaf in leaves(salt)]))
    return v1.LogProof(index=INDEX, hashes=hashes, checkpoint=str(signed.with_signatures(lines)), salt=salt)


def refused(
    given: v1.LogProof, policy: v1.PolicyLog | None = None, *, record: bytes = RECORD, trust: Trust = TRUST
) -> str:
    """The reason for which step 21 refuses."""
    with pytest.raises(TrustError) as caught:
        check_record(record, given, trust, policy, now=NOW)
    assert caught.value.step == 21
    return caught.value.reason


def test_leaves_of_public_and_private_records() -> None:
    """The leaf of a public record is SHA-256(0x00 ‖ record), of a private one with 0x01 and salt.

    LOG-LEAF-1, LOG-LEAF-2.
    """
    assert leaf_data(RECORD, None) == sha256(b"\0" + RECORD).digest()
    assert leaf_data(RECORD, SALT) == sha256(b"\1" + SALT + RECORD).digest()
    with pytest.raises(ValueError, match="32 bytes, not 31"):
        leaf_data(RECORD, SALT[:31])


@pytest.mark.parametrize("salt", [None, SALT])
def test_a_record_that_stands_there(salt: bytes | None) -> None:
    """A proof of a public or private record gives log, position and size, and no time without a quorum."""
    fact = check_record(RECORD, proof(salt=salt), TRUST, None, now=NOW)
    assert (fact.log, fact.authority, fact.index, fact.size) == (LOG.name, "b.example.net", INDEX, SIZE)
    assert (fact.witnesses, fact.log_time) == (frozenset(), None)


def test_the_record_of_a_document_is_its_pae() -> None:
    """A document is looked for by its pre-authentication encoding."""
    parts = Parts("t", b"{}", ())
    assert pae("t", b"{}") != RECORD
    with pytest.raises(TrustError) as caught:
        check_proof(parts, proof(), TRUST, None)
    assert caught.value.reason == "INCLUSION"


@pytest.mark.parametrize(
    ("quorum", "expected"), [(0, None), (1, 5), (2, 10), (3, 20)], ids=["none", "one", "two", "three"]
)
def test_log_time_is_when_the_quorum_had_signed(quorum: int, expected: int | None) -> None:
    """The log time is that of the last of the first witnesses that make the quorum (LOG-TIME-1)."""
    fact = check_record(RECORD, proof(10, 20, 5), TRUST, v1.PolicyLog(quorum=quorum))
    assert fact.log_time == (None if expected is None else NOW + timedelta(seconds=expected))
    assert fact.witnesses == {"w0.example.org", "w1.example.org", "w2.example.org"}


@pytest.mark.parametrize(
    ("given", "policy"),
    [
        (proof(1), v1.PolicyLog(quorum=2)),
        (proof(1, own=True), v1.PolicyLog(quorum=2)),
        (proof(1, second_key=True), v1.PolicyLog(quorum=2)),
        (proof(1, 1), v1.PolicyLog(quorum=2, witnesses=["w0.example.org"])),
        (proof(1, 61), v1.PolicyLog(quorum=2)),
    ],
    ids=["too few", "the log's own", "two keys of one", "not accepted", "from the future"],
)
def test_a_missing_quorum(given: v1.LogProof, policy: v1.PolicyLog) -> None:
    """Only different authorities other than the log's, accepted and not from the future, make a quorum.

    POLICY-QUORUM-1, LOG-QUORUM-1, LOG-COSIGNATURE-2.
    """
    assert refused(given, policy) == "QUORUM"


def test_a_quorum_that_is_met() -> None:
    """Two witnesses, one within the leeway of clocks, make a quorum of two."""
    fact = check_record(RECORD, proof(1, 60), TRUST, v1.PolicyLog(quorum=2), now=NOW)
    assert len(fact.witnesses) == 2


def changed(**members: object) -> v1.LogProof:
    """A good proof with other members."""
    found = proof()
    for name, value in members.items():
        if name == "hashes":
            del found.hashes[:]
            found.hashes.extend(value)  # type: ignore[arg-type]  # hashes
        else:
            setattr(found, name, value)
    return found


HASHES = list(proof().hashes)
OTHER = NoteKey.from_seed(LOG.name, b"\x09" * 32)


@pytest.mark.parametrize(
    "given",
    [
        changed(index=INDEX + 1),
        changed(index=SIZE),
        changed(index=-1),
        changed(hashes=HASHES[:-1]),
        changed(hashes=[*HASHES, HASHES[0]]),
        changed(hashes=[HASHES[0][:-1], *HASHES[1:]]),
        changed(hashes=list(reversed(HASHES))),
        changed(hashes=[]),
        changed(hashes=[HASHES[0]] * 10_000),
        changed(salt=SALT),
    ],
)
def test_another_entrys_proof(given: v1.LogProof) -> None:
    """A proof of another position, size, path or salt does not lead to the root (LOG-PROOF-2)."""
    assert refused(given) == "INCLUSION"


def test_another_record() -> None:
    """The proof of one record is none of another."""
    assert refused(proof(), record=RECORD + b"!") == "INCLUSION"
    assert refused(proof(salt=SALT), record=RECORD + b"!") == "INCLUSION"


def test_a_salt_of_another_length() -> None:
    """A salt that has not 32 bytes belongs to no leaf (LOG-PROOF-2)."""
    assert refused(changed(salt=SALT[:31])) == "LEAF"
    assert refused(changed(salt=b"")) == "LEAF"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no note",
        str(note()).replace(f"\n{SIZE}\n", f"\n{SIZE + 1}\n"),
        str(note()).replace("b.example.net/log", "b.example.net/log2"),
        str(note()).replace("b.example.net", "unknown.example"),
        str(Checkpoint(LOG.name, SIZE, root(leaves())).sign(OTHER)),
        f"{note().text}\n— w0.example.org/witness AAAAAAAA\n",
    ],
    ids=["empty", "no note", "altered", "other log", "not pinned", "foreign key", "unsigned"],
)
def test_a_checkpoint_that_is_not_the_logs(text: str) -> None:
    """A checkpoint that is malformed, altered, of an unpinned authority or signed by others is refused.

    LOG-PROOF-1, LOG-CHECKPOINT-1.
    """
    assert refused(changed(checkpoint=text)) == "CHECKPOINT"


def test_a_log_that_the_policy_does_not_accept() -> None:
    """Where the policy names logs, the proof must be of one of them."""
    assert refused(proof(), v1.PolicyLog(logs=["other.example"])) == "CHECKPOINT"
    assert check_record(RECORD, proof(), TRUST, v1.PolicyLog(logs=["b.example.net"])).index == INDEX


def test_a_bad_line_of_a_known_witness_refuses() -> None:
    """A co-signature of another checkpoint by a known witness refuses the proof (LOG-COSIGNATURE-1)."""
    other = Checkpoint(LOG.name, SIZE + 1, root(leaves())).sign(LOG)
    replayed = note().with_signatures([cosign(other, WITNESSES[0], now=NOW)])
    assert refused(changed(checkpoint=str(replayed))) == "CHECKPOINT"


def test_lines_of_strangers_do_not_count() -> None:
    """Co-signatures by witnesses whose trust document is not pinned are ignored."""
    stranger = NoteKey.generate("stranger.example/witness", KIND_COSIGNATURE)
    signed = note().with_signatures([cosign(note(), stranger, now=NOW)])
    assert refused(changed(checkpoint=str(signed)), v1.PolicyLog(quorum=1)) == "QUORUM"


@pytest.mark.parametrize("salt", [None, SALT])
def test_the_leaf_of_a_receipt(salt: bytes | None) -> None:
    """A receipt's leaf follows from record and salt, and from no other record (RECEIPT-LEAF-1)."""
    receipt = v1.Receipt(leaf=leaf_data(RECORD, salt), salt=salt)
    check_receipt_leaf(receipt, RECORD)
    with pytest.raises(TrustError) as caught:
        check_receipt_leaf(receipt, RECORD + b"!")
    assert caught.value.reason == "LEAF"
    receipt.salt = b"short"
    with pytest.raises(TrustError):
        check_receipt_leaf(receipt, RECORD)
