"""Opening a bundle: every envelope verified by pinned trust, and what it all comes to (bundles.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from google.protobuf.message import Message

from crex.accounts.account import Billed, Paper
from crex.bundles.bundle import BatchPapers, Bundle, BundleError, SalePapers
from crex.decimals import Money
from crex.documents import convert, reader, strict
from crex.documents.times import parse_time
from crex.errors import CrexError
from crex.invoice.basis import Basis, SoldUsage
from crex.invoice.ledger import Ledger
from crex.invoice.report import InvoiceReport, NoteReport
from crex.invoice.sale import Sale
from crex.invoice.standing import SignedNote, Standing
from crex.invoice.usage import SealedBatch
from crex.invoice.verify import verify
from crex.invoice.verify_notes import verify_notes
from crex.metering.span import Span
from crex.names import Name
from crex.trust.checks import PinnedTrust
from crex.trust.envelope import read_parts
from crex.trust.verified import Verified
from crex.trust.verify import open_any, open_envelope
from crex.v1 import (
    CreditNote,
    DebitNote,
    Dispute,
    DisputeAnswer,
    DisputeReply,
    HoldReceipt,
    Invoice,
    InvoiceLine,
    Offer,
    OrderDocument,
    PricePlan,
    PriceSeries,
    Ruling,
    UsageBatch,
)

M = TypeVar("M", bound=Message)


@dataclass(slots=True)
class _Opener:
    """Opens envelopes once each, however often they are in the bundle."""

    trust: PinnedTrust
    now: datetime
    known: dict[tuple[bytes, type[Message], datetime], Verified[Message]] = field(default_factory=dict)

    def open(self, envelope: bytes, message: type[M], at: datetime | None = None) -> Verified[M]:
        key = (envelope, message, at or self.now)
        if key not in self.known:
            self.known[key] = open_envelope(envelope, message, self.trust, now=at or self.now)
        return self.known[key]  # type: ignore[return-value]  # the key says of what class it is


@dataclass(frozen=True, slots=True)
class OpenedBundle:
    """A bundle whose documents are verified, each by itself.

    Attributes:
        invoice: The invoice.
        lines: Exact bytes of its lines.
        leases: Sales and usage by lease; empty where the bundle has neither.
        series: Price series.
        earlier: The invoice of the period before.
        notes: Notes on the invoice, first to last.
        disputes: Each dispute with what came of it.
    """

    invoice: Verified[Invoice]
    lines: tuple[bytes, ...]
    leases: tuple[SoldUsage, ...]
    series: tuple[Verified[PriceSeries], ...]
    earlier: Verified[Invoice] | None
    notes: tuple[SignedNote, ...]
    disputes: tuple[tuple[Verified[Dispute], tuple[Paper, ...]], ...]

    @property
    def messages(self) -> list[InvoiceLine]:
        """The lines.

        Raises:
            DocumentError: One is not in strict form or breaks the contract.
        """
        return read_lines(self.lines)

    @property
    def basis(self) -> Basis:
        """What the invoice is to be computed from.

        Raises:
            BundleError: REFERENCE_MISSING: the bundle has no sales.
        """
        if not self.leases:
            raise BundleError(
                "REFERENCE_MISSING",
                "The bundle holds an invoice, and not what it is computed from: the documents of the sale "
                "and the usage. Ask for a whole one, `crex invoice export --format bundle`.",
            )
        return Basis.of_account(self.leases, series=self.series, earlier=self.earlier)

    @property
    def plans(self) -> dict[str, PricePlan]:
        """The price plans, by the SHA-256 of their bodies."""
        return {plan.digest: plan.message for each in self.leases for plan in each.sale.price_plans}

    def recompute(self, uses: Mapping[str, Span] | None = None) -> InvoiceReport:
        """Recomputes the invoice (INVOICE-VERIFY-1).

        Args:
            uses: Time of use by lease, where a broker told it (INVOICE-USE-1).

        Raises:
            BundleError: REFERENCE_MISSING: the bundle has no sales.
        """
        return verify(self.invoice, self.lines, self.basis, uses=uses)

    def recompute_notes(self, uses: Mapping[str, Span] | None = None) -> list[NoteReport]:
        """Recomputes the notes, each against everything issued before.

        Args:
            uses: Time of use by lease, where a broker told it (INVOICE-USE-1).

        Raises:
            CrexError: The invoice cannot be read, the sales are not given, or disputes do not fit together.
        """
        if not self.notes:
            return []
        ledger = Ledger.of_basis(self.invoice, self.lines, self.basis)
        settlements: dict[str, dict[str, Money]] = {}
        for case in self.billed().cases(_after(self.invoice.opened_at)):
            if case.settled_by is not None:
                settlements[case.settled_by.sha256] = case.settlement()
        return verify_notes(ledger, self.notes, self.basis, settlements=settlements, uses=uses)

    def billed(self) -> Billed:
        """Returns the invoice with its notes and disputes, as an account holds it.

        Raises:
            CrexError: Notes or disputes do not fit together.
        """
        return Billed.of(Standing.of(self.invoice, self.lines), self.notes, self.disputes)


def open_bundle(bundle: Bundle, trust: PinnedTrust, *, now: datetime) -> OpenedBundle:
    """Verifies every envelope of a bundle (BUNDLE-TRUST-1).

    Args:
        bundle: The bundle.
        trust: The pinned trust documents.
        now: The time for which it is judged. Offers and holds expire: they are judged for the time of the
            order.

    Raises:
        TrustError: An envelope does not verify.
        SaleError, RatingError: The documents of a sale do not belong together.
        BundleError: REFERENCE_MISSING: a lease of the invoice has no sale here.
    """
    opener = _Opener(trust, now)
    invoice = opener.open(bundle.invoice.envelope, Invoice)
    message = invoice.message
    leases: tuple[SoldUsage, ...] = ()
    if bundle.sales:
        billed_at = convert.from_timestamp(message.header.issued_at)
        batches = _batches(opener, bundle.batches)
        leases = tuple(
            SoldUsage(_sale(opener, bundle.sales, lease, billed_at), batches.get(lease, ()))
            for lease in message.leases or [message.lease]
        )
    return OpenedBundle(
        invoice,
        bundle.invoice.lines,
        leases,
        tuple(opener.open(each, PriceSeries) for each in bundle.series),
        opener.open(bundle.earlier, Invoice) if bundle.earlier is not None else None,
        tuple(SignedNote(_note(opener, each.envelope), each.lines) for each in bundle.notes),
        tuple(
            (opener.open(papers[0], Dispute), _papers(opener, papers[1:]))
            for papers in bundle.disputes
            if papers
        ),
    )


def open_sale(papers: Sequence[SalePapers], lease: str, trust: PinnedTrust, *, now: datetime) -> Sale:
    """Verifies the envelopes behind one lease, and that they belong together.

    Args:
        papers: Sales, of which one is of the lease.
        lease: Name of the lease.
        trust: The pinned trust documents.
        now: The time for which they are judged, as in `open_bundle`.

    Raises:
        TrustError: An envelope does not verify.
        SaleError, RatingError: The documents of the sale do not belong together.
        BundleError: REFERENCE_MISSING: there is none of the lease.
    """
    return _sale(_Opener(trust, now), papers, lease, now)


def read_lines(bodies: Sequence[bytes]) -> list[InvoiceLine]:
    """Reads lines from their exact bytes.

    Raises:
        DocumentError: One is not in strict form or breaks the contract.
    """
    return [convert.to_message(reader.read(body, InvoiceLine), InvoiceLine) for body in bodies]


def _sale(opener: _Opener, sales: Sequence[SalePapers], lease: str, billed_at: datetime) -> Sale:
    """Finds the sale of a lease: the hold names the lease, and the offer is the one that it was held by."""
    for papers in sales:
        order = opener.open(papers.order, OrderDocument)
        # An order cannot come before the hold that it commits; clocks of two parties can.
        at = max(convert.from_timestamp(order.message.header.issued_at), _stated_time(papers.hold_receipt))
        at = min(at.astimezone(UTC), opener.now)
        hold = opener.open(papers.hold_receipt, HoldReceipt, at)
        offer = opener.open(papers.offer, Offer, at)
        if any(item.lease == lease and item.offer.sha256 == offer.digest for item in hold.message.items):
            _check_broker(hold, lease)
            return Sale.of(
                lease,
                hold_receipt=hold,
                order=order,
                offer=offer,
                price_plan=opener.open(papers.price_plan, PricePlan, at),
                successors=[opener.open(each, PricePlan, billed_at) for each in papers.successors],
            )
    raise BundleError(
        "REFERENCE_MISSING",
        f"The bundle has no sale of {lease}, which the invoice bills. Ask for the hold receipt, the "
        "order, the offer and the price plan.",
    )


def _check_broker(hold: Verified[HoldReceipt], lease: str) -> None:
    """Checks that the broker which names the lease gave the hold; no other may (HOLD-NAME-1)."""
    broker = Name.parse(lease).authority
    if hold.issuer != broker:
        raise BundleError(
            "NOT_A_PARTY",
            f"{hold.id} is issued by {hold.issuer}, and {lease} is a lease of {broker}. Ask that broker for "
            "the hold receipt.",
            source=hold.id,
        )


def _stated_time(envelope: bytes) -> datetime:
    """Reads when a document says it was issued; what verifies it comes after."""
    body = strict.loads(read_parts(envelope).body)
    try:
        return parse_time(body["header"]["issuedAt"])
    except (KeyError, TypeError) as error:
        raise BundleError("SCHEMA", "A hold receipt of the bundle has no header with `issuedAt`.") from error


def _batches(opener: _Opener, batches: Sequence[BatchPapers]) -> Mapping[str, list[SealedBatch]]:
    found: dict[str, list[SealedBatch]] = {}
    for each in batches:
        batch = opener.open(each.envelope, UsageBatch)
        found.setdefault(batch.message.lease, []).append(SealedBatch(batch, each.records))
    return found


def _note(opener: _Opener, envelope: bytes) -> Verified[CreditNote | DebitNote]:
    found = open_any(envelope, opener.trust, now=opener.now)
    if found.doctype.message not in (CreditNote, DebitNote):
        raise _another(found, "a credit note or a debit note")
    return found  # type: ignore[return-value]  # it is one of the two


def _papers(opener: _Opener, envelopes: Sequence[bytes]) -> tuple[Paper, ...]:
    found = [open_any(each, opener.trust, now=opener.now) for each in envelopes]
    for each in found:
        if each.doctype.message not in (DisputeAnswer, DisputeReply, Ruling):
            raise _another(each, "an answer, a reply or a ruling")
    return tuple(found)  # type: ignore[arg-type]  # each was looked at


def _another(found: Verified[Message], wanted: str) -> CrexError:
    return BundleError("TYPE", f"{found.id} is a {found.doctype.token}, and {wanted} belongs there.")


def _after(moment: datetime) -> int:
    """An instant after everything that had been issued at a moment, in milliseconds since 1970."""
    return int(moment.timestamp()) * 1000 + 1000
