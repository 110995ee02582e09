"""Documents from drafts: names, pools, slices, policy, and drafts that make none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from crex.describe.assembly import Issue, assemble
from crex.describe.importing import Draft, Import, Imported
from crex.describe.values import provenance
from crex.v1 import (
    Benchmark,
    ComponentKind,
    ComputeResource,
    Cpu,
    Memory,
    NodeClass,
    Partition,
    PriceComponent,
    PricePlan,
    PriceTier,
    TierModel,
)

ISSUE = Issue(authority="p.example.cn", site="zhongwei-1", issued_at=datetime(2026, 11, 1, tzinfo=UTC))
SITE = "crex://p.example.cn/site/zhongwei-1"


def node(name: str = "n", *, count: int | None = None, cpu: Cpu | None = None) -> Draft:
    """Gives the draft of a node with memory."""
    memory = Memory(capacity_bytes=8, provenance=provenance("a test"))
    body = ComputeResource(kind="node-class", node=NodeClass(memory=memory, cpu=cpu))
    return Draft(name=name, body=body, rows=(f"row {name}",), count=count)


def imported(*drafts: Draft) -> Imported:
    """Gives an import of drafts."""
    return Imported(len(drafts), drafts, (), ())


def ids(*drafts: Draft, issue: Issue = ISSUE) -> list[str]:
    """Gives the names of the documents that drafts make."""
    return [made.document.header.id for made in assemble(imported(*drafts), issue).made]


def test_a_counted_node_gets_a_pool() -> None:
    """What the source counted becomes a pool of its class, at the same site."""
    node_made, pool_made = assemble(imported(node(count=3)), ISSUE).made
    assert node_made.document.header.id == f"{SITE}/node-class/n"
    assert isinstance(pool_made.document, ComputeResource)
    assert pool_made.document.header.id == f"{SITE}/node-class/n/pool/all"
    assert pool_made.document.pool.unit == f"{SITE}/node-class/n"
    assert pool_made.document.pool.total_units == 3
    assert pool_made.document.site_id == SITE


def test_names_that_are_taken_are_numbered() -> None:
    """Two drafts of one name become two documents, also where the name is as long as can be."""
    assert ids(node(), node()) == [f"{SITE}/node-class/n", f"{SITE}/node-class/n-2"]
    long = "a" * 63
    assert ids(node(long), node(long))[1] == f"{SITE}/node-class/{'a' * 61}-2"


def test_a_slice_stands_under_its_whole() -> None:
    """A slice is named under what it is a slice of, and comes after it, in whatever order they are given."""
    body = ComputeResource(kind="partition-class", partition=Partition(profile="1g.10gb"))
    piece = Draft(name="mig", body=body, rows=("m",), part_of="n")
    made = assemble(imported(piece, node()), ISSUE).made
    assert [one.document.header.id for one in made] == [
        f"{SITE}/node-class/n",
        f"{SITE}/node-class/n/partition-class/mig",
    ]
    assert isinstance(made[1].document, ComputeResource)
    assert made[1].document.partition.of_resource == f"{SITE}/node-class/n"


def test_a_slice_of_nothing_is_left_out() -> None:
    """A slice whose whole is missing, or not said, is left out with the reason."""
    body = ComputeResource(kind="partition-class", partition=Partition(profile="1g.10gb"))
    pieces = [Draft(name="mig", body=body, rows=(part or "none",), part_of=part) for part in ("gone", "")]
    left = assemble(imported(*pieces), ISSUE).left_out
    assert {one.where: one.why for one in left} == {
        "gone": "gone, of which it is a slice, is left out",
        "none": "the source does not say of which resource it is a slice",
    }


def test_a_draft_that_breaks_a_rule_stops_nobody() -> None:
    """An unsound draft is left out with the rule, and the others are made."""
    broken = node("broken", cpu=Cpu(isa="x86-64", schedulable_cpus=4, physical_cores=1, threads_per_core=1))
    assembled = assemble(imported(broken, replace(node(), name="Not A Name"), node("good")), ISSUE)
    assert [one.document.header.id for one in assembled.made] == [f"{SITE}/node-class/good"]
    assert [one.where for one in assembled.left_out] == ["row broken", "row n"]
    assert "DESC-CPU-4" in assembled.left_out[0].why


def test_policy_is_added_and_nothing_else() -> None:
    """Allocation and the site's document come from the provider; without it they are absent."""
    draft = node(cpu=Cpu(isa="x86-64", schedulable_cpus=4))
    (plain,) = assemble(imported(draft), ISSUE).made
    assert isinstance(plain.document, ComputeResource)
    assert not plain.document.node.cpu.HasField("allocation")
    issue = replace(ISSUE, allocation="shared", country="CN", subdivision="CN-NX")
    site, told = assemble(imported(draft), issue).made
    assert (site.document.header.id, site.rows) == (SITE, ())
    assert isinstance(told.document, ComputeResource)
    assert told.document.node.cpu.allocation == "shared"
    assert not draft.body.node.cpu.HasField("allocation")  # type: ignore[union-attr]  # the draft is unchanged


def test_a_benchmark_speaks_of_its_own_document() -> None:
    """A result without scope is of the document in which it stands."""
    draft = node()
    assert isinstance(draft.body, ComputeResource)
    ran = Timestamp(seconds=1_700_000_000)
    draft.body.benchmarks.append(
        Benchmark(suite="hpl", version="2.3", metric="rmax", unit="gflops", value="1", run_at=ran)
    )
    (made,) = assemble(imported(draft), replace(ISSUE, revision=4)).made
    assert isinstance(made.document, ComputeResource)
    scope = made.document.benchmarks[0].scope
    assert (scope.id, scope.revision, scope.count) == (f"{SITE}/node-class/n", 4, 1)


def test_a_price_plan_begins_with_its_issue() -> None:
    """A plan stands under the authority; where its source names no time it begins when it is issued."""
    component = PriceComponent(
        id="a",
        dimension="compute-unit",
        unit="unit",
        kind=ComponentKind.COMPONENT_KIND_TIME,
        per_quantity="3600",
        model=TierModel.TIER_MODEL_UNIT,
    )
    component.tiers.append(PriceTier(unit_price="1.5"))
    draft = Draft(name="list", body=PricePlan(currency="CNY", components=[component]), rows=("r",))
    assembled = assemble(imported(draft), ISSUE)
    assert assembled.left_out == ()
    (made,) = assembled.made
    assert isinstance(made.document, PricePlan)
    assert made.document.header.id == "crex://p.example.cn/price-plan/list"
    assert made.document.effective_start == made.document.header.issued_at
    assert made.document.time_zone == "UTC"


def test_books_are_kept() -> None:
    """Every row has an outcome; one that is forgotten, or ended twice, is a defect that shows."""
    book = Import()
    first, second = book.row("list: line 1"), book.row("list: line 1")
    assert second == "list: line 1 (2)"
    book.add(Draft(name="a", body=ComputeResource(), rows=(first,)))
    book.add(Draft(name="b", body=ComputeResource(), rows=(first,)))
    for wrong in (book.done, lambda: book.leave_out(first, "again"), lambda: book.leave_out("no row", "why")):
        try:
            wrong()
        except AssertionError:
            continue
        raise AssertionError("it passed")
    book.leave_out(second, "it says nothing")
    done = book.done()
    assert (done.rows, len(done.drafts), [one.where for one in done.left_out]) == (2, 2, [second])
