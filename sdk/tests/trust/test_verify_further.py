"""Steps 17, 18 and 21 to 23: log time, status, the log, evidence and policies, each where it is asked for."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crex import v1
from crex.documents.times import format_time
from crex.errors import TrustError
from crex.trust import verify
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import record_id
from crex.trust.identity import Identity
from crex.trust.status_lists import StatusLists
from crex.trust.steps import explain
from crex.trust.verified import Verified
from crex.trust.verify import LogEvidence, open_any, open_envelope
from sdk.tests.trust.samples import (
    CONSUMER,
    NOW,
    PROVIDER,
    SECOND,
    header,
    outcome,
    pinned,
    sign_raw,
    site,
)
from sdk.tests.trust.status_samples import LIST, directory, signed_list
from sdk.tests.trust.step_samples import (
    HOUR,
    LOG,
    SECOND_WITNESS,
    WITNESS,
    SmallLog,
    key_of,
    pin,
    revision,
)

DAY = timedelta(days=1)
EXAMPLES = Path(__file__).resolve().parents[3] / "schemas" / "examples" / "valid"
ONE = v1.PolicyLog(quorum=1)


def open_site(envelope: v1.Envelope, trust: TrustDirectory, **asked: Any) -> Verified[v1.Site]:
    """Opens a site."""
    return open_envelope(envelope, v1.Site, trust, **{"now": NOW, **asked})


def refused(envelope: v1.Envelope, trust: TrustDirectory, **asked: Any) -> TrustError:
    """The refusal of a document."""
    with pytest.raises(TrustError) as error:
        open_any(envelope, trust, **{"now": NOW, **asked})
    return error.value


def outcomes(opened: Verified[Any]) -> dict[int, str]:
    """What became of each step."""
    return {one.step.number: str(one.outcome) for one in opened.steps}


@pytest.fixture(scope="module")
def signed(provider: Identity) -> v1.Envelope:
    """A site, signed."""
    return sign_raw("site", site(), key_of(provider))


@pytest.fixture
def log() -> SmallLog:
    """A log that has seen other things already."""
    log = SmallLog()
    log.fill(5)
    return log


def judged_by(
    provider: Identity, log: SmallLog, *key_times: tuple[datetime, dict[str, str]]
) -> tuple[TrustDirectory, list[v1.Envelope]]:
    """A directory with the log and revisions of the provider, each with times of its key, and these."""
    trust = TrustDirectory()
    log.pin(trust)
    revisions = [revision(provider, 1)]
    trust.pin(revisions[0], now=NOW)
    for number, (issued_at, key) in enumerate(key_times, start=2):
        revisions.append(revision(provider, number, issued_at=issued_at, key=key))
        trust.update(revisions[-1], now=max(issued_at, NOW))
    return trust, revisions


def test_a_place_that_is_revoked(provider: Identity) -> None:
    """VERIFY-STATUS-1: revoked from its time on, and not before; asked for, or not looked at."""
    trust, lists = directory(provider), StatusLists()
    lists.accept(signed_list(provider, [7], dated={9: NOW + HOUR}, ttl="864000s"), trust, NOW)
    for index, at, accepted in ((8, DAY, True), (9, HOUR - SECOND, True), (9, HOUR, False), (7, HOUR, False)):
        place = {"list": LIST, "index": str(index)}
        envelope = sign_raw("site", site(status=place), key_of(provider))
        unasked = open_site(envelope, trust, now=NOW + at)
        assert outcomes(unasked)[18] == "not asked for"
        assert LIST in str(unasked.steps[17])
        if accepted:
            opened = open_site(envelope, trust, now=NOW + at, status=lists)
            assert outcomes(opened)[18] == "passed"
            continue
        error = refused(envelope, trust, now=NOW + at, status=lists)
        assert outcome(error) == (18, "REVOKED")
        assert f"place {index} of {LIST}" in error.message


def test_a_place_of_which_nothing_is_known(provider: Identity, signed: v1.Envelope) -> None:
    """STATUS-CLOSED-1: asked for and not shown is refused; what names no place cannot be revoked."""
    trust, lists = directory(provider), StatusLists()
    envelope = sign_raw("site", site(status={"list": LIST, "index": "8"}), key_of(provider))
    assert outcome(refused(envelope, trust, status=lists)) == (18, "STATUS_STALE")
    lists.accept(signed_list(provider), trust, NOW)
    assert open_site(envelope, trust, status=lists).issuer == PROVIDER
    assert outcome(refused(envelope, trust, status=lists, now=NOW + DAY + SECOND)) == (18, "STATUS_STALE")
    assert "names no place" in str(open_site(signed, trust, status=lists).steps[17])


def test_being_logged_does_not_save_what_is_revoked(provider: Identity, log: SmallLog) -> None:
    """VERIFY-STATUS-1: status is judged at the time of verification, whenever a document was logged."""
    trust, lists = directory(provider), StatusLists()
    log.pin(trust)
    lists.accept(signed_list(provider, dated={9: NOW + HOUR}), trust, NOW)
    envelope = sign_raw("site", site(status={"list": LIST, "index": "9"}), key_of(provider))
    evidence = LogEvidence(log.proof(log.append(envelope), NOW), ONE)
    assert open_site(envelope, trust, status=lists, log=evidence).log is not None
    error = refused(envelope, trust, status=lists, log=evidence, now=NOW + HOUR)
    assert outcome(error) == (18, "REVOKED")


def test_a_proof_is_shown(provider: Identity, signed: v1.Envelope, log: SmallLog) -> None:
    """LOG-PROOF-1, LOG-TIME-1: the reader learns place, log, witnesses and, with a quorum, the log time."""
    trust, _ = judged_by(provider, log)
    index = log.append(signed)
    log.fill(3)
    proof = log.proof(index, NOW + SECOND, by=(WITNESS, SECOND_WITNESS))
    opened = open_site(signed, trust, now=NOW + HOUR, log=LogEvidence(proof, ONE))
    assert opened.log is not None
    assert (opened.log.log, opened.log.index, opened.log.size) == (f"{LOG}/log", 5, 9)
    assert opened.log.witnesses == {WITNESS, SECOND_WITNESS}
    assert opened.log.log_time == NOW + SECOND
    assert WITNESS in str(opened.steps[20])
    assert "2026-11-01T12:00:01Z" in str(opened.steps[16])
    assert open_site(signed, trust).log is None


def test_a_proof_that_does_not_hold(provider: Identity, signed: v1.Envelope, log: SmallLog) -> None:
    """VERIFY-LOG-1, LOG-PROOF-2: refused at step 21, each by its reason, and after the steps before it."""
    trust, _ = judged_by(provider, log)
    index = log.append(signed)
    other = log.proof(index - 1, NOW)
    short = log.proof(index, NOW)
    broken = v1.LogProof(index=index, hashes=short.hashes, checkpoint="no note")
    salt = v1.LogProof(index=index, hashes=short.hashes, checkpoint=short.checkpoint, salt=bytes(31))
    for proof, policy, reason in (
        (other, ONE, "INCLUSION"),
        (short, v1.PolicyLog(quorum=2), "QUORUM"),
        (log.proof(index), ONE, "QUORUM"),
        (broken, None, "CHECKPOINT"),
        (salt, None, "LEAF"),
    ):
        evidence = LogEvidence(proof, policy)
        assert outcome(refused(signed, trust, log=evidence)) == (21, reason)
        pinned_otherwise = v1.Pin(id="x", revision=1, sha256="0" * 64)
        assert outcome(refused(signed, trust, log=evidence, expected=pinned_otherwise)) == (19, "SUBJECT")


def test_a_proof_that_does_not_hold_lends_no_time(
    provider: Identity, signed: v1.Envelope, log: SmallLog
) -> None:
    """VERIFY-LOG-1: with a proof that fails, keys are judged as if there were none."""
    trust, _ = judged_by(provider, log, (NOW, {"notAfter": format_time(NOW + HOUR)}))
    index = log.append(signed)
    good = LogEvidence(log.proof(index, NOW + SECOND), ONE)
    bad = LogEvidence(log.proof(index - 1, NOW + SECOND), ONE)
    late = NOW + 2 * HOUR
    assert open_site(signed, trust, now=late, log=good).issuer == PROVIDER
    assert outcome(refused(signed, trust, now=late, log=bad)) == (17, "KEY_TIME")
    assert outcome(refused(signed, trust, log=bad)) == (21, "INCLUSION")


def test_without_a_quorum_there_is_no_log_time(
    provider: Identity, signed: v1.Envelope, log: SmallLog
) -> None:
    """LOG-TIME-1: witnesses that nobody demanded vouch for no time, nor does the log alone."""
    trust, _ = judged_by(provider, log, (NOW, {"notAfter": format_time(NOW + HOUR)}))
    index = log.append(signed)
    for policy in (None, v1.PolicyLog(required=True)):
        evidence = LogEvidence(log.proof(index, NOW + SECOND), policy)
        opened = open_site(signed, trust, log=evidence)
        assert opened.log is not None
        assert opened.log.log_time is None
        assert outcome(refused(signed, trust, now=NOW + 2 * HOUR, log=evidence)) == (17, "KEY_TIME")


def test_the_quorum_of_the_policy_counts_for_the_log_time(
    provider: Identity, signed: v1.Envelope, log: SmallLog
) -> None:
    """LOG-TIME-1: what the policy of the verification demands of the log is demanded of the proof."""
    trust, _ = judged_by(provider, log, (NOW, {"notAfter": format_time(NOW + HOUR)}))
    evidence = LogEvidence(log.proof(log.append(signed), NOW + SECOND))
    policy = v1.TrustPolicy(log=v1.PolicyLog(required=True, quorum=1))
    opened = open_site(signed, trust, now=NOW + 2 * HOUR, log=evidence, policy=policy)
    assert outcomes(opened)[23] == "passed"
    policy.log.quorum = 2
    assert outcome(refused(signed, trust, log=evidence, policy=policy)) == (21, "QUORUM")


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ({"notAfter": format_time(NOW + HOUR)}, "KEY_TIME"),
        ({"revokedAt": format_time(NOW + HOUR)}, "KEY_REVOKED"),
    ],
)
def test_a_key_is_judged_at_the_log_time(
    provider: Identity, signed: v1.Envelope, log: SmallLog, key: dict[str, str], reason: str
) -> None:
    """LOG-TIME-2: what was seen in the log before the key fell stands; at that time it does not."""
    trust, _ = judged_by(provider, log, (NOW, key))
    index, late = log.append(signed), NOW + DAY
    assert outcome(refused(signed, trust, now=late)) == (17, reason)
    before = LogEvidence(log.proof(index, NOW + HOUR - SECOND), ONE)
    assert open_site(signed, trust, now=late, log=before).issuer == PROVIDER
    at = LogEvidence(log.proof(index, NOW + HOUR), ONE)
    assert outcome(refused(signed, trust, now=late, log=at)) == (17, reason)


def test_a_later_log_time_than_now_says_less(provider: Identity, signed: v1.Envelope, log: SmallLog) -> None:
    """LOG-TIME-2: who has a document by now needs nobody to say that it was there by a later time."""
    trust, _ = judged_by(provider, log, (NOW, {"notAfter": format_time(NOW + SECOND)}))
    evidence = LogEvidence(log.proof(log.append(signed), NOW + 30 * SECOND), ONE)
    assert open_site(signed, trust, now=NOW, log=evidence).issuer == PROVIDER


def test_a_back_dated_revocation_does_not_void_what_was_logged_before(
    provider: Identity, signed: v1.Envelope, log: SmallLog
) -> None:
    """LOG-TIME-3: accepted where the revocation stands later in the same log, and only so."""
    back = {"revokedAt": format_time(NOW + HOUR)}
    index = log.append(signed)
    late = NOW + DAY
    trust, revisions = judged_by(provider, log, (late, back))
    log.fill(2)
    revoking = log.append(revisions[1])
    document = log.proof(index, NOW + 2 * HOUR)
    proofs = {record_id(revisions[1]): log.proof(revoking, late)}
    alone = refused(signed, trust, now=late, log=LogEvidence(document, ONE))
    assert outcome(alone) == (17, "KEY_REVOKED")
    assert "revision 2" in alone.message
    opened = open_site(signed, trust, now=late, log=LogEvidence(document, ONE, proofs))
    assert opened.issuer == PROVIDER
    # With less than the quorum, the revocation is not shown to be where its proof says.
    weak = {record_id(revisions[1]): log.proof(revoking)}
    error = refused(signed, trust, now=late, log=LogEvidence(document, ONE, weak))
    assert outcome(error) == (17, "KEY_REVOKED")
    assert "does not hold" in error.message
    # A proof of another document under its name shows nothing.
    wrong = {record_id(revisions[1]): log.proof(revoking - 1, late)}
    assert outcome(refused(signed, trust, now=late, log=LogEvidence(document, ONE, wrong))) == (
        17,
        "KEY_REVOKED",
    )


def test_what_was_logged_after_the_revocation_is_void(
    provider: Identity, signed: v1.Envelope, log: SmallLog
) -> None:
    """LOG-TIME-3: a thief who logs a document after the revocation gains nothing, by whichever proof."""
    late = NOW + DAY
    trust, revisions = judged_by(provider, log, (NOW, {"revokedAt": format_time(NOW)}))
    revoking = log.append(revisions[1])
    index = log.append(signed)
    document = log.proof(index, NOW + HOUR)
    log.fill(9)
    # The revocation's proof leads to a later checkpoint, seen later than the document's: times would lie.
    proofs = {record_id(revisions[1]): log.proof(revoking, late)}
    error = refused(signed, trust, now=late, log=LogEvidence(document, ONE, proofs))
    assert outcome(error) == (17, "KEY_REVOKED")
    assert "before the document" in error.message


def test_places_of_two_logs_are_not_compared(provider: Identity, signed: v1.Envelope, log: SmallLog) -> None:
    """LOG-TIME-3: a second log says nothing of what came first in this one."""
    late = NOW + DAY
    trust, revisions = judged_by(provider, log, (late, {"revokedAt": format_time(NOW)}))
    other = SmallLog()
    other.key = log.key.generate("o.example.net/log")
    other.witnesses = log.witnesses
    pin(trust, Identity.create("o.example.net", roles=["broker"], now=NOW), logs=[other.key.vkey])
    index = log.append(signed)
    other.fill(20)
    proof = other.proof(other.append(revisions[1]), late, log="o.example.net/log")
    evidence = LogEvidence(log.proof(index, NOW + HOUR), ONE, {record_id(revisions[1]): proof})
    error = refused(signed, trust, now=late, log=evidence)
    assert outcome(error) == (17, "KEY_REVOKED")
    assert "o.example.net/log" in error.message


def test_the_first_revision_that_revokes_counts(
    provider: Identity, signed: v1.Envelope, log: SmallLog
) -> None:
    """LOG-TIME-3: not a later one that repeats it, nor one that stated a time after the document's."""
    late = NOW + DAY
    trust, revisions = judged_by(
        provider,
        log,
        (NOW + HOUR, {"revokedAt": format_time(NOW + 12 * HOUR)}),  # after the log time: voids nothing
        (NOW + 2 * HOUR, {"revokedAt": format_time(NOW)}),
        (NOW + 3 * HOUR, {"revokedAt": format_time(NOW)}),
    )
    early = log.append(revisions[1])
    index = log.append(signed)
    third, fourth = log.append(revisions[2]), log.append(revisions[3])
    document = log.proof(index, NOW + 90 * timedelta(minutes=1))
    for number, place, accepted in ((1, early, False), (2, third, True), (3, fourth, False)):
        proofs = {record_id(revisions[number]): log.proof(place, late)}
        evidence = LogEvidence(document, ONE, proofs)
        if accepted:
            assert open_site(signed, trust, now=late, log=evidence).issuer == PROVIDER
        else:
            assert outcome(refused(signed, trust, now=late, log=evidence)) == (17, "KEY_REVOKED")


