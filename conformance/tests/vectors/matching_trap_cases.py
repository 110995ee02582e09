"""Vectors named after traps: figures that are taken for others, documents that are not at hand, groups.

Every truth is derived by hand from the requirements named beside it.
"""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.matching_cases import (
    EVALUATE,
    FALSE,
    MATCH,
    TRUE,
    UNKNOWN,
    Case,
    output,
    rejected,
)
from conformance.tests.vectors.matching_documents import (
    ACCELERATORS,
    GIB,
    RATES,
    P,
    Value,
    all_of,
    any_of,
    claim,
    constraint,
    device,
    element,
    group,
    header,
    negation,
    offer,
    plan,
    presented,
    rate,
    resource,
    site,
)
from conformance.tests.vectors.matching_match_cases import asked, entry
from conformance.tests.vectors.one_change import GONE


def case(name: str, requirements: list[str], why: str, given: Value) -> Case:
    """Gives a vector that begins a row, and whose answer is TRUE."""
    return Case(name, requirements, why, EVALUATE, given, TRUE)


_STORAGE, _NETWORK, _FABRICS = "node.storage", "node.network", "node.fabrics"
_TERABYTE = 10**12
_gb = case(
    "gib-offered-for-gb",
    ["REQ-LIST-1", "DESC-BYTES-1"],
    "80 GB are 80·10^9 bytes, and 80 GiB are more.",
    presented(constraint("accelerators.memory.capacity", "GE", 80 * 10**9)),
)
_disks = case(
    "disk-is-large-enough",
    ["REQ-LIST-1", "DESC-BYTES-1"],
    "One disk of a terabyte.",
    presented(
        constraint("storage.capacity", "GE", _TERABYTE),
        resource(
            storage=[{"medium": "nvme-ssd", "capacityBytes": str(_TERABYTE), "count": "8"}],
            closed=(_STORAGE,),
        ),
    ),
)
_ports = case(
    "line-rate-is-fast-enough",
    ["REQ-LIST-1", "DESC-BITS-1"],
    "An interface of 200 Gbit/s.",
    presented(
        constraint("network.rate", "GE", 200 * 10**9),
        resource(
            network=[{"technology": "ethernet", "bitsPerS": str(200 * 10**9), "count": "2"}],
            closed=(_NETWORK,),
        ),
    ),
)
_latency = case(
    "latency-is-one-way",
    ["REQ-ALIAS-1", "REQ-LIST-1"],
    "1500 ns one way are within 1500 ns.",
    presented(
        constraint("fabrics.latency", "LE", 1500),
        resource(fabrics=[{"technology": "infiniband", "latencyNs": "1500"}], closed=(_FABRICS,)),
    ),
)
FIGURE_CASES: Final = [
    _gb,
    _gb.but(
        "gib-asked-of-gb-by-a-byte",
        ["REQ-LIST-1", "DESC-BYTES-1"],
        "requirement.constraint.values[0].integer",
        str(80 * GIB + 1),
        FALSE,
        "A byte more than 80 GiB is more.",
    ),
    _disks,
    _disks.but(
        "disk-capacity-is-not-the-total",
        ["REQ-LIST-1", "DESC-COUNT-1"],
        "requirement.constraint.values[0].integer",
        str(8 * _TERABYTE),
        FALSE,
        "Eight disks of a terabyte are no disk of eight.",
    ),
    _disks.but(
        "tib-asked-of-tb",
        ["REQ-LIST-1", "DESC-BYTES-1"],
        "requirement.constraint.values[0].integer",
        str(1 << 40),
        FALSE,
        "A terabyte is a tenth less than a TiB.",
    ),
    _ports,
    _ports.but(
        "line-rate-is-not-the-total",
        ["REQ-LIST-1"],
        "requirement.constraint.values[0].integer",
        str(400 * 10**9),
        FALSE,
        "Two interfaces of 200 Gbit/s are none of 400.",
    ),
    _latency,
    _latency.but(
        "latency-is-not-halved",
        ["REQ-LIST-1"],
        "resource.node.fabrics[0].latencyNs",
        "3000",
        FALSE,
        "3000 ns one way are 3000 ns: no round trip is assumed, and none is halved.",
    ),
    _latency.but(
        "round-trip-of-a-fabric",
        ["REQ-PATH-1"],
        "requirement.constraint.path",
        "fabrics.rtt_ns",
        rejected(),
        "A fabric states a latency one way; a round trip has no path.",
    ),
    _latency.but(
        "path-into-a-link",
        ["REQ-PATH-1"],
        "requirement.constraint.path",
        "link.rtt_us.p99",
        rejected(),
        "An offer brings no link with it.",
    ),
]

