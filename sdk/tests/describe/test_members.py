"""Typed members: absent, right, wrong."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from crex.describe.members import Members, as_number, as_whole, kind_of
from crex.describe.report import Report


def _members(value: Mapping[object, object]) -> tuple[Members, Report]:
    report = Report()
    return Members(value, "f.json: $", report), report


def _shown(report: Report) -> list[str]:
    return [str(one) for one in report.findings]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0),
        (7, 7),
        ("7", 7),
        (" 7\n", 7),
        (Decimal("7.0"), 7),
        (7.0, 7),
        (Decimal("7.5"), None),
        (-1, None),
        ("-1", None),
        ("7.0", None),
        ("1_000", None),
        (True, None),
        (1 << 63, None),
        (Decimal("1e999999999"), None),
        (float("nan"), None),
        (float("inf"), None),
        ([], None),
        (None, None),
    ],
)
def test_a_whole_number_is_one_in_whatever_way_it_is_written(value: object, expected: int | None) -> None:
    """Numbers and digit texts are whole numbers; booleans, fractions and what has no end are none."""
    assert as_whole(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0.10", Decimal("0.10")),
        (0.1, Decimal("0.1")),
        ("1e-8", Decimal("1E-8")),
        ("1,5", None),
        ("NaN", None),
    ],
)
def test_a_number_is_exact(value: object, expected: Decimal | None) -> None:
    """A number keeps its digits; a text that is no plain decimal is none."""
    assert as_number(value) == expected


def test_absent_and_null_are_silent_and_a_wrong_type_is_reported() -> None:
    """Only a member that is there and of another type than wanted is a finding, at its place."""
    members, report = _members({"a": None, "b": ["x"], "c": "N/A", "d": True})
    assert members.text("a") is None
    assert members.text("missing") is None
    assert not members.has("a")
    assert _shown(report) == []
    assert members.text("b") is None
    assert members.whole("c") is None
    assert members.mapping("d") is None
    assert _shown(report) == [
        "b: it is a list, not text (f.json: $.b)",
        "c: it is the text 'N/A', not a whole number from 0 to 9223372036854775807 (f.json: $.c)",
        "d: it is true, not an object (f.json: $.d)",
    ]
    assert members.has("b")


def test_elements_of_a_wrong_type_are_left_out_one_by_one() -> None:
    """Of a list the elements of the right type are given; each other one is reported with its place."""
    members, report = _members({"a": [{"b": 1}, 2, {"c": 3}], 4: "x"})
    assert [one.where for one in members.mappings("a")] == ["f.json: $.a[0]", "f.json: $.a[2]"]
    assert list(members.names()) == ["a"]
    assert _shown(report) == [
        "a: it is the number 2, not an object (f.json: $.a[1])",
        "a member: its name is the number 4, not text (f.json: $)",
    ]


def test_a_huge_number_is_not_printed() -> None:
    """A number of thousands of digits does not end up in a message."""
    assert kind_of(10**400) == "a number of more than 40 digits"
