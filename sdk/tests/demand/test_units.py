from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex.amounts import gib
from crex.demand import parse
from crex.demand.units import BY_ENDING, BYTES, SECONDS, Unit, describe_amount, format_amount, unit_of
from crex.errors import RequirementError

UNITS = [unit for _, unit in BY_ENDING] + [SECONDS]


@pytest.mark.parametrize(
    ("text", "integer"),
    [
        ("accelerators.memory.capacity >= 80GiB", 80 * 2**30),
        ("accelerators.memory.capacity >= 80GB", 80 * 10**9),
        ("accelerators.memory.capacity >= 80 GB", 80 * 10**9),
        ("accelerators.memory.capacity >= 1.5KiB", 1536),
        ("accelerators.memory.capacity_bytes >= 80", 80),
        ("cpu.base_mhz >= 3.2GHz", 3200),
        ("network.rate >= 400Gbit/s", 400 * 10**9),
        ("memory.bandwidth >= 204.8GB/s", 204_800_000_000),
        ("storage.p99_latency <= 1.5ms", 1500),
        ("storage.p99_latency <= 80µs", 80),
        ("fabrics.latency <= 2us", 2000),
        ("service_levels.target >= 99.95%", 999_500),
        ("accelerators.tdp <= 0.7kW", 700),
        ("accelerators.rates.mops_per_s >= 989.4TFLOPS", 989_400_000),
        ("accelerators.rates.mops_per_s >= 1Pop/s", 10**9),
        ("site.energy.value <= 1.25", 1_250_000),
        ("site.energy.value_micro <= 1250000", 1_250_000),
        ("site.latitude >= -33.5deg", -33_500_000),
        ("site.accuracy <= 2km", 2000),
        ("storage.read_iops >= 100kIOPS", 100_000),
    ],
)
def test_units_convert_exactly(text: str, integer: int) -> None:
    """A number with a unit is stored in the unit of its path, without rounding (TEXT-UNIT-1)."""
    assert parse(text).constraint.values[0].integer == integer


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("accelerators.memory.capacity >= 80GHz", "not a unit"),
        ("accelerators.memory.capacity >= 80Gb", "`GB` or `GiB`"),
        ("accelerators.memory.capacity >= 80gb", "`GB` or `GiB`"),
        ("network.rate >= 400Gbps", "Gbit/s"),
        ("cpu.schedulable_cpus >= 8vCPU", "has none"),
        ("cpu.schedulable_cpus >= 8 cores", "has none"),
        ("accelerators.memory.capacity >= 0.3B", "whole number"),
        ("cpu.base_mhz >= 2.5kHz", "whole number"),
        ("accelerators.memory.capacity >= 16EiB", "within 64 bits"),
        ("accelerators.memory.capacity >= 80GiB GiB", "second unit"),
        ("accelerators.memory.capacity >= many", "not a number"),
        ("accelerators.memory.capacity >= 8e10", "not a unit"),
        ("accelerators.memory.capacity >= ８０GiB", "no part of the language"),
        ("price <= 100USD", "currency"),
        ("price <= 100 EUR", "currency"),
        ("price <= 0.0000000000001", "12 after its point"),
        ("offer.terms.max_duration >= 24", "Write a unit"),
    ],
)
def test_what_is_not_the_unit_of_its_path_is_refused(text: str, why: str) -> None:
    """No unit is guessed, rounded or taken for another (TEXT-UNIT-1, TEXT-UNIT-2)."""
    with pytest.raises(RequirementError) as refused:
        parse(text)
    assert why in str(refused.value)


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from(UNITS))
def test_amounts_are_written_exactly(value: int, unit: Unit) -> None:
    """An amount as text is the same amount when it is read back."""
    text = format_amount(value, unit)
    digits = text.rstrip(
        "".join({letter for symbol in unit.symbols for letter in symbol if not letter.isdigit()})
    )
    factor = unit.symbols.get(text[len(digits) :], Fraction(1))
    assert Fraction(digits) * factor == value


def test_amounts_for_people() -> None:
    """A short amount stands alone; a long one has its rounded form beside it."""
    assert describe_amount(gib(80), BYTES) == "80GiB"
    assert describe_amount(85_520_809_985, BYTES) == "≈79.65GiB (85520809985B)"
    assert describe_amount(0, BYTES) == "0B"
    assert describe_amount(-85_520_809_985, BYTES).startswith("≈-79.65GiB")
    assert describe_amount(7, None) == "7"


@pytest.mark.parametrize(
    ("field", "short"),
    [
        ("read_bytes_per_s", "read"),
        ("bits_per_s", ""),
        ("capacity_bytes", "capacity"),
        ("domain_size", "domain_size"),
    ],
)
def test_the_unit_is_the_end_of_the_name(field: str, short: str) -> None:
    """The longest known ending of a field's name is its unit."""
    assert unit_of(field)[1] == short
