"""Akash: what a provider's attributes can say of the machines that it has at one site.

Attributes: https://akash.network/docs/providers/operations/provider-attributes; their form is that of
go/node/types/attributes/v1/attribute.go of https://github.com/akash-network/chain-sdk, their values those of
config/provider-attributes.json of https://github.com/akash-network/console.

Attributes are of a provider, and a provider stands at one place: each site of an authority makes a file.
What has one value is stated where all classes of nodes there state the same; models of GPUs are a list, each
by the PCI identifiers by which Akash tells them apart. How many there are Akash reads from the cluster, and
what only the provider knows (`host`, `tier`, `organization`, `email`, storage classes, features) is for it to
add.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import yaml

from crex.describe.report import Report
from crex.export.akash_lists import MODELS, REGIONS, Model
from crex.export.exporting import Document, Export, Exported, place, stem
from crex.export.gathering import Described, gather, is_estimated, leave_unsaid
from crex.names import Name
from crex.v1 import Accelerator, Site

_GIB: Final = 1 << 30
# A driver keeps some of a device's memory to itself: at most this many per cent.
_KEPT_PERCENT: Final = 12
_CPU_MAKERS: Final = frozenset({"intel", "amd", "arm"})
_GPU_MAKERS: Final = frozenset({"nvidia", "amd", "intel"})
_ARCHITECTURES: Final = {"x86-64": "x86-64", "x86-32": "x86", "aarch64": "arm-64", "armv7": "arm"}
_MEMORIES: Final = frozenset({"ddr2", "ddr3", "ddr3ecc", "ddr4", "ddr4ecc", "ddr5", "ddr5ecc"})
_NO_PLACE: Final = "attributes of an Akash provider have no place for it"
_ESTIMATED: Final = "it is estimated, which an attribute cannot say"
_SAID: Final = frozenset(
    {
        "node.cpu.isa",
        "node.cpu.vendor",
        "node.memory.type",
        "node.memory.ecc",
        "node.accelerators.acceleratorClass",
        "node.accelerators.vendor",
        "node.accelerators.formFactor",
        "node.accelerators.memory.capacityBytes",
        "node.accelerators.partitionProfiles",
        "node.accelerators.runtime",
    }
)
_SAID_OF_SITE: Final = frozenset({"country"})
_DEVICE: Final = "node.accelerators"

Attributes: TypeAlias = dict[str, str]
# What a class of nodes says of something, or None; it reports why it says nothing.
_Said: TypeAlias = Callable[[Described, Report], str | None]


class AkashExporter:
    """Writes the attributes of one provider for each site of an authority."""

    name = "akash"
    about = "attributes of an Akash provider (YAML)"

    def write(self, documents: Sequence[Document]) -> Exported:
        """Writes what a provider can say of the machines at each of its sites."""
        books = Export()
        sites: dict[tuple[str, str], list[Described]] = {}
        for one in gather(documents, books):
            sites.setdefault((Name.parse(one.id).authority, one.resource.site_id), []).append(one)
        for (authority, site), classes in sites.items():
            _write(f"{stem(site, authority)}.yaml", classes, books)
        return books.done()


EXPORTER: Final = AkashExporter()


def _write(file: str, classes: Sequence[Described], books: Export) -> None:
    site, site_where = classes[0].site, classes[0].site_where
    attributes: Attributes = {}
    if site is not None:
        _add_site(site, site_where, attributes, books.report)
    _add_agreed(classes, attributes, books.report)
    for one in classes:
        attributes |= dict.fromkeys(_models(one, books.report), "true")
    if not attributes:
        for one in classes:
            books.leave_out(one.where, "no attribute can be stated of it; the findings say why")
        return
    if site is not None:
        attributes["crex/site"] = place(site)
        leave_unsaid(site, _SAID_OF_SITE, site_where, books, _NO_PLACE)
    for number, one in enumerate(classes, start=1):
        attributes[f"crex/resource/{number}"] = place(one.resource)
        leave_unsaid(one.resource, _SAID, one.where, books, _NO_PLACE)
    listed = [{"key": key, "value": value} for key, value in attributes.items()]
    text = yaml.safe_dump({"attributes": listed}, sort_keys=False, allow_unicode=True)
    books.tell(file, text.encode(), [where for one in classes for where in one.sources])


def _add_site(site: Site, where: str, attributes: Attributes, report: Report) -> None:
    region = REGIONS.get(site.subdivision) or REGIONS.get(site.country)
    if region is not None:
        attributes["location-region"] = region
    else:
        said = site.subdivision or site.country or "a site without country"
        report.leave_out("country", where, f"Akash has no single location-region for {said}")
    if site.country:
        attributes["country"] = site.country


def _add_agreed(classes: Sequence[Described], attributes: Attributes, report: Report) -> None:
    with_gpus = [one for one in classes if any(_is_gpu(kind) for kind in one.node.accelerators)]
    for asked, subjects in ((_OF_NODES, classes), (_OF_GPUS, with_gpus)):
        for key, paths, said in asked:
            value = _agreed(key, paths, {one.where: said(one, report) for one in subjects}, report)
            if value is not None:
                attributes[key] = value


def _agreed(key: str, paths: Sequence[str], values: Mapping[str, str | None], report: Report) -> str | None:
    """Gives what all classes of nodes say; nothing where one says nothing or another thing.

    Args:
        key: Key of the attribute.
        paths: Members that say it.
        values: What each class of nodes says, by its place.
        report: Takes why nothing is stated.
    """
    known = sorted({value for value in values.values() if value is not None})
    if len(known) == 1 and None not in values.values():
        return known[0]
    stated = f"{key} has one value, and classes of nodes say {', '.join(known)}"
    why = stated if len(known) > 1 else f"{key} is stated only where all classes of nodes at the site say it"
    for where, value in values.items():
        for path in paths if value is not None else ():
            report.leave_out(path, where, why)
    return None


def _listed(value: str, known: frozenset[str], path: str, one: Described, report: Report) -> str | None:
    if value in known:
        return value
    if value:
        report.leave_out(path, one.where, f"Akash has no value for {value}")
    return None


def _maker(one: Described, report: Report) -> str | None:
    if is_estimated(one.node.cpu.provenance):
        report.leave_out("node.cpu", one.where, _ESTIMATED)
        return None
    return _listed(one.node.cpu.vendor, _CPU_MAKERS, "node.cpu.vendor", one, report)


def _architecture(one: Described, report: Report) -> str | None:
    isa = one.node.cpu.isa
    if is_estimated(one.node.cpu.provenance):
        return None
    if isa and isa not in _ARCHITECTURES:
        report.leave_out("node.cpu.isa", one.where, f"Akash has no value for {isa}")
    return _ARCHITECTURES.get(isa)


def _memory(one: Described, report: Report) -> str | None:
    memory = one.node.memory
    if is_estimated(memory.provenance):
        report.leave_out("node.memory", one.where, _ESTIMATED)
        return None
    value = f"{memory.type}{'ecc' if memory.ecc else ''}"
    if memory.type and memory.HasField("ecc") and value in _MEMORIES:
        return value
    why = f"Akash has no value for {value}"
    if not (memory.type and memory.HasField("ecc")):
        why = "the value says type and correction of errors together, and only one of them is stated"
    for path, stated in (("type", memory.HasField("type")), ("ecc", memory.HasField("ecc"))):
        if stated:
            report.leave_out(f"node.memory.{path}", one.where, why)
    return None


def _gpu_maker(one: Described, report: Report) -> str | None:
    path = f"{_DEVICE}.vendor"
    maker = _of_all_gpus(lambda gpu: gpu.vendor, path, one, report)
    return _listed(maker or "", _GPU_MAKERS, path, one, report)


def _cuda(one: Described, report: Report) -> str | None:
    def version(gpu: Accelerator) -> str:
        return gpu.runtime.version if gpu.runtime.family == "cuda" else ""

    return _of_all_gpus(version, f"{_DEVICE}.runtime.version", one, report)


def _of_all_gpus(said: Callable[[Accelerator], str], path: str, one: Described, report: Report) -> str | None:
    """Gives what all GPUs of a node say; nothing where one says nothing, or is estimated."""
    gpus = [gpu for gpu in one.node.accelerators if _is_gpu(gpu)]
    values = {"" if is_estimated(gpu.provenance) else said(gpu) for gpu in gpus}
    if len(values) > 1:
        stated = ", ".join(sorted(value for value in values if value))
        report.leave_out(path, one.where, f"not all of its GPUs state the same: {stated}")
    return next(iter(values)) or None if len(values) == 1 else None


def _is_gpu(accelerator: Accelerator) -> bool:
    return accelerator.accelerator_class == "gpu"


# Key of an attribute, the members that say it, and what gives its value.
_OF_NODES: Final[tuple[tuple[str, tuple[str, ...], _Said], ...]] = (
    ("capabilities/cpu", ("node.cpu.vendor",), _maker),
    ("capabilities/cpu/arch", ("node.cpu.isa",), _architecture),
    ("capabilities/memory", ("node.memory.type", "node.memory.ecc"), _memory),
)
# The same of classes of nodes that have GPUs.
_OF_GPUS: Final[tuple[tuple[str, tuple[str, ...], _Said], ...]] = (
    ("capabilities/gpu", (f"{_DEVICE}.vendor",), _gpu_maker),
    ("cuda", (f"{_DEVICE}.runtime.version",), _cuda),
)


def _models(one: Described, report: Report) -> Iterator[str]:
    """Gives the keys of the GPUs of a class of nodes."""
    kinds = set()
    for index, accelerator in enumerate(one.node.accelerators):
        where = f"{one.where} accelerators[{index}]"
        for profile in accelerator.partition_profiles:
            why = f"the partition {profile.name} is no GPU; what is cut is for the provider to state"
            report.leave_out(f"{_DEVICE}.partitionProfiles", where, why)
        runtime = accelerator.runtime
        if accelerator.HasField("runtime") and not (_is_gpu(accelerator) and runtime.family == "cuda"):
            report.leave_out(f"{_DEVICE}.runtime", where, "Akash knows CUDA of GPUs only")
        model = _model(accelerator, where, report)
        if model is not None:
            kinds.add(model.name)
            yield from _keys(accelerator, model, where, report)
    if len(kinds) > 1:
        why = "Akash wants one model of GPUs on a node; how these are shared out is not stated"
        report.limit(_DEVICE, one.where, why)


def _model(accelerator: Accelerator, where: str, report: Report) -> Model | None:
    pci = f"{accelerator.pci.vendor}:{accelerator.pci.device}"
    model = MODELS.get(pci)
    if not _is_gpu(accelerator):
        why = f"Akash has GPUs only, and this is of class {accelerator.accelerator_class}"
    elif is_estimated(accelerator.provenance):
        why = _ESTIMATED
    elif not accelerator.HasField("pci"):
        why = "it states no PCI identifiers, by which Akash tells models apart"
    elif model is None:
        why = f"no model of Akash is known here for PCI {pci}"
    else:
        contradiction = _contradiction(accelerator, model)
        if not contradiction:
            return model
        report.contradict(_DEVICE, where, f"PCI {pci} is {contradiction}")
        return None
    report.leave_out(_DEVICE, where, why)
    return None


def _contradiction(accelerator: Accelerator, model: Model) -> str:
    """Says why a device is not of the model of its PCI identifiers; empty: nothing speaks against it."""
    if accelerator.vendor != model.vendor:
        return f"of {model.vendor} there, and this is said to be of {accelerator.vendor}"
    size, whole = accelerator.memory.capacity_bytes, model.gib * _GIB
    # What a device reports is never more than it has, and not much less.
    fits = whole * (100 - _KEPT_PERCENT) <= size * 100 <= whole * 100
    if accelerator.HasField("memory") and not fits:
        return f"a {model.name} of {model.gib} GiB there, and this has {size} bytes"
    return ""


def _keys(accelerator: Accelerator, model: Model, where: str, report: Report) -> Iterator[str]:
    """Gives the keys of one kind of GPUs: memory and interface where its document states them, too."""
    memory, interface = "", ""
    if accelerator.HasField("memory"):
        memory = f"/ram/{model.gib}Gi"
        size = accelerator.memory.capacity_bytes
        if size != model.gib * _GIB:
            why = f"the key says {model.gib}Gi, Akash's name of a device that reports {size} bytes"
            report.limit(f"{_DEVICE}.memory.capacityBytes", where, why)
    if accelerator.form_factor == model.form_factor:
        interface = f"/interface/{model.form_factor}"
    elif accelerator.form_factor:
        why = f"it is {accelerator.form_factor}, and {model.form_factor} in Akash's list of devices"
        report.contradict(f"{_DEVICE}.formFactor", where, why)
    yield from dict.fromkeys((model.key, model.key + memory, model.key + interface))
    if memory and interface:
        yield model.key + memory + interface
