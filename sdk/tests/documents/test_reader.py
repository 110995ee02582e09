"""The reader: what it accepts, what it refuses and how it says so, what it ignores."""

from __future__ import annotations

from typing import Any

import pytest

from crex import v1
from crex.documents import reader
from crex.documents.types import document_type
from crex.errors import DocumentError, Violation
from sdk.tests.documents.samples import PIN, Json, body, header, offer, order

OFFER, ORDER = document_type("offer"), document_type("order-document")
TERMS = {"mode": "on-demand"}


def _violations(value: Json, kind: Any = OFFER, **options: Any) -> list[Violation]:
    with pytest.raises(DocumentError) as refused:
        reader.read(body(value), kind, **options)
    assert refused.value.reason == "SCHEMA"
    return list(refused.value.violations)


def _only(value: Json, kind: Any = OFFER) -> tuple[str, str]:
    (violation,) = _violations(value, kind)
    return violation.requirement, violation.path


def test_a_valid_document_is_read_as_it_is() -> None:
    """A valid document is returned member by member, by its type or by its message class."""
    assert reader.read(body(offer()), OFFER) == offer()
    assert reader.read(body(order()), v1.OrderDocument) == order()


REFUSED: list[tuple[Json, str, str]] = [
    (offer(header=...), "DOC-REQUIRED-1", "$"),
    (offer(header=header("offer")), "DOC-EXPIRY-1", "$.header"),
    (offer(header=header("offer", validUntil="2026-03-01T08:00:00Z")), "DOC-VALIDITY-1",
    "$.header.validUntil"),
    (offer(header=header("offer", revision="0", validUntil="2027-01-01T00:00:00Z")), "DOC-REVISION-1",
     "$.header.revision"),
    (offer(header=header("offer", issuer="other.example", validUntil="2027-01-01T00:00:00Z")),
    "DOC-ISSUER-1",
     "$.header.issuer"),
    (offer(pool="crex://Cloud.example.cn/pool/a"), "NAME-FORM-1", "$.pool"),
    (offer(pool="crex://cloud.example.cn/pool/a%20b"), "NAME-FORM-1", "$.pool"),
    (offer(minQuantity=5), "JSON-INT64-1", "$.minQuantity"),
    (offer(minQuantity="05"), "JSON-INT64-1", "$.minQuantity"),
    (offer(minQuantity="+5"), "JSON-INT64-1", "$.minQuantity"),
    (offer(minQuantity="5.0"), "JSON-INT64-1", "$.minQuantity"),
    (offer(minQuantity="5e0"), "JSON-INT64-1", "$.minQuantity"),
    (offer(minQuantity="1_000"), "JSON-INT64-1", "$.minQuantity"),
    (offer(minQuantity="٥"), "JSON-INT64-1", "$.minQuantity"),
    (offer(minQuantity="5\n"), "JSON-INT64-1", "$.minQuantity"),
    (offer(minQuantity="9223372036854775808"), "JSON-INT64-1", "$.minQuantity"),
    (offer(minQuantity="0"), "JSON-TYPE-1", "$.minQuantity"),
    (offer(interfaces="ssh"), "JSON-TYPE-1", "$.interfaces"),
    (offer(interfaces=["ssh", "ssh"]), "JSON-TYPE-1", "$.interfaces"),
    (offer(interfaces=[f"i{n}" for n in range(17)]), "JSON-TYPE-1", "$.interfaces"),
    (offer(interfaces=["SSH"]), "NAME-TOKEN-1", "$.interfaces[0]"),
    (offer(terms=[]), "JSON-TYPE-1", "$.terms"),
    (offer(terms={**TERMS, "billingAnchorDay": 32}), "JSON-TYPE-1", "$.terms.billingAnchorDay"),
    (offer(terms={**TERMS, "billingAnchorDay": "1"}), "JSON-TYPE-1", "$.terms.billingAnchorDay"),
    (offer(terms={**TERMS, "billingAnchorDay": True}), "JSON-TYPE-1", "$.terms.billingAnchorDay"),
    (offer(terms={**TERMS, "minDuration": "3600"}), "SCALAR-DURATION-1", "$.terms.minDuration"),
    (offer(terms={**TERMS, "minDuration": "1.500s", "maxDuration": "1.50s"}), "SCALAR-DURATION-1",
     "$.terms.maxDuration"),
    (offer(terms={**TERMS, "agreementSha256": "A" * 64}), "SCALAR-DIGEST-1", "$.terms.agreementSha256"),
    (offer(terms={**TERMS, "agreementUri": "/relative"}), "SCALAR-URI-1", "$.terms.agreementUri"),
    (offer(price_plan=PIN), "JSON-CASE-1", "$.price_plan"),
    (offer(terms={**TERMS, "min_duration": "1s"}), "JSON-CASE-1", "$.terms.min_duration"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "requirement", "path"), REFUSED, ids=lambda value: str(value)[-40:])
