"""Which exporters there are: those of this package, and those that other packages bring.

Those of this package are listed, not discovered (`built_in`).
A vendor's own exporter is an entry point of the group `crex.exporters` in a package of its own; its name is
what follows `crex export`. A name that is taken stays with whoever has it here.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from crex.errors import CrexError
from crex.export.built_in import BUILT_IN
from crex.export.exporting import Exporter

GROUP: Final = "crex.exporters"


def load(name: str) -> Exporter:
    """Gives the exporter of a name.

    Raises:
        CrexError: NOT_FOUND: nobody has it; TYPE: what a package brings under it is no exporter.
    """
    if name in BUILT_IN:
        return _exporter(import_module(BUILT_IN[name][0]).EXPORTER, name)
    for entry in _foreign():
        if entry.name == name:
            try:
                return _exporter(entry.load(), name)
            except (ImportError, AttributeError) as error:
                message = f"The exporter {name} ({entry.value}) cannot be loaded: {error}. Mend that package."
                raise CrexError("TYPE", message) from error
    known = ", ".join(sorted({*BUILT_IN, *(entry.name for entry in _foreign())}))
    raise CrexError("NOT_FOUND", f"There is no exporter {name}; there are {known}.")


def foreign() -> Iterator[tuple[str, str]]:
    """Gives name and origin of every exporter that another package brings."""
    for entry in _foreign():
        if entry.name not in BUILT_IN:
            yield entry.name, entry.dist.name if entry.dist is not None else entry.value


def _foreign() -> tuple[EntryPoint, ...]:
    return tuple(sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)))


def _exporter(found: object, name: str) -> Exporter:
    made = found() if isinstance(found, type) else found
    if not isinstance(made, Exporter):
        raise CrexError("TYPE", f"What is named as exporter {name} is none: it lacks name, about or write.")
    return made