_SPARSE = [rate("fp8-e4m3", 1_978_900_000), rate("fp8-e4m3", 3_957_800_000, sparsity="2-4")]
_FAST = constraint("mops_per_s", "GE", 3_000_000_000)
_not_dense = case(
    "rate-not-dense-by-negation",
    ["REQ-DENSE-1", "REQ-ELEMENT-1"],
    "Who speaks of sparsity, in whatever way, sees all rates.",
    presented(
        element("accelerators.rates", all_of(_FAST, negation(constraint("sparsity", "EQ", "dense")))),
        resource(device(rates=_SPARSE), closed=(ACCELERATORS, RATES)),
    ),
)
_RATES_AT = "resource.node.accelerators[0].rates"
_exists = case(
    "rates-exist",
    ["REQ-DENSE-1", "REQ-EXISTS-1"],
    "There is a dense rate.",
    presented(
        constraint("accelerators.rates", "EXISTS"),
        resource(device(rates=_SPARSE), closed=(ACCELERATORS, RATES)),
    ),
)
DENSE_CASES: Final = [
    _not_dense,
    _not_dense.but(
        "sparsity-in-an-element-on-the-device",
        ["REQ-DENSE-1"],
        "requirement",
        element(
            "accelerators",
            all_of(
                constraint("rates.sparsity", "EQ", "2-4"), constraint("rates.mops_per_s", "GE", 3_000_000_000)
            ),
        ),
        FALSE,
        "The element is a device, and its two conditions may hold of two rates.",
    ),
    _not_dense.but(
        "rate-not-dense-and-too-slow",
        ["REQ-DENSE-1", "REQ-ELEMENT-1"],
        f"{_RATES_AT}[1].mopsPerS",
        "2999999999",
        FALSE,
        "The only rate with sparsity is slower.",
    ),
    _exists,
    _exists.but(
        "rates-exist-with-sparsity-only",
        ["REQ-DENSE-1", "REQ-EXISTS-1"],
        _RATES_AT,
        _SPARSE[1:],
        FALSE,
        "The list that a condition sees is that of dense rates, and it is complete and empty.",
    ),
]

