"""Recomputing an invoice from its pinned inputs, byte for byte: broker and consumer do the same (invoice.md).

Nothing that the invoice states is used to compute what it should state, except the offsets that it pins. So
an invoice is right if and only if the bytes of its lines, its totals and its digest are those that come out
here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crex.decimals import Money
from crex.errors import CrexError
from crex.invoice.build import line_bytes, rate_usage
from crex.invoice.compare import compare_lines
from crex.invoice.report import Check, Difference, InvoiceReport
from crex.invoice.sale import Sale
from crex.invoice.usage import PeriodUsage, SealedBatch, collect
from crex.metering.selection import latest
from crex.metering.span import Span, show_ms
from crex.rating.digest import ALGORITHM
from crex.rating.engine import Rating
from crex.rating.periods import billing_period
from crex.rating.zone import DAY_MS, Zone
from crex.trust import merkle
from crex.trust.verified import Verified
from crex.v1 import Invoice, Pin


def verify(
    invoice: Verified[Invoice],
    lines: Sequence[bytes],
    sale: Sale,
    batches: Iterable[SealedBatch],
    *,
    billed_before: Money | None = None,
    use: Span | None = None,
) -> InvoiceReport:
    """Recomputes an invoice and compares (INVOICE-VERIFY-1).

    Args:
        invoice: The invoice.
        lines: Exact bytes of its lines, in their order.
        sale: What was sold, from the consumer's and the provider's documents.
        batches: All batches of the lease up to the billed period's final one, with the period's records.
        billed_before: What other invoices of the order came to, for its spend limit; nothing: none.
        use: Time of use by the broker's lease object (`rating.use_of`), within which all records must lie,
            whatever the provider's service events say; nothing: not asked (INVOICE-USE-1).

    Returns:
        The report. It raises nothing for an invoice that is wrong: `report.require()` does.
    """
    return _Verification(invoice, lines, sale).run(batches, billed_before, use)


class _Verification:
    """One run: it gathers checks and differences, and stops where the rest cannot be asked."""

    def __init__(self, invoice: Verified[Invoice], lines: Sequence[bytes], sale: Sale) -> None:
        self._invoice = invoice
        self._message = invoice.message
        self._lines = lines
        self._sale = sale
        self._checks: list[Check] = []
        self._differences: list[Difference] = []

    def run(
        self, batches: Iterable[SealedBatch], billed_before: Money | None, use: Span | None
    ) -> InvoiceReport:
        rating: Rating | None = None
        name = "usage"
        try:
            self._check_sale()
            usage = collect(self._sale, batches)
            self._check_usage(usage, use)
            name = "period"
            zone = Zone.of(self._message.tz_transitions)
            self._check_period(usage, zone)
            name = "rating"
            rating = rate_usage(self._sale, usage, zone)
        except CrexError as error:
            self._differences.append(_refusal(name, error))
            self._checks.append(Check(name, "it cannot be recomputed", passed=False))
        else:
            self._add(name, f"{len(usage.records)} records rated to {rating.total}", [])
            self._check_lines(rating)
            self._check_totals(rating)
            self._check_spend(rating, billed_before)
        return InvoiceReport(self._invoice.id, tuple(self._checks), tuple(self._differences), rating)

    def _check_sale(self) -> None:
        """Compares who, to whom and by which documents (INVOICE-PIN-1, INVOICE-SALE-1)."""
        message, sale = self._message, self._sale
        found = [
            *_pins("orders", message.orders, [sale.order.pin]),
            *_pins("pricePlans", message.price_plans, [sale.price_plan.pin]),
        ]
        stated = {
            "issuer": (self._invoice.issuer, sale.seller),
            "seller": (message.seller, sale.seller),
            "buyer": (message.buyer, sale.buyer),
            "account": (message.account, sale.account),
            "lease": (message.lease, sale.lease),
            "currency": (message.currency, sale.plan.currency),
            "algorithm": (message.algorithm, ALGORITHM),
        }
        found += [
            Difference(place, theirs, ours, "The sale's own documents say so.", "INVOICE-SALE-1", "TERMS")
            for place, (theirs, ours) in stated.items()
            if theirs != ours
        ]
        self._add("documents", f"{sale.seller} bills {sale.buyer} under {sale.order.id}", found)

    def _check_usage(self, usage: PeriodUsage, use: Span | None) -> None:
        """Compares batches with those pinned (INVOICE-PIN-1), and records with the use that is known.

        Raises:
            RatingError: CONFLICT if one number and revision comes with different bytes.
        """
        found = _pins("usageBatches", self._message.usage_batches, usage.pins)
        for record in latest(usage.records) if use is not None else ():
            if use is not None and not use.holds(record.span):
                why = f"By the broker's lease object the lease was in use in {use}."
                reason = "USAGE_OUT_OF_BOUNDS"
                found.append(Difference(record.place, str(record.span), "", why, "INVOICE-USE-1", reason))
                break  # the first of them says it
        finding = f"{len(usage.pins)} batches in one chain, {len(usage.records)} records under their roots"
        self._add("usage", finding, found)

    def _check_period(self, usage: PeriodUsage, zone: Zone) -> None:
        """Compares the period with step 6 and with the final batch (RATE-PERIOD-1)."""
        stated = Span.of(self._message.period)
        zone.require(Span(stated.start_ms - DAY_MS, stated.end_ms))
        whole = billing_period(stated.start_ms, self._sale.anchor_day, zone)
        active = self._sale.terms.active(usage.events)
        found = []
        if stated != usage.period:
            why = "The final usage batch seals that period."
            found.append(_period(stated, usage.period, why))
        if stated.start_ms != whole.start_ms:
            why = f"Periods begin at local midnight on day {self._sale.anchor_day} in {zone.name}."
            found.append(_period(stated, whole, why))
        if stated.end_ms != whole.end_ms and not (active.end_ms <= stated.end_ms < whole.end_ms):
            why = f"Only the end of the lease's use, {show_ms(active.end_ms)}, closes a period early."
            found.append(_period(stated, whole, why))
        if zone.name != self._sale.plan.time_zone:
            why = "The price plan names the time zone."
            found.append(
                Difference("tzTransitions", zone.name, self._sale.plan.time_zone, why, "RATE-ZONE-1", "TERMS")
            )
        self._add("period", str(stated), found)

    def _check_lines(self, rating: Rating) -> None:
        """Compares the lines byte for byte (INVOICE-LINES-1)."""
        found: list[Difference] = []
        root = merkle.root(self._lines).hex()
        if (root, len(self._lines)) != (self._message.lines_root, self._message.line_count):
            theirs = f"{self._message.line_count} lines under {self._message.lines_root}"
            why = "The lines that came with the invoice are not those that it was signed for."
            found.append(
                Difference(
                    "linesRoot",
                    theirs,
                    f"{len(self._lines)} lines under {root}",
                    why,
                    "INVOICE-LINES-1",
                    "SUBJECT",
                )
            )
        found += compare_lines(self._lines, line_bytes(rating), rating.lines)
        self._add("lines", f"{len(self._lines)} lines, compared byte for byte", found)

    def _check_totals(self, rating: Rating) -> None:
        """Compares sums and digest (RATE-TOTAL-1, RATE-DIGEST-1)."""
        found = []
        terms = " + ".join(line.amount.amount for line in rating.lines[:8]) or "no lines"
        if len(rating.lines) > 8:
            terms += f" + … ({len(rating.lines)} lines)"
        for place, stated, ours in (
            ("netTotal", self._message.net_total, rating.net_total),
            ("total", self._message.total, rating.total),
        ):
            theirs = f"{stated.amount} {stated.currency}"
            if theirs != str(ours):
                found.append(Difference(place, theirs, str(ours), f"{terms} = {ours}.", "RATE-TOTAL-1"))
        if self._message.rating_digest != rating.digest:
            why = "The digest is that of the rating table, which any difference in a line or sum changes."
            found.append(
                Difference("ratingDigest", self._message.rating_digest, rating.digest, why, "RATE-DIGEST-1")
            )
        self._add("totals", f"{rating.total}, digest {rating.digest[:16]}…", found)

    def _check_spend(self, rating: Rating, billed_before: Money | None) -> None:
        """Compares what the order has come to with its limit (ORDER-SPEND-1)."""
        stated = self._sale.spend_limit
        if stated is None:
            return
        limit = Money.parse(stated.currency, stated.amount)
        spent = rating.total if billed_before is None else rating.total + billed_before
        found = []
        if spent.currency != limit.currency or spent.minor > limit.minor:
            why = "The order must not cost more than the consumer signed for."
            found.append(
                Difference("total", str(spent), f"at most {limit}", why, "ORDER-SPEND-1", "BUDGET_EXCEEDED")
            )
        self._add("spend limit", f"{spent} of {limit}", found)

    def _add(self, name: str, finding: str, found: list[Difference]) -> None:
        self._checks.append(
            Check(name, finding if not found else f"{len(found)} differences", passed=not found)
        )
        self._differences += found


def _pins(place: str, stated: Sequence[Pin], expected: Sequence[Pin]) -> list[Difference]:
    if list(stated) == list(expected):
        return []
    why = "An invoice pins exactly the documents that it is computed from, in their order."
    return [Difference(place, _show_pins(stated), _show_pins(expected), why, "INVOICE-PIN-1", "SUBJECT")]


def _show_pins(pins: Sequence[Pin]) -> str:
    shown = ", ".join(f"{pin.id}@{pin.revision} ({pin.sha256[:12]}…)" for pin in pins[:3])
    return shown + (f" and {len(pins) - 3} more" if len(pins) > 3 else "")


def _period(stated: Span, expected: Span, why: str) -> Difference:
    return Difference("period", str(stated), str(expected), why, "RATE-PERIOD-1")


def _refusal(name: str, error: CrexError) -> Difference:
    requirement = error.details.get("requirement", "")
    return Difference(name, "a bill", "", error.message, requirement, error.reason)