def test_a_revision_that_is_not_pinned_shows_nothing(
    provider: Identity, signed: v1.Envelope, log: SmallLog
) -> None:
    """LOG-TIME-3: whoever pinned the authority only after the revocation cannot tell when it was stated."""
    late = NOW + DAY
    trust = TrustDirectory()
    log.pin(trust)
    second = revision(provider, 2, key={"revokedAt": format_time(NOW)})
    trust.pin(second, now=late)
    index = log.append(signed)
    proofs = {record_id(second): log.proof(log.append(second), late)}
    evidence = LogEvidence(log.proof(index, NOW + HOUR), ONE, proofs)
    error = refused(signed, trust, now=late, log=evidence)
    assert outcome(error) == (17, "KEY_REVOKED")
    assert "not pinned" in error.message


def evidence_body(quoted_at: datetime = NOW) -> dict[str, Any]:
    """The published example of hardware evidence, of the consumer's and as of now."""
    body: dict[str, Any] = json.loads((EXAMPLES / "attestation.hardware-evidence.json").read_bytes())
    body["header"] = header(CONSUMER, "attestation/a")
    ear = json.loads(body["hardwareEvidence"]["ear"])
    ear["iat"] = int(quoted_at.timestamp())
    body["hardwareEvidence"] |= {"ear": json.dumps(ear), "quotedAt": format_time(quoted_at)}
    return body


