"""Rules of attestations: every contradiction is found, with its place and its requirement."""

from __future__ import annotations

import contextlib
import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex import v1
from crex.documents import convert, reader
from crex.documents.ear import MAX_LEVELS, MAX_PARTS, read_ear, tier_of
from crex.documents.predicates import predicate_member, registered_predicates
from crex.errors import CrexError, DocumentError

ROOT = Path(__file__).parents[3]
MEMBERS = {kind: one.json_name for kind, one in registered_predicates().items()}
EXAMPLES = ROOT / "schemas/examples"
PAGES = [*sorted((ROOT / "proto/spec/predicates").glob("*.md")), ROOT / "proto/spec/attestations.md"]
# What a reader enforces by itself; the rest is judged with trust, or by a signer.
READ = {
    "ATT-SUBJECT-1", "ATT-SUBJECT-2", "ATT-PREDICATE-1", "ATT-PREDICATE-2", "CAPACITY-COUNT-1",
    "CAPACITY-TIME-1", "BENCH-CONDITION-1", "BENCH-RESULT-1", "BENCH-TIME-1", "BENCH-DECLARED-2",
    "COMPLY-DATE-1", "ACCREDIT-SCHEME-1", "REPORT-COUNT-1", "EVIDENCE-EAR-2",
}  # fmt: skip


def example(name: str) -> dict[str, Any]:
    """Gives a valid example of `schemas/examples`."""
    value: dict[str, Any] = json.loads((EXAMPLES / "valid" / f"attestation.{name}.json").read_text("utf-8"))
    return value


