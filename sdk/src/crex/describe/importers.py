"""Which importers there are: those of this package, and entry points of the group `crex.importers`.

A name is what follows `crex describe`.
"""

from __future__ import annotations

from typing import Final, TypeGuard

from crex.describe.built_in import BUILT_IN
from crex.describe.importing import Importer
from crex.plugins import Plugins


def _is_importer(found: object) -> TypeGuard[Importer]:
    return isinstance(found, Importer)


IMPORTERS: Final = Plugins("importer", BUILT_IN, _is_importer, "name, about, commands and read")