def test_hardware_answers_its_challenge(
    provider: Identity, consumer: Identity, signed: v1.Envelope, trust: TrustDirectory
) -> None:
    """VERIFY-EVIDENCE-1: the challenge and the key that the caller names, or EVIDENCE."""
    body = evidence_body()
    envelope = sign_raw("attestation", body, key_of(consumer))
    challenge = b64decode(body["hardwareEvidence"]["nonce"])
    bound_key = body["hardwareEvidence"]["boundKey"]
    opened = open_envelope(envelope, v1.Attestation, trust, now=NOW, challenge=challenge, bound_key=bound_key)
    assert outcomes(opened)[22] == "passed"
    assert opened.message.hardware_evidence.nonce == challenge
    assert outcomes(open_any(envelope, trust, now=NOW))[22] == "not asked for"
    for asked in (
        {"challenge": bytes(32)},
        {"challenge": challenge, "bound_key": "A" * 43},
        {"challenge": challenge, "now": NOW + HOUR},
    ):
        assert outcome(refused(envelope, trust, **asked)) == (22, "EVIDENCE")
    # What is no evidence of hardware answers no challenge.
    assert outcome(refused(signed, trust, challenge=challenge)) == (22, "EVIDENCE")


def compliance(issuer: str, level: int = 3) -> dict[str, Any]:
    """An attestation that the provider's site keeps a scheme."""
    return {
        "header": header(issuer, "attestation/c", validUntil="2027-12-31T00:00:00Z"),
        "subjects": [{"id": site()["header"]["id"]}],
        "predicateType": "compliance",
        "compliance": {
            "scheme": "mlps",
            "level": level,
            "validFrom": "2026-01-01",
            "validTo": "2027-12-31",
            "certificate": "C-1",
        },
    }


