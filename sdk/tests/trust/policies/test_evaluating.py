"""Which attestations count for a clause, and which policies hold (policies.md)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest

from crex import v1
from crex.errors import TrustError
from crex.trust.log_proof import LogFact
from crex.trust.policies import Evidence, PolicySubject, PolicyVerdict, evaluate
from sdk.tests.trust.policies.cast import (
    AT,
    CERTIFIER,
    LAB,
    MLPS,
    MLPS_3,
    OFFER,
    OFFER_SHA,
    OTHER_SHA,
    ROOT,
    SITE,
    SITE_SHA,
    STRANGER,
    SUBJECT,
    Revocations,
    accredit,
    attest,
    attest_as,
    body_of,
    clause,
    comply,
    delegated,
    evidence,
    policy,
    trust_id,
)
from sdk.tests.trust.policies.evidence_samples import hardware
from sdk.tests.trust.samples import NOW, PROVIDER

CERTIFIED = clause(where=MLPS_3, by=ROOT)


def judged(wanted: dict[str, Any], *envelopes: v1.Envelope, **facts: Any) -> PolicyVerdict:
    """The verdict of one clause."""
    return evaluate(policy(wanted), SUBJECT, evidence(*envelopes, **facts), now=AT)


def short(verdict: PolicyVerdict) -> list[str]:
    """The rules by which the candidates of the first clause do not count."""
    return [why.requirement for one in verdict.clauses[0].candidates for why in one.shortcomings]


def test_an_empty_policy_holds() -> None:
    """A policy that demands nothing holds without evidence."""
    verdict = evaluate(v1.TrustPolicy(), SUBJECT, Evidence(), now=AT)
    assert verdict.holds
    assert verdict.explain() == "holds: the policy demands nothing"


def test_every_clause_must_hold() -> None:
    """One clause that fails makes the policy fail, with reason POLICY (POLICY-CLAUSE-1)."""
    wanted = policy(clause(), clause("benchmark"))
    verdict = evaluate(wanted, SUBJECT, evidence(comply(PROVIDER)), now=AT)
    assert [one.holds for one in verdict.clauses] == [True, False]
    assert not verdict.holds
    assert verdict.reason == "POLICY"
    error = verdict.refusal("offer x")
    assert isinstance(error, TrustError)
    assert (error.step, error.reason, error.violations[0].path) == (23, "POLICY", "$.require[1]")


def test_nothing_counts_whose_issuer_is_not_pinned() -> None:
    """What does not verify here is told with its reason, and never counts (POLICY-PREDICATE-1)."""
    verdict = judged(clause(), comply(STRANGER))
    assert not verdict.holds
    assert "does not verify (ISSUER)" in verdict.clauses[0].candidates[0].why


def test_a_forged_attestation_never_counts() -> None:
    """An altered body is not evidence, whatever it says."""
    forged = comply(CERTIFIER)
    forged.payload = forged.payload.replace(b'"level":2', b'"level":3').replace(b"C-1", b"C-2")
    verdict = judged(clause(), forged)
    assert not verdict.holds
    assert "SIGNATURE" in verdict.clauses[0].candidates[0].why


def test_another_predicate_does_not_count() -> None:
    """Only attestations of the clause's predicate type are looked at."""
    verdict = judged(clause("capacity"), comply(CERTIFIER))
    assert not verdict.holds
    assert verdict.clauses[0].candidates == ()
    assert verdict.clauses[0].found == "nothing"


@pytest.mark.parametrize(
    ("entry", "about"),
    [
        ({"id": OFFER}, True),
        ({"id": SITE}, True),
        ({"id": trust_id(PROVIDER)}, True),
        ({"id": OFFER, "revision": "2"}, True),
        ({"id": OFFER, "revision": "1"}, False),
        ({"id": OFFER, "sha256": OFFER_SHA}, True),
        ({"id": OFFER, "sha256": SITE_SHA}, False),
        ({"id": SITE, "revision": "2", "sha256": SITE_SHA}, False),
        ({"sha256": SITE_SHA}, True),
        ({"sha256": OTHER_SHA}, False),
        ({"id": trust_id(PROVIDER), "revision": "1"}, False),
        ({"id": f"crex://{PROVIDER}/offer/other"}, False),
        ({"id": trust_id(CERTIFIER)}, False),
    ],
)
def test_what_is_attested_of_the_subject(entry: dict[str, str], about: bool) -> None:
    """Everything that a subject states must be so of one document (POLICY-SUBJECT-1)."""
    assert judged(clause(), comply(CERTIFIER, subjects=[entry])).holds is about


