"""The strict form at the level of tokens: what is refused, where, and that both ways of reading agree."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crex.documents import scanner, strict
from crex.errors import DocumentError, Violation

# Text, requirement, path, byte offset of the place.
REFUSED: list[tuple[bytes, str, str, int]] = [
    (b"", "JSON-GRAMMAR-1", "$", 0),
    (b"  ", "JSON-GRAMMAR-1", "$", 2),
    (b'{"a":1', "JSON-GRAMMAR-1", "$.a", 6),
    (b'{"a":1}}', "JSON-GRAMMAR-1", "$", 7),
    (b'{"a":1} x', "JSON-GRAMMAR-1", "$", 8),
    (b'{"a":1}\x00', "JSON-GRAMMAR-1", "$", 7),
    (b'{"a":1,}', "JSON-GRAMMAR-1", "$.a", 7),
    (b"[1,]", "JSON-GRAMMAR-1", "$[1]", 3),
    (b'{"a" 1}', "JSON-GRAMMAR-1", "$.a", 5),
    (b"{a:1}", "JSON-GRAMMAR-1", "$", 1),
    (b"{'a':1}", "JSON-GRAMMAR-1", "$", 1),
    (b'["a]', "JSON-GRAMMAR-1", "$[0]", 1),
    (b'["\\x"]', "JSON-GRAMMAR-1", "$[0]", 2),
    (b'["a\nb"]', "JSON-GRAMMAR-1", "$[0]", 3),
    (b"[tru]", "JSON-GRAMMAR-1", "$[0]", 1),
    (b"[01]", "JSON-GRAMMAR-1", "$[0]", 1),
    (b"[+1]", "JSON-GRAMMAR-1", "$[0]", 1),
    (b"[.5]", "JSON-GRAMMAR-1", "$[0]", 1),
    (b"[NaN]", "JSON-GRAMMAR-1", "$[0]", 1),
    (b"[-Infinity]", "JSON-GRAMMAR-1", "$[0]", 1),
    (b"// x\n1", "JSON-GRAMMAR-1", "$", 0),
    (b"\xef\xbb\xbf{}", "JSON-UTF8-1", "$", 0),
    (b'{"a":"\xed\xa0\x80"}', "JSON-UTF8-1", "$", 6),
    (b'{"a":"\xc0\x80"}', "JSON-UTF8-1", "$", 6),
    (b'{"a":"\xff"}', "JSON-UTF8-1", "$", 6),
    ("{}".encode("utf-16"), "JSON-UTF8-1", "$", 0),
    (b'{"a":1,"b":2,"a":1}', "JSON-DUPLICATE-1", "$.a", 13),
    (b'{"a":1,"\\u0061":2}', "JSON-DUPLICATE-1", "$.a", 7),
    (b'{"x":[{"a":"","a":""}]}', "JSON-DUPLICATE-1", "$.x[0].a", 14),
    (b'["\\ud800"]', "JSON-SURROGATE-1", "$[0]", 2),
    (b'["\\udc00"]', "JSON-SURROGATE-1", "$[0]", 2),
    (b'["\\ud800\\ud800"]', "JSON-SURROGATE-1", "$[0]", 2),
    (b'["\\ud800x\\udc00"]', "JSON-SURROGATE-1", "$[0]", 2),
    (b'["x\\ud83d\\ude00\\ude00"]', "JSON-SURROGATE-1", "$[0]", 15),
    (b'{"\\ud800":1}', "JSON-SURROGATE-1", "$", 2),
    (b'["a\\u0000"]', "JSON-NUL-1", "$[0]", 3),
    (b'["a\x00"]', "JSON-NUL-1", "$[0]", 3),
    (b'{"a":null}', "JSON-NULL-1", "$.a", 5),
    (b"null", "JSON-NULL-1", "$", 0),
    (b"[1.0]", "JSON-NUMBER-1", "$[0]", 1),
    (b'{"a":[0,1e2]}', "JSON-NUMBER-1", "$.a[1]", 8),
    (b"[1E400]", "JSON-NUMBER-1", "$[0]", 1),
    (b"[-0]", "JSON-NUMBER-1", "$[0]", 1),
    (b"[-0.0]", "JSON-NUMBER-1", "$[0]", 1),
    (b"[2147483648]", "JSON-NUMBER-1", "$[0]", 1),
    (b"[-2147483649]", "JSON-NUMBER-1", "$[0]", 1),
    (b"[" + b"9" * 5000 + b"]", "JSON-NUMBER-1", "$[0]", 1),
    (b"[" * 65 + b"]" * 65, "JSON-DEPTH-1", "$" + "[0]" * 64, 64),
]
ACCEPTED: list[tuple[bytes, Any]] = [
    (b"{}", {}),
    (b' \t\r\n{ "a" : [ 1 , true , false ] } \n', {"a": [1, True, False]}),
    (b'"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00"', '"\\/\b\f\n\r\té😀'),
    ('{"Größe":"中文😀","":""}'.encode(), {"Größe": "中文😀", "": ""}),
    (b"[2147483647,-2147483648,0]", [2147483647, -2147483648, 0]),
    (b'{"a":"null 1.5e3 -0 [[[ {","b":"\\\\\\""}', {"a": "null 1.5e3 -0 [[[ {", "b": '\\"'}),
    (b'{"a":"\\\\u0000"}', {"a": "\\u0000"}),
    (b"[" * 64 + b"]" * 64, json.loads("[" * 64 + "]" * 64)),
    (b"[" + b"[]," * 200 + b"[]]", [[] for _ in range(201)]),
    ('["\u2028\x7f"]'.encode(), ["\u2028\x7f"]),
]


def _refusal(text: bytes) -> Violation:
    with pytest.raises(DocumentError) as refused:
        strict.loads(text)
    (violation,) = refused.value.violations
    return violation


@pytest.mark.parametrize(
    ("text", "requirement", "path", "offset"), REFUSED, ids=lambda value: repr(value)[:40]
)
def test_what_is_not_strict_is_refused_at_its_place(
    text: bytes, requirement: str, path: str, offset: int
) -> None:
    """Each text that is not strict is refused with requirement, path, byte offset and fix (ERROR-PLACE-1)."""
    violation = _refusal(text)
    assert (violation.requirement, violation.path, violation.offset) == (requirement, path, offset)
    assert violation.fix


@pytest.mark.parametrize(("text", "value"), ACCEPTED, ids=lambda value: repr(value)[:40])
def test_what_is_strict_is_accepted_both_ways(text: bytes, value: Any) -> None:
    """A strict text is accepted with its value, by the fast path and by the scanner."""
    assert strict.loads(text) == value
    assert scanner.scan(text) == value


def test_a_place_is_named_for_people_too() -> None:
    """Line and column count from 1, in characters, over several lines."""
    violation = _refusal('{\n  "größe": "中",\n  "größe": null\n}'.encode())
    assert (violation.line, violation.column, violation.offset) == (3, 3, 24)
    assert violation.path == '$["größe"]'


def test_length_is_limited() -> None:
    """One byte more than 1 MiB is refused with LIMIT before anything is parsed (JSON-SIZE-1)."""
    fits = b'"' + b"x" * (strict.MAX_BYTES - 2) + b'"'
    assert strict.loads(fits) == "x" * (strict.MAX_BYTES - 2)
    with pytest.raises(DocumentError) as refused:
        strict.loads(fits + b" ")
    assert refused.value.reason == "LIMIT"
    assert refused.value.violations[0].requirement == "JSON-SIZE-1"
    assert strict.loads(b"[1,2]", max_bytes=5) == [1, 2]
    with pytest.raises(DocumentError):
        strict.loads(b"[1,2]", max_bytes=4)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":['])
@pytest.mark.parametrize("closed", [False, True])
def test_depth_bombs_are_refused(opening: bytes, closed: bool) -> None:
    """A text that nests a hundred thousand deep is refused with LIMIT, closed or not (JSON-DEPTH-1)."""
    closing = opening.replace(b'"a":', b"")[::-1].translate(bytes.maketrans(b"[{", b"]}"))
    bomb = opening * 100_000 + (b"1" + closing * 100_000 if closed else b"")
    with pytest.raises(DocumentError) as refused:
        strict.loads(bomb[: strict.MAX_BYTES])
    assert refused.value.reason == "LIMIT"
    assert refused.value.violations[0].requirement == "JSON-DEPTH-1"


def test_reasons_tell_limits_from_form() -> None:
    """A text that is not strict has reason PAYLOAD."""
    with pytest.raises(DocumentError) as refused:
        strict.loads(b"[1.5]")
    assert refused.value.reason == "PAYLOAD"


HOSTILE = {
    "numbers": b"[" + b"0," * 500_000,
    "quotes": b'"' + b'\\"' * 500_000,
    "pairs": b'"' + b"\\ud83d\\ude00" * 80_000 + b'\\ud83d"',
    "members": b"{" + b",".join(b'"%d":1' % number for number in range(90_000)) + b',"1":1}',
    "spaces": b"[" + b" " * 1_000_000,
    "digits": b"[" + b"1" * 1_000_000 + b"]",
    "letters": b"[" + b"a" * 1_000_000 + b"]",
    "minus": b"[" + b"-" * 1_000_000 + b"]",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_refused_like_any_other(name: str) -> None:
    """A megabyte made to be slow is refused; work that grew with its square would take hours."""
    assert _refusal(HOSTILE[name]).requirement.startswith("JSON-")


def _outcome(read: Callable[[bytes], Any], text: bytes) -> tuple[str, Any]:
    """Says what a way of reading makes of a text: its value, or the requirement by which it refuses."""
    try:
        return "value", read(text)
    except DocumentError as error:
        return error.reason, error.violations[0].requirement


def _same_verdict(text: bytes) -> str:
    """Checks that fast path and scanner say the same of a text; gives the reason, or `value`."""
    fast, slow = _outcome(strict.loads, text), _outcome(scanner.scan, text)
    assert fast == slow
    assert fast[0] in ("value", "PAYLOAD", "LIMIT")
    return fast[0]


_pieces = st.one_of(
    st.sampled_from(
        [b"{", b"}", b"[", b"]", b":", b",", b'"', b" ", b"\n", b"\x00", b"\xff", b"\xef\xbb\xbf"]
    ),
    st.sampled_from([b"\\", b"\\u0000", b"\\ud83d", b"\\ude00", b"null", b"true", b"false", b"NaN"]),
    st.sampled_from([b"-", b"0", b"1", b"9" * 10, b".", b"e", b"E", b"+", "中".encode()]),
    st.sampled_from([b"a", b'"a"', b'"a":', b'"\\u0061":']),
)
_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=300)
@given(st.lists(_pieces, max_size=14).map(b"".join))
def test_any_pieces_get_one_verdict(text: bytes) -> None:
    """On any heap of JSON's pieces, fast path and scanner agree; nothing else is raised."""
    _same_verdict(text)


