"""The table of usage records: which columns a Parquet file has, and what each may be (docs/bulk-rating.md).

One row is one record. Columns that are not named here are ignored. A table is read as what it says: whoever
writes one vouches that each row states what the exact bytes of its record state. Where bytes are kept, a
column of their SHA-256, or the bytes themselves, decides which records are the same (RATE-DUPLICATE-1,
RATE-CONFLICT-1); elsewhere records of one key are the same where all columns are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from crex.bulk.extras import first_line, require
from crex.documents.patterns import FORMS
from crex.errors import CrexError
from crex.v1 import StringFormat

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from crex.bulk.dialects import Dialect

# 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999Z, between which times of documents lie (SCALAR-TIME-1).
FIRST_MS: Final = -62_135_596_800_000
LAST_MS: Final = 253_402_300_799_999
_DECIMAL_DIGITS: Final = (18, 12)
DECIMAL_TEXT: Final = "0|[1-9][0-9]{0,17}([.][0-9]{0,11}[1-9])?|0[.][0-9]{0,11}[1-9]"
_ID: Final = re.compile(FORMS[StringFormat.STRING_FORMAT_ID].pattern)
_METER: Final = re.compile("[a-z0-9][a-z0-9-]{0,62}")
# Columns that decide by themselves which records are the same.
_IDENTITY: Final = ("sha256", "body")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, what types it may have, and whether each file must have it."""

    name: str
    kinds: tuple[str, ...]
    required: bool = True


COLUMNS: Final = (
    Column("lease", ("text",)),
    Column("meter_id", ("text",)),
    Column("seq", ("integer",)),
    Column("revision", ("integer",)),
    Column("resource", ("text",)),
    Column("dimension", ("text",)),
    Column("unit", ("text",)),
    Column("start", ("integer", "time")),
    Column("end", ("integer", "time")),
    Column("quantity", ("text", "decimal", "integer")),
    Column("estimated", ("bool",), required=False),
    Column("bill", ("text",), required=False),
    Column("sha256", ("text",), required=False),
    Column("body", ("text", "bytes"), required=False),
    # Written by the converter of JSON Lines alone: why a line is no record, and where it stands.
    Column("refused", ("text",), required=False),
)


