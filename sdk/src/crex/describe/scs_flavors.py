"""Names of flavors by the standard of the Sovereign Cloud Stack (scs-0100), such as `SCS-4V-16-50`.

A name by this standard is a promise: "Flavor names indicating certain capabilities must at least provide
these". It says how CPUs are allocated, of which architecture they are and what a disk lies on, which nothing
else in an OpenStack flavor does. A name that begins with `SCS-` and is not of the grammar says nothing.

Source: https://docs.scs.community/standards/scs-0100-v3-flavor-naming, version 3.3; names of its first
version (`SCS-4V:16:50`) are read by the translation that it publishes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

PREFIX: Final = "SCS-"

# CPUs; memory in GiB, halves allowed; disks; hypervisor, nested virtualisation, architecture, GPU, fabric.
_NAME: Final = re.compile(
    r"SCS-(?P<cpus>[0-9]{1,5})(?P<allocation>[CTVL])(?P<insecure>i?)"
    r"-(?P<memory>[0-9]{1,6})(?P<half>\.[05])?(?P<no_ecc>u?)(?P<oversubscribed>o?)"
    r"(?P<disk>-(?:(?:(?P<disks>[0-9]{1,3})x)?(?P<size>[0-9]{1,7}))?(?P<medium>[nhsp]?))?"
    r"(?:_(?P<hypervisor>kvm|chy|xen|vmw|hyv|bms))?"
    r"(?:_hwv)?"
    r"(?:_(?P<maker>[izar])[0-9]{0,2}h{0,3})?"
    r"(?:_(?P<gpu>[Gg])[NAI][a-z0-9.]{0,4}(?:-[0-9]{1,5}h{0,3}){0,2})?"
    r"(?P<infiniband>_ib)?"
)

_ALLOCATIONS: Final = {"C": "dedicated-core", "T": "dedicated-thread", "V": "shared", "L": "heavily-shared"}
# "(none): Generic x86-64". That of `r` is RISC-V, which leaves the width open.
_ISAS: Final = {"": "x86-64", "i": "x86-64", "z": "x86-64", "a": "aarch64"}
_VENDORS: Final = {"i": "intel", "z": "amd"}
# Kind, and technology where it is told. "The default Hypervisor is assumed to be KVM", which is no statement.
_HYPERVISORS: Final[dict[str, tuple[str | None, str | None]]] = {
    "": (None, None),
    "kvm": ("virtual-machine", "kvm"),
    "chy": ("virtual-machine", "cloud-hypervisor"),
    "xen": ("virtual-machine", "xen"),
    "vmw": ("virtual-machine", "vmware"),
    "hyv": ("virtual-machine", "hyper-v"),
    "bms": ("bare-metal", None),
}
# Medium and locality of the disks of a flavor.
_MEDIA: Final = {
    "n": ("virtual-disk", "network"),
    "h": ("hdd", "node-local"),
    "s": ("ssd", "node-local"),
    "p": ("nvme-ssd", "node-local"),
}
# Properties that say the same (scs-0103): `scs:cpu-type`, and `scs:diskN-type` by the number of the disk.
CPU_TYPES: Final = {
    "dedicated-core": "dedicated-core",
    "dedicated-thread": "dedicated-thread",
    "shared-core": "shared",
    "crowded-core": "heavily-shared",
}
DISK_TYPES: Final = {"network": _MEDIA["n"], "hdd": _MEDIA["h"], "ssd": _MEDIA["s"], "nvme": _MEDIA["p"]}
_GPUS: Final = {"G": "a GPU that is passed through", "g": "a virtual GPU"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScsName:
    """What a name promises.

    Attributes:
        cpus: Number of virtual CPUs, at least.
        memory_mib: Memory in MiB, at least.
        disk_gib: Size of each disk in GiB, at least; None: no disk, or as large as the image.
        disks: Number of disks of this size.
        allocation: Token of how CPUs are allocated.
        isa: Token of the instruction set; None where the name leaves it open.
        vendor: Token of the processors' maker, where the name has it.
        medium: Tokens of what its disks are and where; None where the name leaves it open.
        virtualization: Token of the kind, where the name has it.
        technology: Token of the hypervisor, where the name has it.
        ecc: False: memory corrects no errors; None: the name does not say.
        memory_oversubscribed: Whether memory is promised more than once.
        gpu: Words for what it has of GPUs; empty: the name has none.
        infiniband: Whether it has InfiniBand.
    """

    cpus: int
    memory_mib: int
    disk_gib: int | None
    disks: int
    allocation: str
    isa: str | None
    vendor: str | None
    medium: tuple[str, str] | None
    virtualization: str | None
    technology: str | None
    ecc: bool | None
    memory_oversubscribed: bool
    gpu: str
    infiniband: bool


def read_name(name: str) -> ScsName | None:
    """Reads the name of a flavor; nothing where it is none of the standard's."""
    match = _NAME.fullmatch(_translated(name))
    if match is None:
        return None
    part = match.groupdict(default="")
    kind, technology = _HYPERVISORS[part["hypervisor"]]
    return ScsName(
        cpus=int(part["cpus"]),
        memory_mib=int(part["memory"]) * 1024 + (512 if part["half"] == ".5" else 0),
        disk_gib=int(part["size"]) if part["size"] else None,
        disks=int(part["disks"] or 1),
        allocation=_ALLOCATIONS[part["allocation"]],
        isa=_ISAS.get(part["maker"]),
        vendor=_VENDORS.get(part["maker"]),
        medium=_MEDIA.get(part["medium"]),
        virtualization=kind,
        technology=technology,
        ecc=False if part["no_ecc"] else None,
        memory_oversubscribed=bool(part["oversubscribed"]),
        gpu=_GPUS.get(part["gpu"], ""),
        infiniband=bool(part["infiniband"]),
    )


def _translated(name: str) -> str:
    """Gives a name of version 1, which has colons, in the form of the versions since."""
    if not name.startswith(PREFIX) or ":" not in name:
        return name
    return PREFIX + name.removeprefix(PREFIX).replace("-", "_").replace(":", "-")
