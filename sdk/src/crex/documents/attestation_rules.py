"""Rules of attestations.md and of the pages of its predicates that relate several members.

Each rule reads one message in strict JSON form that its schema accepts, and gives every contradiction with
its place. `RULES` has them by message, in the form in which `crex.documents.semantics` takes rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Final

from crex.decimals import parse_decimal
from crex.documents import strict
from crex.documents.ear import read_ear
from crex.documents.paths import json_path, shown
from crex.documents.predicates import OTHER, predicate_member, registered_predicates
from crex.documents.rules import Json, Path, Rule, at_most, whole_number
from crex.errors import DocumentError, Violation
from crex.names import Name

_MEMBER_IS_TOLD: Final = "write the predicate under the member of its type, or correct the type"


def _attestation(attestation: Json, path: Path) -> Iterator[Violation]:
    yield from _subjects(attestation, path)
    yield from _predicate(attestation, path)
    issued_at = attestation["header"]["issuedAt"]
    for member, period, what, requirement in (
        ("capacity", "observed", "the observation", "CAPACITY-TIME-1"),
        ("benchmark", "ran", "the measurement", "BENCH-TIME-1"),
    ):
        end = attestation.get(member, {}).get(period, {}).get("end")
        if end is not None and end[:-1] > issued_at[:-1]:  # without their Z, text order is time order
            found = f'{what} ends at "{end}", after the attestation was issued, "{issued_at}"'
            fix = "attest what is over; correct whichever time is wrong"
            yield Violation(json_path((*path, member, period, "end")), found, requirement, fix)
    if "compliance" in attestation:
        yield from _certificate_outlived(attestation, path)
    if "accreditation" in attestation:
        yield from _accredited(attestation, path)


def _subjects(attestation: Json, path: Path) -> Iterator[Violation]:
    known: dict[tuple[str | None, ...], str] = {}
    for index, subject in enumerate(attestation["subjects"]):
        here = (*path, "subjects", index)
        if not subject.keys() & {"id", "sha256"}:
            found, fix = "it names nothing", "state its name, the SHA-256 of its bytes, or both"
            yield Violation(json_path(here), found, "ATT-SUBJECT-1", fix)
            continue
        if "revision" in subject and "id" not in subject:
            found = f"revision {subject['revision']} of nothing: the name is missing"
            yield Violation(json_path((*here, "revision")), found, "ATT-SUBJECT-2", "state the name, too")
        key = tuple(subject.get(member) for member in ("id", "revision", "sha256"))
        earlier = known.setdefault(key, json_path(here))
        if earlier != json_path(here):
            found = f"{earlier} is the same subject already"
            yield Violation(json_path(here), found, "ATT-SUBJECT-1", "name every subject once")


def _predicate(attestation: Json, path: Path) -> Iterator[Violation]:
    stated = attestation["predicateType"]
    wanted = predicate_member(stated)
    if OTHER in attestation:
        if wanted != OTHER:
            found = f'"{stated}" is a registered type, and its predicate is a member of its own, "{wanted}"'
            yield Violation(json_path((*path, OTHER)), found, "ATT-PREDICATE-2", _MEMBER_IS_TOLD)
        yield from _other(attestation[OTHER], (*path, OTHER))
    elif wanted not in attestation:
        member = next(
            one.json_name for one in registered_predicates().values() if one.json_name in attestation
        )
        found = f'the type is "{stated}", and the predicate is "{member}"'
        yield Violation(json_path((*path, "predicateType")), found, "ATT-PREDICATE-1", _MEMBER_IS_TOLD)


def _other(text: str, path: Path) -> Iterator[Violation]:
    try:
        value = strict.loads(text.encode())
    except DocumentError as error:
        fault = error.violations[0]
        found = f"the predicate is not JSON text in strict form: {fault.message}"
        yield Violation(json_path(path), found, "ATT-PREDICATE-2", fault.fix)
        return
    if not isinstance(value, dict):
        found = f"the predicate is {shown(value)}, expected a JSON object"
        yield Violation(json_path(path), found, "ATT-PREDICATE-2", "put what is attested into an object")


def _capacity(capacity: Json, path: Path) -> Iterator[Violation]:
    limit = whole_number(capacity, "quantity")
    yield from at_most(capacity, "usable", limit, (*path, "quantity"), path, "CAPACITY-COUNT-1")


def _benchmark(benchmark: Json, path: Path) -> Iterator[Violation]:
    conditions: dict[str, str] = {}
    for index, condition in enumerate(benchmark.get("conditions", ())):
        here = json_path((*path, "conditions", index, "name"))
        earlier = conditions.setdefault(condition["name"], here)
        if earlier != here:
            found = f'"{condition["name"]}" is stated by {earlier} already'
            fix = "state every condition once; one that changed while it ran has a name for each state"
            yield Violation(here, found, "BENCH-CONDITION-1", fix)
    figures: dict[tuple[str, str | None], str] = {}
    for index, result in enumerate(benchmark["results"]):
        here = json_path((*path, "results", index, "metric"))
        earlier = figures.setdefault((result["metric"], result.get("numberFormat")), here)
        if earlier != here:
            found = f'"{result["metric"]}" is stated by {earlier} already, for the same number format'
            yield Violation(
                here, found, "BENCH-RESULT-1", "state every figure once: the median of its samples"
            )


def _result(result: Json, path: Path) -> Iterator[Violation]:
    value = parse_decimal(result["value"])
    low, high = (
        parse_decimal(result[name] if name in result else result["value"]) for name in ("min", "max")
    )
    if not low <= value <= high:
        member = "min" if value < low else "max"
        found = f"it is {result['value']}, and {json_path((*path, member))} is {result[member]}"
        fix = "a median lies between the least and the greatest sample"
        yield Violation(json_path((*path, "value")), found, "BENCH-RESULT-1", fix)
    stated = [member for member in ("declared", "declaredAt", "contradicts") if member in result]
    if len(stated) in (1, 2):
        found = f"of the declaration it states {' and '.join(stated)} only"
        fix = "state declared, declaredAt and contradicts together, or none of them"
        yield Violation(json_path(path), found, "BENCH-DECLARED-2", fix)


def _compliance(compliance: Json, path: Path) -> Iterator[Violation]:
    start, end = compliance["validFrom"], compliance["validTo"]
    if end < start:
        found = f'the last day is "{end}", before {json_path((*path, "validFrom"))}, "{start}"'
        yield Violation(json_path((*path, "validTo")), found, "COMPLY-DATE-1", "correct whichever is wrong")


def _certificate_outlived(attestation: Json, path: Path) -> Iterator[Violation]:
    """An attestation of compliance ends with the certificate, at the end of its last day, UTC."""
    header, last = attestation["header"], attestation["compliance"]["validTo"]
    until = header.get("validUntil")
    place, limit = json_path((*path, "compliance", "validTo")), _day_after(last)
    if until is None:
        found, where = f'it does not end, and {place} is "{last}"', (*path, "header")
    elif limit is not None and until[:-1] > limit[:-1]:
        found, where = (
            f'it is valid until "{until}", and {place} is "{last}"',
            (*path, "header", "validUntil"),
        )
    else:
        return
    fix = f'state a validUntil of at most "{limit}"' if limit else "state a validUntil"
    yield Violation(json_path(where), found, "COMPLY-DATE-1", fix)


def _day_after(day: str) -> str | None:
    try:
        return f"{date.fromisoformat(day) + timedelta(days=1)}T00:00:00Z"
    except OverflowError:  # the last day of the calendar: nothing is valid longer
        return None


def _accredited(attestation: Json, path: Path) -> Iterator[Violation]:
    predicate = attestation["accreditation"]
    if not predicate.get("schemes") and not predicate.get("predicateTypes"):
        found, fix = "it accredits for nothing", "name the schemes, or the predicate types"
        yield Violation(json_path((*path, "accreditation")), found, "ACCREDIT-SCHEME-1", fix)
    for index, subject in enumerate(attestation["subjects"]):
        name = subject.get("id")
        if name is None or Name.parse(name).segments != (("trust", "main"),):
            found = f"{shown(name) if name else 'the subject'} is not the name of a trust document"
            fix = "name who is accredited by the trust document: crex://<authority>/trust/main"
            place = json_path((*path, "subjects", index))
            yield Violation(place, found, "ACCREDIT-SCHEME-1", fix)


def _report(report: Json, path: Path) -> Iterator[Violation]:
    if report["passed"] == report["failed"] == 0:
        found, fix = "no check ran: passed and failed are both 0", "report on a run in which something ran"
        yield Violation(json_path((*path, "passed")), found, "REPORT-COUNT-1", fix)


def _evidence(evidence: Json, path: Path) -> Iterator[Violation]:
    try:
        read_ear(evidence["ear"])
    except DocumentError as error:
        fault = error.violations[0]
        found = f"it is no claims set of an EAR: {fault.path}: {fault.message}"
        yield Violation(json_path((*path, "ear")), found, "EVIDENCE-EAR-2", fault.fix)


RULES: Mapping[str, Rule] = {
    "crex.v1.Attestation": _attestation,
    "crex.v1.BenchmarkPredicate": _benchmark,
    "crex.v1.BenchmarkResult": _result,
    "crex.v1.CapacityPredicate": _capacity,
    "crex.v1.CompliancePredicate": _compliance,
    "crex.v1.ConformanceReportPredicate": _report,
    "crex.v1.HardwareEvidencePredicate": _evidence,
}
