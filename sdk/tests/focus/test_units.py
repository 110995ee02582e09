from __future__ import annotations

from fractions import Fraction

import pytest

from crex.focus.catalogue import MEASURES, SERVICES, service, spelled
from crex.focus.units import units_of
from crex.registry.files import load
from crex.v1 import ComponentKind

TIME, COUNT = ComponentKind.COMPONENT_KIND_TIME, ComponentKind.COMPONENT_KIND_COUNT
GAUGE = ComponentKind.COMPONENT_KIND_GAUGE_TIME
GIB = 2**30


@pytest.mark.parametrize(
    ("dimension", "unit", "kind", "per", "pricing", "size", "consumed"),
    [
        ("compute-unit", "unit", TIME, "3600", "Unit-Hours", 3600, "Unit-Seconds"),
        ("compute-unit", "unit", TIME, "86400", "Unit-Days", 86400, "Unit-Seconds"),
        ("compute-unit", "unit", TIME, "7200", "Unit-Hours", 3600, "Unit-Seconds"),
        ("compute-unit", "unit", TIME, "7", "Unit-Seconds", 1, "Unit-Seconds"),
        ("compute-unit", "unit", TIME, "0.5", "Unit-Seconds", 1, "Unit-Seconds"),
        ("storage", "gigabyte", GAUGE, "3600", "GB-Hours", 3600, "GB-Seconds"),
        ("storage", "byte", GAUGE, str(3600 * GIB), "GiB-Hours", 3600 * GIB, "B-Seconds"),
        ("memory-time", "kib-s", COUNT, str(3600 * 1024**2), "GiB-Hours", 3600 * 1024**2, "KiB-Seconds"),
        ("memory-time", "kib-s", COUNT, "1", "KiB-Seconds", 1, "KiB-Seconds"),
        ("cpu-time", "s", COUNT, "3600", "CPU-Hours", 3600, "CPU-Seconds"),
        ("gpu-time", "s", COUNT, "60", "GPU-Minutes", 60, "GPU-Seconds"),
        ("wall-time", "s", COUNT, "3600", "Hours", 3600, "Seconds"),
        ("wall-time", "s", COUNT, "900", "15 Minutes", 900, "Seconds"),
        ("wall-time", "s", COUNT, "1", "Seconds", 1, "Seconds"),
        ("egress", "gigabyte", COUNT, "1", "GB", 1, "GB"),
        ("egress", "gigabyte", COUNT, "1000", "TB", 1000, "GB"),
        ("egress", "byte", COUNT, str(10**9), "GB", 10**9, "B"),
        ("egress", "byte", COUNT, str(5 * GIB), "5 GiB", 5 * GIB, "B"),
        ("energy", "j", COUNT, "3600000", "kWh", 3600000, "Joules"),
        ("output-token", "token", COUNT, "1000000", "1000000 Tokens", 10**6, "Tokens"),
        ("output-token", "token", COUNT, "0.1", "Tokens", 1, "Tokens"),
        ("bandwidth", "megabit-per-s", TIME, "3600", "Mbps-Hours", 3600, "Mbps-Seconds"),
        ("credit", "burst-credit", COUNT, "1", "BurstCredits", 1, "BurstCredits"),
        ("rent", "gpu", TIME, "3600", "GPU-Hours", 3600, "GPU-Seconds"),
    ],
)
def test_units_have_focus_names(
    dimension: str, unit: str, kind: ComponentKind.ValueType, per: str, pricing: str, size: int, consumed: str
) -> None:
    """Dimension, unit and divisor are named in FOCUS's style, the largest named unit that divides first."""
    found = units_of(dimension, unit, kind, Fraction(per))
    assert (found.pricing.name, found.pricing.size, found.consumed) == (pricing, Fraction(size), consumed)


def test_months_are_units_of_their_own() -> None:
    """What is priced by the share of a month is in months, whatever a month's length."""
    found = units_of("compute-unit", "unit", TIME, Fraction(1), time_unit="month", held="GPU")
    assert (found.pricing.name, found.pricing.size, found.consumed) == (
        "GPU-Months",
        Fraction(1),
        "GPU-Months",
    )


def test_what_is_leased_may_be_known_better() -> None:
    """A unit of the lease is called what it is; of other dimensions it stays a unit."""
    assert units_of("compute-unit", "unit", TIME, Fraction(3600), held="GPU").pricing.name == "GPU-Hours"
    assert units_of("support", "unit", COUNT, Fraction(1), held="GPU").pricing.name == "Units"


def test_registered_units_are_named() -> None:
    """Every unit of the registry has a name; `s` is time by itself."""
    assert set(load("units").entries) - set(MEASURES) <= {"s"}


def test_registered_dimensions_have_services() -> None:
    """Every service is one of a dimension of the registry, and its name has one category."""
    assert set(SERVICES) <= set(load("dimensions").entries)
    of_name: dict[str, tuple[str, str]] = {}
    for dimension in [*SERVICES, "unheard-of"]:
        category, subcategory, name = service(dimension)
        assert of_name.setdefault(name, (category, subcategory)) == (category, subcategory)


def test_unknown_tokens_are_spelled() -> None:
    """A token of another's registry becomes a capitalised word without signs."""
    assert spelled("example.org/burst-credit") == "ExampleOrgBurstCredit"
    assert spelled("api-call") == "APICall"
