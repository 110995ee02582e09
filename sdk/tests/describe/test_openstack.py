"""The importer `openstack`: flavors of every client and of the API, odd, named by a standard, and damaged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crex.describe.importing import Imported
from crex.describe.openstack import IMPORTER
from crex.describe.sources import Source
from crex.v1 import ComputeResource, NodeClass
from sdk.tests.describe import mutations
from sdk.tests.describe.sound import check_sound, documents_of

GIB = 1 << 30
API = {
    "id": "6b0f",
    "name": "general.4",
    "vcpus": 4,
    "ram": 15872,
    "disk": 50,
    "OS-FLV-EXT-DATA:ephemeral": 0,
    "swap": "",
    "OS-FLV-DISABLED:disabled": False,
    "os-flavor-access:is_public": True,
    "rxtx_factor": 1.0,
    "links": [],
    "extra_specs": {"trait:HW_ARCH_AARCH64": "required"},
}
LISTED = {
    "ID": "6b0f",
    "Name": "general.4",
    "RAM": 15872,
    "Disk": 50,
    "Ephemeral": 0,
    "VCPUs": 4,
    "Is Public": True,
    "Swap": 0,
    "RXTX Factor": 1.0,
    "Properties": {"trait:HW_ARCH_AARCH64": "required"},
}


def source(value: object, name: str = "flavors.json") -> Source:
    """Gives an input that holds a value."""
    return Source(name, json.dumps(value).encode())


def read(*values: object) -> Imported:
    """Imports inputs, checks the books and that every draft makes sound documents."""
    imported = IMPORTER.read([source(value, f"f{at}.json") for at, value in enumerate(values)])
    mutations.check_books(imported)
    for draft in imported.drafts:
        check_sound(draft)
    return imported


def flavor(**changes: Any) -> dict[str, Any]:
    """Gives a flavor of the API, changed; None removes a member."""
    return {name: value for name, value in {**API, **changes}.items() if value is not None}


def scs(name: str, **properties: str) -> Imported:
    """Imports a flavor of 4 CPUs, 16 GiB and 50 GiB of that name."""
    return read([flavor(name=name, ram=16384, extra_specs={"hw_rng:allowed": "true", **properties})])


def only(imported: Imported) -> NodeClass:
    """Gives the one node that an import describes."""
    (draft,) = imported.drafts
    assert isinstance(draft.body, ComputeResource)
    assert draft.body.kind == "node-class"
    return draft.body.node


def whys(imported: Imported) -> list[str]:
    """Gives what is left out of what, and why."""
    found = [f"{one.where}: {one.why}" for one in imported.left_out]
    return found + [f"{one.what}: {one.why}" for one in imported.findings]


def test_a_flavor_of_the_api_is_described_exactly() -> None:
    """`ram` is in MiB and `disk` in GiB (trap 2); an architecture that hosts must have is inferred."""
    node = only(read({"flavors": [API]}))
    assert (node.cpu.isa, node.cpu.schedulable_cpus, node.cpu.provenance.basis) == ("aarch64", 4, "estimated")
    assert not node.cpu.HasField("physical_cores")
    assert not node.cpu.HasField("threads_per_core")
    assert not node.cpu.HasField("allocation")
    assert node.memory.capacity_bytes == 15872 * 1024 * 1024
    assert not node.memory.HasField("usable_bytes")
    assert node.memory.provenance.basis == "nominal"
    (disk,) = node.storage
    assert (disk.medium, disk.capacity_bytes, disk.count) == ("virtual-disk", 50 * GIB, 1)
    assert (node.virtualization.kind, node.virtualization.provenance.basis) == (
        "virtual-machine",
        "estimated",
    )
    assert not node.virtualization.HasField("technology")
    assert not node.accelerators


@pytest.mark.parametrize(
    "value",
    [
        [LISTED],
        {"flavor": API},
        API,
        [LISTED | {"Properties": "trait:HW_ARCH_AARCH64='required'"}],
        {key: value for key, value in API.items() if key != "extra_specs"}
        | {"properties": "trait:HW_ARCH_AARCH64='required'"},
        [LISTED | {"RAM": "15872", "VCPUs": "4", "Swap": ""}],
    ],
)
def test_every_way_of_writing_a_flavor_says_the_same(value: object) -> None:
    """What the client lists or shows, of old and new versions, is what the API answers."""
    (ours,), (theirs,) = read(value).drafts, read({"flavors": [API]}).drafts
    assert (ours.name, ours.body) == (theirs.name, theirs.body)


def test_documents_are_made() -> None:
    """A flavor becomes one document beside that of the site, and no pool: nobody counts flavors."""
    _, made = documents_of(read([LISTED])).made
    assert isinstance(made.document, ComputeResource)
    assert made.document.header.id == "crex://p.example.cn/site/zhongwei-1/node-class/general-4"
    assert made.document.display_names == {"en": "general.4"}


def test_virtual_cpus_without_an_architecture_are_a_remark() -> None:
    """The number is not lost where the instruction set is not known; memory and disk stand (trap 1)."""
    imported = read([flavor(extra_specs={})])
    node = only(imported)
    assert not node.HasField("cpu")
    assert node.memory.capacity_bytes == 15872 << 20
    assert "cpu: 4 virtual CPUs of an instruction set that is not stated" in whys(imported)


def test_a_list_without_properties_says_so() -> None:
    """Without `--long` nobody can tell what properties a flavor has."""
    imported = read([{key: value for key, value in LISTED.items() if key != "Properties"}])
    assert not only(imported).HasField("cpu")
    assert any(line.startswith("properties: none are shown") for line in whys(imported))


@pytest.mark.parametrize(
    ("properties", "isa"),
    [
        ({"trait:HW_CPU_X86_AVX512F": "required"}, "x86-64"),
        ({"trait:HW_ARCH_X86_64": "required", "trait:HW_CPU_X86_AVX2": "required"}, "x86-64"),
        ({"trait:HW_CPU_X86_AVX2": "forbidden"}, ""),
        ({"trait:HW_CPU_X86_MMX": "required"}, ""),
        ({"trait:COMPUTE_ARCH_AARCH64": "required"}, ""),
        ({"trait:HW_ARCH_AARCH64": "required", "trait:HW_CPU_X86_AVX2": "required"}, ""),
        ({"trait:HW_ARCH_ALPHA": "required"}, ""),
    ],
)
def test_required_traits_tell_an_architecture(properties: dict[str, str], isa: str) -> None:
    """Only what is required tells one, and only what no other architecture has."""
    imported = read([flavor(extra_specs=properties)])
    assert only(imported).cpu.isa == isa
    assert isa or any(line.startswith(("cpu: 4 virtual", "architecture")) for line in whys(imported))


def test_devices_by_aliases_and_slices_are_no_accelerators() -> None:
    """An alias is the site's own text, and a virtual GPU is a slice (traps 5 and 7)."""
    asked = {
        "pci_passthrough:alias": "a100:2",
        "resources:VGPU": "1",
        "resources_GPU:VGPU": "1",
        "resources:PGPU": "1",
        "resources:CUSTOM_A100": "1",
        "accel:device_profile": "fpga-1",
    }
    imported = read([flavor(extra_specs=asked)])
    assert not only(imported).accelerators
    told = [line for line in whys(imported) if line.startswith("property ")]
    assert len(told) == len(asked)
    assert "property resources:VGPU=1: virtual GPUs: slices, which are never GPUs" in " ".join(told)


