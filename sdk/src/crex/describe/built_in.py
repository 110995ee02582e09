"""The importers of this package. Naming them costs no import, so `crex --help` stays instant."""

from __future__ import annotations

from typing import Final

# Name, module of the object `IMPORTER`, and what it reads.
BUILT_IN: Final[dict[str, tuple[str, str]]] = {
    "hwloc": ("crex.describe.hwloc", "machines as lstopo writes them (hwloc XML)"),
    "k8s": ("crex.describe.k8s", "Kubernetes Nodes, ResourceSlices and node features (JSON or YAML)"),
    "mlperf": ("crex.describe.mlperf", "MLPerf system descriptions and result summaries"),
    "nvidia-smi": ("crex.describe.nvidia_smi", "GPUs as `nvidia-smi -q -x` writes them"),
    "openstack": ("crex.describe.openstack", "OpenStack flavors (JSON)"),
    "prices": ("crex.describe.prices", "price lists of public clouds (JSON, CSV), and a CSV of our own"),
    "redfish": ("crex.describe.redfish", "systems of a Redfish tree or mockup"),
    "rocm-smi": ("crex.describe.rocm_smi", "GPUs as `rocm-smi --json` writes them"),
    "slurm": ("crex.describe.slurm", "nodes as scontrol, slurmrestd or sinfo state them"),
    "top500": ("crex.describe.top500", "systems of a TOP500 list (CSV, TSV or XML)"),
}
