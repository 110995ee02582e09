"""What a job gives: bills with their digests, lines and taxes, as JSON Lines or as Parquet.

The bytes depend on the bills alone: not on the engine, the number of parts, or how often the job was
interrupted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crex.bulk.extras import require
from crex.decimals import format_rational
from crex.rating import Line, Tax

if TYPE_CHECKING:
    from crex.bulk.pricing import Outcome

FORMATS: Final = ("json", "parquet")
# Rows of a Parquet row group, at most.
_ROWS: Final = 131_072

_BILLS: Final = {
    "bill": "string",
    "account": "string",
    "leases": "int64",
    "state": "string",
    "rating_digest": "string",
    "currency": "string",
    "net_total": "string",
    "total": "string",
    "complete": "bool_",
    "missing": "string",
    "estimated": "bool_",
    "reason": "string",
    "message": "string",
    "details": "string",
}
_LINES: Final = {
    "bill": "string",
    "key": "string",
    "order": "string",
    "lease": "string",
    "account": "string",
    "component": "string",
    "tier": "int64",
    "commitment": "string",
    "adjustment": "string",
    "plan": "string",
    "plan_revision": "int64",
    "plan_sha256": "string",
    "dimension": "string",
    "unit": "string",
    "quantity_num": "string",
    "quantity_den": "string",
    "unit_price": "string",
    "per_quantity": "string",
    "flat_price": "string",
    "price_series": "string",
    "factors": "string",
    "exact_num": "string",
    "exact_den": "string",
    "currency": "string",
    "amount": "string",
    "tax_category": "string",
    "unpriced": "bool_",
}
_TAXES: Final = {
    "bill": "string",
    "category": "string",
    "jurisdiction": "string",
    "rate": "string",
    "exemption_code": "string",
    "base": "string",
    "exact_num": "string",
    "exact_den": "string",
    "currency": "string",
    "amount": "string",
}
_TABLES: Final = {"bills": _BILLS, "lines": _LINES, "taxes": _TAXES}


def file_names(format_: str) -> list[str]:
    """Returns the names of the files of a format."""
    return ["bills.jsonl"] if format_ == "json" else [f"{name}.parquet" for name in _TABLES]


def write(folder: Path, outcomes: Iterable[Outcome], format_: str) -> dict[str, int]:
    """Writes the files of a part of a job.

    Returns:
        How many bills, lines and refused bills there are.
    """
    counts = {"bills": 0, "refused": 0, "incomplete": 0, "lines": 0}

    def counted() -> Iterator[Outcome]:
        for one in outcomes:
            counts["bills"] += 1
            if one.rating is None:
                counts["refused"] += 1
            else:
                counts["incomplete"] += not one.rating.complete
                counts["lines"] += len(one.rating.lines)
            yield one

    if format_ == "json":
        _write_json(folder / "bills.jsonl", counted())
    else:
        _write_parquet(folder, counted())
    return counts


def join(parts: Sequence[Path], target: Path) -> None:
    """Writes one file of the same file of each part, in order."""
    if target.suffix == ".jsonl" or target.name.endswith(".jsonl.tmp"):
        with target.open("wb") as file:
            for part in parts:
                file.write(part.read_bytes())
        return
    parquet = require("pyarrow.parquet")
    with parquet.ParquetWriter(target, parquet.read_schema(parts[0]), compression="zstd") as writer:
        for part in parts:
            source = parquet.ParquetFile(part)
            for group in range(source.num_row_groups):
                writer.write_table(source.read_row_group(group))


def bill_value(outcome: Outcome) -> dict[str, Any]:
    """Returns a bill as JSON states it; members without a value are left out."""
    rating = outcome.rating
    value = _bill(outcome)
    value["details"] = json.loads(value["details"]) if value["details"] else None
    value["missing"] = [str(one) for one in rating.missing] if rating is not None else None
    if rating is not None:
        value["lines"] = [_present(_line(one)) for one in rating.lines]
        value["taxes"] = [_present(_tax(one)) for one in rating.taxes]
        value["closings"] = [_closing(one.message()) for one in rating.closings]
    return _present(value)


def _write_json(path: Path, outcomes: Iterable[Outcome]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for one in outcomes:
            file.write(json.dumps(bill_value(one), ensure_ascii=False, separators=(",", ":")) + "\n")


def _write_parquet(folder: Path, outcomes: Iterable[Outcome]) -> None:
    writers = {name: _Writer(folder / f"{name}.parquet", columns) for name, columns in _TABLES.items()}
    try:
        for one in outcomes:
            writers["bills"].add(_bill(one))
            if one.rating is not None:
                name = {"bill": one.bill.name}
                for line in one.rating.lines:
                    writers["lines"].add(name | _line(line))
                for tax in one.rating.taxes:
                    writers["taxes"].add(name | _tax(tax))
    finally:
        for writer in writers.values():
            writer.close()


class _Writer:
    """A Parquet file of rows."""

    def __init__(self, path: Path, columns: dict[str, str]) -> None:
        self._pa, parquet = require("pyarrow"), require("pyarrow.parquet")
        self._schema = self._pa.schema([(name, getattr(self._pa, kind)()) for name, kind in columns.items()])
        self._writer = parquet.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[dict[str, Any]] = []

    def add(self, row: dict[str, Any]) -> None:
        """Adds a row; absent members are null."""
        self._rows.append(row)
        if len(self._rows) >= _ROWS:
            self._flush()

    def close(self) -> None:
        """Writes what is left."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(self._pa.Table.from_pylist(self._rows, schema=self._schema))
            self._rows.clear()


