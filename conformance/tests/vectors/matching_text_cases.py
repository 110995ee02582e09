"""Vectors of the text form: texts with the message that each must become, or that must be refused."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.matching_cases import PARSE, Case, output, rejected
from conformance.tests.vectors.matching_documents import (
    GIB,
    Value,
    all_of,
    any_of,
    constraint,
    decimal,
    element,
    group,
    negation,
)

ISA = constraint("cpu.isa", "EQ", "x86-64")
POOL = constraint("kind", "EQ", "pool")


def _reads(id: str, text: str, becomes: Value, why: str, *requirements: str) -> Case:  # noqa: A002
    expect = output({"requirement": becomes})
    return Case(id, [*requirements, "TEXT-FORM-1"], why, PARSE, {"text": text}, expect)


def _capacity(op: str, amount: int) -> Value:
    return constraint("accelerators.memory.capacity", op, amount)


_gib = _reads(
    "text-gib",
    "accelerators.memory.capacity >= 80GiB",
    _capacity("GE", 80 * GIB),
    "A GiB is 2^30 bytes.",
    "TEXT-UNIT-1",
)


def _unit(id: str, text: str, path: str, op: str, value: Any, why: str) -> Case:  # noqa: A002
    return _reads(id, text, constraint(path, op, value), why, "TEXT-UNIT-1")


UNIT_CASES: Final = [
    _gib,
    _unit(
        "text-gb",
        "accelerators.memory.capacity >= 80GB",
        "accelerators.memory.capacity",
        "GE",
        80 * 10**9,
        "A GB is 10^9 bytes, never 2^30.",
    ),
    _unit(
        "text-unit-apart",
        "memory.capacity >= 1.5 KiB",
        "memory.capacity",
        "GE",
        1536,
        "A unit may stand apart.",
    ),
    _unit("text-ghz", "cpu.base_mhz >= 3.2GHz", "cpu.base_mhz", "GE", 3200, "3.2 GHz are 3200 MHz, exactly."),
    _unit(
        "text-gbit",
        "network.rate >= 400Gbit/s",
        "network.rate",
        "GE",
        400_000_000_000,
        "A line rate is in bits per second.",
    ),
    _unit(
        "text-percent",
        "service_levels.target >= 99.95%",
        "service_levels.target",
        "GE",
        999_500,
        "A percent is 10000 ppm.",
    ),
    _unit(
        "text-tflops",
        "accelerators.rates.mops_per_s >= 989.4TFLOPS",
        "accelerators.rates.mops_per_s",
        "GE",
        989_400_000,
        "Rates are stored in 10^6 operations per second.",
    ),
    _unit(
        "text-duration",
        "offer.terms.max_duration >= 1.5h",
        "offer.terms.max_duration",
        "GE",
        decimal("5400"),
        "Durations are decimals of seconds.",
    ),
    _unit(
        "text-millionths",
        "site.energy.value <= 1.25",
        "site.energy.value",
        "LE",
        1_250_000,
        "On the alias a number is in the unit of the metric.",
    ),
    _unit(
        "text-millionths-field",
        "site.energy.value_micro <= 1250000",
        "site.energy.value_micro",
        "LE",
        1_250_000,
        "On the field it is in millionths.",
    ),
    _unit(
        "text-price",
        "price <= 1200.50",
        "price",
        "LE",
        decimal("1200.5"),
        "Decimals have one spelling in messages.",
    ),
]

FORM_CASES: Final = [
    _reads(
        "text-conjunction",
        "accelerators.memory.capacity >= 80GiB and site.country in [CN, SG]",
        all_of(_capacity("GE", 80 * GIB), constraint("site.country", "IN", "CN", "SG")),
        "A comparison and a list.",
    ),
    _reads(
        "text-precedence",
        "kind = pool or cpu.isa = x86-64 and kind = pool",
        any_of(POOL, all_of(ISA, POOL)),
        "`and` binds closer than `or`.",
    ),
    _reads(
        "text-brackets",
        "(kind = pool or cpu.isa = x86-64) and not kind = pool",
        all_of(any_of(POOL, ISA), negation(POOL)),
        "Brackets bind closest; `not` takes what follows it.",
    ),
    _reads(
        "text-list-of-one",
        "all(cpu.isa = x86-64)",
        all_of(ISA),
        "A list of one stays a list.",
        "TEXT-ROUND-1",
    ),
    _reads(
        "text-element",
        "accelerators{vendor = nvidia and memory.capacity >= 80GiB}",
        element(
            "accelerators",
            all_of(constraint("vendor", "EQ", "nvidia"), constraint("memory.capacity", "GE", 80 * GIB)),
        ),
        "Paths in braces begin at the element.",
        "REQ-ELEMENT-1",
    ),
    _reads(
        "text-group",
        "8 devices{vendor = nvidia} same [architecture] and 2 of storage distinct [medium]",
        all_of(
            group(8, constraint("vendor", "EQ", "nvidia"), same=["architecture"]),
            group(2, path="storage", distinct=["medium"]),
        ),
        "Devices, with and without a path.",
        "REQ-GROUP-2",
    ),
    _reads(
        "text-version",
        "accelerators.runtime.version >= 12.4",
        constraint("accelerators.runtime.version", "VERSION_GE", "12.4"),
        "Between versions `>=` compares number by number.",
        "REQ-VERSION-1",
    ),
    _reads(
        "text-basis",
        "memory exists basis [nominal, sla]",
        constraint("memory", "EXISTS", acceptedBases=["nominal", "sla"]),
        "Accepted bases follow the comparison.",
        "REQ-BASIS-1",
    ),
    _reads(
        "text-quoted",
        'software.name has any ["a \\"b\\" \\\\ \\u00e9", cuda]',
        constraint("software.name", "HAS_ANY", 'a "b" \\ é', "cuda"),
        "Escapes in quotes.",
    ),
    _reads(
        "text-time",
        "benchmarks.run_at >= 2026-01-01T00:00:00.250Z",
        constraint("benchmarks.run_at", "GE", {"time": "2026-01-01T00:00:00.250Z"}),
        "A time is UTC, to the millisecond.",
    ),
]


def _refused(id: str, text: str, why: str, *requirements: str, reason: str = "SCHEMA") -> Case:  # noqa: A002
    return _gib.but(id, [*requirements, "TEXT-ERROR-1"], "text", text, rejected(reason), why)


REFUSED_CASES: Final = [
    _refused("text-gigabit-for-bytes", "memory.capacity >= 80Gb", "`Gb` is no unit of bytes.", "TEXT-UNIT-1"),
    _refused(
        "text-frequency-for-bytes", "memory.capacity >= 80GHz", "A frequency is no size.", "TEXT-UNIT-1"
    ),
    _refused("text-bytes-for-bits", "network.rate >= 50GB/s", "Bits are never bytes.", "TEXT-UNIT-1"),
    _refused("text-part-of-a-byte", "memory.capacity >= 0.3B", "Nothing is rounded.", "TEXT-UNIT-1"),
    _refused("text-beyond-64-bits", "memory.capacity >= 8EiB", "2^63 is no int64.", "TEXT-UNIT-1"),
    _refused("text-unit-of-a-count", "cpu.schedulable_cpus >= 8vCPU", "A count has no unit.", "TEXT-UNIT-1"),
    _refused("text-number-without-unit", "memory.capacity >= 80", "80 of what?", "TEXT-UNIT-2"),
    _refused("text-duration-without-unit", "offer.terms.max_duration >= 24", "24 of what?", "TEXT-UNIT-2"),
    _refused("text-currency", "price <= 100USD", "The currency is the demand's.", "TEXT-UNIT-1"),
    _refused("text-empty", "", "Nothing is required.", "TEXT-FORM-1"),
    _refused("text-double-equals", "cpu.isa == x86-64", "Equality is one sign.", "TEXT-FORM-1"),
    _refused("text-open-bracket", "(cpu.isa = x86-64", "A bracket is closed.", "TEXT-FORM-1"),
    _refused(
        "text-upper-case-and", "cpu.isa = x86-64 AND kind = pool", "Words are lowercase.", "TEXT-FORM-1"
    ),
    _refused("text-goes-on", "cpu.isa = x86-64 kind = pool", "Conditions are joined.", "TEXT-FORM-1"),
    _refused("text-in-without-list", "cpu.isa in x86-64", "`in` takes a list.", "TEXT-FORM-1"),
    _refused("text-quote-without-end", 'cpu.isa = "x86-64', "A quoted text ends.", "TEXT-FORM-1"),
    _refused("text-unknown-path", "gpu.memory >= 80GiB", "A path that does not exist.", "REQ-PATH-1"),
    _refused("text-not-a-token", "accelerators.vendor = NVIDIA", "Tokens are lowercase.", "REQ-VALUE-2"),
    _refused(
        "text-too-deep",
        "not " * 8 + "kind = pool",
        "Nine levels.",
        "REQ-LIMIT-1",
        reason="FILTER_TOO_COMPLEX",
    ),
]

CASES: Final = [*UNIT_CASES, *FORM_CASES, *REFUSED_CASES]
