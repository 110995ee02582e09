"""Leases of an account that are billed together: all of them, and after their period (BILLING-ACCOUNT-1)."""

from __future__ import annotations

from crex import v1
from crex.documents.times import format_time, from_ms
from crex.errors import CrexError
from crex.metering.span import Span
from crex.rating.tzdata import period_at
from crex_broker.application.bill_bases import BillBasis
from crex_broker.application.context import Context
from crex_broker.application.plan_chains import plans_back_from
from crex_broker.application.ports.invoices import Together
from crex_broker.application.sold_leases import SoldLeases


class BilledAccounts:
    """Judges whether an invoice bills all of an account that belongs together."""

    def __init__(self, context: Context, sold: SoldLeases) -> None:
        self._context = context
        self._sold = sold

    async def whole(self, invoice: v1.Invoice, basis: BillBasis) -> Together:
        """Requires that an invoice bills every lease of its account and plan that was used in its period.

        Args:
            invoice: The invoice.
            basis: The leases that it bills, whose usage is there.

        Raises:
            CrexError: INCOMPLETE: the period has not ended, or a lease that belongs to it is not sealed.
                TERMS: a lease that belongs to it is left out.
        """
        store, sale = self._context.store, basis.first.sold.sale
        start_ms = Span.of(invoice.period).start_ms
        whole, _ = period_at(sale.plan.time_zone, from_ms(start_ms), sale.anchor_day)
        if self._context.clock.now() < from_ms(whole.end_ms):
            raise CrexError(
                "INCOMPLETE",
                f"The period of {invoice.header.id} goes on until {format_time(from_ms(whole.end_ms))}, and "
                f"{invoice.account} may use other leases in it, which are billed with these. Issue the "
                "invoice then (BILLING-ACCOUNT-1).",
                details={"account": invoice.account, "requirement": "BILLING-ACCOUNT-1"},
            )
        used = await store.usage.used_in(invoice.seller, invoice.buyer, whole.start_ms, whole.end_ms)
        named, last = set(invoice.leases), invoice.price_plans[-1]
        billed = {plan.digest for plan in basis.plans}
        for each in used:
            if each.lease in named:
                continue
            found = await store.usage.sale(invoice.seller, each.lease)
            other = None if found is None else (await self._sold.of(found)).sale
            if other is None or (other.account, other.anchor_day) != (sale.account, sale.anchor_day):
                continue
            plan = other.price_plan.pin
            if plan.sha256 in billed or last.sha256 in await self._chain(invoice.seller, plan):
                raise _left_out(invoice, each.lease, each.state)
        return Together(used=used, until_ms=whole.end_ms)

    async def _chain(self, party: str, pin: v1.Pin) -> frozenset[str]:
        """Gives the digests of a plan and of those that it supersedes."""
        return frozenset(each.digest for each in await plans_back_from(self._context, party, pin))


def _left_out(invoice: v1.Invoice, lease: str, state: str) -> CrexError:
    if state != "SEALED":
        return CrexError(
            "INCOMPLETE",
            f"{lease} is of the same account and plan and was used in the period of {invoice.header.id}, and "
            f"its usage is {state or 'not there'}. Seal it, and bill it with the others (BILLING-ACCOUNT-1).",
            details={"lease": lease, "current_state": state, "requirement": "BILLING-ACCOUNT-1"},
        )
    return CrexError(
        "TERMS",
        f"{invoice.header.id} leaves out {lease}, which is of the same account and plan and was used in its "
        "period: what is summed over an account is billed over all its leases. Bill it with the others "
        "(BILLING-ACCOUNT-1).",
        details={"lease": lease, "requirement": "BILLING-ACCOUNT-1"},
    )
