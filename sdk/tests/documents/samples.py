"""Documents that the tests of the reader start from."""

from __future__ import annotations

from typing import Any

import orjson

Json = dict[str, Any]

PIN: Json = {"id": "crex://cloud.example.cn/resource/h100", "revision": "1", "sha256": "0" * 64}


def header(kind: str, **members: Any) -> Json:
    """Makes a header of a document of a provider; members may be replaced, or dropped by `...`."""
    made: Json = {
        "id": f"crex://cloud.example.cn/{kind}/a",
        "revision": "1",
        "issuer": "cloud.example.cn",
        "issuedAt": "2026-03-01T08:00:00Z",
    }
    return {key: value for key, value in {**made, **members}.items() if value is not ...}


def offer(**members: Any) -> Json:
    """Makes an offer: descriptive, ends."""
    made: Json = {
        "header": header("offer", validUntil="2026-03-02T08:00:00Z"),
        "resource": PIN,
        "pricePlan": {**PIN, "id": "crex://cloud.example.cn/plan/p"},
        "minQuantity": "1",
        "terms": {"mode": "on-demand", "minDuration": "3600s", "billingAnchorDay": 1},
        "interfaces": ["ssh"],
    }
    return {key: value for key, value in {**made, **members}.items() if value is not ...}


def order(**members: Any) -> Json:
    """Makes an order document: nothing in it is ignored."""
    made: Json = {
        "header": header("order", id="crex://buyer.example.com/order/1", issuer="buyer.example.com"),
        "holdReceipt": {**PIN, "id": "crex://broker.example.com/hold/1"},
        "audience": "cloud.example.cn",
        "nonce": "request-0001",
        "items": [
            {
                "offer": {**PIN, "id": "crex://cloud.example.cn/offer/a"},
                "quantity": "8",
                "interval": {"start": "2026-03-01T09:00:00Z", "end": "2026-03-02T09:00:00Z"},
            }
        ],
        "spendLimit": {"currency": "EUR", "amount": "17820.40"},
        "accessKey": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "interface": "ssh",
    }
    return {key: value for key, value in {**made, **members}.items() if value is not ...}


def body(value: Json) -> bytes:
    """Writes a document as it would be signed."""
    return orjson.dumps(value)
