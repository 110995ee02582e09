"""What the operator says of the log: where its tiles are, and who co-signs it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """The section `[log]` of the configuration.

    Attributes:
        folder: Folder of tiles and checkpoint, as any web server may serve it; made where there is none.
        witnesses: Authorities whose co-signatures are taken in; each must be enrolled as a witness, so that
            its key is known.
    """

    folder: Path
    witnesses: tuple[str, ...] = ()

    @classmethod
    def beside(cls, database: Path) -> LogSettings:
        """Gives the settings where the operator says nothing: a folder beside the database, no witness."""
        return cls(folder=database.with_name(f"{database.stem}-log"))
