"""Topologies as hwloc writes them, made up for the tests of its importer."""

from __future__ import annotations

from collections.abc import Sequence

from crex.describe.hwloc import IMPORTER
from crex.describe.importing import Imported
from crex.describe.sources import Source
from crex.v1 import ComputeResource, NodeClass
from sdk.tests.describe import mutations
from sdk.tests.describe.sound import check_sound

GIB = 1 << 30
INFOS = (
    '<info name="CPUVendor" value="AuthenticAMD"/><info name="CPUFamilyNumber" value="25"/>'
    '<info name="CPUModelNumber" value="1"/><info name="CPUModel" value="AMD EPYC Example   "/>'
)


def info(name: str, value: object) -> str:
    """Writes what is noted on an object."""
    return f'<info name="{name}" value="{value}"/>'


def core(number: int, *cpus: int) -> str:
    """Writes a core with its CPUs."""
    units = "".join(f'<object type="PU" os_index="{cpu}"/>' for cpu in cpus)
    return f'<object type="Core" os_index="{number}">{units}</object>'


def device(name: str, *infos: str) -> str:
    """Writes a device as the system names it."""
    return f'<object type="OSDev" name="{name}">{"".join(infos)}</object>'


def function(bus: int, inner: str, kind: str = "0302 [10de:2330] [10de:16c1] a1") -> str:
    """Writes a PCI function with its devices."""
    return f'<object type="PCIDev" pci_busid="0000:{bus:02x}:00.0" pci_type="{kind}">{inner}</object>'


def gpu(bus: int, model: str = "NVIDIA H100", memory: int = 83035776) -> str:
    """Writes a GPU that two libraries name."""
    named = info("GPUModel", model)
    cuda = device(f"cuda{bus}", named, info("CUDAGlobalMemorySize", f"{memory}KiB"))
    return function(bus, cuda + device(f"nvml{bus}", named))


def matrix(name: str, indexes: Sequence[str], values: Sequence[Sequence[object]], kind: str = "") -> str:
    """Writes distances; with a type where all objects are of one."""
    tag = "distances2" if kind else "distances2hetero"
    listed = f'<indexes length="1">{" ".join(indexes)} </indexes>'
    rows = "".join(f'<u64values length="1">{" ".join(map(str, row))} </u64values>' for row in values)
    attribute = f'type="{kind}" indexing="gp"' if kind else ""
    return f'<{tag} nbobjs="{len(indexes)}" kind="25" name="{name}" {attribute}>{listed}{rows}</{tag}>'


def topology(
    *,
    cpuset: str = "0x0000000f",
    machine: str = "",
    memory: str = f'local_memory="{64 * GIB}"',
    pages: str = "",
    infos: str = INFOS,
    inner: str = "",
    after: str = '<info name="Architecture" value="x86_64"/><info name="HostName" value="node-7.example"/>',
    cores: str = core(0, 0, 1) + core(1, 2, 3),
) -> str:
    """Writes a machine of one package, two cores and four CPUs."""
    return (
        '<?xml version="1.0"?><!DOCTYPE topology SYSTEM "hwloc2.dtd"><topology version="2.0">'
        f'<object type="Machine" cpuset="{cpuset}" complete_cpuset="{cpuset}" '
        f'allowed_cpuset="{cpuset}" {machine}>'
        f'<object type="Package" os_index="0" cpuset="{cpuset}">{infos}'
        f'<object type="NUMANode" os_index="0" cpuset="{cpuset}" {memory}>{pages}</object>{cores}'
        f"</object>{inner}</object>{after}</topology>"
    )


def read(*texts: str) -> Imported:
    """Imports topologies, each a file, and checks the books."""
    imported = IMPORTER.read([Source(f"m{at}.xml", text.encode()) for at, text in enumerate(texts)])
    mutations.check_books(imported)
    for draft in imported.drafts:
        check_sound(draft)
    return imported


def node(imported: Imported) -> NodeClass:
    """Gives the node of the only draft."""
    (draft,) = imported.drafts
    assert isinstance(draft.body, ComputeResource)
    return draft.body.node


def whys(imported: Imported) -> str:
    """Gives every reason and remark."""
    return " | ".join([*(one.why for one in imported.left_out), *(one.why for one in imported.findings)])
