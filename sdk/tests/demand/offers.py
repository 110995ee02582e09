"""Sample offers: small documents of our own, in strict JSON form, as they lie before a search."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from crex.demand import OfferView, Truth, evaluate, parse

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GIB = 1 << 30

NOMINAL = {"basis": "nominal"}


def rate(number_format: str, mops: int, *, sparsity: str = "dense", basis: str = "nominal") -> dict[str, Any]:
    """Gives a matrix rate in 10^6 operations per second."""
    return {
        "numberFormat": number_format,
        "unit": "matrix",
        "sparsity": sparsity,
        "mopsPerS": str(mops),
        "provenance": {"basis": basis},
    }


def gpu(*, count: int = 8, gib: int = 80, vendor: str = "nvidia", **more: Any) -> dict[str, Any]:
    """Gives one kind of accelerator: `count` devices of `gib` GiB each."""
    return {
        "acceleratorClass": "gpu",
        "vendor": vendor,
        "product": "Example accelerator",
        "count": str(count),
        "memory": {"capacityBytes": str(gib * GIB)},
        **more,
    }


def node(*accelerators: dict[str, Any], closed: tuple[str, ...] = (), **body: Any) -> dict[str, Any]:
    """Gives a node class with accelerators; `closed` names its complete lists."""
    resource: dict[str, Any] = {
        "header": {"id": "crex://p.example.cn/site/a/node-class/n", "issuer": "p.example.cn"},
        "kind": "node-class",
        "siteId": "crex://p.example.cn/site/a",
        "node": {
            "cpu": {"isa": "x86-64", "schedulableCpus": "64", "provenance": dict(NOMINAL)},
            **({"accelerators": list(accelerators)} if accelerators else {}),
            **body,
        },
    }
    if closed:
        resource["closedLists"] = list(closed)
    return resource


def plan(*, price: str = "2.99", per: str = "3600", currency: str = "USD") -> dict[str, Any]:
    """Gives a plan that prices one held unit at `price` per `per` seconds."""
    return {
        "header": {
            "id": "crex://p.example.cn/price-plan/x",
            "revision": "1",
            "issuer": "p.example.cn",
            "issuedAt": "2026-01-01T00:00:00Z",
        },
        "currency": currency,
        "timeZone": "UTC",
        "effectiveStart": "2026-01-01T00:00:00Z",
        "components": [
            {
                "id": "unit",
                "dimension": "compute-unit",
                "unit": "unit",
                "kind": "COMPONENT_KIND_TIME",
                "perQuantity": per,
                "model": "TIER_MODEL_UNIT",
                "tiers": [{"unitPrice": price}],
            }
        ],
    }


def offer(name: str = "x", **more: Any) -> dict[str, Any]:
    """Gives an offer of provider p.example.cn that is valid for a day."""
    body: dict[str, Any] = {
        "header": {
            "id": f"crex://p.example.cn/offer/{name}",
            "revision": "3",
            "issuer": "p.example.cn",
            "issuedAt": "2026-03-01T00:00:00Z",
            "validUntil": "2026-03-02T00:00:00Z",
        },
        "terms": {"mode": "on-demand"},
        "interfaces": ["ssh"],
    }
    return merged(body, more)


def site(**more: Any) -> dict[str, Any]:
    """Gives a site in China."""
    return {"header": {"id": "crex://p.example.cn/site/a"}, "country": "CN", **more}


def view(
    resource: dict[str, Any] | None = None,
    *,
    name: str = "x",
    at: dict[str, Any] | None = None,
    priced: dict[str, Any] | None = None,
    **terms: Any,
) -> OfferView:
    """Gives an offer with its documents; further arguments are members of the offer."""
    return OfferView(
        offer=offer(name, **terms),
        resource=node(gpu()) if resource is None else resource,
        site=site() if at is None else at,
        plan=plan() if priced is None else priced,
        sha256="ab" * 32,
    )


def merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Gives a copy of a document with further members; messages are merged, everything else replaced."""
    result = deepcopy(dict(base))
    for member, value in more.items():
        both = isinstance(value, Mapping) and isinstance(result.get(member), Mapping)
        result[member] = merged(result[member], value) if both else deepcopy(value)
    return result


def truth(text: str, resource: dict[str, Any] | None = None, **more: Any) -> Truth:
    """Evaluates a requirement in the text form on one offer."""
    return evaluate(parse(text), view(resource, **more), now=NOW)
