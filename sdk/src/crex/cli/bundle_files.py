"""Bundles in files and folders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from crex.bundles import bundle as form
from crex.bundles.bundle import BatchPapers, BilledPapers, Bundle, SalePapers
from crex.cli.files import read_bytes, write_file
from crex.errors import CrexError, named

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
    return read_bytes(path, limit, "Divide it, by period or by lease.")


def write_bundle(bundle: Bundle, path: Path) -> None:
    """Writes a bundle: as one file where the name ends in `.json`, else as a folder that people can read.

    Either is there whole or not at all: a folder that lacks a note would be a bundle, too.

    Raises:
        CrexError: STORAGE_UNAVAILABLE: it cannot be written. CONFLICT: the folder holds something already.
    """
    if path.suffix == ".json":
        write_file(path, form.to_json(bundle))
        return
    if path.is_dir() and any(path.iterdir()):
        raise CrexError("CONFLICT", "The folder is not empty. Name a new one.", source=str(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent) as beside:
            whole = Path(beside) / path.name
            for name, data in _files(bundle):
                write_file(whole / name, data)
            whole.replace(path)
    except OSError as error:
        raise CrexError(
            "STORAGE_UNAVAILABLE",
            f"The folder cannot be written ({error.strerror}). Make room, or name another.",
            source=str(path),
        ) from error
    except CrexError as error:
        error.source = str(path)
        raise


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
