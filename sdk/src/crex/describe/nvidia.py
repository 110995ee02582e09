"""NVIDIA devices as `nvidia-smi -q -x` states them.

The text may be no XML at all ("No devices were found", "NVIDIA-SMI has failed …"), may lack almost everything
(old cards), and may hold placeholders (`N/A`, `[Not Supported]`, zero identifiers). A MIG device or a vGPU is
a slice: it is never counted as a GPU (DESC-COUNT-1).
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from crex.describe.machine import Machine
from crex.describe.plausible import can_have
from crex.describe.report import Report
from crex.describe.values import clean, provenance, token, whole
from crex.v1 import Accelerator, AcceleratorRuntime, DeviceMemory, PartitionProfile, PciId

COMMAND = ("nvidia-smi", "-q", "-x")
_SHOWN = " ".join(COMMAND)
LIST = ("nvidia-smi", "-L")
_VENDOR = 0x10DE
_MIB = 1 << 20
# The largest number of devices that one node is known to hold is 16, and of slices 7 times that; many times
# more are a broken file.
MOST_DEVICES = 1024

_SIZE = re.compile(r"([0-9]{1,12}) MiB")
_WATTS = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) W")
_UUID = re.compile(r"GPU-[0-9A-Za-z-]{1,64}")
_NO_UUID = re.compile(r"GPU-[0-]*")
_LIMITS = ("default_power_limit", "max_power_limit")
_LISTED_GPU = re.compile(r"GPU [0-9]+: .*\(UUID: (GPU-[0-9A-Za-z-]{1,64})\)\s*")
_LISTED_MIG = re.compile(r"\s+MIG (\S+)\s+Device\s+([0-9]+): \(UUID: \S+\)\s*")
# Names of MIG devices, as CUDA gives them, and of vGPU types (`A40-48Q`, `A100-3-20C`): NVIDIA vGPU Software
# User Guide, "Virtual GPU Types".
_SLICE_NAME = re.compile(r".*\bMIG\b.*|.*-(?:[0-9]{1,2}-)?[0-9]{1,3}[ABCQ](?:ME)?")


@dataclass(frozen=True, slots=True)
class NvidiaDevices:
    """What nvidia-smi says.

    Attributes:
        devices: One message per device, `count` 1 each.
        addresses: PCI addresses of every device that it names, in the form of sysfs, stated or left out.
        driver: Version of the driver; nothing if it is not stated.
        present: Whether nvidia-smi answered with a list at all.
        complete: Whether every device that it names, or says is attached, is among `devices`.
    """

    devices: tuple[Accelerator, ...] = ()
    addresses: frozenset[str] = frozenset()
    driver: str | None = None
    present: bool = False
    complete: bool = True


def read_nvidia(machine: Machine, contained: bool, report: Report) -> NvidiaDevices:
    """Asks nvidia-smi for the devices; nothing to report where there is no nvidia-smi."""
    output = machine.run(COMMAND)
    if output.status == 127:
        return NvidiaDevices()
    root = parse_log(output.text)
    if root is None:
        said = clean(output.text.partition("\n")[0], 120)
        why = output.problem or (f"it says {said!r} instead of XML" if said else "it printed nothing")
        report.leave_out("NVIDIA devices", _SHOWN, why)
        return NvidiaDevices(complete=False)
    gpus = gpus_of(root)
    sliced = any(slices_of(gpu) for gpu in gpus)
    names = mig_names([machine.run(LIST).text], report) if sliced else {}
    again = repeated(gpus)
    devices: list[Accelerator] = []
    for position, gpu in enumerate(gpus):
        what = name_of(gpu, position)
        device = again.get(position) or describe_gpu(root, gpu, position, contained, names, report)
        if not isinstance(device, Accelerator):
            report.leave_out(what, _SHOWN, device)
            continue
        devices.append(device)
        if is_cut(gpu):
            why = "slices are resources of kind partition-class, never GPUs"
            report.leave_out(f"{len(slices_of(gpu))} MIG devices of {what}", _SHOWN, why)
    listed = lists_all(root, gpus)
    if listed is False:
        why = f"it says {attached_to(root)} are attached and lists {len(gpus)}; the list is believed"
        report.contradict("NVIDIA devices", _SHOWN, why)
    return NvidiaDevices(
        tuple(devices),
        frozenset(filter(None, (_address(gpu) for gpu in gpus))),
        driver_of(root),
        present=True,
        complete=len(devices) == len(gpus) and listed is not False,
    )


def parse_log(text: str) -> ET.Element | None:
    """Reads what nvidia-smi writes; nothing where it is no log of its own."""
    # An honest answer declares no entities; one that does is not read, so that nothing can expand.
    if "<!ENTITY" in text:
        return None
    try:
        root = ET.fromstring(text.strip())  # noqa: S314 - entities are refused above
    except (ET.ParseError, ValueError):
        return None
    return root if root.tag == "nvidia_smi_log" else None


def gpus_of(root: ET.Element) -> list[ET.Element]:
    """Gives the GPUs of a log."""
    return root.findall("gpu")


def slices_of(gpu: ET.Element) -> list[ET.Element]:
    """Gives the MIG devices of a GPU."""
    return gpu.findall("mig_devices/mig_device")


def is_cut(gpu: ET.Element) -> bool:
    """Tells whether a GPU is cut by MIG at present, into slices or into none."""
    return _text(gpu, "mig_mode/current_mig") == "Enabled"


def uuid_of(gpu: ET.Element) -> str | None:
    """Gives what no other GPU in the world has; nothing where it is not stated, or a placeholder."""
    text = _text(gpu, "uuid") or ""
    return text if _UUID.fullmatch(text) and not _NO_UUID.fullmatch(text) else None


def lists_all(root: ET.Element, gpus: Sequence[ET.Element]) -> bool | None:
    """Tells whether a log lists as many GPUs as it says are attached; nothing where it does not say so."""
    attached = attached_to(root)
    return None if attached is None else attached == len(gpus)


def attached_to(root: ET.Element) -> int | None:
    """Gives how many GPUs a log says are attached."""
    return whole(_text(root, "attached_gpus"))


def repeated(gpus: Sequence[ET.Element]) -> dict[int, str]:
    """Finds GPUs of a log that name no device of their own, by position, with the reason.

    An address or a UUID belongs to one device of a machine, so a second GPU that has it is the same one.
    """
    found: dict[int, str] = {}
    told: set[str] = set()
    for position, gpu in enumerate(gpus):
        own = {name for name in (_address(gpu), uuid_of(gpu)) if name is not None}
        if position >= MOST_DEVICES:
            found[position] = f"no machine has more than {MOST_DEVICES} GPUs"
        elif known := sorted(own & told):
            found[position] = f"it is {known[0]}, which the log names before"
        told |= own
    return found


def is_slice_name(product: str) -> bool:
    """Tells whether the name of a product is that of a MIG device or of a vGPU, which are slices."""
    return _SLICE_NAME.fullmatch(product) is not None


def name_of(gpu: ET.Element, position: int) -> str:
    """Names a GPU in a report: by its address, else by its place."""
    return f"NVIDIA device {clean(gpu.get('id'), 32) or position}"


def driver_of(root: ET.Element) -> str | None:
    """Gives the version of the driver."""
    return clean(_text(root, "driver_version"), 128)


def _text(element: ET.Element, path: str) -> str | None:
    """Gives the text at a path; nothing where it is missing, a placeholder, or there twice and differs."""
    texts = {(found.text or "").strip() for found in element.findall(path)}
    text = texts.pop() if len(texts) == 1 else ""
    return None if text.upper() in ("", "N/A", "NONE") or text.startswith("[") else text


def _runtime(root: ET.Element) -> AcceleratorRuntime | None:
    version = clean(_text(root, "cuda_version"), 64)
    return AcceleratorRuntime(family="cuda", version=version) if version else None


def _address(gpu: ET.Element) -> str | None:
    """Gives the address as sysfs writes it: nvidia-smi has eight digits of domain and capitals."""
    match = re.fullmatch(
        r"([0-9A-F]{4})?([0-9A-F]{4}:[0-9A-F]{2}:[0-9A-F]{2}\.[0-7])", (gpu.get("id") or "").upper()
    )
    return match[2].lower() if match else None


def describe_gpu(
    root: ET.Element,
    gpu: ET.Element,
    position: int,
    contained: bool,
    names: Mapping[tuple[str, int], str],
    report: Report,
) -> Accelerator | str:
    """Describes a GPU of a log; or says why it is none of this node.

    Args:
        root: The log.
        gpu: The GPU.
        position: Its place in the log, from 0.
        contained: Whether the log is a container's, to which whole devices may not belong.
        names: Profiles of MIG devices, by UUID of the GPU and number of the slice.
        report: Takes what is not stated.
    """
    what = name_of(gpu, position)
    product = clean(_text(gpu, "product_name"))
    if product is None:
        return "it has no product name"
    mode = (_text(gpu, "gpu_virtualization_mode/virtualization_mode") or "").upper().replace(" ", "")
    if mode == "VGPU" or is_slice_name(product):
        return "it is a vGPU, a slice of a device, and no GPU of this node"
    if is_cut(gpu) and contained:
        return "it is cut by MIG, and only slices of it may belong to this container"
    architecture = _text(gpu, "product_architecture")
    device = Accelerator(
        accelerator_class="gpu",
        vendor="nvidia",
        product=product,
        architecture=token(architecture),
        count=1,
        tdp_watts=_board_power(gpu, what, report),
        runtime=_runtime(root),
        provenance=provenance(_SHOWN),
    )
    pci = _pci(gpu, what, report)
    if pci is not None:
        device.pci.CopyFrom(pci)
    memory = _memory(gpu, pci, what, report)
    if memory is not None:
        device.memory.CopyFrom(memory)
    device.partition_profiles.extend(_profiles(gpu, what, names, report))
    return device


def _board_power(gpu: ET.Element, what: str, report: Report) -> int | None:
    """Gives the maker's default power limit in whole watts; the enforced one is the owner's setting."""
    for group in ("gpu_power_readings", "power_readings"):
        default, most = (_watts(_text(gpu, f"{group}/{name}")) for name in _LIMITS)
        if default is None:
            continue
        if most is not None and default > most:
            why = f"its default limit is {default} W, and its largest {most} W; none is stated"
            report.contradict(f"power limit of {what}", _SHOWN, why)
            return None
        if default != int(default):
            report.leave_out(f"power limit of {what}", _SHOWN, f"{default} W are not whole watts")
            return None
        return int(default)
    report.leave_out(f"power limit of {what}", _SHOWN, "it states no default, or not in watts")
    return None


def _watts(text: str | None) -> Decimal | None:
    match = _WATTS.fullmatch(text or "")
    return Decimal(match[1]) if match else None


def _pci(gpu: ET.Element, what: str, report: Report) -> PciId | None:
    """Reads identifiers written as device and vendor in one number, `20B210DE`."""
    own, sub = (_pair(_text(gpu, f"pci/{name}")) for name in ("pci_device_id", "pci_sub_system_id"))
    if own is None or own[1] != _VENDOR or own[0] == 0:
        report.leave_out(f"PCI identifiers of {what}", _SHOWN, "it states none, or a placeholder")
        return None
    pci = PciId(vendor=f"{own[1]:04x}", device=f"{own[0]:04x}")
    if sub is not None and sub[1] != 0:
        pci.subvendor, pci.subdevice = f"{sub[1]:04x}", f"{sub[0]:04x}"
    return pci


def _pair(text: str | None) -> tuple[int, int] | None:
    match = re.fullmatch(r"(?:0x)?([0-9A-Fa-f]{4})([0-9A-Fa-f]{4})", text or "")
    return (int(match[1], 16), int(match[2], 16)) if match else None


def _mib(text: str | None) -> int | None:
    match = _SIZE.fullmatch(text or "")
    return int(match[1]) * _MIB if match else None


def _memory(gpu: ET.Element, pci: PciId | None, what: str, report: Report) -> DeviceMemory | None:
    total = _mib(_text(gpu, "fb_memory_usage/total"))
    if total is None:
        report.leave_out(f"memory of {what}", _SHOWN, "it states no total, or not in MiB")
        return None
    if not can_have(pci, total, f"memory of {what}", _SHOWN, report):
        return None
    for part in ("reserved", "used", "free"):
        size = _mib(_text(gpu, f"fb_memory_usage/{part}"))
        if size is not None and size > total:
            why = f"it says {size} bytes are {part}, of {total} in all; none is stated"
            report.contradict(f"memory of {what}", _SHOWN, why)
            return None
    memory = DeviceMemory(capacity_bytes=total)
    reserved = _mib(_text(gpu, "fb_memory_usage/reserved"))
    if reserved is not None:
        memory.usable_bytes = total - reserved
    ecc = _text(gpu, "ecc_mode/current_ecc")
    if ecc in ("Enabled", "Disabled"):
        memory.ecc = ecc == "Enabled"
    return memory


def mig_names(listings: Sequence[str], report: Report) -> dict[tuple[str, int], str]:
    """Reads what `nvidia-smi -L` prints: the profile of each MIG device, by UUID of its GPU and its number.

    Args:
        listings: What it printed, for each of some machines.
        report: Takes what listings say otherwise of one slice.
    """
    names: dict[tuple[str, int], str] = {}
    differ: set[tuple[str, int]] = set()
    for listing in listings:
        uuid: str | None = None
        for line in listing.splitlines():
            gpu, mig = _LISTED_GPU.fullmatch(line), _LISTED_MIG.fullmatch(line)
            if mig is None:
                uuid = gpu[1] if gpu else None
                continue
            index, name = whole(mig[2]), clean(mig[1], 128)
            if uuid is None or index is None or name is None:
                continue
            if names.setdefault((uuid, index), name) != name:
                differ.add((uuid, index))
    for uuid, index in sorted(differ):
        name = names.pop((uuid, index))
        why = f"it has the profile {name}, and another; none is stated"
        report.contradict(f"MIG device {index} of {uuid}", " ".join(LIST), why)
    return names


def profile_of(gpu: ET.Element, piece: ET.Element, names: Mapping[tuple[str, int], str]) -> str | None:
    """Gives the profile of a MIG device; nothing where no list names it."""
    uuid, index = uuid_of(gpu), whole(_text(piece, "index"))
    return names.get((uuid, index)) if uuid is not None and index is not None else None


def _profiles(
    gpu: ET.Element, what: str, names: Mapping[tuple[str, int], str], report: Report
) -> list[PartitionProfile]:
    """Gives the profiles into which the device is cut at present, each once; none for a nameless slice."""
    found: dict[str, PartitionProfile] = {}
    for one in slices_of(gpu)[:MOST_DEVICES] if is_cut(gpu) else ():
        name = profile_of(gpu, one, names)
        if name is None:
            continue
        profile = PartitionProfile(
            name=name,
            usable_memory_bytes=_mib(_text(one, "fb_memory_usage/total")),
            compute_units=whole(_text(one, "device_attributes/shared/multiprocessor_count")),
            isolation="hardware",  # what MIG is by its maker's definition
        )
        if found.setdefault(name, profile) != profile:
            why = "its slices differ in what they have; no figure of it is stated"
            report.contradict(f"profile {name} of {what}", _SHOWN, why)
            found[name] = PartitionProfile(name=name, isolation="hardware")
    return list(found.values())[:64]
