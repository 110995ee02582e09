"""NVIDIA devices as `nvidia-smi -q -x` states them.

The text may be no XML at all ("No devices were found", "NVIDIA-SMI has failed …"), may lack almost everything
(old cards), and may hold placeholders (`N/A`, `[Not Supported]`, zero identifiers). A MIG device or a vGPU is
a slice: it is never counted as a GPU (DESC-COUNT-1).
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass

from crex.describe.machine import Machine
from crex.describe.report import Report
from crex.describe.values import clean, provenance, token, whole
from crex.registry.accelerators import by_pci
from crex.v1 import Accelerator, AcceleratorRuntime, DeviceMemory, PartitionProfile, PciId

COMMAND = ("nvidia-smi", "-q", "-x")
_SHOWN = " ".join(COMMAND)
LIST = ("nvidia-smi", "-L")
_VENDOR = 0x10DE
_MIB = 1 << 20
# The largest number of devices that one node is known to hold is 16; a hundred times that is a broken file.
_MOST_DEVICES = 1024

_SIZE = re.compile(r"([0-9]{1,12}) MiB")
_WATTS = re.compile(r"([0-9]{1,6})\.0+ W")
_LISTED_GPU = re.compile(r"GPU ([0-9]+): ")
_LISTED_MIG = re.compile(r"\s+MIG (\S+)\s+Device\s+([0-9]+):")


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
    names = mig_names(machine.run(LIST).text) if sliced else {}
    devices: list[Accelerator] = []
    for position, gpu in enumerate(gpus):
        device = describe_gpu(root, gpu, position, contained, names, report)
        if isinstance(device, Accelerator):
            devices.append(device)
        else:
            report.leave_out(name_of(gpu, position), _SHOWN, device)
    attached = whole(_text(root, "attached_gpus"))
    if attached is not None and attached != len(gpus):
        report.contradict(
            "NVIDIA devices",
            _SHOWN,
            f"it says {attached} are attached and lists {len(gpus)}; the list is believed",
        )
    return NvidiaDevices(
        tuple(devices),
        frozenset(filter(None, (_address(gpu) for gpu in gpus))),
        driver_of(root),
        present=True,
        complete=len(devices) == len(gpus) and attached in (None, len(gpus)),
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
    return root.findall("gpu")[:_MOST_DEVICES]


def slices_of(gpu: ET.Element) -> list[ET.Element]:
    """Gives the MIG devices of a GPU."""
    return gpu.findall("mig_devices/mig_device")[:_MOST_DEVICES]


def name_of(gpu: ET.Element, position: int) -> str:
    """Names a GPU in a report: by its address, else by its place."""
    return f"NVIDIA device {clean(gpu.get('id'), 32) or position}"


def driver_of(root: ET.Element) -> str | None:
    """Gives the version of the driver."""
    return clean(_text(root, "driver_version"), 128)


def _text(element: ET.Element, path: str) -> str | None:
    """Gives the text at a path; nothing where it is missing or a placeholder."""
    text = (element.findtext(path) or "").strip()
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
    names: Mapping[tuple[int, int], str],
    report: Report,
) -> Accelerator | str:
    """Describes a GPU of a log; or says why it is none of this node.

    Args:
        root: The log.
        gpu: The GPU.
        position: Its place in the log, from 0.
        contained: Whether the log is a container's, to which whole devices may not belong.
        names: Profiles of MIG devices, by position of GPU and slice.
        report: Takes what is not stated.
    """
    what = name_of(gpu, position)
    product = clean(_text(gpu, "product_name"))
    if product is None:
        return "it has no product name"
    if (_text(gpu, "gpu_virtualization_mode/virtualization_mode") or "").upper().replace(" ", "") == "VGPU":
        return "it is a vGPU, a slice of a device, and no GPU of this node"
    sliced = _text(gpu, "mig_mode/current_mig") == "Enabled"
    if sliced and contained:
        return "it is cut by MIG, and only slices of it may belong to this container"
    architecture = _text(gpu, "product_architecture")
    device = Accelerator(
        accelerator_class="gpu",
        vendor="nvidia",
        product=product,
        architecture=token(architecture),
        count=1,
        tdp_watts=_board_power(gpu),
        runtime=_runtime(root),
        provenance=provenance(_SHOWN),
    )
    pci = _pci(gpu, what, report)
    if pci is not None:
        device.pci.CopyFrom(pci)
    memory = _memory(gpu, pci, what, report)
    if memory is not None:
        device.memory.CopyFrom(memory)
    if sliced:
        slices = slices_of(gpu)
        device.partition_profiles.extend(_profiles(slices, position, names))
        report.leave_out(
            f"{len(slices)} MIG devices of {what}",
            _SHOWN,
            "slices are resources of kind partition-class, never GPUs",
        )
    return device


def _board_power(gpu: ET.Element) -> int | None:
    """Gives the maker's default power limit in whole watts; the enforced one is the owner's setting."""
    for group in ("gpu_power_readings", "power_readings"):
        match = _WATTS.fullmatch(_text(gpu, f"{group}/default_power_limit") or "")
        if match:
            return int(match[1])
    return None


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
    if pci is not None and by_pci(pci.vendor, pci.device) and not by_pci(pci.vendor, pci.device, total):
        why = f"it says {total} bytes, which no product with its identifiers has; none is stated"
        report.contradict(f"memory of {what}", _SHOWN, why)
        return None
    memory = DeviceMemory(capacity_bytes=total)
    reserved = _mib(_text(gpu, "fb_memory_usage/reserved"))
    if reserved is not None and reserved <= total:
        memory.usable_bytes = total - reserved
    ecc = _text(gpu, "ecc_mode/current_ecc")
    if ecc in ("Enabled", "Disabled"):
        memory.ecc = ecc == "Enabled"
    return memory


def mig_names(listing: str) -> dict[tuple[int, int], str]:
    """Reads from what `nvidia-smi -L` prints the profile of each MIG device, by place of GPU and slice."""
    names: dict[tuple[int, int], str] = {}
    position: int | None = None
    for line in listing.splitlines():
        gpu, mig = _LISTED_GPU.match(line), _LISTED_MIG.match(line)
        if gpu:
            position = whole(gpu[1])
        elif mig and position is not None:
            index, name = whole(mig[2]), clean(mig[1], 128)
            if index is not None and name:
                names[position, index] = name
    return names


def index_of(piece: ET.Element) -> int | None:
    """Gives the number of a MIG device within its GPU."""
    return whole(_text(piece, "index"))


def _profiles(
    slices: list[ET.Element], position: int, names: Mapping[tuple[int, int], str]
) -> list[PartitionProfile]:
    """Gives the profiles into which the device is cut at present, each once; none for a nameless slice."""
    found: dict[str, PartitionProfile] = {}
    for one in slices:
        index = index_of(one)
        name = names.get((position, index)) if index is not None else None
        if name is None or name in found:
            continue
        found[name] = PartitionProfile(
            name=name,
            usable_memory_bytes=_mib(_text(one, "fb_memory_usage/total")),
            compute_units=whole(_text(one, "device_attributes/shared/multiprocessor_count")),
            isolation="hardware",  # what MIG is by its maker's definition
        )
    return list(found.values())[:64]
