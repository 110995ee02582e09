"""Rating millions of records, against SQL written by hand for the same work, CloudKitty, and Decimal.

All sides are interleaved in one run on the same records, and only their ratios count. Goals: at least 0.8 of
the hand-written SQL, at least 10 times CloudKitty's `HashMap.process`.

What the peers do not do: the hand-written SQL takes the highest revision of each number, divides time at
windows, sums exactly and applies tiers. It does not ask whether two records of one key differ, a number is
missing, records overlap, leave the lease's time, or hold more than was leased; knows no clocks but those that
its table of windows was made for; and gives no lines, keys or digests. CloudKitty and Decimal multiply each
record by one flat price.

`CREX_BENCH_RECORDS` names the greatest number of records of the growth, 10^7 unless stated; 10^8 takes
minutes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import IO, Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from crex.bulk.bills import BillSet
from crex.bulk.columns import kinds_of
from crex.bulk.duck import DuckSession
from crex.bulk.engine import rate_bills
from crex.bulk.job import Job, run
from crex.bulk.session import Limits, Source
from sdk.benchmarks import bulk_usage

ROUNDS = 5
RECORDS = 2_000_000
POINTS = 20_000
MOST = int(float(os.environ.get("CREX_BENCH_RECORDS", "1e7")))
ENVIRONMENT = Path(__file__).parents[2] / "build" / "cloudkitty"
MEMORY = 2 << 30


@dataclass(frozen=True)
class Work:
    """Records in a file, and their bills."""

    usage: bulk_usage.Usage
    bills: BillSet


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Work:
    """Two million records."""
    usage = bulk_usage.write(tmp_path_factory.mktemp("bulk") / "usage.parquet", RECORDS)
    return Work(usage, bulk_usage.bills(usage.leases))


def compare(sides: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Median seconds of each side, all interleaved, after one warm-up."""
    samples: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(ROUNDS + 1):
        for name, side in sides.items():
            begin = perf_counter()
            found = side()
            if turn:
                samples[name].append(found if isinstance(found, float) else perf_counter() - begin)
    return {name: median(values) for name, values in samples.items()}


# --- SQL as one would write it for this plan and month. ---

_WINDOWS = """
CREATE TABLE windows AS SELECT * FROM (VALUES {rows}) w(begins, ends, band)
"""
_BY_HAND = """
WITH counting AS (
  SELECT lease, ANY_VALUE(dimension) AS dimension, MAX_BY(start, revision) AS start,
    MAX_BY("end", revision) AS "end", MAX_BY(quantity, revision) AS quantity
  FROM read_parquet('{path}') GROUP BY lease, meter_id, seq
),
used AS (
  SELECT lease, CASE WHEN dimension = 'output' THEN 'tokens' ELSE band END AS band,
    SUM(CAST(quantity AS DECIMAL(38,12)) * CASE WHEN dimension = 'output' THEN 1
      ELSE (LEAST("end", ends) - GREATEST(start, begins)) // 1000 END) AS q
  FROM counting JOIN windows ON start < ends AND "end" > begins
  GROUP BY ALL
),
tiers(band, bound, first, next, per) AS (VALUES ('day', 1000000, 2.99, 1.995, 3600),
  ('night', 1000000, 1.49, 0.995, 3600), ('tokens', 100000, 0.1, 0.05, 1000))
SELECT lease, band, LEAST(q, bound) * first AS a, GREATEST(q - bound, 0) * next AS b, per
FROM used JOIN tiers USING (band)
"""


def windows() -> str:
    """The windows of the month, by day and by night in Berlin, as rows of SQL."""
    hour = 3_600_000
    rows: list[tuple[int, int, str]] = []
    for start in range(bulk_usage.PERIOD.start_ms, bulk_usage.PERIOD.end_ms, hour):
        local = (start + bulk_usage.ZONE.offset_at(start)) // hour % 24
        band = "day" if 8 <= local < 20 else "night"
        if rows and rows[-1][2] == band:
            rows[-1] = (rows[-1][0], start + hour, band)
        else:
            rows.append((start, start + hour, band))
    return ", ".join(f"({begins}, {ends}, '{band}')" for begins, ends, band in rows)


def by_hand(path: Path) -> Callable[[], list[Any]]:
    """The hand-written SQL, ready to be carried out."""
    duckdb = pytest.importorskip("duckdb")
    database = duckdb.connect(config={"preserve_insertion_order": "false", "memory_limit": f"{MEMORY}B"})
    database.execute(_WINDOWS.format(rows=windows()))

    def carry_out() -> list[Any]:
        found: list[Any] = database.execute(_BY_HAND.format(path=path)).fetchall()
        return found

    return carry_out


