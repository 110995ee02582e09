"""Reading a policy: what could never be met is refused, with place, rule and fix (POLICY-CHECK-1)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex import v1
from crex.documents import convert
from crex.errors import CrexError, DocumentError
from crex.trust.policies import check_policy, parse_policy, policy_digest
from crex.trust.policies.reading import MAX_BYTES

EXAMPLE = {
    "require": [
        {
            "predicateType": "benchmark",
            "where": [{"path": "suite", "equals": "mlperf-inference"}],
            "issuers": ["mlcommons.example"],
            "maxAge": "15552000s",
            "distinctFromSubject": True,
        },
        {
            "predicateType": "compliance",
            "where": [{"path": "scheme", "equals": "mlps"}, {"path": "level", "gte": "3"}],
            "issuersAccreditedBy": "root.example.cn",
            "threshold": 1,
        },
    ],
    "log": {"required": True, "quorum": 2},
}


def refused(value: Any) -> DocumentError:
    """The error of a policy that is refused."""
    with pytest.raises(DocumentError) as caught:
        parse_policy(orjson.dumps(value))
    return caught.value


def test_the_example_of_the_page_is_read() -> None:
    """The policy of policies.md is read, as a file and as a message, and has one digest."""
    read = parse_policy(orjson.dumps(EXAMPLE))
    check_policy(read)
    assert convert.to_json(read) == EXAMPLE
    assert policy_digest(read) == policy_digest(
        parse_policy(orjson.dumps(EXAMPLE, option=orjson.OPT_INDENT_2))
    )
    assert policy_digest(read) != policy_digest(v1.TrustPolicy())


def compliance(*where: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A policy of one clause."""
    return {"require": [{"predicateType": "compliance", "where": list(where), **members}]}


@pytest.mark.parametrize(
    ("value", "path", "requirement", "told"),
    [
        ({"requires": []}, "$.requires", "DOC-UNKNOWN-1", 'did you mean "require"'),
        ({"require": [{}]}, "$.require[0]", "POLICY-PREDICATE-1", '"predicateType" is missing'),
        (
            {"require": [{"predicateType": "complience"}]},
            "$.require[0].predicateType",
            "POLICY-PREDICATE-1",
            'did you mean "compliance"',
        ),
        (
            {"require": [{"predicateType": "zzz"}]},
            "$.require[0].predicateType",
            "POLICY-PREDICATE-1",
            "or a private one",
        ),
        (
            compliance({"path": "levle", "gte": "3"}),
            "$.require[0].where[0].path",
            "POLICY-WHERE-1",
            '"level"',
        ),
        (
            compliance({"path": "zzz", "gte": "3"}),
            "$.require[0].where[0].path",
            "POLICY-WHERE-1",
            "write one of scheme, level",
        ),
        (
            compliance({"path": "scheme", "gte": "3"}),
            "$.require[0].where[0].gte",
            "POLICY-WHERE-1",
            "is no number",
        ),
        (
            compliance({"path": "level.x", "gte": "3"}),
            "$.require[0].where[0].path",
            "POLICY-WHERE-1",
            "has no members",
        ),
        (
            compliance({"path": "accreditation", "equals": "x"}),
            "$.require[0].where[0].path",
            "POLICY-WHERE-1",
            "accreditation.id",
        ),
        (compliance({"path": "level"}), "$.require[0].where[0]", "DOC-CHOICE-1", "add one of them"),
        (
            compliance({"path": "level", "gte": "3", "lte": "4"}),
            "$.require[0].where[0]",
            "DOC-CHOICE-1",
            "exclude each other",
        ),
        (
            compliance({"path": "level", "gte": "three"}),
            "$.require[0].where[0].gte",
            "SCALAR-DECIMAL-1",
            "decimal",
        ),
        (
            compliance({"path": "scheme", "equals": "a"}, {"path": "scheme", "equals": "b"}),
            "$.require[0].where[1].equals",
            "POLICY-WHERE-1",
            'into one "in"',
        ),
        (
            compliance(issuers=["a.example"], threshold=2),
            "$.require[0].threshold",
            "POLICY-THRESHOLD-1",
            "name more issuers",
        ),
        (compliance(threshold=0), "$.require[0].threshold", "JSON-TYPE-1", "1 to 16"),
        ({"signatureFamilies": ["quantum"]}, "$.signatureFamilies[0]", "POLICY-FAMILY-1", "post-quantum"),
        (
            {"log": {"quorum": 2, "witnesses": ["a.example"]}},
            "$.log.quorum",
            "POLICY-QUORUM-1",
            "name more witnesses",
        ),
        ({"log": {"quorum": 2, "required": False}}, "$.log.required", "POLICY-LOG-1", "drop the quorum"),
        (
            {"log": {"quorum": 1, "logs": ["a.example"], "witnesses": ["a.example"]}},
            "$.log.witnesses[0]",
            "POLICY-QUORUM-1",
            "another authority",
        ),
        (
            {
                "require": [
                    {"predicateType": "benchmark", "where": [{"path": "results.contradicts", "equals": "no"}]}
                ]
            },
            "$.require[0].where[0].equals",
            "POLICY-WHERE-1",
            'write "true" or "false"',
        ),
    ],
)
def test_what_could_never_be_met(value: Any, path: str, requirement: str, told: str) -> None:
    """Each names its place, its rule and what to do (POLICY-CHECK-1)."""
    error = refused(value)
    assert error.reason == "SCHEMA"
    found = next(one for one in error.violations if one.path == path)
    assert found.requirement == requirement
    assert told in f"{found.message}. {found.fix}"


