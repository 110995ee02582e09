"""Publishing a document: its references, its place among its revisions, the pool or the offer that it is."""

from __future__ import annotations

from typing import Any

from crex.errors import CrexError
from crex_broker.application.ports.documents import NewDocument
from crex_broker.application.ports.offers import (
    DocumentPin,
    OfferFacts,
    OfferSnapshot,
    PoolFacts,
    Publication,
    Published,
    SeriesFacts,
)
from crex_broker.storage.sqlite import claims, documents, judgements, offer_rows
from crex_broker.storage.sqlite.writer import Tx


def publish(tx: Tx, publication: Publication) -> Published:
    """Keeps a document and what follows from it; see `OfferStore.publish`."""
    document = publication.document
    if documents.exists(tx.connection, document.sha256):
        return Published(document.sha256, _standing(tx, document.id))
    standing = tx.connection.execute(
        "SELECT max(revision) FROM documents WHERE id = ?", (document.id,)
    ).fetchone()[0]
    for pin in publication.cites:
        _check_pin(tx, pin, document.issuer)
    new = documents.keep(tx, document)
    tx.connection.executemany(
        "INSERT INTO cites (document, field, type, id, sha256) VALUES (?, ?, ?, ?, ?)",
        [(document.sha256, pin.field, pin.type, pin.id, pin.sha256) for pin in publication.cites],
    )
    if standing is not None and new and document.revision <= standing:
        raise CrexError(
            "REVISION_CONFLICT",
            f"Revision {standing} of {document.id} stands, and this is revision {document.revision}. "
            f"Publish it as revision {standing + 1}.",
            details={"id": document.id, "revision": str(standing)},
        )
    if publication.series is not None:
        _register_series(tx, document, publication.series, standing or 0)
    if publication.pool is not None:
        _register_pool(tx, publication, publication.pool)
    offer = None
    if publication.offer is not None:
        _check_judged(tx, document, publication.offer)
        _check_pool(tx, document.issuer, publication.offer, publication)
        offer = offer_rows.publish(tx, publication, publication.offer)
        judgements.judge_from(tx, offer.id, publication.offer.judge_ms)
    return Published(document.sha256, offer)


def _standing(tx: Tx, id_: str) -> OfferSnapshot | None:
    row = offer_rows.find(tx.connection, id_)
    return None if row is None else row.offer


def _check_judged(tx: Tx, document: NewDocument, facts: OfferFacts) -> None:
    """Requires that an offer was judged by the trust document that is pinned now (OFFER-VOID-1)."""
    row = tx.connection.execute(
        "SELECT trust_revision FROM parties WHERE authority = ?", (document.issuer,)
    ).fetchone()
    if facts.judged_by and row is not None and row[0] > facts.judged_by:
        raise CrexError(
            "ETAG_MISMATCH",
            f"Revision {row[0]} of the trust document of {document.issuer} came while {document.id} was "
            f"judged by revision {facts.judged_by}. Send it again.",
            details={"id": document.id, "revision": str(row[0])},
        )


def _check_pin(tx: Tx, pin: DocumentPin, issuer: str) -> None:
    """Requires that a cited document is here, is the one that is meant, and is the same provider's."""
    sql = "SELECT sha256, issuer FROM documents WHERE id = ? AND type = ?"
    found: tuple[Any, ...] = (pin.id, pin.type)
    if pin.revision:
        sql, found = f"{sql} AND revision = ?", (*found, pin.revision)
    row = tx.connection.execute(f"{sql} LIMIT 1", found).fetchone()
    if row is None:
        version = f", revision {pin.revision}," if pin.revision else ""
        raise CrexError(
            "REFERENCE_MISSING",
            f"`{pin.field}` cites the {pin.type} {pin.id}{version} which is not here. Publish it first.",
            details={"field": pin.field, "id": pin.id},
        )
    sha256, owner = row
    if pin.sha256 and sha256 != pin.sha256:
        raise CrexError(
            "SUBJECT",
            f"`{pin.field}` pins {pin.id}, revision {pin.revision}, by a digest that is not that of the "
            f"document published here ({sha256}). Pin the bytes that were published.",
            details={"field": pin.field, "id": pin.id, "sha256": sha256},
        )
    if owner != issuer:
        raise CrexError(
            "NOT_A_PARTY",
            f"`{pin.field}` cites {pin.id}, which {owner} published; a provider sells its own. Publish a "
            "document of your own.",
            details={"field": pin.field, "id": pin.id, "issuer": owner},
        )


