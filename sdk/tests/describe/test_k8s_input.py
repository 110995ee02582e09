"""Inputs of the Kubernetes importer: what is no supply, odd, real or damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crex.describe.k8s import IMPORTER
from crex.describe.sources import Source, open_sources
from sdk.tests.describe import mutations
from sdk.tests.describe.clusters import (
    GIB,
    GPU_LABELS,
    MIB,
    device,
    devices,
    feature,
    left,
    node,
    read,
    resource,
    resource_slice,
)
from sdk.tests.describe.sound import check_sound


def test_what_is_no_supply_is_left_out_with_the_reason() -> None:
    """Claims, classes and workloads are not what there is."""
    imported = read(
        {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "metadata": {"name": "c"}},
        {"apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass", "metadata": {"name": "d"}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "e"}},
        {"metadata": {"name": "f"}},
        ["no object"],
    )
    assert left(imported) == [
        "a claim is what somebody asks for, not what there is",
        "a device class is a way to ask for devices, not a device",
        "a Deployment of apps/v1 does not say what a node has",
        "it states no kind; it is no Kubernetes object",
        "it is a list, no Kubernetes object",
    ]


def test_the_same_object_twice_is_one() -> None:
    """A node that is in two files is counted once; another node of its name is of another cluster."""
    other = node() | {"metadata": {"name": "worker-1", "uid": "other"}}
    imported = read(node(), node(), other, resource_slice(device("g")), resource_slice(device("g")))
    assert [draft.count for draft in imported.drafts] == [1]
    first = "all.json: $.items[0] (Node worker-1)"
    assert left(imported) == [
        f"it is told twice; the first is {first}",
        f"another node has this name ({first}); read each cluster by itself",
        "it is told twice; the first is all.json: $.items[3] (ResourceSlice slice-1)",
    ]


def test_lists_of_one_kind_need_no_kind_in_their_elements() -> None:
    """The API's own lists name the kind once; YAML and an array of objects are read as well."""
    bare = {key: value for key, value in node().items() if key not in ("kind", "apiVersion")}
    listed = {"apiVersion": "v1", "kind": "NodeList", "items": [bare, 7]}
    imported = IMPORTER.read([Source("l.json", json.dumps(listed).encode())])
    assert (len(imported.drafts), left(imported)) == (1, ["it is the number 7, no Kubernetes object"])
    imported = IMPORTER.read([Source("a.json", json.dumps([node("a"), node("b")]).encode())])
    assert [draft.count for draft in imported.drafts] == [2]
    yaml = (
        "---\napiVersion: v1\nkind: Node\nmetadata: {name: y}\nstatus:\n  capacity: {cpu: 4, memory: 8Gi}\n"
    )
    yaml += "  nodeInfo: {architecture: arm64}\n---\n# nothing\n"
    imported = IMPORTER.read([Source("y.yaml", yaml.encode())])
    assert (imported.rows, resource(imported).node.cpu.schedulable_cpus) == (1, 4)


def test_a_yaml_text_that_ends_within_a_line_is_not_believed() -> None:
    """`memory: 8` may have been `memory: 8Gi`."""
    yaml = "kind: Node\nmetadata: {name: y}\nstatus:\n  capacity:\n    memory: 8"
    assert "may be cut" in left(IMPORTER.read([Source("y.yaml", yaml.encode())]))[0]


