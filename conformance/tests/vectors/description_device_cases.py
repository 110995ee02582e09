"""Accelerators: what is told of a device, its rates and the ways to cut it."""

from __future__ import annotations

from typing import Final

from conformance.tests.vectors.case import Case
from conformance.tests.vectors.description_cases import OK, refused, refused_at
from conformance.tests.vectors.description_documents import device, rate
from conformance.tests.vectors.description_node_cases import NODE
from conformance.tests.vectors.matching_documents import GIB
from conformance.tests.vectors.one_change import GONE

DEVICE: Final = "node.accelerators[0]"
RATES: Final = f"{DEVICE}.rates"

_DEVICES = [
    NODE.but(
        f"accelerator-without-{name}",
        [requirement],
        f"{DEVICE}.{member}",
        GONE,
        refused(requirement),
        why,
    )
    for name, member, requirement, why in (
        ("class", "acceleratorClass", "DESC-ACCEL-1", "A GPU and an FPGA of one maker are not one thing."),
        ("vendor", "vendor", "DESC-ACCEL-1", "Devices are told apart by their makers first."),
        ("product", "product", "DESC-ACCEL-2", "Where the name is not known, PCI identifiers stand in it."),
        ("count", "count", "DESC-COUNT-1", "A reader that takes the absent count for 1 invents a device."),
    )
]
_DEVICES += [
    NODE.but(
        "accelerator-without-a-name-for-people",
        ["DESC-ACCEL-2", "ERROR-PLACE-1"],
        f"{DEVICE}.product",
        "",
        refused(path=f"$.{DEVICE}.product"),
        "An empty product is no product.",
    ),
    NODE.but(
        "accelerator-known-by-its-pci-identifiers",
        ["DESC-ACCEL-2"],
        f"{DEVICE}.product",
        "10de:2330",
        OK,
        "A device whose name no list has is described all the same.",
    ),
    NODE.but(
        "product-of-256-characters",
        ["DESC-ACCEL-2"],
        f"{DEVICE}.product",
        "算" * 255 + "𝟖",
        OK,
        "256 code points: 769 bytes of UTF-8, 257 units of UTF-16. Lengths are counted in code points.",
    ),
    NODE.but(
        "accelerator-counted-zero-times",
        ["DESC-COUNT-1", "ERROR-PLACE-1"],
        f"{DEVICE}.count",
        "0",
        refused("DESC-COUNT-1", f"$.{DEVICE}.count"),
        "None is said by a closed list that does not name it.",
    ),
    NODE.but(
        "accelerator-counted-below-zero",
        ["DESC-COUNT-1", "ERROR-PLACE-1"],
        f"{DEVICE}.count",
        "-1",
        refused("DESC-COUNT-1", f"$.{DEVICE}.count"),
        "Whole devices are counted, from one.",
    ),
    NODE.but(
        "accelerator-counted-in-slices",
        ["DESC-COUNT-1", "JSON-INT64-1", "ERROR-PLACE-1"],
        f"{DEVICE}.count",
        "0.5",
        refused(path=f"$.{DEVICE}.count"),
        "Half a device is a resource of kind partition-class.",
    ),
    NODE.but(
        "one-accelerator",
        ["DESC-COUNT-1"],
        f"{DEVICE}.count",
        "1",
        OK,
        "One whole device.",
    ),
    NODE.but(
        "device-memory-without-capacity",
        ["DESC-BYTES-1"],
        f"{DEVICE}.memory",
        {"type": "hbm3"},
        refused("DESC-BYTES-1"),
        "A memory of unknown size; the product's name does not stand for it.",
    ),
    NODE.but(
        "profiles-of-a-device-of-no-memory",
        ["DESC-BYTES-2"],
        f"{DEVICE}.memory",
        {"capacityBytes": "0"},
        refused("DESC-BYTES-2"),
        "0 is known to be none, not unknown: both profiles use more than there is.",
    ),
    NODE.but(
        "device-of-no-memory-that-cannot-be-cut",
        ["DESC-BYTES-1"],
        "node.accelerators",
        [device(memory={"capacityBytes": "0"}, partitionProfiles=[])],
        OK,
        "A device may be known to have no memory of its own; 0 is not absent.",
    ),
    NODE.but(
        "product-that-names-another-memory",
        ["DESC-TEXT-1"],
        f"{DEVICE}.product",
        "Accelerator A100-PCIE-40GB",
        OK,
        "The name says 40 GB, the memory 80 GiB. Names are for people: a reader that derives a figure from "
        "the name finds a contradiction where there is none.",
    ),
    NODE.but(
        "two-accelerators-at-fault",
        ["DESC-COUNT-1", "ERROR-PLACE-1"],
        "node.accelerators",
        [device(), device(count="0"), device(), device(count="-8")],
        refused_at(
            {"path": "$.node.accelerators[1].count", "requirement": "DESC-COUNT-1"},
            {"path": "$.node.accelerators[3].count", "requirement": "DESC-COUNT-1"},
        ),
        "Each place has its violation; indices begin at 0.",
    ),
]

