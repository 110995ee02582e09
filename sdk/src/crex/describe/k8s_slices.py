"""Devices as drivers of dynamic resource allocation (DRA) publish them in ResourceSlices.

Facts: https://kubernetes.io/docs/reference/kubernetes-api/resource/resource-slice-v1/. A pool is told by as
many slices as each of them says; those of an older generation, and pools of which a slice is missing, say
nothing that may be relied on. Up to v1beta1 what a device has stands in its member `basic`, and in v1alpha3 a
capacity is a quantity without an object around it. What attributes mean depends on the driver.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from crex.describe.grouping import group
from crex.describe.importing import Import
from crex.describe.k8s_devices import MOST_DEVICES, Devices, Part
from crex.describe.k8s_objects import Object
from crex.describe.k8s_quantity import whole_amount
from crex.describe.members import Members
from crex.describe.report import Report
from crex.describe.values import ESTIMATED, NOMINAL, clean, hexadecimal, provenance, token
from crex.v1 import Accelerator, AcceleratorRuntime, DeviceMemory, PartitionProfile, PciId

# The API refuses more in one slice.
_MOST_IN_SLICE: Final = 128
_VERSIONS: Final = frozenset({"v1", "v1beta2", "v1beta1", "v1alpha3"})
_BUS: Final = "resource.kubernetes.io/pciBusID"
_ZERO_IS_UNKNOWN: Final = "it states 0, by which the driver says that it is not known"


@dataclass(frozen=True, slots=True)
class _Driver:
    """What the attributes of one driver mean.

    Attributes:
        accelerator_class: Class of its devices.
        vendor: Their maker.
        pci_vendor: The maker's PCI identifier.
        whole: Values of `type` of whole devices; of those for passing to a guest, in `passed`.
        cut: Values of `type` of partitions.
        parent: Attributes that identify the device that a partition is cut from; the first that is there.
        profile: Attributes that together name the profile of a partition, joined by `_`.
        units: Capacity that counts the compute units of a partition.
        isolation: How partitions are kept apart, where the maker's definition says so.
        runtime: Family of the software stack, and the attribute with its version.
    """

    accelerator_class: str
    vendor: str
    pci_vendor: str
    whole: frozenset[str]
    passed: frozenset[str]
    cut: frozenset[str]
    parent: tuple[str, ...]
    profile: tuple[tuple[str, ...], ...]
    units: str
    isolation: str | None = None
    runtime: tuple[str, str] | None = None


# https://github.com/kubernetes-sigs/dra-driver-nvidia-gpu (reference of ResourceSlice attributes) and
# https://github.com/ROCm/k8s-gpu-dra-driver (docs/driver-attributes.md).
_DRIVERS: Final = {
    "gpu.nvidia.com": _Driver(
        accelerator_class="gpu",
        vendor="nvidia",
        pci_vendor="10de",
        whole=frozenset({"gpu"}),
        passed=frozenset({"vfio"}),
        cut=frozenset({"mig"}),
        parent=("parentUUID", _BUS),
        profile=(("profile",),),
        units="multiprocessors",
        isolation="hardware",
        runtime=("cuda", "cudaDriverVersion"),
    ),
    "gpu.amd.com": _Driver(
        accelerator_class="gpu",
        vendor="amd",
        pci_vendor="1002",
        whole=frozenset({"amdgpu"}),
        passed=frozenset({"vfio"}),
        cut=frozenset({"amdgpu-partition"}),
        parent=(_BUS, "pciAddr"),
        profile=(("partitionProfile",), ("computePartition", "memoryPartition")),
        units="computeUnits",
    ),
}


@dataclass(frozen=True, slots=True)
class Published:
    """A slice that counts: of a complete pool, in its newest generation, and of one node."""

    object: Object
    node: str
    driver: str
    devices: tuple[Members, ...]


def choose_slices(objects: Iterable[Object], books: Import) -> list[Published]:
    """Gives the slices that count; the others are left out with the reason."""
    found: list[Published] = []
    for pool in _pools(objects, books).values():
        newest = max(generation for generation, _, _ in pool)
        current = [(one, spec) for generation, one, spec in pool if generation == newest]
        for generation, one, _ in pool:
            if generation < newest:
                books.leave_out(one.row, f"generation {generation} of its pool; there is {newest}")
        counts = {_pool_member(spec, "resourceSliceCount", 1) for _, spec in current}
        for one, spec in current:
            if counts != {len(current)}:
                stated = " or ".join(str(count) for count in sorted(counts, key=str))
                why = f"its pool is not complete: it has {stated} slices, of which {len(current)} are here"
                books.leave_out(one.row, why)
            else:
                found.extend(_of_nodes(one, spec, books))
    return found


def _pools(
    objects: Iterable[Object], books: Import
) -> dict[tuple[str, str], list[tuple[int, Object, Members]]]:
    """Sorts slices by driver and pool; those that are told twice are left out."""
    pools: dict[tuple[str, str], list[tuple[int, Object, Members]]] = {}
    known: dict[tuple[str, str], str] = {}
    for one in objects:
        first = known.setdefault((one.name, one.uid), one.row)
        if first != one.row:
            books.leave_out(one.row, f"it is told twice; the first is {first}")
            continue
        if one.version not in _VERSIONS:
            books.leave_out(one.row, f"version {clean(one.version, 40)!r} of ResourceSlice is not known")
            continue
        spec = one.members.mapping("spec")
        driver = spec.text("driver") if spec is not None else None
        generation = _pool_member(spec, "generation", 0) if spec is not None else None
        pool = spec.mapping("pool") if spec is not None else None
        name = pool.text("name") if pool is not None else None
        if spec is None or not driver or not name or generation is None:
            books.leave_out(one.row, "it states no driver, no pool or no generation of it")
            continue
        pools.setdefault((driver, name), []).append((generation, one, spec))
    return pools


def _pool_member(spec: Members, name: str, low: int) -> int | None:
    pool = spec.mapping("pool")
    return pool.whole(name, low=low) if pool is not None else None


def _of_nodes(one: Object, spec: Members, books: Import) -> list[Published]:
    """Gives a slice for each node that it speaks of; devices of no single node are left out."""
    devices = spec.mappings("devices")
    if not 1 <= len(devices) <= _MOST_IN_SLICE:
        books.leave_out(one.row, f"it lists {len(devices)} devices, and not 1 to {_MOST_IN_SLICE}")
        return []
    driver = spec.text("driver") or ""
    node = spec.text("nodeName")
    by_node: dict[str, list[Members]] = {}
    for device in devices:
        own = device.text("nodeName") if spec.raw("perDeviceNodeSelection") is True else node
        if own:
            by_node.setdefault(own, []).append(device)
        else:
            books.report.leave_out("device", device.where, "it belongs to no single node")
    if not by_node:
        books.leave_out(one.row, "its devices belong to no single node")
    return [Published(one, name, driver, tuple(some)) for name, some in by_node.items()]


@dataclass(slots=True)
class _Found:
    """Devices of one node while they are read."""

    whole: list[Accelerator] = field(default_factory=list)
    # Position of each whole device in `whole` by what identifies it.
    known: dict[str, int] = field(default_factory=dict)
    # Profiles by the device that they are cut from.
    cut: dict[str, list[PartitionProfile]] = field(default_factory=dict)
    parents: dict[str, Accelerator] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    # Profiles that are possibilities: what is listed excludes each other.
    possible: set[str] = field(default_factory=set)
    sources: dict[str, str] = field(default_factory=dict)
    rows: set[str] = field(default_factory=set)


def read_published(slices: Sequence[Published], report: Report) -> tuple[Devices, frozenset[str]]:
    """Reads the devices of one node; gives them with the rows of the slices that tell of them."""
    found = _Found()
    listed = [(one, device) for one in slices for device in one.devices]
    ranked: list[tuple[int, _Device]] = []
    for one, device in listed:
        driver = _DRIVERS.get(one.driver)
        if driver is None:
            why = f"what devices of the driver {clean(one.driver, 80)!r} are is not known here"
            report.leave_out("devices", f"{one.object.row}.spec.devices", why)
            continue
        told = _Device.of(device, driver, one, report)
        kind = told.text("type") if told is not None else None
        if told is None or kind is None:
            report.leave_out("device", device.where, "it states no type")
            continue
        # Whole devices first, so that partitions find them; the same ones for passing on after them.
        for rank, kinds in enumerate((driver.whole, driver.passed, driver.cut)):
            if kind in kinds:
                ranked.append((rank, told))
                break
        else:
            report.leave_out(
                "device", device.where, f"what a device of type {clean(kind, 40)!r} is is not known"
            )
    for rank, told in sorted(ranked, key=lambda pair: pair[0])[:MOST_DEVICES]:
        if rank == 2:
            _add_cut(told, found)
        else:
            _add_whole(told, found, passed=rank == 1)
    if len(ranked) > MOST_DEVICES:
        report.leave_out("devices", ranked[0][1].where, f"only {MOST_DEVICES} of {len(ranked)} are read")
    return _finish(found, report), frozenset(found.rows)


@dataclass(frozen=True, slots=True)
class _Device:
    """One device of a driver that is known."""

    attributes: Members
    capacity: Members
    driver: _Driver
    driver_name: str
    row: str
    where: str
    exclusive: bool
    report: Report

    @classmethod
    def of(cls, device: Members, driver: _Driver, published: Published, report: Report) -> _Device | None:
        """Opens a device; nothing where it has no attributes."""
        inner = device.mapping("basic") if device.has("basic") else device
        if inner is None:
            return None
        attributes = inner.mapping("attributes")
        if attributes is None:
            return None  # the caller says that it states no type
        capacity = inner.mapping("capacity") or Members({}, inner.place("capacity"), report)
        if inner.raw("allowMultipleAllocations") is True:
            why = "it may be given to several at a time; it is counted once"
            report.limit("device", device.where, why)
        exclusive = bool(inner.items("consumesCounters"))
        return cls(
            attributes,
            capacity,
            driver,
            published.driver,
            published.object.row,
            device.where,
            exclusive,
            report,
        )

    def text(self, name: str) -> str | None:
        """Gives an attribute that is a text or a version; without domain a name is of the driver's."""
        for key in (name, f"{self.driver_name}/{name}"):
            value = self.attributes.mapping(key)
            if value is not None:
                return clean(value.text("version" if value.has("version") else "string"))
        return None

    def size(self, name: str) -> int | None:
        """Gives a capacity that is a whole number."""
        for key in (name, f"{self.driver_name}/{name}"):
            value = self.capacity.raw(key)
            if isinstance(value, dict):
                inner = self.capacity.mapping(key)
                return whole_amount(inner, "value") if inner is not None else None
            if value is not None:
                return whole_amount(self.capacity, key)
        return None

    def identities(self) -> list[str]:
        """Gives what identifies a device on its node: its own number, and its place on the bus."""
        return [one for one in (self.text("uuid"), self.text(_BUS), self.text("pciAddr")) if one]

    def accelerator(self, method: str, basis: str) -> Accelerator | None:
        """Gives what is said of the device; nothing where its product is not."""
        product = self.text("productName")
        if product is None:
            self.report.leave_out("device", self.where, "it states no productName")
            return None
        made = Accelerator(
            accelerator_class=self.driver.accelerator_class,
            vendor=self.driver.vendor,
            product=product,
            architecture=token(self.text("architecture")),
            count=1,
            provenance=provenance(method, basis),
        )
        identifier, vendor = hexadecimal(self.text("deviceID")), hexadecimal(self.text("vendorID"))
        if identifier and identifier <= 0xFFFF and vendor in (None, int(self.driver.pci_vendor, 16)):
            made.pci.CopyFrom(PciId(vendor=self.driver.pci_vendor, device=f"{identifier:04x}"))
        if self.driver.runtime is not None:
            family, name = self.driver.runtime
            version = clean(self.text(name), 64)
            if version:
                made.runtime.CopyFrom(AcceleratorRuntime(family=family, version=version))
        return made


