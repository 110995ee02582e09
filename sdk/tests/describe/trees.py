"""Machines written for these tests: /proc and /sys of each kind of machine, cut to what is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crex.describe.host import HostDescription
from crex.describe.machine import Output, Runner


@dataclass(frozen=True)
class Link:
    """A symbolic link with this target."""

    target: str


Tree = dict[str, str | bytes | Link]
Describe = Callable[["Recorded"], HostDescription]


@dataclass
class Recorded:
    """A recorded machine: its files by absolute path, and the answers of its commands by command line."""

    files: Tree
    answers: dict[str, Output] = field(default_factory=dict)

    def runner(self) -> Runner:
        """Gives a runner that knows only the recorded commands."""

        def run(argv: Sequence[str]) -> Output:
            return self.answers.get(" ".join(argv), Output(127, "", f"there is no command {argv[0]}"))

        return run

    def with_files(self, more: Mapping[str, str | bytes | Link | None]) -> Recorded:
        """Gives the same machine with other files; nothing removes one."""
        files = dict(self.files)
        for path, content in more.items():
            if content is None:
                files.pop(path, None)
            else:
                files[path] = content
        return Recorded(files, dict(self.answers))

    def with_answers(self, more: Mapping[str, str | Output]) -> Recorded:
        """Gives the same machine with other commands; a text is a successful answer."""
        answers = {line: one if isinstance(one, Output) else Output(0, one) for line, one in more.items()}
        return Recorded(dict(self.files), {**self.answers, **answers})


def write(tree: Mapping[str, str | bytes | Link], root: Path) -> Path:
    """Writes a tree below a folder and gives the folder."""
    for path, content in tree.items():
        place = root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            place.symlink_to(content.target)
        elif isinstance(content, bytes):
            place.write_bytes(content)
        else:
            place.write_text(content, encoding="utf-8")
    return root


def why(description: HostDescription, what: str) -> str:
    """Gives the reasons in the report for everything whose name contains a text."""
    return " | ".join(finding.why for finding in description.report if what in finding.what)


CPU = "/sys/devices/system/cpu"
PCI = "/sys/devices/pci0000:00"
NOT_ANY = Output(1, "none\n", "systemd-detect-virt ended with 1")

V1_FLAGS = "fpu cx8 cmov mmx fxsr sse sse2 syscall lm"
V2_FLAGS = f"{V1_FLAGS} pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm"
V3_FLAGS = f"{V2_FLAGS} fma movbe xsave avx f16c abm bmi1 avx2 bmi2"
V4_FLAGS = f"{V3_FLAGS} avx512f avx512dq avx512cd avx512bw avx512vl"


def processes(cpus: str) -> Tree:
    """What this process may use, and the two versions of control groups without any limit."""
    return {
        "/proc/self/status": f"Name:\tcrex\nCpus_allowed:\tff\nCpus_allowed_list:\t{cpus}\n",
        "/proc/self/cgroup": "0::/user.slice\n",
        "/proc/self/mountinfo": (
            "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/sda2 rw\n"
            "31 23 0:28 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
        ),
        "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n",
        "/sys/fs/cgroup/user.slice/memory.max": "max\n",
        "/sys/fs/cgroup/user.slice/cpu.max": "max 100000\n",
        "/proc/self/ns/pid": Link("pid:[4026531836]"),
        "/proc/sys/kernel/osrelease": "6.1.0-18-amd64\n",
        "/proc/sys/kernel/hostname": "node-7.example.cn\n",
        "/etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\nVERSION_ID="12"\n',
    }


def topology(cores: Sequence[tuple[int, Sequence[int]]]) -> Tree:
    """Describes cores, each as its socket and its CPUs."""
    files: Tree = {}
    cpus = sorted(cpu for _, threads in cores for cpu in threads)
    files[f"{CPU}/online"] = f"{cpus[0]}-{cpus[-1]}\n" if len(cpus) > 1 else f"{cpus[0]}\n"
    for number, (socket, threads) in enumerate(cores):
        siblings = ",".join(map(str, threads)) + "\n"
        for cpu in threads:
            folder = f"{CPU}/cpu{cpu}/topology"
            files[f"{folder}/physical_package_id"] = f"{socket}\n"
            files[f"{folder}/core_id"] = f"{number}\n"
            files[f"{folder}/core_cpus_list"] = siblings
            files[f"{folder}/thread_siblings_list"] = siblings
    return files


def x86_cpuinfo(cpus: int, vendor: str, model: str, flags: str) -> str:
    """Writes /proc/cpuinfo of an x86-64 machine."""
    return "".join(
        f"processor\t: {cpu}\nvendor_id\t: {vendor}\ncpu family\t: 6\nmodel name\t: {model}\n"
        f"cpu MHz\t\t: 2596.132\nflags\t\t: {flags}\npower management:\n\n"
        for cpu in range(cpus)
    )


def pci_function(
    address: str, code: str, vendor: str, device: str, more: Mapping[str, str | Link] | None = None
) -> Tree:
    """Describes one PCI function, and the link to it on the bus."""
    folder = f"{PCI}/{address}"
    files: Tree = {
        f"/sys/bus/pci/devices/{address}": Link(f"../../../devices/pci0000:00/{address}"),
        f"{folder}/class": f"0x{code}\n",
        f"{folder}/vendor": f"0x{vendor}\n",
        f"{folder}/device": f"0x{device}\n",
        f"{folder}/subsystem_vendor": "0x0000\n",
        f"{folder}/subsystem_device": "0x0000\n",
    }
    files.update({f"{folder}/{name}": content for name, content in (more or {}).items()})
    return files


def nvme(number: int, address: str, sectors: int) -> Tree:
    """Describes an NVMe disk behind a PCI function."""
    name = f"nvme{number}n1"
    folder = f"{PCI}/{address}/nvme/nvme{number}"
    return {
        **pci_function(address, "010802", "144d", "a80a"),
        f"/sys/block/{name}": Link(f"../devices/pci0000:00/{address}/nvme/nvme{number}/{name}"),
        f"{folder}/{name}/size": f"{sectors}\n",
        f"{folder}/{name}/removable": "0\n",
        f"{folder}/{name}/queue/rotational": "0\n",
        f"{folder}/{name}/wwid": f"eui.{number:016x}\n",
        f"{folder}/{name}/device": Link(f"../../nvme{number}"),
        f"{folder}/transport": "pcie\n",
        f"{folder}/model": "SAMSUNG MZQL23T8HCLS-00A07\n",
    }


def nic(name: str, address: str, speed: str, driver: str = "mlx5_core", kind: str = "1") -> Tree:
    """Describes a network card behind a PCI function."""
    folder = f"{PCI}/{address}"
    return {
        **pci_function(address, "020000", "15b3", "101f"),
        f"/sys/class/net/{name}": Link(f"../../devices/pci0000:00/{address}/net/{name}"),
        f"{folder}/net/{name}/device": Link(f"../../../{address}"),
        f"{folder}/net/{name}/type": f"{kind}\n",
        f"{folder}/net/{name}/speed": f"{speed}\n",
        f"{folder}/driver": Link(f"../../../bus/pci/drivers/{driver}"),
    }


def loopback() -> Tree:
    """The interface that every machine has."""
    return {
        "/sys/class/net/lo": Link("../../devices/virtual/net/lo"),
        "/sys/devices/virtual/net/lo/type": "772\n",
    }


def small_vm() -> Recorded:
    """A small virtual machine on KVM with virtio devices, without DMI, started from a container's image."""
    disk = "/sys/devices/pci0000:00/0000:00:02.0/virtio1"
    card = "/sys/devices/pci0000:00/0000:00:03.0/virtio2"
    files: Tree = {
        **processes("0-1"),
        **topology([(0, [0]), (0, [1])]),
        **loopback(),
        **pci_function("0000:00:02.0", "018000", "1af4", "1042"),
        **pci_function("0000:00:03.0", "020000", "1af4", "1041"),
        "/proc/sys/kernel/arch": "x86_64\n",
        "/proc/cpuinfo": x86_cpuinfo(2, "AuthenticAMD", "AMD EPYC", f"{V4_FLAGS} hypervisor sev sev_snp"),
        "/proc/meminfo": "MemTotal:       24684096 kB\nMemFree:        24304788 kB\n",
        "/sys/block/vda": Link("../devices/pci0000:00/0000:00:02.0/virtio1/block/vda"),
        f"{disk}/block/vda/size": "536870912\n",
        f"{disk}/block/vda/removable": "0\n",
        f"{disk}/block/vda/queue/rotational": "1\n",
        f"{disk}/vendor": "0x1af4\n",
        "/sys/block/loop0": Link("../devices/virtual/block/loop0"),
        "/sys/devices/virtual/block/loop0/size": "0\n",
        "/sys/block/zram0": Link("../devices/virtual/block/zram0"),
        "/sys/devices/virtual/block/zram0/size": "8388608\n",
        "/sys/class/net/eth0": Link("../../devices/pci0000:00/0000:00:03.0/virtio2/net/eth0"),
        f"{card}/net/eth0/device": Link("../../../virtio2"),
        f"{card}/net/eth0/type": "1\n",
        f"{card}/net/eth0/speed": "-1\n",
        f"{card}/driver": Link("../../../../bus/virtio/drivers/virtio_net"),
        "/.dockerenv": "",
    }
    return Recorded(files, {"systemd-detect-virt --vm": Output(0, "kvm\n")})


