"""Dimensions and units of usage: what examples and the demo price is registered, or private."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crex import registry

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "schemas" / "examples" / "valid").glob("price-plan.*.json"))


def uses(value: Any) -> Iterator[tuple[str, str]]:
    """Gives every dimension with its unit that stands anywhere in a value."""
    if isinstance(value, dict):
        if "dimension" in value and "unit" in value:
            yield value["dimension"], value["unit"]
        for below in value.values():
            yield from uses(below)
    elif isinstance(value, list):
        for below in value:
            yield from uses(below)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_use_registered_tokens(path: Path) -> None:
    """An example prices by tokens that mean something (PRICE-UNIT-1)."""
    dimensions, units = registry.load("dimensions").entries, registry.load("units").entries
    for dimension, unit in uses(json.loads(path.read_text("utf-8"))):
        assert dimension in dimensions or "/" in dimension, dimension
        assert unit in units or "/" in unit, unit


def test_entries_say_how_they_are_measured() -> None:
    """Every dimension names the kinds of components that price it."""
    kinds = ("TIME", "GAUGE_TIME", "COUNT", "FLAT", "ONE_OFF")
    for entry in registry.load("dimensions"):
        assert entry.name.endswith(")"), entry.token
        assert any(kind in entry.name for kind in kinds), entry.token
