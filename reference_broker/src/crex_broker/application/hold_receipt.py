"""The hold receipt in strict form, written from the hold itself: the busiest document of a broker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

from crex import v1
from crex.documents.times import format_time, from_ms
from crex.documents.types import DocumentType
from crex_broker.application.ports.orders import OrderLine

RECEIPT: Final = DocumentType.of(v1.HoldReceipt)


def receipt_body(
    id_: str,
    *,
    issuer: str,
    order: str,
    consumer: str,
    provider: str,
    lines: tuple[OrderLine, ...],
    start_ms: int,
    end_ms: int,
    issued_ms: int,
    expire_ms: int,
    properties: Sequence[dict[str, Any]] = (),
) -> bytes:
    """Gives the exact bytes of a receipt, to be checked and signed.

    A message in between would cost as much as the signature.

    Args:
        id_: Name of the receipt.
        issuer: The broker's authority.
        order: Name of the order.
        consumer: Authority for which the units are held.
        provider: Authority that will deliver.
        lines: What is held.
        start_ms: First instant of the interval.
        end_ms: End of the interval, exclusive.
        issued_ms: When the receipt is issued.
        expire_ms: When the hold lapses.
        properties: What the consumer states of itself, in strict form (HOLD-PROPERTY-1).
    """
    expire = _time(expire_ms)
    receipt: dict[str, Any] = {
        "header": {
            "id": id_,
            "revision": "1",
            "issuer": issuer,
            "issuedAt": _time(issued_ms),
            "validUntil": expire,
        },
        "order": order,
        "consumer": consumer,
        "provider": provider,
        "items": [
            {
                "offer": {
                    "id": line.offer,
                    "revision": str(line.offer_revision),
                    "sha256": line.offer_sha256,
                },
                "quantity": str(line.quantity),
                "lease": line.lease,
            }
            for line in lines
        ],
        "interval": {"start": _time(start_ms), "end": _time(end_ms)},
        "expireTime": expire,
    }
    if properties:
        receipt["properties"] = list(properties)
    return orjson.dumps(receipt)


def _time(ms: int) -> str:
    return format_time(from_ms(ms))