_LEVEL = "cpu.isa_level"
_level = case(
    "not-in-over-a-level",
    ["REQ-MISSING-1"],
    "x86-64-v4 is not x86-64-v2.",
    presented(
        constraint(_LEVEL, "NOT_IN", "x86-64-v2"),
        resource(cpu={"isa": "x86-64", "schedulableCpus": "64", "isaLevel": "x86-64-v4"}),
    ),
)
_not_cn = case(
    "not-over-a-country",
    ["REQ-KLEENE-1", "REQ-MISSING-1"],
    "It stands in China, not in Norway.",
    presented(negation(constraint("site.country", "EQ", "NO"))),
)
_currency = case(
    "offer-currency-of-the-plan",
    ["REQ-MISSING-1"],
    "The currency of an offer is that of its price plan.",
    presented(constraint("offer.currency", "EQ", "USD"), plan=plan()),
)
_provider = case(
    "provider-is-the-issuer",
    ["REQ-MISSING-1"],
    "The authority that issued the offer.",
    presented(
        all_of(
            constraint("provider", "EQ", "p.example.cn"),
            constraint("offer.id", "EQ", f"{P}/offer/x"),
            constraint("offer.mode", "EQ", "on-demand"),
            constraint("resource.id", "EQ", f"{P}/node-class/n"),
            constraint("site.id", "EQ", f"{P}/site/a"),
            constraint("offer.valid_until", "GE", {"time": "2026-03-02T00:00:00Z"}),
        )
    ),
)
MISSING_CASES: Final = [
    _level,
    _level.but(
        "not-in-over-a-missing-level",
        ["REQ-MISSING-1"],
        "resource.node.cpu.isaLevel",
        GONE,
        UNKNOWN,
        "What is not stated is in no list and out of none.",
    ),
    _level.but(
        "not-exists-over-a-missing-level",
        ["REQ-MISSING-1", "REQ-EXISTS-1"],
        "requirement",
        negation(constraint("cpu.allocation", "EXISTS")),
        UNKNOWN,
        "That a document does not say it does not mean that there is none.",
    ),
    _not_cn,
    _not_cn.but(
        "not-over-a-missing-country",
        ["REQ-MISSING-1", "REQ-KLEENE-1"],
        "site.country",
        GONE,
        UNKNOWN,
        "A site that does not say where it stands may stand in Norway.",
    ),
    _not_cn.but(
        "not-over-a-missing-document",
        ["REQ-MISSING-1"],
        "site",
        GONE,
        UNKNOWN,
        "The site's document is not at hand.",
    ),
    _currency,
    _currency.but(
        "offer-currency-without-a-plan",
        ["REQ-MISSING-1"],
        "plan",
        GONE,
        UNKNOWN,
        "The plan is not at hand.",
    ),
    _provider,
    _provider.but(
        "provider-is-another",
        ["REQ-NE-1", "REQ-KLEENE-1"],
        "requirement.allOf.requirements[0].constraint.op",
        "CONSTRAINT_OPERATOR_NE",
        FALSE,
        "It is that provider.",
    ),
]

_POOL: Final[Value] = {
    "header": header("pool/q"),
    "kind": "pool",
    "siteId": f"{P}/site/a",
    "pool": {"unit": f"{P}/node-class/n", "totalUnits": "32"},
}
_pool = case(
    "pool-of-many-units",
    ["REQ-MISSING-1", "REQ-PATH-1"],
    "The pool has 32 units, each of them a node with devices; the kind is that of the unit.",
    presented(
        all_of(
            constraint("pool.total_units", "GE", 32),
            constraint("kind", "EQ", "node-class"),
            constraint("accelerators.vendor", "EQ", "nvidia"),
        ),
        _POOL,
        unit=resource(device()),
    ),
)
_pooled_claim = case(
    "claim-of-the-pool",
    ["REQ-CLAIM-1"],
    "The certificate covers the pool.",
    presented(
        constraint("site.compliance.scheme", "EQ", "iso-27001"),
        _POOL,
        unit=resource(device()),
        site=site(compliance=[claim(scope="pool/q")], closedLists=["compliance"]),
    ),
)
_CLUSTER: Final[Value] = {
    "header": header("cluster/c"),
    "kind": "cluster",
    "siteId": f"{P}/site/a",
    "cluster": {"members": [{"resource": f"{P}/node-class/n", "count": "4"}]},
}
POOL_CASES: Final = [
    _pool,
    _pool.but(
        "pool-of-fewer-units",
        ["REQ-KLEENE-1"],
        "resource.pool.totalUnits",
        "31",
        FALSE,
        "31 are fewer than 32.",
    ),
    _pool.but(
        "pool-without-its-unit",
        ["REQ-MISSING-1"],
        "unit",
        GONE,
        UNKNOWN,
        "What one unit is is not at hand: the pool itself is no node.",
    ),
    _pool.but(
        "pool-is-not-the-kind-of-its-unit",
        ["REQ-KLEENE-1"],
        "requirement.allOf.requirements[1].constraint.values[0].text",
        "pool",
        FALSE,
        "What is sold is one unit, and it is a node.",
    ),
    _pooled_claim,
    _pooled_claim.but(
        "claim-of-another-pool",
        ["REQ-CLAIM-1"],
        "site.compliance[0].scopeIds[0]",
        f"{P}/pool/r",
        UNKNOWN,
        "It covers another pool.",
    ),
    Case(
        "cluster-states-no-devices",
        ["REQ-MISSING-1"],
        "A cluster has nodes, of which another document speaks: its devices are not known.",
        EVALUATE,
        presented(negation(constraint("accelerators.vendor", "EQ", "amd")), _CLUSTER),
        UNKNOWN,
    ),
]

