"""Many envelopes at once: the same answers as one by one, in the same order, from any number of processes."""

from __future__ import annotations

import pickle
from datetime import timedelta

import pytest

from crex import v1
from crex.documents.times import format_time
from crex.errors import DocumentError, TrustError
from crex.trust.batch import ENVELOPES_PER_WORKER, Asked, Found, Known, open_many, worth
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import record_id, to_json
from crex.trust.identity import Identity
from crex.trust.policies import Evidence
from crex.trust.policies.gathering import gather
from crex.trust.status_lists import StatusLists
from crex.trust.verify import open_envelope
from sdk.tests.trust.samples import CONSUMER, NOW, PROVIDER, header, order, outcome, sign_raw, site
from sdk.tests.trust.status_samples import LIST, signed_list, trusting
from sdk.tests.trust.step_samples import HOUR, SmallLog, key_of, pin, revision

ASKED = Asked(now=NOW)
CLAUSE = v1.PolicyClause(predicate_type="capacity")


def sites(provider: Identity, count: int) -> list[v1.Envelope]:
    """Sites of the provider, each of its own name."""
    return [
        sign_raw("site", {**site(), "header": header(PROVIDER, f"site/s{at}")}, key_of(provider))
        for at in range(count)
    ]


def capacity() -> dict[str, object]:
    """An attestation about the provider."""
    return {
        "header": header(CONSUMER, "attestation/a"),
        "subjects": [{"id": f"crex://{PROVIDER}/trust/main"}],
        "predicateType": "capacity",
        "capacity": {
            "quantity": "8",
            "unit": f"crex://{PROVIDER}/node-class/a",
            "observed": {"start": "2026-10-01T00:00:00Z", "end": "2026-10-02T00:00:00Z"},
            "method": "inspection",
        },
    }


def told(answer: Found | TrustError) -> tuple[int, str] | str:
    """Name of what verified, or step and reason of a refusal."""
    return answer.id if isinstance(answer, Found) else outcome(answer)


def test_each_is_answered_in_its_place(provider: Identity, consumer: Identity, trust: TrustDirectory) -> None:
    """VERIFY-ORDER-1: facts for what verifies, the refusal for what does not, whatever form it came in."""
    good, other = sites(provider, 2)
    flipped = v1.Envelope.FromString(good.SerializeToString())
    flipped.payload = flipped.payload.replace(b"CN", b"CX")
    mixed: list[v1.Envelope | bytes] = [
        good,
        to_json(other),
        flipped,
        b"{",
        sign_raw("order-document", order(), key_of(consumer)),
    ]
    answers = open_many(mixed, trust, ASKED)
    assert list(map(told, answers)) == [
        f"crex://{PROVIDER}/site/s0",
        f"crex://{PROVIDER}/site/s1",
        (11, "SIGNATURE"),
        (2, "ENVELOPE"),
        f"crex://{CONSUMER}/order-document/d1",
    ]
    first, opened = answers[0], open_envelope(good, v1.Site, trust, now=NOW)
    assert isinstance(first, Found)
    assert (first.sha256, first.keyids, first.signer) == (opened.digest, opened.keyids, PROVIDER)
    assert (first.record_id, first.token, first.families) == (
        record_id(good),
        "site",
        frozenset({"classical"}),
    )
    assert first.steps == ()
    typed = open_many(mixed[-1:], trust, Asked(now=NOW, document="site"))
    assert told(typed[0]) == (4, "TYPE")


def test_other_processes_answer_alike(provider: Identity, consumer: Identity) -> None:
    """VERIFY-ORDER-1: with status, a log, attestations and a policy, workers say what this process says."""
    trust, lists, log = TrustDirectory(), StatusLists(), SmallLog()
    trust.pin(trusting(provider), now=NOW)
    trust.update(trusting(provider, revision=2), now=NOW)
    trust.pin(consumer.trust_document, now=NOW)
    log.pin(trust)
    lists.accept(signed_list(provider, [7]), trust, NOW)
    revoked = sign_raw("site", site(status={"list": LIST, "index": "7"}), key_of(provider))
    envelopes = [*sites(provider, 6), revoked]
    places = [log.append(one) for one in envelopes[1:]]
    proofs = {record_id(one): log.proof(at, NOW) for one, at in zip(envelopes[1:], places, strict=True)}
    proofs[record_id(envelopes[3])] = log.proof(0, NOW)
    attestation = sign_raw("attestation", capacity(), key_of(consumer))
    evidence = Evidence((open_envelope(attestation, v1.Attestation, trust, now=NOW),))
    policy = v1.TrustPolicy(require=[CLAUSE], log=v1.PolicyLog(required=True, quorum=1))
    known = Known(trust, lists, evidence, proofs)
    asked = Asked(now=NOW, policy=policy, expected_issuer=PROVIDER, steps=True)
    here = open_many(envelopes, known, asked, workers=1)
    there = open_many(envelopes, known, asked, workers=2)
    assert list(map(told, here)) == [
        (23, "POLICY"),
        f"crex://{PROVIDER}/site/s1",
        f"crex://{PROVIDER}/site/s2",
        (21, "INCLUSION"),
        f"crex://{PROVIDER}/site/s4",
        f"crex://{PROVIDER}/site/s5",
        (18, "REVOKED"),
    ]
    for one, other in zip(here, there, strict=True):
        if isinstance(one, Found):
            assert one == other
        else:
            assert isinstance(other, TrustError)
            assert (str(one), outcome(one), one.not_asked) == (str(other), outcome(other), other.not_asked)
    fact = here[1]
    assert isinstance(fact, Found)
    assert fact.log is not None
    assert fact.log.log_time == NOW
    assert len(fact.steps) == 23


