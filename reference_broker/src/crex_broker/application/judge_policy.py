"""Judges trust policies about offers by the attestations that are kept here (DEMAND-POLICY-1, HOLD-POLICY-1).

The broker is a reader like any other: an attestation is verified again by the trust documents that are
pinned here, and one whose issuer is not pinned does not count; the explanation says so. A consumer that does
not believe the broker asks for the same attestations and judges by its own trust.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from crex import v1
from crex.documents import strict
from crex.names import is_authority
from crex.trust.checks import StatusSource
from crex.trust.envelope import read_parts, record_id
from crex.trust.log_proof import LogFact
from crex.trust.policies import Evidence, PolicySubject, PolicyVerdict, RefusedEvidence, evaluate
from crex.trust.policies.gathering import open_attestation
from crex.trust.policies.subject import trust_name
from crex.trust.verified import Verified, families_of
from crex_broker.application.context import Context
from crex_broker.application.ports.documents import StoredDocument
from crex_broker.application.ports.offer_index import MatchedOffer

# Verified attestations that are kept at hand, about 4 KB each, and how long one is not verified anew: a key
# that has ended in between still counts for so long, as on a stream (CHANNEL-RECHECK-1).
_KEPT: Final = 10_000
_FRESH: Final = timedelta(seconds=60)
# Names that are asked for at once, and offers from which on a thread of their own judges.
_NAMES: Final = 5_000
_MANY: Final = 32

Opened: TypeAlias = Verified[v1.Attestation] | RefusedEvidence


class PolicyJudge:
    """Judges policies about offers; what it has verified it keeps for a while."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._opened: OrderedDict[str, tuple[datetime, object, Opened]] = OrderedDict()

    def judging(self, policy: v1.TrustPolicy, *, now: datetime) -> PolicyJudging:
        """Begins to judge one policy at one instant; the policy was checked before."""
        return PolicyJudging(self, policy, now)

    async def about(self, names: Collection[str], now: datetime) -> list[tuple[StoredDocument, Opened]]:
        """Gives the attestations about some names or digests, each verified."""
        found: dict[str, StoredDocument] = {}
        wanted = sorted(names)
        for begin in range(0, len(wanted), _NAMES):
            for document in await self._context.store.attestations.about(wanted[begin : begin + _NAMES]):
                found[document.sha256] = document
        return [(document, self._open(document, now)) for document in found.values()]

    def _open(self, document: StoredDocument, now: datetime) -> Opened:
        pinned = self._context.trust.current(document.issuer)
        kept = self._opened.get(document.sha256)
        if kept is not None and kept[1] is pinned and abs(now - kept[0]) < _FRESH:
            self._opened.move_to_end(document.sha256)
            return kept[2]
        envelope = v1.Envelope.FromString(document.envelope)
        # Status is asked at every judgement, not here: a list may change at any time.
        opened = open_attestation(envelope, self._context.trust, now=now)
        self._opened[document.sha256] = now, pinned, opened
        if len(self._opened) > _KEPT:
            self._opened.popitem(last=False)
        return opened

    async def families(self, sha256: str) -> frozenset[str]:
        """Gives the families of the algorithms by which an offer is signed."""
        envelope = await self._envelope(sha256)
        signatures = () if envelope is None else envelope.signatures
        owners = [(one.keyid, self._context.trust.owners(one.keyid)) for one in signatures]
        return families_of(record.keys[keyid] for keyid, records in owners for record in records[:1])

    async def shown(self, sha256: str) -> LogFact | None:
        """Gives what this broker's own log shows of an offer; nothing while no checkpoint covers it."""
        envelope = await self._envelope(sha256)
        if envelope is None:
            return None
        record = bytes.fromhex(record_id(read_parts(envelope)))
        entries = await self._context.store.log.by_record(self._context.authority, record, document=True)
        for entry in entries:
            kept = await self._context.store.log.covering_checkpoint(entry.index)
            if kept is not None:
                return LogFact(
                    log=f"{self._context.authority}/log",
                    authority=self._context.authority,
                    index=entry.index,
                    size=kept.size,
                    witnesses=frozenset(map(_authority_of_line, kept.cosignatures)) - {""},
                    log_time=None,
                )
        return None

    async def _envelope(self, sha256: str) -> v1.Envelope | None:
        document = await self._context.store.documents.by_digest(self._context.authority, sha256)
        return None if document is None else v1.Envelope.FromString(document.envelope)

    @property
    def status(self) -> StatusSource:
        """Tells what is revoked."""
        return self._context.status


