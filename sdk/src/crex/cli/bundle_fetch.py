"""Bundles from a broker: everything by which an invoice is recomputed, as the broker gives it.

Nothing is verified here; what is fetched is opened like a bundle from a file (bundles.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from google.protobuf.message import Message

from crex import v1
from crex.bundles.bundle import BatchPapers, BilledPapers, Bundle, SalePapers
from crex.bundles.opening import open_sale
from crex.cli.party import Customer, now, pages
from crex.documents import convert, reader
from crex.errors import CrexError
from crex.invoice.sale import Sale
from crex.metering.span import Span
from crex.rating.terms import use_of
from crex.trust.envelope import read_parts, to_json

M = TypeVar("M", bound=Message)

_PAGE = 1000
# Plans that may supersede one another within one lease, at most.
_SUCCESSORS = 1000


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a broker gives of an invoice.

    Attributes:
        record: How the invoice stands at the broker.
        bundle: The invoice with everything behind it, and what came after it.
        uses: Time of use by lease, as the broker knows it (INVOICE-USE-1).
    """

    record: v1.InvoiceRecord
    bundle: Bundle
    uses: Mapping[str, Span]


def fetch_bundle(customer: Customer, invoice_id: str) -> Fetched:
    """Fetches an invoice and everything behind it.

    Raises:
        CrexError: The broker gives another invoice (SUBJECT), or a document cannot be had.
    """
    store = _Store(customer)
    record, papers, invoice = _invoice(customer, invoice_id)
    sales: dict[SalePapers, None] = {}
    batches: list[BatchPapers] = []
    uses: dict[str, Span] = {}
    for name in invoice.leases or [invoice.lease]:
        lease = store.lease(name)
        uses[name] = use_of(lease)
        sales[store.sale(lease, invoice.price_plans)] = None
        request = v1.ListUsageRequest(lease=name)
        for page in pages(customer.client.list_usage, request):
            batches += [BatchPapers(to_json(each.batch), tuple(each.records)) for each in page.batches]
    earlier = [_earlier(customer, pin) for pin in invoice.earlier_invoices]
    bundle = Bundle(
        papers,
        tuple(sales),
        tuple(batches),
        series=tuple(store.document(pin) for pin in invoice.series_points),
        earlier=next(iter(earlier), None),
        notes=tuple(_note(customer, each) for each in _notes(customer, invoice_id)),
        disputes=tuple(_dispute(customer, each) for each in _disputes(customer, invoice_id)),
    )
    return Fetched(record, bundle, uses)


def fetch_without_sales(customer: Customer, invoice_id: str) -> Fetched:
    """Fetches an invoice with its notes and disputes alone: what a broker shows to an arbiter.

    Raises:
        CrexError: The broker gives another invoice (SUBJECT), or a document cannot be had.
    """
    record, papers, _ = _invoice(customer, invoice_id)
    bundle = Bundle(
        papers,
        (),
        (),
        notes=tuple(_note(customer, each) for each in _notes(customer, invoice_id)),
        disputes=tuple(_dispute(customer, each) for each in _disputes(customer, invoice_id)),
    )
    return Fetched(record, bundle, {})


def fetch_sale(customer: Customer, lease: str) -> Sale:
    """Fetches the documents behind a lease, and verifies that they belong together.

    Raises:
        CrexError: A document cannot be had.
        TrustError: One does not verify.
        SaleError: They do not belong together.
    """
    store = _Store(customer)
    papers = store.sale(store.lease(lease))
    return open_sale([papers], lease, customer.trust, now=now())


