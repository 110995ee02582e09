"""Members without which a description says nothing: left out or spoiled, each is refused at its place."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from crex import v1
from crex.documents import reader
from crex.errors import DocumentError
from sdk.tests.documents.samples import Json, header
from sdk.tests.documents.test_description_rules import example

_RATE: Json = {
    "numberFormat": "bf16",
    "unit": "matrix",
    "sparsity": "dense",
    "mopsPerS": "989000000",
    "provenance": {"basis": "nominal"},
}
_BENCHMARK: Json = {
    "suite": "hpl",
    "version": "2.3",
    "metric": "rmax",
    "unit": "gflops",
    "value": "51.5",
    "runAt": "2026-11-01T00:00:00Z",
    "scope": {"id": "crex://p.example.cn/resource/vm-7", "revision": "1", "count": "1"},
}


def _resource() -> Json:
    value = example()
    value["node"]["accelerators"] = [
        {"acceleratorClass": "gpu", "vendor": "nvidia", "product": "X", "count": "1", "rates": [_RATE]}
    ]
    value["node"]["network"][0]["bitsPerS"] = "10000000000"
    value["node"]["fabrics"] = [{"technology": "nvlink", "endpointBitsPerS": "3600000000000"}]
    value["benchmarks"] = [_BENCHMARK]
    return deepcopy(value)


def _site() -> Json:
    return {"header": header("site", id="crex://cloud.example.cn/site/n"), "country": "CN"}


def _spoiled(value: Json, path: str, content: object) -> Json:
    """Replaces the member at a path of names and indices; `...` leaves it out."""
    place: Any = value
    *outer, last = path.split(".")
    for name in outer:
        place = place[int(name) if name.isdigit() else name]
    if content is ...:
        del place[last]
    else:
        place[last] = content
    return value


_KINDS = {"resource": (_resource, v1.ComputeResource), "site": (_site, v1.Site)}


@pytest.mark.parametrize("kind", list(_KINDS))
def test_the_documents_of_these_tests_are_valid(kind: str) -> None:
    """What is spoiled below is valid before, so that each refusal has one cause."""
    make, message = _KINDS[kind]
    assert reader.read(json.dumps(make()).encode(), message) == make()


# Requirement, the one that the refusal cites, and the member that is left out.
_MISSING = [
    ("DESC-CPU-1", "DESC-CPU-1", "node.cpu.isa"),
    ("DESC-CPU-2", "DESC-CPU-2", "node.cpu.schedulableCpus"),
    ("DESC-ACCEL-1", "DESC-ACCEL-1", "node.accelerators.0.acceleratorClass"),
    ("DESC-ACCEL-1", "DESC-ACCEL-1", "node.accelerators.0.vendor"),
    ("DESC-ACCEL-2", "DESC-ACCEL-2", "node.accelerators.0.product"),
    ("DESC-RATE-1", "DESC-RATE-1", "node.accelerators.0.rates.0.numberFormat"),
    ("DESC-RATE-2", "DESC-RATE-2", "node.accelerators.0.rates.0.unit"),
    ("DESC-STORAGE-1", "DESC-STORAGE-1", "node.storage.0.medium"),
    ("DESC-BENCHMARK-1", "DESC-BENCHMARK-1", "benchmarks.0.suite"),
    *(
        ("DESC-BENCHMARK-1", "DOC-REQUIRED-1", f"benchmarks.0.{name}")
        for name in _BENCHMARK
        if name not in ("suite", "runAt")
    ),
]


@pytest.mark.parametrize(("requirement", "told", "path"), _MISSING)
def test_a_description_without_it_is_refused(requirement: str, told: str, path: str) -> None:
    """A description that leaves the member out is refused, and says which one is missing."""
    value = _spoiled(_resource(), path, ...)
    with pytest.raises(DocumentError) as refused:
        reader.read(json.dumps(value).encode(), v1.ComputeResource)
    (violation,) = refused.value.violations
    assert f'"{path.rpartition(".")[2]}"' in violation.message, requirement
    assert violation.requirement == told


def test_a_benchmark_has_one_time() -> None:
    """A result says when it was run or when it was published: one of the two, never both or none."""
    published = _spoiled(_resource(), "benchmarks.0.publishedAt", "2026-11-02T00:00:00Z")
    del published["benchmarks"][0]["runAt"]
    reader.read(json.dumps(published).encode(), v1.ComputeResource)
    for value in (
        _spoiled(_resource(), "benchmarks.0.runAt", ...),
        _spoiled(_resource(), "benchmarks.0.publishedAt", "2026-11-02T00:00:00Z"),
    ):
        with pytest.raises(DocumentError) as refused:
            reader.read(json.dumps(value).encode(), v1.ComputeResource)
        (violation,) = refused.value.violations
        assert violation.requirement == "DOC-CHOICE-1"


_BAD: list[tuple[str, str, str, str, object]] = [
    ("DESC-CPU-2", "DESC-CPU-2", "resource", "node.cpu.schedulableCpus", "0"),
    ("DESC-BITS-1", "DESC-BITS-1", "resource", "node.network.0.bitsPerS", "-1"),
    ("DESC-BITS-1", "JSON-INT64-1", "resource", "node.network.0.bitsPerS", "0.5"),
    ("DESC-BITS-1", "DESC-BITS-1", "resource", "node.fabrics.0.endpointBitsPerS", "-1"),
    ("DESC-COUNTRY-1", "SCALAR-COUNTRY-1", "site", "country", "cn"),
    ("DESC-COUNTRY-1", "SCALAR-COUNTRY-1", "site", "country", "CHN"),
    ("DESC-COUNTRY-1", "SCALAR-COUNTRY-1", "site", "country", "C1"),
]


@pytest.mark.parametrize(("requirement", "told", "kind", "path", "content"), _BAD)
def test_a_description_that_spoils_it_is_refused(
    requirement: str, told: str, kind: str, path: str, content: object
) -> None:
    """A description with a member in another form is refused at that member."""
    make, message = _KINDS[kind]
    with pytest.raises(DocumentError) as refused:
        reader.read(json.dumps(_spoiled(make(), path, content)).encode(), message)
    (violation,) = refused.value.violations
    assert violation.path.endswith(path.rpartition(".")[2]), requirement
    assert violation.requirement == told
