"""Invoice bundles: everything by which an invoice is recomputed, for whoever has no broker at hand.

A bundle holds signed envelopes and exact bytes and nothing else, so it needs no signature: what is in it is
verified when it is opened. Its form is stated in bundles.md.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import orjson

from crex.documents import strict
from crex.errors import CrexError

T = TypeVar("T")

FORMAT: Final = "crex-invoice-bundle/1"
MAX_BYTES: Final = 1 << 28
_MEMBERS: Final = (
    "format", "invoice", "lines", "sales", "batches", "series", "earlierInvoice", "notes", "disputes",
)  # fmt: skip
_SALE: Final = ("holdReceipt", "order", "offer", "pricePlan")


@dataclass(frozen=True, slots=True)
class BilledPapers:
    """An invoice or a note as it travels.

    Attributes:
        envelope: The envelope, in the DSSE file form.
        lines: Exact bytes of its lines.
    """

    envelope: bytes
    lines: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SalePapers:
    """The envelopes behind the leases of one offer in one order.

    Attributes:
        hold_receipt, order, offer, price_plan: What the sale was made by.
        successors: Plans that took the place of the first, one after the other.
    """

    hold_receipt: bytes
    order: bytes
    offer: bytes
    price_plan: bytes
    successors: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class BatchPapers:
    """A usage batch as it travels.

    Attributes:
        envelope: The envelope.
        records: Exact bytes of its records; nothing where they are not given.
    """

    envelope: bytes
    records: tuple[bytes, ...] | None


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bundle holds, nothing of it verified.

    Attributes:
        invoice: The invoice.
        sales: The sales of its leases.
        batches: The batches of its leases, of each lease first to last.
        series: Price series.
        earlier: The invoice whose closings are this one's openings; nothing: none.
        notes: Notes on the invoice, first to last.
        disputes: Each dispute with what came of it: the dispute first.
    """

    invoice: BilledPapers
    sales: tuple[SalePapers, ...] = ()
    batches: tuple[BatchPapers, ...] = ()
    series: tuple[bytes, ...] = ()
    earlier: bytes | None = None
    notes: tuple[BilledPapers, ...] = ()
    disputes: tuple[tuple[bytes, ...], ...] = ()


class BundleError(CrexError):
    """A file or a folder is no bundle."""


def to_json(bundle: Bundle) -> bytes:
    """Writes a bundle as one file (BUNDLE-FORM-1)."""
    value: dict[str, Any] = {"format": FORMAT, **_billed("invoice", bundle.invoice)}
    value["sales"] = [
        {
            **dict(zip(_SALE, map(_parsed, (s.hold_receipt, s.order, s.offer, s.price_plan)), strict=True)),
            **({"successors": [*map(_parsed, s.successors)]} if s.successors else {}),
        }
        for s in bundle.sales
    ]
    value["batches"] = [
        {
            "batch": _parsed(each.envelope),
            **({"records": [*map(_encoded, each.records)]} if each.records is not None else {}),
        }
        for each in bundle.batches
    ]
    if bundle.series:
        value["series"] = [*map(_parsed, bundle.series)]
    if bundle.earlier is not None:
        value["earlierInvoice"] = _parsed(bundle.earlier)
    if bundle.notes:
        value["notes"] = [_billed("note", each) for each in bundle.notes]
    if bundle.disputes:
        value["disputes"] = [[*map(_parsed, each)] for each in bundle.disputes]
    return orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n"


def from_json(data: bytes) -> Bundle:
    """Reads a bundle from one file (BUNDLE-FORM-1).

    Raises:
        BundleError: SCHEMA: it has another form; the message names the place.
        DocumentError: LIMIT or PAYLOAD: it is larger than 256 MiB, or not in strict form.
    """
    place = _Place(strict.loads(data, max_bytes=MAX_BYTES), "$")
    if place.member("format", optional=True) != FORMAT:
        raise place.refused(f'it is no invoice bundle: "format" is not "{FORMAT}"')
    place.only(_MEMBERS)
    earlier = place.member("earlierInvoice", optional=True)
    return Bundle(
        invoice=_read_billed(place, "invoice"),
        sales=tuple(place.each("sales", _read_sale)),
        batches=tuple(place.each("batches", _read_batch)),
        series=tuple(place.each("series", _Place.envelope)),
        earlier=None if earlier is None else place.at("earlierInvoice").envelope(),
        notes=tuple(place.each("notes", lambda each: _read_billed(each, "note"))),
        disputes=tuple(place.each("disputes", _read_dispute)),
    )