def _add_whole(device: _Device, found: _Found, *, passed: bool) -> None:
    identities = device.identities()
    if any(one in found.known for one in identities):
        found.rows.add(device.row)
        if not passed:
            device.report.leave_out(
                "device", device.where, "its number or place is that of a device before it"
            )
        return
    if passed and not identities and found.whole:
        why = "it is for passing to a guest, and nothing says which device it is"
        device.report.leave_out("device", device.where, why)
        return
    made = device.accelerator(f"spec.devices of ResourceSlice, driver {device.driver_name}", NOMINAL)
    if made is None:
        return
    memory = device.size("memory")
    if memory:
        made.memory.CopyFrom(DeviceMemory(capacity_bytes=memory))
    else:
        why = _ZERO_IS_UNKNOWN if memory == 0 else "it states no capacity `memory`"
        device.report.leave_out(f"memory of {made.product}", device.where, why)
    found.known.update(dict.fromkeys(identities, len(found.whole)))
    found.whole.append(made)
    found.rows.add(device.row)


def _add_cut(device: _Device, found: _Found) -> None:
    names = [[device.text(part) for part in parts] for parts in device.driver.profile]
    profile = next(("_".join(filter(None, parts)) for parts in names if all(parts)), None)
    if profile is None:
        device.report.leave_out("partition", device.where, "it names no profile")
        return
    source = f"spec.devices of ResourceSlice, driver {device.driver_name}"
    found.rows.add(device.row)
    found.sources.setdefault(profile, source)
    found.counts[profile] = found.counts.get(profile, 0) + 1
    if device.exclusive:
        found.possible.add(profile)
    parent = next(filter(None, (device.text(name) for name in device.driver.parent)), None)
    if parent is None:
        why = "nothing says of which device it is a partition; that device is not stated because of it"
        device.report.leave_out(f"partition {profile}", device.where, why)
        return
    told = PartitionProfile(
        name=profile[:128],
        usable_memory_bytes=device.size("memory") or None,
        compute_units=device.size(device.driver.units) or None,
        isolation=device.driver.isolation,
    )
    cut = found.cut.setdefault(parent, [])
    before = next((one for one in cut if one.name == told.name), None)
    if before is None and len(cut) < 64:
        cut.append(told)
    elif before is not None and before != told:
        why = "two partitions of one profile and device differ; the first is believed"
        device.report.contradict(f"partition {profile}", device.where, why)
    if parent in found.known or parent in found.parents:
        return
    made = device.accelerator(f"{source}: the device that its partitions are cut from", ESTIMATED)
    if made is not None:
        device.report.leave_out(f"memory of {made.product}", device.where, "only its partitions state theirs")
        found.parents[parent] = made


