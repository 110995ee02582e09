"""Network interfaces that are hardware, or a hypervisor's stand-in for it; those of software are left out.

A rate is stated where the driver states it for a real line: a virtual card's is made up, -1 means unknown.
"""

from __future__ import annotations

import re

from crex.describe.grouping import group
from crex.describe.machine import Machine
from crex.describe.report import Report
from crex.describe.surroundings import Surroundings
from crex.describe.values import provenance, whole
from crex.v1 import NetworkInterface

_FOLDER = "/sys/class/net"
_RDMA = "/sys/class/infiniband"
_MOST_INTERFACES = 4096
_ETHERNET, _INFINIBAND = "1", "32"  # ARPHRD types
_MEGABIT = 1_000_000

# Drivers whose stated rate is a constant of the emulation, not of a line.
_MADE_UP_RATES = frozenset(
    [
        "vmxnet3",
        "e1000",
        "e1000e",
        "8139cp",
        "8139too",
        "rtl8139",
        "pcnet32",
        "ne2k_pci",
        "xen_netfront",
        "vif",
    ]
)
_IB_RATE = re.compile(r"([0-9]{1,5})(?:\.([0-9]))? Gb/sec(?: .*)?")


def describe_network(machine: Machine, around: Surroundings, report: Report) -> list[NetworkInterface]:
    """Describes the network interfaces of this node."""
    if around.contained:
        report.leave_out("node.network", _FOLDER, "a container has no network hardware of its own")
        return []
    ports = _rdma_ports(machine, report)
    found: list[NetworkInterface] = []
    software: list[str] = []
    for name in machine.entries(_FOLDER)[:_MOST_INTERFACES]:
        if "/devices/virtual/" in machine.resolve(f"{_FOLDER}/{name}") or not machine.exists(
            f"{_FOLDER}/{name}/device"
        ):
            software.append(name)
            continue
        interface = _interface(machine, name, around, ports, report)
        if interface is not None:
            found.append(interface)
    if software:
        report.leave_out(", ".join(software)[:200], _FOLDER, "made by software, no hardware")
    return group(
        [*found, *(port for some in ports.values() for port in some if port.technology == "infiniband")]
    )


def _interface(
    machine: Machine,
    name: str,
    around: Surroundings,
    ports: dict[str, list[NetworkInterface]],
    report: Report,
) -> NetworkInterface | None:
    folder = f"{_FOLDER}/{name}"
    device = machine.resolve(f"{folder}/device")
    kind = machine.text(f"{folder}/type")
    if machine.link(f"{folder}/device/physfn"):
        report.leave_out(name, f"{folder}/device/physfn", "a slice (SR-IOV) of an interface that is counted")
        return None
    if "/usb" in device:
        report.leave_out(name, folder, "it hangs on USB: a dongle, or the management processor")
        return None
    if kind == _INFINIBAND and device in ports:
        return None  # told by its port, which knows the rate
    if kind not in (_ETHERNET, _INFINIBAND):
        report.leave_out(
            name, f"{folder}/type", f"hardware of type {(kind or 'unknown')[:20]} carries no such network"
        )
        return None
    driver = (machine.link(f"{folder}/device/driver") or "").rpartition("/")[2]
    rate = _rate(machine, folder, name, driver, around, report)
    interface = NetworkInterface(
        technology=_technology(machine, folder, kind, driver),
        count=1,
        bits_per_s=rate,
        rdma=True if device in ports else None,
        provenance=provenance(f"{_FOLDER}/*: type, driver" + (", speed" if rate is not None else "")),
    )
    if device in ports:
        interface.provenance.method += f"; {_RDMA}"
    return interface


def _technology(machine: Machine, folder: str, kind: str | None, driver: str) -> str:
    if kind == _INFINIBAND:
        return "infiniband"
    if driver == "virtio_net":
        return "virtio"
    return (
        "wifi" if machine.exists(f"{folder}/wireless") or machine.exists(f"{folder}/phy80211") else "ethernet"
    )


def _rate(
    machine: Machine, folder: str, name: str, driver: str, around: Surroundings, report: Report
) -> int | None:
    reading = machine.read(f"{folder}/speed")
    text = (reading.text or "").strip()
    megabits = whole(text, low=1, high=10_000_000)
    if megabits is None:
        why = f"it says {text[:20]}, which means unknown" if text else "the driver states none"
        report.leave_out(f"rate of {name}", f"{folder}/speed", why)
        return None
    if around.virtual and driver in _MADE_UP_RATES:
        report.leave_out(
            f"rate of {name}", f"{folder}/speed", f"the virtual card {driver} always says {megabits} Mb/s"
        )
        return None
    return megabits * _MEGABIT


def _rdma_ports(machine: Machine, report: Report) -> dict[str, list[NetworkInterface]]:
    """Reads the ports of RDMA devices, by the path of the hardware that they belong to."""
    found: dict[str, list[NetworkInterface]] = {}
    for name in machine.entries(_RDMA)[:_MOST_INTERFACES]:
        folder = f"{_RDMA}/{name}"
        if not machine.exists(f"{folder}/device"):
            report.leave_out(name, folder, "RDMA made by software")
            continue
        ports = [
            _port(machine, f"{folder}/ports/{number}", report)
            for number in machine.entries(f"{folder}/ports")
        ]
        found.setdefault(machine.resolve(f"{folder}/device"), []).extend(ports)
    return found


def _port(machine: Machine, folder: str, report: Report) -> NetworkInterface:
    infiniband = machine.text(f"{folder}/link_layer") == "InfiniBand"
    text = machine.text(f"{folder}/rate")
    match = _IB_RATE.fullmatch(text or "")
    rate = (int(match[1]) * 10 + int(match[2] or 0)) * 100 * _MEGABIT if match else None
    if rate is None and infiniband:
        report.leave_out("rate of a port", f"{folder}/rate", "it states none")
    return NetworkInterface(
        technology="infiniband" if infiniband else "ethernet",
        count=1,
        bits_per_s=rate or None,
        rdma=True,
        provenance=provenance(f"{_RDMA}/*/ports/*: link_layer, rate"),
    )
