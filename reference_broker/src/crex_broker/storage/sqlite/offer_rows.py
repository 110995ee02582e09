"""Offers as rows: reading one, and taking one step of its state machine."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any, Final

from crex.errors import CrexError
from crex_broker.application.ports.offers import OfferFacts, OfferSnapshot, Publication
from crex_broker.domain.etags import etag_of
from crex_broker.domain.states import NEW, Actor, step
from crex_broker.storage.sqlite import transitions
from crex_broker.storage.sqlite.writer import Tx

COLUMNS: Final = "id, provider, state, version, revision, sha256, pool, create_ms, update_ms, expire_ms"
_INSERT: Final = f"""
INSERT INTO offers ({COLUMNS}, last_event, last_actor, last_reason, last_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""  # noqa: S608 - constants
_UPDATE: Final = """
UPDATE offers SET state = ?, version = ?, revision = ?, sha256 = ?, pool = ?, update_ms = ?, expire_ms = ?,
    last_event = ?, last_actor = ?, last_reason = ?, last_ms = ? WHERE id = ?
"""


@dataclass(frozen=True, slots=True)
class OfferRow:
    """An offer with the event that led to its state."""

    offer: OfferSnapshot
    last_event: str


def find(connection: sqlite3.Connection, id_: str) -> OfferRow | None:
    """Gives an offer by name."""
    row: tuple[Any, ...] | None = connection.execute(
        f"SELECT last_event, {COLUMNS} FROM offers WHERE id = ?",  # noqa: S608 - constants
        (id_,),
    ).fetchone()
    return None if row is None else OfferRow(OfferSnapshot(*row[1:]), row[0])


def publish(tx: Tx, publication: Publication, facts: OfferFacts) -> OfferSnapshot:
    """Lets a new offer or a new revision of one stand (STATE-OFFER-1, events publish and revise)."""
    document = publication.document
    found = find(tx.connection, document.id)
    if found is None:
        return _new(tx, publication, facts)
    row = expired_row(tx, found)
    return advance(
        tx,
        row,
        "revise",
        Actor.PROVIDER,
        document.issuer,
        revision=document.revision,
        sha256=document.sha256,
        facts=facts,
    )


def expired_row(tx: Tx, row: OfferRow) -> OfferRow:
    """Gives the offer as its timer would have left it: EXPIRED, if its time is over."""
    if row.offer.state in ("PUBLISHED", "PAUSED") and tx.now_ms >= row.offer.expire_ms:
        return OfferRow(advance(tx, row, "expire", Actor.BROKER, "", reason="valid_until passed"), "expire")
    return row


def advance(
    tx: Tx,
    row: OfferRow,
    event: str,
    actor: Actor,
    by: str,
    *,
    reason: str = "",
    revision: int | None = None,
    sha256: str | None = None,
    facts: OfferFacts | None = None,
) -> OfferSnapshot:
    """Takes one step of an offer's state machine and writes it; a repeated event changes nothing.

    Args:
        tx: The transaction.
        row: The offer as it stands.
        event: The event of the state table.
        actor: In which role `by` causes it.
        by: Authority that causes it; empty for the broker's timer.
        reason: Why, for people.
        revision: Revision that stands afterwards, where the step brings a document.
        sha256: Its digest, likewise.
        facts: What that document says, likewise.

    Raises:
        CrexError: ILLEGAL_TRANSITION.
    """
    offer = row.offer
    taken = step("offer", offer.state, event, actor, last_event=row.last_event, etag=etag_of(offer.version))
    if taken.repeated:
        return offer
    after = OfferSnapshot(
        offer.id,
        offer.provider,
        taken.state,
        offer.version + 1,
        offer.revision if revision is None else revision,
        offer.sha256 if sha256 is None else sha256,
        offer.pool if facts is None else facts.pool,
        offer.create_ms,
        tx.now_ms,
        offer.expire_ms if facts is None else facts.expire_ms,
    )
    tx.connection.execute(
        _UPDATE,
        (
            after.state,
            after.version,
            after.revision,
            after.sha256,
            after.pool,
            after.update_ms,
            after.expire_ms,
            event,
            by,
            reason,
            tx.now_ms,
            after.id,
        ),
    )
    _record(tx, after, event, before=offer.state, by=by, reason=reason)
    return after


def of_provider(connection: sqlite3.Connection, party: str, id_: str, etag: str) -> OfferRow:
    """Gives an offer to its provider, who alone may change it.

    Raises:
        CrexError: NOT_FOUND for everybody else, ETAG_MISMATCH.
    """
    row = find(connection, id_)
    if row is None or row.offer.provider != party:
        raise CrexError(
            "NOT_FOUND",
            f"You have published no offer {id_} here. Check the name, and that you call as its provider.",
            details={"name": id_},
        )
    standing = etag_of(row.offer.version)
    if etag and etag != standing:
        raise CrexError(
            "ETAG_MISMATCH",
            f"{id_} changed since it was read: it is {row.offer.state} now. Read it again and decide from "
            "that.",
            details={"current_state": row.offer.state, "etag": standing},
        )
    return row


def _new(tx: Tx, publication: Publication, facts: OfferFacts) -> OfferSnapshot:
    document = publication.document
    offer = OfferSnapshot(
        id=document.id,
        provider=document.issuer,
        state=step("offer", NEW, "publish", Actor.PROVIDER).state,
        version=1,
        revision=document.revision,
        sha256=document.sha256,
        pool=facts.pool,
        create_ms=tx.now_ms,
        update_ms=tx.now_ms,
        expire_ms=facts.expire_ms,
    )
    tx.connection.execute(
        _INSERT,
        (
            offer.id,
            offer.provider,
            offer.state,
            offer.version,
            offer.revision,
            offer.sha256,
            offer.pool,
            offer.create_ms,
            offer.update_ms,
            offer.expire_ms,
            "publish",
            offer.provider,
            "",
            tx.now_ms,
        ),
    )
    _record(tx, offer, "publish", before="", by=offer.provider)
    return offer


def _record(tx: Tx, offer: OfferSnapshot, event: str, *, before: str, by: str, reason: str = "") -> None:
    transitions.record(
        tx,
        "offer",
        offer.id,
        event,
        before=before,
        after=offer.state,
        actor=by,
        provider=offer.provider,
        reason=reason,
        pool=offer.pool,
    )