@dataclass(slots=True)
class _Store:
    """Documents of the broker, each fetched once."""

    customer: Customer
    known: dict[str, bytes] = field(default_factory=dict)

    def lease(self, name: str) -> v1.Lease:
        return self.customer.client.get_lease(v1.GetLeaseRequest(lease=name)).lease

    def document(self, pin: v1.Pin) -> bytes:
        if pin.sha256 not in self.known:
            request = v1.GetDocumentRequest(sha256=pin.sha256)
            self.known[pin.sha256] = to_json(self.customer.client.get_document(request).envelope)
        return self.known[pin.sha256]

    def sale(self, lease: v1.Lease, plans: Iterable[v1.Pin] = ()) -> SalePapers:
        """Fetches the sale of a lease, with the plans up to the last of those that an invoice pins."""
        response = self.customer.client.get_order(v1.GetOrderRequest(order=lease.order))
        hold = _read(to_json(response.hold_receipt), v1.HoldReceipt)
        item = next((each for each in hold.items if each.lease == lease.name), None)
        if item is None:
            raise CrexError(
                "SUBJECT",
                f"The hold receipt that the broker has for {lease.name} does not name it. Ask its operator.",
                source=self.customer.target,
            )
        offer = self.document(item.offer)
        sold = _read(offer, v1.Offer).price_plan
        return SalePapers(
            to_json(response.hold_receipt),
            to_json(response.order_document),
            offer,
            self.document(sold),
            tuple(self._successors(sold, list(plans))),
        )

    def _successors(self, sold: v1.Pin, plans: list[v1.Pin]) -> list[bytes]:
        """Returns the plans between the one that was sold and the last that was billed, first to last."""
        found: list[bytes] = []
        pin = plans[-1] if plans else sold
        while pin.sha256 != sold.sha256 and len(found) < _SUCCESSORS:
            found.insert(0, self.document(pin))
            plan = _read(found[0], v1.PricePlan)
            if not plan.HasField("supersedes"):
                break  # it is of no sale of this lease, which opening it tells
            pin = plan.supersedes
        return found


def _invoice(customer: Customer, invoice_id: str) -> tuple[v1.InvoiceRecord, BilledPapers, v1.Invoice]:
    request = v1.GetInvoiceRequest(invoice_id=invoice_id, page_size=_PAGE)
    lines: list[bytes] = []
    for page in pages(customer.client.get_invoice, request):
        lines += page.lines
    papers = BilledPapers(to_json(page.invoice), tuple(lines))
    invoice = _read(papers.envelope, v1.Invoice)
    if invoice.header.id != invoice_id:
        raise CrexError(
            "SUBJECT",
            f"The broker gave {invoice.header.id} for {invoice_id}. Do not pay it.",
            source=customer.target,
        )
    return page.record, papers, invoice


def _earlier(customer: Customer, pin: v1.Pin) -> bytes:
    """Fetches the invoice of the period before; its lines are not needed."""
    return to_json(customer.client.get_invoice(v1.GetInvoiceRequest(invoice_id=pin.id, page_size=1)).invoice)


def _notes(customer: Customer, invoice_id: str) -> Iterable[str]:
    request = v1.ListNotesRequest(invoice_id=invoice_id, page_size=_PAGE)
    return [note.id for page in pages(customer.client.list_notes, request) for note in page.notes]


def _note(customer: Customer, note_id: str) -> BilledPapers:
    request = v1.GetNoteRequest(note_id=note_id, page_size=_PAGE)
    lines: list[bytes] = []
    for page in pages(customer.client.get_note, request):
        lines += page.lines
    return BilledPapers(to_json(page.note), tuple(lines))


def _disputes(customer: Customer, invoice_id: str) -> Iterable[str]:
    request = v1.ListDisputesRequest(invoice_id=invoice_id, page_size=_PAGE)
    return [each.id for page in pages(customer.client.list_disputes, request) for each in page.disputes]


def _dispute(customer: Customer, dispute_id: str) -> tuple[bytes, ...]:
    response = customer.client.get_dispute(v1.GetDisputeRequest(dispute_id=dispute_id))
    return (to_json(response.dispute), *map(to_json, response.papers))


def _read(envelope: bytes, message: type[M]) -> M:
    """Reads a document to see what it names; it is verified when the bundle is opened."""
    return convert.to_message(reader.read(read_parts(envelope).body, message), message)