def test_a_policy_of_the_scheduler_is_no_allocation() -> None:
    """`hw:cpu_policy` pins CPUs; what a buyer is promised, the provider says."""
    imported = read([flavor(extra_specs={"hw:cpu_policy": "dedicated", "trait:HW_ARCH_X86_64": "required"})])
    assert only(imported).cpu.isa == "x86-64"
    assert not only(imported).cpu.HasField("allocation")
    assert any("hw:cpu_policy=dedicated" in line for line in whys(imported))


@pytest.mark.parametrize(
    ("properties", "technology"),
    [
        ({"hw:mem_encryption": "True"}, "amd-sev"),
        ({"hw:mem_encryption": "true", "hw:mem_encryption_model": "amd-sev-snp"}, "amd-sev-snp"),
        ({"hw:mem_encryption": "true", "hw:mem_encryption_model": "other"}, ""),
        ({"hw:mem_encryption": "false"}, ""),
        ({"hw:mem_encryption_model": "amd-sev-es"}, ""),
    ],
)
def test_encrypted_memory_is_a_trusted_environment(properties: dict[str, str], technology: str) -> None:
    """Nova takes SEV where no model is named; a model alone has no effect."""
    found = [(one.technology, one.role) for one in only(read([flavor(extra_specs=properties)])).tee]
    assert found == ([(technology, "guest")] if technology else [])