def test_a_digest_of_the_subject_without_pins() -> None:
    """A subject that is known by names and digests alone is attested by either."""
    subject = PolicySubject(PROVIDER, (OFFER,), frozenset({OFFER_SHA}))
    for entry in ({"sha256": OFFER_SHA}, {"id": OFFER, "sha256": OFFER_SHA}, {"id": OFFER}):
        assert evaluate(policy(clause()), subject, evidence(comply(LAB, subjects=[entry])), now=AT).holds


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"until": AT}, "expired at"),
        ({"until": AT - timedelta(milliseconds=1)}, "expired at"),
        ({"changed": {"validTo": "2026-11-30"}, "until": AT.replace(hour=0)}, "expired at"),
        ({"changed": {"validFrom": "2026-12-02"}}, "holds only from 2026-12-02"),
    ],
)
def test_what_is_not_valid_now_does_not_count(members: dict[str, Any], why: str) -> None:
    """Attestations that have expired and certificates that have not begun do not count (POLICY-VALID-1)."""
    known = evidence(comply(CERTIFIER, **members), now=NOW)
    verdict = evaluate(policy(clause()), SUBJECT, known, now=AT)
    assert not verdict.holds
    assert why in verdict.clauses[0].candidates[0].why
    assert short(verdict) == ["POLICY-VALID-1"]


def test_the_last_day_of_a_certificate_counts() -> None:
    """A certificate holds to the end of its last day, UTC, and not a moment longer."""
    end = AT.replace(hour=0) + timedelta(days=1)
    attested = comply(CERTIFIER, changed={"validTo": AT.date().isoformat()}, until=end)
    known = evidence(attested, now=NOW)
    assert evaluate(policy(clause()), SUBJECT, known, now=end - timedelta(milliseconds=1)).holds
    assert not evaluate(policy(clause()), SUBJECT, known, now=end).holds


def test_an_attestation_from_the_future_does_not_count() -> None:
    """What was issued more than 60 s after the time of judgement is not valid yet."""
    known = evidence(comply(CERTIFIER, issued=AT), now=AT)
    assert not evaluate(policy(clause()), SUBJECT, known, now=AT - timedelta(seconds=61)).holds
    assert evaluate(policy(clause()), SUBJECT, known, now=AT - timedelta(seconds=60)).holds


PLACE = (f"crex://{CERTIFIER}/status-list/a", 7)


@pytest.mark.parametrize(
    ("status", "holds", "why"),
    [
        (Revocations(), True, ""),
        (Revocations({PLACE: AT}), False, "revoked as of"),
        (Revocations({PLACE: NOW - timedelta(days=1)}), False, "revoked as of"),
        (Revocations({PLACE: AT + timedelta(seconds=1)}), True, ""),
        (Revocations(stale=frozenset({PLACE[0]})), False, "STATUS_STALE"),
        (None, False, "no status list was asked"),
    ],
)
def test_status_fails_closed(status: Revocations | None, holds: bool, why: str) -> None:
    """A revoked attestation, and one that is not shown not to be, do not count (POLICY-VALID-1)."""
    known = evidence(comply(CERTIFIER, status=7))
    verdict = evaluate(policy(clause()), SUBJECT, known, now=AT, status=status)
    assert verdict.holds is holds
    assert why in verdict.explain()


def test_a_status_that_verification_asked_for_suffices() -> None:
    """What was shown not to be revoked when it was verified need not be shown again."""
    known = evidence(comply(CERTIFIER, status=7), status=Revocations())
    assert evaluate(policy(clause()), SUBJECT, known, now=AT).holds
    revoked = evidence(comply(CERTIFIER, status=7), status=Revocations({PLACE: NOW}))
    verdict = evaluate(policy(clause()), SUBJECT, revoked, now=AT)
    assert "does not verify (REVOKED)" in verdict.explain()


