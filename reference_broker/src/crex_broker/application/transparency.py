"""The use cases of TransparencyService by path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crex_broker.application.add_cosignature import AddCosignature
from crex_broker.application.context import Context
from crex_broker.application.get_receipt import GetReceipt
from crex_broker.application.list_records import ListRecords
from crex_broker.application.log_reads import (
    GetCheckpoint,
    GetConsistencyProof,
    GetInclusionProof,
    ListEntries,
)
from crex_broker.application.use_case import UnaryUseCase

_TRANSPARENCY: Final = "/crex.v1.TransparencyService"


def transparency_cases(context: Context) -> Mapping[str, UnaryUseCase]:
    """Gives the use cases of TransparencyService; none where this broker publishes no log."""
    log = context.log
    if log is None:
        return {}
    return {
        f"{_TRANSPARENCY}/GetCheckpoint": GetCheckpoint(log),
        f"{_TRANSPARENCY}/GetReceipt": GetReceipt(context),
        f"{_TRANSPARENCY}/GetInclusionProof": GetInclusionProof(context, log),
        f"{_TRANSPARENCY}/GetConsistencyProof": GetConsistencyProof(log),
        f"{_TRANSPARENCY}/ListEntries": ListEntries(context, log),
        f"{_TRANSPARENCY}/AddCosignature": AddCosignature(context, log),
        f"{_TRANSPARENCY}/ListRecords": ListRecords(context),
    }
