"""Malformed input never crashes, hangs or leaks a traceback: the answer is a refusal that names the place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crex import v1
from crex.documents import reader
from crex.documents.types import DocumentType, document_type, document_types
from crex.errors import DocumentError
from sdk.tests.documents.samples import Json, body, offer, order

SMALL = body(order())
ORDER, OFFER = document_type("order-document"), document_type("offer")


def _refused(text: bytes, kind: DocumentType) -> DocumentError:
    """Checks that a text is refused as it should be; gives the error."""
    with pytest.raises(DocumentError) as refused:
        reader.read(text, kind)
    error = refused.value
    assert error.reason in ("LIMIT", "PAYLOAD", "SCHEMA", "CRITICAL")
    assert error.violations
    assert all(found.path.startswith("$") for found in error.violations)
    assert "Traceback" not in str(error)
    return error


def test_truncated_at_each_byte() -> None:
    """A document cut off at any byte is refused as malformed JSON, with the place at or before the cut."""
    for length in range(len(SMALL)):
        error = _refused(SMALL[:length], ORDER)
        assert error.reason == "PAYLOAD"
        offset = error.violations[0].offset
        assert offset is not None
        assert offset <= length


@settings(max_examples=300)
@given(st.integers(0, len(SMALL) - 1), st.integers(1, 255))
def test_any_byte_flipped(position: int, flip: int) -> None:
    """A document with any byte changed is read or refused; nothing else happens."""
    changed = bytearray(SMALL)
    changed[position] ^= flip
    try:
        reader.read(bytes(changed), ORDER)
    except DocumentError as error:
        assert error.violations  # noqa: PT017 - either outcome is right; this is what a refusal owes


@settings(max_examples=200)
@given(st.integers(0, len(SMALL)), st.binary(min_size=1, max_size=6))
def test_any_bytes_put_in(position: int, bytes_: bytes) -> None:
    """A document with any bytes put in anywhere is read or refused; nothing else happens."""
    try:
        reader.read(SMALL[:position] + bytes_ + SMALL[position:], ORDER)
    except DocumentError as error:
        assert error.violations  # noqa: PT017 - either outcome is right; this is what a refusal owes


def test_a_byte_too_many() -> None:
    """A document of 1 MiB and one byte is refused with LIMIT; one of 1 MiB is judged on its content."""
    padded = SMALL + b" " * (1_048_576 - len(SMALL))
    assert reader.read(padded, ORDER) == order()
    assert _refused(padded + b" ", ORDER).reason == "LIMIT"


@pytest.mark.parametrize("kind", list(document_types()), ids=lambda kind: kind.token)
@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\x00",
        b"\xef\xbb\xbf{}",
        b"{}",
        b"[]",
        b"null",
        b'{"header":{}}',
        b'{"header":[]}',
        b'{"header":{"id":{}}}',
        b'{"header":' * 70,
        b'{"header":' * 60 + b"{}" + b"}" * 60,
        b'{"":{}}',
        b'{"\\ud800":1}',
        b'{"header":1,"header":2}',
        b"[" * 1_000_000,
    ],
    ids=lambda text: repr(text)[:32],
)
def test_every_type_refuses_what_is_none(kind: DocumentType, text: bytes) -> None:
    """Texts that are no document at all are refused by every type."""
    _refused(text, kind)


QUANTITIES = r"""
8 8.0 "8e0" "+8" "08" "8\n" null "٨" "8 " "8","quantity":"9" "8","\u0071uantity":"9" ["8"] {"value":"8"} true
"""
AMOUNTS = """
"17820.4" "17820.400" "17820,40" 17820.40 "1.782040e4" "017820.40" "17_820.40" "NaN" "-0.00" ""
"""
TIMES = """
"2026-02-30T08:00:00Z" "2026-03-01T08:00:00.000Z" "2026-03-01T08:00:00+00:00" "2026-03-01T08:00:00"
"2026-03-01T08:00Z" "2026-03-01T08:00:00.123456Z" "2026-03-01t08:00:00z" 1772352000
"""
NAMES = """
crex://Buyer.example.com/order/1 crex://buyer.example.com/order/%31 crex://buyer.example.com:443/order/1
crex://buyer/order/1 crex://buyer.example.com/order/1/ crex://buyer.example.com/order/1@2
crex://buyer.example.com./order/1 CREX://buyer.example.com/order/1 crex://buyer.example.com/order
"""
KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
KEYS = [
    KEY[:-1],
    KEY[:-2] + "B=",
    KEY[:-2] + "_=",
    "AA" + KEY[:-2] + "=",
    KEY + r"\n",
    KEY[:20] + " " + KEY[21:],
    "",
]
# What stands in the small document, and what is put in its place.
TRAPS: dict[str, list[str]] = {
    '"quantity":"8"': [f'"quantity":{trap}' for trap in QUANTITIES.split()] + ['"Quantity":"8"'],
    '"17820.40"': AMOUNTS.split(),
    '"2026-03-01T08:00:00Z"': [*TIMES.split(), '"2026-03-01 08:00:00Z"'],
    "crex://buyer.example.com/order/1": NAMES.split(),
    KEY: KEYS,
    '"spendLimit"': ['"spend_limit"', '"spendlimit"', '"spendLimit ":{},"spendLimit"'],
}


@pytest.mark.parametrize(
    ("found", "trap"), [(found, trap) for found, traps in TRAPS.items() for trap in traps], ids=repr
)
def test_every_trap_is_refused(found: str, trap: str) -> None:
    """Each spelling that some lenient reader lets through is refused."""
    assert found in SMALL.decode()
    _refused(SMALL.decode().replace(found, trap, 1).encode(), ORDER)


NESTED = {"constraint": {"path": "a", "op": "CONSTRAINT_OPERATOR_EQ", "values": [{"text": 1}]}}


def test_a_fault_at_the_deepest_place_is_explained() -> None:
    """A requirement that nests as deep as the strict form allows is explained to its last member."""
    value: Json = NESTED
    for _ in range(60):
        value = {"not": value}
    with pytest.raises(DocumentError) as refused:
        reader.read(body(value), v1.Requirement)
    (found,) = refused.value.violations
    assert found.path == "$" + ".not" * 60 + ".constraint.values[0].text"


HOSTILE: dict[str, Json] = {
    "distinct tokens and an object": offer(interfaces=[*(f"t{number}" for number in range(80_000)), {}]),
    "distinct objects": offer(interfaces=[{"a": number} for number in range(80_000)]),
    "unknown members": order(**{f"a{number}": 1 for number in range(80_000)}),
    "unknown members of an offer": offer(minQuantity=1, **{f"a{number}": 1 for number in range(80_000)}),
    "a long name": offer(pool="crex://" + "a." * 400_000),
    "a long token": offer(interfaces=["a-" * 400_000]),
    "a long language": {"header": offer()["header"], "displayNames": {"zh" + "-abcde" * 100_000: "x"}},
    "long bytes": order(accessKey="A" * 900_001),
    "a long amount": order(spendLimit={"currency": "EUR", "amount": "1" * 900_000}),
    "a long time": order(header={**order()["header"], "issuedAt": "2026-03-01T08:00:00Z" * 40_000}),
    "a critical list": offer(
        header={**offer()["header"], "critical": [f"a{number}" for number in range(80_000)]}
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_documents_made_to_be_slow_are_explained_like_any_other(name: str) -> None:
    """A megabyte that is well-formed and wrong is refused, whatever it was made to keep busy."""
    kind = v1.OrderDocument if "holdReceipt" in HOSTILE[name] else v1.Site if "language" in name else v1.Offer
    with pytest.raises(DocumentError) as refused:
        reader.read(body(HOSTILE[name]), kind)
    assert 1 <= len(refused.value.violations) <= 50


def test_a_value_that_is_no_json_is_refused() -> None:
    """What never was JSON, given to the check of values, is refused with SCHEMA like any other fault."""
    for odd in ("\ud800", {1, 2}, b"x", object(), 1.5, None):
        with pytest.raises(DocumentError) as refused:
            reader.check(offer(pool=odd), OFFER)
        assert refused.value.reason == "SCHEMA"


def test_two_spellings_of_one_member() -> None:
    """A member in camel and in snake case at once is refused, also where unknown members are ignored."""
    error = _refused(body(offer(min_quantity="2")), OFFER)
    assert [found.requirement for found in error.violations] == ["JSON-CASE-1"]
