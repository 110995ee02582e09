"""`crex registry`: what tokens stand for."""

from __future__ import annotations

from sdk.tests.cli.conftest import Shell


def test_all_are_listed(crex: Shell) -> None:
    """The list has every registry with the fields that it is for."""
    listed = {one["registry"]: one for one in crex.json("registry", "list")}
    assert listed["hubs"] == {
        "registry": "hubs",
        "title": "National computing hubs",
        "entries": 8,
        "fields": ["Site.hub"],
    }
    assert crex("registry", "list") == 0
    assert "compliance-schemes" in crex.out


def test_one_entry_is_shown_with_its_references(crex: Shell) -> None:
    """A product is shown with its rates, each with what its maker wrote."""
    assert crex("registry", "show", "accelerators", "nvidia-h100-sxm5-80gb") == 0
    assert crex.out.startswith("nvidia-h100-sxm5-80gb: NVIDIA H100 SXM5 80GB (accelerator products)\n")
    assert "numberFormat fp64, unit matrix, sparsity dense, mopsPerS 66900000" in crex.out
    assert "  references:\n    [0] " in crex.out
    value = crex.json("registry", "show", "accelerators", "nvidia-h100-sxm5-80gb")
    assert value["memory"]["capacityBytes"] == str(80 << 30)


def test_a_whole_registry_is_shown(crex: Shell) -> None:
    """Without a token all entries are listed."""
    assert crex("registry", "show", "hubs") == 0
    assert "ningxia" in crex.out
    assert "Fields: Site.hub" in crex.out


def test_what_is_not_there_is_told_with_the_nearest(crex: Shell) -> None:
    """An unknown token or registry is refused, and what may be meant is named."""
    assert crex("registry", "show", "hubs", "ningxiaa") == 1
    assert "Perhaps ningxia is meant" in crex.err
    assert crex("registry", "show", "unicorns") == 1
    assert "there are accelerator-classes" in crex.err


def test_words_are_found_in_any_script(crex: Shell) -> None:
    """A search looks through all registries; nothing found ends with 1."""
    assert crex("registry", "search", "寒武纪") == 0
    assert "cambricon" in crex.out
    assert crex("registry", "search", "no", "such", "thing", "zzz") == 1
    assert crex.out == "No entry has all of these words.\n"