def smt_server(sockets: int = 2, cores: int = 4) -> Recorded:
    """A bare-metal Intel server: cores of two threads, NUMA, DDR5 with ECC, NVMe, 25 GbE."""
    total = sockets * cores
    shape = [
        (socket, [socket * cores + core, total + socket * cores + core])
        for socket in range(sockets)
        for core in range(cores)
    ]
    cpus = 2 * total
    files: Tree = {
        **processes(f"0-{cpus - 1}"),
        **topology(shape),
        **loopback(),
        **nvme(0, "0000:00:1d.0", 7_501_476_528),
        **nvme(1, "0000:00:1d.1", 7_501_476_528),
        **nic("eno1", "0000:00:1c.0", "25000"),
        **nic("eno2", "0000:00:1c.1", "25000"),
        # The display of the management processor.
        **pci_function("0000:00:1b.0", "030000", "1a03", "2000"),
        "/proc/sys/kernel/arch": "x86_64\n",
        "/proc/cpuinfo": x86_cpuinfo(
            cpus, "GenuineIntel", "Intel(R) Xeon(R) Platinum 8480+", f"{V4_FLAGS} amx_tile"
        ),
        "/proc/meminfo": "MemTotal:       263783380 kB\n",
        "/sys/class/dmi/id/sys_vendor": "Example Servers\n",
        "/sys/class/dmi/id/product_name": "ES-7000\n",
    }
    for cpu in range(cpus):
        files[f"{CPU}/cpu{cpu}/cpufreq/base_frequency"] = "2000000\n"
    for node in range(sockets):
        files[f"/sys/devices/system/node/node{node}/meminfo"] = (
            f"Node {node} MemTotal:       {263783380 // sockets} kB\n"
        )
        near = sorted(cpu for socket, threads in shape if socket == node for cpu in threads)
        files[f"/sys/devices/system/node/node{node}/cpulist"] = ",".join(map(str, near)) + "\n"
    files["/sys/firmware/dmi/entries/16-0/raw"] = smbios_array(correction=6)
    for slot in range(8):
        files[f"/sys/firmware/dmi/entries/17-{slot}/raw"] = smbios_module(mebibytes=32768, kind=0x22)
    files["/sys/firmware/dmi/entries/17-8/raw"] = smbios_module(mebibytes=0, kind=0x02)
    lscpu = json.dumps(
        {
            "lscpu": [
                {"field": "Architecture:", "data": "x86_64"},
                {
                    "field": "CPU(s):",
                    "data": f"{cpus}",
                    "children": [{"field": "On-line CPU(s) list:", "data": f"0-{cpus - 1}"}],
                },
                {"field": "Thread(s) per core:", "data": "2"},
                {"field": "Socket(s):", "data": f"{sockets}"},
            ]
        }
    )
    return Recorded(
        files,
        {
            "systemd-detect-virt --vm": NOT_ANY,
            "systemd-detect-virt --container": NOT_ANY,
            "lscpu -J": Output(0, lscpu),
        },
    )