def test_hardware_evidence_counts_while_it_holds() -> None:
    """A quote of an hour ago, and one that is not affirmed, do not count (POLICY-EVIDENCE-1)."""
    known = evidence(attest(LAB, "hardware-evidence", hardware(AT), issued=AT))
    wanted = policy(clause("hardware-evidence"))
    assert evaluate(wanted, SUBJECT, known, now=AT + timedelta(minutes=59)).holds
    assert short(evaluate(wanted, SUBJECT, known, now=AT + timedelta(hours=1))) == ["POLICY-EVIDENCE-1"]
    warned = attest(LAB, "hardware-evidence", hardware(AT, status="warning"), issued=AT)
    assert short(judged(clause("hardware-evidence"), warned)) == ["POLICY-EVIDENCE-1"]


def test_named_issuers() -> None:
    """Only attestations of the named issuers count (POLICY-ISSUER-1)."""
    wanted = clause(of=[LAB, ROOT])
    assert not judged(wanted, comply(CERTIFIER)).holds
    assert short(judged(wanted, comply(CERTIFIER))) == ["POLICY-ISSUER-1"]
    assert judged(wanted, comply(CERTIFIER), comply(LAB)).holds


def test_an_accredited_issuer_counts() -> None:
    """A valid accreditation of the named authority for the scheme makes its body's word count."""
    assert judged(CERTIFIED, comply(CERTIFIER), accredit(CERTIFIER)).holds


@pytest.mark.parametrize(
    ("accreditation", "why"),
    [
        (None, "not accredited by root.example.cn for mlps"),
        (accredit(CERTIFIER, schemes=["iso-27001"]), "covers iso-27001"),
        (accredit(CERTIFIER, schemes=(), types=["compliance", "benchmark"]), "covers nothing of the kind"),
        (accredit(CERTIFIER, by=LAB), "not accredited by root.example.cn"),
        (accredit(LAB), "not accredited by root.example.cn"),
        (accredit(CERTIFIER, until=AT), "does not verify (EXPIRED)"),
        (accredit(CERTIFIER, status=3), "no status list was asked"),
        (accredit(CERTIFIER, subjects=[{"id": trust_id(CERTIFIER), "sha256": OTHER_SHA}]), "not accredited"),
        (accredit(CERTIFIER, subjects=[{"id": trust_id(CERTIFIER), "revision": "2"}]), "not accredited"),
    ],
)
def test_who_is_not_accredited(accreditation: v1.Envelope | None, why: str) -> None:
    """Nobody is accredited by another authority, for another scheme, or no longer (POLICY-ACCREDITED-1)."""
    given = [] if accreditation is None else [accreditation]
    verdict = judged(CERTIFIED, comply(CERTIFIER), *given)
    assert not verdict.holds
    assert why in verdict.explain()
    assert short(verdict) == ["POLICY-ACCREDITED-1"]


def test_an_accreditation_of_the_very_revision_counts() -> None:
    """An accreditation bound to a revision covers what was judged by that trust document."""
    entry = {"id": trust_id(CERTIFIER), "revision": "1"}
    assert judged(CERTIFIED, comply(CERTIFIER), accredit(CERTIFIER, subjects=[entry])).holds


def test_accreditation_is_no_chain() -> None:
    """Who is accredited accredits nobody for a clause that names another authority."""
    first = accredit(LAB, schemes=["mlps"], types=["accreditation"])
    assert not judged(CERTIFIED, comply(CERTIFIER), first, accredit(CERTIFIER, by=LAB)).holds


def test_the_pointer_of_a_predicate_accredits_nobody() -> None:
    """The `accreditation` pin in a compliance predicate proves nothing (COMPLY-ACCREDITED-1)."""
    pin = {"id": f"crex://{ROOT}/attestation/for-{CERTIFIER}", "revision": "1", "sha256": OTHER_SHA}
    assert not judged(CERTIFIED, comply(CERTIFIER, changed={"accreditation": pin})).holds


def test_another_predicate_is_accredited_by_its_type() -> None:
    """For what is not compliance the accreditation names the predicate type."""
    wanted = clause("benchmark", by=ROOT)
    measured = attest(LAB, "benchmark", benchmark([("copy", "1")]))
    assert not judged(wanted, measured, accredit(LAB)).holds
    assert judged(wanted, measured, accredit(LAB, schemes=(), types=["benchmark"])).holds


def benchmark(results: list[tuple[str, str]]) -> dict[str, Any]:
    """A benchmark predicate with some figures."""
    return {
        "suite": "crex-host",
        "suiteVersion": "1",
        "harness": "h 1",
        "ran": {"start": "2026-11-01T11:00:00Z", "end": "2026-11-01T11:30:00Z"},
        "results": [
            {"metric": metric, "value": value, "unit": "mb-s", "samples": 1} for metric, value in results
        ],
    }