def test_a_broken_offer_is_refused_at_its_place(value: Json, requirement: str, path: str) -> None:
    """Each fault is one violation, with its requirement and path."""
    assert _only(value) == (requirement, path)


ORDERS: list[tuple[Json, str, str]] = [
    (order(itmes=[]), "DOC-UNKNOWN-1", "$.itmes"),
    (order(spend_limit={"currency": "EUR", "amount": "1.00"}), "JSON-CASE-1", "$.spend_limit"),
    (order(items=[]), "ORDER-ITEM-1", "$.items"),
    (order(nonce="short"), "IDEMPOTENCY-ID-1", "$.nonce"),
    (order(audience="192.0.2.1"), "NAME-AUTHORITY-1", "$.audience"),
    (order(spendLimit={"currency": "EUR", "amount": "1"}), "SCALAR-MONEY-1", "$.spendLimit.amount"),
    (order(spendLimit={"currency": "EUR", "amount": "-0.00"}), "SCALAR-MONEY-1", "$.spendLimit.amount"),
    (order(spendLimit={"currency": "JPY", "amount": "2.00"}), "SCALAR-MONEY-1", "$.spendLimit.amount"),
    (order(spendLimit={"currency": "XAU", "amount": "1"}), "SCALAR-CURRENCY-1", "$.spendLimit.currency"),
    (order(spendLimit={"currency": "ZZZ", "amount": "1.00"}), "SCALAR-CURRENCY-1", "$.spendLimit.currency"),
    (order(spendLimit={"currency": "eur", "amount": "1.00"}), "SCALAR-CURRENCY-1", "$.spendLimit.currency"),
    (order(accessKey="AAAA"), "ORDER-ACCESS-1", "$.accessKey"),
    (order(accessKey="A" * 43), "JSON-BYTES-1", "$.accessKey"),
    (order(accessKey="A" * 42 + "B="), "JSON-BYTES-1", "$.accessKey"),
    (order(accessKey="A" * 41 + "-A="), "JSON-BYTES-1", "$.accessKey"),
    (order(accessKey="A" * 44), "ORDER-ACCESS-1", "$.accessKey"),
]


@pytest.mark.parametrize(("value", "requirement", "path"), ORDERS, ids=lambda value: str(value)[-40:])
def test_a_broken_order_is_refused_at_its_place(value: Json, requirement: str, path: str) -> None:
    """In a document where nothing is ignored each fault is one violation, unknown members included."""
    assert _only(value, ORDER) == (requirement, path)


