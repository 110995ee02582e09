"""Documents of trust that tests publish: next trust documents, status lists, attestations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crex import v1
from crex.documents.convert import to_timestamp
from crex.documents.times import format_time
from crex.errors import CrexError
from crex.trust.identity import Identity
from crex.trust.status_book import StatusListBuilder
from crex.trust.trust_draft import TrustDraft, sign_draft
from crex.trust.trust_record import TrustRecord
from reference_broker.tests.exchange import BROKER, CONSUMER, OTHER, PROVIDER, Exchange, identity, signer
from reference_broker.tests.trade import Trade

ATTESTER = "attester.example"


async def opened_trade(path: Path) -> Trade:
    """A market with timers, an attester pinned, and goods on sale."""
    opened = Trade.open(path)
    assert isinstance(opened, Trade)
    await opened.enrol(PROVIDER, CONSUMER, OTHER)
    request = v1.EnrolRequest(
        request_id=opened.request_id(),
        trust_document=identity(ATTESTER, "attester").trust_document,
        roles=["attester"],
    )
    await opened.call("AdminService/Enrol", request, BROKER)
    await opened.goods()
    return opened


async def refused(work: Any, reason: str) -> CrexError:
    """Expects a refusal."""
    with pytest.raises(CrexError) as caught:
        await work
    assert caught.value.reason == reason, caught.value
    return caught.value


def signing_keyid(identity: Identity) -> str:
    """Name of the key by which an identity signs."""
    return next(iter(identity.signing.values())).keyid


class Vouched:
    """The trust documents of one party, one after the other."""

    def __init__(self, exchange: Exchange, authority: str, identity: Identity | None = None) -> None:
        self.exchange = exchange
        self.identity = identity or signer(authority)
        self.record: TrustRecord = self.identity.trust

    def next(self, change: Callable[[TrustDraft], Any] = lambda _: None, *, days: float = 30) -> v1.Envelope:
        """The next revision, changed as asked."""
        now = self.exchange.clock.now()
        draft = TrustDraft.after(self.record, now=now, valid_until=now + timedelta(days=days))
        change(draft)
        root = self.identity.root
        assert root is not None
        return sign_draft(draft.body(), [root])

    async def publish(self, change: Callable[[TrustDraft], Any] = lambda _: None, **more: Any) -> v1.Envelope:
        """Publishes the next revision."""
        envelope = self.next(change, **more)
        await send(self.exchange, envelope, self.identity.authority)
        record = self.exchange.context.trust.current(self.identity.authority)
        assert record is not None
        self.record = record
        return envelope

    async def revoke_signing_key(self, at: datetime) -> None:
        """Revokes the key by which the party signs, as of a time."""
        await self.publish(lambda draft: draft.revoke_key(signing_keyid(self.identity), at))


async def send(exchange: Exchange, envelope: v1.Envelope, by: str, **more: Any) -> v1.PublishDocumentResponse:
    """Publishes an envelope."""
    request = v1.PublishDocumentRequest(
        request_id=more.get("request_id") or exchange.request_id(), envelope=envelope
    )
    response: v1.PublishDocumentResponse = await exchange.call("MarketService/PublishDocument", request, by)
    return response


def status_list(
    exchange: Exchange, book: StatusListBuilder, *, valid_for: timedelta = timedelta(days=7)
) -> v1.Envelope:
    """The next revision of a book, signed by its issuer."""
    return signer(book.issuer).sign_document(book.build(now=exchange.clock.now(), valid_for=valid_for))


def attestation(
    exchange: Exchange,
    issuer: str,
    subjects: Iterable[str],
    *,
    predicate: v1.CompliancePredicate | v1.AccreditationPredicate | None = None,
    name: str = "a",
    revision: int = 1,
    status: v1.StatusReference | None = None,
    until: datetime | None = None,
) -> v1.Attestation:
    """An attestation about some names; of what no registry knows where it states nothing else."""
    header = exchange.header(issuer, "attestation", name, revision)
    if status is not None:
        header.status.CopyFrom(status)
    if until is not None:
        header.valid_until.CopyFrom(to_timestamp(until))
    made = v1.Attestation(header=header, subjects=[v1.Subject(id=subject) for subject in subjects])
    match predicate:
        case v1.CompliancePredicate():
            made.predicate_type = "compliance"
            made.compliance.CopyFrom(predicate)
        case v1.AccreditationPredicate():
            made.predicate_type = "accreditation"
            made.accreditation.CopyFrom(predicate)
        case None:
            made.predicate_type = "example.org/walked-through"
            made.other = f'{{"at":"{format_time(exchange.clock.now())}"}}'
    return made