def _bill(outcome: Outcome) -> dict[str, Any]:
    bill, rating, error = outcome.bill.bill, outcome.rating, outcome.error
    value: dict[str, Any] = {
        "bill": outcome.bill.name,
        "account": bill.account,
        "leases": len(bill.leases),
        "state": "refused" if rating is None else "rated",
    }
    if rating is not None:
        value |= {
            "rating_digest": rating.digest,
            "currency": rating.total.currency,
            "net_total": rating.net_total.amount,
            "total": rating.total.amount,
            "complete": rating.complete,
            "missing": ", ".join(map(str, rating.missing)) or None,
            "estimated": rating.estimated,
        }
    details = json.dumps(dict(error.details), ensure_ascii=False, sort_keys=True) if error else None
    return value | {
        "reason": error.reason if error else None,
        "message": error.message if error else None,
        "details": details,
    }


def _line(line: Line) -> dict[str, Any]:
    quantity, exact = format_rational(line.quantity), format_rational(line.exact_amount)
    factors = ", ".join(f"{one.id} {'/'.join(format_rational(one.value))}" for one in line.factors)
    return {
        "key": line.key,
        "order": line.order,
        "lease": line.lease,
        "account": line.account,
        "component": line.component,
        "tier": line.tier,
        "commitment": line.commitment,
        "adjustment": line.adjustment,
        "plan": line.plan.id,
        "plan_revision": line.plan.revision,
        "plan_sha256": line.plan.sha256,
        "dimension": line.dimension,
        "unit": line.unit,
        "quantity_num": quantity[0],
        "quantity_den": quantity[1],
        "unit_price": line.unit_price,
        "per_quantity": line.per_quantity,
        "flat_price": line.flat_price,
        "price_series": line.series,
        "factors": factors or None,
        "exact_num": exact[0],
        "exact_den": exact[1],
        "currency": line.amount.currency,
        "amount": line.amount.amount,
        "tax_category": line.tax_category,
        "unpriced": line.unpriced or None,
    }


def _tax(tax: Tax) -> dict[str, Any]:
    exact = format_rational(tax.exact_amount)
    return {
        "category": tax.category,
        "jurisdiction": tax.jurisdiction,
        "rate": tax.rate,
        "exemption_code": tax.exemption_code,
        "base": tax.base.amount,
        "exact_num": exact[0],
        "exact_den": exact[1],
        "currency": tax.amount.currency,
        "amount": tax.amount.amount,
    }


def _closing(message: Any) -> dict[str, Any]:
    from crex.documents.convert import to_json

    return dict(to_json(message))


def _present(value: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in value.items() if each is not None}
