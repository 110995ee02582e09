"""Which exporters there are: those of this package, and entry points of the group `crex.exporters`.

A name is what follows `crex export`.
"""

from __future__ import annotations

from typing import Final, TypeGuard

from crex.export.built_in import BUILT_IN
from crex.export.exporting import Exporter
from crex.plugins import Plugins


def _is_exporter(found: object) -> TypeGuard[Exporter]:
    return isinstance(found, Exporter)


EXPORTERS: Final = Plugins("exporter", BUILT_IN, _is_exporter, "name, about and write")