def found(value: dict[str, Any]) -> list[tuple[str, str]]:
    """Reads an attestation; gives requirement and place of each violation."""
    try:
        reader.read(json.dumps(value).encode(), v1.Attestation)
    except DocumentError as error:
        return [(one.requirement, one.path) for one in error.violations]
    return []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_examples_of_the_pages_are_read(page: Path) -> None:
    """Every document that a page of predicates shows is one that the reader accepts."""
    texts = re.findall(r"```json\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    assert texts
    for text in texts:
        value = json.loads(text)
        kinds = [v1.Attestation, v1.Receipt, v1.UsageBatch]
        member = {"predicateType": 0, "leaf": 1, "meters": 2, "lease": 2}
        kind = next((kinds[at] for name, at in member.items() if name in value), None)
        if kind is None:
            assert read_ear(text).parts
        else:
            reader.read(text.encode(), kind)


def test_every_rule_of_a_reader_has_an_invalid_example() -> None:
    """Each requirement that a reader enforces alone is broken by an example that is otherwise right."""
    assert {path.name for path in (EXAMPLES / "invalid").iterdir()} >= READ


@pytest.mark.parametrize("member", sorted(MEMBERS.values()))
def test_every_registered_predicate_has_a_valid_example(member: str) -> None:
    """Each predicate has an attestation to start from, which survives the message (ATT-PREDICATE-1)."""
    (kind,) = [name for name in MEMBERS if MEMBERS[name] == member]
    value = example(kind)
    assert value["predicateType"] == kind
    assert member in value
    assert predicate_member(kind) == member
    assert convert.to_json(convert.to_message(value, v1.Attestation)) == value


def test_a_private_predicate_stands_under_other() -> None:
    """A type that nobody registered has its predicate as text under `other` (ATT-PREDICATE-1)."""
    assert predicate_member("p.example.cn/noise") == "other"
    assert predicate_member("usage-batch") == "other"
    assert found(example("private-predicate")) == []


def test_two_predicates_are_one_too_many() -> None:
    """An attestation has exactly one predicate (DOC-CHOICE-1)."""
    value = {**example("capacity"), "other": "{}"}
    assert found(value)[0][0] == "DOC-CHOICE-1"


def test_subjects_differ_by_everything_that_they_state() -> None:
    """One name at two revisions, or with and without a digest, is two subjects (ATT-SUBJECT-1)."""
    value, name = example("capacity"), "crex://cloud.example.cn/site/a"
    value["subjects"] = [{"id": name}, {"id": name, "revision": "1"}, {"id": name, "revision": "2"}]
    value["subjects"] += [{"id": name, "sha256": "0" * 64}, {"sha256": "0" * 64}]
    assert found(value) == []
    value["subjects"].append({"id": name, "revision": "2"})
    assert found(value) == [("ATT-SUBJECT-1", "$.subjects[5]")]


def test_a_wrong_type_is_told_once() -> None:
    """A type that is not the predicate's is one violation, at the type or at `other`."""
    value = example("capacity")
    value["predicateType"] = "compliance"
    assert found(value) == [("ATT-PREDICATE-1", "$.predicateType")]
    other = example("private-predicate")
    other["predicateType"] = "capacity"
    assert found(other) == [("ATT-PREDICATE-2", "$.other")]


@pytest.mark.parametrize(
    "text", ['{"a":1.5}', '{"a":null}', '"text"', "12", '{"a":1}{"b":2}', '{"a":"\\ud800"}', "{'a':1}", "[]"]
)
def test_a_private_predicate_is_an_object_in_strict_form(text: str) -> None:
    """What is no JSON object in strict form is refused under `other` (ATT-PREDICATE-2)."""
    value = {**example("private-predicate"), "other": text}
    assert [one for one, _ in found(value)] == ["ATT-PREDICATE-2"]


def test_a_private_predicate_may_hold_any_language() -> None:
    """Characters of every script pass through a private predicate as they are."""
    value = {**example("private-predicate"), "other": json.dumps({"名": "\U0001f600 é"}, ensure_ascii=False)}
    assert found(value) == []


def test_nothing_may_be_usable_that_is_not_there() -> None:
    """No units, none usable is a finding; one usable of none is not (CAPACITY-COUNT-1)."""
    value = example("capacity")
    value["capacity"] |= {"quantity": "0", "usable": "0"}
    assert found(value) == []
    value["capacity"]["usable"] = "1"
    assert found(value) == [("CAPACITY-COUNT-1", "$.capacity.usable")]


@pytest.mark.parametrize(
    ("name", "member", "period", "requirement"),
    [
        ("capacity", "capacity", "observed", "CAPACITY-TIME-1"),
        ("benchmark", "benchmark", "ran", "BENCH-TIME-1"),
    ],
)
def test_nobody_attests_the_future(name: str, member: str, period: str, requirement: str) -> None:
    """What was counted or measured was over when it was attested, to the millisecond."""
    value = example(name)
    value["header"]["issuedAt"] = "2026-03-01T08:00:00.250Z"
    value[member][period]["end"] = "2026-03-01T08:00:00.250Z"
    assert found(value) == []
    value[member][period]["end"] = "2026-03-01T08:00:00.251Z"
    assert found(value) == [(requirement, f"$.{member}.{period}.end")]


def test_a_figure_lies_among_its_samples() -> None:
    """Decimals are compared by value, so 9.5 is more than -1 and less than 10 (BENCH-RESULT-1)."""
    value = example("benchmark")
    result = value["benchmark"]["results"][0]
    for name in ("declared", "declaredAt", "contradicts"):
        del result[name]
    result |= {"min": "-1", "value": "9.5", "max": "10"}
    assert found(value) == []
    result |= {"min": "9.6"}
    assert found(value) == [("BENCH-RESULT-1", "$.benchmark.results[0].value")]
    del result["min"]
    result |= {"max": "9.49"}
    assert found(value) == [("BENCH-RESULT-1", "$.benchmark.results[0].value")]


@pytest.mark.parametrize("member", ["declared", "declaredAt", "contradicts"])
def test_a_declaration_is_whole(member: str) -> None:
    """Declaration, its place and the verdict stand together (BENCH-DECLARED-2)."""
    value = example("benchmark")
    del value["benchmark"]["results"][0][member]
    assert found(value) == [("BENCH-DECLARED-2", "$.benchmark.results[0]")]


@pytest.mark.parametrize(
    ("until", "right"),
    [
        ("2027-01-14T23:59:59.999Z", True),
        ("2027-01-15T00:00:00Z", True),
        ("2027-01-15T00:00:00.001Z", False),
        (None, False),
    ],
)
def test_compliance_ends_with_its_certificate(until: str | None, right: bool) -> None:
    """The last day of a certificate counts to its midnight, UTC, and no longer (COMPLY-DATE-1)."""
    value = example("compliance")
    value["header"].pop("validUntil")
    if until:
        value["header"]["validUntil"] = until
    assert (found(value) == []) == right
    assert {one for one, _ in found(value)} <= {"COMPLY-DATE-1"}


def test_the_last_day_of_the_calendar_is_a_day() -> None:
    """A certificate to the end of the calendar is read, and is no crash."""
    value = example("compliance")
    value["compliance"]["validTo"] = "9999-12-31"
    value["header"]["validUntil"] = "9999-12-31T23:59:59.999Z"
    assert found(value) == []


def test_who_is_accredited_is_a_party() -> None:
    """An accreditation names trust documents, and nothing below them (ACCREDIT-SCHEME-1)."""
    value = example("accreditation")
    for name in ("crex://a.example.cn/trust/other", "crex://a.example.cn/trust/main/key/1"):
        value["subjects"] = [{"id": name}]
        assert found(value) == [("ACCREDIT-SCHEME-1", "$.subjects[0]")]
    value["subjects"] = [{"id": "crex://a.example.cn/trust/main", "revision": "3"}]
    assert found(value) == []


def test_a_report_of_failures_only_is_a_report() -> None:
    """A run in which everything failed ran (REPORT-COUNT-1)."""
    value = example("conformance-report")
    value["conformanceReport"] |= {"passed": 0, "failed": 3}
    assert found(value) == []


def claims() -> dict[str, Any]:
    """Gives the claims set of the example of hardware evidence."""
    value: dict[str, Any] = json.loads(example("hardware-evidence")["hardwareEvidence"]["ear"])
    return value


def spelled_with_dots(value: dict[str, Any]) -> dict[str, Any]:
    """Writes a claims set as Veraison's profile of 2023 spells it."""
    text = json.dumps(value).replace("tag:ietf.org,2026:rats/ear#04", "tag:github.com,2023:veraison/ear")
    text = text.replace("ear_status", "ear.status").replace("ear_verifier_id", "ear.verifier-id")
    dotted: dict[str, Any] = json.loads(
        text.replace("ear_trustworthiness_vector", "ear.trustworthiness-vector")
    )
    return dotted


def test_both_spellings_of_a_result_say_the_same() -> None:
    """Claims with dots and with underscores are read alike, each under its own profile (EVIDENCE-EAR-2)."""
    one, other = read_ear(json.dumps(claims())), read_ear(json.dumps(spelled_with_dots(claims())))
    assert (one.parts, one.build, one.issued_at) == (other.parts, other.build, other.issued_at)
    mixed = {**claims(), "eat_profile": "tag:github.com,2023:veraison/ear"}
    with pytest.raises(DocumentError, match="verifier-id"):
        read_ear(json.dumps(mixed))


def test_the_examples_of_the_draft_are_read() -> None:
    """Results as the draft shows them are read: one part, several, and one of which a part has parts."""
    part = {"ear_status": "affirming", "ear_trustworthiness_vector": {"hardware": 2}}
    nested = {
        **claims(),
        "ear_status": "warning",
        "submods": {
            "cvm": part,
            "cpu": {
                "eat_profile": "tag:ietf.org,2026:rats/ear#04",
                "iat": 1666529150,
                "submods": {"platform": {**part, "ear_status": "warning"}},
            },
        },
    }
    ear = read_ear(json.dumps(nested))
    assert [each.status for each in ear.parts] == ["affirming", "warning"]
    assert ear.parts[1].path == "$.submods.cpu.submods.platform"
    assert ear.status == {"$.ear_status": "warning"}
    nested["submods"]["gpu"] = ["JWT", "eyJhbGciOiJFUzI1NiJ9.e30.AA"]
    with pytest.raises(DocumentError, match="token of another verifier"):
        read_ear(json.dumps(nested))


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("eat_profile", 7),
        ("eat_profile", "tag:ietf.org,2026:rats/ear#4"),
        ("iat", "1772352010"),
        ("iat", True),
        ("iat", -1),
        ("exp", "soon"),
        ("ear_verifier_id", []),
        ("ear_verifier_id", {"developer": "x"}),
        ("ear_verifier_id", {"developer": "x", "build": ""}),
        ("ear_verifier_id", {"developer": "x" * 513, "build": "1"}),
        ("eat_nonce", 5),
        ("eat_nonce", "short"),
        ("eat_nonce", ["x" * 43, 1]),
        ("eat_nonce", ["x" * 43] * 17),
        ("submods", []),
        ("submods", {"a": 1}),
        ("submods", {"a": {}}),
        ("submods", {"a": {"ear_status": 1}}),
        ("submods", {"a": {"ear_status": True}}),
        ("submods", {"a": {"ear_status": "Affirming"}}),
        ("submods", {"a": {"ear_status": 2, "ear_trustworthiness_vector": {"hardware": 128}}}),
        ("submods", {"a": {"ear_status": 2, "ear_trustworthiness_vector": {"hardware": "2"}}}),
        ("submods", {"a": {"ear_status": 2, "ear_trustworthiness_vector": []}}),
        ("submods", {str(at): {"ear_status": 2} for at in range(MAX_PARTS + 1)}),
    ],
)
def test_what_is_no_claims_set_is_refused(claim: str, value: Any) -> None:
    """Each claim has its type and its bounds (EVIDENCE-EAR-2)."""
    evidence = example("hardware-evidence")
    evidence["hardwareEvidence"]["ear"] = json.dumps({**claims(), claim: value})
    assert found(evidence) == [("EVIDENCE-EAR-2", "$.hardwareEvidence.ear")]


