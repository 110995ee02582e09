"""Equal elements of a list, told once with how many there are (DESC-COUNT-1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from crex.v1 import Accelerator, NetworkInterface, NumaDomain, StorageTier

Element = TypeVar("Element", Accelerator, StorageTier, NetworkInterface, NumaDomain)


def group(elements: Iterable[Element]) -> list[Element]:
    """Merges elements that are equal but for their count, which adds up; in order of the first ones."""
    groups: dict[bytes, Element] = {}
    for element in elements:
        count = element.count if element.HasField("count") else 1
        bare = type(element)()
        bare.CopyFrom(element)
        bare.ClearField("count")
        known = groups.setdefault(bare.SerializeToString(deterministic=True), bare)
        known.count += count
    return list(groups.values())
