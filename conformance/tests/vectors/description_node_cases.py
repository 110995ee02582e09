"""Nodes: processors, memory, memory domains, storage and interfaces."""

from __future__ import annotations

from typing import Final

from conformance.tests.vectors.case import Case
from conformance.tests.vectors.description_cases import OK, document, refused
from conformance.tests.vectors.description_documents import node, resource
from conformance.tests.vectors.matching_documents import GIB
from conformance.tests.vectors.one_change import GONE

CPU, MEMORY, STORAGE = "node.cpu", "node.memory", "node.storage[0]"
INT64_MAX: Final = str((1 << 63) - 1)

NODE: Final = document(
    "node-with-everything-in-order",
    [
        "DESC-KIND-1",
        "DESC-SITE-1",
        "DESC-CPU-1",
        "DESC-CPU-4",
        "DESC-BYTES-2",
        "DESC-NUMA-1",
        "DESC-ACCEL-1",
        "DESC-ACCEL-2",
        "DESC-PROVENANCE-1",
        "DESC-RATE-1",
        "DESC-RATE-2",
        "DESC-RATE-3",
        "DESC-RATE-4",
        "DESC-RATE-5",
        "DESC-PROFILE-1",
        "DESC-STORAGE-1",
        "DESC-STORAGE-2",
        "DESC-BITS-1",
    ],
    "compute-resource",
    node(),
    "The document from which the vectors of nodes differ in one thing: rules are kept, some at their bounds.",
)

PLAIN: Final = document(
    "node-of-processors-and-memory",
    ["DESC-CPU-1", "DESC-CPU-2", "DESC-CPU-4", "DESC-BYTES-1"],
    "compute-resource",
    resource(
        "node-class/p",
        "node-class",
        "node",
        {
            "cpu": {
                "isa": "x86-64",
                "sockets": "2",
                "physicalCores": "64",
                "threadsPerCore": "2",
                "schedulableCpus": "128",
            },
            "memory": {"capacityBytes": str(1024 * GIB), "usableBytes": str(1000 * GIB), "type": "ddr5"},
        },
    ),
    "A node of which nothing but processors and memory is told: 64 cores of 2 threads make 128 CPUs.",
)

_PROCESSORS = [
    PLAIN.but(
        "processors-without-isa",
        ["DESC-CPU-1"],
        f"{CPU}.isa",
        GONE,
        refused("DESC-CPU-1"),
        "Without an instruction set nobody knows which programs run.",
    ),
    PLAIN.but(
        "processors-without-schedulable-cpus",
        ["DESC-CPU-2"],
        f"{CPU}.schedulableCpus",
        GONE,
        refused("DESC-CPU-2"),
        "A reader that takes cores times threads instead computes what was never granted.",
    ),
    PLAIN.but(
        "no-schedulable-cpu",
        ["DESC-CPU-2", "ERROR-PLACE-1"],
        f"{CPU}.schedulableCpus",
        "0",
        refused("DESC-CPU-2", "$.node.cpu.schedulableCpus"),
        "Zero is fewer than one.",
    ),
    PLAIN.but(
        "one-schedulable-cpu",
        ["DESC-CPU-2"],
        f"{CPU}.schedulableCpus",
        "1",
        OK,
        "One is enough; fewer than the hardware has is what a quota or an affinity grants.",
    ),
    PLAIN.but(
        "more-schedulable-cpus-than-threads",
        ["DESC-CPU-4"],
        f"{CPU}.schedulableCpus",
        "129",
        refused("DESC-CPU-4"),
        "64 cores × 2 threads are 128. Who sells 129 sells one thread twice.",
    ),
    PLAIN.but(
        "threads-that-are-not-known",
        ["DESC-CPU-4"],
        f"{CPU}.threadsPerCore",
        GONE,
        OK,
        "Without threadsPerCore there is nothing to compare with: 128 CPUs on 64 cores are right if it is 2. "
        "A reader that takes the absent member for 1 refuses.",
    ),
    PLAIN.but(
        "threads-times-cores-beyond-64-bits",
        ["DESC-CPU-4"],
        CPU,
        {
            "isa": "x86-64",
            "physicalCores": str(1 << 62),
            "threadsPerCore": "4",
            "schedulableCpus": "1",
        },
        OK,
        "2^62 × 4 = 2^64. In 64-bit arithmetic the product is 0, and a reader that wraps refuses one CPU.",
    ),
    PLAIN.but(
        "as-many-sockets-as-cores",
        ["DESC-CPU-4"],
        f"{CPU}.sockets",
        "64",
        OK,
        "Sockets may equal cores; they may not exceed them.",
    ),
    PLAIN.but(
        "more-sockets-than-cores",
        ["DESC-CPU-4"],
        f"{CPU}.sockets",
        "65",
        refused("DESC-CPU-4"),
        "A socket without a core is none. Sockets and cores were taken for each other.",
    ),
    PLAIN.but(
        "sockets-without-cores",
        ["DESC-CPU-4"],
        CPU,
        {"isa": "aarch64", "sockets": "2", "schedulableCpus": "96"},
        OK,
        "Cores that are not known are not zero.",
    ),
    PLAIN.but(
        "processors-without-allocation",
        ["DESC-CPU-1", "DESC-CPU-2"],
        CPU,
        {"isa": "x86-64", "schedulableCpus": "2"},
        OK,
        "Allocation is demanded where an offer sells the resource. A machine cannot see it of itself, so a "
        "reader that demands it everywhere refuses what no offer sells.",
    ),
]

