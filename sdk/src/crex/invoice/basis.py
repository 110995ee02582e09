"""What a bill is computed from: the leases with their usage, and everything else that it pins (invoice.md).

One lease, or all leases of an account under one plan and its successors. Both who makes an invoice and who
recomputes it begin here, so that neither takes a figure from the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from crex.errors import RatingError
from crex.invoice.sale import Sale
from crex.invoice.usage import PeriodUsage, SealedBatch, collect, up_to
from crex.metering.span import Span, show_ms, timestamp_ms
from crex.rating.bill import Bill, LeaseUse, Openings
from crex.rating.plan import Plan
from crex.rating.series import Series
from crex.rating.zone import Zone
from crex.trust.verified import Verified
from crex.v1 import Invoice, Pin, PricePlan, PriceSeries


@dataclass(frozen=True, slots=True)
class SoldUsage:
    """One lease as it was sold, and its batches.

    Attributes:
        sale: What was sold.
        batches: Its batches, first to last; those of the billed period with their records.
    """

    sale: Sale
    batches: Sequence[SealedBatch]


@dataclass(frozen=True, slots=True)
class Basis:
    """What a bill is computed from.

    Attributes:
        leases: The leases, by ascending name.
        series: Revisions of the price series that the plans name; those of other times and names are left
            out.
        earlier: The invoice of the period before, whose closings are this bill's openings; nothing where
            there is none.
    """

    leases: tuple[SoldUsage, ...]
    series: tuple[Verified[PriceSeries], ...] = ()
    earlier: Verified[Invoice] | None = None

    @classmethod
    def of(
        cls,
        sale: Sale,
        batches: Iterable[SealedBatch],
        *,
        series: Iterable[Verified[PriceSeries]] = (),
        earlier: Verified[Invoice] | None = None,
    ) -> Self:
        """Returns the basis of a bill of one lease."""
        return cls((SoldUsage(sale, tuple(batches)),), tuple(series), earlier)

    @classmethod
    def of_account(
        cls,
        leases: Iterable[SoldUsage],
        *,
        series: Iterable[Verified[PriceSeries]] = (),
        earlier: Verified[Invoice] | None = None,
    ) -> Self:
        """Returns the basis of a bill of several leases, in any order."""
        ordered = sorted(leases, key=lambda each: each.sale.lease.encode())
        return cls(tuple(ordered), tuple(series), earlier)

    @property
    def sale(self) -> Sale:
        """The first sale: parties, account, anchor day and currency are those of every other."""
        return self.leases[0].sale

    def matter(self, *, start_ms: int | None = None, pinned: Sequence[Pin] = (), until_ms: int = 0) -> Matter:
        """Verifies all of it and returns what is billed in one period.

        Args:
            start_ms: Start of the period; nothing: that of the pinned batches, or else of the latest usage.
            pinned: The batches that a document of the period pins, beyond which none is read but those of the
                period that had been issued with it; empty: all are read.
            until_ms: When that document was issued, in milliseconds since 1970.

        Raises:
            SaleError, UsageError, DocumentError: As `collect`.
            RatingError: INCOMPLETE, TERMS as `collect`; TERMS if the leases cannot be billed together
                (INVOICE-SCOPE-1), or the earlier invoice is not of the bill before this one; INCOMPLETE if it
                is not given (RATE-OPENING-1).
        """
        _check_together([each.sale for each in self.leases])
        wanted = self._start_of(pinned) if start_ms is None else start_ms
        usages = []
        for each in self.leases:
            batches = each.batches
            if pinned and wanted is not None:
                batches = up_to(batches, pinned, start_ms=wanted, until_ms=until_ms)
            usages.append(collect(each.sale, batches, start_ms=wanted))
        begin = max(usage.period.start_ms for usage in usages) if wanted is None else wanted
        late = [
            each.sale.lease
            for each, usage in zip(self.leases, usages, strict=True)
            if usage.period.start_ms != begin
        ]
        if late:
            raise _incomplete(f"there is no usage of {late[0]} in the period that begins at {show_ms(begin)}")
        period = Span(begin, max(usage.period.end_ms for usage in usages))
        price_plans, plans = _in_force(self.leases, period)
        account = self.sale.account if any(plan.of_account for plan in plans) else None
        if account is None and len(self.leases) > 1:
            raise _apart("their plan has neither a commitment nor a sum over an account")
        return Matter(
            sales=tuple(each.sale for each in self.leases),
            usages=tuple(usages),
            period=period,
            price_plans=price_plans,
            plans=plans,
            account=account,
            series=tuple(_needed(self.series, plans, period)),
            earlier=self._opening(plans, usages, period, account),
        )

    def _start_of(self, pinned: Sequence[Pin]) -> int | None:
        """Returns where the period of pinned batches starts; nothing where none of them is given."""
        digests = {pin.sha256 for pin in pinned}
        return max(
            (
                timestamp_ms(sealed.batch.message.period.start)
                for each in self.leases
                for sealed in each.batches
                if sealed.batch.digest in digests
            ),
            default=None,
        )

    def _opening(
        self, plans: Sequence[Plan], usages: Sequence[PeriodUsage], period: Span, account: str | None
    ) -> Verified[Invoice] | None:
        """Returns the earlier invoice where the plans carry anything over from it (RATE-OPENING-1)."""
        if not any(map(_carries, plans)):
            return None
        before = max((usage.before for usage in usages if usage.before is not None), default=None)
        if self.earlier is None:
            if before is None:
                return None
            raise _incomplete(
                f"the invoice of the period before, {before}, is not given, and the plan sums over periods",
                "RATE-OPENING-1",
            )
        _check_earlier(self.earlier.message, self.sale, period, account, before)
        return self.earlier


@dataclass(frozen=True, slots=True)
class Matter:
    """What is billed in one period, verified.

    Attributes:
        sales: The sales, by ascending name of their leases.
        usages: The usage of each in the period.
        period: The billing period, closed early where the use of every lease ended in it.
        price_plans: The plans in force in it, in order of time; where none is, the one that was sold.
        plans: The same, ready for rating.
        account: The account where the bill is of an account; nothing: it is of a lease.
        series: Price series of the plans that cover some of the period, by name and revision.
        earlier: The invoice whose closings are the openings; nothing where nothing is carried.
    """

    sales: tuple[Sale, ...]
    usages: tuple[PeriodUsage, ...]
    period: Span
    price_plans: tuple[Verified[PricePlan], ...]
    plans: tuple[Plan, ...]
    account: str | None
    series: tuple[Verified[PriceSeries], ...]
    earlier: Verified[Invoice] | None

    @property
    def sale(self) -> Sale:
        """The first sale."""
        return self.sales[0]

    @property
    def name(self) -> str:
        """The lease or the account that is billed, for people."""
        return f"lease {self.sale.lease}" if self.account is None else f"account {self.account}"

    @property
    def orders(self) -> list[Pin]:
        """The orders by lease, each once."""
        return list({sale.order.digest: sale.order.pin for sale in self.sales}.values())

    @property
    def batches(self) -> list[Pin]:
        """The batches by lease, and then in chain order."""
        return [pin for usage in self.usages for pin in usage.pins]

    @property
    def final(self) -> bool:
        """Whether the final batch of every lease came."""
        return all(usage.final for usage in self.usages)

    @property
    def record_count(self) -> int:
        """Number of records."""
        return sum(len(usage.records) for usage in self.usages)

    def active_end(self) -> int:
        """Returns the last end of use of its leases, in milliseconds since 1970.

        Raises:
            RatingError: CONFLICT if the events of a lease are contradictory.
        """
        pairs = zip(self.sales, self.usages, strict=True)
        return max(sale.terms.active(usage.events).end_ms for sale, usage in pairs)

    def bill(self, zone: Zone, whole: Span) -> Bill:
        """Returns what rating reads.

        Args:
            zone: Offsets of local time.
            whole: The whole billing period.

        Raises:
            RatingError: SCHEMA if a series or an opening breaks its rules.
        """
        return Bill(
            plans=self.plans,
            leases=tuple(
                LeaseUse(
                    terms=sale.terms,
                    records=usage.records,
                    events=usage.events,
                    gaps=usage.gaps,
                    first_seq=usage.first_seq,
                )
                for sale, usage in zip(self.sales, self.usages, strict=True)
            ),
            period=self.period,
            whole=whole,
            zone=zone,
            account=self.account,
            series=tuple(Series.of(each.message, each.pin) for each in self.series),
            openings=Openings.of([] if self.earlier is None else self.earlier.message.closings),
        )


def _check_together(sales: Sequence[Sale]) -> None:
    """Checks that sales may be billed together: one seller, buyer, account and anchor day.

    Raises:
        RatingError: SCHEMA if there is none, TERMS if they differ (INVOICE-SCOPE-1).
    """
    if not sales:
        raise RatingError(
            "SCHEMA",
            "A bill without a lease bills nothing. Give the sales that it is of.",
            details={"requirement": "INVOICE-SCOPE-1"},
        )
    first = sales[0]
    for sale in sales[1:]:
        if sale.lease == first.lease:
            raise _apart(f"{sale.lease} is given twice")
        for name in ("seller", "buyer", "account", "anchor_day"):
            if getattr(sale, name) != getattr(first, name):
                raise _apart(
                    f"{first.lease} has {name.replace('_', ' ')} {getattr(first, name)}, {sale.lease} "
                    f"{getattr(sale, name)}"
                )


def _in_force(
    leases: Sequence[SoldUsage], period: Span
) -> tuple[tuple[Verified[PricePlan], ...], tuple[Plan, ...]]:
    """Returns the plans in force in a period, of which each supersedes the one before.

    Raises:
        RatingError: TERMS if the leases were sold under plans of which none supersedes the other
            (INVOICE-SCOPE-1).
    """
    longest = max((each.sale for each in leases), key=lambda sale: len(sale.plans))
    known = [plan.digest for plan in longest.price_plans]
    for each in leases:
        own = [plan.digest for plan in each.sale.price_plans]
        at = known.index(own[0]) if own[0] in known else len(known)
        if known[at : at + len(own)] != own:
            raise _apart(
                f"{longest.lease} is sold under {longest.price_plan.id} and {each.sale.lease} under "
                f"{each.sale.price_plan.id}, which is none of its successors"
            )
    pairs = [
        (document, plan)
        for document, plan in zip(longest.price_plans, longest.plans, strict=True)
        if not plan.within(period).empty
    ] or [(longest.price_plan, longest.plan)]
    return tuple(document for document, _ in pairs), tuple(plan for _, plan in pairs)


def _carries(plan: Plan) -> bool:
    """Tells whether a bill under a plan begins where the one before it ended."""
    return any(one.accumulator.term for one in plan.components) or any(
        one.amount is not None for one in plan.credits
    )


def _needed(
    series: Sequence[Verified[PriceSeries]], plans: Sequence[Plan], period: Span
) -> list[Verified[PriceSeries]]:
    """Returns the revisions of the plans' series that cover some of a period, by name and revision."""
    names = {one.series.id for plan in plans for one in plan.components if one.series is not None}
    rates = {plan.exchange.series for plan in plans if plan.exchange is not None}
    first = Span(period.start_ms, period.start_ms)
    found = {}
    for each in series:
        span = Span.of(each.message.interval)
        if (each.id in names and span.overlaps(period)) or (each.id in rates and span.holds(first)):
            found[each.digest] = each
    return sorted(found.values(), key=lambda each: (each.id.encode(), each.revision))


