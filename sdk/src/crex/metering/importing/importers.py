"""Which usage importers there are: those of this package, and entry points of `crex.usage_importers`."""

from __future__ import annotations

from typing import Final, TypeGuard

from crex.metering.importing.built_in import BUILT_IN
from crex.metering.importing.uses import UsageImporter
from crex.plugins import Plugins


def _is_importer(found: object) -> TypeGuard[UsageImporter]:
    return isinstance(found, UsageImporter)


USAGE_IMPORTERS: Final = Plugins("usage importer", BUILT_IN, _is_importer, "name, about, commands and read")