_MEMORY = [
    PLAIN.but(
        "memory-without-capacity",
        ["DESC-BYTES-1"],
        f"{MEMORY}.capacityBytes",
        GONE,
        refused("DESC-BYTES-1"),
        "A memory of unknown size; the type and the usable bytes do not stand for it.",
    ),
    PLAIN.but(
        "memory-capacity-as-a-number",
        ["DESC-BYTES-1", "JSON-INT64-1", "ERROR-PLACE-1"],
        f"{MEMORY}.capacityBytes",
        1 << 30,
        refused(path="$.node.memory.capacityBytes"),
        "Readers that take 64-bit integers from JSON numbers round above 2^53.",
    ),
    PLAIN.but(
        "memory-capacity-in-gigabytes",
        ["DESC-BYTES-1", "JSON-INT64-1", "ERROR-PLACE-1"],
        f"{MEMORY}.capacityBytes",
        "1024GiB",
        refused(path="$.node.memory.capacityBytes"),
        "The unit is in the member's name. A reader that parses units decides what GB means.",
    ),
    PLAIN.but(
        "memory-capacity-with-a-fraction",
        ["DESC-BYTES-1", "JSON-INT64-1", "ERROR-PLACE-1"],
        f"{MEMORY}.capacityBytes",
        "1099511627776.0",
        refused(path="$.node.memory.capacityBytes"),
        "A whole number is written without a point.",
    ),
    PLAIN.but(
        "memory-of-no-bytes",
        ["DESC-BYTES-1", "JSON-TYPE-1", "ERROR-PLACE-1"],
        MEMORY,
        {"capacityBytes": "0"},
        refused(path="$.node.memory.capacityBytes"),
        "A node has main memory, 1 byte at least: 0 is a placeholder, and there are none.",
    ),
    PLAIN.but(
        "memory-all-of-it-usable",
        ["DESC-BYTES-2"],
        f"{MEMORY}.usableBytes",
        str(1024 * GIB),
        OK,
        "Usable bytes may equal the capacity.",
    ),
    PLAIN.but(
        "memory-more-usable-than-there-is",
        ["DESC-BYTES-2"],
        f"{MEMORY}.usableBytes",
        str(1024 * GIB + 1),
        refused("DESC-BYTES-2"),
        "One byte more than there is.",
    ),
    PLAIN.but(
        "memory-beyond-what-doubles-count-all-usable",
        ["DESC-BYTES-2"],
        "node",
        {"memory": {"capacityBytes": "9007199254740993", "usableBytes": "9007199254740993"}},
        OK,
        "2^53 + 1 bytes, all of them usable: the twin of the vector with one byte more.",
    ),
]
_BEYOND_DOUBLES = _MEMORY[-1].but(
    "memory-beyond-what-doubles-count",
    ["DESC-BYTES-2"],
    f"{MEMORY}.capacityBytes",
    "9007199254740992",
    refused("DESC-BYTES-2"),
    "2^53 and 2^53 + 1 are one double. A reader that compares doubles sees no difference.",
)