_NVIDIA = constraint("vendor", "EQ", "nvidia")
_disjunction = case(
    "groups-in-a-disjunction-stand-alone",
    ["REQ-GROUP-4"],
    "Each way of the disjunction may use all eight devices; the group beside it is another condition.",
    presented(all_of(group(5), any_of(group(5), constraint("cpu.isa", "EQ", "aarch64")))),
)
_four = case(
    "four-groups",
    ["REQ-GROUP-4"],
    "Four groups of two take eight devices.",
    presented(all_of(*(group(2) for _ in range(4)))),
)
_MIXED = resource(device(count=4, architecture="hopper"), device(count=4, gib=40, architecture="ampere"))
_memory = case(
    "group-same-memory",
    ["REQ-GROUP-2"],
    "Four devices have the same memory.",
    presented(group(4, same=["memory.capacity"]), _MIXED),
)
_distinct = case(
    "group-distinct-architectures",
    ["REQ-GROUP-2", "REQ-GROUP-5"],
    "hopper and ampere differ.",
    presented(group(2, distinct=["architecture"]), _MIXED),
)
_both = case(
    "group-same-and-distinct",
    ["REQ-GROUP-2"],
    "Of one maker, of two architectures.",
    presented(group(2, same=["vendor"], distinct=["architecture"]), _MIXED),
)
_SECOND = "resource.node.accelerators[1]"
_products = case(
    "group-same-product",
    ["REQ-GROUP-2", "REQ-DISPLAY-1"],
    "Within one document display text may be compared.",
    presented(group(8, same=["product"]), _MIXED),
)
_pair = case(
    "group-same-of-two-paths",
    ["REQ-GROUP-2"],
    "Four agree in both.",
    presented(group(4, same=["vendor", "architecture"]), _MIXED),
)
_lists = case(
    "groups-of-two-lists",
    ["REQ-GROUP-4", "REQ-GROUP-1"],
    "Eight devices and two interfaces: groups of different lists take nothing from each other.",
    presented(
        all_of(group(8), group(2, path="network")),
        resource(
            device(),
            network=[{"technology": "ethernet"}, {"technology": "infiniband"}],
            closed=(ACCELERATORS, _NETWORK),
        ),
    ),
)


def _group(base: Case, name: str, rules: list[str], where: str, value: Any, expect: Value, why: str) -> Case:
    return base.but(name, rules, where, value, expect, why)


