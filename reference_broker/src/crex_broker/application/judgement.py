"""Judges stored offers again when what vouches for them changed: a key, a status list, a trust document.

The time that counts for a key is the one at which this broker accepted the document, which its own records
prove: what was accepted before a key was revoked stands, what was accepted afterwards is nobody's word
(OFFER-VOID-1). What asks for a judgement is written in the transaction that changes the ground, so that a
broker which ends in between judges when it starts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from crex import v1
from crex.documents import strict
from crex.documents.times import from_ms, parse_time, to_ms
from crex.errors import TrustError
from crex.trust.checks import PinnedTrust, StatusSource, check_key_time, check_not_stale, check_status
from crex.trust.directory import TrustDirectory
from crex.trust.trust_record import KeyEntry, TrustRecord
from crex_broker.application.context import Context
from crex_broker.application.ports.offers import OfferToJudge, Verdict
from crex_broker.application.ports.usage import KeptDocument
from crex_broker.application.searchable import follow
from crex_broker.domain.terms import Sale

# Offers that are judged at once, so that no other waits long for the writer.
_AT_ONCE: Final = 200
# What an end of time is worth as a moment to look again: none.
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class Judge:
    """Judges documents that were verified when they were accepted, each once."""

    def __init__(self, trust: PinnedTrust, status: StatusSource, now: datetime) -> None:
        """Begins to judge as of one instant."""
        self._trust = trust
        self._status = status
        self._now = now
        self._known: dict[str, tuple[TrustError | None, datetime]] = {}

    def offer(self, offer: OfferToJudge) -> Verdict:
        """Judges an offer by all that it stands on; the first that fell is the reason."""
        next_ = _NEVER
        for document in offer.documents:
            error, again = self.document(document, offer.record.provider)
            if error is not None:
                return Verdict(offer.record.id, offer.mark, f"{error.reason}: {error.message}", None)
            next_ = min(next_, again)
        next_ms = None if next_ == _NEVER else to_ms(next_)
        if next_ms is not None and next_ms >= offer.record.expire_ms:
            next_ms = None
        return Verdict(offer.record.id, offer.mark, "", next_ms)

    def document(
        self, document: KeptDocument, issuer: str, *, sells: bool = True
    ) -> tuple[TrustError | None, datetime]:
        """Tells why a document does not stand, if so, and when that must be asked again.

        Args:
            document: The document, with the time of its acceptance.
            issuer: Who issued it.
            sells: Whether its issuer must be able to answer for it here.
        """
        found = self._known.get(document.sha256)
        if found is None:
            found = self._known[document.sha256] = self._judged(document, issuer, sells=sells)
        return found

    def _judged(
        self, document: KeptDocument, issuer: str, *, sells: bool
    ) -> tuple[TrustError | None, datetime]:
        envelope = v1.Envelope.FromString(document.envelope)
        header: dict[str, Any] = strict.loads(envelope.payload)["header"]
        accepted = from_ms(document.kept_ms)
        try:
            record = _standing_trust(self._trust, issuer, self._now, sells=sells)
            for signature in envelope.signatures:
                key = _key_of(signature.keyid, record, self._trust)
                check_key_time(key, document.id, parse_time(header["issuedAt"]), accepted)
            again = min(record.valid_until, self._revocation(header))
        except TrustError as error:
            return error, _NEVER
        return None, again

    def _revocation(self, header: dict[str, Any]) -> datetime:
        """Gives when a status list revokes a document, if it does; refuses one that is revoked by now.

        Where no list is young enough to tell, the offer stays, and is not held until there is one
        (`check_holdable`): its issuer took nothing back.
        """
        place = header.get("status")
        if place is None:
            return _NEVER
        try:
            check_status(header, self._status, self._now)
            since = self._status.revoked_since(
                header["issuer"], place["list"], int(place["index"]), now=self._now
            )
        except TrustError as error:
            if error.reason == "STATUS_STALE":
                return _NEVER
            raise
        return _NEVER if since is None else since


def _standing_trust(trust: PinnedTrust, authority: str, now: datetime, *, sells: bool) -> TrustRecord:
    """Gives the pinned trust document of an issuer.

    Raises:
        TrustError: ISSUER: none is pinned; TRUST_STALE: it has ended; CERTIFICATE: it lists no TLS root, so
            that nobody can answer for a provider any more.
    """
    record = trust.current(authority)
    if record is None:
        raise TrustError("ISSUER", f"No trust document of {authority} is pinned here any more.", step=5)
    check_not_stale(record, now)
    if sells and not record.tls_roots:
        raise TrustError(
            "CERTIFICATE",
            f"The trust document of {authority}, revision {record.revision}, lists no TLS root, so that "
            "nobody can answer for it here. Publish one that does.",
        )
    return record


def _key_of(keyid: str, record: TrustRecord, trust: PinnedTrust) -> KeyEntry:
    """Finds a key in its owner's trust document: the issuer's, or that of whom it delegated to."""
    for owner in (record, *trust.owners(keyid)):
        entry = owner.keys.get(keyid)
        if entry is not None:
            return entry
    raise TrustError("KEY_UNKNOWN", f"Key {keyid} stands in no trust document that is pinned here.", step=7)


def affected_by(trust: TrustDirectory, authority: str) -> tuple[str, ...]:
    """Gives the providers whose documents may stand or fall with an authority's trust document.

    They are the authority itself and all who let others sign for them.
    """
    records = (trust.current(name) for name in trust.authorities())
    delegating = {record.authority for record in records if record is not None and record.delegations}
    return tuple(sorted({authority, *delegating}))


async def judge_offers(context: Context) -> int:
    """Judges every offer for which that is asked (timer offer-judgement); gives how many are void by it."""
    void = 0
    while True:
        now = context.clock.now()
        offers = await context.store.offers.to_judge(to_ms(now), _AT_ONCE)
        if not offers:
            return void
        verdicts = await asyncio.to_thread(_verdicts, Judge(context.trust, context.status, now), offers)
        for offer in await context.store.offers.judged(verdicts):
            await follow(context, offer)
            void += 1


def _verdicts(judge: Judge, offers: Iterable[OfferToJudge]) -> Sequence[Verdict]:
    return [judge.offer(offer) for offer in offers]


def first_judgement(context: Context, header: v1.Header, expire_ms: int) -> int | None:
    """Gives from when on an offer that is about to be published must be judged again; nothing: never.

    At once, where it may stand on a document that fell: an offer names documents that were accepted earlier.
    """
    record = context.trust.current(header.issuer)
    if record is None or record.status_lists or record.delegations or header.HasField("status"):
        return 0
    now = context.clock.now()
    if any(key.revoked_at or (key.not_after and key.not_after <= now) for key in record.keys.values()):
        return 0
    ends_ms = to_ms(record.valid_until)
    return ends_ms if ends_ms < expire_ms else None


def check_holdable(context: Context, sales: Iterable[Sale]) -> None:
    """Refuses to hold what cannot be shown not to be revoked (STATUS-CLOSED-1).

    Raises:
        TrustError: REVOKED or STATUS_STALE.
    """
    now = context.clock.now()
    for sale in sales:
        if sale.status is not None:
            place = {"list": sale.status[0], "index": str(sale.status[1])}
            check_status({"id": sale.id, "issuer": sale.provider, "status": place}, context.status, now)