_RATES = [
    NODE.but(
        f"rate-without-{name}",
        [requirement],
        f"{RATES}[0].{member}",
        GONE,
        refused(requirement),
        why,
    )
    for name, member, requirement, why in (
        ("number-format", "numberFormat", "DESC-RATE-1", "FP8 and FP64 differ by two orders of magnitude."),
        ("unit", "unit", "DESC-RATE-2", "Vector and matrix units differ by an order of magnitude."),
        ("sparsity", "sparsity", "DESC-RATE-3", "Absent is not dense in a document, only in a condition."),
        ("provenance", "provenance", "DESC-PROVENANCE-1", "A rate that nobody stands for."),
    )
]
_RATES += [
    NODE.but(
        "rate-of-processors-without-provenance",
        ["DESC-PROVENANCE-1"],
        "node.cpu.rates[0].provenance",
        GONE,
        refused("DESC-PROVENANCE-1"),
        "The provenance of the processors stands beside the list: one provenance covers its message, and a "
        "rate is a message of its own that must have one.",
    ),
    NODE.but(
        "provenance-without-basis",
        ["DESC-PROVENANCE-1"],
        f"{RATES}[0].provenance.basis",
        GONE,
        refused("DESC-PROVENANCE-1"),
        "A method without a basis leaves open whether it was measured.",
    ),
    NODE.but(
        "provenance-of-memory-without-basis",
        ["DESC-PROVENANCE-1"],
        "node.memory.provenance",
        {"method": "dmidecode"},
        refused("DESC-PROVENANCE-1"),
        "Of a memory the provenance may be left out, but not be without basis.",
    ),
    NODE.but(
        "rate-of-unnamed-sparsity",
        ["DESC-RATE-3", "JSON-TYPE-1", "ERROR-PLACE-1"],
        f"{RATES}[1].sparsity",
        "sparse",
        refused(path=f"$.{RATES}[1].sparsity"),
        "Which share of the operations is left out must be said: `2-4`.",
    ),
    NODE.but(
        "sparsity-with-a-colon",
        ["DESC-RATE-3", "JSON-TYPE-1", "ERROR-PLACE-1"],
        f"{RATES}[1].sparsity",
        "2:4",
        refused(path=f"$.{RATES}[1].sparsity"),
        "The prose writes 2:4, the member 2-4.",
    ),
    NODE.but(
        "sparsity-of-another-pattern",
        ["DESC-RATE-3"],
        f"{RATES}[1].sparsity",
        "4-16",
        OK,
        "The form allows other patterns than the one in use.",
    ),
    NODE.but(
        "rate-of-nothing",
        ["JSON-TYPE-1", "ERROR-PLACE-1"],
        f"{RATES}[0].mopsPerS",
        "0",
        refused(path=f"$.{RATES}[0].mopsPerS"),
        "A format in which a device does not compute has no rate.",
    ),
    NODE.but(
        "sparse-as-fast-as-dense",
        ["DESC-RATE-4"],
        f"{RATES}[1].mopsPerS",
        "989000000",
        OK,
        "Sparsity may gain nothing; only below the dense rate is it impossible.",
    ),
    NODE.but(
        "sparse-below-dense",
        ["DESC-RATE-4"],
        f"{RATES}[1].mopsPerS",
        "988999999",
        refused("DESC-RATE-4"),
        "One below the dense rate of the same format: one of the two was halved.",
    ),
    NODE.but(
        "sparse-and-dense-below-it",
        ["DESC-RATE-4"],
        f"{RATES}[0].mopsPerS",
        "1979000001",
        refused("DESC-RATE-4"),
        "The dense figure is the one that was doubled; the pair is the same.",
    ),
    NODE.but(
        "sparse-told-before-dense",
        ["DESC-RATE-4"],
        RATES,
        [rate(494_500_000, sparsity="2-4"), rate(989_000_000)],
        refused("DESC-RATE-4"),
        "The order of a list says nothing. A reader that looks back only sees no dense rate yet.",
    ),
    NODE.but(
        "sparse-rate-of-processors-below-dense",
        ["DESC-RATE-4"],
        "node.cpu.rates",
        [rate(2000), rate(1000, sparsity="2-4")],
        refused("DESC-RATE-4"),
        "Processors state rates as devices do.",
    ),
    *(
        NODE.but(
            f"sparse-below-dense-of-another-{name}",
            ["DESC-RATE-4"],
            RATES,
            [rate(989_000_000, **dense), rate(495_000_000, sparsity="2-4", **sparse)],
            OK,
            why,
        )
        for name, dense, sparse, why in (
            ("format", {"numberFormat": "fp8-e4m3"}, {}, "Sparse BF16 may well be below dense FP8."),
            ("unit", {}, {"unit": "vector"}, "Vector units are slower than matrix units."),
            (
                "accumulator",
                {"accumulateFormat": "fp16"},
                {"accumulateFormat": "fp32"},
                "With a wider accumulator some devices run at half the rate.",
            ),
            ("clock", {"clockMhz": "1980"}, {"clockMhz": "900"}, "At a lower clock every rate is lower."),
            (
                "basis",
                {},
                {"provenance": {"basis": "measured-provider"}},
                "What was measured is below what the maker states.",
            ),
        )
    ),
    NODE.but(
        "sparse-below-dense-of-another-device",
        ["DESC-RATE-4"],
        "node.accelerators",
        [
            device(),
            device(
                product="Smaller accelerator",
                rates=[rate(100_000_000), rate(200_000_000, sparsity="2-4")],
            ),
        ],
        OK,
        "A rate is of one device. Who compares over all devices of a node refuses every mixed node.",
    ),
    NODE.but(
        "one-rate-twice",
        ["DESC-RATE-5"],
        f"{RATES}[2]",
        rate(989_000_000),
        refused("DESC-RATE-5"),
        "Told twice with one figure; who adds up counts it twice.",
    ),
    NODE.but(
        "one-rate-with-two-figures",
        ["DESC-RATE-5"],
        f"{RATES}[2]",
        rate(990_000_000),
        refused("DESC-RATE-5"),
        "Two figures for one thing: whichever a reader takes, another takes the other.",
    ),
    NODE.but(
        "one-rate-by-two-methods",
        ["DESC-RATE-5"],
        f"{RATES}[2]",
        rate(990_000_000, provenance={"basis": "nominal", "method": "another data sheet"}),
        refused("DESC-RATE-5"),
        "The basis tells rates apart, the method does not: it is for people.",
    ),
    NODE.but(
        "one-rate-of-processors-twice",
        ["DESC-RATE-5"],
        "node.cpu.rates[1]",
        rate(4_100_000, numberFormat="fp64", unit="vector"),
        refused("DESC-RATE-5"),
        "The rule holds for each list of rates.",
    ),
    *(
        NODE.but(f"rates-that-differ-in-{name}", ["DESC-RATE-5"], f"{RATES}[2]", other, OK, why)
        for name, other, why in (
            ("format", rate(989_000_000, numberFormat="fp16"), "Formats of one speed are two rates."),
            ("unit", rate(134_000_000, unit="vector"), "Units are two things."),
            ("accumulator", rate(990_000_000, accumulateFormat="fp32"), "Accumulators are two things."),
            ("clock", rate(900_000_000, clockMhz="1800"), "A rate at a clock is another than at none."),
            (
                "basis",
                rate(750_000_000, provenance={"basis": "measured-third-party"}),
                "Stated and measured stand beside each other; neither replaces the other.",
            ),
        )
    ),
    NODE.but(
        "one-rate-on-two-devices",
        ["DESC-RATE-5"],
        "node.accelerators",
        [device(), device(product="Another accelerator")],
        OK,
        "The rule is about one list; two devices may be equally fast.",
    ),
]