def kinds_of(path: Path) -> dict[str, str]:
    """Returns the kind of each known column of a Parquet file.

    Raises:
        CrexError: PAYLOAD if it is no Parquet file; SCHEMA if a column is missing, or not what it must be.
    """
    pa, parquet = require("pyarrow"), require("pyarrow.parquet")
    try:
        schema = parquet.read_schema(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise CrexError(
            "PAYLOAD",
            f"The file is no Parquet file ({first_line(error)}). Name files of records: *.parquet, "
            "or JSON Lines.",
            source=str(path),
        ) from error
    found: dict[str, str] = {}
    for column in COLUMNS:
        if column.name not in schema.names:
            if column.required:
                raise _refused(path, f"has no column {column.name}")
            continue
        kind = _kind(pa, schema.field(column.name).type)
        if kind not in column.kinds:
            given = schema.field(column.name).type
            raise _refused(
                path, f"has a column {column.name} of {given}; expected {' or '.join(column.kinds)}"
            )
        found[column.name] = kind
    return found


def _kind(pa: Any, given: Any) -> str:
    types = pa.types
    if types.is_dictionary(given):
        given = given.value_type
    if types.is_decimal(given):
        whole, fraction = _DECIMAL_DIGITS
        fits = 0 <= given.scale <= fraction and given.precision - given.scale <= whole
        return "decimal" if fits else f"decimal of more than {whole} + {fraction} digits"
    if types.is_timestamp(given):
        if given.unit == "ns":
            return "time in nanoseconds"
        return "time" if given.tz in (None, "UTC", "+00:00", "Etc/UTC") else "time in another zone than UTC"
    tests = {
        "text": types.is_string(given) or types.is_large_string(given) or types.is_string_view(given),
        "bytes": types.is_binary(given) or types.is_large_binary(given) or types.is_binary_view(given),
        "integer": types.is_integer(given) and not types.is_uint64(given),
        "bool": types.is_boolean(given),
    }
    return next((kind for kind, holds in tests.items() if holds), "another type")


def select(kinds: Mapping[str, str], table: str, dialect: Dialect) -> str:
    """Returns the SELECT that reads a table of records in its one form, the table `records` of steps.py.

    `refused` is the reason for which a row is no record (step 2), or nothing.
    """
    quoted = {name: dialect.quoted.format(name) for name in kinds}
    start, end = (_milliseconds(quoted[name], kinds[name], dialect) for name in ("start", "end"))
    quantity, bad_quantity = _quantity(kinds["quantity"], dialect)
    bad = [
        *(f"{quoted[column.name]} IS NULL" for column in COLUMNS if column.required),
        "seq < 1 OR revision < 1",
        f"{start} > {end}",
        f"{start} < {FIRST_MS} OR {end} > {LAST_MS}",
        bad_quantity,
        *(
            f"{dialect.microseconds.format(quoted[name])} % 1000 <> 0"
            for name in ("start", "end")
            if kinds[name] == "time"
        ),
    ]
    given = "refused" if "refused" in kinds else f"CAST(NULL AS {dialect.text})"
    return f"""
SELECT {"COALESCE(bill, '')" if "bill" in kinds else "''"} AS bill, COALESCE(lease, '') AS lease, meter_id,
  CAST(seq AS BIGINT) AS seq, CAST(revision AS BIGINT) AS revision, resource, dimension, unit,
  {start} AS start_ms, {end} AS end_ms, {quantity} AS quantity,
  {"COALESCE(estimated, FALSE)" if "estimated" in kinds else "FALSE"} AS estimated,
  {_mark(kinds, dialect)} AS mark,
  CASE WHEN {given} IS NOT NULL THEN {given} WHEN {" OR ".join(bad)} THEN 'SCHEMA' END AS refused
FROM {table}
"""


def _milliseconds(column: str, kind: str, dialect: Dialect) -> str:
    if kind == "integer":
        return f"CAST({column} AS BIGINT)"
    return dialect.milliseconds.format(column)


def _quantity(kind: str, dialect: Dialect) -> tuple[str, str]:
    """Returns the quantity as DECIMAL(30,12), and what makes it none."""
    if kind == "text":
        fits = dialect.matches.format("quantity", DECIMAL_TEXT)
        return f"CAST(CASE WHEN {fits} THEN quantity END AS DECIMAL(30,12))", f"NOT {fits}"
    if kind == "integer":
        fits = "quantity BETWEEN 0 AND 999999999999999999"
        return f"CAST(CASE WHEN {fits} THEN quantity END AS DECIMAL(30,12))", f"NOT ({fits})"
    return "CAST(quantity AS DECIMAL(30,12))", "quantity < 0"


def _mark(kinds: Mapping[str, str], dialect: Dialect) -> str:
    if "sha256" in kinds:
        return "COALESCE(sha256, '')"
    if "body" in kinds:
        return f"COALESCE({dialect.sha256.format('body')}, '')"
    return "''"


def broken_name(meter_id: str, lease: str, resource: str, dimension: str, unit: str) -> str | None:
    """Returns which text of a record is not of its form, in words; nothing where all are (step 2)."""
    if _METER.fullmatch(meter_id) is None:
        return f"meter {meter_id[:80]!r}"
    for what, text in (("lease", lease), ("resource", resource)):
        if _ID.fullmatch(text) is None:
            return f"{what} {text[:80]!r}"
    token = FORMS[StringFormat.STRING_FORMAT_TOKEN]
    for what, text in (("dimension", dimension), ("unit", unit)):
        if not token.matches(text):
            return f"{what} {text[:80]!r}"
    return None


def _refused(path: Path, what: str) -> CrexError:
    names = ", ".join(column.name for column in COLUMNS if column.required)
    return CrexError(
        "SCHEMA",
        f"The table of records {what}. It needs the columns {names}; quantities as DECIMAL(30,12) or text, "
        "never as floating-point numbers; times as milliseconds since 1970 or as timestamps in UTC.",
        source=str(path),
    )
