"""`OfferStore` over SQLite: publishing, and the offers that stand."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from crex_broker.application.ports.offers import (
    OfferPage,
    OfferSnapshot,
    OfferToJudge,
    Publication,
    Published,
    StandingOffer,
    Verdict,
)
from crex_broker.application.ports.requests import Mutation, Remembered
from crex_broker.domain.states import Actor
from crex_broker.storage.sqlite import judgements, offer_rows, publishing, standing
from crex_broker.storage.sqlite.reader import Reader
from crex_broker.storage.sqlite.requests import once
from crex_broker.storage.sqlite.writer import Tx, Writer

_LAPSED: Final = f"""
SELECT last_event, {offer_rows.COLUMNS} FROM offers
WHERE state IN ('PUBLISHED', 'PAUSED') AND expire_ms <= ? ORDER BY expire_ms LIMIT ?
"""  # noqa: S608 - constants


class SqliteOffers:
    """Documents that are published and the state of offers, in one SQLite file."""

    def __init__(self, writer: Writer, reader: Reader, authority: str) -> None:
        self._writer = writer
        self._reader = reader
        self._authority = authority

    async def publish(self, mutation: Mutation, publication: Publication) -> Remembered[Published]:
        """Keeps a document; registers a pool; steps the offer's state machine."""
        return await self._writer.run(
            lambda tx: once(tx, mutation, Published, lambda: publishing.publish(tx, publication))
        )

    async def change_state(
        self, mutation: Mutation, offer: str, event: str, etag: str
    ) -> Remembered[OfferSnapshot]:
        """Pauses, resumes or withdraws an offer of the caller."""

        def work(tx: Tx) -> OfferSnapshot:
            row = offer_rows.of_provider(tx.connection, mutation.party, offer, etag)
            row = offer_rows.expired_row(tx, row)
            return offer_rows.advance(tx, row, event, Actor.PROVIDER, mutation.party)

        return await self._writer.run(lambda tx: once(tx, mutation, OfferSnapshot, lambda: work(tx)))

    async def offer(self, id_: str) -> OfferSnapshot | None:
        """Gives the state of an offer."""

        def read(connection: sqlite3.Connection) -> OfferSnapshot | None:
            row = offer_rows.find(connection, id_)
            return None if row is None else row.offer

        return await self._reader.run(read)

    async def offers(self, *, provider: str, after_id: str, limit: int) -> OfferPage:
        """Gives a part of the published offers by ascending name."""
        sql = f"SELECT {offer_rows.COLUMNS} FROM offers WHERE state = 'PUBLISHED' AND id > :after"  # noqa: S608
        if provider:
            sql += " AND provider = :provider"
        found = {"provider": provider, "after": after_id, "limit": limit + 1}

        def read(connection: sqlite3.Connection) -> OfferPage:
            rows = connection.execute(f"{sql} ORDER BY id LIMIT :limit", found).fetchall()
            offers = tuple([OfferSnapshot(*row) for row in rows[:limit]])
            pools = {offer.pool for offer in offers if offer.pool is not None}
            next_id = offers[-1].id if len(rows) > limit else None
            return OfferPage(offers, next_id, standing.granted(connection, pools))

        return await self._reader.run(read)

    async def standing(self, id_: str | None) -> Sequence[StandingOffer]:
        """Gives the published offer of a name, or every published offer, with its documents."""
        return await self._reader.run(lambda connection: standing.of(connection, id_))

    async def standing_on(self, id_: str) -> Sequence[str]:
        """Gives the names of published offers that a document or a pool stands behind."""
        return await self._reader.run(lambda connection: standing.on(connection, id_))

    async def to_judge(self, now_ms: int, limit: int) -> Sequence[OfferToJudge]:
        """Gives up to `limit` offers that must be judged again by now."""
        return await self._reader.run(lambda connection: judgements.to_judge(connection, now_ms, limit))

    async def judged(self, verdicts: Sequence[Verdict]) -> Sequence[OfferSnapshot]:
        """Writes verdicts; gives the offers that are void by them."""
        return await self._writer.run(lambda tx: judgements.judged(tx, verdicts, self._authority))

    async def void(self, provider: str, *, after_id: str, now_ms: int, limit: int) -> Sequence[OfferSnapshot]:
        """Gives a part of a provider's offers that are void and have not ended, with the reason."""
        asked = {"provider": provider, "after": after_id, "now": now_ms, "limit": limit}
        return await self._reader.run(lambda connection: judgements.void_of(connection, asked))

    async def expire_offers(self, limit: int) -> Sequence[OfferSnapshot]:
        """Ends up to `limit` offers whose time is over."""

        def work(tx: Tx) -> list[OfferSnapshot]:
            rows = tx.connection.execute(_LAPSED, (tx.now_ms, limit)).fetchall()
            return [
                offer_rows.advance(
                    tx,
                    offer_rows.OfferRow(OfferSnapshot(*row[1:]), row[0]),
                    "expire",
                    Actor.BROKER,
                    self._authority,
                    reason="valid_until passed",
                )
                for row in rows
            ]

        return await self._writer.run(work)
