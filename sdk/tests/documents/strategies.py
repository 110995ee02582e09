"""Documents drawn at random from the contract's own descriptors, and ways to spoil them."""

from __future__ import annotations

import copy
import zlib
from base64 import b64encode
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

from crex.decimals import EXPONENTS, INT64_MAX, INT64_MIN, Money, format_decimal, format_rational
from crex.documents.fields import (
    Field,
    Kind,
    choices_of,
    descriptor_of,
    document_constraint,
    enum_names,
    fields_of,
)
from crex.documents.times import format_duration, format_time
from crex.v1.constraint_pb2 import FieldConstraint, StringFormat
from sdk.tests.documents import attested

Json = dict[str, Any]

# Deeper than this, only what must be there is drawn.
_DEEP = 5
_LONG = 24

_labels = st.from_regex(r"[a-z]([a-z0-9-]{0,9}[a-z0-9])?", fullmatch=True)
authorities = st.lists(_labels, min_size=2, max_size=4).map(".".join)
kebabs = st.from_regex(r"[a-z0-9]{1,6}(-[a-z0-9]{1,6}){0,2}", fullmatch=True)
extensions = st.tuples(authorities, kebabs).map("/".join)
_segments = st.tuples(
    st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True),
    st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,9}[a-z0-9])?", fullmatch=True),
).map("/".join)
_paths = st.lists(_segments, min_size=1, max_size=3).map("/".join)
ids = st.tuples(authorities, _paths).map(lambda parts: f"crex://{parts[0]}/{parts[1]}")
sha256s = st.binary(min_size=32, max_size=32).map(bytes.hex)
_versions = st.one_of(
    st.just(""), st.integers(1, INT64_MAX).map(lambda number: f"@{number}"), sha256s.map("@sha256:{}".format)
)
refs = st.tuples(ids, _versions).map("".join)
moments = st.builds(
    lambda day, ms: datetime.combine(day, time(), UTC) + timedelta(milliseconds=ms),
    st.dates(),
    st.integers(0, 86_399_999),
)
times = moments.map(format_time)
durations = st.integers(0, 10**9).map(lambda ms: format_duration(timedelta(milliseconds=ms)))
decimals = st.integers(-(10**20), 10**20).map(lambda units: format_decimal(Fraction(units, 10**9)))
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=_LONG)

