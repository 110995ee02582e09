"""FOCUS rows as Parquet: amounts as DECIMAL, never as floats; instants as timestamps in UTC.

It needs pyarrow, which `pip install 'crex-protocol[parquet]'` brings. Both files of a bill, this and the CSV,
have the same numbers, digit by digit.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from types import ModuleType
from typing import IO, TYPE_CHECKING, Final, cast

from crex.errors import CrexError
from crex.focus.cells import Cell, Row
from crex.focus.columns import COLUMNS, PRECISION, SCALES, Column, Kind
from crex.focus.numbers import decimal_value

if TYPE_CHECKING:
    import pyarrow as pa

# Rows of one bill are written as one group of at most so many.
_GROUP: Final = 100_000


def schema() -> pa.Schema:
    """Returns the schema of every file.

    Raises:
        CrexError: NOT_FOUND: pyarrow is not installed.
    """
    arrow = _arrow()
    types = {
        Kind.TEXT: arrow.string(),
        Kind.OBJECT: arrow.string(),
        Kind.TIME: arrow.timestamp("ms", tz="UTC"),
        **{kind: arrow.decimal128(PRECISION, scale) for kind, scale in SCALES.items()},
    }
    fields = [arrow.field(column.name, types[column.kind], nullable=column.nullable) for column in COLUMNS]
    return arrow.schema(fields, metadata={"focus_version": "1.2"})


def write_parquet(rows: Iterable[Row], file: IO[bytes]) -> None:
    """Writes rows as one Parquet file.

    Raises:
        CrexError: NOT_FOUND: pyarrow is not installed. LIMIT: a number is larger than its column.
    """
    arrow = _arrow()
    import pyarrow.parquet as pq

    form, listed = schema(), list(rows)
    with pq.ParquetWriter(file, form, compression="zstd") as writer:
        for first in range(0, max(1, len(listed)), _GROUP):
            group = listed[first : first + _GROUP]
            columns = [[_value(row[column.name], column) for row in group] for column in COLUMNS]
            arrays = [arrow.array(cells, type=field.type) for cells, field in zip(columns, form, strict=True)]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=form))


def _value(value: Cell, column: Column) -> str | Decimal | datetime | None:
    return decimal_value(value, column) if isinstance(value, Fraction) else value


def _arrow() -> ModuleType:
    try:
        import pyarrow as pa
    except ImportError as error:
        raise CrexError(
            "NOT_FOUND",
            "Parquet is written by pyarrow, which is not installed. Install it (pip install "
            "'crex-protocol[parquet]'), or export the same rows as CSV with --format focus.",
        ) from error
    return cast(ModuleType, pa)
