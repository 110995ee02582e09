"""Spark as the engine: the same SQL on many machines, for those who outgrow one (docs/bulk-rating.md)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crex.bulk.columns import select
from crex.bulk.dialects import SPARK
from crex.bulk.extras import first_line, require
from crex.bulk.session import Limits, Source
from crex.errors import CrexError

if TYPE_CHECKING:
    import pyarrow as pa

# What the digits of a bill hang on; a cluster's own defaults must not change them.
_MEANING: Final = {
    "spark.sql.ansi.enabled": "true",  # an overflow is an error, never nothing
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.decimalOperations.allowPrecisionLoss": "true",
    "spark.sql.caseSensitive": "false",
}
# Where Spark is started here rather than by spark-submit, whose settings stand.
_DEFAULTS: Final = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "64",
    "spark.sql.adaptive.enabled": "true",  # joins small pieces of a shuffle again
}


class SparkSession:
    """A Spark application; an existing one (spark-submit) is used, and then not ended."""

    def __init__(
        self, limits: Limits, *, master: str | None = None, settings: dict[str, str] | None = None
    ) -> None:
        sql = require("pyspark.sql")
        _require_java()
        self._owned = sql.SparkSession.getActiveSession() is None
        builder = sql.SparkSession.builder.appName("crex rate")
        defaults = {} if "PYSPARK_GATEWAY_PORT" in os.environ else {**_DEFAULTS, **_local(limits)}
        given = {**defaults, **(settings or {}), **_MEANING}
        master = master or os.environ.get("SPARK_MASTER")
        if master is not None:
            builder = builder.master(master)
        for name, value in given.items():
            builder = builder.config(name, value)
        try:
            self._spark = builder.getOrCreate()
        except (
            Exception
        ) as error:  # py4j and pyspark raise errors of their own kinds, some without a common root
            raise _not_started(first_line(error)) from error
        for name, value in _MEANING.items():
            self._spark.conf.set(name, value)
        self._spark.sparkContext.setLogLevel("ERROR")
        self._kept: dict[str, Any] = {}

    def read(self, sources: Sequence[Source]) -> None:
        """Makes the view `records` over Parquet files, which every executor must be able to read."""
        for number, one in enumerate(sources):
            with self._explained():
                frame = self._spark.read.parquet(*map(_literal, one.paths))
                frame.createOrReplaceTempView(f"source_{number}")
        parts = (select(one.kinds, f"source_{number}", SPARK) for number, one in enumerate(sources))
        self.see("records", "\nUNION ALL\n".join(parts))

    def load(self, name: str, table: pa.Table) -> None:
        """Makes a table of an Arrow table."""
        with self._explained():
            if table.num_rows:
                frame = self._spark.createDataFrame(table)
            else:  # an empty Arrow table has no batch that Spark could read a schema from
                columns = ", ".join(f"`{field.name}` {_TYPES[str(field.type)]}" for field in table.schema)
                frame = self._spark.createDataFrame([], columns)
            self._hold(name, frame)

    def keep(self, name: str, select: str) -> None:
        """Makes a table of a SELECT; it is stored when it is first used."""
        with self._explained():
            self._hold(name, self._spark.sql(select))

    def see(self, name: str, select: str) -> None:
        """Makes a view of a SELECT."""
        with self._explained():
            self._spark.sql(select).createOrReplaceTempView(name)

    def rows(self, select: str) -> Iterator[tuple[Any, ...]]:
        """Yields the rows of a SELECT."""
        with self._explained():
            yield from map(tuple, self._spark.sql(select).toLocalIterator())

    def drop(self, names: Sequence[str]) -> None:
        """Forgets tables."""
        for name in names:
            self._spark.catalog.dropTempView(name)
            frame = self._kept.pop(name, None)
            if frame is not None:
                frame.unpersist()

    def close(self) -> None:
        """Ends Spark, where it was started here."""
        self.drop(list(self._kept))
        if self._owned:
            self._spark.stop()

    def _hold(self, name: str, frame: Any) -> None:
        self.drop([name])
        self._kept[name] = frame.persist()
        frame.createOrReplaceTempView(name)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        errors = require("pyspark.errors")
        try:
            yield
        except errors.PySparkException as error:
            raise CrexError(
                "PAYLOAD",
                f"Spark cannot carry the rating out ({first_line(error)}). Check that every executor can "
                "read the files, and that they are Parquet with the documented columns.",
            ) from error


_TYPES: Final = {"int64": "BIGINT", "string": "STRING", "bool": "BOOLEAN"}


def _require_java() -> None:
    """Asks for Java before Spark does, which would leave a process and a stack trace."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin" if home else None)
    if found is None:
        raise _not_started(f"there is no program java in {home}/bin" if home else "there is no program java")


def _not_started(why: str) -> CrexError:
    return CrexError(
        "NOT_FOUND",
        f"Spark does not start ({why}). It needs Java 17 or 21 (JAVA_HOME, or java on the PATH) and, where "
        "--spark-master or SPARK_MASTER names a cluster, that this can be reached.",
    )


def _local(limits: Limits) -> dict[str, str]:
    found = {}
    if limits.memory is not None:
        found["spark.driver.memory"] = f"{limits.memory >> 20}m"
    if limits.threads is not None:
        found["spark.master"] = f"local[{limits.threads}]"
    if limits.spill is not None:
        found["spark.local.dir"] = str(limits.spill)
    return found


def _literal(path: Path) -> str:
    # Hadoop would take these in a file's name for a pattern.
    return "".join(f"\\{one}" if one in "*?[]{}\\" else one for one in str(path.absolute()))
