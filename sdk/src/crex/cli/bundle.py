"""Bundles in files and folders, and from a broker."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crex.cli.files import named, write_file
from crex.errors import CrexError
from crex.invoice import bundle as form
from crex.invoice.bundle import BatchPapers, BilledPapers, Bundle, SalePapers

if TYPE_CHECKING:
    from crex import v1
    from crex.cli.party import Customer
    from crex.trust.verified import Verified

_INVOICE: Final = "invoice.json"
_SALE: Final = ("hold-receipt.json", "order.json", "offer.json", "price-plan.json")


def read_bundle(path: Path) -> Bundle:
    """Reads a bundle from a file, a folder, or standard input (`-`).

    Raises:
        CrexError: NOT_FOUND, LIMIT, or SCHEMA where it is no bundle; `source` names the file.
    """
    with named(path):
        return _from_folder(path) if path.is_dir() else form.from_json(read_large(path))


def read_large(path: Path, limit: int = form.MAX_BYTES) -> bytes:
    """Reads a file that may be larger than a document, or standard input for `-`.

    Raises:
        CrexError: NOT_FOUND or LIMIT.
    """
    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(limit + 1)
        else:
            with path.open("rb") as file:
                data = file.read(limit + 1)
    except OSError as error:
        raise CrexError(
            "NOT_FOUND", f"The file cannot be read ({error.strerror}). Name another.", source=str(path)
        ) from error
    if len(data) > limit:
        raise CrexError(
            "LIMIT",
            f"The file is larger than {limit >> 20} MiB. Divide it, by period or by lease.",
            source=str(path),
        )
    return data


def write_bundle(bundle: Bundle, path: Path) -> None:
    """Writes a bundle: as one file where the name ends in `.json`, else as a folder that people can read.

    Raises:
        CrexError: STORAGE_UNAVAILABLE: it cannot be written. CONFLICT: the folder holds something already.
    """
    if path.suffix == ".json":
        write_file(path, form.to_json(bundle))
        return
    if path.is_dir() and any(path.iterdir()):
        raise CrexError("CONFLICT", "The folder is not empty. Name a new one.", source=str(path))
    for name, data in _files(bundle):
        write_file(path / name, data)


def _files(bundle: Bundle) -> Iterator[tuple[str, bytes]]:
    yield _INVOICE, bundle.invoice.envelope
    yield "invoice.lines.jsonl", form.rows_of(bundle.invoice.lines)
    for number, sale in enumerate(bundle.sales, start=1):
        folder = f"sales/{number:04}"
        papers = (sale.hold_receipt, sale.order, sale.offer, sale.price_plan)
        yield from ((f"{folder}/{name}", data) for name, data in zip(_SALE, papers, strict=True))
        for index, plan in enumerate(sale.successors, start=1):
            yield f"{folder}/successors/{index:04}.json", plan
    for number, batch in enumerate(bundle.batches, start=1):
        yield f"usage/{number:06}.json", batch.envelope
        if batch.records is not None:
            yield f"usage/{number:06}.records.jsonl", form.rows_of(batch.records)
    for number, series in enumerate(bundle.series, start=1):
        yield f"series/{number:04}.json", series
    if bundle.earlier is not None:
        yield "earlier-invoice.json", bundle.earlier
    for number, note in enumerate(bundle.notes, start=1):
        yield f"notes/{number:04}.json", note.envelope
        yield f"notes/{number:04}.lines.jsonl", form.rows_of(note.lines)
    for number, dispute in enumerate(bundle.disputes, start=1):
        for index, paper in enumerate(dispute, start=1):
            yield f"disputes/{number:04}/{index:04}.json", paper


def _from_folder(folder: Path) -> Bundle:
    invoice = folder / _INVOICE
    if not invoice.is_file():
        raise CrexError(
            "NOT_FOUND",
            f"The folder has no {_INVOICE}, so it is no invoice bundle. Name one that `crex invoice export "
            "--format bundle` wrote.",
            source=str(folder),
        )
    earlier = folder / "earlier-invoice.json"
    return Bundle(
        invoice=BilledPapers(read_large(invoice), _rows(folder / "invoice.lines.jsonl") or ()),
        sales=tuple(_sale(each) for each in _folders(folder / "sales")),
        batches=tuple(
            BatchPapers(read_large(each), _rows(each.with_suffix(".records.jsonl")))
            for each in _json(folder / "usage")
        ),
        series=tuple(read_large(each) for each in _json(folder / "series")),
        earlier=read_large(earlier) if earlier.is_file() else None,
        notes=tuple(
            BilledPapers(read_large(each), _rows(each.with_suffix(".lines.jsonl")) or ())
            for each in _json(folder / "notes")
        ),
        disputes=tuple(
            tuple(read_large(paper) for paper in _json(each)) for each in _folders(folder / "disputes")
        ),
    )


def _sale(folder: Path) -> SalePapers:
    hold, order, offer, plan = (read_large(folder / name) for name in _SALE)
    return SalePapers(hold, order, offer, plan, tuple(map(read_large, _json(folder / "successors"))))


def _rows(path: Path) -> tuple[bytes, ...] | None:
    if not path.is_file():
        return None
    with named(path):
        return tuple(form.bodies_of(read_large(path)))


def _json(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"))


def _folders(folder: Path) -> list[Path]:
    return sorted(each for each in folder.glob("*") if each.is_dir())


def fetch_bundle(customer: Customer, invoice: Verified[v1.Invoice], lines: list[bytes]) -> Bundle:
    """Fetches everything behind an invoice from the broker.

    Raises:
        CrexError: A document behind it cannot be had.
    """
    from crex import v1
    from crex.trust.envelope import to_json

    def fetch(pin: v1.Pin) -> bytes:
        return to_json(customer.client.get_document(v1.GetDocumentRequest(sha256=pin.sha256)).envelope)

    message = invoice.message
    sales: list[SalePapers] = []
    batches: list[BatchPapers] = []
    for name in message.leases or [message.lease]:
        lease = customer.client.get_lease(v1.GetLeaseRequest(lease=name)).lease
        sales.append(_fetch_sale(customer, lease, message, fetch))
        token = ""
        while True:
            response = customer.client.list_usage(v1.ListUsageRequest(lease=name, page_token=token))
            batches += [BatchPapers(to_json(each.batch), tuple(each.records)) for each in response.batches]
            token = response.next_page_token
            if not token:
                break
    return Bundle(
        BilledPapers(to_json(invoice.envelope), tuple(lines)),
        tuple(sales),
        tuple(batches),
        series=tuple(fetch(pin) for pin in message.series_points),
        earlier=next((_fetch_invoice(customer, pin) for pin in message.earlier_invoices), None),
    )


def _fetch_invoice(customer: Customer, pin: v1.Pin) -> bytes:
    from crex import v1
    from crex.trust.envelope import to_json

    return to_json(customer.client.get_invoice(v1.GetInvoiceRequest(invoice_id=pin.id, page_size=1)).invoice)


def _fetch_sale(
    customer: Customer, lease: v1.Lease, invoice: v1.Invoice, fetch: Callable[[v1.Pin], bytes]
) -> SalePapers:
    from crex import v1
    from crex.documents import convert, reader
    from crex.trust.envelope import read_parts, to_json

    response = customer.client.get_order(v1.GetOrderRequest(order=lease.order))
    hold = convert.to_message(reader.read(response.hold_receipt.payload, v1.HoldReceipt), v1.HoldReceipt)
    item = next((each for each in hold.items if each.lease == lease.name), None)
    if item is None:
        raise CrexError("SUBJECT", f"The hold receipt that the broker has for {lease.name} does not name it.")
    offer = fetch(item.offer)
    plan = convert.to_message(reader.read(read_parts(offer).body, v1.Offer), v1.Offer).price_plan
    successors = [pin for pin in invoice.price_plans if pin.sha256 != plan.sha256]
    return SalePapers(
        to_json(response.hold_receipt),
        to_json(response.order_document),
        offer,
        fetch(plan),
        tuple(fetch(pin) for pin in successors),
    )