def test_results_lie_within_each_other_only_so_deep() -> None:
    """Four levels of results are read, and a fifth is refused (EVIDENCE-EAR-2)."""

    def nested(levels: int) -> str:
        value: dict[str, Any] = {"part": {"ear_status": 2}}
        for _ in range(levels - 1):
            value = {"more": {"submods": value}}
        return json.dumps({**claims(), "submods": value})

    assert len(read_ear(nested(MAX_LEVELS)).parts) == 1
    for levels in (MAX_LEVELS + 1, 25):
        with pytest.raises(DocumentError, match="more than 4 deep"):
            read_ear(nested(levels))
    with pytest.raises(DocumentError):
        read_ear('{"more":' * 8000 + "1" + "}" * 8000)


@pytest.mark.parametrize("length", [0, 1, 2, 50, 300, -1])
def test_a_result_that_was_cut_is_refused(length: int) -> None:
    """No beginning of a claims set is one."""
    with pytest.raises(DocumentError):
        read_ear(json.dumps(claims())[:length])


def test_a_result_is_bounded() -> None:
    """A claims set of more than 64 KiB is refused before it is looked into."""
    with pytest.raises(DocumentError) as refused:
        read_ear(json.dumps({**claims(), "more": "x" * 65_536}))
    assert refused.value.reason == "LIMIT"


