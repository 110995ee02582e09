"""The registries: files in their form, tokens that fit the fields that hold them, pointers that lead on."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from crex import registry, v1
from crex.documents.fields import fields_of
from crex.errors import CrexError
from crex.names import is_token
from crex.v1 import StringFormat

FOLDER = Path(__file__).parents[3] / "schemas" / "registry"
FILES = sorted(path for path in FOLDER.glob("*.json") if path.name != "registry.schema.json")
SCHEMA = json.loads((FOLDER / "registry.schema.json").read_text("utf-8"))
# Makers of whom the list names at least one product.
MAKERS = {
    *("nvidia", "amd", "intel", "google", "aws", "huawei", "cambricon", "hygon", "moore-threads"),
    *("iluvatar", "biren", "enflame", "kunlunxin"),
}


def read(path: Path) -> dict[str, Any]:
    """Reads one file."""
    value: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return value


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_has_the_form(path: Path) -> None:
    """Every file is what its schema says, indented by two spaces (REG-FORM-1)."""
    value = read(path)
    errors = [
        f"{error.json_path}: {error.message}" for error in Draft202012Validator(SCHEMA).iter_errors(value)
    ]
    assert errors == []
    assert path.read_text("utf-8") == json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def test_the_schema_is_one() -> None:
    """The schema is valid, and knows every registry that states more than the common members."""
    Draft202012Validator.check_schema(SCHEMA)
    special = set(SCHEMA["$defs"]) - {"reference", "entry"}
    assert special <= set(registry.names())


def test_a_token_is_listed_once() -> None:
    """No registry lists a token twice, over all its files (REG-ENTRY-1)."""
    tokens = Counter(
        (value["registry"], each["token"]) for value in map(read, FILES) for each in value["entries"]
    )
    assert [token for token, times in tokens.items() if times > 1] == []


def test_parts_of_a_registry_agree() -> None:
    """Files of one registry say the same about it."""
    heads: dict[str, set[str]] = {}
    for value in map(read, FILES):
        head = json.dumps([value["title"], value["about"], value["fields"]])
        heads.setdefault(value["registry"], set()).add(head)
    assert [name for name, texts in heads.items() if len(texts) > 1] == []


def test_a_field_has_one_registry() -> None:
    """No field is claimed by two registries."""
    claimed = Counter(field for name in registry.names() for field in registry.load(name).fields)
    assert [field for field, times in claimed.items() if times > 1] == []


@pytest.mark.parametrize("name", registry.names())
def test_tokens_fit_their_fields(name: str) -> None:
    """Every field exists, and takes every token of its registry (REG-ENTRY-1)."""
    listed = registry.load(name)
    for field in listed.fields:
        message, _, member = field.partition(".")
        (constraint,) = (
            each.constraint for each in fields_of(getattr(v1, message).DESCRIPTOR) if each.name == member
        )
        for entry in listed:
            if constraint.format == StringFormat.STRING_FORMAT_TOKEN:
                assert is_token(entry.token)
            elif constraint.pattern:
                assert re.fullmatch(constraint.pattern, entry.token)


def test_pointers_lead_somewhere() -> None:
    """What an entry takes from another registry is listed there, and every reference that it cites exists."""
    for entry in registry.load("accelerators"):
        stated = entry.members
        assert stated["vendor"] in registry.load("vendors")
        assert stated["acceleratorClass"] in registry.load("accelerator-classes")
        assert stated.get("formFactor", "pcie") in registry.load("form-factors"), entry.token
        assert stated.get("memory", {}).get("type", "ddr4") in registry.load("memory-types"), entry.token
        for rate in stated.get("rates", ()):
            assert rate["numberFormat"] in registry.load("number-formats"), entry.token
        for each in (*stated.get("rates", ()), *stated.get("pci", ())):
            assert each["reference"] < len(entry.references), entry.token
    for metric in registry.load("benchmark-metrics"):
        assert set(metric.members["suites"]) <= set(registry.load("benchmark-suites").entries)
        assert metric.members["unit"] in registry.load("benchmark-units")
    for level in registry.load("isa-levels"):
        assert level.members["isa"] in registry.load("isas")


def test_products_do_not_contradict_themselves() -> None:
    """A sparse rate is not below its dense one, and no rate is stated twice."""
    for entry in registry.load("accelerators"):
        rates = {
            (rate["numberFormat"], rate["unit"], rate["sparsity"]): int(rate["mopsPerS"])
            for rate in entry.members.get("rates", ())
        }
        assert len(rates) == len(entry.members.get("rates", ())), entry.token
        for (number_format, unit, sparsity), rate in rates.items():
            assert rate >= rates.get((number_format, unit, "dense"), 0), (
                entry.token,
                number_format,
                sparsity,
            )


def test_the_list_of_products_is_worth_having() -> None:
    """At least 80 accelerators with a stated rate or memory, of all the makers."""
    useful = [entry for entry in registry.load("accelerators") if {"rates", "memory"} & set(entry.members)]
    assert len(useful) >= 80
    assert {entry.members["vendor"] for entry in useful} >= MAKERS


def test_one_maker_for_each_identifier() -> None:
    """A PCI vendor identifier leads to one maker."""
    used = Counter(each for entry in registry.load("vendors") for each in entry.members.get("pci", ()))
    assert [identifier for identifier, times in used.items() if times > 1] == []


def test_energy_identification_codes_are_right() -> None:
    """The check character of every EIC is the one that ENTSO-E's rule gives."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-"
    for zone in registry.load("grid-zones"):
        if code := zone.members.get("eic"):
            total = sum(digits.index(char) * (16 - place) for place, char in enumerate(code[:15]))
            assert digits[36 - (total - 1) % 37] == code[15], zone.token


def test_levels_are_ordered() -> None:
    """Levels of one instruction set have an order without ties."""
    by_isa: dict[str, list[int]] = {}
    for level in registry.load("isa-levels"):
        by_isa.setdefault(level.members["isa"], []).append(level.whole("order") or 0)
    assert all(first < second for orders in by_isa.values() for first, second in pairwise(orders))


def test_patterns_are_patterns() -> None:
    """Every scheme's form is a regular expression that both Python and ECMAScript read alike."""
    for scheme in registry.load("identifier-schemes"):
        if pattern := scheme.members.get("pattern"):
            re.compile(pattern)
            assert not re.search(r"\(\?[^:]|\\[AZpPzGhHkKR]|[*+?}]\+", pattern), scheme.token


def test_the_eight_hubs() -> None:
    """The national hubs are eight, with ten clusters among them."""
    hubs = registry.load("hubs")
    assert len(hubs) == 8
    assert sum(len(hub.members["clusters"]) for hub in hubs) == 10


def test_a_registry_that_is_not_there() -> None:
    """An unknown name is answered with those that there are."""
    with pytest.raises(CrexError, match="there are accelerator-classes"):
        registry.load("unicorns")


def test_search_folds_case_and_width() -> None:
    """A search finds what is written in another case or width, and asks for all its words."""
    assert [entry.token for _, entry in registry.search("ｎｉｎｇxia")] == ["ningxia"]
    assert registry.search("ningxia", "beijing") == []
