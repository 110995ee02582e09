"""What an engine of the bulk rating must do: hold tables, and make one of others by SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Limits:
    """What an engine may use.

    Attributes:
        memory: Bytes of main memory; nothing: the engine's own default.
        threads: Threads; nothing: one for each core.
        spill: Folder for what does not fit the memory; nothing: beside the job.
    """

    memory: int | None = None
    threads: int | None = None
    spill: Path | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Parquet files of records that have the same columns."""

    kinds: Mapping[str, str]
    paths: Sequence[Path]


class Session(Protocol):
    """An engine at work. A table or view that exists is replaced by one of its name."""

    def read(self, sources: Sequence[Source]) -> None:
        """Makes the view `records`."""
        ...

    def load(self, name: str, table: pa.Table) -> None:
        """Makes a table of the one given."""
        ...

    def keep(self, name: str, select: str) -> None:
        """Makes a table of a SELECT and stores what it gives."""
        ...

    def see(self, name: str, select: str) -> None:
        """Makes a view of a SELECT; it is carried out whenever it is used."""
        ...

    def rows(self, select: str) -> Iterator[tuple[Any, ...]]:
        """Carries out a SELECT and yields its rows."""
        ...

    def drop(self, names: Sequence[str]) -> None:
        """Forgets tables and views."""
        ...

    def close(self) -> None:
        """Ends the engine."""
        ...
