"""What a bill is recomputed from: documents that the broker has (BILLING-ISSUE-2, BILLING-NOTE-1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crex import v1
from crex.decimals import Money
from crex.errors import CrexError
from crex.invoice import Basis, SealedBatch
from crex.invoice.basis import SoldUsage
from crex.rating.lines import Line
from crex.trust.verified import Verified
from crex_broker.application.context import Context
from crex_broker.application.plan_chains import plans_back_from
from crex_broker.application.ports.leases import lease_not_found
from crex_broker.application.ports.usage import KeptBatch, KeptDocument, LeaseSale, UsageSnapshot
from crex_broker.application.sold_leases import SoldLease, SoldLeases, published, reopen


@dataclass(frozen=True, slots=True)
class LeaseBasis:
    """What is billed of one lease, not opened yet.

    Attributes:
        sale: The lease, and its documents.
        sold: What was sold.
        usage: The usage of the period; nothing where there is none.
        chain: The lease's batches up to the last of the period, which corrects it perhaps.
    """

    sale: LeaseSale
    sold: SoldLease
    usage: UsageSnapshot | None
    chain: Sequence[KeptBatch]


@dataclass(frozen=True, slots=True)
class BillBasis:
    """What a bill of one period is recomputed from, not opened yet.

    Attributes:
        leases: What is billed of each lease, in the order of the invoice.
        plans: The last plan that the invoice pins and those that it supersedes, first to last.
        together: Whether they are leases of an account that are billed together.
        earlier: The invoice whose closings the openings are; nothing where none is pinned.
        series: Revisions of price series that the invoice pins.
    """

    leases: tuple[LeaseBasis, ...]
    plans: Sequence[Verified[v1.PricePlan]]
    together: bool
    earlier: Verified[v1.Invoice] | None
    series: tuple[Verified[v1.PriceSeries], ...]

    def opened(self, context: Context) -> Basis:
        """Opens the batches, which takes time for many; so it may run beside the event loop."""
        leases = [
            SoldUsage(each.sold.sale, [sealed_batch(context, kept) for kept in each.chain])
            for each in self.leases
        ]
        return Basis.of_account(leases, series=self.series, earlier=self.earlier)

    @property
    def first(self) -> LeaseBasis:
        """The first lease: parties, account and terms of the bill are its."""
        return self.leases[0]

    @property
    def orders(self) -> Mapping[str, SoldLease]:
        """Each order that is billed, with what was sold by it."""
        return {each.sale.lease.order: each.sold for each in self.leases}

    @property
    def usages(self) -> tuple[tuple[str, int], ...]:
        """Each lease of which there is usage of the period, and the version of that."""
        found = [(each.sale.lease.name, each.usage) for each in self.leases]
        return tuple((name, usage.version) for name, usage in found if usage is not None)

    def share(self, lines: Iterable[Line], order: str, total: Money) -> Money:
        """Gives what of a bill counts against the spend limit of one order; of an account: its own lines."""
        if not self.together:
            return total
        return Money(total.currency, sum(line.amount.minor for line in lines if line.order == order))


class BillBases:
    """Gives the bases of bills."""

    def __init__(self, context: Context, sold: SoldLeases) -> None:
        self._context = context
        self._sold = sold

    async def of(self, provider: str, invoice: v1.Invoice, start_ms: int) -> BillBasis:
        """Gives the basis of an invoice, and of the notes on it.

        Args:
            provider: Who bills.
            invoice: The invoice.
            start_ms: Start of its period.

        Raises:
            CrexError: NOT_FOUND: a lease is not the provider's. SUBJECT: the earlier invoice that is pinned
                was not issued here. REFERENCE_MISSING: a price series that is pinned was not published here.
        """
        names = invoice.leases or [invoice.lease]
        plans = await plans_back_from(self._context, provider, invoice.price_plans[-1])
        return BillBasis(
            leases=tuple([await self._lease(provider, name, start_ms, plans) for name in names]),
            plans=plans,
            together=bool(invoice.leases),
            earlier=await self._earlier(provider, invoice),
            series=tuple([await self._series(provider, pin) for pin in invoice.series_points]),
        )

    async def _lease(
        self, provider: str, lease: str, start_ms: int, plans: Sequence[Verified[v1.PricePlan]]
    ) -> LeaseBasis:
        store = self._context.store
        found = await store.usage.sale(provider, lease)
        if found is None:
            raise lease_not_found(lease)
        usage = await store.usage.period(provider, lease, start_ms)
        chain: Sequence[KeptBatch] = ()
        if usage is not None:
            chain = await store.usage.chain(provider, lease, until_sha256=usage.last_batch_sha256)
        return LeaseBasis(found, await self._sold.of(found, plans), usage, chain)

    async def _earlier(self, provider: str, invoice: v1.Invoice) -> Verified[v1.Invoice] | None:
        """Gives the invoice whose closings the openings are, where one is pinned (RATE-OPENING-1)."""
        if not invoice.earlier_invoices:
            return None
        pin = invoice.earlier_invoices[0]
        kept = await self._context.store.usage.kept(pin.sha256)
        earlier = None if kept is None else reopen(self._context, kept, v1.Invoice)
        if earlier is None or earlier.issuer != provider:
            raise CrexError(
                "SUBJECT",
                f"The invoice pins {pin.id} with SHA-256 {pin.sha256} as the one before it, which was not "
                "issued here. Issue invoices in the order of their periods (RATE-OPENING-1).",
                details={"requirement": "RATE-OPENING-1"},
            )
        return earlier

    async def _series(self, provider: str, pin: v1.Pin) -> Verified[v1.PriceSeries]:
        """Gives a revision of a price series that an invoice pins (BILLING-SERIES-3)."""
        series = await published(self._context, provider, pin, v1.PriceSeries)
        if series is None:
            raise CrexError(
                "REFERENCE_MISSING",
                f"The invoice pins revision {pin.revision} of the price series {pin.id} with SHA-256 "
                f"{pin.sha256}, which was not published here. Have its publisher publish it here first "
                "(BILLING-SERIES-3).",
                details={"id": pin.id, "sha256": pin.sha256, "requirement": "BILLING-SERIES-3"},
            )
        return series


def sealed_batch(context: Context, kept: KeptBatch) -> SealedBatch:
    """Opens a kept batch with its records, as of when it came."""
    document = KeptDocument("", 0, "", kept.envelope, kept.kept_ms)
    batch = reopen(context, document, v1.UsageBatch)
    bodies = None
    if kept.records is not None:
        bodies = tuple(v1.BatchWithRecords.FromString(kept.records).records)
    return SealedBatch(batch, bodies, received_ms=kept.kept_ms)


def sum_in(currency: str, amounts: Iterable[tuple[str, str]]) -> Money | None:
    """Gives what amounts come to in one currency; nothing where none is in it."""
    total: Money | None = None
    for other, amount in amounts:
        if other == currency:
            billed = Money.parse(other, amount)
            total = billed if total is None else total + billed
    return total
