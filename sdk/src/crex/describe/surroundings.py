"""Where the operating system stands: on bare metal, in a virtual machine, in a container, and made by what.

Other probes ask this first, because the same file means something else inside: a virtual machine's topology,
DMI tables and disk flags are made up by its hypervisor, and a container sees devices that belong to its host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from crex.describe.machine import Machine
from crex.describe.report import Report
from crex.describe.values import ESTIMATED, NOMINAL, provenance, token
from crex.v1 import Virtualization

# Answers of systemd-detect-virt(1) to tokens, where they differ from the answer.
_TECHNOLOGIES = {"microsoft": "hyper-v", "oracle": "virtualbox", "vm-other": None, "container-other": None}
_CONTAINERS = frozenset(
    [
        "openvz",
        "lxc",
        "lxc-libvirt",
        "systemd-nspawn",
        "docker",
        "podman",
        "rkt",
        "wsl",
        "proot",
        "pouch",
        "container-other",
    ]
)
# First words of DMI texts by which hypervisors name themselves, as systemd and the kernel match them.
_DMI_NAMES = (
    ("qemu", "qemu"),
    ("kvm", "kvm"),
    ("vmware", "vmware"),
    ("innotek gmbh", "virtualbox"),
    ("virtualbox", "virtualbox"),
    ("xen", "xen"),
    ("bochs", "bochs"),
    ("parallels", "parallels"),
    ("bhyve", "bhyve"),
    ("virtual machine", "hyper-v"),
)
# Paths of control groups that container managers make.
_GROUP_NAMES = (
    ("/docker", "docker"),
    ("/kubepods", "kubernetes"),
    ("kubepods.slice", "kubernetes"),
    ("/libpod", "podman"),
    ("libpod-", "podman"),
    ("/lxc", "lxc"),
    ("/cri-containerd", "containerd"),
)
# Inode of the initial PID namespace, fixed by the kernel (PROC_PID_INIT_INO).
_INITIAL_PID_NAMESPACE = "pid:[4026531836]"

_DETECT = "systemd-detect-virt"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What was found.

    Attributes:
        kind: `bare-metal`, `virtual-machine` or `container`; nothing if it is not known.
        technology: Token of the hypervisor or container runtime; nothing if it is not known.
        source: Files and commands that say so.
        basis: Whether it is said (`nominal`) or inferred from silence (`estimated`).
        virtual: Whether a hypervisor is below, for a container too; nothing if it is not known.
    """

    kind: str | None
    technology: str | None
    source: str
    basis: str
    virtual: bool | None

    @property
    def contained(self) -> bool:
        """Whether this is a container, in which devices in /sys belong to the host."""
        return self.kind == "container"

    def message(self) -> Virtualization | None:
        """Gives the message, or nothing where the kind is not known."""
        if self.kind is None:
            return None
        return Virtualization(
            kind=self.kind, technology=self.technology, provenance=provenance(self.source, self.basis)
        )


def read_surroundings(machine: Machine, cpu_flags: frozenset[str], report: Report) -> Surroundings:
    """Finds out where the operating system stands."""
    below = _hypervisor(machine, cpu_flags)
    container = _container(machine, report)
    if container is not None:
        technology, source = container
        if below.virtual:
            hypervisor = below.technology or "a hypervisor"
            report.leave_out(
                "the virtual machine below the container", below.source, f"it runs on {hypervisor}"
            )
        return Surroundings("container", technology, source, NOMINAL, below.virtual)
    if below.kind is None:
        report.leave_out(
            "node.virtualization",
            below.source,
            "nothing says whether this is a virtual machine or bare metal",
        )
    return below


def _hypervisor(machine: Machine, cpu_flags: frozenset[str]) -> Surroundings:
    detected = machine.run((_DETECT, "--vm")).text.strip()
    flagged = "hypervisor" in cpu_flags
    named, named_source = _named_hypervisor(machine)
    if detected not in ("", "none"):
        technology = _TECHNOLOGIES.get(detected, token(detected))
        return Surroundings("virtual-machine", technology or named, f"{_DETECT} --vm", NOMINAL, True)
    if _is_xen_host(machine):
        return Surroundings("bare-metal", "xen", "/proc/xen/capabilities", NOMINAL, False)
    if flagged or named:
        source = "; ".join(filter(None, ["/proc/cpuinfo flag hypervisor" if flagged else "", named_source]))
        return Surroundings("virtual-machine", named, source, NOMINAL, True)
    if detected == "none":
        return Surroundings("bare-metal", None, f"{_DETECT} --vm", NOMINAL, False)
    if cpu_flags and "lm" in cpu_flags:
        # Only x86 has a bit by which every hypervisor in use announces itself.
        return Surroundings("bare-metal", None, "/proc/cpuinfo without flag hypervisor", ESTIMATED, False)
    return Surroundings(None, None, f"{_DETECT}, /proc/cpuinfo, /sys/class/dmi/id", ESTIMATED, None)


def _named_hypervisor(machine: Machine) -> tuple[str | None, str]:
    if (machine.text("/sys/hypervisor/type") or "") == "xen":
        return "xen", "/sys/hypervisor/type"
    for name in ("product_name", "sys_vendor", "bios_vendor"):
        path = f"/sys/class/dmi/id/{name}"
        text = (machine.text(path) or "").lower()
        for part, technology in _DMI_NAMES:
            if re.match(rf"{part}\b", text):
                return technology, path
    compatible = (machine.text("/proc/device-tree/hypervisor/compatible") or "").lower()
    for part in ("kvm", "xen"):
        if part in compatible:
            return part, "/proc/device-tree/hypervisor/compatible"
    return None, ""


def _is_xen_host(machine: Machine) -> bool:
    return "control_d" in (machine.text("/proc/xen/capabilities") or "")


def _container(machine: Machine, report: Report) -> tuple[str | None, str] | None:
    """Gives the container runtime and what says so, or nothing outside a container.

    Marker files outlive containers: an image that was built as a container and booted as a virtual machine
    still has them. The PID namespace and the root file system tell.
    """
    found = _container_marks(machine)
    if found is None:
        return None
    technology, source = found
    if machine.link("/proc/self/ns/pid") == _INITIAL_PID_NAMESPACE and _root_is_block_device(machine):
        report.contradict(
            f"container runtime {technology or ''}".strip(),
            source,
            "the mark is left over: this process is in the first PID namespace and / lies on a block device",
        )
        return None
    return technology, source


def _container_marks(machine: Machine) -> tuple[str | None, str] | None:
    manager = machine.text("/run/systemd/container")
    if manager:
        return _TECHNOLOGIES.get(manager, token(manager)), "/run/systemd/container"
    for path, technology in (("/run/.containerenv", "podman"), ("/.dockerenv", "docker")):
        if machine.exists(path):
            return technology, path
    groups = machine.text("/proc/self/cgroup") or ""
    for part, technology in _GROUP_NAMES:
        if part in groups:
            return technology, "/proc/self/cgroup"
    detected = machine.run((_DETECT, "--container")).text.strip()
    if detected in _CONTAINERS:
        return _TECHNOLOGIES.get(detected, token(detected)), f"{_DETECT} --container"
    return None


def _root_is_block_device(machine: Machine) -> bool:
    for line in (machine.text("/proc/self/mountinfo") or "").splitlines():
        fields, _, after = line.partition(" - ")
        parts = fields.split(" ")
        if len(parts) > 4 and parts[4] == "/":
            device = after.split(" ")[1] if len(after.split(" ")) > 1 else ""
            return re.fullmatch(r"/dev/[\w/.-]+", device) is not None and parts[3] == "/"
    return False
