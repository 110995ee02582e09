from __future__ import annotations

import argparse
import io
from pathlib import Path

import pytest

from crex.cli.focus_export import as_json, writing
from crex.errors import CrexError
from crex.focus import COLUMNS, rows
from sdk.tests.focus import samples


def asked(*, form: str, output: Path | None = None) -> argparse.Namespace:
    """What a person asked for."""
    return argparse.Namespace(format=form, output=output)


def test_csv_is_an_answer() -> None:
    """Without a file the CSV is the answer."""
    result = writing(asked(form="focus"), rows(samples.fee_bill()))
    assert result.text.startswith('"AvailabilityZone","BilledCost"')
    assert len(result.text.splitlines()) == 4


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    """With a file the answer says what was written, and the file ends with its last row."""
    path = tmp_path / "bill.csv"
    options = asked(form="focus", output=path)
    result = writing(options, rows(samples.fee_bill()))
    assert result.text == f"Wrote 3 rows of FOCUS 1.2 to {path}."
    assert options.output is None
    assert path.read_text("utf-8").endswith("NULL\n")


def test_parquet_is_written_to_a_file(tmp_path: Path) -> None:
    """Parquet goes to a file, and only to one."""
    import pyarrow.parquet as pq

    path = tmp_path / "bill.parquet"
    writing(asked(form="parquet", output=path), rows(samples.fee_bill()))
    assert pq.read_table(io.BytesIO(path.read_bytes())).num_rows == 3
    with pytest.raises(CrexError, match=r"-o FILE\.parquet"):
        writing(asked(form="parquet"), rows(samples.fee_bill()))


def test_json_has_the_cells_of_the_csv() -> None:
    """As JSON a row has every column, numbers as decimal text."""
    first = as_json(rows(samples.usage_bill()))[0]
    assert list(first) == [column.name for column in COLUMNS]
    assert (first["BilledCost"], first["ChargePeriodStart"]) == ("17820.4", "2026-09-30T22:00:00Z")
    assert first["ChargeClass"] is None
