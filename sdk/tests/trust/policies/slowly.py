"""A second evaluator, written from policies.md alone: slow, without explanations, over typed messages.

It shares nothing with the first but the messages and the pinned trust: numbers are `Decimal`, conditions are
tried with every choice of one element for each list, and a threshold with every choice of a signer for each
issuer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import combinations, permutations, product
from typing import Any

from google.protobuf.json_format import MessageToDict

from crex import v1

_TYPES = {"capacity", "benchmark", "compliance", "accreditation", "conformance-report"}


@dataclass(frozen=True)
class Told:
    """One attestation: what it says, and who signed by which revision of a trust document."""

    message: v1.Attestation
    signer: str
    trust_revision: int

    @property
    def issuer(self) -> str:
        """Its issuer."""
        return self.message.header.issuer


@dataclass(frozen=True)
class Situation:
    """Everything that a policy is judged by."""

    authority: str
    documents: tuple[tuple[str, int, str], ...]
    told: tuple[Told, ...]
    families: frozenset[str]
    log: tuple[str, frozenset[str]] | None
    now: datetime
    revoked: Mapping[tuple[str, int], datetime]
    stale: frozenset[str]


def holds(policy: v1.TrustPolicy, at: Situation) -> bool:
    """Tells whether a policy holds."""
    return all(_clause(one, at) for one in policy.require) and _families(policy, at) and _log(policy.log, at)


def _families(policy: v1.TrustPolicy, at: Situation) -> bool:
    return set(policy.signature_families) <= at.families


def _log(log: v1.PolicyLog, at: Situation) -> bool:
    if not (log.required or log.quorum > 0):
        return True
    if at.log is None or (log.logs and at.log[0] not in log.logs):
        return False
    counting = {one for one in at.log[1] if one != at.log[0] and (not log.witnesses or one in log.witnesses)}
    return len(counting) >= log.quorum


def _clause(clause: v1.PolicyClause, at: Situation) -> bool:
    counting = [one for one in at.told if _counts(clause, one, at)]
    needed = clause.threshold if clause.HasField("threshold") else 1
    issuers = sorted({one.issuer for one in counting})
    signers = sorted({one.signer for one in counting})
    pairs = {(one.issuer, one.signer) for one in counting}
    return any(
        all(pair in pairs for pair in zip(some, others, strict=True))
        for some in combinations(issuers, needed)
        for others in permutations(signers, needed)
    )


def _counts(clause: v1.PolicyClause, one: Told, at: Situation) -> bool:
    message = one.message
    entries = [entry for entry in message.subjects if _is_subject(entry, at)]
    return (
        message.predicate_type == clause.predicate_type
        and bool(entries)
        and _stands(one, at)
        and (not clause.issuers or one.issuer in clause.issuers)
        and _young(clause, message, at)
        and _foreign(clause, one, entries, at)
        and (
            not clause.HasField("issuers_accredited_by") or _accredited(clause.issuers_accredited_by, one, at)
        )
        and _meets(clause.where, message)
    )


def _young(clause: v1.PolicyClause, message: v1.Attestation, at: Situation) -> bool:
    greatest = timedelta(seconds=clause.max_age.seconds, microseconds=clause.max_age.nanos // 1000)
    return not clause.HasField("max_age") or at.now - message.header.issued_at.ToDatetime(UTC) <= greatest


def _foreign(clause: v1.PolicyClause, one: Told, entries: Iterable[v1.Subject], at: Situation) -> bool:
    own = any(
        who == at.authority or all(entry.id.startswith(f"crex://{who}/") for entry in entries)
        for who in (one.issuer, one.signer)
    )
    if clause.distinct_from_subject and own:
        return False
    demanding = clause.distinct_from_subject or clause.HasField("issuers_accredited_by")
    compliance = one.message.predicate_type == "compliance"
    self_declared = own or not one.message.compliance.HasField("certificate")
    return not (demanding and compliance and self_declared)


def _is_subject(entry: v1.Subject, at: Situation) -> bool:
    if entry.id == f"crex://{at.authority}/trust/main":
        return not entry.HasField("revision") and not entry.HasField("sha256")
    return any(
        (not entry.HasField("id") or entry.id == id_)
        and (not entry.HasField("revision") or entry.revision == revision)
        and (not entry.HasField("sha256") or entry.sha256 == sha256)
        for id_, revision, sha256 in at.documents
    )


def _stands(one: Told, at: Situation) -> bool:
    header = one.message.header
    if header.issued_at.ToDatetime(UTC) > at.now + timedelta(seconds=60):
        return False
    if header.HasField("valid_until") and at.now >= header.valid_until.ToDatetime(UTC):
        return False
    if one.message.HasField("compliance"):
        day = at.now.strftime("%Y-%m-%d")
        if not one.message.compliance.valid_from <= day <= one.message.compliance.valid_to:
            return False
    if header.HasField("status"):
        if header.status.list in at.stale:
            return False
        since = at.revoked.get((header.status.list, header.status.index))
        return since is None or since > at.now
    return True


def _accredited(authority: str, one: Told, at: Situation) -> bool:
    if one.issuer == authority:
        return False
    for other in at.told:
        predicate = other.message.accreditation
        if other.issuer != authority or other.message.predicate_type != "accreditation":
            continue
        if not _stands(other, at):
            continue
        named = any(
            entry.id == f"crex://{one.issuer}/trust/main"
            and not entry.HasField("sha256")
            and (
                not entry.HasField("revision")
                or (entry.revision == one.trust_revision and one.signer == one.issuer)
            )
            for entry in other.message.subjects
        )
        if one.message.predicate_type == "compliance":
            covered = one.message.compliance.scheme in predicate.schemes
        else:
            covered = one.message.predicate_type in predicate.predicate_types
        if named and covered:
            return True
    return False


def _meets(conditions: Iterable[v1.PolicyCondition], message: v1.Attestation) -> bool:
    kind = message.predicate_type
    if kind in _TYPES:
        value = MessageToDict(getattr(message, kind.replace("-", "_")))
    else:
        value = json.loads(message.other)
    wanted = list(conditions)
    return any(
        all(_condition(condition, flat, kind) for condition in wanted)
        for flat in _flattenings(value, {tuple(one.path.split(".")) for one in wanted})
    )


def _flattenings(value: Any, paths: set[tuple[str, ...]], before: tuple[str, ...] = ()) -> Iterator[Any]:
    """Gives the value with one element chosen for each list that a path leads on through."""
    if isinstance(value, list):
        if any(path[: len(before)] == before and len(path) > len(before) for path in paths):
            for one in value:
                yield from _flattenings(one, paths, before)
        else:
            yield value
    elif isinstance(value, dict):
        names = list(value)
        for chosen in product(*(list(_flattenings(value[name], paths, (*before, name))) for name in names)):
            yield dict(zip(names, chosen, strict=True))
    else:
        yield value


def _condition(condition: v1.PolicyCondition, value: Any, kind: str) -> bool:
    for part in condition.path.split("."):
        if not isinstance(value, dict) or part not in value:
            return False
        value = value[part]
    return any(_test(condition, one, kind) for one in (value if isinstance(value, list) else [value]))


def _test(condition: v1.PolicyCondition, value: Any, kind: str) -> bool:
    if isinstance(value, dict | list):
        return False
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
    which = condition.WhichOneof("test")
    if which == "equals":
        return text == condition.equals
    if which == "in":
        return text in getattr(condition, "in").values
    if isinstance(value, bool) or not _is_number(condition.path, value, kind):
        return False
    bound = Decimal(condition.gte if which == "gte" else condition.lte)
    return Decimal(text) >= bound if which == "gte" else Decimal(text) <= bound


def _is_number(path: str, value: Any, kind: str) -> bool:
    """Of the deck's predicates, by the contract."""
    if isinstance(value, int):
        return True
    if kind in _TYPES:
        return path in {"quantity", "usable", "results.value"}
    return str(value).replace(".", "", 1).lstrip("-").isdigit()