@pytest.mark.parametrize(("demand"), [{"by": ROOT}, {"distinct": True}])
@pytest.mark.parametrize(("issuer", "without"), [(PROVIDER, ()), (CERTIFIER, ("certificate",))])
def test_self_declared_compliance(demand: dict[str, Any], issuer: str, without: tuple[str, ...]) -> None:
    """The subject's own word, or one without a certificate, is none where more is asked (POLICY-SELF-1)."""
    declared = comply(issuer, without=without)
    verdict = judged(clause(where=MLPS_3, **demand), declared, accredit(issuer))
    assert short(verdict) == ["POLICY-SELF-1"]
    assert f"found: self-declared (level 3, {issuer})" in verdict.explain()
    assert judged(clause(where=MLPS_3), declared).holds


def test_a_distinct_issuer() -> None:
    """The subject's own measurement is none where a distinct issuer is asked for (POLICY-DISTINCT-1)."""
    wanted = clause("benchmark", distinct=True)
    own, other = (attest(issuer, "benchmark", benchmark([("copy", "1")])) for issuer in (PROVIDER, LAB))
    assert short(judged(wanted, own)) == ["POLICY-DISTINCT-1"]
    assert judged(wanted, own, other).holds


def test_who_owns_the_name_is_not_distinct() -> None:
    """Whoever attests a document of its own speaks of itself, also where the offer is another's."""
    subject = PolicySubject(PROVIDER, (f"crex://{LAB}/site/a",))
    own = evidence(
        attest(LAB, "benchmark", benchmark([("copy", "1")]), subjects=[{"id": f"crex://{LAB}/site/a"}])
    )
    assert not evaluate(policy(clause("benchmark", distinct=True)), subject, own, now=AT).holds
    assert evaluate(policy(clause("benchmark")), subject, own, now=AT).holds


def test_what_the_subject_signs_in_anothers_name_is_its_own() -> None:
    """A delegation does not make the subject another authority (POLICY-DISTINCT-1, POLICY-SELF-1)."""
    pins, key = delegated(CERTIFIER, PROVIDER)
    declared = attest_as(key, body_of(CERTIFIER, "compliance", MLPS))
    verdict = judged(clause(distinct=True), declared, pins=pins)
    assert short(verdict) == ["POLICY-SELF-1"]
    assert judged(clause(), declared, pins=pins).holds


def test_the_greatest_age() -> None:
    """What was issued exactly the greatest age ago counts, and a moment longer does not (POLICY-AGE-1)."""
    assert judged(clause(age="2592000s"), comply(LAB)).holds
    assert short(judged(clause(age="2591999s"), comply(LAB))) == ["POLICY-AGE-1"]


def test_issuers_count_not_attestations() -> None:
    """Two attestations of one issuer are one (POLICY-THRESHOLD-1)."""
    wanted = clause(threshold=2)
    assert not judged(wanted, comply(LAB), comply(LAB, name="b"), comply(LAB, revision=2)).holds
    verdict = judged(wanted, comply(LAB), comply(CERTIFIER))
    assert verdict.holds
    assert verdict.clauses[0].issuers == (CERTIFIER, LAB)
    assert "found: 1 of 2: certified" in judged(wanted, comply(LAB)).explain()


def test_one_signer_is_one_voice() -> None:
    """Two issuers of whom one signs for both are one towards a threshold (POLICY-THRESHOLD-2)."""
    pins, key = delegated(CERTIFIER, LAB)
    in_its_name = attest_as(key, body_of(CERTIFIER, "compliance", MLPS))
    wanted = clause(threshold=2)
    assert not judged(wanted, in_its_name, comply(LAB), pins=pins).holds
    assert judged(wanted, in_its_name, comply(LAB), comply(ROOT), pins=pins).holds


@pytest.mark.parametrize(
    ("families", "holds"),
    [((), False), (("classical",), False), (("classical", "post-quantum"), True)],
)
def test_families_of_signatures(families: tuple[str, ...], holds: bool) -> None:
    """A document must be signed by every family that is named (POLICY-FAMILY-1)."""
    wanted = policy(signatureFamilies=["classical", "post-quantum"])
    verdict = evaluate(wanted, SUBJECT, Evidence(families=frozenset(families)), now=AT)
    assert verdict.holds is holds


