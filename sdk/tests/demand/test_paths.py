import re

import pytest

from crex import v1
from crex.demand.checker import DEVICE_LISTS
from crex.demand.nodes import SUITABLE
from crex.demand.paths import Root, registry
from crex.demand.units import BITS_PER_S, BYTES, MHZ, PPM
from crex.demand.values import ValueType

# Grammar of Constraint.path in the contract.
GRAMMAR = re.compile(r"[a-z][A-Za-z0-9_]*(\.[a-z][A-Za-z0-9_]*){0,9}")


def test_every_path_fits_the_contract() -> None:
    """Each name of the registry can be written in a constraint, and begins with no word of the language."""
    reserved = {
        "not",
        "all",
        "any",
        "and",
        "or",
        "in",
        "has",
        "exists",
        "basis",
        "assurance",
        "same",
        "distinct",
    }
    for path in registry():
        assert GRAMMAR.fullmatch(path.name), path.name
        assert path.name.split(".")[0] not in reserved


@pytest.mark.parametrize(
    ("name", "kind", "unit"),
    [
        ("cpu.schedulable_cpus", ValueType.INTEGER, None),
        ("cpu.base_mhz", ValueType.INTEGER, MHZ),
        ("accelerators.memory.capacity_bytes", ValueType.INTEGER, BYTES),
        ("accelerators.memory.capacity", ValueType.INTEGER, BYTES),
        ("network.rate", ValueType.INTEGER, BITS_PER_S),
        ("service_levels.target", ValueType.INTEGER, PPM),
        ("accelerators.product", ValueType.DISPLAY, None),
        ("accelerators.runtime.version", ValueType.VERSION, None),
        ("memory.ecc", ValueType.BOOLEAN, None),
        ("benchmarks.run_at", ValueType.TIME, None),
        ("benchmarks.value", ValueType.DECIMAL, None),
        ("price", ValueType.DECIMAL, None),
        ("accelerators", ValueType.MESSAGE, None),
        ("provider", ValueType.TEXT, None),
        ("kind", ValueType.TEXT, None),
        ("offer.mode", ValueType.TEXT, None),
        ("offer.interfaces", ValueType.TEXT, None),
        ("site.legal_jurisdictions", ValueType.TEXT, None),
    ],
)
def test_paths_have_type_and_unit(name: str, kind: ValueType, unit: object) -> None:
    """Type and unit of a path follow from its field, and from the end of the field's name."""
    path = registry().get(name)
    assert path is not None
    assert path.type is kind
    assert path.unit is unit
    assert path.description


def test_every_field_below_a_resource_has_a_path() -> None:
    """The registry is read from the contract: a field added to a node class is a path at once."""
    names = {path.name for path in registry() if path.root is Root.NODE}
    for message, prefix in ((v1.Cpu, "cpu"), (v1.Accelerator, "accelerators"), (v1.StorageTier, "storage")):
        assert {f"{prefix}.{field.name}" for field in message.DESCRIPTOR.fields} <= names


def test_aliases_hide_no_path() -> None:
    """An alias means its real path with the same type and unit, and has a name that no field has."""
    aliases = [path for path in registry() if path.canonical]
    assert aliases
    for alias in aliases:
        real = registry().get(alias.canonical)
        assert real is not None
        assert (real.steps, real.unit, real.type, real.canonical) == (alias.steps, alias.unit, alias.type, "")


def test_every_type_has_operators() -> None:
    """No value type is without an operator that suits it."""
    assert set(SUITABLE) == set(ValueType)


def test_device_lists_are_lists_that_count() -> None:
    """What a device group counts is a list whose elements have a `count`."""
    for name in DEVICE_LISTS:
        path = registry().get(name)
        assert path is not None
        assert path.is_message_list
        assert registry().inside(path).get("count") is not None


def test_paths_inside_an_element_begin_there() -> None:
    """Inside an element the paths of the offer are out of reach."""
    accelerators = registry().get("accelerators")
    assert accelerators is not None
    inside = registry().inside(accelerators)
    assert inside.get("memory.capacity") is not None
    assert inside.get("site.country") is None


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("accelerator.memory.capacity", "accelerators.memory.capacity"),
        ("accelerators.memory.size", "accelerators.memory"),
        ("cpu.schedulableCpus", "cpu.schedulable_cpus"),
        ("country", "site.country"),
        ("cpus.isa", "cpu.isa"),
    ],
)
def test_an_unknown_path_suggests_the_nearest(wrong: str, meant: str) -> None:
    """The registry names paths that are like one that it does not have (REQ-PATH-1)."""
    assert meant in registry().nearest(wrong)


def test_suggestions_do_not_choke_on_hostile_names() -> None:
    """A very long or odd name gets an answer like any other."""
    assert len(registry().nearest("x" * 10_000)) <= 3
    assert len(registry().nearest("\0.🙂")) <= 3
