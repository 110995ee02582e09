"""Documents put together: which are written, and why others are not."""

from __future__ import annotations

import pytest

from crex.errors import CrexError
from crex.export.built_in import BUILT_IN
from crex.export.exporters import EXPORTERS
from crex.export.exporting import Document, Export, Exporter, stem
from crex.export.gathering import gather
from crex.v1 import Cluster, ComputeResource, NodeClass, Partition, Service
from sdk.tests.export.described import (
    NODE_ID,
    SITE_ID,
    gpu,
    header,
    left,
    only,
    pool,
    resource,
    site,
    whys,
    write,
)

SLICE = ComputeResource(
    header=header(f"{SITE_ID}/partition-class/mig"),
    kind="partition-class",
    site_id=SITE_ID,
    partition=Partition(of_resource=NODE_ID, profile="1g.10gb", contents=NodeClass(accelerators=[gpu(1)])),
)


@pytest.fixture(params=sorted(BUILT_IN))
def exporter(request: pytest.FixtureRequest) -> Exporter:
    """Each exporter of this package."""
    return EXPORTERS.load(str(request.param))


def test_exporters_are_listed_as_they_say(exporter: Exporter) -> None:
    """The list of exporters, which costs no import, says what they say themselves."""
    assert BUILT_IN[exporter.name][1] == exporter.about


def test_nobody_has_an_unknown_name() -> None:
    """A name that nobody has is refused with those that there are."""
    with pytest.raises(CrexError, match="there are akash, kubernetes, openstack"):
        EXPORTERS.load("unicorn")


def test_a_slice_is_no_device(exporter: Exporter) -> None:
    """A slice of a machine is told neither as a machine nor as a device (EXPORT-SLICE-1)."""
    exported = write(exporter, SLICE, site())
    assert exported.files == {}
    assert "a slice is neither a machine nor a device" in left(exported)[f"{SLICE.header.id}@1"]
    assert left(exported)[f"{SITE_ID}@1"] == "no resource that is written stands there"


def test_a_slice_changes_nothing_beside_its_node(exporter: Exporter) -> None:
    """What is written of a node is the same with and without its slices (EXPORT-SLICE-1)."""
    alone = write(exporter, resource(accelerators=[gpu()]), site())
    together = write(exporter, resource(accelerators=[gpu()]), SLICE, site())
    assert alone.files == together.files


def test_what_has_no_machines_of_its_own(exporter: Exporter) -> None:
    """Clusters, services and kinds that are not known here are left out with the reason (EXPORT-BOOK-1)."""
    bodies = {
        "cluster": ComputeResource(kind="cluster", cluster=Cluster()),
        "service": ComputeResource(kind="service", service=Service(interface="ssh")),
        "acme.example/rack": ComputeResource(kind="acme.example/rack", node=NodeClass(accelerators=[gpu()])),
    }
    for number, one in enumerate(bodies.values()):
        one.header.CopyFrom(header(f"{SITE_ID}/resource/r{number}"))
    exported = write(exporter, *bodies.values())
    assert exported.files == {}
    assert list(left(exported).values()) == [
        "it has no machines but those of the classes that it names; give their documents",
        "it has no machines but those of the resources behind it; give their documents",
        "what a acme.example/rack is is not known here",
    ]


def test_the_highest_revision_holds(exporter: Exporter) -> None:
    """Of several revisions the highest is written, the others are left out (EXPORT-NEWEST-1)."""
    older = resource(accelerators=[gpu(4)], revision=2)
    newer = resource(accelerators=[gpu(8)], revision=10)
    exported = write(exporter, newer, older, site())
    assert left(exported) == {f"{NODE_ID}@2": "revision 10 of it is given as well"}
    assert exported.files == write(exporter, newer, site()).files


def test_documents_that_differ_under_one_name_and_revision(exporter: Exporter) -> None:
    """Two documents that cannot both be right are both left out; one that is given twice is told once."""
    one, other = resource(accelerators=[gpu(4)]), resource(accelerators=[gpu(8)])
    exported = write(exporter, one, other, site())
    assert exported.files == {}
    assert (
        left(exported)[f"{NODE_ID}@1 (2)"] == "documents of this name and revision differ; none is believed"
    )
    twice = write(exporter, one, one, site())
    assert left(twice) == {f"{NODE_ID}@1 (2)": "it is given twice"}
    assert twice.files == write(exporter, one, site()).files


def test_a_site_that_is_not_given(exporter: Exporter) -> None:
    """Without the site's document nothing is said of where a machine stands, and the report says so."""
    exported = write(exporter, resource(accelerators=[gpu()]))
    assert whys(exported, "what its site says") == [f"the document of the site {SITE_ID} is not given"]
    assert "CN" not in str(only(exported))


def test_pools_count_nodes() -> None:
    """A pool says how many nodes there are; two pools, or one without a number, say nothing of it."""
    for pools, nodes in (
        ([pool(3)], 3),
        ([pool(None)], None),
        ([], None),
        ([pool(3, name="a"), pool(2, name="b")], None),
    ):
        books = Export()
        (found,) = gather([resource(accelerators=[gpu()]), *pools], books)
        assert found.nodes == nodes
        assert len(found.sources) == 1 + len(pools)


def test_a_pool_of_something_else(exporter: Exporter) -> None:
    """A pool whose unit is not given is left out."""
    exported = write(exporter, pool(3))
    assert f"the document of its unit {NODE_ID} is not given" in left(exported)[f"{SITE_ID}/pool/gpu-1@1"]


def test_the_order_of_documents_does_not_matter(exporter: Exporter) -> None:
    """Sites and pools are found wherever they stand."""
    documents: list[Document] = [resource(accelerators=[gpu()]), site(), pool(2)]
    assert write(exporter, *documents).files == write(exporter, *reversed(documents)).files


def test_a_stem_is_a_label_and_unique() -> None:
    """Names that end alike, or in what no DNS label has, still give different labels."""
    names = [
        "crex://a.example/x/n",
        "crex://b.example/x/n",
        "crex://a.example/x/n_",
        "crex://a.example/x/n..n",
    ]
    stems = {stem(f"{name}a") for name in names} | {stem(f"{names[0]}{'-a' * 30}")}
    assert len(stems) == 5
    assert all(len(one) <= 63 and one.strip("-") == one and "." not in one for one in stems)


def test_an_exporter_that_forgets_a_document_fails() -> None:
    """The books do not close over a document without an outcome (EXPORT-BOOK-1)."""
    books = Export()
    gather([resource()], books)
    with pytest.raises(AssertionError, match="documents without an outcome"):
        books.done()