@pytest.mark.parametrize(
    ("end", "requirement"),
    [
        ("2026-03-01T09:00:00Z", "SCALAR-INTERVAL-1"),
        ("2026-03-01T08:59:59.999Z", "SCALAR-INTERVAL-1"),
        ("2026-02-29T09:00:00Z", "SCALAR-TIME-1"),
        ("2026-03-02T09:00:00.000Z", "SCALAR-TIME-1"),
        ("2026-03-02T09:00:00.1Z", "SCALAR-TIME-1"),
        ("2026-03-02T09:00:00+00:00", "SCALAR-TIME-1"),
        ("2026-03-02t09:00:00z", "SCALAR-TIME-1"),
        ("2026-03-02T24:00:00Z", "SCALAR-TIME-1"),
        ("2026-06-30T23:59:60Z", "SCALAR-TIME-1"),
        ("0000-03-02T09:00:00Z", "SCALAR-TIME-1"),
    ],
)
def test_intervals_and_times(end: str, requirement: str) -> None:
    """An interval ends after it starts, at a time that exists in its one spelling."""
    value = order()
    value["items"][0]["interval"]["end"] = end
    assert _only(value, ORDER) == (requirement, "$.items[0].interval.end")


def test_a_millisecond_is_after_its_second() -> None:
    """Times of different length compare as times, not as texts."""
    value = order()
    value["items"][0]["interval"] = {"start": "2026-03-01T09:00:00Z", "end": "2026-03-01T09:00:00.001Z"}
    assert reader.read(body(value), ORDER) == value


def test_all_faults_are_told_at_once() -> None:
    """A document with several faults is refused with all of them, each with its own place."""
    value = offer(minQuantity=1, maxQuantity="x", interfaces=[""], terms={})
    assert [found.path for found in _violations(value)] == [
        "$.minQuantity",
        "$.maxQuantity",
        "$.terms",
        "$.interfaces[0]",
    ]


def test_a_thousand_faults_are_cut() -> None:
    """A hostile document with a thousand faults is refused with fifty of them."""
    items = [{"offer": 1, "a": 1, "b": 1, "c": 1}] * 16
    assert len(_violations(order(items=items), ORDER)) == 50


def test_unknown_members_of_a_descriptive_document_are_ignored_with_a_warning() -> None:
    """An offer may hold members that we do not know, at any depth; the reader says which, and a guess."""
    value = offer(interface=["ssh"], terms={**TERMS, "minDurations": "1s", "zzz": {"a": [1]}})
    result = reader.read_with_warnings(body(value), OFFER)
    assert result.value == value
    assert {warning.path: warning.fix for warning in result.warnings} == {
        "$.interface": 'did you mean "interfaces"?',
        "$.terms.minDurations": 'did you mean "minDuration"?',
        "$.terms.zzz": "remove it, or read it with a newer edition of the contract",
    }
    assert reader.read_with_warnings(body(offer()), OFFER).warnings == ()


def _critical(*names: str, **extensions: str) -> Json:
    until = "2026-03-02T08:00:00Z"
    return offer(header=header("offer", validUntil=until, critical=list(names), extensions=extensions))


def test_what_is_critical_must_be_understood() -> None:
    """A critical extension that nobody handles, or a member newer than we are, refuses the document."""
    for name in ("example.com/escrow", "terms.noticePeriod", "header.id.x", "nope"):
        with pytest.raises(DocumentError) as refused:
            reader.read(body(_critical(name)), OFFER)
        assert refused.value.reason == "CRITICAL"
        assert refused.value.violations[0].requirement == "DOC-CRITICAL-1"
        assert name in refused.value.violations[0].path


def test_no_text_of_a_document_steers_a_terminal() -> None:
    """Control characters of a document stand escaped in the error that quotes them."""
    escape = "\x1b[2J"
    values = [offer(pool=escape), _critical(escape), order(**{escape: 1}), order(interface=escape)]
    for value in values:
        with pytest.raises(DocumentError) as refused:
            reader.read(body(value), ORDER if "holdReceipt" in value else OFFER)
        assert "\x1b" not in str(refused.value)
    with pytest.raises(DocumentError) as unknown:
        document_type(escape)
    assert "\x1b" not in str(unknown.value)