_DOMAINS = [
    NODE.but(
        "node-without-processors",
        ["DESC-CPU-1"],
        CPU,
        GONE,
        OK,
        "What is absent is not known. The rules are about processors that are stated; the memory domains "
        "have then no CPUs to exceed.",
    ),
    NODE.but(
        "domains-with-more-memory-than-the-node",
        ["DESC-NUMA-1"],
        "node.numa[0].memoryBytes",
        str(512 * GIB + 1),
        refused("DESC-NUMA-1"),
        "2 × (512 GiB + 1 byte) exceed the node's 1024 GiB. Without the count, one domain fits.",
    ),
    NODE.but(
        "domains-with-more-cpus-than-the-node",
        ["DESC-NUMA-1"],
        "node.numa[0].schedulableCpus",
        "65",
        refused("DESC-NUMA-1"),
        "2 × 65 CPUs exceed the node's 128.",
    ),
    NODE.but(
        "domains-told-one-by-one",
        ["DESC-NUMA-1"],
        "node.numa",
        [
            {"count": "1", "schedulableCpus": "64", "memoryBytes": str(512 * GIB)},
            {"count": "1", "schedulableCpus": "64", "memoryBytes": str(512 * GIB)},
        ],
        OK,
        "Equal domains are told once, which nobody refuses to see otherwise; the sums are the same.",
    ),
    NODE.but(
        "domains-with-less-than-the-node",
        ["DESC-NUMA-1"],
        "node.numa",
        [{"count": "2", "schedulableCpus": "60", "memoryBytes": str(500 * GIB)}],
        OK,
        "Domains may have less than the node: equality is not demanded.",
    ),
    NODE.but(
        "domain-without-cpus",
        ["DESC-NUMA-1"],
        "node.numa",
        [
            {"count": "2", "schedulableCpus": "64", "memoryBytes": str(448 * GIB), "memoryType": "ddr5"},
            {"count": "2", "schedulableCpus": "0", "memoryBytes": str(64 * GIB), "memoryType": "hbm2e"},
        ],
        OK,
        "2 × 448 GiB + 2 × 64 GiB = 1024 GiB. A domain of another type without CPUs is one of its own.",
    ),
    NODE.but(
        "domains-whose-cpus-are-not-stated",
        ["DESC-NUMA-1"],
        "node.numa",
        [{"count": "4", "memoryBytes": str(256 * GIB)}],
        OK,
        "CPUs that are not stated add nothing; the memory still adds up to 1024 GiB.",
    ),
    NODE.but(
        "domains-of-a-node-of-unknown-memory",
        ["DESC-NUMA-1"],
        MEMORY,
        GONE,
        OK,
        "Where the node's memory is not stated, there is nothing to exceed; absent is not zero.",
    ),
]
_DOMAINS += [
    _DOMAINS[5].but(
        "fast-memory-counted-beside-the-node",
        ["DESC-NUMA-1"],
        "node.numa[1].memoryBytes",
        str(65 * GIB),
        refused("DESC-NUMA-1"),
        "2 × 448 GiB + 2 × 65 GiB = 1026 GiB. Domains of all types count together; the sum of the kind that "
        "has CPUs alone would fit.",
    ),
    NODE.but(
        "domains-whose-memory-is-beyond-64-bits",
        ["DESC-NUMA-1"],
        "node.numa[0].memoryBytes",
        str(1 << 62),
        refused("DESC-NUMA-1"),
        "2 × 2^62 = 2^63 bytes. In 64-bit arithmetic that is negative, and a reader that wraps accepts it.",
    ),
    NODE.but(
        "domain-without-count",
        ["DOC-REQUIRED-1"],
        "node.numa[0].count",
        GONE,
        refused(),
        "How many domains there are is required; one is not assumed.",
    ),
]