def test_a_policy_is_met_or_not(
    provider: Identity, consumer: Identity, signed: v1.Envelope, trust: TrustDirectory
) -> None:
    """VERIFY-POLICY-1: the policy is judged last, by verified attestations about this very document."""
    clause = v1.PolicyClause(
        predicate_type="compliance",
        distinct_from_subject=True,
        where=[v1.PolicyCondition(path="level", gte="3")],
    )
    policy = v1.TrustPolicy(require=[clause])
    good = open_envelope(
        sign_raw("attestation", compliance(CONSUMER), key_of(consumer)), v1.Attestation, trust, now=NOW
    )
    own = open_envelope(
        sign_raw("attestation", compliance(PROVIDER), key_of(provider)), v1.Attestation, trust, now=NOW
    )
    opened = open_site(signed, trust, policy=policy, attestations=[good])
    assert outcomes(opened)[23] == "passed"
    for attestations in ([], [own]):
        error = refused(signed, trust, policy=policy, attestations=attestations)
        assert outcome(error) == (23, "POLICY")
        assert site()["header"]["id"] in error.message
    assert open_site(signed, trust, attestations=[own]).issuer == PROVIDER


def test_of_an_offer_the_resource_is_judged_too(
    provider: Identity, consumer: Identity, trust: TrustDirectory
) -> None:
    """VERIFY-POLICY-1: an attestation about exactly the resource that an offer pins speaks for the offer."""
    body: dict[str, Any] = json.loads((EXAMPLES / "offer.on-demand.json").read_bytes())
    until = format_time(NOW + DAY)
    offer = sign_raw(
        "offer", {**body, "header": header(PROVIDER, "offer/o", validUntil=until)}, key_of(provider)
    )
    policy = v1.TrustPolicy(require=[v1.PolicyClause(predicate_type="compliance")])
    for about, accepted in (
        (body["resource"], True),
        ({**body["resource"], "sha256": "0" * 64}, False),
        ({"id": body["pricePlan"]["id"]}, False),
    ):
        said = {**compliance(CONSUMER), "subjects": [about]}
        speaks = open_envelope(
            sign_raw("attestation", said, key_of(consumer)), v1.Attestation, trust, now=NOW
        )
        asked = {"policy": policy, "attestations": [speaks]}
        if accepted:
            assert open_any(offer, trust, now=NOW, **asked).id == f"crex://{PROVIDER}/offer/o"
        else:
            assert outcome(refused(offer, trust, **asked)) == (23, "POLICY")


