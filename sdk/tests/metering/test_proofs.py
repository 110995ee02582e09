"""Proofs of one record: what is proven holds, and whatever was changed on the way does not."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crex.errors import CrexError
from crex.metering import RecordProof, UsageError, prove, verify_proof
from crex.metering.proof import FILE_BYTES_MAX, from_json, to_json
from crex.trust import merkle
from crex.trust.directory import TrustDirectory
from crex.trust.identity import Identity
from crex.v1 import GapMarker
from sdk.tests.metering.samples import NOW, PROVIDER, START, Batches, at, hours, record


def trusting(identity: Identity) -> TrustDirectory:
    """The trust documents of somebody who pinned the provider."""
    trust = TrustDirectory()
    trust.pin(identity.trust_document, now=NOW)
    return trust


def proof_of(batches: Batches, seq: int = 2) -> RecordProof:
    """The proof of one of five records."""
    draft = batches.draft(hours(5))
    return prove([(batches.sign(draft.message), draft.bodies)], "units", seq)


@pytest.mark.parametrize("seq", range(1, 6))
def test_each_record_is_proven(batches: Batches, seq: int) -> None:
    """PROOF-ROOT-1: every record of a batch has a proof, which says the very record."""
    found = verify_proof(proof_of(batches, seq), trusting(batches.identity), now=NOW)
    assert found.record == hours(5)[seq - 1]
    assert found.batch.message.lease == found.record.lease


@settings(max_examples=25, deadline=None)
@given(count=st.integers(1, 70), data=st.data())
def test_a_proof_survives_its_file(provider: Identity, count: int, data: st.DataObject) -> None:
    """Written and read again it is the same, whatever the shape of the tree (PROOF-FORM-1)."""
    batches = Batches(provider)
    draft = batches.draft(hours(count))
    seq = data.draw(st.integers(1, count))
    proof = prove([(batches.sign(draft.message), draft.bodies)], "units", seq)
    text = to_json(proof)
    assert len(text) <= FILE_BYTES_MAX
    assert from_json(text) == proof
    assert verify_proof(from_json(text), trusting(provider), now=NOW).record.seq == seq


def test_the_highest_revision_is_proven(batches: Batches) -> None:
    """Of several revisions the last counts, unless another is asked for; later batches are looked at too."""
    first = batches.draft(hours(3))
    second = [record(at("05T09:00:00"), at("05T10:00:00"), "2", seq=2, revision=2)]
    both = batches.draft([*hours(3), *second])
    sealed = [(batches.sign(one.message), one.bodies) for one in (first, both)]
    trust = trusting(batches.identity)
    assert verify_proof(prove(sealed, "units", 2), trust, now=NOW).record.revision == 2
    assert verify_proof(prove(sealed, "units", 2, 1), trust, now=NOW).record.revision == 1


def test_a_record_that_is_not_there(batches: Batches) -> None:
    """What no batch states, and what a marker says is lost, is told apart."""
    gap = GapMarker(meter_id="units", first_seq=3, last_seq=3, reason="the journal was lost")
    draft = batches.draft(hours(2), gaps=[gap])
    sealed = [(batches.sign(draft.message), draft.bodies)]
    with pytest.raises(UsageError, match="lost for good") as caught:
        prove(sealed, "units", 3)
    assert caught.value.reason == "NOT_FOUND"
    for meter, seq, revision in (("units", 4, None), ("other", 1, None), ("units", 1, 2)):
        with pytest.raises(UsageError, match="no batch states it"):
            prove([sealed[0]] if meter != "other" else [], meter, seq if meter != "other" else 3, revision)


def test_bytes_that_were_not_sealed_have_no_proof(batches: Batches) -> None:
    """BATCH-ROOT-1: a proof is made of what was signed for, or not at all."""
    draft = batches.draft(hours(3))
    bodies = draft.bodies
    bodies[0] = bodies[0].replace(b'"quantity":"1"', b'"quantity":"8"')
    with pytest.raises(UsageError, match="BATCH-ROOT-1"):
        prove([(batches.sign(draft.message), bodies)], "units", 2)


CHANGES: dict[str, tuple[Callable[[RecordProof], RecordProof], str]] = {
    "a byte of the record": (
        lambda p: replace(p, record=p.record.replace(b'"quantity":"1"', b'"quantity":"9"')),
        "PROOF-ROOT-1",
    ),
    "another position": (lambda p: replace(p, leaf_index=p.leaf_index + 1), "PROOF-ROOT-1"),
    "a position beyond the tree": (lambda p: replace(p, leaf_index=5), "PROOF-ROOT-1"),
    "a hash more": (lambda p: replace(p, path=(*p.path, b"\0" * 32)), "PROOF-ROOT-1"),
    "a hash less": (lambda p: replace(p, path=p.path[:-1]), "PROOF-ROOT-1"),
    "a path of another order": (lambda p: replace(p, path=p.path[::-1]), "PROOF-ROOT-1"),
    "a smaller tree": (lambda p: replace(p, tree_size=4), "PROOF-SIZE-1"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_one_change_is_refused(batches: Batches, case: str) -> None:
    """MERKLE-PROOF-1, PROOF-SIZE-1: each is one change away from a proof that verifies."""
    change, requirement = CHANGES[case]
    proof, trust = proof_of(batches), trusting(batches.identity)
    verify_proof(proof, trust, now=NOW)
    with pytest.raises(UsageError) as caught:
        verify_proof(change(proof), trust, now=NOW)
    assert (caught.value.reason, caught.value.details["requirement"]) == ("SUBJECT", requirement)


def test_a_batch_of_somebody_else_proves_nothing(batches: Batches) -> None:
    """PROOF-BATCH-1: signature and issuer come first, by the pinned trust documents."""
    proof = proof_of(batches)
    stranger = Identity.create(PROVIDER, roles=["provider"], now=START)
    with pytest.raises(CrexError):
        verify_proof(proof, trusting(stranger), now=NOW)
    with pytest.raises(CrexError):
        verify_proof(proof, TrustDirectory(), now=NOW)
    with pytest.raises(CrexError):
        verify_proof(proof, trusting(batches.identity), now=NOW, expected_issuer="other.example")


def test_two_records_of_one_number_are_not_both_proven(batches: Batches) -> None:
    """PROOF-PLACE-1: a provider that put a second record of a number into the tree proves neither at will."""
    draft = batches.draft(hours(3))
    other = record(at("05T09:00:00"), at("05T10:00:00"), "7", seq=2)
    bodies = [draft.bodies[0], other.body, draft.bodies[1]]
    draft.message.records_root = merkle.root(bodies).hex()
    batch, trust = batches.sign(draft.message), trusting(batches.identity)
    held, requirements = [], []
    for index, body in enumerate(bodies):
        path = tuple(merkle.inclusion_proof(bodies, index))
        proof = RecordProof(body, index, 3, path, batch.envelope)
        try:
            held.append(verify_proof(proof, trust, now=NOW).record.seq)
        except UsageError as error:
            requirements.append(error.details["requirement"])
    assert requirements == ["PROOF-PLACE-1"]
    assert held == [1, 2]


@pytest.mark.parametrize(
    ("body", "requirement"),
    [
        (lambda b: b.replace(b"lease/l1", b"lease/l2"), "BATCH-LEASE-1"),
        (lambda b: b.replace(b"2026-03-05", b"2026-05-05"), "BATCH-PERIOD-1"),
        (lambda b: b.replace(b'"seq":"1"', b'"seq":"9"'), "PROOF-PLACE-1"),
        (lambda b: b.replace(b'"seq":"1"', b'"seq":1'), "SCHEMA"),
    ],
)
def test_a_record_that_no_batch_may_hold(
    batches: Batches, body: Callable[[bytes], bytes], requirement: str
) -> None:
    """Signed for or not: a record is read as strictly as every other."""
    draft = batches.draft(hours(1))
    changed = body(draft.bodies[0])
    draft.message.records_root = merkle.root([changed]).hex()
    batch = batches.sign(draft.message)
    with pytest.raises(CrexError, match=requirement):
        verify_proof(RecordProof(changed, 0, 1, (), batch.envelope), trusting(batches.identity), now=NOW)


def _set(member: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda proof: proof.__setitem__(member, value)


FORMS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a member more": (_set("note", "x"), "$.note"),
    "a member less": (lambda proof: proof.pop("path"), "$.path"),
    "an index that is a number": (_set("leafIndex", 1), "$.leafIndex"),
    "an index with a zero before it": (_set("leafIndex", "01"), "$.leafIndex"),
    "a size below zero": (_set("treeSize", "-1"), "$.treeSize"),
    "a hash in capitals": (_set("path", ["AB" * 32]), "$.path[0]"),
    "a path without end": (_set("path", ["ab" * 32] * 21), "$.path"),
    "a path that is a text": (_set("path", "ab" * 32), "$.path"),
    "a record that is no base64": (_set("record", "e30"), "$.record"),
    "a record without bounds": (_set("record", base64.b64encode(b"x" * 8193).decode()), "$.record"),
    "a batch that is a text": (_set("batch", "x"), "$.batch"),
}


@pytest.mark.parametrize("case", FORMS)
def test_a_file_that_is_no_proof(batches: Batches, case: str) -> None:
    """PROOF-FORM-1: the place is named, and what belongs there."""
    change, path = FORMS[case]
    value = json.loads(to_json(proof_of(batches)))
    change(value)
    with pytest.raises(CrexError) as caught:
        from_json(json.dumps(value).encode())
    assert caught.value.reason == "SCHEMA"
    (violation,) = caught.value.violations
    assert (violation.path, violation.requirement) == (path, "PROOF-FORM-1")


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"{", b'{"record":"","record":""}', b"\xff", b"[" * 5000, b" " * (FILE_BYTES_MAX + 1)],
)
def test_hostile_files(text: bytes) -> None:
    """Whatever a file holds, it is refused with a reason."""
    with pytest.raises(CrexError) as caught:
        from_json(text)
    assert caught.value.reason in ("PAYLOAD", "SCHEMA", "LIMIT")


def test_a_batch_that_is_no_envelope(batches: Batches) -> None:
    """The envelope inside is held to its own form."""
    value = json.loads(to_json(proof_of(batches)))
    value["batch"]["payload"] = "?"
    with pytest.raises(CrexError) as caught:
        from_json(json.dumps(value).encode())
    assert caught.value.reason in ("BASE64", "ENVELOPE")