GROUP_CASES: Final = [
    _disjunction,
    _disjunction.but(
        "groups-in-a-disjunction-of-too-many",
        ["REQ-GROUP-5"],
        "requirement.allOf.requirements[1].anyOf.requirements[0].deviceGroup.count",
        "9",
        FALSE,
        "Eight devices are all there are.",
    ),
    _four,
    _four.but(
        "four-groups-of-one-too-many",
        ["REQ-GROUP-4", "REQ-GROUP-5"],
        "requirement.allOf.requirements[3].deviceGroup.count",
        "3",
        FALSE,
        "Nine of eight.",
    ),
    _memory,
    _memory.but(
        "group-same-memory-does-not-add-up",
        ["REQ-GROUP-2"],
        "requirement.deviceGroup.count",
        "5",
        FALSE,
        "The fifth has 40 GiB.",
    ),
    _distinct,
    _distinct.but(
        "group-distinct-of-equals",
        ["REQ-GROUP-2"],
        f"{_SECOND}.architecture",
        "hopper",
        FALSE,
        "Both are of one architecture.",
    ),
    _distinct.but(
        "group-distinct-unstated",
        ["REQ-GROUP-5"],
        f"{_SECOND}.architecture",
        GONE,
        UNKNOWN,
        "An element that does not state it may differ from the other.",
    ),
    _distinct.but(
        "group-distinct-of-one-element",
        ["REQ-GROUP-2", "REQ-GROUP-5"],
        "resource.node.accelerators",
        [device()],
        FALSE,
        "Devices of one element have the same values, whatever they are: at most one of them.",
    ),
    _both,
    _both.but(
        "group-same-but-not-distinct",
        ["REQ-GROUP-2"],
        f"{_SECOND}.vendor",
        "amd",
        FALSE,
        "Two makers: neither has two architectures.",
    ),
    _products,
    _products.but(
        "group-same-product-spelt-otherwise",
        ["REQ-GROUP-2"],
        f"{_SECOND}.product",
        "Example Accelerator",
        FALSE,
        "Another spelling is another text.",
    ),
    _pair,
    _pair.but(
        "group-same-of-two-paths-taken-together",
        ["REQ-GROUP-2"],
        "requirement.deviceGroup.count",
        "8",
        FALSE,
        "All are of one maker, and still not alike.",
    ),
    _lists,
    _lists.but(
        "groups-of-two-lists-each-count",
        ["REQ-GROUP-5"],
        "requirement.allOf.requirements[1].deviceGroup.count",
        "3",
        FALSE,
        "An interface without count is one; devices are no interfaces.",
    ),
    Case(
        "rejection-for-a-group",
        ["EXPLAIN-GAP-1", "EXPLAIN-RELAX-1", "EXPLAIN-FOUND-1"],
        "Two devices are missing; a smaller group would do.",
        MATCH,
        asked(group(8, _NVIDIA), entry("x", resource(device(count=6), device("amd", count=8)))),
        output(
            {
                "candidates": [],
                "explanation": {
                    "rejections": [{"constraint": "8 devices{vendor = nvidia}", "gap": "2"}],
                    "relaxation": {
                        "constraint": "8 devices{vendor = nvidia}",
                        "relaxed": "6 devices{vendor = nvidia}",
                        "wouldMatch": "1",
                    },
                },
            }
        ),
    ),
]

_interface = case(
    "offer-lists-are-complete-under-not",
    ["REQ-CLOSED-1"],
    "The offer names ssh; what it does not name it does not sell.",
    presented(negation(constraint("offer.interfaces", "EQ", "kubernetes"))),
)
CLOSED_CASES: Final = [
    _interface,
    _interface.but(
        "offer-list-that-is-absent",
        ["REQ-CLOSED-1", "REQ-EXISTS-1"],
        "requirement",
        constraint("offer.interfaces", "HAS_ANY", "kubernetes", "slurm-rest"),
        FALSE,
        "Neither is named.",
    ),
    case(
        "offer-without-interfaces",
        ["REQ-CLOSED-1"],
        "An absent list of an offer is empty, and known to be.",
        presented(
            negation(constraint("offer.interfaces", "EXISTS")),
            offer={key: value for key, value in offer().items() if key != "interfaces"},
        ),
    ),
]

CASES: Final = [
    *FIGURE_CASES,
    *DENSE_CASES,
    *MISSING_CASES,
    *POOL_CASES,
    *GROUP_CASES,
    *CLOSED_CASES,
]
