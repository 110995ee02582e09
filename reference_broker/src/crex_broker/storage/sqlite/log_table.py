"""Appending to the log, in the transaction of what is recorded (RECEIPT-LOG-1).

The place in the log is the row number, so entries are without gaps as long as none is deleted, which nothing
here does. What a document or step concerns is found by a few look-ups by key.
"""

from __future__ import annotations

import secrets
from base64 import b32encode
from collections.abc import Iterable
from hashlib import sha256
from typing import Final

import orjson

from crex import v1
from crex.documents.times import format_time, from_ms
from crex.trust.envelope import pae
from crex.trust.log_proof import SALT_BYTES, leaf_data
from crex_broker.application.ports.documents import NewDocument
from crex_broker.storage.sqlite.writer import Tx

STEP_TYPE: Final = "order-step"
READ_TYPE: Final = "supervisor-read"

_APPEND: Final = """
INSERT INTO log_entries (idx, leaf, salt, kind, type, record, document, step, object, issuer, provider,
    consumer, countries, create_ms)
VALUES ((SELECT coalesce(max(idx) + 1, 0) FROM log_entries), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_COUNTRY: Final = "INSERT INTO log_countries (country, idx) VALUES (?, ?)"
_OF_DIGEST: Final = "SELECT countries FROM documents WHERE sha256 = ?"
_OF_NAME: Final = "SELECT countries FROM documents WHERE id = ? ORDER BY revision DESC LIMIT 1"
_OF_LEASE: Final = """
SELECT d.countries FROM leases l JOIN documents d ON d.sha256 = l.offer_sha256 WHERE l.name = ?
"""
_OF_ORDER: Final = """
SELECT d.countries FROM orders o JOIN documents d ON d.sha256 = o.hold_receipt_sha256 WHERE o.name = ?
"""


def countries_of(tx: Tx, document: NewDocument) -> str:
    """Gives the countries of a document: its own, and those of what it concerns."""
    found = set(document.countries)
    for reference in document.concerns:
        found.update(_countries(tx, reference).split())
    return " ".join(sorted(found))


def _countries(tx: Tx, reference: str) -> str:
    if "/" not in reference:
        statement = _OF_DIGEST
    elif "/lease/" in reference:
        statement = _OF_LEASE
    else:
        statement = _OF_NAME
    row = tx.connection.execute(statement, (reference,)).fetchone()
    return "" if row is None else str(row[0])


def append_document(tx: Tx, document: NewDocument, countries: str, *, order: str = "") -> int:
    """Appends a document; gives its place. A private one, of a provider or a consumer, is salted.

    Args:
        tx: The transaction.
        document: The document.
        countries: Countries that it concerns.
        order: The order of which it states a step, if it does.
    """
    envelope = v1.Envelope.FromString(document.envelope)
    record = pae(envelope.payload_type, envelope.payload)
    private = document.provider is not None or document.consumer is not None
    return _append(
        tx,
        record,
        kind="document",
        type_=document.type,
        private=private,
        document=document.sha256,
        step=None,
        object_=order,
        issuer=document.issuer,
        provider=document.provider,
        consumer=document.consumer,
        countries=countries,
    )


def append_step(
    tx: Tx, order: str, event: str, *, before: str, after: str, actor: str, provider: str, consumer: str
) -> int:
    """Appends a step of an order that no document states, as OrderStep in strict JSON (RECEIPT-STEP-1)."""
    step: dict[str, str] = {"order": order, "event": event}
    if before:
        step["from"] = before
    step |= {"to": after, "actor": actor, "time": format_time(from_ms(tx.now_ms))}
    row = tx.connection.execute(_OF_ORDER, (order,)).fetchone()
    record = orjson.dumps(step)
    return _append(
        tx,
        record,
        kind="step",
        type_=STEP_TYPE,
        private=True,
        document=None,
        step=record,
        object_=order,
        issuer=actor,
        provider=provider,
        consumer=consumer or None,
        countries="" if row is None else row[0],
    )


def append_read(tx: Tx, auditor: str, broker: str, asked: bytes) -> int:
    """Appends that a supervisor read (SUPERVISE-LOGGED-1).

    The entry commits to what the audit table says of it: its name is SHA-256 of that, in base32, for a name
    has no room for hexadecimal.
    """
    digest = b32encode(sha256(asked).digest()).decode("ascii").rstrip("=").lower()
    record = orjson.dumps(
        {
            "order": f"crex://{broker}/{READ_TYPE}/{digest}",
            "event": "list-records",
            "to": "ANSWERED",
            "actor": auditor,
            "time": format_time(from_ms(tx.now_ms)),
        }
    )
    return _append(
        tx,
        record,
        kind="read",
        type_=READ_TYPE,
        private=True,
        document=None,
        step=record,
        object_="",
        issuer=auditor,
        provider=None,
        consumer=None,
        countries="",
    )


def _append(
    tx: Tx,
    record: bytes,
    *,
    kind: str,
    type_: str,
    private: bool,
    document: str | None,
    step: bytes | None,
    object_: str,
    issuer: str,
    provider: str | None,
    consumer: str | None,
    countries: str,
) -> int:
    salt = secrets.token_bytes(SALT_BYTES) if private else None
    index = tx.connection.execute(
        _APPEND,
        (
            leaf_data(record, salt),
            salt,
            kind,
            type_,
            sha256(record).digest(),
            document,
            step,
            object_,
            issuer,
            provider,
            consumer,
            countries,
            tx.now_ms,
        ),
    ).lastrowid
    assert index is not None  # noqa: S101 - an insert has a row
    _note_countries(tx, index, countries.split())
    tx.note_logged(index)
    return index


def _note_countries(tx: Tx, index: int, countries: Iterable[str]) -> None:
    for country in countries:
        tx.connection.execute(_COUNTRY, (country, index))
