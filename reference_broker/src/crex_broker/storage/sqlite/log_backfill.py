"""Older databases: what was accepted before there was a log is appended when the store first opens with one.

Documents come first, in the order in which they were kept, then the steps of orders that none of them states;
all in one transaction, at its time. Nobody was promised a receipt for them, so nothing is said of an earlier
time; their receipts, which may be asked for, state when they were appended.
"""

from __future__ import annotations

from typing import Any, Final

from crex import v1
from crex.documents import strict
from crex_broker.application.ports.documents import NewDocument
from crex_broker.domain.concerns import concerns_of, countries_of
from crex_broker.storage.sqlite import log_table
from crex_broker.storage.sqlite.writer import Tx

_DOCUMENTS: Final = """
SELECT type, id, revision, sha256, issuer, envelope, provider, consumer FROM documents ORDER BY seq
"""
_STEPS: Final = """
SELECT name, event, from_state, to_state, actor, provider, consumer FROM transitions
WHERE object = 'order' AND event NOT IN ('hold', 'commit', 'accept', 'reject', 'late-reject') ORDER BY seq
"""
_STATED: Final = """
SELECT name, hold_receipt_sha256, order_document_sha256, order_confirmation_sha256 FROM orders
"""


def bring_in(tx: Tx) -> int:
    """Appends what an older edition accepted; gives how many entries. Does nothing where there is a log."""
    if tx.connection.execute("SELECT 1 FROM log_entries LIMIT 1").fetchone() is not None:
        return 0
    orders = {sha256: name for name, *stated in tx.connection.execute(_STATED) for sha256 in stated if sha256}
    for row in tx.connection.execute(_DOCUMENTS).fetchall():
        document = _document(row)
        countries = log_table.countries_of(tx, document)
        tx.connection.execute(
            "UPDATE documents SET countries = ? WHERE sha256 = ?", (countries, document.sha256)
        )
        log_table.append_document(tx, document, countries, order=orders.get(document.sha256, ""))
    for name, event, before, after, actor, provider, consumer in tx.connection.execute(_STEPS).fetchall():
        log_table.append_step(
            tx, name, event, before=before, after=after, actor=actor, provider=provider, consumer=consumer
        )
    return tx.log_to - tx.log_from


def _document(row: tuple[Any, ...]) -> NewDocument:
    type_, id_, revision, sha256, issuer, envelope, provider, consumer = row
    body = strict.loads(v1.Envelope.FromString(envelope).payload)
    return NewDocument(
        type_,
        id_,
        revision,
        sha256,
        issuer,
        envelope,
        provider,
        consumer,
        concerns_of(body),
        countries_of(body, type_),
    )
