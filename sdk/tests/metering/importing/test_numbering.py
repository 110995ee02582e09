"""Uses become records: nothing overlaps, nothing is numbered twice, nothing is imported twice."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crex.errors import CrexError, DocumentError
from crex.metering import Span, UsageError, missing, parse_record
from crex.metering.importing.numbering import Wanted, number, read_lines
from crex.metering.importing.uses import Use
from sdk.tests.metering.importing.usages import WANTED
from sdk.tests.rating.samples import LEASE, RESOURCE

DAY = 86_400_000


def use(start: int, end: int, quantity: str = "1", dimension: str = "cpu-time", **labels: str) -> Use:
    """A use of some seconds within the first day of 1970."""
    return Use(
        dimension=dimension,
        unit="s",
        span=Span(DAY + start * 1000, DAY + end * 1000),
        quantity=Fraction(quantity),
        method=f"told, {start}",
        rows=(f"row {start}-{end}-{quantity}",),
        labels=tuple(labels.items()),
    )


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20), st.integers(0, 9)), max_size=25))
def test_meters_never_overlap_and_have_no_gap(spans: list[tuple[int, int, int]]) -> None:
    """RATE-OVERLAP-1, USAGE-SEQ-1: whatever ran at one time, and all of it is stated."""
    uses = [use(start, start + length, str(quantity)) for start, length, quantity in spans]
    records = number(uses, WANTED).records
    assert sum(record.quantity for record in records) == sum(one.quantity for one in uses)
    assert missing(records) == []
    for first, second in combinations(records, 2):
        assert first.meter_id != second.meter_id or not first.span.overlaps(second.span)
    assert [parse_record(record.body) for record in records] == list(records)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=20), st.integers(0, 20))
def test_what_was_imported_before_is_not_imported_again(spans: list[tuple[int, int]], cut: int) -> None:
    """USAGE-IMPORT-1: the whole after a part of it gives the rest, each use once, in numbers that go on."""
    uses = [use(start, start + length) for start, length in spans]
    first = number(uses[:cut], WANTED)
    lines = b"".join(record.body + b"\n" for record in first.records)
    second = number(uses, WANTED, read_lines(lines))
    together = [*first.records, *second.records]
    assert len(together) == len(uses)
    assert missing(sorted(together, key=lambda record: record.order)) == []
    assert all("imported before" in one.why for one in second.left_out)
    assert number(uses, WANTED, together).records == ()


def test_a_long_method_is_cut_and_known_again() -> None:
    """A record states 256 characters of it, by which an import after it still knows the use."""
    long = replace(use(0, 10), method="m" * 300)
    (record,) = number([long], WANTED).records
    assert b'"method":"' + b"m" * 256 + b'"' in record.body
    assert number([long], WANTED, [record]).records == ()


def test_names_of_meters() -> None:
    """The dimension, or what was said; several dimensions and several at one time are told apart."""
    uses = [use(0, 10), use(5, 15), use(0, 10, dimension="wall-time")]

    def meters(name: str, *of: Use) -> list[str]:
        wanted = Wanted(lease=LEASE, resource=RESOURCE, meter=name)
        return [record.meter_id for record in number(of, wanted).records]

    assert meters("", *uses) == ["cpu-time", "cpu-time-2", "wall-time"]
    assert meters("m", *uses) == ["m-cpu-time", "m-cpu-time-2", "m-wall-time"]
    assert meters("m", *uses[:2]) == ["m", "m-2"]


def test_a_meter_of_before_is_not_another_dimensions() -> None:
    """Where a name is taken by another dimension, the next one is used (USAGE-METER-1)."""
    named = Wanted(lease=LEASE, resource=RESOURCE, meter="m")
    before = number([use(0, 10)], named).records
    after = number([use(20, 30, dimension="wall-time")], named, before).records
    assert [(record.meter_id, record.seq) for record in after] == [("m-2", 1)]


def test_what_is_wanted() -> None:
    """Dimensions, labels and an interval; what is not wanted is left out with its row and the reason."""
    uses = [use(0, 10, account="a"), use(20, 30, account="b"), use(40, 50), use(0, 10, dimension="wall-time")]
    wanted = Wanted(
        lease=LEASE,
        resource=RESOURCE,
        dimensions=frozenset({"cpu-time"}),
        labels={"account": "b"},
        within=Span(DAY, DAY + 30_000),
    )
    numbered = number(uses, wanted)
    assert [record.span.start_ms for record in numbered.records] == [DAY + 20_000]
    assert [one.why for one in numbered.left_out] == [
        "cpu-time: account is 'a', and 'b' is wanted",
        "cpu-time: account is not stated, and 'b' is wanted",
        "wall-time: another dimension is wanted",
    ]
    late = number([use(25, 31)], Wanted(lease=LEASE, resource=RESOURCE, within=Span(DAY, DAY + 30_000)))
    assert "does not lie within" in late.left_out[0].why


@pytest.mark.parametrize("quantity", ["1/3", "1/10000000000000", "1000000000000000000"])
def test_what_no_record_can_state_is_left_out(quantity: str) -> None:
    """Nothing is rounded: a third, a ten-trillionth, nineteen digits."""
    numbered = number([use(0, 10, quantity)], WANTED)
    assert numbered.records == ()
    assert "no record can state it" in numbered.left_out[0].why


def test_records_of_another_lease_are_not_gone_on_with() -> None:
    """Numbers of two leases have nothing to do with each other (BATCH-LEASE-1); a file cut short is told."""
    records = number([use(0, 10), use(20, 30)], WANTED).records
    other = Wanted(lease=LEASE + "x", resource=RESOURCE)
    with pytest.raises(UsageError, match="BATCH-LEASE-1"):
        number([], other, records)
    with pytest.raises(UsageError, match="not whole"):
        number([], WANTED, records[1:])


def test_a_file_of_records_is_read_strictly() -> None:
    """A line that is no record is named."""
    (record,) = number([use(0, 10)], WANTED).records
    assert read_lines(record.body + b"\n") == [record]
    with pytest.raises(DocumentError, match="Line 2"):
        read_lines(record.body + b"\n{}\n")


def test_names_that_are_none_are_refused() -> None:
    """A lease that is no name stops everything, with the place."""
    with pytest.raises(CrexError) as caught:
        number([use(0, 10)], Wanted(lease="l1", resource=RESOURCE))
    assert caught.value.violations[0].path == "$.lease"
