"""Usage records: exact bytes, read once, refused where they could not be billed."""

from fractions import Fraction
from typing import Any

import orjson
import pytest

from crex.errors import DocumentError
from crex.metering import parse_record
from sdk.tests.metering.samples import at, record

GOOD: dict[str, Any] = {
    "meterId": "units",
    "seq": "1",
    "revision": "1",
    "lease": "crex://broker.example/lease/l1",
    "resource": "crex://provider.example/compute-resource/r1",
    "dimension": "compute-unit",
    "start": "2026-03-05T08:00:00Z",
    "end": "2026-03-05T09:00:00.250Z",
    "quantity": "8",
    "unit": "unit",
}


def body(**members: Any) -> bytes:
    """A record in strict form, with other members."""
    return orjson.dumps({**GOOD, **members})


def test_a_record() -> None:
    """A record is its bytes and what they say."""
    read = parse_record(body(estimated=True))
    assert (read.body, read.key) == (body(estimated=True), (GOOD["lease"], "units", 1, 1))
    assert read.quantity == 8
    assert (read.span.end_ms - read.span.start_ms, read.estimated) == (3_600_250, True)


def test_built_and_read() -> None:
    """A built record is one that reads the same."""
    built = record(at("05T08:00:00"), at("05T09:00:00"), "0.125", method="cgroup cpu.stat")
    assert parse_record(built.body) == built


def test_readings_bear_the_quantity_out() -> None:
    """USAGE-READINGS-1: what a counter stood at makes the quantity, to the last digit."""
    far = "999999999999999999"
    read = parse_record(body(quantity="8", readings={"start": "999999999999999991", "end": far}))
    assert read.readings == (Fraction(far) - 8, Fraction(far))
    assert parse_record(body()).readings is None


def test_a_reading_at_one_instant() -> None:
    """A record may begin and end at one instant, as a counted event does."""
    assert parse_record(body(end=GOOD["start"])).span.empty


@pytest.mark.parametrize(
    ("change", "path", "requirement"),
    [
        ({"end": "2026-03-05T07:59:59.999Z"}, "$.end", "USAGE-INTERVAL-1"),
        ({"quantity": "-0.5"}, "$.quantity", "USAGE-QUANTITY-1"),
        ({"seq": "0"}, "$.seq", "USAGE-SEQ-1"),
        ({"revision": "0"}, "$.revision", "USAGE-REVISION-1"),
        ({"meterId": "Units"}, "$.meterId", "USAGE-METER-1"),
        ({"quantity": "1.50"}, "$.quantity", "SCALAR-DECIMAL-1"),
        ({"quantity": "1e2"}, "$.quantity", "SCALAR-DECIMAL-1"),
        ({"quantity": "-0"}, "$.quantity", "SCALAR-DECIMAL-1"),
        ({"quantity": 8}, "$.quantity", ""),
        ({"readings": {"start": "10", "end": "17.5"}}, "$.readings", "USAGE-READINGS-1"),
        ({"readings": {"start": "18", "end": "10"}}, "$.readings", "USAGE-READINGS-1"),
        ({"readings": {"start": "0.000000000001", "end": "8"}}, "$.readings", "USAGE-READINGS-1"),
        ({"readings": {"start": "10", "end": "18.0"}}, "$.readings.end", "SCALAR-DECIMAL-1"),
        ({"readings": {"end": "8"}}, "$.readings", ""),
    ],
)
def test_a_record_that_cannot_be_billed(change: dict[str, Any], path: str, requirement: str) -> None:
    """Each is refused with the place and the requirement (RATE-STRICT-1, RATE-NEGATIVE-1)."""
    with pytest.raises(DocumentError) as refused:
        parse_record(body(**change))
    (violation,) = refused.value.violations
    assert (refused.value.reason, violation.path) == ("SCHEMA", path)
    assert violation.requirement == requirement or not requirement


def test_unknown_members_are_refused() -> None:
    """A record is no descriptive document: what is not understood could change its price."""
    with pytest.raises(DocumentError) as refused:
        parse_record(body(discount="0.5"))
    assert refused.value.reason == "SCHEMA"


@pytest.mark.parametrize("bad", [b"", b"{", b'{"seq":"1","seq":"1"}', b"\xef\xbb\xbf{}", b"[]"])
def test_bytes_that_are_no_record(bad: bytes) -> None:
    """Anything but one strict object is refused, never a crash."""
    with pytest.raises(DocumentError):
        parse_record(bad)


def test_a_record_that_is_too_long() -> None:
    """A record has at most 8,192 bytes."""
    with pytest.raises(DocumentError) as refused:
        parse_record(body() + b" " * 8192)
    assert refused.value.reason == "LIMIT"