_FORMATS: dict[int, st.SearchStrategy[str]] = {
    StringFormat.STRING_FORMAT_DECIMAL: decimals,
    StringFormat.STRING_FORMAT_BIGINT: st.integers(-(10**60), 10**60).map(str),
    StringFormat.STRING_FORMAT_ID: ids,
    StringFormat.STRING_FORMAT_REF: refs,
    StringFormat.STRING_FORMAT_AUTHORITY: authorities,
    StringFormat.STRING_FORMAT_TOKEN: st.one_of(kebabs, extensions),
    StringFormat.STRING_FORMAT_EXTENSION: extensions,
    StringFormat.STRING_FORMAT_SHA256: sha256s,
    StringFormat.STRING_FORMAT_URI: st.sampled_from(
        ["https://a.example/x?y=1#z", "urn:x:y", "mailto:a@b.example"]
    ),
    StringFormat.STRING_FORMAT_COUNTRY: st.sampled_from(["CN", "SG", "DE"]),
    StringFormat.STRING_FORMAT_CURRENCY: st.sampled_from(["CNY", "EUR", "JPY", "KWD"]),
    StringFormat.STRING_FORMAT_LANGUAGE: st.sampled_from(
        ["zh", "zh-Hans-CN", "en", "de-1996", "sr-Latn", "en-x-a"]
    ),
    StringFormat.STRING_FORMAT_KEY_ID: st.from_regex(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", fullmatch=True),
    StringFormat.STRING_FORMAT_TIME_ZONE: st.sampled_from(
        ["UTC", "Asia/Shanghai", "America/Indiana/Knox", "Etc/GMT+8"]
    ),
    StringFormat.STRING_FORMAT_REQUEST_ID: st.from_regex(r"[A-Za-z0-9_-]{8,20}", fullmatch=True),
    StringFormat.STRING_FORMAT_DATE: st.dates().map(
        lambda day: f"{day.year:04d}-{day.month:02d}-{day.day:02d}"
    ),
}


def documents(message: type[Message]) -> st.SearchStrategy[Json]:
    """Draws valid documents, or other messages, of a class."""
    stated = document_constraint(descriptor_of(message))
    drawn = _messages(descriptor_of(message), 0, expires=stated is not None and stated.expires)
    return drawn.map(_consistent)


def _consistent(value: Json) -> Json:
    """Takes from a description what its members say against each other (description_rules.py)."""
    for member, inner in list(value.items()):
        for item in inner if isinstance(inner, list) else [inner]:
            if isinstance(item, dict):
                _consistent(item)
        if member in _RELATED:
            del value[member]
        if member in _FIRST_ALONE:
            del inner[1:]
    if "siteId" in value:
        value["kind"] = "p.example.cn/any"
        value["header"]["id"] = f"crex://{value['header']['issuer']}/node-class/like-no-other"
    if "fromSite" in value:
        value["toSite"] = "crex://like.no.other.example/site/other"
    if "predicateType" in value and "subjects" in value:
        attested.consistent(value)
    return value


# Members that a rule compares with another one, and that may be absent.
_RELATED = frozenset(
    [
        "closedLists", "latitudeMicrodegrees", "longitudeMicrodegrees", "partitionProfiles", "physicalCores",
        "readIops", "sockets", "subdivision", "usableBytes", "writeIops", "numa", "committedBitsPerS",
        "rttUs", "jitterUs", "lossPpm", "availabilityPpm",
    ]
)  # fmt: skip
# Lists whose elements a rule compares with each other.
_FIRST_ALONE = frozenset(["rates", "windows", "members"])


@st.composite
def _messages(draw: st.DrawFn, message: Descriptor, depth: int, *, expires: bool = False) -> Json:
    special = _SPECIAL.get(message.full_name)
    if special is not None:
        return draw(special(expires))
    value: Json = {}
    chosen = _chosen(draw, message, depth)
    for field in fields_of(message):
        if field.oneof is not None:
            wanted = field.json_name in chosen
        else:
            wanted = field.constraint.required or (depth < _DEEP and draw(st.booleans()))
        if wanted:
            value[field.json_name] = draw(_fields(field, depth, expires))
    _put_in_order(value)
    return value


def _chosen(draw: st.DrawFn, message: Descriptor, depth: int) -> set[str]:
    """Draws one member, or none, of each group of alternatives; deep down one that ends."""
    members = {field.json_name: field for field in fields_of(message)}
    chosen: set[str] = set()
    for choice in choices_of(message):
        inner = {name: members[name].message for name in choice.members}
        options = [
            name
            for name, below in inner.items()
            if depth < _DEEP or below is None or not (below is message or _reaches(below, message))
        ]
        if choice.required or (depth < _DEEP and draw(st.booleans())):
            chosen.add(draw(st.sampled_from(options)))
    return chosen


def _reaches(message: Descriptor, target: Descriptor) -> bool:
    """Tells whether a message can contain another, at any depth."""
    seen, waiting = {message}, [message]
    while waiting:
        for field in fields_of(waiting.pop()):
            if field.message is target:
                return True
            if field.message is not None and field.message not in seen:
                seen.add(field.message)
                waiting.append(field.message)
    return False


def _put_in_order(value: Json) -> None:
    """Makes a start lie before its end, where both are times: a counter's readings are not."""
    ends = value.get("start"), value.get("end")
    if all(isinstance(each, str) and each.endswith("Z") for each in ends):
        first, last = sorted([value["start"][:-1], value["end"][:-1]])
        if first == last:
            last = "9999-12-31T23:59:59.999"
        value["start"], value["end"] = f"{first}Z", f"{last}Z"


def _fields(field: Field, depth: int, expires: bool) -> st.SearchStrategy[Any]:
    constraint = field.constraint
    # An empty list or map is spelled by leaving it out.
    least = max(constraint.min_items, 1)
    most = min(constraint.max_items or 3, least + 2) if depth < _DEEP else least
    if field.is_map:
        keys = _FORMATS.get(constraint.format, texts)
        return st.dictionaries(keys, _values(field, depth, expires), min_size=least, max_size=most)
    if field.repeated:
        unique = _unique_key if constraint.unique_items else None
        return st.lists(_values(field, depth, expires), min_size=least, max_size=most, unique_by=unique)
    return _values(field, depth, expires)


def _unique_key(value: Any) -> str:
    return repr(value)


def _values(field: Field, depth: int, expires: bool) -> st.SearchStrategy[Any]:  # noqa: PLR0911 - one per kind
    constraint = field.constraint
    match field.kind:
        case Kind.BOOL:
            return st.booleans()
        case Kind.INT32:
            return st.integers(*_limits(constraint, -(2**31), 2**31 - 1))
        case Kind.INT64:
            return st.integers(*_limits(constraint, INT64_MIN, INT64_MAX)).map(str)
        case Kind.BYTES:
            most = min(constraint.max_length or _LONG, constraint.min_length + _LONG)
            return st.binary(min_size=constraint.min_length, max_size=most).map(
                lambda raw: b64encode(raw).decode()
            )
        case Kind.TIMESTAMP:
            return times
        case Kind.DURATION:
            return durations
        case Kind.ENUM:
            assert field.enum is not None
            return st.sampled_from(enum_names(field.enum))
        case Kind.MESSAGE:
            assert field.message is not None
            return _messages(field.message, depth + 1, expires=expires)
        case Kind.STRING:
            return _strings(constraint, is_map=field.is_map)


def _strings(constraint: FieldConstraint, *, is_map: bool) -> st.SearchStrategy[str]:
    if constraint.format and not is_map:
        return _FORMATS[constraint.format]
    least, most = constraint.min_length, constraint.max_length or _LONG
    if constraint.pattern:
        pattern = st.from_regex(constraint.pattern, fullmatch=True, alphabet=st.characters(codec="ascii"))
        return pattern.filter(lambda text: least <= len(text) <= (constraint.max_length or len(text)))
    return st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
        min_size=least,
        max_size=min(most, least + _LONG),
    )


