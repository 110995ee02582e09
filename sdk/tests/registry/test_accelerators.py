"""Products by what a device says of itself."""

from __future__ import annotations

import pytest

from crex.registry.accelerators import by_pci, maker


@pytest.mark.parametrize(
    ("device", "mebibytes", "tokens"),
    [
        ("20b2", 81920, ["nvidia-a100-sxm4-80gb"]),
        ("2330", 81559, ["nvidia-h100-sxm5-80gb"]),
        ("2330", 40960, []),  # such a device has no 40 GB
        ("1eb8", 15360, ["nvidia-t4-16gb"]),
        ("ffff", 81920, []),
    ],
)
def test_identifiers_and_memory_lead_to_a_product(device: str, mebibytes: int, tokens: list[str]) -> None:
    """A device is what its identifiers and its memory leave open, and never a card with other memory."""
    assert [entry.token for entry in by_pci("10de", device, mebibytes << 20)] == tokens


def test_shared_identifiers_are_told_apart_by_memory() -> None:
    """One identifier that two products carry gives both, and one where the memory is known."""
    both = by_pci("1002", "66a1")
    assert len(both) == 2
    sizes = [int(entry.members["memory"]["capacityBytes"]) for entry in both]
    assert sizes[0] != sizes[1]
    assert by_pci("1002", "66a1", sizes[0]) == both[:1]


def test_makers() -> None:
    """Identifiers of companies that were bought lead to the buyer."""
    assert [maker(each) for each in ("10de", "1002", "10ee", "1da3", "19e5", "ffff")] == [
        *("nvidia", "amd", "amd", "intel", "huawei", None)
    ]
