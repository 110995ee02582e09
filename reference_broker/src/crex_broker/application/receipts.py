"""Receipts: the broker's signed promise that what a request put into the log is shown there by a time.

A receipt is computed from its entry, so a repeated request gets the same bytes, also after a restart: Ed25519
gives one signature of one text (RFC 8032, 5.1.6). No receipt is kept, and none is logged itself.
"""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final

import orjson
from google.protobuf.message import Message

from crex import v1
from crex.documents.times import format_time, from_ms
from crex.documents.types import DocumentType
from crex.errors import CrexError
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.ports.log import LogEntry
from crex_broker.application.signing import sign
from crex_broker.application.use_case import UnaryUseCase

_log = logging.getLogger("crex_broker.log")

# What a receipt promises (RECEIPT-MERGE-1).
MERGE_MS: Final = 60_000

_RECEIPT: Final = DocumentType.of(v1.Receipt)
# The field of every mutation's response; the answer of GetReceipt has another number.
_FIELD: Final = "receipts"
_NUMBER: Final = 15
_PACKAGE: Final = "/crex.v1."


async def receipt_of(context: Context, entry: LogEntry) -> v1.Envelope:
    """Gives the signed receipt of an entry; the same bytes every time."""
    issued = from_ms(entry.create_ms)
    receipt: dict[str, Any] = {
        "header": {
            "id": f"crex://{context.authority}/receipt/{entry.index}",
            "revision": "1",
            "issuer": context.authority,
            "issuedAt": format_time(issued),
        },
        "log": log_name(context.authority),
    }
    if entry.step is None:
        receipt["documentSha256"] = entry.record.hex()
    else:
        receipt["step"] = b64encode(entry.step).decode("ascii")
    if entry.salt is not None:
        receipt["salt"] = b64encode(entry.salt).decode("ascii")
    receipt |= {
        "leaf": b64encode(entry.leaf).decode("ascii"),
        "index": str(entry.index),
        "mergeBy": format_time(from_ms(entry.create_ms + MERGE_MS)),
    }
    return await sign(context.signer, orjson.dumps(receipt), _RECEIPT)


def log_name(authority: str) -> str:
    """Gives the name of a broker's log, the first line of its checkpoints."""
    return f"{authority}/log"


def with_receipts(context: Context, cases: Mapping[str, UnaryUseCase]) -> dict[str, UnaryUseCase]:
    """Gives the use cases, those whose response has receipts such that it has them.

    Args:
        context: The broker; where it publishes no log, nothing is promised.
        cases: Use cases by the method's path.
    """
    if context.log is None:
        return dict(cases)
    return {
        path: _Receipted(context, path, case) if _has_receipts(path) else case for path, case in cases.items()
    }


class _Receipted:
    """A use case whose answers carry the receipts of what the request put into the log."""

    def __init__(self, context: Context, path: str, case: UnaryUseCase) -> None:
        self._context = context
        self._case = case
        # As requests are remembered: `MarketService.CreateHold`.
        self._method = path.removeprefix(_PACKAGE).replace("/", ".")

    async def __call__(self, caller: Caller, request: Any) -> Message:
        """Does it, and adds the receipts; of a repeated request those of its first time."""
        response: Any = await self._case(caller, request)
        entries = await self._context.store.log.of_request(caller.authority, self._method, request.request_id)
        try:
            response.receipts.extend([await receipt_of(self._context, entry) for entry in entries])
        except CrexError as error:
            # It is done, and a refusal would say that it is not; as where the key of that time was revoked,
            # or the token that holds it is away.
            _log.warning("no receipt can be signed for %s: %s", self._method, error)
        return response  # type: ignore[no-any-return]  # every response is a message


def _has_receipts(path: str) -> bool:
    response = getattr(v1, f"{path.rpartition('/')[2]}Response", None)
    field = None if response is None else response.DESCRIPTOR.fields_by_name.get(_FIELD)
    return field is not None and field.number == _NUMBER