def _limits(constraint: FieldConstraint, low: int, high: int) -> tuple[int, int]:
    least = constraint.min if constraint.HasField("min") else low
    most = constraint.max if constraint.HasField("max") else high
    return least, most


@st.composite
def _headers(draw: st.DrawFn, expires: bool) -> Json:
    authority = draw(authorities)
    issued = datetime.combine(draw(st.dates(max_value=date(9000, 1, 1))), time(8), UTC)
    header: Json = {
        "id": f"crex://{authority}/{draw(_paths)}",
        "revision": str(draw(st.integers(1, INT64_MAX))),
        "issuer": authority,
        "issuedAt": format_time(issued),
    }
    if expires or draw(st.booleans()):
        header["validUntil"] = format_time(issued + timedelta(milliseconds=draw(st.integers(1, 10**12))))
    if draw(st.booleans()):
        header["critical"] = ["header.revision"]
    if draw(st.booleans()):
        header["extensions"] = {draw(extensions): draw(st.sampled_from(['{"a":1}', "[]", '"x"', "true"]))}
    return header


def _moneys(_expires: bool) -> st.SearchStrategy[Json]:
    pairs = st.tuples(st.sampled_from(sorted(EXPONENTS)), st.integers(-(10**15), 10**15))
    return pairs.map(lambda pair: {"currency": pair[0], "amount": Money(*pair).amount})


def _rationals(_expires: bool) -> st.SearchStrategy[Json]:
    return st.fractions().map(lambda value: dict(zip(("num", "den"), format_rational(value), strict=True)))


@st.composite
def _status_lists(draw: st.DrawFn, expires: bool) -> Json:
    """Draws a list whose bits decompress to its size, and that states times of revoked places only."""
    size = draw(st.sampled_from([131_072, 131_080, 262_144]))
    revoked = draw(st.sets(st.integers(0, size - 1), max_size=5))
    bits = bytearray(size // 8)
    for index in revoked:
        bits[index >> 3] |= 1 << (index & 7)
    value: Json = {
        "header": draw(_headers(expires)),
        "size": str(size),
        "bits": b64encode(zlib.compress(bytes(bits))).decode(),
        "ttl": format_duration(timedelta(milliseconds=draw(st.integers(1, 10**9)))),
    }
    dated = [
        {"index": str(index), "revokedAt": draw(times)} for index in sorted(revoked) if draw(st.booleans())
    ]
    return value | ({"entries": dated} if dated else {})


_SPECIAL = {
    "crex.v1.Header": _headers,
    "crex.v1.Money": _moneys,
    "crex.v1.Rational": _rationals,
    "crex.v1.StatusList": _status_lists,
}

# What a spoiled document holds in place of a value; all of it is JSON in strict form.
_odd_texts = st.one_of(
    st.sampled_from(["", "0", "-0", "05", "+5", "5\n", "٥", "5.0", "1e3", "1.50", "9223372036854775808"]),
    st.sampled_from(["2026-02-30", "2026-02-30T00:00:00Z", "2026-03-01T00:00:00+00:00"]),
    st.sampled_from(["2026-03-01T00:00:00.000Z", "2026-03-01T24:00:00Z", "1.000s", "-1s", "1s\n"]),
    st.sampled_from(["YR==", "YQ=", "YQ==\n", "crex://A.b/t/n", "crex://a.b/t/n%20", "a b", "A", "null"]),
    st.sampled_from(["CONSTRAINT_OPERATOR_UNSPECIFIED", "CONSTRAINT_OPERATOR_EQ", "constraint_operator_eq"]),
)
_oddities = st.one_of(
    _odd_texts, texts, st.integers(-(2**31), 2**31 - 1), st.booleans(), st.just([]), st.just({})
)


@st.composite
def spoiled(draw: st.DrawFn, message: type[Message]) -> Json:
    """Draws a document and changes one thing in it; the result is in strict form, but seldom valid."""
    value = copy.deepcopy(draw(documents(message)))
    places = list(_places(value))
    container, key = draw(st.sampled_from(places))
    match draw(st.sampled_from(["replace", "replace", "edit", "remove", "add", "repeat"])):
        case "replace":
            container[key] = draw(_oddities)
        case "edit" if isinstance(container[key], str):
            container[key] = draw(st.sampled_from(["{}\n", " {}", "{}0", "0{}", "-{}", "{}Z"])).format(
                container[key]
            )
        case "remove":
            del container[key]
        case "add" if isinstance(container, dict):
            container[draw(st.sampled_from(["valid_until", "nope", "header", "", "Id", "x y"]))] = draw(
                _oddities
            )
        case "repeat" if isinstance(container, list):
            container.append(copy.deepcopy(container[key]))
        case _:
            container[key] = draw(_oddities)
    return value


def _places(value: Any) -> Any:
    """Walks every place of a value that can be changed: the container and the key or index in it."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)
