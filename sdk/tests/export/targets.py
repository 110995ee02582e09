"""What each target accepts, written down from its own documentation and not from the exporters."""

from __future__ import annotations

import re
from typing import Any

import jsonschema

_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_DNS_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_INT64 = range(-(2**63), 2**63)

# placement/schemas/inventory.py, trait.py and resource_class.py.
_MAX_INT = 2147483647
_TRAITS = {
    "type": "array",
    "uniqueItems": True,
    "items": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[A-Z0-9_]+$"},
}
_AMOUNT = {"type": "integer", "minimum": 1, "maximum": _MAX_INT}
_INVENTORY = {
    "type": "object",
    "properties": {
        "total": _AMOUNT,
        "reserved": {"type": "integer", "minimum": 0, "maximum": _MAX_INT},
        "min_unit": _AMOUNT,
        "max_unit": _AMOUNT,
        "step_size": _AMOUNT,
        "allocation_ratio": {"type": "number", "exclusiveMinimum": 0, "maximum": 3.40282e38},
    },
    "required": ["total"],
    "additionalProperties": False,
}
_STANDARD_CLASSES = "VCPU|PCPU|MEMORY_MB|DISK_GB|PGPU"
_INVENTORIES = {
    "type": "object",
    "patternProperties": {f"^({_STANDARD_CLASSES}|CUSTOM_[A-Z0-9_]{{1,248}})$": _INVENTORY},
    "additionalProperties": False,
}
_PROVIDER = {
    "type": "object",
    "properties": {
        "resource": {
            "type": "object",
            "properties": {"id": {"type": "string"}, "revision": {"type": "integer"}},
            "required": ["id", "revision"],
            "additionalProperties": False,
        },
        "inventories": _INVENTORIES,
        "traits": _TRAITS,
        "children": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "minLength": 1, "maxLength": 200},
                    "inventories": {**_INVENTORIES, "minProperties": 1},
                    "traits": _TRAITS,
                },
                "required": ["name", "inventories", "traits"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["resource", "inventories", "traits", "children"],
    "additionalProperties": False,
}


def check_kubernetes(value: Any) -> None:
    """Checks a List of ResourceSlices as the API server does, and that it is one complete pool."""
    assert (value["apiVersion"], value["kind"]) == ("v1", "List")
    slices = value["items"]
    assert slices
    assert len({one["metadata"]["name"] for one in slices}) == len(slices)
    specs = [one["spec"] for one in slices]
    assert all(spec["pool"] == specs[0]["pool"] and spec["driver"] == specs[0]["driver"] for spec in specs)
    assert specs[0]["pool"]["resourceSliceCount"] == len(slices)
    names = [device["name"] for spec in specs for device in spec["devices"]]
    assert len(set(names)) == len(names)
    for one in slices:
        _check_slice(one)


def _check_slice(one: Any) -> None:
    assert (one["apiVersion"], one["kind"]) == ("resource.k8s.io/v1", "ResourceSlice")
    assert len(one["metadata"]["name"]) <= 253
    assert re.fullmatch(_SUBDOMAIN, one["metadata"]["name"])
    for key, text in one["metadata"]["annotations"].items():
        _check_key(key)
        assert isinstance(text, str)
    spec = one["spec"]
    assert len(spec["driver"]) <= 63
    assert re.fullmatch(_SUBDOMAIN, spec["driver"])
    pool = spec["pool"]
    assert len(pool["name"]) <= 253
    assert all(re.fullmatch(_SUBDOMAIN, part) for part in pool["name"].split("/"))
    assert pool["generation"] >= 0
    assert pool["generation"] in _INT64
    chosen = {"nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection"} & set(spec)
    assert len(chosen) == 1
    (term,) = spec["nodeSelector"]["nodeSelectorTerms"]
    for expression in term["matchExpressions"]:
        _check_key(expression["key"])
        for label in expression["values"]:
            assert re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?", label)
    assert 1 <= len(spec["devices"]) <= 128
    for device in spec["devices"]:
        _check_device(device)


def _check_key(key: str) -> None:
    prefix, slash, name = key.rpartition("/")
    assert slash
    assert len(prefix) <= 253
    assert re.fullmatch(_SUBDOMAIN, prefix)
    assert re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?", name)


def _check_device(device: Any) -> None:
    assert set(device) <= {"name", "attributes", "capacity"}
    assert re.fullmatch(_DNS_LABEL, device["name"])
    attributes, capacity = device["attributes"], device.get("capacity", {})
    assert len(attributes) + len(capacity) <= 32
    for name in (*attributes, *capacity):
        assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,31}", name)
    for attribute in attributes.values():
        ((kind, told),) = attribute.items()
        if kind == "string":
            assert isinstance(told, str)
            assert 1 <= len(told.encode()) <= 64
        elif kind == "int":
            assert isinstance(told, int)
            assert not isinstance(told, bool)
            assert told in _INT64
        else:
            assert kind == "bool"
            assert isinstance(told, bool)
    for told in capacity.values():
        assert set(told) == {"value"}
        assert re.fullmatch(r"[0-9]{1,19}([KMGTPE]i)?", told["value"])


def check_openstack(value: Any) -> None:
    """Checks providers as Placement's schemas do, and that every amount can be allocated."""
    jsonschema.validate(value, _PROVIDER)
    assert value["inventories"] or value["children"]
    names = [child["name"] for child in value["children"]]
    assert len(set(names)) == len(names)
    for inventories in (value["inventories"], *(child["inventories"] for child in value["children"])):
        for one in inventories.values():
            assert one["reserved"] <= one["total"]
            assert one["min_unit"] <= one["max_unit"] <= one["total"]


def check_akash(value: Any) -> None:
    """Checks attributes as the chain does (go/node/types/attributes/v1/attribute.go of chain-sdk)."""
    assert set(value) == {"attributes"}
    keys = [one["key"] for one in value["attributes"]]
    assert len(set(keys)) == len(keys)
    for one in value["attributes"]:
        assert set(one) == {"key", "value"}
        assert re.fullmatch(r"[a-zA-Z][\w/.\-]{1,126}", one["key"], re.ASCII)
        assert isinstance(one["value"], str)
        assert one["value"]


CHECKS = {"kubernetes": check_kubernetes, "openstack": check_openstack, "akash": check_akash}