def _check_earlier(
    earlier: Invoice, sale: Sale, period: Span, account: str | None, before: Span | None
) -> None:
    """Checks that an invoice is of the bill before this one (RATE-OPENING-1).

    Raises:
        RatingError: TERMS if it is not.
    """
    known = {plan.digest for plan in sale.price_plans}
    whose = (earlier.seller, earlier.buyer, earlier.account)
    ended = Span.of(earlier.period)
    if whose != (sale.seller, sale.buyer, sale.account) or (
        earlier.lease != sale.lease if account is None else not earlier.leases
    ):
        raise _no_opening(earlier, "is of another lease or account")
    if not any(pin.sha256 in known for pin in earlier.price_plans):
        raise _no_opening(earlier, "is under other price plans")
    if ended.end_ms > period.start_ms:
        raise _no_opening(earlier, f"is of {ended}, which is not before {period}")
    if before is not None and ended.start_ms < before.start_ms:
        raise _no_opening(earlier, f"is of {ended}, and there is usage of {before} since")
    if earlier.provisional:
        raise _no_opening(earlier, "is provisional, so nothing is owed by it")


def _no_opening(earlier: Invoice, what: str) -> RatingError:
    return RatingError(
        "TERMS",
        f"Where accumulators stood cannot be told: {earlier.header.id} {what}. Give the invoice of the "
        "period before (RATE-OPENING-1).",
        details={"requirement": "RATE-OPENING-1"},
    )


def _apart(what: str) -> RatingError:
    return RatingError(
        "TERMS",
        f"These leases cannot be billed together: {what}. Bill each by itself, or those of one account and "
        "plan (INVOICE-SCOPE-1).",
        details={"requirement": "INVOICE-SCOPE-1"},
    )


def _incomplete(what: str, requirement: str = "RATE-COMPLETE-1") -> RatingError:
    return RatingError(
        "INCOMPLETE",
        f"The bill cannot be made: {what} ({requirement}).",
        details={"requirement": requirement},
    )
