"""Random documents and requirements over a small vocabulary, so that they meet often."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from crex import v1
from crex.demand import OfferView
from crex.demand.nodes import ON_LISTS, SUITABLE, Op
from crex.demand.paths import Path, Registry, registry
from crex.demand.values import Scalar, ValueType, write_operand
from crex.metering.span import Span
from sdk.tests.demand.oracle import World

NOW = datetime(2026, 3, 1, tzinfo=UTC)
RESOURCE_ID, SITE_ID = "crex://p.example.cn/node-class/n", "crex://p.example.cn/site/s"

# What documents and requirements say at each path, by the last part of its name.
WORDS: dict[str, list[str]] = {
    "isa": ["x86-64", "aarch64"],
    "allocation": ["shared", "dedicated-core"],
    "enabled_features": ["avx2", "sve"],
    "vendor": ["nvidia", "amd"],
    "architecture": ["hopper", "cdna3"],
    "version": ["12.4", "12.4-rc1", "11", "12.10"],
    "number_format": ["bf16", "fp64"],
    "sparsity": ["dense", "2-4"],
    "medium": ["hdd", "nvme-ssd"],
    "country": ["CN", "SG"],
    "legal_jurisdictions": ["CN", "US"],
    "metric": ["pue", "wue"],
    "scheme": ["mlps", "c5"],
    "level": ["2", "3"],
    "mode": ["on-demand", "spot"],
    "interfaces": ["ssh", "kubernetes"],
    "kind": ["node-class", "pool"],
}
PATHS = [
    "cpu.isa",
    "cpu.allocation",
    "cpu.schedulable_cpus",
    "cpu.enabled_features",
    "cpu",
    "memory.capacity",
    "memory.ecc",
    "accelerators",
    "accelerators.vendor",
    "accelerators.architecture",
    "accelerators.count",
    "accelerators.memory.capacity",
    "accelerators.memory.ecc",
    "accelerators.runtime.version",
    "accelerators.rates",
    "accelerators.rates.number_format",
    "accelerators.rates.sparsity",
    "accelerators.rates.mops_per_s",
    "storage.medium",
    "storage.capacity",
    "site.country",
    "site.legal_jurisdictions",
    "site.energy.metric",
    "site.energy.value",
    "compliance",
    "compliance.valid",
    "compliance.scheme",
    "compliance.level",
    "availability",
    "availability.quantity",
    "availability.interval",
    "site.energy",
    "benchmarks.value",
    "benchmarks.run_at",
    "offer.mode",
    "offer.interfaces",
    "kind",
    "price",
]
INSIDE = {
    "accelerators": [
        "vendor",
        "architecture",
        "count",
        "memory.capacity",
        "runtime.version",
        "rates",
        "rates.number_format",
        "rates.mops_per_s",
        "rates.sparsity",
    ],
    "accelerators.rates": ["number_format", "sparsity", "mops_per_s"],
    "rates": ["number_format", "sparsity", "mops_per_s"],
    "storage": ["medium", "capacity"],
    "site.energy": ["metric", "value"],
    "compliance": ["scheme", "level", "valid"],
    "availability": ["quantity", "interval"],
    "benchmarks": ["value", "run_at"],
}
BASES = ["nominal", "sla"]
TIMES = [datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)]

small = st.integers(1, 3)


def word(name: str) -> st.SearchStrategy[str]:
    """Gives texts that stand at a path."""
    return st.sampled_from(WORDS[name])


def _text_of(numbers: st.SearchStrategy[int]) -> st.SearchStrategy[str]:
    return numbers.map(str)


def _record(
    required: dict[str, Any], optional: dict[str, Any] | None = None
) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional or {})


provenance = _record({"basis": st.sampled_from(BASES)})
rates = _record(
    {
        "numberFormat": word("number_format"),
        "unit": st.just("matrix"),
        "sparsity": word("sparsity"),
        "mopsPerS": _text_of(small),
        "provenance": provenance,
    }
)
device_memory = _record({"capacityBytes": _text_of(small)}, {"ecc": st.booleans()})
accelerators = _record(
    {
        "vendor": word("vendor"),
        "count": _text_of(small),
        "product": st.just("x"),
        "acceleratorClass": st.just("gpu"),
    },
    {
        "architecture": word("architecture"),
        "memory": device_memory,
        "runtime": _record({"family": st.just("cuda")}, {"version": word("version")}),
        "rates": st.lists(rates, max_size=2),
        "provenance": provenance,
    },
)
cpus = _record(
    {"isa": word("isa"), "schedulableCpus": _text_of(small)},
    {
        "allocation": word("allocation"),
        "enabledFeatures": st.lists(word("enabled_features"), unique=True, max_size=2),
        "provenance": provenance,
    },
)
nodes = _record(
    {},
    {
        "cpu": cpus,
        "memory": _record(
            {"capacityBytes": _text_of(small)}, {"ecc": st.booleans(), "provenance": provenance}
        ),
        "accelerators": st.lists(accelerators, max_size=3),
        "storage": st.lists(
            _record({"medium": word("medium"), "capacityBytes": _text_of(small)}), max_size=2
        ),
    },
)
ends = st.sampled_from(["2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"])
claims = _record(
    {
        "scheme": word("scheme"),
        "scopeIds": st.sampled_from(
            [[RESOURCE_ID], [SITE_ID, "crex://a.example/x/y"], ["crex://a.example/x/y"]]
        ),
        "valid": ends.map(lambda end: {"start": "2025-01-01T00:00:00Z", "end": end}),
        "assurance": st.sampled_from(["certified", "self-declared"]),
    },
    {"level": word("level")},
)
results = _record(
    {"value": st.sampled_from(["1", "1.5", "2"])},
    {"runAt": st.sampled_from(["2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"])},
)
resources = st.builds(
    lambda node, body, closed: {
        "header": {"id": RESOURCE_ID},
        "kind": "node-class",
        "node": node,
        **body,
        "closedLists": sorted(closed),
    },
    nodes,
    _record({}, {"compliance": st.lists(claims, max_size=2), "benchmarks": st.lists(results, max_size=2)}),
    st.sets(
        st.sampled_from(
            [
                "node.accelerators",
                "node.accelerators.rates",
                "node.storage",
                "node.cpu.enabledFeatures",
                "compliance",
                "benchmarks",
            ]
        )
    ),
)
intervals = st.sampled_from(
    [("2025-01-01", "2026-01-01"), ("2025-06-01", "2027-01-01"), ("2024-01-01", "2028-01-01")]
).map(lambda ends: {"start": f"{ends[0]}T00:00:00Z", "end": f"{ends[1]}T00:00:00Z"})
metrics = _record(
    {"metric": word("metric"), "valueMicro": _text_of(small), "basis": st.sampled_from(BASES)},
    {"interval": intervals},
)
availabilities = st.none() | st.lists(
    _record({"interval": intervals, "quantity": _text_of(small), "firmness": st.just("committed")}),
    max_size=2,
)
sites = st.builds(
    lambda body, closed: {"header": {"id": SITE_ID}, **body, "closedLists": sorted(closed)},
    _record(
        {},
        {
            "country": word("country"),
            "legalJurisdictions": st.lists(word("legal_jurisdictions"), unique=True, max_size=2),
            "energy": st.lists(metrics, max_size=2),
        },
    ),
    st.sets(st.sampled_from(["energy", "legalJurisdictions"])),
)
offers = st.builds(
    lambda mode, interfaces: {"terms": {"mode": mode}, "interfaces": interfaces},
    word("mode"),
    st.lists(word("interfaces"), unique=True, max_size=2),
)
prices = st.none() | st.sampled_from([Fraction(1), Fraction(3, 2), Fraction(2)])
times = st.none() | st.sampled_from([(TIMES[0], TIMES[1]), (TIMES[1], NOW)])
worlds = st.builds(World, resources, sites, offers, st.just(NOW), prices, availabilities, times)


def view_of(world: World) -> OfferView:
    """Gives what the evaluator under test is shown of a world."""
    return OfferView(
        offer=world.offer,
        resource=world.resource,
        site=world.site,
        availability=None if world.availability is None else tuple(world.availability),
    )


def time_of(world: World) -> Span | None:
    """Gives the time of the demand of a world."""
    return None if world.time is None else Span.between(*world.time)


@st.composite
def poorer(draw: st.DrawFn, world: World) -> World:
    """Gives a world in which less is known: members left out, lists opened and elements of them left out."""
    resource, site = deepcopy(world.resource), deepcopy(world.site)
    for document in (resource, site):
        _forget(draw, document, "", document)
    price = world.price if draw(st.booleans()) else None
    availability = world.availability if draw(st.booleans()) else None
    return World(resource, site, world.offer, world.now, price, availability, world.time)


# Members without which no document is one, and terms, which are no knowledge.
_KEPT = {"header", "node", "closedLists", "count", "scopeIds"}


def _forget(draw: st.DrawFn, message: dict[str, Any], place: str, document: dict[str, Any]) -> None:
    for member in sorted(message.keys() - _KEPT):
        value, where = message[member], f"{place}.{member}" if place else member
        forget = draw(st.integers(0, 5)) == 0
        if isinstance(value, list):
            if forget and where in document["closedLists"]:
                document["closedLists"].remove(where)
            if where not in document["closedLists"]:
                message[member] = value = [one for one in value if draw(st.integers(0, 3)) > 0]
            for element in value:
                if isinstance(element, dict):
                    _forget(draw, element, where, document)
        elif forget:
            del message[member]
        elif isinstance(value, dict):
            _forget(draw, value, where, document)
    if "node" in message and place == "":
        _forget(draw, message["node"], "node", document)


def operand(path: Path, op: Op) -> st.SearchStrategy[Scalar]:
    """Gives operands that documents state at a path."""
    last = path.name.rpartition(".")[2]
    if op is Op.VERSION_GE:
        return st.sampled_from(["12.4", "12", "12.10.0", "11"])
    if path.type is ValueType.BOOLEAN:
        return st.booleans()
    if path.type is ValueType.TIME:
        return st.sampled_from(TIMES)
    if path.type is ValueType.DECIMAL:
        return st.sampled_from([Fraction(1), Fraction(3, 2), Fraction(2)])
    if path.type is ValueType.INTEGER:
        return small
    return word(last)


@st.composite
def constraints(draw: st.DrawFn, paths: Registry, names: list[str]) -> v1.Requirement:
    """Gives a comparison of one of some paths."""
    path = paths.get(draw(st.sampled_from(names)))
    assert path is not None
    ops = [op for op in Op if op in SUITABLE[path.type] and (path.repeated or op not in ON_LISTS)]
    if path.interval is None:
        ops = [op for op in ops if op is not Op.COVERS_INTERVAL]
    op = draw(st.sampled_from(ops))
    requirement = v1.Requirement()
    constraint = requirement.constraint
    constraint.path, constraint.op = path.name, op.number
    several = op in ON_LISTS | {Op.IN, Op.NOT_IN}
    if op is Op.COVERS_INTERVAL and draw(st.booleans()):
        constraint.values.extend(write_operand(end, ValueType.TIME) for end in TIMES)
    number = 0 if op in (Op.EXISTS, Op.COVERS_INTERVAL) else draw(st.integers(1, 2)) if several else 1
    for _ in range(number):
        constraint.values.append(write_operand(draw(operand(path, op)), path.type))
    if path.has_basis and draw(st.integers(0, 3)) == 0:
        constraint.accepted_bases.append(draw(st.sampled_from(BASES)))
    if path.has_assurance and draw(st.booleans()):
        constraint.accepted_assurance.append("certified")
    return requirement


@st.composite
def groups(draw: st.DrawFn) -> v1.Requirement:
    """Gives a device group."""
    requirement = v1.Requirement()
    group = requirement.device_group
    group.count = draw(small)
    accelerators_path = registry().get("accelerators")
    assert accelerators_path is not None
    if draw(st.booleans()):
        group.path = "accelerators"
    if draw(st.booleans()):
        each = constraints(registry().inside(accelerators_path), INSIDE["accelerators"])
        group.each.CopyFrom(draw(each))
    choices = st.lists(
        st.sampled_from(["vendor", "architecture", "memory.capacity"]), unique=True, max_size=2
    )
    group.same.extend(draw(choices))
    group.distinct.extend(draw(choices) if draw(st.booleans()) else [])
    return requirement


@st.composite
def requirements(
    draw: st.DrawFn,
    paths: Registry | None = None,
    names: list[str] | None = None,
    depth: int = 3,
    *,
    with_groups: bool = True,
) -> v1.Requirement:
    """Gives a requirement of at most `depth` levels."""
    scope, known = paths or registry(), names or PATHS
    at_offer = names is None
    shapes = ["constraint"] * 2 + (["element"] if any(name in INSIDE for name in [*known, *INSIDE]) else [])
    if depth > 1:
        shapes += ["all", "any", "not"]
    if at_offer and with_groups:
        shapes.append("group")
    shape = draw(st.sampled_from(shapes))
    if shape == "group":
        return draw(groups())
    if shape == "element" and depth > 1:
        lists = [name for name in INSIDE if scope.get(name) is not None]
        if lists:
            return draw(_element(scope, draw(st.sampled_from(lists)), depth))
    requirement = v1.Requirement()
    if shape == "not":
        inner = draw(requirements(paths, names, depth - 1, with_groups=False))
        getattr(requirement, "not").CopyFrom(inner)
        return requirement
    if shape in ("all", "any"):
        members = requirement.all_of if shape == "all" else requirement.any_of
        below = requirements(paths, names, depth - 1, with_groups=with_groups)
        members.requirements.extend(draw(st.lists(below, min_size=1, max_size=3)))
        return requirement
    return draw(constraints(scope, known))


@st.composite
def _element(draw: st.DrawFn, scope: Registry, name: str, depth: int) -> v1.Requirement:
    path = scope.get(name)
    assert path is not None
    requirement = v1.Requirement()
    requirement.element.path = name
    inner = draw(requirements(scope.inside(path), INSIDE[name], depth - 1))
    requirement.element.requirement.CopyFrom(inner)
    return requirement
