"""Invoices and notes as FOCUS 1.2, the common format of billing data, in CSV and Parquet (docs/focus.md).

`rows` makes the rows of one `Bill`; `csv_lines` and `write_parquet` write them. What each column holds is
stated in `columns`, what FOCUS calls our dimensions and units in `catalogue`.
"""

from crex.focus.bill import Bill, FocusError, LeaseFacts
from crex.focus.cells import Row
from crex.focus.columns import COLUMNS, CREX_COLUMNS, FOCUS_COLUMNS, Column, Kind
from crex.focus.csv_file import csv_lines
from crex.focus.parquet_file import write_parquet
from crex.focus.rows import rows

__all__ = [
    "COLUMNS",
    "CREX_COLUMNS",
    "FOCUS_COLUMNS",
    "Bill",
    "Column",
    "FocusError",
    "Kind",
    "LeaseFacts",
    "Row",
    "csv_lines",
    "rows",
    "write_parquet",
]
