"""Nodes as slurmrestd states them, and what the importer makes of them."""

from __future__ import annotations

import json
from typing import Any

from crex.describe.importing import Imported
from crex.describe.slurm import IMPORTER
from crex.describe.sources import Source
from crex.v1 import ComputeResource, NodeClass
from sdk.tests.describe import mutations
from sdk.tests.describe.sound import check_sound, documents_of

MIB = 1 << 20
NODE: dict[str, Any] = {
    "name": "gpu001",
    "architecture": "x86_64",
    "boards": 1,
    "sockets": 2,
    "cores": 32,
    "threads": 2,
    "cpus": 128,
    "real_memory": 1031000,
    "gres": "gpu:nvidia_a100-sxm4-80gb:4(S:0-1)",
    "tres": "cpu=128,mem=1031000M,billing=128,gres/gpu=4",
    "state": ["IDLE"],
    "operating_system": "Linux 5.14.0-427.el9.x86_64 #1 SMP PREEMPT_DYNAMIC",
    "version": "24.05.3",
    "features": ["hdr", "a100"],
    "partitions": ["batch"],
    "temporary_disk": 900000,
}


def read(*texts: str) -> Imported:
    """Imports texts, each a file, and checks the books and that every draft makes sound documents."""
    imported = IMPORTER.read([Source(f"f{at}", text.encode()) for at, text in enumerate(texts)])
    mutations.check_books(imported)
    for draft in imported.drafts:
        check_sound(draft)
    assert documents_of(imported).left_out == imported.left_out
    return imported


def answer(*nodes: object, field: str = "nodes") -> str:
    """Writes what slurmrestd answers."""
    return json.dumps({"meta": {}, "errors": [], field: list(nodes)})


def node(**members: Any) -> dict[str, Any]:
    """Gives a node, changed; nothing removes a member."""
    return {name: value for name, value in {**NODE, **members}.items() if value is not None}


def changed(**members: Any) -> Imported:
    """Imports an answer of one node, changed."""
    return read(answer(node(**members)))


def body(imported: Imported, at: int = 0) -> ComputeResource:
    """Gives the body of a draft."""
    found = imported.drafts[at].body
    assert isinstance(found, ComputeResource)
    return found


def only(imported: Imported) -> NodeClass:
    """Gives the one node that is described."""
    (draft,) = imported.drafts
    assert isinstance(draft.body, ComputeResource)
    assert draft.body.kind == "node-class"
    return draft.body.node


def whys(imported: Imported) -> str:
    """Gives every reason and remark."""
    return " | ".join([*(str(one) for one in imported.left_out), *(str(one) for one in imported.findings)])
