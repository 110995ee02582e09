"""The words of explanations: what a clause demands, and what an attestation says.

Texts of attestations are a stranger's: they are cut, and written in one line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Final

from crex import v1
from crex.documents.inline import inline
from crex.trust.policies.conditions import values_at

_CUT: Final = 48
_LISTED: Final = 3
_NAMED: Final = 8
_DAY: Final = timedelta(days=1)
_COMPLIANCE: Final = "compliance"


def clause_text(clause: v1.PolicyClause) -> str:
    """Words what a clause demands: `MLPS ≥ 3 from a body accredited by root.example.cn`."""
    threshold = max(clause.threshold, 1)
    bodies = "a body" if threshold == 1 else f"{threshold} different bodies"
    by = ""
    if clause.HasField("issuers_accredited_by"):
        among = f" among {named(clause.issuers)}" if clause.issuers else ""
        by = f"from {bodies} accredited by {clause.issuers_accredited_by}{among}"
    elif clause.issuers:
        several = "" if threshold == 1 else f"{threshold} of "
        by = f"from {several}{named(clause.issuers)}"
    elif threshold > 1:
        by = f"from {bodies}"
    if clause.distinct_from_subject:
        by = f"{by}, not the subject's own" if by else "from another authority than the subject's"
    text = " ".join(filter(None, [_what(clause), by]))
    if clause.HasField("max_age"):
        text += f"{',' if by else ''} at most {duration_text(clause.max_age.ToTimedelta())} old"
    return text


def _what(clause: v1.PolicyClause) -> str:
    conditions = list(clause.where)
    if clause.predicate_type == _COMPLIANCE:
        scheme = _only(conditions, "scheme", "equals")
        level = _only(conditions, "level", "gte")
        if scheme is not None:
            rest = [one for one in conditions if one is not scheme and one is not level]
            head = cut(scheme.equals.upper()) + (f" ≥ {level.gte}" if level is not None else "")
            return " ".join([head, *_where(rest)])
    return " ".join([f"{clause.predicate_type}", *_where(conditions)])


def _where(conditions: Sequence[v1.PolicyCondition]) -> list[str]:
    return [f"where {' and '.join(map(condition_text, conditions))}"] if conditions else []


def _only(conditions: Iterable[v1.PolicyCondition], path: str, test: str) -> v1.PolicyCondition | None:
    found = [one for one in conditions if one.path == path and one.WhichOneof("test") == test]
    return found[0] if len(found) == 1 else None


def condition_text(condition: v1.PolicyCondition) -> str:
    """Words a condition: `level ≥ 3`."""
    match condition.WhichOneof("test"):
        case "equals":
            return f"{condition.path} = {cut(condition.equals)}"
        case "gte":
            return f"{condition.path} ≥ {condition.gte}"
        case "lte":
            return f"{condition.path} ≤ {condition.lte}"
        case "in":
            return f"{condition.path} is {named([cut(one) for one in getattr(condition, 'in').values])}"
        case _:
            return f"{condition.path} meets no test"


def attested_text(
    body: dict[str, Any], predicate: Any, clause: v1.PolicyClause, *, self_declared: bool
) -> str:
    """Words what an attestation says, as far as the clause asks: `certified (level 3, cert.example.org)`."""
    issuer = body["header"]["issuer"]
    if clause.predicate_type == _COMPLIANCE:
        kind = "self-declared" if self_declared else "certified"
        asked = [one for one in paths_of(clause) if one != "scheme"] or ["level"]
    else:
        kind, asked = clause.predicate_type, paths_of(clause)
    details = [text for path in asked if (text := _value_text(predicate, path))]
    return f"{kind} ({', '.join([*details, issuer])})"


def _value_text(predicate: Any, path: str) -> str:
    found = values_at(predicate, path)
    if not found:
        return ""
    shown = [cut(one) for one in found[:_LISTED]] + (["…"] if len(found) > _LISTED else [])
    return f"{path} {' '.join(shown)}"


def paths_of(clause: v1.PolicyClause) -> list[str]:
    """Lists the paths of a clause's conditions, each once."""
    return list(dict.fromkeys(one.path for one in clause.where))


def duration_text(value: timedelta) -> str:
    """Words a length of time in its greatest whole unit."""
    for unit, name in ((_DAY, "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute")):
        if value >= unit and value % unit == timedelta(0):
            count = value // unit
            return f"{count} {name}{'' if count == 1 else 's'}"
    return f"{value.total_seconds():g} s"


def cut(text: str) -> str:
    """Writes a stranger's text in one line, and short."""
    return inline(text if len(text) <= _CUT else f"{text[: _CUT - 1]}…")


def named(items: Sequence[str], last: str = "or") -> str:
    """Lists names in words, at most as many as fit a line."""
    if not items:
        return "nothing"
    items = [*items[:_NAMED], *(["…"] if len(items) > _NAMED else [])]
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}"
