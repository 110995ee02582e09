"""Kinds of resources, closed lists, names of others, and tokens that no registry lists."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.case import Case
from conformance.tests.vectors.description_cases import OK, document, refused, refused_at, warned
from conformance.tests.vectors.description_documents import (
    SITE,
    benchmark,
    claim,
    cluster,
    link,
    partition,
    pool,
    relation,
    service,
    site,
)
from conformance.tests.vectors.description_node_cases import NODE
from conformance.tests.vectors.matching_documents import P
from conformance.tests.vectors.one_change import GONE

RESOURCE: Final = "compute-resource"
PARTITION: Final = document(
    "partition-of-a-node-class",
    ["DESC-KIND-1", "DESC-SELF-1"],
    RESOURCE,
    partition(),
    "A slice, with the resource that is cut.",
)
CLUSTER: Final = document(
    "cluster-of-two-classes",
    ["DESC-KIND-1", "DESC-CLUSTER-1", "NAME-EQUAL-1"],
    RESOURCE,
    cluster(),
    "A cluster whose members differ in one letter of their names.",
)
POOL: Final = document(
    "pool-of-a-node-class",
    ["DESC-KIND-1", "DESC-SELF-1"],
    RESOURCE,
    pool(),
    "A pool, with its unit and a relation.",
)
SERVICE: Final = document(
    "service-backed-by-a-pool", ["DESC-KIND-1"], RESOURCE, service(), "A service in front of a pool."
)

_KINDS = [
    NODE.but(
        f"{kind}-with-the-body-of-a-node",
        ["DESC-KIND-1"],
        "kind",
        kind,
        refused("DESC-KIND-1"),
        f"Who asks for kind {kind} gets a node; who asks for a node does not find it.",
    )
    for kind in ("partition-class", "cluster", "pool", "service")
]
_KINDS += [
    POOL.but(
        "node-class-with-the-body-of-a-pool",
        ["DESC-KIND-1"],
        "kind",
        "node-class",
        refused("DESC-KIND-1"),
        "A reader that takes the body for what counts ignores what was signed.",
    ),
    NODE.but(
        "private-kind-with-the-body-of-a-node",
        ["DESC-KIND-1"],
        "kind",
        "p.example.cn/pool",
        OK,
        "A private kind may have any body, also where its last part is one of the five.",
    ),
    NODE.but(
        "kind-that-no-registry-lists",
        ["DESC-KIND-1", "REG-OPEN-1"],
        "kind",
        "edge-box",
        OK,
        "A kind that is none of the five may have any body.",
    ),
    NODE.but(
        "resource-without-kind",
        ["DOC-REQUIRED-1"],
        "kind",
        GONE,
        refused(),
        "The body does not stand for the kind.",
    ),
    NODE.but(
        "resource-without-body",
        ["DOC-CHOICE-1"],
        "node",
        GONE,
        refused(),
        "A kind and nothing of that kind.",
    ),
    NODE.but(
        "resource-with-an-empty-body",
        ["DESC-KIND-1", "DOC-CHOICE-1"],
        "node",
        {},
        OK,
        "A body without members is there: of this node nothing is known. closedLists says that it has no "
        "accelerators.",
    ),
    NODE.but(
        "resource-with-two-bodies",
        ["DOC-CHOICE-1"],
        "service",
        {"interface": "ssh"},
        refused(),
        "Two of the alternatives.",
    ),
    NODE.but(
        "resource-without-site",
        ["DESC-SITE-1"],
        "siteId",
        GONE,
        refused("DESC-SITE-1"),
        "A resource without a place cannot be judged.",
    ),
    NODE.but(
        "resource-at-a-revision-of-a-site",
        ["DESC-SITE-1", "NAME-FORM-1", "ERROR-PLACE-1"],
        "siteId",
        f"{SITE}@1",
        refused("NAME-FORM-1", "$.siteId"),
        "siteId is a name, no reference: sites change without their resources.",
    ),
    NODE.but(
        "resource-at-a-site-of-another-authority",
        ["DESC-SITE-1"],
        "siteId",
        "crex://q.example.cn/site/b",
        OK,
        "The place may be somebody else's.",
    ),
]

_LISTS = [
    NODE.but(f"closed-list-{name}", ["DESC-CLOSED-2"], "closedLists", [path], OK, why)
    for name, path, why in (
        ("within-a-list", "node.accelerators.rates", "A path through a list speaks of every element."),
        ("of-texts", "node.cpu.enabledFeatures", "A list of texts is a list."),
        ("at-the-top", "software", "A list of the document itself, here an absent one: known to be empty."),
        ("that-is-absent", "node.tee", "An absent list may be closed: nothing of it is there."),
        ("of-another-body", "cluster.members", "It is a list of that type of document."),
    )
]
_LISTS += [
    NODE.but(
        f"closed-list-{name}",
        ["DESC-CLOSED-2", "ERROR-PLACE-1"],
        "closedLists",
        ["node.storage", path],
        refused("DESC-CLOSED-2", "$.closedLists[1]"),
        why,
    )
    for name, path, why in (
        (
            "that-is-none",
            "node.gpus",
            "The member does not exist; who matches would take nothing for closed.",
        ),
        ("that-is-a-text", "node.cpu.isa", "A text is no list."),
        ("that-is-a-message", "node.cpu", "A message is no list."),
        ("beyond-a-text", "node.cpu.isa.level", "The path goes on where nothing is below."),
        ("beyond-a-list-of-texts", "node.cpu.enabledFeatures.name", "Texts have no members."),
        ("of-a-site", "legalJurisdictions", "It is a list of sites, not of resources."),
        ("within-another-message", "accelerators", "Paths begin at the document."),
    )
]
_LISTS += [
    NODE.but(
        "closed-list-as-in-the-proto-file",
        ["DESC-CLOSED-2", "ERROR-PLACE-1"],
        "closedLists",
        ["service.backed_by"],
        refused(path="$.closedLists[0]"),
        "Members are spelled as in JSON: service.backedBy.",
    ),
    NODE.but(
        "closed-list-in-capitals",
        ["DESC-CLOSED-2", "ERROR-PLACE-1"],
        "closedLists",
        ["node.Accelerators"],
        refused(path="$.closedLists[0]"),
        "Members are compared byte for byte.",
    ),
    NODE.but(
        "closed-list-twice",
        ["DESC-CLOSED-2", "JSON-TYPE-1"],
        "closedLists[1]",
        "node.accelerators",
        refused(),
        "Elements differ pairwise.",
    ),
]

_SELF = [
    POOL.but(
        "pool-of-itself",
        ["DESC-SELF-1", "ERROR-PLACE-1"],
        "pool.unit",
        f"{P}/pool/p",
        refused("DESC-SELF-1", "$.pool.unit"),
        "A unit that is the pool: who follows it never ends.",
    ),
    POOL.but(
        "pool-related-to-itself",
        ["DESC-SELF-1", "ERROR-PLACE-1"],
        "relations[1]",
        relation("pool/p", "part-of"),
        refused("DESC-SELF-1", "$.relations[1].target"),
        "A part of itself.",
    ),
    POOL.but(
        "pool-privately-related-to-itself",
        ["DESC-SELF-1", "ERROR-PLACE-1"],
        "relations[1]",
        relation("pool/p", "p.example.cn/like"),
        refused("DESC-SELF-1", "$.relations[1].target"),
        "The rule is about every relation, whatever its kind means.",
    ),
    POOL.but(
        "pool-of-a-name-that-continues-its-own",
        ["DESC-SELF-1", "NAME-EQUAL-1"],
        "pool.unit",
        f"{P}/pool/p/node-class/n",
        OK,
        "A name below its own is another name; a reader that compares beginnings refuses.",
    ),
    POOL.but(
        "pool-of-the-same-path-elsewhere",
        ["DESC-SELF-1", "NAME-EQUAL-1"],
        "pool.unit",
        "crex://q.example.cn/pool/p",
        OK,
        "The authority belongs to the name.",
    ),
    POOL.but(
        "pool-that-draws-on-itself",
        ["DESC-SELF-1", "ERROR-PLACE-1"],
        "pool.draws",
        [{"basePool": f"{P}/pool/p", "unitsPerUnit": "1"}],
        refused("DESC-SELF-1", "$.pool.draws[0].basePool"),
        "A claim of one unit would claim another, without end.",
    ),
    POOL.but(
        "pool-that-draws-on-another",
        ["DESC-SELF-1"],
        "pool.draws",
        [{"basePool": f"{P}/pool/q", "unitsPerUnit": "1"}],
        OK,
        "What slices of one machine do.",
    ),
    SERVICE.but(
        "service-behind-itself",
        ["DESC-SELF-1", "ERROR-PLACE-1"],
        "service.backedBy",
        [f"{P}/service/s"],
        refused("DESC-SELF-1", "$.service.backedBy[0]"),
        "Whose machines these are is not known.",
    ),
    CLUSTER.but(
        "cluster-with-itself-as-member",
        ["DESC-SELF-1", "ERROR-PLACE-1"],
        "cluster.members[1].resource",
        f"{P}/cluster/c",
        refused("DESC-SELF-1", "$.cluster.members[1].resource"),
        "Any of the members, not only the first.",
    ),
    PARTITION.but(
        "partition-of-itself",
        ["DESC-SELF-1", "ERROR-PLACE-1"],
        "partition.ofResource",
        f"{P}/partition-class/s",
        refused("DESC-SELF-1", "$.partition.ofResource"),
        "A slice of itself.",
    ),
    NODE.but(
        "benchmark-of-the-document-itself",
        ["DESC-SELF-1", "DESC-BENCHMARK-1"],
        "benchmarks",
        [benchmark()],
        OK,
        "A result names what it was run on, here this very class: that is no unit, member or relative.",
    ),
]

_CLUSTERS = [
    CLUSTER.but(
        "cluster-with-one-class-twice",
        ["DESC-CLUSTER-1"],
        "cluster.members[1].resource",
        f"{P}/node-class/n",
        refused("DESC-CLUSTER-1"),
        "16 nodes and 2 of one class: whether they are 16, 18 or 2 nobody can tell.",
    ),
    CLUSTER.but(
        "cluster-with-one-class-twice-in-equal-numbers",
        ["DESC-CLUSTER-1"],
        "cluster.members",
        [{"resource": f"{P}/node-class/n", "count": "16"}] * 2,
        refused("DESC-CLUSTER-1"),
        "Equal elements are no better: dropping one and adding both up differ.",
    ),
    CLUSTER.but(
        "cluster-of-unknown-nodes",
        ["DESC-CLUSTER-1"],
        "cluster.members",
        GONE,
        OK,
        "Who lists a cluster may not know its nodes.",
    ),
    CLUSTER.but(
        "cluster-of-classes-that-differ-in-a-zero",
        ["DESC-CLUSTER-1", "NAME-EQUAL-1"],
        "cluster.members",
        [{"resource": f"{P}/node-class/1", "count": "1"}, {"resource": f"{P}/node-class/01", "count": "1"}],
        OK,
        "Names are compared as bytes, not as numbers.",
    ),
    CLUSTER.but(
        "cluster-with-no-node-of-a-class",
        ["JSON-TYPE-1", "ERROR-PLACE-1"],
        "cluster.members[1].count",
        "0",
        refused(path="$.cluster.members[1].count"),
        "A class of which there is none is no member.",
    ),
]


def _open(name: str, base: Case, where: str, value: Any) -> Case:
    return base.but(
        f"unregistered-{name}",
        ["REG-OPEN-1"],
        where,
        value,
        OK,
        "Registries grow faster than software is replaced; a token that none lists is like any other.",
    )


_SITE: Final = document(
    "site-of-unregistered-hub",
    ["REG-OPEN-1"],
    "site",
    {**site(), "hub": "atlantis"},
    "No registry has this hub.",
)
_LINK: Final = document(
    "link-of-unregistered-transport",
    ["REG-OPEN-1"],
    "network-link",
    {**link(), "transport": "carrier-pigeon"},
    "No registry has this transport (RFC 1149).",
)
_OPEN = [
    _SITE,
    _LINK,
    _open("medium", NODE, "node.storage[0].medium", "optical-disc"),
    _open("isa", NODE, "node.cpu.isa", "mmix"),
    _open("accelerator-class", NODE, "node.accelerators[0].acceleratorClass", "abacus"),
    _open("vendor", NODE, "node.accelerators[0].vendor", "nobody"),
    _open("architecture", NODE, "node.accelerators[0].architecture", "nobody-1"),
    _open("number-format", NODE, "node.accelerators[0].rates[0].numberFormat", "fp3-e1m1"),
    _open("rate-unit", NODE, "node.accelerators[0].rates[1].unit", "cube"),
    _open("basis", NODE, "node.accelerators[0].rates[0].provenance.basis", "divined"),
    _open("allocation", NODE, "node.cpu.allocation", "by-lot"),
    _open("network-technology", NODE, "node.network[0].technology", "token-ring"),
    _open("relation", POOL, "relations[0].kind", "neighbour-of"),
    _open("interface", SERVICE, "service.interface", "telegraph"),
    _open("tier", _SITE, "tier", "attic"),
    _open("scheme-of-compliance", _SITE, "compliance", [{**claim(), "scheme": "house-rules"}]),
    NODE.but(
        "private-medium",
        ["REG-OPEN-1", "REG-UNKNOWN-1", "NAME-TOKEN-1"],
        "node.storage[0].medium",
        "p.example.cn/burst-tier",
        warned(),
        "A private token begins with the authority that defines it.",
    ),
    NODE.but(
        "medium-that-is-no-token",
        ["NAME-TOKEN-1", "ERROR-PLACE-1"],
        "node.storage[0].medium",
        "NVMe",
        refused("NAME-TOKEN-1", "$.node.storage[0].medium"),
        "Unknown is open, malformed is not: a reader that folds case makes two spellings of one token.",
    ),
    NODE.but(
        "private-medium-of-no-authority",
        ["NAME-TOKEN-1", "ERROR-PLACE-1"],
        "node.storage[0].medium",
        "example/burst-tier",
        refused("NAME-TOKEN-1", "$.node.storage[0].medium"),
        "One label is no authority.",
    ),
    NODE.but(
        "two-tokens-at-fault",
        ["NAME-TOKEN-1", "ERROR-PLACE-1"],
        "node.network",
        [{"technology": "Ethernet"}, {"technology": "ethernet"}, {"technology": "wi_fi"}],
        refused_at(
            {"path": "$.node.network[0].technology", "requirement": "NAME-TOKEN-1"},
            {"path": "$.node.network[2].technology", "requirement": "NAME-TOKEN-1"},
        ),
        "Each place has its violation.",
    ),
    NODE.but(
        "identifier-in-the-form-of-its-scheme",
        ["EXTERNAL-FORM-1"],
        "externalIds",
        [{"scheme": "uuid", "value": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}],
        warned(),
        "What the registry states of the scheme.",
    ),
    NODE.but(
        "identifier-in-another-form-than-its-scheme",
        ["EXTERNAL-FORM-1"],
        "externalIds",
        [{"scheme": "uuid", "value": "{6BA7B810-9DAD-11D1-80B4-00C04FD430C8}"}],
        warned("EXTERNAL-FORM-1", "$.externalIds[0].value"),
        "Worth a warning. Nobody refuses the document: the identifier is somebody else's.",
    ),
    NODE.but(
        "identifier-in-a-form-of-which-its-scheme-has-a-part",
        ["EXTERNAL-FORM-1"],
        "externalIds",
        [{"scheme": "oid", "value": "1.2.156.x"}],
        warned("EXTERNAL-FORM-1", "$.externalIds[0].value"),
        "It begins like an OID. The registry states the form of a whole value.",
    ),
    NODE.but(
        "identifier-of-a-private-scheme",
        ["EXTERNAL-FORM-1", "REG-OPEN-1"],
        "externalIds",
        [{"scheme": "p.example.cn/shelf", "value": "三楼 B 柜"}],
        warned(),
        "A scheme that nobody registered has no form to keep, and a private one need not be registered.",
    ),
    NODE.but(
        "token-that-resembles-a-registered-one",
        ["REG-UNKNOWN-1", "REG-OPEN-1"],
        "node.storage[0].medium",
        "nvmessd",
        warned("REG-UNKNOWN-1", "$.node.storage[0].medium"),
        "Worth a warning that names nvme-ssd. A reader neither refuses nor mends it.",
    ),
    NODE.but(
        "token-of-the-registry-of-another-field",
        ["REG-UNKNOWN-1", "REG-OPEN-1"],
        "node.storage[0].medium",
        "nvlink",
        warned("REG-UNKNOWN-1", "$.node.storage[0].medium"),
        "Registered as an interconnect; the registry of the field is that of media.",
    ),
]

CASES: Final[list[Case]] = [
    PARTITION,
    CLUSTER,
    POOL,
    SERVICE,
    *_KINDS,
    *_LISTS,
    *_SELF,
    *_CLUSTERS,
    *_OPEN,
]
