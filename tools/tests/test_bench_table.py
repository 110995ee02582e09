"""The table of measured figures."""

import json
from pathlib import Path

import pytest

from tools import bench_table

FIGURES = {
    "machine_info": {
        "cpu": {"brand_raw": "A processor", "count": 2},
        "system": "Linux",
        "release": "6.1",
        "python_implementation": "CPython",
        "python_version": "3.11.7",
    },
    "datetime": "2026-11-23T17:00:00",
    "benchmarks": [
        {
            "name": "test_hold_in_the_store[16]",
            "extra_info": {"callers": 16, "holds_per_s": 900, "over_fdatasync": 1.5, "goal": "≥ 1.0"},
        },
        {"name": "test_a_reader", "extra_info": {"ratio_wire": 1.7, "us": {"read": 9.5}, "compared": "raw"}},
    ],
}


def test_the_table_shows_ratios_goals_and_both_sides(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each benchmark is a row; the machine's facts stand above; the page is kept beside the figures."""
    place = tmp_path / "bench.json"
    place.write_text(json.dumps(FIGURES), "utf-8")
    assert bench_table.main([str(place)]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines() == [
        "A processor, 2 CPUs, Linux 6.1, CPython 3.11.7, 2026-11-23.",
        "",
        "| work | ratio | goal | both sides |",
        "|---|---|---|---|",
        "| a reader | ratio wire 1.7 |  | read us 9.5 |",
        "| hold in the store, 16 | over fdatasync 1.5 | ≥ 1.0 | callers 16, holds per s 900 |",
    ]
    assert place.with_suffix(".md").read_text("utf-8") == shown