_STORAGE = [
    NODE.but(
        "storage-without-medium",
        ["DESC-STORAGE-1"],
        f"{STORAGE}.medium",
        GONE,
        refused("DESC-STORAGE-1"),
        "A tier that does not say what it is made of. Where that is not known it is a virtual-disk.",
    ),
    NODE.but(
        "storage-without-capacity",
        ["DESC-BYTES-1"],
        f"{STORAGE}.capacityBytes",
        GONE,
        refused("DESC-BYTES-1"),
        "A tier of unknown size.",
    ),
    NODE.but(
        "storage-of-no-bytes",
        ["DESC-BYTES-1"],
        f"{STORAGE}.capacityBytes",
        "0",
        OK,
        "Of a tier 0 is known to be none, and allowed. A reader that takes 0 for absent refuses.",
    ),
    NODE.but(
        "storage-beyond-64-bits",
        ["JSON-INT64-1", "ERROR-PLACE-1"],
        f"{STORAGE}.capacityBytes",
        "9223372036854775808",
        refused(path="$.node.storage[0].capacityBytes"),
        "2^63 is no int64.",
    ),
    NODE.but(
        "storage-of-the-most-bytes",
        ["DESC-BYTES-1"],
        f"{STORAGE}.capacityBytes",
        INT64_MAX,
        OK,
        "2^63 - 1 is one; nothing multiplies it by the count.",
    ),
    NODE.but(
        "operations-without-block-size",
        ["DESC-STORAGE-2"],
        f"{STORAGE}.blockBytes",
        GONE,
        refused("DESC-STORAGE-2"),
        "Operations of 512 bytes and of a mebibyte are not compared.",
    ),
    NODE.but(
        "operations-without-queue-depth",
        ["DESC-STORAGE-2"],
        f"{STORAGE}.queueDepth",
        GONE,
        refused("DESC-STORAGE-2"),
        "Both belong to the figure: the block size alone does not make it comparable.",
    ),
    NODE.but(
        "writes-only-with-block-size-and-queue-depth",
        ["DESC-STORAGE-2"],
        STORAGE,
        {
            "medium": "hdd",
            "capacityBytes": "1",
            "writeIops": "100",
            "blockBytes": "4096",
            "queueDepth": "1",
        },
        OK,
        "Either kind of operation may be stated alone.",
    ),
    NODE.but(
        "block-size-without-operations",
        ["DESC-STORAGE-2"],
        STORAGE,
        {"medium": "hdd", "capacityBytes": "1", "blockBytes": "4096"},
        OK,
        "The rule is about operations that are stated; a block size alone claims nothing.",
    ),
    NODE.but(
        "bytes-per-second-without-block-size",
        ["DESC-STORAGE-2"],
        STORAGE,
        {"medium": "hdd", "capacityBytes": "1", "readBytesPerS": "250000000", "writeBytesPerS": "200000000"},
        OK,
        "Sequential rates are no operations.",
    ),
]
_STORAGE += [
    _STORAGE[-3].but(
        "writes-without-queue-depth",
        ["DESC-STORAGE-2"],
        f"{STORAGE}.queueDepth",
        GONE,
        refused("DESC-STORAGE-2"),
        "The rule is about writes as it is about reads.",
    ),
    _STORAGE[-3].but(
        "writes-without-block-size",
        ["DESC-STORAGE-2"],
        f"{STORAGE}.blockBytes",
        GONE,
        refused("DESC-STORAGE-2"),
        "The rule is about writes as it is about reads.",
    ),
]

_INTERFACES = [
    NODE.but(
        "interface-of-no-rate",
        ["DESC-BITS-1"],
        "node.network[0].bitsPerS",
        "0",
        OK,
        "0 is at least 0: an interface that is known to carry nothing.",
    ),
    NODE.but(
        "interface-of-a-rate-below-zero",
        ["DESC-BITS-1", "ERROR-PLACE-1"],
        "node.network[0].bitsPerS",
        "-1",
        refused("DESC-BITS-1", "$.node.network[0].bitsPerS"),
        "Linux shows the speed -1 of an interface that is down; it is left out, not copied.",
    ),
    NODE.but(
        "interface-of-an-unknown-rate",
        ["DESC-BITS-1"],
        "node.network[0].bitsPerS",
        GONE,
        OK,
        "The rate of an interface that is not known is left out.",
    ),
    NODE.but(
        "interface-of-a-broken-rate",
        ["DESC-BITS-1", "JSON-INT64-1", "ERROR-PLACE-1"],
        "node.network[0].bitsPerS",
        "2.5",
        refused(path="$.node.network[0].bitsPerS"),
        "2.5 gigabits are 2500000000 bits: no unit is so small that a fraction is needed.",
    ),
    NODE.but(
        "fabric-of-a-rate-below-zero",
        ["DESC-BITS-1", "ERROR-PLACE-1"],
        "node.fabrics[0].endpointBitsPerS",
        "-1",
        refused("DESC-BITS-1", "$.node.fabrics[0].endpointBitsPerS"),
        "The rate of an endpoint is a line rate.",
    ),
]

CASES: Final[list[Case]] = [
    NODE,
    PLAIN,
    *_PROCESSORS,
    *_MEMORY,
    _BEYOND_DOUBLES,
    *_DOMAINS,
    *_STORAGE,
    *_INTERFACES,
]
