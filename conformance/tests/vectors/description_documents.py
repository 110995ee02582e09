"""The documents with which the rows of vectors of descriptions begin; written by hand, without the SDK."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.matching_documents import GIB, P, Value, header

SITE: Final = f"{P}/site/a"
YEAR: Final[Value] = {"start": "2025-01-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"}
NOMINAL: Final[Value] = {"basis": "nominal", "method": "data sheet"}


def rate(mops: int, **more: Any) -> Value:
    """Gives a dense rate of matrix units in BF16; `more` changes or adds members."""
    return {
        "numberFormat": "bf16",
        "unit": "matrix",
        "sparsity": "dense",
        "mopsPerS": str(mops),
        "provenance": NOMINAL,
        **more,
    }


def device(**more: Any) -> Value:
    """Gives eight devices of 80 GiB with a dense and a sparse rate, and two ways to cut each."""
    return {
        "acceleratorClass": "gpu",
        "vendor": "nvidia",
        "product": "Example accelerator",
        "count": "8",
        "memory": {"capacityBytes": str(80 * GIB)},
        "rates": [rate(989_000_000), rate(1_979_000_000, sparsity="2-4")],
        "partitionProfiles": [
            {"name": "1g.10gb", "usableMemoryBytes": str(10 * GIB)},
            {"name": "7g.80gb", "usableMemoryBytes": str(80 * GIB)},
        ],
        **more,
    }


def resource(name: str, kind: str, body: str, value: Value, **more: Any) -> Value:
    """Gives a resource at site a with one body."""
    return {"header": header(name), "kind": kind, "siteId": SITE, body: value, **more}


def node() -> Value:
    """Gives a class of nodes with two sockets, 128 threads, a tebibyte of memory and eight devices."""
    return resource(
        "node-class/n",
        "node-class",
        "node",
        {
            "cpu": {
                "isa": "x86-64",
                "sockets": "2",
                "physicalCores": "64",
                "threadsPerCore": "2",
                "schedulableCpus": "128",
                "enabledFeatures": ["avx2"],
                "rates": [rate(4_000_000, numberFormat="fp64", unit="vector")],
                "provenance": NOMINAL,
            },
            "memory": {"capacityBytes": str(1024 * GIB), "usableBytes": str(1000 * GIB), "type": "ddr5"},
            "accelerators": [device()],
            "storage": [
                {
                    "medium": "nvme-ssd",
                    "locality": "node-local",
                    "capacityBytes": "3840000000000",
                    "count": "4",
                    "readIops": "1000000",
                    "writeIops": "200000",
                    "blockBytes": "4096",
                    "queueDepth": "32",
                }
            ],
            "network": [{"technology": "ethernet", "count": "2", "bitsPerS": "100000000000"}],
            "fabrics": [{"technology": "nvlink", "scope": "node", "endpointBitsPerS": "3600000000000"}],
            "numa": [{"count": "2", "schedulableCpus": "64", "memoryBytes": str(512 * GIB)}],
        },
        closedLists=["node.accelerators"],
    )


def partition() -> Value:
    """Gives a slice of a node class."""
    return resource(
        "partition-class/s",
        "partition-class",
        "partition",
        {
            "ofResource": f"{P}/node-class/n",
            "profile": "1g.10gb",
            "contents": {"cpu": {"isa": "x86-64", "schedulableCpus": "16"}},
        },
    )


def cluster() -> Value:
    """Gives a cluster of two classes of nodes."""
    return resource(
        "cluster/c",
        "cluster",
        "cluster",
        {
            "members": [
                {"resource": f"{P}/node-class/n", "count": "16"},
                {"resource": f"{P}/node-class/m", "count": "2"},
            ],
            "fabric": {"technology": "infiniband", "scope": "cluster", "endpointBitsPerS": "400000000000"},
        },
    )


def pool() -> Value:
    """Gives a pool of units of a node class."""
    return resource(
        "pool/p",
        "pool",
        "pool",
        {"unit": f"{P}/node-class/n", "totalUnits": "64"},
        relations=[relation("site/a")],
    )


def relation(name: str, kind: str = "hosted-at") -> Value:
    """Gives a relation to another document of the provider."""
    return {"kind": kind, "target": f"{P}/{name}"}


def service() -> Value:
    """Gives a service in front of a pool."""
    return resource(
        "service/s", "service", "service", {"interface": "slurm-rest", "backedBy": [f"{P}/pool/p"]}
    )


def energy(metric: str, value_micro: int) -> Value:
    """Gives an energy figure of a year."""
    return {
        "metric": metric,
        "valueMicro": str(value_micro),
        "interval": YEAR,
        "basis": "metered",
        "boundary": "site",
    }


def claim() -> Value:
    """Gives a claim of compliance of site a."""
    return {
        "scheme": "iso-27001",
        "edition": "2022",
        "scopeIds": [SITE],
        "valid": {"start": "2025-01-01T00:00:00Z", "end": "2028-01-01T00:00:00Z"},
        "assurance": "certified",
    }


def benchmark() -> Value:
    """Gives a result of eight nodes."""
    return {
        "suite": "hpl",
        "version": "2.3",
        "metric": "rmax",
        "unit": "tflops",
        "value": "1950.5",
        "runAt": "2026-02-01T00:00:00Z",
        "scope": {"id": f"{P}/node-class/n", "revision": "1", "count": "8"},
    }


def site() -> Value:
    """Gives a site in Ningxia with its position, an energy figure and a claim."""
    return {
        "header": header("site/a"),
        "country": "CN",
        "subdivision": "CN-NX",
        "legalJurisdictions": ["CN"],
        "latitudeMicrodegrees": 37_500_000,
        "longitudeMicrodegrees": 105_190_000,
        "energy": [energy("pue", 1_150_000)],
        "tier": "cloud",
        "compliance": [claim()],
    }


def link() -> Value:
    """Gives a link between sites of two providers, operated by one of them."""
    return {
        "header": header("link/a-b"),
        "fromSite": SITE,
        "toSite": "crex://q.example.cn/site/b",
        "capacityBitsPerS": "400000000000",
        "committedBitsPerS": "10000000000",
        "rttUs": {"p50": "16200", "p95": "17100", "p99": "19800"},
        "jitterUs": "300",
        "lossPpm": "10",
        "availabilityPpm": "999500",
        "window": {"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"},
        "transport": "wavelength",
        "provenance": {"basis": "measured-provider"},
    }


def window(start: str, end: str, quantity: int = 8) -> Value:
    """Gives a window of an allotment on 2026-03-10, between two times of that day."""
    return {"start": f"2026-03-10T{start}Z", "end": f"2026-03-10T{end}Z", "quantity": str(quantity)}


def allotment() -> Value:
    """Gives eight units in the morning and four in the afternoon, windows that touch."""
    return {
        "header": header("allotment/p-broker"),
        "pool": f"{P}/pool/p",
        "broker": "broker.example.com",
        "windows": [window("08:00:00", "12:00:00"), window("12:00:00", "18:00:00", 4)],
    }