def _register_series(tx: Tx, document: NewDocument, facts: SeriesFacts, standing: int) -> None:
    """Notes for which time a revision of a price series states values (BILLING-SERIES-2)."""
    if facts.standing != standing:
        raise CrexError(
            "ETAG_MISMATCH",
            f"Revision {standing} of {document.id} came while revision {document.revision} was compared with "
            f"revision {facts.standing}. Send it again.",
            details={"id": document.id, "revision": str(standing)},
        )
    tx.connection.execute(
        "INSERT INTO price_series (sha256, id, start_ms, end_ms) VALUES (?, ?, ?, ?)",
        (document.sha256, document.id, facts.start_ms, facts.end_ms),
    )


def _register_pool(tx: Tx, publication: Publication, facts: PoolFacts) -> None:
    """Makes or revises the pool that a document describes (CAP-POOL-1, CAP-DRAW-1)."""
    document = publication.document
    _check_draws(tx, document, facts)
    row = tx.connection.execute("SELECT claimed FROM pools WHERE name = ?", (document.id,)).fetchone()
    if row is None:
        tx.connection.execute(
            "INSERT INTO pools (name, provider, revision, sha256, unit, gen) VALUES (?, ?, ?, ?, ?, 1)",
            (document.id, document.issuer, document.revision, document.sha256, facts.unit),
        )
    else:
        claims.lock(tx, [document.id])
        standing = claims.draws_of(tx, [document.id])[document.id]
        if row[0] and standing != dict(facts.draws):
            raise CrexError(
                "TERMS",
                f"The pool {document.id} cannot change what it draws on while {row[0]} of its units are "
                "claimed: the claims on the base pools would no longer be right. Publish it as a new pool, "
                "or wait until it is idle.",
                details={"pool": document.id, "claimed": str(row[0])},
            )
        tx.connection.execute(
            "UPDATE pools SET revision = ?, sha256 = ?, unit = ? WHERE name = ?",
            (document.revision, document.sha256, facts.unit, document.id),
        )
        tx.connection.execute("DELETE FROM pool_draws WHERE pool = ?", (document.id,))
    tx.connection.executemany(
        "INSERT INTO pool_draws (pool, base_pool, units_per_unit) VALUES (?, ?, ?)",
        [(document.id, base_pool, units) for base_pool, units in facts.draws],
    )


def _check_draws(tx: Tx, document: NewDocument, facts: PoolFacts) -> None:
    """Requires the provider's own base pools, which exist and draw on nothing themselves (CAP-DRAW-2)."""
    pool = document.id
    drawn_on = tx.connection.execute("SELECT 1 FROM pool_draws WHERE base_pool = ?", (pool,)).fetchone()
    for base_pool, _ in facts.draws:
        row = tx.connection.execute("SELECT provider FROM pools WHERE name = ?", (base_pool,)).fetchone()
        if row is None:
            raise CrexError(
                "REFERENCE_MISSING",
                f"The base pool {base_pool} is not here as a pool. Publish its document first.",
                details={"field": "pool.draws", "id": base_pool},
            )
        if row[0] != document.issuer:
            raise CrexError(
                "NOT_A_PARTY",
                f"The base pool {base_pool} is {row[0]}'s; a provider's pools take units of its own pools "
                "only. Draw on a pool of your own.",
                details={"field": "pool.draws", "id": base_pool, "issuer": row[0]},
            )
        deeper = tx.connection.execute("SELECT 1 FROM pool_draws WHERE pool = ?", (base_pool,)).fetchone()
        if deeper is not None or drawn_on is not None or base_pool == pool:
            raise CrexError(
                "TERMS",
                f"The pool {pool} would draw on {base_pool} through more than one level; a base pool draws "
                "on nothing. State every base pool that one unit takes from, directly.",
                details={"field": "pool.draws", "id": base_pool},
            )


def _check_pool(tx: Tx, issuer: str, facts: OfferFacts, publication: Publication) -> None:
    """Requires that an offer's pool is the provider's and holds what the offer sells (OFFER-POOL-1)."""
    if facts.pool is None:
        return
    row = tx.connection.execute("SELECT provider, unit FROM pools WHERE name = ?", (facts.pool,)).fetchone()
    if row is None:
        raise CrexError(
            "REFERENCE_MISSING",
            f"`pool` names {facts.pool}, which is not here as a pool. Publish its document first.",
            details={"field": "pool", "id": facts.pool},
        )
    provider, unit = row
    if provider != issuer:
        raise CrexError(
            "NOT_A_PARTY",
            f"The pool {facts.pool} is {provider}'s; a provider sells from its own pools.",
            details={"field": "pool", "id": facts.pool, "issuer": provider},
        )
    if facts.unit not in (unit, facts.pool):
        raise CrexError(
            "TERMS",
            f"The offer {publication.document.id} sells {facts.unit}, but one unit of the pool {facts.pool} "
            f"is {unit}. Pin that resource, or name the pool that holds what is sold.",
            details={"field": "resource", "id": facts.unit, "unit": unit},
        )