class PolicyJudging:
    """One policy at one instant, over as many offers as are asked about."""

    def __init__(self, judge: PolicyJudge, policy: v1.TrustPolicy, now: datetime) -> None:
        self._judge, self._policy, self._now = judge, policy, now
        self._asked: set[str] = set()
        # What there is about a name, or about bytes; accreditations stand under who is accredited.
        self._about: dict[str, dict[int, Opened]] = {}
        # Offers that the same attestations are about, in the same way, meet a policy alike.
        self._known: dict[object, PolicyVerdict] = {}

    async def of(self, offers: Sequence[MatchedOffer]) -> list[PolicyVerdict]:
        """Judges offers."""
        await self._read({name for one in offers for name in _names(one.subject)})
        if any(clause.HasField("issuers_accredited_by") for clause in self._policy.require):
            issuers = {one.issuer for found in self._about.values() for one in found.values()}
            await self._read({trust_name(issuer) for issuer in issuers if is_authority(issuer)})
        facts = [await self._facts(one) for one in offers]
        if len(offers) < _MANY:
            return self._verdicts(offers, facts)
        return await asyncio.to_thread(self._verdicts, offers, facts)

    async def _read(self, names: set[str]) -> None:
        new = names - self._asked
        self._asked |= new
        if not new:
            return
        for document, opened in await self._judge.about(new, self._now):
            body = opened.json if isinstance(opened, Verified) else _body(document)
            keys = {str(entry.get("id") or entry.get("sha256")) for entry in body["subjects"]}
            for key in keys:
                self._about.setdefault(key, {})[id(opened)] = opened

    async def _facts(self, offer: MatchedOffer) -> tuple[LogFact | None, frozenset[str]]:
        log = None
        if self._policy.log.required or self._policy.log.quorum:
            log = await self._judge.shown(offer.sha256)
        families: frozenset[str] = frozenset()
        if self._policy.signature_families:
            families = await self._judge.families(offer.sha256)
        return log, families

    def _verdicts(
        self, offers: Sequence[MatchedOffer], facts: Sequence[tuple[LogFact | None, frozenset[str]]]
    ) -> list[PolicyVerdict]:
        return [
            self._verdict(one.subject, log, families)
            for one, (log, families) in zip(offers, facts, strict=True)
        ]

    def _verdict(
        self, subject: PolicySubject, log: LogFact | None, families: frozenset[str]
    ) -> PolicyVerdict:
        found = self._of(subject)
        matching = [
            (id(one), tuple(map(subject.matches, one.json["subjects"])) if isinstance(one, Verified) else ())
            for one in found
        ]
        shown = None if log is None else (log.authority, log.witnesses)
        key = (subject.authority, tuple(matching), shown, families)
        verdict = self._known.get(key)
        if verdict is None:
            verdict = self._known[key] = evaluate(
                self._policy,
                subject,
                self._evidence(found, log, families),
                now=self._now,
                status=self._judge.status,
            )
        return verdict

    def _of(self, subject: PolicySubject) -> list[Opened]:
        found: dict[int, Opened] = {}
        for name in _names(subject):
            found |= self._about.get(name, {})
        return list(found.values())

    def _evidence(self, found: Iterable[Opened], log: LogFact | None, families: frozenset[str]) -> Evidence:
        about = list(found)
        issuers = {one.issuer for one in about}
        accreditations = [self._about.get(trust_name(issuer), {}) for issuer in issuers]
        more = (one for known in accreditations for one in known.values())
        every = {id(one): one for one in (*about, *more)}.values()
        return Evidence(
            tuple(one for one in every if isinstance(one, Verified)),
            log,
            families,
            tuple(one for one in every if isinstance(one, RefusedEvidence)),
        )


def _names(subject: PolicySubject) -> tuple[str, ...]:
    """Gives everything under which a subject may be attested: names and digests."""
    return (*subject.names, *subject.sha256s, *(pin.sha256 for pin in subject.pins))


def _body(document: StoredDocument) -> dict[str, Any]:
    body: dict[str, Any] = strict.loads(v1.Envelope.FromString(document.envelope).payload)
    return body


def _authority_of_line(line: str) -> str:
    """Gives the authority of a witness by its signature line, whose key is named `<authority>/witness`."""
    name = line.removeprefix("\N{EM DASH} ").partition(" ")[0]
    return name.partition("/")[0]
