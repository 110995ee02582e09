"""The documents and requirements that the vectors of requirements-language.md are made of.

Nothing here imports the SDK: requirements are written as messages, in strict JSON form, by hand.
"""

from __future__ import annotations

from typing import Any, Final

Value = dict[str, Any]

NOW: Final = "2026-03-01T12:00:00Z"
GIB: Final = 1 << 30
P: Final = "crex://p.example.cn"
SHA: Final = "0123456789abcdef" * 4
ACCELERATORS, RATES = "node.accelerators", "node.accelerators.rates"


def header(name: str, *, revision: str = "1", until: str = "") -> Value:
    """Gives a header of provider p.example.cn."""
    value = {
        "id": f"{P}/{name}",
        "revision": revision,
        "issuer": "p.example.cn",
        "issuedAt": "2026-03-01T00:00:00Z",
    }
    return {**value, "validUntil": until} if until else value


def rate(number_format: str, mops: int, *, sparsity: str = "dense", basis: str = "nominal") -> Value:
    """Gives a matrix rate in 10^6 operations per second."""
    return {
        "numberFormat": number_format,
        "unit": "matrix",
        "sparsity": sparsity,
        "mopsPerS": str(mops),
        "provenance": {"basis": basis},
    }


def device(vendor: str = "nvidia", *, count: int = 8, gib: int = 80, **more: Any) -> Value:
    """Gives one kind of accelerator."""
    return {
        "acceleratorClass": "gpu",
        "vendor": vendor,
        "product": "Example accelerator",
        "count": str(count),
        "memory": {"capacityBytes": str(gib * GIB)},
        **more,
    }


def resource(*accelerators: Value, closed: tuple[str, ...] = (ACCELERATORS,), **node: Any) -> Value:
    """Gives a node class; `closed` names its complete lists."""
    value: Value = {
        "header": header("node-class/n"),
        "kind": "node-class",
        "siteId": f"{P}/site/a",
        "node": {"cpu": {"isa": "x86-64", "schedulableCpus": "64"}, **node},
    }
    if accelerators:
        value["node"]["accelerators"] = list(accelerators)
    if closed:
        value["closedLists"] = list(closed)
    return value


def site(**more: Any) -> Value:
    """Gives a site in China."""
    return {"header": header("site/a"), "country": "CN", **more}


def claim(*, end: str = "2027-01-01T00:00:00Z", scope: str = "site/a", assurance: str = "certified") -> Value:
    """Gives a compliance claim."""
    return {
        "scheme": "iso-27001",
        "edition": "2022",
        "scopeIds": [f"{P}/{scope}"],
        "valid": {"start": "2024-01-01T00:00:00Z", "end": end},
        "assurance": assurance,
    }


def energy(value_micro: int, *, basis: str = "metered") -> Value:
    """Gives a power usage effectiveness."""
    return {
        "metric": "pue",
        "valueMicro": str(value_micro),
        "interval": {"start": "2025-01-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"},
        "basis": basis,
        "boundary": "site",
    }


def offer(name: str = "x", **more: Any) -> Value:
    """Gives an offer that is valid for a day."""
    return {
        "header": header(f"offer/{name}", until="2026-03-02T00:00:00Z"),
        "resource": {"id": f"{P}/node-class/n", "revision": "1", "sha256": SHA},
        "pricePlan": {"id": f"{P}/price-plan/p", "revision": "1", "sha256": SHA},
        "terms": {"mode": "on-demand"},
        "interfaces": ["ssh"],
        **more,
    }


def plan(price: str = "2.99", *, currency: str = "USD", per: str = "3600") -> Value:
    """Gives a plan that prices one held unit."""
    return {
        "header": header("price-plan/p"),
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


def available(start: str, end: str, quantity: int = 8, **more: Any) -> Value:
    """Gives one entry of availability; the days are of March 2026 unless they say more."""
    return {
        "interval": {"start": instant(start), "end": instant(end)},
        "quantity": str(quantity),
        "firmness": "committed",
        **more,
    }


def instant(said: str) -> str:
    """Gives an instant: of a day in March 2026 such as `07`, midnight; of a full instant, itself."""
    return said if len(said) > len("07") else f"2026-03-{said}T00:00:00Z"


def times(start: str, end: str) -> list[Value]:
    """Gives the two operands of COVERS_INTERVAL."""
    return [{"time": instant(start)}, {"time": instant(end)}]


def presented(requirement: Value, described: Value | None = None, **more: Any) -> Value:
    """Gives the input of a `demand.evaluate`: a requirement, and one offer with its documents."""
    return {
        "requirement": requirement,
        "offer": offer(),
        "resource": resource(device()) if described is None else described,
        "site": site(),
        **more,
    }


def constraint(path: str, op: str, *values: Value | str | int | bool, **more: Any) -> Value:
    """Gives a constraint; texts, integers and truth values may be given bare."""
    stated: Value = {"path": path, "op": f"CONSTRAINT_OPERATOR_{op}"}
    if values:
        stated["values"] = [_operand(value) for value in values]
    return {"constraint": {**stated, **more}}


def _operand(value: Value | str | int | bool) -> Value:
    if isinstance(value, dict):
        return value
    if isinstance(value, bool):
        return {"boolean": value}
    return {"text": value} if isinstance(value, str) else {"integer": str(value)}


def decimal(text: str) -> Value:
    """Gives a decimal operand."""
    return {"decimal": text}


def all_of(*members: Value) -> Value:
    """Gives a conjunction."""
    return {"allOf": {"requirements": list(members)}}


def any_of(*members: Value) -> Value:
    """Gives a disjunction."""
    return {"anyOf": {"requirements": list(members)}}


def negation(member: Value) -> Value:
    """Gives a negation."""
    return {"not": member}


def element(path: str, member: Value) -> Value:
    """Gives a requirement on one element of a list."""
    return {"element": {"path": path, "requirement": member}}


def group(count: int, each: Value | None = None, **more: Any) -> Value:
    """Gives a device group."""
    stated: Value = {"count": str(count), **more}
    return {"deviceGroup": {**stated, "each": each} if each is not None else stated}