def is_bundle(value: Any) -> bool:
    """Tells whether a JSON value says that it is a bundle."""
    return isinstance(value, dict) and str(value.get("format", "")).startswith("crex-invoice-bundle/")


@dataclass(frozen=True, slots=True)
class _Place:
    """A value of a bundle's file, with its JSON path."""

    value: Any
    path: str

    def refused(self, what: str) -> BundleError:
        return BundleError(
            "SCHEMA",
            f"The bundle cannot be read at {self.path}: {what}. Write it again with `crex invoice export "
            "--format bundle`. (BUNDLE-FORM-1)",
            details={"requirement": "BUNDLE-FORM-1", "path": self.path},
        )

    def only(self, names: Iterable[str]) -> None:
        if not isinstance(self.value, dict):
            raise self.refused("it is no object")
        unknown = sorted(set(self.value) - set(names))
        if unknown:
            raise self.refused(f"it has an unknown member {unknown[0]!r}")

    def member(self, name: str, *, optional: bool = False) -> Any:
        if not isinstance(self.value, dict):
            raise self.refused("it is no object")
        if name not in self.value and not optional:
            raise self.refused(f"it has no {name!r}")
        return self.value.get(name)

    def at(self, name: str) -> _Place:
        return _Place(self.member(name), f"{self.path}.{name}")

    def each(self, name: str, read: Callable[[_Place], T]) -> list[T]:
        found = self.member(name, optional=True)
        if found is None:
            return []
        return _Place(found, f"{self.path}.{name}").items(read)

    def items(self, read: Callable[[_Place], T]) -> list[T]:
        if not isinstance(self.value, list):
            raise self.refused("it is no list")
        return [read(_Place(one, f"{self.path}[{index}]")) for index, one in enumerate(self.value)]

    def envelope(self) -> bytes:
        if not isinstance(self.value, dict):
            raise self.refused("it is no envelope")
        return orjson.dumps(self.value)

    def body(self) -> bytes:
        found = strict.base64_bytes(self.value)
        if found is None:
            raise self.refused("it is no base64 text")
        return found


def _read_billed(place: _Place, name: str) -> BilledPapers:
    if name == "note":
        place.only({"note", "lines"})
    return BilledPapers(place.at(name).envelope(), tuple(place.each("lines", _Place.body)))


def _read_sale(place: _Place) -> SalePapers:
    place.only({*_SALE, "successors"})
    hold, order, offer, plan = (place.at(name).envelope() for name in _SALE)
    return SalePapers(hold, order, offer, plan, tuple(place.each("successors", _Place.envelope)))


def _read_batch(place: _Place) -> BatchPapers:
    place.only({"batch", "records"})
    given = place.member("records", optional=True) is not None
    records = tuple(place.each("records", _Place.body))
    return BatchPapers(place.at("batch").envelope(), records if given else None)


def _read_dispute(place: _Place) -> tuple[bytes, ...]:
    return tuple(place.items(_Place.envelope))


def _billed(name: str, papers: BilledPapers) -> dict[str, Any]:
    return {name: _parsed(papers.envelope), "lines": [*map(_encoded, papers.lines)]}


def _parsed(envelope: bytes) -> Any:
    return orjson.loads(envelope)


def _encoded(body: bytes) -> str:
    return b64encode(body).decode("ascii")


def rows_of(bodies: Sequence[bytes]) -> bytes:
    """Writes exact bytes one a line: as they are, or as a JSON string of base64 where they could not be told.

    Bytes that begin with `{` and have no line break stand as they are.
    """
    return b"".join(
        (body if body[:1] == b"{" and not {10, 13} & set(body) else orjson.dumps(_encoded(body))) + b"\n"
        for body in bodies
    )


def bodies_of(rows: bytes) -> list[bytes]:
    """Reads what `rows_of` wrote.

    Raises:
        BundleError: SCHEMA: a row is neither an object nor a JSON string of base64.
    """
    found = []
    for number, row in enumerate(rows.split(b"\n"), start=1):
        if not row:
            continue
        if row[:1] == b"{":
            found.append(row)
            continue
        place = _Place(None, f"line {number}")
        try:
            value = orjson.loads(row)
        except orjson.JSONDecodeError as error:
            raise place.refused("it is neither an object nor a text") from error
        found.append(_Place(value, place.path).body())
    return found