def smbios_module(mebibytes: int, kind: int) -> bytes:
    """Makes an SMBIOS structure 17 (memory device) of version 3.2."""
    data = bytearray(0x54)
    data[0], data[1] = 17, 0x54
    small = mebibytes < 0x7FFF
    data[0x0C:0x0E] = (mebibytes if small else 0x7FFF).to_bytes(2, "little")
    data[0x12] = kind
    data[0x1C:0x20] = (0 if small else mebibytes).to_bytes(4, "little")
    return bytes(data) + b"DIMM_A0\0\0"


def smbios_array(correction: int) -> bytes:
    """Makes an SMBIOS structure 16 (physical memory array) for the system memory."""
    data = bytearray(0x17)
    data[0], data[1], data[0x05], data[0x06] = 16, 0x17, 3, correction
    return bytes(data) + b"\0\0"


def arm_server() -> Recorded:
    """An Arm server of four CPUs, without lscpu, with an old kernel that does not name its architecture."""
    block = "Features\t: fp asimd evtstrm aes sve\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n\n"
    files: Tree = {
        **processes("0-3"),
        **topology([(0, [0]), (0, [1]), (0, [2]), (0, [3])]),
        **loopback(),
        "/proc/cpuinfo": "".join(f"processor\t: {cpu}\n{block}" for cpu in range(4)),
        "/proc/meminfo": "MemTotal:       65700000 kB\n",
    }
    for cpu in range(4):
        files[f"{CPU}/cpu{cpu}/topology/physical_package_id"] = "-1\n"
        files[f"{CPU}/cpu{cpu}/acpi_cppc/nominal_freq"] = "2600\n"
    return Recorded(files)


