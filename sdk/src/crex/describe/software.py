"""Software that is present: the kernel, the distribution, the accelerator driver."""

from __future__ import annotations

import re

from crex.describe.machine import Machine
from crex.describe.report import Report
from crex.describe.values import clean
from crex.v1 import Software

_KERNEL = "/proc/sys/kernel/osrelease"
_DISTRIBUTION = ("/etc/os-release", "/usr/lib/os-release")
_LINE = re.compile(r"([A-Z_]+)=(?:\"([^\"]*)\"|'([^']*)'|(\S*))")


def describe_software(machine: Machine, nvidia_driver: str | None, report: Report) -> list[Software]:
    """Lists the software; versions as their makers write them."""
    found: list[Software] = []
    kernel = clean(machine.text(_KERNEL), 128)
    if kernel:
        found.append(Software(name="linux", version=kernel))
    else:
        report.leave_out("version of the kernel", _KERNEL, "not readable")
    for path in _DISTRIBUTION:
        values = _values(machine.text(path) or "")
        name = clean(values.get("ID"), 128)
        if name:
            found.append(Software(name=name.lower(), version=clean(values.get("VERSION_ID"), 128)))
            break
    if nvidia_driver:
        found.append(Software(name="nvidia-driver", version=nvidia_driver))
    return found


def _values(text: str) -> dict[str, str]:
    """Reads the shell assignments of os-release(5)."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line.strip())
        if match:
            values[match[1]] = match[2] or match[3] or match[4] or ""
    return values