_PROFILES = [
    NODE.but(
        "profile-as-large-as-its-device",
        ["DESC-BYTES-2"],
        f"{DEVICE}.partitionProfiles[0].usableMemoryBytes",
        str(80 * GIB),
        OK,
        "A partition may have the whole memory.",
    ),
    NODE.but(
        "profile-larger-than-its-device",
        ["DESC-BYTES-2"],
        f"{DEVICE}.partitionProfiles[1].usableMemoryBytes",
        str(80 * GIB + 1),
        refused("DESC-BYTES-2"),
        "One byte more than the device has.",
    ),
    NODE.but(
        "profile-of-a-device-of-unknown-memory",
        ["DESC-BYTES-2"],
        f"{DEVICE}.memory",
        GONE,
        OK,
        "Where the device's capacity is not stated, there is nothing to exceed.",
    ),
    NODE.but(
        "profile-larger-than-one-of-eight-devices",
        ["DESC-BYTES-2"],
        f"{DEVICE}.partitionProfiles[1].usableMemoryBytes",
        str(640 * GIB),
        refused("DESC-BYTES-2"),
        "Eight devices have 640 GiB, but a partition is of one; figures are never multiplied by the count.",
    ),
    NODE.but(
        "one-profile-twice",
        ["DESC-PROFILE-1"],
        f"{DEVICE}.partitionProfiles[1].name",
        "1g.10gb",
        refused("DESC-PROFILE-1"),
        "Two profiles of one name: a partition that names it has two sizes.",
    ),
    NODE.but(
        "profiles-that-differ-in-case",
        ["DESC-PROFILE-1"],
        f"{DEVICE}.partitionProfiles[1].name",
        "1G.10GB",
        OK,
        "Names are compared byte by byte; nothing folds case.",
    ),
    NODE.but(
        "one-profile-on-two-devices",
        ["DESC-PROFILE-1"],
        "node.accelerators",
        [device(rates=[]), device(rates=[], product="Another accelerator")],
        OK,
        "Names of profiles belong to their device.",
    ),
]

CASES: Final[list[Case]] = [*_DEVICES, *_RATES, *_PROFILES]