def test_every_fault_is_told() -> None:
    """All faults are told at once, in the order of the file."""
    error = refused(
        {
            "require": [
                {"predicateType": "complience"},
                {"predicateType": "compliance", "where": [{"path": "levle", "gte": "3"}]},
            ],
            "signatureFamilies": ["x"],
        }
    )
    assert [one.path for one in error.violations] == [
        "$.require[0].predicateType",
        "$.require[1].where[0].path",
        "$.signatureFamilies[0]",
    ]


def test_a_private_predicate_has_any_path() -> None:
    """Of a private predicate the contract knows no members, so none is refused."""
    wanted = {
        "require": [{"predicateType": "a.example/x", "where": [{"path": "anything.at.all", "gte": "1"}]}]
    }
    assert parse_policy(orjson.dumps(wanted)).require[0].predicate_type == "a.example/x"


def test_a_list_may_be_asked_for_two_texts() -> None:
    """Two texts of a list are no contradiction: two elements may be them."""
    schemes = [{"path": "schemes", "equals": "mlps"}, {"path": "schemes", "equals": "iso-27001"}]
    wanted = {"require": [{"predicateType": "accreditation", "where": schemes}]}
    assert len(parse_policy(orjson.dumps(wanted)).require[0].where) == 2


def test_a_message_is_checked_likewise() -> None:
    """A policy of a request is refused for the same reasons as one of a file."""
    with pytest.raises(DocumentError, match="could never be met"):
        check_policy(v1.TrustPolicy(signature_families=["quantum"]))
    with pytest.raises(DocumentError):
        check_policy(v1.TrustPolicy(require=[v1.PolicyClause()]))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'{"require":[],"require":[]}', b'{"log":null}', b"{}x"]
)
def test_what_is_no_policy(body: bytes) -> None:
    """What is not in strict form, or no object, is refused."""
    with pytest.raises(DocumentError):
        parse_policy(body)


def test_a_file_that_is_too_long() -> None:
    """A text above the limit is refused before it is parsed."""
    with pytest.raises(DocumentError) as caught:
        parse_policy(b" " * (MAX_BYTES + 1))
    assert caught.value.reason == "LIMIT"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["level", "3", "compliance", "a.example"])
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "require",
                    "log",
                    "signatureFamilies",
                    "predicateType",
                    "where",
                    "path",
                    "gte",
                    "in",
                    "values",
                    "quorum",
                ]
            )
            | st.text(max_size=6),
            inner,
            max_size=4,
        )
    ),
    max_leaves=24,
)


@given(st.binary(max_size=200) | JSON.map(orjson.dumps))
def test_nothing_makes_the_reader_fail(body: bytes) -> None:
    """Whatever a file holds, it is read or refused with a reason."""
    reason = "SCHEMA"
    try:
        parse_policy(body)
    except CrexError as error:
        reason = error.reason
    assert reason in {"PAYLOAD", "LIMIT", "SCHEMA"}