@settings(max_examples=200)
@given(_json, st.booleans(), st.booleans())
@example({"a": "\ud800"}, True, False)
def test_any_json_gets_one_verdict(value: Any, ascii_only: bool, indented: bool) -> None:
    """On any JSON text, escaped or not, indented or not, fast path and scanner agree."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=2 if indented else None)
    _same_verdict(text.encode("utf-8", "surrogatepass"))


@settings(max_examples=200)
@given(st.binary(max_size=40))
def test_any_bytes_get_one_verdict(text: bytes) -> None:
    """On any bytes at all, fast path and scanner agree."""
    _same_verdict(text)


def _strict_numbers(value: Any) -> bool:
    """Tells whether a parsed JSON value holds nothing that the strict form lacks."""
    if isinstance(value, dict):
        return all(_strict_numbers(inner) for inner in value.values())
    if isinstance(value, list):
        return all(_strict_numbers(inner) for inner in value)
    if isinstance(value, bool | str):
        return True
    return isinstance(value, int) and -(2**31) <= value < 2**31


@given(_json)
def test_strict_values_are_exactly_those_without_null_and_floats(value: Any) -> None:
    """A value written compactly is accepted exactly if it has no null, float, big integer or NUL in it."""
    try:
        text = orjson.dumps(value)
    except (TypeError, ValueError):  # an integer beyond 64 bits: orjson writes none
        return
    expected = _strict_numbers(orjson.loads(text)) and b"\\u0000" not in text
    assert (_outcome(strict.loads, text) == ("value", value)) == expected


def _suite(real_data: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(real_data / "json-torture" / "JSONTestSuite.tar.gz") as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is not None and member.name.endswith(".json"):
                yield Path(member.name).name, file.read()


def test_json_test_suite(real_data: Path) -> None:
    """Of JSONTestSuite nothing malformed is accepted, and fast path and scanner agree on every file."""
    seen = 0
    for name, text in _suite(real_data):
        seen += 1
        _same_verdict(text)
        if name.startswith("n_"):
            _refusal(text)
    assert seen > 300


# What the suite calls valid JSON and the strict form refuses on purpose.
_BEYOND_JSON = {"JSON-NUMBER-1", "JSON-NULL-1", "JSON-DUPLICATE-1", "JSON-NUL-1", "JSON-SURROGATE-1"}


def test_valid_json_is_refused_only_for_a_stated_rule(real_data: Path) -> None:
    """Valid JSON of the suite is accepted, or refused for one of the rules beyond RFC 8259."""
    for name, text in _suite(real_data):
        if name.startswith("y_"):
            kind, found = _outcome(strict.loads, text)
            assert kind == "value" or found in _BEYOND_JSON, name