def _finish(found: _Found, report: Report) -> Devices:
    for parent, profiles in found.cut.items():
        device = found.whole[found.known[parent]] if parent in found.known else found.parents.get(parent)
        if device is None:
            continue
        for profile in profiles:
            if device.HasField("memory") and profile.usable_memory_bytes > device.memory.capacity_bytes:
                why = f"{profile.usable_memory_bytes} bytes, more than its device has; not stated"
                report.contradict(f"memory of {profile.name}", "ResourceSlice", why)
                profile.ClearField("usable_memory_bytes")
        device.partition_profiles.extend(sorted(profiles, key=lambda one: one.name))
    parts = [
        Part(profile, None if profile in found.possible else count, found.sources[profile])
        for profile, count in sorted(found.counts.items())
    ]
    return Devices(tuple(group([*found.whole, *found.parents.values()])), tuple(parts))


def compare(published: Devices, plugged: Devices, where: str, report: Report) -> tuple[Accelerator, ...]:
    """Gives the devices of a node from both sources; what two say of the same maker's is compared.

    Published devices stand where there are some: a complete pool is the driver's whole list by definition,
    while labels speak of one product only. Of a memory that differs neither figure is stated.
    """
    found: list[Accelerator] = list(published.accelerators)
    for told in plugged.accelerators:
        same = [one for one in found if one.vendor == told.vendor]
        if not same:
            found.append(told)
            continue
        count = sum(one.count for one in same)
        if count != told.count:
            why = f"slices publish {count}, the Node tells of {told.count}; the slices are believed"
            report.contradict(f"devices of {told.vendor}", where, why)
        if not told.HasField("memory"):
            continue
        for one in same:
            # Labels are in whole MiB.
            if one.HasField("memory") and one.memory.capacity_bytes >> 20 != told.memory.capacity_bytes >> 20:
                why = (
                    f"its slice says {one.memory.capacity_bytes} bytes, the label of its Node "
                    f"{told.memory.capacity_bytes}; neither is stated"
                )
                report.contradict(f"memory of {one.product}", where, why)
                one.ClearField("memory")
    return tuple(group(found))
