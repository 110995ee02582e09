"""Judges a policy about a subject by the evidence given (policies.md).

Monotonic (POLICY-MONOTONIC-1): whether one attestation counts for a clause depends on it, on the clause, the
subject and the time, and, where accreditation is demanded, on whether some accreditation covers its issuer.
More evidence can only add issuers that count; nothing that is said takes anything back. An issuer takes an
attestation back by its status or lets it expire, and both are judged beside the evidence, not by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from crex import v1
from crex.documents.times import parse_time
from crex.trust.checks import StatusSource
from crex.trust.policies import standing, wording
from crex.trust.policies.accreditation import Accreditations
from crex.trust.policies.conditions import meets, predicate_of
from crex.trust.policies.evidence import Evidence, RefusedEvidence
from crex.trust.policies.subject import PolicySubject
from crex.trust.policies.verdict import Candidate, ClauseVerdict, PolicyVerdict, Shortcoming, found_text
from crex.trust.verified import Verified

if TYPE_CHECKING:
    from crex.trust.log_proof import LogFact

_COMPLIANCE: Final = "compliance"
_ONE_LINE: Final = 120


def evaluate(
    policy: v1.TrustPolicy,
    subject: PolicySubject,
    evidence: Evidence,
    *,
    now: datetime,
    status: StatusSource | None = None,
) -> PolicyVerdict:
    """Judges a policy.

    Args:
        policy: The policy. It need not have been checked: what cannot be met is not met.
        subject: What is judged.
        evidence: What speaks for it, verified for `now` or a moment before.
        now: The time, aware.
        status: Tells what is revoked. Unset: an attestation that can be revoked counts only if its status
            was shown when it was verified.
    """
    if now.tzinfo is None:
        raise ValueError("`now` has no zone; give the time of the judgement in UTC.")
    judge = _Judge(subject, evidence, now.astimezone(UTC), status)
    clauses = [judge.clause(f"$.require[{at}]", clause) for at, clause in enumerate(policy.require)]
    if policy.signature_families:
        clauses.append(_families(policy, evidence.families))
    return PolicyVerdict((*clauses, *_log(policy, evidence.log)))


class _Judge:
    """Judges the clauses of one policy by one set of evidence."""

    def __init__(
        self, subject: PolicySubject, evidence: Evidence, now: datetime, status: StatusSource | None
    ) -> None:
        self._subject, self._now = subject, now
        self._attestations = evidence.attestations
        self._refused = evidence.refused

        @cache
        def stands(attestation: Verified[v1.Attestation]) -> Shortcoming | None:
            return standing.shortcoming(attestation, now, status)

        self._stands = stands
        self._accreditations = Accreditations(self._attestations, evidence.refused, stands)

    def clause(self, path: str, clause: v1.PolicyClause) -> ClauseVerdict:
        judged: dict[tuple[str, str], Candidate] = {}
        for one, predicate, entries in self._about(clause.predicate_type):
            candidate = self._candidate(clause, one, predicate, entries)
            # The same attestation may come twice, verified at different times: the better one stands.
            known = judged.get((one.digest, one.signer))
            if known is None or len(candidate.shortcomings) < len(known.shortcomings):
                judged[one.digest, one.signer] = candidate
        counted = [one for one in judged.values() if one.counts]
        issuers = tuple(sorted({one.issuer for one in counted}))
        voices = independent((one.issuer, one.signer) for one in counted)
        needed = max(clause.threshold, 1)
        unverified = [
            _unverified(one) for one in self._refused if one.predicate_type == clause.predicate_type
        ]
        ordered = tuple(
            sorted(
                [*judged.values(), *unverified], key=lambda one: (len(one.shortcomings), one.name, one.signer)
            )
        )
        holds = voices >= needed
        shown = tuple(one for one in ordered if one.counts) if holds else ordered
        found = found_text(shown)
        if issuers and not holds:
            found = f"{voices} of {needed}: {found}"
        return ClauseVerdict(
            path, wording.clause_text(clause), holds, found, issuers=issuers, candidates=ordered
        )

    def _about(
        self, predicate_type: str
    ) -> Iterator[tuple[Verified[v1.Attestation], dict[str, Any], list[dict[str, Any]]]]:
        """Gives the attestations of a predicate type about the subject (POLICY-PREDICATE-1)."""
        for one in self._attestations:
            predicate = predicate_of(one.json, predicate_type)
            if isinstance(predicate, dict):
                entries = [entry for entry in one.json["subjects"] if self._subject.matches(entry)]
                if entries:
                    yield one, predicate, entries

    def _candidate(
        self,
        clause: v1.PolicyClause,
        one: Verified[v1.Attestation],
        predicate: dict[str, Any],
        entries: list[dict[str, Any]],
    ) -> Candidate:
        # Who signs in another's name by delegation speaks of itself all the same.
        own = any(
            all(self._subject.owns(entry, who) for entry in entries) for who in {one.issuer, one.signer}
        )
        self_declared = clause.predicate_type == _COMPLIANCE and (own or "certificate" not in predicate)
        faults = [
            self._stands(one),
            self._by_issuer(clause, one, predicate, own=own, self_declared=self_declared),
            self._by_predicate(clause, predicate),
            self._by_age(clause, one),
        ]
        shown = wording.attested_text(one.json, predicate, clause, self_declared=self_declared)
        return Candidate(
            f"{one.id}@{one.revision}",
            one.issuer,
            shown,
            tuple(fault for fault in faults if fault is not None),
            signer=one.signer,
        )

    def _by_issuer(
        self,
        clause: v1.PolicyClause,
        one: Verified[v1.Attestation],
        predicate: dict[str, Any],
        *,
        own: bool,
        self_declared: bool,
    ) -> Shortcoming | None:
        if clause.issuers and one.issuer not in clause.issuers:
            return Shortcoming("POLICY-ISSUER-1", f"not of {wording.named(clause.issuers)}")
        accredited_by = clause.issuers_accredited_by
        if self_declared and (clause.distinct_from_subject or accredited_by):
            message = "self-declared, and " + (
                "the issuer is the subject's own authority" if own else "no certificate was issued"
            )
            return Shortcoming("POLICY-SELF-1", message, implied=True)
        if clause.distinct_from_subject and own:
            return Shortcoming("POLICY-DISTINCT-1", "the issuer is the subject's own authority")
        if accredited_by:
            return self._accreditations.shortcoming(one, clause.predicate_type, predicate, accredited_by)
        return None

    def _by_predicate(self, clause: v1.PolicyClause, predicate: dict[str, Any]) -> Shortcoming | None:
        if meets(predicate, clause.predicate_type, clause.where):
            return None
        failing = [
            wording.condition_text(one)
            for one in clause.where
            if not meets(predicate, clause.predicate_type, [one])
        ]
        told = (
            f"not {' and not '.join(failing)}"
            if failing
            else "its conditions are met apart, not by one element"
        )
        requirement = "POLICY-WHERE-1" if failing else "POLICY-ELEMENT-1"
        return Shortcoming(requirement, told)

    def _by_age(self, clause: v1.PolicyClause, one: Verified[v1.Attestation]) -> Shortcoming | None:
        if not clause.HasField("max_age"):
            return None
        issued = one.json["header"]["issuedAt"]
        greatest = clause.max_age.ToTimedelta()
        if self._now - parse_time(issued) <= greatest:
            return None
        told = f"issued at {issued}, more than {wording.duration_text(greatest)} ago"
        return Shortcoming("POLICY-AGE-1", told)


def independent(voices: Iterable[tuple[str, str]]) -> int:
    """Counts issuers for which different authorities signed: the most that there are without one twice.

    One authority that others let sign in their names is one voice (POLICY-THRESHOLD-2).

    Args:
        voices: Issuer and signer of each attestation that counts.
    """
    signers: dict[str, set[str]] = {}
    for issuer, signer in voices:
        signers.setdefault(issuer, set()).add(signer)
    taken: dict[str, str] = {}

    def place(issuer: str, tried: set[str]) -> bool:
        for signer in sorted(signers[issuer] - tried):
            tried.add(signer)
            if signer not in taken or place(taken[signer], tried):
                taken[signer] = issuer
                return True
        return False

    return sum(place(issuer, set()) for issuer in sorted(signers))


def _unverified(one: RefusedEvidence) -> Candidate:
    message = one.message if len(one.message) <= _ONE_LINE else f"{one.message[: _ONE_LINE - 1]}…"
    told = f"does not verify ({one.reason}): {message}"
    return Candidate(
        one.name,
        one.issuer,
        f"unverified ({one.issuer or one.name})",
        (Shortcoming("POLICY-PREDICATE-1", told),),
    )


def _families(policy: v1.TrustPolicy, families: frozenset[str]) -> ClauseVerdict:
    missing = [one for one in policy.signature_families if one not in families]
    return ClauseVerdict(
        "$.signatureFamilies",
        f"a signature of each family: {', '.join(policy.signature_families)}",
        not missing,
        ", ".join(sorted(families)) or "nothing",
        requirement="POLICY-FAMILY-1",
    )


def _log(policy: v1.TrustPolicy, log: LogFact | None) -> Iterator[ClauseVerdict]:
    """Judges the log: where a quorum is demanded, so is the log itself."""
    wanted = policy.log
    if not wanted.required and not wanted.quorum:
        return
    accepted = log is not None and (not wanted.logs or log.authority in wanted.logs)
    found = "no proof of a log" if log is None else f"the log of {log.authority}"
    demanded = "a proof of the log" + (f" of {wording.named(wanted.logs)}" if wanted.logs else "")
    yield ClauseVerdict("$.log", demanded, accepted, found, requirement="POLICY-LOG-1")
    if not wanted.quorum:
        return
    counted = log.witnesses - {log.authority} if log is not None and accepted else frozenset()
    if wanted.witnesses:
        counted &= frozenset(wanted.witnesses)
    authorities = "authority" if wanted.quorum == 1 else "authorities"
    among = f" among {wording.named(wanted.witnesses)}" if wanted.witnesses else ""
    yield ClauseVerdict(
        "$.log.quorum",
        f"co-signatures by witnesses of {wanted.quorum} {authorities}{among}",
        len(counted) >= wanted.quorum,
        wording.named(sorted(counted), "and") if counted else "none that counts",
        reason="QUORUM" if accepted else "POLICY",
        requirement="POLICY-QUORUM-1",
        issuers=tuple(sorted(counted)),
    )