def test_a_policy_asks_for_families_of_algorithms(signed: v1.Envelope, trust: TrustDirectory) -> None:
    """VERIFY-POLICY-1: a hybrid policy refuses what is signed by one family alone."""
    assert open_site(signed, trust).families == {"classical"}
    classical = v1.TrustPolicy(signature_families=["classical"])
    assert open_site(signed, trust, policy=classical).issuer == PROVIDER
    hybrid = v1.TrustPolicy(signature_families=["classical", "post-quantum"])
    assert outcome(refused(signed, trust, policy=hybrid)) == (23, "POLICY")


def test_a_policy_that_requires_the_log(provider: Identity, signed: v1.Envelope, log: SmallLog) -> None:
    """VERIFY-POLICY-1: without a proof the log is not shown, nor any witness."""
    trust, _ = judged_by(provider, log)
    policy = v1.TrustPolicy(log=v1.PolicyLog(required=True))
    assert outcome(refused(signed, trust, policy=policy)) == (23, "POLICY")
    evidence = LogEvidence(log.proof(log.append(signed)))
    assert open_site(signed, trust, policy=policy, log=evidence).log is not None
    assert outcome(refused(signed, trust, policy=v1.TrustPolicy(log=ONE))) == (23, "POLICY")


def test_what_was_not_asked_for_is_told_of_refusals_too(
    provider: Identity, signed: v1.Envelope, trust: TrustDirectory
) -> None:
    """VERIFY-ORDER-1: each step before a refusal either held or had nothing to check."""
    error = refused(signed, trust, policy=v1.TrustPolicy(signature_families=["post-quantum"]))
    found = {one.step.number: str(one.outcome) for one in explain(error)}
    unasked = [15, 18, 19, 20, 21, 22]
    assert [number for number, what in found.items() if what == "not asked for"] == unasked
    assert found[23] == "refused"
    early = refused(signed, pinned(Identity.create("z.example.com", roles=["provider"], now=NOW)))
    assert [str(one.outcome) for one in explain(early)][:6] == ["passed"] * 4 + ["refused", "not reached"]


