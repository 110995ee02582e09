"""Records, batches and their signatures, from which the metering tests build their cases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crex.documents import convert
from crex.metering import BatchDraft, Chain, Record, Span, build_batch, verify_batch
from crex.trust.directory import TrustDirectory
from crex.trust.identity import Identity
from crex.trust.verified import Verified
from crex.trust.verify import open_envelope
from crex.v1 import GapMarker, Header, Pin, ServiceEvent, UsageBatch
from sdk.tests.rating.samples import LEASE, PERIOD, START, at, count, record

NOW = at("31T12:00:00")
ORDER_PIN = Pin(id="crex://consumer.example/order-document/o1", revision=1, sha256="2e" * 32)
PROVIDER = "provider.example"
HOUR = timedelta(hours=1)

__all__ = ["HOUR", "LEASE", "NOW", "PERIOD", "PROVIDER", "START", "Batches", "at", "count", "hours", "record"]


def hours(number: int, *, first: int = 1, meter: str = "units") -> list[Record]:
    """Records of one hour each, one unit held, from 08:00 of 5 March."""
    start = at("05T08:00:00") + (first - 1) * HOUR
    return [
        record(start + index * HOUR, start + (index + 1) * HOUR, seq=first + index, meter=meter)
        for index in range(number)
    ]


@dataclass
class Batches:
    """A provider that signs batches of one lease, and the chain so far as a verifier sees it."""

    identity: Identity
    chain: Chain = field(default_factory=lambda: Chain(LEASE))
    made: int = 0

    def header(self) -> Header:
        """The header of the next batch."""
        self.made += 1
        return Header(
            id=f"crex://{PROVIDER}/usage-batch/b{self.made}",
            revision=1,
            issuer=PROVIDER,
            issued_at=convert.to_timestamp(NOW),
        )

    def draft(
        self,
        records: Iterable[Record] = (),
        *,
        period: Span = PERIOD,
        events: Iterable[ServiceEvent] = (),
        gaps: Iterable[GapMarker] = (),
        final: bool = False,
        corrects: Pin | None = None,
    ) -> BatchDraft:
        """The next batch, not signed."""
        return build_batch(
            self.chain,
            records,
            header=self.header(),
            order=ORDER_PIN,
            period=period,
            events=events,
            gaps=gaps,
            final=final,
            corrects=corrects,
        )

    def sign(self, message: UsageBatch, *, now: datetime = NOW) -> Verified[UsageBatch]:
        """A batch, signed and opened by who trusts the provider."""
        envelope = self.identity.sign_document(message)
        trust = TrustDirectory()
        trust.pin(self.identity.trust_document, now=now)
        return open_envelope(envelope, UsageBatch, trust, now=now)

    def append(self, draft: BatchDraft) -> Sequence[Record]:
        """Signs a batch, verifies it and moves the chain on."""
        self.chain, records = verify_batch(self.chain, self.sign(draft.message), draft.bodies)
        return records
