"""Trust policies: what a reader demands before it relies on something, as data (policies.md).

Where to begin: `parse_policy` reads one, `gathering.gather` verifies what speaks for a
subject, `evaluate` judges, and the `PolicyVerdict` says why.
"""

from crex.trust.policies.evaluator import evaluate
from crex.trust.policies.evidence import Evidence, RefusedEvidence
from crex.trust.policies.reading import check_policy, parse_policy, policy_digest
from crex.trust.policies.subject import PolicySubject, SubjectPin
from crex.trust.policies.verdict import Candidate, ClauseVerdict, PolicyVerdict, Shortcoming

__all__ = [
    "Candidate",
    "ClauseVerdict",
    "Evidence",
    "PolicySubject",
    "PolicyVerdict",
    "RefusedEvidence",
    "Shortcoming",
    "SubjectPin",
    "check_policy",
    "evaluate",
    "parse_policy",
    "policy_digest",
]
