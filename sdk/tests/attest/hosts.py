"""Hosts that tests measure, and recorded ones that they only read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from crex.attest.host import Host, read_host
from crex.describe.machine import Machine

TREE: Mapping[str, str] = {
    "proc/meminfo": "MemTotal:       65536000 kB\nMemFree:  100 kB\nMemAvailable:   32768000 kB\n",
    "proc/loadavg": "0.12 0.34 0.56 1/234 5678\n",
    "proc/cpuinfo": "processor\t: 0\nflags\t: fpu hypervisor\n\nprocessor\t: 1\nflags\t: fpu hypervisor\n",
    "proc/self/mountinfo": (
        "21 1 8:1 / / rw - ext4 /dev/vda rw\n"
        "22 21 0:5 / /mem rw - tmpfs tmpfs rw\n"
        "23 21 0:6 / /mem/disk\\040two rw - xfs /dev/vdb rw\n"
        "broken line\n"
    ),
    "sys/devices/system/cpu/cpu0/cache/index0/level": "1\n",
    "sys/devices/system/cpu/cpu0/cache/index0/size": "32K\n",
    "sys/devices/system/cpu/cpu0/cache/index0/shared_cpu_list": "0\n",
    "sys/devices/system/cpu/cpu0/cache/index3/level": "3\n",
    "sys/devices/system/cpu/cpu0/cache/index3/size": "16M\n",
    "sys/devices/system/cpu/cpu0/cache/index3/shared_cpu_list": "0-1\n",
    "sys/devices/system/cpu/cpu1/cache/index3/level": "3\n",
    "sys/devices/system/cpu/cpu1/cache/index3/size": "16M\n",
    "sys/devices/system/cpu/cpu1/cache/index3/shared_cpu_list": "0-1\n",
    "sys/devices/system/cpu/cpu2/cache/index3/level": "3\n",
    "sys/devices/system/cpu/cpu2/cache/index3/size": "bad\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance\n",
    "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "powersave\n",
    "sys/devices/system/cpu/cpufreq/boost": "1\n",
    "sys/class/thermal/thermal_zone0/temp": "41250\n",
    "sys/class/thermal/thermal_zone1/temp": "-1\n",
    "sys/class/hwmon/hwmon0/temp1_input": "55999\n",
}


def recorded(folder: Path, tree: Mapping[str, str] = TREE, cpus: tuple[int, ...] = (0, 1)) -> Host:
    """Writes a tree of /proc and /sys, and reads it as a host."""
    for name, text in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return read_host(Machine(folder), cpus)


def here() -> Host:
    """Gives this machine, with one CPU, so that tests beside this one are left alone."""
    host = read_host()
    return read_host(cpus=host.cpus[:1])
