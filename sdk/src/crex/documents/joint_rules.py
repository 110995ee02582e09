"""What two documents say against each other: a partition that is larger than what it is cut from.

The rules of one document see nothing of another, so whoever has both asks here: a broker when the partition
is sold, `crex validate` when it is given both files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crex.documents.rules import whole_number
from crex.errors import Violation

Json = Mapping[str, Any]

# Figures of a node class of which a part has no more than the whole.
_FIGURES = (("cpu", "schedulableCpus"), ("memory", "capacityBytes"), ("memory", "usableBytes"))
_FIX = "correct whichever of the two documents is wrong"


def larger_than_whole(partition: Json, whole: Json) -> list[Violation]:
    """Lists the figures of a partition that exceed those of what it is a partition of (DESC-PARTITION-1).

    Args:
        partition: Document of the partition, valid against the contract.
        whole: Document of the resource that its `ofResource` names, likewise.

    Returns:
        Each figure at its place in the partition; the message names the place in the other document.
    """
    contents = partition.get("partition", {}).get("contents", {})
    place, node = _node_class(whole)
    return [*_figures(contents, node, place), *_accelerators(contents, node, place)]


def _node_class(document: Json) -> tuple[str, Json]:
    if "node" in document:
        return "node", document["node"]
    return "partition.contents", document.get("partition", {}).get("contents", {})


def _figures(contents: Json, node: Json, place: str) -> Iterator[Violation]:
    for message, member in _FIGURES:
        part = whole_number(contents.get(message, {}), member)
        most = whole_number(node.get(message, {}), member)
        if part is not None and most is not None and part > most:
            found = f"it is {part}, and $.{place}.{message}.{member} of the whole is {most}"
            yield Violation(f"$.partition.contents.{message}.{member}", found, "DESC-PARTITION-1", _FIX)


def _accelerators(contents: Json, node: Json, place: str) -> Iterator[Violation]:
    """Compares devices that are whole: of one maker there are no more in a part than in the whole.

    Says nothing where the whole states no accelerators at all: then they are not known.
    """
    if "accelerators" not in node:
        return
    for vendor, part in _devices(contents).items():
        most = _devices(node).get(vendor, 0)
        if part > most:
            found = f"{part} devices of {vendor}, and $.{place}.accelerators of the whole has {most}"
            yield Violation("$.partition.contents.accelerators", found, "DESC-PARTITION-1", _FIX)


def _devices(node: Json) -> dict[str, int]:
    counts: dict[str, int] = {}
    for device in node.get("accelerators", ()):
        counts[device["vendor"]] = counts.get(device["vendor"], 0) + int(device["count"])
    return counts
