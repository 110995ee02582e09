"""Offers that are to be judged again, and what became of it (OFFER-VOID-1)."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from crex_broker.application.ports.offers import OfferSnapshot, OfferToJudge, Verdict
from crex_broker.application.ports.usage import KeptDocument
from crex_broker.domain.states import Actor
from crex_broker.storage.sqlite import documents, offer_rows, standing
from crex_broker.storage.sqlite.writer import Tx

_STANDING: Final = "state IN ('PUBLISHED', 'PAUSED')"
_MARK: Final = f"""
UPDATE offers SET judge_ms = ?, judge_mark = judge_mark + 1 WHERE provider = ? AND {_STANDING}
"""  # noqa: S608 - constants
_NEXT: Final = """
UPDATE offers SET judge_ms = ?1, judge_mark = judge_mark + 1
WHERE id = ?2 AND (judge_ms IS NOT NULL OR ?1 IS NOT NULL)
"""
_DUE: Final = f"""
SELECT judge_mark, {offer_rows.COLUMNS} FROM offers
WHERE judge_ms <= ? AND judge_ms IS NOT NULL AND {_STANDING} ORDER BY judge_ms, id LIMIT ?
"""  # noqa: S608 - constants
_JUDGED: Final = "UPDATE offers SET judge_ms = ? WHERE id = ? AND judge_mark = ?"
_VOID: Final = f"""
SELECT last_reason, {offer_rows.COLUMNS} FROM offers
WHERE provider = :provider AND id > :after AND state = 'EXPIRED' AND last_event = 'void' AND expire_ms > :now
ORDER BY id LIMIT :limit
"""  # noqa: S608 - constants


def mark(tx: Tx, providers: Collection[str]) -> None:
    """Asks for a judgement of every offer of some providers, at once."""
    tx.connection.executemany(_MARK, [(0, provider) for provider in sorted(providers)])


def judge_from(tx: Tx, offer: str, at_ms: int | None) -> None:
    """States from when on an offer that was just published must be judged again."""
    tx.connection.execute(_NEXT, (at_ms, offer))


def to_judge(connection: sqlite3.Connection, now_ms: int, limit: int) -> list[OfferToJudge]:
    """Gives offers that must be judged, each with the documents that it stands on."""
    found: list[OfferToJudge] = []
    known: dict[str, KeptDocument] = {}
    due = [
        (judge_mark, OfferSnapshot(*row))
        for judge_mark, *row in connection.execute(_DUE, (now_ms, limit)).fetchall()
    ]
    foundations = standing.foundations(connection, (record.sha256 for _, record in due))
    for (judge_mark, record), digests in zip(due, foundations, strict=True):
        for sha256 in digests:
            if sha256 not in known:
                known[sha256] = documents.kept(connection, sha256)
        found.append(OfferToJudge(record, judge_mark, tuple(known[sha256] for sha256 in digests)))
    return found


def judged(tx: Tx, verdicts: Sequence[Verdict], authority: str) -> list[OfferSnapshot]:
    """Writes what was judged; gives the offers that are void.

    A verdict on a state of things that is no longer the present one changes nothing: the offer is still
    marked.
    """
    void = []
    for verdict in verdicts:
        current = tx.connection.execute(_JUDGED, (verdict.next_ms, verdict.offer, verdict.mark)).rowcount
        row = offer_rows.find(tx.connection, verdict.offer) if current and verdict.reason else None
        if row is not None and row.offer.state in ("PUBLISHED", "PAUSED"):
            after = offer_rows.advance(tx, row, "void", Actor.BROKER, authority, reason=verdict.reason)
            void.append(replace(after, void_reason=verdict.reason))
    return void


def void_of(connection: sqlite3.Connection, asked: Mapping[str, object]) -> list[OfferSnapshot]:
    """Gives a provider's offers that are void, and why, until their time is over (OFFER-VOID-2)."""
    rows = connection.execute(_VOID, asked)
    return [replace(OfferSnapshot(*row), void_reason=reason) for reason, *row in rows]