def in_bulk(work: Work) -> Callable[[], dict[str, list[Fraction]]]:
    """The bulk engine: from the file to lines, totals and digests."""

    def carry_out() -> dict[str, list[Fraction]]:
        session = DuckSession(Limits(memory=MEMORY))
        session.read([Source(kinds_of(work.usage.path), [work.usage.path])])
        found, _ = rate_bills(session, work.bills)
        session.close()
        assert all(one.rating is not None for one in found)
        return {
            one.bill.name: [line.exact_amount for line in one.rating.lines]
            for one in found
            if one.rating is not None
        }

    return carry_out


def test_bulk_against_sql_by_hand(benchmark: BenchmarkFixture, work: Work) -> None:
    """The same records by the bulk engine and by SQL written for them; the exact amounts are the same."""
    ours, theirs = in_bulk(work), by_hand(work.usage.path)
    amounts: dict[str, Fraction] = {}
    for lease, _, first, after, per in theirs():
        amounts[lease] = amounts.get(lease, Fraction(0)) + (Fraction(first) + Fraction(after)) / per
    assert {name: sum(lines) for name, lines in ours().items()} == amounts
    medians = compare({"bulk": ours, "by hand": theirs})
    benchmark.extra_info |= {
        "compared": "hand-written DuckDB SQL: dedupe, windows, graduated tiers, exact",
        "records": work.usage.records,
        "bulk_records_per_s": round(work.usage.records / medians["bulk"]),
        "by_hand_records_per_s": round(work.usage.records / medians["by hand"]),
        "ratio": round(medians["by hand"] / medians["bulk"], 2),
        "goal": "≥ 0.8",
    }
    benchmark(ours)
    print(f"\nbulk against SQL by hand: {benchmark.extra_info}")


@pytest.fixture(scope="module")
def cloudkitty() -> Iterator[Callable[[], float]]:
    """CloudKitty in an environment of its own; gives the seconds of rating its points once."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "cloudkitty"]
        if subprocess.run(install, check=False, capture_output=True).returncode:
            pytest.skip(f"CloudKitty cannot be installed into {ENVIRONMENT}: pip says no")
    command = [str(python), str(Path(__file__).with_name("cloudkitty_peer.py")), str(POINTS)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        given: IO[str] = process.stdin
        said: IO[str] = process.stdout
        if said.readline().strip() != "ready":
            pytest.skip("CloudKitty does not run in its environment")

        def once() -> float:
            given.write("\n")
            given.flush()
            return float(said.readline())

        yield once
        given.close()


def test_bulk_against_cloudkitty(
    benchmark: BenchmarkFixture, work: Work, cloudkitty: Callable[[], float]
) -> None:
    """Records a second of the bulk engine, against points a second of CloudKitty's HashMap and of Decimal."""
    price, quantities = Decimal("2.99"), [Decimal(8)] * POINTS

    def decimals() -> list[Decimal]:
        return [quantity * price for quantity in quantities]

    ours = in_bulk(work)
    medians = compare({"bulk": ours, "cloudkitty": cloudkitty, "decimal": decimals})
    bulk = work.usage.records / medians["bulk"]
    benchmark.extra_info |= {
        "compared": "CloudKitty's HashMap.process, one flat price; Python's Decimal, one multiplication",
        "records": work.usage.records,
        "bulk_records_per_s": round(bulk),
        "cloudkitty_points_per_s": round(POINTS / medians["cloudkitty"]),
        "decimal_products_per_s": round(POINTS / medians["decimal"]),
        "ratio": round(bulk * medians["cloudkitty"] / POINTS, 1),
        "goal": "≥ 10",
    }
    benchmark(ours)
    print(f"\nbulk against CloudKitty: {benchmark.extra_info}")


@pytest.mark.parametrize("records", [count for count in (10**4, 10**5, 10**6, 10**7, 10**8) if count <= MOST])
def test_bulk_growth(benchmark: BenchmarkFixture, tmp_path: Path, records: int) -> None:
    """A whole job, from a file of records to a file of lines on disk, as records grow."""
    usage = bulk_usage.write(tmp_path / "usage.parquet", records)
    bills = bulk_usage.bills(usage.leases)
    turns = 1 if records >= 10**7 else 3
    seconds = []
    for turn in range(turns):
        job = Job(
            bills=bills,
            bills_sha256="",
            usage=[usage.path],
            folder=tmp_path / f"out-{turn}",
            format="parquet",
            limits=Limits(memory=MEMORY),
        )
        begin = perf_counter()
        report = run(job)
        seconds.append(perf_counter() - begin)
        assert (report.bills, report.refused) == (usage.leases, 0)
    benchmark.extra_info |= {
        "records": usage.records,
        "leases": usage.leases,
        "s": round(median(seconds), 2),
        "records_per_s": round(usage.records / median(seconds)),
        "memory_limit_MiB": MEMORY >> 20,
    }
    benchmark(lambda: None)
    print(f"\nbulk growth: {benchmark.extra_info}")
