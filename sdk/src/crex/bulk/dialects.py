"""What DuckDB and Spark write differently: one line each. All else of the SQL is one text (steps.py)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an engine writes what the other writes differently; `{}` stands for the operand.

    Attributes:
        text: Type of text.
        quoted: A name that is a word of SQL.
        milliseconds: Whole milliseconds since 1970 UTC of a timestamp.
        microseconds: Microseconds since 1970 UTC of a timestamp.
        matches: Whether a text (first operand) matches a regular expression (second) as a whole.
        sha256: SHA-256 of bytes, lowercase hexadecimal.
    """

    text: str
    quoted: str
    milliseconds: str
    microseconds: str
    matches: str
    sha256: str


DUCKDB = Dialect(
    text="VARCHAR",
    quoted='"{}"',
    milliseconds="epoch_ms({})",
    microseconds="epoch_us({})",
    matches="regexp_full_match({0}, '{1}')",
    sha256="sha256(CAST({} AS BLOB))",
)
SPARK = Dialect(
    text="STRING",
    quoted="`{}`",
    milliseconds="unix_millis(CAST({} AS TIMESTAMP))",
    microseconds="unix_micros(CAST({} AS TIMESTAMP))",
    matches="({0} RLIKE '^({1})$' AND NOT {0} RLIKE '[^0-9.]')",
    sha256="sha2(CAST({} AS BINARY), 256)",
)
