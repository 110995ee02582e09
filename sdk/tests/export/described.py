"""Documents that tests export, and how they look at what came of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import yaml

from crex.export.exporting import Document, Exported, Exporter
from crex.v1 import (
    Accelerator,
    ComputeResource,
    DeviceMemory,
    Header,
    NodeClass,
    PciId,
    Pool,
    Provenance,
    Rate,
    Site,
)

GIB = 1 << 30
MIB = 1 << 20
PROVIDER = "crex://p.example.cn"
SITE_ID = f"{PROVIDER}/site/zhongwei-1"
NODE_ID = f"{SITE_ID}/node-class/gpu-1"
NOMINAL = Provenance(basis="nominal")
ESTIMATED = Provenance(basis="estimated")


def header(identifier: str, revision: int = 1) -> Header:
    """A header without what no exporter looks at."""
    return Header(id=identifier, revision=revision, issuer="p.example.cn")


def site(identifier: str = SITE_ID, **members: Any) -> Site:
    """A site in Ningxia."""
    return Site(header=header(identifier), **{"country": "CN", "subdivision": "CN-NX", **members})


def resource(identifier: str = NODE_ID, revision: int = 1, **node: Any) -> ComputeResource:
    """A class of nodes with these members."""
    return ComputeResource(
        header=header(identifier, revision), kind="node-class", site_id=SITE_ID, node=NodeClass(**node)
    )


def pool(units: int | None, of: str = NODE_ID, name: str = "gpu-1") -> ComputeResource:
    """A pool of such nodes."""
    body = Pool(unit=of, total_units=units)
    return ComputeResource(header=header(f"{SITE_ID}/pool/{name}"), kind="pool", site_id=SITE_ID, pool=body)


def gpu(count: int = 8, **members: Any) -> Accelerator:
    """A GPU of which everything is known that tells it apart."""
    told: dict[str, Any] = {
        "accelerator_class": "gpu",
        "vendor": "nvidia",
        "product": "NVIDIA H100 80GB HBM3",
        "architecture": "hopper",
        "form_factor": "sxm",
        "pci": PciId(vendor="10de", device="2330"),
        "memory": DeviceMemory(capacity_bytes=80 * GIB),
        "provenance": NOMINAL,
    }
    return Accelerator(**{**told, "count": count, **members})


def rate(mops: int, sparsity: str = "dense", number_format: str = "bf16", **members: Any) -> Rate:
    """A rate of a matrix unit."""
    told = {"unit": "matrix", "provenance": NOMINAL, **members}
    return Rate(number_format=number_format, sparsity=sparsity, mops_per_s=mops, **told)


def write(exporter: Exporter, *documents: Document) -> Exported:
    """Exports documents, and checks that every one has its outcome (EXPORT-BOOK-1)."""
    exported = exporter.write(documents)
    assert exported.documents == len(documents)
    assert len({one.where for one in exported.left_out}) == len(exported.left_out)
    assert all(one.where and one.why for one in exported.left_out)
    assert all(one.what and one.where and one.why for one in exported.findings)
    assert bool(exported.files) or len(exported.left_out) == len(documents)
    return exported


def only(exported: Exported) -> Any:
    """The value in the only file."""
    (data,) = exported.files.values()
    return content(data)


def content(data: bytes) -> Any:
    """The value in a file; JSON is YAML, but not read as such."""
    return json.loads(data) if data.startswith(b"{") else yaml.safe_load(data)


def whys(exported: Exported, what: str) -> list[str]:
    """Why something is not said, or not in full."""
    return [one.why for one in exported.findings if one.what == what]


def left(exported: Exported) -> dict[str, str]:
    """Why documents were left out, by their place."""
    return {one.where: one.why for one in exported.left_out}


def whats(exported: Exported) -> Sequence[str]:
    """What findings are about."""
    return [one.what for one in exported.findings]