@pytest.mark.parametrize("value", [None, True, 7, -1, 1.5, "N/A", "1e400", [], {}, [[]], {"a": {"b": []}}])
def test_odd_types_at_every_place_end_in_a_report(value: object) -> None:
    """Whatever stands at whatever place of the objects, the rest is read and the books close."""
    whole = [
        node(labels=GPU_LABELS, capacity={"nvidia.com/gpu": "8"}),
        resource_slice(device("gpu-0", uuid="a"), device("m", "mig", profile="1g.5gb", parentUUID="a")),
        feature(attributes={"cpu.model": {"elements": {"vendor_id": "AMD"}}}, labels={"a": "b"}),
    ]

    def places(at: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        inner = at.items() if isinstance(at, dict) else enumerate(at) if isinstance(at, list) else ()
        return [path, *(found for key, below in inner for found in places(below, (*path, key)))]

    for path in places(whole)[1:]:
        changed = json.loads(json.dumps(whole))
        at = changed
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value
        read(*changed)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (b"{", "it is not JSON"),
        (b"a: [", "it is not YAML"),
        (b"No resources found\n", "it is the text 'No resources found'"),
        (b'{"kind": "List", "items": []}', "the list is empty"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_files_that_hold_no_objects_are_left_out(data: bytes, why: str) -> None:
    """Each file that cannot be read, or has nothing in it, is a row with its reason."""
    imported = IMPORTER.read([Source("f", data)])
    assert imported.rows == 1
    assert why in left(imported)[0]
    assert left(IMPORTER.read([Source("kubectl get nodes", b"", "kubectl is not there")])) == [
        "kubectl is not there"
    ]


def test_real_objects_give_what_they_say(real_data: Path) -> None:
    """Of the public examples none describes a machine: claims, workloads, and features without a node."""
    folder = real_data / "k8s-dra-nfd"
    imported = IMPORTER.read(open_sources(sorted(folder.glob("*.yaml"))))
    mutations.check_books(imported)
    assert (imported.rows, len(imported.drafts)) == (17, 0)
    assert sorted(left(imported)) == sorted(
        [
            *["a claim is what somebody asks for, not what there is"] * 4,
            "a device class is a way to ask for devices, not a device",
            *["a Namespace of v1 does not say what a node has"] * 4,
            *["a Pod of v1 does not say what a node has"] * 3,
            "a Deployment of apps/v1 does not say what a node has",
            *["it names no node (label nfd.node.kubernetes.io/node-name)"] * 3,
            "the node 'example-node' is not in this input, and this says nothing of its devices",
        ]
    )


def test_real_devices_of_the_reference_are_read(real_data: Path) -> None:
    """The devices that NVIDIA's reference shows give a GPU, a partition of it, and no second GPU."""
    text = (real_data / "k8s-dra-nfd" / "resourceslice-attributes.md").read_text()
    blocks = [block.partition("```")[0] for block in text.split("```yaml\n")[1:]]
    listed = "".join("".join(f"  {line}\n" for line in block.splitlines()) for block in blocks)
    head = (
        "apiVersion: resource.k8s.io/v1\nkind: ResourceSlice\nmetadata: {name: s}\nspec:\n"
        "  driver: gpu.nvidia.com\n  nodeName: example-node\n"
        "  pool: {name: example-node, generation: 1, resourceSliceCount: 1}\n  devices:\n"
    )
    features = (real_data / "k8s-dra-nfd" / "nfd-nodefeature.yaml").read_bytes()
    sources = [Source("slices.yaml", (head + listed).encode()), Source("features.yaml", features)]
    imported = IMPORTER.read(sources)
    mutations.check_books(imported)
    assert devices(imported) == [("NVIDIA A100-PCIE-40GB", 1, 40 * GIB)]
    (found,) = resource(imported).node.accelerators
    assert [(one.name, one.usable_memory_bytes, one.compute_units) for one in found.partition_profiles] == [
        ("1g.5gb", 4864 * MIB, 14)
    ]
    assert [(draft.name, draft.count) for draft in imported.drafts] == [
        ("example-node", 1),
        ("example-node-1g-5gb", 1),
    ]
    software = [(one.name, one.version) for one in resource(imported).software]
    assert software == [("linux", "6.3.13-linuxkit"), ("ubuntu", "22.04")]
    mutations.check_damaged(IMPORTER, sources, check_sound, seed=5, pieces=60)


def test_damaged_inputs_end_in_a_report() -> None:
    """Whatever is cut off or changed, nothing is invented and nothing goes missing silently."""
    objects = [
        node(labels=GPU_LABELS, capacity={"nvidia.com/gpu": "8"}),
        node(
            "worker-2", labels={"amd.com/compute-memory-partition": "spx_nps1"}, capacity={"amd.com/gpu": "8"}
        ),
        feature(labels={"cpu-model.vendor_id": "AMD", "cpu-security.sgx.enabled": "true"}),
        resource_slice(
            device("gpu-0", uuid="a"), device("m", "mig", "4Gi", profile="1g.5gb", parentUUID="a")
        ),
    ]
    listed = Source("all.json", json.dumps({"kind": "List", "items": objects}, indent=1).encode())
    mutations.check_damaged(IMPORTER, [listed], check_sound, seed=6, pieces=300)
    import yaml

    stream = "".join(yaml.safe_dump(one, explicit_start=True) for one in objects)
    mutations.check_damaged(IMPORTER, [Source("all.yaml", stream.encode())], check_sound, seed=7, pieces=120)
