"""Recomputing an invoice from its pinned inputs, byte for byte: broker and consumer do the same (invoice.md).

Nothing that the invoice states is used to compute what it should state, except the offsets that it pins, and
which batches it pins, by which the period is found. So an invoice is right if and only if the bytes of its
lines, its taxes and totals and its digest are those that come out here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from google.protobuf.message import Message

from crex.decimals import Money, counted
from crex.errors import CrexError
from crex.invoice.basis import Basis, Matter
from crex.invoice.build import is_complete, line_bytes, rate_matter
from crex.invoice.compare import compare_lines, compare_messages, compare_pins
from crex.invoice.money import money_of, show_money
from crex.invoice.report import Check, Difference, InvoiceReport
from crex.metering.selection import latest
from crex.metering.span import Span, show_ms, timestamp_ms
from crex.rating.digest import ALGORITHM
from crex.rating.engine import Rating
from crex.rating.periods import billing_period
from crex.rating.zone import DAY_MS, Zone
from crex.trust import merkle
from crex.trust.verified import Verified
from crex.v1 import Invoice


def verify(
    invoice: Verified[Invoice],
    lines: Sequence[bytes],
    basis: Basis,
    *,
    billed_before: Mapping[str, Money] | None = None,
    uses: Mapping[str, Span] | None = None,
) -> InvoiceReport:
    """Recomputes an invoice and compares (INVOICE-VERIFY-1).

    Args:
        invoice: The invoice.
        lines: Exact bytes of its lines, in their order.
        basis: What it is to be computed from: the documents of the sales, all batches of the leases up to
            the billed period's final one at least, and what else the plans need.
        billed_before: What other invoices of an order came to, by the name of its document, for its spend
            limit; nothing for an order that is absent.
        uses: Time of use by lease, by the broker's lease object (`rating.use_of`), within which all records
            must lie, whatever the provider's service events say; not asked of a lease that is absent
            (INVOICE-USE-1).

    Returns:
        The report. It raises nothing for an invoice that is wrong: `report.require()` does.
    """
    return _Verification(invoice, lines, basis).run(billed_before or {}, uses or {})


def check_uses(matter: Matter, uses: Mapping[str, Span]) -> list[Difference]:
    """Returns, of each lease, the first record outside its use as the broker knows it (INVOICE-USE-1).

    Raises:
        RatingError: CONFLICT if one number and revision comes with different bytes.
    """
    found = []
    for sale, usage in zip(matter.sales, matter.usages, strict=True):
        use = uses.get(sale.lease)
        outside = () if use is None else (one for one in latest(usage.records) if not use.holds(one.span))
        for record in outside:
            why = f"By the broker's lease object the lease was in use in {use}."
            reason = "USAGE_OUT_OF_BOUNDS"
            found.append(Difference(record.place, str(record.span), "", why, "INVOICE-USE-1", reason))
            break
    return found


class _Verification:
    """One run: it gathers checks and differences, and stops where the rest cannot be asked."""

    def __init__(self, invoice: Verified[Invoice], lines: Sequence[bytes], basis: Basis) -> None:
        self._invoice = invoice
        self._message = invoice.message
        self._lines = lines
        self._basis = basis
        self._checks: list[Check] = []
        self._differences: list[Difference] = []

    def run(self, billed_before: Mapping[str, Money], uses: Mapping[str, Span]) -> InvoiceReport:
        rating: Rating | None = None
        name = "usage"
        try:
            self._check_parties()
            matter = self._basis.matter(
                pinned=self._message.usage_batches,
                until_ms=timestamp_ms(self._message.header.issued_at),
            )
            self._check_usage(matter, uses)
            name = "period"
            zone = Zone.of(self._message.tz_transitions)
            self._check_period(matter, zone)
            name = "rating"
            rating = rate_matter(matter, zone, provisional=self._message.provisional)
        except CrexError as error:
            self._differences.append(_refusal(name, error))
            self._checks.append(Check(name, "it cannot be recomputed", passed=False))
        else:
            self._add(name, f"{counted(matter.record_count, 'record')} rated to {rating.total}", [])
            self._check_carried(matter, rating)
            self._check_lines(rating)
            self._check_totals(rating)
            self._check_spend(matter, rating, billed_before)
        return InvoiceReport(
            name=self._invoice.id,
            checks=tuple(self._checks),
            differences=tuple(self._differences),
            rating=rating,
            provisional=self._message.provisional,
        )

    def _check_parties(self) -> None:
        """Compares who and to whom (INVOICE-SALE-1)."""
        message, sale = self._message, self._basis.sale
        stated = {
            "issuer": (self._invoice.issuer, sale.seller),
            "seller": (message.seller, sale.seller),
            "buyer": (message.buyer, sale.buyer),
            "account": (message.account, sale.account),
            "currency": (message.currency, sale.plan.billed_currency),
            "algorithm": (message.algorithm, ALGORITHM),
        }
        found = [
            Difference(place, theirs, ours, "The sale's own documents say so.", "INVOICE-SALE-1", "TERMS")
            for place, (theirs, ours) in stated.items()
            if theirs != ours
        ]
        self._add("documents", f"{sale.seller} bills {sale.buyer} under {sale.order.id}", found)

    def _check_usage(self, matter: Matter, uses: Mapping[str, Span]) -> None:
        """Compares what is pinned (INVOICE-PIN-1, INVOICE-SCOPE-1), and records with the use that is known.

        Raises:
            RatingError: CONFLICT if one number and revision comes with different bytes.
        """
        message, names = self._message, [sale.lease for sale in matter.sales]
        lease, leases = (names[0], []) if matter.account is None else ("", names)
        found = [
            *compare_pins("orders", message.orders, matter.orders),
            *compare_pins("pricePlans", message.price_plans, [each.pin for each in matter.price_plans]),
            *compare_pins("usageBatches", message.usage_batches, matter.batches),
            *compare_pins("seriesPoints", message.series_points, [each.pin for each in matter.series]),
        ]
        for place, theirs, ours in (("lease", [message.lease], [lease]), ("leases", message.leases, leases)):
            if list(theirs) != ours:
                scope = "each lease by itself" if matter.account is None else "the leases of the account"
                why = f"By the sales and the price plan the bill is of {scope}."
                requirement = "INVOICE-SALE-1" if any(theirs) == any(ours) else "INVOICE-SCOPE-1"
                found.append(Difference(place, ", ".join(theirs), ", ".join(ours), why, requirement, "TERMS"))
        found += check_uses(matter, uses)
        chains = "one chain" if len(names) == 1 else f"{len(names)} chains"
        counts = f"{counted(len(matter.batches), 'batch', 'batches')} in {chains}, "
        counts += counted(matter.record_count, "record")
        self._add("usage", f"{counts} under their roots", found)

    def _check_period(self, matter: Matter, zone: Zone) -> None:
        """Compares the period with step 6 and with the final batches (RATE-PERIOD-1)."""
        stated, sale = Span.of(self._message.period), matter.sale
        zone.require(Span(stated.start_ms - DAY_MS, stated.end_ms))
        whole = billing_period(stated.start_ms, sale.anchor_day, zone)
        active_end = matter.active_end()
        found = []
        if stated != matter.period:
            found.append(_period(stated, matter.period, "The final usage batches seal that period."))
        if stated.start_ms != whole.start_ms:
            why = f"Periods begin at local midnight on day {sale.anchor_day} in {zone.name}."
            found.append(_period(stated, whole, why))
        if stated.end_ms != whole.end_ms and not (active_end <= stated.end_ms < whole.end_ms):
            why = f"Only the end of all use, {show_ms(active_end)}, closes a period early."
            found.append(_period(stated, whole, why))
        if zone.name != sale.plan.time_zone:
            why = "The price plan names the time zone."
            found.append(
                Difference("tzTransitions", zone.name, sale.plan.time_zone, why, "RATE-ZONE-1", "TERMS")
            )
        self._add("period", str(stated), found)

    def _check_carried(self, matter: Matter, rating: Rating) -> None:
        """Compares openings with the closings of the earlier invoice, and closings (RATE-OPENING-1)."""
        message, earlier = self._message, matter.earlier
        pins = [] if earlier is None else [earlier.pin]
        openings = [] if earlier is None else list(earlier.message.closings)
        closings = [each.message() for each in rating.closings]
        found = compare_pins("earlierInvoices", message.earlier_invoices, pins)
        why = "The earlier invoice closes there."
        found += compare_messages("openings", message.openings, openings, why, "RATE-OPENING-1")
        why = "They are the openings and what this bill prices, or credits."
        found += compare_messages("closings", message.closings, closings, why, "RATE-OPENING-1")
        complete = is_complete(matter, rating)
        if message.provisional == complete:
            why = "Only a bill of incomplete usage is provisional." if complete else "Usage is incomplete."
            theirs, ours = (str(message.provisional).lower(), str(not complete).lower())
            found.append(Difference("provisional", theirs, ours, why, "INVOICE-PROVISIONAL-1", "INCOMPLETE"))
        if found or openings or closings or message.provisional:
            finding = f"{counted(len(openings), 'opening')}, {counted(len(closings), 'closing')}"
            finding += "; provisional: nobody has to pay it" if message.provisional else ""
            self._add("carried over", finding, found)

    def _check_lines(self, rating: Rating) -> None:
        """Compares the lines byte for byte (INVOICE-LINES-1)."""
        found: list[Difference] = []
        root = merkle.root(self._lines).hex()
        if (root, len(self._lines)) != (self._message.lines_root, self._message.line_count):
            theirs = f"{counted(self._message.line_count, 'line')} under {self._message.lines_root}"
            ours = f"{counted(len(self._lines), 'line')} under {root}"
            why = "The lines that came with the invoice are not those that it was signed for."
            found.append(Difference("linesRoot", theirs, ours, why, "INVOICE-LINES-1", "SUBJECT"))
        found += compare_lines(self._lines, line_bytes(rating), rating.lines)
        self._add("lines", f"{counted(len(self._lines), 'line')}, compared byte for byte", found)

    def _check_totals(self, rating: Rating) -> None:
        """Compares taxes, sums and digest (RATE-TAX-1, RATE-TOTAL-1, RATE-DIGEST-1)."""
        taxes: list[Message] = [tax.message() for tax in rating.taxes]
        why = "Each tax is computed once, on the sum of the rounded lines of its category."
        found = compare_messages("taxes", self._message.taxes, taxes, why, "RATE-TAX-1")
        terms = " + ".join(line.amount.amount for line in rating.lines[:8]) or "no lines"
        if len(rating.lines) > 8:
            terms += f" + … ({len(rating.lines)} lines)"
        added = "".join(f" + {tax.amount.amount}" for tax in rating.taxes)
        for place, stated, ours, sums in (
            ("netTotal", self._message.net_total, rating.net_total, terms),
            ("total", self._message.total, rating.total, f"{rating.net_total.amount}{added}"),
        ):
            theirs = show_money(stated)
            if theirs != str(ours):
                found.append(Difference(place, theirs, str(ours), f"{sums} = {ours}.", "RATE-TOTAL-1"))
        if self._message.rating_digest != rating.digest:
            why = "The digest is that of the rating table, which any difference in a line or sum changes."
            found.append(
                Difference("ratingDigest", self._message.rating_digest, rating.digest, why, "RATE-DIGEST-1")
            )
        self._add("totals", f"{rating.total}, digest {rating.digest[:16]}…", found)

    def _check_spend(self, matter: Matter, rating: Rating, billed_before: Mapping[str, Money]) -> None:
        """Compares what each order has come to with its limit (ORDER-SPEND-1)."""
        for sale in {sale.order.digest: sale for sale in matter.sales}.values():
            if sale.spend_limit is None:
                continue
            limit = money_of(sale.spend_limit)
            spent = rating.total if matter.account is None else _of_order(rating, sale.terms.order)
            if sale.order.id in billed_before:
                spent += billed_before[sale.order.id]
            found = []
            if spent.currency != limit.currency or spent.minor > limit.minor:
                why = "The order must not cost more than the consumer signed for."
                reason = "BUDGET_EXCEEDED"
                found.append(
                    Difference("total", str(spent), f"at most {limit}", why, "ORDER-SPEND-1", reason)
                )
            self._add("spend limit", f"{spent} of {limit}", found)

    def _add(self, name: str, finding: str, found: list[Difference]) -> None:
        self._checks.append(
            Check(name, finding if not found else counted(len(found), "difference"), passed=not found)
        )
        self._differences += found


def _of_order(rating: Rating, order: str) -> Money:
    """Returns what the lines of one order come to."""
    amounts = (line.amount.minor for line in rating.lines if line.order == order)
    return Money(rating.total.currency, sum(amounts))


def _period(stated: Span, expected: Span, why: str) -> Difference:
    return Difference("period", str(stated), str(expected), why, "RATE-PERIOD-1")


def _refusal(name: str, error: CrexError) -> Difference:
    requirement = error.details.get("requirement", "")
    return Difference(name, "a bill", "", error.message, requirement, error.reason)