def test_what_is_understood_may_be_critical() -> None:
    """A critical extension that the caller handles, and a member that we have, are fine."""
    value = _critical("example.com/escrow", "terms.minDuration", **{"example.com/escrow": '{"fee":"1"}'})
    assert reader.read(body(value), OFFER, understood=frozenset({"example.com/escrow"})) == value


@pytest.mark.parametrize("text", ["", "{", "1.5", "null", '{"a":1,"a":2}', "[" * 65 + "]" * 65])
def test_extensions_are_strict_json_too(text: str) -> None:
    """The value of an extension is JSON text in strict form (DOC-EXTENSION-1)."""
    assert _only(_critical(**{"example.com/x": text})) == (
        "DOC-EXTENSION-1",
        '$.header.extensions["example.com/x"]',
    )


@pytest.mark.parametrize("name", ["escrow", "Example.com/x", "example.com/", "example.com/X"])
def test_extensions_are_named_under_an_authority(name: str) -> None:
    """An extension has a name under the authority that defines it."""
    (violation,) = _violations(_critical(**{name: "{}"}))
    assert violation.requirement == "DOC-EXTENSION-1"


def test_enums_are_known_names() -> None:
    """An enum is the name of a value: not a number, not UNSPECIFIED, not another case, not a newer value."""
    confirmation: Json = {
        "header": header("confirmation"),
        "order": {**PIN, "id": "crex://buyer.example.com/order/1"},
        "outcome": "CONFIRMATION_OUTCOME_ACCEPTED",
    }
    assert reader.read(body(confirmation), document_type("order-confirmation")) == confirmation
    for outcome in (
        1,
        "1",
        "ACCEPTED",
        "CONFIRMATION_OUTCOME_UNSPECIFIED",
        "confirmation_outcome_accepted",
        "NEW",
    ):
        found = _violations({**confirmation, "outcome": outcome}, document_type("order-confirmation"))
        assert [(it.requirement, it.path) for it in found] == [("JSON-ENUM-1", "$.outcome")]


def test_an_enum_nearly_right_is_guessed() -> None:
    """A misspelt value name is answered with the nearest one."""
    (found,) = _violations({"constraint": {"path": "a", "op": "CONSTRAINT_OPERATOR_EQU"}}, v1.Requirement)
    assert found.fix == 'did you mean "CONSTRAINT_OPERATOR_EQ"?'


def test_alternatives_exclude_each_other() -> None:
    """Of a group of alternatives exactly one is there where one must be (DOC-CHOICE-1)."""
    for value in ({}, {"text": "a", "integer": "1"}):
        assert _only(
            {"constraint": {"path": "a", "op": "CONSTRAINT_OPERATOR_EQ", "values": [value]}}, v1.Requirement
        ) == (
            "DOC-CHOICE-1",
            "$.constraint.values[0]",
        )


@pytest.mark.parametrize("text", [b"[]", b'"x"', b"1", b"true", b"{}"])
def test_a_document_is_an_object_with_members(text: bytes) -> None:
    """A JSON value that is no document is refused like any other fault."""
    with pytest.raises(DocumentError) as refused:
        reader.read(text, OFFER)
    assert refused.value.reason == "SCHEMA"
    assert all(found.path == "$" for found in refused.value.violations)


def test_an_error_reads_as_a_report() -> None:
    """The text of an error names file, place, requirement and what to do, one violation a line."""
    with pytest.raises(DocumentError) as refused:
        reader.read(body(offer(minQuantity=5)), OFFER)
    refused.value.source = "offer.json"
    first, second = str(refused.value).splitlines()
    assert first == "offer.json: this is not a valid Offer (SCHEMA)"
    assert second.startswith("  $.minQuantity: found the number 5, expected an integer as text, at least 1")
    assert second.endswith('. Write it as text: "5" [JSON-INT64-1]')