def shown(authority: str = "b.example.net", witnesses: tuple[str, ...] = ()) -> LogFact:
    """What a proof shows."""
    return LogFact(f"{authority}/log", authority, 0, 1, frozenset(witnesses), None)


@pytest.mark.parametrize(
    ("log", "fact", "reason"),
    [
        ({"required": True}, None, "POLICY"),
        ({"required": True}, shown(), ""),
        ({"required": False}, None, ""),
        ({"quorum": 0}, None, ""),
        ({"quorum": 1}, None, "POLICY"),
        ({"required": True, "logs": ["other.example.net"]}, shown(), "POLICY"),
        ({"required": True, "logs": ["b.example.net"]}, shown(), ""),
        ({"required": True, "quorum": 1}, shown(), "QUORUM"),
        ({"required": True, "quorum": 1}, shown(witnesses=("b.example.net",)), "QUORUM"),
        ({"required": True, "quorum": 1}, shown(witnesses=("w.example.org",)), ""),
        ({"quorum": 2}, shown(witnesses=("w.example.org", "b.example.net")), "QUORUM"),
        ({"quorum": 1, "witnesses": ["v.example.org"]}, shown(witnesses=("w.example.org",)), "QUORUM"),
        ({"quorum": 1, "witnesses": ["v.example.org"]}, shown(witnesses=("v.example.org",)), ""),
    ],
)
def test_the_log(log: dict[str, Any], fact: LogFact | None, reason: str) -> None:
    """The log and its witnesses, the log's own authority aside (POLICY-LOG-1, POLICY-QUORUM-1)."""
    verdict = evaluate(policy(log=log), SUBJECT, Evidence(log=fact), now=AT)
    assert verdict.reason == reason
    assert verdict.holds is (not reason)
    if reason == "QUORUM":
        assert verdict.refusal("offer x").step == 21


def test_a_time_without_a_zone_is_refused() -> None:
    """The time of a judgement is aware."""
    with pytest.raises(ValueError, match="zone"):
        evaluate(v1.TrustPolicy(), SUBJECT, Evidence(), now=AT.replace(tzinfo=None))


def test_a_policy_that_was_not_checked_refuses() -> None:
    """What cannot be met is not met: no test, a wrong kind, an unknown family (POLICY-CHECK-1)."""
    known = evidence(comply(CERTIFIER))
    for condition in (
        v1.PolicyCondition(path="level"),
        v1.PolicyCondition(path="level", gte="three"),
        v1.PolicyCondition(path="scheme", gte="1"),
        v1.PolicyCondition(path="", equals="mlps"),
        v1.PolicyCondition(path="levle", lte="9"),
        v1.PolicyCondition(path="scheme.level", equals="3"),
    ):
        wanted = v1.TrustPolicy(require=[v1.PolicyClause(predicate_type="compliance", where=[condition])])
        assert not evaluate(wanted, SUBJECT, known, now=AT).holds
    assert not evaluate(v1.TrustPolicy(signature_families=["quantum"]), SUBJECT, known, now=AT).holds


def test_the_same_attestation_twice_counts_by_the_better_opening() -> None:
    """A copy that was verified without status does not spoil the one that was verified with it."""
    envelope = comply(CERTIFIER, status=7)
    with_status = evidence(envelope, status=Revocations()).attestations
    without = evidence(envelope).attestations
    for order in ((*with_status, *without), (*without, *with_status)):
        verdict = evaluate(policy(clause()), SUBJECT, Evidence(order), now=AT)
        assert verdict.holds
        assert len(verdict.clauses[0].candidates) == 1


def test_contradictory_attestations_both_stand() -> None:
    """A later revision with a lower level takes nothing back: status does (POLICY-MONOTONIC-1)."""
    lower = comply(CERTIFIER, revision=2, changed={"level": 1})
    assert judged(CERTIFIED, comply(CERTIFIER), lower, accredit(CERTIFIER)).holds


def test_json_form_of_a_verdict() -> None:
    """Programs read the same as people."""
    verdict = judged(CERTIFIED, comply(PROVIDER))
    told = orjson.loads(orjson.dumps(verdict.to_json()))
    assert told["holds"] is False
    assert told["clauses"][0]["candidates"][0]["shortcomings"][0]["requirement"] == "POLICY-SELF-1"
    assert told["clauses"][0]["reason"] == "POLICY"
