"""Lexical forms at their edges, by every engine that reads the patterns: Python, jsonschema and Rust."""

from __future__ import annotations

import calendar
import re

import jsonschema
import jsonschema_rs
import pytest

from crex.documents.patterns import BASE64, DURATION, FORMS, TIMESTAMP, Form
from crex.documents.schema import form_schema
from crex.documents.validator import for_rust
from crex.v1 import StringFormat

ALL = {form.key: form for form in (*FORMS.values(), TIMESTAMP, DURATION, BASE64)}
CASES: dict[str, tuple[list[str], list[str]]] = {
    "decimal": (
        ["0", "-0.5", "2.99", "9" * 18 + ".999999999999"],
        ["-0", "1.50", "1e2", "+1", ".5", "1.", "٥"],
    ),
    "bigint": (["0", "-1", "9" * 4096], ["-0", "01", "+1", "1.0", "9" * 4097, "٥"]),
    "id": (["crex://a.b/t/n"], ["crex://a.b/t/n@1", "crex://A.b/t/n", f"crex://{'a.' * 126}bc/t/n"]),
    "ref": (["crex://a.b/t/n@1", "crex://a.b/t/n"], ["crex://a.b/t/n@0", "crex://a.b/t/n@sha256:0"]),
    "authority": (["a.b", "a." * 126 + "b"], ["a", "a.b.", "a." * 126 + "bc", "A.b", "1.2.3.4"]),
    "token": (["a-b", "2-4", "a.b/c"], ["a--b", "A", "a_b", "b/c", "t" * 64, "a.b/" + "t" * 64]),
    "extension": (["a.b/c"], ["c", "a/c", "a.b/", "a.b/C", "a." * 126 + "bc/c"]),
    "sha256": (["0af" * 21 + "0"], ["0" * 63, "0" * 65, "A" * 64]),
    "uri": (
        ["https://a.example/x?y#z", "urn:x", "mailto:a@b", "HTTP://[::1]:80/%2F"],
        ["/x", "x", "a:", "a:%2", "a:中"],
    ),
    "country": (["CN"], ["cn", "CHN", "C1", ""]),
    "currency": (["CNY", "ZZZ"], ["cny", "CN", "CNYY"]),
    "language": (
        ["zh", "zh-Hans-CN", "de-CH-1996", "es-419", "en-x-a"],
        ["ZH", "zh-hans", "zh_CN", "x", "zh-", "zh-cn"],
    ),
    "keyid": (["A" * 43, "_-" * 21 + "0"], ["A" * 42, "A" * 44, "A" * 42 + "B", "+" * 43]),
    "timezone": (
        ["UTC", "Asia/Shanghai", "America/Argentina/Buenos_Aires", "Etc/GMT+8"],
        ["", "/UTC", "Asia/", "A B"],
    ),
    "requestid": (["12345678", "a" * 64], ["1234567", "a" * 65, "1234 678"]),
    "date": (
        ["2024-02-29", "0001-01-01", "9999-12-31"],
        ["2023-02-29", "2024-13-01", "0000-01-01", "2024-1-1"],
    ),
    "timestamp": (
        ["2024-02-29T23:59:59.999Z", "0001-01-01T00:00:00Z"],
        [
            "2024-02-29T23:59:60Z",
            "2024-02-29T24:00:00Z",
            "2024-02-29T23:59:59.000Z",
            "2024-02-29T23:59:59.1Z",
        ],
    ),
    "duration": (
        ["0s", "0.001s", "3600s", "315575999999.999s", "315576000000s"],
        ["-1s", "1.000s", "01s", "1.5s", "315576000000.001s", "315576000001s", "1", "s"],
    ),
    "base64": (
        ["", "YQ==", "YWI=", "YWJj", "+/+/"],
        ["YR==", "YWJ=", "YQ", "YQ=", "Y===", "_-_-", "YQ==YQ=="],
    ),
}


def _verdicts(form: Form, text: str) -> set[bool]:
    """What each engine says of a text."""
    schema = form_schema(form)
    return {
        form.matches(text),
        jsonschema.Draft202012Validator(schema).is_valid(text),
        jsonschema_rs.Draft202012Validator(schema).is_valid(text),
        jsonschema_rs.Draft202012Validator(for_rust(schema)).is_valid(text),
    }


def test_every_form_has_cases() -> None:
    """Every form of the contract is tried here, and every StringFormat has a form."""
    assert set(CASES) == set(ALL)
    assert set(FORMS) == set(StringFormat.values()) - {StringFormat.STRING_FORMAT_UNSPECIFIED}


@pytest.mark.parametrize("key", CASES)
def test_right_spellings_match(key: str) -> None:
    """Each right spelling matches, for every engine."""
    for text in CASES[key][0]:
        assert _verdicts(ALL[key], text) == {True}, text


@pytest.mark.parametrize("key", CASES)
def test_wrong_spellings_do_not_match(key: str) -> None:
    """Each wrong spelling, and each right one with a line end or blank about it, matches for no engine."""
    right, wrong = CASES[key]
    near = [template.format(text) for text in right for template in ("{}\n", " {}", "{} ")]
    for text in [*wrong, *near]:
        assert _verdicts(ALL[key], text) == {False}, text


def test_dates_are_those_of_the_calendar() -> None:
    """SCALAR-DATE-1: in leap years, common years and centuries a date is exactly a day that exists."""
    pattern = re.compile(ALL["date"].pattern)
    for year in (0, 1, 4, 100, 400, 1900, 1996, 2000, 2023, 2024, 2100, 9999):
        for month in range(14):
            for day in range(33):
                exists = (
                    year > 0 and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year or 4, month)[1]
                )
                text = f"{year:04d}-{month:02d}-{day:02d}"
                assert (pattern.fullmatch(text) is not None) == exists, text