def test_disks_are_told_apart_and_swap_is_none_of_them() -> None:
    """The root disk and the ephemeral one stand apart, each with its source; swap holds no data."""
    imported = read([flavor(**{"OS-FLV-EXT-DATA:ephemeral": 50, "swap": 2048})])
    assert [(one.capacity_bytes, one.count) for one in only(imported).storage] == [
        (50 * GIB, 1),
        (50 * GIB, 1),
    ]
    assert any(line.startswith("swap: 2048 MiB") for line in whys(imported))


def test_a_disk_of_zero_is_not_a_disk_of_no_size() -> None:
    """0 means the size of the image, so no storage is stated and none is denied."""
    imported = read([flavor(disk=0)])
    assert not only(imported).storage
    assert any(line.startswith("disk: 0 means as large as the image") for line in whys(imported))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"OS-FLV-DISABLED:disabled": True}, "it is disabled"),
        ({"os-flavor-access:is_public": False}, "it is private"),
        ({"name": ""}, "it has no name"),
        ({"vcpus": None, "ram": None, "disk": None}, "it states neither CPUs nor memory nor a disk"),
        ({"vcpus": 0, "ram": 0, "disk": 0}, "nothing of it could be stated"),
        (
            {"extra_specs": {"resources:CUSTOM_BAREMETAL_LARGE": "1", "resources:VCPU": "0"}},
            "it is of bare metal",
        ),
        ({"extra_specs": {"capabilities:hypervisor_type": "ironic"}}, "it is of bare metal"),
    ],
)
def test_what_is_no_flavor_for_buyers_is_left_out(changes: dict[str, Any], why: str) -> None:
    """Disabled and private flavors, those of bare metal and what states nothing become no document."""
    imported = read([flavor(**changes)])
    assert not imported.drafts
    (left,) = imported.left_out
    assert left.where == "f0.json: $[0]"
    assert left.why.startswith(why)


def test_a_flavor_told_twice_is_told_once() -> None:
    """A list and what is shown of one flavor of it are joined; the latter has the properties."""
    listed = {key: value for key, value in LISTED.items() if key != "Properties"}
    imported = read([listed], API)
    (draft,) = imported.drafts
    assert draft.rows == ("f0.json: $[0]", "f1.json: $")
    assert only(imported).cpu.isa == "aarch64"


def test_a_flavor_of_another_cloud_is_not_mixed_in() -> None:
    """Two clouds have a flavor `1`, named `small`; the second is left out, and says whose place it has."""
    imported = read([flavor(id="1", name="small")], [flavor(id="1", name="small", ram=2048)])
    assert only(imported).memory.capacity_bytes == 15872 << 20
    (left,) = imported.left_out
    assert left.why.startswith("f0.json: $[0] says otherwise")


