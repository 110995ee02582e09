"""Trusted execution environments: inside one (guest), or able to start them (host).

A processor's flag alone is not enough for a host: firmware and kernel must have it switched on, which KVM's
parameters say. Inside a virtual machine such flags may be passed through and mean nothing.
"""

from __future__ import annotations

from crex.describe.machine import Machine
from crex.describe.report import Report
from crex.describe.surroundings import Surroundings
from crex.describe.values import provenance
from crex.v1 import TrustedExecution

# What a guest has: devices and folders that drivers make only inside.
_INSIDE = (
    ("/dev/sev-guest", "amd-sev-snp"),
    ("/dev/tdx_guest", "intel-tdx"),
    ("/dev/tdx-guest", "intel-tdx"),
    ("/sys/devices/platform/arm-cca-dev", "arm-cca"),
)
# What a host has: the parameter that says Y or 1, and the processor's flag for it.
_ABLE = (
    ("/sys/module/kvm_amd/parameters/sev_snp", "sev_snp", "amd-sev-snp"),
    ("/sys/module/kvm_amd/parameters/sev_es", "sev_es", "amd-sev-es"),
    ("/sys/module/kvm_amd/parameters/sev", "sev", "amd-sev"),
    ("/sys/module/kvm_intel/parameters/tdx", "tdx_host_platform", "intel-tdx"),
)
_ENCLAVES = "/dev/sgx_enclave"


def describe_tee(
    machine: Machine, flags: frozenset[str], around: Surroundings, report: Report
) -> list[TrustedExecution]:
    """Describes the trusted execution environments of this node."""
    found: dict[tuple[str, str], TrustedExecution] = {}

    def add(technology: str, role: str, source: str) -> None:
        made = TrustedExecution(technology=technology, role=role, provenance=provenance(source))
        found.setdefault((technology, role), made)

    for path, technology in _INSIDE:
        if machine.exists(path):
            add(technology, "guest", path)
    if "tdx_guest" in flags:
        add("intel-tdx", "guest", "/proc/cpuinfo flag tdx_guest")
    if machine.exists(_ENCLAVES):
        add("intel-sgx", "host", _ENCLAVES)
    for path, flag, technology in _ABLE:
        if around.contained:
            break  # the host's parameters say nothing about what a container may start
        if machine.text(path) in ("Y", "1"):
            add(technology, "host", path)
        elif flag in flags and around.kind == "bare-metal":
            report.leave_out(
                f"{technology} as host", path, "the processor has it; nothing says that it is switched on"
            )
    return list(found.values())[:8]