def hybrid_desktop() -> Recorded:
    """Two fast cores of two threads and four slow cores of one, graphics inside the processor."""
    files: Tree = {
        **processes("0-7"),
        **topology([(0, [0, 1]), (0, [2, 3]), (0, [4]), (0, [5]), (0, [6]), (0, [7])]),
        **loopback(),
        **pci_function("0000:00:02.0", "030000", "8086", "a780"),
        "/proc/sys/kernel/arch": "x86_64\n",
        "/proc/cpuinfo": x86_cpuinfo(8, "GenuineIntel", "13th Gen Intel(R) Core(TM)", V3_FLAGS),
        "/proc/meminfo": "MemTotal:       32700000 kB\n",
    }
    for cpu in range(8):
        files[f"{CPU}/cpu{cpu}/cpufreq/base_frequency"] = "3400000\n" if cpu < 4 else "2500000\n"
    return Recorded(files)


def limited_container() -> Recorded:
    """A container on the server above, granted CPUs 2 to 5, 2.5 CPUs' time and 8 GiB."""
    host = smt_server()
    return host.with_files(
        {
            "/proc/self/status": "Cpus_allowed_list:\t2-5\n",
            "/proc/self/cgroup": "0::/\n",
            "/proc/self/mountinfo": (
                "900 800 0:99 / / rw,relatime - overlay overlay rw\n"
                "910 900 0:28 /kubepods/pod1/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n"
            ),
            "/sys/fs/cgroup/cpuset.cpus.effective": "2-5\n",
            "/sys/fs/cgroup/cpu.max": "250000 100000\n",
            "/sys/fs/cgroup/memory.max": "8589934592\n",
            "/run/systemd/container": "podman\n",
            "/proc/self/ns/pid": Link("pid:[4026533001]"),
        }
    )