def test_what_the_scheduler_is_asked_for_is_compared() -> None:
    """Resources that differ from the flavor's own members are a contradiction; the server gets the latter."""
    asked = {"resources:PCPU": "2", "resources:MEMORY_MB": "15872", "resources:DISK_GB": "51"}
    imported = read([flavor(extra_specs=asked, swap=1)])
    assert only(imported).memory.capacity_bytes == 15872 << 20
    assert [one.what for one in imported.findings if one.kind.value == "contradiction"] == ["vcpus"]


def test_a_name_by_the_standard_tells_what_nothing_else_does() -> None:
    """Architecture, allocation and medium stand in a name by scs-0100, as the provider's promise."""
    node = only(scs("SCS-4T-16-50p_kvm_z3h_ib"))
    assert (node.cpu.isa, node.cpu.vendor, node.cpu.allocation) == ("x86-64", "amd", "dedicated-thread")
    assert node.cpu.provenance.basis == "nominal"
    assert [(one.medium, one.locality) for one in node.storage] == [("nvme-ssd", "node-local")]
    assert (node.virtualization.kind, node.virtualization.technology) == ("virtual-machine", "kvm")
    assert [one.technology for one in node.network] == ["infiniband"]


@pytest.mark.parametrize(
    ("name", "isa", "allocation"),
    [
        ("SCS-4V-16-50", "x86-64", "shared"),
        ("SCS-4V-16", "x86-64", "shared"),
        ("SCS-4V-16-", "x86-64", "shared"),
        ("SCS-4C-16-50n", "x86-64", "dedicated-core"),
        ("SCS-4Li-15.5uo-20", "x86-64", "heavily-shared"),
        ("SCS-4C-16-2x20p_a1", "aarch64", "dedicated-core"),
        ("SCS-4V:16:50", "x86-64", "shared"),
        ("SCS-4V:16:50-a2", "aarch64", "shared"),
        ("SCS-4V-16-50_r", "", ""),
        ("SCS-4iV-16-50", "", ""),
        ("SCS-4V-16ou-50", "", ""),
        ("SCS-4-16-50", "", ""),
        ("SCS-4V-16-1.5n", "", ""),
        ("SCS-4V-16-50_z3_bms", "", ""),
        ("scs-4v-16-50", "", ""),
        ("my-SCS-4V-16-50", "", ""),
    ],
)
def test_names_are_read_by_the_published_grammar(name: str, isa: str, allocation: str) -> None:
    """The order of letters counts; what is not of the grammar says nothing at all."""
    imported = scs(name)
    node = only(imported)
    assert (node.cpu.isa, node.cpu.allocation) == (isa, allocation)
    assert node.memory.capacity_bytes == 16 * GIB
    assert isa or any(line.startswith("cpu: 4 virtual CPUs") for line in whys(imported))


def test_a_name_may_promise_less_but_not_more() -> None:
    """Understatement is allowed by the standard; a name that overstates is believed in nothing."""
    less = scs("SCS-2V-8-20s")
    assert only(less).cpu.schedulable_cpus == 4
    assert only(less).cpu.allocation == "shared"
    assert not [one for one in less.findings if one.kind.value == "contradiction"]
    for name, what in (("SCS-8V-16-50", "vcpus"), ("SCS-4V-32-50", "ram"), ("SCS-4V-16-100s", "disk")):
        more = scs(name)
        assert not only(more).HasField("cpu")
        assert [one.medium for one in only(more).storage] == ["virtual-disk"]
        assert [one.what for one in more.findings if one.kind.value == "contradiction"] == [what]


def test_names_and_properties_must_agree() -> None:
    """`scs:name-vN`, `scs:cpu-type` and `scs:disk0-type` say the same as a name, or nothing is stated."""
    names = {"scs:name-v1": "SCS-4V:16:50", "scs:name-v2": "SCS-4V-16-50s"}
    node = only(scs("large", **names, **{"scs:cpu-type": "shared-core", "scs:disk0-type": "ssd"}))
    assert (node.cpu.isa, node.cpu.allocation, node.storage[0].medium) == ("x86-64", "shared", "ssd")
    odd = scs("large", **names, **{"scs:cpu-type": "dedicated-core", "scs:disk0-type": "floppy"})
    assert only(odd).cpu.isa == "x86-64"
    assert not only(odd).cpu.HasField("allocation")
    assert "'floppy' is none of the standard's" in " ".join(whys(odd))


