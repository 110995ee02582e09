"""The rating table and line keys, written here a second time from their specification."""

import hashlib
import struct
from pathlib import Path

from crex.rating import Rating, rating_digest, rating_table
from sdk.tests.rating.samples import (
    LEASE,
    ORDER,
    PLAN_PIN,
    START,
    at,
    bill,
    component,
    count,
    counted,
    plan,
    record,
)

SHA = PLAN_PIN.sha256


def text(value: str) -> bytes:
    """A text of the table: four bytes of length, big end first, and UTF-8."""
    return struct.pack(">I", len(value.encode())) + value.encode()


def rated() -> Rating:
    """A bill with a priced line of each kind, two tiers and an unpriced line."""
    priced = plan(component(), counted([("10", "0.1"), (None, "0.05")], id="tokens"))
    records = [
        record(at("05T08:00:00"), at("05T08:20:00")),
        count(START, START, "12.5", seq=1),
        count(START, START, "1", seq=2, dimension="example.org/novel", unit="free"),
    ]
    return bill(priced, records)


def test_the_table_byte_for_byte() -> None:
    """The table is the one that its specification describes, and the digest its SHA-256 (RATE-DIGEST-1)."""
    rating = rated()
    key = f"{ORDER}|{LEASE}|{{}}|{SHA}|{{}}||"
    rows = [
        # Sorted by key bytes: the unpriced line's "example.org/novel:free" comes before "gpu" and "tokens".
        ["line", key.format("example.org/novel:free", ""), "example.org/novel", "free", "1", "1", "", "",
         "0", "1", "EUR", "0.00", "1"],
        ["line", key.format("gpu", "1"), "compute-unit", "unit", "1200", "1", "2.99", "3600",
         "299", "300", "EUR", "1.00", ""],
        ["line", key.format("tokens", "1"), "output", "tokens", "10", "1", "0.1", "1",
         "1", "1", "EUR", "1.00", ""],
        ["line", key.format("tokens", "2"), "output", "tokens", "5", "2", "0.05", "1",
         "1", "8", "EUR", "0.13", ""],
        ["net", "", "", "", "", "", "", "", "", "", "EUR", "2.13", ""],
        ["total", "", "", "", "", "", "", "", "", "", "EUR", "2.13", ""],
    ]  # fmt: skip
    table = (
        text("rate-1") + struct.pack(">Q", len(rows)) + b"".join(text(cell) for row in rows for cell in row)
    )
    assert rating_table(rating.lines, rating.net_total, rating.total) == table
    assert rating.digest == hashlib.sha256(table).hexdigest()


def test_the_digest_does_not_depend_on_the_order_of_lines() -> None:
    """Lines are sorted by the bytes of their keys before they are digested."""
    rating = rated()
    assert rating_digest(rating.lines[::-1], rating.net_total, rating.total) == rating.digest


def test_lines_come_in_the_order_of_their_keys() -> None:
    """Lines of a rating ascend by key bytes, and no key comes twice (RATE-KEY-1)."""
    keys = [line.key.encode() for line in rated().lines]
    assert keys == sorted(set(keys))


def test_the_digest_tells_bills_apart() -> None:
    """A cent, a component, a quantity or a plan more or less is another digest."""
    base = [count(START, START, "3")]
    digests = {
        bill(plan(counted("0.1")), base).digest,
        bill(plan(counted("0.11")), base).digest,
        bill(plan(counted("0.1", id="other")), base).digest,
        bill(plan(counted("0.1", per="2")), base).digest,
        bill(plan(counted("0.1"), currency="USD"), base).digest,
        bill(plan(counted("0.1")), [count(START, START, "3.001")]).digest,
        bill(plan(counted("0.1")), []).digest,
    }
    assert len(digests) == 7


def test_the_example_of_the_specification() -> None:
    """The digest that rating.md shows is that of its example."""
    priced = plan(component(), counted([("10", "0.1"), (None, "0.05")], id="tokens"))
    used = [record(at("05T08:00:00"), at("05T08:20:00")), count(START, START, "12.5")]
    page = Path(__file__).parents[3] / "proto" / "spec" / "rating.md"
    assert f"\n{bill(priced, used).digest}\n" in page.read_text("utf-8")