def test_evidence_that_stands_by_its_log_time(provider: Identity, consumer: Identity) -> None:
    """LOG-TIME-2: an attestation whose key has ended counts by its proof, here and in other processes."""
    trust, log, late = TrustDirectory(), SmallLog(), NOW + timedelta(days=1)
    trust.pin(trusting(provider), now=NOW)
    trust.pin(revision(consumer, 1, key={"notAfter": format_time(NOW + HOUR)}), now=NOW)
    log.pin(trust)
    attestation = sign_raw("attestation", capacity(), key_of(consumer))
    quorum = v1.PolicyLog(required=True, quorum=1)
    proofs = {record_id(attestation): log.proof(log.append(attestation), NOW)}
    envelopes = sites(provider, 2)
    for envelope in envelopes:
        proofs[record_id(envelope)] = log.proof(log.append(envelope), NOW)
    asked = Asked(now=late, policy=v1.TrustPolicy(require=[CLAUSE]))
    for given, demanded, outcomes in (
        (proofs, quorum, [f"crex://{PROVIDER}/site/s0", f"crex://{PROVIDER}/site/s1"]),
        (proofs, None, [(23, "POLICY")] * 2),  # without a quorum there is no log time
        ({}, quorum, [(23, "POLICY")] * 2),
    ):
        evidence = gather([attestation], trust, now=late, proofs=given, demanded=demanded)
        known = Known(trust, None, evidence, proofs)
        for workers in (1, 2):
            assert list(map(told, open_many(envelopes, known, asked, workers=workers))) == outcomes
    # What a worker is not handed the proof of, it does not count, and says so.
    evidence = gather([attestation], trust, now=late, proofs=proofs, demanded=quorum)
    (answer, _) = open_many(envelopes, Known(trust, None, evidence), asked, workers=2)
    assert told(answer) == (23, "POLICY")
    assert "KEY_TIME" in str(answer)


def test_what_a_batch_answers_can_be_carried(provider: Identity, trust: TrustDirectory) -> None:
    """Facts and refusals are plain data, steps and reasons included."""
    answers = open_many([*sites(provider, 1), b"["], trust, Asked(now=NOW, steps=True))
    carried = pickle.loads(pickle.dumps(answers))
    assert carried[0] == answers[0]
    assert outcome(carried[1]) == (2, "ENVELOPE")
    assert carried[1].violations == answers[1].violations  # type: ignore[union-attr]


def test_how_many_workers_a_batch_is_worth() -> None:
    """A small batch is judged here; a large one by no more processes than there are cores."""
    assert worth(0) == worth(ENVELOPES_PER_WORKER) == 1
    assert 1 <= worth(10**9) <= 4096


def test_mistakes_of_the_caller_are_told(provider: Identity, trust: TrustDirectory) -> None:
    """A time without a zone, no workers, and a type that is none are refused at once."""
    with pytest.raises(ValueError, match="zone"):
        open_many([], trust, Asked(now=NOW.replace(tzinfo=None)))
    with pytest.raises(ValueError, match="workers"):
        open_many([], trust, ASKED, workers=0)
    with pytest.raises(DocumentError, match="sight"):
        open_many([], trust, Asked(now=NOW, document="sight"))
    assert open_many([], trust, ASKED, workers=8) == []


def test_pins_of_later_revisions_are_carried(provider: Identity) -> None:
    """A worker gets every version from the first that is pinned, and judges by the last."""
    trust = TrustDirectory()
    trust.pin(revision(provider, 4), now=NOW)
    trust.update(revision(provider, 5, issued_at=NOW + timedelta(hours=1)), now=NOW + timedelta(hours=1))
    pin(trust, Identity.create(CONSUMER, roles=["consumer"], now=NOW))
    answers = open_many(sites(provider, 2), trust, ASKED, workers=2)
    assert [one.trust_revision for one in answers if isinstance(one, Found)] == [5, 5]