def test_without_its_step_each_is_accepted(
    provider: Identity, consumer: Identity, log: SmallLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VERIFY-ORDER-1: what steps 18 and 21 to 23 refuse, nothing else does."""
    trust, lists = directory(provider), StatusLists()
    log.pin(trust)
    lists.accept(signed_list(provider, [7]), trust, NOW)
    envelope = sign_raw("site", site(status={"list": LIST, "index": "7"}), key_of(provider))
    place = log.append(envelope)
    for number, asked in (
        (18, {"status": lists}),
        (21, {"log": LogEvidence(log.proof(place - 1, NOW), ONE)}),
        (22, {"challenge": bytes(32)}),
        (23, {"policy": v1.TrustPolicy(signature_families=["post-quantum"])}),
    ):
        assert refused(envelope, trust, **asked).step == number
        with monkeypatch.context() as patch:
            made = verify._STEPS
            patch.setattr(verify, "_STEPS", {**made, number: lambda _opening: None})
            assert open_site(envelope, trust, **asked).issuer == PROVIDER


def test_whatever_is_asked_the_first_failure_answers(
    provider: Identity, consumer: Identity, log: SmallLog
) -> None:
    """VERIFY-ORDER-1: of all combinations of what is asked, met and not, the lowest failing step answers."""
    trust, lists, revoked = directory(provider), StatusLists(), StatusLists()
    log.pin(trust)
    lists.accept(signed_list(provider), trust, NOW)
    revoked.accept(signed_list(provider, [7]), trust, NOW)
    body = evidence_body()
    body["header"] = header(PROVIDER, "attestation/a", status={"list": LIST, "index": "7"})
    envelope = sign_raw("attestation", body, key_of(provider))
    place = log.append(envelope)
    challenge = b64decode(body["hardwareEvidence"]["nonce"])
    pinned_as = open_any(envelope, trust, now=NOW).pin
    other_pin = v1.Pin(id=pinned_as.id, revision=1, sha256="0" * 64)
    asks: dict[int, tuple[str, Any, Any]] = {
        18: ("status", lists, revoked),
        19: ("expected", pinned_as, other_pin),
        21: (
            "log",
            LogEvidence(log.proof(place, NOW), ONE),
            LogEvidence(log.proof(place, NOW), v1.PolicyLog(quorum=3)),
        ),
        22: ("challenge", challenge, bytes(32)),
        23: (
            "policy",
            v1.TrustPolicy(signature_families=["classical"]),
            v1.TrustPolicy(signature_families=["post-quantum"]),
        ),
    }
    for chosen in product((None, True, False), repeat=len(asks)):
        states = dict(zip(asks, chosen, strict=True))
        asked = {
            asks[number][0]: asks[number][1 if met else 2]
            for number, met in states.items()
            if met is not None
        }
        failing = [number for number, met in states.items() if met is False]
        unasked = [15, *(number for number, met in states.items() if met is None), 20]
        if failing:
            error = refused(envelope, trust, **asked)
            assert error.step == failing[0]
            assert sorted(error.not_asked) == sorted(unasked)
            continue
        found = outcomes(open_any(envelope, trust, now=NOW, **asked))
        assert [number for number, what in found.items() if what == "not asked for"] == sorted(unasked)


def shown(
    envelope: v1.Envelope, trust: TrustDirectory, evidence: LogEvidence
) -> int | tuple[int, int, datetime | None]:
    """Place, size and log time that a proof shows, or the step that refuses."""
    try:
        fact = open_site(envelope, trust, log=evidence).log
    except TrustError as error:
        return error.step
    assert fact is not None
    return fact.index, fact.size, fact.log_time


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_byte_of_a_proof_can_change_into_another_place(
    provider: Identity, signed: v1.Envelope, data: st.DataObject
) -> None:
    """LOG-PROOF-1, LOG-PROOF-2: a changed proof is refused at step 21, or shows the very same place."""
    log, trust = SmallLog(), TrustDirectory()
    log.fill(6)
    log.pin(trust)
    trust.pin(provider.trust_document, now=NOW)
    place = log.append(signed)
    log.fill(4)
    encoded = bytearray(log.proof(place, NOW, by=(WITNESS, SECOND_WITNESS)).SerializeToString())
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at] ^= data.draw(st.integers(1, 255))
    try:
        proof = v1.LogProof.FromString(bytes(encoded))
    except DecodeError:
        return
    assert shown(signed, trust, LogEvidence(proof, ONE)) in (21, (place, 11, NOW))