def nvidia_xml(*gpus: str, attached: int | None = None) -> str:
    """Writes what `nvidia-smi -q -x` prints for these devices."""
    return (
        '<?xml version="1.0" ?>\n<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">\n<nvidia_smi_log>\n'
        "<driver_version>550.90.07</driver_version><cuda_version>12.4</cuda_version>"
        f"<attached_gpus>{len(gpus) if attached is None else attached}</attached_gpus>"
        f"{''.join(gpus)}</nvidia_smi_log>"
    )


def nvidia_gpu(bus: str, *, mig: str = "", virtualization: str = "None", device: str = "233010DE") -> str:
    """Writes one device, whose UUID ends like its address; `mig` holds its slices, if it is cut."""
    return (
        f'<gpu id="0000{bus.upper()}"><product_name>NVIDIA H100 80GB HBM3</product_name>'
        f"<uuid>GPU-{bus[-4:-2]}</uuid>"
        "<product_architecture>Hopper</product_architecture>"
        f"<mig_mode><current_mig>{'Enabled' if mig else 'Disabled'}</current_mig></mig_mode>"
        f"<mig_devices>{mig or 'None'}</mig_devices>"
        f"<gpu_virtualization_mode><virtualization_mode>{virtualization}</virtualization_mode></gpu_virtualization_mode>"
        f"<pci><pci_device_id>{device}</pci_device_id><pci_sub_system_id>16C110DE</pci_sub_system_id></pci>"
        "<fb_memory_usage><total>81559 MiB</total><reserved>551 MiB</reserved></fb_memory_usage>"
        "<ecc_mode><current_ecc>Enabled</current_ecc></ecc_mode>"
        "<gpu_power_readings><default_power_limit>700.00 W</default_power_limit></gpu_power_readings></gpu>"
    )


def nvidia_slice(index: int) -> str:
    """Writes one MIG device."""
    return (
        f"<mig_device><index>{index}</index><device_attributes><shared><multiprocessor_count>16</multiprocessor_count>"
        "</shared></device_attributes><fb_memory_usage><total>9984 MiB</total></fb_memory_usage></mig_device>"
    )


def gpu_server(sockets: int = 2, cores: int = 4) -> Recorded:
    """The server above with three NVIDIA devices, one of which is cut into two MIG devices."""
    host = smt_server(sockets, cores)
    for bus in ("0000:00:0a.0", "0000:00:0b.0", "0000:00:0c.0"):
        host = host.with_files(pci_function(bus, "030200", "10de", "2330"))
    listing = (
        "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-0a)\nGPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-0b)\n"
        "GPU 2: NVIDIA H100 80GB HBM3 (UUID: GPU-0c)\n"
        "  MIG 1g.10gb     Device  0: (UUID: MIG-0)\n  MIG 1g.10gb     Device  1: (UUID: MIG-1)\n"
    )
    return host.with_answers(
        {
            "nvidia-smi -q -x": nvidia_xml(
                nvidia_gpu("0000:00:0a.0"),
                nvidia_gpu("0000:00:0b.0"),
                nvidia_gpu("0000:00:0c.0", mig=nvidia_slice(0) + nvidia_slice(1)),
            ),
            "nvidia-smi -L": listing,
        }
    )


MACHINES = {
    "small-vm": small_vm,
    "smt-server": smt_server,
    "arm-server": arm_server,
    "hybrid-desktop": hybrid_desktop,
    "limited-container": limited_container,
    "gpu-server": gpu_server,
}
