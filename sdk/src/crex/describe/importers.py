"""Which importers there are: those of this package, and those that other packages bring.

Those of this package are listed, not discovered (`built_in`).
A vendor's own importer is an entry point of the group `crex.importers` in a package of its own; its name is
what follows `crex describe`. A name that is taken stays with whoever has it here.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from crex.describe.built_in import BUILT_IN
from crex.describe.importing import Importer
from crex.errors import CrexError

GROUP: Final = "crex.importers"


def load(name: str) -> Importer:
    """Gives the importer of a name.

    Raises:
        CrexError: NOT_FOUND: nobody has it; TYPE: what a package brings under it is no importer.
    """
    if name in BUILT_IN:
        return _importer(import_module(BUILT_IN[name][0]).IMPORTER, name)
    for entry in _foreign():
        if entry.name == name:
            try:
                return _importer(entry.load(), name)
            except (ImportError, AttributeError) as error:
                message = f"The importer {name} ({entry.value}) cannot be loaded: {error}. Mend that package."
                raise CrexError("TYPE", message) from error
    known = ", ".join(sorted({*BUILT_IN, *(entry.name for entry in _foreign())}))
    raise CrexError("NOT_FOUND", f"There is no importer {name}; there are {known}.")


def foreign() -> Iterator[tuple[str, str]]:
    """Gives name and origin of every importer that another package brings."""
    for entry in _foreign():
        if entry.name not in BUILT_IN:
            yield entry.name, entry.dist.name if entry.dist is not None else entry.value


def _foreign() -> tuple[EntryPoint, ...]:
    return tuple(sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)))


def _importer(found: object, name: str) -> Importer:
    made = found() if isinstance(found, type) else found
    if not isinstance(made, Importer):
        raise CrexError(
            "TYPE", f"What is named as importer {name} is none: it lacks name, about, commands or read."
        )
    return made
