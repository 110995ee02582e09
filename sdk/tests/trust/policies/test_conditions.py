"""What a predicate must be to meet the conditions of a clause (POLICY-WHERE-1, POLICY-ELEMENT-1)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from crex import v1
from crex.documents.predicates import registered_predicates
from crex.trust.policies.conditions import meets, predicate_of

COMPLIANCE = {
    "scheme": "mlps",
    "level": 3,
    "scope": ["east", "west"],
    "validFrom": "2026-01-01",
    "validTo": "2026-12-31",
}
BENCHMARK = {
    "suite": "crex-host",
    "samples": 4,
    "ran": {"start": "2026-11-01T11:00:00Z", "end": "2026-11-01T12:00:00Z"},
    "results": [
        {"metric": "dense-matrix", "numberFormat": "fp32", "value": "12", "unit": "gflops", "samples": 3},
        {"metric": "memory-copy", "value": "950.5", "unit": "mb-s", "samples": 9, "contradicts": True},
    ],
}
CAPACITY = {
    "quantity": "9007199254740993",
    "unit": "crex://p.example.cn/node-class/a",
    "method": "inspection",
}


def condition(path: str, **test: Any) -> v1.PolicyCondition:
    """A condition; `among` is `in`."""
    made = v1.PolicyCondition(path=path)
    for name, value in test.items():
        if name == "among":
            getattr(made, "in").values.extend(value)
        else:
            setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("made", "met"),
    [
        (condition("scheme", equals="mlps"), True),
        (condition("scheme", equals="MLPS"), False),
        (condition("scheme", equals=""), False),
        (condition("scheme", among=["iso-27001", "mlps"]), True),
        (condition("scheme", among=["iso-27001"]), False),
        (condition("scheme", gte="0"), False),
        (condition("level", equals="3"), True),
        (condition("level", equals="03"), False),
        (condition("level", gte="3"), True),
        (condition("level", gte="3.000000000001"), False),
        (condition("level", lte="3"), True),
        (condition("level", lte="2.9"), False),
        (condition("level", gte="-1"), True),
        (condition("level", among=["2", "3"]), True),
        (condition("certificate", equals="C-1"), False),
        (condition("certificate", lte="5"), False),
        (condition("level.of", equals="3"), False),
        (condition("scope", equals="west"), True),
        (condition("scope", equals="north"), False),
        (condition("unknown", equals="x"), False),
        (condition("validTo", equals="2026-12-31"), True),
        (condition("validTo", gte="2026"), False),
        (condition("level"), False),
    ],
)
def test_members_of_compliance(made: v1.PolicyCondition, met: bool) -> None:
    """Texts equal byte for byte, numbers compare as numbers, and what is absent meets nothing."""
    assert meets({**COMPLIANCE, "unknown": "x"}, "compliance", [made]) is met


def test_each_element_of_a_list_of_texts_may_meet_one() -> None:
    """Two conditions on a list itself may be met by two of its elements."""
    both = [condition("scope", equals="west"), condition("scope", equals="east")]
    assert meets(COMPLIANCE, "compliance", both)


@pytest.mark.parametrize(
    ("made", "met"),
    [
        ([("results.metric", {"equals": "memory-copy"}), ("results.value", {"gte": "900"})], True),
        ([("results.metric", {"equals": "dense-matrix"}), ("results.value", {"gte": "900"})], False),
        ([("results.metric", {"equals": "dense-matrix"}), ("results.samples", {"lte": "3"})], True),
        ([("results.contradicts", {"equals": "true"})], True),
        ([("results.contradicts", {"equals": "false"})], False),
        ([("results.contradicts", {"gte": "0"})], False),
        ([("results.value", {"equals": "950.5"})], True),
        ([("results.value", {"lte": "950.499"}), ("results.value", {"gte": "13"})], False),
        ([("results", {"equals": "memory-copy"})], False),
        ([("results.numberFormat", {"equals": "fp32"}), ("suite", {"equals": "crex-host"})], True),
        ([("ran.start", {"equals": "2026-11-01T11:00:00Z"})], True),
        ([("ran", {"equals": "2026-11-01T11:00:00Z"})], False),
    ],
)
def test_one_element_meets_them_all(made: list[tuple[str, dict[str, Any]]], met: bool) -> None:
    """Conditions below one list are met by one and the same element (POLICY-ELEMENT-1)."""
    assert meets(BENCHMARK, "benchmark", [condition(path, **test) for path, test in made]) is met


def test_integers_that_no_float_holds() -> None:
    """Large integers compare exactly."""
    assert meets(CAPACITY, "capacity", [condition("quantity", gte="9007199254740993")])
    assert not meets(CAPACITY, "capacity", [condition("quantity", gte="9007199254740994")])


@pytest.mark.parametrize(
    ("made", "met"),
    [
        ([("n", {"gte": "2"})], True),
        ([("d", {"gte": "2.5"})], True),
        ([("d", {"lte": "2.49"})], False),
        ([("t", {"gte": "0"})], False),
        ([("b", {"equals": "true"})], True),
        ([("b", {"gte": "0"})], False),
        ([("l.x", {"equals": "1"}), ("l.y", {"equals": "2"})], False),
        ([("l.x", {"equals": "1"}), ("l.y", {"equals": "1"})], True),
        ([("o.p.q", {"equals": "deep"})], True),
        ([("o.p", {"equals": "deep"})], False),
        ([("l", {"equals": "1"})], False),
        ([("m", {"gte": "5"}), ("m", {"lte": "1"})], True),
    ],
)
def test_a_private_predicate(made: list[tuple[str, dict[str, Any]]], met: bool) -> None:
    """Of a predicate that the contract does not know, numbers are told by their form."""
    value = {
        "n": 2,
        "d": "2.5",
        "t": "two",
        "b": True,
        "l": [{"x": 1, "y": 1}, {"x": 2, "y": 2}, 7, "1"],
        "o": {"p": {"q": "deep"}},
        "m": [1, 9],
    }
    if made[0][0] == "l":
        value["l"] = [{"x": 1}]
    assert meets(value, "x.example.org/own", [condition(path, **test) for path, test in made]) is met


@pytest.mark.parametrize("value", [None, 3, "text", [], [{}], True])
def test_what_is_no_object_meets_nothing(value: Any) -> None:
    """A predicate that is no object meets no condition, and never fails."""
    assert not meets(value, "compliance", [condition("level", gte="1")])
    assert not meets({"level": value}, "compliance", [condition("level.x", equals="1")])


def test_the_predicate_of_another_type_is_none() -> None:
    """A predicate is what its type says it is: no member under another type's name."""
    body = {"predicateType": "compliance", "benchmark": BENCHMARK}
    assert predicate_of(body, "compliance") is None
    assert predicate_of({"predicateType": "a.example/x", "other": "[1]"}, "a.example/x") is None
    assert predicate_of({"predicateType": "a.example/x", "other": "{"}, "a.example/x") is None
    assert predicate_of({"predicateType": "a.example/x", "other": '{"a":1}'}, "a.example/x") == {"a": 1}
    assert set(registered_predicates()) >= {"capacity", "hardware-evidence", "conformance-report"}


def test_a_deep_private_predicate_costs_little() -> None:
    """A hostile predicate with many lists within lists is judged in time linear in its size."""
    value: Any = {"a": "x"}
    for _ in range(6):
        value = {"a": [value] * 8}  # the text would be 262,144 elements, the objects are shared
    assert not meets(value, "a.example/x", [condition("a.a.a.a", equals="y")])
    assert orjson.dumps({"a": 1})
