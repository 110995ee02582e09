"""What contract tests put into a store: documents of any bytes, since the ports take verified ones."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import pytest

from crex import v1
from crex.errors import CrexError
from crex_broker.application.ports.allotments import Allotted, Grant
from crex_broker.application.ports.documents import NewDocument
from crex_broker.application.ports.offers import (
    DocumentPin,
    OfferFacts,
    PoolFacts,
    Publication,
    Published,
    SeriesFacts,
)
from crex_broker.application.ports.orders import NewHold, OrderCommit, OrderLine, OrderSnapshot
from crex_broker.application.ports.parties import Enrolment
from crex_broker.application.ports.requests import Mutation, Remembered
from crex_broker.application.ports.store import Store
from crex_broker.domain.capacity import Window
from reference_broker.tests.exchange import BROKER, CONSUMER, OTHER, PROVIDER, ManualClock

HOUR = 3_600_000
SITE = f"crex://{PROVIDER}/site/north"
NODE = f"crex://{PROVIDER}/resource/node"
PLAN = f"crex://{PROVIDER}/plan/hourly"
POOL = f"crex://{PROVIDER}/pool/nodes"
OFFER = f"crex://{PROVIDER}/offer/nodes"


def document(type_: str, id_: str, revision: int = 1, *, body: str = "", **more: Any) -> NewDocument:
    """A document with a digest of its own; `body` makes other bytes of the same revision."""
    digest = sha256(f"{type_} {id_} {revision} {body}".encode()).hexdigest()
    issuer = id_.removeprefix("crex://").partition("/")[0]
    envelope = v1.Envelope(
        payload_type=f"application/vnd.crex.{type_}.v1+json", payload=f'{{"envelope of":"{digest}"}}'.encode()
    )
    return NewDocument(type_, id_, revision, digest, issuer, envelope.SerializeToString(), **more)


def refusal(reason: str) -> Any:
    """Expects a `CrexError` of one reason."""
    return pytest.raises(CrexError, match=rf"\({reason}\)|'{reason}'")


class Market:
    """Acts on a store as the use cases would.

    Attributes:
        store: The store.
        clock: Where its time comes from.
    """

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store = store
        self.clock = clock
        self._count = 0

    async def open(self, units: int = 8) -> None:
        """Enrols everyone, publishes the goods and grants `units` of them from now on for two days."""
        for authority in (PROVIDER, CONSUMER, OTHER):
            trust = document("trust-document", f"crex://{authority}/trust/main")
            await self.store.parties.enrol(self.mutation(BROKER), Enrolment(authority, ("consumer",), trust))
        await self.publish(document("site", SITE))
        await self.publish(document("compute-resource", NODE), cites=[DocumentPin("site", SITE, "siteId")])
        await self.publish(document("price-plan", PLAN))
        await self.publish(
            document("compute-resource", POOL),
            cites=[DocumentPin("site", SITE, "siteId"), DocumentPin("compute-resource", NODE, "pool.unit")],
            pool=PoolFacts(NODE, ()),
        )
        await self.publish_offer()
        if units:
            await self.grant((0, 48 * HOUR, units))

    def mutation(self, party: str, *, request_id: str = "", body: str = "", method: str = "M") -> Mutation:
        """A request; with an identifier of its own unless one is given."""
        self._count += 1
        request_id = request_id or f"request-{self._count:06d}"
        return Mutation(party, method, request_id, sha256((body or request_id).encode()).digest())

    def name(self, kind: str) -> str:
        """A name under the broker that was not used before."""
        self._count += 1
        return f"crex://{BROKER}/{kind}/{self._count:08d}"

    async def publish(
        self,
        new: NewDocument,
        *,
        cites: Sequence[DocumentPin] = (),
        pool: PoolFacts | None = None,
        offer: OfferFacts | None = None,
        series: SeriesFacts | None = None,
        mutation: Mutation | None = None,
    ) -> Remembered[Published]:
        """Publishes a document as its issuer."""
        publication = Publication(new, tuple(cites), pool, offer, series)
        return await self.store.offers.publish(mutation or self.mutation(new.issuer), publication)

    async def publish_offer(
        self,
        id_: str = OFFER,
        revision: int = 1,
        *,
        pool: str | None = POOL,
        hours: float = 24,
        mutation: Mutation | None = None,
        body: str = "",
        judged_by: int = 0,
    ) -> Remembered[Published]:
        """Publishes a revision of the offer that ends so many hours from now."""
        cites = [
            DocumentPin("compute-resource", NODE, "resource", 1, document("compute-resource", NODE).sha256),
            DocumentPin("price-plan", PLAN, "pricePlan", 1, document("price-plan", PLAN).sha256),
        ]
        facts = OfferFacts(pool, NODE, self.clock.ms + int(hours * HOUR), judged_by)
        new = document("offer", id_, revision, body=body)
        return await self.publish(new, cites=cites, offer=facts, mutation=mutation)

    async def grant(
        self, *windows: tuple[int, int, int], pool: str = POOL, revision: int = 1, party: str = PROVIDER
    ) -> Remembered[Allotted]:
        """Grants windows that are relative to now, in milliseconds."""
        now = self.clock.ms
        new = document("allotment", f"{pool.replace('/pool/', '/allotment/')}", revision, provider=party)
        made = tuple(Window(now + start, now + end, quantity) for start, end, quantity in windows)
        return await self.store.allotments.grant(self.mutation(party), Grant(new, pool, made))

    def hold(
        self,
        quantity: int = 1,
        *,
        start: int = 0,
        end: int = HOUR,
        ttl: int = 60_000,
        consumer: str = CONSUMER,
        offers: Sequence[tuple[str, str]] = ((OFFER, POOL),),
        offer_revision: int = 1,
        limit: int = 1000,
    ) -> NewHold:
        """A hold of `quantity` units of each offer; times relative to now."""
        order = self.name("order")
        lines = tuple(
            OrderLine(
                offer,
                document("offer", offer, offer_revision).sha256,
                offer_revision,
                quantity,
                f"{order.replace('/order/', '/lease/')}-{at}",
                pool,
            )
            for at, (offer, pool) in enumerate(offers)
        )
        now = self.clock.ms
        receipt = document(
            "hold-receipt", order.replace("/order/", "/hold-receipt/"), provider=PROVIDER, consumer=consumer
        )
        return NewHold(
            order=order,
            consumer=consumer,
            provider=PROVIDER,
            lines=lines,
            start_ms=now + start,
            end_ms=now + end,
            expire_ms=now + ttl,
            receipt=receipt,
            max_live_holds=limit,
            late_start_ms=60_000,
        )

    async def held(self, quantity: int = 1, **more: Any) -> OrderSnapshot:
        """Holds, and gives the order."""
        new = self.hold(quantity, **more)
        return (await self.store.orders.create_hold(self.mutation(new.consumer), new)).outcome

    def commit(self, order: OrderSnapshot, *, body: str = "") -> OrderCommit:
        """The order document of a hold."""
        new = document(
            "order-document",
            f"crex://{order.consumer}/order/{order.name.rpartition('/')[2]}",
            body=body,
            provider=order.provider,
            consumer=order.consumer,
        )
        return OrderCommit(order.name, new, self.name("command"), 60_000)

    async def committed(self, quantity: int = 1, **more: Any) -> OrderSnapshot:
        """Holds and commits, and gives the order."""
        order = await self.held(quantity, **more)
        done = await self.store.orders.commit_order(self.mutation(order.consumer), self.commit(order))
        return done.outcome
