"""Objects of a Kubernetes cluster as its server gives them, and how these tests read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from crex.describe.importing import Imported
from crex.describe.k8s import IMPORTER
from crex.describe.sources import Source
from crex.v1 import ComputeResource
from sdk.tests.describe import mutations
from sdk.tests.describe.sound import documents_of

GIB = 1 << 30
MIB = 1 << 20
GPU_LABELS = {
    "nvidia.com/gpu.count": "8",
    "nvidia.com/gpu.family": "ampere",
    "nvidia.com/gpu.memory": "81920",
    "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB",
    "nvidia.com/gpu.replicas": "1",
    "nvidia.com/cuda.runtime-version.full": "12.4",
    "nvidia.com/cuda.driver-version.full": "550.54.15",
}


def node(
    name: str = "worker-1",
    *,
    labels: Mapping[str, str] | None = None,
    capacity: Mapping[str, object] | None = None,
    allocatable: Mapping[str, object] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A Node object with eight CPUs of which not all can be had."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "uid": f"uid-{name}", "labels": dict(labels or {}), **more},
        "spec": {},
        "status": {
            "capacity": {"cpu": "8", "memory": "32Gi", **(capacity or {})},
            "allocatable": {"cpu": "7910m", "memory": "31000Mi", **(allocatable or capacity or {})},
            "nodeInfo": {
                "architecture": "amd64",
                "operatingSystem": "linux",
                "kernelVersion": "6.8.0-31-generic",
                "kubeletVersion": "v1.34.1",
                "containerRuntimeVersion": "containerd://1.7.2",
            },
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def device(name: str, kind: str = "gpu", memory: str = "80Gi", **attributes: str) -> dict[str, Any]:
    """A device as NVIDIA's driver publishes it."""
    told = {"type": kind, "productName": "NVIDIA A100-SXM4-80GB", "architecture": "Ampere", **attributes}
    return {
        "name": name,
        "attributes": {key: {"string": value} for key, value in told.items()}
        | {"cudaDriverVersion": {"version": "13.0.0"}},
        "capacity": {"memory": {"value": memory}},
    }


def resource_slice(
    *devices: dict[str, Any],
    name: str = "slice-1",
    node_name: str | None = "worker-1",
    version: str = "v1",
    driver: str = "gpu.nvidia.com",
    generation: int = 1,
    total: int = 1,
    pool: str = "worker-1",
    **more: Any,
) -> dict[str, Any]:
    """A ResourceSlice."""
    return {
        "apiVersion": f"resource.k8s.io/{version}",
        "kind": "ResourceSlice",
        "metadata": {"name": name},
        "spec": {
            "driver": driver,
            "pool": {"name": pool, "generation": generation, "resourceSliceCount": total},
            "devices": list(devices),
            **({"nodeName": node_name} if node_name else {}),
            **more,
        },
    }


def feature(
    name: str = "worker-1",
    *,
    about: str | None = "worker-1",
    labels: Mapping[str, str] | None = None,
    **sets: Any,
) -> dict[str, Any]:
    """A NodeFeature object; `sets` are its flags and attributes."""
    return {
        "apiVersion": "nfd.k8s-sigs.io/v1alpha1",
        "kind": "NodeFeature",
        "metadata": {"name": name, "labels": {"nfd.node.kubernetes.io/node-name": about} if about else {}},
        "spec": {"features": sets, "labels": dict(labels or {})},
    }


def read(*objects: object) -> Imported:
    """Imports objects as one list, in the form of kubectl."""
    whole = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    imported = IMPORTER.read([Source("all.json", json.dumps(whole).encode())])
    mutations.check_books(imported)
    assert documents_of(imported).left_out == imported.left_out
    return imported


def resource(imported: Imported, index: int = 0) -> ComputeResource:
    """The resource of a draft."""
    body = imported.drafts[index].body
    assert isinstance(body, ComputeResource)
    return body


def devices(imported: Imported) -> list[tuple[str, int, int | None]]:
    """Product, count and memory of every accelerator of the first draft."""
    return [
        (one.product, one.count, one.memory.capacity_bytes if one.HasField("memory") else None)
        for one in resource(imported).node.accelerators
    ]


def whys(imported: Imported, part: str) -> str:
    """Why things are not stated whose name has this part."""
    return "\n".join(one.why for one in imported.findings if part in one.what)


def left(imported: Imported) -> list[str]:
    """Why rows were left out."""
    return [one.why for one in imported.left_out]