def test_what_a_name_promises_of_gpus_is_a_remark() -> None:
    """`_GNa-14-6h` is a quarter of a device: neither a product nor a whole one (trap 7)."""
    for name, what in (("SCS-4V-16-50_GNa-14-6h", "passed through"), ("SCS-4V-16-50_gNa-14", "virtual GPU")):
        imported = scs(name)
        assert not only(imported).accelerators
        assert what in " ".join(whys(imported))


def test_bare_metal_by_name_is_described_as_such() -> None:
    """A name with `bms` promises its figures, of a machine without hypervisor."""
    bare = {"resources:CUSTOM_BM": "1", "resources:VCPU": "0", "resources:MEMORY_MB": "0"}
    imported = scs("SCS-4C-16-50s_bms_z3", **bare)
    assert only(imported).virtualization.kind == "bare-metal"
    assert not [one for one in imported.findings if one.kind.value == "contradiction"]


def test_memory_without_correction_and_promised_twice_is_told() -> None:
    """`u` is no ECC, `o` is memory that is promised more than once."""
    imported = scs("SCS-4V-16uo-50")
    assert only(imported).memory.HasField("ecc")
    assert not only(imported).memory.ecc
    assert any("promised more than once" in line for line in whys(imported))


@pytest.mark.parametrize(
    "odd", [None, True, -1, 0.5, "many", "16 GB", [], {}, 10**400, 99999999999999999999, "1_000", "+4", "४"]
)
@pytest.mark.parametrize("member", sorted(API))
def test_odd_values_end_in_a_report(member: str, odd: object) -> None:
    """Whatever stands at a place, the import ends in a report, and no other figure changes."""
    imported = read([{**API, member: odd}])
    for draft in imported.drafts:
        assert isinstance(draft.body, ComputeResource)
        node = draft.body.node
        assert node.memory.capacity_bytes in (0, 15872 << 20)
        assert node.cpu.schedulable_cpus in (0, 4)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "[1]", "3", '{"flavors": {}}', '{"flavors": [null]}', '{"error": "denied"}', "[" * 9999],
)
def test_what_is_no_list_of_flavors_is_left_out(text: str) -> None:
    """An input without flavors is one row, left out."""
    imported = IMPORTER.read([Source("odd.json", text.encode())])
    mutations.check_books(imported)
    assert (imported.rows, len(imported.left_out)) == (1, 1)


def test_a_page_says_that_there_are_others() -> None:
    """A link to the next page is told: the list is not whole."""
    imported = read({"flavors": [API], "flavors_links": [{"rel": "next", "href": "http://c.example/f"}]})
    assert any(line.startswith("flavors: this is a page") for line in whys(imported))


@pytest.mark.parametrize("text", ["a='1'", "a='1', b:c='x, y=z', d='it''s'", "a", "a='1', b", "='1'", "a='1"])
def test_old_properties_are_read_wholly_or_not_at_all(text: str) -> None:
    """The text form has no escapes; what does not come apart cleanly is a remark."""
    imported = read([LISTED | {"Properties": text}])
    broken = any("not properties" in line for line in whys(imported))
    assert broken == (text in {"a", "a='1', b", "='1'", "a='1"})


def test_damage_is_reported() -> None:
    """Cut and changed inputs never give a figure that the whole does not, nor an unsound document."""
    sources = [
        source({"flavors": [API, flavor(id="2", name="SCS-4V-16-50s", ram=16384)]}, "api.json"),
        source([LISTED | {"ID": "3", "Properties": "hw:mem_encryption='true', a='b'"}], "list.json"),
    ]
    mutations.check_damaged(IMPORTER, sources, check_sound, seed=11, pieces=150)