def test_unknown_claims_of_a_result_are_ignored() -> None:
    """Whatever else a verifier says is passed over, in every script."""
    value = {**claims(), "ear_raw_evidence": "AAAA", "验证": {"x": ["\U0001f600"]}}
    assert read_ear(json.dumps(value, ensure_ascii=False)).parts == read_ear(json.dumps(claims())).parts


@pytest.mark.parametrize(
    ("claim", "tier"),
    [
        (0, "none"), (1, "none"), (-1, "none"), (2, "affirming"), (31, "affirming"), (-2, "affirming"),
        (-32, "affirming"), (32, "warning"), (95, "warning"), (-33, "warning"), (-96, "warning"),
        (96, "contraindicated"), (127, "contraindicated"), (-97, "contraindicated"),
        (-128, "contraindicated"),
    ],
)  # fmt: skip
def test_tiers_of_trustworthiness_claims(claim: int, tier: str) -> None:
    """Claims fall into the four tiers as AR4SI draws their bounds."""
    assert tier_of(claim) == tier


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-200, 200) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.sampled_from(["eat_profile", "iat", "exp", "ear_verifier_id", "eat_nonce", "submods", "ear_status"]),
    json_values,
)
def test_no_claim_crashes_the_reader(claim: str, value: Any) -> None:
    """Whatever a claim holds, the reader gives a result or a DocumentError."""
    with contextlib.suppress(DocumentError):
        assert read_ear(json.dumps({**claims(), claim: value})).parts


@given(st.text(max_size=200))
def test_no_text_crashes_the_reader(text: str) -> None:
    """Whatever the text, it is refused as no claims set, with a reason."""
    with pytest.raises(CrexError):
        read_ear(text)


@given(st.sampled_from(sorted(MEMBERS)), st.data())
def test_dropping_any_member_never_crashes(name: str, data: st.DataObject) -> None:
    """An attestation from which something is missing is read or refused with a place, never more."""
    value = copy.deepcopy(example(name))
    here: Any = value
    for _ in range(data.draw(st.integers(1, 4))):
        keys = sorted(here) if isinstance(here, dict) else list(range(len(here)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if not isinstance(here[key], dict | list) or data.draw(st.booleans()):
            del here[key]
            break
        here = here[key]
    for requirement, path in found(value):
        assert path.startswith("$")
        assert requirement
