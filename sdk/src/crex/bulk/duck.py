"""DuckDB as the engine: embedded, columnar, bounded in memory by spilling to disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crex.bulk.columns import select
from crex.bulk.dialects import DUCKDB
from crex.bulk.extras import first_line, require
from crex.bulk.session import Limits, Source
from crex.errors import CrexError

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH: Final = 10_000


class DuckSession:
    """A DuckDB of its own, in memory."""

    def __init__(self, limits: Limits) -> None:
        self._duckdb = require("duckdb")
        config: dict[str, Any] = {
            "preserve_insertion_order": "false",
            "autoinstall_known_extensions": "false",  # nothing is fetched from a network
        }
        if limits.memory is not None:
            config["memory_limit"] = f"{limits.memory}B"
        if limits.threads is not None:
            config["threads"] = limits.threads
        if limits.spill is not None:
            config["temp_directory"] = str(limits.spill)
        self._db = self._duckdb.connect(config=config)
        self._db.execute("SET TimeZone = 'UTC'") if self._has_zones() else None

    def read(self, sources: Sequence[Source]) -> None:
        """Makes the view `records` over Parquet files."""
        self.see(
            "records", "\nUNION ALL\n".join(select(one.kinds, _files(one.paths), DUCKDB) for one in sources)
        )

    def load(self, name: str, table: pa.Table) -> None:
        """Makes a table of an Arrow table."""
        with self._explained():
            self._db.register("given", table)
            self._db.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM given")
            self._db.unregister("given")

    def keep(self, name: str, select: str) -> None:
        """Makes a table of a SELECT."""
        with self._explained():
            self._db.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {select}")

    def see(self, name: str, select: str) -> None:
        """Makes a view of a SELECT."""
        with self._explained():
            self._db.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {select}")

    def rows(self, select: str) -> Iterator[tuple[Any, ...]]:
        """Yields the rows of a SELECT."""
        with self._explained():
            cursor = self._db.execute(select)
            while batch := cursor.fetchmany(_BATCH):
                yield from batch

    def drop(self, names: Sequence[str]) -> None:
        """Forgets tables."""
        for name in names:
            self._db.execute(f"DROP TABLE IF EXISTS {name}")

    def close(self) -> None:
        """Ends DuckDB and frees what it holds."""
        self._db.close()

    def _has_zones(self) -> bool:
        try:
            self._db.execute("SELECT current_setting('TimeZone')")
        except self._duckdb.Error:
            return False  # without its calendar extension it knows no zone, and takes every time as UTC
        return True

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except self._duckdb.OutOfMemoryException as error:
            raise CrexError(
                "LIMIT",
                f"DuckDB has no memory left ({first_line(error)}). Give it more with --memory, fewer "
                "--threads, or a --spill folder on a disk with room.",
            ) from error
        except self._duckdb.IOException as error:
            raise CrexError(
                "STORAGE_UNAVAILABLE",
                f"DuckDB cannot read the records or spill to disk ({first_line(error)}). Check the files "
                "and the room in the --spill folder.",
            ) from error
        except (self._duckdb.InvalidInputException, self._duckdb.ConversionException) as error:
            raise CrexError(
                "PAYLOAD",
                f"DuckDB cannot read the records ({first_line(error)}). A Parquet file is damaged, or is "
                "not what its schema says; write it anew.",
            ) from error


def _files(paths: Sequence[Path]) -> str:
    quoted = ", ".join("'" + _literal(path) + "'" for path in paths)
    return f"read_parquet([{quoted}])"


def _literal(path: Path) -> str:
    # DuckDB would take *, ? and [ in a file's name for a pattern.
    text = str(path).replace("'", "''")
    return "".join(f"[{one}]" if one in "*?[" else one for one in text)
